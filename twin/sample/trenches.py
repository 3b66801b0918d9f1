"""Planned trenches whose conflicts are beyond doubt, and those conflicts, found by sampling and nothing else.

Every verdict holds for either reading of the ground inside the trench and stays the same if anything moves by 0.15 m.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.crs import DEFAULT, WGS84, parse_crs, transform_geometries
from layers.errors import Invalid
from twin.sample.city.streets import normals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.sample.city.streets import Street
    from twin.sample.city.terrain import Terrain
    from twin.sample.truth import Feature

Spatial = NDArray[np.float64]

_MARGIN_M = 0.15
_SPACING_M = 0.05
_SEEN_M = 5.0
_RELIEF_M = 0.05
# Nobody knows better than this where an object is whose owner states no accuracy, nor how wide one of unknown size is.
_UNSTATED_M = 3.0
_NODE_FREE_M = 3.0
_DECIMALS = 10


@dataclass(frozen=True, slots=True)
class Wish:
    """A trench to look for: between two offsets right of a street's centre, so long along it, with these outcomes."""

    name: str
    street: str
    offsets_m: tuple[float, float]
    along_m: float
    depth_m: float
    outcomes: tuple[tuple[str, int], ...]
    clear: int = 0


_WISHES = (
    Wish("Hào cáp cắt ngang Lê Lợi", "Lê Lợi", (-11.3, 11.4), 1.2, 1.4, (("definite", 5),)),
    Wish("Hào dọc vỉa hè Hoàng Hoa Thám", "Hoàng Hoa Thám", (6.43, 7.23), 12.0, 1.0, (("possible", 1),)),
    Wish("Hố đào vỉa hè Lý Thường Kiệt", "Lý Thường Kiệt", (-11.4, -6.6), 1.0, 1.3, (("definite", 2), ("unknown", 1))),
    Wish("Hố trồng cây công viên bờ sông", "Lê Lợi", (-34.0, -28.0), 6.0, 2.0, ()),
    Wish("Rãnh nông vỉa hè Phan Bội Châu", "Phan Bội Châu", (7.4, 11.6), 0.8, 0.3, (), clear=3),
)


