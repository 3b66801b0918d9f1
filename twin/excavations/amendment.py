"""What a report from the field changes in the records of utilities, at once and on somebody's word.

What makes later checks more careful holds from the report on: a shifted stretch with an accuracy that covers both
places, a line that was not found with the least trust, an unknown find. What makes them less careful waits for the
owner of the object or the city's desk: quality level A of an exposed stretch, the removal of what was not found.
"""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING, Any

import shapely

from layers.amending import find_source, insert_feature, open_amendment, read_line, replace_line, update_feature
from layers.catalog import find_layer
from layers.deviations import Deviation, note_run, set_owner
from layers.errors import Conflict, Invalid, Sentence
from layers.utilities import Status as Stage
from twin.clash.accuracy import read_accuracies
from twin.clash.solids import Quality
from twin.excavations.observation import LINES, NODES
from twin.excavations.stretch import Stretch, cut_line, level_stretch, move_stretch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layers.deviations import KeptReport
    from layers.procedure import Excavation
    from twin.excavations.observation import Laid, Observation
    from twin.excavations.sitting import Sitting

# What seeing with one's own eyes is worth: surveyed it is verified (PAS 128 A), else detected in plan and depth.
_LEVELS = {"survey": "A", "tape": "B1", "seen": "B2"}


def cut(excavation: Excavation, row: Mapping[str, Any], at: shapely.Geometry | None) -> Stretch:
    """A line's row cut where the dig has seen it."""
    return cut_line(row["shape"], excavation.outline, None if at is None else shapely.force_2d(at).centroid)


def middle(line: shapely.LineString) -> shapely.Point:
    return shapely.line_interpolate_point(shapely.force_2d(line), 0.5, normalized=True)


def change_at_once(sitting: Sitting, excavation: Excavation, kept: KeptReport, seen: Observation) -> None:
    """What makes later checks more careful."""
    connection, lines = sitting.connection, find_layer(LINES)
    if seen.kind is Deviation.AS_RECORDED:
        return
    amendment = open_amendment(connection, excavation.id, kept.number, kept.detail)
    if seen.kind is Deviation.UNKNOWN_FIND:
        layer = find_layer(seen.layer)
        found = insert_feature(connection, layer, _found_values(seen) | {"source_file_id": amendment[1]})
        note_run(connection, kept, amendment[0], found)
        return
    row = read_line(connection, lines, seen.feature_id or 0)
    if seen.kind is Deviation.NOT_FOUND:
        (doubtful,) = replace_line(connection, lines, row["id"], amendment, [_doubted(row)])
        note_run(connection, kept, amendment[0], doubtful)
        return
    moved = move_stretch(cut(excavation, row, seen.shape), seen.moved_m)
    if seen.elevation_m is not None:
        moved = level_stretch(moved, seen.elevation_m)
    pieces, at = _pieces(moved, _widened(row, seen.moved_m), {})
    numbers = replace_line(connection, lines, row["id"], amendment, pieces)
    note_run(connection, kept, amendment[0], numbers[at])


def change_on_word(sitting: Sitting, excavation: Excavation, kept: KeptReport, owner: str | None) -> None:
    """What makes later checks less careful, once the owner or the desk stands for it."""
    connection, lines = sitting.connection, find_layer(LINES)
    detail = kept.detail
    if kept.kind == Deviation.UNKNOWN_FIND:
        name = owner or sitting.caller.organisation
        if name is None:
            raise Invalid(Sentence("say whose it is: give 'owner'", "cần nêu chủ sở hữu: ghi 'owner'"))
        update_feature(connection, find_layer(kept.layer or NODES), kept.feature_id or 0, {"owner": name})
        set_owner(connection, kept, name)
        return
    verified = _verified(detail)
    if kept.kind == Deviation.SHIFTED:
        if not update_feature(connection, lines, kept.feature_id or 0, verified):
            raise _gone(kept)
        return
    row = read_line(connection, lines, kept.feature_id or 0)
    stretch = cut(excavation, row, kept.shape)
    if kept.kind == Deviation.NOT_FOUND:
        amendment = (kept.run_id or 0, find_source(connection, kept.run_id or 0))
        pieces, at = _pieces(stretch, {}, {"status": Stage.REMOVED, "valid_to": detail["observed_on"]})
    else:
        amendment = open_amendment(connection, excavation.id, kept.number, detail)
        if detail["elevation_m"] is not None:
            stretch = level_stretch(stretch, detail["elevation_m"])
        pieces, at = _pieces(stretch, {}, verified)
    numbers = replace_line(connection, lines, row["id"], amendment, pieces)
    note_run(connection, kept, amendment[0], numbers[at])


def _gone(kept: KeptReport) -> Conflict:
    return Conflict(
        Sentence(
            f"the stretch of report {kept.number} was replaced since: report anew what was seen",
            f"đoạn tuyến của báo cáo {kept.number} đã được thay thế: hãy báo cáo lại",
        )
    )


