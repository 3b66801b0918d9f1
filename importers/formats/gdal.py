"""GDAL at arm's length: private copies, one driver a file, no silent loss; its warnings become notes."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import GeometryError
from pyogrio.raw import open_arrow

from importers.faults import Fault, Rejected
from importers.formats.bodies import flatten_bodies, parse_faces
from importers.formats.records import are_heights, without_unknown_z
from importers.source import AnyLayer, LongLayer, SourceLayer
from layers.columns import Column
from layers.linestrings import LineStrings

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from numpy.typing import NDArray

    from importers.source import Dataset
    from layers.linestrings import Shapes

SEND_AGAIN = "ask the department to deliver the file again"
# The format says so; what a department typed into it may still be legacy letters.
UNICODE = "Unicode"

# Degrees between the vertices of an arc: they lie within 1e-5 of the radius of it, 10 mm for 1 km.
_ARC_STEP = "0.5"
_EXACT_FLOAT = 2**53
_MOST_NOTES = 5
_FOLDER = re.compile(r"(?<![\w./])/(?:[^\s/]+/)+")
# Longer layers are read in turns; of kinds whose geometries are what they seem.
CHUNK_RECORDS = 50_000
_PLAIN_KINDS = {
    "Point": 0, "MultiPoint": 0, "LineString": 1, "MultiLineString": 1, "Polygon": 2, "MultiPolygon": 2,
}  # fmt: skip
_STYLES = "SELECT OGR_STYLE FROM delivered"  # the name of every private copy
# What pyogrio raises for a file that is not sound; a number of a broken header may ask for any amount of memory.
_BROKEN = (RuntimeError, ValueError, OverflowError, MemoryError)
# Sources that name other sources, by file or address: GDAL looks for these words anywhere in the head of a text.
_REDIRECTIONS = (b"<OGRVRTDataSource", b"<OGRWFSDataSource", b"gdal_streamed_alg", b"<OGCWFSDataSource")


@dataclass(frozen=True, slots=True)
class Source:
    """A private copy that GDAL may read, by one driver; `delivered` is the name that people know it by.

    encoding: what GDAL is told that text is in ("ISO-8859-1" keeps bytes), None where the format guarantees Unicode.
    numbered: records count from 0 in the file's own order, deleted ones too; fewer than announced are then no loss.
    solid: every surface is a face of a body.
    """

    path: Path
    driver: str
    delivered: str
    encoding: str | None = None
    numbered: bool = False
    solid: bool = False


@contextmanager
def private_copy(dataset: Dataset, suffix: str, *parts: str) -> Iterator[Path]:
    """The dataset's file and those parts, for drivers write beside what they open.

    The name is neutral and ends as GDAL expects, for a format is known by content, whatever its file is called. What is
    a copy already, and whole in one file, only gets that name.
    """
    with TemporaryDirectory(prefix="city-twin-") as folder:
        path = Path(folder) / f"delivered{suffix}"
        if dataset.is_copy and not parts:
            path.hardlink_to(dataset.path)
        else:
            shutil.copyfile(dataset.path, path)
        for ending in parts:
            part = dataset.sidecar(ending)
            if part is not None:
                shutil.copyfile(part, path.with_suffix(ending))
        yield path


def stem(dataset: Dataset) -> str:
    """The file's own name without suffix, as text."""
    return PurePosixPath(dataset.name).stem


def declared_prj(dataset: Dataset) -> tuple[str | None, str]:
    """The text of the .prj beside the file, and that it comes from there."""
    prj = dataset.sidecar(".prj")
    text = prj.read_text("utf-8", errors="replace").strip("\ufeff\0 \r\n\t") if prj else ""
    return (text, ".prj") if text else (None, "")


def refuse_redirection(content: bytes, delivered: str) -> None:
    """Raises: Rejected for a text in which GDAL might see a virtual layer or a web service and follow it."""
    if any(word in content for word in _REDIRECTIONS):
        raise Rejected(
            Fault.UNREADABLE,
            f"{delivered} refers to other files or services, which are not followed",
            "deliver the data themselves",
        )


def read_layers(source: Source) -> Iterator[SourceLayer]:
    """Layers with at least one record, z of unknown height dropped, arcs as chords within 1e-5 of their radius.

    Raises: Rejected for a file that the driver cannot read, or of which it reads less than is there.
    """
    for name, notes in _list_layers(source):
        layer = read_layer(source, name, notes=notes)
        if len(layer):
            yield layer


def read_any_layers(source: Source) -> Iterator[AnyLayer]:
    """The same where layers of very many records are given to be read in turns."""
    for name, notes in _list_layers(source):
        layer = _find_long_layer(source, name, notes) or read_layer(source, name, notes=notes)
        if len(layer):
            yield layer


