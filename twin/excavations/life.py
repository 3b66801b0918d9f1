"""The life of an excavation: which act leads from which status to which, and whose act it is.

The database holds every writer to the same steps (`excavation_transitions`); here is who may take them, and the words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag, auto
from typing import TYPE_CHECKING

from layers.errors import Conflict, NotFound, Sentence
from layers.excavations import STATUS_NAMES
from layers.excavations import ExcavationStatus as Status

if TYPE_CHECKING:
    from layers.access import Caller
    from layers.procedure import Excavation


class Party(Flag):
    """Whose act it may be; an organisation is a party to its own excavations and requests only."""

    APPLICANT = auto()
    DESK = auto()
    OWNER = auto()
    TWIN = auto()


@dataclass(frozen=True, slots=True)
class Move:
    """An act that changes the status."""

    name: str
    sources: tuple[Status, ...]
    target: Status
    parties: Party
    vi: str
    needs_reason: bool = False


_BY_BOTH = Party.APPLICANT | Party.DESK
_ASKED = (Status.SUBMITTED, Status.ANSWERED)

MOVES: dict[str, Move] = {
    move.name: move
    for move in (
        Move("revise", (Status.DRAFT, Status.CHECKED, Status.REFUSED), Status.DRAFT, _BY_BOTH, "sửa"),
        Move("check", (Status.DRAFT, Status.CHECKED), Status.CHECKED, _BY_BOTH, "kiểm tra"),
        Move("submit", (Status.CHECKED,), Status.SUBMITTED, _BY_BOTH, "nộp"),
        Move("answer", (Status.SUBMITTED,), Status.ANSWERED, Party.TWIN, "đủ ý kiến"),
        Move("withdraw", (*_ASKED, Status.PERMITTED), Status.DRAFT, _BY_BOTH, "rút", needs_reason=True),
        Move("permit", (Status.ANSWERED,), Status.PERMITTED, Party.DESK, "cấp phép"),
        Move("override", _ASKED, Status.PERMITTED, Party.DESK, "cấp phép ngoại lệ", needs_reason=True),
        Move("refuse", (*_ASKED, Status.PERMITTED), Status.REFUSED, Party.DESK, "từ chối", needs_reason=True),
        Move("start", (Status.PERMITTED,), Status.IN_PROGRESS, _BY_BOTH, "khởi công"),
        Move("close", (Status.IN_PROGRESS, Status.PERMITTED), Status.CLOSED, _BY_BOTH, "hoàn thành"),
        Move(
            "reopen",
            (*_ASKED, Status.PERMITTED, Status.IN_PROGRESS),
            Status.CHECKED,
            Party.TWIN | Party.DESK,
            "mở lại",
            needs_reason=True,
        ),
    )
}


def name_status(status: str) -> Sentence:
    return STATUS_NAMES[Status(status)]


def parties_of(caller: Caller, excavation: Excavation) -> Party:
    """What a caller is to an excavation, besides an owner that was asked."""
    own = caller.organisation_id is not None and caller.organisation_id == excavation.applicant_id
    return (Party.APPLICANT if own else Party(0)) | (Party.DESK if caller.coordinates else Party(0))


def open_moves(excavation: Excavation, parties: Party) -> list[str]:
    """Names of the acts that these parties may do now."""
    return [
        move.name
        for move in MOVES.values()
        if Status(excavation.status) in move.sources and move.parties & parties and excavation.request is not None
    ]


def require_move(name: str, excavation: Excavation, parties: Party, reason: str | None = None) -> Move:
    """The act, where it is possible now and theirs.

    Raises: NotFound for an act that there is not; Conflict where it is not theirs or not possible now, or needs a
    reason.
    """
    move = MOVES.get(name)
    if move is None:
        raise NotFound(
            Sentence(
                f"there is no act '{name[:40]}': there are {', '.join(MOVES)}",
                f"không có thao tác '{name[:40]}': chỉ có {', '.join(MOVES)}",
            )
        )
    if excavation.request is None:
        raise Conflict(
            Sentence(
                f"excavation {excavation.id} was imported, not filed: file it here to take it through the procedure",
                f"công trình đào {excavation.id} được nạp từ tệp: hãy lập hồ sơ tại đây để làm thủ tục",
            )
        )
    possible = ", ".join(open_moves(excavation, parties)) or "-"
    status = name_status(excavation.status)
    if not move.parties & parties:
        raise Conflict(
            Sentence(
                f"'{name}' is not yours to do on excavation {excavation.id}; you may: {possible}",
                f"bạn không có quyền '{move.vi}' công trình đào {excavation.id}; bạn có thể: {possible}",
            )
        )
    if Status(excavation.status) not in move.sources:
        wanted = [name_status(source) for source in move.sources]
        raise Conflict(
            Sentence(
                f"excavation {excavation.id} is {status}: '{name}' needs {' or '.join(wanted)}; you may: {possible}",
                f"công trình đào {excavation.id} {status.vi}: thao tác '{move.vi}' cần trạng thái"
                f" {' hoặc '.join(s.vi for s in wanted)}; bạn có thể: {possible}",
            )
        )
    if move.needs_reason and not (reason or "").strip():
        raise Conflict(
            Sentence(f"'{name}' needs a reason: say it in 'reason'", f"'{move.vi}' cần lý do: ghi vào 'reason'")
        )
    return move
