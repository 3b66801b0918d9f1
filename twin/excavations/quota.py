"""What a key may have of the procedure in a day; the city's desk may have as much as it likes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layers.database import Audience
from layers.errors import Sentence
from layers.quota import Exceeded, count_checks, count_filings, hold, measure_asked
from twin.clash.spelling import comma
from twin.excavations.asking import ASKED_WITHIN_M

if TYPE_CHECKING:
    from layers.procedure import Excavation
    from twin.excavations.sitting import Sitting


def require_filing_left(sitting: Sitting) -> None:
    """Raises: Exceeded where the key has filed as many excavations today as one may."""
    caller, most = sitting.caller, sitting.practice.quotas.filings_a_day
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
    caller, most = sitting.caller, sitting.practice.quotas.checks_a_day
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


def require_area_left(sitting: Sitting, excavation: Excavation) -> None:
    """Raises: Exceeded where an applicant would learn of more of the city in a day than one may.

    What it has had checked today counts with all within which owners are asked, what overlaps once. Who reads
    utilities anyway is not bounded.
    """
    caller, most_ha = sitting.caller, sitting.practice.quotas.checked_ha_a_day
    if caller.coordinates or caller.organisation is None or caller.audience is Audience.OPERATOR:
        return
    began = sitting.practice.day_began()
    before, after = measure_asked(sitting.connection, caller.organisation, began, ASKED_WITHIN_M, excavation.outline)
    before_ha, after_ha = before / 1e4, after / 1e4
    if after_ha > most_ha:
        raise Exceeded(
            Sentence(
                f"'{caller.organisation}' has had {before_ha:.2f} ha checked today, with excavation {excavation.id} it"
                f" would be {after_ha:.2f} ha (all within {ASKED_WITHIN_M:g} m of a dig), an applicant may have"
                f" {most_ha:g} ha in a day: go on tomorrow, or ask the city's desk to check it",
                f"'{caller.organisation}' hôm nay đã kiểm tra {comma(before_ha, '.2f')} ha, thêm công trình"
                f" đào {excavation.id} sẽ là {comma(after_ha, '.2f')} ha (tính cả {comma(ASKED_WITHIN_M)} m quanh hố"
                f" đào), bên xin đào được {comma(most_ha)} ha mỗi ngày: hãy tiếp tục ngày mai, hoặc nhờ cơ quan điều"
                " phối của thành phố kiểm tra",
            ),
            sitting.practice.day_left_s(),
        )
