"""What lies around a dig besides utilities, in plan: parcels, buildings, roads, trees, zones, reports, other digs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely

from twin.clash.surroundings import Kind
from twin.excavations.package.paper import GREY, Lettering, Pen
from twin.excavations.package.rule_tables import letter_matters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.clash.surroundings import Matter
    from twin.excavations.package.paper import Box, Point, Sheet
    from twin.excavations.package.placing import Placing
    from twin.excavations.package.sections import Survey
    from twin.excavations.package.view import View
    from twin.excavations.package.words import Words

_OTHER_DIGS = (Kind.OPEN_TOGETHER, Kind.DIG_ONCE, Kind.SEQUENCE)


@dataclass(frozen=True, slots=True)
class _Look:
    """Outline, filling, and hatching as pen, spacing and angle."""

    pen: Pen
    fill: str | None = None
    hatch: tuple[Pen, float, float] | None = None

    def draw(self, sheet: Sheet, shape: shapely.Geometry) -> None:
        sheet.shape(shape, fill=self.fill)
        if self.hatch is not None:
            sheet.hatch(shape, *self.hatch)
        sheet.shape(shape, self.pen)


_TREE, _ZONE, _OTHER, _ROAD, _REPORT = "#2e7d32", "#7b1fa2", "#6d4c41", "#9a9a9a", "#c2185b"
_TRUNK = _Look(Pen(0.35, _TREE), fill="#c8e6c9")
_PIN_MM = 2.6
_KERB = Pen(0.25, _ROAD)
_LOOKS = {
    Kind.TREE: _Look(Pen(0.25, _TREE, (2.0, 0.8))),
    Kind.BUILDING: _Look(Pen(0.35, "#4d4d4d"), "#e4e4e4", (Pen(0.09, "#8c8c8c"), 2.4, -45.0)),
    Kind.ZONE: _Look(Pen(0.5, _ZONE, (4.0, 1.0, 1.0, 1.0)), None, (Pen(0.13, _ZONE), 6.0, -45.0)),
    Kind.OPEN_TOGETHER: _Look(Pen(0.5, _OTHER, (3.0, 1.2)), None, (Pen(0.13, _OTHER), 3.0, 0.0)),
    Kind.PARCEL: _Look(Pen(0.25, "#8c8c8c", (5.0, 1.0, 0.6, 1.0))),
    Kind.REPORT: _Look(Pen(0.35, _REPORT), "#f8bbd0"),
    Kind.ROAD: _Look(Pen(0.18, _ROAD, (6.0, 1.2, 1.2, 1.2))),
}
_NAMES = {
    Kind.TREE: "root_zone", Kind.BUILDING: "near_building", Kind.ZONE: "zone", Kind.PARCEL: "parcel",
    Kind.ROAD: "road", Kind.REPORT: "citizen_report", Kind.OPEN_TOGETHER: "other_dig",
}  # fmt: skip
# What is drawn earlier lies below.
_ORDER = (
    *(Kind.ROAD, Kind.PARCEL, Kind.ZONE, Kind.BUILDING, Kind.TREE, Kind.OPEN_TOGETHER, Kind.DIG_ONCE, Kind.SEQUENCE),
    Kind.REPORT,
)


def draw_context(survey: Survey, sheet: Sheet, view: View, frame: shapely.Polygon) -> list[tuple[Kind, str, Point]]:
    """Below everything else; returns kind, letter and place of each mark that is to be written."""
    surroundings = survey.report.surroundings
    if surroundings is None:
        return []
    letters = letter_matters(survey.report)
    marks = []
    drawn: set[tuple[str | None, int | None]] = set()
    matters = [(i, matter) for i, matter in enumerate(surroundings.matters) if i in letters and matter.kind in _ORDER]
    for index, matter in sorted(matters, key=lambda pair: _ORDER.index(pair[1].kind)):
        shape = shapely.intersection(view.draw(shapely.force_2d(matter.shape)), frame)
        if shape.is_empty:
            continue
        if (matter.layer, matter.feature_id) not in drawn:
            _draw(sheet, matter, shape, view, frame)
        drawn.add((matter.layer, matter.feature_id))
        x, y = shapely.get_coordinates(shapely.point_on_surface(shape))[0].tolist()
        marks.append((matter.kind, letters[index], (x, y + (_PIN_MM + 2.1 if matter.kind is Kind.REPORT else 0.0))))
    return marks


def _draw(sheet: Sheet, matter: Matter, shape: shapely.Geometry, view: View, frame: shapely.Polygon) -> None:
    look = _LOOKS[_group(matter.kind)]
    if matter.kind is Kind.TREE:
        radius = float(matter.facts["radius_m"]) * 1000 / view.scales[0]
        look.draw(sheet, shapely.intersection(shape.buffer(radius), frame))
        _TRUNK.draw(sheet, shape.buffer(1.0))
        return
    if matter.kind is Kind.REPORT:
        look.draw(sheet, _pin(shape))
        return
    width = matter.facts.get("width_m")
    if matter.kind is Kind.ROAD and isinstance(width, int | float):
        kerbs = shape.buffer(width * 500 / view.scales[0], cap_style="flat").boundary
        sheet.shape(shapely.intersection(kerbs, frame), _KERB)
    look.draw(sheet, shape)


def _pin(place: shapely.Geometry) -> shapely.Geometry:
    """A triangle that stands on its place."""
    x, y = shapely.get_coordinates(place)[0]
    return shapely.Polygon([(x, y), (x - 1.5, y + _PIN_MM), (x + 1.5, y + _PIN_MM)])


def _group(kind: Kind) -> Kind:
    return Kind.OPEN_TOGETHER if kind in _OTHER_DIGS else kind


def write_marks(sheet: Sheet, marks: list[tuple[Kind, str, Point]], placing: Placing) -> None:
    """Letters in circles at what they stand for, or as near as there is room."""
    for _, letter, (x, y) in marks:
        around = [(x, y), *((x + dx, y + dy) for reach in (5, 9, 14) for dx, dy in _ways(reach))]
        at = placing.place(around, 4.6, 4.6)
        if at is not None:
            circle = shapely.Point(at).buffer(1.9)
            sheet.shape(circle, Pen(0.18, GREY), fill="#ffffff")
            sheet.text(at[0], at[1] - 0.8, letter, Lettering(2.4, bold=True, anchor="middle"))


def _ways(reach: float) -> list[Point]:
    return [(reach, 0.0), (-reach, 0.0), (0.0, reach), (0.0, -reach), (reach, reach), (-reach, -reach)]


def list_symbols(kinds: Iterable[Kind], words: Words) -> list[tuple[str, Kind]]:
    """Names of what is drawn, for the legend."""
    shown = {_group(kind) for kind in kinds}
    return [(words.say(name), kind) for kind, name in _NAMES.items() if kind in shown]


def draw_symbol(sheet: Sheet, kind: Kind, box: Box) -> None:
    """A sample of what one kind looks like."""
    left, bottom, right, top = box
    middle = shapely.Point((left + right) / 2, (bottom + top) / 2)
    if kind is Kind.TREE:
        _LOOKS[kind].draw(sheet, middle.buffer(1.8))
        _TRUNK.draw(sheet, middle.buffer(0.8))
    elif kind is Kind.REPORT:
        _LOOKS[kind].draw(sheet, _pin(shapely.Point(middle.x, bottom)))
    elif kind in (Kind.PARCEL, Kind.ROAD):
        _LOOKS[kind].draw(sheet, shapely.LineString([(left, middle.y), (right, middle.y)]))
    else:
        _LOOKS[kind].draw(sheet, shapely.box(*box))
