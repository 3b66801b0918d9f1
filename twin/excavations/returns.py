"""What comes back from an excavation: exposed lines, shifted ones, missing ones, unknown finds, and what was laid.

A report is kept and told, and changes the records as `amendment` says; one of the desk's own is confirmed as it comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import TYPE_CHECKING, Any

import shapely

from layers.amending import insert_feature, open_amendment, read_record
from layers.catalog import find_layer
from layers.crs import parse_crs
from layers.database import storage_srid
from layers.deviations import (
    Deviation,
    DeviationState,
    KeptReport,
    Report,
    find_report,
    has_begun,
    insert_report,
    list_reports,
    note_run,
    settle_report,
)
from layers.errors import Conflict, Invalid, NotFound, Sentence, Unavailable
from layers.excavations import ExcavationStatus as Status
from layers.organisations import match_owners
from layers.procedure import add_event
from twin.clash.spelling import comma
from twin.excavations.amendment import change_at_once, change_on_word, laid_values, sight
from twin.excavations.checking import make_check
from twin.excavations.disclosure import secret_names
from twin.excavations.laid import read_laid
from twin.excavations.life import Party, name_status
from twin.excavations.observation import LINES, NEAR_M, NODES, SHIFT_M, read_observation
from twin.notices.writing import News, tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layers.organisations import Organisation
    from layers.procedure import Excavation
    from twin.excavations.observation import Observation
    from twin.excavations.sitting import Sitting

_WORDS = {
    Deviation.AS_RECORDED: Sentence("it lies where its record puts it", "nằm đúng vị trí theo hồ sơ"),
    Deviation.SHIFTED: Sentence("it lies elsewhere than recorded", "nằm lệch so với hồ sơ"),
    Deviation.NOT_FOUND: Sentence("it was not found where it is recorded", "không tìm thấy tại vị trí theo hồ sơ"),
    Deviation.UNKNOWN_FIND: Sentence(
        "something was found that no record has: stop there until its owner is known",
        "phát hiện công trình không có trong hồ sơ: dừng thi công tại đó đến khi biết chủ sở hữu",
    ),
    Deviation.AS_BUILT: Sentence("what was laid has been delivered", "đã nộp bản vẽ hoàn công"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the owner of an object, or the desk, says of a report; `owner` is whose an unknown find is."""

    state: DeviationState
    remarks: str | None = None
    owner: str | None = None


def report_deviation(sitting: Sitting, number: int, document: Mapping[str, Any]) -> KeptReport:
    """A report of the applicant or the desk, kept and told; what it changes at once is changed.

    Raises: Invalid with every fault; Conflict where nobody has begun to dig, or it is not theirs to say; NotFound.
    """
    connection = sitting.connection
    excavation = find_dug(sitting, number)
    storage = parse_crs(f"EPSG:{storage_srid(connection)}")
    seen = read_observation(document, storage, sitting.practice.today())
    _require_near(excavation, seen.shape)
    owner, shape = None, seen.shape
    if seen.feature_id is not None:
        seen, row = _hold(sitting, excavation, seen)
        owner, shape = row["owner"], shape or sight(row, excavation, None).middle
    report = Report(
        excavation_id=number, kind=seen.kind, detail=seen.to_json(), layer=seen.layer, feature_id=seen.feature_id,
        owner=owner, shape=shape,
    )  # fmt: skip
    kept = find_report(connection, number, insert_report(connection, report, _by(sitting)))
    change_at_once(sitting, excavation, kept, seen)
    kept = find_report(connection, number, kept.number)
    add_event(connection, number, sitting.actor, "deviation", report=kept.number, deviation=seen.kind, owner=owner)
    _tell(sitting, excavation, kept)
    if sitting.caller.coordinates and seen.kind is not Deviation.UNKNOWN_FIND:
        return settle(sitting, number, kept.number, Verdict(DeviationState.CONFIRMED))
    _check_anew(sitting, excavation, kept)
    return find_report(connection, number, kept.number)


def settle(sitting: Sitting, number: int, which: int, verdict: Verdict) -> KeptReport:
    """The owner of the object, or the desk, confirms or contests a report.

    An unknown find is confirmed by the organisation that it belongs to; the desk names one.
    Raises: NotFound; Conflict for others, and for a report that is settled; Invalid without a reason to contest.
    """
    connection = sitting.connection
    excavation = sitting.find(number)
    kept = find_report(connection, number, which, lock=True)
    _require_settler(sitting, kept)
    if kept.state == DeviationState.CONFIRMED or kept.undone_at is not None:
        raise Conflict(
            Sentence(f"report {which} is settled: report anew what else was seen", f"báo cáo {which} đã được xử lý")
        )
    state, remarks = verdict.state, (verdict.remarks or "").strip() or None
    if state is DeviationState.CONTESTED and remarks is None:
        raise Invalid(Sentence("contesting needs remarks: say what is wrong", "phản đối cần remarks: nêu điều sai"))
    if state is DeviationState.CONFIRMED:
        change_on_word(sitting, excavation, kept, verdict.owner)
    settle_report(connection, kept, state, sitting.actor.name, remarks=remarks)
    add_event(connection, number, sitting.actor, f"deviation {state}", report=which, remarks=remarks)
    settled = find_report(connection, number, which)
    words = {
        "detail": Sentence(f"Report {which}: {state}.", f"Báo cáo {which}: {_STATES[state]}."),
        "reason": remarks or "",
    }
    facts = {"report": which, "state": state}
    sitting.tell(
        News("deviation_settled", excavation, sitting.link(excavation), words, facts), applicant=True, desk=True
    )
    if state is DeviationState.CONFIRMED:
        _check_anew(sitting, excavation, settled)
    return settled


