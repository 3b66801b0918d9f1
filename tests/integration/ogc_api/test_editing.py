"""Part 4: who may edits exactly what was meant, once, and with a record; who may not changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Town
    from httpx import Client, Response

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
TREES = "/collections/trees/items"
PIPES = "/collections/utility_lines/items"
GEOJSON = {"Content-Type": "application/geo+json", "X-Edits": "yes", "X-Holder": "Lan"}


def tree(**properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [107.58, 16.46]}, "properties": properties}


def pipe(z: float | None = None, **properties: Any) -> dict[str, Any]:
    ends = [[107.58, 16.46], [107.581, 16.46]]
    line = {"type": "LineString", "coordinates": ends if z is None else [[*end, z] for end in ends]}
    given = {
        "discipline": "water",
        "vertical_reference": "axis",
        "ground_source": "none",
        "elevation_source": "none" if z is None else "measured",
        "section_shape": "circular",
    }
    return {"type": "Feature", "geometry": line, "properties": given | properties}


def send(client: Client, method: str, path: str, document: Any, **headers: str) -> Response:
    return client.request(method, path, json=document, headers=GEOJSON | headers)


def made(answer: Response) -> str:
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def test_a_feature_lives_from_making_to_deleting(town: Town, editor: Client) -> None:
    """Create, read, replace, update, read, delete; every step is recorded with what was there before."""
    address = made(send(editor, "POST", TREES, tree(code="A1", height_m=3, species="Bàng")))
    assert editor.get(address).json()["properties"]["height_m"] == 3
    assert send(editor, "PUT", address, tree(code="A1", height_m=4)).status_code == 204
    properties = editor.get(address).json()["properties"]
    assert (properties["height_m"], properties["species"]) == (4, None)
    patch = editor.patch(address, json={"properties": {"species": "Sấu"}}, headers=GEOJSON)
    assert patch.status_code == 204
    properties = editor.get(address).json()["properties"]
    assert (properties["height_m"], properties["species"], properties["code"]) == (4, "Sấu", "A1")
    assert editor.delete(address, headers=GEOJSON).status_code == 204
    assert editor.get(address).status_code == 404
    edits = town.execute(
        "select operation, editor, before from feature_edits where layer = 'trees' order by id desc limit 4"
    )
    assert [edit[0] for edit in reversed(edits)] == ["create", "replace", "update", "delete"]
    assert {edit[1] for edit in edits} == {"Lan"}
    assert [edit[2] is None for edit in reversed(edits)] == [True, False, False, False]
    assert "Bàng" in edits[2][2]


def test_counts_and_tags_follow_edits(town: Town, editor: Client) -> None:
    """The layer's number and version change with the edit, though the editor has no right on them."""
    assert town
    before = editor.get(TREES)
    made(send(editor, "POST", TREES, tree()))
    after = editor.get(TREES)
    assert after.json()["numberMatched"] == before.json()["numberMatched"] + 1
    assert after.headers["etag"] != before.headers["etag"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_stale_edit_is_refused(town: Town, editor: Client, method: str) -> None:
    """Of two who read the same feature the second cannot overwrite the first's work."""
    address = f"{TREES}/{town.a_tree(code='A1')}"
    tag = editor.get(address).headers["etag"]
    town.execute("update trees set height_m = 9")
    late = send(editor, method, address, tree(code="B"), **{"If-Match": tag})
    assert (late.status_code, late.json()["status"]) == (412, 412)
    assert town.execute("select code, height_m from trees")[0] == ("A1", 9)
    fresh = editor.get(address).headers["etag"]
    for wrong in (f"W/{fresh}", '"x"', "nonsense"):
        assert send(editor, method, address, tree(code="B"), **{"If-Match": wrong}).status_code == 412
    body = {"properties": {"code": "B"}} if method == "PATCH" else tree(code="B")
    assert send(editor, method, address, body, **{"If-Match": fresh}).status_code == 204


def test_coordinates_are_read_in_their_system(town: Town, editor: Client) -> None:
    """`Content-Crs` says the system and so the order of the axes; what is read back is what was meant."""
    address = made(send(editor, "POST", TREES, tree()))
    there = editor.get(address).json()["geometry"]["coordinates"]
    for code in (4326, 3857, 3405, 32648, 9214):
        document = editor.get(address, params={"crs": f"{EPSG}{code}"}).json()
        document["properties"] = {"code": str(code)}
        copy = made(send(editor, "POST", TREES, document, **{"Content-Crs": f"<{EPSG}{code}>"}))
        assert editor.get(copy).json()["geometry"]["coordinates"] == pytest.approx(there, abs=2e-8), code
    swapped = tree() | {"geometry": {"type": "Point", "coordinates": [16.46, 107.58]}}
    refused = send(editor, "POST", TREES, swapped)
    assert (refused.status_code, "axes swapped" in refused.json()["detail"]) == (400, True)
    assert town.execute("select count(*) from trees")[0][0] == 6


def test_an_elevation_is_kept_and_an_unknown_one_stays_unknown(town: Town, editor: Client) -> None:
    """A pipe's z is its axis; without z there is no axis, and the source of the elevation must say the same."""
    deep = made(send(editor, "POST", PIPES, pipe(-1.25)))
    made(send(editor, "POST", PIPES, pipe()))
    rows = town.execute("select st_z(st_startpoint(axis)), elevation_source from utility_lines order by id")
    assert rows == [(-1.25, "measured"), (None, "none")]
    assert send(editor, "POST", PIPES, pipe(elevation_source="measured")).status_code == 400
    assert send(editor, "POST", PIPES, pipe(-1, elevation_source="none")).status_code == 400
    move = {"geometry": pipe(-2)["geometry"]}
    assert editor.patch(deep, json=move, headers=GEOJSON).status_code == 204
    assert town.execute("select st_z(st_startpoint(axis)) from utility_lines order by id limit 1")[0][0] == -2
    assert editor.patch(deep, json={"geometry": pipe()["geometry"]}, headers=GEOJSON).status_code == 400


def test_a_manhole_has_its_cover_as_z(town: Town, editor: Client) -> None:
    """The z of a node is its cover's elevation; another cover beside it is a contradiction."""
    point = {"type": "Point", "coordinates": [107.58, 16.46, 3.5]}
    given = dict(pipe(1)["properties"]) | {"kind": "manhole"}
    document = {"type": "Feature", "geometry": point, "properties": given}
    address = made(send(editor, "POST", "/collections/utility_nodes/items", document))
    assert editor.get(address).json()["properties"]["cover_m"] == 3.5
    document["properties"] = given | {"cover_m": 2.0}
    assert send(editor, "PUT", address, document).status_code == 400
    assert town.execute("select cover_m from utility_nodes")[0][0] == 3.5


def test_a_footprint_that_moves_leaves_no_solid_behind(town: Town, editor: Client) -> None:
    """A solid stays with its footprint and goes when that changes; a single polygon is kept as a multi one."""
    ring = [[107.58, 16.46], [107.581, 16.46], [107.581, 16.461], [107.58, 16.46]]
    house = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {"name": "Nhà"}}
    address = made(send(editor, "POST", "/collections/buildings/items", house))
    town.execute(
        "update buildings set solid = st_geomfromtext('POLYHEDRALSURFACE Z(((0 0 0,0 1 0,1 1 0,0 0 0)))', 9214)"
    )
    assert editor.patch(address, json={"properties": {"name": "Khác"}}, headers=GEOJSON).status_code == 204
    assert town.execute("select solid is null, st_geometrytype(geom) from buildings")[0] == (False, "ST_MultiPolygon")
    ring[1] = [107.5811, 16.46]
    assert send(editor, "PUT", address, house).status_code == 204
    assert town.execute("select solid is null from buildings")[0][0] is True


