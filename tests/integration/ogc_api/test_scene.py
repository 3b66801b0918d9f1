"""3D Tiles and models of single objects: whose they are, what their heights count from, when they change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from layers.blocks import MOST_POINTS
from layers.database import Audience, Reader
from tests.glb_reader import is_sound, read_glb
from tests.integration.ogc_api.tileset_reader import on_earth, walk

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from conftest import Town
    from httpx import Client

WHOLE = "/3dtiles/tileset.json"


def of(layer: str, heights: str = "") -> str:
    return f"/collections/{layer}{WHOLE}{f'?heights={heights}' if heights else ''}"


def a_house(town: Town, **columns: object) -> int:
    names = "".join(f", {name}" for name in columns)
    values = ", %s" * len(columns)
    return int(
        town.execute(
            f"insert into buildings (geom{names}) select st_multi(st_translate("  # type: ignore[arg-type]
            f"st_geomfromtext('POLYGON((0 0,10 0,10 6,0 6,0 0))', 9214), 562000, 1820000)){values} returning id",
            *columns.values(),
        )[0][0]
    )


def test_what_lies_underground_is_for_operators(
    town: Town, serve: Callable[..., AbstractContextManager[Client]], tmp_path: Path
) -> None:
    """Nothing of utilities and excavations reaches the public, by no address, though both share a folder of tiles."""
    town.a_tree()
    pipe = town.a_pipe(axis_m=1)
    with (
        serve(Reader(town.login(Audience.OPERATOR), Audience.OPERATOR), tile_folder=tmp_path) as operator,
        serve(Reader(town.login(Audience.PUBLIC), Audience.PUBLIC), tile_folder=tmp_path) as public,
    ):
        contents = list(walk(operator, WHOLE))
        assert {content.layer for content in contents} == {"trees", "utility_lines"}
        assert {content.layer for content in walk(public, WHOLE)} == {"trees"}
        assert "utility" not in public.get(WHOLE).text
        (tube,) = (content for content in contents if content.layer == "utility_lines")
        hidden = [tube.url.removeprefix(str(operator.base_url).rstrip("/")), of("utility_lines"), of("excavations")]
        hidden += [f"/collections/utility_lines/items/{pipe}?f=glb"]
        for path in hidden:
            answer, unknown = (
                public.get(path),
                public.get(path.replace("utility_lines", "x").replace("excavations", "x")),
            )
            assert (answer.status_code, unknown.status_code) == (404, 404)
            assert re.sub("'(utility_lines|excavations|x)'", "''", answer.text) == re.sub("'x'", "''", unknown.text)
        assert {folder.name for folder in (tmp_path / "twin_public").iterdir()} == {"3d-of-trees", "3d-of-city"}
        assert operator.get(WHOLE).headers["cache-control"] == "private, no-store"


def test_documents_lead_to_the_tiles(town: Town, operator: Client) -> None:
    """Landing page, collections that have bodies, and features link to them; the definition has every address."""
    tree, road = town.a_tree(), "/collections/roads"
    links = operator.get("/").json()["links"]
    (city,) = (link for link in links if link["title"] == "3D Tiles")
    assert operator.get(city["href"]).json()["asset"]["version"] == "1.1"
    (trees,) = (x for x in operator.get("/collections/trees").json()["links"] if x["title"] == "3D Tiles")
    assert trees["href"].endswith(of("trees"))
    assert not any("3dtiles" in link["href"] for link in operator.get(road).json()["links"])
    assert operator.get(of("roads")).status_code == 404
    feature = operator.get(f"/collections/trees/items/{tree}").json()
    (model,) = (link for link in feature["links"] if link["type"] == "model/gltf-binary")
    assert read_glb(operator.get(model["href"]).content).rows()[0]["id"] == tree
    paths = operator.get("/openapi").json()["paths"]
    assert sum("3dtiles" in path for path in paths) == 4
    assert "glb" not in str(paths["/collections/roads/items/{featureId}"])


def test_tiles_are_kept_until_their_layer_or_the_ground_changes(town: Town, operator: Client) -> None:
    """An entity tag holds for one state and one way of counting heights; both codings carry it."""
    town.a_tree()
    (content,) = walk(operator, of("trees"))
    for path in (WHOLE, of("trees"), content.url):
        first = operator.get(path)
        tag = first.headers["etag"]
        assert operator.get(path, headers={"If-None-Match": tag}).status_code == 304
        assert first.headers["content-encoding"] in ("br", "gzip")
        assert operator.get(path, headers={"Accept-Encoding": "identity"}).content == first.content
        assert operator.get(path, params={"heights": "ground"}).headers["etag"] != tag
        town.execute("update trees set height_m = coalesce(height_m, 5) + 1")
        changed = operator.get(path, headers={"If-None-Match": tag})
        assert changed.status_code == 200
        assert changed.headers["etag"] != tag
        town.execute("insert into terrain (name, path, resolution_m, geom) select 'T', 'terrain/' || random(), 1,"
                     " st_multi(st_makeenvelope(0, 0, 1, 1, 9214))")  # fmt: skip
        assert operator.get(path, headers={"If-None-Match": changed.headers["etag"]}).status_code == 200


@pytest.mark.usefixtures("town")
def test_what_is_asked_wrongly_is_refused(operator: Client) -> None:
    """Heights there are none of, parameters nobody knows, places beyond the earth; of nothing there is a tileset."""
    assert "children" not in operator.get(of("trees")).json()["root"]
    for path, status in (
        (of("trees", "sea"), 400),
        (f"{of('trees')}?level=1", 400),
        (f"{of('trees')}?lang=fr", 400),
        ("/collections/trees/3dtiles/4/6/1/1/0.glb", 404),
        ("/collections/trees/3dtiles/4/6/x/1/0.glb", 404),
        ("/collections/trees/3dtiles/99/6/1/1/0.glb", 404),
        ("/collections/trees/3dtiles/4/999999999/1/1/tileset.json", 404),
        ("/collections/trees/3dtiles/4/13/0/0/0.glb", 404),
        ("/collections/trees/items/7?f=glb", 404),
        ("/collections/trees/items/7?f=glb&crs=x", 400),
        ("/collections/roads/items/7?f=glb", 404),
    ):
        assert operator.get(path).status_code == status, path


def test_each_body_is_in_one_tile_however_many_there_are(
    town: Town, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three kilometres of trees and 1,500 at one place: pages of a thousand at most, documents of few tiles."""
    monkeypatch.setattr("ogc_api.scene.tileset._MOST_TILES", 4)
    town.trees(3000)
    town.execute(
        "insert into trees (code, height_m, geom) select 'X', 20, st_transform(st_setsrid(st_makepoint(107.6, 16.47),"
        " 4326), 9214) from generate_series(1, 1500)"
    )
    contents = list(walk(operator, of("trees")))
    counts = [content.glb.count for content in contents]
    assert max(counts) == 1000
    assert sorted(row["id"] for content in contents for row in content.glb.rows()) == list(range(1, 4501))
    parts = [
        tile for tile in _tiles(operator.get(of("trees")).json()["root"]) if "tileset.json" in str(tile.get("content"))
    ]
    assert parts


