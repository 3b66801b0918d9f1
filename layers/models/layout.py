"""Writes what the models of the layers say of their columns: `python -m layers.models.layout`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, Boolean, Date, Double, Integer, SmallInteger, Text

from layers.layout import FILE
from layers.models.boundaries import Boundary
from layers.models.buildings import Building
from layers.models.citizen_reports import CitizenReport
from layers.models.excavations import ExcavationRow
from layers.models.parcels import Parcel
from layers.models.restricted_zones import RestrictedZone
from layers.models.roads import Road
from layers.models.terrain import Terrain
from layers.models.trees import Tree
from layers.models.utilities import UtilityLine, UtilityNode

if TYPE_CHECKING:
    from sqlalchemy import Column, Table

    from layers.models.base import Base

_MODELS: tuple[type[Base], ...] = (
    Boundary,
    Parcel,
    Building,
    Road,
    Tree,
    CitizenReport,
    Terrain,
    UtilityLine,
    UtilityNode,
    ExcavationRow,
    RestrictedZone,
)
# The first that a column is an instance of: SQLAlchemy's whole numbers are each other's subclasses.
_KINDS = (
    (BigInteger, "bigint"),
    (SmallInteger, "smallint"),
    (Integer, "integer"),
    (Double, "double"),
    (Boolean, "boolean"),
    (Date, "date"),
    (Text, "text"),
    (Geometry, "geometry"),
)


def describe() -> str:
    """What the models say, as JSON with a line for each column."""
    return "{\n" + ",\n".join(_describe_table(cast("Table", model.__table__)) for model in _MODELS) + "\n}\n"


def _describe_table(table: Table) -> str:
    geometry = cast("Geometry", table.columns["geom"].type)
    rules = [constraint.info for constraint in table.constraints]
    values = dict(info["one_of"] for info in rules if "one_of" in info)
    ranges = {info["range"].column: [info["range"].low, info["range"].high] for info in rules if "range" in info}
    columns = [
        _describe_column(column)
        | {key: told[column.name] for key, told in (("values", values), ("range", ranges)) if column.name in told}
        for column in table.columns
    ]
    lines = ",\n".join(f"  {json.dumps(column, ensure_ascii=False)}" for column in columns)
    return f'"{table.name}": {{"geometry_type": "{geometry.geometry_type}", "columns": [\n{lines}\n]}}'


def _describe_column(column: Column[Any]) -> dict[str, Any]:
    told = {
        "name": column.name,
        "kind": next((kind for sql, kind in _KINDS if isinstance(column.type, sql)), "other"),
        "is_nullable": bool(column.nullable),
        "has_default": column.server_default is not None,
    }
    return told | ({"label": asdict(column.info["label"])} if "label" in column.info else {})


if __name__ == "__main__":
    (Path(__file__).parents[1] / FILE).write_text(describe(), encoding="utf-8")
