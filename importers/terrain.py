"""Terrain rasters: checked, and kept as a Cloud Optimized GeoTIFF of metres in the data folder."""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
import rasterio.shutil
import shapely
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from importers.faults import Fault, Finding, Rejected
from importers.formats.raster import open_raster
from importers.position import refuse_mislabelled, refuse_rough
from layers.columns import Column
from layers.crs import parse_crs, transform_geometries, transform_points
from layers.errors import Invalid
from layers.terrain import Ground

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from rasterio.io import DatasetReader

    from importers.mapping import Columns
    from importers.position import City
    from importers.source import Dataset
    from layers.crs import Crs

# The lowest land is 430 m below the sea; what is lower is a mark for "no value".
_LOWEST_M = -500.0
_HIGHEST_M = 9000.0
_BLOCK = 2048
# Two surveys of one ground agree in the median to less than this; places along a side at which they are compared.
_SAME_GROUND_M, _COMPARED = 2.0, 40
# Between neighbouring pixels the ground rises at most this much, and this steeply; where more of them than the share
# do, the values are something else: bits of a mask, classes, brightness.
_STEEPEST_M, _STEEPEST, _SHARE_OF_CLIFFS = 500.0, 2.0, 1e-3
# Zero is no height but a mark where most of its neighbours lie higher or lower by this much, and this steeply.
_BESIDE_ZERO_M, _BESIDE_ZERO = 2.0, 0.1
_ESRI_NO_DATA = -9999.0  # what an ASCII grid that declares nothing means (Esri, ASCII raster format)
_METRES = {
    "m": 1.0, "metre": 1.0, "meter": 1.0, "metres": 1.0, "meters": 1.0, "cm": 0.01, "centimetre": 0.01,
    "mm": 0.001, "millimetre": 0.001, "ft": 0.3048, "foot": 0.3048, "feet": 0.3048,
    "us survey foot": 1200 / 3937, "foot_us": 1200 / 3937, "us-ft": 1200 / 3937, "ftus": 1200 / 3937,
}  # fmt: skip
_COLOURS = {ColorInterp.palette, ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.cyan}
_ASK = "ask for the raster again"
_WHICH = "one of the two has another unit or vertical datum: ask which"
_HEIGHTS = "terrain is one band of heights, of 16 bits or more; leave pictures out"
_NAME_CRS = "import this file alone with --crs CODE"


@dataclass(frozen=True, slots=True)
class _Metres:
    """Height = value x `factor` + `shift`, in metres."""

    factor: float
    shift: float

    def of(self, values: NDArray[Any]) -> NDArray[np.float64]:
        return values.astype(np.float64) * self.factor + self.shift


