"""What an import report says, section by section, in Vietnamese and English: sums over files, and each file's story."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from importers.faults import TEXTS, Fault
from importers.phrases import Text, in_both, remedy_for
from importers.text import Reason
from layers.catalog import LAYERS
from layers.crs import parse_crs
from layers.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from importers.report import FileReport

_MOST_ROWS = 12
_DECODED = re.compile(r"(?P<encoding>.+), score (?P<score>[\d.]+): (?P<reason>[\w-]+)")
_TARGET = re.compile(r"(?P<table>\w+)(?:: |, )(?P<reason>.+)")


@dataclass(frozen=True, slots=True)
class FaultSum:
    """One kind of fault over all files: rows, whole layers or files, files it was found in."""

    text: Text
    rows: int
    wholes: int
    files: int
    remedy: Text | None


@dataclass(frozen=True, slots=True)
class FolderSum:
    """The files of one folder: how many ended how, and their rows."""

    name: str
    outcomes: Counter[str]
    read: int
    loaded: int
    refused: int


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding, why it was taken, in how many files, and the least score of a layer."""

    name: str
    reason: Text
    files: int
    score: float


@dataclass(frozen=True, slots=True)
class System:
    """A reference system: its code, its name, and how it was known in how many files, the most used way first."""

    code: str
    name: str
    origins: tuple[tuple[Text, int], ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one layer of a file; a part that says nothing is None or empty."""

    layer: str
    left_aside: Text | None
    table: Text | None
    target: Text | None
    crs: tuple[str, Text] | None
    text: tuple[str, Text, float] | None
    fields: tuple[tuple[str, str], ...]
    reasons: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """A fault within one file: how often, the first rows, and what was said of the first."""

    text: Text
    times: int
    rows: tuple[int, ...]
    message: Text
    remedy: Text | None


@dataclass(frozen=True, slots=True)
class FileEntry:
    report: FileReport
    message: Text | None
    remarks: tuple[Remark, ...]
    decisions: tuple[Decision, ...]


def sum_folders(files: Iterable[FileReport]) -> list[FolderSum]:
    folders: dict[str, list[FileReport]] = {}
    for file in files:
        folders.setdefault(file.path.rpartition("/")[0] or ".", []).append(file)
    return [
        FolderSum(
            name,
            Counter(file.outcome for file in inside),
            sum(file.read for file in inside),
            sum(file.loaded for file in inside),
            sum(file.refused for file in inside),
        )
        for name, inside in sorted(folders.items())
    ]


def sum_faults(files: Iterable[FileReport]) -> list[FaultSum]:
    """Each kind of fault that was found, in the order of the list of faults: files, then rows, then mere remarks."""
    rows: Counter[str] = Counter()
    wholes: Counter[str] = Counter()
    where: Counter[str] = Counter()
    for file in files:
        for finding in file.findings:
            (rows if finding["rows"] else wholes)[finding["fault"]] += finding["times"]
        where.update({finding["fault"] for finding in file.findings})
    order = [fault for fault in Fault if fault in where]
    return [FaultSum(fault_text(f), rows[f], wholes[f], where[f], remedy_for(f)) for f in order]


def fault_text(fault: str) -> Text:
    return Text(*TEXTS[Fault(fault)])


def sum_systems(files: Iterable[FileReport]) -> list[System]:
    """The reference systems, the most used first."""
    used: dict[str, Counter[str]] = {}
    for file in files:
        for code, origin in {d["crs"].partition(": ")[::2] for d in file.decisions if "crs" in d}:
            used.setdefault(code, Counter())[origin] += 1
    order = sorted(used, key=lambda code: (-used[code].total(), code))
    return [
        System(code, _name_of(code), tuple((in_both(origin), n) for origin, n in used[code].most_common()))
        for code in order
    ]


def _name_of(code: str) -> str:
    try:
        return parse_crs(code).name
    except Invalid:
        return ""


def sum_encodings(files: Iterable[FileReport]) -> list[Encoding]:
    """The encodings, the most used first."""
    found: Counter[tuple[str, str]] = Counter()
    scores: dict[tuple[str, str], float] = {}
    for file in files:
        read = [m for d in file.decisions if (m := _DECODED.fullmatch(d.get("text", "")))]
        found.update({(m["encoding"], m["reason"]) for m in read})
        for m in read:
            key = (m["encoding"], m["reason"])
            scores[key] = min(float(m["score"]), scores.get(key, 1.0))
    return [Encoding(key[0], _encoding_reason(key[1]), n, scores[key]) for key, n in found.most_common()]


def _encoding_reason(name: str) -> Text:
    if name not in set(Reason):
        return in_both(name)
    return Text(Reason(name).describe("vi"), Reason(name).describe("en"))


def describe(file: FileReport) -> FileEntry:
    """A file with everything about it in both languages."""
    by_fault: dict[str, list[dict[str, Any]]] = {}
    for finding in file.findings:
        by_fault.setdefault(finding["fault"], []).append(finding)
    return FileEntry(
        file,
        in_both(file.message) if file.message else None,
        tuple(_remark(fault, findings) for fault, findings in by_fault.items()),
        tuple(_decision(decision) for decision in file.decisions),
    )


def _remark(fault: str, findings: Sequence[dict[str, Any]]) -> Remark:
    rows = tuple(row for finding in findings for row in finding["rows"][:_MOST_ROWS])
    first = findings[0]
    remedy = in_both(first["remedy"]) if first["remedy"] else None
    times = sum(finding["times"] for finding in findings)
    return Remark(fault_text(fault), times, rows[:_MOST_ROWS], in_both(first["message"]), remedy)


def _decision(decision: dict[str, Any]) -> Decision:
    target = _TARGET.fullmatch(decision.get("target", ""))
    name, _, origin = decision.get("crs", "").partition(": ")
    decoded = _DECODED.fullmatch(decision.get("text", ""))
    return Decision(
        decision["layer"],
        in_both(decision["left aside"]) if "left aside" in decision else None,
        _table_title(target["table"]) if target else None,
        in_both(target["reason"]) if target else None,
        (name, in_both(origin)) if name else None,
        (decoded["encoding"], _encoding_reason(decoded["reason"]), float(decoded["score"])) if decoded else None,
        tuple(decision.get("fields", {}).items()),
        tuple(in_both(reason) for reason in (*decision.get("heights and sections", ()), *decision.get("notes", ()))),
    )


def _table_title(table: str) -> Text:
    return next((Text(layer.title.vi, layer.title.en) for layer in LAYERS if layer.name == table), Text(table, table))
