"""The way from the engineering coordinates of an IFC model to a map: its map conversion and projected system.

Sources: ISO 16739-1:2018 and 2024, IfcMapConversion and IfcProjectedCRS; buildingSMART, User Guide for
Geo-referencing in IFC 2.0, for the property sets of IFC2X3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import hypot
from typing import TYPE_CHECKING, Any

import numpy as np

from importers.faults import Fault, Rejected
from layers.crs import parse_crs
from layers.errors import Invalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A scale may hold the projection's own besides that of the units; more is a contradiction.
_PROJECTION_SCALE = 0.01
_PREFIXES = {None: 1.0, "KILO": 1000.0, "DECI": 0.1, "CENTI": 0.01, "MILLI": 0.001}
_UNITS = {"METRE": 1.0, "METER": 1.0, "M": 1.0, "MILLIMETRE": 0.001, "MM": 0.001, "FOOT": 0.3048}
_EXPORT = "export it with its map conversion and EPSG code (IfcMapConversion, IfcProjectedCRS)"


@dataclass(frozen=True, slots=True)
class MapFrame:
    """Map coordinates = `matrix` x engineering coordinates + `shift`, all in metres, z in the map's vertical system."""

    crs: str
    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]

    def place(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (n, 3), column by column: a matrix product may round one corner of two faces in two ways."""
        placed = self.shift + sum(points_m[:, [i]] * self.matrix[:, i] for i in range(3))
        return np.asarray(placed, dtype=float)


def read_map_frame(model: Any, file: str, unit_m: float, wcs: NDArray[np.float64] | None) -> MapFrame:
    """Map frame of a model whose length unit is `unit_m`.

    wcs: axes of the engineering system among the coordinates of the model (4, 4), in its unit.
    Raises: Rejected where there is none, or its units and its scale contradict each other.
    """
    conversion, system = _stated(model)
    if not conversion or not system or not system.get("Name"):
        said = _rough_position(model)
        raise Rejected(Fault.CRS_MISSING, f"{file} has no map conversion to a named projected system{said}", _EXPORT)
    map_unit_m = _unit_m(system.get("MapUnit"), unit_m)
    crs = _metric_code(str(system["Name"]), file)
    scale = conversion.get("Scale") or unit_m / map_unit_m
    if abs(scale * map_unit_m / unit_m - 1) > _PROJECTION_SCALE:
        units = f"units of {unit_m:g} m in the model and {map_unit_m:g} m on the map"
        raise Rejected(Fault.CRS_UNUSABLE, f"{file}: a scale of {scale:g} contradicts {units}", _EXPORT)
    factors = np.array([conversion.get(f"Factor{axis}") or 1.0 for axis in "XYZ"])
    turn = _rotation(conversion) * factors * (scale * map_unit_m / unit_m)
    origin = np.array([conversion.get(name) or 0.0 for name in ("Eastings", "Northings", "OrthogonalHeight")])
    if wcs is None:
        return MapFrame(crs, turn, origin * map_unit_m)
    inverse = np.linalg.inv(wcs)
    return MapFrame(crs, turn @ inverse[:3, :3], origin * map_unit_m + turn @ inverse[:3, 3] * unit_m)


def _rotation(conversion: dict[str, Any]) -> NDArray[np.float64]:
    """About the vertical, by the direction of the model's x axis on the map."""
    east, north = conversion.get("XAxisAbscissa") or 0.0, conversion.get("XAxisOrdinate") or 0.0
    length = hypot(east, north)
    c, s = (east / length, north / length) if length else (1.0, 0.0)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _stated(model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Attributes of the conversion and of the projected system, or the properties that stand for them in IFC2X3."""
    if model.schema == "IFC2X3":
        sets = {
            definition.Name.lower(): _properties(definition)
            for definition in model.by_type("IfcPropertySet")
            if definition.Name
        }
        return sets.get("epset_mapconversion", {}), sets.get("epset_projectedcrs", {})
    for conversion in model.by_type("IfcMapConversion"):
        if conversion.TargetCRS is not None and conversion.TargetCRS.is_a("IfcProjectedCRS"):
            return conversion.get_info(), conversion.TargetCRS.get_info()
    return {}, {}


def _properties(definition: Any) -> dict[str, Any]:
    return {
        held.Name: held.NominalValue.wrappedValue
        for held in definition.HasProperties
        if held.is_a("IfcPropertySingleValue") and held.NominalValue is not None
    }


def _unit_m(unit: Any, project_unit_m: float) -> float:
    """Metres in the map's unit, which is the project's where none is stated. Raises: KeyError for any other thing."""
    if unit is None:
        return project_unit_m
    if isinstance(unit, str):
        return _UNITS[unit.upper()]
    if unit.is_a("IfcConversionBasedUnit"):
        measure = unit.ConversionFactor
        return float(measure.ValueComponent.wrappedValue) * _unit_m(measure.UnitComponent, 1.0)
    return _PREFIXES[unit.Prefix]


def _metric_code(name: str, file: str) -> str:
    code = re.search(r"EPSG\W{0,2}(\d{4,6})", name, re.IGNORECASE)
    text = f"EPSG:{code[1]}" if code else name
    try:
        crs = parse_crs(text)
    except Invalid as error:
        raise Rejected(Fault.CRS_UNUSABLE, f"{file}: {error}", _EXPORT) from error
    if not (crs.is_projected and crs.is_metric):
        raise Rejected(Fault.CRS_UNUSABLE, f"{file}: {text} is not projected in metres", _EXPORT)
    return text


def _rough_position(model: Any) -> str:
    """What a site says of itself in degrees: a hint for a person, too rough to place anything by."""
    for site in model.by_type("IfcSite"):
        if site.RefLatitude and site.RefLongitude:
            latitude, longitude = (
                sum(part / scale for part, scale in zip(angle, (1, 60, 3600, 3.6e9), strict=False))
                for angle in (site.RefLatitude, site.RefLongitude)
            )
            return f"; its site lies near {latitude:.4f}, {longitude:.4f}, which is too rough"
    return ""
