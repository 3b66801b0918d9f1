"""Which files come in archives: zip, legacy (names in a code page), nested (a ZIP in a ZIP) or tar.gz."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.sample.delivery.records import Dataset

# By the stem of the file.
PACKED = {
    "thua-dat-to-01": "zip",
    "cap-dien-luc-hoang-hoa-tham": "zip",
    "tuyen-vien-thong-le-loi": "nested",
    "thua-dat-to-02": "nested",
    "cong-nuoc-thai-doi-cung": "tar.gz",
    "cap-dien-luc-cac-tuyen-con-lai": "tar.gz",
    "Trụ chiếu sáng khu 4": "legacy",
    "Cống nước thải Phan Bội Châu": "legacy",
}


def pack(file: Dataset) -> Dataset:
    """The file, to be packed where it is one of those."""
    return replace(file, packed=PACKED.get(file.stem, ""))
