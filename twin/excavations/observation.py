"""A report from the field as it comes in: read, held to what can be, every fault named at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.crs import WGS84, parse_crs, transform_geometries
from layers.deviations import Deviation
from layers.errors import Invalid, Sentence
from layers.utilities import Discipline
from twin.excavations.fields import Fields
from twin.excavations.levels import Levels, fault_levels, fault_upright, no_cover, read_levels
from twin.excavations.schema import DIAMETER_M, ELEVATION_M, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from layers.crs import Crs

SHIFT_M = Limits(-10.0, 10.0, "metres east, north or up from the record")
ACCURACY_M = Limits(0.0, 5.0, "metres to each side")
# What is reported lies in the dig, or so near that its wall or bottom shows it.
NEAR_M = 2.0
LINES, NODES = "utility_lines", "utility_nodes"
METHODS = ("survey", "tape", "seen")
_KINDS = tuple(kind for kind in Deviation if kind is not Deviation.AS_BUILT)
_MOST_VERTICES = 20_000
# Measured so near its record a node is where it is recorded.
_STILL_M = 0.01
_LONGEST = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What somebody saw in the ground; `shape` in storage CRS, lengths in metres."""

    kind: Deviation
    layer: str
    feature_id: int | None
    shape: shapely.Geometry | None
    moved_m: tuple[float, float, float]
    levels: Levels
    method: str
    accuracy_m: tuple[float | None, float | None]
    discipline: str | None
    diameter_m: float | None
    material: str | None
    observed_on: date
    remarks: str | None

    @property
    def is_node(self) -> bool:
        return self.layer == NODES

    def measured_from(self, place: shapely.Point) -> Observation:
        """The same of a node whose record puts it at a place in storage CRS: how far from there it was measured."""
        if self.kind is not Deviation.SHIFTED or self.shape is None:
            return self
        east_m, north_m = (self.shape.x - place.x, self.shape.y - place.y)
        if hypot(east_m, north_m) < _STILL_M:
            east_m = north_m = 0.0
        return replace(self, moved_m=(round(east_m, 3), round(north_m, 3), self.moved_m[2]))

    def held_against(self, row: Mapping[str, Any]) -> Observation:
        """The same with the elevation of the bottom, of the row of a node.

        Raises: Invalid with every fault of what cannot have been measured of this node.
        """
        levels = self.levels.below(row["ground_m"] if row["cover_m"] is None else row["cover_m"])
        seen = replace(self, levels=levels)
        faults = list(_odd_node(seen, row))
        if faults:
            raise Invalid(*faults)
        return seen

    def to_json(self) -> dict[str, Any]:
        """As it is kept, and as it can be read again."""
        return {
            "moved_m": list(self.moved_m),
            **self.levels.to_json(),
            "method": self.method,
            "accuracy_m": list(self.accuracy_m),
            "discipline": self.discipline,
            "diameter_m": self.diameter_m,
            "material": self.material,
            "observed_on": self.observed_on.isoformat(),
            "remarks": self.remarks,
        }


def read_observation(document: Mapping[str, Any], storage: Crs, today: date) -> Observation:
    """Raises: Invalid with every fault."""
    fields = Fields(document)
    kind = fields.choice("kind", [str(each) for each in _KINDS])
    if not fields.has("kind"):
        fields.faults.append(Sentence(f"no kind: give one of {', '.join(_KINDS)}", f"thiếu kind: {', '.join(_KINDS)}"))
    is_new = kind == Deviation.UNKNOWN_FIND
    shape = read_shape(fields, document.get("geometry"), storage, is_needed=is_new)
    layer, feature_id = (LINES, None) if is_new else _read_feature(fields, document.get("feature"))
    if is_new and shape is not None and shape.geom_type == "Point":
        layer = NODES
    moved = tuple(fields.number(name, SHIFT_M) or 0.0 for name in ("dx_m", "dy_m", "dz_m"))
    observed_on = fields.day("observed_on") or today
    if observed_on > today:
        fields.faults.append(
            Sentence(f"observed_on {observed_on} has not come yet", f"observed_on {observed_on} chưa tới")
        )
    found = Observation(
        kind=Deviation(kind) if kind else Deviation.AS_RECORDED,
        layer=layer,
        feature_id=feature_id,
        shape=shape,
        moved_m=(moved[0], moved[1], moved[2]),
        levels=read_levels(fields),
        method=fields.choice("method", METHODS) or "seen",
        accuracy_m=(
            fields.number("horizontal_accuracy_m", ACCURACY_M),
            fields.number("vertical_accuracy_m", ACCURACY_M),
        ),
        discipline=fields.choice("discipline", [each.value for each in Discipline]),
        diameter_m=fields.number("diameter_m", DIAMETER_M),
        material=fields.text("material"),
        observed_on=observed_on,
        remarks=(str(document.get("remarks") or "").strip() or None),
    )
    faults = [*fields.faults, *_contradictions(found), *_odd_measures(found)]
    if faults:
        raise Invalid(*faults)
    return found


def _contradictions(found: Observation) -> list[str]:
    faults: list[str] = []
    is_moved = any(found.moved_m)
    if found.kind is Deviation.SHIFTED and not is_moved:
        faults += _unmoved(found)
    if found.kind is not Deviation.SHIFTED and is_moved:
        faults.append(
            Sentence(f"'{found.kind}' takes no dx_m, dy_m, dz_m: report 'shifted'",
                     f"'{found.kind}' không dùng dx_m, dy_m, dz_m: hãy báo 'shifted'")
        )  # fmt: skip
    if found.kind in (Deviation.NOT_FOUND, Deviation.UNKNOWN_FIND) and found.remarks is None:
        faults.append(
            Sentence(f"'{found.kind}' needs remarks: how far was searched, what was seen",
                     f"'{found.kind}' cần remarks: đã tìm đến đâu, thấy gì")
        )  # fmt: skip
    if found.remarks is not None and len(found.remarks) > _LONGEST:
        faults.append(Sentence(f"remarks are longer than {_LONGEST}", f"remarks dài quá {_LONGEST} ký tự"))
    return faults


