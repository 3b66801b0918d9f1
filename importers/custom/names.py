"""Names for the columns and the id of a layer that a city adds, worked out of whatever its file calls them."""

from __future__ import annotations

import unicodedata
from itertools import count
from typing import TYPE_CHECKING

from importers.text import fold
from layers.custom import LONGEST_NAME, RESERVED

if TYPE_CHECKING:
    from collections.abc import Iterable

# Room is left below the 63 bytes of PostgreSQL for a number behind it.
_LONGEST_COLUMN = 56
_LONGEST_LABEL = 200


def name_layer(text: str) -> str:
    """An id for a layer of that title: "Camera giám sát" → "camera_giam_sat"; "" where no letter of it is Latin."""
    return _identifier(text, "layer", LONGEST_NAME)


def name_columns(fields: Iterable[str]) -> dict[str, str]:
    """The column of each field: "Mã số" → "ma_so"; no two are the same, and none is taken by the twin."""
    taken: set[str] = set()
    named = {}
    for place, field in enumerate(fields, start=1):
        wanted = _identifier(field, "field", _LONGEST_COLUMN) or f"field_{place}"
        if wanted in RESERVED:
            wanted = f"{wanted}_given"
        named[field] = next(name for name in _numbered(wanted) if name not in taken)
        taken.add(named[field])
    return named


def spell(text: str, longest: int = _LONGEST_LABEL) -> str:
    """A text for people, of letters alone: without control characters and cut letters, which XML cannot hold."""
    return " ".join("".join(" " if unicodedata.category(c).startswith("C") else c for c in text).split())[:longest]


def _identifier(text: str, prefix: str, longest: int) -> str:
    name = "_".join(fold(text).split())
    if name[:1].isdigit():
        name = f"{prefix}_{name}"
    return name[:longest].rstrip("_")


def _numbered(name: str) -> Iterable[str]:
    return (name if n == 1 else f"{name}_{n}" for n in count(1))
