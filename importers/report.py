"""What an import did: a record a file, and the sums."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from importers.faults import Finding


@dataclass(slots=True)
class FileReport:
    """What became of one file; `outcome` is an `Outcome`, or 'unchanged' for a file that was imported before."""

    path: str
    outcome: str
    format: str | None = None
    tables: list[str] = field(default_factory=list)
    read: int = 0
    loaded: int = 0
    refused: int = 0
    decisions: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    message: str = ""
    change: dict[str, int] | None = None

    def note(self, layer: str | None, findings: list[Finding]) -> None:
        self.findings += [{"layer": layer, **asdict(finding)} for finding in findings]


@dataclass(slots=True)
class ImportReport:
    """What became of a folder; `page` is where the report for people was written."""

    root: str
    files: tuple[FileReport, ...]
    documents: tuple[str, ...]
    seconds: float
    run_id: int | None = None
    page: Path | None = None

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(file.outcome for file in self.files)

    @property
    def faults(self) -> Counter[str]:
        """How often each fault was found, in rows and whole files."""
        return Counter(finding["fault"] for file in self.files for finding in file.findings)

    @property
    def loaded(self) -> int:
        return sum(file.loaded for file in self.files)

    @property
    def refused(self) -> int:
        return sum(file.refused for file in self.files)

    @property
    def is_clean(self) -> bool:
        """True where nothing went to the quarantine."""
        return not self.refused and not self.outcomes["quarantined"]

    def to_json(self) -> dict[str, Any]:
        return {
            "root": self.root,
            "run": self.run_id,
            "seconds": round(self.seconds, 3),
            "outcomes": dict(self.outcomes),
            "features_loaded": self.loaded,
            "rows_refused": self.refused,
            "faults": dict(self.faults),
            "documents_left_aside": list(self.documents),
            "files": [asdict(file) for file in self.files],
        }
