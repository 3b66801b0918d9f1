"""ISYBAU-XML 2017 (BFR Abwasser): manholes with their points, and pipes from one to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import shapely
    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset, Row

_SYSTEMS = {"wastewater": "KS", "storm": "KR"}
_STATES = {"in_service": 0, "disused": 3}
_WALL_M = 0.15
_MATERIALS = {"uPVC": "PVCU", "reinforced concrete": "SB"}


def write_isybau(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    pipes, nodes = file.layers
    objects = [_node(row, shape) for row, shape in zip(nodes.rows, shapes[1], strict=True)]
    objects += [_pipe(row) for row in pipes.rows]
    text = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<Identifikation xmlns="http://www.bfr-abwasser.de"><Version>2017-07</Version><Admindaten><Geometrie>'
        f"<CRSLage>{file.form.crs}</CRSLage><CRSHoehe>VN_Hon_Dau_1992</CRSHoehe></Geometrie></Admindaten>"
        "<Datenkollektive><Datenstatus>1</Datenstatus><Erstellungsdatum>2025-06-30</Erstellungsdatum>"
        "<Kennungen><Kollektiv><Kennung>STA01</Kennung><Kollektivart>1</Kollektivart></Kollektiv></Kennungen>"
        f"<Stammdatenkollektiv><Kennung>STA01</Kennung>{''.join(objects)}</Stammdatenkollektiv></Datenkollektive>"
        "</Identifikation>\n"
    )
    path.write_text(text, encoding="utf-8")


def _head(row: Row, kind: int) -> str:
    told = row.fields
    return (
        f"<Objektbezeichnung>{escape(str(told['name']))}</Objektbezeichnung><Objektart>{kind}</Objektart>"
        f"<Status>{_STATES[str(told['status'])]}</Status><Baujahr>{str(told['installed'])[:4]}</Baujahr>"
        f"<Entwaesserungsart>{_SYSTEMS[str(told['discipline'])]}</Entwaesserungsart>"
    )


def _node(row: Row, shape: shapely.Point) -> str:
    """Cover and middle of the bottom are surveyed points; an outfall is a structure; a shaft is told by its inside."""
    told = row.fields
    points = _point(shape, told["bottom_m"], "SMP") if told["bottom_m"] is not None else ""
    if told["kind"] == "outfall":
        body = "<KnotenTyp>2</KnotenTyp><Bauwerk><Bauwerkstyp>5</Bauwerkstyp></Bauwerk>"
    elif told["kind"] == "inlet":
        body = "<KnotenTyp>1</KnotenTyp><Anschlusspunkt><Punktkennung>SE</Punktkennung></Anschlusspunkt>"
    else:
        length_m, width_m = (float(told[side] or 0.0) - 2 * _WALL_M for side in ("length_m", "width_m"))
        size = f"<LaengeUnterteil>{length_m:.3f}</LaengeUnterteil><BreiteUnterteil>{width_m:.3f}</BreiteUnterteil>"
        body = (
            "<KnotenTyp>0</KnotenTyp><Schacht><SchachtFunktion>1</SchachtFunktion>"
            f"<Unterteil><Unterteilform>E</Unterteilform>{size}<MaterialUnterteil>B</MaterialUnterteil></Unterteil></Schacht>"
        )
    if told["kind"] != "outfall":
        points = _point(shape, told["cover_m"], "DMP") + points
    return (
        f"<AbwassertechnischeAnlage>{_head(row, 2)}<Knoten>{body}</Knoten><Geometrie><GeoObjektart>1</GeoObjektart>"
        f"<Geometriedaten><Knoten>{points}</Knoten></Geometriedaten></Geometrie></AbwassertechnischeAnlage>"
    )


def _point(shape: shapely.Point, z: object, mark: str) -> str:
    return (
        f"<Punkt><Rechtswert>{shape.x:.3f}</Rechtswert><Hochwert>{shape.y:.3f}</Hochwert><Punkthoehe>{z:.3f}"
        f"</Punkthoehe><PunktattributAbwasser>{mark}</PunktattributAbwasser></Punkt>"
    )


def _pipe(row: Row) -> str:
    told = row.fields
    width, height, outside = (
        float(told[key] or 0.0) * 1000 for key in ("inner_width_m", "inner_height_m", "outer_width_m")
    )
    is_round = told["shape"] == "circular"
    profile = f"<Profilart>{0 if is_round else 3}</Profilart><Profilbreite>{width:g}</Profilbreite>"
    profile += f"<Profilhoehe>{height:g}</Profilhoehe>"
    profile += f"<Aussendurchmesser>{outside:g}</Aussendurchmesser>" if is_round else ""
    return (
        f"<AbwassertechnischeAnlage>{_head(row, 1)}<Kante><KantenTyp>0</KantenTyp>"
        f"<KnotenZulauf>{escape(str(told['from']))}</KnotenZulauf><KnotenZulaufTyp>0</KnotenZulaufTyp>"
        f"<KnotenAblauf>{escape(str(told['to']))}</KnotenAblauf><KnotenAblaufTyp>0</KnotenAblaufTyp>"
        f"<SohlhoeheZulauf>{told['invert_start_m']:.3f}</SohlhoeheZulauf>"
        f"<SohlhoeheAblauf>{told['invert_end_m']:.3f}</SohlhoeheAblauf><Laenge>{told['length_m']}</Laenge>"
        f"<Material>{_MATERIALS[str(told['material'])]}</Material><Profil>{profile}</Profil></Kante>"
        "</AbwassertechnischeAnlage>"
    )