def _unmoved(found: Observation) -> Iterator[Sentence]:
    """A node may have moved to where it was measured; else it says by how much."""
    if not found.is_node:
        yield Sentence(
            "'shifted' needs dx_m, dy_m or dz_m other than 0: where it lies as recorded, report 'as_recorded'",
            "'shifted' cần dx_m, dy_m hoặc dz_m khác 0: nếu đúng hồ sơ, hãy báo 'as_recorded'",
        )
    elif found.shape is None and not found.levels:
        yield Sentence(
            "'shifted' needs dx_m, dy_m or dz_m other than 0, a geometry, bottom_m, cover_m or depth_m: where it stands"
            " as recorded, report 'as_recorded'",
            "'shifted' cần dx_m, dy_m hoặc dz_m khác 0, hoặc geometry, bottom_m, cover_m, depth_m: nếu đúng hồ sơ, hãy"
            " báo 'as_recorded'",
        )


def _odd_measures(found: Observation) -> Iterator[Sentence]:
    """Measures that such an object does not have, or has from two sources that need not agree."""
    is_new = found.kind is Deviation.UNKNOWN_FIND
    if not (found.is_node and is_new and found.levels == Levels(found.levels.axis_m)):
        yield from fault_levels(found.levels, is_node=found.is_node)
    if not found.is_node:
        return
    if is_new and found.levels.depth_m is not None and found.levels.cover_m is None:
        yield no_cover()
    if found.shape is not None and found.shape.geom_type != "Point":
        yield Sentence("the place of a node is a Point", "vị trí của hố, nút phải là Point")
    if found.kind is Deviation.SHIFTED and found.shape is not None and any(found.moved_m[:2]):
        yield Sentence(
            "a node has moved by dx_m and dy_m, or to its geometry: give one of them",
            "hố, nút lệch theo dx_m và dy_m hoặc đến geometry: chỉ ghi một trong hai",
        )
    if found.moved_m[2] and found.levels:
        yield Sentence(
            "dz_m moves bottom and cover alike: give it, or what was measured of them",
            "dz_m dời cả đáy lẫn nắp: chỉ ghi dz_m hoặc ghi cao độ, độ sâu đo được",
        )


def _odd_node(seen: Observation, row: Mapping[str, Any]) -> Iterator[Sentence]:
    """What cannot have been measured of a recorded node."""
    levels = seen.levels
    if levels.depth_m is not None and levels.bottom_m is None:
        yield no_cover()
    if seen.kind is Deviation.SHIFTED and not any(seen.moved_m) and not levels:
        yield from _unmoved(replace(seen, shape=None))
    yield from fault_upright(
        row["bottom_m"] if levels.bottom_m is None else levels.bottom_m,
        row["cover_m"] if levels.cover_m is None else levels.cover_m,
    )


def _read_feature(fields: Fields, value: Any) -> tuple[str, int | None]:
    """Layer and number of what a report is about: {"collection": "utility_lines", "id": 12}."""
    layer = value.get("collection", LINES) if isinstance(value, dict) else None
    if layer in (LINES, NODES):
        number = value.get("id")
        if isinstance(number, int) and not isinstance(number, bool) and 0 < number < 2**63:
            return layer, number
    example = f'{{"collection": "{LINES}", "id": 12}}'
    fields.faults.append(
        Sentence(
            f"feature must name the recorded line or node: {example}, or {NODES}, as the check does",
            f"feature phải nêu tuyến hoặc hố trong hồ sơ: {example} hoặc {NODES}, như trong kết quả kiểm tra",
        )
    )
    return LINES if layer not in (LINES, NODES) else layer, None


def read_shape(fields: Fields, value: Any, storage: Crs, *, is_needed: bool) -> shapely.Geometry | None:
    """A GeoJSON Point or LineString, longitude, latitude and perhaps elevation, in storage CRS."""
    if value is None and not is_needed:
        return None
    shape = _parse(value)
    if shape is None:
        fields.faults.append(
            Sentence(
                "geometry must be a GeoJSON Point or LineString in longitude, latitude: where it was seen",
                "geometry phải là Point hoặc LineString GeoJSON theo kinh độ, vĩ độ: nơi đã thấy",
            )
        )
        return None
    if shape.has_z:
        heights = shapely.get_coordinates(shape, include_z=True)[:, 2]
        for height in {float(heights.min()), float(heights.max())}:
            fields.check_number("geometry: elevation", height, ELEVATION_M)
    return transform_geometries(np.array([shape], dtype=object), parse_crs(WGS84), storage)[0]


def _parse(value: Any) -> shapely.Geometry | None:
    if not isinstance(value, dict) or value.get("type") not in ("Point", "LineString"):
        return None
    try:
        shape = shapely.geometry.shape(value)
        coords = shapely.get_coordinates(shape)
    except (ValueError, TypeError, AttributeError, IndexError, shapely.errors.ShapelyError):
        return None
    is_placed = 0 < len(coords) <= _MOST_VERTICES and bool((np.abs(coords) <= (180, 90)).all())
    whole = is_placed and (shape.geom_type == "Point" or shape.length > 0)
    return (
        shape
        if whole and bool(np.isfinite(shapely.get_coordinates(shape, include_z=bool(shape.has_z))).all())
        else None
    )
