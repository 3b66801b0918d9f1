"""What a planned dig must fulfil at every door: command line, OGC process, HTTP resource."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.boundaries import is_within, read_boundary
from layers.errors import Invalid, Sentence
from twin.clash.dig import Elevation, Grade, Stations
from twin.excavations.request import parse_digs
from twin.excavations.schema import DEPTH_M

if TYPE_CHECKING:
    from datetime import date

    from layers.database import Connection
    from layers.terrain import Ground
    from twin.clash.dig import Part, PlannedDig

# Plans change: what lies further ahead is filed later, what takes longer in parts.
FARTHEST_DAYS = 730
# Neighbouring wards were drawn apart by this much at the most; the gap is no outside.
_SLIVER_M = 1.0
_GROUND_STEP_M = 1.0


def read_valid_digs(
    connection: Connection, ground: Ground, document: Any, today: date, *, depth_m: float | None = None
) -> list[PlannedDig]:
    """The digs of a GeoJSON document. Raises: Invalid with every fault of every dig, in both languages."""
    digs = parse_digs(document, depth_m, ground.storage)
    require_valid(connection, ground, digs, today)
    return digs


def require_valid(connection: Connection, ground: Ground, digs: list[PlannedDig], today: date) -> None:
    """Raises: Invalid with every fault of every dig."""
    faults = [
        fault.about(dig.name)
        for dig in digs
        for fault in (
            *find_date_faults(dig, today),
            *find_place_faults(connection, dig),
            *find_level_faults(dig, ground),
        )
    ]
    if faults:
        raise Invalid(*faults)


def find_warnings(dig: PlannedDig, ground: Ground) -> list[Sentence]:
    """What does not forbid the dig and makes its check say less than it could."""
    heights = _heights(dig.polygon, ground)
    missing = float(np.isnan(heights).mean())
    if not missing:
        return []
    share = f"{missing:.0%}"
    return [
        Sentence(
            f"no terrain is known under {share} of the dig: nothing is clear by its depth, import a terrain model",
            f"không có mô hình địa hình dưới {share} hố đào: hãy nạp mô hình, nếu không thì không kết luận được",
        )
    ]


def find_date_faults(dig: PlannedDig, today: date) -> list[Sentence]:
    faults = [
        Sentence(
            f"{name} {day} is past, today is {today}: give a day from today on",
            f"{name} {day} đã qua, hôm nay là {today}: ghi ngày từ hôm nay trở đi",
        )
        for name, day in (("starts_on", dig.starts_on), ("ends_on", dig.ends_on))
        if day is not None and day < today
    ]
    last = today + timedelta(days=FARTHEST_DAYS)
    return faults + [
        Sentence(
            f"{name} {day} lies more than {FARTHEST_DAYS} days ahead, after {last}: file it later, or in parts",
            f"{name} {day} cách hơn {FARTHEST_DAYS} ngày, sau {last}: hãy nộp sau hoặc chia giai đoạn",
        )
        for name, day in (("starts_on", dig.starts_on), ("ends_on", dig.ends_on))
        if day is not None and day > last
    ]


def find_place_faults(connection: Connection, dig: PlannedDig) -> list[Sentence]:
    if is_within(connection, dig.polygon) is not False:
        return []
    boundary = read_boundary(connection) or shapely.MultiPolygon()
    outside = dig.polygon.difference(boundary.buffer(_SLIVER_M))
    share = outside.area / dig.polygon.area
    if share > 0.999:
        away = f"{dig.polygon.distance(boundary):,.0f} m"
        return [
            Sentence(
                f"the dig lies outside the city, {away} from its boundary: check the coordinates",
                f"hố đào nằm ngoài thành phố, cách ranh giới {away}: kiểm tra tọa độ",
            )
        ]
    beyond = f"{outside.area:.1f} m² ({share:.0%})"
    return [
        Sentence(
            f"{beyond} of the dig reach beyond the city's boundary, where nothing is recorded: cut it there",
            f"{beyond} hố đào vượt ranh giới thành phố, nơi không có hồ sơ: hãy cắt tại ranh giới",
        )
    ]


def find_level_faults(dig: PlannedDig, ground: Ground) -> list[Sentence]:
    """Bottoms that are given as elevations, against the ground that is known."""
    lowest = min((z for part in dig.parts for z in _elevations(part)), default=None)
    if lowest is None:
        return []
    heights = _heights(dig.polygon, ground)
    if np.isnan(heights).all():
        return []
    top = float(np.nanmax(heights))
    depth_m = top - lowest
    if depth_m > DEPTH_M.high:
        return [
            Sentence(
                f"the bottom at {lowest:.2f} m lies {depth_m:.1f} m below the ground at {top:.2f} m,"
                f" at most {DEPTH_M.high:g} m: check its elevation",
                f"đáy ở cao độ {lowest:.2f} m sâu {depth_m:.1f} m dưới mặt đất {top:.2f} m,"
                f" tối đa {DEPTH_M.high:g} m: kiểm tra cao độ",
            )
        ]
    return []


def _elevations(part: Part) -> list[float]:
    level = getattr(part, "bottom", None) or getattr(part, "axis", None)
    match level.start if isinstance(level, Grade) else level:
        case Elevation(elevation_m):
            return [elevation_m]
        case Stations(points_m):
            return [z for _, z in points_m]
        case _:
            return []


def _heights(polygon: shapely.Geometry, ground: Ground) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The ground every metre along the edge and over the inside, NaN where it is not known."""
    edges = shapely.get_coordinates(shapely.segmentize(polygon, _GROUND_STEP_M))
    minx, miny, maxx, maxy = polygon.bounds
    x, y = np.meshgrid(np.arange(minx, maxx, _GROUND_STEP_M), np.arange(miny, maxy, _GROUND_STEP_M))
    inside = shapely.contains_xy(polygon, x.ravel(), y.ravel())
    return np.asarray(ground.elevations(np.vstack([edges, np.column_stack([x.ravel(), y.ravel()])[inside]])))
