"""The declarative base of all tables, and the columns that every city feature has.

Geometry columns declare no SRID: the storage CRS is chosen once per city, when the
database is migrated (`layers.migrations`), and stands in the geometry type from then on.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, mapped_column

from layers.label import Label, Range
from layers.schemas import SCHEMA


class Base(DeclarativeBase):
    metadata = MetaData(
        schema=SCHEMA,
        naming_convention={
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
        },
    )


def labelled(*column: Any, vi: str, en: str, unit: str | None = None, **options: Any) -> MappedColumn[Any]:
    """A column that is served, under the name that people call it by."""
    return mapped_column(*column, info={"label": Label(vi, en, unit)}, **options)


def geometry(kind: str) -> Geometry:
    """A geometry type of the storage CRS; `kind` as in PostGIS ("POINT", "LINESTRINGZ")."""
    return Geometry(kind, srid=-1, dimension=3 if kind.endswith("Z") else 2, spatial_index=False)


def any_geometry() -> Geometry:
    """A geometry of any kind, dimension and reference system."""
    return Geometry(None, srid=-1, spatial_index=False)


def one_of_texts(column: str, values: Sequence[str]) -> CheckConstraint:
    """A CHECK that holds a text column to a few texts."""
    members = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} in ({members})", name=column, info={"one_of": (column, tuple(map(str, values)))})


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """A CHECK that holds a text column to the members of an enumeration."""
    return one_of_texts(column, tuple(values))


def between(column: str, low: float, high: float) -> CheckConstraint:
    """A CHECK for what is physically possible, both ends allowed."""
    return CheckConstraint(f"{column} between {low} and {high}", name=column, info={"range": Range(column, low, high)})


def by_file() -> Index:
    """An index that finds the rows of a file, which lie together, and costs next to nothing to keep."""
    return Index(
        None, "source_file_id", postgresql_using="brin", postgresql_with={"pages_per_range": 16, "autosummarize": True}
    )


class Feature:
    """Where a row came from: file, layer in it, record (from 1), part (from 0) of a multi-part geometry."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True, sort_order=-2)
    source_file_id: Mapped[int | None] = labelled(
        BigInteger,
        ForeignKey(f"{SCHEMA}.source_files.id"),
        vi="Tệp nguồn",
        en="Source file",
        sort_order=1,
        server_default=text("nullif(current_setting('twin.source_file', true), '')::bigint"),  # the one being loaded
    )
    source_layer: Mapped[str | None] = labelled(Text, vi="Lớp nguồn", en="Source layer", sort_order=1)
    source_row: Mapped[int | None] = labelled(Integer, vi="Dòng nguồn", en="Source row", sort_order=1)
    source_part: Mapped[int] = mapped_column(SmallInteger, server_default="0", sort_order=1)
