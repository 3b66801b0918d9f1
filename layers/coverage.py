"""How far the records reach: the city's boundary, what is loaded, and what was delivered and is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import shapely

from layers.boundaries import is_within
from layers.database import storage_srid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.database import Connection

# Almost every dig lies in one ward; only what does not is held against all of them together.
_COVERAGE = """
select exists (select from boundaries),
  coalesce((select features from visible_layer_states where layer = 'utility_lines'), 0),
  (select count(*) from source_files where outcome in ('quarantined', 'partly') and replaced_by is null),
  array(select exists (select from boundaries b where st_covers(b.geom, st_setsrid(a.wkb::geometry, %s)))
        from unnest(%s::bytea[]) with ordinality as a(wkb, n) order by a.n)
"""


class Coverage(NamedTuple):
    """`within` says of each area asked for whether it lies within the boundaries, None where there are none."""

    has_boundary: bool
    lines: int
    incomplete_files: int
    within: list[bool | None]


def read_coverage(connection: Connection, areas: Sequence[shapely.Geometry]) -> Coverage:
    """The state of the records, and which areas (storage CRS) lie within the boundaries."""
    wkb = [shapely.to_wkb(area) for area in areas]
    row = connection.execute(_COVERAGE, (storage_srid(connection), wkb), binary=True).fetchone()
    has_boundary, lines, incomplete, inside = row or (False, 0, 0, [False] * len(areas))
    if not has_boundary:
        return Coverage(False, lines, incomplete, [None] * len(areas))
    within = [held or is_within(connection, area) for held, area in zip(inside, areas, strict=True)]
    return Coverage(True, lines, incomplete, within)
