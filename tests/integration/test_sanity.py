"""What the network check finds in real PostGIS: each planted oddity, and nothing else."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from importers.map_picture import draw_map
from importers.phrases import in_vietnamese
from importers.report_page import write_report
from layers.crs import parse_crs, transform_geometries
from layers.loading import open_run
from layers.neighbours import TOUCH_M
from layers.overview import HEIGHT, WIDTH, read_overview
from layers.sanity import MOST_EXAMPLES, STEPS, Rule, check_network, depth_knowledge
from layers.terrain import Ground, Raster, read_ground
from twin.sample.city.ward import plan_ward

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conftest import PilotWard

    from layers.database import Connection
    from layers.sanity import Result, Sanity

SRID = 9214
X, Y = 562_000.0, 1_820_000.0
STORAGE = parse_crs(f"EPSG:{SRID}")
NO_TERRAIN = Ground(STORAGE, ())
_numbers = count(1)


def at(*points: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([(X + x, Y + y) for x, y in points])


def a_file(connection: Connection, run_id: int | None = None) -> int:
    """A source file of a run, of one of its own where none is named."""
    run_id = run_id or open_run(connection, "/delivery", {})
    name = f"file-{next(_numbers)}.gpkg"
    row = connection.execute(
        "insert into source_files (run_id, path, location, sha256, key, bytes, outcome, decisions)"
        " values (%s, %s, %s, %s, %s, 1, 'loaded', '[]') returning id",
        (run_id, name, name, name, name),
    ).fetchone()
    assert row is not None
    return int(row[0])


def a_line(
    connection: Connection,
    plan: shapely.LineString,
    z: Sequence[float] | None = None,
    **columns: Any,
) -> int:
    """A storm sewer of 0.4 m, without elevation unless the axis's z is given; the ground lies at 2.0 m."""
    axis = None if z is None else shapely.LineString(np.column_stack([shapely.get_coordinates(plan), z]))
    defaults = {
        "discipline": "storm",
        "vertical_reference": "axis",
        "elevation_source": "none" if z is None else "measured",
        "ground_source": "terrain",
        "ground_m": 2.0,
        "section_shape": "circular",
        "outer_width_m": 0.4,
        "outer_height_m": 0.4,
        "source_row": next(_numbers),
        "geom": wkb(plan),
        "axis": None if axis is None else wkb(axis),
    }
    return an_entry(connection, "utility_lines", defaults | columns)


def a_node(connection: Connection, x: float, y: float, **columns: Any) -> int:
    defaults = {
        "discipline": "storm",
        "kind": "manhole",
        "vertical_reference": "none",
        "elevation_source": "none",
        "ground_source": "none",
        "section_shape": "circular",
        "geom": wkb(shapely.Point(X + x, Y + y)),
    }
    return an_entry(connection, "utility_nodes", defaults | columns)


def an_entry(connection: Connection, table: str, columns: dict[str, Any]) -> int:
    names, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
    statement = f"insert into {table} ({names}) values ({places}) returning id"  # noqa: S608 - names of this file
    row = connection.execute(statement, list(columns.values())).fetchone()
    assert row is not None
    return int(row[0])


def wkb(geometry: shapely.Geometry) -> str:
    return str(shapely.to_wkb(shapely.set_srid(geometry, SRID), hex=True, include_srid=True))


def a_sewer(connection: Connection, z: Sequence[float], **columns: Any) -> list[int]:
    """Sewers of 30 m in a row along y = 0 between manholes, with z of the axis at each manhole."""
    for i in range(len(z)):
        a_node(connection, 30 * i, 0)
    file_id = columns.pop("source_file_id", None) or a_file(connection)
    return [
        a_line(
            connection, at((30 * i, 0), (30 * i + 30, 0)), z[i : i + 2], source_file_id=file_id,
            source_layer="sewers", **columns,
        )
        for i in range(len(z) - 1)
    ]  # fmt: skip


