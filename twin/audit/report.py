"""The report of an audit: what it found by owner, street and rule, what it could not judge, and what it left out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from layers.audit import find_place
from layers.audit_summary import (
    group_by_owner,
    group_by_rule,
    group_by_street,
    list_worst,
    mark_places,
    sum_tallies,
)
from layers.crs import WGS84, parse_crs, transform_points
from layers.database import storage_srid
from layers.overview import read_overview
from layers.sanity import depth_knowledge
from twin.clash.accuracy import Wording
from twin.clash.citing import DRAFT_RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layers.audit import Run
    from layers.audit_summary import Group, KeptPair, Mark
    from layers.database import Connection
    from layers.overview import Overview
    from layers.sanity import DepthKnowledge

_WORST = 200
# Marks nearer than this in the picture are one.
_CELL = 14

REMARKS = {
    "same_ends": Wording(
        en="begin and end at the same places: perhaps one object recorded twice",
        vi="trùng cả hai đầu: có thể một đối tượng được ghi hai lần",
    ),
    "near_miss": Wording(
        en="an end lies beside a line of its own network: perhaps drawn short of a joint",
        vi="đầu tuyến nằm sát tuyến cùng mạng: có thể vẽ chưa chạm điểm đấu nối",
    ),
    "own_node": Wording(en="a node and a line of one network", vi="nút và tuyến thuộc cùng một mạng"),
}
LIMITS = Wording(
    en="The audit rests on the records that were loaded: what is not recorded has no pair here. Nothing planned or"
    " removed is in it.",
    vi="Rà soát chỉ dựa trên hồ sơ đã nạp: công trình không có hồ sơ thì không có cặp nào ở đây. Không xét công trình"
    " mới quy hoạch hoặc đã tháo dỡ.",
)


@dataclass(frozen=True, slots=True)
class AuditReport:
    """One audit, summed up; `counts` are couples by what became of them, `no_rule` by disciplines."""

    run: Run
    batches: int
    counts: dict[str, int]
    no_rule: dict[str, int]
    owners: list[Group]
    streets: list[Group]
    rules: list[Group]
    worst: list[KeptPair]
    depths: tuple[DepthKnowledge, ...]
    overview: Overview | None
    marks: list[Mark]
    lonlat: list[tuple[float, float]]

    @property
    def open_pairs(self) -> int:
        return sum(self.counts.get(name, 0) for name in ("definite", "possible", "unknown"))

    @property
    def lines_without_depth(self) -> int:
        return sum(row.unknown for row in self.depths)

    @property
    def remarks(self) -> Iterator[Wording]:
        """What a reader must know before believing the rest."""
        for edition in self.run.law["editions"]:
            if edition["status"] == "draft":
                yield Wording(en=DRAFT_RULES.en.format(**edition), vi=DRAFT_RULES.vi.format(**edition))
        yield LIMITS

    def cite(self, rule: str | None) -> Wording | None:
        """How the run's own rules cite one."""
        found = self.run.law["rules"].get(rule)
        return None if found is None else Wording(**found["text"])

    def to_json(self) -> dict[str, Any]:
        run = self.run
        return {
            "audit": run.id,
            "began_at": run.began_at.isoformat(),
            "ended_at": run.ended_at.isoformat() if run.ended_at else None,
            "layer_versions": run.versions,
            "objects": run.total,
            "pairs": {name: self.counts.get(name, 0) for name in ("definite", "possible", "unknown")},
            "couples": self.counts,
            "no_rule_between": self.no_rule,
            "by_owner": [_group_json(group, "owner") for group in self.owners],
            "by_street": [_group_json(group, "street", "ward") for group in self.streets],
            "by_rule": [_group_json(group, "rule", "aspect", "arrangement") for group in self.rules],
            "depth_knowledge": [asdict(row) for row in self.depths],
            "worst": [
                asdict(pair) | {"longitude": lon, "latitude": lat}
                for pair, (lon, lat) in zip(self.worst, self.lonlat, strict=True)
            ],
            "rules": run.law,
            "remarks": [asdict(remark) for remark in self.remarks],
        }


def read_report(connection: Connection, run: Run) -> AuditReport:
    counts, no_rule = sum_tallies(connection, run)
    worst, overview = list_worst(connection, run, _WORST), read_overview(connection)
    return AuditReport(
        run=run,
        batches=find_place(connection, run).batches,
        counts=dict(counts),
        no_rule=dict(no_rule),
        owners=group_by_owner(connection, run),
        streets=group_by_street(connection, run),
        rules=group_by_rule(connection, run),
        worst=worst,
        depths=depth_knowledge(connection),
        overview=overview,
        marks=[] if overview is None else mark_places(connection, run, overview, _CELL),
        lonlat=_lonlat(worst, storage_srid(connection)),
    )


def _lonlat(pairs: list[KeptPair], srid: int) -> list[tuple[float, float]]:
    if not pairs:
        return []
    xy = np.array([(pair.x, pair.y) for pair in pairs])
    moved = transform_points(xy, parse_crs(f"EPSG:{srid}"), parse_crs(WGS84))
    return [(round(lon, 7), round(lat, 7)) for lon, lat in moved.tolist()]


def _group_json(group: Group, *names: str) -> dict[str, Any]:
    return dict(zip(names, group.keys, strict=True)) | {
        "definite": group.definite,
        "possible": group.possible,
        "unknown": group.unknown,
        "shortfall_m": group.shortfall_m,
    }
