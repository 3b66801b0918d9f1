"""What of a report its reader may see: owners their own objects, of secret ones only that they are there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import shapely

from layers.organisations import find_organisation, list_organisations
from layers.requests import list_requests
from layers.utilities import Disclosure
from twin.clash.records import redraw

if TYPE_CHECKING:
    from layers.candidates import Recorded
    from layers.procedure import Excavation
    from twin.clash.report import Clash, ClashReport
    from twin.excavations.sitting import Sitting

# Of a secret object so much beside the dig is shown: whoever digs must know where it runs, and no further.
_SHOWN_M = 3.0
# What of a secret object's record is withheld, in a report's JSON.
_WITHHELD = {
    "owner": None, "discipline": "other", "kind": None, "material": None, "outer_size_m": [None, None],
    "status": "unknown", "elevation": None, "survey": None, "source": {"file": None, "layer": None, "row": None},
    "withheld": True,
}  # fmt: skip


# What people wrote for those who dig: an owner that names itself means it, and its conditions must arrive.
_SAID = ("remarks", "reason")


@dataclass(frozen=True, slots=True)
class View:
    """How much a reader sees: objects of `owners` alone, None for all; secret ones of others only with `secrets`.

    `name` tells views apart that show different things.
    """

    name: str
    owners: frozenset[str] | None
    secrets: bool
    reader: str | None = None

    def hides(self, owner: str | None) -> bool:
        return self.owners is not None and owner not in self.owners

    def blurs(self, disclosure: str | None, owner: str | None) -> bool:
        is_own = self.owners is not None and owner in self.owners
        return disclosure == Disclosure.SECRET and not self.secrets and not is_own


def view_of(sitting: Sitting, excavation: Excavation) -> View:
    """What the caller may see of a report on an excavation that it may see."""
    caller = sitting.caller
    if caller.coordinates:
        return View("desk", None, secrets=True)
    if sitting.sees_all(excavation):
        return View("whole", None, secrets=False)
    organisation = find_organisation(sitting.connection, caller.organisation or "")
    owners = frozenset({organisation.name, *organisation.aliases})
    return View(f"owner-{organisation.id}", owners, secrets=False, reader=organisation.name)


def withhold(sitting: Sitting, excavation: Excavation, document: Any) -> Any:
    """A document (JSON) on an excavation without the names of those of whom all that lies there is secret.

    The desk and they themselves read them; for others a text that names one of them is None, in lists left out.
    """
    caller = sitting.caller
    hidden = set() if caller.coordinates else secret_names(sitting, excavation, but=caller.organisation_id)
    return _without(document, hidden) if hidden else document


def secret_names(sitting: Sitting, excavation: Excavation, *, but: int | None = None) -> set[str]:
    """All names of those who were asked and of whom all that lies there is secret, but of one organisation."""
    secret = [each for each in list_requests(sitting.connection, excavation.id) if each.is_secret]
    if not secret:
        return set()
    numbers = {each.organisation_id for each in secret} - {None, but}
    known = [each for each in list_organisations(sitting.connection) if each.id in numbers]
    names = {each.owner for each in secret if each.organisation_id is None}
    return names.union(*({each.name, *each.aliases} for each in known))


def _without(document: Any, hidden: set[str]) -> Any:
    if isinstance(document, str):
        return None if any(name in document for name in hidden) else document
    if isinstance(document, dict):
        return {key: value if key in _SAID else _without(value, hidden) for key, value in document.items()}
    if isinstance(document, list):
        return [each for each in (_without(value, hidden) for value in document) if each is not None]
    return document


def reduce_report(report: ClashReport, view: View) -> ClashReport:
    """The report as its reader may see it; one that was cut to some owners' objects is never called clear."""
    shown = [_blur(clash, report) if view.blurs(clash.record.disclosure, clash.owner) else clash
             for clash in report.clashes if not view.hides(clash.owner)]  # fmt: skip
    if view.owners is None:
        hidden = {(c.layer, c.feature_id) for c in report.clashes if view.blurs(c.record.disclosure, c.owner)}
        layings = tuple(
            replace(laying, distances=tuple(d for d in laying.distances if (d.layer, d.feature_id) not in hidden))
            for laying in report.layings
        )
        return replace(report, clashes=tuple(shown), layings=layings)
    census = replace(report.census, silences=())
    return replace(
        report,
        clashes=tuple(shown),
        layings=(),
        surroundings=None,
        ways_out=None,
        census=census,
        reader=view.reader,
    )


def _blur(clash: Clash, report: ClashReport) -> Clash:
    """That something is there, where it runs at the dig, and how sure that is."""
    record = clash.record._replace(
        discipline="other", status="unknown", kind=None, subtype=None, medium=None, owner=None, operator=None,
        owner_ref=None, material=None, surveyed_on=None, vertical_reason=None, inner_width_m=None, voltage_v=None,
        pressure_bar=None, ducts=None, parent_id=None, source_layer=None, source_row=None, source_path=None,
    )  # fmt: skip
    return replace(clash, record=_near(record, clash, report), duties=(), age=None)


def _near(record: Recorded, clash: Clash, report: ClashReport) -> Recorded:
    """The record with its axis within a few metres of the dig; the whole of one that never comes so near."""
    if clash.layer == "utility_nodes":
        return record
    axis = clash.axis
    parts = shapely.get_parts(shapely.intersection(shapely.LineString(axis), report.polygon.buffer(_SHOWN_M)))
    lines = [part for part in parts if part.geom_type == "LineString" and part.length > 0]
    if not lines:
        return record
    longest = max(lines, key=lambda line: line.length)
    return redraw(record, shapely.get_coordinates(longest, include_z=axis.shape[1] == 3))


def reduce_document(report: dict[str, Any], view: View) -> dict[str, Any]:
    """A kept report (JSON) as its reader may see it; of one cut to some owners only the parts that are named here."""
    clashes = [
        {**clash, **_WITHHELD, "duties": []} if view.blurs(clash.get("disclosure"), clash.get("owner")) else clash
        for clash in report.get("clashes", ())
        if not view.hides(clash.get("owner"))
    ]
    if view.owners is None:
        secret = [clash["feature"] for clash in clashes if clash.get("withheld")]
        if not secret:
            return report
        laid = [
            one | {"distances": [d for d in one["distances"] if d["feature"] not in secret]} for one in report["laid"]
        ]
        return report | {"clashes": clashes, "laid": laid}
    counts: dict[str, int] = {}
    for clash in clashes:
        counts[clash["outcome"]] = counts.get(clash["outcome"], 0) + 1
    kept = {name: report[name] for name in ("excavation", "remarks", "probability_rests_on") if name in report}
    # Who sees a part of what is near a dig is never told that the dig is clear.
    return kept | {"clashes": clashes, "counts": counts, "is_clear": False}
