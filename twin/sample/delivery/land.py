"""Who delivers what stands above the ground: cadastre, buildings, roads, trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.sample.city.streets import BOULEVARD, BRIDGE, LANE, MAIN, MINOR, Profile
from twin.sample.city.ward import SHEETS
from twin.sample.delivery.forms import (
    AREA_FORMS,
    CADASTRAL,
    GEODATABASE,
    HOUSE_COLUMNS,
    HOUSE_FORMS,
    MAP,
    MAP_PBF,
    PARCEL_COLUMNS,
    POINT_FORMS,
)
from twin.sample.delivery.maps import BUILDINGS, ROADS, TREES, map_house, map_roads, map_tree
from twin.sample.delivery.places import (
    describe_house,
    describe_parcel,
    describe_roads,
    describe_tree,
    describe_ward,
    draw_parcel,
)
from twin.sample.delivery.records import Dataset, Form, Layer, Row
from twin.sample.delivery.series import NODES, name_file, name_layer
from twin.sample.delivery.solids import MODELLINGS, model_house, name_house

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.sample.city.blocks import House
    from twin.sample.city.terrain import Terrain
    from twin.sample.city.ward import Ward

_TREE_FILES = 8
# Sheets of the cadastre that are drawings or a geodatabase, and the file of trees that comes from a map.
_SHEET_FORMS = {3: CADASTRAL, 6: CADASTRAL, 8: GEODATABASE}
_MAPPED_TREES = 6
# What readers call the layers of formats that have words of their own.
_READ_AS = {"parcels": "thửa đất (parcels)", "buildings": BUILDINGS, "roads": ROADS, "trees": TREES}
_ROADS: tuple[tuple[str, Form, tuple[Profile, ...]], ...] = (
    ("đường phố chính", Form(".shp", encoding="vni", charset=None), (BOULEVARD, MAIN, BRIDGE)),
    ("đường phố", MAP_PBF, (MINOR,)),
    ("kiệt", Form(".geojson", crs="EPSG:4326"), (LANE,)),
)


def plan_land(ward: Ward) -> list[Dataset]:
    """Files of the cadastre, the building register, the road register and the parks department."""
    outline = (describe_ward(ward.plan.outline),)
    ring = _deliver("01-dia-chinh/ranh-gioi-phuong.geojson", Form(".geojson"), outline)
    return [ring, *_parcels(ward), *_houses(ward), *_roads(ward), *_trees(ward)]


def _parcels(ward: Ward) -> Iterator[Dataset]:
    for sheet in range(1, SHEETS + 1):
        names = PARCEL_COLUMNS[sheet % len(PARCEL_COLUMNS)]
        parcels = [parcel for parcel in ward.parcels if parcel.sheet == sheet]
        form = _SHEET_FORMS.get(sheet, AREA_FORMS[sheet % len(AREA_FORMS)])
        drawn = form is CADASTRAL
        rows = (draw_parcel(parcel) if drawn else describe_parcel(parcel, names) for parcel in parcels)
        yield _deliver(name_file("01-dia-chinh", f"Thửa đất tờ {sheet:02d}", form, sheet), form, rows)


def _houses(ward: Ward) -> Iterator[Dataset]:
    first = 0
    for part, (form, count) in enumerate(_share_houses(len(ward.houses))):
        houses = [(ward.houses[i], i + 1) for i in range(first, first + count)]
        first += count
        path = name_file("02-xay-dung", f"Nhà khu {part + 1}", form, part)
        if form.format == "osm":
            rows = [map_house(house, number, ward.terrain) for house, number in houses]
        elif form.format in MODELLINGS:
            rows = [_model(house, number, Dataset(path, form, ()), ward.terrain) for house, number in houses]
        else:
            names = HOUSE_COLUMNS[part % len(HOUSE_COLUMNS)]
            rows = [describe_house(house, number, names) for house, number in houses]
        yield _deliver(path, form, rows)


def _model(house: House, number: int, file: Dataset, terrain: Terrain) -> Row:
    modelling = MODELLINGS[file.form.format]
    return model_house(house, name_house(number, file.stem, modelling), terrain, modelling)


def _share_houses(houses: int) -> Iterator[tuple[Form, int]]:
    """Forms and how many houses come in each: some few by their nature, the others about the same."""
    shares = [form for form, count in HOUSE_FORMS if count is None]
    left = houses - sum(count or 0 for _, count in HOUSE_FORMS)
    cuts = np.linspace(0, left, len(shares) + 1).round().astype(int)
    equal = iter(np.diff(cuts).tolist())
    for form, count in HOUSE_FORMS:
        yield form, next(equal) if count is None else count


def _roads(ward: Ward) -> Iterator[Dataset]:
    for label, form, profiles in _ROADS:
        describe = map_roads if form is MAP_PBF else describe_roads
        rows = (row for street in ward.plan.streets if street.profile in profiles for row in describe(street))
        yield _deliver(name_file("09-giao-thong", f"Tim đường {label}", form, 0), form, rows)


def _trees(ward: Ward) -> Iterator[Dataset]:
    before = sum(series.files for series in NODES)
    cuts = np.linspace(0, len(ward.trees), _TREE_FILES + 1).round().astype(int)
    for part in range(_TREE_FILES):
        form = POINT_FORMS[(before + part) % len(POINT_FORMS)]
        trees = ward.trees[cuts[part] : cuts[part + 1]]
        short = form.traits.short_names
        form = MAP if part == _MAPPED_TREES else form
        rows = (map_tree(tree) if form is MAP else describe_tree(tree, short_names=short) for tree in trees)
        yield _deliver(name_file("08-Cây xanh", f"Cây xanh khu {part + 1}", form, part), form, rows)


def _deliver(path: str, form: Form, rows: Iterable[Row]) -> Dataset:
    made = tuple(rows)
    name = name_layer(path, form) if form.traits.columns else _READ_AS[made[0].table or ""]
    return Dataset(path, form, (Layer(name, made),))