_STATES = {DeviationState.CONFIRMED: "đã xác nhận", DeviationState.CONTESTED: "bị phản đối"}


def deliver_as_built(sitting: Sitting, number: int, document: Mapping[str, Any]) -> KeptReport:
    """What was laid, into the city's records. Raises: as `report_deviation`."""
    connection = sitting.connection
    excavation = find_dug(sitting, number)
    storage = parse_crs(f"EPSG:{storage_srid(connection)}")
    laid = read_laid(document, storage, sitting.practice.today())
    for index, one in enumerate(laid, start=1):
        _require_near(excavation, one.shape, of=f"feature {index}")
    owner = next((one.owner for one in laid if one.owner), None) or excavation.applicant
    nodes = sum(one.layer == NODES for one in laid)
    length_m = round(sum(one.shape.length for one in laid), 2)
    detail = {"lines": len(laid) - nodes, "length_m": length_m, "nodes": nodes}
    report = Report(
        excavation_id=number, kind=Deviation.AS_BUILT, detail=detail, layer=NODES if nodes == len(laid) else LINES,
        owner=owner, shape=_together([shapely.force_2d(one.shape) for one in laid]),
    )  # fmt: skip
    kept = find_report(connection, number, insert_report(connection, report, _by(sitting)))
    run_id, source = open_amendment(connection, number, kept.number, detail)
    for row, one in enumerate(laid, start=1):
        values = laid_values(one, excavation) | {"source_file_id": source, "source_row": row}
        insert_feature(connection, find_layer(one.layer), values)
    note_run(connection, kept, run_id)
    settle_report(connection, kept, DeviationState.CONFIRMED, sitting.actor.name)
    add_event(connection, number, sitting.actor, "as built", report=kept.number, run=run_id, **detail)
    _tell(sitting, excavation, kept)
    return find_report(connection, number, kept.number)


def note_imported(sitting: Sitting, number: int, run_id: int, detail: dict[str, Any]) -> KeptReport:
    """An as-built file that the importers have taken in, kept with its excavation."""
    connection = sitting.connection
    excavation = find_dug(sitting, number)
    report = Report(excavation_id=number, kind=Deviation.AS_BUILT, detail=detail, owner=excavation.applicant)
    kept = find_report(connection, number, insert_report(connection, report, _by(sitting)))
    note_run(connection, kept, run_id)
    settle_report(connection, kept, DeviationState.CONFIRMED, sitting.actor.name)
    add_event(connection, number, sitting.actor, "as built", report=kept.number, run=run_id, **detail)
    _tell(sitting, excavation, kept)
    return find_report(connection, number, kept.number)


def visible_reports(sitting: Sitting, excavation: Excavation) -> list[KeptReport]:
    """All for those who see the whole excavation; an owner sees reports of its own objects, and unknown finds."""
    reports = list_reports(sitting.connection, excavation.id)
    if sitting.sees_all(excavation):
        return reports
    return [each for each in reports if each.kind == Deviation.UNKNOWN_FIND or _is_of(sitting, each)]


def _by(sitting: Sitting) -> tuple[str, str | None]:
    return sitting.actor.name, sitting.actor.organisation


def find_dug(sitting: Sitting, number: int) -> Excavation:
    """An excavation that the caller may report on. Raises: NotFound, Conflict."""
    excavation = sitting.find(number, lock=True)
    if not sitting.parties(excavation) & (Party.APPLICANT | Party.DESK):
        raise Conflict(
            Sentence(
                f"only who digs excavation {number}, or the city's desk, reports on it",
                f"chỉ đơn vị đào công trình {number} hoặc cơ quan điều phối được báo cáo",
            )
        )
    if not has_begun(sitting.connection, number):
        status = name_status(excavation.status)
        raise Conflict(
            Sentence(
                f"excavation {number} is {status}: nothing was exposed before the act 'start'",
                f"công trình đào {number} {status.vi}: chưa khởi công nên chưa thể phát hiện gì",
            )
        )
    return excavation


