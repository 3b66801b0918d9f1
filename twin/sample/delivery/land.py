"""Who delivers what stands above the ground: cadastre, buildings, roads, trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.sample.city.streets import BOULEVARD, BRIDGE, LANE, MAIN, MINOR, Profile
from twin.sample.city.ward import SHEETS
from twin.sample.delivery.forms import AREA_FORMS, HOUSE_COLUMNS, PARCEL_COLUMNS, POINT_FORMS
from twin.sample.delivery.places import describe_house, describe_parcel, describe_roads, describe_tree, describe_ward
from twin.sample.delivery.records import Dataset, Form, Layer, Row
from twin.sample.delivery.series import NODES, name_file, name_layer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.sample.city.ward import Ward

_HOUSE_FILES = 16
_TREE_FILES = 8
_ROADS: tuple[tuple[str, Form, tuple[Profile, ...]], ...] = (
    ("đường phố chính", Form(".shp", encoding="vni", charset=None), (BOULEVARD, MAIN, BRIDGE)),
    ("đường phố", Form(".gpkg", crs="EPSG:5898"), (MINOR,)),
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
        rows = (describe_parcel(parcel, names) for parcel in ward.parcels if parcel.sheet == sheet)
        form = AREA_FORMS[sheet % len(AREA_FORMS)]
        yield _deliver(name_file("01-dia-chinh", f"Thửa đất tờ {sheet:02d}", form, sheet), form, rows)


def _houses(ward: Ward) -> Iterator[Dataset]:
    cuts = np.linspace(0, len(ward.houses), _HOUSE_FILES + 1).round().astype(int)
    for part in range(_HOUSE_FILES):
        names = HOUSE_COLUMNS[part % len(HOUSE_COLUMNS)]
        rows = (describe_house(ward.houses[i], i + 1, names) for i in range(cuts[part], cuts[part + 1]))
        form = AREA_FORMS[(part + 4) % len(AREA_FORMS)]
        yield _deliver(name_file("02-xay-dung", f"Nhà khu {part + 1}", form, part), form, rows)


def _roads(ward: Ward) -> Iterator[Dataset]:
    for label, form, profiles in _ROADS:
        rows = (row for street in ward.plan.streets if street.profile in profiles for row in describe_roads(street))
        yield _deliver(name_file("09-giao-thong", f"Tim đường {label}", form, 0), form, rows)


def _trees(ward: Ward) -> Iterator[Dataset]:
    before = sum(series.files for series in NODES)
    cuts = np.linspace(0, len(ward.trees), _TREE_FILES + 1).round().astype(int)
    for part in range(_TREE_FILES):
        form = POINT_FORMS[(before + part) % len(POINT_FORMS)]
        short = form.traits.short_names
        rows = (describe_tree(tree, short_names=short) for tree in ward.trees[cuts[part] : cuts[part + 1]])
        yield _deliver(name_file("08-Cây xanh", f"Cây xanh khu {part + 1}", form, part), form, rows)


def _deliver(path: str, form: Form, rows: Iterable[Row]) -> Dataset:
    return Dataset(path, form, (Layer(name_layer(path, form), tuple(rows)),))
