"""Where on earth a layer lies: its reference system, its axis order, and whether that is in the city."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import isclose
from typing import TYPE_CHECKING

import numpy as np
import shapely

from importers.faults import Fault, Finding, Rejected
from importers.repair import usable
from layers.crs import (
    HON_DAU_1992,
    VN2000_TM3,
    WGS84,
    Crs,
    accuracy_m,
    area_of_use,
    has_accurate_path,
    parse_crs,
    transform_geometries,
    transform_points,
)
from layers.errors import Invalid
from layers.linestrings import LineStrings, to_objects

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from importers.source import LongLayer, SourceLayer
    from layers.linestrings import Shapes

# A feature may stand this far outside the boundary: a reference map is no legal boundary.
BOUNDARY_MARGIN_M = 1000.0
SURROUNDINGS_M = 20_000.0
# Share of a layer that must fall into the city before a reading of its coordinates is believed.
_BELIEVED = 0.9
# Where x is north as often as east, the reading that puts more records into the city.
_HALF = 0.5
_CANDIDATES = (*(f"EPSG:{n}" for n in VN2000_TM3), "EPSG:5896", "EPSG:5897", "EPSG:5898", "EPSG:5899", "EPSG:3405",
               "EPSG:3406", "EPSG:32648", "EPSG:32649", "EPSG:4756", "EPSG:4326")  # fmt: skip
_VIETNAM = {*VN2000_TM3, 3405, 3406, 5896, 5897, 5898, 5899}
# What a transformation may be off and still go without saying.
_EXACT_M = 1.0
# What it may be off at most: nobody digs by what is wrong by more.
_ROUGHEST_M = 10.0
_VN2000_SCALE = 0.9999
_ZONE_M = 1_000_000.0  # what a zone number before an easting adds, times the number
_FALSE_EASTING_M = 500_000.0


@dataclass(frozen=True)
class City:
    """Storage CRS, and the city's area in it where its boundary is known."""

    storage: Crs
    boundary: shapely.Geometry | None = None

    def without_boundary(self) -> City:
        """The city as it is before any boundary is known: what boundaries themselves are held against."""
        return City(self.storage)

    @cached_property
    def region(self) -> shapely.Geometry:
        """Where features may lie, storage CRS: around the boundary, or else the CRS's area of use."""
        if self.boundary is not None:
            region = self.boundary.buffer(BOUNDARY_MARGIN_M)
        else:
            area = np.array([shapely.segmentize(shapely.box(*area_of_use(self.storage)), 0.5)], dtype=object)
            region = transform_geometries(area, parse_crs(WGS84), self.storage)[0]
        shapely.prepare(region)
        return region

    @cached_property
    def surroundings(self) -> shapely.Geometry:
        """As far as a road or main that begins in the city may lead; beyond is a vertex that went astray."""
        surroundings = self.region.buffer(SURROUNDINGS_M)
        shapely.prepare(surroundings)
        return surroundings

    def contains(self, geometries: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Which geometries (storage CRS) lie in the city; None lies nowhere."""
        if not len(geometries):
            return np.zeros(0, dtype=bool)
        if self.covers(shapely.total_bounds(geometries)) and not shapely.is_missing(geometries).any():
            return np.ones(len(geometries), dtype=bool)
        return np.asarray(
            shapely.intersects(self.region, geometries) & shapely.covers(self.surroundings, geometries), dtype=bool
        )

    def covers(self, bounds: NDArray[np.float64] | tuple[float, ...]) -> bool:
        """Whether a whole box (minx, miny, maxx, maxy) in storage CRS lies in the city."""
        return bool(np.isfinite(bounds).all() and shapely.covers(self.region, shapely.box(*bounds)))

    def takes_heights_of(self, crs: Crs) -> bool:
        """Whether z of a layer in that CRS is metres above the city's vertical datum, as far as it is said."""
        return crs.has_metric_heights and self.understands_heights_of(crs)

    def understands_heights_of(self, crs: Crs) -> bool:
        """Whether z of a layer in that CRS is an elevation above the city's vertical datum, as far as it is said."""
        if crs.vertical is None:
            return True
        is_vietnam = self.storage.srid in _VIETNAM
        return crs.vertical == HON_DAU_1992 if is_vietnam else crs.vertical != "ellipsoid"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a layer's coordinates are read: in which CRS and why, and whether x and y stand in each other's place."""

    crs: Crs
    reason: str
    is_swapped: bool = False
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """Geometries in storage CRS, which of them lie in the city, and how they were read."""

    geometries: Shapes
    inside: NDArray[np.bool_]
    reading: Reading

    @property
    def crs(self) -> Crs:
        return self.reading.crs

    @property
    def reason(self) -> str:
        return self.reading.reason

    @property
    def is_swapped(self) -> bool:
        return self.reading.is_swapped

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.reading.findings


def place(
    layer: SourceLayer, geometries: NDArray[np.object_], city: City, given: Crs | None, *, force: bool
) -> Placement:
    """Geometries (finite, not empty) of a layer in storage CRS.

    given: the CRS named by the user: for layers that declare none, or with `force` against their own declaration.
    Raises: Rejected where the CRS is missing, mislabelled, unusable, or puts the whole layer outside the city.
    """
    crs, reason = _decide(layer, geometries, city, given, force=force)
    as_said = Reading(crs, reason)
    placed = move(geometries, as_said, city)
    if placed.inside.all():
        return placed
    swapped = move(geometries, replace(as_said, is_swapped=True), city)
    share = _Share(len(geometries), int(placed.inside.sum()), int(swapped.inside.sum()))
    chosen = _choose(layer, as_said, share, geometries, city)
    return replace(swapped if chosen.is_swapped else placed, reading=chosen)


def read_long(layer: LongLayer, city: City, given: Crs | None, *, force: bool) -> Reading:
    """How a long layer is read: believed by its extent where that lies in the city, else by all its records.

    Raises: Rejected as `place`.
    """
    box = np.array([] if layer.extent is None else [shapely.box(*layer.extent)], dtype=object)
    crs, reason = _decide(layer, box, city, given, force=force)
    as_said, swapped = Reading(crs, reason), Reading(crs, reason, is_swapped=True)
    if len(box):
        moved = to_objects(move(shapely.segmentize(box, 1000), as_said, city).geometries)
        if city.covers(shapely.total_bounds(moved)):
            return as_said
    share, some = _Share(0, 0, 0), box
    for chunk in layer.chunks():
        geometries = chunk.geometries
        sound = geometries[usable(geometries, chunk.rows)[0]]
        inside, inside_swapped = (int(move(sound, reading, city).inside.sum()) for reading in (as_said, swapped))
        share = share.with_more(len(sound), inside, inside_swapped)
        some = sound
    return as_said if share.inside == share.count else _choose(layer, as_said, share, some, city)


@dataclass(frozen=True, slots=True)
class _Share:
    """Of how many features how many lie in the city, as said and with the axes exchanged."""

    count: int
    inside: int
    inside_swapped: int

    def with_more(self, count: int, inside: int, inside_swapped: int) -> _Share:
        return _Share(self.count + count, self.inside + inside, self.inside_swapped + inside_swapped)


def _choose(
    layer: SourceLayer | LongLayer, as_said: Reading, share: _Share, geometries: NDArray[np.object_], city: City
) -> Reading:
    """Raises: Rejected where neither reading puts a feature into the city."""
    believed = _HALF if layer.surveyor_axes else _BELIEVED
    if share.inside_swapped >= believed * share.count and share.inside_swapped > share.inside:
        if layer.surveyor_axes:
            reason = f"{as_said.reason}; x is north, y is east, as in surveyors' tables"
            return Reading(as_said.crs, reason, is_swapped=True)
        said = f"x and y stand in each other's place; read as north, east in {as_said.crs.code}"
        finding = Finding(Fault.AXES_SWAPPED, said)
        return Reading(as_said.crs, f"{as_said.reason}; x and y swapped", is_swapped=True, findings=(finding,))
    if share.inside or not share.count:
        return as_said
    raise _misplaced(layer, geometries, as_said.crs, city)


def move(geometries: NDArray[np.object_], reading: Reading, city: City) -> Placement:
    """Geometries as they are read, in storage CRS; what comes out without a place lies nowhere."""
    if reading.is_swapped:
        geometries = _exchange(geometries)
    moved, inside = _try(geometries, reading.crs, city)
    return Placement(moved, inside, reading)


def move_lines(lines: LineStrings, reading: Reading, city: City) -> Placement | None:
    """The same of plain lines where all have a place and lie in the city; None where one may not."""
    x, y, *z = lines.vertices.T
    points = np.column_stack([y, x, *z] if reading.is_swapped else [x, y, *z])
    if not np.isfinite(points[:, :2]).all():
        return None
    moved = transform_points(points, reading.crs, city.storage, strict=False)
    if not city.covers((*moved[:, :2].min(axis=0), *moved[:, :2].max(axis=0))):
        return None
    return Placement(LineStrings(moved, lines.counts), np.ones(len(lines), dtype=bool), reading)


def _exchange(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """X and y in each other's place."""
    return np.asarray(
        shapely.transform(geometries, lambda c: c[:, [1, 0, *range(2, c.shape[1])]], include_z=_any_z(geometries))
    )


def _decide(
    layer: SourceLayer | LongLayer, geometries: NDArray[np.object_], city: City, given: Crs | None, *, force: bool
) -> tuple[Crs, str]:
    if given is not None and (force or layer.crs is None):
        return given, "given by the user"
    if layer.crs is None:
        remedy = f"ask the department; {_suggestion(geometries, city)}import this file alone with --crs CODE"
        raise Rejected(Fault.CRS_MISSING, f"{layer.name} declares no coordinate reference system", remedy)
    try:
        crs = parse_crs(layer.crs)
    except Invalid as error:
        raise Rejected(
            Fault.CRS_UNUSABLE, f"{layer.name}: {error}", "import this file alone with --crs CODE"
        ) from error
    refuse_mislabelled(layer.name, crs)
    refuse_rough(layer.name, crs, city.storage)
    within_m = accuracy_m(crs, city.storage)
    rough = f", transformed to within {within_m:g} m" if within_m is not None and within_m > _EXACT_M else ""
    return crs, f"declared by {layer.crs_origin}{rough}"


def refuse_rough(name: str, crs: Crs, storage: Crs) -> None:
    """Raises: Rejected for a system from which only a guess leads to the city's, or a way that may be 10 m off."""
    remedy = "ask the department for VN-2000 coordinates"
    if not has_accurate_path(crs, storage):
        said = f"{name} is in {crs.name}, from which only a guess leads to {storage.code}"
        raise Rejected(Fault.CRS_UNUSABLE, said, remedy)
    within_m = accuracy_m(crs, storage)
    if within_m is not None and within_m > _ROUGHEST_M:
        said = f"{name} is in {crs.name}, from which the way to {storage.code} is known to within {within_m:g} m only"
        raise Rejected(Fault.CRS_UNUSABLE, said, remedy)


def refuse_mislabelled(name: str, crs: Crs) -> None:
    """A VN-2000 zone on the WGS 84 datum is no system anybody surveys in: the label is 225 m wrong at Huế.

    Raises: Rejected for such a label.
    """
    parameters = crs.parameters
    if crs.has_code or "World Geodetic System 1984" not in crs.datum:
        return
    scale, easting = parameters.get("Scale factor at natural origin", 0.0), parameters.get("False easting", 0.0)
    if isclose(scale, _VN2000_SCALE, abs_tol=1e-6) and isclose(easting, _FALSE_EASTING_M, abs_tol=1.0):
        meridian = parameters["Longitude of natural origin"]
        raise Rejected(
            Fault.CRS_MISLABELLED,
            f"{name}: its label says WGS 84 with the central meridian {meridian:g}° and scale 0.9999 of VN-2000;"
            " believed as it stands, everything would be 225 m off",
            "if the coordinates are VN-2000, import this file alone with --crs and the zone's EPSG code",
        )


def _try(geometries: NDArray[np.object_], crs: Crs, city: City) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    moved = transform_geometries(geometries, crs, city.storage, strict=False)
    finite = np.isfinite(shapely.bounds(moved)).all(axis=1)
    if not finite.all():
        moved = moved.copy()
        moved[~finite] = None
    return moved, city.contains(moved)


def _misplaced(layer: SourceLayer | LongLayer, geometries: NDArray[np.object_], crs: Crs, city: City) -> Rejected:
    where = "the city's boundary" if city.boundary is not None else f"the area of {city.storage.name}"
    for read in (geometries, _exchange(geometries)):
        if (prefix := _zone_number(read, crs, city)) is not None:
            easting = shapely.total_bounds(read)[0]
            return Rejected(
                Fault.CRS_WRONG,
                f"{layer.name}: its eastings begin with the zone number {prefix}, as in {easting:.0f};"
                " without it, it lies in the city",
                "ask for eastings without the zone number",
            )
    suggestion = _suggestion(geometries, city)
    fault = Fault.CRS_WRONG if suggestion else Fault.OUTSIDE_CITY
    return Rejected(
        fault,
        f"{layer.name}: read in {crs.name if not crs.has_code else crs.code}, every feature lies outside {where}",
        f"{suggestion}check the label; import this file alone with --crs CODE",
    )


def _zone_number(geometries: NDArray[np.object_], crs: Crs, city: City) -> int | None:
    """The number before the eastings (48776439 is 776439 in zone 48) without which a layer lies in the city."""
    if not len(geometries) or crs.is_geographic:
        return None
    west, _, east, _ = shapely.total_bounds(geometries)
    prefix = int(west // _ZONE_M) if np.isfinite(west) else 0
    if prefix < 1 or prefix != int(east // _ZONE_M):
        return None
    shifted = shapely.transform(geometries, lambda points: points - (prefix * _ZONE_M, 0.0))
    return prefix if _try(shifted, crs, city)[1].mean() >= _BELIEVED else None


def candidates(city: City) -> list[Crs]:
    """The systems that coordinates of the city may be in, its own first."""
    codes = (city.storage.code, *_CANDIDATES) if city.storage.srid in _VIETNAM else (city.storage.code, WGS84)
    return [parse_crs(code) for code in codes if code not in (WGS84, "EPSG:4756")]


def _suggestion(geometries: NDArray[np.object_], city: City) -> str:
    """Codes under which the layer would lie in the city: a hint for a person, never a decision."""
    if not len(geometries):
        return ""
    candidates = _CANDIDATES if city.storage.srid in _VIETNAM else (city.storage.code, WGS84)
    fitting = [
        code
        for code in candidates
        if len(geometries) and _try(geometries, parse_crs(code), city)[1].mean() >= _BELIEVED
    ]
    return f"its coordinates would lie in the city if read as {' or '.join(fitting)}; " if fitting else ""


def _any_z(geometries: NDArray[np.object_]) -> bool:
    return bool(np.any(shapely.has_z(geometries)))
