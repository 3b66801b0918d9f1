"""Planned excavations: the layer, and what their procedure leaves behind.

What was checked, asked, answered and done is evidence: it refers to an excavation by its number, without a foreign
key, so that it outlives a row that an undone import takes away.
"""

from enum import StrEnum

from layers.errors import Sentence


class ExcavationStatus(StrEnum):
    DRAFT = "draft"
    CHECKED = "checked"
    SUBMITTED = "submitted"
    ANSWERED = "answered"
    PERMITTED = "permitted"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"
    REFUSED = "refused"


STATUS_NAMES: dict[ExcavationStatus, Sentence] = {
    ExcavationStatus.DRAFT: Sentence("draft", "bản nháp"),
    ExcavationStatus.CHECKED: Sentence("checked", "đã kiểm tra"),
    ExcavationStatus.SUBMITTED: Sentence("submitted", "đã nộp, chờ ý kiến"),
    ExcavationStatus.ANSWERED: Sentence("answered", "đã đủ ý kiến"),
    ExcavationStatus.PERMITTED: Sentence("permitted", "đã cấp phép"),
    ExcavationStatus.IN_PROGRESS: Sentence("in progress", "đang thi công"),
    ExcavationStatus.CLOSED: Sentence("closed", "đã hoàn thành"),
    ExcavationStatus.REFUSED: Sentence("refused", "bị từ chối"),
}

# What a change of the city can still change something for.
OPEN = (
    ExcavationStatus.CHECKED,
    ExcavationStatus.SUBMITTED,
    ExcavationStatus.ANSWERED,
    ExcavationStatus.PERMITTED,
    ExcavationStatus.IN_PROGRESS,
)


class AnswerKind(StrEnum):
    """What an owner says of its utilities where somebody wants to dig."""

    NOTHING_HERE = "nothing_here"
    AS_RECORDED = "as_recorded"
    CONDITIONS = "conditions"
    REFUSES = "refuses"


class RequestReason(StrEnum):
    """Why an owner is asked: its records lie near, it wants to be asked there, or the records name no owner."""

    RECORDS = "records"
    AREA = "area"
    OWNER_UNKNOWN = "owner_unknown"
