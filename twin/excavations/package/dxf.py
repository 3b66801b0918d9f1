"""The package for CAD: model space in the city's reference system, metres; each drawing as a layout, millimetres.

Layers are named by discipline and outcome ("WATER_DEFINITE"). What has no known elevation is drawn flat, on layers
that end in "_NO_Z": its elevation 0 means nothing.
"""

from __future__ import annotations

from contextlib import contextmanager
from io import StringIO
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import shapely
from ezdxf import bbox, units
from ezdxf._options import options
from ezdxf.enums import MTextEntityAlignment
from ezdxf.filemanagement import new

from twin.clash.surroundings import Kind
from twin.excavations.package.bodies import axis_in_plan, half_width_m, is_node
from twin.excavations.package.cad_sheet import STYLE, add_sheet, clean
from twin.excavations.package.captions import describe
from twin.excavations.package.digs import levels_of, rim_of
from twin.excavations.package.drawings import arrange
from twin.excavations.package.frame import A3
from twin.excavations.package.proposals import COLOUR, mark_of, outlines
from twin.excavations.package.rule_tables import letter_matters
from twin.excavations.package.solids import dig_meshes
from twin.excavations.package.symbols import DIG, OUTLINES, colour_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ezdxf.document import Drawing as Document
    from ezdxf.entities.dxfgfx import DXFGraphic
    from ezdxf.layouts.layout import Modelspace

    from twin.clash.report import Clash
    from twin.excavations.package.drawings import Drawings
    from twin.excavations.package.paper import Drawing
    from twin.excavations.package.sections import Survey
    from twin.excavations.package.words import Words

APPLICATION = "CITY_TWIN"
_TEXT_M = 0.25
# Sentences are broken into lines of this width.
_LONG_TEXT, _TEXT_WIDTH_M = 80, 8.0
_BRACES = str.maketrans("{}", "()")
_writing = Lock()


def write_dxf(drawings: Drawings, dossier: str) -> bytes:
    """DXF R2010. Its first layout looks at model space, the others are the sheets."""
    with _without_time():
        document = new("R2010")
    survey = drawings.survey
    document.units = units.M
    document.header["$MEASUREMENT"] = 1
    document.header["$LTSCALE"] = 1.0
    crs = survey.report.crs
    properties = {"Dossier": dossier, "CRS": f"{crs.code} {crs.name}", "VerticalDatum": "EPSG:5727 Hon Dau 1992"}
    for name, value in properties.items():
        document.header.custom_vars.append(name, value)
    document.appids.add(APPLICATION)
    document.styles.add(STYLE, font="arial.ttf")
    for outcome, (_, dashes) in OUTLINES.items():
        if dashes:
            # A metre's worth of the pattern on paper at 1 : 100.
            pattern = [sum(dashes) / 10, *(d / 10 * (-1) ** i for i, d in enumerate(dashes))]
            document.linetypes.add(f"MODEL_{outcome.upper()}", pattern, description=str(outcome))
    _draw_model(document, survey, drawings.words)
    _show_model(document, survey)
    for index, drawing in enumerate(_sheets(drawings), start=1):
        add_sheet(document, drawing, index)
    out = StringIO()
    with _without_time():
        document.write(out)
    return document.encode(out.getvalue())


def _sheets(drawings: Drawings) -> list[Drawing]:
    long = [] if drawings.long_section is None else [drawings.long_section]
    return [*drawings.plans, *long, *arrange(drawings.cross_sections, drawings.words.say("cross_sections"))]


def _show_model(document: Document, survey: Survey) -> None:
    """The first layout looks at model space, and so does who opens the file there, some 1,800 km from its origin.

    Readers that know one layout alone take no sheet for the city.
    """
    minx, miny, maxx, maxy = survey.plan.window.bounds
    layout = document.paperspace("Layout1")
    layout.page_setup(size=A3, margins=(10, 10, 10, 10), units="mm")
    size = (A3[0] - 20, A3[1] - 20)
    height = max(maxy - miny, (maxx - minx) * size[1] / size[0]) * 1.05
    middle = ((minx + maxx) / 2, (miny + maxy) / 2)
    layout.add_viewport((size[0] / 2, size[1] / 2), size, middle, height, status=2)
    document.layouts.rename("Layout1", "00 Model")
    document.set_modelspace_vport(height, middle)
    everything = bbox.extents(document.modelspace(), fast=True)
    document.modelspace().reset_extents(everything.extmin, everything.extmax)


@contextmanager
def _without_time() -> Iterator[None]:
    """The same report gives the same bytes: the library's switch for that is one for the whole process."""
    with _writing:
        before = options.write_fixed_meta_data_for_testing
        options.write_fixed_meta_data_for_testing = True
        try:
            yield
        finally:
            options.write_fixed_meta_data_for_testing = before