@dataclass(frozen=True, slots=True, eq=False)
class Trench:
    """A planned excavation with vertical sides, and what is known of every line near it.

    degrees: longitude and latitude as they are written; polygon: what these are in EPSG:9214.
    """

    name: str
    depth_m: float
    degrees: shapely.Polygon
    polygon: shapely.Polygon
    verdicts: tuple[tuple[Feature, str, float | None], ...]

    def describe(self) -> dict[str, Any]:
        """As `truth.json` has it: conflicts with their outcome, and lines near by that are clear with their gap.

        Gaps are three-dimensional, from the circle around the section; None where the elevation is not known.
        """
        named = [({"file": f.file, "layer": f.layer, "row": f.row}, outcome, gap) for f, outcome, gap in self.verdicts]
        return {
            "name": self.name,
            "depth_m": self.depth_m,
            "polygon": [shapely.get_coordinates(self.polygon).tolist()],
            "conflicts": [place | {"outcome": outcome} for place, outcome, _ in named if outcome != "clear"],
            "clear": [place | {"gap_m": gap} for place, outcome, gap in named if outcome == "clear"],
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Pit:
    """The excavation, with its bottom where the ground inside it is lowest and highest."""

    polygon: shapely.Polygon
    low_m: float
    high_m: float

    def gap(self, points: Spatial, grow_m: float = 0.0, lower_m: float = 0.0, *, high: bool = False) -> float:
        """Least distance of points (n, 3) from the pit, grown to all sides and lowered; infinite from nothing."""
        polygon = self.polygon.buffer(grow_m, join_style="mitre")
        if polygon.is_empty:
            return float("inf")
        bottom_m = (self.high_m if high else self.low_m) - lower_m
        plan = shapely.distance(shapely.points(points[:, :2]), polygon)
        return float(np.hypot(plan, np.maximum(bottom_m - points[:, 2], 0.0)).min())


def find_trenches(features: Sequence[Feature], streets: Sequence[Street], terrain: Terrain) -> list[Trench]:
    """One trench for every wish. Raises: Invalid where no place on the street fulfils one without doubt."""
    lines = [feature for feature in features if feature.table == "utility_lines"]
    nodes = shapely.STRtree([feature.shape for feature in features if feature.table == "utility_nodes"])
    tree = shapely.STRtree([line.shape for line in lines])
    found = []
    for wish in _WISHES:
        for degrees in (place for street in streets if street.name == wish.street for place in _places(street, wish)):
            polygon = _move(degrees, WGS84, DEFAULT)
            near = [lines[i] for i in sorted(tree.query(polygon, predicate="dwithin", distance=_SEEN_M))]
            blocked = len(nodes.query(polygon, predicate="dwithin", distance=_NODE_FREE_M)) > 0
            verdicts = None if blocked else _judge_all(wish, polygon, near, terrain)
            if verdicts is not None:
                found.append(Trench(wish.name, wish.depth_m, degrees, polygon, verdicts))
                break
        else:
            raise Invalid(f"no place for '{wish.name}' in {wish.street}: choose another seed")
    return found


def _places(street: Street, wish: Wish) -> Iterator[shapely.Polygon]:
    """Rectangles across every straight stretch of a street, from its middle outwards, in degrees to 0.01 mm."""
    stretches = list(itertools.pairwise(street.points))
    for i in sorted(range(len(stretches)), key=lambda i: abs(2 * i - len(stretches))):
        start, stop = stretches[i]
        ahead = (stop - start) / np.hypot(*(stop - start))
        right = normals(np.array([start, stop]))[0]
        corners = [
            (start + stop) / 2 + along * wish.along_m / 2 * ahead + offset * right
            for along, offset in zip((-1, -1, 1, 1), (*wish.offsets_m, *wish.offsets_m[::-1]), strict=True)
        ]
        degrees = _move(shapely.orient_polygons(shapely.Polygon(corners)), DEFAULT, WGS84)
        yield shapely.transform(degrees, lambda points: np.round(points, _DECIMALS))


def _move(polygon: shapely.Polygon, source: str, target: str) -> shapely.Polygon:
    return transform_geometries(np.array([polygon]), parse_crs(source), parse_crs(target))[0]


def _judge_all(
    wish: Wish, polygon: shapely.Polygon, near: Sequence[Feature], terrain: Terrain
) -> tuple[tuple[Feature, str, float | None], ...] | None:
    """Lines with outcomes and gaps; None where the ground is not flat, one is in doubt, or they are not as wished."""
    inside = shapely.get_coordinates(shapely.segmentize(polygon, 0.5))
    ground = terrain.ground(np.vstack([inside, shapely.get_coordinates(polygon.centroid)]))
    if np.ptp(ground) > _RELIEF_M:
        return None
    pit = _Pit(polygon, float(ground.min()) - wish.depth_m, float(ground.max()) - wish.depth_m)
    verdicts = [(feature, *_judge(feature, pit)) for feature in near]
    counts = Counter(outcome for _, outcome, _ in verdicts)
    clear = counts.pop("clear", 0)
    if counts.keys() != dict(wish.outcomes).keys() or clear < wish.clear:
        return None
    if any(counts[outcome] < least for outcome, least in wish.outcomes):
        return None
    return tuple(verdicts)


def _judge(feature: Feature, pit: _Pit) -> tuple[str, float | None]:
    """Outcome of one line and its nominal gap in metres, from its outside to the pit; `doubt` where it is too close."""
    width_m, height_m = feature.expected.get("outer_width_m"), feature.expected.get("outer_height_m")
    plan_m = float(shapely.distance(feature.shape, pit.polygon))
    horizontal_m = feature.expected.get("horizontal_accuracy_m")
    if not isinstance(width_m, float) or not isinstance(height_m, float) or not isinstance(horizontal_m, float):
        return ("clear", None) if plan_m > _UNSTATED_M else ("doubt", None)
    round_pipe = feature.expected["section_shape"] == "circular"
    least_m, most_m = min(width_m, height_m) / 2, width_m / 2 if round_pipe else float(np.hypot(width_m, height_m)) / 2
    if plan_m > most_m + horizontal_m + _MARGIN_M:
        return "clear", _nominal_gap(feature, pit, most_m)
    if feature.axis_m is None:
        core = pit.polygon.buffer(-_MARGIN_M, join_style="mitre")
        return ("unknown" if shapely.distance(feature.shape, core) <= least_m else "doubt"), None
    return _judge_known(feature, pit, (least_m, most_m)), _nominal_gap(feature, pit, most_m)


def _judge_known(feature: Feature, pit: _Pit, radii_m: tuple[float, float]) -> str:
    horizontal_m, vertical_m = (feature.expected.get(f"{way}_accuracy_m") for way in ("horizontal", "vertical"))
    if not isinstance(horizontal_m, float) or not isinstance(vertical_m, float):
        return "doubt"
    points = _sample(feature, pit)
    least_m, most_m = radii_m
    far, near = (horizontal_m + _MARGIN_M, vertical_m + _MARGIN_M), (horizontal_m - _MARGIN_M, vertical_m - _MARGIN_M)
    if pit.gap(points, -far[0], -far[1], high=True) <= least_m:
        return "definite"
    if pit.gap(points, *far) > most_m:
        return "clear"
    beside = pit.gap(points, _MARGIN_M, _MARGIN_M) > most_m
    return "possible" if beside and pit.gap(points, *near, high=True) <= least_m else "doubt"


def _nominal_gap(feature: Feature, pit: _Pit, radius_m: float) -> float | None:
    return None if feature.axis_m is None else round(pit.gap(_sample(feature, pit)) - radius_m, 4)


def _sample(feature: Feature, pit: _Pit) -> Spatial:
    """Points (n, 3) of an axis, 5 cm apart, where it is near the pit."""
    xy = shapely.get_coordinates(feature.shape)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    stations = np.append(np.arange(0.0, along[-1], _SPACING_M), along[-1])
    points = np.column_stack([np.interp(stations, along, part) for part in (*xy.T, feature.axis_m)])
    west, south, east, north = pit.polygon.bounds
    seen = 2 * _SEEN_M
    inside = (points[:, 0] > west - seen) & (points[:, 0] < east + seen)
    inside &= (points[:, 1] > south - seen) & (points[:, 1] < north + seen)
    return np.asarray(points[inside])
