"""City objects as records: buildings with footprint, heights and solid, whatever the format they come in."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.faults import Fault, Rejected
from importers.fields import parse_number
from importers.formats.shell import close_shell, cover_of, extent_m, foot_of, join, to_solid
from importers.source import SourceLayer
from importers.vocabulary import attributes_of, match_fields
from layers.crs import parse_crs
from layers.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from importers.formats.shell import Face

# Layer name -> the table whose words its columns are in.
_TABLES = {
    "buildings": "buildings",
    "trees": "trees",
    "roads": "roads",
    "land use": "parcels",
    "pipes": "utility_lines",
    "cables": "utility_lines",
    "utility lines": "utility_lines",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """One geometry of a city object, by its level of detail: the shells of solids, or the surfaces of one body."""

    lod: float
    is_solid: bool
    shells: tuple[tuple[Face, ...], ...]
    ground: tuple[Face, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A geometry; `told` in the words of the vocabulary, `free` as the file names it."""

    geometry: shapely.Geometry | None
    told: dict[str, Any]
    free: dict[str, Any]


@dataclass(slots=True)
class City:
    """The records of one file by layer, and how often something was left aside, in the words of a note."""

    records: dict[str, list[Record]] = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)

    def add(self, layer: str, record: Record) -> None:
        self.records.setdefault(layer, []).append(record)

    def layers(self, file: str, crs: str | None, crs_origin: str) -> Iterable[SourceLayer]:
        """Layers of all that was added; without heights where the declared system does not count in metres.

        Raises: Rejected where nothing was.
        """
        if not self.records:
            held = ", ".join(f"{count} {what}" for what, count in sorted(self.notes.items())) or "nothing"
            remedy = "leave it out, or ask for buildings, trees or road lines"
            raise Rejected(Fault.LAYER_UNKNOWN, f"{file} has nothing that the city keeps: {held}", remedy)
        notes = [f"{count} {what}" for what, count in sorted(self.notes.items())]
        in_metres = _in_metres(crs)
        if not in_metres:
            notes.append(f"elevations left aside: {crs} does not count in metres")
        for name, delivered in self.records.items():
            records = delivered if in_metres else [_without_heights(record) for record in delivered]
            yield SourceLayer(
                name,
                np.array([record.geometry for record in records], dtype=object),
                _columns(records, _TABLES[name]),
                np.arange(1, len(records) + 1),
                crs=crs,
                crs_origin=crs_origin if crs else "",
                encoding="Unicode",
                notes=tuple(notes),
            )


def choose_shape(shapes: Sequence[Shape]) -> Shape | None:
    """The fittest shape: the most detailed solid, else surfaces, up to level 2.x; then from above; then of level 0.

    Ground faces come from the chosen shape, or else from the most detailed other one of level 1 to 2.x that names any.
    """
    if not shapes:
        return None
    chosen = max(shapes, key=_fitness)
    named = [shape for shape in shapes if shape.ground and 1 <= shape.lod < 3]
    if chosen.ground or not named:
        return chosen
    return replace(chosen, ground=max(named, key=lambda shape: shape.lod).ground)


def _fitness(shape: Shape) -> tuple[int, bool, float]:
    if shape.lod >= 3:
        return 1, shape.is_solid, -shape.lod
    return (2 if shape.lod >= 1 else 0), shape.is_solid, shape.lod


def building(shapes: Sequence[Shape], told: dict[str, Any], free: dict[str, Any], notes: Counter[str]) -> Record:
    """A building of one or more parts: its footprint, `groundelevation` (as stated in `free`, else the lowest z),
    `height_m` (as stated in `told`, else the highest z less the ground) and `solid` (MultiPolygon Z, the parts' faces
    outward; None unless all are closed).
    """
    faces = [face for shape in shapes for shell in shape.shells for face in shell]
    if faces:
        low, high = extent_m(faces)
        ground = _stated_ground_m(free)
        ground = low if ground is None or ground >= high else ground
        told = told | {"groundelevation": ground, "height_m": told.get("height_m") or high - ground or None}
    bodies = [close_shell(shell) for shape in shapes for shell in shape.shells if shape.lod >= 1]
    if None in bodies:
        notes["buildings whose faces do not enclose a volume: kept without solid"] += 1
    elif bodies:
        told["solid"] = to_solid([face for body in bodies if body for face in body])
    return Record(_footprint(shapes), told, free)


