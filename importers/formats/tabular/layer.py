"""A table → a layer: points by coordinates or degrees, WKT, lines by one row a vertex, lines that name their nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from importers.faults import Fault, Rejected
from importers.formats.records import without_unknown_z
from importers.formats.tabular.declared import WGS84, named_system, split_name, system_of_names
from importers.formats.tabular.numbers import finest, parse_degrees, parse_ordinate, without_groups
from importers.joining import find_ends
from importers.source import SourceLayer
from importers.vocabulary import match_fields, vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from importers.formats.tabular.grid import Reader, Table

# Steps between coordinates at which things lie beside where they are; degrees of few records may be round by chance.
_COARSE_M, _COARSE_DEGREES, _MANY = 10.0, 0.001, 10

type Columns = dict[str, list[str | None]]

_DEGREES = ("longitude", "latitude")
# Easting first. Vietnamese surveyors' tables call the north axis X and the east axis Y.
_PLANES = (("easting", "northing"), ("x", "y"))


@dataclass(frozen=True, slots=True)
class Origin:
    """What a table comes with: its name, what .prj declares, how its letters read, and their encoding to declare."""

    name: str
    prj: str | None
    readable: Reader
    encoding: str | None


@dataclass(frozen=True, slots=True)
class _Positions:
    """Which column (as delivered) holds x, y, z and so on, and the reference system with its origin."""

    columns: dict[str, str]
    pair: tuple[str, str] | None
    crs: str | None
    crs_origin: str


def build_layer(table: Table, origin: Origin, notes: Sequence[str] = ()) -> SourceLayer:
    """The layer of a table that has a place (`is_placed`); lines that only name their nodes have no geometry yet.

    A line of several rows has the attributes and the row of the first of them.
    """
    found = _positions(table, origin)
    columns, said = without_groups(table.columns(), set(found.columns.values()))
    _refuse_rounded(columns, found, origin.name)
    shapes, first, how = _shapes(columns, found, len(table.records))
    return SourceLayer(
        origin.name,
        without_unknown_z(shapes),
        {name: [values[i] for i in first] for name, values in columns.items()},
        np.array(first, dtype=np.int64) + 1,
        crs=found.crs,
        crs_origin=found.crs_origin,
        encoding=origin.encoding,
        notes=(*table.notes, *notes, *said, *how),
        surveyor_axes=found.pair == ("x", "y"),
    )


def _refuse_rounded(columns: Columns, found: _Positions, name: str) -> None:
    """Raises: Rejected for coordinates of which a spreadsheet kept what its cells had room for."""
    for axis in found.pair or ():
        values = columns[found.columns[axis]]
        step = finest(values)
        if step is None or (found.pair == _DEGREES and len(values) < _MANY):
            continue
        if step >= (_COARSE_DEGREES if found.pair == _DEGREES else _COARSE_M):
            shown = next(value for value in values if value)
            said = f"{name}: coordinates are rounded, as {shown} in '{found.columns[axis]}'"
            raise Rejected(Fault.VALUE_REFUSED, said, "show all digits in the spreadsheet, then save the table again")


def is_placed(table: Table, origin: Origin) -> bool:
    """Whether a table has coordinates, WKT, or names of the nodes at the ends of lines."""
    found = _positions(table, origin)
    return found.pair is not None or "geometry" in found.columns or _ends(table, origin) is not None


def refuse_placeless(delivered: str) -> Rejected:
    return Rejected(
        Fault.GEOMETRY_MISSING,
        f"{delivered} has no columns for coordinates or WKT",
        "name them X and Y, kinhDo and viDo, or WKT; or TuHoGa and DenHoGa, the codes of nodes in another table",
    )


def _ends(table: Table, origin: Origin) -> tuple[str, str] | None:
    return find_ends(origin.readable(name) for name in table.names)


def _positions(table: Table, origin: Origin) -> _Positions:
    """Degrees come before a plane, unless the table says that its system is a plane one."""
    delivered = {origin.readable(name): name for name in table.names}
    bare = {split_name(name)[0]: name for name in reversed(delivered)}
    found = {key: bare[name] for key, (name, _) in match_fields(bare, vocabulary()["fields"]["position"]).items()}
    words = "\n".join(origin.readable(line) for line in table.above)
    planes = [pair for pair in _PLANES if found.keys() >= set(pair)]
    plane_crs = named_system(words, degrees=False) or system_of_names(found[axis] for pair in planes for axis in pair)
    has_degrees = found.keys() >= set(_DEGREES)
    is_plane = bool(planes) and (not has_degrees or _is_plane(origin.prj or plane_crs))
    pair = planes[0] if is_plane else _DEGREES if has_degrees else None
    crs, said = _system(origin, words, plane_crs if is_plane else named_system(words, degrees=has_degrees))
    if crs is None and pair == _DEGREES:
        crs, said = WGS84, "columns of longitude and latitude"
    return _Positions({key: delivered[name] for key, name in found.items()}, pair, crs, said)


def _is_plane(crs: str | None) -> bool:
    return crs is not None and not crs.lstrip().upper().startswith(("GEOG", "EPSG:4"))


def _system(origin: Origin, words: str, named: str | None) -> tuple[str | None, str]:
    if origin.prj:
        return origin.prj, ".prj"
    if named is None:
        return None, ""
    return named, f"'{' '.join(words.strip('# ').split())[:100]}'" if words else "the names of its columns"


def _shapes(columns: Columns, found: _Positions, count: int) -> tuple[NDArray[np.object_], list[int], list[str]]:
    """Geometries, the records that they begin with, and how they were made."""
    every = list(range(count))
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are told from the geometry later
        if "geometry" in found.columns:
            texts = columns[found.columns["geometry"]]
            shapes = [shapely.from_wkt(text, on_invalid="ignore") if text else None for text in texts]
            return np.array(shapes, dtype=object), every, ["geometry from WKT"]
        if found.pair is None:
            return np.full(count, None, dtype=object), every, ["no geometry: columns name the nodes at both ends"]
        points = _points(columns, found)
        how = "degrees" if found.pair == _DEGREES else f"columns of {' and '.join(found.pair)}"
        if "line" in found.columns:
            order = columns.get(found.columns.get("vertex", ""))
            return *_lines(columns[found.columns["line"]], order, points), [how, "one row a vertex"]
        return np.asarray(shapely.points(points), dtype=object), every, [how]


def _points(columns: Columns, found: _Positions) -> NDArray[np.float64]:
    """x, y and where there is a column of it z, NaN for what is no number."""
    read = _read_degrees if found.pair == _DEGREES else parse_ordinate
    readers: list[tuple[str, Callable[[str | None], float]]] = [(axis, read) for axis in found.pair or ()]
    if "z" in found.columns:
        readers.append(("z", parse_ordinate))
    return np.array([[read(value) for value in columns[found.columns[axis]]] for axis, read in readers]).T


def _read_degrees(value: str | None) -> float:
    degrees = parse_degrees(value)
    return np.nan if degrees is None else degrees


def _lines(
    keys: Sequence[str | None], order: Sequence[str | None] | None, points: NDArray[np.float64]
) -> tuple[NDArray[np.object_], list[int]]:
    groups: dict[str | None, list[int]] = {}
    for index, key in enumerate(keys):
        groups.setdefault(key, []).append(index)
    shapes = np.empty(len(groups), dtype=object)
    for k, members in enumerate(groups.values()):
        if order is not None:
            members.sort(key=lambda i: parse_ordinate(order[i]))
        shapes[k] = shapely.LineString(points[members]) if len(members) > 1 else shapely.Point(points[members[0]])
    return shapes, [min(members) for members in groups.values()]
