"""A planned excavation against the whole city: from a polygon and a depth to the report."""

from __future__ import annotations

from dataclasses import replace
from math import hypot
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.boundaries import has_boundaries, is_within
from layers.catalog import find_layer
from layers.crs import CrsMismatch
from layers.errors import Invalid, Unavailable
from layers.features import count_features, find_near
from layers.provenance import count_incomplete_files
from layers.roads import has_traffic
from twin.clash.accuracy import read_accuracies
from twin.clash.clearance import Candidate, Street, find_duties, judge_laid
from twin.clash.dig import Bore, Depth, Elevation, Grade, Trench
from twin.clash.outcome import Outcome, assess
from twin.clash.report import Census, Clash, ClashReport
from twin.clash.rulefile import read_rules
from twin.clash.solids import Excavation, Quality, Shaft, Tube, Utility
from twin.clash.subjects import subject_of

if TYPE_CHECKING:
    from layers.database import Connection
    from layers.terrain import Ground
    from twin.clash.clearance import Laying
    from twin.clash.dig import Part, Pit, PlannedDig
    from twin.clash.outcome import Assessment
    from twin.clash.rulebook import RuleBook

# What is found this near is reported even when it is clear.
NEARBY_M = 2.0
# No utility is looked for deeper than this below the bottom: accuracy that grows with depth ends there.
_DEEPEST_M = 15.0
_GROUND_STEP_M = 1.0
# Drawings show the ground this far beside the dig.
_DRAWN_M = NEARBY_M + 2.0
# What is recorded above the ground over a dig is in its way, or recorded wrongly: it is never passed by overhead.
_NO_LID_M = 100.0
# Stands for the ground where no terrain is known; every utility in reach is then unknown, whatever its elevation.
_NO_GROUND_M = 0.0


def check(connection: Connection, ground: Ground, dig: PlannedDig, book: RuleBook | None = None) -> ClashReport:
    """What the dig would hit, may hit, and what is near it, held to the rules of a book, by default the project's.

    The bottom is the ground less the depth: between the lowest and the highest ground under the polygon.
    Raises: CrsMismatch where the dig's CRS is not the city's; Invalid outside the city; Unavailable where no
    utilities were loaded, for then nothing could be anything but clear.
    """
    if dig.crs != ground.storage:
        raise CrsMismatch(f"the dig is in {dig.crs.code}, the city in {ground.storage.code}: transform it first")
    _require_records(connection, dig)
    inside, around = _ground_points(dig.polygon), _around(dig.polygon)
    points = np.vstack([inside, around])
    surface = np.column_stack([points, ground.elevations(points)])
    heights = surface[: len(inside), 2]
    has_ground = bool(np.isfinite(heights).all())
    low, high = (float(heights.min()), float(heights.max())) if has_ground else (_NO_GROUND_M, _NO_GROUND_M)
    solids = [_enclose(part, (low, high), has_ground=has_ground) for part in dig.parts]
    deepest_m = high - min(solid.bottom_low_m for solid in solids)
    book, accuracies = book or read_rules(), read_accuracies()
    nearby_m = max(NEARBY_M, book.zone_reach_m)
    margin_m = max(nearby_m, book.reach_m if dig.works.laid else 0.0)
    margin_m += accuracies.search_margin_m(deepest_m + _DEEPEST_M)
    reach = shapely.union_all([solid.polygon for solid in solids])
    rows = [
        (layer, row)
        for layer in ("utility_lines", "utility_nodes")
        for row in find_near(connection, find_layer(layer), reach, margin_m)
    ]
    utilities = [_utility(index, layer, row, heights=has_ground) for index, (layer, row) in enumerate(rows)]
    candidates = [
        Candidate(layer, row, utility, assessment, subject_of(row, book, accuracies))
        for (layer, row), utility, assessment in zip(rows, utilities, _assess_worst(solids, utilities), strict=True)
    ]
    clashes = [
        replace(Clash.of(c.layer, c.row, c.utility, c.assessment), duties=find_duties(book, c))
        for c in candidates
        if c.assessment.outcome is not Outcome.CLEAR or c.assessment.plan_gap_m <= nearby_m
    ]
    order = list(Outcome)
    clashes.sort(key=lambda c: (order.index(c.outcome), c.plan_gap_m))
    return ClashReport(
        name=dig.name,
        polygon=dig.polygon,
        crs=dig.crs,
        depth_m=dig.depth_m,
        parts=dig.parts,
        ground_m=(low, high) if has_ground else None,
        bottom_m=(min(s.bottom_low_m for s in solids), max(s.bottom_high_m for s in solids)) if has_ground else None,
        clashes=tuple(clashes),
        census=_census(connection),
        surface=surface[np.isfinite(surface[:, 2])],
        rules=book.editions,
        layings=_judge_laid(connection, ground, dig, book, candidates),
    )


def _judge_laid(
    connection: Connection, ground: Ground, dig: PlannedDig, book: RuleBook, candidates: list[Candidate]
) -> tuple[Laying, ...]:
    if not dig.works.laid:
        return ()
    traffic = has_traffic(connection, dig.polygon, book.roads.unknown_width_m)
    return judge_laid(dig, book, Street(candidates, ground, traffic))


