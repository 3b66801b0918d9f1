"""What stands between the streets: blocks, parcels, buildings. EPSG:9214, metres."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from twin.sample.city.streets import Plan

_GRID_M = 0.001
_SMALLEST_PARCEL_M2 = 35.0
_STOREY_M = 3.4
_STRAIGHT_M = 0.05


@dataclass(frozen=True, slots=True)
class LandUse:
    """Official code of a land use, and how its blocks are cut: depth of a row, frontage, share that is built on."""

    code: str
    row_m: float
    front_m: tuple[float, float]
    storeys: tuple[int, int]
    built: float


HOUSES = LandUse("ODT", 28.0, (12.0, 23.0), (1, 5), 0.94)
VILLAS = LandUse("ODT", 36.0, (20.0, 32.0), (1, 3), 0.92)
SHOPS = LandUse("TMD", 46.0, (28.0, 60.0), (3, 12), 0.95)
SCHOOL = LandUse("DGD", 75.0, (70.0, 120.0), (2, 4), 1.0)
HOSPITAL = LandUse("DYT", 80.0, (80.0, 130.0), (3, 7), 1.0)
OFFICES = LandUse("TSC", 55.0, (40.0, 75.0), (2, 6), 1.0)
PARK = LandUse("DKV", 400.0, (400.0, 600.0), (1, 1), 0.0)
RIVER = LandUse("SON", 0.0, (0.0, 0.0), (0, 0), 0.0)

_INLAND_USES = (HOUSES, VILLAS, HOUSES, SHOPS, VILLAS, SCHOOL, HOUSES, OFFICES, VILLAS, HOUSES, PARK, SHOPS, VILLAS,
                HOSPITAL, HOUSES, VILLAS, OFFICES)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parcel:
    shape: shapely.Polygon
    use: LandUse
    sheet: int = 0
    number: int = 0


@dataclass(frozen=True, slots=True)
class House:
    """A building's footprint; height above ground in metres."""

    shape: shapely.Polygon
    use: LandUse
    storeys: int
    height_m: float


def plan_parcels(plan: Plan, seed: int, *, sheets: int) -> list[Parcel]:
    """Parcels of all blocks and the river's own, in map sheets from west to east, numbered within each."""
    rng = np.random.default_rng((seed, 2))
    parcels = [parcel for block, use in _blocks(plan) for parcel in _cut(block, use, rng)]
    parcels.append(Parcel(_river(plan), RIVER))
    bounds = shapely.bounds([parcel.shape for parcel in parcels])
    order = np.argsort(bounds[:, 0], kind="stable")
    numbered = []
    for sheet, members in enumerate(np.array_split(order, sheets), start=1):
        by_row = sorted(members.tolist(), key=lambda i: (-round(bounds[i, 3], 0), bounds[i, 0]))
        numbered += [replace(parcels[i], sheet=sheet, number=n) for n, i in enumerate(by_row, start=1)]
    return numbered


def plan_houses(parcels: list[Parcel], seed: int) -> list[House]:
    """At most one building a parcel, further back on the larger ones."""
    rng = np.random.default_rng((seed, 3))
    houses = []
    for parcel in parcels:
        if rng.random() > parcel.use.built:
            continue
        shape = _footprint(parcel, rng)
        if shape is not None:
            storeys = int(rng.integers(parcel.use.storeys[0], parcel.use.storeys[1] + 1))
            houses.append(House(shape, parcel.use, storeys, round(storeys * _STOREY_M + rng.uniform(0.3, 1.4), 1)))
    return houses


def _blocks(plan: Plan) -> Iterator[tuple[shapely.Polygon, LandUse]]:
    """Faces less the streets, with cut corners, each with its use: parks along the bank."""
    taken = shapely.unary_union(
        [
            shapely.LineString(street.points).buffer(street.profile.width_m / 2, cap_style="flat")
            for street in plan.streets
        ]
    )
    faces = sorted(plan.faces, key=lambda face: (round(face.centroid.x, 1), face.centroid.y))
    inland = 0
    for face in faces:
        block = shapely.difference(face, taken).buffer(-2.5).buffer(2.5, quad_segs=2).simplify(_STRAIGHT_M)
        if face.distance(plan.bank) < 0.5:
            yield block, PARK
        else:
            yield block, HOUSES if block.area < 15_500 else _INLAND_USES[inland % len(_INLAND_USES)]
            inland += 1


def _cut(block: shapely.Polygon, use: LandUse, rng: np.random.Generator) -> Iterator[Parcel]:
    """Rows along the longer side of the block, each cut across into lots."""
    origin, along, across = _frame(block)
    length, depth = float(np.hypot(*along)), float(np.hypot(*across))
    rows = max(1, round(depth / use.row_m))
    for low, high in itertools.pairwise(np.linspace(0.0, 1.0, rows + 1)):
        for start, stop in itertools.pairwise(_fronts(length, use, rng)):
            shares = np.array([(start, low), (stop, low), (stop, high), (start, high)])
            lot = shapely.Polygon(origin + shares[:, :1] * along + shares[:, 1:] * across)
            for part in shapely.get_parts(shapely.intersection(block, lot, grid_size=_GRID_M)):
                if part.geom_type == "Polygon" and part.area >= _SMALLEST_PARCEL_M2:
                    yield Parcel(part, use)


def _frame(shape: shapely.Polygon) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Corner, longer side and shorter side (vectors) of the smallest rectangle around a shape."""
    corners = np.array(shape.minimum_rotated_rectangle.exterior.coords)
    first, second = corners[1] - corners[0], corners[3] - corners[0]
    longer, shorter = (first, second) if np.hypot(*first) >= np.hypot(*second) else (second, first)
    return corners[0], longer, shorter


def _fronts(length_m: float, use: LandUse, rng: np.random.Generator) -> NDArray[np.float64]:
    """Where a row is cut, as shares of its length from 0 to 1."""
    widths = rng.uniform(*use.front_m, size=max(1, round(length_m / np.mean(use.front_m))))
    return np.concatenate([[0.0], np.cumsum(widths) / widths.sum()])


def _footprint(parcel: Parcel, rng: np.random.Generator) -> shapely.Polygon | None:
    """The part of the parcel's smallest rectangle that the building takes, kept off the boundary."""
    inside = parcel.shape.buffer(-0.5 if parcel.shape.area < 320 else -3.0, join_style="mitre")
    if inside.geom_type != "Polygon" or inside.is_empty:
        return None
    origin, along, across = _frame(inside)
    share = rng.uniform(0.55, 0.9) if parcel.shape.area < 900 else rng.uniform(0.3, 0.6)
    begin = rng.choice([0.0, 1.0 - share])
    low, high = (0.0, 1.0) if parcel.shape.area < 900 else (0.2, 0.75)
    shares = np.array([(begin, low), (begin + share, low), (begin + share, high), (begin, high)])
    shape = shapely.intersection(
        inside, shapely.Polygon(origin + shares[:, :1] * along + shares[:, 1:] * across), grid_size=_GRID_M
    )
    return shape if shape.geom_type == "Polygon" and shape.area > 20 else None


def _river(plan: Plan) -> shapely.Polygon:
    """The river's part of the ward: what lies on the far side of the bank."""
    parts = shapely.get_parts(shapely.polygonize(shapely.get_parts(plan.outline.exterior.union(plan.bank))))
    return shapely.set_precision(max(parts, key=lambda part: part.centroid.y), _GRID_M)
