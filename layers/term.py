"""A part of a CQL2 expression on its way to SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from psycopg import sql

    from layers.catalog import Layer
    from layers.crs import Crs
    from layers.query import Condition
    from layers.statement import Values

type Kind = Literal["number", "text", "boolean", "date", "timestamp", "interval", "geometry"]

SQL_TYPES: dict[str, str] = {
    "number": "double precision",
    "text": "text",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
    "geometry": "geometry",
}


@dataclass(frozen=True, slots=True)
class Term:
    """SQL of one value and what kind of value it is; an interval has its end in `until`."""

    text: sql.Composable
    kind: Kind
    until: sql.Composable | None = None
    # The type of a geometry that was written out.
    geometry_type: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression is about: a layer's properties, coordinates of a condition, values to bind."""

    layer: Layer
    condition: Condition
    storage: Crs
    values: Values
