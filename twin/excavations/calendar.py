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
    """`days` are what is not as the week says: True works, False does not. `years` are those that it was made for."""

    days: Mapping[date, bool]
    years: frozenset[int]

    def works(self, day: date) -> bool:
        return self.days.get(day, day.weekday() not in _WEEKEND)

    def add(self, start: date, count: int) -> date:
        """The `count`-th working day after `start`."""
        day = start
        while count > 0:
            day += timedelta(days=1)
            count -= self.works(day)
        return day


def read_calendar(connection: Connection) -> Calendar:
    """The packaged calendar, overruled day by day by the city's own."""
    own = read_own_days(connection)
    packaged = _packaged()
    return Calendar(dict(packaged) | own, frozenset(day.year for day in (*packaged, *own)))


@cache
def _packaged() -> Mapping[date, bool]:
    """holidays.toml: days off, and days of weekends that are worked instead."""
    table = tomllib.loads((files("twin.excavations") / "holidays.toml").read_text("utf-8"))
    off = {entry["day"]: False for entry in table["off"]}
    return off | {entry["day"]: True for entry in table.get("worked", [])}


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
