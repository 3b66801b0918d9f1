"""How this city goes about excavations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from twin.clash.rulefile import digest_rules, read_rules

if TYPE_CHECKING:
    from pathlib import Path

    from twin.clash.rulebook import RuleBook


@dataclass(frozen=True, slots=True)
class Quotas:
    """What one key may have in a day, excavations filed and checks asked for, and how much of the city an applicant."""

    filings_a_day: int = 200
    checks_a_day: int = 1000
    checked_ha_a_day: float = 50.0


@dataclass(frozen=True, slots=True)
class Practice:
    """Where terrain lies, whose days are counted, how many working days owners have, the address that notices point to,
    the city's own rules file, and how much one key may have.
    """

    data: Path
    zone: str = "Asia/Ho_Chi_Minh"
    answer_days: int = 5
    served_at: str = ""
    rules: Path | None = None
    quotas: Quotas = Quotas()

    @property
    def book(self) -> RuleBook:
        """Raises: Invalid."""
        return read_rules(self.rules)

    @property
    def rules_edition(self) -> int:
        """A number that is another one where the rules say something else. Raises: Invalid."""
        return int(digest_rules(self.book)[:12], 16)

    def today(self) -> date:
        return datetime.now(UTC).astimezone(ZoneInfo(self.zone)).date()

    def day_began(self) -> datetime:
        return datetime.combine(self.today(), time(), ZoneInfo(self.zone))

    def day_left_s(self) -> int:
        """Seconds until the next day, at least 1."""
        tomorrow = datetime.combine(self.today() + timedelta(1), time(), ZoneInfo(self.zone))
        return max(ceil((tomorrow - datetime.now(UTC)).total_seconds()), 1)