def _stated_ground_m(free: dict[str, Any]) -> float | None:
    """The ground by an attribute ("TerrainHeight"): many models stand on a base of their own, far below it."""
    found = match_fields(free, {"ground": attributes_of("buildings")["ground_m"]})
    return parse_number(free[found["ground"][0]]) if found else None


def describe_building(
    identity: str | None, own: dict[str, Any], parts: Sequence[dict[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a building and its parts say, in the words of the vocabulary, and as delivered.

    What its parts agree upon holds for the building too; not so the height, for parts stand upon each other.
    """
    agreed = (
        {name: value for name, value in parts[0].items() if all(p.get(name) == value for p in parts)} if parts else {}
    )
    agreed.pop("measuredHeight", None)
    free = agreed | own
    storeys = [parse_number(described.get("storeysAboveGround")) or 0 for described in (free, *parts)]
    told = {
        "buildingid": identity,
        "use": _use(free),
        "storeys": storeys[0] or max(storeys) or None,
    }
    return told, free


def describe_tree(identity: str | None, attributes: dict[str, Any]) -> dict[str, Any]:
    """Sizes of a tree, which CityGML gives in metres."""
    return {
        "treeid": identity,
        "height_m": attributes.get("height"),
        "stemdiameter_m": attributes.get("trunkDiameter"),
        "crowndiameter_m": attributes.get("crownDiameter"),
    }


def describe_road(identity: str | None, _: dict[str, Any]) -> dict[str, Any]:
    return {"roadcode": identity}


def describe_land_use(identity: str | None, attributes: dict[str, Any]) -> dict[str, Any]:
    return {"identity": identity, "landuse": _use(attributes)}


def _use(attributes: dict[str, Any]) -> Any:
    """What a thing is for, by the plainest of CityGML's three ways to say it."""
    return plain(attributes.get("function") or attributes.get("usage") or attributes.get("class"))


def _footprint(shapes: Sequence[Shape]) -> shapely.Geometry | None:
    covers = []
    for shape in shapes:
        covers += [cover_of(shape.ground)] if shape.ground else [foot_of(shell) for shell in shape.shells if shell]
    known = [cover for cover in covers if cover is not None]
    if len(known) < 2:
        return known[0] if known else None
    return join(np.array([cover if cover.is_valid else shapely.make_valid(cover) for cover in known], dtype=object))


def _in_metres(crs: str | None) -> bool:
    """Whether elevations beside these coordinates are metres: beside degrees they are, beside feet they may not be."""
    try:
        return crs is None or not (system := parse_crs(crs)).is_projected or system.is_metric
    except Invalid:
        return True


def _without_heights(record: Record) -> Record:
    told = {name: value for name, value in record.told.items() if name not in ("groundelevation", "height_m", "solid")}
    return Record(shapely.force_2d(record.geometry), told, record.free)


def _columns(records: Sequence[Record], table: str) -> dict[str, list[Any]]:
    """What was told, then the free attributes; one that would pass for something told is renamed."""
    told = {name for record in records for name, value in record.told.items() if value is not None}
    words = attributes_of(table)
    taken = match_fields(told, words).keys()
    columns = {name: [plain(record.told.get(name)) for record in records] for name in sorted(told)}
    for name in dict.fromkeys(name for record in records for name in record.free):
        known = match_fields([name], words).keys() & taken or name in columns
        columns[f"attribute {name}" if known else name] = [plain(record.free.get(name)) for record in records]
    return columns


def plain(value: Any) -> Any:
    """A cell of a column: lists and objects as JSON text."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return value
