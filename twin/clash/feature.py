"""A planned dig as the GeoJSON feature that asks for it: what can be sent back as a request (RFC 7946, WGS 84)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.crs import WGS84, parse_crs, transform_geometries
from twin.clash.dig import Bore, Depth, Elevation, Grade, Pit, PlannedDig, Support

if TYPE_CHECKING:
    from layers.crs import Crs
    from twin.clash.dig import Bottom, Part, Sides
    from twin.clash.works import PlannedUtility

# A hundredth of a millimetre.
_DECIMALS = 10
_FLOOR, _AXIS = ("depth_m", "bottom_m", "bottom_at"), ("axis_depth_m", "axis_m", "axis_at")


def to_feature(dig: PlannedDig) -> dict[str, Any]:
    """The feature; of several parts a collection, with `parts` as the properties of each where they differ.

    Degrees and back are off by up to a millimetre: what must be read as it was checked is what `as_sent` answers.
    """
    shapes = _degrees([_shape(part) for part in dig.parts], dig.crs)
    own = [_describe(part) for part in dig.parts]
    properties: dict[str, Any] = {"name": dig.name}
    properties |= own[0] if all(each == own[0] for each in own) else {"parts": own}
    works = dig.works
    more = {
        "starts_on": dig.starts_on and dig.starts_on.isoformat(),
        "ends_on": dig.ends_on and dig.ends_on.isoformat(),
        "purpose": works.purpose,
        "hours": works.hours and "-".join(f"{at:%H:%M}" for at in works.hours),
        "lays": [_describe_laid(laid, dig.crs) for laid in works.laid] or None,
    }
    properties |= {name: value for name, value in more.items() if value is not None}
    geometry = shapely.geometry.mapping(shapes[0] if len(shapes) == 1 else shapely.GeometryCollection(shapes))
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def as_sent(dig: PlannedDig) -> tuple[dict[str, Any], PlannedDig]:
    """The feature, and the dig as whoever reads it has it, to the last bit."""
    shapes = _metres(_degrees([_shape(part) for part in dig.parts], dig.crs), dig.crs)
    parts = tuple(
        replace(part, outline=shape) if isinstance(part, Pit) else replace(part, line=shape)
        for part, shape in zip(dig.parts, shapes, strict=True)
    )
    laid = tuple(
        own if own.path is None else replace(own, path=_metres(_degrees([own.path], dig.crs), dig.crs)[0])
        for own in dig.works.laid
    )
    made = PlannedDig.of(dig.name, parts, dig.crs, starts_on=dig.starts_on, ends_on=dig.ends_on)
    return to_feature(dig), replace(made, works=replace(dig.works, laid=laid))


def _shape(part: Part) -> shapely.Geometry:
    return shapely.force_2d(part.outline if isinstance(part, Pit) else part.line)


def _degrees(shapes: list[shapely.Geometry], crs: Crs) -> list[shapely.Geometry]:
    moved = transform_geometries(np.array(shapes, dtype=object), crs, parse_crs(WGS84))
    return [shapely.transform(shape, lambda points: np.round(points, _DECIMALS)) for shape in moved]


def _metres(shapes: list[shapely.Geometry], crs: Crs) -> list[shapely.Geometry]:
    return list(transform_geometries(np.array(shapes, dtype=object), parse_crs(WGS84), crs))


def _describe(part: Part) -> dict[str, Any]:
    if isinstance(part, Bore):
        overcut = {"overcut_m": part.overcut_m} if part.overcut_m else {}
        return {"diameter_m": part.diameter_m, **_level(part.axis, _AXIS), **overcut}
    width = {} if isinstance(part, Pit) else {"width_m": round(part.width_m, 6)}
    return {**width, **_level(part.bottom, _FLOOR), **_sides(part.sides)}


def _level(level: Bottom, names: tuple[str, str, str]) -> dict[str, Any]:
    depth, elevation, stations = names
    if isinstance(level, Grade):
        return {**_level(level.start, names), "grade": level.fall}
    if isinstance(level, Depth):
        return {depth: level.below_ground_m}
    if isinstance(level, Elevation):
        return {elevation: level.elevation_m}
    return {stations: [list(pair) for pair in level.points_m]}


def _sides(sides: Sides) -> dict[str, Any]:
    stated = {"working_m": sides.working_m or None, "slope": sides.slope, "soil": sides.soil}
    kind = {} if sides.support is Support.VERTICAL else {"sides": sides.support.value}
    return kind | {name: value for name, value in stated.items() if value is not None}


def _describe_laid(laid: PlannedUtility, crs: Crs) -> dict[str, Any]:
    width, height = laid.size_m
    size = {"diameter_m": width} if laid.is_round else {"width_m": width, "height_m": height}
    stated = {
        "subtype": laid.subtype,
        "material": laid.material,
        "voltage_v": laid.voltage_v,
        "pressure_bar": laid.pressure_bar,
        "depth_m": laid.depth_m,
        "reference": None if laid.depth_m is None else laid.reference.value,
        "path": None if laid.path is None else shapely.geometry.mapping(_degrees([laid.path], crs)[0]),
    }
    return {"discipline": laid.discipline, **size, **{k: v for k, v in stated.items() if v is not None}}
