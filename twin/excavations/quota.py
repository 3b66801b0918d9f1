"""What a key may have of the procedure in a day; the city's desk may have as much as it likes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layers.errors import Sentence
from layers.quota import Exceeded, count_checks, count_filings, hold

if TYPE_CHECKING:
    from twin.excavations.sitting import Sitting


def require_filing_left(sitting: Sitting) -> None:
    """Raises: Exceeded where the key has filed as many excavations today as one may."""
    caller, most = sitting.caller, sitting.practice.limits.filings_a_day
    if caller.coordinates:
        return
    hold(sitting.connection, f"filings of {caller.name}")
    if count_filings(sitting.connection, sitting.actor.name, sitting.practice.day_began()) >= most:
        raise Exceeded(
            Sentence(
                f"the key of '{caller.name}' has filed {most} excavations today, as many as a key may in a day: revise"
                " drafts instead of filing anew, file the rest tomorrow, or ask the city's desk to file them",
                f"khóa của '{caller.name}' hôm nay đã lập {most} hồ sơ, là mức tối đa mỗi ngày: hãy sửa bản nháp thay"
                " vì lập mới, lập tiếp vào ngày mai, hoặc nhờ cơ quan điều phối của thành phố lập",
            ),
            sitting.practice.day_left_s(),
        )


def require_check_left(sitting: Sitting) -> None:
    """Raises: Exceeded where the key has asked for as many checks today as one may."""
    caller, most = sitting.caller, sitting.practice.limits.checks_a_day
    if caller.coordinates:
        return
    if count_checks(sitting.connection, sitting.actor.name, sitting.practice.day_began()) >= most:
        raise Exceeded(
            Sentence(
                f"the key of '{caller.name}' has asked for {most} checks today, as many as a key may in a day: go on"
                " tomorrow, or ask the city's desk to check",
                f"khóa của '{caller.name}' hôm nay đã yêu cầu {most} lần kiểm tra, là mức tối đa mỗi ngày: hãy tiếp"
                " tục vào ngày mai, hoặc nhờ cơ quan điều phối của thành phố kiểm tra",
            ),
            sitting.practice.day_left_s(),
        )
