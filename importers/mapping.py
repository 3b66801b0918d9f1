"""From a placed layer to the rows of its table: which attribute from which field, which value from which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.elevation import read_node_heights, read_verticals
from importers.faults import Fault, Finding
from importers.fields import DIAMETER, DIAMETER_UNITS, parse_date, parse_length, parse_lengths, parse_number, parse_text
from importers.section import read_sections, sections_columns
from importers.vocabulary import best_word, match_value
from layers.boundaries import Level
from layers.excavations import ExcavationStatus
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
    from collections.abc import Callable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from importers.attributes import Attributes
    from importers.recognition import Target
    from layers.terrain import Ground


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of a table, one value a row; geometry columns hold shapely geometries."""

    columns: dict[str, Sequence[Any]]
    findings: list[Finding]
    reasons: list[str]


def map_rows(
    target: Target, attributes: Attributes, geometries: NDArray[np.object_], ground: Ground, owner: str | None
) -> Rows:
    """Rows of the target table for sound geometries (storage CRS), one record of `attributes` each."""
    return _MAPPERS[target.table](target, attributes, geometries, ground, owner)


def _plain(
    attributes: Attributes, geometries: NDArray[np.object_], **parsers: Callable[[Any], Any]
) -> dict[str, Sequence[Any]]:
    columns: dict[str, Sequence[Any]] = {"geom": shapely.force_2d(geometries)}
    for name, parse in parsers.items():
        columns[name] = [parse(value) for value in attributes.values(name)]
    return columns


def _boundaries(_: Target, attributes: Attributes, geometries: NDArray[np.object_], *__: Any) -> Rows:
    columns = _plain(attributes, geometries, code=parse_text, name=parse_text)
    columns["name"] = [name or "?" for name in columns["name"]]
    columns["level"] = [_level(code) for code in columns["code"]]
    return Rows(columns, [], [])


def _level(code: str | None) -> Level:
    """Vietnamese province codes have two digits, ward codes five (QĐ 19/2025/QĐ-TTg)."""
    return Level.CITY if code is not None and len(code) <= 2 else Level.WARD


def _parcels(_: Target, attributes: Attributes, geometries: NDArray[np.object_], *__: Any) -> Rows:
    columns = _plain(
        attributes, geometries, sheet=parse_text, number=parse_text, land_use=parse_text,
        legal_area_m2=_positive, ward_code=parse_text,
    )  # fmt: skip
    return Rows(columns, [], [])


def _buildings(_: Target, attributes: Attributes, geometries: NDArray[np.object_], *__: Any) -> Rows:
    columns = _plain(
        attributes, geometries, code=parse_text, name=parse_text, address=parse_text, use=parse_text,
        storeys=_whole, ground_m=parse_number, height_m=_positive,
    )  # fmt: skip
    return Rows(columns, [], [])


def _roads(_: Target, attributes: Attributes, geometries: NDArray[np.object_], *__: Any) -> Rows:
    columns = _plain(
        attributes, geometries, code=parse_text, name=parse_text, road_class=parse_text, surface=parse_text,
        width_m=_positive,
    )  # fmt: skip
    return Rows(columns, [], [])


def _trees(_: Target, attributes: Attributes, geometries: NDArray[np.object_], *__: Any) -> Rows:
    columns = _plain(
        attributes, geometries, code=parse_text, species=parse_text, species_latin=parse_text, planted_year=_whole,
        condition=parse_text, managed_by=parse_text,
    )  # fmt: skip
    columns["height_m"] = _metres(attributes, "height_m", "m")
    columns["crown_diameter_m"] = _metres(attributes, "crown_diameter_m", "m")
    stems = _metres(attributes, "stem_diameter_m", "cm")
    girths = _metres(attributes, "stem_girth_m", "cm")
    columns["stem_diameter_m"] = [
        stem if stem is not None else (girth / np.pi if girth is not None else None)
        for stem, girth in zip(stems, girths, strict=True)
    ]
    return Rows(columns, [], [])


