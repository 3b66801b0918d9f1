"""What comes back from the field: what it changes at once, what waits for the owner, who is told, how it is undone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import shapely

from importers.folder import ImportOptions, import_path
from layers.errors import Conflict
from layers.undoing import undo_run

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Town

EAST, NORTH = 562_000.0, 1_820_000.0
WATER, POWER, BUILDER, CITY = "Công ty Cấp nước", "Công ty Điện lực", "Công ty Xây lắp", "Sở Xây dựng"
COLUMNS = (
    "id", "st_astext(coalesce(axis, geom), 2)", "quality_level", "horizontal_accuracy_m", "vertical_accuracy_m",
    "status",
)  # fmt: skip


def main_of(town: Town) -> int:
    return int((town.connection.execute("select max(id) from utility_lines").fetchone() or (0,))[0])


def of(line: int) -> dict[str, Any]:
    return {"feature": {"collection": "utility_lines", "id": line}}


def lines(town: Town) -> list[tuple[Any, ...]]:
    """The pieces of the water main from south to north, without the far pipe."""
    return town.connection.execute(
        f"select {', '.join(COLUMNS)} from utility_lines where st_x(st_startpoint(geom)) > %s"  # noqa: S608
        " order by st_y(st_startpoint(geom))",
        (EAST + 10,),
    ).fetchall()


def test_an_exposed_line_is_verified_where_it_was_seen_once_its_owner_agrees(bare: Town) -> None:
    """The owner's word gives level A to the stretch in the dig and to nothing else; undoing brings the record back."""
    town = bare
    town.pipe(quality_level="C")
    number, line = town.digging(), main_of(town)
    before = lines(town)
    answer = town.say(number, "as_recorded", **of(line), method="survey", horizontal_accuracy_m=0.03)
    assert (answer.status_code, answer.json()["state"]) == (201, "reported")
    assert lines(town) == before, "one's own word makes nobody's record better"
    assert town.told(number, "deviation") == {"nuoc@example.vn", "so@example.vn", "xaylap@example.vn"}
    assert town.verdict(POWER, number, 1).status_code == 404, "who was not asked sees nothing of it"
    assert town.verdict(BUILDER, number, 1).status_code == 409, "nobody confirms himself"
    confirmed = town.verdict(WATER, number, 1)
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "confirmed")
    assert [row[1:] for row in lines(town)] == [
        ("LINESTRING Z (562050 1820020 2,562050 1820049 2)", "C", None, None, "unknown"),
        ("LINESTRING Z (562050 1820049 2,562050 1820051 2)", "A", 0.03, None, "unknown"),
        ("LINESTRING Z (562050 1820051 2,562050 1820080 2)", "C", None, None, "unknown"),
    ]
    assert confirmed.json()["feature"]["id"] == lines(town)[1][0]
    assert town.verdict(WATER, number, 1).status_code == 409, "it is settled"
    assert town.status(number) == "in_progress", "whoever reports what he sees loses no permit by it"
    assert town.recheck() == {}, "and the dig's own answer was made anew"
    undo_run(town.connection, confirmed.json()["run"])
    assert lines(town) == before
    assert town.call(WATER, "GET", f"/{number}/deviations").json()["deviations"][0]["undone_at"]


def test_a_shifted_line_moves_at_once_and_covers_both_places(town: Town) -> None:
    """Before anybody agrees the stretch lies where it was seen, no surer than it was wrong; neighbours re-open."""
    line = main_of(town)
    other = town.submitted(name="bên cạnh")
    number = town.digging()
    town.recheck()
    answer = town.say(number, "shifted", **of(line), dx_m=0.4, dz_m=-0.2, method="survey", remarks="lệch về đông")
    assert answer.status_code == 201, answer.text
    south, seen, north = lines(town)
    assert seen[1] == "LINESTRING Z (562050.4 1820049 1.8,562050.4 1820051 1.8)"
    assert south[1] == "LINESTRING Z (562050 1820020 2,562050 1820048 2,562050.4 1820049 1.8)"
    assert north[1] == "LINESTRING Z (562050.4 1820051 1.8,562050 1820052 2,562050 1820080 2)"
    assert {row[2:5] for row in (south, seen, north)} == {("A", 0.4, 0.2)}
    assert town.recheck() == {other: True}
    assert (town.status(number), town.status(other)) == ("in_progress", "checked")
    assert town.verdict(CITY, number, 1).status_code == 200
    assert lines(town)[1][2:5] == ("A", None, None)
    assert lines(town)[0][2:5] == ("A", 0.4, 0.2), "the rest of the record was wrong by as much"
    second = town.say(number, "shifted", CITY, **of(lines(town)[1][0]), dy_m=0.0, dx_m=-0.1)
    assert (second.status_code, second.json()["state"]) == (201, "confirmed"), "the desk's own word is confirmed"
    with pytest.raises(Conflict, match="undo run"):
        undo_run(town.connection, answer.json()["run"])
    undo_run(town.connection, second.json()["run"])
    undo_run(town.connection, answer.json()["run"])
    assert [row[0] for row in lines(town)] == [line]
    kinds = [event["kind"] for event in town.events(number)]
    assert kinds.count("deviation") == 2
    assert "deviation confirmed" in kinds


