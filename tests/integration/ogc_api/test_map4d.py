"""What docs/map4d.md shows: tiles of objects in the forms that Map4D takes."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Town
    from httpx import Client

LON, LAT = 107.58, 16.46


def address(zoom: int) -> str:
    x = (LON + 180) / 360 * 2**zoom
    y = (1 - math.asinh(math.tan(math.radians(LAT))) / math.pi) / 2 * 2**zoom
    return f"{zoom}/{int(x)}/{int(y)}.json"


def test_buildings_come_as_map4d_takes_them(town: Town, public: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ring of [lng, lat], not closed, a height or 0, one entry a part; what is left out is said."""
    town.execute(
        "insert into buildings (name, height_m, geom) select n, h, st_multi(st_transform(st_collect("
        "st_makeenvelope(107.58, 16.46, 107.5801, 16.4601, 4326),"
        " st_makeenvelope(107.5802, 16.46, 107.5803, 16.4601, 4326)), 9214))"
        " from (values ('Nhà văn hóa', 7.5), (null, null)) as v (n, h)"
    )
    answer = public.get(f"/tiles/buildings/{address(16)}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    first, second, third, _ = answer.json()
    assert [*first] == ["id", "name", "position", "coordinates", "height"]
    assert (first["id"], first["name"], first["height"], second["id"]) == ("1", "Nhà văn hóa", 7.5, "1.1")
    assert len(first["coordinates"]) == 4
    assert min(first["coordinates"]) == pytest.approx([LON, LAT], abs=1e-6)
    assert first["position"] == pytest.approx([LON + 0.00005, LAT + 0.00005], abs=1e-6)
    assert (third["name"], third["height"]) == ("", 0)
    monkeypatch.setattr("ogc_api.object_tiles.MOST_OBJECTS", 1)
    town.execute("update buildings set storeys = 2")
    assert public.get(f"/tiles/buildings/{address(16)}").headers["twin-left-out"] == "1"
    for wrong in (f"buildings/{address(14)}", f"trees/{address(16)}", f"city/{address(16)}"):
        assert public.get(f"/tiles/{wrong}").status_code == 404


def test_underground_lines_come_as_level_pieces(town: Town, operator: Client, public: Client) -> None:
    """A line that falls a metre is cut into level pieces below the ground; an unknown depth is null, never a number."""
    town.a_pipe(axis_m=1.0, ground_m=2.5, ground_source="terrain")
    town.execute(
        "update utility_lines set axis = st_setpoint(axis, 1, st_makepoint(st_x(st_endpoint(geom)),"
        " st_y(st_endpoint(geom)), 0))"
    )
    town.a_pipe(ground_m=2.5, ground_source="terrain", discipline="gas")
    town.a_pipe(axis_m=1.0)
    place = f"/tiles/utility_lines/{address(16)}"
    lines = operator.get(place).json()
    falling = [line for line in lines if line["id"] == "1"]
    assert [line["elevation"] for line in falling] == [-1.625, -1.875, -2.125, -2.375]
    assert [*falling[0]] == ["id", "strokeColor", "strokeWidth", "path", "elevation"]
    assert falling[0]["path"][0] == pytest.approx([LON, LAT], abs=1e-6)
    assert falling[-1]["path"][1] == pytest.approx([LON + 0.001, LAT], abs=1e-6)
    assert all(a["path"][1] == b["path"][0] for a, b in pairwise(falling))
    assert [(line["id"], line["elevation"]) for line in lines if line not in falling] == [("2", None), ("3", None)]
    assert {line["id"]: line["strokeColor"] for line in lines}["2"] == "#f2c400"
    assert public.get(place).status_code == 404
