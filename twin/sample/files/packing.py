"""ZIP archives with the same bytes every time."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MOMENT = (2025, 6, 30, 0, 0, 0)


def write_zip(path: Path, members: Mapping[str, bytes], *, stored: frozenset[str] = frozenset()) -> None:
    """An archive of members in this order; those of `stored` are not packed."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