def _hold(sitting: Sitting, excavation: Excavation, seen: Observation) -> tuple[Observation, dict[str, Any]]:
    """What was seen, held against the row of the recorded line or node, which lies near the dig.

    Raises: NotFound, the same of one that is far and of none at all; Invalid for what cannot be of this one.
    """
    try:
        row = read_record(sitting.connection, find_layer(seen.layer), seen.feature_id or 0)
    except NotFound as error:
        raise _nothing_there(excavation, seen) from error
    if seen.is_node:
        seen = seen.measured_from(row["shape"])
    off_m = hypot(*seen.moved_m[:2])
    away_m = float(shapely.distance(shapely.force_2d(row["shape"]), excavation.outline))
    if off_m > hypot(SHIFT_M.high, SHIFT_M.high) or away_m > NEAR_M + off_m + row["reach_m"]:
        raise _nothing_there(excavation, seen)
    return seen.held_against(row) if seen.is_node else seen, row


def _nothing_there(excavation: Excavation, seen: Observation) -> NotFound:
    thing_en, thing_vi = ("node", "hố, nút") if seen.is_node else ("line", "tuyến")
    return NotFound(
        Sentence(
            f"no {thing_en} {seen.feature_id} is recorded at excavation {excavation.id}: take its number from the"
            " newest check",
            f"không có {thing_vi} {seen.feature_id} tại công trình đào {excavation.id}: lấy số từ lần kiểm tra mới"
            " nhất",
        )
    )


def _together(shapes: list[shapely.Geometry]) -> shapely.Geometry:
    kinds = {shape.geom_type for shape in shapes}
    if kinds == {"LineString"}:
        return shapely.multilinestrings(shapes)
    return shapely.multipoints(shapes) if kinds == {"Point"} else shapely.geometrycollections(shapes)


def _require_near(excavation: Excavation, shape: shapely.Geometry | None, of: str = "geometry") -> None:
    if shape is None:
        return
    away_m = float(shapely.distance(shapely.force_2d(shape), excavation.outline))
    if away_m > NEAR_M:
        raise Invalid(
            Sentence(
                f"{of} lies {away_m:.1f} m from excavation {excavation.id}: report what was seen there, or within"
                f" {NEAR_M:g} m of it",
                f"{of} cách công trình đào {excavation.id} {comma(away_m, '.1f')} m: chỉ báo cáo điều thấy tại đó hoặc"
                f" trong phạm vi {comma(NEAR_M)} m",
            )
        )


def _is_of(sitting: Sitting, kept: KeptReport) -> bool:
    """Whether the object is the caller's own."""
    if kept.owner is None or sitting.caller.organisation_id is None:
        return False
    organisation = match_owners(sitting.connection, [kept.owner]).get(kept.owner)
    return organisation is not None and organisation.id == sitting.caller.organisation_id


def _require_settler(sitting: Sitting, kept: KeptReport) -> None:
    claims = kept.kind == Deviation.UNKNOWN_FIND and sitting.caller.organisation_id is not None
    if not (sitting.caller.coordinates or _is_of(sitting, kept) or claims):
        raise Conflict(
            Sentence(
                f"report {kept.number} is about somebody else's object: its owner or the desk settles it",
                f"báo cáo {kept.number}: chỉ chủ sở hữu công trình đó hoặc cơ quan điều phối được xử lý",
            )
        )


def _check_anew(sitting: Sitting, excavation: Excavation, kept: KeptReport) -> None:
    """Who digs sees what was reported: the dig's own answer is made anew and its status stays.

    A find that nobody knew is not so: the re-check opens the excavation again, as any new object would. All other
    excavations that the change touches are checked again by the worker.
    """
    if excavation.status != Status.IN_PROGRESS or kept.run_id is None or kept.kind == Deviation.UNKNOWN_FIND:
        return
    try:
        check = make_check(sitting, excavation)
    except (Invalid, Unavailable, NotFound):
        return  # what cannot be checked is left to the re-check, which opens it again
    add_event(sitting.connection, excavation.id, sitting.actor, "rechecked", check=check.number, report=kept.number)


def _tell(sitting: Sitting, excavation: Excavation, kept: KeptReport) -> None:
    kind = Deviation(kept.kind)
    said = _WORDS[kind]
    whose = "" if kept.owner in secret_names(sitting, excavation) else f" {kept.owner}:"
    about = f"{whose} {kept.layer}/{kept.feature_id}." if kept.owner and kept.feature_id else ""
    detail = Sentence(f"{said}.{about}", f"{said.vi}.{about}")
    facts = {"report": kept.number, "deviation": kind, "feature": {"collection": kept.layer, "id": kept.feature_id}}
    news = News(
        "as_built" if kind is Deviation.AS_BUILT else "deviation",
        excavation,
        sitting.link(excavation),
        {"detail": detail, "reason": str(kept.detail.get("remarks") or "")},
        facts,
    )
    tell(sitting.connection, news, _concerned(sitting, excavation, kept))


def _concerned(sitting: Sitting, excavation: Excavation, kept: KeptReport) -> list[Organisation]:
    """The owner of the object, the desk, who digs; of a find that nobody knows everybody who was asked."""
    everybody = kept.kind in (Deviation.UNKNOWN_FIND, Deviation.AS_BUILT)
    told = list(sitting.recipients(excavation, applicant=True, desk=True, owners=everybody))
    owner = match_owners(sitting.connection, [kept.owner]).get(kept.owner) if kept.owner else None
    return [*told, *([owner] if owner is not None else [])]
