"""Excavations, checks, requests, events and reports from the field as JSON, as far as their reader may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.crs import WGS84, parse_crs, transform_geometries
from layers.database import storage_srid
from layers.errors import say
from twin.excavations.disclosure import reduce_document
from twin.excavations.life import name_status, open_moves

if TYPE_CHECKING:
    from layers.deviations import KeptReport
    from layers.procedure import Check, Event, Excavation
    from layers.requests import Request
    from twin.excavations.disclosure import View
    from twin.excavations.sitting import Sitting

BASE = "/api/excavations"


def write_excavation(sitting: Sitting, excavation: Excavation, language: str) -> dict[str, Any]:
    """A GeoJSON feature: what was filed, and where it stands."""
    place = f"{sitting.practice.served_at}{BASE}/{excavation.id}"
    filed = excavation.request or {"geometry": _geometry(sitting, excavation.outline), "properties": {}}
    about = {
        "name": excavation.name,
        "status": excavation.status,
        "status_name": say(name_status(excavation.status), language),
        "depth_m": excavation.depth_m,
        "starts_on": excavation.starts_on.isoformat() if excavation.starts_on else None,
        "ends_on": excavation.ends_on.isoformat() if excavation.ends_on else None,
        "applicant": excavation.applicant,
        "filed_at": excavation.filed_at.isoformat(),
        "version": excavation.version,
        "submission": excavation.submission,
        "acts": open_moves(excavation, sitting.parties(excavation)),
    }
    links = [{"rel": "self", "type": "application/geo+json", "href": place}]
    links += [{"rel": rel, "type": "application/json", "href": f"{place}/{rel}"} for rel in _PARTS]
    return {
        "type": "Feature",
        "id": excavation.id,
        "geometry": filed["geometry"],
        "properties": filed["properties"] | about,
        "links": links,
    }


_PARTS = ("checks", "requests", "events", "deviations", "package")


def _geometry(sitting: Sitting, shape: shapely.Geometry) -> dict[str, Any]:
    storage = parse_crs(f"EPSG:{storage_srid(sitting.connection)}")
    (moved,) = transform_geometries(np.array([shape], dtype=object), storage, parse_crs(WGS84))
    document: dict[str, Any] = shapely.geometry.mapping(moved)
    return document


def write_check(check: Check, view: View) -> dict[str, Any]:
    """A check as far as its reader may see it."""
    difference = check.difference
    if view.owners is not None and difference is not None:
        difference = {side: [c for c in difference.get(side, ()) if not view.hides(c.get("owner"))] for side in _SIDES}
    elif difference is not None and not view.secrets:
        secret = {
            _feature(c) for c in check.report.get("clashes", ()) if view.blurs(c.get("disclosure"), c.get("owner"))
        }
        difference = difference | {
            side: [c for c in difference.get(side, ()) if (c.get("collection"), c.get("id")) not in secret]
            for side in _SIDES
        }
    return {
        "number": check.number,
        "checked_at": check.checked_at.isoformat(),
        "request": check.request,
        "versions": check.versions,
        "report": reduce_document(check.report, view),
        "difference": difference,
    }


_SIDES = ("came", "went")


def _feature(clash: dict[str, Any]) -> tuple[str, int]:
    return clash["feature"]["collection"], clash["feature"]["id"]


def write_request(request: Request, today: str) -> dict[str, Any]:
    return {
        "id": request.id,
        "excavation": request.excavation_id,
        "submission": request.submission,
        "owner": request.owner,
        "is_registered": request.organisation_id is not None,
        "reason": request.reason,
        "objects": request.objects,
        "conflicts": request.conflicts,
        "sent_at": request.sent_at.isoformat(),
        "due_on": request.due_on.isoformat(),
        "is_overdue": request.answer is None and request.due_on.isoformat() < today,
        "answer": request.answer,
        "remarks": request.remarks,
        "answered_at": request.answered_at.isoformat() if request.answered_at else None,
        "contradicts_records": request.contradicts,
    }


def write_event(event: Event, *, whole: bool) -> dict[str, Any]:
    """What happened; names and details only for those who see the whole excavation."""
    return {
        "at": event.at.isoformat(),
        "kind": event.kind,
        "from_status": event.from_status,
        "to_status": event.to_status,
        **({"actor": event.actor, "organisation": event.organisation, "detail": event.detail} if whole else {}),
    }


def write_report(sitting: Sitting, kept: KeptReport) -> dict[str, Any]:
    """A report as JSON; its geometry as longitude and latitude."""
    return {
        "number": kept.number,
        "excavation": kept.excavation_id,
        "kind": kept.kind,
        "feature": None if kept.feature_id is None else {"collection": kept.layer, "id": kept.feature_id},
        "owner": kept.owner,
        "geometry": None if kept.shape is None else _geometry(sitting, kept.shape),
        "detail": kept.detail,
        "reported_at": kept.reported_at.isoformat(),
        "organisation": kept.organisation,
        "run": kept.run_id,
        "state": kept.state,
        "settled_at": kept.settled_at.isoformat() if kept.settled_at else None,
        "remarks": kept.remarks,
        "undone_at": kept.undone_at.isoformat() if kept.undone_at else None,
    }
