"""What the command line shows of excavations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from layers.excavations import AnswerKind
from layers.procedure import Event
from twin.desk.printing import _CODES_VI, Sheet
from twin.notices.writing import _wordings

if TYPE_CHECKING:
    import pytest


def test_events_are_told_by_the_citys_clock_and_in_its_language(capsys: pytest.CaptureFixture[str]) -> None:
    """Deadlines are days of the city: what was done at 00:10 of a day stands on that day."""
    at = datetime(2026, 11, 26, 17, 10, tzinfo=UTC)
    event = Event(
        at, "Sở 1", None, "answer on behalf", None, "answered", {"answer": "as_recorded", "asked": ["Xa", "B"]}
    )
    for language, words in (("vi", ("trả lời thay", "đã đủ ý kiến", "đúng hồ sơ", "asked: Xa, B")),
                            ("en", ("answer on behalf", "answered", "answer: as_recorded"))):  # fmt: skip
        Sheet(language, "Asia/Ho_Chi_Minh").events([event])
        shown = capsys.readouterr().out
        assert [word for word in ("2026-11-27 00:10", *words) if word not in shown] == []


def test_every_notice_and_answer_has_its_vietnamese() -> None:
    """A code that comes to be without a word is found here."""
    assert {*_wordings(), *(str(kind) for kind in AnswerKind)} - {*_CODES_VI} == set()
