"""Names in archives: bytes in any encoding → what a report shows, and paths that do no harm."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING

from importers.codepages import UNDECIDED, decoder
from importers.text import decode_layer, to_nfc
from importers.vietnamese import LOST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_ZIP_ENCODING = "cp437"  # PKWARE APPNOTE 6.3, appendix D: where the UTF-8 flag is not set
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SEPARATORS = re.compile(r"[/\\]|^[A-Za-z]:")
_NAME_BYTES = 160  # of the 255 that file systems allow, for readers write side files
_SUFFIX_CHARACTERS = 16


def decode_names(names: Sequence[bytes | str]) -> list[str]:
    """The names of an archive in Unicode, NFC; bytes that are no UTF-8 are decided upon together."""
    decode = _choose_decoder([name for name in names if isinstance(name, bytes) and not _is_utf8(name)])
    texts = [name if isinstance(name, str) else name.decode() if _is_utf8(name) else decode(name) for name in names]
    return [_UNSAFE.sub(LOST, to_nfc(text)) for text in texts]


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _choose_decoder(names: Sequence[bytes]) -> Callable[[bytes], str]:
    encoding = decode_layer((name.decode("latin-1") for name in names), declared=_ZIP_ENCODING).encoding
    decode = decoder(_ZIP_ENCODING if encoding == UNDECIDED else encoding)
    return lambda name: decode(name.decode("latin-1"))


def climbs(name: str) -> bool:
    """Whether a name leads out of the archive's own folder."""
    depth = 0
    for part in _SEPARATORS.split(name):
        depth += {"": 0, ".": 0, "..": -1}.get(part, 1)
        if depth < 0:
            return True
    return False


class Places:
    """Paths below a folder for the files of an archive, no two the same, none outside."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: set[Path] = set()
        self._folders: set[Path] = set()
        self._times: Counter[Path] = Counter()

    def choose(self, name: str) -> Path:
        """Where a file with this name belongs: steps upwards, roots and drives are left out of it."""
        *parents, last = [_shorten(part) for part in _SEPARATORS.split(name) if part not in ("", ".", "..")] or ["_"]
        folder = self._folder
        for part in parents:
            folder /= part
            while folder in self._files:
                folder = folder.with_name(f"{folder.name}_")
            self._folders.add(folder)
        chosen = self._find_free(folder / last)
        self._files.add(chosen)
        return chosen

    def _find_free(self, path: Path) -> Path:
        """The path, or for its second file "pipes (2).shp", so that files of one name stay with their companions."""
        free = path
        while free in self._files or free in self._folders:
            self._times[path] += 1
            free = path.with_name(f"{path.stem} ({self._times[path] + 1}){path.suffix}")
        return free


def _shorten(part: str) -> str:
    """A name of a safe length; names that begin alike stay different, and companions stay companions."""
    if len(part.encode()) <= _NAME_BYTES:
        return part
    stem, dot, suffix = part.partition(".") if "." in part[1:] else (part, "", "")
    mark = hashlib.sha256(stem.encode()).hexdigest()[:8]
    start = stem.encode()[: _NAME_BYTES - 40].decode(errors="ignore")
    return f"{start}~{mark}{dot}{suffix[-_SUFFIX_CHARACTERS:]}"
