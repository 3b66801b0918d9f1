"""What people send becomes the dig they mean, or is refused with every fault."""

import json
from datetime import date

import jsonschema
import numpy as np
import pytest
import shapely

from layers.crs import WGS84, parse_crs, transform_geometries
from layers.errors import Invalid
from twin.clash.dig import Bore, Depth, Elevation, Grade, Pit, Stations, Support, Trench
from twin.clash.soils import read_soils
from twin.excavations.process import METADATA
from twin.excavations.request import parse_digs

EAST, NORTH = 562_000.0, 1_820_000.0
STORAGE = parse_crs("EPSG:9214")
PIT = shapely.box(EAST, NORTH, EAST + 4, NORTH + 3)
LINE = shapely.LineString([(EAST, NORTH), (EAST + 30, NORTH), (EAST + 30, NORTH + 20)])
PIPE = {"discipline": "water", "diameter_m": 0.1}


def lonlat(shape):
    moved = transform_geometries(np.array([shape], dtype=object), STORAGE, parse_crs(WGS84))[0]
    return json.loads(shapely.to_geojson(moved))


def feature(shape, **properties):
    return {"type": "Feature", "geometry": lonlat(shape), "properties": properties}


def the_dig(shape, **properties):
    document = feature(shape, **properties)
    jsonschema.validate(document, METADATA["inputs"]["excavation"]["schema"])
    (dig,) = parse_digs(document, None, STORAGE)
    return dig


def the_part(shape, **properties):
    (part,) = the_dig(shape, **properties).parts
    return part


def faults(shape, **properties):
    with pytest.raises(Invalid) as caught:
        parse_digs(feature(shape, name="A", **properties), None, STORAGE)
    return caught.value.faults


def test_a_polygon_is_a_pit():
    """Protects the commonest request, and its vertical sides where nothing else is said."""
    pit = the_part(PIT, depth_m=1.5)
    assert isinstance(pit, Pit)
    assert pit.outline.hausdorff_distance(PIT) < 1e-3
    assert (pit.bottom, pit.sides.support, pit.sides.slope_at(1.5)) == (Depth(1.5), Support.VERTICAL, 0.0)
    assert the_part(PIT, bottom_m=1.25).bottom == Elevation(1.25)


@pytest.mark.parametrize(
    ("shape", "given", "meant"),
    [
        (PIT, {"depth_m": 1.5, "Slope": 1.0}, "slope"),
        (PIT, {"depth_m": 1.5, "WORKING": 0.6}, "working_m"),
        (PIT, {"depth": 1.5}, "depth_m"),
        (LINE, {"depth_m": 1.5, "width_m": 1, "gradee": 0.01, "side": "bắc"}, "grade"),
    ],
)
def test_a_misspelt_name_is_no_smaller_dig(shape, given, meant):
    """Protects against sides that were meant to lean and were checked upright."""
    (fault, *_) = faults(shape, **given)
    assert f"is not read: if it is {meant}, call it so" in fault
    assert f"nếu là {meant} thì ghi đúng tên" in fault.vi


@pytest.mark.parametrize(
    ("shape", "given", "said"),
    [
        (LINE, {"parts": [{"depth_m": 1.5, "width_m": 1, "workng_m": 1}]}, ("parts 1: 'workng_m'", "working_m")),
        (LINE, {"parts": [{"depth_m": 1.5, "width_m": 1, "purpose": "outage"}]}, ("parts 1: 'purpose'", "axis_at, ")),
        (PIT, {"lays": [PIPE, PIPE | {"diametr": 0.2}]}, ("lays 2: 'diametr'", "diameter_m")),
        (PIT, {"lays": [PIPE | {"note": None}]}, ("lays 1: 'note'", "depth_m, diameter_m, discipline, ")),
    ],
)
def test_objects_of_a_dig_have_no_names_that_mean_nothing(shape, given, said):
    """Protects whoever lays a thicker pipe than was read: in objects of ours no other software has columns."""
    (fault,) = faults(shape, **{"depth_m": 1.5} | given)
    assert f"A: {said[0]} is not known: give {said[1]}" in fault
    assert "không có thuộc tính" in fault.vi


def test_what_resembles_nothing_that_is_missing_is_left_alone():
    """Protects features out of a GIS, which carry columns of their own."""
    given = {"depth_m": 1.5, "depth": 1.5, "fid": 7, "width": 3, "Shape_Area": 12.0, "soil_type": "sét", "slope": 1.0}
    assert the_part(PIT, **given).sides.slope == 1.0