def test_what_is_not_found_is_doubted_first_and_gone_on_its_owners_word(town: Town) -> None:
    """A line that was not where it is recorded gets the least trust; the owner may take the stretch out, or contest."""
    number, line = town.digging(), main_of(town)
    refused = town.say(number, "not_found", **of(line))
    assert refused.status_code == 400
    assert "remarks" in refused.text
    first = town.say(number, "not_found", **of(line), remarks="đào hết bề rộng, không thấy")
    assert first.status_code == 201, first.text
    assert [row[2:] for row in lines(town)] == [(None, 1.5, None, "unknown")]
    contested = town.verdict(WATER, number, 1, "contested", remarks="ống nằm sâu hơn")
    assert contested.json()["state"] == "contested"
    assert town.told(number, "deviation_settled") == {"so@example.vn", "xaylap@example.vn"}
    assert town.verdict(WATER, number, 1).json()["state"] == "confirmed", "an owner may come to agree"
    assert [row[5] for row in lines(town)] == ["unknown", "removed", "unknown"]
    undo_run(town.connection, first.json()["run"])
    assert [(row[0], row[2]) for row in lines(town)] == [(line, "A")]


def test_an_unknown_find_stops_the_dig_until_somebody_owns_it(town: Town) -> None:
    """A find is in everybody's way from the report on: the dig is open again, all who were asked are told."""
    number = town.digging()
    geometry = {"type": "LineString", "coordinates": [town.place(44, 48), town.place(44, 52)]}
    about = {"discipline": "power", "diameter_m": 0.11, "elevation_m": 1.9, "remarks": "cáp lạ", "method": "survey"}
    answer = town.say(number, "unknown_find", geometry=geometry, **about)
    assert answer.status_code == 201, answer.text
    find = answer.json()["feature"]
    assert "nuoc@example.vn" in town.told(number, "deviation")
    assert town.recheck() == {number: True}
    assert town.status(number) == "checked"
    clashes = town.call(CITY, "GET", f"/{number}/checks/latest").json()["report"]["clashes"]
    assert (find["id"], "definite", None) in [(c["feature"]["id"], c["outcome"], c["owner"]) for c in clashes]
    claimed = town.verdict(CITY, number, 1, owner=POWER)
    assert (claimed.status_code, claimed.json()["owner"]) == (200, POWER)
    point = town.say(
        number, "unknown_find", geometry={"type": "Point", "coordinates": town.place(46, 50)}, remarks="hố lạ"
    )
    assert point.json()["feature"]["collection"] == "utility_nodes"
    assert (point.json()["state"], claimed.json()["state"]) == ("reported", "confirmed")


def test_what_was_laid_is_in_the_city_and_in_later_checks(town: Town) -> None:
    """As-built lines come with their owner, size and level; the next dig there meets them; undoing takes them out."""
    number = town.digging()
    before = len(lines(town))
    pipe = {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [town.place(41, 50), town.place(59, 50)]},
        "properties": {"discipline": "water", "diameter_m": 0.11, "axis_m": 2.1, "material": "HDPE", "owner": WATER},
    }
    wrong = pipe | {"properties": {"discipline": "steam", "diameter_m": 110}}
    refused = town.call(
        BUILDER, "POST", f"/{number}/as-built", {"type": "FeatureCollection", "features": [pipe, wrong]}
    )
    assert refused.status_code == 400
    assert [fault[:10] for fault in refused.json()["faults"]] == ["feature 2:", "feature 2:"]
    answer = town.call(BUILDER, "POST", f"/{number}/as-built", {"type": "FeatureCollection", "features": [pipe]})
    assert answer.status_code == 201, answer.text
    assert answer.json()["detail"] == {"lines": 1, "length_m": 18.0, "nodes": 0}
    row = town.connection.execute(
        "select discipline, owner, outer_width_m, material, quality_level, status, st_zmin(axis) from utility_lines"
        " where st_x(st_startpoint(geom)) between %s and %s",
        (EAST + 40.9, EAST + 41.1),
    ).fetchone()
    assert row == ("water", WATER, 0.11, "HDPE", "A", "in_service", 2.1)
    assert town.told(number, "as_built") == {"nuoc@example.vn", "so@example.vn", "xaylap@example.vn"}
    later = town.file(name="đợt sau")
    assert len(town.check(later)["report"]["clashes"]) == 2
    undo_run(town.connection, answer.json()["run"])
    assert len(lines(town)) == before


