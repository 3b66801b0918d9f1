"""The columns of the twin's own layers, as their models say.

They are read from `layout.json`, which `layers.models.layout` writes: whatever runs needs no model, and starts half
a second sooner without them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

import orjson

from layers.label import Label, Range

if TYPE_CHECKING:
    from collections.abc import Mapping

type Kind = Literal["bigint", "integer", "smallint", "double", "boolean", "date", "text", "geometry", "other"]

FILE = "layout.json"


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """A column: `label` where it is served, `values` where they are few, `range` where its numbers have one.

    One that `is_nullable` may be NULL; one that `has_default` need not be given.
    """

    name: str
    kind: Kind
    is_nullable: bool
    has_default: bool
    label: Label | None = None
    values: tuple[str, ...] = ()
    range: Range | None = None


@dataclass(frozen=True, slots=True)
class TableLayout:
    """A table of features; `geometry_type` is that of `geom`, as in PostGIS."""

    geometry_type: str
    columns: Mapping[str, ColumnLayout]


@cache
def read_layouts() -> dict[str, TableLayout]:
    """Layout of each layer by its name."""
    described = orjson.loads(files("layers").joinpath(FILE).read_bytes())
    return {
        table: TableLayout(each["geometry_type"], {c["name"]: _column(c) for c in each["columns"]})
        for table, each in described.items()
    }


def _column(told: dict[str, Any]) -> ColumnLayout:
    name, label, range_ = told["name"], told.get("label"), told.get("range")
    return ColumnLayout(
        name,
        told["kind"],
        told["is_nullable"],
        told["has_default"],
        Label(**label) if label else None,
        tuple(told.get("values", ())),
        Range(name, *range_) if range_ else None,
    )
