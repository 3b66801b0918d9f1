"""From what an owner says of depth or height to the elevation of the section's axis, or to "unknown".

Elevations are metres above the city's vertical datum. Every decision leaves its reason; no number is made up:
where reference, unit or ground is missing, the elevation stays NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.fields import DEPTH, DEPTH_UNITS, parse_lengths, parse_number
from importers.vocabulary import match_value, vocabulary
from layers.utilities import ElevationSource, VerticalReference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from importers.attributes import Attributes
    from importers.section import Section
    from layers.terrain import Ground

# Deeper than any utility trench: a number beyond it is a mistake, not a depth.
_DEEPEST_M = 15.0
# Above the ground by more than this, an elevation is another quantity or refers to another datum.
_ABOVE_GROUND_M = 1.0
# z and a depth that differ by more than this (and the section's height) cannot both be right.
_CONTRADICTION_M = 0.5
_POSSIBLE_M = (-500.0, 9000.0)
_DEPTHS = {
    "depth_crown": VerticalReference.CROWN,
    "depth_axis": VerticalReference.AXIS,
    "depth_invert": VerticalReference.INVERT,
    "depth_bank_top": VerticalReference.BANK_TOP,
    "depth_unstated": VerticalReference.UNSTATED,
}
_ELEVATIONS = {
    "elevation_crown": VerticalReference.CROWN,
    "elevation_axis": VerticalReference.AXIS,
    "elevation_invert": VerticalReference.INVERT,
}


@dataclass(frozen=True, slots=True)
class Vertices:
    """All vertices of n lines: x, y, z (NaN without), the terrain under each, and which belong to which line."""

    xyz: NDArray[np.float64]
    surface: NDArray[np.float64]
    spans: list[slice]


@dataclass(slots=True)
class Vertical:
    """What is known of the height of n lines: `z` per vertex (NaN unknown), the rest per line."""

    z: NDArray[np.float64]
    spans: list[slice]
    ground: list[float | None]
    stated_ground: list[float | None]
    reference: list[VerticalReference]
    source: list[ElevationSource]
    raw: list[str | None]
    unit: list[str | None]
    reason: list[str]

    def decide(self, line: int, z: Any, reference: VerticalReference, source: ElevationSource, reason: str) -> None:
        self.z[self.spans[line]] = z
        self.reference[line], self.source[line], self.reason[line] = reference, source, reason

    def forget(self, line: int, reason: str) -> None:
        self.z[self.spans[line]] = np.nan
        self.source[line], self.reason[line] = ElevationSource.NONE, reason


def read_verticals(
    lines: NDArray[np.object_], attributes: Attributes, sections: Sequence[Section], ground: Ground
) -> Vertical:
    """Axis elevations of lines (storage CRS) from z, start and end inverts, one elevation, or one depth: the first
    of these that is there.
    """
    vertices = _vertices(lines, ground)
    count = len(lines)
    out = Vertical(
        z=np.full(len(vertices.xyz), np.nan),
        spans=vertices.spans,
        ground=[_mean(vertices.surface[span]) for span in vertices.spans],
        stated_ground=[number for _, number in _elevations(attributes, "ground")],
        reference=[VerticalReference.NONE] * count,
        source=[ElevationSource.NONE] * count,
        raw=[None] * count,
        unit=[None] * count,
        reason=["no depth or elevation given"] * count,
    )
    stated = [_stated_reference(value) for value in attributes.values("vertical_reference")]
    _from_depths(out, attributes, vertices, stated)
    _from_elevations(out, attributes, stated)
    _from_end_inverts(out, attributes, vertices)
    _from_z(out, vertices, stated, sections)
    _to_axis(out, sections)
    _refuse_absurd(out, vertices)
    return out


def _vertices(lines: NDArray[np.object_], ground: Ground) -> Vertices:
    xyz = shapely.get_coordinates(lines, include_z=True)
    ends = np.cumsum(shapely.get_num_coordinates(lines)).tolist()
    spans = [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return Vertices(xyz, ground.elevations(xyz[:, :2]), spans)


def _mean(heights: NDArray[np.float64]) -> float | None:
    return None if np.isnan(heights).any() else float(heights.mean())


def _stated_reference(value: Any) -> VerticalReference | None:
    matched = match_value("vertical_reference", value)
    return VerticalReference(matched) if matched else None


def _from_depths(
    out: Vertical, attributes: Attributes, vertices: Vertices, stated: Sequence[VerticalReference | None]
) -> None:
    for key, reference in _DEPTHS.items():
        raw = attributes.values(key)
        known = [None if _is_sentinel(value, "depth") else value for value in raw]
        signs = _signs(known)
        depths = parse_lengths([_unsigned(v) for v in known], attributes.unit(key), DEPTH, DEPTH_UNITS)
        for i, depth in enumerate(depths.metres):
            if raw[i] is None:
                continue
            out.raw[i], out.unit[i] = str(raw[i]), depths.unit
            refusal = _refusal(known[i], depth, signs, depths.reason)
            stated_ground = out.stated_ground[i]
            surface = vertices.surface[vertices.spans[i]]
            if stated_ground is not None:
                surface = np.full(len(surface), stated_ground)
            if refusal is not None or depth is None:
                out.forget(i, f"depth {raw[i]} not used: {refusal}")
            elif np.isnan(surface).any():
                out.forget(i, f"depth {raw[i]} given, but no terrain is known under the line")
            else:
                below = "terrain" if stated_ground is None else f"the ground level {stated_ground:g} of the record"
                reason = f"depth below {below}, {depths.reason}{signs}"
                out.decide(i, surface - depth, stated[i] or reference, ElevationSource.DEPTH, reason)


def _refusal(known: Any, depth: float | None, signs: str | None, reason: str) -> str | None:
    if known is None:
        return "it stands for 'not known'"
    if depth is None:
        return reason
    if signs is None:
        return "the column mixes signs"
    return f"deeper than {_DEEPEST_M:g} m" if depth > _DEEPEST_M else None


def _signs(values: Sequence[Any]) -> str | None:
    """What the signs of a depth column say: '' all positive, a remark when all negative, None when mixed."""
    numbers = [number for value in values if (number := _leading_number(value))]
    negative = sum(number < 0 for number in numbers)
    if negative == 0:
        return ""
    return "; all values negative, read as below ground" if negative == len(numbers) else None


def _leading_number(value: Any) -> float | None:
    number = parse_number(value)
    if number is None and isinstance(value, str) and value.split():
        number = parse_number(value.split()[0])
    return number


def _unsigned(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip().removeprefix("-")
    return abs(value) if isinstance(value, int | float) else value


def _from_elevations(out: Vertical, attributes: Attributes, stated: Sequence[VerticalReference | None]) -> None:
    for key, reference in _ELEVATIONS.items():
        for i, (value, number) in enumerate(_elevations(attributes, key)):
            if number is None:
                continue
            out.raw[i], out.unit[i] = str(value), "m"
            decided = stated[i] or reference
            out.decide(i, number, decided, ElevationSource.MEASURED, f"elevation of the {decided} stated")


def _from_end_inverts(out: Vertical, attributes: Attributes, vertices: Vertices) -> None:
    """Inverts at both ends, straight in between along the plan length."""
    starts = _elevations(attributes, "elevation_invert_start")
    ends = _elevations(attributes, "elevation_invert_end")
    for i, ((start, z_start), (end, z_end)) in enumerate(zip(starts, ends, strict=True)):
        if start is None and end is None:
            continue
        out.raw[i], out.unit[i] = f"{start} … {end}", "m"
        if attributes.repeated[i]:
            out.forget(i, f"inverts {start} … {end} of a record in several parts: which end is which is not known")
            continue
        if z_start is None or z_end is None:
            out.forget(i, f"inverts {start} … {end}: one is missing or stands for 'not known'")
            continue
        xy = vertices.xyz[vertices.spans[i], :2]
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
        z = z_start + (z_end - z_start) * along / along[-1]
        reason = "inverts at both ends, straight in between"
        out.decide(i, z, VerticalReference.INVERT, ElevationSource.INTERPOLATED, reason)


def _elevations(attributes: Attributes, key: str) -> list[tuple[Any, float | None]]:
    return [
        (value, None if _is_sentinel(value, "elevation") else parse_number(value)) for value in attributes.values(key)
    ]


def _from_z(
    out: Vertical, vertices: Vertices, stated: Sequence[VerticalReference | None], sections: Sequence[Section]
) -> None:
    """Z of the geometry, where every vertex of a line has one that is no sentinel and no depth contradicts it."""
    heights = vertices.xyz[:, 2]
    usable = np.isfinite(heights) & ~np.isin(heights, vocabulary()["sentinels"]["elevation"])
    for i, span in enumerate(out.spans):
        z = heights[span]
        tolerance_m = _CONTRADICTION_M + (sections[i].outer_height_m or 0.0)
        if usable[span].all() and (np.abs(z - out.z[span]) > tolerance_m).any():
            out.forget(i, f"z {z[0]:g} and '{out.raw[i]}' ({out.reason[i]}) contradict each other: neither is used")
        elif usable[span].all():
            out.raw[i], out.unit[i] = "z", "m"
            reference = stated[i] or VerticalReference.AXIS
            out.decide(i, z, reference, ElevationSource.MEASURED, f"z of the geometry, taken as {reference}")
        elif out.raw[i] is None and not np.isnan(z).all():
            out.raw[i] = "z"
            out.forget(i, f"z of the geometry not used: {z[~usable[span]][0]:g} stands for 'not known'")


def _to_axis(out: Vertical, sections: Sequence[Section]) -> None:
    """Move z from the part of the section it speaks of to the axis."""
    for i, section in enumerate(sections):
        reference = out.reference[i]
        if out.source[i] is ElevationSource.NONE or reference is VerticalReference.AXIS:
            continue
        if section.outer_height_m is None:
            out.forget(i, f"the elevation of the {reference} is known, but not the section: no axis")
        elif reference is VerticalReference.INVERT:
            out.z[out.spans[i]] += (section.inner_height_m or section.outer_height_m) / 2
        else:
            out.z[out.spans[i]] -= section.outer_height_m / 2


def _refuse_absurd(out: Vertical, vertices: Vertices) -> None:
    low, high = _POSSIBLE_M
    above, below = out.z - vertices.surface > _ABOVE_GROUND_M, vertices.surface - out.z > _DEEPEST_M
    impossible = (out.z < low) | (out.z > high)
    for i, span in enumerate(out.spans):
        if impossible[span].any():
            out.forget(i, f"elevation {out.raw[i]} not used: not within {low:g} to {high:g} m")
        elif above[span].any():
            out.forget(i, f"elevation {out.raw[i]} not used: more than {_ABOVE_GROUND_M:g} m above the ground")
        elif below[span].any():
            out.forget(i, f"elevation {out.raw[i]} not used: more than {_DEEPEST_M:g} m below the ground")


def read_node_heights(
    points: NDArray[np.object_], attributes: Attributes, ground: Ground
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(terrain, cover, bottom) elevation of nodes, NaN unknown.

    The cover comes from its own field, the ground field or z; the bottom from its own field, or the depth below
    the cover or else the terrain.
    """
    xyz = shapely.get_coordinates(points, include_z=True)
    terrain = ground.elevations(xyz[:, :2])
    z = np.where(np.isin(xyz[:, 2], vocabulary()["sentinels"]["elevation"]), np.nan, xyz[:, 2])
    # z of a manhole may be its cover or its bottom: beside the ground it is the cover.
    z = np.where(np.abs(z - terrain) <= _ABOVE_GROUND_M, z, np.nan)
    cover = _first_known(_heights(attributes, "cover"), _heights(attributes, "ground"), z)
    known = [None if _is_sentinel(v, "depth") else v for v in attributes.values("depth")]
    depths = parse_lengths([_unsigned(v) for v in known], attributes.unit("depth"), DEPTH, DEPTH_UNITS)
    depth = np.array([np.nan if d is None or d > _DEEPEST_M else d for d in depths.metres], dtype=float)
    bottom = _first_known(_heights(attributes, "bottom"), _first_known(cover, terrain) - depth)
    cover = np.where((cover - terrain > _DEEPEST_M) | (terrain - cover > _DEEPEST_M), np.nan, cover)
    return terrain, cover, np.where((bottom > cover) | (bottom - terrain > _ABOVE_GROUND_M), np.nan, bottom)


def _heights(attributes: Attributes, key: str) -> NDArray[np.float64]:
    numbers = [number for _, number in _elevations(attributes, key)]
    return np.array([np.nan if number is None else number for number in numbers], dtype=float)


def _first_known(*columns: NDArray[np.float64]) -> NDArray[np.float64]:
    known = columns[0]
    for column in columns[1:]:
        known = np.where(np.isnan(known), column, known)
    return known


def _is_sentinel(value: Any, kind: str) -> bool:
    number = parse_number(value)
    return number is not None and number in vocabulary()["sentinels"][kind]
