"""The survey of what a dig touches besides utilities, from the layers of the city."""

from __future__ import annotations

from math import radians, tan
from typing import TYPE_CHECKING

from layers.catalog import count_all
from layers.redelivery import list_redelivered
from layers.surroundings import (
    find_buildings,
    find_digs,
    find_parcels,
    find_reports,
    find_roads,
    find_trees,
    find_wards,
    find_zones,
)
from twin.clash.accuracy import Wording
from twin.clash.citizens import judge_reports
from twin.clash.other_digs import compare_digs
from twin.clash.roadworks import judge_closures, judge_roads
from twin.clash.spelling import comma
from twin.clash.surroundings import Kind, Matter, Surroundings, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from layers.database import Connection
    from layers.surroundings import EnteredParcel, NearBuilding, NearTree, NearZone, Ward
    from twin.clash.rulebook import RuleBook
    from twin.clash.situation import Situation

# Layers that a city can be expected to have: of an empty one nothing is known.
_EXPECTED = ("trees", "buildings", "parcels", "roads", "boundaries", "restricted_zones", "citizen_reports")
# As far as objects are reported.
NEAR_M = 2.0
# Buildings this near are in doubt where nobody knows how deep the dig is.
_DEPTH_UNKNOWN_M = 15.0


def survey(connection: Connection, situation: Situation, today: date | None = None) -> Surroundings:
    """Everything but utilities that a dig touches, worst first.

    today: up to which reports of citizens age, and digs in progress are late.
    """
    matters = [
        *_natural(connection, situation),
        *_legal(connection, situation),
        *_works(connection, situation, today),
        *_redelivered(connection, situation),
        *_reports(connection, situation, today),
    ]
    weights, kinds = list(Weight), list(Kind)
    matters.sort(key=lambda matter: (weights.index(matter.weight), kinds.index(matter.kind)))
    counts = count_all(connection)
    return Surroundings(tuple(matters), tuple(layer for layer in _EXPECTED if not counts.get(layer)))


def _natural(connection: Connection, situation: Situation) -> Iterator[Matter]:
    book = situation.book
    for tree in find_trees(connection, situation.opening, book.trees.cap_m):
        yield from _judge_tree(tree, book)
    for building in find_buildings(connection, situation.area, _influence_m(situation)):
        yield _judge_building(building, situation)


def _legal(connection: Connection, situation: Situation) -> Iterator[Matter]:
    for parcel in find_parcels(connection, situation.area):
        yield from _judge_parcel(parcel, situation.book)
    for ward in find_wards(connection, situation.area):
        yield _tell_ward(ward)
    for zone in find_zones(connection, situation.area):
        yield from _judge_zone(zone, situation)


def _works(connection: Connection, situation: Situation, today: date | None) -> Iterator[Matter]:
    book = situation.book
    roads = find_roads(connection, situation.opening, book.roads.unknown_width_m)
    yield from judge_roads(roads, situation)
    yield from judge_closures(roads, situation)
    within_m = max(book.dig_once.within_m, book.neighbours.within_m)
    others = find_digs(connection, situation.area, within_m, other_than=situation.excavation_id)
    yield from compare_digs(others, situation, today)


def _redelivered(connection: Connection, situation: Situation) -> Iterator[Matter]:
    """What stands twice, for its owner has delivered anew what the field amended: the check takes both.

    By numbers alone, for it may be secret whose it is: who may know finds them among the objects of the check.
    """
    for each in list_redelivered(connection, situation.area, NEAR_M):
        place = f"{each.excavation_id}/{each.report}"
        field, delivered = (", ".join(map(str, numbers)) for numbers in (each.pieces, each.delivered))
        if each.delivered:
            text = Wording(
                en=f"A record stands twice in {each.layer}: as the field found it ({field}; report {place}) and as its"
                f" owner has delivered it since ({delivered}). Both count until the city's desk decides",
                vi=f"Một đối tượng của {each.layer} có hai bản: theo phát hiện tại hiện trường ({field}; báo cáo"
                f" {place}) và theo hồ sơ chủ sở hữu giao lại sau đó ({delivered}). Cả hai đều được tính cho đến khi cơ"
                " quan điều phối quyết định",
            )
        else:
            text = Wording(
                en=f"A record is in {each.layer} as the field found it ({field}; report {place}); in its owner's newer"
                " file nothing is known to be the same. It counts until the city's desk decides",
                vi=f"Một đối tượng của {each.layer} còn theo phát hiện tại hiện trường ({field}; báo cáo {place});"
                " trong tệp mới của chủ sở hữu không nhận ra đối tượng nào là nó. Vẫn được tính cho đến khi cơ quan"
                " điều phối quyết định",
            )
        yield Matter(
            kind=Kind.REDELIVERED,
            weight=Weight.UNKNOWN,
            text=text,
            facts={"layer": each.layer, "pieces": each.pieces, "delivered": each.delivered,
                   "excavation_id": each.excavation_id, "report": each.report},
        )  # fmt: skip


