"""The list of the twin's own layers: what each holds, how it is called, who may read it."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from typing import TYPE_CHECKING

from layers.database import Audience, Connection
from layers.errors import NotFound
from layers.label import Label, Range
from layers.layout import ColumnLayout, Kind, TableLayout, read_layouts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


# JSON Schema (type, format) of a column; other columns are text.
_JSON_TYPES: dict[Kind, tuple[str, str | None]] = {
    "bigint": ("integer", None),
    "integer": ("integer", None),
    "smallint": ("integer", None),
    "double": ("number", None),
    "boolean": ("boolean", None),
    "date": ("string", "date"),
}

_SQL_TYPES = {
    "integer": "bigint",
    "number": "double precision",
    "boolean": "boolean",
    "string": "text",
    "array": "jsonb",
    "object": "jsonb",
}
_SQL_FORMATS = {"date": "date", "date-time": "timestamptz"}


@dataclass(frozen=True, slots=True)
class Property:
    """A served attribute: its column, its JSON Schema type and format, what people call it, and what it may be.

    `values` are all there are, where they are few. A required one has to be given, a derived one cannot be.
    """

    name: str
    type: str
    format: str | None
    label: Label
    values: tuple[str, ...] = ()
    range: Range | None = None
    is_required: bool = False
    is_derived: bool = False

    @property
    def sql_type(self) -> str:
        """PostgreSQL type in which its values are compared."""
        return _SQL_FORMATS.get(self.format or "") or _SQL_TYPES[self.type]

    @property
    def is_nested(self) -> bool:
        """Whether its values are lists or objects, which nothing is compared with."""
        return self.type in ("array", "object")


@dataclass(frozen=True, slots=True)
class Look:
    """How a custom layer looks: its colour, and the MapLibre layers as JSON where somebody made it a style."""

    colour: str
    style: str | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """A table of features. `geometry_sql` is what is served; the indexed plan geometry is always `geom`."""

    name: str
    title: Label
    description: Label
    properties: tuple[Property, ...]
    ranges: tuple[Range, ...]
    geometry_type: str
    geometry_sql: str
    audience: Audience
    # Properties that say when a feature begins and ends to exist, where it has such; one twice: it is of that day.
    interval: tuple[str, str] | None = None
    has_solids: bool = False
    # Of a layer that the city added itself.
    look: Look | None = None

    @builtins.property
    def queryables(self) -> tuple[Property, ...]:
        """The properties by which features are found and sorted."""
        return tuple(p for p in self.properties if not p.is_nested)

    @builtins.property
    def has_heights(self) -> bool:
        """Whether its geometries have a z where it is known."""
        return self.geometry_sql != "geom"

    def property(self, name: str) -> Property:
        """Raises: NotFound for a name the layer does not have."""
        for candidate in self.properties:
            if candidate.name == name:
                return candidate
        known = ", ".join(p.name for p in self.properties)
        raise NotFound(f"layer '{self.name}' has no property '{name}': it has {known}")


@dataclass(frozen=True, slots=True)
class LayerState:
    """What a layer holds now; `bounds` in storage CRS (minx, miny, maxx, maxy), None when empty."""

    version: int
    features: int
    changed_at: datetime
    bounds: tuple[float, float, float, float] | None


def _properties(table: TableLayout) -> tuple[Property, ...]:
    """The columns that have a name for people, those that say where a feature came from last."""
    told = [_property(column, column.label) for column in table.columns.values() if column.label is not None]
    return (*(p for p in told if not p.is_derived), *(p for p in told if p.is_derived))


def _property(column: ColumnLayout, label: Label) -> Property:
    return Property(
        column.name,
        *_JSON_TYPES.get(column.kind, ("string", None)),
        label,
        column.values,
        column.range,
        is_required=not column.is_nullable and not column.has_default,
        is_derived=column.name.startswith("source_"),
    )


def _layer(  # noqa: PLR0913 - what sets a layer apart from most
    name: str,
    title: Label,
    description: Label,
    *,
    geometry_sql: str = "geom",
    audience: Audience = Audience.PUBLIC,
    interval: tuple[str, str] | None = None,
) -> Layer:
    table = read_layouts()[name]
    return Layer(
        name,
        title,
        description,
        _properties(table),
        tuple(column.range for column in table.columns.values() if column.range is not None),
        table.geometry_type,
        geometry_sql,
        audience,
        interval,
        has_solids="solid" in table.columns,
    )


LAYERS: tuple[Layer, ...] = (
    _layer(
        "boundaries",
        Label("Ranh giới hành chính", "Boundaries"),
        Label("Thành phố và các phường, xã", "The city and its wards"),
    ),
    _layer(
        "parcels",
        Label("Thửa đất", "Parcels"),
        Label("Thửa đất địa chính, không có thông tin cá nhân", "Cadastral parcels, without personal data"),
    ),
    _layer(
        "buildings",
        Label("Công trình", "Buildings"),
        Label("Chân công trình và chiều cao", "Footprints with ground elevation and height"),
    ),
    _layer("roads", Label("Đường", "Roads"), Label("Tim đường", "Road centre lines")),
    _layer("trees", Label("Cây xanh", "Trees"), Label("Cây xanh đô thị", "Urban trees")),
    _layer(
        "citizen_reports",
        Label("Phản ánh của người dân", "Citizen reports"),
        Label(
            "Phản ánh hiện trường: vị trí, lĩnh vực, trạng thái, đơn vị xử lý; không có nội dung và thông tin cá nhân",
            "Reports: place, service, status, responsible unit; neither their text nor personal data",
        ),
        interval=("reported_on", "closed_on"),
    ),
    _layer(
        "terrain",
        Label("Địa hình", "Terrain"),
        Label("Phạm vi các mô hình số độ cao", "Extents of the elevation rasters"),
        interval=("surveyed_on", "surveyed_on"),
    ),
    _layer(
        "utility_lines",
        Label("Tuyến ngầm", "Utility lines"),
        Label(
            "Đường ống và cáp ngầm; cao độ là tim của mặt cắt, thiếu z là chưa biết",
            "Underground pipes and cables; z is the axis of the section, no z means unknown",
        ),
        geometry_sql="coalesce(axis, geom)",
        audience=Audience.OPERATOR,
        interval=("valid_from", "valid_to"),
    ),
    _layer(
        "utility_nodes",
        Label("Nút ngầm", "Utility nodes"),
        Label("Hố ga, van, bể cáp; z là cao độ nắp", "Manholes, valves, chambers; z is the cover's elevation"),
        geometry_sql="coalesce(st_force3dz(geom, cover_m), geom)",
        audience=Audience.OPERATOR,
        interval=("valid_from", "valid_to"),
    ),
    _layer(
        "excavations",
        Label("Công trình đào", "Excavations"),
        Label("Các vị trí dự kiến đào", "Planned excavations"),
        audience=Audience.OPERATOR,
        interval=("starts_on", "ends_on"),
    ),
    _layer(
        "restricted_zones",
        Label("Khu vực hạn chế đào", "Restricted zones"),
        Label(
            "Nơi cấm đào, cần chấp thuận hoặc cần giám sát: di tích, đê, quốc phòng, đường sắt",
            "Where digging is forbidden, needs a consent or is watched: monuments, dikes, defence, railways",
        ),
        audience=Audience.OPERATOR,
        interval=("valid_from", "valid_to"),
    ),
)


# The properties that every layer has behind its own.
PROVENANCE = tuple(p for p in LAYERS[0].properties if p.is_derived)


def layers_for(audience: Audience) -> tuple[Layer, ...]:
    """The layers that an audience may know of, in the order they are shown."""
    if audience is Audience.OPERATOR:
        return LAYERS
    return tuple(layer for layer in LAYERS if layer.audience is Audience.PUBLIC)


def find_layer(name: str, audience: Audience = Audience.OPERATOR) -> Layer:
    """Raises: NotFound for an unknown layer, and for one the audience may not know of."""
    for layer in layers_for(audience):
        if layer.name == name:
            return layer
    raise NotFound(f"there is no layer '{name}': there are {', '.join(x.name for x in layers_for(audience))}")


def read_versions(connection: Connection) -> dict[str, int]:
    """Version of each layer by name: what caches are compared with, so it costs next to nothing."""
    return dict(connection.execute("select layer, version from visible_layer_states").fetchall())


def count_all(connection: Connection) -> dict[str, int]:
    """Number of features of each layer by name, of those that the connection's role may read."""
    return dict(connection.execute("select layer, features from visible_layer_states").fetchall())


def read_states(connection: Connection, layers: Sequence[Layer]) -> dict[str, LayerState]:
    """State of each of these layers by name, of those that the connection's role may read."""
    rows = connection.execute(
        "select layer, version, features, changed_at from visible_layer_states where layer = any(%s)",
        ([layer.name for layer in layers],),
    ).fetchall()
    return {
        name: LayerState(version, features, changed_at, _bounds(connection, name))
        for name, version, features, changed_at in rows
    }


def _bounds(connection: Connection, layer: str) -> tuple[float, float, float, float] | None:
    row = connection.execute(
        f'select st_xmin(e), st_ymin(e), st_xmax(e), st_ymax(e) from (select st_extent(geom) e from "{layer}") b'  # noqa: S608 - a name of the catalogue
    ).fetchone()
    return None if row is None or row[0] is None else row
