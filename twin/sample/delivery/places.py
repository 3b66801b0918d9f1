"""How departments describe everything that is no line: nodes, parcels, buildings, roads, trees, the ward."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.sample.city.networks import initials
from twin.sample.city.trees import SPECIES
from twin.sample.delivery.lines import describe_identity
from twin.sample.delivery.records import Row, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.sample.city.blocks import House, Parcel
    from twin.sample.city.networks import Node
    from twin.sample.city.streets import Street
    from twin.sample.city.terrain import Terrain
    from twin.sample.city.trees import Tree
    from twin.sample.delivery.lines import Style

WARD_CODE = "99901"
WARD_NAME = "Phường Bến Sông"
# How far a corner may move where the edges of a drawing are made to meet.
_NODED_M = 0.002
GREEN_OWNER = "Trung tâm Công viên Cây xanh"

KIND_WORDS = {
    "manhole": "Hố ga",
    "inlet": "Cửa thu",
    "valve": "Van chặn",
    "hydrant": "Trụ cứu hỏa",
    "chamber": "Hố áp",
    "pole": "Cột",
    "cabinet": "Tủ điện",
}
USES = {"ODT": "Nhà ở", "TMD": "Thương mại", "DGD": "Trường học", "DYT": "Bệnh viện", "TSC": "Trụ sở cơ quan"}


def describe_node(node: Node, style: Style, terrain: Terrain) -> Row:
    """One manhole, valve, lamp post and so on as a row."""
    written, expected = describe_identity(node.identity, style)
    written["LoaiNut" if node.identity.discipline in ("water", "lighting") else "LoaiHoGa"] = KIND_WORDS[node.kind]
    if node.length_m is None:
        written["DuongKinh_m"] = node.width_m
        expected |= {"outer_width_m": node.width_m, "outer_length_m": node.width_m}
    else:
        written |= {"RongHo_m": node.width_m, "DaiHo_m": node.length_m}
        expected |= {"outer_width_m": node.width_m, "outer_length_m": node.length_m}
    if node.bottom_m is not None:
        shape = shapely.Point(node.at)
        cover_m = round(float(terrain.ground(shapely.get_coordinates(shape))[0]), 2)
        written |= {"CaoDoNap": cover_m, "CaoDoDayGa": round(node.bottom_m, 2)}
        expected |= {"cover_m": cover_m, "bottom_m": round(node.bottom_m, 2)}
    style.survey.tell(node.identity, written, expected)
    return Row(shapely.Point(node.at), written, "utility_nodes", {**expected, "kind": node.kind})


def describe_parcel(parcel: Parcel, names: dict[str, str]) -> Row:
    """A parcel; who holds it is written, and must not arrive."""
    expected: dict[str, Value] = {
        "sheet": str(parcel.sheet),
        "number": str(parcel.number),
        "land_use": parcel.use.code,
        "legal_area_m2": round(parcel.shape.area, 1),
        "ward_code": WARD_CODE,
    }
    written: dict[str, Value] = {names[key]: value for key, value in expected.items()}
    written |= {names["sheet"]: parcel.sheet, names["number"]: parcel.number}
    written["TENCHU"] = f"Chủ hộ {parcel.sheet:02d}{parcel.number:02d}"
    return Row(parcel.shape, written, "parcels", expected)


def draw_parcel(parcel: Parcel) -> Row:
    """A parcel as a drawing tells it: by what stands in it."""
    whole = describe_parcel(parcel, {key: key for key in ("sheet", "number", "land_use", "legal_area_m2", "ward_code")})
    expected = {key: whole.expected[key] for key in ("number", "land_use", "legal_area_m2")} | {"within_m": _NODED_M}
    told: dict[str, Value] = {"number": parcel.number, "land_use": parcel.use.code, "area": expected["legal_area_m2"]}
    return Row(parcel.shape, told, "parcels", expected)


def describe_house(house: House, number: int, names: dict[str, str]) -> Row:
    expected: dict[str, Value] = {
        "code": f"{WARD_CODE}-{number:04d}",
        "use": USES[house.use.code],
        "storeys": house.storeys,
        "height_m": house.height_m,
    }
    return Row(house.shape, {names[key]: value for key, value in expected.items()}, "buildings", expected)


def describe_roads(street: Street) -> Iterator[Row]:
    """The pieces of a street's centre line between crossings."""
    for number, (first, last) in enumerate(street.pieces, start=1):
        expected: dict[str, Value] = {
            "code": f"{initials(street.name)}-{number}",
            "name": street.name,
            "road_class": street.profile.name,
            "surface": street.profile.surface,
            "width_m": street.profile.width_m,
        }
        columns = ("MaDuong", "TenDuong", "LoaiDuong", "KetCau", "ChieuRong")
        written = dict(zip(columns, expected.values(), strict=True))
        yield Row(shapely.LineString(street.points[first : last + 1]), written, "roads", expected)


def describe_tree(tree: Tree, *, short_names: bool) -> Row:
    """A street tree. Cut to ten characters, the names of its two diameters are one: such files give the girth."""
    vietnamese, latin, _, _ = SPECIES[tree.species]
    expected: dict[str, Value] = {
        "code": tree.code,
        "species": vietnamese,
        "species_latin": latin,
        "planted_year": tree.planted,
        "height_m": tree.height_m,
        "condition": tree.condition,
        "managed_by": GREEN_OWNER,
    }
    columns = ("SoHieuCay", "TenCay", "TenKhoaHoc", "NamTrong", "ChieuCao", "HienTrang", "DonViQL")
    written = dict(zip(columns, expected.values(), strict=True))
    if short_names:
        girth_cm = round(tree.stem_m * np.pi * 100)
        written["ChuViThan"] = f"{girth_cm} cm"
        expected["stem_diameter_m"] = round(girth_cm / 100 / np.pi, 6)
    else:
        written |= {"DuongKinhThan_cm": round(tree.stem_m * 100), "DuongKinhTan_m": tree.crown_m}
        expected |= {"stem_diameter_m": tree.stem_m, "crown_diameter_m": tree.crown_m}
    return Row(shapely.Point(tree.at), written, "trees", expected)


def describe_ward(outline: shapely.Polygon) -> Row:
    expected: dict[str, Value] = {"level": "ward", "code": WARD_CODE, "name": WARD_NAME}
    return Row(outline, {"MaXa": WARD_CODE, "TenXa": WARD_NAME}, "boundaries", expected)
