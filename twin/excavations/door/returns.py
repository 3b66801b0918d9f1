"""What comes back from an excavation, at its door: reports from the field and as-built returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layers.deviations import DeviationState
from layers.errors import Invalid, Sentence
from twin.excavations.disclosure import withhold
from twin.excavations.door.call import Call, answer
from twin.excavations.door.documents import BASE, write_report
from twin.excavations.returns import Verdict, deliver_as_built, report_deviation, settle, visible_reports

if TYPE_CHECKING:
    from starlette.responses import Response

    from layers.deviations import KeptReport
    from twin.excavations.sitting import Sitting


def show_reports(sitting: Sitting, call: Call) -> Response:
    excavation = sitting.find(call.number)
    reports = [write_report(sitting, each) for each in visible_reports(sitting, excavation)]
    return answer({"deviations": withhold(sitting, excavation, reports)})


def take_report(sitting: Sitting, call: Call) -> Response:
    kept = report_deviation(sitting, call.number, call.document())
    report = withhold(sitting, sitting.find(call.number), write_report(sitting, kept))
    return answer(report, 201, _place(sitting, kept))


def take_verdict(sitting: Sitting, call: Call) -> Response:
    document = call.document()
    state, texts = document.get("state"), [document.get("remarks"), document.get("owner")]
    known = (DeviationState.CONFIRMED, DeviationState.CONTESTED)
    if state not in [str(each) for each in known] or not all(isinstance(text, str | None) for text in texts):
        raise Invalid(
            Sentence(
                'give {"state": "confirmed"} or {"state": "contested", "remarks": "…"}',
                'ghi {"state": "confirmed"} hoặc {"state": "contested", "remarks": "…"}',
            )
        )
    verdict = Verdict(DeviationState(state), *texts)
    return answer(write_report(sitting, settle(sitting, call.number, call.part("deviation"), verdict)))


def take_as_built(sitting: Sitting, call: Call) -> Response:
    kept = deliver_as_built(sitting, call.number, call.document())
    return answer(write_report(sitting, kept), 201, _place(sitting, kept))


def _place(sitting: Sitting, kept: KeptReport) -> dict[str, str]:
    return {"Location": f"{sitting.practice.served_at}{BASE}/{kept.excavation_id}/deviations"}