def _excavations(_: Target, attributes: Attributes, geometries: NDArray[np.object_], *__: Any) -> Rows:
    columns = _plain(attributes, geometries, name=parse_text, starts_on=parse_date, ends_on=parse_date)
    columns["name"] = [name or "?" for name in columns["name"]]
    columns["depth_m"] = _metres(attributes, "depth_m", "m")
    columns["status"] = [ExcavationStatus.DRAFT] * attributes.count
    findings = [
        Finding(Fault.VALUE_MISSING, fault, "correct the record", row=i)
        for i, (depth, start, end) in enumerate(
            zip(columns["depth_m"], columns["starts_on"], columns["ends_on"], strict=True)
        )
        if (fault := _excavation_fault(depth, start, end))
    ]
    return Rows(columns, findings, [])


def _excavation_fault(depth: float | None, start: date | None, end: date | None) -> str | None:
    if depth is None:
        return "no depth is given"
    return f"it ends on {end}, before it starts on {start}" if start and end and end < start else None


def _utility(target: Target, attributes: Attributes, owner: str | None) -> dict[str, Sequence[Any]]:
    stated = [_stated_discipline(value) for value in attributes.values("discipline")]
    return {
        "discipline": [own or target.discipline or Discipline.OTHER for own in stated],
        "owner": [parse_text(value) or owner for value in attributes.values("owner")],
        "operator": [parse_text(value) for value in attributes.values("operator")],
        "owner_ref": [parse_text(value) for value in attributes.values("owner_ref")],
        "subtype": [parse_text(value) for value in attributes.values("subtype")],
        "status": [match_value("status", value) or Status.UNKNOWN for value in attributes.values("status")],
        "valid_from": [parse_date(value) for value in attributes.values("valid_from")],
        "survey_method": [parse_text(value) for value in attributes.values("survey_method")],
        "surveyed_on": [parse_date(value) for value in attributes.values("surveyed_on")],
        "quality_level": [match_value("quality_level", value) for value in attributes.values("quality_level")],
        "horizontal_accuracy_m": _metres(attributes, "horizontal_accuracy_m", "m"),
        "vertical_accuracy_m": _metres(attributes, "vertical_accuracy_m", "m"),
    }


def _stated_discipline(value: Any) -> Discipline | None:
    hit = best_word(str(value), "disciplines") if value is not None else None
    return Discipline(hit[0]) if hit else None


def _materials(attributes: Attributes) -> list[str | None]:
    """The listed material, or else what stands there."""
    return [match_value("material", value) or parse_text(value) for value in attributes.values("material")]


def _utility_lines(
    target: Target, attributes: Attributes, geometries: NDArray[np.object_], ground: Ground, owner: str | None
) -> Rows:
    materials = _materials(attributes)
    sections = read_sections(attributes, materials)
    vertical = read_verticals(geometries, attributes, sections, ground)
    plan = shapely.force_2d(geometries)
    known = [source is not ElevationSource.NONE for source in vertical.source]
    grounds = [_ground(*heights) for heights in zip(vertical.stated_ground, vertical.ground, strict=True)]
    columns = (
        _utility(target, attributes, owner)
        | {
            "geom": plan,
            "axis": [
                shapely.linestrings(np.column_stack([shapely.get_coordinates(plan[i]), vertical.z[span]]))
                if known[i]
                else None
                for i, span in enumerate(vertical.spans)
            ],
            "material": materials,
            "ducts": [_whole(value) for value in attributes.values("ducts")],
            "voltage_v": _voltages(attributes),
            "pressure_bar": [_positive(value) for value in attributes.values("pressure_bar")],
            "vertical_raw": vertical.raw,
            "vertical_unit": vertical.unit,
            "vertical_reference": vertical.reference,
            "vertical_reason": vertical.reason,
            "elevation_source": vertical.source,
            "ground_m": [height for height, _ in grounds],
            "ground_source": [source for _, source in grounds],
        }
        | sections_columns(sections)
    )
    findings = [
        Finding(Fault.ELEVATION_UNKNOWN, vertical.reason[i], row=i) for i in range(attributes.count) if not known[i]
    ] + [
        Finding(Fault.SECTION_UNKNOWN, section.reason, row=i)
        for i, section in enumerate(sections)
        if section.shape is SectionShape.UNKNOWN
    ]
    return Rows(columns, findings, sorted({*vertical.reason, *(s.reason for s in sections)}))