def _list_layers(source: Source) -> list[tuple[str, tuple[str, ...]]]:
    """Names of the layers with geometry, and what is to be noted of each."""
    pyogrio.set_gdal_config_options({"OGR_ARC_STEPSIZE": _ARC_STEP})
    listed, _ = _call(source, pyogrio.list_layers)
    tables = [str(name) for name, kind in listed if kind is None]
    names = [str(name) for name, kind in listed if kind is not None]
    if tables and not names:
        raise Rejected(
            Fault.GEOMETRY_MISSING,
            f"{source.delivered} holds only tables without geometry: {', '.join(tables)[:200]}",
            "export the layers with their geometry",
        )
    aside = (f"tables without geometry left aside: {', '.join(tables)[:200]}",) if tables else ()
    return [(name, aside) for name in names]


def read_layer(source: Source, name: str, *, notes: tuple[str, ...] = (), **options: str) -> SourceLayer:
    """One layer by its name; `options` are those of the driver. Raises: Rejected as `read_layers`."""
    about, _ = _call(source, pyogrio.read_info, layer=name, encoding=source.encoding, **options)
    if about["driver"] != source.driver:
        raise Rejected(
            Fault.UNREADABLE, f"{source.delivered}: GDAL reads it as {about['driver']}, not {source.driver}", SEND_AGAIN
        )
    wanted = {"layer": name, "encoding": source.encoding, "datetime_as_string": True, "return_fids": True} | options
    (meta, ids, wkb, values), warned = _call(source, pyogrio.raw.read, **wanted)
    if not source.numbered and len(ids) < about["features"]:
        raise Rejected(
            Fault.TRUNCATED, f"{source.delivered}: {len(ids)} of {about['features']} records can be read", SEND_AGAIN
        )
    fields = [_Field(*map(str, f)) for f in zip(meta["fields"], meta["ogr_types"], meta["ogr_subtypes"], strict=True)]
    columns: dict[str, list[Any]] = {}
    for field, column in zip(fields, values, strict=True):
        own = _distinct(field.name, columns)
        is_rounded = own == field.name and field.is_rounded(column)
        columns[own] = _exact(source, wanted, field.name, ids) if is_rounded else field.plain(column)
    geometries, told, unread = _geometries(wkb, len(ids), every=source.solid or _is_multipatch(about))
    return SourceLayer(
        name,
        geometries,
        {**told, **columns},
        ids.astype(np.int64) + 1 if source.numbered else np.arange(1, len(ids) + 1),
        crs=meta["crs"],
        crs_origin=source.driver,
        encoding=UNICODE if source.encoding is None else None,
        notes=(*notes, *warned, *unread),
    )


def _find_long_layer(source: Source, name: str, notes: tuple[str, ...]) -> LongLayer | None:
    """A layer to be read in turns; None where it is short, or may hold geometries that need a second look."""
    about, _ = _call(source, pyogrio.read_info, layer=name, encoding=source.encoding)
    dimension = _PLAIN_KINDS.get(str(about["geometry_type"]).removesuffix(" Z"))
    if dimension is None or about["features"] <= CHUNK_RECORDS or about["driver"] != source.driver:
        return None
    extent = about["total_bounds"]
    return LongLayer(
        name,
        tuple(map(str, about["fields"])),
        int(about["features"]),
        dimension,
        None if extent is None or not np.isfinite(extent).all() else extent,
        partial(_read_turns, source, name, int(about["features"])),
        crs=about["crs"],
        crs_origin=source.driver,
        encoding=UNICODE if source.encoding is None else None,
        notes=notes,
    )


def _read_turns(source: Source, name: str, announced: int, with_geometry: bool) -> Iterator[SourceLayer]:
    """Raises: Rejected where the file is not sound, or brings fewer records than it announces."""
    opening = open_arrow(
        source.path, layer=name, encoding=source.encoding, batch_size=CHUNK_RECORDS // 2, use_pyarrow=True,
        return_fids=True, datetime_as_string=True, read_geometry=with_geometry,
    )  # fmt: skip
    done = 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with opening as (meta, batches):
                for batch in batches:
                    yield _chunk(source, meta, batch, done)
                    done += batch.num_rows
    except _BROKEN as error:
        raise Rejected(Fault.UNREADABLE, f"{source.delivered} cannot be read: {_public(error)}", SEND_AGAIN) from error
    if not source.numbered and done < announced:
        raise Rejected(Fault.TRUNCATED, f"{source.delivered}: {done} of {announced} records can be read", SEND_AGAIN)


def _chunk(source: Source, meta: dict[str, Any], batch: pa.RecordBatch, before: int) -> SourceLayer:
    ids = batch.column(meta["fid_column"] or "OGC_FID").to_numpy()
    place = batch.schema.get_field_index(meta["geometry_name"] or "wkb_geometry")
    lines = None if place < 0 or source.solid else LineStrings.from_wkb(batch.column(place))
    shapes: Shapes
    told: dict[str, list[Any]] = {}
    unread: tuple[str, ...] = ()
    if lines is not None and are_heights(lines.vertices[:, 2:]):
        shapes = lines
    else:
        wkb = None if place < 0 else np.array(batch.column(place).to_pylist(), dtype=object)
        shapes, told, unread = _geometries(wkb, len(ids), every=source.solid)
    columns = {name: _column(batch.column(name)) for name in map(str, meta["fields"])}
    rows = ids.astype(np.int64) + 1 if source.numbered else np.arange(before + 1, before + len(ids) + 1)
    return SourceLayer("", shapes, {**told, **columns}, rows, notes=unread)


