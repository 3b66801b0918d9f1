"""How far a utility may reach beyond where it is drawn, and how those that may reach a place are found by index.

Most reach less than `WIDE_M`: the index on `geom`, asked that much farther, finds them. The few that reach farther
have an index of their own, on what they may cover.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import Index, text

if TYPE_CHECKING:
    from psycopg.sql import Composable

WIDE_M = 2.0


def wide(table: str) -> Index:
    """The index of what reaches farther than `WIDE_M`."""
    return Index(
        f"ix_{table}_reach",
        text("st_expand(geom, reach_m)"),
        postgresql_using="gist",
        postgresql_where=text(f"reach_m > {WIDE_M}"),
    )


def reaches(alias: str, area: Composable, margin_m: Composable) -> sql.Composed:
    """Condition that a row of a utility layer may reach within a margin of an area; both are SQL, in storage CRS."""
    near = sql.SQL("({boxes} and st_dwithin({row}.geom, {area}, {margin} + {row}.reach_m))")
    return near.format(boxes=boxes_reach(alias, area, margin_m), row=sql.Identifier(alias), area=area, margin=margin_m)


def boxes_reach(alias: str, area: Composable, margin_m: Composable) -> sql.Composed:
    """The same by the boxes around both, as the indexes answer it: true for more rows, never for fewer."""
    return sql.SQL(
        "({row}.geom && st_expand({area}, {margin} + {wide})"
        " or {row}.reach_m > {wide} and st_expand({row}.geom, {row}.reach_m) && st_expand({area}, {margin}))"
    ).format(row=sql.Identifier(alias), area=area, margin=margin_m, wide=sql.Literal(WIDE_M))
