"""What is told of tiles: tile matrix sets, tilesets (OGC 17-083r4, 20-057) and TileJSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from layers.area import area
from layers.bodies import has_bodies
from layers.errors import NotFound
from layers.grid import PIXELS, WEB_MERCATOR, WORLD, find_grid, grids
from layers.query import Box
from layers.tiling import tiled_properties, tiling
from ogc_api.config import CITY, MVT, PNG
from ogc_api.drawing import dimension
from ogc_api.negotiation import choose_text
from ogc_api.schemas import describe_property

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.catalog import Layer
    from layers.grid import Grid
    from ogc_api.edition import Edition

type Json = dict[str, Any]

TILE_JSON = "application/json"
_RELATION = "http://www.opengis.net/def/rel/ogc/1.0"
TILESETS, MAPS = f"{_RELATION}/tilesets-vector", f"{_RELATION}/tilesets-map"
# `tilesets-…` leads to a list of tilesets of OGC API Tiles, and 3D Tiles are none.
SCENES = "related"
SCHEME, SCHEMES = f"{_RELATION}/tiling-scheme", f"{_RELATION}/tiling-schemes"
_WELL_KNOWN = {name: f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{name}" for name in (WEB_MERCATOR, WORLD)}
# Beyond it a client enlarges what it has: a unit of such a tile is 4 cm.
_DEEPEST = 18


def choose_layers(edition: Edition, names: str | None) -> list[Layer]:
    """The layers of the parameter `collections` in its order, for None all in the catalogue's. Raises: NotFound."""
    if names is None:
        return list(edition.layers)
    return list(dict.fromkeys(edition.find_layer(name) for name in names.split(",")))


def list_schemes(edition: Edition, language: str) -> Json:
    """The tile matrix sets that there are."""
    return {"tileMatrixSets": [_scheme_entry(edition, grid, language) for grid in grids(edition.storage)]}


def _scheme_entry(edition: Edition, grid: Grid, language: str) -> Json:
    link = {
        "rel": "self",
        "type": "application/json",
        "title": choose_text(grid.title, language),
        "href": f"{edition.base_url}/tileMatrixSets/{grid.name}",
    }
    return {
        "id": grid.name,
        "title": choose_text(grid.title, language),
        **_uri(grid),
        "crs": grid.crs_uri,
        "links": [link],
    }


def describe_scheme(edition: Edition, name: str, language: str) -> Json:
    """A tile matrix set. Raises: NotFound."""
    grid = find_grid(name, edition.storage)
    if grid.name in _SCALES:
        axes = ["X", "Y"] if grid.name == WEB_MERCATOR else ["Lon", "Lat"]
        well_known = {"orderedAxes": axes, "wellKnownScaleSet": _SCALES[grid.name]}
    else:
        well_known = {"orderedAxes": ["N", "E"] if _is_yx(edition, grid) else ["E", "N"]}
    return {
        "id": grid.name,
        "title": choose_text(grid.title, language),
        **_uri(grid),
        "crs": grid.crs_uri,
        **well_known,
        "boundingBox": _extent(edition, grid),
        # By the first edition of the standard, too, which is what GDAL before 3.8 reads.
        "identifier": grid.name,
        "supportedCRS": grid.crs_uri,
        "tileMatrices": [_matrix(edition, grid, zoom) for zoom in range(grid.last_zoom + 1)],
    }


_SCALES = {
    WEB_MERCATOR: "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
    WORLD: "http://www.opengis.net/def/wkss/OGC/1.0/GoogleCRS84Quad",
}


def _extent(edition: Edition, grid: Grid) -> Json:
    corners = [[grid.west, grid.north - grid.side], [grid.west + grid.side * grid.columns, grid.north]]
    lower, upper = [corner[::-1] for corner in corners] if _is_yx(edition, grid) else corners
    return {"lowerLeft": lower, "upperRight": upper, "crs": grid.crs_uri}


