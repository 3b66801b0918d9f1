"""How far a utility may reach beyond where it is drawn, and how those that may reach a place are found by index.

`reach_m` is half the diagonal of the section, or of a node's plan, and the stated accuracy; what is unknown counts 0.
Most reach less than `WIDE_M`: the index on `geom`, asked that much farther, finds them. The few that reach farther
have an index of their own, on what they may cover.
"""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING, Any

from psycopg import sql

from layers.columns import Column, combine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg.sql import Composable

WIDE_M = 2.0
ACROSS = {"utility_lines": "outer_height_m", "utility_nodes": "outer_length_m"}


def state_reach(table: str, columns: Mapping[str, Any]) -> dict[str, Column[float]]:
    """The column `reach_m` of rows of a utility layer, from their other columns; none for another layer."""
    if table not in ACROSS:
        return {}
    stated = combine(*(Column.of(columns[name]) for name in ("outer_width_m", ACROSS[table], "horizontal_accuracy_m")))
    return {"reach_m": stated.map(lambda row: hypot(row[0] or 0.0, row[1] or 0.0) / 2 + (row[2] or 0.0))}


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
