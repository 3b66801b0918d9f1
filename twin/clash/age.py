"""How old a survey is, and whether that is too old by the rule for its quality: it makes nothing clear, nor hit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from twin.clash.accuracy import Wording, read_accuracies
from twin.clash.spelling import comma

if TYPE_CHECKING:
    from datetime import date

_DAYS_A_YEAR = 365.25
_UNDATED = Wording(
    en="nobody recorded when it was surveyed",
    vi="hồ sơ không ghi ngày đo",
)


@dataclass(frozen=True, slots=True)
class Age:
    """Years from the survey to the dig, None where no date is recorded; `text` is None of a survey that holds."""

    years: float | None
    is_stale: bool
    text: Wording | None

    def to_json(self) -> dict[str, Any]:
        return {
            "age_years": None if self.years is None else round(self.years, 1),
            "is_stale": self.is_stale,
            "text": None if self.text is None else asdict(self.text),
        }


def age_of(surveyed_on: date | None, level: str | None, material: str | None, on: date) -> Age:
    """The age of a survey on a day. A survey after that day is none: its date is wrong."""
    if surveyed_on is None or surveyed_on > on:
        return Age(None, is_stale=False, text=_UNDATED)
    years = (on - surveyed_on).days / _DAYS_A_YEAR
    rule = read_accuracies().find_staleness(level, material)
    if rule is None or years <= rule.years:
        return Age(years, is_stale=False, text=None)
    text = Wording(
        en=f"surveyed {years:.0f} years ago, more than {rule.years:g} ({rule.source.en})",
        vi=f"đo cách đây {comma(years, '.0f')} năm, quá {comma(rule.years)} năm ({rule.source.vi})",
    )
    return Age(years, is_stale=True, text=text)
