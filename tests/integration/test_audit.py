"""The audit of the whole network: which pairs it finds, what it leaves out, and how it goes on after a stop."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pytest
import shapely

from layers.audit import find_place, find_run
from layers.database import Audience, Reader
from layers.errors import Conflict, Unavailable
from twin.audit.geopackage import write_geopackage
from twin.audit.page import render
from twin.audit.report import read_report
from twin.audit.run import Advanced, Effort, audit_network
from twin.clash.rulefile import read_rules

if TYPE_CHECKING:
    from pathlib import Path

    from layers.database import Connection

EAST, NORTH = 562_000.0, 1_820_000.0
BOOK = read_rules()
# What the table asks of two disciplines in plan, before its notes.
TABLE = {
    frozenset(pair): limit
    for *pair, limit in (
        ("water", "wastewater", 1.0), ("water", "storm", 0.5), ("water", "power", 0.5), ("water", "telecom", 0.5),
        ("wastewater", "storm", 0.4), ("wastewater", "power", 0.5), ("wastewater", "telecom", 0.5),
        ("storm", "power", 0.5), ("storm", "telecom", 0.5), ("power", "telecom", 0.5),
    )
}  # fmt: skip


class Stopped(Exception):
    """What a test throws where a person would press Ctrl-C."""


def a_line(connection: Connection, *points: tuple[float, ...], z: float | None = 1.0, **columns: Any) -> int:
    """A surveyed line of 0.1 m through points in metres from the corner; a third coordinate overrides z."""
    xyz = [(EAST + p[0], NORTH + p[1], p[2] if len(p) > 2 else z) for p in points]
    values = {
        "discipline": "water", "vertical_reference": "axis", "ground_source": "owner", "ground_m": 3.0,
        "section_shape": "circular", "elevation_source": "none" if z is None else "measured", "outer_width_m": 0.1,
        "outer_height_m": 0.1, "quality_level": "A", "owner": "HueWACO",
        "geom": f"SRID=9214;{shapely.LineString([p[:2] for p in xyz]).wkt}",
        "axis": None if z is None else f"SRID=9214;{shapely.LineString(xyz).wkt}",
    } | columns  # fmt: skip
    return _insert(connection, "utility_lines", values)


def a_manhole(connection: Connection, x: float, y: float, **columns: Any) -> int:
    values = {
        "discipline": "wastewater", "vertical_reference": "none", "ground_source": "owner", "ground_m": 3.0,
        "elevation_source": "measured", "section_shape": "circular", "kind": "manhole", "outer_width_m": 1.2,
        "outer_length_m": 1.2, "bottom_m": 0.0, "cover_m": 3.0, "quality_level": "A", "owner": "HEPCO",
        "geom": f"SRID=9214;POINT({EAST + x} {NORTH + y})",
    } | columns  # fmt: skip
    return _insert(connection, "utility_nodes", values)


def _insert(connection: Connection, table: str, values: dict[str, Any]) -> int:
    names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
    statement = f"insert into {table} ({names}) values ({marks}) returning id"  # noqa: S608
    (number,) = connection.execute(statement, list(values.values())).fetchone() or (0,)
    return int(number)


def found(connection: Connection, number: int) -> dict[frozenset[tuple[str, int]], tuple[Any, ...]]:
    """Verdict, aspect, arrangement, limit, measured and remark by the pair's two objects."""
    rows = connection.execute(
        "select first, second, verdict, aspect, arrangement, limit_m, measured_m, remark from audit_pairs"
        " where run_id = %s",
        (number,),
    ).fetchall()
    return {frozenset(((a["layer"], a["id"]), (b["layer"], b["id"]))): tuple(rest) for a, b, *rest in rows}


def lines(*numbers: int) -> frozenset[tuple[str, int]]:
    return frozenset(("utility_lines", number) for number in numbers)