def a_ward(connection: Connection) -> None:
    """A ward around everything, so that no end lies on an edge."""
    ward = shapely.MultiPolygon([shapely.box(X - 1000, Y - 1000, X + 2000, Y + 2000)])
    an_entry(connection, "boundaries", {"level": "ward", "name": "Ward", "geom": wkb(ward)})


def found(sanity: Sanity) -> dict[Rule, list[int]]:
    """Lines by rule, where there are any."""
    return {r.rule: sorted(e.id for e in r.examples) for r in sanity.results if r.count}


def look(connection: Connection, run_id: int | None = None, ground: Ground = NO_TERRAIN) -> dict[Rule, list[int]]:
    return found(check_network(connection, ground, run_id))


def result(connection: Connection, rule: Rule) -> Result:
    return check_network(connection, NO_TERRAIN).result(rule)


def test_sound_network_raises_no_remark(connection: Connection) -> None:
    """A sewer between manholes with a connection from a house is in order, and all of it was judged."""
    a_sewer(connection, [1.0, 0.9, 0.8, 0.7])
    a_line(connection, at((45, 0), (45, 12)))
    an_entry(
        connection, "buildings", {"geom": wkb(shapely.MultiPolygon([shapely.box(X + 40, Y + 12, X + 50, Y + 20)]))}
    )
    steps: list[None] = []
    sanity = check_network(connection, NO_TERRAIN, on_step=lambda: steps.append(None))
    assert len(steps) == STEPS, "a bar of these ends where it should"
    assert found(sanity) == {}
    assert (sanity.lines, sanity.length_km) == (4, pytest.approx(0.102))
    assert [r.judged for r in sanity.results] == [3, 3, 3, 8, 8, 4]


def test_empty_city_is_in_order(connection: Connection) -> None:
    """Nothing loaded is no failure."""
    sanity = check_network(connection, NO_TERRAIN)
    assert (sanity.lines, sanity.length_km, found(sanity)) == (0, 0.0, {})


@pytest.mark.parametrize(
    ("axis_m", "rule", "measure_m"),
    [
        (1.91, Rule.ABOVE_GROUND, 0.11),
        (1.89, Rule.NO_COVER, -0.09),
        (1.71, Rule.NO_COVER, 0.09),
        (1.69, None, None),
    ],
)
def test_cover_is_measured_from_the_crown(
    connection: Connection, axis_m: float, rule: Rule | None, measure_m: float | None
) -> None:
    """Ground at 2.0 m, half a section of 0.2 m: out of the ground, in the pavement, or covered."""
    (line,) = a_sewer(connection, [1.0, axis_m])
    assert look(connection) == ({rule: [line]} if rule else {})
    if rule:
        (example,) = result(connection, rule).examples
        assert example.measure_m == pytest.approx(measure_m)
        assert (example.x, example.y) == (X + 30, Y)


def test_unknown_section_is_not_held_against_a_line(connection: Connection) -> None:
    """Without a size only the axis is known: a line that may be covered is not accused."""
    a_sewer(connection, [1.0, 1.85], outer_width_m=None, outer_height_m=None, section_shape="unknown")
    assert look(connection) == {}


@pytest.fixture
def slope(tmp_path: Path) -> Ground:
    """Terrain that rises from 0 m at x = 0 by one in ten."""
    heights = np.tile(np.arange(0.05, 12, 0.1, dtype=np.float32), (60, 1))
    path = tmp_path / "slope.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=120, height=60, count=1, dtype="float32", crs=f"EPSG:{SRID}",
        transform=from_origin(X, Y + 30, 1, 1),
    ) as raster:  # fmt: skip
        raster.write(heights, 1)
    return Ground(STORAGE, (Raster(path, shapely.box(X, Y - 30, X + 120, Y + 30), 1.0, None),))


def test_cover_follows_the_terrain(connection: Connection, slope: Ground) -> None:
    """On a slope the mean ground of a line says nothing: one metre deep is covered, level it comes out below."""
    deep = at((10, 0), (110, 0))
    for x in (10, 110):
        a_node(connection, x, 0)
        a_node(connection, x, 5)
    a_line(connection, deep, [0.0, 10.0], ground_m=6.0)
    assert look(connection, ground=slope) == {}
    level = a_line(connection, at((10, 5), (110, 5)), [4.0, 4.0], ground_m=6.0)
    assert look(connection, ground=slope) == {Rule.ABOVE_GROUND: [level]}


