"""Files of many planned digs, read as GeoJSON and written as GeoJSON or as tables."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import shapely
from shapely.errors import ShapelyError

from layers.crs import WGS84, CrsMismatch, parse_crs, transform_geometries
from layers.errors import Invalid, Sentence, say
from twin.clash.outcome import Outcome
from twin.excavations.many import collect
from twin.excavations.package.spreadsheet import guard
from twin.excavations.request import read_geojson

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from layers.crs import Crs
    from twin.excavations.many import Line

READ = (".geojson", ".json", ".csv", ".gpkg", ".shp", ".fgb")
WRITTEN = (".geojson", ".json", ".csv")
_WKT = ("wkt", "geometry", "geom")


def read_batch(path: Path, crs: Crs | None = None) -> Any:
    """The digs of a file as a GeoJSON document; `crs` is that of a file which states none.

    A table has a column `wkt` in longitude and latitude, or in that CRS; its other columns are properties.
    Raises: Invalid.
    """
    suffix = path.suffix.lower()
    if suffix in (".geojson", ".json"):
        return read_geojson(path)
    if suffix == ".csv":
        return _collect(*_read_table(path), crs or parse_crs(WGS84))
    if suffix not in READ:
        raise Invalid(f"{path}: give one of {', '.join(READ)}")
    try:
        meta, _, shapes, fields = pyogrio.raw.read(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise Invalid(f"{path}: cannot be read ({error}): give one of {', '.join(READ)}") from error
    rows = [
        {name: _plain(values[index]) for name, values in zip(meta["fields"], fields, strict=True)}
        for index in range(len(shapes))
    ]
    stated = parse_crs(meta["crs"]) if meta["crs"] else crs
    if stated is None:
        raise Invalid(f"{path} states no CRS: give --crs, such as EPSG:9214")
    return _collect([shapely.from_wkb(shape) for shape in shapes], rows, stated)


def _read_table(path: Path) -> tuple[list[shapely.Geometry | None], list[dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [dict(row) for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Invalid(f"{path}: no CSV in UTF-8 ({error})") from error
    column = next((name for name in (rows[0] if rows else ()) if name and name.strip().lower() in _WKT), None)
    if column is None:
        raise Invalid(
            Sentence(
                f"{path}: no column 'wkt': give each dig's polygon or line as WKT",
                f"{path}: thiếu cột 'wkt': ghi đa giác hoặc tuyến của từng hố đào dạng WKT",
            )
        )
    return [_from_wkt(row.pop(column)) for row in rows], [_typed(row) for row in rows]


def _from_wkt(text: str | None) -> shapely.Geometry | None:
    """None for what is no WKT: that dig is then refused for its missing geometry."""
    try:
        return shapely.from_wkt(text)
    except (ShapelyError, TypeError):
        return None


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    """Empty cells are not given; numbers are numbers."""
    return {name: _number(value) for name, value in row.items() if name and isinstance(value, str) and value.strip()}


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.strip()


def _plain(value: Any) -> Any:
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value)[:10]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and np.isnan(value) else value


def _collect(shapes: Sequence[shapely.Geometry | None], rows: list[dict[str, Any]], crs: Crs) -> dict[str, Any]:
    try:
        moved = transform_geometries(np.array(shapes, dtype=object), crs, parse_crs(WGS84), strict=False)
    except CrsMismatch as error:
        raise Invalid(str(error)) from error
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": None if shape is None else json.loads(shapely.to_geojson(shape)),
                "properties": row,
            }
            for shape, row in zip(moved, rows, strict=True)
        ],
    }


def write_batch(lines: Sequence[Line], storage: Crs, path: Path, lang: str) -> list[Path]:
    """A file of all lines; as a table of digs a second one, of what is not clear, lies beside it. Raises: Invalid."""
    suffix = path.suffix.lower()
    if suffix in (".geojson", ".json"):
        path.write_text(json.dumps(collect(lines, storage), ensure_ascii=False), "utf-8")
        return [path]
    if suffix != ".csv":
        raise Invalid(f"--out {path}: give one of {', '.join(WRITTEN)}")
    beside = path.with_name(f"{path.stem}-objects.csv")
    _write_table(path, _DIG, (_tell(line, lang) for line in lines))
    _write_table(beside, _OBJECT, (row for line in lines for row in _list_open(line)))
    return [path, beside]


_COUNTS = tuple(outcome.value for outcome in Outcome)
_DIG = ("number", "name", "is_clear", *_COUNTS, "owners_without_data", "refused")
_OBJECT = ("number", "name", "outcome", "reason", "owner", "discipline", "collection", "id", "plan_gap_m",
           "vertical_gap_m", "gap_m", "worst_gap_m")  # fmt: skip


def _tell(line: Line, lang: str) -> list[Any]:
    counts = [None] * len(_COUNTS) if line.digest is None else [line.digest.counts[name] for name in _COUNTS]
    silent = "" if line.digest is None else "; ".join(line.digest.silent)
    refused = "; ".join(say(fault, lang) for fault in line.faults)
    return [line.number, line.name, line.is_clear, *counts, silent, refused]


def _list_open(line: Line) -> Iterable[list[Any]]:
    for each in line.digest.open if line.digest else ():
        gaps = (each.plan_gap_m, each.vertical_gap_m, each.gap_m, each.worst_gap_m)
        yield [line.number, line.name, each.outcome.value, each.reason.value, each.owner, each.discipline, each.layer,
               each.feature_id, *gaps]  # fmt: skip


def _write_table(path: Path, heads: Sequence[str], rows: Iterable[list[Any]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heads)
        writer.writerows([guard(cell) for cell in row] for row in rows)
