"""What comes back from an excavation, at its door: reports from the field and as-built returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.crs import WGS84, parse_crs, transform_geometries
from layers.database import storage_srid
from layers.deviations import DeviationState
from layers.errors import Invalid, Sentence
from twin.excavations.door.call import Call, answer
from twin.excavations.door.documents import BASE
from twin.excavations.returns import Verdict, deliver_as_built, report_deviation, settle, visible_reports

if TYPE_CHECKING:
    from starlette.responses import Response

    from layers.deviations import KeptReport
    from twin.excavations.sitting import Sitting


def write_report(sitting: Sitting, kept: KeptReport) -> dict[str, Any]:
    """A report as JSON; its geometry as longitude and latitude."""
    return {
        "number": kept.number,
        "excavation": kept.excavation_id,
        "kind": kept.kind,
        "feature": None if kept.feature_id is None else {"collection": kept.layer, "id": kept.feature_id},
        "owner": kept.owner,
        "geometry": _geometry(sitting, kept.shape),
        "detail": kept.detail,
        "reported_at": kept.reported_at.isoformat(),
        "organisation": kept.organisation,
        "run": kept.run_id,
        "state": kept.state,
        "settled_at": kept.settled_at.isoformat() if kept.settled_at else None,
        "remarks": kept.remarks,
        "undone_at": kept.undone_at.isoformat() if kept.undone_at else None,
    }


def _geometry(sitting: Sitting, shape: shapely.Geometry | None) -> dict[str, Any] | None:
    if shape is None:
        return None
    storage = parse_crs(f"EPSG:{storage_srid(sitting.connection)}")
    (moved,) = transform_geometries(np.array([shape], dtype=object), storage, parse_crs(WGS84))
    document: dict[str, Any] = shapely.geometry.mapping(moved)
    return document


def show_reports(sitting: Sitting, call: Call) -> Response:
    excavation = sitting.find(call.number)
    return answer({"deviations": [write_report(sitting, each) for each in visible_reports(sitting, excavation)]})


def take_report(sitting: Sitting, call: Call) -> Response:
    kept = report_deviation(sitting, call.number, call.document())
    return answer(write_report(sitting, kept), 201, _place(sitting, kept))


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
