"""A project for QGIS that opens the city: its layers as features of this service, in its styles and their order."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as ET

import numpy as np

from layers.crs import WGS84, parse_crs, transform_points
from layers.label import Label
from ogc_api.config import CITY
from ogc_api.drawing import dimension, draw, in_order
from ogc_api.negotiation import choose_text
from styles.qml import DOCTYPE, VERSION, add_symbology
from styles.rules import to_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.catalog import Layer
    from layers.crs import Crs
    from ogc_api.edition import Edition

_KINDS = ("Point", "Line", "Polygon")
_ADDED = Label("Lớp bổ sung", "Added layers")
_OTHERS = Label("Khác", "Others")
_GROUPS = {
    Label("Công trường, phản ánh", "Works and reports"): ("citizen_reports", "excavations", "restricted_zones"),
    Label("Dưới mặt đất", "Below ground"): ("utility_nodes", "utility_lines"),
    Label("Trên mặt đất", "Above ground"): ("trees", "roads", "buildings"),
    Label("Nền", "Base"): ("parcels", "boundaries", "terrain"),
}
_MAP = Label("Ảnh bản đồ của thành phố", "Map tiles of the city")
# The same project has the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)


def write_project(edition: Edition, language: str, authcfg: str | None) -> bytes:
    """A .qgz with the layers of the edition's audience and no key.

    `authcfg` is the id under which QGIS keeps a key: it is written into the sources.
    """
    content: bytes = DOCTYPE + ET.tostring(_project(edition, language, authcfg), "utf-8")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(f"{CITY}.qgs", _DATE), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _project(edition: Edition, language: str, authcfg: str | None) -> ET.Element:
    title = choose_text(edition.service.title, language)
    # From the top down, as QGIS lists them.
    layers = in_order(edition.layers)[::-1]
    root = ET.Element("qgis", projectname=title, version=VERSION)
    ET.SubElement(root, "title").text = title
    _add_crs(ET.SubElement(root, "projectCrs"), edition.storage)
    systems = ET.SubElement(ET.SubElement(root, "properties"), "SpatialRefSys")
    ET.SubElement(systems, "ProjectionsEnabled", type="int").text = "1"
    _add_tree(root, layers, language)
    _add_canvas(root, edition)
    listed = ET.SubElement(root, "projectlayers")
    for layer in layers:
        _add_layer(listed, edition, layer, language, authcfg)
    _add_map(listed, edition, language)
    return root


def _key(name: str) -> str:
    return f"{name}_{uuid5(NAMESPACE_URL, f'city-twin {name}').hex}"


def _add_crs(parent: ET.Element, crs: Crs) -> None:
    system = ET.SubElement(parent, "spatialrefsys", nativeFormat="Wkt")
    for name, text in (("wkt", crs.wkt), ("srid", str(crs.srid)), ("authid", crs.code)):
        ET.SubElement(system, name).text = text


def _add_tree(root: ET.Element, layers: Sequence[Layer], language: str) -> None:
    """Groups as people look for layers, and beside them the order in which they are drawn."""
    tree = ET.SubElement(root, "layer-tree-group")
    for label in (_ADDED, *_GROUPS, _OTHERS):
        members = [layer for layer in layers if _group(layer) == label]
        if members:
            group = ET.SubElement(
                tree, "layer-tree-group", name=choose_text(label, language), checked="Qt::Checked", expanded="1"
            )
            for layer in members:
                _add_entry(group, _key(layer.name), choose_text(layer.title, language), is_shown=True)
    _add_entry(tree, _key(CITY), choose_text(_MAP, language), is_shown=False)
    order = ET.SubElement(tree, "custom-order", enabled="1")
    for name in (*(layer.name for layer in layers), CITY):
        ET.SubElement(order, "item").text = _key(name)


def _group(layer: Layer) -> Label:
    named = (label for label, names in _GROUPS.items() if layer.name in names)
    return _ADDED if layer.look is not None else next(named, _OTHERS)


def _add_entry(parent: ET.Element, key: str, title: str, *, is_shown: bool) -> None:
    checked = "Qt::Checked" if is_shown else "Qt::Unchecked"
    ET.SubElement(parent, "layer-tree-layer", id=key, name=title, checked=checked, expanded="0")


def _add_canvas(root: ET.Element, edition: Edition) -> None:
    canvas = ET.SubElement(root, "mapcanvas", name="theMapCanvas", annotationsVisible="1")
    ET.SubElement(canvas, "units").text = "meters"
    west, south, east, north = edition.bounds(edition.layers)
    corners = np.array([[west, south], [east, south], [east, north], [west, north]])
    places = transform_points(corners, parse_crs(WGS84), edition.storage)
    numbers = (*places.min(axis=0).tolist(), *places.max(axis=0).tolist())
    bounds = dict(zip(("xmin", "ymin", "xmax", "ymax"), (f"{number:.3f}" for number in numbers), strict=True))
    extent = ET.SubElement(canvas, "extent")
    for name, number in bounds.items():
        ET.SubElement(extent, name).text = number
    ET.SubElement(canvas, "rotation").text = "0"
    _add_crs(ET.SubElement(canvas, "destinationsrs"), edition.storage)
    view = ET.SubElement(ET.SubElement(root, "ProjectViewSettings"), "DefaultViewExtent", bounds)
    _add_crs(view, edition.storage)


def _add_layer(parent: ET.Element, edition: Edition, layer: Layer, language: str, authcfg: str | None) -> None:
    drawings, of = draw(layer), dimension(layer)
    scale = _largest_scale(drawings)
    about = {"type": "vector", "geometry": _KINDS[of], "autoRefreshEnabled": "0", "simplifyDrawingHints": "1"}
    about |= {"hasScaleBasedVisibilityFlag": "1", "minScale": f"{scale:.0f}", "maxScale": "0"} if scale else {}
    element = ET.SubElement(parent, "maplayer", about)
    ET.SubElement(element, "id").text = _key(layer.name)
    ET.SubElement(element, "datasource").text = _source(edition, layer, authcfg)
    ET.SubElement(element, "layername").text = choose_text(layer.title, language)
    ET.SubElement(element, "abstract").text = choose_text(layer.description, language)
    _add_crs(ET.SubElement(element, "srs"), parse_crs(WGS84))
    ET.SubElement(element, "provider", encoding="UTF-8").text = "OAPIF"
    _add_labels(element, layer, language)
    add_symbology(element, layer.name, drawings, of)


def _largest_scale(drawings: list[dict[str, Any]]) -> float | None:
    """The scale denominator above which nothing of a layer is drawn, so that it need not be read."""
    scales = [rule.most_scale for rule in to_rules(drawings)]
    return None if None in scales else max(scale for scale in scales if scale is not None)


def _source(edition: Edition, layer: Layer, authcfg: str | None) -> str:
    parts = {"authcfg": authcfg} if authcfg else {}
    parts |= {"pagingEnabled": "true", "restrictToRequestBBOX": "1", "pageSize": "1000"}
    parts |= {"typename": layer.name, "url": edition.base_url, "version": "OGC_API_FEATURES"}
    return " ".join(f"{name}='{value}'" for name, value in parts.items())


def _add_labels(element: ET.Element, layer: Layer, language: str) -> None:
    """What people call the properties."""
    aliases = ET.SubElement(element, "aliases")
    for index, described in enumerate(layer.properties):
        label = choose_text(described.label, language)
        ET.SubElement(aliases, "alias", field=described.name, name=label, index=str(index))


def _add_map(parent: ET.Element, edition: Edition, language: str) -> None:
    """The city as map tiles: for a look at once."""
    element = ET.SubElement(parent, "maplayer", type="raster")
    ET.SubElement(element, "id").text = _key(CITY)
    url = f"{edition.base_url}/tiles/{CITY}/{{z}}/{{x}}/{{y}}.png".replace("{", "%7B").replace("}", "%7D")
    ET.SubElement(element, "datasource").text = f"type=xyz&url={url}&zmax=22&zmin=0"
    ET.SubElement(element, "layername").text = choose_text(_MAP, language)
    _add_crs(ET.SubElement(element, "srs"), parse_crs("EPSG:3857"))
    ET.SubElement(element, "provider").text = "wms"