def _reports(connection: Connection, situation: Situation, today: date | None) -> Iterator[Matter]:
    rule = situation.book.reports
    reports = find_reports(connection, situation.area, max(rule.within_m, rule.signs_within_m))
    yield from judge_reports(reports, situation, today)


def _judge_tree(tree: NearTree, book: RuleBook) -> Iterator[Matter]:
    rule, stem = book.trees, tree.stem_diameter_m
    radius_m = rule.cap_m if stem is None else min(rule.factor * stem, rule.cap_m)
    if tree.distance_m >= radius_m:
        return
    name_en, name_vi = (" ".join(filter(None, (tree.species or word, tree.code))) for word in ("a tree", "cây"))
    if stem is None:
        text = Wording(
            en=f"Roots of {name_en}, {tree.distance_m:.1f} m away: its stem is not recorded,"
            f" up to {radius_m:g} m may have to be kept free",
            vi=f"Rễ của {name_vi}, cách {comma(tree.distance_m, '.1f')} m: chưa ghi đường kính thân,"
            f" có thể phải giữ đến {comma(radius_m)} m",
        )
    else:
        text = Wording(
            en=f"Enters the root protection area of {name_en}: {tree.distance_m:.1f} m from its stem,"
            f" {radius_m:.1f} m are to be kept free",
            vi=f"Vào vùng bảo vệ rễ của {name_vi}: cách thân {comma(tree.distance_m, '.1f')} m,"
            f" cần giữ {comma(radius_m, '.1f')} m",
        )
    yield Matter(
        kind=Kind.TREE,
        weight=Weight.UNKNOWN if stem is None else Weight.DEMANDS,
        text=text,
        cited=rule.cited,
        layer="trees",
        feature_id=tree.id,
        facts={
            "code": tree.code, "species": tree.species, "stem_diameter_m": stem, "distance_m": tree.distance_m,
            "radius_m": radius_m, "managed_by": tree.managed_by,
        },
        source_file=tree.source_path,
        shape=tree.shape,
    )  # fmt: skip


def _influence_m(situation: Situation) -> float:
    """How far from a foundation its influence line meets the bottom of the dig."""
    rule = situation.book.foundations
    if situation.depth_m is None:
        return _DEPTH_UNKNOWN_M
    return max(situation.depth_m - rule.foot_depth_m, 0.0) / tan(radians(rule.angle_deg))


def _judge_building(building: NearBuilding, situation: Situation) -> Matter:
    rule, away = situation.book.foundations, building.distance_m
    name_en, name_vi = (building.name or building.address or building.code or word for word in ("a building", "nhà"))
    if away == 0:
        text = Wording(en=f"Lies under {name_en}", vi=f"Nằm dưới {name_vi}")
    elif situation.depth_m is None:
        text = Wording(
            en=f"{name_en} is {away:.1f} m away and the depth below ground is not known",
            vi=f"{name_vi} cách {comma(away, '.1f')} m và chưa biết chiều sâu so với mặt đất",
        )
    else:
        text = Wording(
            en=f"Goes below the influence line of {name_en}, {away:.1f} m away: {rule.angle_deg:g}° from a foot taken"
            f" {rule.foot_depth_m:g} m deep. Shore, or prove it stable",
            vi=f"Đào sâu hơn đường ảnh hưởng móng của {name_vi}, cách {comma(away, '.1f')} m: góc"
            f" {comma(rule.angle_deg)}° từ đáy móng giả định sâu {comma(rule.foot_depth_m)} m. Phải chống vách"
            " hoặc chứng minh ổn định",
        )
    return Matter(
        kind=Kind.BUILDING,
        weight=Weight.UNKNOWN if situation.depth_m is None and away > 0 else Weight.DEMANDS,
        text=text,
        cited=rule.cited,
        layer="buildings",
        feature_id=building.id,
        facts={
            "code": building.code, "name": building.name, "address": building.address, "storeys": building.storeys,
            "distance_m": away, "influence_m": None if situation.depth_m is None else _influence_m(situation),
        },
        source_file=building.source_path,
        shape=building.shape,
    )  # fmt: skip


