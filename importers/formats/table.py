"""CSV: points by coordinates or degrees, geometries by WKT, lines by one row a vertex."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.faults import Fault, Rejected
from importers.fields import parse_number
from importers.source import SourceLayer
from importers.vocabulary import match_fields, vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from importers.source import Dataset

_CENTRAL_MERIDIAN = re.compile(r"(?:ktt|kinh tuy\S+ tr\S+c|cm)\D{0,3}(\d{3})\s*(?:°|o|độ|\s)\s*(\d{2})?", re.IGNORECASE)
_TM3_CODES = {
    (102, 0): 5896, (103, 0): 9205, (104, 0): 9206, (104, 30): 9207, (104, 45): 9208, (105, 0): 5897,
    (105, 30): 9209, (105, 45): 9210, (106, 0): 9211, (106, 15): 9212, (106, 30): 9213, (107, 0): 9214,
    (107, 15): 9215, (107, 30): 9216, (107, 45): 5899, (108, 0): 5898, (108, 15): 9217, (108, 30): 9218,
}  # fmt: skip


_PLANE = "columns of x and y"


def read_csv(dataset: Dataset) -> Iterator[SourceLayer]:
    """The table as one layer. Lines that begin with '#' before the header are remarks and may name the CRS.

    Text stays an ISO-8859-1 view of its bytes until the encoding is decided.
    """
    raw = dataset.path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        raw.decode("utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = None
    remarks, header, records = _parse(raw.decode("iso-8859-1"), dataset)
    columns = {name: [record[i] for record in records] for i, name in enumerate(header)}
    rows = np.arange(1, len(records) + 1)
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are told from the geometry later
        geometries, keep, notes = _geometries(columns, len(records), dataset)
    crs, origin = _declared_crs(dataset, remarks, columns)
    yield SourceLayer(
        dataset.path.stem,
        geometries,
        {name: [values[i] for i in keep] for name, values in columns.items()},
        rows[keep],
        crs=crs,
        crs_origin=origin,
        encoding=encoding,
        notes=notes,
        surveyor_axes=_PLANE in notes,
    )


def _parse(text: str, dataset: Dataset) -> tuple[str, list[str], list[list[str | None]]]:
    lines = text.replace("\r\n", "\n").split("\n")
    body = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    remarks = "\n".join(lines[:body])
    head = lines[body] if body < len(lines) else ""
    delimiter = max(";\t,|", key=head.count)
    table = list(csv.reader(io.StringIO("\n".join(lines[body:])), delimiter=delimiter))
    if len(table) < 2 or len(table[0]) < 2:
        raise Rejected(
            Fault.UNREADABLE, f"{dataset.name} has no header with at least two columns and a row", "deliver a CSV table"
        )
    header = [name.strip(" \t") or f"column{i + 1}" for i, name in enumerate(table[0])]
    width = len(header)
    records = [[(cell.strip(" \t") or None) for cell in (*row, *[""] * width)[:width]] for row in table[1:] if any(row)]
    return remarks, header, records


def _declared_crs(dataset: Dataset, remarks: str, columns: dict[str, list[Any]]) -> tuple[str | None, str]:
    prj = dataset.sidecar(".prj")
    if prj is not None:
        return prj.read_text("utf-8", errors="replace"), ".prj"
    remarks = remarks.encode("iso-8859-1").decode("utf-8", errors="replace")
    if code := re.search(r"EPSG:?\s*(\d{4,5})", remarks, re.IGNORECASE):
        return f"EPSG:{code[1]}", f"remark '{code[0]}'"
    meridian = _CENTRAL_MERIDIAN.search(remarks)
    if meridian and re.search(r"vn-?\s?2000", remarks, re.IGNORECASE):
        known = _TM3_CODES.get((int(meridian[1]), int(meridian[2] or 0)))
        if known:
            return f"EPSG:{known}", f"remark '{remarks.strip('# ')}'"
    if {"longitude", "latitude"} <= match_fields(columns, vocabulary()["fields"]["position"]).keys():
        return "EPSG:4326", "columns of longitude and latitude"
    return None, ""


def _geometries(
    columns: dict[str, list[Any]], count: int, dataset: Dataset
) -> tuple[NDArray[np.object_], list[int], tuple[str, ...]]:
    """Geometries, the indexes of the records that they begin with, and how they were made."""
    found = {key: name for key, (name, _) in match_fields(columns, vocabulary()["fields"]["position"]).items()}
    if "geometry" in found:
        texts = columns[found["geometry"]]
        shapes = [shapely.from_wkt(text, on_invalid="ignore") if text else None for text in texts]
        return np.array(shapes, dtype=object), list(range(count)), ("geometry from WKT",)
    first, second, what = _axes(found, dataset)
    z = columns[found["z"]] if "z" in found else None
    points = np.array(
        [
            [_ordinate(a), _ordinate(b), *([_ordinate(z[i])] if z else [])]
            for i, (a, b) in enumerate(zip(columns[first], columns[second], strict=True))
        ]
    )
    if "line" in found:
        return *_lines(columns[found["line"]], columns.get(found.get("vertex", "")), points), (what, "one row a vertex")
    return np.asarray(shapely.points(points), dtype=object), list(range(count)), (what,)


def _axes(found: dict[str, str], dataset: Dataset) -> tuple[str, str, str]:
    """The fields that hold easting and northing (or longitude and latitude), in that order.

    Vietnamese surveyors' tables call the north axis X and the east axis Y.
    """
    if {"longitude", "latitude"} <= found.keys():
        return found["longitude"], found["latitude"], "degrees"
    if {"x", "y"} <= found.keys():
        return found["x"], found["y"], _PLANE
    raise Rejected(
        Fault.GEOMETRY_MISSING,
        f"{dataset.name} has no columns for coordinates or WKT",
        "name them X and Y, kinhDo and viDo, or WKT",
    )


def _ordinate(value: Any) -> float:
    number = parse_number(value)
    return float("nan") if number is None else number


def _lines(
    keys: list[Any], order: list[Any] | None, points: NDArray[np.float64]
) -> tuple[NDArray[np.object_], list[int]]:
    groups: dict[Any, list[int]] = {}
    for index, key in enumerate(keys):
        groups.setdefault(key, []).append(index)
    geometries, first = [], []
    for members in groups.values():
        if order is not None:
            members.sort(key=lambda i: _ordinate(order[i]))
        first.append(min(members))
        geometries.append(
            shapely.LineString(points[members]) if len(members) > 1 else shapely.Point(points[members[0]])
        )
    return np.array(geometries, dtype=object), first
