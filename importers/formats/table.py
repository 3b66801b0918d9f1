"""CSV and TSV in any encoding, delimiter and shape that people deliver them in."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from importers.codepages import UNICODE
from importers.faults import Fault, Rejected
from importers.formats.gdal import SEND_AGAIN, declared_prj, stem
from importers.formats.tabular.grid import find_table
from importers.formats.tabular.layer import Origin, build_layer, is_placed, refuse_placeless
from importers.text import decode_layer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importers.formats.tabular.grid import Reader
    from importers.source import Dataset, SourceLayer

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DELIMITERS = ";\t,|"
_HEAD_BYTES = 4096
_SAMPLE_ROWS = 100
_SAMPLE_CHARACTERS = 200_000
_LARGEST_CELL = 2**31 - 1  # the boundary of a commune in WKT exceeds the library's 128 KB


def is_csv(head: bytes, suffix: str) -> bool:
    """By its name, for a table of text looks like any text; NUL bytes only in UTF-16."""
    return suffix in (".csv", ".tsv") and (b"\0" not in head or _utf16(head) is not None)


def _utf16(head: bytes) -> str | None:
    """UTF-16 by its mark, or by the zeros that are every other byte of letters without accents; None for others."""
    if head.startswith(_UTF16):
        return "utf-16"
    first, second = head[::2].count(0), head[1::2].count(0)
    if 4 * max(first, second) < len(head) or 10 * min(first, second) > max(first, second):
        return None
    return "utf-16-be" if first > second else "utf-16-le"


def read_csv(dataset: Dataset) -> Iterator[SourceLayer]:
    """The table as one layer. Lines above the header may name the reference system.

    Text that is not Unicode stays an ISO-8859-1 view of its bytes until the encoding is decided.
    Raises: Rejected where there is no header, no record, or no position.
    """
    text, encoding = _decode(dataset)
    remarks, rows, notes = _parse(text, dataset)
    readable = _reader(text, encoding)
    table = find_table(rows, readable)
    if table is None or len(table.names) < 2:
        raise Rejected(
            Fault.UNREADABLE,
            f"{dataset.name} has no header with at least two columns and a row",
            "deliver a table with the names of its columns in the first row",
        )
    table = replace(table, above=[*remarks, *table.above], notes=(*notes, *table.notes))
    origin = Origin(stem(dataset), declared_prj(dataset)[0], readable, encoding)
    if not is_placed(table, origin):
        raise refuse_placeless(dataset.name)
    yield build_layer(table, origin)


def _decode(dataset: Dataset) -> tuple[str, str | None]:
    """The text and "Unicode", or its ISO-8859-1 view and None. Raises: Rejected for half a UTF-16 file."""
    raw = dataset.path.read_bytes()
    try:
        if (wide := _utf16(raw[:_HEAD_BYTES])) is not None:
            return raw.decode(wide), UNICODE
    except UnicodeDecodeError as error:
        raise Rejected(Fault.TRUNCATED, f"{dataset.name}: {error.reason}", "save the table as CSV UTF-8") from error
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return raw.decode("utf-8"), UNICODE
    except UnicodeDecodeError:
        return raw.decode("iso-8859-1"), None


def _reader(text: str, encoding: str | None) -> Reader:
    """How names of columns read: only they and remarks must be understood before the encoding is decided for all."""
    if encoding == UNICODE:
        return str
    return decode_layer(text[:_SAMPLE_CHARACTERS].split("\n"), declared=None).decode


def _parse(text: str, dataset: Dataset) -> tuple[list[str], list[list[str | None]], list[str]]:
    """Remarks (lines that begin with '#' at the top), the rows of cells below them (None for blank), and notes.

    Raises: Rejected where the last row has neither all its cells nor an end of line: the file is cut short there.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    body = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    rest = "\n".join(lines[body:])
    unclosed = rest.count('"') % 2 == 1
    csv.field_size_limit(_LARGEST_CELL)
    quoting: Literal[0, 3] = csv.QUOTE_NONE if unclosed else csv.QUOTE_MINIMAL
    try:
        parsed = csv.reader(io.StringIO(rest), delimiter=_find_delimiter(lines[body:]), quoting=quoting)
        rows = [[cell.strip(" \t\n") or None for cell in row] for row in parsed]
    except csv.Error as error:
        raise Rejected(
            Fault.UNREADABLE, f"{dataset.name} cannot be read: {error}", "save the table as CSV UTF-8 again"
        ) from error
    if len(rows) > 2 and lines[-1] and len(rows[-1]) < len(rows[-2]):
        raise Rejected(Fault.TRUNCATED, f"{dataset.name} ends within its last row", SEND_AGAIN)
    return lines[:body], rows, ["a quotation mark is not closed: all of them taken as text"] if unclosed else []


def _find_delimiter(lines: list[str]) -> str:
    """The sign that parts most rows into the same number of cells, and into more of them."""
    sample = "\n".join(lines[:_SAMPLE_ROWS])

    def regularity(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in csv.reader(io.StringIO(sample), delimiter=delimiter) if len(row) > 1)
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        return count, width

    return max(_DELIMITERS, key=regularity)