def _enclose(part: Part, ground_m: tuple[float, float], *, has_ground: bool) -> Excavation:
    """The vertical prism around a part; its bottom lies between the lowest and the highest that the part reaches.

    Raises: Invalid for a bore, and for a bottom that lies above the ground.
    """
    if isinstance(part, Bore):
        raise Invalid("bores are not checked yet: draw the pits at its ends and ask its owner's designer")
    low, high = _bottom_m(part, ground_m)
    if has_ground and high >= ground_m[1]:
        raise Invalid(f"the bottom at {high:.2f} m lies above the ground at {ground_m[1]:.2f} m: check its elevation")
    top = max(ground_m[1], high) + _NO_LID_M
    height_m = max(ground_m[1] - low, 0.0)
    side_m = part.sides.working_m + part.sides.slope_at(height_m) * height_m
    outline = part.outline.buffer(side_m, join_style="mitre") if side_m else part.outline
    return Excavation(outline, low, high, top)


def _bottom_m(part: Pit | Trench, ground_m: tuple[float, float]) -> tuple[float, float]:
    """The lowest and the highest elevation of a part's floor."""
    bottom, fall = (part.bottom.start, part.bottom.fall) if isinstance(part.bottom, Grade) else (part.bottom, 0.0)
    if isinstance(bottom, Depth):
        low, high = (height - bottom.below_ground_m for height in ground_m)
    elif isinstance(bottom, Elevation):
        low = high = bottom.elevation_m
    else:
        heights = [z for _, z in bottom.points_m]
        low, high = min(heights), max(heights)
    end_m = fall * part.line.length if isinstance(part, Trench) else 0.0
    return low - max(end_m, 0.0), high - min(end_m, 0.0)


def _assess_worst(solids: list[Excavation], utilities: list[Utility]) -> list[Assessment]:
    """For each utility what the worst part does to it."""
    order = list(Outcome)
    found = zip(*(assess(solid, utilities) for solid in solids), strict=True)
    return [min(each, key=lambda a: (order.index(a.outcome), a.worst_gap_m)) for each in found]


def _census(connection: Connection) -> Census:
    return Census(has_boundary=has_boundaries(connection), incomplete_files=count_incomplete_files(connection))


def _require_records(connection: Connection, dig: PlannedDig) -> None:
    if is_within(connection, dig.polygon) is False:
        raise Invalid(f"'{dig.name}' reaches beyond the city's boundary, where nothing is recorded: cut it there")
    if not count_features(connection, find_layer("utility_lines")):
        raise Unavailable("no utility lines are loaded: import them first, an empty city has no clear ground")


def _ground_points(polygon: shapely.Polygon) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Points where the ground is read: along every edge and over the inside, a metre apart."""
    edges = shapely.get_coordinates(shapely.segmentize(polygon, _GROUND_STEP_M))
    minx, miny, maxx, maxy = polygon.bounds
    x, y = np.meshgrid(np.arange(minx, maxx, _GROUND_STEP_M), np.arange(miny, maxy, _GROUND_STEP_M))
    inside = shapely.contains_xy(polygon, x.ravel(), y.ravel())
    return np.vstack([edges, np.column_stack([x.ravel(), y.ravel()])[inside]])


def _around(polygon: shapely.Polygon) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Points a metre apart around the polygon, where the ground beside the dig is read for its drawings."""
    rim = polygon.buffer(_DRAWN_M, quad_segs=2).boundary
    return np.asarray(shapely.get_coordinates(shapely.segmentize(rim, _GROUND_STEP_M)))


def _utility(index: int, layer: str, row: dict[str, Any], *, heights: bool) -> Utility:
    """The geometry's view of a row; `index` ties the assessment back to it."""
    stated = Quality(row["quality_level"], row["horizontal_accuracy_m"], row["vertical_accuracy_m"])
    quality = Quality("schematic") if row["schematic"] else stated
    if layer == "utility_nodes":
        point = shapely.from_wkb(row["geom"])
        bottom, top = (row["bottom_m"], _top(row)) if heights else (None, None)
        return Shaft(index, point.x, point.y, bottom, top, _radius(row, "outer_width_m", "outer_length_m"), quality)
    line = row["axis"] if heights and row["axis"] is not None else row["geom"]
    axis = shapely.get_coordinates(shapely.from_wkb(line), include_z=line is row["axis"])
    if row["vertical_reference"] == "unstated":
        # Read as crown; had the owner meant the invert, the object would lie higher by its height.
        quality = replace(quality, vertical_slack_m=row["outer_height_m"] or 0.0)
    return Tube(index, axis, _radius(row, "outer_width_m", "outer_height_m"), quality)


def _top(row: dict[str, Any]) -> float | None:
    """The highest that is recorded of cover and ground: a shaft comes up to the ground."""
    return max((row[name] for name in ("cover_m", "ground_m", "bottom_m") if row[name] is not None), default=None)


def _radius(row: dict[str, Any], *sides: str) -> float | None:
    """Radius of the circle around the section; None where a side is not recorded."""
    sizes = [row[side] for side in sides]
    if any(size is None for size in sizes):
        return None
    round_section = row["section_shape"] in ("circular", "egg")
    return float(max(sizes) / 2 if round_section else hypot(*sizes) / 2)
