"""The review of what stands twice: as the field found it, and as its owner has delivered it since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from layers.errors import Conflict, Invalid, Sentence
from layers.procedure import add_event
from layers.redelivery import Keep, list_redelivered, settle_redelivery

if TYPE_CHECKING:
    from layers.redelivery import Redelivered
    from twin.excavations.sitting import Sitting


def list_waiting(sitting: Sitting) -> list[dict[str, Any]]:
    """All that wait for a decision, as JSON. Raises: Conflict for others than the desk."""
    _require_desk(sitting)
    return [_write(each) for each in list_redelivered(sitting.connection)]


def decide(sitting: Sitting, run_id: int, keep: str | None) -> int:
    """The run that took the other side out of the city. Raises: Conflict, Invalid, NotFound."""
    _require_desk(sitting)
    if keep not in list(Keep):
        raise Invalid(
            Sentence(
                'give {"keep": "field"} or {"keep": "delivered"}', 'ghi {"keep": "field"} hoặc {"keep": "delivered"}'
            )
        )
    concerned = {each.excavation_id for each in list_redelivered(sitting.connection) if each.run_id == run_id}
    settled = settle_redelivery(sitting.connection, run_id, Keep(keep), sitting.actor.name)
    for number in sorted(concerned):
        add_event(
            sitting.connection, number, sitting.actor, "redelivery settled", amended_by=run_id, keep=keep, run=settled
        )
    return settled


def _require_desk(sitting: Sitting) -> None:
    if not sitting.caller.coordinates:
        raise Conflict(
            Sentence(
                "what stands twice is for the city's desk to decide",
                "chỉ cơ quan điều phối quyết định hồ sơ có hai bản",
            )
        )


def _write(each: Redelivered) -> dict[str, Any]:
    return {
        "run": each.run_id,
        "excavation": each.excavation_id,
        "report": each.report,
        "collection": each.layer,
        "owner": each.owner,
        "owner_ref": each.owner_ref,
        "file": each.source_path,
        "field": each.pieces,
        "delivered": each.delivered,
    }
