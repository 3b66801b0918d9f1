"""What an import did: a record a file, and the sums."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from importers.faults import Finding
    from layers.absent import Absent


# A report is for people: of alike findings the first rows, of different ones the first messages.
_MOST_ROWS, _MOST_MESSAGES = 1000, 1000


@dataclass(slots=True)
class FileReport:
    """What became of one file; `outcome` is an `Outcome`, or 'unchanged' for a file that was imported before.

    findings: layer, fault, message, remedy, `times` it was found, `rows` that have it: none where it is of the layer.
    """

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

    def count(self, table: str, rows: int) -> None:
        """Add rows that go to a table."""
        self.loaded += rows
        if table not in self.tables:
            self.tables.append(table)

    def decide(self, decision: dict[str, Any]) -> None:
        """Add what was decided of a layer, or of some more of its records."""
        names = ("layer", "target", "crs", "text", "fields")
        alike = (known for known in self.decisions if all(known.get(name) == decision[name] for name in names))
        same = next(alike, None)
        if same is None:
            self.decisions.append(decision)
            return
        same["heights and sections"] = sorted({*same["heights and sections"], *decision["heights and sections"]})
        same["notes"] = list(dict.fromkeys((*same["notes"], *decision["notes"])))

    def note(self, layer: str | None, findings: Sequence[Finding]) -> None:
        """Add findings, alike ones together: how often, and the first records that have them."""
        known = {(f["layer"], f["fault"], f["message"], f["remedy"]): f for f in self.findings}
        different = Counter(f["fault"] for f in self.findings)
        for finding in findings:
            key = (layer, finding.fault, finding.message, finding.remedy)
            if key not in known and different[finding.fault] >= _MOST_MESSAGES:
                key = (layer, finding.fault, "and more of the kind", finding.remedy)
            if key not in known:
                entry = dict(zip(("layer", "fault", "message", "remedy"), key, strict=True))
                known[key] = {**entry, "times": 0, "rows": []}
                self.findings.append(known[key])
                different[finding.fault] += 1
            known[key]["times"] += 1
            if finding.row is not None and len(known[key]["rows"]) < _MOST_ROWS:
                known[key]["rows"].append(finding.row)


@dataclass(slots=True)
class ImportReport:
    """What became of a folder; `page` is where the report for people was written.

    absent: files that it had in an earlier import and has no more, though what they brought is in the city.
    """

    root: str
    files: tuple[FileReport, ...]
    documents: tuple[str, ...]
    seconds: float
    run_id: int | None = None
    absent: tuple[Absent, ...] = ()
    page: Path | None = None

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(file.outcome for file in self.files)

    @property
    def faults(self) -> Counter[str]:
        """How often each fault was found, in rows and whole files."""
        found: Counter[str] = Counter()
        for finding in (finding for file in self.files for finding in file.findings):
            found[finding["fault"]] += finding["times"]
        return found

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
            "no_longer_delivered": [asdict(file) for file in self.absent],
            "files": [asdict(file) for file in self.files],
        }
