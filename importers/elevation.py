"""From what an owner says of depth or height to the elevation of the section's axis, or to "unknown".

Elevations are metres above the city's vertical datum. Every decision leaves its reason; no number is made up:
where reference, unit or ground is missing, the elevation stays NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from importers.fields import DEPTH, parse_lengths, parse_level, parse_number
from importers.vertices import Lines
from importers.vocabulary import match_value, vocabulary
from layers.columns import Column, Slots
from layers.utilities import ElevationSource, VerticalReference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from importers.attributes import Attributes, Counted
    from importers.section import Section
    from layers.linestrings import Shapes
    from layers.terrain import Ground

    type Chosen = NDArray[np.bool_]
    type Floats = NDArray[np.float64]

# Deeper than any utility trench: a number beyond it is a mistake, not a depth.
DEEPEST_M = 15.0
# Shallower nothing is buried: the number is in another unit than its column.
_SHALLOWEST_M = 0.05
# Above the ground by more than this, an elevation is another quantity or refers to another datum.
ABOVE_GROUND_M = 1.0
# z and a depth that differ by more than this (and the section's height) cannot both be right.
CONTRADICTION_M = 0.5
# A drop shaft at an end may be drawn as part of a sewer; more than it, and steeper than 45°, is a slip of the pen.
_DROP_M = 3.0
# Most of what is buried lies less deep.
_LIKELY_M = 6.0
_POSSIBLE_M = (-500.0, 9000.0)
# The last that is there counts: what says of which part of the section it speaks, before what does not.
_DEPTHS = {
    "depth_unstated": VerticalReference.UNSTATED,
    "depth_crown": VerticalReference.CROWN,
    "depth_axis": VerticalReference.AXIS,
    "depth_invert": VerticalReference.INVERT,
    "depth_bank_top": VerticalReference.BANK_TOP,
}
_ELEVATIONS = {
    "elevation_crown": VerticalReference.CROWN,
    "elevation_axis": VerticalReference.AXIS,
    "elevation_invert": VerticalReference.INVERT,
}


@dataclass(slots=True)
class Vertical:
    """What is known of the height of n lines: `z` per vertex (NaN unknown), the rest per line.

    ground: mean terrain, NaN unknown. stated_ground: the record's own ground level. inverts: (start, end) as far as
    they are stated. disputed: lines of which two depths or elevations contradict each other.
    """

    lines: Lines
    z: Floats
    stated_ground: Column[float | None]
    reference: Slots[VerticalReference]
    source: Slots[ElevationSource]
    raw: Slots[str | None]
    unit: Slots[str | None]
    reason: Slots[str]
    inverts: tuple[Floats, Floats]
    disputed: Chosen

    @property
    def ground(self) -> Floats:
        return self.lines.mean_surface

    @property
    def known(self) -> Chosen:
        return self.source.column.where(lambda source: source is not ElevationSource.NONE)

    def state(self, chosen: Chosen, raw: Column[Any], unit: str | None) -> None:
        """What the records say, as they say it."""
        self.raw.put(chosen, raw.map(str))
        self.unit.put(chosen, unit)

    def decide(
        self, chosen: Chosen, z: Floats, *, reference: Column[Any], source: ElevationSource, reason: Column[str]
    ) -> None:
        """Elevations (m,) of which those of the chosen lines count."""
        vertices = chosen[self.lines.of]
        self.z[vertices] = z[vertices]
        self.reference.put(chosen, reference)
        self.source.put(chosen, source)
        self.reason.put(chosen, reason)

    def dispute(self, given: Chosen, z: Floats, said: Column[Any], tolerance_m: Floats) -> Chosen:
        """Which of the lines given another elevation keep it: what was known before may contradict it."""
        known = given & self.known
        if not known.any():
            return given & ~self.disputed
        # One elevation is no depth that follows the ground: along the line they differ, on the whole they do not.
        self.contradict(known & (np.abs(self.lines.mean(z - self.z)) > tolerance_m), said)
        return given & ~self.disputed

    def contradict(self, disputed: Chosen, said: Column[Any]) -> None:
        """The elevation of the disputed lines is not known: what is now said contradicts what was."""
        if not disputed.any():
            return
        pairs = zip(self.raw.column, said, strict=True)
        reasons = (f"'{before}' and '{now}' contradict each other: neither is used" for before, now in pairs)
        self.forget(disputed, Column.of(reasons))
        self.disputed |= disputed

    def forget(self, chosen: Chosen, reason: Column[str]) -> None:
        """The elevation is not known, for these reasons (n,)."""
        if not chosen.any():
            return
        self.z[chosen[self.lines.of]] = np.nan
        self.source.put(chosen, ElevationSource.NONE)
        self.reason.put(chosen, reason)


def read_verticals(lines: Shapes, attributes: Attributes, sections: Sequence[Section], ground: Ground) -> Vertical:
    """Axis elevations of lines (storage CRS) from z, start and end inverts, one elevation, or one depth: the first
    of these that is there.
    """
    known = Lines.on(ground, lines)
    out = Vertical(
        lines=known,
        z=np.full(len(known.xyz), np.nan),
        stated_ground=read_elevations(attributes, "ground"),
        reference=Slots(VerticalReference.NONE, len(lines)),
        source=Slots(ElevationSource.NONE, len(lines)),
        raw=Slots(None, len(lines)),
        unit=Slots(None, len(lines)),
        reason=Slots("no depth or elevation given", len(lines)),
        inverts=(np.full(len(lines), np.nan), np.full(len(lines), np.nan)),
        disputed=np.zeros(len(lines), dtype=bool),
    )
    stated = attributes.values("vertical_reference").map(_stated_reference)
    heights = Column.of(sections).map(lambda section: section.outer_height_m)
    tolerance_m = CONTRADICTION_M + np.nan_to_num(heights.floats())
    _from_depths(out, attributes, stated, tolerance_m)
    _from_end_depths(out, attributes, stated, tolerance_m)
    _from_elevations(out, attributes, stated, tolerance_m)
    _from_end_inverts(out, attributes, tolerance_m)
    _from_z(out, stated, tolerance_m)
    _to_axis(out, Column.of(sections))
    _refuse_absurd(out)
    return out


def _stated_reference(value: Any) -> VerticalReference | None:
    matched = match_value("vertical_reference", value)
    return VerticalReference(matched) if matched else None


def _or(stated: Column[VerticalReference | None], otherwise: VerticalReference) -> Column[VerticalReference]:
    return stated.map(lambda reference: reference or otherwise)


def _from_depths(
    out: Vertical, attributes: Attributes, stated: Column[VerticalReference | None], tolerance_m: Floats
) -> None:
    surface, below = _surface(out)
    no_ground = out.lines.some(np.isnan(surface))
    for key, reference, reading in _readings(attributes, _DEPTHS):
        raw = reading.values(key)
        depths, refusals, signs = _read_depths(raw, reading.unit(key), reading.counted(key))
        z = surface - depths.metres.floats()[out.lines.of]
        # What stands for "not known" says nothing against another depth of the record.
        given, refused = raw.given() & ~(out.known & are_sentinels(raw)), refusals.given()
        given = out.dispute(given & ~refused, z, raw, tolerance_m) | (given & refused & ~out.disputed)
        out.state(given, raw, depths.unit)
        out.forget(given & refused, Column([f"depth {v} not used: {r}" for v, r in _pairs(raw, refusals)], raw.codes))
        lost = given & ~refused & no_ground
        out.forget(lost, raw.map(lambda value: f"depth {value} given, but no terrain is known under the line"))
        reason = below.map(f"depth below {{}}, {depths.reason}{signs}".format)
        used = given & ~refused & ~no_ground
        out.decide(used, z, reference=_or(stated, reference), source=ElevationSource.DEPTH, reason=reason)


def _surface(out: Vertical) -> tuple[Floats, Column[str]]:
    """(m,) the ground that depths refer to, the record's own before today's terrain, and what it is called."""
    ground = out.stated_ground.floats()[out.lines.of]
    below = out.stated_ground.map(
        lambda level: "terrain" if level is None else f"the ground level {level:g} of the record"
    )
    return np.where(np.isnan(ground), out.lines.surface, ground), below


def _from_end_depths(
    out: Vertical, attributes: Attributes, stated: Column[VerticalReference | None], tolerance_m: Floats
) -> None:
    """Depths at both ends, in between as far below the ground as lies between them along the plan length."""
    keys = ("depth_start", "depth_end")
    raw = [attributes.values(key) for key in keys]
    given = raw[0].given() | raw[1].given()
    if not given.any():
        return
    said = Column.of([f"{start} … {end}" for start, end in zip(*raw, strict=True)])
    read = [_read_depths(attributes.values(key), attributes.unit(key), attributes.counted(key)) for key in keys]
    start, end = (np.where(refusals.given(), np.nan, depths.metres.floats()) for depths, refusals, _ in read)
    surface, below = _surface(out)
    z = surface - start[out.lines.of] - (end - start)[out.lines.of] * out.lines.share_along
    whole = ~np.isnan(start + end) & ~attributes.repeated & out.lines.every(~np.isnan(surface))
    for vertices, depth in ((out.lines.first, start), (out.lines.last, end)):
        apart_m = np.abs((surface - out.z)[vertices] - depth)
        out.contradict(given & ~whole & out.known & (apart_m > tolerance_m), said)
    given = out.dispute(given & whole, z, said, tolerance_m) | (given & ~whole & ~out.known & ~out.disputed)
    out.state(given, said, read[0][0].unit)
    out.forget(
        given & ~whole, said.map("depths {} at the ends: one is not known, or the ground below which is not".format)
    )
    reason = below.map("depths at both ends below {}, straight in between".format)
    out.decide(
        given & whole, z, reference=_or(stated, VerticalReference.UNSTATED), source=ElevationSource.DEPTH, reason=reason
    )


def _readings(
    attributes: Attributes, references: Mapping[str, VerticalReference]
) -> Iterator[tuple[str, VerticalReference, Attributes]]:
    for key, reference in references.items():
        for reading in attributes.readings(key):
            yield key, reference, reading


def are_sentinels(raw: Column[Any]) -> Chosen:
    """Depths that stand for "not known"."""
    return raw.where(lambda value: is_sentinel(value, "depth"))


def _pairs(one: Column[Any], other: Column[Any]) -> zip[tuple[Any, Any]]:
    return zip(one.distinct, other.distinct, strict=True)


def _read_depths(raw: Column[Any], unit: str | None, counted: Counted) -> tuple[Any, Column[str | None], str | None]:
    """Depths in metres, why a value is not used, and what the signs say."""
    known = [(value, times) for value, times in counted if not is_sentinel(value, "depth")]
    signs = _signs(known)
    depths = parse_lengths(raw.map(unsigned), unit, DEPTH, [(unsigned(value), times) for value, times in known])
    refusals = [
        None if value is None else _refusal(value, depth, signs, depths.reason)
        for value, depth in _pairs(raw, depths.metres)
    ]
    return depths, Column(refusals, raw.codes), signs


def _refusal(value: Any, depth: float | None, signs: str | None, reason: str) -> str | None:
    if is_sentinel(value, "depth"):
        return "it stands for 'not known'"
    if depth is None:
        return reason
    if signs is None:
        return "the column mixes signs"
    if depth < _SHALLOWEST_M:
        return f"shallower than {_SHALLOWEST_M:g} m: in which unit is it?"
    return f"deeper than {DEEPEST_M:g} m" if depth > DEEPEST_M else None


def _signs(counted: Counted) -> str | None:
    """What the signs of a depth column say: '' all positive, a remark when all negative, None when mixed."""
    numbers = [number for value, _ in counted if (number := _leading_number(value))]
    negative = sum(number < 0 for number in numbers)
    if negative == 0:
        return ""
    return "; all values negative, read as below ground" if negative == len(numbers) else None


def _leading_number(value: Any) -> float | None:
    number = parse_number(value)
    if number is None and isinstance(value, str) and value.split():
        number = parse_number(value.split()[0])
    return number


def unsigned(value: Any) -> Any:
    """A depth without its sign, text or number."""
    if isinstance(value, str):
        return value.strip().removeprefix("-")
    return abs(value) if isinstance(value, int | float) else value


def _from_elevations(
    out: Vertical, attributes: Attributes, stated: Column[VerticalReference | None], tolerance_m: Floats
) -> None:
    for key, reference, reading in _readings(attributes, _ELEVATIONS):
        numbers = read_elevations(reading, key)
        given, decided = numbers.given(), _or(stated, reference)
        z = numbers.floats()[out.lines.of]
        given = out.dispute(given, z, reading.values(key), tolerance_m)
        out.state(given, reading.values(key), "m")
        reason = decided.map(lambda part: f"elevation of the {part} stated")
        out.decide(given, z, reference=decided, source=ElevationSource.MEASURED, reason=reason)


def _from_end_inverts(out: Vertical, attributes: Attributes, tolerance_m: Floats) -> None:
    """Inverts at both ends, straight in between along the plan length."""
    keys = ("elevation_invert_start", "elevation_invert_end")
    starts, ends = (attributes.values(key) for key in keys)
    given = starts.given() | ends.given()
    if not given.any():
        return
    said = Column.of([f"{start} … {end}" for start, end in zip(starts, ends, strict=True)])
    z_start, z_end = (read_elevations(attributes, key).floats() for key in keys)
    z = z_start[out.lines.of] + (z_end - z_start)[out.lines.of] * out.lines.share_along
    given = out.dispute(given & ~attributes.repeated, z, said, tolerance_m) | (given & attributes.repeated)
    out.state(given, said, "m")
    out.inverts = z_start, z_end
    missing = given & ~attributes.repeated & (np.isnan(z_start) | np.isnan(z_end))
    out.forget(missing, said.map(lambda text: f"inverts {text}: one is missing or stands for 'not known'"))
    parted = said.map(lambda text: f"inverts {text} of a record in several parts: which end is which is not known")
    out.forget(given & attributes.repeated, parted)
    reason = said.map(lambda _: "inverts at both ends, straight in between")
    used = given & ~attributes.repeated & ~missing
    reference = said.map(lambda _: VerticalReference.INVERT)
    out.decide(used, z, reference=reference, source=ElevationSource.INTERPOLATED, reason=reason)
    for key, known in zip(keys, (z_start, z_end), strict=True):
        for reading in attributes.readings(key):
            now = reading.values(key)
            contradicted = used & (np.abs(read_elevations(reading, key).floats() - known) > CONTRADICTION_M)
            out.contradict(contradicted, now)


def read_elevations(attributes: Attributes, key: str) -> Column[float | None]:
    """Elevations in metres of a field, None where not given, no number, or a number that stands for "not known"."""
    unit = attributes.unit(key)
    return attributes.values(key).map(
        lambda value: None if is_sentinel(value, "elevation") else parse_level(value, unit)
    )


def _from_z(out: Vertical, stated: Column[VerticalReference | None], tolerance_m: Floats) -> None:
    """Z of the geometry, where every vertex of a line has one that is no sentinel and no depth contradicts it."""
    lines, heights = out.lines, out.lines.xyz[:, 2]
    usable = np.isfinite(heights) & ~np.isin(heights, vocabulary()["sentinels"]["elevation"])
    whole = lines.every(usable)
    contradicted = whole & lines.some(np.abs(heights - out.z) > tolerance_m[lines.of])
    for vertices, inverts in zip((lines.first, lines.last), out.inverts, strict=True):
        contradicted |= whole & (np.abs(heights[vertices] - inverts) > tolerance_m)
    said_nothing = _say_nothing(lines, whole) or _may_be_depths(out, heights, whole & ~contradicted & ~out.disputed)
    partly = ~whole & lines.some(~np.isnan(heights)) & ~out.raw.column.given()
    first = heights[lines.first] if len(lines.first) else heights
    if contradicted.any():
        said = zip(first.tolist(), out.raw.column, out.reason.column, strict=True)
        told = (f"z {z:g} and '{raw}' ({why}) contradict each other: neither is used" for z, raw, why in said)
        out.forget(contradicted, Column.of(told))
    reference = _or(stated, VerticalReference.AXIS)
    reason = reference.map(lambda part: f"z of the geometry, taken as {part}")
    unsaid = whole & ~contradicted & ~out.raw.column.given()
    if said_nothing:
        out.raw.put(unsaid, "z")
        out.forget(unsaid, Column.constant(said_nothing, len(whole)))
    used = whole & ~contradicted & ~out.disputed & (not said_nothing)
    out.raw.put(used | partly, "z")
    out.unit.put(used, "m")
    out.decide(used, heights, reference=reference, source=ElevationSource.MEASURED, reason=reason)
    if partly.any():
        marks = Column.of(lines.first_where(~usable, heights).tolist())
        out.forget(partly, marks.map(lambda mark: f"z of the geometry not used: {mark:g} stands for 'not known'"))


def _say_nothing(lines: Lines, whole: Chosen) -> str:
    """Why z of a whole layer is not used: where it marks most lines as not known, nobody measured that of the rest."""
    with_z = int(lines.some(~np.isnan(lines.xyz[:, 2])).sum())
    marked = with_z - int(whole.sum())
    return f"z stands for 'not known' in {marked} of {with_z} lines: not used" if 2 * marked > with_z else ""


def _may_be_depths(out: Vertical, heights: Floats, whole: Chosen) -> str:
    """Why z of a whole layer is not used: all below 0 under ground above 0, it is as likely how deep the lines lie.

    Where a depth or an elevation of a record agrees with it, it is an elevation.
    """
    lines = out.lines
    vertices = whole[lines.of] & np.isfinite(lines.surface)
    if not vertices.any() or (whole & out.raw.column.given()).any():
        return ""
    low, high = float(heights[vertices].min()), float(heights[vertices].max())
    if low < -_LIKELY_M or high >= 0 or float(lines.surface[vertices].min()) <= 0:
        return ""
    return f"z from {low:g} to {high:g} under ground above 0: elevations or depths below the ground, not said: not used"


def _to_axis(out: Vertical, sections: Column[Section]) -> None:
    """Move z from the part of the section it speaks of to the axis."""
    away = out.known & out.reference.column.where(lambda part: part is not VerticalReference.AXIS)
    if not away.any():
        return
    unknown = sections.where(lambda section: section.outer_height_m is None)
    told = out.reference.column.map(lambda part: f"the elevation of the {part} is known, but not the section: no axis")
    out.forget(away & unknown, told)
    inverts = out.reference.column.where(lambda part: part is VerticalReference.INVERT)
    up = sections.map(lambda section: (section.inner_height_m or section.outer_height_m or 0.0) / 2).floats()
    down = sections.map(lambda section: -(section.outer_height_m or 0.0) / 2).floats()
    out.z += np.where(away & ~unknown, np.where(inverts, up, down), 0.0)[out.lines.of]


def _refuse_absurd(out: Vertical) -> None:
    low, high = _POSSIBLE_M
    above, below = out.z - out.lines.surface > ABOVE_GROUND_M, out.lines.surface - out.z > DEEPEST_M
    impossible = out.lines.some((out.z < low) | (out.z > high))
    steep = out.reference.column.where(lambda part: part is VerticalReference.INVERT) & ~impossible
    if steep.any():
        steep &= out.lines.steeper_than_1(out.z, _DROP_M)
    above, below = out.lines.some(above) & ~impossible, out.lines.some(below) & ~impossible
    for chosen, said in (
        (impossible, f"not within {low:g} to {high:g} m"),
        (steep, "it falls by more than its length"),
        (above, f"more than {ABOVE_GROUND_M:g} m above the ground"),
        (below & ~above, f"more than {DEEPEST_M:g} m below the ground"),
    ):
        if chosen.any():
            out.forget(chosen, out.raw.column.map(f"elevation {{}} not used: {said}".format))


def is_sentinel(value: Any, kind: str) -> bool:
    """Whether a number stands for "not known"; kind: 'elevation' or 'depth'."""
    number = parse_number(value)
    return number is not None and number in vocabulary()["sentinels"][kind]
