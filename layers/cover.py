"""How deep the crowns of lines lie below the ground: at every vertex, against the terrain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from layers.database import Connection
    from layers.terrain import Ground

# A crown nearer to the ground than this, above or below, lies in the pavement.
NO_COVER_M = 0.1
_LINES_AT_ONCE = 20_000
# In order of place, so that each portion needs a small window of the terrain rasters.
_AXES = """
select l.id, st_asbinary(l.axis), coalesce(l.outer_height_m, 0) / 2, l.ground_m,
  case l.ground_source when 'owner' then l.ground_m end
from subjects s join utility_lines l on l.id = s.id where l.axis is not null order by l.geom
"""


@dataclass(frozen=True, slots=True)
class Thin:
    """n lines with less than `NO_COVER_M` of cover, least first: least cover (negative above ground) and where.

    `judged` lines have a known elevation and a known ground; xy is (n, 2) in storage CRS.
    """

    judged: int
    ids: NDArray[np.int64]
    cover_m: NDArray[np.float64]
    xy: NDArray[np.float64]

    def select(self, chosen: NDArray[np.bool_]) -> Thin:
        return Thin(self.judged, self.ids[chosen], self.cover_m[chosen], self.xy[chosen])

    def first(self, count: int) -> Thin:
        return Thin(self.judged, self.ids[:count], self.cover_m[:count], self.xy[:count])


def find_thin_cover(connection: Connection, ground: Ground) -> Thin:
    """Lines of the temporary table `subjects` whose crown comes near to the ground, or out of it, at a vertex.

    The ground is the terrain's, or the owner's where that is higher, or the line's mean where no raster knows.
    A line without a known section counts as thin as a wire, so none is accused for want of a size.
    """
    judged, found = 0, [_least(ground, [])]
    with connection.cursor(name="axes") as cursor:
        cursor.execute(_AXES)
        while rows := cursor.fetchmany(_LINES_AT_ONCE):
            ids, cover, xy = _least(ground, rows)
            judged += int(np.isfinite(cover).sum())
            thin = cover < NO_COVER_M
            found.append((ids[thin], cover[thin], xy[thin]))
    ids, cover, xy = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((ids, cover))
    return Thin(judged, ids[order], cover[order], xy[order])


def _least(
    ground: Ground, rows: Sequence[tuple[Any, ...]]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Identifier, least cover (NaN where no ground is known) and its place, for each line."""
    if not rows:
        return np.empty(0, dtype=np.int64), np.empty(0), np.empty((0, 2))
    ids, wkb, *numbers = zip(*rows, strict=True)
    half, mean, owner = (np.array(column, dtype=float) for column in numbers)
    xyz, line = shapely.get_coordinates(shapely.from_wkb(wkb), include_z=True, return_index=True)
    surface = np.fmax(ground.elevations(xyz[:, :2]), owner[line])
    surface = np.where(np.isnan(surface), mean[line], surface)
    cover = surface - xyz[:, 2] - half[line]
    order = np.lexsort((cover, line))
    least = order[np.searchsorted(line, np.arange(len(ids)))]
    return np.array(ids, dtype=np.int64), cover[least], xyz[least, :2]
