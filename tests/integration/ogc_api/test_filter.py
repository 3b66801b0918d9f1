"""CQL2 filters select what they say, in text and in JSON, and nothing of them reaches the database unbound."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import cql2
import pytest

if TYPE_CHECKING:
    from conftest import Town
    from httpx import Client

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
TREES = "/collections/trees/items"
PIPES = "/collections/utility_lines/items"


@pytest.fixture
def park(town: Town) -> Town:
    """Trees 1 to 5."""
    town.a_tree(107.58, 16.46, code="A1", species="Phượng vĩ", height_m=3, planted_year=2001)
    town.a_tree(107.59, 16.46, code="A2", species="phượng VĨ", height_m=7.5, planted_year=1990)
    town.a_tree(107.60, 16.47, code="b_3", species="Đa", height_m=20, crown_diameter_m=20)
    town.a_tree(107.60, 16.48, code="b%4", species="đa lông", condition="it's")
    town.a_tree(107.70, 16.50)
    return town


@pytest.fixture
def pipes(town: Town) -> Town:
    """Pipes 1 to 4: 2000 to 2010, since 2005, until 1999, never dated."""
    town.a_pipe(valid_from="2000-01-01", valid_to="2010-01-01", surveyed_on="2001-06-01")
    town.a_pipe(valid_from="2005-01-01", schematic=True)
    town.a_pipe(valid_to="1999-12-31")
    town.a_pipe(axis_m=1)
    return town


def found(client: Client, path: str, **asked: Any) -> list[int]:
    answer = client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert document["numberMatched"] == len(document["features"])
    return [feature["id"] for feature in document["features"]]


BASIC = {
    "code = 'A1'": [1],
    "code <> 'A1'": [2, 3, 4],
    "height_m > 3": [2, 3],
    "height_m >= 3 AND planted_year < 2000": [2],
    "height_m < 5 OR species = 'Đa'": [1, 3],
    "NOT (height_m < 5)": [2, 3],
    "height_m IS NULL": [4, 5],
    "species IS NOT NULL": [1, 2, 3, 4],
    "condition = 'it''s'": [4],
    "planted_year = 2001.0": [1],
    "TRUE": [1, 2, 3, 4, 5],
    "code = 'x''; drop table trees; --'": [],
}
ADVANCED = {
    "code LIKE 'A%'": [1, 2],
    "code LIKE 'b_3'": [3],
    "code LIKE 'b\\_%'": [3],
    "code NOT LIKE 'A%'": [3, 4],
    "height_m BETWEEN 3 AND 7.5": [1, 2],
    "height_m NOT BETWEEN 3 AND 7.5": [3],
    "code IN ('A1', 'b%4')": [1, 4],
    "planted_year IN (1990)": [2],
    "code NOT IN ('A1')": [2, 3, 4],
}
LETTERS = {
    "CASEI(species) = CASEI('PHƯỢNG VĨ')": [1, 2],
    "CASEI(species) LIKE CASEI('Đa%')": [3, 4],
    "ACCENTI(CASEI(species)) = ACCENTI(CASEI('Phuong vi'))": [1, 2],
    "ACCENTI(species) = 'Da'": [3],
    "ACCENTI(CASEI(species)) LIKE 'da%'": [3, 4],
    "CASEI(code) IN (CASEI('a1'), CASEI('B_3'))": [1, 3],
}
ARITHMETIC = {
    "height_m * 2 = 15": [2],
    "height_m + 1 > planted_year - 1998": [1, 2],
    "height_m = crown_diameter_m": [3],
    "planted_year % 2 = 1": [1],
    "planted_year div 10 = 199": [2],
    "height_m ^ 2 = 9": [1],
    "10 / (height_m - 3) > 0": [2, 3],
    "-height_m < -5": [2, 3],
}
PLACES = {
    "S_INTERSECTS(geometry, BBOX(107.575, 16.455, 107.595, 16.465))": [1, 2],
    "S_INTERSECTS(geometry, POLYGON((107.575 16.455, 107.585 16.455, 107.585 16.465, 107.575 16.455)))": [1],
    "S_INTERSECTS(geometry, POLYGON((-180 -90, 180 -90, 180 90, -180 90, -180 -90)))": [1, 2, 3, 4, 5],
    "S_INTERSECTS(geometry, BBOX(-180, -90, 180, 90))": [1, 2, 3, 4, 5],
    "S_WITHIN(geometry, BBOX(107.59, 16.4, 107.65, 16.475))": [2, 3],
    "S_DISJOINT(geometry, BBOX(107, 16, 107.65, 17))": [5],
    "NOT S_INTERSECTS(geometry, BBOX(107, 16, 107.65, 17))": [5],
    "S_INTERSECTS(geometry, MULTIPOLYGON(((107.69 16.49, 107.71 16.49, 107.71 16.52, 107.69 16.49))))": [5],
    "S_INTERSECTS(geometry, GEOMETRYCOLLECTION(POLYGON((107.57 16.45, 107.585 16.45, 107.585 16.47, 107.57 16.45))))": [
        1
    ],
}


@pytest.mark.parametrize(("text", "expected"), [*(BASIC | ADVANCED | LETTERS | ARITHMETIC | PLACES).items()])
def test_filters_of_trees(park: Town, public: Client, text: str, expected: list[int]) -> None:
    """Text and its JSON select the same features, and those that are meant."""
    assert park
    assert found(public, TREES, filter=text) == expected
    as_json = json.dumps(cql2.parse_text(text).to_json())
    assert found(public, TREES, filter=as_json, **{"filter-lang": "cql2-json"}) == expected


TIMES = {
    "surveyed_on = DATE('2001-06-01')": [1],
    "valid_from > DATE('2001-01-01')": [2],
    "valid_from > '2001-01-01'": [2],
    "valid_from BETWEEN DATE('1999-01-01') AND DATE('2001-01-01')": [1],
    "T_AFTER(valid_from, DATE('2001-01-01'))": [2],
    "T_BEFORE(valid_from, TIMESTAMP('2005-01-01T00:00:00Z'))": [1],
    "T_DURING(surveyed_on, INTERVAL('2001-01-01', '2002-01-01'))": [1],
    "T_INTERSECTS(INTERVAL(valid_from, valid_to), INTERVAL('2006-01-01', '2007-01-01'))": [1, 2, 4],
    "T_INTERSECTS(INTERVAL(valid_from, valid_to), INTERVAL('..', '1999-01-01'))": [3, 4],
    "T_DISJOINT(INTERVAL(valid_from, valid_to), INTERVAL('2011-01-01', '..'))": [1, 3],
    "T_EQUALS(INTERVAL(valid_from, valid_to), INTERVAL('2000-01-01', '2010-01-01'))": [1],
    "T_CONTAINS(INTERVAL(valid_from, valid_to), DATE('2003-01-01'))": [1, 4],
    "T_STARTS(INTERVAL('2000-01-01', '2001-01-01'), INTERVAL(valid_from, valid_to))": [1],
    "T_FINISHEDBY(INTERVAL(valid_from, valid_to), INTERVAL('2009-01-01', '2010-01-01'))": [1],
    "T_MEETS(INTERVAL(valid_from, valid_to), INTERVAL('2010-01-01', '..'))": [1],
    "T_METBY(INTERVAL(valid_from, valid_to), INTERVAL('..', '2005-01-01'))": [2],
    "T_OVERLAPS(INTERVAL(valid_from, valid_to), INTERVAL('2005-01-01', '2015-01-01'))": [1],
    "T_OVERLAPPEDBY(INTERVAL(valid_from, valid_to), INTERVAL('1995-01-01', '2005-01-01'))": [1],
    "schematic = TRUE": [2],
    "schematic": [2],
}


@pytest.mark.parametrize(("text", "expected"), [*TIMES.items()])
def test_filters_of_pipes(pipes: Town, operator: Client, text: str, expected: list[int]) -> None:
    """Times compare as the standard says; a pipe without a date on a side is open on it."""
    assert pipes
    assert found(operator, PIPES, filter=text) == expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2006-01-01T00:00:00Z", [1, 2, 4]),
        ("1990-01-01", [3, 4]),
        ("1999-12-31T23:59:59+07:00/2000-01-01", [1, 3, 4]),
        ("../1999-01-01T00:00:00Z", [3, 4]),
        ("2010-01-02/..", [2, 4]),
        ("2010-01-01/..", [1, 2, 4]),
    ],
)
def test_a_time_selects_what_exists_then(pipes: Town, operator: Client, when: str, expected: list[int]) -> None:
    """`datetime` selects by the days between which a pipe is in the ground; an unknown day excludes nothing."""
    assert pipes
    assert found(operator, PIPES, datetime=when) == expected


def test_coordinates_are_of_the_named_system(park: Town, public: Client) -> None:
    """`filter-crs` says which system the literals are in, and in which order its axes are."""
    x, y = park.execute("select st_x(geom), st_y(geom) from trees where id = 1")[0]
    stored = f"S_INTERSECTS(geometry, BBOX({x - 1}, {y - 1}, {x + 1}, {y + 1}))"
    assert found(public, TREES, filter=stored, **{"filter-crs": f"{EPSG}9214"}) == [1]
    polygon = "POLYGON((16.455 107.575, 16.455 107.585, 16.465 107.585, 16.465 107.575, 16.455 107.575))"
    for literal in (polygon, "BBOX(16.455, 107.575, 16.465, 107.585)"):
        text = f"S_INTERSECTS(geometry, {literal})"
        assert found(public, TREES, filter=text, **{"filter-crs": f"{EPSG}4326"}) == [1]


def test_a_filter_joins_the_other_parameters(park: Town, public: Client) -> None:
    """Filter, box and property must all hold."""
    assert park
    asked = {"filter": "height_m > 1", "bbox": "107.575,16.455,107.595,16.465", "code": "A2"}
    assert found(public, TREES, **asked) == [2]


BAD = [
    "nix = 1",
    "height_m = 'tall'",
    "code = 1",
    "code LIKE 1",
    "height_m LIKE 'a%'",
    "code + 1 = 2",
    "geometry = 1",
    "CASEI(height_m) = 'a'",
    "code IN ('a', 1)",
    "height_m BETWEEN 'a' AND 2",
    "S_INTERSECTS(code, POINT(1 2))",
    "S_INTERSECTS(geometry, 'POINT(1 2)')",
    "S_INTERSECTS(geometry, POLYGON((0 0, 1 1, 0 1, 1 0, 0 0)))",
    "S_INTERSECTS(geometry, POINT(1e300 2))",
    "S_TOUCHES(geometry, GEOMETRYCOLLECTION(POINT(107 16), LINESTRING(107 16, 108 17)))",
    "T_AFTER(code, DATE('2000-01-01'))",
    "T_AFTER(DATE('2000-13-01'), DATE('2000-01-01'))",
    "planted_year > DATE('2000-01-01')",
    "pg_sleep(5) = 1",
    "height_m",
    "'a'",
    "1",
    "code LIKE 'a\\'",
    "height_m ^ 1000 > 1",
    "A_CONTAINS(code, ('a'))",
    "code = " + "(" * 30 + "'a'" + ")" * 30,
    "NOT " * 2000 + "TRUE",
    "x" * 30_000,
]


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:60])
def test_a_filter_that_means_nothing_is_refused(park: Town, public: Client, text: str) -> None:
    """400, in words about the filter; never a fault of the server, and no SQL."""
    assert park
    answer = public.get(TREES, params={"filter": text})
    assert answer.status_code == 400, answer.text
    detail = answer.json()["detail"]
    assert "filter" in detail or "value of the query" in detail
    assert "select" not in detail.lower()


BAD_JSON: list[Any] = [
    [],
    1,
    "a",
    None,
    {},
    {"op": "="},
    {"op": "=", "args": []},
    {"op": "=", "args": [{"property": "code"}]},
    {"op": "=", "args": [{"property": {"op": "x"}}, 1]},
    {"op": "in", "args": [{"property": "code"}, []]},
    {"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "Point", "coordinates": ["a", "b"]}]},
    {"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "Polygon", "coordinates": []}]},
    {"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": [1, 2, 3]}]},
    {"op": "t_after", "args": [{"date": 5}, {"date": "2000-01-01"}]},
    {"op": "t_after", "args": [{"interval": ["2000-01-01"]}, {"date": "2000-01-01"}]},
    {"op": "drop table trees", "args": []},
]


@pytest.mark.parametrize("document", BAD_JSON, ids=lambda d: json.dumps(d)[:60])
def test_json_that_means_nothing_is_refused(park: Town, public: Client, document: Any) -> None:
    """Whatever JSON a filter is, it is a filter or 400."""
    assert park
    answer = public.get(TREES, params={"filter": json.dumps(document), "filter-lang": "cql2-json"})
    assert answer.status_code == 400, answer.text


def test_nested_json_is_bounded(park: Town, public: Client) -> None:
    """Depth ends with 400 before it ends the server."""
    assert park
    for depth in (100, 900):
        text = '{"op":"not","args":[' * depth + "true" + "]}" * depth
        answer = public.get(TREES, params={"filter": text, "filter-lang": "cql2-json"})
        assert answer.status_code == 400
