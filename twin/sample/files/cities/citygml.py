"""CityGML 2.0: blocks in degrees as PLATEAU has them, and bodies of bounding surfaces that a solid refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import shapely

from layers.crs import parse_crs
from twin.sample.delivery.solids import body

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset, Form, Row

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<core:CityModel xmlns:core="http://www.opengis.net/citygml/2.0" '
    'xmlns:bldg="http://www.opengis.net/citygml/building/2.0" xmlns:gml="http://www.opengis.net/gml" '
    'xmlns:gen="http://www.opengis.net/citygml/generics/2.0" xmlns:xlink="http://www.w3.org/1999/xlink">'
)


def write_citygml(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """Blocks of level 1 by their own surfaces, or bodies of level 2 by the surfaces that bound them."""
    (layer,), form = file.layers, file.form
    bounded = form.format == "citygml2"
    members = (_building(row, shape, form, bounded=bounded) for row, shape in zip(layer.rows, shapes[0], strict=True))
    low, high = (_ring(form, [(x, y, 0.0)]) for x, y in shapely.total_bounds(shapes[0]).reshape(2, 2).tolist())
    envelope = (
        f'<gml:boundedBy><gml:Envelope srsName="{_system(form)}" srsDimension="3"><gml:lowerCorner>{low}'
        f"</gml:lowerCorner><gml:upperCorner>{high}</gml:upperCorner></gml:Envelope></gml:boundedBy>"
    )
    path.write_text(f"{_HEAD}{envelope}{''.join(members)}</core:CityModel>\n", encoding="utf-8")


def _system(form: Form) -> str:
    code = form.crs.rpartition(":")[2]
    if form.format == "citygml2":
        return f"urn:ogc:def:crs,crs:EPSG::{code},crs:EPSG::5727"
    return f"http://www.opengis.net/def/crs/EPSG/0/{code}"


def _ring(form: Form, points: list[tuple[float, float, float]]) -> str:
    """Latitude first in degrees, as the authority has it."""
    if parse_crs(form.crs).is_geographic:
        return " ".join(f"{y:.10f} {x:.10f} {z:.3f}" for x, y, z in points)
    return " ".join(f"{x:.4f} {y:.4f} {z:.3f}" for x, y, z in points)


def _building(row: Row, shape: shapely.Polygon, form: Form, *, bounded: bool) -> str:
    told = row.fields
    name = told["name"]
    polygons = [
        (kind, f"{name}-{i}", _polygon(f"{name}-{i}", _ring(form, [*ring.tolist(), ring[0].tolist()])))
        for i, (kind, ring) in enumerate(body(shape, row))
    ]
    if bounded:
        surfaces = "".join(
            f"<bldg:boundedBy><bldg:{kind}><bldg:lod2MultiSurface><gml:MultiSurface><gml:surfaceMember>{polygon}"
            f"</gml:surfaceMember></gml:MultiSurface></bldg:lod2MultiSurface></bldg:{kind}></bldg:boundedBy>"
            for kind, _, polygon in polygons
        )
        parts = "".join(f'<gml:surfaceMember xlink:href="#{identity}"/>' for _, identity, _ in polygons)
        geometry = _solid(2, parts) + surfaces
    else:
        geometry = _solid(1, "".join(f"<gml:surfaceMember>{polygon}</gml:surfaceMember>" for _, _, polygon in polygons))
    return (
        f'<core:cityObjectMember><bldg:Building gml:id="{name}"><bldg:function>{escape(str(told["use"]))}'
        f'</bldg:function><bldg:measuredHeight uom="m">{told["height_m"]}</bldg:measuredHeight>'
        f"<bldg:storeysAboveGround>{told['storeys']}</bldg:storeysAboveGround>{geometry}</bldg:Building>"
        "</core:cityObjectMember>"
    )


def _solid(lod: int, parts: str) -> str:
    return (
        f"<bldg:lod{lod}Solid><gml:Solid><gml:exterior><gml:CompositeSurface>{parts}</gml:CompositeSurface>"
        f"</gml:exterior></gml:Solid></bldg:lod{lod}Solid>"
    )


def _polygon(identity: str, positions: str) -> str:
    return (
        f'<gml:Polygon gml:id="{identity}"><gml:exterior><gml:LinearRing><gml:posList>{positions}</gml:posList>'
        "</gml:LinearRing></gml:exterior></gml:Polygon>"
    )
