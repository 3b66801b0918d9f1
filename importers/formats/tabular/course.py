"""Tables with one row a vertex: which rows make a line, and in which order."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import shapely

from importers.faults import Fault, Rejected
from importers.fields import parse_number
from importers.formats.tabular.numbers import parse_ordinate
from importers.vocabulary import match_fields, vocabulary, words_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    type Cells = Sequence[str | None]
    type Groups = dict[str | None, list[int]]

_NAME_THEM = "name the columns MaDoiTuong (which line) and ThuTuDinh (where along it)"


def find_course(name: str, names: Mapping[str, str], columns: Mapping[str, Cells]) -> tuple[str, str] | None:
    """The columns that say which line a row is a vertex of and where along it, of a table of points without those that
    only lines have; None where its rows are things of their own.

    names: of columns as they read -> as delivered. The code of a line comes several times, and its rows are numbered
    from the same number on each time.

    Raises: Rejected where a table named after lines has such codes, and nothing says in which order its rows come.
    """
    said = words_in(name)
    words = {table: set(vocabulary()["layers"][table]) for table in ("utility_lines", "utility_nodes")}
    of_lines = words["utility_lines"] - words["utility_nodes"]
    found = match_fields(names, vocabulary()["course"])
    if "code" not in found or said & (words["utility_nodes"] - of_lines):
        return None
    code = names[found["code"][0]]
    groups = group(columns[code])
    groups.pop(None, None)
    if 2 * len(groups) > len(columns[code]):
        return None
    order = names[found["order"][0]] if "order" in found else None
    if order is not None and _is_numbered(columns[order], groups, is_line=bool(said & of_lines)):
        return code, order
    if said & of_lines:
        message = f"{name}: several rows have one '{code}', as the vertices of a line, and none says in which order"
        raise Rejected(Fault.GEOMETRY_KIND, message, _NAME_THEM)
    return None


def _is_numbered(order: Cells, groups: Groups, *, is_line: bool) -> bool:
    """Whether the rows of each code are numbered apart, each time from 0 or 1 on."""
    numbers = [[parse_ordinate(order[i]) for i in rows] for rows in groups.values()]
    starts = {min(own) for own in numbers}
    return len(starts) == 1 and starts <= {0.0, 1.0} and (len(numbers) > 1 or is_line)


def group(keys: Cells) -> Groups:
    """Rows by their key, in the order of the table."""
    groups: Groups = {}
    for index, key in enumerate(keys):
        groups.setdefault(key, []).append(index)
    return groups


def told_along(
    columns: Mapping[str, Cells], course: tuple[str, str | None], places: Iterable[str]
) -> tuple[dict[str, list[str | None]], list[str]]:
    """Columns of numbers that differ along a line, such as the depth at each vertex, without them there; and remarks.

    places: columns of the coordinates, and of what else stands for itself.
    """
    groups = [rows for key, rows in group(columns[course[0]]).items() if key is not None and len(rows) > 1]
    told: dict[str, list[str | None]] = {}
    for name in columns.keys() - {*course, *places}:
        values = columns[name]
        if any(value is not None and parse_number(value) is None for value in values):
            continue
        differing = [rows for rows in groups if len({parse_number(values[i]) for i in rows} - {None}) > 1]
        if differing:
            lost = {i for rows in differing for i in rows}
            told[name] = [None if i in lost else value for i, value in enumerate(values)]
    return told, [f"numbers of {name} differ along their line: not used for the whole of it" for name in sorted(told)]


def draw_courses(
    keys: Cells, order: Cells | None, points: NDArray[np.float64]
) -> tuple[NDArray[np.object_], list[int], list[str]]:
    """The lines through the rows of each key, the first row of each, and remarks; a single row is a point.

    Rows of no line, and lines of which two rows have one number or one row none, have no geometry.
    """
    groups = group(keys)
    loose = [[row] for row in groups.pop(None, [])]
    shapes = [_line(rows, order, points) for rows in groups.values()]
    first = [min(rows) for rows in groups.values()] + [row for (row,) in loose]
    found = np.empty(len(first), dtype=object)
    found[: len(shapes)] = shapes
    single, lost = sum(isinstance(shape, shapely.Point) for shape in shapes), sum(shape is None for shape in shapes)
    remarks = [
        said
        for count, said in (
            (single, f"{single} lines of one row are points"),
            (lost, f"{lost} lines of which the rows are not numbered apart: not drawn"),
            (len(loose), f"{len(loose)} rows do not say of which line they are"),
        )
        if count
    ]
    at = sorted(range(len(first)), key=first.__getitem__)
    return found[at], [first[i] for i in at], remarks


def _line(rows: list[int], order: Cells | None, points: NDArray[np.float64]) -> shapely.Geometry | None:
    if len(rows) == 1:
        return shapely.Point(points[rows[0]])
    if order is not None:
        places = {row: parse_ordinate(order[row]) for row in rows}
        if any(map(math.isnan, places.values())) or len(set(places.values())) < len(rows):
            return None
        rows = sorted(rows, key=places.__getitem__)
    return shapely.LineString(points[rows])
