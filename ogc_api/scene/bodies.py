"""Rows of a layer as they are shown: values by name, shapes, looks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely

import styles
from ogc_api.meshes.glb import Figures, Look
from ogc_api.meshes.table import Column
from styles.expression import evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.blocks import Row
    from layers.catalog import Layer
    from ogc_api.meshes.mesh import Floats, Mesh
    from ogc_api.meshes.plans import Polygons
    from ogc_api.meshes.table import Kind

# What PostGIS calls a polyhedral surface with z, and a multipolygon with z, which is written just so (ISO 13249-3).
_SURFACE, _MULTIPOLYGON = b"\xf7\x03\x00\x00", b"\xee\x03\x00\x00"
_ZOOM = 17
_KINDS: dict[str, Kind] = {"integer": "integer", "number": "number", "boolean": "boolean", "string": "string"}
_COLOURS = ("line-color", "circle-color", "fill-color")
# What lies where it is drawn only by assumption.
ASSUMED_OPACITY = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Bodies:
    """n rows of a layer; `shapes` and `solids` (n,) in storage CRS, `solids` None where there is none."""

    layer: Layer
    ids: list[int]
    attributes: list[dict[str, Any]]
    shapes: Polygons
    solids: Polygons

    def __len__(self) -> int:
        return len(self.ids)

    def numbers(self, name: str) -> Floats:
        """Values of a property, NaN where there is none."""
        return np.array([np.nan if row[name] is None else row[name] for row in self.attributes], dtype=np.float64)

    def looks(self, opacities: Floats) -> list[Look]:
        """Each body in its colour of the layer's style."""
        paint = _paint(self.layer.name)
        return [
            Look(evaluate(paint, row, _ZOOM), float(opacity))
            for row, opacity in zip(self.attributes, opacities, strict=True)
        ]

    def columns(self) -> tuple[Column, ...]:
        """Identifiers and the layer's own attributes."""
        own = [p for p in self.layer.properties if not p.is_derived]
        return (
            Column("id", "Identifier", "identifier", self.ids),
            *(
                Column(
                    p.name,
                    _titled(p.label.en, p.label.unit),
                    _KINDS[p.type],
                    [row[p.name] for row in self.attributes],
                    p.label.vi,
                )
                for p in own
            ),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What bodies look like: owner i of the mesh and the figures is row i; `columns` say what was assumed."""

    mesh: Mesh
    looks: Sequence[Look]
    columns: tuple[Column, ...]
    figures: tuple[Figures, ...] = ()


def read_bodies(layer: Layer, rows: Sequence[Row]) -> Bodies:
    solids = [None if row.solid is None else row.solid.replace(_SURFACE, _MULTIPOLYGON, 1) for row in rows]
    return Bodies(
        layer,
        [row.id for row in rows],
        [orjson.loads(row.attributes) for row in rows],
        shapely.from_wkb(np.array([row.shape for row in rows], dtype=object)),
        shapely.from_wkb(np.array(solids, dtype=object)),
    )


def flag(name: str, title: str, values: Any) -> Column:
    """A column of what is so and what is not."""
    return Column(name, title, "boolean", np.asarray(values, dtype=bool).tolist())


def metres(name: str, title: str, values: Floats) -> Column:
    return Column(name, _titled(title, "m"), "number", np.round(values, 4).tolist())


def _titled(title: str, unit: str | None) -> str:
    return f"{title} ({unit})" if unit else title


@lru_cache(maxsize=64)
def _paint(layer: str) -> Any:
    """The colour, or the expression of it, with which the style fills or draws a layer."""
    paint = styles.read_layers(layer)[0]["paint"]
    return next(paint[name] for name in _COLOURS if name in paint)
