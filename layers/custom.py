"""Layers that a city added without code: what each is called and made of, as the catalogue keeps it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from layers.catalog import PROVENANCE, Layer, Look, Property, layers_for
from layers.database import Audience
from layers.label import Label

if TYPE_CHECKING:
    from datetime import datetime

    from layers.database import Connection

# Longer names would not fit beside a number into the 63 bytes of PostgreSQL.
LONGEST_NAME = 40
GEOMETRIES = ("POINT", "MULTIPOINT", "LINESTRING", "MULTILINESTRING", "POLYGON", "MULTIPOLYGON")
HEIGHTS = "geom_z"
# What a column cannot be called: columns of every layer, what PostgreSQL keeps of a row, what downloads call their
# own, and what the web doors ask for by parameters.
RESERVED = frozenset(
    {
        *("id", "geom", HEIGHTS, "geometry", "solid", "fid", "ogc_fid", "feature_id"),
        *("source_file_id", "source_layer", "source_row", "source_part"),
        *("tableoid", "xmin", "xmax", "cmin", "cmax", "ctid", "oid"),
        *("f", "lang", "crs", "properties", "precision", "bbox", "cursor", "datetime", "filter", "limit", "offset"),
        *("resulttype", "sortby"),
    }
)


class Kind(StrEnum):
    """What a column holds."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    REAL = "real"
    DATE = "date"
    MOMENT = "moment"
    ARRAY = "array"
    OBJECT = "object"
    TEXT = "text"


SQL_TYPES = {
    Kind.BOOLEAN: "boolean",
    Kind.INTEGER: "bigint",
    Kind.REAL: "double precision",
    Kind.DATE: "date",
    Kind.MOMENT: "timestamptz",
    Kind.ARRAY: "jsonb",
    Kind.OBJECT: "jsonb",
    Kind.TEXT: "text",
}
_JSON_TYPES: dict[Kind, tuple[str, str | None]] = {
    Kind.BOOLEAN: ("boolean", None),
    Kind.INTEGER: ("integer", None),
    Kind.REAL: ("number", None),
    Kind.DATE: ("string", "date"),
    Kind.MOMENT: ("string", "date-time"),
    Kind.ARRAY: ("array", None),
    Kind.OBJECT: ("object", None),
    Kind.TEXT: ("string", None),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A column, and what the file calls it."""

    name: str
    kind: Kind
    label: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a table is made of: `geometry` is one of `GEOMETRIES`; with heights where any feature's are known."""

    geometry: str
    has_heights: bool
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class CustomLayer:
    """A layer as a city wants it; `style` is MapLibre layers as JSON, None for the one that it is given."""

    name: str
    title: Label
    description: Label
    audience: Audience
    draft: Draft
    colour: str
    style: str | None = None

    @property
    def definition(self) -> dict[str, Any]:
        """What is kept of it as JSON."""
        return {
            "title": {"vi": self.title.vi, "en": self.title.en},
            "description": {"vi": self.description.vi, "en": self.description.en},
            "colour": self.colour,
            "geometry": self.draft.geometry,
            "has_heights": self.draft.has_heights,
            "fields": [[field.name, str(field.kind), field.label] for field in self.draft.fields],
        }

    def to_layer(self) -> Layer:
        """The layer as everything that serves layers takes it."""
        draft = self.draft
        return Layer(
            self.name,
            self.title,
            self.description,
            (*(_property(field) for field in draft.fields), *PROVENANCE),
            (),
            draft.geometry,
            f"coalesce({HEIGHTS}, geom)" if draft.has_heights else "geom",
            self.audience,
            look=Look(self.colour, self.style),
        )


def _property(field: Field) -> Property:
    return Property(field.name, *_JSON_TYPES[field.kind], Label(field.label, field.label))


def read_custom(connection: Connection) -> list[CustomLayer]:
    """The custom layers that the connection's role may read, in the order of their names."""
    rows = connection.execute(
        "select name, audience, definition, style from visible_custom_layers order by name"
    ).fetchall()
    return [_to_custom(*row) for row in rows]


def _to_custom(name: str, audience: str, definition: dict[str, Any], style: list[Any] | None) -> CustomLayer:
    fields = tuple(Field(column, Kind(kind), label) for column, kind, label in definition["fields"])
    draft = Draft(definition["geometry"], definition["has_heights"], fields)
    title, description = Label(**definition["title"]), Label(**definition["description"])
    text = None if style is None else json.dumps(style, ensure_ascii=False)
    return CustomLayer(name, title, description, Audience(audience), draft, definition["colour"], text)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a custom layer stands: how much it holds, of which file, and since when."""

    layer: CustomLayer
    features: int
    refused: int
    file: str
    added_at: datetime


def list_custom(connection: Connection) -> list[Standing]:
    """The custom layers, for those who keep them."""
    rows = connection.execute(
        "select c.name, s.features, f.path, c.added_at,"
        " (select count(distinct (q.layer, q.row)) from quarantined_rows q where q.source_file_id = f.id)"
        " from custom_layers c join layer_states s on s.layer = c.name"
        " join source_files f on f.id = c.source_file_id"
    ).fetchall()
    known = {layer.name: layer for layer in read_custom(connection)}
    found = [Standing(known[name], n, refused, file, at) for name, n, file, at, refused in rows if name in known]
    return sorted(found, key=lambda standing: standing.layer.name)


def read_layers(connection: Connection, audience: Audience) -> tuple[Layer, ...]:
    """Every layer that an audience may know of at this moment: the twin's own, then those that the city added."""
    return (*layers_for(audience), *(custom.to_layer() for custom in read_custom(connection)))
