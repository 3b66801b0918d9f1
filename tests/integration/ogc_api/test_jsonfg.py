"""JSON-FG: solids are solids, times are times, and a place is in the system that was asked for."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from conftest import Town
    from httpx import Client

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
CUBE = (
    "POLYHEDRALSURFACE Z(((0 0 0,0 10 0,10 10 0,10 0 0,0 0 0)),((0 0 5,10 0 5,10 10 5,0 10 5,0 0 5)),"
    "((0 0 0,10 0 0,10 0 5,0 0 5,0 0 0)),((10 0 0,10 10 0,10 10 5,10 0 5,10 0 0)),"
    "((10 10 0,0 10 0,0 10 5,10 10 5,10 10 0)),((0 10 0,0 0 0,0 0 5,0 10 5,0 10 0)))"
)


def a_house(town: Town, *, solid: bool) -> None:
    town.execute(
        "insert into buildings (name, geom, solid) select 'Nhà', st_translate(g, 562000, 1820000), s from"
        " (select st_multi(st_geomfromtext('POLYGON((0 0,10 0,10 10,0 10,0 0))', 9214)) g,"
        " case when %s then st_translate(st_geomfromtext(%s, 9214), 562000, 1820000) end s) x",
        solid,
        CUBE,
    )


def volume_m3(shells: list[Any]) -> float:
    """Signed volume inside the faces of the outer shell (divergence theorem): positive where they face outwards."""
    total = 0.0
    for (ring,) in shells[0]:
        points = np.array(ring, dtype=float) - np.array([562000, 1820000, 0])
        for b, c in pairwise(points[1:-1]):
            total += float(np.dot(points[0], np.cross(b, c))) / 6
    return total


def test_a_solid_is_a_polyhedron(town: Town, public: Client) -> None:
    """In the storage CRS the faces enclose the volume that was stored; GeoJSON clients still see the footprint."""
    a_house(town, solid=True)
    page = public.get("/collections/buildings/items", params={"f": "jsonfg", "crs": f"{EPSG}9214"})
    document = page.json()
    assert page.headers["content-type"] == "application/vnd.ogc.fg+json"
    assert document["coordRefSys"] == f"{EPSG}9214"
    assert document["featureType"] == "buildings"
    assert {uri.rpartition("/")[2] for uri in document["conformsTo"]} == {
        "core",
        "types-schemas",
        "polyhedra",
        "prisms",
    }
    (house,) = document["features"]
    assert house["place"]["type"] == "Polyhedron"
    assert volume_m3(house["place"]["coordinates"]) == pytest.approx(500, abs=0.1)
    assert house["geometry"]["type"] == "MultiPolygon"
    assert 107 < house["geometry"]["coordinates"][0][0][0][0] < 108


def test_a_place_is_where_geojson_does_not_suffice(town: Town, public: Client) -> None:
    """Without a solid and in CRS84 the geometry says it all; in another system the place has that system's axes."""
    a_house(town, solid=False)
    plain = public.get("/collections/buildings/items/1", params={"f": "jsonfg"}).json()
    assert (plain["place"], plain["time"], plain["coordRefSys"]) == (None, None, CRS84)
    yx = public.get("/collections/buildings/items/1", params={"f": "jsonfg", "crs": f"{EPSG}4326"}).json()
    assert yx["geometry"] == plain["geometry"]
    x, y = plain["geometry"]["coordinates"][0][0][0]
    assert yx["place"]["coordinates"][0][0][0] == [y, x]


def test_a_feature_has_its_time(town: Town, operator: Client) -> None:
    """An interval from the dates that are known, open where one is not, null where none is."""
    town.a_pipe(valid_from="2000-01-01", valid_to="2010-01-01")
    town.a_pipe(valid_from="2005-01-01", axis_m=-1.5)
    town.a_pipe()
    features = operator.get("/collections/utility_lines/items", params={"f": "jsonfg"}).json()["features"]
    assert [f["time"] and f["time"]["interval"] for f in features] == [
        ["2000-01-01", "2010-01-01"],
        ["2005-01-01", ".."],
        None,
    ]
    assert [len(f["geometry"]["coordinates"][0]) for f in features] == [2, 3, 2]


def test_a_survey_is_of_a_day(town: Town, operator: Client) -> None:
    """Where a layer has one date, that is its time, and `datetime` selects by it; an unknown one excludes nothing."""
    for name, day in (("old", "2011-05-01"), ("new", "2023-05-01"), ("undated", None)):
        town.execute(
            "insert into terrain (name, path, resolution_m, surveyed_on, geom)"
            " values (%s, %s, 1, %s, st_transform(st_multi(st_makeenvelope(107.5, 16.4, 107.6, 16.5, 4326)), 9214))",
            *(name, f"{name}.tif", day),
        )
    asked = {"f": "jsonfg", "datetime": "2020-01-01/.."}
    features = operator.get("/collections/terrain/items", params=asked).json()["features"]
    assert [(f["properties"]["name"], f["time"]) for f in features] == [
        ("new", {"date": "2023-05-01"}),
        ("undated", None),
    ]


def test_pages_of_jsonfg_lead_on(town: Town, public: Client) -> None:
    """Its links stay in the format, small pages and streamed ones alike."""
    town.trees(2501)
    for limit in (10, 2500):
        page = public.get("/collections/trees/items", params={"f": "jsonfg", "limit": limit}).json()
        following = public.get(next(x["href"] for x in page["links"] if x["rel"] == "next"))
        assert following.headers["content-type"] == "application/vnd.ogc.fg+json"
        assert following.json()["features"][0]["id"] == limit + 1
        assert page["featureType"] == following.json()["featureType"] == "trees"
