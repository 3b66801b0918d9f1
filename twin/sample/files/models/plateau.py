"""Project PLATEAU's CityGML 2.0 with i-UR 3.0: pipes as lines on the ground, their depth and size beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import shapely

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset, Row

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<core:CityModel xmlns:core="http://www.opengis.net/citygml/2.0" '
    'xmlns:frn="http://www.opengis.net/citygml/cityfurniture/2.0" xmlns:gml="http://www.opengis.net/gml" '
    'xmlns:uro="https://www.geospatial.jp/iur/uro/3.0" xmlns:xlink="http://www.w3.org/1999/xlink">'
)


def write_plateau(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """Latitude comes before longitude, as the authority has it; the height of a line on the ground is 0."""
    (layer,), form = file.layers, file.form
    west, south, east, north = shapely.total_bounds(shapes[0]).tolist()
    envelope = (
        f'<gml:boundedBy><gml:Envelope srsName="http://www.opengis.net/def/crs/EPSG/0/{form.crs.rpartition(":")[2]}" '
        f'srsDimension="3"><gml:lowerCorner>{south:.10f} {west:.10f} 0</gml:lowerCorner>'
        f"<gml:upperCorner>{north:.10f} {east:.10f} 0</gml:upperCorner></gml:Envelope></gml:boundedBy>"
    )
    pipes = (_pipe(row, shape) for row, shape in zip(layer.rows, shapes[0], strict=True))
    path.write_text(f"{_HEAD}{envelope}{''.join(pipes)}</core:CityModel>\n", encoding="utf-8")


def _pipe(row: Row, shape: shapely.LineString) -> str:
    told = row.fields
    positions = " ".join(f"{y:.10f} {x:.10f} 0" for x, y in shapely.get_coordinates(shape).tolist())
    return (
        f'<core:cityObjectMember><uro:WaterPipe gml:id="{told["name"]}">'
        '<frn:function codeSpace="../../codelists/CityFurniture_function.xml">5600</frn:function>'
        f"<frn:lod0Geometry><gml:LineString><gml:posList>{positions}</gml:posList></gml:LineString></frn:lod0Geometry>"
        f"<uro:occupierName>{escape(str(told['owner']))}</uro:occupierName><uro:year>{str(told['installed'])[:4]}"
        f'</uro:year><uro:depth uom="m">{told["cover_m"]:.2f}</uro:depth>'
        f'<uro:outerDiamiter uom="mm">{float(told["outer_width_m"] or 0.0) * 1000:g}</uro:outerDiamiter>'
        f"<uro:material>{told['material']}</uro:material></uro:WaterPipe></core:cityObjectMember>"
    )
