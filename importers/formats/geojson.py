"""GeoJSON, JSON-FG and their sequences, parsed here: no record is dropped and no number rounded.

Source: RFC 7946; RFC 8142 (text sequences); OGC 21-045r1 (JSON-FG 1.0).
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from importers.faults import Fault, Rejected
from importers.formats.axes import name_crs, puts_north_first
from importers.formats.coordinates import read_geometry
from importers.formats.gdal import SEND_AGAIN, UNICODE, stem
from importers.formats.records import Records, swap_axes
from importers.source import Rival
from layers.crs import WGS84

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import shapely

    from importers.source import Dataset, SourceLayer

_VN2000 = "EPSG:4756"
_RECORD_SEPARATOR = b"\x1e"
_BLANK = b"\xef\xbb\xbf \r\n\t"
_SEQUENCES = (".geojsonl", ".geojsons", ".geojsonseq", ".ndjson", ".ndgeojson", ".jsonl", ".geojsonld")
_GEOMETRIES = {"Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"}
# Other JSON, by what tells it apart.
_OTHER = {"Topology": "TopoJSON", "CityJSON": "CityJSON", "CityJSONFeature": "CityJSON", "Catalog": "a STAC catalogue"}
_HALF = re.compile("[\ud800-\udfff]")
_LONGEST_INTEGER = 2**63


def is_geojson(head: bytes, _: str) -> bool:
    """An object, or a list of them: "[TITLE]" begins a section of another format."""
    return re.match(rb"\{|\[\s*[{\]]", head.lstrip(_BLANK)) is not None


def is_jsonfg(head: bytes, _: str) -> bool:
    return is_geojson(head, _) and re.search(rb'/json-fg|"coordRefSys"\s*:', head) is not None


def is_geojson_sequence(head: bytes, suffix: str) -> bool:
    """One text a line, or after each record separator."""
    body = head.lstrip(_BLANK)
    if body[:1] == _RECORD_SEPARATOR:
        return True
    if body[:1] != b"{":
        return False
    return suffix in _SEQUENCES or re.search(rb"\}[ \t]*\r?\n\{", body) is not None


def read_geojson(dataset: Dataset) -> Iterator[SourceLayer]:
    """One layer a feature type and reference system; rows are the places in the file's list of features.

    z is an elevation like in every other file: nobody who leaves the system out has declared heights above the
    ellipsoid. Of JSON-FG, `place` goes before `geometry`.
    Raises: Rejected for text that is no JSON or other JSON.
    """
    text, encoding = _decode(dataset.path.read_bytes())
    document = _parse(text, dataset, "")
    yield from _layers(dataset, _features(document, dataset), document, encoding)


def read_geojson_sequence(dataset: Dataset) -> Iterator[SourceLayer]:
    """As `read_geojson`; each text of the sequence is a feature, a collection or a geometry."""
    text, encoding = _decode(dataset.path.read_bytes())
    parts = text.split("\x1e") if "\x1e" in text else text.split("\n")
    documents = [_parse(part, dataset, f"record {i}: ") for i, part in enumerate(parts, start=1) if part.strip()]
    features = (feature for document in documents for feature in _features(document, dataset))
    yield from _layers(dataset, features, documents[0] if documents else {}, encoding)


def _decode(content: bytes) -> tuple[str, str | None]:
    """The text, and its encoding where it is what the format demands; else an ISO-8859-1 view of the bytes."""
    try:
        return content.decode(json.detect_encoding(content)), UNICODE
    except UnicodeDecodeError:
        return content.removeprefix(b"\xef\xbb\xbf").decode("iso-8859-1"), None


def _parse(text: str, dataset: Dataset, where: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise Rejected(Fault.UNREADABLE, f"{dataset.name}: {where}nested too deeply", SEND_AGAIN) from error
    except json.JSONDecodeError as error:
        fault, what = (
            (Fault.TRUNCATED, "is cut short") if _is_cut_short(error) else (Fault.UNREADABLE, "is not valid JSON")
        )
        raise Rejected(fault, f"{dataset.name} {what}: {where}{error}", SEND_AGAIN) from error
    except ValueError as error:
        raise Rejected(Fault.UNREADABLE, f"{dataset.name} is not valid JSON: {where}{error}", SEND_AGAIN) from error


def _is_cut_short(error: json.JSONDecodeError) -> bool:
    return error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string")


def _features(document: Any, dataset: Dataset) -> list[Any]:
    """The features of a collection, or the one that a feature or a geometry alone is."""
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        return list(document["features"])
    if kind == "Feature":
        return [document]
    if kind in _GEOMETRIES:
        return [{"type": "Feature", "properties": {}, "geometry": document}]
    if isinstance(document, list) and all(isinstance(f, dict) and f.get("type") == "Feature" for f in document):
        return document
    esri = isinstance(document, dict) and ("geometryType" in document or "spatialReference" in document)
    what = _OTHER.get(str(kind)) or ("Esri JSON" if esri else "JSON without features")
    raise Rejected(Fault.UNKNOWN_FORMAT, f"{dataset.name} is {what}, not GeoJSON", "export it as GeoJSON")


def _layers(dataset: Dataset, features: Iterable[Any], document: Any, encoding: str | None) -> Iterator[SourceLayer]:
    head = document if isinstance(document, dict) else {}
    crs, origin = _declared_crs(head)
    place_crs = head.get("coordRefSys")
    layers: dict[tuple[str, str | None], Records] = {}
    others: dict[tuple[str, str | None], list[shapely.Geometry | None]] = {}
    for row, feature in enumerate(features, start=1):
        stated = feature if isinstance(feature, dict) else {}
        in_place = stated.get("place") is not None
        code, swapped = _place_crs(stated.get("coordRefSys") or place_crs) if in_place else (crs, False)
        geometry, told = read_geometry(stated["place"] if in_place else stated.get("geometry"))
        if geometry is not None and swapped:
            geometry = swap_axes(geometry)
        key = str(stated.get("featureType") or stem(dataset)), code
        layers.setdefault(key, Records()).add(geometry, told | _properties(stated), row)
        others.setdefault(key, []).append(read_geometry(stated.get("geometry"))[0] if in_place else None)
    for (name, code), records in layers.items():
        said = origin if code == crs else "JSON-FG"
        layer = records.to_layer(name, crs=code, crs_origin=said, encoding=encoding)
        yield replace(layer, rival=_rival(others[name, code]))


def _rival(shapes: list[shapely.Geometry | None]) -> Rival | None:
    """What features with a `place` say in `geometry`, in degrees, for programs that know no other system."""
    if not any(shapes):
        return None
    found = np.empty(len(shapes), dtype=object)
    found[:] = shapes
    return Rival("the members geometry", found, (WGS84, _VN2000), 0.0)


def _declared_crs(document: dict[str, Any]) -> tuple[str | None, str]:
    """The `crs` member of 2008, of which null means unknown, or else what RFC 7946 lays down."""
    if "crs" not in document:
        return WGS84, "RFC 7946"
    stated = document["crs"]
    properties = stated.get("properties") if isinstance(stated, dict) else None
    properties = properties if isinstance(properties, dict) else {}
    if isinstance(properties.get("name"), str):
        return name_crs(properties["name"])[0], "GeoJSON"
    if str(stated.get("type") if isinstance(stated, dict) else "").upper() == "EPSG":
        return f"EPSG:{properties.get('code')}", "GeoJSON"
    return None, ""


def _place_crs(stated: Any) -> tuple[str | None, bool]:
    """Code, and whether north comes first, of a `coordRefSys`: a URI, a CURIE, a reference or a list of two."""
    parts = stated if isinstance(stated, list) else [stated]
    texts = [part.get("href") if isinstance(part, dict) else part for part in parts]
    named = [name_crs(text) for text in texts if isinstance(text, str)]
    if not named:
        return None, False
    code = "+".join([named[0][0], *(name.removeprefix("EPSG:") for name, _ in named[1:])])
    return code, named[0][1] and puts_north_first(code)


def _properties(feature: dict[str, Any]) -> dict[str, Any]:
    """Properties, `id`, and the time of JSON-FG; lists and objects as JSON text."""
    stated = feature.get("properties")
    record = {_whole(name): _plain(value) for name, value in stated.items()} if isinstance(stated, dict) else {}
    if feature.get("id") is not None:
        record.setdefault("id", _plain(feature["id"]))
    time = feature.get("time")
    for name, value in time.items() if isinstance(time, dict) else ():
        record.setdefault(f"time {name}", _plain(value))
    return record


def _plain(value: Any) -> Any:
    """A cell; whole numbers beyond 64 bits are kept as text."""
    if isinstance(value, list | dict):
        return _whole(json.dumps(value, ensure_ascii=False))
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, int) and not -_LONGEST_INTEGER <= value < _LONGEST_INTEGER:
        return str(value)
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124 - NaN


def _whole(text: str) -> str:
    """Text in which U+FFFD stands for half of a letter, as of an emoji that was cut: no text may hold one."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") if _HALF.search(text) else text
