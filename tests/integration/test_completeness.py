"""A check held against every object of a city: what the query for candidates and the first looks leave out is clear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from importers.folder import ImportOptions, import_path
from layers.candidates import find_near
from layers.crs import parse_crs
from layers.terrain import read_ground
from twin.clash.check import check, digest_many
from twin.clash.dig import Bore, Depth, Elevation, Grade, Pit, PlannedDig, Sides, Stations, Support, Trench
from twin.clash.outcome import Outcome, assess
from twin.clash.records import read_utility

if TYPE_CHECKING:
    from pathlib import Path

    from layers.database import Connection
    from twin.clash.dig import Bottom, Part

EAST, NORTH, SIDE_M = 562_000.0, 1_820_000.0, 240
ORIGIN = np.array((EAST, NORTH))
STORAGE = parse_crs("EPSG:9214")
SIZES_M = (0.05, 0.3, 1.2, 4.0, 9.0)
LEVELS = ("A", "B1", "B4", "D", "QL-A", None, "of nobody's table")


@pytest.fixture
def city(connection: Connection, tmp_path: Path) -> Connection:
    """Hilly ground full of objects of every size, accuracy and ignorance."""
    folder = tmp_path / "terrain"
    folder.mkdir()
    rows, columns = np.mgrid[0:SIDE_M, 0:SIDE_M]
    heights = (3 + 2 * np.sin(columns / 40) + 1.5 * np.cos(rows / 30)).astype("float32")
    options = {"driver": "GTiff", "width": SIDE_M, "height": SIDE_M, "count": 1, "dtype": "float32", "crs": "EPSG:9214"}
    with rasterio.open(folder / "dem.tif", "w", transform=from_origin(EAST, NORTH + SIDE_M, 1, 1), **options) as out:
        out.write(heights, 1)
    import_path(connection, tmp_path, folder, ImportOptions())
    connection.execute(
        "insert into boundaries (level, name, geom) values"
        " ('ward', 'x', st_multi(st_makeenvelope(%s, %s, %s, %s, 9214)))",
        (EAST, NORTH, EAST + SIDE_M, NORTH + SIDE_M),
    )
    rng = np.random.default_rng(4)
    for number in range(240):
        a_line(connection, rng) if number % 4 else a_node(connection, rng)
    return connection


def insert(connection: Connection, layer: str, columns: dict[str, Any]) -> None:
    names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
    connection.execute(f"insert into {layer} ({names}) values ({marks})", list(columns.values()))  # noqa: S608


def maybe[T](rng: np.random.Generator, share: float, value: T) -> T | None:
    return value if rng.random() < share else None


def quality(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "quality_level": LEVELS[rng.integers(len(LEVELS))],
        "horizontal_accuracy_m": maybe(rng, 0.4, float(rng.choice([0, 0.02, 3, 25, 90]))),
        "schematic": bool(rng.random() < 0.05),
        "discipline": "water",
        "ground_source": "none",
    }


def sizes(rng: np.random.Generator, shape: str) -> tuple[float | None, float | None]:
    if rng.random() < 0.2:
        return None, None
    width, height = (float(size) for size in rng.choice(SIZES_M, 2))
    return width, width if shape == "circular" else height


def a_line(connection: Connection, rng: np.random.Generator) -> None:
    start, towards = rng.uniform(0, SIDE_M, 2) + ORIGIN, rng.uniform(-1, 1, 2)
    length = float(rng.choice([2, 20, 150]))
    xy = [start + towards * length * share + rng.normal(0, length / 20, 2) for share in np.linspace(0, 1, 4)]
    z, known = rng.uniform(-8, 5), rng.random() < 0.7
    shape = str(rng.choice(["circular", "rectangular", "egg"]))
    width, height = sizes(rng, shape)
    flat = ", ".join(f"{x} {y}" for x, y in xy)
    axis = ", ".join(f"{x} {y} {z + rng.normal(0, 0.5)}" for x, y in xy)
    columns = {
        "vertical_reference": str(rng.choice(["axis", "unstated"])), "section_shape": shape, "outer_width_m": width,
        "outer_height_m": height, "elevation_source": "measured" if known else "none",
        "vertical_accuracy_m": maybe(rng, 0.4, float(rng.choice([0, 0.5, 3]))),
        "geom": f"SRID=9214;LINESTRING({flat})", "axis": f"SRID=9214;LINESTRING Z({axis})" if known else None,
    }  # fmt: skip
    insert(connection, "utility_lines", quality(rng) | columns)


def a_node(connection: Connection, rng: np.random.Generator) -> None:
    x, y = rng.uniform(0, SIDE_M, 2) + ORIGIN
    shape, known = str(rng.choice(["circular", "rectangular"])), rng.random() < 0.6
    width, length = sizes(rng, shape)
    columns = {
        "kind": "manhole", "vertical_reference": "invert", "section_shape": shape, "outer_width_m": width,
        "outer_length_m": length, "elevation_source": "measured" if known else "none",
        "bottom_m": rng.uniform(-8, 1) if known else None,
        "cover_m": rng.uniform(1.5, 5) if known and rng.random() < 0.8 else None,
        "geom": f"SRID=9214;POINT({x} {y})",
    }  # fmt: skip
    insert(connection, "utility_nodes", quality(rng) | columns)


def a_part(rng: np.random.Generator, number: int) -> Part:
    """Every kind of part, bottom and side in turn."""
    x, y = rng.uniform(70, SIDE_M - 70, 2) + ORIGIN
    line = shapely.LineString([(x, y), *rng.uniform(-45, 45, (1 + number % 3, 2)) + np.array((x, y))])
    depth, level = Depth(float(rng.uniform(0.5, 5))), Elevation(float(rng.uniform(-6, -1)))
    sides = (Sides(), Sides(Support.SHORED, working_m=0.8), Sides(Support.BATTERED, slope=float(rng.uniform(0.3, 2))))
    stations = Stations(((0.0, -1.0), (line.length / 2, -3.0), (line.length, -2.0)))
    bottoms: tuple[Bottom, ...] = (depth, level, Grade(depth, 0.01), stations)
    match number % 3:
        case 0:
            notched = shapely.box(x, y, x + 12, y + 6).difference(shapely.box(x + 3, y + 2, x + 9, y + 6))
            return Pit(notched, (depth, level)[number % 2], sides[number // 3 % 3])
        case 1:
            return Trench(line, float(rng.uniform(0.4, 3)), bottoms[number // 3 % 4], sides[number // 12 % 3])
        case _:
            return Bore(line, level, float(rng.uniform(0.1, 1.5)), 0.05)


def test_a_check_finds_what_every_object_held_one_by_one_tells(city: Connection, tmp_path: Path) -> None:
    """Protects against the worst fault of all: an object in the way that nobody looked at."""
    ground, rng = read_ground(city, tmp_path), np.random.default_rng(8)
    everything = find_near(city, shapely.box(EAST, NORTH, EAST + SIDE_M, NORTH + SIDE_M), 1e5)
    assert len(everything) == 240
    digs = [PlannedDig.of(f"dig {n}", (a_part(rng, n), a_part(rng, n + 1)), STORAGE) for n in range(36)]
    met = 0
    for dig, brief in zip(digs, digest_many(city, ground, digs), strict=True):
        report = check(city, ground, dig)
        objects = [read_utility(index, row, heights=True) for index, row in enumerate(everything)]
        told = {
            (everything[found.utility_id].layer, everything[found.utility_id].id): (found.outcome, found.reason)
            for found in assess(report.excavation, objects)
            if found.outcome is not Outcome.CLEAR
        }
        open_ = [clash for clash in report.clashes if clash.outcome is not Outcome.CLEAR]
        assert {(clash.layer, clash.feature_id): (clash.outcome, clash.reason) for clash in open_} == told
        assert {(each.layer, each.feature_id): (each.outcome, each.reason) for each in brief.open} == told
        met += len(told)
    assert met > 300
