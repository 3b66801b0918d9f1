"""From a placed layer to the rows of its table: which attribute from which field, which value from which words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.elevation import Vertical, read_verticals
from importers.faults import Fault, Finding
from importers.fields import (
    DIAMETER,
    GIRTH,
    STEM,
    parse_date,
    parse_length,
    parse_lengths,
    parse_measure,
    parse_number,
    parse_text,
    parse_texts,
    usual_unit,
)
from importers.node_heights import read_node_heights
from importers.section import read_ducts, read_sections, sections_columns
from importers.vocabulary import best_word, match_first, match_status, match_value, match_whole
from layers.boundaries import Level
from layers.citizen_reports import ReportStatus, Topic
from layers.columns import Column, combine
from layers.excavations import ExcavationStatus
from layers.linestrings import LineStrings
from layers.restricted_zones import Demand, ZoneKind
from layers.roads import HOURS
from layers.utilities import (
    Discipline,
    ElevationSource,
    GroundSource,
    NodeKind,
    SectionShape,
    Status,
    VerticalReference,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from numpy.typing import NDArray

    from importers.attributes import Attributes
    from importers.recognition import Target
    from layers.linestrings import Shapes
    from layers.terrain import Ground


# A thinner one is in another unit: the roots of that tree would be thought to end at its bark.
_THINNEST_STEM_M = 0.01

type Columns = dict[str, Column[Any] | NDArray[Any] | LineStrings]


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of a table, one value a row; geometry columns are arrays of shapely geometries."""

    columns: Columns
    findings: list[Finding]
    reasons: list[str]


def map_rows(target: Target, attributes: Attributes, shapes: Shapes, ground: Ground, owner: str | None) -> Rows:
    """Rows of the target table for sound geometries (storage CRS), one record of `attributes` each."""
    return _MAPPERS[target.table](target, attributes, shapes, ground, owner)


def _plain(attributes: Attributes, geometries: NDArray[np.object_], **parsers: Callable[[Any], Any]) -> Columns:
    columns: Columns = {"geom": shapely.force_2d(geometries)}
    return columns | {name: _parse(attributes.values(name), parse) for name, parse in parsers.items()}


def _parse[R](column: Column[Any], parse: Callable[[Any], R]) -> Column[R] | Column[str | None]:
    return parse_texts(column) if parse is parse_text else column.map(parse)


def _boundaries(_: Target, attributes: Attributes, geometries: NDArray[np.object_], *__: Any) -> Rows:
    columns = _plain(attributes, geometries, code=parse_text, name=_name)
    columns["level"] = attributes.values("code").map(parse_text).map(_level)
    return Rows(columns, [], [])


def _name(value: Any) -> str:
    return parse_text(value) or "?"


def _level(code: str | None) -> Level:
    """Vietnamese province codes have two digits, ward codes five (QĐ 19/2025/QĐ-TTg)."""
    return Level.CITY if code is not None and len(code) <= 2 else Level.WARD


def _parcels(_: Target, attributes: Attributes, geometries: NDArray[np.object_], *__: Any) -> Rows:
    columns = _plain(
        attributes, geometries, sheet=parse_text, number=parse_text, land_use=parse_text,
        legal_area_m2=parse_measure, ward_code=parse_text,
    )  # fmt: skip
    return Rows(columns, [], [])


def _buildings(_: Target, attributes: Attributes, geometries: NDArray[np.object_], *__: Any) -> Rows:
    columns = _plain(
        attributes, geometries, code=parse_text, name=parse_text, address=parse_text, use=parse_text,
        storeys=_whole, ground_m=parse_number, height_m=parse_measure,
    )  # fmt: skip
    return Rows(columns, [], [])


def _roads(_: Target, attributes: Attributes, geometries: NDArray[np.object_], *__: Any) -> Rows:
    columns = _plain(
        attributes, geometries, code=parse_text, name=parse_text, road_class=parse_text, surface=parse_text,
        width_m=parse_measure, resurfaced_on=parse_date, moratorium_until=parse_date, barred_hours=_hours,
    )  # fmt: skip
    unread = attributes.values("barred_hours").where(lambda value: parse_text(value) is not None and not _hours(value))
    said = "barred hours are not written as 06:00-08:30,16:30-19:00"
    return Rows(columns, [Finding(Fault.VALUE_REFUSED, said, row=i) for i in np.flatnonzero(unread).tolist()], [])


