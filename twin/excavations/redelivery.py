"""What stands twice, as the field found it and as its owner has delivered it since: the desk is told, and decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from layers.errors import Conflict, Invalid, Sentence
from layers.procedure import add_event, find_excavation
from layers.redelivery import REDELIVERED, Keep, list_redelivered, list_untold, settle_redelivery
from twin.excavations.sitting import TWIN, Sitting
from twin.notices.writing import News

if TYPE_CHECKING:
    from layers.database import Writer
    from layers.redelivery import Delivery, Redelivered
    from twin.excavations.practice import Practice

REDELIVERY_TASK = "tell-redelivered"
# More objects than these are counted in a notice.
_MOST_NAMED = 5


def tell_redelivered(writer: Writer, practice: Practice) -> int:
    """Tell the desk, once, which deliveries brought anew what the field amended; how many.

    Each with its event in one transaction, behind whoever else tells of that excavation.
    """
    with writer.connection() as connection:
        waiting = sorted({each.excavation_id for each in list_untold(connection)})
    told = 0
    for number in waiting:
        with writer.connection() as connection:
            sitting = Sitting(connection, TWIN, practice)
            find_excavation(connection, number, lock=True)
            for delivery in list_untold(connection):
                if delivery.excavation_id == number:
                    _tell(sitting, delivery)
                    told += 1
    return told


def _tell(sitting: Sitting, delivery: Delivery) -> None:
    connection, number = sitting.connection, delivery.excavation_id
    found = [each for each in list_redelivered(connection) if each.run_id in delivery.amended_by]
    facts = {"delivered_by": delivery.delivered_by, "amended_by": delivery.amended_by}
    add_event(connection, number, sitting.actor, REDELIVERED, **facts)
    named = [_name(each) for each in found[:_MOST_NAMED]]
    more = len(found) - len(named)
    detail = Sentence(
        "; ".join(named) + (f"; and {more} more" if more else ""),
        "; ".join(text.vi for text in named) + (f"; và {more} đối tượng khác" if more else ""),
    )
    link = f"{sitting.practice.served_at}/api/excavations/redelivered"
    words = {"detail": detail, "run": str(delivery.delivered_by)}
    objects = [
        {"run": each.run_id, "report": each.report, "collection": each.layer, "field": each.pieces,
         "delivered": each.delivered} for each in found
    ]  # fmt: skip
    news = News(REDELIVERED, find_excavation(connection, number), link, words, {**facts, "redelivered": objects})
    sitting.tell(news, desk=True)


def _name(each: Redelivered) -> Sentence:
    """By numbers alone: a mail is no place for whose it is."""
    field, delivered = (", ".join(map(str, numbers)) for numbers in (each.pieces, each.delivered))
    return Sentence(
        f"{each.layer} {field} (report {each.report}, run {each.run_id}),"
        f" delivered {delivered or 'nothing that is surely the same'}",
        f"{each.layer} {field} (báo cáo {each.report}, lượt {each.run_id}),"
        f" bản giao lại: {delivered or 'không nhận ra đối tượng nào là nó'}",
    )


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
