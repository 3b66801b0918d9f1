"""What the tiles of a layer hold: from which zoom on, and which of its properties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layers.catalog import Layer, Property

# From here on people look at single things, and want to know more of each.
DETAIL_ZOOM = 15


@dataclass(frozen=True, slots=True)
class Tiling:
    """Zooms are those of WebMercatorQuad; `overview` are the properties that tiles of every zoom have."""

    first_zoom: int
    overview: tuple[str, ...]
    detail: tuple[str, ...] = ()


_UTILITY = ("discipline", "elevation_source", "status")
_UTILITY_DETAIL = (
    *("owner", "subtype", "material", "quality_level", "horizontal_accuracy_m", "vertical_accuracy_m"),
    *("schematic", "outer_width_m"),
)
_TILINGS = {
    "terrain": Tiling(0, ("name",), ("vertical_datum", "resolution_m", "surveyed_on")),
    "boundaries": Tiling(0, ("level", "name"), ("code",)),
    "roads": Tiling(8, ("name", "road_class"), ("code", "surface", "width_m")),
    "restricted_zones": Tiling(8, ("demand", "kind", "name")),
    "utility_lines": Tiling(10, _UTILITY, (*_UTILITY_DETAIL, "outer_height_m", "section_shape")),
    "excavations": Tiling(10, ("status", "name"), ("depth_m", "starts_on", "ends_on")),
    "buildings": Tiling(12, ("height_m",), ("name", "use", "address", "storeys", "ground_m")),
    "parcels": Tiling(13, ("land_use",), ("sheet", "number", "legal_area_m2")),
    "trees": Tiling(13, ("species",), ("code", "height_m", "crown_diameter_m", "stem_diameter_m", "condition")),
    "citizen_reports": Tiling(12, ("topic", "status"), ("reference", "service", "reported_on", "unit")),
    "utility_nodes": Tiling(13, _UTILITY, (*_UTILITY_DETAIL, "kind", "cover_m", "bottom_m")),
}


def tiling(layer: Layer) -> Tiling:
    """The tiling of a layer; one that nobody thought of has all that it says itself, from a district's zoom on."""
    known = _TILINGS.get(layer.name)
    if known is not None:
        return known
    own = [p for p in layer.properties if not p.is_derived]
    few = tuple(p.name for p in own if p.values or p.name == "name")
    return Tiling(10, few, tuple(p.name for p in own if p.name not in few))


def tiled_properties(layer: Layer, web_zoom: int) -> list[Property]:
    """The properties that a tile of a zoom has."""
    rule = tiling(layer)
    names = rule.overview + (rule.detail if web_zoom >= DETAIL_ZOOM else ())
    return [p for p in layer.properties if p.name in names]
