"""What a report from the field changes in the records of utilities, at once and on somebody's word.

What makes later checks more careful holds from the report on: what is shifted with an accuracy that covers both
places, what was not found with the least trust, an unknown find. What makes them less careful waits for the owner of
the object or the city's desk: quality level A of what was exposed, an elevation where none was known, the removal of
what was not found.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import shapely

from layers.amending import find_source, insert_feature, open_amendment, read_record, replace_record, update_feature
from layers.catalog import find_layer
from layers.deviations import Deviation, note_run, set_owner
from layers.errors import Conflict, Invalid, NotFound, Sentence
from layers.utilities import Status as Stage
from layers.utilities import VerticalReference
from twin.clash.accuracy import read_accuracies
from twin.clash.solids import Quality
from twin.clash.spelling import comma
from twin.excavations.levels import Levels
from twin.excavations.observation import LINES, NODES, SHIFT_M
from twin.excavations.spot import Spot, shape_spot
from twin.excavations.stretch import cut_line, shape_line, whole_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layers.deviations import KeptReport
    from layers.procedure import Excavation
    from twin.excavations.laid import Laid
    from twin.excavations.observation import Observation
    from twin.excavations.sitting import Sitting
    from twin.excavations.stretch import Stretch

type Sighting = Stretch | Spot

# What seeing with one's own eyes is worth: surveyed it is verified (PAS 128 A), else detected in plan and depth.
_LEVELS = {"survey": "A", "tape": "B1", "seen": "B2"}


def sight(row: Mapping[str, Any], excavation: Excavation, at: shapely.Geometry | None) -> Sighting:
    """A line's row cut where the dig has seen it; a node, which is seen whole."""
    if isinstance(row["shape"], shapely.Point):
        return _whole(row)
    return cut_line(row["shape"], excavation.outline, None if at is None else shapely.force_2d(at).centroid)


def _whole(row: Mapping[str, Any]) -> Sighting:
    shape = row["shape"]
    return Spot(shape, row["bottom_m"], row["cover_m"]) if isinstance(shape, shapely.Point) else whole_line(shape)


def change_at_once(sitting: Sitting, excavation: Excavation, kept: KeptReport, seen: Observation) -> None:
    """What makes later checks more careful."""
    connection, layer = sitting.connection, find_layer(seen.layer)
    if seen.kind is Deviation.AS_RECORDED:
        return
    amendment = open_amendment(connection, excavation.id, kept.number, kept.detail)
    if seen.kind is Deviation.UNKNOWN_FIND:
        found = insert_feature(connection, layer, _found_values(seen) | {"source_file_id": amendment[1]})
        note_run(connection, kept, amendment[0], found)
        return
    row = read_record(connection, layer, seen.feature_id or 0)
    if seen.kind is Deviation.NOT_FOUND:
        (doubtful,) = replace_record(connection, layer, row["id"], amendment, [_doubted(row)])
        note_run(connection, kept, amendment[0], doubtful)
        return
    moved, off_m = sight(row, excavation, seen.shape).correct(seen.moved_m, seen.levels)
    if off_m[1] > SHIFT_M.high:
        raise _too_far(off_m[1])
    pieces, at = moved.write(_widened(row, off_m), {})
    numbers = replace_record(connection, layer, row["id"], amendment, pieces)
    note_run(connection, kept, amendment[0], numbers[at])


def _too_far(off_m: float) -> Invalid:
    return Invalid(
        Sentence(
            f"it would lie {off_m:.1f} m above or below its record, at most {SHIFT_M.high:g} m: check the elevation and"
            " its vertical datum",
            f"vị trí cách hồ sơ {comma(off_m, '.1f')} m theo chiều đứng, tối đa {SHIFT_M.high:g} m: kiểm tra cao độ và"
            " hệ cao độ",
        )
    )


def change_on_word(sitting: Sitting, excavation: Excavation, kept: KeptReport, owner: str | None) -> None:
    """What makes later checks less careful, once the owner or the desk stands for it."""
    connection, layer, detail = sitting.connection, find_layer(kept.layer or LINES), kept.detail
    if kept.kind == Deviation.UNKNOWN_FIND:
        name = owner or sitting.caller.organisation
        if name is None:
            raise Invalid(Sentence("say whose it is: give 'owner'", "cần nêu chủ sở hữu: ghi 'owner'"))
        update_feature(connection, layer, kept.feature_id or 0, {"owner": name})
        set_owner(connection, kept, name)
        return
    try:
        row = read_record(connection, layer, kept.feature_id or 0)
    except NotFound as error:
        raise _gone(kept) from error
    levels, verified = Levels.of(detail), _verified_of(row, detail)
    if kept.kind == Deviation.SHIFTED:
        (values,), _ = _whole(row).level(levels).write({}, verified)
        update_feature(connection, layer, row["id"], values)
        return
    seen = sight(row, excavation, kept.shape)
    if kept.kind == Deviation.NOT_FOUND:
        amendment = (kept.run_id or 0, find_source(connection, kept.run_id or 0))
        pieces, at = seen.write({}, _removed(row, detail))
    else:
        amendment = open_amendment(connection, excavation.id, kept.number, detail)
        pieces, at = seen.level(levels).write({}, verified)
    numbers = replace_record(connection, layer, row["id"], amendment, pieces)
    note_run(connection, kept, amendment[0], numbers[at])


def _gone(kept: KeptReport) -> Conflict:
    return Conflict(
        Sentence(
            f"what report {kept.number} is about was replaced since: report anew what was seen",
            f"đối tượng của báo cáo {kept.number} đã được thay thế: hãy báo cáo lại",
        )
    )


