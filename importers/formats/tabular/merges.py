"""Merged cells of workbooks: GDAL gives their value to the first cell alone."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from importers.faults import Fault, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element
    from zipfile import ZipFile

# First row, first column, last row, last column, from 0.
type Range = tuple[int, int, int, int]

_MERGE = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})\"")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"


def xlsx_merges(archive: ZipFile) -> dict[str, list[Range]]:
    """Merged cells by the name of the sheet. Source: ECMA-376-1, 18.2.19 sheet, 18.3.1.54 mergeCell."""
    targets = {
        relation.get("Id"): posixpath.normpath(posixpath.join("/xl", relation.get("Target", ""))).lstrip("/")
        for relation in _parse(archive, "xl/_rels/workbook.xml.rels")
    }
    sheets = [e for e in _parse(archive, "xl/workbook.xml").iter() if e.tag.endswith("}sheet")]
    return {
        str(sheet.get("name")): [
            (int(top) - 1, _column(left), int(bottom) - 1, _column(right))
            for left, top, right, bottom in _MERGE.findall(_read(archive, targets.get(sheet.get(_RELATION), "")))
        ]
        for sheet in sheets
    }


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number - 1


def ods_merges(archive: ZipFile) -> dict[str, list[Range]]:
    """Merged cells by the name of the sheet. Source: OpenDocument 1.2, 9.1.4 table:table-cell."""
    tables = _parse(archive, "content.xml").iter(f"{_TABLE}table")
    return {str(table.get(f"{_TABLE}name")): list(_spans(table)) for table in tables}


def _spans(table: Element) -> Iterator[Range]:
    row = 0
    for line in table.iter(f"{_TABLE}table-row"):
        column = 0
        for cell in line:
            tall, wide = _count(cell, "number-rows-spanned"), _count(cell, "number-columns-spanned")
            if tall > 1 or wide > 1:
                yield row, column, row + tall - 1, column + wide - 1
            column += _count(cell, "number-columns-repeated")
        row += _count(line, "number-rows-repeated")


def _count(element: Element, attribute: str) -> int:
    value = element.get(_TABLE + attribute, "1")
    return int(value) if value.isdecimal() else 1


def _parse(archive: ZipFile, name: str) -> Element:
    content = _read(archive, name)
    if b"<!DOCTYPE" in content:
        raise Rejected(
            Fault.UNREADABLE, f"{name} declares a document type, which is not read", "save the workbook again"
        )
    return ET.fromstring(content or b"<none/>")  # noqa: S314 - document types are refused


def _read(archive: ZipFile, name: str) -> bytes:
    return archive.read(name) if name in archive.namelist() else b""


def fill(rows: list[list[str | None]], merges: Sequence[Range]) -> None:
    """Blank cells of a merged range get the value of its first; in place. Rows that are blank all over stay so."""
    for top, left, bottom, right in merges:
        value = rows[top][left] if top < len(rows) and left < len(rows[top]) else None
        for row in rows[top : bottom + 1]:
            for column in range(left, min(right + 1, len(row)) if any(row) else left):
                row[column] = row[column] or value