def _hours(value: Any) -> str | None:
    """Spans of the day without blanks, None for what is written otherwise."""
    text = (parse_text(value) or "").replace(" ", "").replace(";", ",")
    return text if re.fullmatch(HOURS, text) else None


def _restricted_zones(_: Target, attributes: Attributes, geometries: NDArray[np.object_], *__: Any) -> Rows:
    """What is not said of a zone is read strictly: its authority must consent."""
    columns = _plain(
        attributes, geometries, name=_name, authority=parse_text, legal_basis=parse_text,
        kind=lambda value: match_value("zone_kind", value) or ZoneKind.OTHER,
        demand=lambda value: match_value("demand", value) or Demand.CONSENT,
    )  # fmt: skip
    starts, ends = (attributes.values(name).map(parse_date) for name in ("valid_from", "valid_to"))
    columns |= {"from_depth_m": _metres(attributes, "from_depth_m", "m"), "valid_from": starts, "valid_to": ends}
    findings = [
        Finding(Fault.VALUE_MISSING, f"it ends on {end}, before it starts on {start}", "correct the record", row=i)
        for i, (start, end) in enumerate(zip(starts, ends, strict=True))
        if start and end and end < start
    ]
    return Rows(columns, findings, [])


def _citizen_reports(_: Target, attributes: Attributes, geometries: NDArray[np.object_], *__: Any) -> Rows:
    """Nothing of what people wrote is kept; it tells the topic where the service's name does not.

    A status that is not listed is open: a leak is mended when somebody says so.
    """
    columns = _plain(attributes, geometries, reference=parse_text, unit=parse_text, service=_short)
    days = {name: attributes.values(name).map(_day) for name in ("reported_on", "updated_on", "closed_on")}
    told = combine(attributes.values("service"), attributes.values("description"))
    columns |= {
        **days,
        "topic": told.map(_topic),
        "status": attributes.values("status").map(lambda v: match_whole("report_status", v) or ReportStatus.OPEN),
    }
    spans = zip(days["reported_on"], days["closed_on"], strict=True)
    findings = [
        Finding(Fault.VALUE_MISSING, f"it ends on {end}, before it starts on {start}", "correct the record", row=i)
        for i, (start, end) in enumerate(spans)
        if start and end and end < start
    ]
    return Rows(columns, findings, [])


_LONGEST_NAME = 80


def _short(value: Any) -> str | None:
    """A name; a longer text is what somebody wrote."""
    text = parse_text(value)
    return text if text is not None and len(text) <= _LONGEST_NAME else None


def _topic(told: tuple[Any, Any]) -> str:
    short = match_whole("report_service", told[0])
    return short or next((topic for text in told if (topic := match_first("report_topic", text))), Topic.OTHER)


def _day(value: Any) -> date | None:
    """The day of a moment; "08:15 01/03/2026" has it last."""
    words = value.split() if isinstance(value, str) else (value,)
    return next((day for word in words if (day := parse_date(word)) is not None), None)


def _trees(_: Target, attributes: Attributes, geometries: NDArray[np.object_], *__: Any) -> Rows:
    columns = _plain(
        attributes, geometries, code=parse_text, species=parse_text, species_latin=parse_text, planted_year=_whole,
        condition=parse_text, managed_by=parse_text,
    )  # fmt: skip
    columns["height_m"] = _metres(attributes, "height_m", "m")
    columns["crown_diameter_m"] = _metres(attributes, "crown_diameter_m", "m")
    stems, girths = (
        _metres(attributes, name, usual_unit(attributes.counted(name), usual))
        for name, usual in (("stem_diameter_m", STEM), ("stem_girth_m", GIRTH))
    )
    columns["stem_diameter_m"] = combine(stems, girths).map(_stem_diameter)
    gone = attributes.values("removed_year").map(_whole)
    findings = [
        Finding(Fault.GONE, f"the tree was removed in {year}", "leave it out of the delivery", row=i)
        for i, year in enumerate(gone)
        if year is not None
    ]
    return Rows(columns, findings, [])


def _stem_diameter(stated: tuple[float | None, float | None]) -> float | None:
    stem, girth = stated
    stem = girth / np.pi if stem is None and girth is not None else stem
    return stem if stem is None or stem >= _THINNEST_STEM_M else None