def _column(array: pa.Array) -> Column[Any]:
    """The values of an Arrow array, each distinct one once; NaN, by which some writers mark NULL, is None."""
    coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    distinct = coded.dictionary.to_pylist()
    if not pa.types.is_string(coded.dictionary.type):
        distinct = [None if v != v else _told(v) for v in distinct]  # noqa: PLR0124 - NaN
    codes = coded.indices.fill_null(len(distinct)).to_numpy().astype(np.int32)
    return Column([*distinct, None], codes)


def _distinct(name: str, taken: Container[str]) -> str:
    """The name of a field, numbered where the file has it twice: "width (2)"."""
    names = (name if i == 1 else f"{name} ({i})" for i in count(1))
    return next(candidate for candidate in names if candidate not in taken)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    kind: str
    subtype: str

    def plain(self, column: NDArray[Any]) -> list[Any]:
        """Python values; NaN, by which GDAL's readers mark NULL, becomes None, and an integer beside it one again."""
        convert: Callable[[Any], Any] = _told
        if self.subtype == "OFSTBoolean":
            convert = bool
        elif column.dtype.kind == "f":
            convert = int if self.kind.startswith("OFTInteger") else float
        return [None if v is None or v != v else convert(v) for v in column.tolist()]  # noqa: PLR0124 - NaN

    def is_rounded(self, column: NDArray[Any]) -> bool:
        """Whether NULLs made floats of integers that are too long for one."""
        if self.kind != "OFTInteger64" or column.dtype.kind != "f":
            return False
        return bool((np.abs(column[~np.isnan(column)]) >= _EXACT_FLOAT).any())


def _told(value: Any) -> Any:
    """A cell as text, number or JSON; of a blob only its size."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return json.dumps(value.tolist(), ensure_ascii=False) if isinstance(value, np.ndarray) else value


def _exact(source: Source, wanted: dict[str, Any], name: str, ids: NDArray[np.int64]) -> list[int | None]:
    present = f'"{name}" IS NOT NULL'
    (_, found, _, (numbers,)), _ = _call(
        source, pyogrio.raw.read, columns=[name], where=present, read_geometry=False, **wanted
    )
    known = dict(zip(found.tolist(), numbers.tolist(), strict=True))
    return [known.get(i) for i in ids.tolist()]


def _geometries(
    wkb: NDArray[np.object_] | None, count: int, *, every: bool
) -> tuple[NDArray[np.object_], dict[str, list[Any]], tuple[str, ...]]:
    """Geometries, columns about those that were bodies of faces, and a note on those that are not understood.

    every: all surfaces are faces of bodies.
    """
    if wkb is None:
        return np.full(count, None, dtype=object), {}, ()
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are told from the geometry later
        shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    delivered = np.array([text is not None for text in wkb], dtype=bool)
    bodies = np.flatnonzero(delivered & (every | shapely.is_missing(shapes)))
    told = flatten_bodies(shapes, {int(i): parse_faces(wkb[i]) for i in bodies})
    unread = int((delivered & shapely.is_missing(shapes)).sum())
    notes = (f"{unread} geometries of a kind that is not read, or bodies that cover nothing in plan",) if unread else ()
    return without_unknown_z(shapes), told, notes


def _is_multipatch(about: dict[str, Any]) -> bool:
    """A geodatabase has no other collections."""
    return (about["driver"], about["geometry_type"]) == ("OpenFileGDB", "GeometryCollection Z")


def _call(source: Source, function: Callable[..., Any], **arguments: Any) -> tuple[Any, tuple[str, ...]]:
    """What the function makes of the file, and its warnings. Raises: Rejected for its errors."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(source.path, **arguments)
        except GeometryError as error:
            said = f"{source.delivered} has a layer of several kinds of geometry with z: {_public(error)}"
            raise Rejected(Fault.UNREADABLE, said, "deliver points, lines and areas as layers of their own") from error
        except _BROKEN as error:
            raise Rejected(
                Fault.UNREADABLE, f"{source.delivered} cannot be read: {_public(error)}", SEND_AGAIN
            ) from error
    told = [w.message for w in caught if not issubclass(w.category, DeprecationWarning | ResourceWarning)]
    return result, tuple(dict.fromkeys(f"the reader says: {_public(message)}" for message in told))[:_MOST_NOTES]


def _public(message: object) -> str:
    """A message of GDAL without folders, which are those of private copies and of GDAL's own source."""
    return " ".join(_FOLDER.sub("", str(message)).split())[:300] or type(message).__name__


def read_styles(source: Source) -> list[str]:
    """How each record of a copy's one layer is drawn, in the words of the OGR feature style; "" where nothing says."""
    (_, _, _, (styles,)), _ = _call(
        source,
        pyogrio.raw.read,
        sql=_STYLES,
        sql_dialect="OGRSQL",
        read_geometry=False,
        encoding=source.encoding,
    )
    return [style or "" for style in styles.tolist()]