def _draw_model(document: Document, survey: Survey, words: Words) -> None:
    model = document.modelspace()
    _draw_dig(document, model, survey, words)
    _draw_ground(document, model, survey)
    _draw_laid(document, model, survey)
    _draw_reports(document, model, survey, words)
    _draw_ways(document, model, survey, words)
    for number, clash in enumerate(survey.report.clashes, start=1):
        _draw_object(document, model, survey, (number, clash), words)
    for section in survey.across:
        layer = _layer(document, "SECTION_MARKS", "#000000")
        ends = shapely.get_coordinates(section.plane.trace)
        model.add_lwpolyline(ends, dxfattribs={"layer": layer})
        for end in ends:
            _write(model, f"{section.name}-{section.name}", end, layer)


def _draw_dig(document: Document, model: Modelspace, survey: Survey, words: Words) -> None:
    report = survey.report
    floor, rim = _layer(document, "EXCAVATION_FLOOR", DIG, 50), _layer(document, "EXCAVATION_RIM", DIG, 25)
    for piece in report.excavation.floors:
        for ring in (piece.polygon.exterior, *piece.polygon.interiors):
            points = shapely.get_coordinates(ring)[:-1]
            if report.ground_m is None:
                model.add_lwpolyline(points, close=True, dxfattribs={"layer": floor})
            else:
                outline = np.column_stack([points, levels_of(piece, points)])
                model.add_polyline3d(outline, close=True, dxfattribs={"layer": floor})
    for outline in shapely.get_parts(rim_of(report)):
        for ring in (outline.exterior, *outline.interiors):
            model.add_lwpolyline(shapely.get_coordinates(ring)[:-1], close=True, dxfattribs={"layer": rim})
    if report.ground_m is not None:
        for bore in report.excavation.bores:
            axis = _layer(document, "EXCAVATION_BORE", DIG, 35)
            model.add_polyline3d(bore.axis, dxfattribs={"layer": axis})
    body = _layer(document, "EXCAVATION_BODY", DIG)
    for mesh in dig_meshes(report, survey.relief):
        with model.add_mesh(dxfattribs={"layer": body}).edit_data() as data:
            data.vertices, data.faces = mesh.vertices.tolist(), mesh.faces.tolist()
    text = _layer(document, "TEXT", "#000000")
    _write(model, report.name, shapely.get_coordinates(report.polygon.centroid)[0], text)
    corner = np.array(survey.plan.window.bounds[:2])
    crs = report.crs
    _write(model, words.say("system", code=crs.code, name=crs.name), corner, text)


def _draw_ground(document: Document, model: Modelspace, survey: Survey) -> None:
    """The ground along the dig, as a line in space."""
    if survey.along is None or len(survey.along.ground) < 2:
        return
    layer = _layer(document, "GROUND", "#8a6d3b")
    stations, levels = survey.along.ground.T
    points = np.column_stack([survey.alignment.place(stations), levels])
    model.add_polyline3d(points, dxfattribs={"layer": layer})


