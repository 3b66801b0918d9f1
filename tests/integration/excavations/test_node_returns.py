"""Manholes and other nodes come back from the field as lines do: moved, doubted, verified, delivered, undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from layers.errors import Conflict
from layers.undoing import undo_run

if TYPE_CHECKING:
    from conftest import Town

EAST, NORTH = 562_000.0, 1_820_000.0
WATER, POWER, BUILDER, CITY = "Công ty Cấp nước", "Công ty Điện lực", "Công ty Xây lắp", "Sở Xây dựng"


def of(node: int) -> dict[str, Any]:
    return {"feature": {"collection": "utility_nodes", "id": node}}


def nodes(town: Town) -> list[tuple[Any, ...]]:
    """Number, metres north, bottom, cover, level, accuracy in plan and height, status."""
    return town.connection.execute(
        "select id, round((st_y(geom) - %s)::numeric, 2)::float, bottom_m, cover_m, quality_level,"
        " horizontal_accuracy_m, vertical_accuracy_m, status from utility_nodes order by id",
        (NORTH,),
    ).fetchall()


def seen(town: Town, number: int) -> dict[int, dict[str, Any]]:
    """What the newest check of a dig says of nodes."""
    report = town.call(CITY, "GET", f"/{number}/checks/latest").json()["report"]
    found = [clash for clash in report["clashes"] if clash["feature"]["collection"] == "utility_nodes"]
    return {clash["feature"]["id"]: clash for clash in found}


def test_a_shifted_manhole_covers_both_places_until_its_owner_agrees(bare: Town) -> None:
    """At once it stands where it was measured, no surer than it was wrong; then it is surveyed; all can be undone."""
    town = bare
    node = town.manhole(north=52.5)
    other = town.submitted(name="bên cạnh")
    number = town.digging()
    assert seen(town, number)[node]["outcome"] == "clear"
    town.recheck()
    measured = {"geometry": {"type": "Point", "coordinates": town.place(50, 51.6)}, "depth_m": 2.5}
    answer = town.say(number, "shifted", **of(node), **measured, method="survey", remarks="lệch về phía hào")
    assert answer.status_code == 201, answer.text
    detail = answer.json()["detail"]
    assert (detail["moved_m"], detail["bottom_m"]) == (pytest.approx([0, -0.9, 0], abs=1e-3), 0.5)
    (moved,) = nodes(town)
    assert moved[1:] == (51.6, 0.5, 3.0, "B2", 0.9, 0.8, "unknown")
    at_once = seen(town, number)[moved[0]]
    assert (at_once["outcome"], at_once["accuracy"]["horizontal_m"]) == ("possible", 0.9)
    assert town.told(number, "deviation") == {"nuoc@example.vn", "so@example.vn", "xaylap@example.vn"}
    assert town.recheck() == {other: True}
    assert (town.status(number), town.status(other)) == ("in_progress", "checked")
    assert town.verdict(POWER, number, 1).status_code == 404
    assert town.verdict(BUILDER, number, 1).status_code == 409
    assert town.verdict(WATER, number, 1).json()["state"] == "confirmed"
    assert nodes(town)[0][1:] == (51.6, 0.5, 3.0, "A", None, None, "unknown")
    surveyed = seen(town, number)[moved[0]]
    assert (surveyed["outcome"], surveyed["accuracy"]["horizontal_m"]) == ("clear", 0.05)
    second = town.say(number, "shifted", CITY, **of(moved[0]), dx_m=0.1, dz_m=-0.1).json()
    assert (second["state"], nodes(town)[0][2:5]) == ("confirmed", (0.4, 2.9, "B2"))
    with pytest.raises(Conflict, match=f"undo run {second['run']} first"):
        undo_run(town.connection, answer.json()["run"])
    undo_run(town.connection, second["run"])
    undo_run(town.connection, answer.json()["run"])
    assert nodes(town) == [(node, 52.5, 1.0, 3.0, "B2", None, None, "unknown")]


def test_a_manhole_that_is_not_found_is_doubted_and_then_removed(bare: Town) -> None:
    """It stays in the check, with the least trust, until its owner agrees; a sight of it says nothing of its bottom."""
    town = bare
    gone, blind = town.manhole(valid_from="2999-01-01"), town.manhole(east=55.0, owner_ref="H-3", quality_level="C")
    bare_top = town.manhole(
        east=58.0, owner_ref="H-4", ground_m=None, ground_source="none", cover_m=None, bottom_m=1.6, quality_level="A"
    )
    unlevelled = town.pipe(axis=None, elevation_source="none", east=42.0)
    number = town.digging()
    assert seen(town, number)[bare_top]["outcome"] != "clear", "nobody knows how far up it comes"
    refused = town.say(number, "not_found", **of(gone))
    assert (refused.status_code, "remarks" in refused.text) == (400, True)
    first = town.say(number, "not_found", **of(gone), remarks="đào hết bề rộng, không thấy").json()
    doubted = seen(town, number)[first["feature"]["id"]]
    assert doubted["accuracy"]["horizontal_m"] == 1.5
    assert doubted["accuracy"]["vertical_m"] is None
    assert doubted["outcome"] == "definite", "it counts where the records put it"
    assert town.verdict(WATER, number, 1).json()["state"] == "confirmed"
    assert [row[7] for row in nodes(town)].count("removed") == 1, "also of what is recorded as laid later"
    assert seen(town, number)[nodes(town)[-1][0]]["status"] == "removed", "what the records had stays told"
    undo_run(town.connection, first["run"])
    assert nodes(town)[0] == (gone, 50.0, 1.0, 3.0, "B2", None, None, "unknown")

    assert town.say(number, "as_recorded", CITY, **of(blind), method="survey").json()["state"] == "confirmed"
    assert nodes(town)[-1][4:7] == ("C", 0.05, None)
    assert town.say(number, "as_recorded", CITY, **of(nodes(town)[-1][0]), method="survey", bottom_m=0.8).is_success
    assert nodes(town)[-1][2:7] == (0.8, 3.0, "A", None, None)

    about = {"feature": {"collection": "utility_lines", "id": unlevelled}, "dx_m": 0.2, "elevation_m": 0.2}
    line = town.say(number, "shifted", **about, method="survey").json()
    heights = "select count(*), count(axis) from utility_lines where owner_ref is null and st_x(st_endpoint(geom)) > %s"
    assert town.connection.execute(heights, (EAST + 10,)).fetchone() == (3, 0), "a height waits for the owner's word"
    assert town.verdict(WATER, number, line["number"]).status_code == 200
    assert town.connection.execute(heights, (EAST + 10,)).fetchone() == (3, 1)


def test_nodes_that_were_laid_are_in_the_city_and_in_later_checks(bare: Town) -> None:
    """As-built nodes come surveyed with size and height, beside lines; undoing takes them out; faults are named."""
    town = bare
    number = town.digging()

    def a(shape: str, at: list[Any], **properties: Any) -> dict[str, Any]:
        geometry = {"type": shape, "coordinates": at}
        return {"type": "Feature", "geometry": geometry, "properties": {"discipline": "power", **properties}}

    def deliver(*features: dict[str, Any]) -> Any:
        return town.call(
            BUILDER, "POST", f"/{number}/as-built", {"type": "FeatureCollection", "features": list(features)}
        )

    at = town.place(50, 50)
    chamber = a(
        "Point", [*at, 2.9], kind="chamber", width_m=1.2, length_m=1.2, depth_m=1.9, material="BTCT", owner=POWER
    )
    cable = a("LineString", [town.place(41, 50), town.place(59, 50)], diameter_m=0.11, axis_m=2.1, owner=POWER)
    refused = deliver(
        chamber,
        a("Point", at, axis_m=2.0, kind="hole"),
        a("Point", at, bottom_m=3.0, cover_m=2.0, depth_m=1.0),
        a("Point", at, depth_m=1.0),
        a("LineString", cable["geometry"]["coordinates"], cover_m=2.0),
        a("Point", [*at, 99_999.0]),
        a("Point", town.place(50, 60)),
    )
    assert refused.status_code == 400
    assert [fault[:10] for fault in refused.json()["faults"]] == [f"feature {n}:" for n in (2, 2, 3, 3, 4, 5, 6)], (
        refused.text
    )
    assert deliver(a("Point", town.place(50, 60))).status_code == 400, "too far away"
    answer = deliver(chamber, cable)
    assert answer.status_code == 201, answer.text
    assert answer.json()["detail"] == {"lines": 1, "length_m": 18.0, "nodes": 1}
    assert answer.json()["geometry"]["type"] == "GeometryCollection"
    columns = (
        "kind, discipline, owner, section_shape, outer_width_m, outer_length_m, bottom_m, cover_m, quality_level,"
        " status, material, elevation_source, vertical_reference"
    )
    assert town.connection.execute(f"select {columns} from utility_nodes").fetchall() == [  # noqa: S608
        ("chamber", "power", POWER, "rectangular", 1.2, 1.2, 1.0, 2.9, "A", "in_service", "BTCT", "measured", "cover")
    ]
    later = town.file(name="đợt sau")
    (clash,) = [c for c in town.check(later)["report"]["clashes"] if c["feature"]["collection"] == "utility_nodes"]
    assert (clash["outcome"], clash["kind"], clash["accuracy"]["horizontal_m"]) == ("definite", "chamber", 0.05)
    undo_run(town.connection, answer.json()["run"])
    assert nodes(town) == []


def test_reports_of_nodes_that_cannot_be_are_refused_with_every_fault(bare: Town) -> None:
    """Measures that a node does not have, or from two sources; nodes that are far and that are not: the same answer."""
    town = bare
    node, far = town.manhole(), town.manhole(east=90.0, north=90.0, bottom_m=None)
    number = town.digging()
    line = {"type": "LineString", "coordinates": [town.place(49, 50), town.place(51, 50)]}
    odd = town.say(number, "shifted", **of(node), geometry=line, dx_m=1, dz_m=1, elevation_m=2, bottom_m=1, depth_m=1)
    assert [next(w for w in ("axis", "bottom_m or", "Point", "one of", "dz_m") if w in f) for f in odd.json()["faults"]]
    assert len(odd.json()["faults"]) == 5
    still = town.say(number, "shifted", **of(node), geometry={"type": "Point", "coordinates": town.place(50, 50)})
    assert (still.status_code, "as_recorded" in still.text) == (400, True)
    above = town.say(number, "shifted", **of(node), bottom_m=3.2)
    assert (above.status_code, "above the cover" in above.text) == (400, True)
    of_line = town.say(number, "as_recorded", feature={"collection": "utility_lines", "id": 1}, cover_m=2)
    assert (of_line.status_code, "a line has no" in of_line.text) == (400, True)
    about = {"geometry": {"type": "Point", "coordinates": town.place(50, 50)}, "depth_m": 1.0}
    answers = [town.say(number, "shifted", **of(n), **about) for n in (far, 999_999)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert len({answer.json()["detail"].replace(str(far), "N").replace("999999", "N") for answer in answers}) == 1
    other = town.say(number, "as_recorded", feature={"collection": "parcels", "id": 1})
    assert (other.status_code, "utility_nodes" in other.text) == (400, True)
    assert town.call(BUILDER, "GET", f"/{number}/deviations").json() == {"deviations": []}
