"""The compiled kernel beside its sources run by Python."""

import importlib
import json
import math
import random
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
import shapely

from twin.clash.distance import IS_COMPILED, Scene
from twin.clash.kernel import sources
from twin.clash.solids import Drive, Excavation, Floor, Section

EAST, NORTH = 562_000.0, 1_820_000.0
PROJECT = Path(__file__).parents[3]
OUTLINES = (
    [(0, 0), (10, 0), (10, 2), (0, 2)],
    [(0, 0), (9, 0), (9, 4), (8, 4), (8, 1), (3, 1), (3, 4), (0, 4)],
    [(0, 0), (9, 1), (1, 2), (8, 8), (-2, 6)],
)


def test_an_installation_runs_compiled():
    """Protects the speed of every installation: the set-up compiles, and what it compiled is what is written."""
    installed = json.loads(distribution("city-twin").read_text("direct_url.json") or "{}").get("url", "")
    if installed != PROJECT.as_uri():
        pytest.skip("these sources are not those that were installed")
    assert sources.is_current(), "run 'make setup'"
    assert IS_COMPILED


def test_what_was_compiled_from_other_sources_is_not_run(tmp_path, monkeypatch):
    """Protects whoever changes the geometry: a stale machine code never answers for it."""
    stamp = tmp_path / "sources.sha256"
    monkeypatch.setattr(sources, "STAMP", stamp)
    assert not sources.is_current()
    stamp.write_text(sources.take_fingerprint())
    assert sources.is_current()
    monkeypatch.setattr(sources, "list_sources", list)
    assert not sources.is_current()


@pytest.fixture
def interpreted():
    """`Scene` upon the kernel's sources."""
    mine = {name: module for name, module in sys.modules.items() if name.startswith("twin.clash.")}
    parent = sys.modules["twin.clash"]
    for name in mine:
        if name.startswith(("twin.clash.kernel", "twin.clash.distance")):
            del sys.modules[name]
    try:
        kernel = importlib.import_module("twin.clash.kernel")
        kernel.__path__[:] = [str(sources.FOLDER)]
        module = importlib.import_module("twin.clash.distance")
        assert not module.IS_COMPILED
        yield module.Scene
    finally:
        sys.modules.update(mine)
        parent.kernel, parent.distance = mine["twin.clash.kernel"], mine["twin.clash.distance"]


def a_point(rng, low=-4.0, high=2.0):
    grid = rng.random() < 0.4
    x, y = (round(rng.uniform(-3, 12) * 2) / 2 if grid else rng.uniform(-8, 18) for _ in "xy")
    return (EAST + x, NORTH + y, rng.choice([-2.0, -1.0, 0.0]) if grid else rng.uniform(low, high))


def a_dig(rng):
    outline = shapely.Polygon([(EAST + x, NORTH + y) for x, y in rng.choice(OUTLINES)])
    grade = (rng.choice([0.0, 0.02]), 0.0) if outline.equals(outline.convex_hull) else (0.0, 0.0)
    slope = rng.choice([0.0, 0.0, 0.5, 1.5])
    floor = Floor(outline, -2.0, -0.5, rng.choice([0.0, 0.1]), grade=grade, origin=(EAST, NORTH), slope=slope)
    bores = (Drive((a_point(rng), a_point(rng)), 0.3),) if rng.random() < 0.3 else ()
    return Excavation((floor,), bores)


@pytest.mark.skipif(not IS_COMPILED, reason="the kernel is not compiled here: there is nothing to compare")
def test_compiled_and_interpreted_give_the_same_figures(interpreted):
    """Protects machines without a compiler, and those with one: not one bit differs, hit or miss."""
    rng, kinds = random.Random(4), set()
    for _ in range(60):
        dig = a_dig(rng)
        scenes = (Scene(dig), interpreted(dig))
        for _ in range(5):
            points = [a_point(rng) for _ in range(rng.randint(2, 3))]
            section, accuracy = Section(0.1, rng.choice([0.0, 0.4])), (rng.choice([0.0, 0.5]), rng.choice([0.0, 0.2]))
            answers = []
            for scene in scenes:
                axis = scene.lay(points)
                gap = scene.space(axis, section, accuracy, raised=True)
                answers.append((*gap, *scene.plan(axis), scene.crossing(axis, 0.4), scene.lowest(axis, 0.4)))
            assert answers[0] == answers[1]
            kinds.add((answers[0][0] > 0, math.isinf(answers[0][4])))
    assert len(kinds) >= 3, "hits and misses, crossing and not"
