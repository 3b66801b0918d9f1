"""Tubes: closed whatever their line does, as wide as they are, and many at once."""

from __future__ import annotations

import numpy as np
import pytest

from ogc_api.meshes.glb import Look, Model, write_glb
from ogc_api.meshes.paths import open_paths
from ogc_api.meshes.sections import Section, box_section, egg_section, round_section
from ogc_api.meshes.table import Table
from ogc_api.meshes.tubes import sweep
from tests.glb_reader import is_sound, read_glb

CIRCLE = [(10 * np.cos(a), 10 * np.sin(a), 0.0) for a in np.linspace(0, 2 * np.pi, 41)]
LINES = {
    "straight": [(0, 0, 0), (10, 0, 0)],
    "bent": [(0, 0, 0), (10, 0, 0), (10, 10, 0)],
    "sharp": [(0, 0, 0), (10, 0, 0), (0, 1, 0)],
    "back on itself": [(0, 0, 0), (10, 0, 0), (2, 0, 0)],
    "back to a bend": [(0, 0, 0), (10, 0, 0), (12, 8, 0), (10, 0, 0)],
    "short segments": [(0, 0, 0), (5, 0, 0), (5.01, 0.01, 0), (5, 0.03, 0.01), (5.02, 0.05, 0), (9, 3, 0)],
    "drop": [(0, 0, 0), (5, 0, 0), (5, 0, -3), (5, 4, -3)],
    "upright": [(0, 0, 0), (0, 0, -3)],
    "ring": [(0, 0, 0), (10, 0, 0), (10, 10, 0), (0, 10, 0), (0, 0, 0)],
    "smooth ring": CIRCLE,
    "two equal points": [(0, 0, 0), (5, 0, 0), (5, 0, 0), (9, 1, 0)],
    "falling": [(0, 0, 0), (5, 2, 1), (9, 9, 1.5), (12, 9, -3)],
    "zigzag finer than the pipe": [(0.1 * i, 0.15 * (i % 2), 0) for i in range(40)],
}
SECTIONS = {"round": round_section(), "box": box_section(), "egg": egg_section()}


def area(section: Section, size: tuple[float, float]) -> float:
    (x, y), (u, v) = (section.points[section.edges[:, side]].T for side in (0, 1))
    return float((x * v - u * y).sum() / 2 * size[0] * size[1])


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("size", [(0.2, 0.2), (1.0, 1.5)])
def test_a_tube_is_closed_and_holds_its_section_times_its_length(section: str, size: tuple[float, float]) -> None:
    """Sharp bends, short segments, rings, drops and equal points: watertight as written, the volume right to 1 %."""
    lines = [np.array(line, dtype=float) + np.array([7 * i, 300, 0]) for i, line in enumerate(LINES.values())]
    starts = np.concatenate([[0], np.cumsum([len(line) for line in lines])])
    mesh = sweep(np.concatenate(lines), starts, np.full((len(lines), 2), size), SECTIONS[section])
    glb = read_glb(write_glb(Model(mesh, [Look("#0057b8")] * len(lines), Table("pipes", (), len(lines)))))
    assert len(glb.shapes) == len(lines)
    for index, (name, line) in enumerate(zip(LINES, lines, strict=True)):
        shape = glb.shapes[index]
        assert is_sound(shape), name
        length = np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
        assert shape.volume == pytest.approx(area(SECTIONS[section], size) * length, rel=0.012), name


def test_a_tube_keeps_its_size_at_every_bend() -> None:
    """No spikes: nothing reaches farther from the line than its half diagonal, mitres up to 60° a little more."""
    for line in LINES.values():
        points = np.array(line, dtype=float)
        mesh = sweep(points, np.array([0, len(points)]), np.array([[0.3, 0.3]]), round_section())
        start, step = points[:-1], np.diff(points, axis=0)
        square = np.maximum((step**2).sum(axis=1), 1e-12)
        share = np.clip(((mesh.vertices[:, None] - start) * step).sum(axis=2) / square, 0, 1)
        off = np.linalg.norm(mesh.vertices[:, None] - start - share[..., None] * step, axis=2).min(axis=1)
        assert off.max() <= 0.15 / np.cos(np.radians(30)) + 1e-3


