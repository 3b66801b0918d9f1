"""XLSX and ODS workbooks by GDAL, a sheet a layer; XLS and workbooks with a password are refused with advice."""

from __future__ import annotations

import mmap
import re
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

import pyogrio

from importers.codepages import UNICODE
from importers.faults import Fault, Rejected
from importers.formats.gdal import Source, declared_prj, private_copy, read_layer
from importers.formats.tabular.grid import find_table
from importers.formats.tabular.layer import Origin, build_layer, is_placed, refuse_placeless
from importers.formats.tabular.merges import fill, ods_merges, xlsx_merges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importers.formats.tabular.grid import Table
    from importers.formats.tabular.merges import Range
    from importers.source import Dataset, SourceLayer

_ZIP = b"PK\x03\x04"
_XLSX_PARTS = (b"xl/workbook", b"xl/_rels", b"xl/worksheets", b"xl/styles", b"xl/sharedStrings")
_ODS_TYPE = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LARGEST = 1 << 29  # bytes of all parts unpacked: twice the largest sheet that programs save
_SAVE_AGAIN = "open it in Excel or LibreOffice and save it as XLSX or CSV again"
_ERRORS = frozenset(
    {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "Err:502", "Err:504", "Err:508"}
)
# A number in binary, written out: the shortest that means the same is what was typed.
_WRITTEN_OUT = re.compile(r"-?\d+\.\d{9,}(?:E[-+]?\d+)?")
_MOMENT = re.compile(r"(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)?")

# What a compound document holds, by the names of its streams -> what it is and what to do.
_HOLDS = (
    ("EncryptedPackage", "a workbook with a password", "save it without the password"),
    ("Workbook", "an old Excel workbook (XLS)", "save it as XLSX or CSV"),
    ("Book", "an old Excel workbook (XLS)", "save it as XLSX or CSV"),
    ("WordDocument", "a Word document", "deliver its tables as XLSX or CSV"),
    ("Dgn", "a MicroStation drawing (DGN v8)", "save it as DGN v7 or DXF"),
)


def is_xlsx(head: bytes, suffix: str) -> bool:
    return head.startswith(_ZIP) and (suffix in (".xlsx", ".xlsm") or any(part in head for part in _XLSX_PARTS))


def is_ods(head: bytes, _: str) -> bool:
    return head.startswith(_ZIP) and _ODS_TYPE in head[:128]


def is_compound(head: bytes, _: str) -> bool:
    return head.startswith(_COMPOUND)


def refuse_compound(dataset: Dataset) -> Iterator[SourceLayer]:
    """Raises: Rejected, with what the compound document is and what to deliver instead."""
    with dataset.path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for name, what, remedy in _HOLDS:
            if content.find(name.encode("utf-16-le")) >= 0:
                raise Rejected(Fault.UNKNOWN_FORMAT, f"{dataset.name} is {what}, which is not read", remedy)
    raise Rejected(
        Fault.UNKNOWN_FORMAT,
        f"{dataset.name} is a compound document of no known kind",
        "export DGN v7, XLSX, CSV or GeoPackage",
    )


def read_xlsx(dataset: Dataset) -> Iterator[SourceLayer]:
    """Sheets that have a place, each as a layer; values of formulas as last computed, dates as ISO text.

    Raises: Rejected for a workbook that cannot be read, or in which no sheet has a place.
    """
    return _read(dataset, "XLSX", xlsx_merges)


def read_ods(dataset: Dataset) -> Iterator[SourceLayer]:
    """As `read_xlsx`."""
    return _read(dataset, "ODS", ods_merges)


def _read(
    dataset: Dataset, driver: str, find_merges: Callable[[zipfile.ZipFile], dict[str, list[Range]]]
) -> Iterator[SourceLayer]:
    merges = _merges(dataset, find_merges)
    prj, _ = declared_prj(dataset)
    aside: list[str] = []
    found: list[tuple[Table, Origin]] = []
    with private_copy(dataset, f".{driver.lower()}") as path, _as_text(driver):
        source = Source(path, driver, dataset.name, numbered=True)
        for name in _sheets(source):
            origin = Origin(name, prj, str, UNICODE)
            table = find_table(_cells(source, name, merges.get(name, [])), str)
            if table is not None and is_placed(table, origin):
                found.append((table, origin))
            else:
                aside.append(name)
    if not found:
        raise refuse_placeless(dataset.name)
    notes = [f"sheets without a place left aside: {', '.join(aside)}"] if aside else []
    yield from (build_layer(table, origin, notes) for table, origin in found)


@contextmanager
def _as_text(driver: str) -> Iterator[None]:
    """GDAL takes no row for names and no cell for a number.

    Options given on opening say the same, but do not reach the last sheet of several: its first row was lost.
    """
    options = {f"OGR_{driver}_HEADERS": "DISABLE", f"OGR_{driver}_FIELD_TYPES": "STRING"}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(dict.fromkeys(options))


def _merges(dataset: Dataset, find: Callable[[zipfile.ZipFile], dict[str, list[Range]]]) -> dict[str, list[Range]]:
    """Raises: Rejected for an archive that is broken or unpacks into more than memory should hold."""
    try:
        with zipfile.ZipFile(dataset.path) as archive:
            size = sum(part.file_size for part in archive.infolist())
            if size > _LARGEST:
                raise Rejected(
                    Fault.UNREADABLE,
                    f"{dataset.name} unpacks into {size:,} bytes",
                    "deliver it in smaller parts, as CSV",
                )
            return find(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Rejected(
            Fault.TRUNCATED, f"{dataset.name} is cut short: {error}", "ask the department to deliver it again"
        ) from error
    except (ParseError, ValueError, LookupError, NotImplementedError, RuntimeError, OSError) as error:
        raise Rejected(Fault.UNREADABLE, f"{dataset.name} is damaged: {error}", _SAVE_AGAIN) from error


def _sheets(source: Source) -> list[str]:
    try:
        return [str(name) for name, _ in pyogrio.list_layers(source.path)]
    except (RuntimeError, ValueError) as error:
        said = str(error).replace(str(source.path), source.delivered)
        raise Rejected(Fault.UNREADABLE, f"{source.delivered} cannot be read: {said}", _SAVE_AGAIN) from error


def _cells(source: Source, sheet: str, merges: list[Range]) -> list[list[str | None]]:
    """The sheet from its first row and column, blank ones included; text as it is, numbers as text."""
    layer = read_layer(source, sheet)
    columns = [[_plain(value) for value in values] for values in layer.columns.values()]
    rows: list[list[str | None]] = [list(row) for row in zip(*columns, strict=True)]
    fill(rows, merges)
    return rows


def _plain(value: str | None) -> str | None:
    text = (value or "").strip()
    if not text or text in _ERRORS:
        return None
    if _WRITTEN_OUT.fullmatch(text):
        return repr(float(text))
    moment = _MOMENT.fullmatch(text)
    return f"{moment[1]}-{moment[2]}-{moment[3]}T{moment[4]}" if moment else text