def _excavations(_: Target, attributes: Attributes, geometries: NDArray[np.object_], *__: Any) -> Rows:
    starts, ends = (attributes.values(name).map(parse_date) for name in ("starts_on", "ends_on"))
    depths = _metres(attributes, "depth_m", "m")
    columns = _plain(attributes, geometries, name=_name)
    columns |= {"starts_on": starts, "ends_on": ends, "depth_m": depths}
    columns["status"] = Column.constant(ExcavationStatus.DRAFT, attributes.count)
    terms = zip(depths, starts, ends, strict=True)
    findings = [
        Finding(Fault.VALUE_MISSING, fault, "correct the record", row=i)
        for i, (depth, start, end) in enumerate(terms)
        if (fault := _excavation_fault(depth, start, end))
    ]
    return Rows(columns, findings, [])


def _excavation_fault(depth: float | None, start: date | None, end: date | None) -> str | None:
    if depth is None:
        return "no depth is given"
    return f"it ends on {end}, before it starts on {start}" if start and end and end < start else None


def _utility(target: Target, attributes: Attributes, owner: str | None) -> Columns:
    def read[R](attribute: str, parse: Callable[[Any], R]) -> Column[R] | Column[str | None]:
        return _parse(attributes.values(attribute), parse)

    return {
        "discipline": read("discipline", lambda v: _stated_discipline(v) or target.discipline or Discipline.OTHER),
        "owner": read("owner", lambda v: _named(v) or owner),
        "operator": read("operator", parse_text),
        "owner_ref": read("owner_ref", parse_text),
        "subtype": read("subtype", parse_text),
        "status": read("status", lambda v: match_status(v) or Status.UNKNOWN),
        "valid_from": read("valid_from", parse_date),
        "survey_method": read("survey_method", parse_text),
        "surveyed_on": read("surveyed_on", parse_date),
        "quality_level": read("quality_level", partial(match_value, "quality_level")),
        "horizontal_accuracy_m": _metres(attributes, "horizontal_accuracy_m", "m"),
        "vertical_accuracy_m": _metres(attributes, "vertical_accuracy_m", "m"),
    }


def _named(value: Any) -> str | None:
    """A name; a whole number is a code of a list that was not delivered."""
    text = parse_text(value)
    return None if text is None or text.isdigit() else text


def _stated_discipline(value: Any) -> Discipline | None:
    hit = best_word(str(value), "disciplines") if value is not None else None
    return Discipline(hit[0]) if hit else None


def read_materials(attributes: Attributes) -> Column[str | None]:
    """The listed material, or else what stands there."""
    return attributes.values("material").map(lambda value: match_value("material", value) or parse_text(value))


def _utility_lines(target: Target, attributes: Attributes, shapes: Shapes, ground: Ground, owner: str | None) -> Rows:
    materials = read_materials(attributes)
    sections = read_sections(attributes, materials)
    vertical = read_verticals(shapes, attributes, sections, ground)
    columns = (
        _utility(target, attributes, owner)
        | {"geom": LineStrings(vertical.lines.xyz[:, :2], vertical.lines.counts), "axis": _axes(vertical)}
        | {"material": materials}
        | {
            "ducts": _ducts(attributes),
            "voltage_v": attributes.values("voltage_v").map(_voltage),
            "pressure_bar": attributes.values("pressure_bar").map(parse_measure),
        }
        | _heights(vertical)
        | sections_columns(sections)
    )
    unknown = np.flatnonzero(~vertical.known).tolist()
    unsized = np.flatnonzero(sections.where(lambda section: section.shape is SectionShape.UNKNOWN)).tolist()
    findings = [Finding(Fault.ELEVATION_UNKNOWN, vertical.reason[i], row=i) for i in unknown]
    findings += [Finding(Fault.SECTION_UNKNOWN, sections[i].reason, row=i) for i in unsized]
    reasons = {reason for reason, _ in vertical.reason.column.counted()}
    reasons |= {section.reason for section, _ in sections.counted()}
    return Rows(columns, findings, sorted(reasons))


def _axes(vertical: Vertical) -> LineStrings:
    """Centre lines with z of the lines whose elevation is known."""
    lines, known = vertical.lines, vertical.known
    seen = known[lines.of]
    vertices = np.column_stack([lines.xyz[seen, :2], vertical.z[seen]])
    return LineStrings(vertices, np.where(known, lines.counts, 0))


