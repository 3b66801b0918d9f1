"""Street and park trees. EPSG:9214, metres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.sample.city.blocks import PARK, Parcel
from twin.sample.city.networks import initials
from twin.sample.city.streets import BOULEVARD, MAIN, MINOR, Street

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.sample.city.streets import Points

# Vietnamese and Latin name, greatest height and crown of a grown tree in metres.
SPECIES = (
    ("Phượng vĩ", "Delonix regia", 12.0, 10.0),
    ("Bằng lăng", "Lagerstroemia speciosa", 13.0, 7.0),
    ("Long não", "Cinnamomum camphora", 18.0, 12.0),
    ("Xà cừ", "Khaya senegalensis", 24.0, 14.0),
    ("Sao đen", "Hopea odorata", 22.0, 9.0),
    ("Lộc vừng", "Barringtonia acutangula", 9.0, 6.0),
    ("Muối", "Streblus asper", 10.0, 7.0),
    ("Me", "Tamarindus indica", 15.0, 10.0),
)
_SPACING_M = {BOULEVARD: 20.0, MAIN: 34.0, MINOR: 46.0}
_PARK_SPACING_M = 36.0
_CLEAR_OF_CROSSING_M = 16.0


@dataclass(frozen=True, slots=True)
class Tree:
    code: str
    street: str
    at: tuple[float, float]
    species: int
    planted: int
    height_m: float
    stem_m: float
    crown_m: float
    condition: str


def plan_trees(streets: tuple[Street, ...], parcels: list[Parcel], seed: int) -> list[Tree]:
    """Rows along the kerbs of the wider streets, one species a street, and loose trees in the parks."""
    rng = np.random.default_rng((seed, 8))
    parks = [parcel.shape for parcel in parcels if parcel.use is PARK]
    trees: list[Tree] = []
    for street in streets:
        species = int(rng.integers(len(SPECIES)))
        for at in _row(street, streets, rng):
            trees.append(_grow(street.name, at, species, len(trees), rng))
    for park in parks:
        for at in _scatter(park, rng):
            trees.append(_grow("Công viên", at, int(rng.integers(len(SPECIES))), len(trees), rng))
    return trees


def _row(street: Street, streets: tuple[Street, ...], rng: np.random.Generator) -> Iterator[Points]:
    spacing_m = _SPACING_M.get(street.profile)
    if spacing_m is None:
        return
    crossing = shapely.unary_union([shapely.LineString(s.points) for s in streets if s is not street])
    shapely.prepare(crossing)
    kerb_m = street.profile.carriageway_m / 2 + 0.9
    for side in (kerb_m, -kerb_m):
        row = shapely.LineString(street.beside(side))
        for station in np.arange(spacing_m, row.length, spacing_m):
            point = shapely.line_interpolate_point(row, station + rng.uniform(-1.5, 1.5))
            if not shapely.dwithin(point, crossing, _CLEAR_OF_CROSSING_M):
                yield np.array([point.x, point.y])


def _scatter(park: shapely.Polygon, rng: np.random.Generator) -> Iterator[Points]:
    inside = park.buffer(-5.0)
    west, south, east, north = park.bounds
    for x in np.arange(west, east, _PARK_SPACING_M):
        for y in np.arange(south, north, _PARK_SPACING_M):
            at = np.array([x, y]) + rng.uniform(-11, 11, 2)
            if shapely.contains_xy(inside, *at):
                yield at


def _grow(street: str, at: Points, species: int, number: int, rng: np.random.Generator) -> Tree:
    _, _, height_m, crown_m = SPECIES[species]
    grown = float(rng.uniform(0.35, 1.0))
    return Tree(
        code=f"{initials(street)}-{number + 1:04d}",
        street=street,
        at=(round(float(at[0]), 4), round(float(at[1]), 4)),
        species=species,
        planted=2022 - round(grown * 45),
        height_m=round(height_m * grown, 1),
        stem_m=round(0.08 + 0.55 * grown * float(rng.uniform(0.7, 1.1)), 2),
        crown_m=round(max(1.0, crown_m * grown), 1),
        condition=("Tốt", "Tốt", "Tốt", "Trung bình", "Sâu bệnh")[int(rng.integers(5))],
    )