def _matrix(edition: Edition, grid: Grid, zoom: int) -> Json:
    corner = [grid.north, grid.west] if _is_yx(edition, grid) else [grid.west, grid.north]
    cell = grid.cell(zoom)
    return {
        "id": str(zoom),
        "identifier": str(zoom),
        "topLeftCorner": corner,
        # A pixel of a screen is taken to be 0.28 mm (17-083r4, 6.2).
        "scaleDenominator": cell * grid.unit_m / 0.00028,
        "cellSize": cell,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": corner,
        "tileWidth": PIXELS,
        "tileHeight": PIXELS,
        "matrixWidth": grid.width(zoom),
        "matrixHeight": 2**zoom,
    }


def _is_yx(edition: Edition, grid: Grid) -> bool:
    """Whether the authority puts north before east."""
    return next(reference.is_yx for reference in edition.offered if reference.crs == grid.crs)


def _uri(grid: Grid) -> Json:
    return {"uri": _WELL_KNOWN[grid.name]} if grid.name in _WELL_KNOWN else {}


@dataclass(frozen=True, slots=True)
class Subject:
    """What tiles show: a layer, or the city for None; as features, or drawn as a map."""

    layer: Layer | None
    is_map: bool = False

    def url(self, edition: Edition) -> str:
        whole = f"{edition.base_url}/collections/{self.layer.name}" if self.layer else edition.base_url
        return f"{whole}{'/map' if self.is_map else ''}/tiles"


def list_tilesets(edition: Edition, subject: Subject, language: str) -> Json:
    """The tilesets of a subject."""
    links = [_link("self", "application/json", subject.url(edition), "Tilesets")]
    return {"tilesets": [_summary(edition, subject, grid, language) for grid in grids(edition.storage)], "links": links}


def _summary(edition: Edition, subject: Subject, grid: Grid, language: str) -> Json:
    url, title = f"{subject.url(edition)}/{grid.name}", _title(edition, subject.layer, language)
    scheme = f"{edition.base_url}/tileMatrixSets/{grid.name}"
    return {
        "title": f"{title}, {choose_text(grid.title, language)}",
        "dataType": "map" if subject.is_map else "vector",
        "crs": grid.crs_uri,
        "tileMatrixSetURI": _WELL_KNOWN.get(grid.name, scheme),
        "links": [
            _link("self", "application/json", url, title),
            _link(SCHEME, "application/json", scheme, choose_text(grid.title, language)),
        ],
    }


def describe_tileset(edition: Edition, subject: Subject, name: str, language: str) -> Json:
    """A tileset of a subject. Raises: NotFound."""
    grid = find_grid(name, edition.storage)
    summary, url = _summary(edition, subject, grid, language), f"{subject.url(edition)}/{name}"
    layers = (subject.layer,) if subject.layer else edition.layers
    kind, title = (PNG, "Map tiles") if subject.is_map else (MVT, "Vector tiles")
    item = _link("item", kind, f"{url}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", title) | {"templated": True}
    links = [*summary["links"], item]
    if grid.name == WEB_MERCATOR and not subject.is_map:
        links.append(_link("describedby", TILE_JSON, f"{url}?f=tilejson", "TileJSON"))
    west, south, east, north = edition.bounds(layers)
    return summary | {
        "boundingBox": {"lowerLeft": [west, south], "upperRight": [east, north], "crs": _CRS84},
        "tileMatrixSetLimits": _limits(edition, layers, grid),
        "layers": [_describe_layer(edition, one, grid, language) for one in layers],
        "links": links,
    }


_CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


def _limits(edition: Edition, layers: Sequence[Layer], grid: Grid) -> list[Json]:
    """Which tiles of each zoom there can be anything in."""
    box = area(Box(*edition.bounds(layers)), edition.storage)
    if box.is_empty:
        return []
    if grid.crs != edition.storage:
        west, south, east, north = box.bounds
        box = area(Box(west, south, east, north, crs=edition.storage), grid.crs)
    found = []
    for zoom in _zooms(layers, grid):
        top, bottom, left, right = grid.limits(zoom, box.bounds)
        rows = {"minTileRow": top, "maxTileRow": bottom, "minTileCol": left, "maxTileCol": right}
        found.append({"tileMatrix": str(zoom), **rows})
    return found


