"""Excavations come to be: filed, revised, removed, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from layers.errors import Conflict, Invalid, Sentence
from layers.excavations import ExcavationStatus as Status
from layers.procedure import (
    Filing,
    add_event,
    delete_excavation,
    insert_excavation,
    revise_excavation,
    set_status,
)
from layers.terrain import read_ground
from twin.excavations.checking import make_check
from twin.excavations.life import name_status, require_move
from twin.excavations.quota import require_area_left, require_check_left, require_filing_left
from twin.excavations.schema import PROPERTIES
from twin.excavations.validation import read_valid_digs

if TYPE_CHECKING:
    from layers.procedure import Check, Excavation
    from twin.excavations.sitting import Sitting


def file_excavation(sitting: Sitting, feature: Any) -> Excavation:
    """A draft out of a GeoJSON feature.

    Raises: Invalid with every fault; Conflict for a key that only reads; Exceeded for more than a key may file.
    """
    caller = sitting.caller
    if caller.organisation_id is None and not caller.coordinates:
        raise Conflict(
            Sentence(
                f"the key of '{caller.name}' reads only: an excavation is filed with the key of an organisation",
                f"khóa của '{caller.name}' chỉ để đọc: cần khóa của một đơn vị để lập hồ sơ",
            )
        )
    require_filing_left(sitting)
    filing = _read(sitting, feature)
    sitting.act()
    number = insert_excavation(sitting.connection, filing, caller.organisation_id, sitting.actor.name)
    return sitting.find(number)


def revise(sitting: Sitting, number: int, version: int | None, feature: Any) -> Excavation:
    """The excavation with other terms, a draft again."""
    excavation = sitting.find(number, version, lock=True)
    require_move("revise", excavation, sitting.parties(excavation))
    filing = _read(sitting, feature)
    sitting.act()
    revise_excavation(sitting.connection, number, filing)
    return sitting.find(number)


def remove(sitting: Sitting, number: int, version: int | None) -> None:
    """A draft that nobody was asked about is gone; its events stay. Raises: Conflict."""
    excavation = sitting.find(number, version, lock=True)
    require_move("revise", excavation, sitting.parties(excavation))
    if excavation.status != Status.DRAFT or excavation.submission:
        status = name_status(excavation.status)
        raise Conflict(
            Sentence(
                f"excavation {number} is {status} and was submitted {excavation.submission} times: only a draft that"
                " was never submitted is removed, withdraw or close it",
                f"công trình đào {number} {status.vi}, đã nộp {excavation.submission} lần: chỉ xóa được bản nháp"
                " chưa từng nộp, hãy rút hoặc đóng hồ sơ",
            )
        )
    sitting.act()
    delete_excavation(sitting.connection, number)


def check_excavation(sitting: Sitting, number: int, version: int | None) -> Check:
    """A new result, kept with what was checked. Raises: Conflict; Exceeded for more than a key may ask."""
    excavation = sitting.find(number, version, lock=True)
    require_move("check", excavation, sitting.parties(excavation))
    require_check_left(sitting)
    require_area_left(sitting, excavation)
    check = make_check(sitting, excavation)
    sitting.act(check=check.number)
    set_status(sitting.connection, number, Status.CHECKED)
    if excavation.status == Status.CHECKED:
        add_event(sitting.connection, number, sitting.actor, "checked again", check=check.number)
    return check


def _read(sitting: Sitting, feature: Any) -> Filing:
    """Raises: Invalid for anything but one valid dig."""
    connection, practice = sitting.connection, sitting.practice
    ground = read_ground(connection, practice.data)
    digs = read_valid_digs(connection, ground, feature, practice.today())
    if len(digs) != 1:
        raise Invalid(
            Sentence(
                f"the document holds {len(digs)} excavations: file each of its own",
                f"tệp có {len(digs)} công trình đào: hãy lập hồ sơ từng công trình",
            )
        )
    (dig,) = digs
    name = " ".join("".join(c if c.isprintable() else " " for c in dig.name).split()) or "?"
    return Filing(name, dig.polygon, dig.depth_m, dig.starts_on, dig.ends_on, _keep(feature, name))


def _keep(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The feature with its geometry and the properties that mean something, and nothing else."""
    feature = document["features"][0] if document["type"] == "FeatureCollection" else document
    if feature["type"] != "Feature":
        feature = {"geometry": feature}
    given = feature.get("properties") or {}
    properties = {key: given[key] for key in PROPERTIES if given.get(key) is not None} | {"name": name}
    return {"type": "Feature", "geometry": _draw(feature["geometry"]), "properties": properties}


def _draw(geometry: dict[str, Any]) -> dict[str, Any]:
    """A GeoJSON geometry with the members that draw it, and no others."""
    if geometry["type"] == "GeometryCollection":
        return {"type": geometry["type"], "geometries": [_draw(each) for each in geometry["geometries"]]}
    return {"type": geometry["type"], "coordinates": geometry["coordinates"]}