def test_a_level_box_stands_upright_and_is_as_wide_and_high_as_stated() -> None:
    """2 m wide, 1 m high, along a level line that turns: corners half a metre above and below, a metre to each side."""
    line = np.array([(0, 0, 5.0), (20, 0, 5), (40, 10, 5)])
    mesh = sweep(line, np.array([0, 3]), np.array([[2.0, 1.0]]), box_section())
    assert sorted(set(np.round(mesh.vertices[:, 2], 9))) == [4.5, 5.5]
    first = mesh.vertices[np.isclose(mesh.vertices[:, 0], 0)]
    assert sorted(set(np.round(first[:, 1], 9))) == [-1, 1]
    top = mesh.normals[np.isclose(mesh.vertices[:, 2], 5.5)]
    assert np.isclose(top[:, 2], 1).sum() > 0


def test_an_egg_is_two_to_three_with_its_tip_below() -> None:
    """DIN 4263: widest in the upper half."""
    points = egg_section().points
    assert points.max(axis=0) == pytest.approx([0.5, 0.5])
    assert points.min(axis=0) == pytest.approx([-0.5, -0.5], abs=1e-9)
    widest = points[np.abs(points[:, 0]).argmax()]
    assert widest[1] == pytest.approx(1 / 6)
    assert (np.abs(points[points[:, 1] < -0.4][:, 0]) < 0.26).all()


def test_needless_points_go_and_curves_stay() -> None:
    """A straight line of a thousand points keeps two; a circle drawn in steps of a centimetre stays within 0.5 mm."""
    straight = np.column_stack([np.linspace(0, 100, 1000)] * 2 + [np.zeros(1000)])
    assert len(open_paths(straight, np.array([0, 1000])).points) == 2
    angle = np.linspace(0, np.pi, 3000)
    curve = np.column_stack([10 * np.cos(angle), 10 * np.sin(angle), np.zeros(3000)])
    kept = open_paths(curve, np.array([0, 3000])).points
    middles = (kept[1:] + kept[:-1]) / 2
    assert np.abs(np.hypot(middles[:, 0], middles[:, 1]) - 10).max() < 5e-4
    assert len(kept) < 1000


def test_a_line_without_length_has_no_tube_and_the_others_keep_their_owners() -> None:
    """Owner 0 leads nowhere; owner 1 is there."""
    points = np.array([(1.0, 1, 1), (1, 1, 1), (0, 0, 0), (5, 0, 0)])
    mesh = sweep(points, np.array([0, 2, 4]), np.full((2, 2), 0.2), round_section())
    assert set(mesh.owners.tolist()) == {1}


def test_random_lines_are_closed() -> None:
    """Hundreds of lines of any shape, some spiked, some rings: none open, none inside out."""
    random = np.random.default_rng(5)
    lines, starts = [], [0]
    for _ in range(400):
        steps = random.normal(0, 5, (random.integers(2, 9), 3)) * (1, 1, random.choice([0, 0.02, 1]))
        line = np.cumsum(steps, axis=0)
        if random.random() < 0.2:
            line = np.vstack([line, line[:1]])
        lines.append(line + random.uniform(-1000, 1000, 3) * (1, 1, 0.01))
        starts.append(starts[-1] + len(line))
    sizes = np.repeat(random.choice([0.02, 0.1, 0.3, 2.0], (400, 1)), 2, axis=1)
    mesh = sweep(np.concatenate(lines), np.array(starts), sizes, round_section())
    table = Table("pipes", (), 400)
    glb = read_glb(write_glb(Model(mesh, [Look("#0057b8")] * 400, table)))
    assert glb.shapes.unsound() == []
    assert len(glb.shapes) == 400