def test_ground_of_the_survey_counts_where_it_was_higher(connection: Connection, slope: Ground) -> None:
    """A street that was dug away since the survey does not make the owner's line wrong."""
    for x in (10, 110):
        a_node(connection, x, 0)
    a_line(connection, at((10, 0), (110, 0)), [4.0, 4.0], ground_m=6.0, ground_source="owner")
    assert look(connection, ground=slope) == {}


def test_stated_inverts_that_rise(connection: Connection) -> None:
    """Of inverts that the file states at both ends, the one pair that rises as drawn is found."""
    lines = a_sewer(connection, [1.0, 0.9, 0.95, 0.8, 0.7], elevation_source="interpolated")
    assert look(connection) == {Rule.UPHILL: [lines[1]]}
    (example,) = result(connection, Rule.UPHILL).examples
    assert example.measure_m == pytest.approx(0.05)


def test_file_that_draws_upstream_is_no_fault(connection: Connection) -> None:
    """Where nearly all lines of a file rise as drawn, that is how it draws, and the falling one stands out."""
    lines = a_sewer(connection, [0.5, 0.6, 0.7, 0.8, 0.75, 0.9, 1.0], elevation_source="interpolated")
    assert look(connection) == {Rule.UPHILL: [lines[3]]}


def test_slope_against_both_neighbours(connection: Connection) -> None:
    """Surveyed z: the line between a sump and a summit has its ends exchanged; its neighbours do not."""
    lines = a_sewer(connection, [1.0, 0.8, 0.9, 0.7, 0.6])
    assert look(connection) == {Rule.UPHILL: [lines[1]]}


@pytest.mark.parametrize(
    "columns",
    [{"pressure_bar": 2.0}, {"discipline": "water"}, {"elevation_source": "depth"}],
    ids=["pumped", "water", "parallel to the terrain"],
)
def test_only_gravity_sewers_must_fall(connection: Connection, columns: dict[str, Any]) -> None:
    """Pumped mains, water pipes, and depths that merely follow the terrain may rise."""
    a_sewer(connection, [1.0, 0.8, 0.9, 0.7, 0.6], **columns)
    assert Rule.UPHILL not in look(connection)
    assert result(connection, Rule.UPHILL).judged == 0


def test_neighbour_of_unknown_slope_acquits(connection: Connection) -> None:
    """A line that leaves the sump at an unknown elevation may be its way out."""
    a_sewer(connection, [1.0, 0.8, 0.9, 0.7, 0.6])
    a_line(connection, at((30, 0), (30, 40)))
    a_node(connection, 30, 40)
    assert look(connection) == {}


def test_lone_rising_line_without_neighbours_is_not_judged_by_them(connection: Connection) -> None:
    """A line drawn upstream with surveyed z needs no remark: nobody said where it flows."""
    a_sewer(connection, [0.8, 1.0])
    assert look(connection) == {}


def test_loose_end(connection: Connection) -> None:
    """An end with nothing around it is found where it is; the other end, at a manhole, is not."""
    a_ward(connection)
    a_node(connection, 0, 0)
    line = a_line(connection, at((0, 0), (20, 0)), source_file_id=a_file(connection))
    assert look(connection) == {Rule.LOOSE_END: [line]}
    (example,) = result(connection, Rule.LOOSE_END).examples
    assert (example.x, example.y, example.measure_m, example.discipline) == (X + 20, Y, 0.4, "storm")
    assert (example.file or "").endswith(".gpkg")
    assert example.row