def test_planted_pairs_are_found_and_joined_ones_are_not(connection: Connection, tmp_path: Path) -> None:
    """Each planted pair comes with the verdict, the distance and the limit that it must have, and no other pair."""
    c = connection
    c.execute(
        "insert into roads (name, width_m, geom) values ('Lê Lợi', 12, st_multi(st_setsrid(st_makeline("
        "st_makepoint(%s, %s), st_makepoint(%s, %s)), 9214)))",
        (EAST, NORTH, EAST + 300, NORTH),
    )
    main = a_line(c, (0, 0), (100, 0))
    power = a_line(c, (0, 0.3), (100, 0.3), discipline="power", owner="PC Huế")  # 0.2 m apart, 0.5 asked
    # 0.7 m below the main, 1.0 m asked; 0.7 m below the cable, 0.5 m asked.
    sewer = a_line(c, (50, -30), (50, 30), z=0.2, discipline="wastewater", owner="HEPCO")
    branch = a_line(c, (80, 0), (80, -6))  # a connection to its main
    twin = a_line(c, (0, 100), (60, 100), owner="A")
    a_line(c, (60, 100), (120, 100), owner="A")  # goes on where it ends
    bent = a_line(c, (60, 100), (55, 100.4), (0, 100.4), owner="A")  # leaves the joint, then runs beside its fellow
    blind = a_line(c, (20, 130), (40, 130), z=None, discipline="telecom", owner="VNPT")
    # Whether it passes above or below the cable, nobody knows.
    crossed = a_line(c, (30, 120), (30, 140), discipline="power", owner="PC Huế")
    loose = a_line(c, (200, 0), (220, 0), quality_level="D")
    near_loose = a_line(c, (200, 1.5), (220, 1.5), quality_level="D", discipline="power")  # 1.4 m on record, ±2 m
    a_manhole(c, 150, 50)
    a_line(c, (150.4, 50), (170, 50), z=0.5, discipline="wastewater", owner="HEPCO")
    a_line(c, (149.6, 50.2), (130, 50), z=1.4, discipline="wastewater", owner="HEPCO")  # meets it in the manhole
    a_line(c, (150, 50.8), (170, 50.8), z=2.0, discipline="gas", owner="PVGas")
    a_line(c, (0, 0.05), (100, 0.05), status="removed")
    a_line(c, (0, 0.05), (100, 0.05), status="planned")
    run = audit_network(c, BOOK, effort=Effort(4))
    pairs = found(c, run.id)
    assert pairs == {
        lines(main, power): ("definite", "plan", "alongside", 0.5, pytest.approx(0.2), None),
        lines(main, sewer): ("definite", "vertical", "crossing", 1.0, pytest.approx(0.7), None),
        lines(power, branch): ("definite", "plan", "beside", 0.5, pytest.approx(0.2), None),
        lines(twin, bent): ("definite", "plan", "alongside", 0.7, pytest.approx(0.3, abs=0.02), None),
        lines(blind, crossed): ("unknown", "vertical", "crossing", 0.5, None, None),
        lines(loose, near_loose): ("possible", "plan", "alongside", 0.5, pytest.approx(1.4), None),
    }
    report = read_report(c, run)
    assert report.counts["no_rule"] == 3, "gas beside two sewers and their manhole"
    assert report.no_rule == {"gas / wastewater": 3}
    assert report.lines_without_depth == 1
    assert [(g.keys[0], g.definite) for g in report.owners] == [
        ("HueWACO", 3),
        ("PC Huế", 2),
        ("A", 1),
        ("HEPCO", 1),
        ("VNPT", 0),
    ]
    streets = {group.keys[0]: group.definite for group in report.streets}
    assert streets["Lê Lợi"] == 3
    write_geopackage(c, run, tmp_path / "pairs.gpkg")
    assert pyogrio.read_info(tmp_path / "pairs.gpkg")["features"] == len(pairs)
    page = render(report)
    assert all(text in page for text in ("Lê Lợi", "song song", "parallel", "Bảng 2.30", "VNPT"))
    assert "<script" not in page
    told = json.loads(json.dumps(report.to_json()))
    assert told["pairs"] == {"definite": 4, "possible": 1, "unknown": 1}
    worst = told["worst"][0]
    assert told["rules"]["rules"][worst["rule"]]["text"]["vi"]


def test_a_stopped_audit_goes_on_and_finds_the_same(connection: Connection) -> None:
    """Stopped after any batch and started again, an audit does no batch twice and ends with the same pairs."""
    _random_city(connection, 60)
    whole = audit_network(connection, BOOK, effort=Effort(7))
    expected = Counter(found(connection, whole.id).values())
    assert expected
    done: list[int] = []

    def stop(now: Advanced) -> None:
        if now.objects:
            done.append(now.done)
            raise Stopped

    with pytest.raises(Stopped):
        audit_network(connection, BOOK, effort=Effort(7), anew=True, tell=stop)
    number = find_run(connection).id
    for _ in range(3):
        with pytest.raises(Stopped):
            audit_network(connection, BOOK, effort=Effort(7), tell=stop)
    assert done == [7, 14, 21, 28]
    again = audit_network(connection, BOOK, effort=Effort(7))
    assert (again.id, again.ended_at is None) == (number, False)
    assert Counter(found(connection, again.id).values()) == expected
    assert find_place(connection, again).objects == again.total == 60
    assert audit_network(connection, BOOK).id == number, "nothing changed: nothing is done again"

    a_line(connection, (0, 0), (50, 0))
    with pytest.raises(Stopped):
        audit_network(connection, BOOK, effort=Effort(7), tell=stop)
    assert find_run(connection).id > number, "the network changed: an audit of the old one would be no answer"

    def change(now: Advanced) -> None:
        if now.objects:
            a_line(connection, (0, 9), (50, 9))

    with pytest.raises(Conflict, match="changed while"):
        audit_network(connection, BOOK, effort=Effort(7), tell=change)


