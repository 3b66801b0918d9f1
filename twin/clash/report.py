"""What a check found, ready for people and machines."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.crs import WGS84, parse_crs, transform_geometries
from twin.clash.accuracy import Wording
from twin.clash.chance_words import assumption
from twin.clash.citing import DRAFT_RULES, NOTHING_LAID, duty_json, edition_json, laying_json
from twin.clash.outcome import REASONS, Outcome
from twin.clash.records import read_utility
from twin.clash.spelling import comma

if TYPE_CHECKING:
    from layers.candidates import Recorded
    from layers.crs import Crs
    from layers.owner_areas import Silence
    from twin.clash.accuracy import Accuracy
    from twin.clash.age import Age
    from twin.clash.chance import Chance
    from twin.clash.clearance import Laying
    from twin.clash.dig import Part
    from twin.clash.outcome import Assessment, Reason
    from twin.clash.proposal import WaysOut
    from twin.clash.rulebook import Edition
    from twin.clash.rules import Duty
    from twin.clash.solids import Excavation, Floats, Utility
    from twin.clash.surroundings import Surroundings
    from twin.clash.terrain import Soundings

DISCLAIMER = Wording(
    en="The result rests on the records that were loaded; what is not recorded is not in it. Locate before you dig.",
    vi="Kết quả chỉ dựa trên hồ sơ đã nạp; công trình chưa có hồ sơ không xuất hiện. Phải dò tìm trước khi đào.",
)
NO_BOUNDARY = Wording(
    en="No boundary of the city is loaded: nobody says where its records end, so nothing can be called clear.",
    vi="Chưa nạp ranh giới thành phố: không biết hồ sơ phủ đến đâu nên không thể kết luận an toàn.",
)
INCOMPLETE = Wording(
    en="{count} delivered files are not, or not wholly, loaded: utilities in quarantine are missing here.",
    vi="{count} tệp đã giao chưa được nạp hoặc chỉ nạp một phần: xem mục cách ly để biết công trình còn thiếu.",
)
NOT_DELIVERED_HERE = Wording(
    en="Unknown: {owner} has a network here and delivered no records for {area} m² of the dig and 2 m around it.",
    vi="Chưa biết: {owner} có mạng lưới tại đây nhưng chưa giao hồ sơ cho {area} m² của hố đào và vùng 2 m quanh hố.",
)
NEVER_DELIVERED = Wording(
    en="Unknown: {owner} has a network here ({area} m² of the dig and 2 m around it) and delivered no records at all.",
    vi="Chưa biết: {owner} có mạng lưới tại đây ({area} m² của hố đào và vùng 2 m quanh hố) nhưng chưa giao hồ sơ nào.",
)
OLD_SURVEYS = Wording(
    en="Of the objects near the dig {old} were surveyed too long ago, {undated} at no recorded date: locate them anew.",
    vi="Công trình gần hố đào: {old} có số liệu đo quá cũ, {undated} không ghi ngày đo: phải dò lại.",
)
SIGNS = Wording(
    en="Citizens reported {count} warning signs near the dig that may have no record here: read the matters around it.",
    vi="Người dân đã phản ánh {count} dấu hiệu cảnh báo gần hố đào, có thể chưa có hồ sơ: xem mục các đối tượng khác.",
)
REDUCED = Wording(
    en="Only the objects of {reader} are shown: what else is in the way is for the applicant and the city's desk.",
    vi="Chỉ thể hiện công trình của {reader}: phần còn lại dành cho đơn vị đề nghị đào và cơ quan điều phối.",
)
NO_GROUND = Wording(
    en="No terrain is known here: nothing can be called clear by its depth.",
    vi="Không có mô hình địa hình tại đây: không thể kết luận an toàn theo chiều sâu.",
)


@dataclass(frozen=True, slots=True)
class Clash:
    """One object near the dig: what is recorded of it, and how the dig meets it.

    `has_heights` says whether the ground is known, without which no recorded elevation counts.
    """

    record: Recorded = field(repr=False)
    assessment: Assessment
    has_heights: bool
    duties: tuple[Duty, ...] = ()
    # None where nobody asked for them.
    chance: Chance | None = None
    age: Age | None = None

    @property
    def layer(self) -> str:
        return self.record.layer

    @property
    def feature_id(self) -> int:
        return self.record.id

    @property
    def outcome(self) -> Outcome:
        return self.assessment.outcome

    @property
    def reason(self) -> Reason:
        return self.assessment.reason

    @property
    def plan_gap_m(self) -> float:
        """From its outside, as all gaps; 0 and less is contact, None is not known."""
        return self.assessment.plan_gap_m

    @property
    def vertical_gap_m(self) -> float | None:
        return self.assessment.vertical_gap_m

    @property
    def gap_m(self) -> float | None:
        return self.assessment.gap_m

    @property
    def worst_gap_m(self) -> float:
        return self.assessment.worst_gap_m

    @property
    def accuracy(self) -> Accuracy:
        return self.assessment.accuracy

    @property
    def discipline(self) -> str:
        return self.record.discipline

    @property
    def kind(self) -> str | None:
        return self.record.kind or self.record.subtype

    @property
    def owner(self) -> str | None:
        return self.record.owner

    @property
    def material(self) -> str | None:
        return self.record.material

    @property
    def size_m(self) -> tuple[float | None, float | None]:
        return self.record.outer_width_m, self.record.side_m

    @property
    def section_shape(self) -> str:
        return self.record.section_shape

    @property
    def status(self) -> str:
        return self.record.status

    @property
    def elevation(self) -> str | None:
        """How its elevation was decided."""
        return self.record.vertical_reason

    @property
    def source_file(self) -> str | None:
        return self.record.source_path

    @property
    def source_layer(self) -> str | None:
        return self.record.source_layer

    @property
    def source_row(self) -> int | None:
        return self.record.source_row

    @property
    def utility(self) -> Utility:
        """What was checked."""
        return read_utility(self.record.id, self.record, heights=self.has_heights)

    @property
    def outer_radius_m(self) -> float | None:
        """Of the circle that was checked."""
        return self.utility.outer_radius_m

    @property
    def axis(self) -> Floats:
        """What was measured: (n, 3) x, y, z in the report's CRS, or (n, 2) where the elevation is unknown.

        Of a node the vertical axis from bottom to top.
        """
        return self.utility.axis

    def to_json(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "reason": {"code": self.reason, **asdict(REASONS[self.reason])},
            "plan_gap_m": self.plan_gap_m,
            "vertical_gap_m": self.vertical_gap_m,
            "gap_m": self.gap_m,
            "worst_gap_m": self.worst_gap_m,
            "accuracy": {
                "horizontal_m": self.accuracy.horizontal_m,
                "vertical_m": self.accuracy.vertical_m,
                "source": asdict(self.accuracy.source),
            },
            "probability": None if self.chance is None else {"value": self.chance.value, "of": self.chance.scope},
            "survey": None if self.age is None else self.age.to_json(),
            "schematic": self.record.schematic,
            "owner": self.owner,
            "discipline": self.discipline,
            "kind": self.kind,
            "material": self.material,
            "outer_size_m": list(self.size_m),
            "status": self.status,
            "disclosure": self.record.disclosure,
            "elevation": self.elevation,
            "feature": {"collection": self.layer, "id": self.feature_id},
            "source": {"file": self.source_file, "layer": self.source_layer, "row": self.source_row},
            "duties": [duty_json(duty) for duty in self.duties],
        }


@dataclass(frozen=True, slots=True)
class Census:
    """How far the records can be trusted to be all: whether the city's extent is known, and what is not loaded.

    `silences` are owners known to be here that delivered no records of it.
    """

    has_boundary: bool
    incomplete_files: int
    silences: tuple[Silence, ...] = ()


@dataclass(frozen=True, slots=True)
class ClashReport:
    """A checked dig; `polygon` in `crs`, `ground_m` and `bottom_m` (lowest, highest) or None where no
    terrain is known; `depth_m` as it was asked for, None where an elevation was. `parts` are what is dug, as asked for.

    `surface` is the ground that was read, (n, 3) x, y, z in `crs`: over the dig and as far around it as objects are
    reported; points where no terrain is known are missing.
    """

    name: str
    polygon: shapely.Polygon | shapely.MultiPolygon
    crs: Crs
    depth_m: float | None
    parts: tuple[Part, ...]
    excavation: Excavation = field(compare=False, repr=False)
    ground_m: tuple[float, float] | None
    bottom_m: tuple[float, float] | None
    clashes: tuple[Clash, ...]
    census: Census
    soundings: Soundings = field(compare=False, repr=False)
    rules: tuple[Edition, ...] = ()
    layings: tuple[Laying, ...] = ()
    surroundings: Surroundings | None = None
    # None where nothing is in conflict, and where nobody asked for them.
    ways_out: WaysOut | None = None
    # For whom it was cut to their own objects, None where it is whole.
    reader: str | None = None

    @property
    def surface(self) -> Floats:
        return self.soundings.surface

    @property
    def counts(self) -> dict[str, int]:
        """Objects by outcome; an owner known to be here without any records is one more that is unknown."""
        found = Counter(clash.outcome for clash in self.clashes)
        found[Outcome.UNKNOWN] += len(self.census.silences)
        return {outcome.value: found[outcome] for outcome in Outcome}

    @property
    def is_clear(self) -> bool:
        """True only where every object in reach is proven clear, inside a city whose extent is known.

        What will be laid must keep every distance, too; a distance for which no rule is known is not kept.
        """
        proven = all(clash.outcome is Outcome.CLEAR for clash in self.clashes)
        told = self.census.has_boundary and not self.census.silences and self.reader is None
        return told and proven and all(laying.is_proven for laying in self.layings)

    @property
    def warnings(self) -> list[Wording]:
        """The owners whose records are missing here, and the remarks: what every reader of the whole report is told."""
        silent = [_silence(silence) for silence in self.census.silences]
        old = sum(clash.age is not None and clash.age.is_stale for clash in self.clashes)
        undated = sum(clash.age is not None and clash.age.years is None for clash in self.clashes)
        ages = [_fill(OLD_SURVEYS, old=old, undated=undated)] if old or undated else []
        signs = self.surroundings.counts["warns"] if self.surroundings else 0
        warned = [_fill(SIGNS, count=signs)] if signs else []
        return [*silent, *warned, *ages, *([self.assumption] if self.assumption else []), *self.remarks]

    @property
    def assumption(self) -> Wording | None:
        """What probabilities rest on; None where there are none."""
        return assumption() if any(clash.chance is not None for clash in self.clashes) else None

    @property
    def remarks(self) -> list[Wording]:
        """What a reader must know before believing the rest; names nobody, for every owner reads it."""
        count = self.census.incomplete_files
        incomplete = _fill(INCOMPLETE, count=count)
        return [
            *([] if self.ground_m is not None else [NO_GROUND]),
            *([] if self.census.has_boundary else [NO_BOUNDARY]),
            *([incomplete] if count else []),
            *([_fill(REDUCED, reader=self.reader)] if self.reader else []),
            *([] if self.layings or self.reader else [NOTHING_LAID]),
            *(_fill(DRAFT_RULES, **asdict(edition)) for edition in self.rules if edition.status == "draft"),
            DISCLAIMER,
        ]

    def to_json(self) -> dict[str, Any]:
        outline = transform_geometries(np.array([self.polygon], dtype=object), self.crs, parse_crs(WGS84))[0]
        return {
            "excavation": {
                "name": self.name,
                "depth_m": self.depth_m,
                "ground_m": list(self.ground_m) if self.ground_m else None,
                "bottom_m": list(self.bottom_m) if self.bottom_m else None,
                "geometry": shapely.geometry.mapping(outline),
            },
            "is_clear": self.is_clear,
            "counts": self.counts,
            "owners_without_data": [
                {
                    "owner": s.owner,
                    "outcome": Outcome.UNKNOWN,
                    "area_m2": round(s.area_m2, 2),
                    "share": round(s.share, 4),
                }
                | asdict(_silence(s))
                for s in self.census.silences
            ],
            "clashes": [clash.to_json() for clash in self.clashes],
            "laid": [laying_json(laying) for laying in self.layings],
            "rules": [edition_json(edition) for edition in self.rules],
            "surroundings": self.surroundings.to_json() if self.surroundings else None,
            "probability_rests_on": asdict(self.assumption) if self.assumption else None,
            "ways_out": self.ways_out.to_json() if self.ways_out else None,
            "remarks": [asdict(remark) for remark in self.remarks],
        }


def _silence(silence: Silence) -> Wording:
    text = NOT_DELIVERED_HERE if silence.delivers else NEVER_DELIVERED
    area = silence.area_m2
    return Wording(
        en=text.en.format(owner=silence.owner, area=f"{area:.1f}"),
        vi=text.vi.format(owner=silence.owner, area=comma(area, ".1f")),
    )


def _fill(text: Wording, **values: Any) -> Wording:
    return Wording(en=text.en.format(**values), vi=text.vi.format(**values))