@pytest.mark.parametrize(
    ("gap_m", "rule"), [(0.04, None), (0.06, Rule.NEAR_MISS), (0.49, Rule.NEAR_MISS), (0.51, Rule.LOOSE_END)]
)
def test_gap_decides_between_joined_missed_and_loose(connection: Connection, gap_m: float, rule: Rule | None) -> None:
    """Up to 5 cm it is joined, up to half a metre a near miss that names the other line, beyond that a loose end."""
    a_ward(connection)
    a_node(connection, 0, 0)
    a_node(connection, -20, -20)
    a_node(connection, 40, -20)
    line = a_line(connection, at((0, 0), (10, -20 + gap_m)))
    main = a_line(connection, at((-20, -20), (40, -20)))
    assert look(connection) == ({rule: [line]} if rule else {})
    if rule is Rule.NEAR_MISS:
        (example,) = result(connection, rule).examples
        assert (example.other_id, example.measure_m) == (main, pytest.approx(gap_m))


@pytest.mark.parametrize(
    ("discipline", "joined"), [("storm", True), ("combined", True), ("wastewater", False), ("water", False)]
)
def test_line_ends_at_its_own_kind(connection: Connection, discipline: str, joined: bool) -> None:
    """A storm sewer may end at a storm or combined sewer, and is loose on any other line or manhole."""
    a_ward(connection)
    a_node(connection, 0, 20)
    line = a_line(connection, at((0, 20), (0, 0)))
    a_node(connection, -20, 0, discipline=discipline)
    a_node(connection, 20, 0, discipline=discipline)
    a_line(connection, at((-20, 0), (20, 0)), discipline=discipline)
    a_node(connection, 0.2, 0, discipline="telecom", outer_width_m=1.0, outer_length_m=1.0)
    assert look(connection) == ({} if joined else {Rule.LOOSE_END: [line]})


def test_wall_of_a_chamber_is_reached(connection: Connection) -> None:
    """A pipe that is drawn to the wall of a manhole of 1.2 m meets it; its stated accuracy is no body."""
    a_ward(connection)
    a_node(connection, 0, 0, outer_width_m=1.2, outer_length_m=1.2, section_shape="rectangular")
    a_node(connection, 20, 0, horizontal_accuracy_m=2.0)
    line = a_line(connection, at((0.6, 0), (19, 0)))
    assert look(connection) == {Rule.LOOSE_END: [line]}
    (example,) = result(connection, Rule.LOOSE_END).examples
    assert example.x == X + 19


def test_network_goes_on_beyond_the_boundary(connection: Connection) -> None:
    """A line cut at the ward's boundary is no loose end; inside the ward, and at the edge of the data, it is."""
    ward = shapely.MultiPolygon([shapely.box(X - 100, Y - 100, X + 50, Y + 100)])
    an_entry(connection, "boundaries", {"level": "ward", "name": "Ward", "geom": wkb(ward)})
    line = a_line(connection, at((0, 0), (49.8, 0)))
    assert look(connection) == {Rule.LOOSE_END: [line]}
    assert [e.x for e in result(connection, Rule.LOOSE_END).examples] == [X]


def test_without_boundary_the_edge_of_the_data_is_the_edge(connection: Connection) -> None:
    """With no boundary known, ends on the frame of what was delivered may go on outside."""
    a_line(connection, at((0, 0), (50, 50)))
    inner = a_line(connection, at((10, 40), (20, 40)))
    assert look(connection) == {Rule.LOOSE_END: [inner, inner]}


def test_ring_has_no_ends(connection: Connection) -> None:
    """A closed line is neither loose nor judged for it."""
    a_line(connection, at((0, 0), (10, 0), (10, 10), (0, 0)))
    assert look(connection) == {}
    assert result(connection, Rule.LOOSE_END).judged == 0


@pytest.mark.parametrize(
    "copy",
    [((0, 0), (10, 5), (30, 0)), ((30, 0), (10, 5), (0, 0)), ((0, 0.009), (10, 5.009), (30, 0.009))],
    ids=["same", "reversed", "within a centimetre"],
)
def test_copy_is_found_once(connection: Connection, copy: tuple[tuple[float, float], ...]) -> None:
    """The later of two lines on the same place is the duplicate, however it was drawn, and names the first."""
    a_node(connection, 0, 0)
    a_node(connection, 30, 0)
    first = a_line(connection, at((0, 0), (10, 5), (30, 0)))
    later = a_line(connection, at(*copy))
    assert look(connection) == {Rule.DUPLICATE: [later]}
    assert result(connection, Rule.DUPLICATE).examples[0].other_id == first


