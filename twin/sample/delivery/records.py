"""Files as they are delivered: their form, their rows as written, and what must become of each row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from layers.crs import DEFAULT
from twin.sample.delivery.formats import TRAITS

if TYPE_CHECKING:
    import shapely

    from twin.sample.city.streets import Points
    from twin.sample.delivery.formats import Traits

Value = str | float | int | None
Elevations = NDArray[np.float64]
# Elevations of the axis at the vertices (n, 2) of a line, storage CRS.
AxisRule = Callable[["Points"], Elevations]


@dataclass(frozen=True, slots=True)
class Form:
    """How a department writes files.

    kind: the format, where the suffix does not tell it.
    encoding: utf-8, nfd (UTF-8 decomposed), tcvn3, vni, cp1258, viscii or escapes (of a drawing).
    label: how the CRS is declared: esri or gdal (WKT in a .prj, or in the file where its format has a place), comment
    or code (first line of a table), prj (beside a table); wrongly: wgs84, neighbour, hn72, deprecated; none.
    charset: what a Shapefile's .cpg or a MapInfo table says; None for nothing.
    layout: of a table: points, degrees, vertices, wkt or ends (lines that name their manholes); of a drawing: labels,
    blocks, circles or curves.
    version: of the format; GDAL where that program writes it.
    """

    suffix: str
    kind: str = ""
    crs: str = DEFAULT
    encoding: str = "utf-8"
    label: str = "esri"
    charset: str | None = "UTF-8"
    layout: str = "points"
    delimiter: str = ","
    decimal: str = "."
    mark: bool = False
    version: str = ""

    @property
    def format(self) -> str:
        return self.kind or self.suffix.removeprefix(".")

    @property
    def traits(self) -> Traits:
        return TRAITS[self.format]


@dataclass(frozen=True, slots=True)
class Defect:
    """Something planted: its kind, and what an importer is expected to do."""

    kind: str
    expected: str


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A record as written, and the row of the database that it must become.

    shape: EPSG:9214, with z where the file has it; None for a record without geometry.
    table: where it must arrive; None for a row that must not be accepted.
    true_shape: what must arrive where the delivered shape is spoilt.
    drawing_layer: layer within a DXF. overflown: columns whose number did not fit.
    """

    shape: shapely.Geometry | None
    fields: dict[str, Value]
    table: str | None
    expected: dict[str, Value] = field(default_factory=dict)
    axis: AxisRule | None = None
    true_shape: shapely.Geometry | None = None
    drawing_layer: str = "0"
    defects: tuple[Defect, ...] = ()
    overflown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """`numbers` are the places of the rows in the file where they do not simply follow each other."""

    name: str
    rows: tuple[Row, ...]
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """One delivered file (with its sidecars); `spoil` names what is done to the file itself, `packed` its archive."""

    path: str
    form: Form
    layers: tuple[Layer, ...]
    spoil: Defect | None = None
    packed: str = ""

    @property
    def stem(self) -> str:
        return self.path.rsplit("/", 1)[-1].removesuffix(self.form.suffix)
