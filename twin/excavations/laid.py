"""What was laid, as it is delivered: lines and nodes of a GeoJSON FeatureCollection, every fault named at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from layers.errors import Invalid, Sentence
from layers.utilities import Discipline, NodeKind, SectionShape
from twin.excavations.fields import Fields
from twin.excavations.levels import Levels, fault_levels, no_cover, read_levels
from twin.excavations.observation import LINES, METHODS, NODES, read_shape
from twin.excavations.schema import DIAMETER_M, ELEVATION_M, NODE_SIZE_M, VOLTAGE_V
from twin.excavations.stretch import whole_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    import shapely

    from layers.crs import Crs

_MOST_FEATURES = 500
_OF_LINES = ("axis_m", "height_m", "voltage_v")
_OF_NODES = ("kind", "length_m", "bottom_m", "cover_m", "depth_m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A line or a node that was laid: `shape` in storage CRS, of a line with its axis as z where that was measured.

    `size_m` is width and height of a line, width and length of a node.
    """

    shape: shapely.LineString | shapely.Point
    levels: Levels
    kind: str
    discipline: str
    section: SectionShape
    size_m: tuple[float | None, float | None]
    material: str | None
    owner: str | None
    voltage_v: float | None
    method: str
    laid_on: date

    @property
    def layer(self) -> str:
        return NODES if self.shape.geom_type == "Point" else LINES


def read_laid(document: Mapping[str, Any], storage: Crs, today: date) -> list[Laid]:
    """The features of a GeoJSON FeatureCollection. Raises: Invalid with every fault."""
    features = document.get("features") if document.get("type") == "FeatureCollection" else None
    if not isinstance(features, list) or not 0 < len(features) <= _MOST_FEATURES:
        raise Invalid(
            Sentence(
                f"give a GeoJSON FeatureCollection of 1 to {_MOST_FEATURES} LineStrings and Points: what was laid",
                f"cần FeatureCollection GeoJSON gồm 1 đến {_MOST_FEATURES} LineString, Point: những gì đã lắp đặt",
            )
        )
    faults: list[str] = []
    laid = [_read_one(number, each, faults, storage, today) for number, each in enumerate(features, start=1)]
    if faults:
        raise Invalid(*faults)
    return [one for one in laid if one is not None]


def _read_one(number: int, feature: Any, faults: list[str], storage: Crs, today: date) -> Laid | None:
    of = feature if isinstance(feature, dict) else {}
    fields = Fields(of["properties"] if isinstance(of.get("properties"), dict) else {})
    shape = read_shape(fields, of.get("geometry"), storage, is_needed=True)
    laid = _read(fields, shape, today)
    faults += [fault.about(f"feature {number}") if isinstance(fault, Sentence) else f"feature {number}: {fault}"
               for fault in fields.faults]  # fmt: skip
    return None if fields.faults else laid


def _read(fields: Fields, shape: shapely.LineString | shapely.Point | None, today: date) -> Laid | None:
    if not fields.has("discipline"):
        fields.faults.append(
            Sentence(
                f"no discipline: give one of {', '.join(Discipline)}", f"thiếu discipline: {', '.join(Discipline)}"
            )
        )
    laid_on = fields.day("laid_on") or today
    if laid_on > today:
        fields.faults.append(Sentence(f"laid_on {laid_on} has not come yet", f"laid_on {laid_on} chưa tới"))
    is_node = shape is not None and shape.geom_type == "Point"
    discipline = fields.choice("discipline", [each.value for each in Discipline])
    kind = fields.choice("kind", [each.value for each in NodeKind])
    method = fields.choice("method", METHODS)
    (section, size_m), voltage_v = _read_size(fields, is_node=is_node), fields.number("voltage_v", VOLTAGE_V)
    axis_m, levels = fields.number("axis_m", ELEVATION_M), _read_levels(fields, shape)
    if shape is None or discipline is None:
        return None
    fields.faults += _foreign(fields, is_node=is_node)
    return Laid(
        shape=shape if is_node else whole_line(shape).level(Levels(axis_m)).seen,
        levels=levels,
        kind=kind or NodeKind.OTHER,
        discipline=discipline,
        section=section,
        size_m=size_m,
        material=fields.text("material"),
        owner=fields.text("owner"),
        voltage_v=voltage_v,
        method=method or "survey",
        laid_on=laid_on,
    )


def _read_levels(fields: Fields, shape: shapely.Geometry | None) -> Levels:
    """Of a node; z of its place is the cover where that is not given."""
    levels = replace(read_levels(fields), axis_m=None)
    if shape is None or shape.geom_type != "Point":
        return levels
    if levels.cover_m is None and shape.has_z:
        levels = replace(levels, cover_m=float(shape.z))
    fields.faults += fault_levels(levels, is_node=True)
    if levels.depth_m is not None and levels.cover_m is None:
        fields.faults.append(no_cover())
    return levels.below(None)


def _read_size(fields: Fields, *, is_node: bool) -> tuple[SectionShape, tuple[float | None, float | None]]:
    """What is as wide as high may be a box: only what has a diameter is round."""
    limits = NODE_SIZE_M if is_node else DIAMETER_M
    names = ("diameter_m", "width_m", "length_m" if is_node else "height_m")
    diameter_m, width_m, other_m = (fields.number(name, limits) for name in names)
    if diameter_m:
        return SectionShape.CIRCULAR, (diameter_m, diameter_m)
    if width_m and other_m:
        return SectionShape.RECTANGULAR, (width_m, other_m)
    return SectionShape.UNKNOWN, (None, None)


def _foreign(fields: Fields, *, is_node: bool) -> Iterator[Sentence]:
    """What was said of a Point and only a line has, or the other way round."""
    names = [name for name in (_OF_LINES if is_node else _OF_NODES) if fields.has(name)]
    if not names:
        return
    listed = ", ".join(names)
    if is_node:
        yield Sentence(f"a Point has no {listed}: it has bottom_m, cover_m or depth_m, width_m, length_m",
                       f"Point không có {listed}: dùng bottom_m, cover_m hoặc depth_m, width_m, length_m")  # fmt: skip
    else:
        yield Sentence(f"a LineString has no {listed}: it has axis_m, width_m, height_m",
                       f"LineString không có {listed}: dùng axis_m, width_m, height_m")  # fmt: skip