def _judge_parcel(parcel: EnteredParcel, book: RuleBook) -> Iterator[Matter]:
    if parcel.entered_m2 < book.parcels.least_m2:
        return
    name = f"{parcel.sheet or '?'}/{parcel.number or '?'}"
    use = f" ({parcel.land_use})" if parcel.land_use else ""
    yield Matter(
        kind=Kind.PARCEL,
        weight=Weight.DEMANDS,
        text=Wording(
            en=f"Enters parcel {name}{use} by {parcel.entered_m2:.1f} m²: its holder must consent",
            vi=f"Vào thửa {name}{use} {comma(parcel.entered_m2, '.1f')} m²: cần người sử dụng đất đồng ý",
        ),
        cited=book.parcels.cited,
        layer="parcels",
        feature_id=parcel.id,
        facts={
            "sheet": parcel.sheet, "number": parcel.number, "land_use": parcel.land_use,
            "ward_code": parcel.ward_code, "entered_m2": parcel.entered_m2,
        },
        source_file=parcel.source_path,
        shape=parcel.shape,
    )  # fmt: skip


def _tell_ward(ward: Ward) -> Matter:
    code = f" ({ward.code})" if ward.code else ""
    return Matter(
        kind=Kind.WARD,
        weight=Weight.INFORMS,
        text=Wording(
            en=f"Ward responsible: {ward.name}{code}, {ward.share:.0%} of the dig",
            vi=f"Phường, xã phụ trách: {ward.name}{code}, {ward.share:.0%} diện tích đào",
        ),
        layer="boundaries",
        feature_id=ward.id,
        facts={"code": ward.code, "name": ward.name, "share": ward.share},
        source_file=ward.source_path,
        shape=ward.shape,
    )


_DEMANDS = {
    "forbidden": (Weight.FORBIDS, "digging is forbidden", "cấm đào"),
    "consent": (Weight.DEMANDS, "the authority must consent", "phải có chấp thuận của cơ quan quản lý"),
    "supervision": (Weight.DEMANDS, "the authority must be there", "phải có cơ quan quản lý giám sát"),
}


def _judge_zone(zone: NearZone, situation: Situation) -> Iterator[Matter]:
    """A zone counts unless it is proven not to: by its dates, or by the depth from which it holds."""
    over = zone.valid_to and situation.starts_on and zone.valid_to < situation.starts_on
    to_come = zone.valid_from and situation.ends_on and zone.valid_from > situation.ends_on
    deep = situation.depth_m is None or zone.from_depth_m is None or situation.depth_m > zone.from_depth_m
    if over or to_come or not deep:
        return
    weight, en, vi = _DEMANDS[zone.demand]
    details = ", ".join(filter(None, (zone.authority, zone.legal_basis)))
    yield Matter(
        kind=Kind.ZONE,
        weight=weight,
        text=Wording(
            en=f"Enters '{zone.name}': {en}" + (f" ({details})" if details else ""),
            vi=f"Vào '{zone.name}': {vi}" + (f" ({details})" if details else ""),
        ),
        layer="restricted_zones",
        feature_id=zone.id,
        facts={
            "name": zone.name, "kind": zone.kind, "demand": zone.demand, "authority": zone.authority,
            "legal_basis": zone.legal_basis, "from_depth_m": zone.from_depth_m,
        },
        source_file=zone.source_path,
        shape=zone.shape,
    )  # fmt: skip
