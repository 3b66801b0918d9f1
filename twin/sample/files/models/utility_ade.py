"""CityGML 2.0 with the Utility Network ADE 0.9.2: pipes along their axes, manholes, and covers in the street."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset, Row

_MEDIA = {"wastewater": "wasteWater", "storm": "rainWater"}
_STATES = {"in_service": "inUse", "disused": "outOfUse"}
_MATERIALS = {"uPVC": "PVC-U", "reinforced concrete": "reinforcedConcrete"}
_SIDES = ("interiorWidth", "interiorHeight", "exteriorWidth", "exteriorHeight")
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<core:CityModel xmlns:core="http://www.opengis.net/citygml/2.0" '
    'xmlns:utility="http://www.citygml.org/ade/utility/0.9.2" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:frn="http://www.opengis.net/citygml/cityfurniture/2.0" xmlns:gml="http://www.opengis.net/gml">'
)


def write_utility_ade(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    pipes, nodes = file.layers
    crs = file.form.crs.lower()
    medium = _MEDIA[str(pipes.rows[0].fields["discipline"])]
    materials = dict.fromkeys(str(row.fields["material"]) for row in pipes.rows)
    parts = [_pipe(row, shape, crs, list(materials)) for row, shape in zip(pipes.rows, shapes[0], strict=True)]
    parts += [_node(row, shape, crs) for row, shape in zip(nodes.rows, shapes[1], strict=True)]
    covers = [_cover(row, shape, crs) for row, shape in zip(nodes.rows, shapes[1], strict=True)]
    listed = "".join(
        f'<core:cityObjectMember><utility:ExteriorMaterial gml:id="vat-lieu-{i}"><utility:type>{_MATERIALS[name]}'
        "</utility:type></utility:ExteriorMaterial></core:cityObjectMember>"
        for i, name in enumerate(materials)
    )
    network = (
        '<core:cityObjectMember><utility:Network gml:id="mang-luoi"><utility:function>disposal</utility:function>'
        f'<utility:transportedMedium><utility:LiquidMedium gml:id="chat-long"><utility:type>{medium}</utility:type>'
        f"</utility:LiquidMedium></utility:transportedMedium>{''.join(parts)}</utility:Network></core:cityObjectMember>"
    )
    west, south, east, north = shapely.total_bounds(shapes[0]).tolist()
    envelope = (
        f'<gml:boundedBy><gml:Envelope srsName="{crs}" srsDimension="3"><gml:lowerCorner>{west:.4f} {south:.4f} 0'
        f"</gml:lowerCorner><gml:upperCorner>{east:.4f} {north:.4f} 9</gml:upperCorner></gml:Envelope></gml:boundedBy>"
    )
    path.write_text(f"{_HEAD}{envelope}{network}{listed}{''.join(covers)}</core:CityModel>\n", encoding="utf-8")


def _positions(shape: shapely.Geometry) -> str:
    points = shapely.get_coordinates(shape, include_z=True).tolist()
    return " ".join(f"{x:.4f} {y:.4f} {z:.3f}" for x, y, z in points)


def _pipe(row: Row, shape: shapely.LineString, crs: str, materials: list[str]) -> str:
    told = row.fields
    is_round = told["shape"] == "circular"
    keys = ("inner_width_m", "inner_height_m", "outer_width_m", "outer_height_m")
    sizes = [f"{float(told[key] or 0.0) * 1000:g}" for key in keys]
    named = (
        zip(("interiorDiameter", "exteriorDiameter"), sizes[::2], strict=True)
        if is_round
        else zip(_SIDES, sizes, strict=True)
    )
    tag = "RoundPipe" if is_round else "RectangularPipe"
    size = "".join(f'<utility:{name} uom="mm">{value}</utility:{name}>' for name, value in named)
    return (
        f'<utility:component><utility:{tag} gml:id="{told["name"]}"><utility:status>{_STATES[str(told["status"])]}'
        f"</utility:status><utility:yearOfConstruction>{str(told['installed'])[:4]}</utility:yearOfConstruction>"
        f'<utility:hasMaterial xlink:href="#vat-lieu-{materials.index(str(told["material"]))}"/><utility:lod1Geometry>'
        f'<gml:LineString srsName="{crs}" srsDimension="3"><gml:posList>{_positions(shape)}</gml:posList>'
        f"</gml:LineString></utility:lod1Geometry>{size}</utility:{tag}></utility:component>"
    )


def _node(row: Row, shape: shapely.Point, crs: str) -> str:
    name = row.fields["name"]
    at = shapely.force_3d(shape, float(row.fields["bottom_m"] or 0.0))
    return (
        f'<utility:component><utility:SimpleFunctionalElement gml:id="{name}"><utility:connectedCityObject>#{name}-nap'
        f'</utility:connectedCityObject><utility:lod1Geometry><gml:Point srsName="{crs}" srsDimension="3"><gml:pos>'
        f"{_positions(at)}</gml:pos></gml:Point></utility:lod1Geometry><utility:class>manhole</utility:class>"
        "</utility:SimpleFunctionalElement></utility:component>"
    )


def _cover(row: Row, shape: shapely.Point, crs: str) -> str:
    if row.fields["kind"] == "outfall":
        return ""
    at = shapely.force_3d(shape, float(row.fields["cover_m"] or 0.0))
    return (
        f'<core:cityObjectMember><frn:CityFurniture gml:id="{row.fields["name"]}-nap"><frn:lod1Geometry>'
        f'<gml:Point srsName="{crs}" srsDimension="3"><gml:pos>{_positions(at)}</gml:pos></gml:Point>'
        "</frn:lod1Geometry></frn:CityFurniture></core:cityObjectMember>"
    )