def _zooms(layers: Sequence[Layer], grid: Grid) -> range:
    first = min(tiling(layer).first_zoom for layer in layers)
    return range(next(z for z in range(grid.last_zoom + 1) if grid.web_zoom(z) >= first), grid.last_zoom + 1)


def _describe_layer(edition: Edition, layer: Layer, grid: Grid, language: str) -> Json:
    zooms = _zooms([layer], grid)
    properties = {p.name: describe_property(p, language) for p in tiled_properties(layer, 99)}
    return {
        "id": layer.name,
        "title": choose_text(layer.title, language),
        "description": choose_text(layer.description, language),
        "dataType": "vector",
        "geometryDimension": dimension(layer),
        "minTileMatrix": str(zooms[0]),
        "maxTileMatrix": str(zooms[-1]),
        "propertiesSchema": {"type": "object", "properties": properties},
        "links": [_link("geodata", "application/json", f"{edition.base_url}/collections/{layer.name}", layer.name)],
    }


def write_tilejson(edition: Edition, layer: Layer | None, name: str, language: str) -> Json:
    """TileJSON 3.0 of the tiles of a layer, or of the city for None. Raises: NotFound for a grid it cannot tell of."""
    if find_grid(name, edition.storage).name != WEB_MERCATOR:
        raise NotFound(f"TileJSON knows {WEB_MERCATOR} only, not {name}")
    layers = edition.layers if layer is None else (layer,)
    title = _title(edition, layer, language)
    return {
        "tilejson": "3.0.0",
        "name": title,
        "description": choose_text(layer.description, language) if layer else title,
        "scheme": "xyz",
        "tiles": [f"{edition.base_url}/tiles/{layer.name if layer else CITY}/{{z}}/{{x}}/{{y}}.pbf"],
        "minzoom": min(tiling(one).first_zoom for one in layers),
        "maxzoom": _DEEPEST,
        "bounds": list(edition.bounds(layers)),
        "vector_layers": [vector for one in layers for vector in _vector_layers(one, language)],
    }


def _vector_layers(layer: Layer, language: str) -> list[Json]:
    """The layer, and the one in which its tiles say that features are left out."""
    zooms = {"minzoom": tiling(layer).first_zoom, "maxzoom": _DEEPEST}
    kinds = {"integer": "Number", "number": "Number", "boolean": "Boolean"}
    fields = {p.name: kinds.get(p.type, "String") for p in tiled_properties(layer, 99)}
    note = {"id": f"{layer.name}_left_out", "fields": {"shown": "Number", "left_out": "Number"}}
    return [
        {"id": layer.name, "description": choose_text(layer.title, language), **zooms, "fields": fields},
        {**note, "description": f"{choose_text(layer.title, language)}: left out of a tile", **zooms},
    ]


def _title(edition: Edition, layer: Layer | None, language: str) -> str:
    return choose_text(layer.title if layer else edition.service.title, language)


def _link(rel: str, kind: str, href: str, title: str) -> Json:
    return {"rel": rel, "type": kind, "title": title, "href": href}


def tileset_links(edition: Edition, layer: Layer | None) -> list[Json]:
    """Links from a layer, or from the landing page for None, to its tiles."""
    own = [
        _link(TILESETS, "application/json", Subject(layer).url(edition), "Vector tiles"),
        _link(MAPS, "application/json", Subject(layer, is_map=True).url(edition), "Map tiles"),
    ]
    if layer is None or has_bodies(layer):
        whole = f"{edition.base_url}/collections/{layer.name}" if layer else edition.base_url
        own.append(_link(SCENES, "application/json", f"{whole}/3dtiles/tileset.json", "3D Tiles"))
    schemes = _link(SCHEMES, "application/json", f"{edition.base_url}/tileMatrixSets", "Tile matrix sets")
    return own if layer else [*own, schemes]
