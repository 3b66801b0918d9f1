"""CityJSON text sequences, and prisms in JSON-FG: solids are solids, and what has no elevation is given none."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

if TYPE_CHECKING:
    from conftest import Town
    from httpx import Client

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
SOLID = (
    "POLYHEDRALSURFACE Z(((0 0 2,0 10 2,10 10 2,10 0 2,0 0 2)),((0 0 7,10 0 7,10 10 7,0 10 7,0 0 7)),"
    "((0 0 2,10 0 2,10 0 7,0 0 7,0 0 2)),((10 0 2,10 10 2,10 10 7,10 0 7,10 0 2)),"
    "((10 10 2,0 10 2,0 10 7,10 10 7,10 10 2)),((0 10 2,0 0 2,0 0 7,0 10 7,0 10 2)))"
)
YARD = "POLYGON((0 0,0 10,10 10,10 0,0 0),(4 4,6 4,6 6,4 6,4 4))"


def a_house(town: Town, plan: str, *, solid: str | None = None, ground_m: float | None = None, **more: Any) -> None:
    town.execute(
        "insert into buildings (name, geom, solid, ground_m, height_m) select 'Nhà', st_multi(st_translate("
        "st_geomfromtext(%s, 9214), 562000.1234, 1820000.5678)), st_translate(st_geomfromtext(%s, 9214), 562000.1234,"
        " 1820000.5678), %s, %s",
        plan,
        solid,
        ground_m,
        more.get("height_m"),
    )


def read(client: Client, layer: str, **asked: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    answer = client.get(f"/collections/{layer}/items", params={"f": "cityjsonseq", **asked})
    assert answer.headers["content-type"] == "application/city+json-seq"
    assert answer.headers["content-disposition"] == f'attachment; filename="{layer}.city.jsonl"'
    head, *features = [json.loads(line) for line in answer.content.decode().splitlines()]
    assert (head["type"], head["version"], head["vertices"], head["CityObjects"]) == ("CityJSON", "2.0", [], {})
    for feature in features:
        assert feature["type"] == "CityJSONFeature"
        assert feature["id"] in feature["CityObjects"]
    return head, features


def places(head: dict[str, Any], feature: dict[str, Any]) -> np.ndarray:
    transform = head["transform"]
    return np.array(feature["vertices"]).reshape(-1, 3) * transform["scale"] + transform["translate"]


def volume_m3(points: np.ndarray, shell: list[list[list[int]]]) -> float:
    """Signed volume of a shell of which every edge is there once in each direction."""
    edges = Counter(edge for face in shell for ring in face for edge in pairwise([*ring, ring[0]]))
    assert all(edges[b, a] == 1 == count for (a, b), count in edges.items())
    local = points - points[0]
    total = 0.0
    for face in shell:
        for ring in face:
            for b, c in pairwise(ring[1:]):
                total += float(np.dot(local[ring[0]], np.cross(local[b], local[c]))) / 6
    return total


def test_buildings_are_solids_to_the_millimetre(town: Town, public: Client) -> None:
    """A surveyed one as it is, one with a courtyard raised from its ground, one of two parts, one of unknown height."""
    a_house(town, "POLYGON((0 0,10 0,10 10,0 10,0 0))", solid=SOLID)
    a_house(town, YARD, ground_m=3.5, height_m=4.0)
    town.execute(
        "insert into buildings (geom, ground_m, height_m) select st_multi(st_collect(st_makeenvelope(562100, 1820000,"
        " 562104, 1820004, 9214), st_makeenvelope(562110, 1820000, 562112, 1820002, 9214))), 1, 3"
    )
    a_house(town, YARD)
    head, (surveyed, raised, parts, flat) = read(public, "buildings")
    assert head["metadata"]["referenceSystem"] == "https://www.opengis.net/def/crs/EPSG/0/9214"
    (solid,) = surveyed["CityObjects"]["buildings.1"]["geometry"]
    assert (solid["type"], solid["lod"]) == ("Solid", "2")
    assert volume_m3(places(head, surveyed), solid["boundaries"][0]) == pytest.approx(500, rel=1e-3)
    corner = places(head, surveyed).min(axis=0)
    assert corner == pytest.approx([562000.1234, 1820000.5678, 2], abs=1e-3)
    (solid,) = raised["CityObjects"]["buildings.2"]["geometry"]
    assert volume_m3(places(head, raised), solid["boundaries"][0]) == pytest.approx((100 - 4) * 4, rel=1e-3)
    assert set(places(head, raised)[:, 2].round(3)) == {3.5, 7.5}
    objects = parts["CityObjects"]
    assert (objects["buildings.3"]["geometry"], objects["buildings.3"]["children"]) == (
        [],
        ["buildings.3-1", "buildings.3-2"],
    )
    volumes = []
    for name in objects["buildings.3"]["children"]:
        assert (objects[name]["type"], objects[name]["parents"]) == ("BuildingPart", ["buildings.3"])
        volumes.append(volume_m3(places(head, parts), objects[name]["geometry"][0]["boundaries"][0]))
    assert volumes == pytest.approx([48, 12], rel=1e-3)
    assert flat["CityObjects"]["buildings.4"]["geometry"] == []
    plan = shapely.from_wkt(flat["CityObjects"]["buildings.4"]["attributes"]["plan-wkt"])
    assert plan.area == pytest.approx(96)


def test_a_download_takes_the_same_query(town: Town, operator: Client) -> None:
    """Filters, properties, systems; a line of unknown elevation has its plan and no geometry; degrees are refused."""
    town.a_pipe(axis_m=-1.25, outer_width_m=0.2)
    town.a_pipe(lat=16.47)
    head, (known, unknown) = read(operator, "utility_lines", properties="discipline,outer_width_m")
    line = known["CityObjects"]["utility_lines.1"]
    assert (line["type"], line["attributes"]) == ("GenericCityObject", {"discipline": "water", "outer_width_m": 0.2})
    assert line["geometry"] == [{"type": "MultiLineString", "lod": "0", "boundaries": [[0, 1]]}]
    assert places(head, known)[:, 2].tolist() == [-1.25, -1.25]
    lost = unknown["CityObjects"]["utility_lines.2"]
    assert (lost["geometry"], unknown["vertices"]) == ([], [])
    assert lost["attributes"]["plan-wkt"].startswith("LINESTRING (561732.007 1821672.699, ")
    _, (one,) = read(operator, "utility_lines", filter="outer_width_m > 0.1", crs=f"{EPSG}32648")
    assert one["id"] == "utility_lines.1"
    assert read(operator, "trees")[1] == []
    answer = operator.get("/collections/trees/items", params={"f": "cityjsonseq", "crs": f"{EPSG}4326"})
    assert answer.status_code == 400
    _, (bare, _) = read(operator, "utility_lines", skipGeometry="true")
    assert bare["CityObjects"]["utility_lines.1"]["geometry"] == []


def test_every_kind_of_layer_is_a_city_object(town: Town, operator: Client) -> None:
    """Trees are vegetation, wards generic objects; without terrain neither has a place in space."""
    town.a_tree()
    town.a_ward("Thuận Hòa")
    for layer, kind in (("trees", "SolitaryVegetationObject"), ("boundaries", "GenericCityObject")):
        _, (feature,) = read(operator, layer)
        (city_object,) = feature["CityObjects"].values()
        assert (city_object["type"], city_object["geometry"]) == (kind, [])
        assert "plan-wkt" in city_object["attributes"]


def test_a_house_between_ground_and_height_is_a_prism(town: Town, public: Client) -> None:
    """JSON-FG 1.0, prisms: a base in plan, lower and upper; several parts a MultiPrism; without a height neither."""
    a_house(town, YARD, ground_m=3.5, height_m=4.0)
    town.execute(
        "insert into buildings (geom, ground_m, height_m) select st_multi(st_collect(st_makeenvelope(562100, 1820000,"
        " 562104, 1820004, 9214), st_makeenvelope(562110, 1820000, 562112, 1820002, 9214))), 1, 3"
    )
    a_house(town, YARD, ground_m=3.5)
    page = public.get("/collections/buildings/items", params={"f": "jsonfg", "crs": f"{EPSG}9214"}).json()
    one, two, none = (feature["place"] for feature in page["features"])
    assert (one["type"], one["lower"], one["upper"]) == ("Prism", 3.5, 7.5)
    assert shapely.from_geojson(json.dumps(one["base"])).area == pytest.approx(96, rel=1e-4)
    assert two["type"] == "MultiPrism"
    assert [(prism["type"], prism["lower"], prism["upper"]) for prism in two["prisms"]] == [("Prism", 1, 4)] * 2
    assert none["type"] == "MultiPolygon"
    assert page["conformsTo"][-1].endswith("/prisms")