def _resolved(row: Mapping[str, Any], depth_m: float | None) -> tuple[float, float | None]:
    """How far the record may be off in plan and in height, as the check takes it at a depth."""
    quality = Quality(row["quality_level"], row["horizontal_accuracy_m"], row["vertical_accuracy_m"])
    found = read_accuracies().resolve(Quality("schematic") if row["schematic"] else quality, depth_m)
    return found.horizontal_m, found.vertical_m


def _depth_m(row: Mapping[str, Any]) -> float | None:
    lowest_m, ground_m = _whole(row).lowest_m, row["ground_m"]
    return None if lowest_m is None or ground_m is None else ground_m - lowest_m


def _widened(row: Mapping[str, Any], off_m: tuple[float, float]) -> dict[str, Any]:
    """Accuracies that a record has which was off by so much: no better than that, and covering both places.

    How deep a check takes the object to lie is not known here: both places are covered at no depth, too.
    """
    least_m, depth_m = _resolved(row, 0.0), _depth_m(row)
    horizontal_m, vertical_m = _resolved(row, depth_m)
    widened: dict[str, Any] = {}
    if off_m[0] > least_m[0]:
        widened["horizontal_accuracy_m"] = round(max(off_m[0], horizontal_m), 3)
        if row["schematic"]:  # whose figures count for nothing
            widened |= {"schematic": False, "quality_level": None, "vertical_accuracy_m": None}
    if least_m[1] is not None and off_m[1] > least_m[1]:
        widened["vertical_accuracy_m"] = round(max(off_m[1], vertical_m or 0.0), 3)
    return widened


def _doubted(row: Mapping[str, Any]) -> dict[str, Any]:
    """The least trust: what lies elsewhere than recorded may lie anywhere near."""
    horizontal_m, _ = _resolved(row, _depth_m(row))
    least = read_accuracies().unstated.horizontal_m
    return {"quality_level": None, "horizontal_accuracy_m": max(horizontal_m, least), "vertical_accuracy_m": None}


def _removed(row: Mapping[str, Any], detail: Mapping[str, Any]) -> dict[str, Any]:
    """Out of the ground since the day of the report, or the later one on which the record puts it there."""
    seen_on = date.fromisoformat(detail["observed_on"])
    return {"status": Stage.REMOVED, "valid_to": max(seen_on, row["valid_from"] or seen_on)}


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


def _verified_of(row: Mapping[str, Any], detail: Mapping[str, Any]) -> dict[str, Any]:
    """Of a recorded object; how deep a node reaches is verified by measuring it, not by seeing what is exposed."""
    verified, is_node = _verified(detail), isinstance(row["shape"], shapely.Point)
    is_measured = Levels.of(detail).bottom_m is not None or detail["moved_m"][2] or detail["accuracy_m"][1] is not None
    if not is_node or is_measured or row["bottom_m"] is None:
        return verified
    depth_m = _depth_m(row)
    _, vertical_m = _resolved(row, depth_m)
    if vertical_m is not None:
        return verified | {"vertical_accuracy_m": vertical_m}
    seen_m = read_accuracies().resolve(Quality(verified["quality_level"]), depth_m).horizontal_m
    stated_m = verified["horizontal_accuracy_m"]
    return verified | {
        "quality_level": None if row["schematic"] else row["quality_level"],
        "horizontal_accuracy_m": seen_m if stated_m is None else stated_m,
    }


def _found_values(seen: Observation) -> dict[str, Any]:
    """A find that no record has: nobody's, of unknown use, where it was seen."""
    size, levels = seen.diameter_m, seen.levels
    values = {
        "discipline": seen.discipline or "other",
        "status": Stage.UNKNOWN,
        "material": seen.material,
        "vertical_reference": "axis" if levels.axis_m is not None else "none",
        "ground_source": "none",
        "section_shape": "circular" if size else "unknown",
        "outer_width_m": size,
        **_verified(seen.to_json()),
    }
    if seen.is_node:
        if levels.axis_m is not None and size is not None:
            levels = Levels(bottom_m=levels.axis_m - size / 2, cover_m=levels.axis_m + size / 2)
        spot = Spot(shapely.force_2d(seen.shape), None, None).level(levels.below(None))
        return values | {"kind": "other", "outer_length_m": size} | shape_spot(spot)
    return values | {"outer_height_m": size} | shape_line(whole_line(seen.shape).level(levels).seen)


def laid_values(one: Laid, excavation: Excavation) -> dict[str, Any]:
    width_m, other_m = one.size_m
    values = {
        "discipline": one.discipline,
        "owner": one.owner or excavation.applicant,
        "status": Stage.IN_SERVICE,
        "valid_from": one.laid_on,
        "material": one.material,
        "ground_source": "none",
        "section_shape": one.section,
        "outer_width_m": width_m,
        "quality_level": _LEVELS[one.method],
        "survey_method": f"as built, {one.method}",
        "surveyed_on": one.laid_on,
        "source_layer": excavation.name[:200],
    }
    if one.layer == NODES:
        spot = Spot(shapely.force_2d(one.shape), None, None).level(one.levels)
        reference = VerticalReference.NONE if spot.cover_m is None else VerticalReference.COVER
        return (
            values | {"kind": one.kind, "outer_length_m": other_m, "vertical_reference": reference} | shape_spot(spot)
        )
    reference = VerticalReference.AXIS if one.shape.has_z else VerticalReference.NONE
    return (
        values
        | {"outer_height_m": other_m, "voltage_v": one.voltage_v, "vertical_reference": reference}
        | (shape_line(one.shape))
    )
