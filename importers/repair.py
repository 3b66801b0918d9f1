"""Geometries made fit for their table, or set aside with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.faults import Fault, Finding
from layers.linestrings import LineStrings, to_objects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from layers.linestrings import Shapes

# A repair that changes more of the area than this has changed the thing.
_AREA_TOLERANCE = 1e-3
# Records of one geometry that a further one is compared with.
_MOST_TWINS = 20

_KINDS = {
    "utility_lines": {1, 5},
    "roads": {1, 5},
    "trees": {0, 4},
    "utility_nodes": {0, 4},
    "citizen_reports": {0, 4},
    "boundaries": {3, 6},
    "parcels": {3, 6},
    "buildings": {3, 6},
    "excavations": {3, 6},
    "restricted_zones": {3, 6},
}
_LINES = {"utility_lines", "roads"}
_PARTED = {"utility_lines", "utility_nodes", "trees", "excavations", "citizen_reports"}
_UPRIGHT = "a part of the line has no length in plan, as what stands upright has: left out"


@dataclass(frozen=True, slots=True)
class Sound:
    """Geometries that passed, the index of the record and the part of it that each is, and what was found."""

    geometries: Shapes
    index: NDArray[np.int64]
    part: NDArray[np.int64]
    findings: tuple[Finding, ...]


def usable(geometries: NDArray[np.object_], rows: NDArray[np.int64]) -> tuple[NDArray[np.bool_], list[Finding]]:
    """Which geometries exist and have only finite x and y, and the findings for the others."""
    missing = np.asarray(shapely.is_missing(geometries) | shapely.is_empty(geometries), dtype=bool)
    xy, index = shapely.get_coordinates(geometries, return_index=True)
    broken = np.zeros(len(geometries), dtype=bool)
    broken[index[~np.isfinite(xy).all(axis=1)]] = True
    findings = [
        Finding(Fault.GEOMETRY_MISSING, "the record has no geometry", "draw it, or ask for it", int(row))
        for row in rows[missing]
    ] + [
        Finding(Fault.NOT_FINITE, "a coordinate is not a finite number", "correct the coordinate", int(row))
        for row in rows[broken & ~missing]
    ]
    return ~missing & ~broken, findings


def find_repeats(
    geometries: NDArray[np.object_], columns: Mapping[str, Sequence[Any]], rows: NDArray[np.int64]
) -> list[Finding]:
    """A finding for each record that an earlier one equals in geometry and every attribute."""
    shapes: dict[bytes, list[int]] = {}
    findings = []
    for i, shape in enumerate(shapely.to_wkb(geometries)):
        if shape is None:
            continue
        earlier = shapes.setdefault(shape, [])
        twin = next((j for j in earlier if all(_equal(values[i], values[j]) for values in columns.values())), None)
        if twin is not None:
            findings.append(
                Finding(Fault.REPEATED, f"the same record as row {rows[twin]}", "delete one of the two", int(rows[i]))
            )
        elif len(earlier) < _MOST_TWINS:
            earlier.append(i)
    return findings


def _equal(one: Any, other: Any) -> bool:
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124 - NaN


def repair(table: str, shapes: Shapes, rows: NDArray[np.int64]) -> Sound:
    """Geometries in storage CRS as their table wants them: kind, parts, validity, length."""
    if isinstance(shapes, LineStrings) and table == "utility_lines" and shapes.have_length():
        return Sound(shapes, np.arange(len(shapes)), np.zeros(len(shapes), dtype=np.int64), ())
    geometries = to_objects(shapes)
    kept, index, findings = _mend(_KINDS[table], table, geometries, rows)
    if table in _PARTED:
        parts, of = shapely.get_parts(kept, return_index=True)
        long_enough = (shapely.length(parts) > 0) | (table not in _LINES)
        findings += [
            Finding(Fault.REPAIRED, _UPRIGHT, "deliver what stands upright as a node", int(row))
            for row in rows[index[np.unique(of[~long_enough])]]
        ]
        parts, of = parts[long_enough], of[long_enough]
        number = np.arange(len(of)) - np.searchsorted(of, of)
        return Sound(parts, index[of], number, tuple(findings))
    multi = shapely.multipolygons if _KINDS[table] == {3, 6} else shapely.multilinestrings
    whole = np.array([multi(shapely.get_parts(g)) for g in kept], dtype=object)
    return Sound(whole, index, np.zeros(len(index), dtype=np.int64), tuple(findings))


def repair_custom(
    table: str, dimension: int, geometries: NDArray[np.object_], rows: NDArray[np.int64], *, single: bool
) -> Sound:
    """Geometries of a layer that the city adds: points (0), lines (1) or areas (2), all single or all of parts.

    Heights of areas are lost, as the plan is what their rules are about.
    """
    kept, index, findings = _mend(_OF_DIMENSION[dimension], table, geometries, rows)
    is_multi = shapely.get_type_id(kept) >= 4
    shaped = kept.copy()
    if single:
        shaped[is_multi] = shapely.get_geometry(kept[is_multi], 0)
    else:
        shaped[~is_multi] = _together(dimension, kept[~is_multi])
    return Sound(shaped, index, np.zeros(len(index), dtype=np.int64), tuple(findings))


_OF_DIMENSION = ({0, 4}, {1, 5}, {3, 6})


def _together(dimension: int, geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    make = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)[dimension]
    shaped = np.empty(len(geometries), dtype=object)
    shaped[:] = [make([geometry]) for geometry in geometries]
    return shaped


def _mend(
    kinds: set[int], table: str, geometries: NDArray[np.object_], rows: NDArray[np.int64]
) -> tuple[NDArray[np.object_], NDArray[np.int64], list[Finding]]:
    """Geometries of the right kinds that are sound, or can be made so; which they are; what was found."""
    right_kind = np.isin(shapely.get_type_id(geometries), list(kinds))
    findings = [
        Finding(
            Fault.GEOMETRY_KIND,
            f"a {geometries[i].geom_type} does not fit {table}",
            "name the layer with --layer",
            int(rows[i]),
        )
        for i in np.flatnonzero(~right_kind)
    ]
    index = np.flatnonzero(right_kind)
    kept = geometries[index]
    if kinds == {3, 6}:
        kept, sound, found = _polygons(kept, rows[index])
    elif kinds == {1, 5}:
        kept, sound, found = _lines(kept, rows[index])
    else:
        sound, found = np.ones(len(kept), dtype=bool), []
    return kept[sound], index[sound], findings + found


def _polygons(
    geometries: NDArray[np.object_], rows: NDArray[np.int64]
) -> tuple[NDArray[np.object_], NDArray[np.bool_], list[Finding]]:
    flat = shapely.force_2d(geometries)
    sound = np.asarray(shapely.is_valid(flat), dtype=bool)
    findings = []
    for i in np.flatnonzero(~sound):
        reason = shapely.is_valid_reason(flat[i])
        fixed = shapely.make_valid(flat[i], method="structure", keep_collapsed=False)
        if _same_area(flat[i], fixed):
            flat[i], sound[i] = fixed, True
            findings.append(Finding(Fault.REPAIRED, f"{reason}: repaired, the area is the same", row=int(rows[i])))
        else:
            findings.append(
                Finding(Fault.GEOMETRY_INVALID, reason, "redraw it; a repair would change its area", int(rows[i]))
            )
    return flat, sound, findings


def _same_area(before: shapely.Geometry, after: shapely.Geometry) -> bool:
    """Whether a repair kept area, kind and number of parts; a bow-tie's signed halves cancel out and do not."""
    if after.is_empty or shapely.get_type_id(after) not in (3, 6):
        return False
    same_parts = shapely.get_num_geometries(after) == shapely.get_num_geometries(before)
    return bool(same_parts and abs(after.area - before.area) <= _AREA_TOLERANCE * after.area)


def _lines(
    geometries: NDArray[np.object_], rows: NDArray[np.int64]
) -> tuple[NDArray[np.object_], NDArray[np.bool_], list[Finding]]:
    sound = np.asarray(shapely.length(geometries) > 0, dtype=bool)
    findings = [
        Finding(Fault.ZERO_LENGTH, "all vertices of the line are one point", "draw it, or deliver a node", int(row))
        for row in rows[~sound]
    ]
    return geometries, sound, findings