def test_a_line_with_a_width_is_a_trench():
    """Protects the floor of a trench: half its width to each side, mitred at the bend, square at the ends."""
    dig = the_dig(LINE, width_m=1.2, depth_m=1.5)
    (trench,) = dig.parts
    assert isinstance(trench, Trench)
    assert trench.outline.area == pytest.approx(50 * 1.2, abs=1e-3)
    assert dig.polygon.bounds == pytest.approx((EAST, NORTH - 0.6, EAST + 30.6, NORTH + 20), abs=1e-3)
    assert dig.depth_m == 1.5


@pytest.mark.parametrize(
    ("properties", "bottom"),
    [
        ({"depth_m": 1.5, "grade": 0.01}, Grade(Depth(1.5), 0.01)),
        ({"bottom_m": 2.0, "grade": -0.005}, Grade(Elevation(2.0), -0.005)),
        ({"bottom_at": [[0, 1.5], [20, 1.4], [49.9, 1.0]]}, Stations(((0, 1.5), (20, 1.4), (49.9, 1.0)))),
    ],
)
def test_a_trench_may_fall_along_its_line(properties, bottom):
    """Protects the ways a designer gives the level of a sewer trench."""
    assert the_part(LINE, width_m=1, **properties).bottom == bottom


def test_elevations_of_the_vertices_are_stations():
    """Protects a centre line drawn in 3D: its z is the bottom at each vertex."""
    drawn = shapely.LineString([(EAST, NORTH, 2.0), (EAST + 30, NORTH, 1.7), (EAST + 30, NORTH + 20, 1.4)])
    points = the_part(drawn, width_m=1).bottom.points_m
    assert [at for at, _ in points] == pytest.approx([0, 30, 50], abs=1e-3)
    assert [z for _, z in points] == [2.0, 1.7, 1.4]
    assert the_part(drawn, width_m=1, depth_m=1.0).bottom == Depth(1.0)


def test_a_line_with_a_diameter_is_a_bore():
    """Protects trenchless work: over-cut widens the hole, the axis has its own depth."""
    bore = the_part(LINE, diameter_m=0.3, overcut_m=0.05, axis_depth_m=2.5)
    assert isinstance(bore, Bore)
    assert (bore.radius_m, bore.axis) == (pytest.approx(0.2), Depth(2.5))


def test_pits_and_the_bore_between_them_are_one_dig():
    """Protects a sequence: launch pit, bore, reception pit keep their order and share one outline."""
    far = shapely.box(EAST + 40, NORTH, EAST + 44, NORTH + 3)
    bore = shapely.LineString([(EAST + 4, NORTH + 1, -1), (EAST + 40, NORTH + 1, -1.2)])
    dig = the_dig(shapely.GeometryCollection([PIT, bore, far]), depth_m=2, diameter_m=0.4)
    assert [type(part) for part in dig.parts] == [Pit, Bore, Pit]
    assert dig.polygon.area == pytest.approx(2 * 12 + 36 * 0.4, abs=0.1)
    assert len(the_dig(shapely.MultiPolygon([PIT, far]), depth_m=2).parts) == 2


@pytest.mark.parametrize(
    ("properties", "support", "slope"),
    [
        ({"soil": "B"}, Support.BATTERED, 1.0),
        ({"soil": "tcvn-sand"}, Support.BATTERED, 0.5),
        ({"soil": "tcvn-sand", "slope": 0.6}, Support.BATTERED, 0.6),
        ({"slope": 0.5}, Support.BATTERED, 0.5),
        ({"working_m": 0.6}, Support.SHORED, 0.0),
        ({"working_m": 0.6, "sides": "vertical"}, Support.VERTICAL, 0.0),
    ],
)
def test_sides_follow_from_what_is_given(properties, support, slope):
    """Protects the slope: what is stated counts, else the soil's class at that depth."""
    sides = the_part(PIT, depth_m=1.5, **properties).sides
    assert (sides.support, sides.slope_at(1.5), sides.working_m) == (support, slope, properties.get("working_m", 0.0))


def test_dates_are_kept():
    """Protects the space-time check from digs without a time."""
    dig = the_dig(PIT, depth_m=1, starts_on="2027-03-01", ends_on="2027-03-05")
    assert (dig.starts_on, dig.ends_on) == (date(2027, 3, 1), date(2027, 3, 5))


