"""Owners known to be at a place of which they delivered nothing: unknown, aloud, at every door."""

from __future__ import annotations

import json
from math import pi
from typing import TYPE_CHECKING

import pytest
import shapely
from typer.testing import CliRunner

from layers.crs import parse_crs
from layers.errors import NotFound
from layers.organisations import Registration, register_organisation, remove_organisation
from layers.owner_areas import AreaKind, Silence, declare_area, find_silences, list_areas, withdraw_area
from layers.terrain import read_ground
from twin.clash.check import check
from twin.clash.dig import PlannedDig
from twin.clash.outcome import Outcome
from twin.cli import app
from twin.excavations.difference import compare_reports
from twin.excavations.disclosure import View, reduce_document
from twin.excavations.package.package import Package
from twin.excavations.package.tables import list_owners

if TYPE_CHECKING:
    from pathlib import Path

    from layers.database import Connection

EAST, NORTH = 562_000.0, 1_820_000.0
STORAGE = parse_crs("EPSG:9214")
POWER = "Công ty Điện lực"


def a_box(west: float, south: float, east: float, north: float) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([shapely.box(EAST + west, NORTH + south, EAST + east, NORTH + north)])


DIG = PlannedDig("hào", a_box(40, 48, 60, 52).geoms[0], 1.0, STORAGE)


def silences(connection: Connection) -> list[Silence]:
    return find_silences(connection, DIG.polygon, 0.0)


def test_owner_without_records_is_unknown_at_every_door(connection: Connection, tmp_path: Path) -> None:
    """A network known to be there and not delivered: not clear, counted unknown, named, asked; delivered it is gone."""
    connection.execute(
        "insert into boundaries (level, name, geom) values ('ward', 'x', st_multi(%s::geometry))",
        (f"SRID=9214;{a_box(0, 0, 100, 100).geoms[0]}",),
    )
    connection.execute(
        "insert into utility_lines (discipline, vertical_reference, ground_source, elevation_source, section_shape,"
        " outer_width_m, outer_height_m, geom) values ('water', 'none', 'none', 'none', 'circular', 0.1, 0.1, %s)",
        (f"SRID=9214;LINESTRING({EAST} {NORTH}, {EAST + 9} {NORTH})",),
    )
    register_organisation(connection, Registration(POWER))
    ground = read_ground(connection, tmp_path)
    before = check(connection, ground, DIG)
    assert before.is_clear
    (version,) = connection.execute("select version from layer_states where layer = 'owner_areas'").fetchone() or (0,)

    declare_area(connection, POWER, AreaKind.NETWORK, a_box(50, 0, 100, 100))
    report = check(connection, ground, DIG)
    assert not report.is_clear
    assert report.counts == {"definite": 0, "possible": 0, "unknown": 1, "clear": 0}
    (told,) = report.to_json()["owners_without_data"]
    assert (told["owner"], told["outcome"]) == (POWER, "unknown")
    assert told["area_m2"] == pytest.approx(12 * 8 - 2 * (4 - pi), abs=0.05), (
        "10 m + 2 m by 4 m + 2 × 2 m, two round corners"
    )
    assert f"{POWER} có mạng lưới tại đây" in report.warnings[0].vi
    assert all(POWER not in json.dumps(remark.vi, ensure_ascii=False) for remark in report.remarks)
    others = reduce_document(report.to_json(), View("khác", frozenset({"khác"}), secrets=False))
    assert POWER not in json.dumps(others, ensure_ascii=False), "not told to other owners"
    assert (others["clashes"], others["is_clear"]) == ([], False), "who sees a part is never told that all is clear"
    (row,) = list_owners(report, {})
    assert (row.owner, row.worst, row.numbers) == (POWER, Outcome.UNKNOWN, ())
    page = Package(report, "vi").write("html").decode()
    assert POWER in page
    assert "chưa giao hồ sơ tại đây" in page
    difference = compare_reports(before.to_json(), report.to_json())
    assert difference is not None
    assert not difference["is_advice"]
    (changed,) = connection.execute("select version from layer_states where layer = 'owner_areas'").fetchone() or (0,)
    assert changed > version, "checks that rest on it are made again"

    declare_area(connection, POWER, AreaKind.DELIVERED, a_box(40, 40, 70, 60), "công văn 12")
    assert check(connection, ground, DIG).is_clear


def test_what_is_delivered_is_taken_off_what_is_there(connection: Connection) -> None:
    """The gap is network less delivery, to the square metre; slivers, withdrawn and removed owners leave none."""
    register_organisation(connection, Registration(POWER))
    declare_area(connection, POWER, AreaKind.DELIVERED, a_box(0, 0, 100, 100))
    assert silences(connection) == [], "nobody said that it is there"
    declare_area(connection, POWER, AreaKind.NETWORK, a_box(0, 0, 100, 100))
    assert silences(connection) == []
    declare_area(connection, POWER, AreaKind.DELIVERED, a_box(0, 0, 45, 100))
    assert silences(connection) == [Silence(POWER, pytest.approx(60.0), pytest.approx(0.75), delivers=True)]  # type: ignore[arg-type]
    declare_area(connection, POWER, AreaKind.DELIVERED, a_box(0, 0, 59.999, 100))
    assert silences(connection) == [], "two outlines a millimetre apart"
    withdraw_area(connection, POWER, AreaKind.DELIVERED)
    assert [s.delivers for s in silences(connection)] == [False]
    assert [(one.owner, one.kind, one.area_m2) for one in list_areas(connection)] == [(POWER, "network", 10_000.0)]
    remove_organisation(connection, POWER)
    assert silences(connection) == []


def test_the_desk_declares_areas(city: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Polygons of a GeoJSON file, for a registered name or another name of it; an unknown owner is refused."""
    monkeypatch.setenv("TWIN_DATABASE_URL", city)
    path = tmp_path / "area.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [_RING]}))

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["organisation", *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    run("add", POWER, "--alias", "Điện lực")
    assert "network" in run("network", "Điện lực", str(path), "--remark", "công văn 12")
    run("delivered", POWER, str(path))
    owner, kind, area, _, remark = run("areas").splitlines()[1].split("\t")
    assert (owner, kind, remark) == (POWER, "network", "công văn 12")
    assert 113_000 < float(area) < 119_000, "0.001° × 0.01° at 16.46° north"
    run("withdraw", POWER, "delivered")
    assert len(run("areas").splitlines()) == 1
    with pytest.raises(NotFound):
        run("network", "Không ai", str(path))


_RING = [[107.58, 16.46], [107.581, 16.46], [107.581, 16.47], [107.58, 16.47], [107.58, 16.46]]
