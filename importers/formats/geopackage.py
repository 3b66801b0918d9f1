"""GeoPackages: the tables that their contents name as features, and nothing that would run as a query.

Source: OGC 12-128r19.
"""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from importers.faults import Fault, Rejected
from importers.formats.gdal import SEND_AGAIN, Source, private_copy, read_any_layers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importers.source import AnyLayer, Dataset

_WAL, _JOURNAL = ".gpkg-wal", ".gpkg-journal"
_JOURNAL_MAGIC = b"\xd9\xd5\x05\xf9"
_MOST_STEPS = 1000  # of 10,000 instructions each: a trigger of the file must not hold us up
_UNDEFINED = ("Undefined", "undefined")


def is_geopackage(head: bytes, _: str) -> bool:
    return head[:16] == b"SQLite format 3\0"


def read_geopackage(dataset: Dataset) -> Iterator[AnyLayer]:
    """Feature tables with at least one record; what a write-ahead log beside the file holds is part of it.

    Raises: Rejected for a file that is cut short, is in the middle of a change, or is no GeoPackage.
    """
    _check_pages(dataset)
    _check_journal(dataset)
    with private_copy(dataset, ".gpkg", *([_WAL] if dataset.sidecar(_WAL) else [])) as path:
        notes = _prepare(dataset, path)
        for layer in read_any_layers(Source(path, "GPKG", dataset.name)):
            crs = None if layer.crs is None or any(word in layer.crs for word in _UNDEFINED) else layer.crs
            yield replace(layer, crs=crs, crs_origin="GeoPackage" if crs else "", notes=(*notes, *layer.notes))


def _check_pages(dataset: Dataset) -> None:
    with dataset.path.open("rb") as stream:
        header = stream.read(100).ljust(100, b"\0")
    page_size, pages = struct.unpack(">H", header[16:18])[0], struct.unpack(">I", header[28:32])[0]
    if dataset.path.stat().st_size < max(100, (65536 if page_size == 1 else page_size) * pages):
        raise Rejected(Fault.TRUNCATED, f"{dataset.name} ends before its {pages} pages", SEND_AGAIN)


def _check_journal(dataset: Dataset) -> None:
    """Raises: Rejected where a change was under way when the file was copied."""
    journal = dataset.sidecar(_JOURNAL)
    if journal is None:
        return
    with journal.open("rb") as stream:
        if stream.read(4) == _JOURNAL_MAGIC:
            raise Rejected(
                Fault.UNREADABLE,
                f"{dataset.name} was copied in the middle of a change",
                "close it in every program, then deliver it again",
            )


def _prepare(dataset: Dataset, path: Path) -> tuple[str, ...]:
    """Makes the private copy fit to read, and says what of it is not.

    Views are dropped, for they are programs, and how many records GDAL once counted, for others were added since by
    programs that do not count. pyogrio knows no layer of several kinds that says it has z: the copy says
    it may have some, and each geometry tells for itself.
    Raises: Rejected for an SQLite file that is no GeoPackage.
    """
    steps = iter(range(_MOST_STEPS))
    try:
        with closing(sqlite3.connect(path)) as database, database:
            database.set_progress_handler(lambda: next(steps, None) is None, 10_000)
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute("PRAGMA synchronous = OFF")  # the copy outlives no crash: let no disk be waited for
            views = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'view'")]
            contents = {name for (name,) in database.execute("SELECT table_name FROM gpkg_contents")}
            for view in views:
                database.execute('DROP VIEW "{}"'.format(view.replace('"', '""')))
                database.execute("DELETE FROM gpkg_contents WHERE table_name = ?", (view,))
                database.execute("DELETE FROM gpkg_geometry_columns WHERE table_name = ?", (view,))
            database.execute("DROP TABLE IF EXISTS gpkg_ogr_contents")
            database.execute("UPDATE gpkg_geometry_columns SET z = 0 WHERE upper(geometry_type_name) = 'GEOMETRY'")
    except (sqlite3.Error, ValueError) as error:  # a name that is no UTF-8 is a ValueError
        raise Rejected(
            Fault.UNREADABLE, f"{dataset.name} is no sound GeoPackage: {error}", "export it as GeoPackage"
        ) from error
    return tuple(f"view {view} left aside: deliver it as a table" for view in views if view in contents)
