"""Features as clients read them: complete, in the asked order, place and reference system."""

from __future__ import annotations

import csv
import io
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Town
    from httpx import Client

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def items(client: Client, layer: str, **params: Any) -> Any:
    response = client.get(f"/collections/{layer}/items", params=params)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/geo+json"
    return response.json()


def link(document: Any, rel: str) -> Any:
    return next((x["href"] for x in document["links"] if x["rel"] == rel), None)


def test_pages_hold_every_feature_once(town: Town, public: Client) -> None:
    """Following `next` reads the whole layer, and `prev` leads back."""
    town.trees(25)
    page = items(public, "trees", limit=10)
    sizes, seen = [], []
    while True:
        assert page["numberMatched"] == 25
        assert page["numberReturned"] == len(page["features"])
        sizes.append(len(page["features"]))
        seen += [feature["id"] for feature in page["features"]]
        if (following := link(page, "next")) is None:
            break
        page = public.get(following).json()
    assert sizes == [10, 10, 5]
    assert seen == sorted(set(seen)) == [row[0] for row in town.execute("select id from trees order by id")]
    assert [f["id"] for f in public.get(link(page, "prev")).json()["features"]] == seen[10:20]


def test_pages_keep_the_query(town: Town, public: Client) -> None:
    """The next page is of the same filter, order and reference system as the first."""
    town.trees(30)
    asked = {"bbox": "107.5,16.4,107.500205,16.5", "sortby": "-height_m", "limit": "5", "crs": f"{EPSG}3857"}
    first = items(public, "trees", **asked)
    second = public.get(link(first, "next")).json()
    heights = [f["properties"]["height_m"] for f in first["features"] + second["features"]]
    assert first["numberMatched"] == second["numberMatched"] == 20
    assert all(a > b for a, b in pairwise(heights))
    assert second["features"][0]["geometry"]["coordinates"][0] > 180


def test_a_feature_is_the_same_alone_and_in_its_page(town: Town, public: Client) -> None:
    """One feature has the geometry and properties that the page shows, and a link to its collection."""
    tree = town.a_tree(species="Phượng vĩ & <bạn>", height_m=3)
    shown = items(public, "trees")["features"][0]
    response = public.get(f"/collections/trees/items/{tree}")
    alone = response.json()
    assert response.headers["content-type"] == "application/geo+json"
    assert response.headers["content-crs"] == f"<{CRS84}>"
    assert link(alone, "collection").endswith("/ogc/collections/trees")
    assert {name: alone[name] for name in shown} == shown
    assert shown["properties"]["species"] == "Phượng vĩ & <bạn>"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (CRS84, (107.58, 16.46)),
        (f"{EPSG}4326", (16.46, 107.58)),
        (f"{EPSG}3857", (11975750.8195, 1858055.3302)),
        (f"{EPSG}9214", None),
    ],
)
def test_coordinates_come_in_the_asked_system(town: Town, operator: Client, uri: str, expected: Any) -> None:
    """Every offered system is written in its authority's axis order, and z is the stored elevation."""
    pipe = town.a_pipe(axis_m=-1.25)
    if expected is None:
        expected = town.execute("select st_x(st_startpoint(axis)), st_y(st_startpoint(axis)) from utility_lines")[0]
    for path in ("/collections/utility_lines/items", f"/collections/utility_lines/items/{pipe}"):
        response = operator.get(path, params={"crs": uri})
        assert response.headers["content-crs"] == f"<{uri}>"
        feature = response.json().get("features", [response.json()])[0]
        start = feature["geometry"]["coordinates"][0]
        assert start[:2] == pytest.approx(expected, rel=1e-7)
        assert start[2] == pytest.approx(-1.25, abs=1e-9)


def test_heights_above_the_ellipsoid_are_elevations_plus_the_geoid(town: Town, lifted: Client) -> None:
    """CRS84h raises what is written, lowers what is asked for, and leaves an unknown elevation unknown."""
    deep, unknown = town.a_pipe(axis_m=-1.25), town.a_pipe()
    uri = "http://www.opengis.net/def/crs/OGC/0/CRS84h"
    page = items(lifted, "utility_lines", crs=uri)
    lines = [feature["geometry"]["coordinates"] for feature in page["features"]]
    assert lines[0][0][2] == pytest.approx(-19.75)
    assert len(lines[1][0]) == 2
    found = {"bbox-crs": uri, "bbox": "107,16,-20,108,17,-19"}
    assert [f["id"] for f in items(lifted, "utility_lines", **found)["features"]] == [deep, unknown]
    assert [f["id"] for f in items(lifted, "utility_lines", bbox="107,16,-20,108,17,-19")["features"]] == [unknown]