def _draw_laid(document: Document, model: Modelspace, survey: Survey) -> None:
    """What will be laid: its axis, and its outside in plan."""
    for number, laying in enumerate(survey.report.layings, start=1):
        utility, colour = laying.utility, colour_of(laying.utility.discipline)
        name = f"LAID_{utility.discipline}".upper()
        for axis in laying.axes:
            flat = axis.shape[1] == 2
            layer = _layer(document, name + ("_NO_Z" if flat else ""), colour, 50)
            draw = model.add_lwpolyline if flat else model.add_polyline3d
            drawn = draw(axis, dxfattribs={"layer": layer})
            drawn.set_xdata(APPLICATION, [(1000, f"laid=L{number}"), (1000, f"discipline={utility.discipline}")])
            body = shapely.LineString(axis[:, :2]).buffer(utility.size_m[0] / 2, cap_style="flat", join_style="mitre")
            outline = _layer(document, f"{name}_OUTLINE", colour, 13)
            for part in shapely.get_parts(body):
                ring = shapely.get_coordinates(part.exterior)[:-1]
                model.add_lwpolyline(ring, close=True, dxfattribs={"layer": outline})
            _write(model, f"L{number}", axis[len(axis) // 2, :2], _layer(document, f"{name}_TEXT", colour))


def _draw_ways(document: Document, model: Modelspace, survey: Survey, words: Words) -> None:
    """Each way out on a layer of its own, WAY_OUT_1 the best."""
    ways = survey.report.ways_out.ways if survey.report.ways_out else ()
    for number, outline in outlines(survey.report):
        layer = _layer(document, f"WAY_OUT_{number}", COLOUR, 35, "MODEL_POSSIBLE")
        for part in shapely.get_parts(outline):
            for ring in (part.exterior, *part.interiors):
                model.add_lwpolyline(shapely.get_coordinates(ring)[:-1], close=True, dxfattribs={"layer": layer})
        text = f"{mark_of(number, words)}: {words.wording(ways[number - 1].text)}"
        _write(model, text, shapely.get_coordinates(outline.envelope)[2] + _TEXT_M, layer)


def _draw_reports(document: Document, model: Modelspace, survey: Survey, words: Words) -> None:
    """Open reports of citizens where they were made, with their letter and what is said of them."""
    letters = letter_matters(survey.report)
    for index, matter in enumerate(survey.report.surroundings.matters if survey.report.surroundings else ()):
        if matter.kind is Kind.REPORT and matter.shape is not None:
            layer = _layer(document, "CITIZEN_REPORTS", "#c2185b", 25)
            at = shapely.get_coordinates(matter.shape)[0]
            model.add_circle(at.tolist(), _TEXT_M, dxfattribs={"layer": layer})
            _write(model, f"{letters[index]}: {words.wording(matter.text)}", at + _TEXT_M, layer)


def _draw_object(
    document: Document, model: Modelspace, survey: Survey, numbered: tuple[int, Clash], words: Words
) -> None:
    number, clash = numbered
    flat = clash.axis.shape[1] == 2
    name = f"{clash.discipline}_{clash.outcome}".upper()
    linetype = f"MODEL_{clash.outcome.upper()}"
    layer = _layer(document, name + ("_NO_Z" if flat else ""), colour_of(clash.discipline), 35, linetype)
    attributes = {"layer": layer}
    axis: DXFGraphic
    if is_node(clash):
        x, y, *z = clash.axis[-1].tolist()
        axis = model.add_circle((x, y, *z), half_width_m(clash), dxfattribs=attributes)
        if not flat:
            bottom, top = clash.axis.tolist()
            model.add_line(bottom, top, dxfattribs=attributes)
    elif flat:
        axis = model.add_lwpolyline(clash.axis, dxfattribs=attributes)
    else:
        axis = model.add_polyline3d(clash.axis, dxfattribs=attributes)
    axis.set_xdata(APPLICATION, _tags(number, clash))
    outline = _layer(document, f"{name}_OUTLINE", colour_of(clash.discipline), 13)
    if clash.layer != "utility_nodes":
        body = axis_in_plan(clash).buffer(half_width_m(clash), cap_style="flat", join_style="mitre")
        for part in shapely.get_parts(body):
            for ring in (part.exterior, *part.interiors):
                model.add_lwpolyline(shapely.get_coordinates(ring)[:-1], close=True, dxfattribs={"layer": outline})
    facts = survey.facts[number - 1]
    levels = "" if facts.crown_m is None or facts.invert_m is None else (
        "; " + words.say("levels", crown=words.number(facts.crown_m), invert=words.number(facts.invert_m)))  # fmt: skip
    text = f"{number}: {describe(clash, words)}{levels}"
    _write(model, text, np.array(facts.xy), _layer(document, f"{name}_TEXT", colour_of(clash.discipline)))


def _tags(number: int, clash: Clash) -> list[tuple[int, object]]:
    """Extended data: texts of 255 characters at the most, then the gaps that are known."""
    texts = {
        "number": number, "outcome": clash.outcome, "owner": clash.owner or "", "discipline": clash.discipline,
        "feature": f"{clash.layer}/{clash.feature_id}", "source": clash.source_file or "",
    }  # fmt: skip
    tags: list[tuple[int, object]] = [(1000, clean(f"{name}={text}")[:250]) for name, text in texts.items()]
    for name, value in (("plan_gap_m", clash.plan_gap_m), ("gap_m", clash.gap_m)):
        if value is not None:
            tags += [(1000, name), (1040, value)]
    return tags


def _write(model: Modelspace, text: str, at: np.ndarray[tuple[int], np.dtype[np.float64]], layer: str) -> None:
    """As MTEXT with coded letters: GDAL takes plain UTF-8 for Windows' Latin letters, CAD programs read both."""
    shown = "".join(c if c.isascii() else f"\\U+{ord(c):04X}" for c in clean(text).translate(_BRACES))
    attributes = {"layer": layer, "style": STYLE, "char_height": _TEXT_M}
    if len(text) > _LONG_TEXT:
        attributes["width"] = _TEXT_WIDTH_M
    entity = model.add_mtext(shown, dxfattribs=attributes)
    entity.set_location((float(at[0]), float(at[1])), attachment_point=MTextEntityAlignment.BOTTOM_LEFT)


def _layer(document: Document, name: str, colour: str, weight: int = 18, linetype: str = "CONTINUOUS") -> str:
    """The layer of that name, made where it is not there yet."""
    if name not in document.layers:
        known = linetype if linetype in document.linetypes else "CONTINUOUS"
        layer = document.layers.add(name, lineweight=weight, linetype=known)
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        layer.rgb = (red, green, blue)
    return name