@dataclass(frozen=True, slots=True)
class _Band:
    """The one band of heights; values that mark what is not known, beside those that the file declares."""

    source: DatasetReader
    marks: tuple[float, ...] = ()

    def windows(self) -> Iterator[Window]:
        for top in range(0, self.source.height, _BLOCK):
            for left in range(0, self.source.width, _BLOCK):
                yield Window(left, top, min(_BLOCK, self.source.width - left), min(_BLOCK, self.source.height - top))

    def read(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Values, and which are known, by 'no data', a mask, or an alpha band, which GDAL heeds in whole numbers."""
        values = self.source.read(1, window=window)
        known = (self.source.read_masks(1, window=window) > 0) & ~np.isin(values, self.marks)
        for band, kind in enumerate(self.source.colorinterp, start=1):
            if kind is ColorInterp.alpha:
                known &= self.source.read(band, window=window) != 0
        return values, np.asarray(known)

    def heights(self, window: Window, metres: _Metres) -> NDArray[np.float64]:
        """In metres, NaN where not known."""
        values, known = self.read(window)
        heights = metres.of(values)
        heights[~known | ~np.isfinite(heights)] = np.nan
        return heights


def read_terrain(
    dataset: Dataset, city: City, given: Crs | None, *, force: bool, target: Path | None
) -> tuple[Columns, tuple[Finding, ...]]:
    """The `terrain` row of a raster, which is copied to `target`, and what is to be said of it; heights in metres,
    unknown ones left unknown.

    given: the CRS named by the user: for rasters that declare none, or with `force` against their own declaration.
    target: a file on its way to the folder `terrain` of the data folder; without one nothing is copied, and the row
    has no path.

    Raises: Rejected for a picture, a raster without values, position, CRS or plausible heights, and one elsewhere.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", NotGeoreferencedWarning)
            with open_raster(dataset) as source:
                _refuse_picture(source, dataset)
                crs = given if force and given is not None else _crs(source, dataset, city, given)
                return _read(source, dataset, city, crs, target)
    except NotGeoreferencedWarning as warning:
        message = f"{dataset.name} does not say where on earth its pixels lie"
        raise Rejected(Fault.CRS_MISSING, message, "export it as GeoTIFF, or with its world file") from warning
    except (RasterioError, CPLE_BaseError) as error:  # the second is what GDAL says where rasterio has no word for it
        said = error.__cause__ or error  # rasterio hides what GDAL said
        raise Rejected(Fault.UNREADABLE, f"{dataset.name} cannot be read: {said}", _ASK) from error


def compare_terrain(new: Ground, known: Ground) -> Finding | None:
    """What of a new raster differs from the ground that is known there as a whole, as another datum or unit does."""
    median_m = _apart_m(new, known)
    if median_m is None:
        return None
    said = f"the ground differs by {median_m:+.1f} m in the median from the terrain that was known there"
    return Finding(Fault.GROUND_DIFFERS, said, _WHICH)


def compare_tiles(ground: Ground, names: Mapping[str, str]) -> Iterator[tuple[str, Finding]]:
    """Of rasters that come together (names by the stems of their paths): each that contradicts another on the whole."""
    rasters = [raster for raster in ground.rasters if raster.path.stem in names]
    tree = shapely.STRtree([raster.extent for raster in rasters])
    for one, raster in enumerate(rasters):
        own = Ground(ground.storage, (raster,))
        for other in np.sort(tree.query(raster.extent, predicate="intersects")).tolist():
            known = Ground(ground.storage, (rasters[other],))
            if other != one and (median_m := _apart_m(own, known)) is not None:
                beside = names[rasters[other].path.stem]
                said = f"the ground differs by {median_m:+.1f} m in the median from {beside}, which came with it"
                yield names[raster.path.stem], Finding(Fault.GROUND_DIFFERS, said, _WHICH)


def _apart_m(new: Ground, known: Ground) -> float | None:
    """How far one ground lies above another where both are known; None where they are one, or meet hardly anywhere."""
    here, there = (shapely.union_all([raster.extent for raster in ground.rasters]) for ground in (new, known))
    common = shapely.intersection(here, there)
    if common.area == 0:
        return None
    west, south, east, north = common.bounds
    x, y = np.meshgrid(np.linspace(west, east, _COMPARED), np.linspace(south, north, _COMPARED))
    places = np.column_stack([x.ravel(), y.ravel()])
    apart_m = new.elevations(places) - known.elevations(places)
    apart_m = apart_m[np.isfinite(apart_m)]
    if len(apart_m) < _COMPARED or abs(median_m := float(np.median(apart_m))) < _SAME_GROUND_M:
        return None
    return median_m


def _read(
    source: DatasetReader, dataset: Dataset, city: City, crs: Crs, target: Path | None
) -> tuple[Columns, tuple[Finding, ...]]:
    area = _area(source, dataset, crs, city)
    metres = _metres(source, dataset, crs)
    band = _Band(source, (_ESRI_NO_DATA,) if source.driver == "AAIGrid" and source.nodata is None else ())
    is_finite, has_zeros = _check_heights(band, dataset, metres)
    resolution_m = _resolution_m(source, crs, city, area)
    band, findings = _without_zeros(band, metres, resolution_m) if has_zeros else (band, ())
    _check_cliffs(band, dataset, metres, resolution_m)
    is_plain = is_finite and metres == _Metres(1.0, 0.0) and source.count == 1 and not band.marks
    is_ready = is_plain and source.crs and parse_crs(source.crs.to_wkt()) == crs
    if target is not None:
        _keep(band, target, None if is_ready else (metres, crs))
    told = {
        "name": dataset.path.stem,
        "path": f"terrain/{target.name}" if target else None,
        "vertical_datum": crs.vertical,
        "resolution_m": resolution_m,
    }
    geometry = np.array([shapely.MultiPolygon([area])], dtype=object)
    return {"geom": geometry, **{name: Column.constant(value, 1) for name, value in told.items()}}, findings


def _refuse_picture(source: DatasetReader, dataset: Dataset) -> None:
    """Raises: Rejected for colours, several bands, and whole numbers of 8 bits; a mask may be the second band."""
    bands = [kind for kind in source.colorinterp if kind is not ColorInterp.alpha]
    if _COLOURS & set(bands):
        raise Rejected(Fault.LAYER_UNKNOWN, f"{dataset.name} is a picture, not terrain", _HEIGHTS)
    if len(bands) != 1:
        raise Rejected(Fault.LAYER_UNKNOWN, f"{dataset.name} has {len(bands)} bands: which are heights?", _HEIGHTS)
    if source.dtypes[0] in ("uint8", "int8") or source.dtypes[0].startswith("complex"):
        message = f"{dataset.name} holds {source.dtypes[0]}: a picture, or heights too coarse to rely on"
        raise Rejected(Fault.LAYER_UNKNOWN, message, _HEIGHTS)


def _crs(source: DatasetReader, dataset: Dataset, city: City, given: Crs | None) -> Crs:
    """Declared in the file, or else beside it, or else given by the user."""
    prj = dataset.sidecar(".prj")
    declared = source.crs.to_wkt() if source.crs else prj.read_text("utf-8", errors="replace").strip() if prj else ""
    if not declared:
        if given is None:
            message = f"{dataset.name} declares no coordinate reference system"
            raise Rejected(Fault.CRS_MISSING, message, _NAME_CRS)
        return given
    try:
        crs = parse_crs(declared)
    except Invalid as error:
        raise Rejected(Fault.CRS_UNUSABLE, f"{dataset.name}: {error}", _NAME_CRS) from error
    refuse_mislabelled(dataset.name, crs)
    refuse_rough(dataset.name, crs, city.storage)
    if not city.understands_heights_of(crs):
        message = f"{dataset.name}: its heights refer to {crs.vertical}, and mixed with the city's they would be wrong"
        raise Rejected(Fault.CRS_UNUSABLE, message, "ask for heights above the city's vertical datum")
    return crs


def _area(source: DatasetReader, dataset: Dataset, crs: Crs, city: City) -> shapely.Polygon:
    """What the raster covers, storage CRS. Raises: Rejected where that is nothing, or not in the city."""
    if not np.isfinite(source.transform).all() or not source.transform.determinant:
        raise Rejected(Fault.UNREADABLE, f"{dataset.name}: its pixels have no size", _ASK)
    corners = ((0, 0), (source.width, 0), (source.width, source.height), (0, source.height))
    frame = shapely.Polygon([source.transform @ corner for corner in corners])
    edges = np.array([shapely.segmentize(frame, frame.length / 256)], dtype=object)
    area: shapely.Polygon = transform_geometries(edges, crs, city.storage, strict=False)[0]
    if not np.isfinite(area.bounds).all() or not area.is_valid or not city.region.intersects(area):
        turned = np.array([shapely.transform(edges[0], lambda xy: xy[:, ::-1])], dtype=object)
        if city.region.intersects(transform_geometries(turned, crs, city.storage, strict=False)[0]):
            said = f"{dataset.name}: x and y stand in each other's place"
            raise Rejected(Fault.CRS_WRONG, said, "deliver it with east first, then north")
        raise Rejected(Fault.OUTSIDE_CITY, f"{dataset.name} lies outside the city", "check its reference system")
    return area


def _metres(source: DatasetReader, dataset: Dataset, crs: Crs) -> _Metres:
    """By the band's unit, or else that of the vertical system; unsaid, heights are metres if x and y are no feet.

    Raises: Rejected where the unit is not known.
    """
    stated = (source.units[0] or "").strip().lower()
    vertical = re.search(
        r'VERT_?C(?:R)?S\[.*?(?:LENGTH)?UNIT\["[^"]*",\s*([\d.]+)', source.crs.to_wkt() if source.crs else ""
    )
    if stated:
        unit_m = _METRES.get(stated)
    elif vertical:
        unit_m = float(vertical[1])
    else:
        unit_m = None if crs.is_projected and not crs.is_metric else 1.0
    if unit_m is None:
        message = f"{dataset.name}: heights in {stated or 'an unsaid unit, beside coordinates that are not metres'}"
        raise Rejected(Fault.VALUE_REFUSED, message, "deliver heights in metres, or write their unit into the band")
    return _Metres(source.scales[0] * unit_m, source.offsets[0] * unit_m)


def _check_heights(band: _Band, dataset: Dataset, metres: _Metres) -> tuple[bool, bool]:
    """Whether every value is finite, and whether some are 0.

    Raises: Rejected where there are no values, or some that are no heights.
    """
    known = strange = infinite = zeros = 0
    example = 0.0
    for window in band.windows():
        every, is_known = band.read(window)
        values = every[is_known]
        infinite += int(np.isinf(values).sum())
        heights = metres.of(values[np.isfinite(values)])
        wrong = ~((heights >= _LOWEST_M) & (heights <= _HIGHEST_M))
        if wrong.any():
            example = float(heights[wrong][0])
        known, strange = known + len(heights), strange + int(wrong.sum())
        zeros += int((heights == 0).sum())
    if not known:
        raise Rejected(Fault.VALUE_REFUSED, f"{dataset.name}: no pixel has a value", _ASK)
    if strange:
        message = f"{dataset.name}: {strange} of {known} pixels are no heights in metres, such as {example:g}"
        remedy = "declare the value that stands for 'no data' (gdal_edit -a_nodata), and check the unit"
        raise Rejected(Fault.VALUE_REFUSED, message, remedy)
    return not infinite, zeros > 0


def _without_zeros(band: _Band, metres: _Metres, resolution_m: float) -> tuple[_Band, tuple[Finding, ...]]:
    """The band in which zero is not known, and what is said of it, where the ground beside it is far from zero.

    Water at the level of the sea lies beside low banks; a hole that was filled with 0 has walls around it.
    """
    limit_m = max(_BESIDE_ZERO_M, _BESIDE_ZERO * resolution_m)
    zeros = beside = steep = 0
    for window in band.windows():
        heights = band.heights(window, metres)
        is_zero = heights == 0
        zeros += int(is_zero.sum())
        for axis in (0, 1):
            borders = np.diff(is_zero, axis=axis) & np.isfinite(steps := np.abs(np.diff(heights, axis=axis)))
            beside, steep = beside + int(borders.sum()), steep + int((steps[borders] > limit_m).sum())
    if 2 * steep <= beside:
        return band, ()
    said = f"{zeros} pixels are 0 beside ground more than {limit_m:g} m off: 0 stands for 'no value' there"
    finding = Finding(Fault.VALUE_REFUSED, said, "declare 0 as the value for 'no data'")
    return replace(band, marks=(*band.marks, -metres.shift / metres.factor)), (finding,)


def _check_cliffs(band: _Band, dataset: Dataset, metres: _Metres, resolution_m: float) -> None:
    """Raises: Rejected where neighbouring pixels differ as no ground does."""
    limit_m = max(_STEEPEST_M, _STEEPEST * resolution_m)
    pairs = cliffs = 0
    highest_m = 0.0
    for window in band.windows():
        heights = band.heights(window, metres)
        for steps in (np.abs(np.diff(heights, axis=0)), np.abs(np.diff(heights, axis=1))):
            known = steps[np.isfinite(steps)]
            pairs, cliffs = pairs + known.size, cliffs + int((known > limit_m).sum())
            highest_m = max(highest_m, float(known.max(initial=0.0)))
    if cliffs > _SHARE_OF_CLIFFS * pairs:
        message = f"{dataset.name}: neighbouring pixels differ by up to {highest_m:g} m: no ground does"
        raise Rejected(Fault.LAYER_UNKNOWN, message, _HEIGHTS)


def _resolution_m(source: DatasetReader, crs: Crs, city: City, area: shapely.Polygon) -> float:
    """Longer side of a pixel amid the city."""
    amid = shapely.get_coordinates(area.intersection(city.region).representative_point())
    column, row = ~source.transform @ tuple(transform_points(amid, city.storage, crs)[0])
    pixel = np.array([source.transform @ at for at in ((column, row), (column + 1, row), (column, row + 1))])
    here, right, down = transform_points(pixel, crs, city.storage)
    return float(max(np.hypot(*(right - here)), np.hypot(*(down - here))))


def _keep(band: _Band, target: Path, corrected: tuple[_Metres, Crs] | None) -> None:
    """Copy the raster as it is, or in metres and another CRS than it says; the copy appears whole or not at all."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial, converted = (target.with_suffix(f".{os.getpid()}.{name}.tif") for name in ("partial", "metres"))
    try:
        if corrected is not None:
            _convert(band, converted, *corrected)
        origin = band.source if corrected is None else converted
        rasterio.shutil.copy(origin, partial, driver="COG", compress="DEFLATE", predictor="YES")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
        converted.unlink(missing_ok=True)


def _convert(band: _Band, target: Path, metres: _Metres, crs: Crs) -> None:
    source = band.source
    dtype = "float64" if source.dtypes[0] in ("float64", "int32", "uint32") else "float32"
    form = {"driver": "GTiff", "dtype": dtype, "count": 1, "nodata": np.nan, "tiled": True, "bigtiff": "if_safer"}
    frame = {"width": source.width, "height": source.height, "crs": crs.wkt, "transform": source.transform}
    with rasterio.open(target, "w", **form, **frame) as copy:
        for window in band.windows():
            copy.write(band.heights(window, metres).astype(dtype), 1, window=window)
