"""What people call a property, and what its numbers may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """What people call a property, and its unit (UCUM) where it has one."""

    vi: str
    en: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """What a column's number may be, both ends allowed."""

    column: str
    low: float
    high: float
