"""Working days: weekends and holidays, of the packaged calendar and of the city's own days over it."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from layers.errors import Invalid, Sentence
from layers.holidays import read_own_days

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from layers.database import Connection

_WEEKEND = (5, 6)


@dataclass(frozen=True, slots=True)
class Calendar:
    """`days` are what is not as the week says: True works, False does not.

    `assumed` are days that nobody has announced yet; `years` are those that the calendar was made for.
    """

    days: Mapping[date, bool]
    years: frozenset[int]
    assumed: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        return self.days.get(day, day.weekday() not in _WEEKEND)

    def add(self, start: date, count: int) -> date:
        """The `count`-th working day after `start`."""
        day = start
        while count > 0:
            day += timedelta(days=1)
            count -= self.works(day)
        return day

    def doubts(self, start: date, end: date) -> list[date]:
        """Days between two, the last included, on which a deadline rests and that nobody has announced.

        Of a year without any calendar its last day that matters stands for all.
        """
        found = [day for day in sorted(self.assumed) if start < day <= end]
        return found or ([end] if end.year not in self.years else [])


def warn_of(doubts: list[date], due_on: date) -> list[Sentence]:
    """What whoever relies on a deadline must know of it."""
    if not doubts:
        return []
    days = ", ".join(str(day) for day in doubts)
    return [
        Sentence(
            f"the deadline {due_on} rests on holidays that are not announced yet ({days}): put the city's own days into"
            " 'twin excavation calendar'",
            f"hạn {due_on} dựa trên ngày nghỉ chưa được công bố ({days}): hãy nhập lịch của thành phố bằng"
            " 'twin excavation calendar'",
        )
    ]


def read_calendar(connection: Connection) -> Calendar:
    """The packaged calendar, overruled day by day by the city's own."""
    own = read_own_days(connection)
    packaged, assumed = _packaged()
    years = frozenset(day.year for day in (*packaged, *own))
    told = {day.year for day in own}
    # A city that has put in days of a year knows that year's calendar.
    return Calendar(dict(packaged) | own, years, frozenset(day for day in assumed if day.year not in told))


@cache
def _packaged() -> tuple[Mapping[date, bool], frozenset[date]]:
    """holidays.toml: days off, and days of weekends that are worked instead; which of them are assumed."""
    table = tomllib.loads((files("twin.excavations") / "holidays.toml").read_text("utf-8"))
    off = {entry["day"]: False for entry in table["off"]}
    assumed = frozenset(entry["day"] for entry in table["off"] if not entry.get("announced", True))
    return off | {entry["day"]: True for entry in table.get("worked", [])}, assumed


def read_days(path: Path) -> list[tuple[date, bool, str]]:
    """A city's days out of CSV: day (YYYY-MM-DD), off or worked, name. Raises: Invalid, naming the line."""
    days = []
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for number, row in enumerate(csv.reader(lines), start=1):
            if not row or row[0].strip().lower() == "day":
                continue
            try:
                day, kind, *name = (cell.strip() for cell in row)
                days.append((date.fromisoformat(day), {"off": False, "worked": True}[kind], " ".join(name)))
            except (ValueError, KeyError) as error:
                raise Invalid(
                    Sentence(
                        f"{path}, line {number}: give day, off or worked, name, such as 2027-02-08,off,Tết",
                        f"{path}, dòng {number}: ghi ngày, off hoặc worked, tên, ví dụ 2027-02-08,off,Tết",
                    )
                ) from error
    return days
