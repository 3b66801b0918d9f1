"""A grid of cells as people fill it in → names of columns and records: titles, headers of two rows, units, gaps."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from importers.fields import parse_number
from importers.text import fold_name
from importers.vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

type Row = Sequence[str | None]
type Reader = Callable[[str], str]

_SEARCHED = 30
_SAMPLE = 500
# A name over several columns with the unit of all of them: "Cao độ (m)".
_MEASURED = re.compile(r"(?P<name>.*\S)\s*[(\[]\s*(?P<unit>[^()\[\]]+?)\s*[)\]]")
# What may stand under a column's name, folded: "" is a sign such as % or °.
_MEASURES = frozenset({"m", "mm", "cm", "dm", "km", "m2", "m3", "ha", "kv", "v", "bar", "nam", "do", "cai", ""})


@dataclass(frozen=True, slots=True)
class Table:
    """Records of one width under distinct names, in the letters of the file.

    `above`: what stands over the names, the upper row of a header in two included.
    """

    names: list[str]
    records: list[list[str | None]]
    above: list[str]
    notes: tuple[str, ...] = ()

    def columns(self) -> dict[str, list[str | None]]:
        return {name: [record[i] for record in self.records] for i, name in enumerate(self.names)}


def find_table(rows: Sequence[Row], readable: Reader) -> Table | None:
    """The table in a grid of cells (None for blank), or None where no row holds names of columns.

    The header is the row, among the first that are not numbers and wide enough, with the most names that are known; the
    row under it belongs to it where it divides merged cells. A row of units goes into the names ("DoSau" over "cm" is
    "DoSau_cm"), a row that numbers the columns is dropped.
    """
    filled = [row for row in rows if any(row)]
    at = _find_header(filled, readable)
    if at is None or at + 1 >= len(filled):
        return None
    header, rest, notes = list(filled[at]), at + 1, []
    for first in (at - 1, at) if at else (at,):
        divided = _divide(filled[first], filled[first + 1], readable)
        if divided is not None:
            header, at, rest = divided, first, first + 2
            notes.append("names of columns joined from two rows")
            break
    if at:
        notes.append(f"names of columns found in row {at + 1} of those that are filled")
    below = list(filled[rest:])
    header, below, said = _without_legend(header, below, readable)
    given, records = _without_blank_columns(header, below)
    if not records:
        return None
    names, changed = _distinct(given)
    above = [" ".join(dict.fromkeys(cell for cell in row if cell)) for row in filled[: rest - 1]]
    return Table(names, records, above, (*notes, *said, *changed, *_ragged(below, len(header))))


def _find_header(rows: Sequence[Row], readable: Reader) -> int | None:
    widths = Counter(sum(cell is not None for cell in row) for row in rows[:_SAMPLE])
    usual = max(widths, key=lambda width: (widths[width], width)) if widths else 0
    candidates = [i for i, row in enumerate(rows[:_SEARCHED]) if _may_be_header(row, usual)]
    return max(candidates, key=lambda i: (_count_known(rows[i], readable), -i), default=None)


def _may_be_header(row: Row, usual: int) -> bool:
    cells = [cell for cell in row if cell]
    numbers = sum(parse_number(cell) is not None for cell in cells)
    return len(set(cells)) >= 2 and 2 * len(cells) >= usual and 2 * numbers < len(cells)


def _count_known(names: Row, readable: Reader) -> int:
    """How many names are known, each once: what is merged over several columns stands in all of them."""
    return sum(is_known(readable(name)) for name in {name for name in names if name})


def is_known(name: str) -> bool:
    """Whether some table of the vocabulary has a field of this name, with or without a unit."""
    folded = fold_name(name)
    units = vocabulary()["units"]
    return folded in _known() or any(folded.removesuffix(unit) in _known() for unit in units if folded.endswith(unit))


@cache
def _known() -> frozenset[str]:
    fields = vocabulary()["fields"]
    return frozenset(word for table in fields.values() for words in table.values() for word in words)


def _divide(upper: Row, lower: Row, readable: Reader) -> list[str | None] | None:
    """Names of a header in two rows ("Tọa độ" over "X" and "Y"), or None where the lower one is a record.

    It is a record, or the upper one a title, where it has numbers, where no column goes through both, where another
    text stands under a cell that is not merged with its neighbour, or where no more is known with it than without.
    """
    pairs = list(zip_longest(upper, lower))
    is_header = any(above and below in (None, above) for above, below in pairs)
    if not is_header or any(parse_number(cell) is not None for cell in lower):
        return None
    names: list[str | None] = []
    parent: str | None = None
    for i, (above, below) in enumerate(pairs):
        parent = above or (parent if below else None)
        if above and below and above != below and not _is_merged(pairs, i):
            return None
        names.append(_name_under(parent, below, readable))
    return names if _count_known(names, readable) > _count_known(upper, readable) else None


def _name_under(parent: str | None, own: str | None, readable: Reader) -> str | None:
    if not own or not parent or own == parent:
        return own or parent
    joined = f"{parent} {own}"
    measured = _MEASURED.fullmatch(parent)
    if measured and fold_name(readable(measured["unit"])) in vocabulary()["units"]:
        joined = f"{measured['name']} {own} ({measured['unit']})"
    return own if is_known(readable(own)) and not is_known(readable(joined)) else joined


def _is_merged(pairs: Sequence[tuple[str | None, str | None]], i: int) -> bool:
    """Whether an upper cell reaches over its neighbour, which then is blank or, filled from the merge, the same."""
    above = pairs[i][0]
    following = pairs[i + 1] if i + 1 < len(pairs) else (None, None)
    return (bool(following[1]) and following[0] in (None, above)) or (i > 0 and pairs[i - 1][0] == above)


def _without_legend(
    header: list[str | None], below: list[Row], readable: Reader
) -> tuple[list[str | None], list[Row], list[str]]:
    """The header with its units, and the rows without those of units and of column numbers."""
    notes: list[str] = []
    for _ in range(2):
        folded = [fold_name(readable(cell)) if cell else None for cell in (below[0] if below else ())]
        told = [cell for cell in folded if cell is not None]
        if len(told) > 2 and told == [str(k) for k in range(1, len(told) + 1)]:
            notes.append("row of column numbers dropped")
        elif any(cell in vocabulary()["units"] for cell in told) and _MEASURES.issuperset(told):
            header = [_with_unit(name, unit) for name, unit in zip_longest(header, folded)]
            notes.append("row of units put into the names")
        else:
            break
        below = below[1:]
    return header, below, notes


def _with_unit(name: str | None, unit: str | None) -> str | None:
    return f"{name}_{unit}" if name and unit in vocabulary()["units"] else name


def _without_blank_columns(
    header: Sequence[str | None], below: Sequence[Row]
) -> tuple[list[str | None], list[list[str | None]]]:
    """Names and records of one width, without columns that have neither a name nor a value."""
    columns = list(zip_longest(header, *below))
    kept = [column for column in columns if any(column)]
    names, *records = map(list, zip(*kept, strict=True))
    return names, records


def _distinct(header: Sequence[str | None]) -> tuple[list[str], list[str]]:
    """Names for all columns, each once: blank ones are called by their place, repeated ones are numbered."""
    given = [name or f"column{i + 1}" for i, name in enumerate(header)]
    names: list[str] = []
    for name in given:
        number, unique = 2, name
        while unique in names or (unique != name and unique in given):
            unique, number = f"{name}_{number}", number + 1
        names.append(unique)
    changed = [name for name, own in zip(names, header, strict=True) if name != own]
    return names, [f"columns without a name of their own: {', '.join(changed)}"] if changed else []


def _ragged(rows: Sequence[Row], width: int) -> Iterator[str]:
    longer, shorter = sum(len(row) > width for row in rows), sum(len(row) < width for row in rows)
    if longer:
        yield f"{longer} rows have more cells than there are names: kept"
    if shorter:
        yield f"{shorter} rows end early: what they lack is unknown"