def test_an_unknown_elevation_has_no_number(town: Town, operator: Client) -> None:
    """A pipe of unknown depth has two ordinates a point, in any axis order."""
    town.a_pipe()
    for uri in (CRS84, f"{EPSG}4326"):
        line = items(operator, "utility_lines", crs=uri)["features"][0]["geometry"]["coordinates"]
        assert [len(position) for position in line] == [2, 2]


def test_a_box_is_read_in_its_system(town: Town, public: Client) -> None:
    """The same box selects the same feature in each offered system."""
    inside = town.a_tree(107.58, 16.46)
    town.a_tree(107.7, 16.46)
    offered = public.get("/collections/trees").json()["crs"]
    assert len(offered) == 6
    for uri in offered:
        x, y = items(public, "trees", crs=uri)["features"][0]["geometry"]["coordinates"]
        margin = 0.001 if x < 180 else 100
        found = items(public, "trees", bbox=f"{x - margin},{y - margin},{x + margin},{y + margin}", **{"bbox-crs": uri})
        assert [f["id"] for f in found["features"]] == [inside], uri


def test_a_box_with_heights_selects_by_elevation(town: Town, operator: Client) -> None:
    """Six numbers select what reaches into the heights, and what may: an unknown elevation is nowhere excluded."""
    shallow, deep, unknown = town.a_pipe(axis_m=2), town.a_pipe(axis_m=-5), town.a_pipe()
    low = items(operator, "utility_lines", bbox="107.5,16.4,-10,107.6,16.5,-1")
    high = items(operator, "utility_lines", bbox="107.5,16.4,-1,107.6,16.5,10")
    assert [f["id"] for f in low["features"]] == [deep, unknown]
    assert [f["id"] for f in high["features"]] == [shallow, unknown]
    assert low["numberMatched"] == high["numberMatched"] == 2


def test_filters_compare_values_of_the_property(town: Town, public: Client) -> None:
    """Numbers equal numbers however written, text is taken literally, and two filters must both hold."""
    wanted = town.a_tree(height_m=3, species="Bàng 'già'; drop table trees", condition="tốt")
    town.a_tree(height_m=3, species="Bàng", condition="tốt")
    for height in ("3", "3.0", "3e0", "+3.00"):
        assert items(public, "trees", height_m=height)["numberMatched"] == 2
    exact = public.get("/collections/trees/items", params={"species": "Bàng 'già'; drop table trees", "height_m": "3"})
    assert [f["id"] for f in exact.json()["features"]] == [wanted]
    assert items(public, "trees", condition="kém")["features"] == []


def test_dates_and_truths_filter(town: Town, operator: Client) -> None:
    """Boolean and date properties are matched by their JSON spelling."""
    pipe = town.a_pipe(schematic=True, surveyed_on="2024-05-01")
    town.a_pipe()
    found = operator.get("/collections/utility_lines/items?schematic=true&surveyed_on=2024-05-01").json()
    assert [f["id"] for f in found["features"]] == [pipe]
    assert found["features"][0]["properties"]["surveyed_on"] == "2024-05-01"


@pytest.mark.parametrize("sign", ["", "+", "%2B"])
def test_order_selection_and_no_geometry(town: Town, public: Client, sign: str) -> None:
    """`sortby` orders, `properties` selects, `skipGeometry` leaves the geometry out; a raw '+' is no error."""
    for height in (5, 2, 9):
        town.a_tree(height_m=height)
    path = f"/collections/trees/items?sortby={sign}height_m&properties=height_m&skipGeometry=true"
    page = public.get(path).json()
    assert [f["properties"] for f in page["features"]] == [{"height_m": h} for h in (2, 5, 9)]
    assert {f["geometry"] for f in page["features"]} == {None}
    rows = public.get(f"{path}&f=csv").text.split()
    assert rows == ["\ufeffid,height_m", "2,2", "1,5", "3,9"]