@pytest.mark.parametrize(
    ("other", "discipline"),
    [
        (((0, 0), (10, 5), (30, 0)), "combined"),
        (((0, 0.02), (10, 5.02), (30, 0.02)), "storm"),
        (((0, 0), (10, 5.5), (30, 0)), "storm"),
        (((0, 0), (10, 5), (20, 2.5)), "storm"),
    ],
    ids=["another discipline", "two centimetres off", "another way", "shorter"],
)
def test_what_is_no_copy(connection: Connection, other: tuple[tuple[float, float], ...], discipline: str) -> None:
    """Lines that only share ends, or lie beside one another, are two lines."""
    a_node(connection, 0, 0)
    a_node(connection, 30, 0)
    a_node(connection, 30, 0, discipline="combined")
    a_line(connection, at((0, 0), (10, 5), (30, 0)))
    a_line(connection, at(*other), discipline=discipline)
    assert look(connection) == {}


def test_run_is_judged_within_the_whole_city(connection: Connection) -> None:
    """Only lines of the run are named, but lines of earlier runs are their neighbours and originals."""
    old, new = open_run(connection, "/old", {}), open_run(connection, "/new", {})
    a_line(connection, at((-30, 0), (30, 0)), source_file_id=a_file(connection, old))
    a_node(connection, 0, 30)
    mine = a_file(connection, new)
    a_line(connection, at((0, 0), (0, 30)), source_file_id=mine)
    copy = a_line(connection, at((-30, 0), (30, 0)), source_file_id=mine)
    assert look(connection, new) == {Rule.DUPLICATE: [copy]}
    assert check_network(connection, NO_TERRAIN, new).lines == 2
    assert look(connection, old) == {}, "the later copy is the one too many"


def test_removed_lines_are_not_there(connection: Connection) -> None:
    """What was taken out of the ground is neither judged nor a neighbour."""
    a_line(connection, at((0, 0), (30, 0)), [3.0, 3.0], status="removed")
    line = a_line(connection, at((15, 0), (15, 30)))
    a_ward(connection)
    assert look(connection) == {Rule.LOOSE_END: [line, line]}


def test_counts_are_exact_and_examples_bounded(connection: Connection) -> None:
    """Of many loose ends all are counted and the largest pipes shown."""
    a_ward(connection)
    for i in range(80):
        a_line(connection, at((0, 10 + i), (5, 10 + i)), outer_width_m=0.1 + i / 100, discipline="water")
    loose = result(connection, Rule.LOOSE_END)
    assert loose.count == 160
    assert len(loose.examples) == MOST_EXAMPLES
    widths = [e.measure_m for e in loose.examples]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == pytest.approx(0.89)


def test_check_leaves_nothing_behind(connection: Connection) -> None:
    """The check can be repeated on one connection, and its tables are gone."""
    a_sewer(connection, [1.0, 0.9])
    assert check_network(connection, NO_TERRAIN) == check_network(connection, NO_TERRAIN)
    assert connection.execute("select to_regclass('subjects'), to_regclass('contacts')").fetchone() == (None, None)


def test_depths_by_owner_and_level(connection: Connection) -> None:
    """Kilometres and numbers by how the elevation is known; unknown owners and levels come last."""
    plan = at((0, 0), (100, 0))
    run = open_run(connection, "/delivery", {})
    file_id = a_file(connection, run)
    known = {"owner": "B", "quality_level": "A", "source_file_id": file_id}
    a_line(connection, plan, [1.0, 1.0], **known)
    a_line(connection, plan, [1.0, 1.0], elevation_source="interpolated", **known)
    a_line(connection, plan, [1.0, 1.0], elevation_source="depth", **known)
    a_line(connection, plan, **known)
    a_line(connection, plan)
    named, unnamed = depth_knowledge(connection)
    assert (named.owner, named.quality_level, unnamed.owner, unnamed.quality_level) == ("B", "A", None, None)
    assert (named.measured, named.from_depth, named.unknown) == (2, 1, 1)
    assert (named.measured_km, named.from_depth_km, named.unknown_km) == pytest.approx((0.2, 0.1, 0.1))
    assert (unnamed.unknown, unnamed.unknown_km, unnamed.measured_km) == (1, pytest.approx(0.1), 0)
    assert depth_knowledge(connection, run) == (named,)


