"""The response package: every format of one report."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from twin.excavations.package.drawings import Drawings, draw
from twin.excavations.package.dxf import write_dxf
from twin.excavations.package.geojson import write_geojson
from twin.excavations.package.glb import write_glb
from twin.excavations.package.page import write_page
from twin.excavations.package.pdf import write_pdf
from twin.excavations.package.sections import survey
from twin.excavations.package.spreadsheet import write_csv
from twin.excavations.requests import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from twin.clash.report import ClashReport
    from twin.excavations.package.sections import Survey
    from twin.excavations.package.tables import Contact
    from twin.excavations.package.words import Language

MEDIA_TYPES = {
    "json": "application/json",
    "geojson": "application/geo+json",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "dxf": "image/vnd.dxf",
    "glb": "model/gltf-binary",
    "csv": "text/csv; charset=utf-8",
}
"""Formats by the suffix of their files, in the order in which they are written."""


@dataclass(frozen=True)
class Package:
    """One report in one language; the same report gives the same bytes. `contacts` by the owner's name.

    It holds whatever the report holds: who may not see an object must be given a report without it.
    """

    report: ClashReport
    language: Language
    contacts: Mapping[str, Contact] = field(default_factory=dict)

    def write(self, kind: str) -> bytes:
        """One format of `MEDIA_TYPES`. Raises: KeyError for another."""
        makers: dict[str, Callable[[], bytes]] = {
            "json": self._json,
            "geojson": lambda: write_geojson(self.survey),
            "html": lambda: write_page(self.drawings, self.contacts, self.dossier),
            "pdf": lambda: write_pdf(self.drawings, self.contacts, self.dossier),
            "dxf": lambda: write_dxf(self.drawings, self.dossier),
            "glb": lambda: write_glb(self.survey),
            "csv": lambda: write_csv(self.survey),
        }
        return makers[kind]()

    @cached_property
    def drawings(self) -> Drawings:
        return draw(self.survey, self.language)

    @cached_property
    def survey(self) -> Survey:
        return survey(self.report)

    @cached_property
    def dossier(self) -> str:
        """Ten characters that two different reports never share in practice."""
        return hashlib.sha256(self._json()).hexdigest()[:10]

    @property
    def stem(self) -> str:
        """A file name for it: the dig's name in plain letters, and the dossier's number."""
        return f"{plain(self.report.name)}-{self.dossier}"

    def _json(self) -> bytes:
        return json.dumps(self.report.to_json(), ensure_ascii=False, indent=1).encode()


def write_package(package: Package, folder: Path) -> Iterator[Path]:
    """Every format into a folder, which is made; yields each file once it is written, in the order of `MEDIA_TYPES`."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in MEDIA_TYPES:
        path = folder / f"{package.stem}.{kind}"
        path.write_bytes(package.write(kind))
        yield path