def test_a_body_of_too_many_points_is_left_out_and_told(town: Town, operator: Client) -> None:
    """Its neighbours are shown, the tilesets count it, and it has no model of its own: one makes gigabytes of tubes."""
    near = town.a_pipe(axis_m=1)
    far = town.a_pipe(axis_m=1)
    town.execute(
        "update utility_lines set (geom, axis) = (select st_force2d(l), l from (select st_setsrid(st_makeline("
        "array_agg(st_makepoint(562000 + i / 100.0, 1820000 + i %% 2, 1) order by i)), 9214) l"
        " from generate_series(0, %s) i) m) where id = %s",
        MOST_POINTS,
        far,
    )
    (content,) = walk(operator, of("utility_lines"))
    assert [row["id"] for row in content.glb.rows()] == [near]
    for path in (of("utility_lines"), WHOLE):
        assert operator.get(path).json()["asset"]["extras"]["left_out"] == 1
    path = f"/collections/utility_lines/items/{far}"
    refused = operator.get(f"{path}?f=glb")
    assert refused.status_code == 400
    assert "it counts as 100001 points, and 100000 are the most" in refused.json()["detail"]
    assert len(operator.get(path).json()["geometry"]["coordinates"]) == MOST_POINTS + 1
    town.execute("delete from utility_lines where id = %s", near)
    assert "children" not in operator.get(of("utility_lines")).json()["root"]
    assert operator.get(of("utility_lines")).json()["asset"]["extras"]["left_out"] == 1


def _tiles(tile: dict) -> list[dict]:
    return [tile, *(below for child in tile.get("children", []) for below in _tiles(child))]