def test_nothing_to_draw(connection: Connection) -> None:
    """An empty city has no picture."""
    assert draw_map(connection) is None


def test_picture_has_north_up(connection: Connection) -> None:
    """A line from south-west to north-east runs from lower left to upper right, within the margin."""
    a_line(connection, at((0, 0), (1000, 600)), discipline="water")
    overview = read_overview(connection)
    assert overview is not None
    (drawn,) = overview.drawn
    assert (drawn.table, drawn.discipline, drawn.drawn, drawn.features) == ("utility_lines", "water", 1, 1)
    x, y, dx, dy = (int(number) for number in drawn.path[1:].replace("l", " ").replace("-", " -").split())
    assert 0 < x < x + dx < overview.width <= WIDTH
    assert 0 < y + dy < y < overview.height <= HEIGHT
    assert (dx * overview.unit_m, -dy * overview.unit_m) == pytest.approx((1000, 600), abs=2 * overview.unit_m)


def test_picture_is_bounded(connection: Connection) -> None:
    """Twenty thousand lines fit into the picture: equal strokes once, of every discipline as many, from everywhere."""
    connection.execute(
        "insert into utility_lines"
        " (discipline, vertical_reference, elevation_source, ground_source, section_shape, geom)"
        " select d, 'none', 'none', 'none', 'unknown', st_setsrid(st_makeline("
        " st_point(%s + 37 * (i %% 100), %s + 41 * (i / 100)),"
        " st_point(%s + 37 * (i %% 100) + 5 + i / 1000, %s + 41 * (i / 100) + 30)), %s)"
        " from generate_series(0, 9999) i, unnest(array['water', 'power']) d",
        (X, Y, X, Y, SRID),
    )
    overview = read_overview(connection)
    assert overview is not None
    power, water = overview.drawn
    assert len(power.path) + len(water.path) <= 130_000
    assert (power.features, water.features) == (10_000, 10_000)
    assert 2_000 < water.drawn < 10_000
    assert abs(water.drawn - power.drawn) <= 1
    begins = np.array(re.findall(r"M(\d+) (\d+)", power.path), dtype=int)
    rows, _ = np.histogram(begins[:, 1], bins=8, range=(0, overview.height))
    assert min(rows) > len(begins) / 16, "where the longest lines are few is drawn as well"


def test_refused_rows_are_marked_where_they_lie(connection: Connection) -> None:
    """A mark stands at a refused row's place in whatever CRS it came; doubtful and far places are only counted."""
    a_line(connection, at((0, 0), (1000, 1000)))
    run = open_run(connection, "/delivery", {})
    file_id = a_file(connection, run)
    here = shapely.Point(X + 500, Y + 500)
    geographic = transform_geometries(np.array([here]), STORAGE, parse_crs("EPSG:4326"))[0]
    with np.errstate(invalid="ignore"):
        broken = shapely.LineString([(np.nan, 1), (X + 500, Y + 500)])
    for geometry, crs, fault in (
        (geographic, "EPSG:4326", "null-geometry"),
        (broken, f"EPSG:{SRID}", "nan-coordinate"),
        (here, f"EPSG:{SRID}", "crs-mislabelled"),
        (here, "no system", "invalid-geometry"),
        (here, None, "invalid-geometry"),
        (shapely.Point(X + 90_000, Y), f"EPSG:{SRID}", "outside-city"),
    ):
        connection.execute(
            "insert into quarantined_rows (source_file_id, fault, message, remedy, source_crs, geom, attributes)"
            " values (%s, %s, '', '', %s, %s::geometry, '{}')",
            (file_id, fault, crs, shapely.to_wkb(geometry, hex=True)),
        )
    picture = draw_map(connection)
    assert picture is not None
    (mark,) = picture.marks
    assert mark == pytest.approx((picture.width / 2, picture.height / 2), abs=1)
    assert picture.unplaced == 4