def test_every_pair_of_a_random_city_against_all_pairs(connection: Connection) -> None:
    """What is too near among all pairs by PostGIS and the table alone is found; what is found is as near as it says."""
    _random_city(connection, 400)
    pairs = found(connection, audit_network(connection, BOOK, effort=Effort(90, connection.info.dsn)).id)
    rows = connection.execute(
        "select id, discipline, st_asbinary(axis), outer_width_m / 2 from utility_lines order by id"
    ).fetchall()
    shapes = {number: (discipline, shapely.from_wkb(axis), radius) for number, discipline, axis, radius in rows}
    gaps = {
        (a, b): gap
        for a, b, gap in connection.execute(
            "select a.id, b.id, st_distance(a.geom, b.geom) - (a.outer_width_m + b.outer_width_m) / 2"
            " from utility_lines a, utility_lines b where a.id < b.id"
        ).fetchall()
    }
    assert len(gaps) == 400 * 399 // 2
    seen = Counter[str]()
    for (a, b), gap in gaps.items():
        limit = TABLE.get(frozenset((shapes[a][0], shapes[b][0])))
        if limit is None:
            continue
        if 0 < gap < limit - 1e-6:
            assert pairs[lines(a, b)][0] == "definite", (a, b, gap)
            seen["beside"] += 1
        elif gap <= 0 and _rise_at_crossing(shapes[a], shapes[b]) < 0.4:
            assert pairs[lines(a, b)][0] == "definite", (a, b)
            seen["crossing"] += 1
    for pair, (verdict, aspect, arrangement, limit, measured, _) in pairs.items():
        a, b = sorted(number for _, number in pair)
        assert gaps[a, b] < 3.5, "within the widest rule and both accuracies"
        if (verdict, aspect) == ("definite", "plan"):
            assert measured < limit
            assert gaps[a, b] <= measured + 1e-6
            if arrangement == "beside":
                assert measured == pytest.approx(gaps[a, b], abs=2e-6)
            seen["definite"] += 1
    assert min(seen["beside"], seen["crossing"], seen["definite"]) > 20, seen


def _random_city(connection: Connection, count: int) -> None:
    """Lines of all disciplines in a square of 120 m, some along each other, some across, each with a depth."""
    rng = np.random.default_rng(11)
    names = ["water", "wastewater", "storm", "power", "telecom"]
    for _ in range(count):
        x, y, angle = rng.uniform(0, 120), rng.uniform(0, 120), rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)])
        length, z = rng.uniform(3, 25), rng.uniform(0.5, 2.2)
        end = (x + length * np.cos(angle), y + length * np.sin(angle), z + rng.uniform(-0.3, 0.3))
        width = float(rng.choice([0.05, 0.11, 0.4]))
        a_line(
            connection, (x, y, z), end, z=z, outer_width_m=width, outer_height_m=width,
            discipline=str(rng.choice(names)),
        )  # fmt: skip


def _rise_at_crossing(a: tuple[Any, ...], b: tuple[Any, ...]) -> float:
    """Vertical distance between the outsides where two axes cross in plan; infinite where they do not."""
    place = shapely.intersection(shapely.force_2d(a[1]), shapely.force_2d(b[1]))
    if place.geom_type != "Point":
        return np.inf
    heights = []
    for _, axis, _ in (a, b):
        (x0, y0, z0), (x1, y1, z1) = axis.coords[0], axis.coords[-1]
        heights.append(z0 + (z1 - z0) * np.hypot(place.x - x0, place.y - y0) / np.hypot(x1 - x0, y1 - y0))
    return float(abs(heights[0] - heights[1]) - a[2] - b[2])


def test_an_empty_city_has_no_audit_and_the_public_sees_none(city: str, connection: Connection) -> None:
    """Nothing loaded is no clean bill; what an audit found is read by operators and by nobody from the street."""
    with pytest.raises(Unavailable, match="import them first"):
        audit_network(connection, BOOK)
    may = {}
    for audience in (Audience.PUBLIC, Audience.OPERATOR):
        reader = Reader(city.replace("//twin@", f"//{audience}@"), audience)
        with reader.connection() as opened:
            may[audience] = opened.execute("select has_table_privilege('twin.audit_pairs', 'select')").fetchone()
        reader.close()
    assert may == {Audience.PUBLIC: (False,), Audience.OPERATOR: (True,)}
