"""KML and KMZ: placemarks by folder with their data; nothing outside the file is followed.

Source: OGC 12-007r2 (KML 2.3). Coordinates are longitude, latitude, metres, WGS 84.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.errors import GEOSException

from importers.faults import Fault, Rejected
from importers.formats.archives import open_archive
from importers.formats.coordinates import gather
from importers.formats.gdal import SEND_AGAIN, UNICODE, stem
from importers.formats.records import Records
from importers.formats.xml_tree import open_tag, parse_xml, text_at
from importers.source import Dataset
from layers.crs import WGS84

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from numpy.typing import NDArray

    from importers.source import SourceLayer

_MOST_BYTES = 2**30
_FOLDERS = ("Document", "Folder")
# What is no thing of the city: said in the notes.
_ASIDE = ("NetworkLink", "GroundOverlay", "ScreenOverlay", "PhotoOverlay", "Tour")
_GEOMETRIES = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Model", "Track", "MultiTrack")
_LINES = ("LineString", "LinearRing", "Track")
_GATHERED = ("MultiGeometry", "MultiTrack")
_RELATIVE = "altitudes"
_TOLD = ("name", "description", "address", "phoneNumber")
_TIMES = ("TimeStamp", "TimeSpan")


def is_kml(head: bytes, _: str) -> bool:
    return open_tag(head)[0] == "kml"


def is_kmz(head: bytes, suffix: str) -> bool:
    return head[:4] == b"PK\x03\x04" and (suffix == ".kmz" or head[30:37] == b"doc.kml")


def read_kml(dataset: Dataset) -> Iterator[SourceLayer]:
    """One layer a folder that has placemarks; rows count the placemarks of the folder."""
    yield from _layers(dataset, parse_xml(dataset), ())


def read_kmz(dataset: Dataset) -> Iterator[SourceLayer]:
    """The layers of the archive's main document. Raises: Rejected for an archive that is broken or has none."""
    with TemporaryDirectory(prefix="city-twin-") as folder:
        main = Path(folder) / "doc.kml"
        others = _unpack(dataset, main)
        notes = (f"{others} more .kml files in the archive left aside",) if others else ()
        yield from _layers(dataset, parse_xml(Dataset(main, main.parent, (main,))), notes)


def _unpack(dataset: Dataset, main: Path) -> int:
    """Writes the main document, and counts the others: doc.kml, or else the first one (OGC 12-007r2, annex C)."""
    with open_archive(dataset) as archive:
        documents = [entry for entry in archive.infolist() if entry.filename.lower().endswith(".kml")]
        chosen = min(documents, key=lambda entry: entry.filename.lower() != "doc.kml", default=None)
        if chosen is None or chosen.file_size > _MOST_BYTES:
            raise Rejected(Fault.UNREADABLE, f"{dataset.name} holds no .kml below 1 GiB", SEND_AGAIN)
        main.write_bytes(archive.read(chosen))
    return len(documents) - 1


def _layers(dataset: Dataset, root: Element, notes: tuple[str, ...]) -> Iterator[SourceLayer]:
    aside: Counter[str] = Counter()
    folders: dict[str, Records] = {}
    _collect(root, (), folders, aside)
    if not folders and aside:
        said = f"{dataset.name} holds nothing but {aside.total()} links to other files, which are not followed"
        raise Rejected(Fault.GEOMETRY_MISSING, said, "deliver those files")
    if relative := aside.pop(_RELATIVE, 0):
        notes += (f"{relative} placemarks have altitudes from the ground up, or do not say from where: kept, not used",)
    notes += tuple(f"{count} {kind} left aside, not followed" for kind, count in sorted(aside.items()))
    for name, folder in folders.items():
        yield folder.to_layer(name or stem(dataset), crs=WGS84, crs_origin="KML", encoding=UNICODE, notes=notes)


