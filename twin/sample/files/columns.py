"""The fields of a layer as columns, in the letters of its file's encoding."""

from __future__ import annotations

import unicodedata
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from twin.sample.files.legacy_text import encode_cp1258, encode_tcvn3, encode_viscii, encode_vni

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from twin.sample.delivery.records import Layer, Value

# Encodings of one byte a letter, whose bytes are seen as ISO-8859-1.
LEGACY: dict[str, Callable[[str], str]] = {
    "tcvn3": encode_tcvn3,
    "vni": encode_vni,
    "cp1258": encode_cp1258,
    "viscii": encode_viscii,
}
_SPELLINGS: dict[str, Callable[[str], str]] = {
    "utf-8": str,
    "nfd": partial(unicodedata.normalize, "NFD"),
    **LEGACY,
}


def columns(layer: Layer) -> dict[str, list[Value]]:
    """Every field that any row has, in the order in which they first come; rows without it have None."""
    names = dict.fromkeys(name for row in layer.rows for name in row.fields)
    return {name: [row.fields.get(name) for row in layer.rows] for name in names}


def spelled(layer: Layer, encoding: str) -> dict[str, list[Value]]:
    """The columns with their texts in the letters of an encoding, for formats whose own text is Unicode."""
    return {name: [spell(value, encoding) for value in values] for name, values in columns(layer).items()}


def spell(value: Value, encoding: str) -> Value:
    return _SPELLINGS[encoding](value) if isinstance(value, str) else value


def as_bytes(value: Value, encoding: str) -> Value:
    """A text's bytes as ISO-8859-1, which GDAL writes as they are, whatever they mean."""
    if isinstance(value, str) and encoding not in LEGACY:
        return str(spell(value, encoding)).encode("utf-8", "surrogateescape").decode("iso-8859-1")
    return spell(value, encoding)


def to_array(values: Sequence[Value]) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """A column for GDAL: numbers with a mask where there is none, texts as they are."""
    given = [value for value in values if value is not None]
    if any(isinstance(value, str) for value in given):
        texts = [value if value is None or isinstance(value, str) else f"{value:g}" for value in values]
        return np.array([*texts, None], dtype=object)[:-1], None
    kind = np.float64 if any(isinstance(value, float) for value in given) else np.int32
    return np.array([value or 0 for value in values], dtype=kind), np.array([value is None for value in values])