def test_heights_count_from_the_ellipsoid_or_from_the_ground(town: Town, lifted: Client) -> None:
    """Absolute heights are elevations plus the geoid's; above flat ground a house stands at 0, a pipe lies below it."""
    a_house(town, ground_m=5.0, height_m=8.0)
    town.a_pipe(axis_m=3.0, ground_m=4.5, ground_source="owner", outer_width_m=0.4)
    for heights, house, axis in (("absolute", (5 - 18.5, 13 - 18.5), 3 - 18.5), ("ground", (0, 8), -1.5)):
        (content,) = walk(lifted, of("buildings", heights))
        z = content.to_degrees(content.glb.shapes[0].vertices)[:, 2]
        assert (z.min(), z.max()) == pytest.approx(house, abs=1e-3)
        assert is_sound(content.glb.shapes[0])
        (content,) = walk(lifted, of("utility_lines", heights))
        z = content.to_degrees(content.glb.shapes[0].vertices)[:, 2]
        assert (z.min(), z.max()) == pytest.approx((axis - 0.2, axis + 0.2), abs=2e-3)
        assert content.glb.rows()[0]["elevation_assumed"] is False
        told = lifted.get(of("buildings", heights)).json()["asset"]["extras"]
        assert told["heights"] == heights
        assert told.get("geoid_m") == (-18.5 if heights == "absolute" else None)


def test_what_nobody_knows_is_shown_clear_and_said(town: Town, operator: Client) -> None:
    """A pipe of unknown depth and size, one of known elevation above unknown ground, a house without height, a pit."""
    town.a_pipe()
    town.a_pipe(lat=16.4601, axis_m=3.0, outer_width_m=0.3)
    lost, known = _by_id(operator, of("utility_lines", "ground"))
    assert (lost["elevation_assumed"], lost["size_assumed"], lost["ground_unknown"]) == (True, True, True)
    assert (lost["shown_width_m"], lost["outer_width_m"], lost["z"]) == (0.2, None, pytest.approx(-1, abs=2e-3))
    assert lost["opacity"] == known["opacity"] == 0.4
    assert (known["elevation_assumed"], known["size_assumed"], known["z"]) == (True, False, pytest.approx(-1, abs=2e-3))
    lost, known = _by_id(operator, of("utility_lines"))
    assert (lost["elevation_assumed"], lost["opacity"], lost["ground_unknown"]) == (True, 0.4, True)
    assert (known["elevation_assumed"], known["opacity"], known["z"]) == (False, 1.0, pytest.approx(3, abs=2e-3))
    a_house(town, storeys=3)
    a_house(town)
    named, unnamed = _by_id(operator, of("buildings"))
    assert (named["shown_height_m"], named["height_assumed"], named["ground_unknown"]) == (9.9, True, True)
    assert (unnamed["shown_height_m"], unnamed["height_m"], unnamed["opacity"]) == (3.3, None, 0.75)
    town.execute(
        "insert into excavations (name, status, geom) select 'Hố', 'draft', st_setsrid(st_makeenvelope("
        "562000, 1820000, 562003, 1820002), 9214)"
    )
    (pit,) = _by_id(operator, of("excavations", "ground"))
    assert (pit["shown_depth_m"], pit["depth_assumed"], pit["opacity"], pit["z"]) == (
        1.0,
        True,
        0.4,
        pytest.approx(-0.5),
    )


def _by_id(client: Client, path: str) -> list[dict]:
    """Attributes of all bodies with the middle of their height and their opacity."""
    found = []
    for content in walk(client, path):
        for owner, row in enumerate(content.glb.rows()):
            z = content.to_degrees(content.glb.shapes[owner].vertices)[:, 2]
            found.append(row | {"z": (z.min() + z.max()) / 2, "opacity": content.glb.colours[owner][3]})
    return sorted(found, key=lambda row: row["id"])


def test_a_single_object_says_where_it_stands(town: Town, lifted: Client) -> None:
    """A model's own extras take it to the millimetre to where its row is; it is negotiated and kept like all else."""
    number = a_house(town, ground_m=5.0, height_m=8.0)
    path = f"/collections/buildings/items/{number}"
    answer = lifted.get(path, headers={"Accept": "model/gltf-binary"})
    glb = read_glb(answer.content)
    extras = glb.document["asset"]["extras"]
    assert (extras["crs"], extras["vertical_datum"], extras["geoid_m"]) == ("EPSG:9214", "EPSG:5727", -18.5)
    assert extras["origin"] == {"east_m": 562000.0, "north_m": 1820000.0, "elevation_m": 0.0}
    assert is_sound(glb.shapes[0])
    matrix = np.array(extras["to_ecef"]).reshape(4, 4).T
    degrees = on_earth(matrix, glb.shapes[0].vertices)
    assert (degrees[:, 2].min(), degrees[:, 2].max()) == pytest.approx((5 - 18.5, 13 - 18.5), abs=1e-3)
    ring = lifted.get(path, params={"f": "json"}).json()["geometry"]["coordinates"][0][0]
    assert np.abs(degrees[:, None, :2] - np.array(ring)[None, :4]).max(axis=2).min(axis=0).max() < 1e-8
    assert answer.headers["etag"]
    assert lifted.get(path, params={"f": "glb"}, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    town.execute("update buildings set height_m = 9")
    assert lifted.get(path, params={"f": "glb"}).headers["etag"] != answer.headers["etag"]