def test_sound_pilot_ward_has_only_open_ends(pilot_ward: PilotWard, pilot_connection: Connection) -> None:
    """The sample's networks are sound: no rule cries wolf, and an end stands alone only where what it met is absent."""
    ground = read_ground(pilot_connection, pilot_ward.folder)
    sanity = check_network(pilot_connection, ground, pilot_ward.report.run_id)
    assert set(found(sanity)) <= {Rule.LOOSE_END, Rule.NEAR_MISS, Rule.DUPLICATE}
    assert sanity.result(Rule.DUPLICATE).count == 1, "the line that is planted twice"
    loose, near = sanity.result(Rule.LOOSE_END), sanity.result(Rule.NEAR_MISS)
    assert 0 < near.count < MOST_EXAMPLES
    absent = shapely.STRtree(absent_lines(pilot_connection))
    alone = [e for e in near.examples if not len(absent.query(shapely.Point(e.x, e.y), "dwithin", TOUCH_M))]
    # This sewer of the sample truly ends a hand's breadth beside that of the street it meets.
    assert [(e.layer, e.row) for e in alone] == [("Cống nước thải Phan Bội Châu", 10)]
    assert 0 < loose.count < 0.05 * loose.judged
    assert sanity.lines > 4500
    assert sum(k.measured + k.from_depth + k.unknown for k in depth_knowledge(pilot_connection)) == sanity.lines


def absent_lines(connection: Connection) -> list[shapely.LineString]:
    """The lines of the sample's ward whose place no loaded line has."""
    rows = connection.execute("select st_asbinary(geom) from utility_lines").fetchall()
    loaded = shapely.STRtree(
        shapely.line_interpolate_point(shapely.from_wkb([row[0] for row in rows]), 0.5, normalized=True)
    )
    ward = plan_ward(1)
    lines = [line.shape for line in (*ward.mains, *ward.services)]
    middles = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    present = set(loaded.query(middles, "dwithin", 0.02)[0].tolist())
    return [line for i, line in enumerate(lines) if i not in present]


def test_pilot_report_is_small_enough_to_send(
    pilot_ward: PilotWard, pilot_connection: Connection, tmp_path: Path
) -> None:
    """The report of 176 files with its map fits into a mail; the map keeps below 300 kB."""
    sanity = check_network(pilot_connection, read_ground(pilot_connection, pilot_ward.folder), pilot_ward.report.run_id)
    picture = draw_map(pilot_connection, pilot_ward.report.run_id)
    assert picture is not None
    write_report(pilot_ward.report, depth_knowledge(pilot_connection), sanity, tmp_path / "r.html", picture=picture)
    page = (tmp_path / "r.html").read_text("utf-8")
    assert len(page.encode()) < 1_200_000
    assert len(page[page.index("<svg") : page.index("</svg>")]) < 300_000
    assert all(file.path in page for file in pilot_ward.report.files)
    assert all(d.drawn == d.features for d in picture.drawn), "a ward is drawn whole"
    assert picture.marks


def test_pilot_report_is_all_vietnamese(pilot_ward: PilotWard) -> None:
    """Whatever the importers say of the pilot ward has its Vietnamese phrase."""
    said = {file.message for file in pilot_ward.report.files}
    for file in pilot_ward.report.files:
        said |= {finding[part] for finding in file.findings for part in ("message", "remedy")}
        for decision in file.decisions:
            said |= {*decision.get("heights and sections", ()), *decision.get("notes", ())}
            said |= {decision.get("left aside", ""), decision.get("crs", "").partition(": ")[2]}
    assert {text for text in said if text and in_vietnamese(text) is None} == set()
