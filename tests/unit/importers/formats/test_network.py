"""Records of links and nodes gathered into layers."""

from __future__ import annotations

import math

import shapely

from importers.formats.network import Record, merge_lines, to_layers, to_line, to_number, to_point


def test_layers_are_told_by_name_and_reference_system() -> None:
    """Two systems in one file never mix, and no two layers share a name."""
    point = shapely.Point(1, 2)
    records = [
        Record("water nodes", point, {"a": 1, "never": None}, "EPSG:9214"),
        Record("water nodes", point, {"b": "x"}, "EPSG:3405"),
        Record("gas nodes", None, {"a": 3}),
        Record("water nodes", point, {"a": 4, "b": "y"}, "EPSG:9214"),
    ]
    layers = list(to_layers(records, "srsName", notes=("said",)))
    assert [(la.name, la.crs, la.crs_origin, la.rows.tolist()) for la in layers] == [
        ("water nodes (EPSG:9214)", "EPSG:9214", "srsName", [1, 2]),
        ("water nodes (EPSG:3405)", "EPSG:3405", "srsName", [1]),
        ("gas nodes", None, "", [1]),
    ]
    assert [la.columns for la in layers] == [{"a": [1, 4], "b": [None, "y"]}, {"b": ["x"]}, {"a": [3]}]
    assert layers[2].geometries.tolist() == [None]
    assert {(la.encoding, la.notes) for la in layers} == {("Unicode", ("said",))}


def test_numbers_are_finite_or_nothing() -> None:
    """NaN and infinity in a file are no measurements."""
    texts = ("1.5", " -2e3 ", ".5", "", None, "abc", "NaN", "inf", "1,5")
    assert [to_number(t) for t in texts] == [1.5, -2000.0, 0.5, None, None, None, None, None, None]


def test_height_is_known_everywhere_or_nowhere() -> None:
    """One vertex without height leaves the whole line flat: half a height is none."""
    assert to_line([(0, 0, 1), (1, 0, 2)]).has_z
    assert not to_line([(0, 0, 1), (1, 0, math.nan)]).has_z
    assert not to_point((0, 0, math.nan)).has_z
    assert to_point((0, 0, 3.0)).z == 3.0
    assert (to_line([(0, 0)]), to_line([]), to_point(None)) == (None, None, None)


def test_nonsense_coordinates_do_not_warn() -> None:
    """What is no number is told from the geometry later, not by a crash here."""
    assert math.isnan(to_line([(math.nan, 0), (1, 0)]).coords[0][0])
    assert to_point((math.nan, math.nan)) is not None


def test_several_lines_stay_one_record() -> None:
    """A pipe of two links is one pipe."""
    one, two = to_line([(0, 0), (1, 0)]), to_line([(1, 0), (2, 0)])
    assert merge_lines([one, None]) == one
    assert merge_lines([one, two]).wkt == "MULTILINESTRING ((0 0, 1 0), (1 0, 2 0))"
    assert merge_lines([None]) is None
