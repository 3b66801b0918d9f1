"""What else a dig touches: trees, foundations, parcels, roads, wards, zones, citizens' reports and other digs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from twin.clash.citing import citation_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    import shapely

    from twin.clash.accuracy import Wording
    from twin.clash.rulebook import Citation


class Weight(StrEnum):
    """What follows from a matter, worst first: the dig is forbidden, something must be done first, nobody knows, a sign
    of something that no record shows.
    """

    FORBIDS = "forbids"
    DEMANDS = "demands"
    UNKNOWN = "unknown"
    WARNS = "warns"
    PROPOSES = "proposes"
    INFORMS = "informs"


class Kind(StrEnum):
    TREE = "tree"
    BUILDING = "building"
    PARCEL = "parcel"
    ROAD = "road"
    MORATORIUM = "moratorium"
    HOURS = "hours"
    CLOSURE = "closure"
    WARD = "ward"
    ZONE = "zone"
    REPORT = "report"
    REDELIVERED = "redelivered"
    OPEN_TOGETHER = "open_together"
    DIG_ONCE = "dig_once"
    SEQUENCE = "sequence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One thing that a dig touches, and what follows from it.

    `shape` is the feature in the report's CRS, for drawings; `facts` are its figures and names for machines, lengths
    in metres under names that end in `_m`. `feature_id` is None of what is no feature.
    """

    kind: Kind
    weight: Weight
    text: Wording
    cited: Citation | None = None
    layer: str | None = None
    feature_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    source_file: str | None = None
    shape: shapely.Geometry | None = field(default=None, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        feature = None if self.layer is None else {"collection": self.layer, "id": self.feature_id}
        return {
            "kind": self.kind,
            "weight": self.weight,
            "text": asdict(self.text),
            "facts": dict(self.facts),
            "feature": feature,
            "source_file": self.source_file,
            "rule": citation_json(self.cited),
        }


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All matters of a dig, worst first, and the layers of which nothing is loaded: of those nothing is known."""

    matters: tuple[Matter, ...]
    not_loaded: tuple[str, ...] = ()

    def of(self, *kinds: Kind) -> tuple[Matter, ...]:
        return tuple(matter for matter in self.matters if matter.kind in kinds)

    @property
    def is_forbidden(self) -> bool:
        return any(matter.weight is Weight.FORBIDS for matter in self.matters)

    @property
    def counts(self) -> dict[str, int]:
        return {weight.value: sum(m.weight is weight for m in self.matters) for weight in Weight}

    def to_json(self) -> dict[str, Any]:
        return {
            "counts": self.counts,
            "not_loaded": list(self.not_loaded),
            "matters": [matter.to_json() for matter in self.matters],
        }