LOOP = shapely.LineString([(EAST, NORTH), (EAST + 10, NORTH), (EAST + 10, NORTH + 5), (EAST + 5, NORTH - 5)])


@pytest.mark.parametrize(
    ("shape", "properties", "message"),
    [
        (LINE, {"depth_m": 1}, "give width_m or diameter_m"),
        (LINE, {"depth_m": 1, "width_m": 1, "diameter_m": 1}, "give width_m or diameter_m"),
        (LINE, {"width_m": 1}, "no depth"),
        (LINE, {"diameter_m": 1, "depth_m": 1}, "no axis"),
        (LINE, {"width_m": 1, "depth_m": 1, "bottom_m": 1}, "depth_m and bottom_m contradict"),
        (LINE, {"width_m": 1, "bottom_at": [[0, 1], [99, 1]]}, "station '99' is not on the line of 50.00 m"),
        (LINE, {"width_m": 1, "bottom_at": [[5, 1], [5, 1]]}, "must increase"),
        (LINE, {"width_m": 1, "bottom_at": [[5, 1]]}, "at least two pairs"),
        (LINE, {"width_m": 1, "bottom_at": [[5, "x"], [6, 1]]}, "'x' is no number"),
        (LINE, {"width_m": 1, "bottom_at": [[0, 1], [9, 1]], "grade": 0.1}, "grade contradicts"),
        (LINE, {"width_m": 0, "depth_m": 1}, "width_m 0 is not within 0.05 to 100"),
        (LOOP, {"width_m": 1, "depth_m": 1}, "crosses or touches itself"),
        (shapely.LineString([(EAST, NORTH), (EAST, NORTH + 0.01)]), {"width_m": 1, "depth_m": 1}, "real length"),
        (PIT, {"depth_m": 1, "grade": 0.1}, "grade belongs to a line"),
        (PIT, {"bottom_at": [[0, 1], [2, 1]]}, "bottom_at belongs to a line"),
        (PIT, {"depth_m": 1, "soil": "mud"}, "soil 'mud' is not known: give one of rock, A, B"),
        (PIT, {"depth_m": 1, "sides": "steep"}, "give one of vertical, shored, battered"),
        (PIT, {"depth_m": 1, "sides": "battered"}, "need a slope"),
        (PIT, {"depth_m": 1, "sides": "shored", "slope": 1}, "shored sides have no slope"),
        (PIT, {"depth_m": 1, "starts_on": "1/3/2027"}, "no date: give YYYY-MM-DD"),
        (PIT, {"depth_m": 1, "starts_on": "2027-03-05", "ends_on": "2027-03-01"}, "swap them"),
        (PIT, {"depth_m": float("inf")}, "'inf' is no number"),
        (shapely.GeometryCollection([shapely.Point(EAST, NORTH)]), {"depth_m": 1}, "collection holds a Point"),
        (PIT.buffer(1, quad_segs=2000), {"depth_m": 1}, "at most 5,000"),
    ],
)
def test_each_fault_has_its_own_words(shape, properties, message):
    """Protects planners from guessing what was wrong."""
    assert any(message in fault for fault in faults(shape, **properties))


def test_all_faults_of_a_dig_come_at_once():
    """Protects planners from mending one property at a time."""
    assert len(faults(PIT, depth_m="deep", soil="mud", working_m=-1, starts_on=7)) == 4


def test_a_depth_for_all_replaces_every_level():
    """Protects the command line's --depth-m: elevations in the file no longer count."""
    document = feature(LINE, width_m=1, bottom_at=[[0, 1], [9, 1]])
    (dig,) = parse_digs(document, 0.8, STORAGE)
    assert dig.parts[0].bottom == Depth(0.8)


def test_every_soil_is_sourced_and_no_steeper_where_deeper():
    """Protects the slopes as data: two languages, a source, an end of the table."""
    soils = read_soils()
    assert {"rock", "A", "B", "C"} < set(soils)
    for soil in soils.values():
        assert all((soil.title.en, soil.title.vi, soil.source.en, soil.source.vi))
        assert soil.slope_at(0.5) <= soil.slope_at(soil.deepest_m) == soil.slope_at(99)
    assert [soils[name].slope_at(2) for name in ("rock", "A", "B", "C")] == [0, 0.75, 1.0, 1.5]