def test_hits_count_without_features(town: Town, public: Client) -> None:
    """`resulttype=hits` gives the exact number and no feature, so there is no next page."""
    town.trees(12)
    page = items(public, "trees", resulttype="hits")
    assert (page["numberMatched"], page["numberReturned"], page["features"]) == (12, 0, [])
    assert link(page, "next") is None


def test_a_limit_above_the_maximum_is_cut(town: Town, public: Client) -> None:
    """The standard wants a shorter page instead of an error."""
    town.trees(10_001)
    page = items(public, "trees", limit=99_999, skipGeometry="true", properties="code")
    assert page["numberReturned"] == 10_000
    rest = public.get(link(page, "next")).json()
    assert (rest["numberReturned"], rest["numberMatched"]) == (1, 10_001)


def test_an_empty_layer_is_an_empty_page(town: Town, public: Client) -> None:
    """No features are no error, and beyond the end there is nothing."""
    assert items(public, "roads")["features"] == []
    town.trees(2)
    beyond = items(public, "trees", offset=5)
    assert (beyond["numberMatched"], beyond["numberReturned"], link(beyond, "next")) == (2, 0, None)


def test_any_time_matches_what_has_no_time(town: Town, public: Client) -> None:
    """Collections without a temporal geometry match every well-formed datetime."""
    town.a_tree()
    for when in ("2024-05-01", "2024-05-01T00:00:00Z", "../2024-05-01T00:00:00Z", "2024-05-01T00:00:00+07:00/.."):
        assert items(public, "trees", datetime=when)["numberMatched"] == 1


