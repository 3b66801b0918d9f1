"""The parts of a planned dig out of a GeoJSON geometry and its properties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.errors import ShapelyError

from layers.crs import WGS84, Crs, area_of_use, parse_crs, transform_geometries
from layers.errors import Invalid, Sentence
from twin.clash.dig import Bore, Bottom, Depth, Elevation, Grade, Pit, Sides, Stations, Support, Trench
from twin.clash.soils import read_soils
from twin.clash.spelling import comma
from twin.excavations import schema

if TYPE_CHECKING:
    from twin.clash.dig import Part
    from twin.excavations.fields import Fields
    from twin.excavations.schema import Limits

_SHORTEST_M = 0.1
_MOST_VERTICES = 5_000
_KINDS = ("Polygon", "MultiPolygon", "LineString", "MultiLineString", "GeometryCollection")


@dataclass(frozen=True, slots=True)
class _Level:
    """The names under which a depth, an elevation and elevations along a line are given."""

    depth: str
    depth_limits: Limits
    elevation: str
    stations: str
    missing: str


_FLOOR = _Level(
    "depth_m",
    schema.DEPTH_M,
    "bottom_m",
    "bottom_at",
    Sentence(
        "no depth: give depth_m, metres below ground, or bottom_m",
        "thiếu chiều sâu: ghi depth_m (mét dưới mặt đất) hoặc bottom_m (cao độ đáy)",
    ),
)
_AXIS = _Level(
    "axis_depth_m",
    schema.AXIS_DEPTH_M,
    "axis_m",
    "axis_at",
    Sentence(
        "no axis: give axis_depth_m, axis_m or axis_at",
        "thiếu trục khoan: ghi axis_depth_m, axis_m hoặc axis_at",
    ),
)


def read_parts(geometry: Any, fields: Fields, storage: Crs) -> tuple[Part, ...]:
    """The pits, trenches and bores of a geometry, in its order, in storage CRS; faults are left in `fields`.

    Raises: Invalid for a geometry that can't be read at all.
    """
    shapes = _shapes(geometry, storage)
    parts = [
        _pit(shape, own, _sides(own)) if isinstance(shape, shapely.Polygon) else _along(shape, own, _sides(own))
        for shape, own in zip(shapes, fields.of_parts(len(shapes)), strict=True)
    ]
    return tuple(part for part in parts if part is not None)


def read_line(geometry: Any, storage: Crs) -> shapely.LineString:
    """One GeoJSON LineString in plan, in storage CRS. Raises: Invalid."""
    shapes = _shapes(geometry, storage)
    if len(shapes) != 1 or not isinstance(shapes[0], shapely.LineString):
        raise Invalid("give one line of [longitude, latitude]")
    if faults := _line_faults(shapes[0]):
        raise Invalid(*faults)
    return shapely.force_2d(shapes[0])


def _pit(outline: shapely.Polygon, fields: Fields, sides: Sides) -> Pit | None:
    fields.faults += [
        Sentence(f"{name} belongs to a line: draw it", f"{name} chỉ dùng cho tuyến: hãy vẽ tim tuyến")
        for name in ("bottom_at", "grade")
        if fields.has(name)
    ]
    bottom = _level(fields, _FLOOR, None)
    if not outline.is_valid:
        reason = shapely.is_valid_reason(outline)
        fields.faults.append(
            Sentence(
                f"the outline crosses or touches itself ({reason}): redraw it",
                f"đường bao tự cắt hoặc tự chạm ({reason}): hãy vẽ lại",
            )
        )
        return None
    return Pit(shapely.force_2d(outline), bottom, sides) if isinstance(bottom, Depth | Elevation) else None


def _along(line: shapely.LineString, fields: Fields, sides: Sides) -> Part | None:
    """A trench or a bore, as a width or a diameter says."""
    if fields.has("width_m") == fields.has("diameter_m"):
        fields.faults.append(
            Sentence(
                "a line is a trench or a bore: give width_m or diameter_m, one of them",
                "tuyến là hào hoặc lỗ khoan: ghi width_m hoặc diameter_m, chỉ một trong hai",
            )
        )
        return None
    if faults := _line_faults(line):
        fields.faults += faults
        return None
    flat = shapely.force_2d(line)
    level = _level(fields, _AXIS if fields.has("diameter_m") else _FLOOR, line)
    if fields.has("diameter_m"):
        diameter, overcut = fields.number("diameter_m", schema.DIAMETER_M), fields.number("overcut_m", schema.OVERCUT_M)
        return None if level is None or diameter is None else Bore(flat, level, diameter, overcut or 0.0)
    width = fields.number("width_m", schema.WIDTH_M)
    return None if level is None or width is None else Trench(flat, width, level, sides)


def _sides(fields: Fields) -> Sides:
    soil = fields.choice("soil", list(read_soils()))
    slope, working = fields.number("slope", schema.SLOPE), fields.number("working_m", schema.WORKING_M)
    sloped = fields.has("soil") or fields.has("slope")
    implied = Support.BATTERED if sloped else Support.SHORED if working else Support.VERTICAL
    support = Support(fields.choice("sides", [each.value for each in Support]) or implied)
    if support is Support.BATTERED and not sloped:
        fields.faults.append(
            Sentence(
                "battered sides need a slope: give slope, metres outwards for each metre up, or soil",
                "mái dốc cần độ dốc: ghi slope (mét ra ngoài trên mỗi mét cao) hoặc soil (loại đất)",
            )
        )
    if support is not Support.BATTERED and sloped:
        fields.faults.append(
            Sentence(
                f"{support} sides have no slope: leave out slope and soil, or call the sides battered",
                f"thành '{support}' không có độ dốc: bỏ slope và soil, hoặc ghi sides là battered",
            )
        )
    return Sides(support, working or 0.0, slope, soil)


def _level(fields: Fields, names: _Level, line: shapely.LineString | None) -> Bottom | None:
    """The level of a floor or an axis; None with a fault in `fields`."""
    keys = (names.depth, names.elevation, names.stations)
    given = [key for key in keys if fields.has(key) and (line is not None or key != names.stations)]
    if len(given) > 1:
        fields.faults.append(
            Sentence(
                f"{' and '.join(given)} contradict each other: give one of them",
                f"{' và '.join(given)} mâu thuẫn với nhau: chỉ ghi một",
            )
        )
        return None
    if given == [names.depth]:
        depth = fields.number(names.depth, names.depth_limits)
        return None if depth is None else _graded(fields, Depth(depth))
    if given == [names.elevation]:
        elevation = fields.number(names.elevation, schema.ELEVATION_M)
        return None if elevation is None else _graded(fields, Elevation(elevation))
    if line is None or not (given or line.has_z):
        fields.faults.append(names.missing)
        return None
    return _stations(fields, names, line)


def _stations(fields: Fields, names: _Level, line: shapely.LineString) -> Stations | None:
    """Elevations along the line as they are given, or those of its vertices."""
    if fields.has("grade"):
        fields.faults.append(
            Sentence(
                f"grade contradicts elevations along the line: give {names.elevation} with it",
                f"grade mâu thuẫn với các cao độ dọc tuyến: hãy dùng cùng {names.elevation}",
            )
        )
    if fields.has(names.stations):
        points = fields.stations(names.stations, line.length, schema.ELEVATION_M)
        return None if points is None else Stations(points)
    return _vertices(fields, line)


def _vertices(fields: Fields, line: shapely.LineString) -> Stations | None:
    xyz = shapely.get_coordinates(line, include_z=True)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xyz[:, :2], axis=0).T))])
    faulty = len(fields.faults)
    for z in xyz[:, 2].tolist():
        fields.check_number("elevation of the line", z, schema.ELEVATION_M)
    if len(fields.faults) > faulty:
        return None
    return Stations(tuple(zip(along.tolist(), xyz[:, 2].tolist(), strict=True)))


def _graded(fields: Fields, start: Depth | Elevation) -> Bottom | None:
    if not fields.has("grade"):
        return start
    fall = fields.number("grade", schema.GRADE)
    return None if fall is None else Grade(start, fall)


def _line_faults(line: shapely.LineString) -> list[str]:
    if not line.is_simple:
        return [
            Sentence(
                "the line crosses or touches itself: send its parts as features of their own",
                "tuyến tự cắt hoặc tự chạm: hãy gửi từng đoạn thành đối tượng riêng",
            )
        ]
    if line.length >= _SHORTEST_M:
        return []
    return [
        Sentence(
            f"the line is {line.length:.3f} m long: draw its real length",
            f"tuyến chỉ dài {comma(line.length, '.3f')} m: hãy vẽ đúng chiều dài",
        )
    ]


def _shapes(geometry: Any, storage: Crs) -> list[shapely.Geometry]:
    """The polygons and lines of a GeoJSON geometry in storage CRS. Raises: Invalid."""
    if not isinstance(geometry, dict) or geometry.get("type") not in _KINDS:
        kind = geometry.get("type") if isinstance(geometry, dict) else geometry
        raise Invalid(
            Sentence(
                f"geometry '{kind}' is no polygon and no line: draw the outline or the centre line of the dig",
                f"hình '{kind}' không phải đa giác hay tuyến: hãy vẽ đường bao hoặc tim tuyến đào",
            )
        )
    try:
        drawn = shapely.geometry.shape(geometry)
    except (ShapelyError, TypeError, ValueError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise Invalid(
            Sentence(
                f"the coordinates are malformed ({error}): give [longitude, latitude]",
                f"tọa độ sai dạng ({error}): ghi [kinh độ, vĩ độ]",
            )
        ) from error
    if (count := shapely.get_num_coordinates(drawn)) > _MOST_VERTICES:
        raise Invalid(
            Sentence(
                f"the geometry has {count:,} vertices, at most {_MOST_VERTICES:,}: simplify it",
                f"hình có {count:,} đỉnh, tối đa {_MOST_VERTICES:,}: hãy đơn giản hóa",
            )
        )
    parts = _flatten(drawn)
    if not parts or any(part.is_empty for part in parts):
        raise Invalid(
            Sentence("the polygon is empty: draw the outline of the dig", "đa giác rỗng: hãy vẽ đường bao hố đào")
        )
    _require_place(drawn, storage)
    return list(transform_geometries(np.array(parts, dtype=object), parse_crs(WGS84), storage))


def _flatten(drawn: shapely.Geometry) -> list[shapely.Geometry]:
    if hasattr(drawn, "geoms"):
        return [part for member in drawn.geoms for part in _flatten(member)]
    if drawn.geom_type not in ("Polygon", "LineString"):
        raise Invalid(
            Sentence(
                f"the collection holds a {drawn.geom_type}: only polygons and lines are dug",
                f"tập hợp có {drawn.geom_type}: chỉ nhận đa giác và tuyến",
            )
        )
    return [drawn]


def _require_place(drawn: shapely.Geometry, storage: Crs) -> None:
    coordinates = shapely.get_coordinates(drawn)
    if not np.isfinite(coordinates).all() or (abs(coordinates) > (180.0, 90.0)).any():
        raise Invalid(
            Sentence(
                "coordinates must be longitude -180 to 180 and latitude -90 to 90, in degrees (WGS 84)",
                "tọa độ phải là kinh độ -180 đến 180 và vĩ độ -90 đến 90, đơn vị độ (WGS 84)",
            )
        )
    west, south, east, north = area_of_use(storage)
    if not shapely.box(west - 1, south - 1, east + 1, north + 1).contains(drawn.envelope):
        raise Invalid(
            Sentence(
                f"the dig lies outside the area of {storage.name}: check the order longitude, latitude",
                f"hố đào nằm ngoài vùng của {storage.name}: kiểm tra thứ tự kinh độ, vĩ độ",
            )
        )