def _collect(parent: Element, path: tuple[str, ...], folders: dict[str, Records], aside: Counter[str]) -> None:
    """Placemarks below an element into the folder that they lie in."""
    for element in parent:
        kind = element.tag
        if kind in _FOLDERS:
            own = text_at(element, "name")
            _collect(element, (*path, own) if own else path, folders, aside)
        elif kind == "Placemark":
            shape, record = _placemark(element)
            folders.setdefault("/".join(path), Records()).add(shape, record)
            aside[_RELATIVE] += "altitudes" in record
        elif kind in _ASIDE:
            aside[kind] += 1


def _child(element: Element, *names: str) -> Element | None:
    return next((child for child in element if child.tag in names), None)


def _placemark(element: Element) -> tuple[shapely.Geometry | None, dict[str, Any]]:
    record: dict[str, Any] = {name: text_at(element, name) for name in _TOLD if element.find(name) is not None}
    record |= {child.tag: text_at(child, ".") for time in _TIMES for child in element.iterfind(f"{time}/*")}
    for name, value in _extended(element):
        record[f"{name} (data)" if name in _TOLD else name] = value
    shape = next((child for child in element if child.tag in _GEOMETRIES), None)
    if shape is None:
        return None, record
    mode = next((e.text for e in shape.iter("altitudeMode")), None)
    geometry = _geometry(shape)
    if mode:
        record["altitudeMode"] = mode
    if mode != "absolute" and geometry is not None and geometry.has_z:
        heights = shapely.get_coordinates(geometry, include_z=True)[:, 2]
        if heights.any():
            record["altitudes"] = " ".join(f"{height:g}" for height in heights.tolist())
        geometry = shapely.force_2d(geometry)
    return geometry, record


def _extended(placemark: Element) -> Iterator[tuple[str, str | None]]:
    """Untyped pairs, and those of a schema, whose types are only said elsewhere."""
    for pair in placemark.iterfind("ExtendedData/Data"):
        yield pair.get("name", ""), text_at(pair, "value")
    for pair in placemark.iterfind("ExtendedData/SchemaData/SimpleData"):
        yield pair.get("name", ""), text_at(pair, ".")


def _geometry(element: Element) -> shapely.Geometry | None:
    """Geometry in degrees; z where every vertex has an altitude. None for what is no point, line or area."""
    if element.tag in _GATHERED:
        return gather([_geometry(child) for child in element])
    try:
        with np.errstate(invalid="ignore"):  # coordinates that are no numbers are told from the geometry later
            return _polygon(element) if element.tag == "Polygon" else _path(element)
    except GEOSException:  # a ring that is not closed, for one of its ends is no number
        return None


def _polygon(element: Element) -> shapely.Geometry | None:
    outer, inner = (_rings(element, boundary) for boundary in ("outerBoundaryIs", "innerBoundaryIs"))
    return shapely.Polygon(outer[0], inner) if outer else None


def _path(element: Element) -> shapely.Geometry | None:
    points = _points(element)
    if element.tag == "Point":
        return shapely.Point(points[0]) if len(points) else None
    return shapely.LineString(points) if element.tag in _LINES and len(points) > 1 else None


def _rings(polygon: Element, boundary: str) -> list[NDArray[np.float64]]:
    return [points for ring in polygon.iterfind(f"{boundary}/LinearRing") if len(points := _points(ring)) > 2]


def _points(element: Element) -> NDArray[np.float64]:
    """Vertices (n, 3), or (n, 2) where not every one has an altitude; NaN for what is no number."""
    text = text_at(element, "coordinates") or ""
    tuples = [vertex.split(",") for vertex in re.sub(r"\s*,\s*", ",", text).split()]
    tuples += [(coord.text or "").split() for coord in element.iterfind("coord")]  # of a track
    width = 3 if tuples and all(len(vertex) > 2 and vertex[2] for vertex in tuples) else 2
    rows = [[_number(vertex[i]) if i < len(vertex) else np.nan for i in range(width)] for vertex in tuples]
    return np.array(rows).reshape(-1, width)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
