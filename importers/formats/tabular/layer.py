"""A table → a layer: points by coordinates or degrees, WKT, lines by one row a vertex, lines that name their nodes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from importers.faults import Fault, Rejected
from importers.formats.records import without_unknown_z
from importers.formats.tabular.course import draw_courses, find_course, told_along
from importers.formats.tabular.declared import VN2000, WGS84, named_system, split_name, system_of_names
from importers.formats.tabular.numbers import finest, parse_degrees, parse_ordinate, without_groups
from importers.formats.tabular.wkt import read_geometries
from importers.joining import find_ends
from importers.source import Rival, SourceLayer
from importers.vocabulary import match_fields, vocabulary
from layers.crs import parse_crs
from layers.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from importers.formats.tabular.grid import Reader, Table

# Steps between coordinates at which things lie beside where they are; degrees of few records may be round by chance.
_POSTGIS = ("SRID", "srid", "00", "01")  # how EWKT and EWKB begin, and WKT does not
_DEGREE_M = 111_320.0  # along a meridian
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
    """Which column (as delivered) holds x, y, z and so on, and the reference system with its origin.

    other: the pair that says the same once more, in a plane or in degrees, and its system where it is said.
    """

    columns: dict[str, str]
    pair: tuple[str, str] | None
    crs: str | None
    crs_origin: str
    other: tuple[str, str] | None = None
    other_crs: str | None = None


def build_layer(table: Table, origin: Origin, notes: Sequence[str] = ()) -> SourceLayer:
    """The layer of a table that has a place (`is_placed`); lines that only name their nodes have no geometry yet.

    A line of several rows has the attributes and the row of the first of them, without numbers that differ along it.
    """
    found = _with_srid(table, _positions(table, origin), origin)
    columns, said = without_groups(table.columns(), set(found.columns.values()))
    _refuse_rounded(columns, found, origin.name)
    course = _course(columns, found, origin)
    shapes, first, how = _shapes(columns, found, len(table.records), course)
    told, varying = ({}, []) if course is None else told_along(columns, course, found.columns.values())
    return SourceLayer(
        origin.name,
        without_unknown_z(shapes),
        {name: [values[i] for i in first] for name, values in (columns | told).items()},
        np.array(first, dtype=np.int64) + 1,
        crs=found.crs,
        crs_origin=found.crs_origin,
        encoding=origin.encoding,
        notes=(*table.notes, *notes, *said, *how, *varying),
        surveyor_axes=found.pair == ("x", "y"),
        rival=_rival(columns, found, course),
    )


def _rival(columns: Columns, found: _Positions, course: tuple[str, str | None] | None) -> Rival | None:
    """The other coordinates of a table that has them in a plane and in degrees."""
    if found.other is None or "geometry" in found.columns:
        return None
    other = replace(found, pair=found.other, columns={k: v for k, v in found.columns.items() if k != "z"})
    (degrees,) = (pair for pair in (found.pair, found.other) if pair == _DEGREES)
    step_m = max(finest(columns[found.columns[axis]]) or 0.0 for axis in degrees) * _DEGREE_M
    shapes, _, _ = _shapes(columns, other, len(next(iter(columns.values()))), course)
    crs = (WGS84, VN2000) if found.other == _DEGREES else (found.other_crs,) if found.other_crs else ()
    return Rival(" and ".join(found.columns[axis] for axis in found.other), shapes, crs, step_m)


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
    other = None if not (planes and has_degrees) else _DEGREES if is_plane else planes[0]
    return _Positions({key: delivered[name] for key, name in found.items()}, pair, crs, said, other, plane_crs)


def _with_srid(table: Table, found: _Positions, origin: Origin) -> _Positions:
    """The positions in the system that the geometries of a column name themselves.

    Raises: Rejected where they name several, or another one than is declared beside them.
    """
    if "geometry" not in found.columns:
        return found
    named = found.columns["geometry"]
    at = table.names.index(named)
    texts = [text for record in table.records if (text := record[at]) and text.startswith(_POSTGIS)]
    _, code = read_geometries(texts, named)
    if code is None:
        return found
    if found.crs is not None and not _are_one(found.crs, code):
        said = f"{origin.name}: its geometries name {code}, and {found.crs_origin} another system"
        raise Rejected(Fault.CRS_WRONG, said, "ask which of the two is right")
    return replace(found, crs=code, crs_origin=f"the geometries in '{named}'")


def _are_one(one: str, other: str) -> bool:
    try:
        return parse_crs(one) == parse_crs(other)
    except Invalid:
        return False


def _is_plane(crs: str | None) -> bool:
    return crs is not None and not crs.lstrip().upper().startswith(("GEOG", "EPSG:4"))


def _system(origin: Origin, words: str, named: str | None) -> tuple[str | None, str]:
    if origin.prj:
        return origin.prj, ".prj"
    if named is None:
        return None, ""
    return named, f"'{' '.join(words.strip('# ').split())[:100]}'" if words else "the names of its columns"


def _course(columns: Columns, found: _Positions, origin: Origin) -> tuple[str, str | None] | None:
    """The columns of lines that have one row a vertex, and of the place along them; None for other tables."""
    if found.pair is None or "geometry" in found.columns:
        return None
    if "line" in found.columns:
        return found.columns["line"], found.columns.get("vertex")
    free = [name for name in columns if name not in {found.columns[axis] for axis in found.pair}]
    return find_course(origin.name, {origin.readable(name): name for name in free}, columns)


def _shapes(
    columns: Columns, found: _Positions, count: int, course: tuple[str, str | None] | None
) -> tuple[NDArray[np.object_], list[int], list[str]]:
    """Geometries, the records that they begin with, and how they were made."""
    every = list(range(count))
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are told from the geometry later
        if "geometry" in found.columns:
            shapes, _ = read_geometries(columns[found.columns["geometry"]], found.columns["geometry"])
            return shapely.set_srid(shapes, 0), every, ["geometry from WKT"]
        if found.pair is None:
            return np.full(count, None, dtype=object), every, ["no geometry: columns name the nodes at both ends"]
        points = _points(columns, found)
        how = "degrees" if found.pair == _DEGREES else f"columns of {' and '.join(found.pair)}"
        if course is not None:
            line, vertex = course
            drawn, first, remarks = draw_courses(columns[line], columns.get(vertex or ""), points)
            return drawn, first, [how, "one row a vertex", *remarks]
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
