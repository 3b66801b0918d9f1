"""Who delivers what: the ward cut into 171 files, before anything is spoilt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.sample.forms import (
    AREA_FORMS,
    BANK_DEPTHS,
    DEPTHS,
    DRAWING,
    FALLS,
    FORMS,
    HOUSE_COLUMNS,
    NO_HEIGHT,
    PARCEL_COLUMNS,
    POINT_FORMS,
    SERVICE_DEPTHS,
    choose_style,
)
from twin.sample.lines import DISCIPLINE_WORDS, Style, Survey, describe_line
from twin.sample.networks import Line, Node, fold
from twin.sample.places import (
    describe_house,
    describe_node,
    describe_parcel,
    describe_roads,
    describe_tree,
    describe_ward,
)
from twin.sample.records import Dataset, Form, Layer, Row
from twin.sample.streets import BOULEVARD, LANE, MAIN
from twin.sample.vertical import Depth, InGeometry, Manner
from twin.sample.ward import SHEETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.sample.ward import Ward


@dataclass(frozen=True, slots=True)
class Series:
    """Files of one kind of line or node: how many, where in the round of forms they begin, by street or by area."""

    folder: str
    title: str
    discipline: str
    files: int
    begin: int
    manners: tuple[Manner, ...] = DEPTHS
    by_street: bool = True


MAINS = (
    Series("03-cap-nuoc", "Ống cấp nước", "water", 15, 0),
    Series("04-thoat-nuoc", "Cống nước thải", "wastewater", 14, 3, FALLS),
    Series("04-thoat-nuoc", "Cống nước mưa", "storm", 13, 7, FALLS),
    Series("05-dien-luc", "Cáp điện lực", "power", 14, 1),
    Series("06-vien-thong", "Tuyến viễn thông", "telecom", 12, 10, BANK_DEPTHS),
    Series("07-chieu-sang", "Cáp chiếu sáng", "lighting", 9, 5),
)
SERVICES = (
    Series("03-cap-nuoc", "Ống dịch vụ cấp nước", "water", 7, 9, SERVICE_DEPTHS, by_street=False),
    Series("04-thoat-nuoc", "Ống đấu nối nước thải", "wastewater", 6, 0, FALLS, by_street=False),
    Series("05-dien-luc", "Cáp điện hạ thế", "power", 5, 2, SERVICE_DEPTHS, by_street=False),
)
NODES = (
    Series("03-cap-nuoc", "Van cấp nước", "water", 5, 3, by_street=False),
    Series("04-thoat-nuoc", "Hố ga nước thải", "wastewater", 7, 0, by_street=False),
    Series("04-thoat-nuoc", "Hố ga nước mưa", "storm", 6, 5, by_street=False),
    Series("05-dien-luc", "Tủ điện", "power", 2, 9, by_street=False),
    Series("06-vien-thong", "Hố ga viễn thông", "telecom", 4, 2, by_street=False),
    Series("07-chieu-sang", "Trụ chiếu sáng", "lighting", 5, 6, by_street=False),
)
# Files that do not go with the round: drawings, and lines nobody measured the depth of.
_DRAWN = {("Ống cấp nước", 5), ("Cống nước thải", 9), ("Cáp điện lực", 6), ("Tuyến viễn thông", 5), ("Cáp chiếu sáng", 4)}
_MANNERS: dict[tuple[str, int], Manner] = {
    ("Cáp chiếu sáng", 1): NO_HEIGHT,
    ("Ống cấp nước", 9): Depth("DoSau_m", -1.0),
    ("Cáp điện lực", 9): Depth("DoSau", 0.01),
    ("Cáp chiếu sáng", 7): Depth("DoSau"),
}


def plan_deliveries(ward: Ward) -> list[Dataset]:
    """All files of all departments, by path; the terrain is the one file that is not among them."""
    areas = _cut_into_areas(ward)
    files = [*_parcels(ward), *_houses(ward), *_trees(ward), *_roads(ward)]
    ring = Layer("ranh-gioi-phuong", (describe_ward(ward.plan.outline),))
    files.append(Dataset("01-dia-chinh/ranh-gioi-phuong.geojson", Form(".geojson"), (ring,)))
    for series in (*MAINS, *SERVICES):
        lines = [
            line
            for line in (ward.services if series in SERVICES else ward.mains)
            if line.identity.discipline == series.discipline
        ]
        parts = _by_street(lines, series.files) if series.by_street else _by_area(lines, areas, series.files)
        files += [_deliver_lines(series, i, label, part, ward) for i, (label, part) in enumerate(parts)]
    for series in NODES:
        nodes = [node for node in ward.nodes if node.identity.discipline == series.discipline]
        parts = _by_area(nodes, areas, series.files)
        files += [_deliver_nodes(series, i, label, part, ward) for i, (label, part) in enumerate(parts)]
    return sorted(files, key=lambda file: file.path)


def _cut_into_areas(ward: Ward) -> dict[str, float]:
    """Where each street's middle lies between west and east: neighbours get their files together."""
    return {street.name: float(street.points[len(street.points) // 2, 0]) for street in ward.plan.streets}


def _by_street[T: (Line, Node)](things: Sequence[T], files: int) -> list[tuple[str, list[T]]]:
    """One part for each of the first streets, and one for all that are left."""
    streets = list(dict.fromkeys(thing.identity.street for thing in things))
    first = {street: [thing for thing in things if thing.identity.street == street] for street in streets[: files - 1]}
    rest = [thing for thing in things if thing.identity.street not in first]
    return [*first.items(), ("các tuyến còn lại", rest)]
