"""Sections of .inp files, the common dress of SWMM and EPANET models."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importers.faults import Fault, Rejected
from importers.formats.network import sidecar_crs, to_number, told_once
from importers.formats.tabular.declared import named_system

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importers.source import Dataset

_EXPORT_AGAIN = "export the network again, with all its sections"
_SHOWN = 5
_LINE_END = re.compile(r"\r\n|\r|\n")  # and no byte of a letter, such as the last of "ễ" in UTF-8
_FIELD = re.compile(r'"[^"]*"|\S+')
_SECTION = re.compile(rb"^[ \t]*\[([A-Za-z]{3,})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Inp:
    """Fields of each line, by section; both programs tell sections by the first four letters of their names.

    Text is the ISO-8859-1 view of the file's bytes; `encoding` is "utf-8" where they are that, else None.
    """

    sections: dict[str, list[list[str]]]
    encoding: str | None

    def lines(self, section: str) -> list[list[str]]:
        return self.sections.get(section, [])

    def option(self, name: str, default: str) -> str:
        found = (fields[1] for fields in self.lines("OPTI") if len(fields) > 1 and fields[0].upper() == name)
        return next(found, default).upper()

    def points(self) -> dict[str, tuple[float, float]]:
        """(x, y) of each node; one that stands at two places stands nowhere."""
        return told_once(map(_located, self.lines("COOR")))

    def remarks(self) -> tuple[str, ...]:
        """What keeps nodes, and the links to them, from having a place."""
        placed = {name for name, point in map(_located, self.lines("COOR")) if point is not None}
        if not placed:
            return ("the model has no coordinates: export it with [COORDINATES]",)
        torn = sorted(placed - self.points().keys())
        shown = f"{', '.join(torn[:_SHOWN])}{' …' if len(torn) > _SHOWN else ''}"
        return (f"{len(torn)} nodes stand at several places: {shown}",) if torn else ()

    def bends(self) -> dict[str, list[tuple[float, float]]]:
        """(x, y) of the vertices of each link between its two nodes, from the first node on."""
        bends: dict[str, list[tuple[float, float]]] = {}
        for name, point in map(_located, self.lines("VERT")):
            if point is not None:
                bends.setdefault(name, []).append(point)
        return bends


def _located(fields: Sequence[str]) -> tuple[str, tuple[float, float] | None]:
    x, y = (to_number(field_at(fields, i)) for i in (1, 2))
    return fields[0], None if x is None or y is None else (x, y)


def field_at(fields: Sequence[str], index: int) -> str | None:
    return fields[index] if index < len(fields) else None


def section_names(head: bytes) -> set[str]:
    """First four letters, upper case, of the sections that begin in the head of a file."""
    return {name[:4].upper().decode("ascii") for name in _SECTION.findall(head.replace(b"\r", b"\n"))}


def read_inp(dataset: Dataset) -> Inp:
    """The sections of a file. Raises: Rejected where its last line has neither all its fields nor an end."""
    raw = dataset.path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    sections: dict[str, list[list[str]]] = {}
    current: list[list[str]] = []
    lines = _LINE_END.split(raw.decode("iso-8859-1"))
    for line in lines:
        content = line.partition(";")[0].strip()
        if content.startswith("["):
            current = sections.setdefault(content[1:5].rstrip("]").upper(), [])
        elif content:
            current.append([field.strip('"') for field in _FIELD.findall(content)])
    if lines[-1].strip() and (_is_half_header(lines[-1]) or (len(current) > 1 and len(current[-1]) < len(current[-2]))):
        raise Rejected(Fault.TRUNCATED, f"{dataset.name} ends within its last line", _EXPORT_AGAIN)
    return Inp(sections, _encoding(raw))


def _is_half_header(line: str) -> bool:
    return line.strip().startswith("[") and "]" not in line


def _encoding(raw: bytes) -> str | None:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8"


def declared_crs(dataset: Dataset, model: Inp) -> tuple[str | None, str]:
    """The reference system by the .prj beside the file, or else by a code in the model's title, and which of them."""
    beside = sidecar_crs(dataset)
    if beside:
        return beside, ".prj"
    title = " ".join(" ".join(fields) for fields in model.lines("TITL"))
    return named_system(title, degrees=False), "its title"


def link_points(
    ends: tuple[str, str], bends: Sequence[tuple[float, float]], nodes: dict[str, tuple[float, float]]
) -> list[tuple[float, float]]:
    """Vertices of a link from its first node to its second; none where a node has no coordinates."""
    if ends[0] not in nodes or ends[1] not in nodes:
        return []
    return [nodes[ends[0]], *bends, nodes[ends[1]]]
