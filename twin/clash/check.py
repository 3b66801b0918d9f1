"""A planned excavation against the whole city: from a polygon and a depth to the report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.boundaries import has_boundaries, is_within
from layers.catalog import find_layer
from layers.crs import CrsMismatch
from layers.errors import Invalid, Unavailable
from layers.features import count_features, find_near
from layers.owner_areas import find_silences
from layers.provenance import count_incomplete_files
from layers.roads import has_traffic
from twin.clash.accuracy import read_accuracies
from twin.clash.clearance import Candidate, Street, find_duties, judge_laid
from twin.clash.floors import assume_ground, lay_excavation
from twin.clash.outcome import Outcome, assess
from twin.clash.records import read_utility
from twin.clash.report import Census, Clash, ClashReport
from twin.clash.rulefile import read_rules
from twin.clash.terrain import read_terrain

if TYPE_CHECKING:
    from layers.database import Connection
    from layers.terrain import Ground
    from twin.clash.clearance import Laying
    from twin.clash.dig import PlannedDig
    from twin.clash.rulebook import RuleBook
    from twin.clash.solids import Excavation, Floats
    from twin.clash.terrain import Terrain

# What is found this near is reported even when it is clear.
NEARBY_M = 2.0
# No utility is looked for deeper than this below the bottom: accuracy that grows with depth ends there.
_DEEPEST_M = 15.0
_GROUND_STEP_M = 1.0
# Drawings show the ground this far beside the dig.
_DRAWN_M = NEARBY_M + 2.0


def check(connection: Connection, ground: Ground, dig: PlannedDig, book: RuleBook | None = None) -> ClashReport:
    """What the dig would hit, may hit, and what is near it, held to the rules of a book, by default the project's.

    Raises: CrsMismatch where the dig's CRS is not the city's; Invalid outside the city; Unavailable where no
    utilities were loaded, for then nothing could be anything but clear.
    """
    if dig.crs != ground.storage:
        raise CrsMismatch(f"the dig is in {dig.crs.code}, the city in {ground.storage.code}: transform it first")
    _require_records(connection, dig)
    terrain = read_terrain(dig.parts, ground.elevations)
    excavation = lay_excavation(dig.parts, terrain if terrain.is_known else terrain.levelled(assume_ground(dig.parts)))
    book = book or read_rules()
    nearby_m = max(NEARBY_M, book.zone_reach_m)
    rows = _find_rows(connection, excavation, max(nearby_m, book.reach_m if dig.works.laid else 0.0))
    utilities = [read_utility(index, layer, row, heights=terrain.is_known) for index, (layer, row) in enumerate(rows)]
    candidates = [
        Candidate(layer, row, utility, assessment)
        for (layer, row), utility, assessment in zip(rows, utilities, assess(excavation, utilities), strict=True)
    ]
    clashes = [
        _clash(c, book)
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
        excavation=excavation,
        ground_m=(terrain.lowest_m, terrain.highest_m) if terrain.is_known else None,
        bottom_m=excavation.bottom_m if terrain.is_known else None,
        clashes=tuple(clashes),
        census=_census(connection, excavation),
        surface=_surface(terrain, ground, dig),
        rules=book.editions,
        layings=_judge_laid(connection, ground, dig, book, candidates),
    )


def _clash(candidate: Candidate, book: RuleBook) -> Clash:
    clash = Clash.of(candidate.layer, candidate.row, candidate.utility, candidate.assessment)
    duties = find_duties(book, candidate)
    return replace(clash, duties=duties) if duties else clash


def _judge_laid(
    connection: Connection, ground: Ground, dig: PlannedDig, book: RuleBook, candidates: list[Candidate]
) -> tuple[Laying, ...]:
    if not dig.works.laid:
        return ()
    traffic = has_traffic(connection, dig.polygon, book.roads.unknown_width_m)
    return judge_laid(dig, book, Street(candidates, ground, traffic))


def _find_rows(connection: Connection, excavation: Excavation, near_m: float) -> list[tuple[str, dict[str, Any]]]:
    """Whatever may be hit, or be near: each layer's rows within reach of all that is dug."""
    depth_m = excavation.ground_m - excavation.bottom_m[0]
    margin_m = near_m + read_accuracies().search_margin_m(depth_m + _DEEPEST_M)
    area = excavation.footprint
    return [
        (layer, row)
        for layer in ("utility_lines", "utility_nodes")
        for row in find_near(connection, find_layer(layer), area, margin_m)
    ]


def _census(connection: Connection, excavation: Excavation) -> Census:
    return Census(
        has_boundary=has_boundaries(connection),
        incomplete_files=count_incomplete_files(connection),
        silences=tuple(find_silences(connection, excavation.footprint, NEARBY_M)),
    )


def _require_records(connection: Connection, dig: PlannedDig) -> None:
    if is_within(connection, dig.polygon) is False:
        raise Invalid(f"'{dig.name}' reaches beyond the city's boundary, where nothing is recorded: cut it there")
    if not count_features(connection, find_layer("utility_lines")):
        raise Unavailable("no utility lines are loaded: import them first, an empty city has no clear ground")


def _surface(terrain: Terrain, ground: Ground, dig: PlannedDig) -> Floats:
    """The ground over the dig and a metre apart around it, for drawings; what is not known is missing."""
    rim = dig.polygon.buffer(_DRAWN_M, quad_segs=2).boundary
    around = shapely.get_coordinates(shapely.segmentize(rim, _GROUND_STEP_M))
    points = np.vstack([terrain.xyz, np.column_stack([around, ground.elevations(around)])])
    return np.asarray(points[np.isfinite(points[:, 2])])