def test_csv_opens_in_excel(town: Town, public: Client) -> None:
    """CSV starts with a byte order mark, without which Excel destroys Vietnamese letters."""
    town.a_tree(species="Phượng vĩ", code="a,<b>")
    response = public.get("/collections/trees/items?f=csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.content.startswith(b"\xef\xbb\xbf")
    row = next(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert (row["species"], row["code"]) == ("Phượng vĩ", "a,<b>")


def test_json_ld_names_features_by_their_address(town: Town, public: Client) -> None:
    """JSON-LD of a page and of a feature identify the feature by the URL where it is."""
    tree = town.a_tree(species="<Bàng>")
    address = str(public.base_url).rstrip("/") + f"/collections/trees/items/{tree}"
    page = public.get("/collections/trees/items?f=jsonld")
    alone = public.get(f"/collections/trees/items/{tree}?f=jsonld")
    assert {page.headers["content-type"], alone.headers["content-type"]} == {"application/ld+json"}
    assert page.json()["features"][0]["@id"] == alone.json()["@id"] == address
    assert alone.json()["species"] == "<Bàng>"


BOXES = [
    {"bbox": "107.58,16.46,107.58,16.46"},
    {"bbox": "107.58,16.46,-5,107.58,16.46,5"},
    {"bbox": "-1e308,-1e308,1e308,1e308"},
    {"bbox": "-180,-90,180,90"},
    {"bbox": "170,-10,-170,10"},
    {"bbox": "0,0,0,0"},
    {"bbox": "500,500,600,600"},
    {"bbox": "16,107,0,17,108,1", "bbox-crs": f"{EPSG}4326", "crs": f"{EPSG}3857"},
    {"bbox": "-1e9,-1e9,1e9,1e9", "bbox-crs": f"{EPSG}3857"},
    {"bbox": "-1e308,-1e308,1e308,1e308", "bbox-crs": f"{EPSG}9214"},
    {"bbox": "-1e308,-1e308,1e308,1e308", "bbox-crs": f"{EPSG}3857"},
    {"sortby": "+code,-height_m", "offset": "0", "limit": "3", "properties": "code"},
    {"resulttype": "hits"},
    {"skipGeometry": "true", "crs": f"{EPSG}4326"},
]


@pytest.mark.parametrize("asked", BOXES, ids=str)
def test_every_format_answers_the_same_query(town: Town, public: Client, asked: dict[str, str]) -> None:
    """GeoJSON, HTML, JSON-LD and CSV take the same queries, and none of them ends in a fault of the server."""
    town.a_tree(107.58, 16.46, code="a")
    formats = ("json", "html", "jsonld", "csv")
    answers = {f: public.get("/collections/trees/items", params=asked | {"f": f}) for f in formats}
    assert len({answer.status_code for answer in answers.values()}) == 1
    status = answers["json"].status_code
    assert status in (200, 400)
    if status == 200:
        returned = answers["json"].json()["numberReturned"]
        assert len(answers["jsonld"].json().get("features", [])) == returned
        assert len(answers["csv"].content.decode("utf-8-sig").splitlines()) == returned + 1
        assert ("<td>" in answers["html"].text) is bool(returned)


BAD = {
    "limit": ["0", "-1", "abc", "1.5", "", "１", "9" * 5000],
    "offset": ["-1", "abc", "9" * 19],
    "bbox": ["1,2,3", "1,2,3,4,5", "a,b,c,d", "107,17,108,16", "107,16,5,108,17,4", "nan,0,1,1", "1e999,0,1e999,1", ""],
    "crs": ["EPSG:4326", "http://www.opengis.net/def/crs/EPSG/0/32649", ""],
    "bbox-crs": [f"{EPSG}4326", "nonsense"],
    "datetime": ["yesterday", "2024-05-02/2024-05-01", "..", "a/b/c", "0001-01-01T00:00:00+14:00", ""],
    "sortby": ["nothing", "", "code,,height_m"],
    "properties": ["nothing", "code,nothing", ""],
    "skipGeometry": ["yes", "1"],
    "resulttype": ["all"],
    "height_m": ["tall", "nan", "1_0"],
    "planted_year": ["1.5", "two"],
    "code": ["a\0b"],
    "f": ["xml", "png", ""],
    "lang": ["fr", ""],
    "filter": ["code=", "nix = 1", "code", "code = 1", "f(code) = 1", "((((((((((((((((((((((((((((", ""],
    "filter-lang": ["sql", "cql2-text"],
    "filter-crs": [f"{EPSG}4326", "nonsense"],
    "cursor": ["", "nx", "n" + "A" * 9000],
    "precision": ["-1", "16", "x"],
    "exclude-properties": ["nothing", ""],
    "geom": ["x"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_bad_values_are_refused_by_name(town: Town, public: Client, name: str, value: str) -> None:
    """Whatever cannot be understood is 400 and named, in JSON and in CSV alike."""
    town.a_tree()
    for f in ({}, {"f": "csv"}):
        response = public.get("/collections/trees/items", params=f | {name: value})
        problem = response.json()
        assert response.status_code == problem["status"] == 400
        assert name in problem["detail"]
        assert response.headers["content-type"] == "application/problem+json"


def test_a_projected_box_must_not_be_swapped(town: Town, public: Client) -> None:
    """West of east is the antimeridian in degrees, but a mistake in metres."""
    town.a_tree()
    answer = public.get("/collections/trees/items", params={"bbox": "5,0,4,1", "bbox-crs": f"{EPSG}3857"})
    assert answer.status_code == 400
    assert items(public, "trees", bbox="170,-10,-170,10")["numberMatched"] == 0


def test_every_fault_is_named_at_once(town: Town, public: Client) -> None:
    """A client learns all that is wrong from one answer."""
    town.a_tree()
    problem = public.get("/collections/trees/items?limit=0&offset=x&bbox=1&nix=1&limit=2&sortby=nix").json()
    for name in ("'limit' is given twice", "offset=x", "bbox=1", "'nix' is unknown", "sortby"):
        assert any(name in fault for fault in problem["faults"]), name
    assert problem["description"] == problem["detail"] == "; ".join(problem["faults"])


@pytest.mark.parametrize("feature_id", ["0", "999", "-1", "abc", "1.0", "1%20", "9" * 30, "%00", "１", "1'--"])
def test_a_missing_feature_is_not_found(town: Town, public: Client, feature_id: str) -> None:
    """An identifier that no feature has is 404, however strange."""
    town.a_tree()
    for f in ("json", "html", "jsonld"):
        assert public.get(f"/collections/trees/items/{feature_id}?f={f}").status_code == 404
