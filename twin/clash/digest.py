"""A check in brief, as thousands of digs are answered: what each hits or may hit, and whether it is clear."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from twin.clash.outcome import REASONS, Outcome, tell

if TYPE_CHECKING:
    from layers.candidates import Drawn
    from twin.clash.kernel.judgement import Judgement
    from twin.clash.outcome import Reason
    from twin.clash.report import ClashReport


class OpenObject(NamedTuple):
    """An object that is not proven clear, with its gaps as in `outcome.Assessment`."""

    layer: str
    feature_id: int
    outcome: Outcome
    reason: Reason
    plan_gap_m: float
    vertical_gap_m: float | None
    gap_m: float | None
    worst_gap_m: float
    discipline: str
    owner: str | None

    def to_json(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "reason": {"code": self.reason, **asdict(REASONS[self.reason])},
            "plan_gap_m": self.plan_gap_m,
            "vertical_gap_m": self.vertical_gap_m,
            "gap_m": self.gap_m,
            "worst_gap_m": self.worst_gap_m,
            "discipline": self.discipline,
            "owner": self.owner,
            "feature": {"collection": self.layer, "id": self.feature_id},
        }


@dataclass(frozen=True, slots=True)
class Digest:
    """What a full check of the dig says: `counts` by outcome, `open` worst first, `silent` owners without records here.

    `is_clear` is that of the full report: never where something is unknown.
    """

    name: str
    is_clear: bool
    counts: dict[str, int]
    open: tuple[OpenObject, ...]
    silent: tuple[str, ...]
    has_ground: bool
    has_boundary: bool
    incomplete_files: int

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "is_clear": self.is_clear,
            "counts": self.counts,
            "open": [each.to_json() for each in self.open],
            "owners_without_data": list(self.silent),
            "has_ground": self.has_ground,
            "has_boundary": self.has_boundary,
            "incomplete_files": self.incomplete_files,
        }


def name_open(row: Drawn, found: Judgement) -> OpenObject:
    """An object that was not found clear."""
    return OpenObject(row.layer, row.id, *tell(found), row.discipline, row.owner)


def digest(report: ClashReport) -> Digest:
    """A whole report in brief."""
    return Digest(
        name=report.name,
        is_clear=report.is_clear,
        counts=report.counts,
        open=tuple(
            OpenObject(
                clash.layer,
                clash.feature_id,
                clash.outcome,
                clash.reason,
                clash.plan_gap_m,
                clash.vertical_gap_m,
                clash.gap_m,
                clash.worst_gap_m,
                clash.discipline,
                clash.owner,
            )
            for clash in report.clashes
            if clash.outcome is not Outcome.CLEAR
        ),
        silent=tuple(silence.owner for silence in report.census.silences),
        has_ground=report.ground_m is not None,
        has_boundary=report.census.has_boundary,
        incomplete_files=report.census.incomplete_files,
    )