def _ground(stated: float | None, terrain: float | None) -> tuple[float | None, GroundSource]:
    """The ground that a depth refers to: the record's own, which is that of its survey, before today's terrain."""
    if stated is not None:
        return stated, GroundSource.OWNER
    return terrain, GroundSource.NONE if terrain is None else GroundSource.TERRAIN


def _axis(plan: shapely.LineString, z: NDArray[np.float64]) -> shapely.LineString:
    return shapely.LineString(np.column_stack([shapely.get_coordinates(plan), z]))


def _utility_nodes(
    target: Target, attributes: Attributes, geometries: NDArray[np.object_], ground: Ground, owner: str | None
) -> Rows:
    terrain, cover, bottom = (_nullable(h) for h in read_node_heights(geometries, attributes, ground))
    diameter = _sizes(attributes, "outer_diameter")
    width, length = _sizes(attributes, "outer_width"), _sizes(attributes, "outer_length")
    columns = _utility(target, attributes, owner) | {
        "geom": shapely.force_2d(geometries),
        "material": _materials(attributes),
        "kind": [match_value("kind", value) or NodeKind.OTHER for value in attributes.values("kind")],
        "section_shape": [
            SectionShape.CIRCULAR if d else SectionShape.RECTANGULAR if w else SectionShape.UNKNOWN
            for d, w in zip(diameter, width, strict=True)
        ],
        "outer_width_m": [d or w for d, w in zip(diameter, width, strict=True)],
        "outer_length_m": [d or n or w for d, n, w in zip(diameter, length, width, strict=True)],
        "cover_m": cover,
        "bottom_m": bottom,
        "vertical_reference": [VerticalReference.COVER if c is not None else VerticalReference.NONE for c in cover],
        "elevation_source": [ElevationSource.MEASURED if b is not None else ElevationSource.NONE for b in bottom],
        "vertical_reason": ["bottom known" if b is not None else "no bottom or depth given" for b in bottom],
        "ground_m": terrain,
        "ground_source": [GroundSource.NONE if height is None else GroundSource.TERRAIN for height in terrain],
    }
    findings = [
        Finding(Fault.ELEVATION_UNKNOWN, "no bottom or depth given", row=i) for i, b in enumerate(bottom) if b is None
    ] + [
        Finding(Fault.SECTION_UNKNOWN, "no size given", row=i) for i, w in enumerate(columns["outer_width_m"]) if not w
    ]
    return Rows(columns, findings, [])


_MAPPERS: dict[str, Callable[..., Rows]] = {
    "boundaries": _boundaries,
    "parcels": _parcels,
    "buildings": _buildings,
    "roads": _roads,
    "trees": _trees,
    "excavations": _excavations,
    "utility_lines": _utility_lines,
    "utility_nodes": _utility_nodes,
}


def _positive(value: Any) -> float | None:
    """Zero and below stand for "not measured" in sizes, areas and heights."""
    number = parse_number(value)
    return number if number is not None and number > 0 else None


def _whole(value: Any) -> int | None:
    number = _positive(value)
    return round(number) if number is not None else None


def _metres(attributes: Attributes, name: str, usual_unit: str) -> list[float | None]:
    """Lengths in a unit stated in the field's name, or else the usual one of the quantity."""
    unit = attributes.unit(name) or usual_unit
    return [parse_length(value, unit) for value in attributes.values(name)]


def _sizes(attributes: Attributes, name: str) -> list[float | None]:
    lengths = parse_lengths(attributes.values(name), attributes.unit(name), DIAMETER, DIAMETER_UNITS)
    return [length or None for length in lengths.metres]


def _voltages(attributes: Attributes) -> list[float | None]:
    """Volts; "22 kV", "0,4 kV", "220 V", and bare numbers up to 500 in a field of kilovolts."""
    return [_voltage(value) for value in attributes.values("voltage_v")]


def _voltage(value: Any) -> float | None:
    text = "" if value is None else str(value).lower().replace(" ", "")
    scale = 1000.0 if text.endswith("kv") else 1.0
    return None if (number := _positive(text.removesuffix("kv").removesuffix("v"))) is None else number * scale


def _nullable(heights: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(height) else float(height) for height in heights]
