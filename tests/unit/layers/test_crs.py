"""Reference systems: how good the way between two of them is."""

from __future__ import annotations

import pytest

from layers.crs import accuracy_m, has_accurate_path, parse_crs


@pytest.mark.parametrize(
    ("source", "target", "metres"),
    [
        ("EPSG:9214", "EPSG:9214", 0.0),
        ("EPSG:9215", "EPSG:9214", 0.0),
        ("EPSG:4326", "EPSG:9214", 1.0),
        ("EPSG:6668", "EPSG:6677", 0.0),
        # The best way from WGS 84 to NAD 83 in Vermont needs a grid that is not installed.
        ("EPSG:4326", "EPSG:32145", 4.0),
    ],
)
def test_accuracy_of_the_way(source: str, target: str, metres: float) -> None:
    """What the registry says of the operation that is used; a missing grid is no warning on the screen."""
    assert has_accurate_path(parse_crs(source), parse_crs(target))
    assert accuracy_m(parse_crs(source), parse_crs(target)) == metres


def test_no_way_has_no_accuracy() -> None:
    """From HN-72 only a guess leads to the city."""
    assert not has_accurate_path(parse_crs("EPSG:4147"), parse_crs("EPSG:9214"))
    assert accuracy_m(parse_crs("EPSG:4147"), parse_crs("EPSG:9214")) is None


@pytest.mark.parametrize(
    ("code", "are_metres"),
    [
        ("EPSG:9214", True), ("EPSG:4326", True), ("EPSG:4979", True), ("EPSG:9214+5773", True),
        ("EPSG:2263", False), ("EPSG:2263+6360", False), ("EPSG:2263+5703", True),
    ],
)  # fmt: skip
def test_heights_are_metres_by_their_system_or_as_x_and_y(code: str, are_metres: bool) -> None:
    """New York's feet beside heights in metres, and beside heights that say nothing: those are feet, too."""
    assert parse_crs(code).has_metric_heights is are_metres
