"""Who delivers which utilities: the networks cut into files, before anything is spoilt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.sample.city.networks import Line, Node, fold
from twin.sample.delivery.forms import (
    BANK_DEPTHS,
    DEPTHS,
    DRAWINGS,
    FALLS,
    FORMS,
    NO_HEIGHT,
    POINT_FORMS,
    SERVICE_DEPTHS,
    SURVEYS,
    choose_style,
)
from twin.sample.delivery.lines import DISCIPLINE_WORDS, Style, describe_line
from twin.sample.delivery.places import KIND_WORDS, describe_node
from twin.sample.delivery.records import Dataset, Form, Layer, Row
from twin.sample.delivery.vertical import Depth, InGeometry, Manner

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.sample.city.terrain import Terrain
    from twin.sample.city.ward import Ward


@dataclass(frozen=True, slots=True)
class Series:
    """Files of one kind of line or node: how many, and where in the round of habits they begin."""

    folder: str
    title: str
    discipline: str
    files: int
    begin: int
    manners: tuple[Manner, ...] = DEPTHS


MAINS = (
    Series("03-cap-nuoc", "Ống cấp nước", "water", 15, 0),
    Series("04-thoat-nuoc", "Cống nước thải", "wastewater", 14, 3, FALLS),
    Series("04-thoat-nuoc", "Cống nước mưa", "storm", 13, 7, FALLS),
    Series("05-dien-luc", "Cáp điện lực", "power", 14, 1),
    Series("06-vien-thong", "Tuyến viễn thông", "telecom", 12, 10, BANK_DEPTHS),
    Series("07-chieu-sang", "Cáp chiếu sáng", "lighting", 9, 5),
)
SERVICES = (
    Series("03-cap-nuoc", "Ống dịch vụ cấp nước", "water", 7, 9, SERVICE_DEPTHS),
    Series("04-thoat-nuoc", "Ống đấu nối nước thải", "wastewater", 6, 0, FALLS),
    Series("05-dien-luc", "Cáp điện hạ thế", "power", 5, 2, SERVICE_DEPTHS),
)
NODES = (
    Series("03-cap-nuoc", "Van cấp nước", "water", 5, 3),
    Series("04-thoat-nuoc", "Hố ga nước thải", "wastewater", 7, 0),
    Series("04-thoat-nuoc", "Hố ga nước mưa", "storm", 6, 5),
    Series("05-dien-luc", "Tủ điện", "power", 2, 9),
    Series("06-vien-thong", "Hố ga viễn thông", "telecom", 4, 2),
    Series("07-chieu-sang", "Trụ chiếu sáng", "lighting", 5, 6),
)
# Files that do not go with the round: drawings, and lines nobody measured the depth of.
_DRAWN = {
    ("Ống cấp nước", 5),
    ("Cống nước thải", 9),
    ("Cáp điện lực", 6),
    ("Tuyến viễn thông", 5),
    ("Cáp chiếu sáng", 4),
}
_MANNERS: dict[tuple[str, int], Manner] = {
    ("Cáp chiếu sáng", 1): NO_HEIGHT,
    ("Ống cấp nước", 9): Depth("DoSau_m", -1.0),
    ("Cáp điện lực", 9): Depth("DoSau", 0.01),
    ("Cáp chiếu sáng", 7): Depth("DoSau"),
}


def plan_utilities(ward: Ward) -> list[Dataset]:
    """The files of all owners of lines and nodes."""
    west_to_east = sorted(ward.plan.streets, key=lambda street: float(street.points[:, 0].mean()))
    areas = [street.name for street in west_to_east]
    files = []
    for series in (*MAINS, *SERVICES):
        lines = ward.services if series in SERVICES else ward.mains
        own = [line for line in lines if line.identity.discipline == series.discipline]
        parts = _by_street(own, series.files) if series in MAINS else _by_area(own, areas, series.files)
        files += [_deliver_lines(series, i, label, part, ward.terrain) for i, (label, part) in enumerate(parts)]
    for series in NODES:
        nodes = [node for node in ward.nodes if node.identity.discipline == series.discipline]
        places = _by_area(nodes, areas, series.files)
        files += [_deliver_nodes(series, i, label, part, ward.terrain) for i, (label, part) in enumerate(places)]
    return files


def name_file(folder: str, title: str, label: str, form: Form, number: int) -> str:
    """Path of a file: every fifth keeps its accents and blanks."""
    name = f"{title} {label}"
    stem = name if number % 5 == 3 else slug(name)
    return f"{folder}/{stem}{form.suffix}"


def slug(name: str) -> str:
    return fold(name).replace(" ", "-")


def _by_street(lines: Sequence[Line], files: int) -> list[tuple[str, list[Line]]]:
    """One part for each of the first streets, and one for all that are left."""
    streets = list(dict.fromkeys(line.identity.street for line in lines))[: files - 1]
    parts = [(street, [line for line in lines if line.identity.street == street]) for street in streets]
    return [*parts, ("các tuyến còn lại", [line for line in lines if line.identity.street not in streets])]


def _by_area[T: (Line, Node)](things: Sequence[T], areas: Sequence[str], files: int) -> list[tuple[str, list[T]]]:
    """Parts of about the same size, streets from west to east."""
    ordered = sorted(things, key=lambda thing: areas.index(thing.identity.street))
    cuts = np.linspace(0, len(ordered), files + 1).round().astype(int)
    return [(f"khu {i + 1}", ordered[cuts[i] : cuts[i + 1]]) for i in range(files)]


def _deliver_lines(series: Series, number: int, label: str, lines: Sequence[Line], terrain: Terrain) -> Dataset:
    turn = series.begin + number
    if (series.title, number) in _DRAWN:
        form = DRAWINGS[number % len(DRAWINGS)]
        path = name_file(series.folder, series.title, label, form, number)
        return Dataset(path, form, (Layer(_stem(path), (*_frame(lines), *_draw(lines, terrain))),))
    form = FORMS[turn % len(FORMS)]
    style = choose_style(series.discipline, turn, series.manners)
    manner = _MANNERS.get((series.title, number), style.vertical)
    style = replace(style, vertical=manner, survey=SURVEYS[number % len(SURVEYS)])
    path = name_file(series.folder, series.title, label, form, number)
    rows = tuple(describe_line(line, style, terrain, row) for row, line in enumerate(lines))
    return Dataset(path, form, (Layer(_layer_name(path, form), rows),))


def _deliver_nodes(series: Series, number: int, label: str, nodes: Sequence[Node], terrain: Terrain) -> Dataset:
    """In a GeoPackage every kind of node is a layer."""
    turn = series.begin + number
    form = POINT_FORMS[turn % len(POINT_FORMS)]
    style = choose_style(series.discipline, turn, DEPTHS)
    style = replace(style, columns={key: name for key, name in style.columns.items() if key != "material"})
    path = name_file(series.folder, series.title, label, form, number)
    kinds = sorted({node.kind for node in nodes}) if form.suffix == ".gpkg" else [""]
    if len(kinds) == 1:
        return Dataset(
            path, form, (Layer(_layer_name(path, form), tuple(describe_node(n, style, terrain) for n in nodes)),)
        )
    layers = tuple(
        Layer(
            f"{slug(KIND_WORDS[kind])}-{slug(DISCIPLINE_WORDS[series.discipline])}".replace("-", "_"),
            tuple(describe_node(node, style, terrain) for node in nodes if node.kind == kind),
        )
        for kind in kinds
    )
    return Dataset(path, form, layers)


def _draw(lines: Sequence[Line], terrain: Terrain) -> Iterator[Row]:
    """A drawing has nothing but geometry and layers; every fourth line is drawn flat."""
    for number, line in enumerate(lines):
        style = Style(vertical=InGeometry(flat=number % 4 == 3))
        row = describe_line(line, style, terrain, number)
        known = ("discipline", "material", "section_shape", "outer_width_m", "outer_height_m")
        yield replace(row, fields={}, expected={key: row.expected[key] for key in known})


def _frame(lines: Sequence[Line]) -> tuple[Row, Row]:
    """The sheet's border and its title: in every drawing, and no part of the city."""
    west, south, east, north = np.round(shapely.total_bounds([line.shape for line in lines]), 1)
    border = shapely.LineString([(west, south), (east, south), (east, north), (west, north), (west, south)])
    title = Row(shapely.Point(west, south), {"TEXT": "Bản vẽ hoàn công"}, None, drawing_layer="CHU_THICH")
    return Row(border, {}, None, drawing_layer="KHUNG_BAN_VE"), title


def _stem(path: str) -> str:
    return path.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _layer_name(path: str, form: Form) -> str:
    """A GeoPackage's table is named in letters that any database takes; other files are their own layer."""
    stem = _stem(path)
    return slug(stem).replace("-", "_") if form.suffix == ".gpkg" else stem