def test_reports_that_cannot_be_are_refused_with_every_fault(town: Town) -> None:
    """Too early, by others, from afar, of other lines, or in contradiction: each refusal says what is wrong."""
    early = town.submitted()
    line = main_of(town)
    assert town.say(early, "as_recorded", **of(line)).status_code == 409
    number = town.digging()
    assert town.say(number, "as_recorded", WATER, **of(line)).status_code == 409, "owners answer, diggers report"
    assert town.say(number, "as_recorded", "reader", **of(line)).status_code == 409
    far = town.connection.execute("select min(id) from utility_lines").fetchone() or (0,)
    answers = [town.say(number, "as_recorded", **of(n)) for n in (far[0], 999_999)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert len({answer.json()["detail"].replace(str(far[0]), "N").replace("999999", "N") for answer in answers}) == 1
    faults = town.say(
        number, "shifted", feature={"id": "x"}, dx_m=99, method="dowsing", observed_on="2999-01-01"
    ).json()
    assert [
        next(w for w in ("feature", "dx_m", "observed_on", "method", "shifted") if w in f) for f in faults["faults"]
    ]
    assert len(faults["faults"]) == 5
    high = town.say(number, "shifted", **of(line), elevation_m=8000, dx_m=0.1)
    assert (high.status_code, "7998.0 m above or below its record" in high.json()["detail"]) == (400, True)
    away = {"type": "Point", "coordinates": town.place(90, 90)}
    refused = town.say(number, "unknown_find", geometry=away, remarks="xa")
    assert (refused.status_code, "m from excavation" in refused.text) == (400, True)
    assert town.say(number, "unknown_find", remarks="không rõ nơi").status_code == 400
    assert town.call(None, "GET", f"/{number}/deviations").status_code == 401
    assert town.call(POWER, "GET", f"/{number}/deviations").status_code == 404
    assert town.call(BUILDER, "GET", f"/{number}/deviations").json() == {"deviations": []}
    assert shapely.Point(away["coordinates"]).is_valid


def deliver(town: Town, folder: Path, mains: list[tuple[str, float, float, float]]) -> int:
    """The owner's file of its mains, delivered (anew): its run. Each has its number, metres east, north from, to."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": [[*town.place(east, north), 2.0] for north in ends]},
            "properties": {
                "MaOng": name,
                "DonViQuanLy": WATER,
                "DuongKinh_mm": 200,
                "CaoDoTim": 2.0,
                "ghi_chu": f"{east}",
            },
        }
        for name, east, *ends in mains
    ]
    path = folder / "ong-cap-nuoc.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    report = import_path(town.connection, folder, path, ImportOptions())
    assert report.loaded == len(mains), report
    return report.run_id or 0


def redeliver(town: Town, folder: Path, *, moved_m: float = 0.0) -> int:
    return deliver(town, folder, [("M-1", 50 + moved_m, 20, 80)])


def redelivered(town: Town) -> list[dict[str, Any]]:
    return list(town.call(CITY, "GET", "/redelivered").json()["redelivered"])


def test_a_redelivery_stands_beside_what_the_field_found_until_somebody_decides(town: Town, tmp_path: Path) -> None:
    """Neither is lost: both count, every check says so, and the desk's decision can be undone."""
    town.connection.execute("delete from utility_lines where st_x(st_startpoint(geom)) > %s", (EAST + 10,))
    redeliver(town, tmp_path)
    number = town.digging()
    said = town.say(number, "shifted", **of(main_of(town)), dx_m=0.4, method="survey")
    assert said.status_code == 201, said.text
    run, pieces = said.json()["run"], len(lines(town))
    assert town.call(CITY, "GET", "/redelivered").json() == {"redelivered": []}
    delivery = redeliver(town, tmp_path, moved_m=0.01)
    assert len(lines(town)) == pieces + 1, "both stand"
    assert town.call(BUILDER, "GET", "/redelivered").status_code == 409
    (waiting,) = town.call(CITY, "GET", "/redelivered").json()["redelivered"]
    assert (waiting["run"], waiting["owner_ref"], len(waiting["field"]), len(waiting["delivered"])) == (
        run, "M-1", pieces, 1,
    )  # fmt: skip
    other = town.file(BUILDER)
    matters = town.check(other)["report"]["surroundings"]["matters"]
    (matter,) = [m for m in matters if m["kind"] == "redelivered"]
    assert matter["weight"] == "unknown"
    assert "có hai bản" in matter["text"]["vi"]
    with pytest.raises(Conflict, match=f"undo run {delivery} first"):
        undo_run(town.connection, run)
    for keep, left in (("field", pieces), ("delivered", 1)):
        decided = town.call(CITY, "POST", f"/redelivered/{run}", {"keep": keep})
        assert decided.status_code == 200, decided.text
        assert len(lines(town)) == left
        assert town.call(CITY, "GET", "/redelivered").json() == {"redelivered": []}
        with pytest.raises(Conflict, match=f"undo run {decided.json()['run']} first"):
            undo_run(town.connection, delivery if keep == "field" else run)
        undo_run(town.connection, decided.json()["run"])
        assert len(lines(town)) == pieces + 1
    assert town.call(CITY, "POST", f"/redelivered/{run}", {"keep": "both"}).status_code == 400
    assert town.call(CITY, "POST", f"/redelivered/{delivery}", {"keep": "field"}).status_code == 404
    town.call(CITY, "POST", f"/redelivered/{run}", {"keep": "field"})
    redeliver(town, tmp_path, moved_m=0.02)
    assert len(town.call(CITY, "GET", "/redelivered").json()["redelivered"]) == 1, "delivered again, decided again"


def test_a_decision_for_the_field_takes_nothing_but_the_same_object(bare: Town, tmp_path: Path) -> None:
    """A neighbour in the same trench, and the next main under the same number, were never amended: they stay."""
    town = bare
    beside, beyond = ("M-2", 50.3, 20, 60), ("M-1", 50, 60, 80)
    deliver(town, tmp_path, [("M-1", 50, 20, 60), beside, beyond])
    number = town.digging()
    (line,) = town.connection.execute(
        "select id from utility_lines where owner_ref = 'M-1' and st_length(geom) > 30"
    ).fetchone() or (0,)
    run = town.say(number, "shifted", **of(line), dx_m=0.4, method="survey").json()["run"]
    deliver(town, tmp_path, [("M-1", 50.01, 20, 60), beside, beyond])
    (waiting,) = redelivered(town)
    assert len(waiting["delivered"]) == 1
    before = {row[0] for row in lines(town)}
    assert town.call(CITY, "POST", f"/redelivered/{run}", {"keep": "field"}).status_code == 200
    assert before - {row[0] for row in lines(town)} == set(waiting["delivered"])
    deliver(town, tmp_path, [("M-1", 50.01, 20, 60), ("M-3", 50, 20.5, 60), beyond])
    assert len(redelivered(town)[0]["delivered"]) == 1, "of another number it is another, wherever it lies"
    deliver(town, tmp_path, [beside, beyond])
    assert [each["delivered"] for each in redelivered(town)] == [[]]


def test_what_was_amended_twice_stands_twice_aloud(bare: Town, tmp_path: Path) -> None:
    """Pieces of a piece are the same report's: none is left over by a decision."""
    town = bare
    redeliver(town, tmp_path)
    number = town.digging()
    first = town.say(number, "shifted", **of(main_of(town)), dx_m=0.4, method="survey").json()
    second = town.say(number, "shifted", **of(first["feature"]["id"]), dx_m=0.1, method="survey").json()
    pieces = [row[0] for row in lines(town)]
    redeliver(town, tmp_path, moved_m=0.01)
    (waiting,) = redelivered(town)
    assert waiting["field"] == sorted(pieces)
    decided = town.call(CITY, "POST", f"/redelivered/{first['run']}", {"keep": "delivered"}).json()["run"]
    assert [row[0] for row in lines(town)] == waiting["delivered"]
    with pytest.raises(Conflict, match=f"undo run {decided} first"):
        undo_run(town.connection, second["run"])
    undo_run(town.connection, decided)
    assert len(lines(town)) == len(pieces) + 1


def test_what_stands_twice_names_nobody_who_is_secret(bare: Town, tmp_path: Path) -> None:
    """Whoever applies learns that an object stands twice, never whose it is or which file it came from."""
    town = bare
    redeliver(town, tmp_path)
    number = town.digging()
    town.say(number, "shifted", **of(main_of(town)), dx_m=0.4, method="survey")
    redeliver(town, tmp_path, moved_m=0.01)
    town.connection.execute("update utility_lines set disclosure = 'secret' where owner_ref = 'M-1'")
    other = town.file()
    town.check(other)
    for place_of in ("checks/latest", "package/json?lang=en"):
        text = town.call(BUILDER, "GET", f"/{other}/{place_of}").text
        assert '"kind":"redelivered"' in text.replace('"kind": ', '"kind":')
        assert not any(word in text for word in (WATER, "M-1", "ong-cap-nuoc")), place_of
