"""Geometries: fit, repaired, or set aside with the reason."""

from __future__ import annotations

import numpy as np
import shapely

from importers.faults import Fault
from importers.repair import Sound, find_repeats, repair, usable


def fix(table: str, *wkt: str) -> Sound:
    geometries = np.array([shapely.from_wkt(text) for text in wkt], dtype=object)
    return repair(table, geometries, np.arange(1, len(wkt) + 1))


def faults(sound: Sound) -> list[tuple[Fault, int | None]]:
    return [(finding.fault, finding.row) for finding in sound.findings]


def test_missing_empty_and_nan_are_told_apart() -> None:
    """A record without geometry and one whose coordinates are no numbers have different remedies."""
    with np.errstate(invalid="ignore"):
        broken = [shapely.LineString([(0, 0), (1, np.nan)]), shapely.Point(np.inf, 0)]
    geometries = np.array([None, shapely.Point(), shapely.Point(1, 2), *broken], dtype=object)
    present, findings = usable(geometries, np.arange(1, 6))
    assert present.tolist() == [False, False, True, False, False]
    assert {(f.fault, f.row) for f in findings} == {
        (Fault.GEOMETRY_MISSING, 1), (Fault.GEOMETRY_MISSING, 2), (Fault.NOT_FINITE, 4), (Fault.NOT_FINITE, 5),
    }  # fmt: skip


def test_nan_z_is_no_broken_position() -> None:
    """An unknown height is not a fault of the position."""
    present, _ = usable(np.array([shapely.Point(1, 2, np.nan)], dtype=object), np.array([1]))
    assert present.all()


def test_bow_tie_is_not_repaired_in_silence() -> None:
    """Which of its two halves is the parcel nobody knows."""
    sound = fix("parcels", "POLYGON ((0 0, 10 10, 10 0, 0 10, 0 0))")
    assert faults(sound) == [(Fault.GEOMETRY_INVALID, 1)]
    assert len(sound.geometries) == 0


def test_spike_is_repaired_with_the_same_area() -> None:
    """A needle without area goes, and the record says so."""
    sound = fix("parcels", "POLYGON ((0 0, 10 0, 10 10, 10 20, 10 10, 0 10, 0 0))")
    assert faults(sound) == [(Fault.REPAIRED, 1)]
    assert sound.geometries[0].is_valid
    assert sound.geometries[0].area == 100


def test_zero_length_line() -> None:
    """A line whose vertices are one point is no line."""
    assert faults(fix("utility_lines", "LINESTRING (1 1, 1 1)")) == [(Fault.ZERO_LENGTH, 1)]


def test_an_upright_part_is_not_left_out_in_silence() -> None:
    """The riser at the end of a pipe has no length in plan: the pipe is loaded, and its record is named."""
    riser = shapely.from_wkt("MULTILINESTRING Z ((0 0 1, 9 0 1), (9 0 1, 9 0 3))")
    found = repair("utility_lines", np.array([riser], dtype=object), np.array([7]))
    assert [shape.wkt for shape in found.geometries] == ["LINESTRING Z (0 0 1, 9 0 1)"]
    ((finding,),) = (found.findings,)
    assert (finding.fault, finding.row) == (Fault.REPAIRED, 7)
    assert "stands upright" in finding.message


def test_parts_are_counted_and_keep_their_record() -> None:
    """A utility of several parts becomes as many lines, each knowing its record and part."""
    sound = fix("utility_lines", "LINESTRING (0 0, 1 0)", "MULTILINESTRING ((0 1, 1 1), (2 1, 3 1))")
    assert sound.index.tolist() == [0, 1, 1]
    assert sound.part.tolist() == [0, 0, 1]


def test_polygons_and_roads_become_multi() -> None:
    """Tables of areas and roads keep one row a record."""
    assert fix("parcels", "POLYGON ((0 0, 1 0, 1 1, 0 0))").geometries[0].geom_type == "MultiPolygon"
    assert fix("roads", "LINESTRING (0 0, 1 0)").geometries[0].geom_type == "MultiLineString"


def test_wrong_kind_is_refused() -> None:
    """A point among pipes is set aside, not dropped."""
    assert faults(fix("utility_lines", "POINT (0 0)", "LINESTRING (0 0, 1 0)")) == [(Fault.GEOMETRY_KIND, 1)]


def test_records_that_stand_twice_are_named() -> None:
    """Equal in geometry and every attribute, empty ones and NaN too; a difference anywhere makes another record."""
    shapes = np.array([shapely.Point(1, 2)] * 4 + [shapely.Point(1, 3), None, None], dtype=object)
    columns = {"ma": ["A", "A", "B", "A", "A", "C", "C"], "sau": [np.nan, np.nan, np.nan, 1.0, np.nan, None, None]}
    found = find_repeats(shapes, columns, np.arange(1, 8))
    assert [(f.fault, f.row, f.message) for f in found] == [(Fault.REPEATED, 2, "the same record as row 1")]