def _pieces(stretch: Stretch, around: dict[str, Any], seen: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """Values of each part of a line, and which of them was seen."""
    parts = [
        (part, {**around, **values})
        for part, values in ((stretch.before, {}), (stretch.seen, seen), (stretch.after, {}))
        if part is not None
    ]
    return [{**values, **_shaped(part)} for part, values in parts], 0 if stretch.before is None else 1


def _shaped(line: shapely.LineString) -> dict[str, Any]:
    if not line.has_z:
        return {"geom": line, "axis": None, "elevation_source": "none"}
    return {"geom": line, "axis": line, **({"elevation_source": "measured"} if line.has_z else {})}


def _resolved(row: Mapping[str, Any]) -> tuple[float, float | None]:
    """How far the record may be off in plan and in height, as the check takes it."""
    quality = Quality(row["quality_level"], row["horizontal_accuracy_m"], row["vertical_accuracy_m"])
    shape, ground_m = row["shape"], row["ground_m"]
    depth_m = None
    if shape.has_z and ground_m is not None:
        depth_m = ground_m - float(shapely.get_coordinates(shape, include_z=True)[:, 2].min())
    found = read_accuracies().resolve(Quality("schematic") if row["schematic"] else quality, depth_m)
    return found.horizontal_m, found.vertical_m


def _widened(row: Mapping[str, Any], moved_m: tuple[float, float, float]) -> dict[str, Any]:
    """Accuracies that a record has which was off by so much: no better than that, and covering both places."""
    horizontal_m, vertical_m = _resolved(row)
    off_m = hypot(*moved_m[:2])
    widened: dict[str, Any] = {}
    if off_m > horizontal_m:
        widened["horizontal_accuracy_m"] = round(off_m, 3)
    if vertical_m is not None and abs(moved_m[2]) > vertical_m:
        widened["vertical_accuracy_m"] = round(abs(moved_m[2]), 3)
    return widened


def _doubted(row: Mapping[str, Any]) -> dict[str, Any]:
    """The least trust: what lies elsewhere than recorded may lie anywhere near."""
    horizontal_m, _ = _resolved(row)
    least = read_accuracies().unstated.horizontal_m
    return {"quality_level": None, "horizontal_accuracy_m": max(horizontal_m, least), "vertical_accuracy_m": None}


def _verified(detail: Mapping[str, Any]) -> dict[str, Any]:
    horizontal_m, vertical_m = detail["accuracy_m"]
    return {
        "quality_level": _LEVELS[detail["method"]],
        "horizontal_accuracy_m": horizontal_m,
        "vertical_accuracy_m": vertical_m,
        "schematic": False,
        "survey_method": f"exposed, {detail['method']}",
        "surveyed_on": detail["observed_on"],
    }


def _found_values(seen: Observation) -> dict[str, Any]:
    """A find that no record has: nobody's, of unknown use, where it was seen."""
    size = seen.diameter_m
    values = {
        "discipline": seen.discipline or "other",
        "status": Stage.UNKNOWN,
        "material": seen.material,
        "vertical_reference": "axis" if seen.elevation_m is not None else "none",
        "ground_source": "none",
        "section_shape": "circular" if size else "unknown",
        "outer_width_m": size,
        **_verified(seen.to_json()),
    }
    if seen.layer == NODES:
        levels: tuple[float | None, float | None] = (None, None)
        if seen.elevation_m is not None and size is not None:
            levels = (seen.elevation_m - size / 2, seen.elevation_m + size / 2)
        source = "none" if levels[0] is None else "measured"
        return values | {"kind": "other", "outer_length_m": size, "geom": shapely.force_2d(seen.shape),
                         "bottom_m": levels[0], "cover_m": levels[1], "elevation_source": source}  # fmt: skip
    shape = seen.shape
    if seen.elevation_m is not None:
        shape = level_stretch(Stretch(None, shape, None), seen.elevation_m).seen
    return values | {"outer_height_m": size} | _shaped(shape)


def laid_values(one: Laid, excavation: Excavation) -> dict[str, Any]:
    size = one.size_m or (None, None)
    return {
        "discipline": one.discipline,
        "owner": one.owner or excavation.applicant,
        "status": Stage.IN_SERVICE,
        "valid_from": one.laid_on,
        "material": one.material,
        "voltage_v": one.voltage_v,
        "vertical_reference": "axis" if one.shape.has_z else "none",
        "ground_source": "none",
        "section_shape": "unknown" if one.size_m is None else "circular" if size[0] == size[1] else "rectangular",
        "outer_width_m": size[0],
        "outer_height_m": size[1],
        "quality_level": _LEVELS[one.method],
        "survey_method": f"as built, {one.method}",
        "surveyed_on": one.laid_on,
        "source_layer": excavation.name[:200],
        **_shaped(one.shape),
    }
