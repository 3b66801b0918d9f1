"""Sections swept along lines: pipes, cables, ducts. All lines of a kind at once.

A gentle bend is mitred. A sharp one, or one whose mitre would reach farther than its sides are long, is turned round
the point of the bend, ring by ring: no spikes, and the volume is that of the section times the length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ogc_api.meshes.mesh import Mesh, empty, join, unit
from ogc_api.meshes.paths import open_paths

if TYPE_CHECKING:
    from ogc_api.meshes.mesh import Flags, Floats, Integers
    from ogc_api.meshes.paths import Paths
    from ogc_api.meshes.sections import Section

_MITRED = np.cos(np.radians(60))
# How much of a side both mitres at its ends may take.
_MITRED_SHARE = 0.4
_TURN = np.radians(45)
_STEEP = 0.95
# Where a line turns back on itself two rings would be at one place.
_BACK = np.radians(170)
_APART_M = 2.5e-4
_STILL_M = 2.5e-4


@dataclass(frozen=True, slots=True, eq=False)
class _Frames:
    """Right and up of a section, across a direction, (n, 3) each."""

    right: Floats
    up: Floats

    def of(self, chosen: Integers | Flags) -> _Frames:
        return _Frames(self.right[chosen], self.up[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class _Bends:
    """What happens at each point of the paths: directions in and out, the angle between, and how it is met."""

    inward: Floats
    outward: Floats
    angle: Floats
    is_mitred: Flags
    is_turned: Flags


@dataclass(frozen=True, slots=True, eq=False)
class _Rings:
    """Rings of the section, one or more a point.

    `point` of each ring, the `first` and `last` ring of its turn, its frame; it is stretched by `stretch` along
    `towards`; the section is turned by `shift` points between the ring before and this one, by `swing` within the turn.
    """

    point: Integers
    first: Integers
    last: Integers
    centre: Floats
    frames: _Frames
    stretch: Floats
    towards: Floats
    shift: Integers
    swing: Integers


def sweep(points: Floats, starts: Integers, sizes_m: Floats, section: Section) -> Mesh:
    """Closed tubes about lines, line i (`points[starts[i]:starts[i + 1]]`, (n, 3)) is owner i.

    `sizes_m` (m, 2) are the width and height of each section. A section stands upright about its line. A line that
    comes back to its first point is a ring without ends; one that has no length is left out.
    """
    paths = open_paths(points, starts)
    lasting = _have_length(paths)
    if not lasting.any():
        return empty()
    paths, sizes, owners = paths.choose(lasting), sizes_m[lasting], np.flatnonzero(lasting)
    bends = _bends(paths, np.hypot(*sizes.T) / 2)
    rings = _rings(paths, bends, section)
    path = paths.path[rings.point]
    tube = _skin(paths, rings, sizes[path], section)
    ends = _caps(paths, rings, bends, tube, section)
    whole = join([tube, *ends])
    return Mesh(whole.vertices, whole.normals, whole.faces, owners[whole.owners])


def _have_length(paths: Paths) -> Flags:
    """Which paths lead anywhere."""
    far = np.zeros(len(paths.lengths))
    starts = np.repeat(paths.starts[:-1], paths.lengths)
    np.maximum.at(far, paths.path, np.abs(paths.points - paths.points[starts]).max(axis=1))
    return far > _APART_M


def _frames(direction: Floats) -> _Frames:
    steep = np.abs(direction[:, 2]) > _STEEP
    upright = np.where(steep[:, None], (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    right = unit(np.cross(direction, upright))
    return _Frames(right, np.cross(right, direction))


def _bends(paths: Paths, reach_m: Floats) -> _Bends:
    before, after = paths.neighbours()
    step_in, step_out = paths.points - paths.points[before], paths.points[after] - paths.points
    long_in, long_out = (np.sqrt((step * step).sum(axis=1)) for step in (step_in, step_out))
    inward, outward = unit(step_in), unit(step_out)
    is_end = (long_in == 0) | (long_out == 0)
    inward = np.where((long_in == 0)[:, None], outward, inward)
    outward = np.where((long_out == 0)[:, None], inward, outward)
    cosine = np.clip((inward * outward).sum(axis=1), -1.0, 1.0)
    angle = np.arccos(cosine)
    shorter = np.minimum(np.where(is_end, np.inf, long_in), np.where(is_end, np.inf, long_out))
    fits = reach_m[paths.path] * np.tan(np.minimum(angle, 3.0) / 2) <= _MITRED_SHARE * shorter
    alike = (np.abs(inward[:, 2]) > _STEEP) == (np.abs(outward[:, 2]) > _STEEP)
    is_mitred = ~is_end & (cosine > _MITRED) & fits & alike
    # Rings at a line that turns almost back would cut each other: they are laid side by side.
    back = angle > _BACK
    ahead = unit(inward - outward)
    inward, outward = np.where(back[:, None], ahead, inward), np.where(back[:, None], -ahead, outward)
    angle = np.where(back, np.pi, angle)
    return _Bends(inward, outward, angle, is_mitred, ~is_end & ~is_mitred)


def _rings(paths: Paths, bends: _Bends, section: Section) -> _Rings:
    turns = np.where(bends.is_turned, 1 + np.maximum(np.ceil(bends.angle / _TURN - 1e-9), 1), 1).astype(np.int64)
    point = np.repeat(np.arange(len(turns)), turns)
    step = np.arange(len(point)) - np.repeat(np.cumsum(turns) - turns, turns)
    share = step / np.maximum(turns[point] - 1, 1)
    along = np.where(bends.is_mitred[:, None], unit(bends.inward + bends.outward), bends.inward)
    frames = _frames(along).of(point)
    turned = bends.is_turned[point]
    shift = np.zeros(len(point), np.int64)
    if turned.any():
        frames = _turn(frames, bends, point, share)
        last = turned & (step == turns[point] - 1)
        shift[last], frames = _come_out(frames, bends, point, last, section)
    half = bends.angle / 2
    stretch = np.where(bends.is_mitred, 1 / np.cos(np.minimum(half, 1.5)) - 1, 0.0)[point]
    centre = paths.points[point] + _APART_M * _part(paths, bends, point, step, share)
    first = np.arange(len(point)) - step
    last = first + turns[point] - 1
    # Where the first and the last ring gave way, those between them turn alone.
    apart = (bends.is_turned & (bends.angle > _BACK))[point]
    inner = apart & (step > 0) & (share < 1)
    first = np.where(inner, first + 1, np.where(apart, np.arange(len(point)), first))
    last = np.where(inner, last - 1, np.where(apart, np.arange(len(point)), last))
    swing = np.where(apart, 0, shift)
    towards = unit(bends.outward - bends.inward)[point]
    return _Rings(point, first, last, centre, frames, stretch, towards, shift, swing)


def _part(paths: Paths, bends: _Bends, point: Integers, step: Integers, share: Floats) -> Floats:
    """Where rings (r, 3) have to give way to others: a line that turns back comes by where it was before."""
    is_back = bends.is_turned & (bends.angle > _BACK)
    _, after = paths.neighbours()
    is_met = np.zeros(len(is_back), dtype=bool)
    is_met[after[is_back]] = True
    ahead = (step == 0) & (is_back | is_met)[point]
    onward = is_back[point] & (share == 1)
    return np.where(ahead[:, None], bends.inward[point], 0.0) + np.where(onward[:, None], bends.outward[point], 0.0)


def _turn(frames: _Frames, bends: _Bends, point: Integers, share: Floats) -> _Frames:
    """Frames turned from the direction in towards the direction out by a share of the angle between them."""
    around = np.cross(bends.inward, bends.outward)[point]
    straight_back = (np.sqrt((around * around).sum(axis=1)) < 1e-6)[:, None]
    around = unit(np.where(straight_back, frames.up, around))
    angle = np.where(bends.is_turned[point], bends.angle[point] * share, 0.0)
    return _Frames(*(_rotate(vectors, around, angle) for vectors in (frames.right, frames.up)))


def _rotate(vectors: Floats, around: Floats, angle: Floats) -> Floats:
    """Vectors turned about unit axes (Rodrigues)."""
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    across = (vectors * around).sum(axis=1, keepdims=True)
    return np.asarray(vectors * cosine + np.cross(around, vectors) * sine + around * across * (1 - cosine))


def _come_out(
    frames: _Frames, bends: _Bends, point: Integers, last: Flags, section: Section
) -> tuple[Integers, _Frames]:
    """The last ring of a turn stands upright as its line wants it; how many points that turns the section by."""
    wanted = _frames(bends.outward[point[last]])
    came = frames.right[last]
    twist = np.arctan2((came * wanted.up).sum(axis=1), (came * wanted.right).sum(axis=1))
    count = len(section.points)
    shift = np.zeros(len(twist), np.int64)
    if section.turn:
        shift = np.round(twist / (2 * np.pi) * count / section.turn).astype(np.int64) * section.turn
    right, up = frames.right.copy(), frames.up.copy()
    right[last], up[last] = wanted.right, wanted.up
    return shift % count, _Frames(right, up)


def _skin(paths: Paths, rings: _Rings, sizes_m: Floats, section: Section) -> Mesh:
    """The tube without its ends; `sizes_m` (r, 2) of each ring."""
    right, up = rings.frames.right[:, None], rings.frames.up[:, None]
    across = sizes_m[:, None] * section.points
    places = across[..., :1] * right + across[..., 1:] * up
    places += (rings.stretch[:, None] * (places * rings.towards[:, None]).sum(axis=2))[..., None] * rings.towards[
        :, None
    ]
    leaning = section.normals / sizes_m[:, None]
    leaning /= np.sqrt((leaning * leaning).sum(axis=2, keepdims=True))
    normals = leaning[..., :1] * right + leaning[..., 1:] * up
    count = len(section.points)
    vertices = _still(rings, rings.centre[:, None] + places).reshape(-1, 3)
    owners = np.repeat(paths.path[rings.point], count)
    return Mesh(vertices, normals.reshape(-1, 3), _bands(paths, rings, section), owners)


def _still(rings: _Rings, vertices: Floats) -> Floats:
    """Corners (r, k, 3) that come out of a turn where they went in are there in all its rings, to the last bit.

    One that left and came back would have four sides meet in one edge.
    """
    corner, count = np.arange(vertices.shape[1]), vertices.shape[1]
    came_out = vertices[rings.last[:, None], (corner + rings.swing[rings.last][:, None]) % count]
    is_still = np.abs(came_out - vertices[rings.first]).max(axis=2) < _STILL_M
    before = (corner - rings.swing[:, None]) % count
    still = np.take_along_axis(is_still, before, axis=1)
    return np.where(still[..., None], vertices[rings.first[:, None], before], vertices)


def _bands(paths: Paths, rings: _Rings, section: Section) -> Integers:
    """Two triangles for each edge of the section between each ring and the next one of its path."""
    path = paths.path[rings.point]
    index, count = np.arange(len(path)), len(section.points)
    firsts = np.searchsorted(path, np.arange(len(paths.closed)))
    lasts = np.append(firsts[1:], len(path)) - 1
    following = index + 1
    following[lasts] = np.where(paths.closed, firsts, -1)
    here = index[following >= 0]
    there = following[here]
    a, b = (here[:, None] * count + section.edges[:, side] for side in (0, 1))
    d, c = (there[:, None] * count + (section.edges[:, side] + rings.shift[there][:, None]) % count for side in (0, 1))
    return np.stack([np.stack([a, c, b], axis=-1), np.stack([a, d, c], axis=-1)], axis=2).reshape(-1, 3)


def _caps(paths: Paths, rings: _Rings, bends: _Bends, tube: Mesh, section: Section) -> list[Mesh]:
    """Flat ends of the paths that are not closed."""
    path = paths.path[rings.point]
    open_ = ~paths.closed
    firsts = np.searchsorted(path, np.arange(len(open_)))
    lasts = np.append(firsts[1:], len(path)) - 1
    count, corners = len(section.points), len(section.corners)
    fan = np.column_stack([np.zeros(corners - 2, np.int64), np.arange(1, corners - 1), np.arange(2, corners)])
    made = []
    for ring, way, faces in ((firsts[open_], -bends.outward, fan), (lasts[open_], bends.inward, fan[:, ::-1])):
        vertices = tube.vertices[ring[:, None] * count + section.corners].reshape(-1, 3)
        normals = np.repeat(way[rings.point[ring]], corners, axis=0)
        starts = np.arange(len(ring))[:, None, None] * corners
        made.append(Mesh(vertices, normals, (starts + faces).reshape(-1, 3), np.repeat(path[ring], corners)))
    return made
