"""IMKL 2.0, the exchange of cables and pipes in the Netherlands: a line names its link, its network and its depth."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import shapely

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset, Row

_LIST = "http://definities.geostandaarden.nl/imkl2015/id/waarde"
_INSPIRE = "http://inspire.ec.europa.eu/codelist"
_UNIT = "urn:ogc:def:uom:OGC::"
_KINDS = {"power": ("Elektriciteitskabel", "kabelDiameter"), "water": ("Waterleiding", "pipeDiameter")}
_THEMES = {"power": "middenspanning", "water": "water"}
_STATES = {"in_service": "functional", "disused": "disused"}
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<gml:FeatureCollection gml:id="levering" '
    'xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:imkl="http://www.geostandaarden.nl/imkl/wibon" xmlns:net="http://inspire.ec.europa.eu/schemas/net/4.0" '
    'xmlns:us-net-common="http://inspire.ec.europa.eu/schemas/us-net-common/4.0">'
)


def write_imkl(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    (layer,), form = file.layers, file.form
    first = layer.rows[0].fields
    owner, theme = escape(str(first["owner"])), _THEMES[str(first["discipline"])]
    role = '<us-net-common:authorityRole xlink:href="#BEHEERDER"/>'
    body = f"<imkl:Organisatie><imkl:naam>{owner}</imkl:naam></imkl:Organisatie>"
    members = [
        f'<imkl:Beheerder gml:id="BEHEERDER">{body}</imkl:Beheerder>',
        f'<imkl:Utiliteitsnet gml:id="NET">{role}<imkl:thema xlink:href="{_LIST}/Thema/{theme}"/></imkl:Utiliteitsnet>',
    ]
    for row, shape in zip(layer.rows, shapes[0], strict=True):
        members += _features(row, shape, form.crs)
    listed = "".join(f"<gml:featureMember>{member}</gml:featureMember>" for member in members)
    path.write_text(f"{_HEAD}{listed}</gml:FeatureCollection>\n", encoding="utf-8")


def _features(row: Row, shape: shapely.LineString, crs: str) -> Iterator[str]:
    told = row.fields
    name, discipline = str(told["name"]), str(told["discipline"])
    positions = " ".join(f"{x:.4f} {y:.4f}" for x, y in shapely.get_coordinates(shape).tolist())
    yield (
        f'<us-net-common:UtilityLink gml:id="{name}.link"><net:centrelineGeometry><gml:LineString '
        f'gml:id="{name}.lijn" srsName="urn:ogc:def:crs:{crs.replace(":", "::")}"><gml:posList>{positions}'
        "</gml:posList></gml:LineString></net:centrelineGeometry></us-net-common:UtilityLink>"
    )
    yield (
        f'<imkl:DiepteTovMaaiveld gml:id="{name}.diepte"><imkl:dieptePeil uom="{_UNIT}m">{told["cover_m"]:.2f}'
        f'</imkl:dieptePeil><imkl:diepteAangrijpingspunt xlink:href="{_LIST}/DiepteAangrijpingspuntValue/bovenkant"/>'
        "</imkl:DiepteTovMaaiveld>"
    )
    kind, size = _KINDS[discipline]
    state = f"{_INSPIRE}/ConditionOfFacilityValue/{_STATES[str(told['status'])]}"
    diameter = f"{float(told['outer_width_m'] or 0.0) * 1000:g}"
    yield (
        f'<imkl:{kind} gml:id="{name}"><net:inNetwork xlink:href="#NET"/><net:link xlink:href="#{name}.link"/>'
        f'<us-net-common:currentStatus xlink:href="{state}"/>'
        f"<us-net-common:validFrom>{told['installed']}T00:00:00+07:00</us-net-common:validFrom>"
        f'<us-net-common:{size} uom="{_UNIT}mm">{diameter}</us-net-common:{size}>'
        f'<imkl:buismateriaalType xlink:href="{_LIST}/PipeMaterialTypeIMKLValue/{_material(row)}"/>'
        f'<imkl:dieptelegging xlink:href="#{name}.diepte"/></imkl:{kind}>'
    )


def _material(row: Row) -> str:
    return {"XLPE cable": "XLPE", "HDPE": "HDPE"}[str(row.fields["material"])]
