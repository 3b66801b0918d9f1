"""A report from the field as it comes in: read, held to what can be, every fault named at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.crs import WGS84, parse_crs, transform_geometries
from layers.deviations import Deviation
from layers.errors import Invalid, Sentence
from layers.utilities import Discipline
from twin.excavations.fields import Fields
from twin.excavations.schema import DIAMETER_M, ELEVATION_M, Limits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from layers.crs import Crs

SHIFT_M = Limits(-10.0, 10.0, "metres east, north or up from the record")
ACCURACY_M = Limits(0.0, 5.0, "metres to each side")
# What is reported lies in the dig, or so near that its wall or bottom shows it.
NEAR_M = 2.0
LINES, NODES = "utility_lines", "utility_nodes"
METHODS = ("survey", "tape", "seen")
_KINDS = tuple(kind for kind in Deviation if kind is not Deviation.AS_BUILT)
_MOST_LINES = 500
_MOST_VERTICES = 20_000
_LONGEST = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What somebody saw in the ground; `shape` in storage CRS, lengths in metres, `elevation_m` of the axis."""

    kind: Deviation
    layer: str
    feature_id: int | None
    shape: shapely.Geometry | None
    moved_m: tuple[float, float, float]
    elevation_m: float | None
    method: str
    accuracy_m: tuple[float | None, float | None]
    discipline: str | None
    diameter_m: float | None
    material: str | None
    observed_on: date
    remarks: str | None

    def to_json(self) -> dict[str, Any]:
        """As it is kept, and as it can be read again."""
        return {
            "moved_m": list(self.moved_m),
            "elevation_m": self.elevation_m,
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
    shape = _read_shape(fields, document.get("geometry"), storage, is_needed=is_new)
    feature_id = None if is_new else _read_feature(fields, document.get("feature"))
    moved = tuple(fields.number(name, SHIFT_M) or 0.0 for name in ("dx_m", "dy_m", "dz_m"))
    observed_on = fields.day("observed_on") or today
    if observed_on > today:
        fields.faults.append(
            Sentence(f"observed_on {observed_on} has not come yet", f"observed_on {observed_on} chưa tới")
        )
    found = Observation(
        kind=Deviation(kind) if kind else Deviation.AS_RECORDED,
        layer=LINES if not is_new or (shape is not None and shape.geom_type == "LineString") else NODES,
        feature_id=feature_id,
        shape=shape,
        moved_m=(moved[0], moved[1], moved[2]),
        elevation_m=fields.number("elevation_m", ELEVATION_M),
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
    faults = [*fields.faults, *_contradictions(found)]
    if faults:
        raise Invalid(*faults)
    return found


def _contradictions(found: Observation) -> list[str]:
    faults: list[str] = []
    is_moved = any(found.moved_m)
    if found.kind is Deviation.SHIFTED and not is_moved:
        faults.append(
            Sentence(
                "'shifted' needs dx_m, dy_m or dz_m other than 0: where it lies as recorded, report 'as_recorded'",
                "'shifted' cần dx_m, dy_m hoặc dz_m khác 0: nếu đúng hồ sơ, hãy báo 'as_recorded'",
            )
        )
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


def _read_feature(fields: Fields, value: Any) -> int | None:
    """The number of the line that a report is about: {"collection": "utility_lines", "id": 12}."""
    if isinstance(value, dict) and value.get("collection", LINES) == LINES:
        number = value.get("id")
        if isinstance(number, int) and not isinstance(number, bool) and 0 < number < 2**63:
            return number
    fields.faults.append(
        Sentence(
            'feature must name the recorded line: {"collection": "utility_lines", "id": 12}, as the check does',
            'feature phải nêu tuyến trong hồ sơ: {"collection": "utility_lines", "id": 12}, như trong kết quả kiểm tra',
        )
    )
    return None


def _read_shape(fields: Fields, value: Any, storage: Crs, *, is_needed: bool) -> shapely.Geometry | None:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A line that was laid: `shape` in storage CRS with the elevation of its axis as z where it was measured."""

    shape: shapely.LineString
    discipline: str
    size_m: tuple[float, float] | None
    material: str | None
    owner: str | None
    voltage_v: float | None
    method: str
    laid_on: date


def read_laid(document: Mapping[str, Any], storage: Crs, today: date) -> list[Laid]:
    """The lines of a GeoJSON FeatureCollection. Raises: Invalid with every fault."""
    features = document.get("features") if document.get("type") == "FeatureCollection" else None
    if not isinstance(features, list) or not 0 < len(features) <= _MOST_LINES:
        raise Invalid(
            Sentence(
                f"give a GeoJSON FeatureCollection of 1 to {_MOST_LINES} LineStrings: what was laid",
                f"cần FeatureCollection GeoJSON gồm 1 đến {_MOST_LINES} LineString: những gì đã lắp đặt",
            )
        )
    faults: list[str] = []
    laid = [_read_one(number, each, faults, storage, today) for number, each in enumerate(features, start=1)]
    if faults:
        raise Invalid(*faults)
    return [one for one in laid if one is not None]


def _read_one(number: int, feature: Any, faults: list[str], storage: Crs, today: date) -> Laid | None:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    fields = Fields(properties if isinstance(properties, dict) else {})
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    shape = _read_shape(fields, geometry, storage, is_needed=True)
    if shape is not None and shape.geom_type != "LineString":
        fields.faults.append(Sentence("geometry must be a LineString", "geometry phải là LineString"))
    if not fields.has("discipline"):
        fields.faults.append(
            Sentence(
                f"no discipline: give one of {', '.join(Discipline)}", f"thiếu discipline: {', '.join(Discipline)}"
            )
        )
    diameter_m = fields.number("diameter_m", DIAMETER_M)
    sides = fields.number("width_m", DIAMETER_M), fields.number("height_m", DIAMETER_M)
    axis_m, laid_on = fields.number("axis_m", ELEVATION_M), fields.day("laid_on") or today
    if laid_on > today:
        fields.faults.append(Sentence(f"laid_on {laid_on} has not come yet", f"laid_on {laid_on} chưa tới"))
    discipline = fields.choice("discipline", [each.value for each in Discipline])
    method, material, owner = (
        fields.choice("method", METHODS) or "survey",
        fields.text("material"),
        fields.text("owner"),
    )
    voltage_v = fields.number("voltage_v", Limits(1.0, 1_200_000.0, "volts"))
    faults += [fault.about(f"feature {number}") if isinstance(fault, Sentence) else f"feature {number}: {fault}"
               for fault in fields.faults]  # fmt: skip
    if fields.faults or shape is None or discipline is None:
        return None
    return Laid(
        shape=_level(shape, axis_m),
        discipline=discipline,
        size_m=(diameter_m, diameter_m) if diameter_m else (sides[0], sides[1]) if sides[0] and sides[1] else None,
        material=material,
        owner=owner,
        voltage_v=voltage_v,
        method=method,
        laid_on=laid_on,
    )


def _level(shape: shapely.LineString, axis_m: float | None) -> shapely.LineString:
    if axis_m is None:
        return shape
    xy = shapely.get_coordinates(shape)
    return shapely.LineString(np.column_stack([xy, np.full(len(xy), axis_m)]))
