"""Where a drawing lies: its unit and its reference system, as far as the file declares them."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING, Any

from ezdxf.entities.geodata import GeoData
from ezdxf.lldxf.const import InvalidGeoDataException

from importers.formats.dxf.curves import shape
from importers.formats.dxf.drawing import HOSTILE
from importers.formats.gdal import declared_prj

if TYPE_CHECKING:
    from ezdxf.document import Drawing as Document

    from importers.source import Dataset

# $INSUNITS of the header -> metres. Inches and feet are not converted: a reference system may be in feet.
_UNITS_M = {4: (0.001, "millimetres"), 5: (0.01, "centimetres")}
# Half a meridian: no coordinate in metres is larger.
_FARTHEST_M = 2.0e7
_NEAREST_M = 1.0e4  # and none of a city in its zone is smaller
_SAMPLE = 200


def metres_per_unit(document: Document) -> tuple[float, str]:
    """The drawing unit, and a remark where the header names one that is smaller than a metre.

    Templates say millimetres whatever is drawn: the header is believed only where the coordinates are too large for
    metres and right for a city once they are converted.
    """
    known = _UNITS_M.get(document.header.get("$INSUNITS", 0))
    if known is None:
        return 1.0, ""
    unit_m, name = known
    sizes = _sizes(document)
    if sizes and median(sizes) > _FARTHEST_M and _NEAREST_M <= median(sizes) * unit_m <= _FARTHEST_M:
        return unit_m, f"drawn in {name} by its header, converted to metres"
    return 1.0, f"its header says {name}, its coordinates are of metres: not converted"


def _sizes(document: Document) -> list[float]:
    """The larger coordinate of the first entities."""
    sizes: list[float] = []
    for entity in document.modelspace():
        x, y = _place(entity)
        if math.isfinite(x) and math.isfinite(y):
            sizes.append(max(abs(x), abs(y)))
        if len(sizes) == _SAMPLE:
            break
    return sizes


def _place(entity: Any) -> tuple[float, float]:
    try:
        if entity.dxftype() == "INSERT":
            return entity.dxf.insert.x, entity.dxf.insert.y
        drawn = shape(entity, math.inf)
    except HOSTILE:
        return math.nan, math.nan
    return (drawn.bounds[0], drawn.bounds[1]) if drawn is not None else (math.nan, math.nan)


def declared_crs(document: Document, dataset: Dataset) -> tuple[str | None, str, str]:
    """What the .prj beside the drawing or the GEODATA in it declares, which of them, and a remark.

    GEODATA counts where it names an EPSG code and its grid is that of the drawing.
    """
    prj, origin = declared_prj(dataset)
    if prj is not None:
        return prj, origin, ""
    try:
        geodata = document.modelspace().get_geodata()
        if geodata is None or "<!DOCTYPE" in geodata.coordinate_system_definition:
            return None, "", ""
        code, easting_first = geodata.get_crs()
    except InvalidGeoDataException:
        return None, "", "its GEODATA names no EPSG code"
    if not easting_first or not _is_in_place(geodata):
        return None, "", f"its GEODATA places it in EPSG:{code} by a shift, turn or scale: not applied"
    return f"EPSG:{code}", "GEODATA", ""


def _is_in_place(geodata: GeoData) -> bool:
    if geodata.dxf.coordinate_type == GeoData.PROJECTED_GRID:
        return True
    try:
        matrix, _ = geodata.get_crs_transformation()
    except InvalidGeoDataException:
        return False
    corner = matrix.transform((1000.0, 1000.0, 0.0))
    return math.dist(corner, (1000.0, 1000.0, 0.0)) < 1e-6 and matrix.transform((0.0, 0.0, 0.0)).magnitude < 1e-6
