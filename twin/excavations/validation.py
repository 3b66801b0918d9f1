"""What a planned dig must fulfil at every door: command line, OGC process, HTTP resource."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.boundaries import is_within, read_boundary
from layers.errors import Invalid, Sentence
from twin.clash.dig import Bore, Depth, Elevation, Grade, Pit, Stations
from twin.clash.spelling import comma
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
# How deep, at what level below what ground: of a part that follows the ground nothing.
_NO_LEVEL = (-np.inf, np.nan, np.nan)


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
    return [
        Sentence(
            f"{outside.area:.1f} m² ({share:.0%}) of the dig reach beyond the city's boundary, where nothing is"
            " recorded: cut it there",
            f"{comma(outside.area, '.1f')} m² ({share:.0%}) hố đào vượt ranh giới thành phố, nơi không có"
            " hồ sơ: hãy cắt tại ranh giới",
        )
    ]


def find_level_faults(dig: PlannedDig, ground: Ground) -> list[Sentence]:
    """Bottoms that are given as elevations or with a grade, against the ground that is known over each."""
    depth_m, level_m, top_m = max((_find_deepest(part, ground) for part in dig.parts), default=_NO_LEVEL)
    if depth_m <= DEPTH_M.high:
        return []
    return [
        Sentence(
            f"the bottom at {level_m:.2f} m lies {depth_m:.1f} m below the ground at {top_m:.2f} m,"
            f" at most {DEPTH_M.high:g} m: check its elevation",
            f"đáy ở cao độ {comma(level_m, '.2f')} m sâu {comma(depth_m, '.1f')} m dưới mặt đất"
            f" {comma(top_m, '.2f')} m, tối đa {comma(DEPTH_M.high)} m: kiểm tra cao độ",
        )
    ]


def _find_deepest(part: Part, ground: Ground) -> tuple[float, float, float]:
    """Where the level of a part lies deepest: how deep, the level, and the ground there."""
    level = part.axis if isinstance(part, Bore) else part.bottom
    if isinstance(level, Depth):
        return _NO_LEVEL
    if isinstance(level, Elevation):
        tops = _heights(part.outline, ground)
        levels = np.full(len(tops), level.elevation_m)
    else:
        line = shapely.segmentize(part.line, _GROUND_STEP_M) if not isinstance(part, Pit) else part.outline.exterior
        tops, levels = ground.elevations(shapely.get_coordinates(line)), _levels_along(line, level, ground)
    depths = np.nan_to_num(tops - levels, nan=-np.inf)
    at = int(np.argmax(depths))
    return float(depths[at]), float(levels[at]), float(tops[at])


def _levels_along(line: shapely.LineString, level: Stations | Grade, ground: Ground) -> np.ndarray[Any, Any]:
    """The level at each point of a line; a grade from ground that is not known begins nowhere."""
    xy = shapely.get_coordinates(line)
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    if isinstance(level, Stations):
        return np.asarray(np.interp(at, *np.array(level.points_m).T))
    start = level.start
    begins = start.elevation_m if isinstance(start, Elevation) else ground.elevations(xy[:1])[0] - start.below_ground_m
    return np.asarray(begins - level.fall * at)


def _heights(polygon: shapely.Geometry, ground: Ground) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The ground every metre along the edge and over the inside, NaN where it is not known."""
    edges = shapely.get_coordinates(shapely.segmentize(polygon, _GROUND_STEP_M))
    minx, miny, maxx, maxy = polygon.bounds
    x, y = np.meshgrid(np.arange(minx, maxx, _GROUND_STEP_M), np.arange(miny, maxy, _GROUND_STEP_M))
    inside = shapely.contains_xy(polygon, x.ravel(), y.ravel())
    return np.asarray(ground.elevations(np.vstack([edges, np.column_stack([x.ravel(), y.ravel()])[inside]])))
