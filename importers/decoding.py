"""The text of a layer in Unicode, and remarks on what of it is damaged."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from importers.codepages import UNICODE, is_stateful, name_encoding
from importers.faults import Fault, Finding, Rejected
from importers.text import Decoding, Reason, decode_cad_escapes, decode_layer, has_lost_letters
from layers.columns import Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importers.source import SourceLayer


def decode_names(
    columns: Mapping[str, Sequence[Any]], declared: str | None, fonts: Sequence[str], told: str | None
) -> Decoding:
    """The encoding of a layer by its names and values; `told` is the profile's word, which wins.

    Raises: Rejected where the profile names an encoding that is not known.
    """
    texts = {value for column in columns.values() for value in Column.of(column).distinct if isinstance(value, str)}
    return decide(texts.union(columns), declared, fonts, told)


def decide(texts: set[str], declared: str | None, fonts: Sequence[str], told: str | None) -> Decoding:
    """The encoding of these texts; otherwise as `decode_names`."""
    if told is None:
        return decode_layer(sorted(texts), declared=declared, hints=fonts)
    name = name_encoding(told)
    if name is None:
        raise Rejected(Fault.TEXT_BROKEN, f"the profile names the encoding '{told}', which is not known", "correct it")
    return Decoding(name, 1.0, Reason.DECLARED, ())


def decode(layer: SourceLayer, decoding: Decoding) -> tuple[SourceLayer, str, list[Finding]]:
    """The layer with its text in Unicode, the encoding and its reason, and remarks on text that is damaged."""
    keeps_ascii = not is_stateful(decoding.encoding)
    columns: dict[str, Column[Any]] = {}
    others = _find_others(layer, decoding)
    damaged = np.zeros(len(layer), dtype=bool)
    for name, values in layer.columns.items():
        column = Column.of(values)
        title = str(_to_unicode(name, others.get(name) or decoding, keeps_ascii=keeps_ascii))
        if keeps_ascii and _is_plain(column.joined()):
            columns[title] = column
            continue
        by = [others.get(value) or decoding for value in column.distinct]
        read = [
            _to_unicode(value, own, keeps_ascii=keeps_ascii) for value, own in zip(column.distinct, by, strict=True)
        ]
        columns[title] = Column(read, column.codes)
        broken = [
            _is_damaged(raw, text, own) or (raw in others and others[raw] is None)
            for raw, text, own in zip(column.distinct, read, by, strict=True)
        ]
        if any(broken):
            damaged |= np.array(broken)[column.codes]
    if layer.drawing:
        columns = {name: column.map(_without_escapes) for name, column in columns.items()}
    said = (
        f"letters are lost or fit no encoding; read as {decoding.encoding}"
        if decoding.trusted
        else f"encoding uncertain, read as {decoding.encoding}"
    )
    remarks = [Finding(Fault.TEXT_BROKEN, said, row=int(row)) for row in layer.rows[damaged]]
    if not decoding.trusted:
        remarks.append(Finding(Fault.TEXT_BROKEN, f"encoding uncertain, read as {decoding.encoding}"))
    read_by = Counter(other.encoding for other in others.values() if other)
    mixed = "".join(f"; {times} values in {encoding}" for encoding, times in read_by.items())
    return replace(layer, columns=columns), describe(decoding) + mixed, remarks


def _find_others(layer: SourceLayer, decoding: Decoding) -> dict[str, Decoding | None]:
    """Texts that were written in another encoding than the rest, as files put together of several have, and in which.

    They fit no letters of the layer's encoding, make no words in it, or are UTF-8, which no other text is by chance.
    None where no encoding explains them.
    """
    if decoding.encoding == UNICODE or is_stateful(decoding.encoding):
        return {}
    columns = map(Column.of, layer.columns.values())
    texts = {value for column in columns for value in column.distinct if _has_letters(value)}
    texts.update(filter(_has_letters, layer.columns))
    others = {text for text in texts if not decoding.reads_well(text) or _is_stray_utf8(text, decoding)}
    second = decode_layer(sorted(others), declared=None) if others else decoding
    if second.encoding == decoding.encoding or not second.trusted:
        return {text: None for text in others if _is_stray_utf8(text, decoding)}
    return {text: second if second.is_lossless(text) and second.reads_well(text) else None for text in others}


def _has_letters(value: Any) -> bool:
    """Whether it is text with a byte beyond ASCII."""
    return isinstance(value, str) and not value.isascii() and max(value) <= "\xff"


def _is_stray_utf8(view: str, decoding: Decoding) -> bool:
    try:
        return decoding.encoding != "UTF-8" and bool(view.encode("iso-8859-1").decode("utf-8"))
    except UnicodeDecodeError:
        return False


def describe(decoding: Decoding) -> str:
    """The encoding, and how it was told."""
    return f"{decoding.encoding}, score {decoding.score:.2f}: {decoding.reason}"


def _without_escapes(value: Any) -> Any:
    return decode_cad_escapes(value) if isinstance(value, str) else value


def _is_plain(text: str) -> bool:
    """Whether it cannot be damaged, nor be anything but ASCII."""
    return text.isascii() and "?" not in text and "\0" not in text


def _to_unicode(value: Any, decoding: Decoding, *, keeps_ascii: bool) -> Any:
    if not isinstance(value, str) or (keeps_ascii and value.isascii() and "\0" not in value):
        return value
    return decoding.decode(value).replace("\0", "")


def _is_damaged(raw: Any, text: Any, decoding: Decoding) -> bool:
    if not isinstance(raw, str) or (raw.isascii() and "?" not in raw):
        return False
    is_doubtful = not decoding.trusted and _has_letters(raw)
    return is_doubtful or has_lost_letters(text) or not decoding.is_lossless(raw)