BAD: list[tuple[dict[str, Any], str]] = [
    ({"type": "Point", "coordinates": [107.58, 16.46]}, "type"),
    (tree() | {"geometry": None}, "geometry"),
    (tree() | {"geometry": {"type": "LineString", "coordinates": [[107.58, 16.46], [107.59, 16.46]]}}, "keeps POINT"),
    (tree() | {"geometry": {"type": "Point", "coordinates": ["a", 1]}}, "geometry"),
    (tree() | {"geometry": {"type": "Point", "coordinates": [107.58, 16.46, 3]}}, "keeps no heights"),
    (tree() | {"geometry": {"type": "Point", "coordinates": []}}, "geometry"),
    (tree() | {"properties": []}, "properties"),
    (tree(nothing=1), "nothing"),
    (tree(height_m="tall"), "height_m"),
    (tree(height_m=500), "height_m"),
    (tree(planted_year=1.5), "planted_year"),
    (tree(code="a\0b"), "code"),
]


@pytest.mark.parametrize(("document", "named"), BAD, ids=lambda value: str(value)[:60])
def test_what_is_no_feature_of_the_layer_is_refused(town: Town, editor: Client, document: Any, named: str) -> None:
    """400 with the fault named; nothing is written and nothing of the database is told."""
    answer = send(editor, "POST", TREES, document)
    assert answer.status_code == 400, answer.text
    assert named in answer.json()["detail"]
    assert town.execute("select count(*) from trees")[0][0] == 0


