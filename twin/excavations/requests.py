"""Ways out as files: each a request that can be checked or filed as it is."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twin.clash.report import ClashReport


def write_requests(report: ClashReport, folder: Path) -> Iterator[Path]:
    """One GeoJSON feature a way out, best first, into a folder, which is made; yields each file."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, way in enumerate(report.ways_out.ways if report.ways_out else (), start=1):
        path = folder / f"{plain(report.name)}-{number}-{way.change}.geojson"
        path.write_text(json.dumps(dict(way.request), ensure_ascii=False) + "\n", encoding="utf-8")
        yield path


def plain(name: str) -> str:
    """A name in plain letters, for files."""
    marked = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    letters = re.sub(r"[^a-z0-9]+", "-", marked.encode("ascii", "ignore").decode().lower()).strip("-")
    return letters[:60] or "dig"