def _heights(vertical: Vertical) -> Columns:
    stated = vertical.stated_ground.floats()
    ground_m = np.where(np.isnan(stated), vertical.ground, stated)
    return {
        "vertical_raw": vertical.raw.column,
        "vertical_unit": vertical.unit.column,
        "vertical_reference": vertical.reference.column,
        "vertical_reason": vertical.reason.column,
        "elevation_source": vertical.source.column,
        "ground_m": ground_m,
        "ground_source": Column(
            (GroundSource.OWNER, GroundSource.TERRAIN, GroundSource.NONE),
            np.select([~np.isnan(stated), ~np.isnan(ground_m)], [0, 1], 2).astype(np.int32),
        ),
    }


def _utility_nodes(
    target: Target, attributes: Attributes, geometries: NDArray[np.object_], ground: Ground, owner: str | None
) -> Rows:
    heights = read_node_heights(geometries, attributes, ground)
    sizes = combine(*(_sizes(attributes, side) for side in ("outer_diameter", "outer_width", "outer_length")))
    has_bottom, has_cover = ~np.isnan(heights.bottom), ~np.isnan(heights.cover)
    columns = _utility(target, attributes, owner) | {
        "geom": shapely.force_2d(geometries),
        "material": read_materials(attributes),
        "kind": attributes.values("kind").map(
            lambda value: match_value("kind", value) or NodeKind.OTHER if parse_text(value) else target.kind
        ),
        "section_shape": sizes.map(_plan_shape),
        "outer_width_m": sizes.map(lambda stated: stated[0] or stated[1]),
        "outer_length_m": sizes.map(lambda stated: stated[0] or stated[2] or stated[1]),
        "cover_m": heights.cover,
        "bottom_m": heights.bottom,
        "vertical_reference": _either(has_cover, VerticalReference.COVER, VerticalReference.NONE),
        "elevation_source": _either(has_bottom, ElevationSource.MEASURED, ElevationSource.NONE),
        "vertical_reason": heights.reason,
        "ground_m": heights.terrain,
        "ground_source": _either(~np.isnan(heights.terrain), GroundSource.TERRAIN, GroundSource.NONE),
    }
    unsized = sizes.where(lambda stated: not (stated[0] or stated[1]))
    findings = [
        Finding(Fault.ELEVATION_UNKNOWN, heights.reason[i], row=i) for i in np.flatnonzero(~has_bottom).tolist()
    ] + [Finding(Fault.SECTION_UNKNOWN, "no size given", row=i) for i in np.flatnonzero(unsized).tolist()]
    return Rows(columns, findings, [])


def _either[T](test: NDArray[np.bool_], yes: T, no: T) -> Column[T]:
    return Column((no, yes), test.astype(np.int32))


def _plan_shape(stated: tuple[float | None, float | None, float | None]) -> SectionShape:
    diameter, width, _ = stated
    if diameter:
        return SectionShape.CIRCULAR
    return SectionShape.RECTANGULAR if width else SectionShape.UNKNOWN


_MAPPERS: dict[str, Callable[..., Rows]] = {
    "boundaries": _boundaries,
    "parcels": _parcels,
    "buildings": _buildings,
    "roads": _roads,
    "trees": _trees,
    "citizen_reports": _citizen_reports,
    "excavations": _excavations,
    "restricted_zones": _restricted_zones,
    "utility_lines": _utility_lines,
    "utility_nodes": _utility_nodes,
}


def _whole(value: Any) -> int | None:
    number = parse_measure(value)
    return round(number) if number is not None else None


def _ducts(attributes: Attributes) -> Column[int | None]:
    stated, told = attributes.values("ducts").map(_whole), read_ducts(attributes)
    return stated if told is None else combine(stated, told).map(lambda ducts: ducts[0] or ducts[1])


def _metres(attributes: Attributes, name: str, usual_unit: str) -> Column[float | None]:
    """Lengths in a unit stated in the field's name, or else the usual one of the quantity."""
    unit = attributes.unit(name) or usual_unit
    return attributes.values(name).map(lambda value: parse_length(value, unit))


def _sizes(attributes: Attributes, name: str) -> Column[float | None]:
    lengths = parse_lengths(attributes.values(name), attributes.unit(name), DIAMETER, attributes.deciding(name))
    return lengths.metres.map(lambda length: length or None)


def _voltage(value: Any) -> float | None:
    """Volts of "22 kV", "0,4 kV", "220 V" and bare numbers."""
    text = "" if value is None else str(value).lower().replace(" ", "")
    scale = 1000.0 if text.endswith("kv") else 1.0
    return None if (number := parse_measure(text.removesuffix("kv").removesuffix("v"))) is None else number * scale
