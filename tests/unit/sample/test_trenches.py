from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import shapely

WANTED = [
    {"definite": 6},
    {"possible": 1},
    {"definite": 2, "unknown": 1},
    {},
    {},
]


@pytest.fixture(scope="module")
def lines(truth):
    return {(f["file"], f["layer"], f["row"]): f for f in truth["features"] if f["table"] == "utility_lines"}


def place(named):
    return named["file"], named["layer"], named["row"]


def test_outcomes_are_those_that_were_wished_for(truth):
    """Protects the five stories: many hits, one possible, one unknown, nothing near, nothing that deep."""
    counts = [Counter(conflict["outcome"] for conflict in trench["conflicts"]) for trench in truth["trenches"]]
    assert [dict(count) for count in counts] == WANTED
    assert len(truth["trenches"][4]["clear"]) >= 3


def test_definite_lines_run_through_the_middle_of_the_pit(truth, lines, ward):
    """Protects `definite`: well inside in plan, the axis is above the bottom, by hand and without sampling."""
    for trench in truth["trenches"]:
        pit = shapely.Polygon(trench["polygon"][0])
        for conflict in trench["conflicts"]:
            if conflict["outcome"] != "definite":
                continue
            line = lines[place(conflict)]
            crossing = shapely.intersection(
                shapely.LineString(np.column_stack([line["position"], line["axis_z"]])), pit.buffer(-0.2)
            )
            bottom = ward.terrain.ground(shapely.get_coordinates(crossing)) - trench["depth_m"]
            assert (shapely.get_coordinates(crossing, include_z=True)[:, 2] - bottom).max() > 0.15


def test_doubtful_lines_are_what_they_are_said_to_be(truth, lines):
    """Protects `possible` (missed, by less than its accuracy) and `unknown` (no axis, hit in plan)."""
    for trench in truth["trenches"]:
        pit = shapely.Polygon(trench["polygon"][0])
        for conflict in trench["conflicts"]:
            line = lines[place(conflict)]
            gap = shapely.LineString(line["position"]).distance(pit) - line["outer_width_m"] / 2
            if conflict["outcome"] == "possible":
                assert 0.15 <= gap <= line["horizontal_accuracy_m"] - 0.15
            elif conflict["outcome"] == "unknown":
                assert line["axis_z"] is None
                assert gap < 0


def test_every_line_near_a_trench_has_a_verdict(truth, lines):
    """Protects against a line that a check finds and the truth is silent about."""
    for trench in truth["trenches"]:
        pit = shapely.Polygon(trench["polygon"][0])
        named = {place(entry) for entry in (*trench["conflicts"], *trench["clear"])}
        near = {key for key, line in lines.items() if shapely.LineString(line["position"]).dwithin(pit, 4.99)}
        assert near <= named


def test_the_ground_is_flat_and_free_of_nodes(truth, ward):
    """Protects against outcomes that hang on the terrain, or on a manhole beside the trench."""
    nodes = [f["position"][0] for f in truth["features"] if f["table"] == "utility_nodes"]
    for trench in truth["trenches"]:
        pit = shapely.Polygon(trench["polygon"][0])
        assert np.ptp(ward.terrain.ground(np.array(trench["polygon"][0]))) < 0.05
        assert shapely.distance(shapely.points(nodes), pit).min() > 3.0
