"""Digs by the thousand on the pilot ward: the same answers as each alone, whoever computes them."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pytest
import shapely

from layers.crs import WGS84, parse_crs, transform_geometries
from layers.errors import Invalid, TwinError
from layers.organisations import Registration, register_organisation
from layers.owner_areas import AreaKind, declare_area
from layers.terrain import read_ground
from twin.clash.check import check, digest_many
from twin.clash.crew import City, answer_all
from twin.clash.dig import Bore, Depth, Elevation, Grade, Pit, PlannedDig, Sides, Support, Trench
from twin.clash.digest import digest
from twin.clash.works import PlannedUtility, Works
from twin.excavations.batchfile import read_batch, write_batch
from twin.excavations.many import Bench, answer_each

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import PilotWard

    from layers.database import Connection
    from layers.terrain import Ground
    from twin.clash.digest import Digest

STORAGE = parse_crs("EPSG:9214")
TODAY = date(2026, 11, 26)
POWER = "Công ty Điện lực"


@pytest.fixture(scope="module")
def ground(pilot_ward: PilotWard, pilot_connection: Connection) -> Ground:
    return read_ground(pilot_connection, pilot_ward.folder)


def a_dig(number: int, rng: np.random.Generator, x: float, y: float) -> PlannedDig:
    """Every kind of dig in turn."""
    depth, reach = Depth(float(rng.uniform(0.4, 4))), float(rng.uniform(5, 120))
    dx, dy = reach * np.array([np.cos(number), np.sin(number)])
    line = shapely.LineString([(x, y), (x + dx / 2, y + dy / 2 + 3), (x + dx, y + dy)])
    square = shapely.box(x, y, x + 5, y + 4)
    name = f"dig {number}"
    laid = Works(laid=(PlannedUtility(discipline="water", size_m=(0.2, 0.2)),))
    match number % 6:
        case 0:
            return PlannedDig(name, shapely.box(x, y, x + reach, y + 1), depth.below_ground_m, STORAGE)
        case 1:
            return PlannedDig.of(name, (Trench(line, 0.8, Grade(depth, 0.01)),), STORAGE)
        case 2:
            return PlannedDig.of(name, (Pit(square, depth, Sides(Support.BATTERED, 0.3, 0.75)),), STORAGE)
        case 3:
            return PlannedDig.of(name, (Bore(line, depth, 0.5), Pit(square, depth)), STORAGE)
        case 4:
            return PlannedDig.of(name, (Pit(square, Elevation(0.5)),), STORAGE)
        case _:
            return PlannedDig(name, shapely.box(x, y, x + 60, y + 1), 1.5, STORAGE, works=laid)


def one(connection: Connection, ground: Ground, dig: PlannedDig) -> Digest | str:
    try:
        return digest(check(connection, ground, dig))
    except TwinError as refusal:
        return str(refusal)


def test_many_digs_have_the_answers_of_each_alone(
    pilot_ward: PilotWard, pilot_connection: Connection, ground: Ground
) -> None:
    """A batch, in one process or in several, loses no hit and calls nothing clear that a check alone does not."""
    register_organisation(pilot_connection, Registration(POWER))
    row = pilot_connection.execute("select st_extent(geom)::box2d from utility_lines").fetchone()
    west, south, east, north = (float(v) for part in row[0][4:-1].split(",") for v in part.split())
    network = shapely.MultiPolygon([shapely.box(west, south, (west + east) / 2, north)])
    declare_area(pilot_connection, POWER, AreaKind.NETWORK, network)
    rng = np.random.default_rng(4)
    digs = [a_dig(n, rng, *rng.uniform((west, south), (east, north))) for n in range(180)]
    alone = [one(pilot_connection, ground, dig) for dig in digs]
    together = [str(a) if isinstance(a, TwinError) else a for a in digest_many(pilot_connection, ground, digs)]
    assert together == alone
    city = City(pilot_connection.info.dsn, pilot_ward.folder)
    crew = dict(answer_all(city, digs, workers=2))
    assert [str(crew[n]) if isinstance(crew[n], TwinError) else crew[n] for n in range(len(digs))] == alone
    told = [each for each in alone if not isinstance(each, str)]
    counts = sum((Counter(each.counts) for each in told), Counter())
    assert min(counts.values()) > 0
    assert {each.is_clear for each in told} == {True, False}
    assert not any(each.is_clear for each in told if each.counts["unknown"])
    assert any(each.silent == (POWER,) for each in told)
    assert len(told) < len(alone)


def test_each_dig_of_a_file_is_answered_or_refused_by_itself(
    pilot_connection: Connection, ground: Ground, tmp_path: Path
) -> None:
    """GeoJSON, GeoPackage and a table with WKT say the same; faults of one dig are its own, and stop no other."""
    row = pilot_connection.execute(
        "select st_x(p), st_y(p) from utility_lines, st_pointn(geom, 1) p limit 1"
    ).fetchone()
    x, y = row
    shapes = [
        shapely.box(x, y, x + 9, y + 1),
        shapely.box(x, y, x + 9, y + 1),
        shapely.box(x - 1e5, y, x - 1e5 + 9, y + 1),
    ]
    moved = transform_geometries(np.array(shapes, dtype=object), STORAGE, parse_crs(WGS84))
    rows: list[dict[str, Any]] = [
        {"name": "A", "depth_m": 1.5},
        {"name": "B", "depth_m": 900.0},
        {"name": "C", "depth_m": 1.0},
    ]
    features = [
        {"type": "Feature", "properties": each, "geometry": json.loads(shapely.to_geojson(shape))}
        for each, shape in zip(rows, moved, strict=True)
    ]
    (tmp_path / "x.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with (tmp_path / "x.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["name", "depth_m", "wkt"])
        writer.writeheader()
        writer.writerows(each | {"wkt": shape.wkt} for each, shape in zip(rows, shapes, strict=True))
    pyogrio.raw.write(
        tmp_path / "x.gpkg",
        np.array([shapely.to_wkb(shape) for shape in shapes], dtype=object),
        [np.array([each[name] for each in rows], dtype=kind) for name, kind in (("name", object), ("depth_m", float))],
        ["name", "depth_m"],
        crs="EPSG:9214",
        geometry_type="Polygon",
        driver="GPKG",
    )
    bench = Bench(pilot_connection, ground, TODAY)

    def answer(name: str) -> list[dict[str, Any]]:
        ask = partial(digest_many, pilot_connection, ground)
        crs = STORAGE if name.endswith("csv") else None
        lines = answer_each(bench, read_batch(tmp_path / name, crs), None, lambda digs: enumerate(ask(digs)))
        return sorted((line.to_json() for line in lines), key=lambda line: line["number"])

    first, second, third = answer("x.geojson")
    assert answer("x.csv") == answer("x.gpkg") == [first, second, third]
    assert (first["name"], first["refused"]) == ("A", [])
    assert first["open"]
    assert "depth_m" in second["refused"][0]["en"]
    assert "outside the city" in third["refused"][0]["en"]
    assert "ngoài thành phố" in third["refused"][0]["vi"]
    (tmp_path / "y.csv").write_text("name\nA\n")
    with pytest.raises(Invalid, match="wkt"):
        read_batch(tmp_path / "y.csv")


def test_table_of_answers_has_every_open_object(pilot_connection: Connection, ground: Ground, tmp_path: Path) -> None:
    """What a spreadsheet shows is what was found, and no name in it is a formula."""
    row = pilot_connection.execute(
        "select st_x(p), st_y(p) from utility_lines, st_pointn(geom, 1) p limit 1"
    ).fetchone()
    dig = PlannedDig("=1+1", shapely.box(row[0], row[1], row[0] + 9, row[1] + 1), 1.5, STORAGE)
    shape = transform_geometries(np.array([dig.polygon], dtype=object), STORAGE, parse_crs(WGS84))[0]
    document = {
        "type": "Feature",
        "properties": {"name": "=1+1", "depth_m": 1.5},
        "geometry": json.loads(shapely.to_geojson(shape)),
    }
    bench = Bench(pilot_connection, ground, TODAY)
    lines = list(
        answer_each(bench, document, None, lambda digs: enumerate(digest_many(pilot_connection, ground, digs)))
    )
    files = write_batch(lines, STORAGE, tmp_path / "x.csv", "vi")
    (told,), objects = (list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline=""))) for file in files)
    assert told["name"] == "'=1+1"
    assert lines[0].digest is not None
    assert told["owners_without_data"] == POWER
    assert (
        len(objects) == len(lines[0].digest.open) == sum(int(told[n]) for n in ("definite", "possible", "unknown")) - 1
    )
    assert {row["id"] for row in objects} == {str(each.feature_id) for each in lines[0].digest.open}