def test_a_letter_that_no_text_may_hold_is_refused(town: Town, editor: Client) -> None:
    """JSON can spell a lone surrogate, UTF-8 and the database cannot."""
    body = json.dumps(tree(code="\ud800")).encode()
    answer = editor.post(TREES, content=body, headers=GEOJSON)
    assert (answer.status_code, "code" in answer.json()["detail"]) == (400, True)
    assert town.execute("select count(*) from trees")[0][0] == 0


def test_rules_of_the_tables_are_told_by_name(town: Town, editor: Client) -> None:
    """A rule between columns, which no schema knows, is named in our words."""
    answer = send(
        editor, "POST", PIPES, pipe(1, outer_width_m=0.1, inner_width_m=0.2, outer_height_m=1, inner_height_m=1)
    )
    assert (answer.status_code, "'hollow'" in answer.json()["detail"]) == (400, True)
    missing = pipe(1)
    del missing["properties"]["discipline"]
    assert "discipline" in send(editor, "POST", PIPES, missing).json()["detail"]
    bad = send(editor, "POST", PIPES, pipe(1, valid_from="2024-13-01", discipline="lava"))
    assert len(bad.json()["faults"]) == 2
    assert town.execute("select count(*) from utility_lines")[0][0] == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"null", b'{"type": NaN}', b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(town: Town, editor: Client, body: bytes) -> None:
    """Whatever the bytes are, the answer is 400."""
    address = f"{TREES}/{town.a_tree()}"
    for method, path in (("POST", TREES), ("PUT", address), ("PATCH", address)):
        assert editor.request(method, path, content=body, headers=GEOJSON).status_code == 400


def test_only_who_may_edits(town: Town, editor: Client, operator: Client, public: Client) -> None:
    """Without the right 403; where nobody edits 405; what a caller may not see does not exist for it."""
    address = f"{TREES}/{town.a_tree(code='A1')}"
    for method, path in (("POST", TREES), ("PUT", address), ("PATCH", address), ("DELETE", address)):
        kind = {"Content-Type": "application/geo+json"}
        assert editor.request(method, path, json=tree(), headers=kind).status_code == 403
        for client in (operator, public):
            assert client.request(method, path, json=tree(), headers=GEOJSON).status_code == 405
        hidden = path.replace("trees", "utility_lines")
        assert public.request(method, hidden, json=tree(), headers=GEOJSON).status_code == 404
        plain = editor.request(method, path, content=b"{}", headers={"Content-Type": "text/plain", "X-Edits": "yes"})
        assert plain.status_code == (204 if method == "DELETE" else 415)
        if method == "DELETE":
            break
        assert town.execute("select code from trees") == [("A1",)]
    for layer in ("terrain", "excavations"):
        assert send(editor, "POST", f"/collections/{layer}/items", tree()).status_code == 405


def test_an_address_counts(town: Town, editor: Client) -> None:
    """PUT changes the feature of the address, never the one that the body names; unknown features stay unknown."""
    one, other = town.a_tree(code="1"), town.a_tree(code="2")
    assert send(editor, "PUT", f"{TREES}/{one}", tree(code="x") | {"id": other}).status_code == 204
    assert town.execute("select code from trees order by id") == [("x",), ("2",)]
    for method in ("PUT", "PATCH", "DELETE"):
        for missing in ("999999", "abc", "9" * 30):
            assert send(editor, method, f"{TREES}/{missing}", tree()).status_code == 404


def test_what_is_read_may_be_sent_back(town: Town, editor: Client) -> None:
    """A client that returns the whole feature, with what only the city decides, changes what it changed."""
    address = f"{TREES}/{town.a_tree(code='A1')}"
    document = editor.get(address).json()
    document["properties"]["code"] = "A2"
    assert send(editor, "PUT", address, document).status_code == 204
    assert editor.get(address).json()["properties"]["code"] == "A2"


def test_editing_is_claimed_where_it_is_possible(editor: Client, operator: Client) -> None:
    """Part 4 is declared by the service that has an editor."""
    claims = [set(c.get("/conformance").json()["conformsTo"]) for c in (editor, operator)]
    assert {claim.rpartition("/")[2] for claim in claims[0] if "features-4" in claim} == {
        *("create-replace-delete", "update", "features", "optimistic-locking-etags"),
    }
    assert not any("features-4" in claim for claim in claims[1])
