"""Rows of the utility layers as the rules see them: column of the table, size, duty, use."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from importers.text import fold_name
from twin.clash.rules import Subject

if TYPE_CHECKING:
    from layers.candidates import Recorded
    from twin.clash.accuracy import AccuracyTable
    from twin.clash.rulebook import RuleBook

_CHANNEL = ("channel",)


def subject_of(row: Recorded, book: RuleBook, accuracies: AccuracyTable) -> Subject:
    """The subject of a row; what a node does not have is not known.

    D is the inner width of materials that the trade names by it, otherwise the outer width.
    """
    return Subject(
        discipline=row.discipline,
        columns=columns_of(row.discipline, row.subtype, book),
        diameter_m=_diameter(row, book),
        voltage_v=row.voltage_v,
        pressure_bar=row.pressure_bar,
        drinking=is_drinking(row.discipline, (row.subtype, row.medium), book),
        level=level_of(row, accuracies),
    )


def level_of(row: Recorded, accuracies: AccuracyTable) -> str | None:
    return "schematic" if row.schematic else accuracies.find_name(row.quality_level)


def columns_of(discipline: str, subtype: str | None, book: RuleBook) -> tuple[str, ...]:
    """The columns of the table that an object is held to; none where the table has no column for it."""
    if _speaks_of(subtype, book.words.channel):
        return _CHANNEL
    return book.columns.get(discipline, ())


def is_drinking(discipline: str, texts: tuple[str | None, ...], book: RuleBook) -> bool | None:
    """Whether water is for drinking; None of what is no water."""
    if discipline != "water":
        return None
    return not any(_speaks_of(text, book.words.not_drinking) for text in texts)


@lru_cache(maxsize=4096)
def _speaks_of(text: str | None, words: tuple[str, ...]) -> bool:
    return bool(text) and any(word in fold_name(text) for word in words)


def _diameter(row: Recorded, book: RuleBook) -> float | None:
    by_inside = row.inner_width_m is not None and row.material in book.words.named_by_inside
    return row.inner_width_m if by_inside else row.outer_width_m
