"""What changes the answer after it was given: imports, undone imports, other digs. Nobody digs on an old answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
import shapely

from layers.database import connect
from layers.errors import Invalid, NotFound
from layers.notices import list_notices
from layers.procedure import find_check, find_stale, set_status
from layers.undoing import undo_run
from twin.excavations.checking import make_check
from twin.excavations.recheck import recheck
from twin.excavations.sitting import TWIN, Sitting

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from conftest import Town

EAST, NORTH = 562_000.0, 1_820_000.0
WATER, POWER, BUILDER, CITY = "Công ty Cấp nước", "Công ty Điện lực", "Công ty Xây lắp", "Sở Xây dựng"


def told(town: Town, number: int, kind: str) -> set[str]:
    return {notice.address for notice in list_notices(town.connection, number) if notice.kind == kind}


@pytest.mark.parametrize("stage", ["submitted", "permitted", "in_progress"])
def test_a_new_pipe_reopens(town: Town, stage: str) -> None:
    """A cable that an import brings across the trench opens the dig again, whatever was permitted, and all are told."""
    number = town.submitted() if stage == "submitted" else town.permitted()
    if stage == "in_progress":
        town.act(BUILDER, number, "start")
    assert town.status(number) == stage
    town.pipe(owner=POWER, east=55.0)
    assert town.recheck() == {number: True}
    assert town.status(number) == "checked"
    latest = town.call(CITY, "GET", f"/{number}/checks/latest").json()
    assert (latest["number"], [c["owner"] for c in latest["difference"]["came"]]) == (2, [POWER])
    assert latest["difference"]["went"] == []
    reopened = next(event for event in town.events(number) if event["kind"] == "reopened")
    assert (reopened["actor"], reopened["detail"]["check"]) == ("twin", 2)
    assert told(town, number, "reopened") == {"nuoc@example.vn", "xaylap@example.vn", "so@example.vn"}
    assert town.act(BUILDER, number, "start").status_code == 409
    assert town.act(BUILDER, number, "submit").status_code == 200
    assert set(town.requests(number)) == {WATER, POWER}, "both are asked in the new submission"


def test_what_changes_nothing_reopens_nothing(town: Town) -> None:
    """Pipes far off, trees, the same file delivered again under new numbers: the check is confirmed, silently."""
    number = town.permitted()
    town.pipe(owner=POWER, east=90.0)
    town.connection.execute(
        "insert into trees (code, geom) values ('T1', st_setsrid(st_point(%s, %s), 9214))", (EAST + 50, NORTH + 95)
    )
    with town.connection.transaction():
        town.connection.execute("delete from utility_lines where owner = %s", (WATER,))
        town.pipe()
    assert find_stale(town.connection) == [number]
    assert town.recheck() == {number: False}
    assert (town.status(number), find_stale(town.connection)) == ("permitted", [])
    assert len(town.call(CITY, "GET", f"/{number}/checks").json()["checks"]) == 1


def test_a_pipe_that_goes_reopens_too(town: Town) -> None:
    """Owners were asked for what is no longer on record: the answer is another."""
    number = town.permitted()
    town.connection.execute("delete from utility_lines where owner = %s", (WATER,))
    assert town.recheck() == {number: True}
    difference = town.call(CITY, "GET", f"/{number}/checks/latest").json()["difference"]
    assert [clash["owner"] for clash in difference["went"]] == [WATER]


def test_a_pipe_that_moves_reopens(town: Town) -> None:
    """The same pipe 30 cm further is another place to dig by hand."""
    number = town.permitted()
    town.connection.execute("update utility_lines set axis = st_translate(axis, 0, 0, 0.3) where owner = %s", (WATER,))
    assert town.recheck() == {number: True}


def test_an_undone_import_reopens(town: Town) -> None:
    """What an operator takes back, takes the answer back with it; undoing is an import's end like any other."""
    number = town.permitted()
    row = town.connection.execute("insert into import_runs (root, options) values ('x', '{}') returning id").fetchone()
    assert row is not None
    (file,) = town.connection.execute(
        "insert into source_files (run_id, path, location, sha256, key, bytes, outcome, decisions)"
        " values (%s, 'x', 'x', 'x', 'x', 1, 'loaded', '[]') returning id",
        row,
    ).fetchone() or (0,)
    town.pipe(owner=POWER, east=55.0, source_file_id=file)
    assert town.recheck() == {number: True}
    town.act(BUILDER, number, "submit")
    undo_run(town.connection, row[0])
    assert town.recheck() == {number: True}
    assert len(town.call(CITY, "GET", f"/{number}/checks").json()["checks"]) == 3


def test_a_city_without_records_is_no_clear_ground(town: Town) -> None:
    """When everything is gone the check cannot be made: the dig is open again and says why, it is not 'clear'."""
    number = town.permitted()
    town.connection.execute("delete from utility_lines")
    assert town.recheck() == {number: True}
    latest = town.call(CITY, "GET", f"/{number}/checks/latest").json()
    assert latest["report"]["is_clear"] is False
    assert "no utility lines" in latest["difference"]["failure"]["en"]
    assert town.recheck() == {}
    refused = town.act(BUILDER, number, "submit")
    assert (refused.status_code, "no utility lines" in refused.json()["detail"]) == (409, True), "nor can it go on"


def test_only_a_change_that_was_looked_at_is_permitted(town: Town) -> None:
    """Between an import and its re-check nobody gets a permit, submits, or begins to dig."""
    number = town.submitted()
    town.answer(WATER, number, WATER)
    other = town.permitted(name="Hào số 2")
    third = town.file()
    town.check(third)
    town.pipe(owner=POWER, east=55.0)
    for who, dig, act in ((CITY, number, "permit"), (BUILDER, other, "start"), (BUILDER, third, "submit")):
        answer = town.act(who, dig, act)
        assert (answer.status_code, "have changed since" in answer.json()["detail"]) == (409, True), act


def test_drafts_and_closed_digs_are_left_alone(town: Town) -> None:
    """What has no answer yet, or needs none any more, is not checked again."""
    town.file()
    closed = town.permitted()
    town.act(BUILDER, closed, "close")
    town.pipe(owner=POWER, east=55.0)
    assert town.recheck() == {}


def test_a_dig_beside_reopens_once_it_is_submitted(town: Town) -> None:
    """What others only prepare is their business; what they submit is open at the same time, so both must agree."""
    near = town.permitted()
    second = town.file(name="Hào số 2", polygon=shapely.box(EAST + 40, NORTH + 52, EAST + 60, NORTH + 53))
    town.check(second)
    assert find_stale(town.connection) == []
    report = town.call(BUILDER, "GET", f"/{second}/checks/latest").json()["report"]
    assert {m["facts"]["name"] for m in report["surroundings"]["matters"] if m["kind"] == "open_together"} == {
        "Hào số 1"
    }
    assert town.act(BUILDER, second, "submit").status_code == 200
    assert find_stale(town.connection) == [near]
    assert town.recheck() == {near: True}
    latest = town.call(CITY, "GET", f"/{near}/checks/latest").json()["difference"]
    assert {matter["kind"] for matter in latest["matters_came"]} >= {"open_together"}
    assert town.status(near) == "checked"
    assert find_stale(town.connection) == [], "and the one does not set off the other for ever"


def test_a_neighbour_that_comes_during_a_first_check_is_not_missed(town: Town) -> None:
    """What is submitted while a draft is being checked makes its check doubtful: neither stays without the other."""
    first, second = town.file(), town.file(name="Hào số 2")
    town.check(second)
    with connect(town.url) as connection, connection.transaction():
        checking = Sitting(connection, TWIN, town.practice)
        make_check(checking, checking.find(first, lock=True))
        assert town.act(BUILDER, second, "submit").status_code == 200
        checking.act()
        set_status(connection, first, "checked")
    assert town.act(BUILDER, first, "submit").status_code == 409
    assert town.recheck() == {first: True}
    latest = town.call(BUILDER, "GET", f"/{first}/checks/latest").json()["report"]["surroundings"]["matters"]
    assert {m["facts"]["name"] for m in latest if m["kind"] == "open_together"} == {"Hào số 2"}


def test_owners_are_not_told_what_else_came(town: Town) -> None:
    """A zone that only operators may see is in the notices of applicant and desk, and in no owner's."""
    number = town.permitted()
    town.connection.execute(
        "insert into restricted_zones (name, kind, demand, geom)"
        " select 'Kho K7', 'defence', 'forbidden', st_multi(st_buffer(geom, 5)) from excavations"
    )
    assert town.recheck() == {number: True}
    sent = {notice.address: f"{notice.body} {notice.payload}" for notice in list_notices(town.connection, number)
            if notice.kind == "reopened"}  # fmt: skip
    assert {address: "K7" in text for address, text in sent.items()} == {
        "so@example.vn": True, "xaylap@example.vn": True, "nuoc@example.vn": False,
    }  # fmt: skip
    assert "went" not in sent["nuoc@example.vn"], "nor how many objects of others there are"


def test_a_dig_that_goes_on_sets_nobody_off(town: Town) -> None:
    """Neighbours know of each other already: answers, permits and beginnings change nothing for them."""
    first, second = town.submitted(), town.submitted(name="Hào số 2")
    town.recheck()
    for number in (first, second):
        if town.status(number) == "checked":
            town.act(BUILDER, number, "submit")
    assert town.recheck() == {}
    town.answer(CITY, second, WATER)
    town.act(CITY, second, "permit")
    assert town.recheck() == {}
    town.act(BUILDER, second, "close")
    assert find_stale(town.connection) == [first]


def test_advice_alone_takes_no_permit_away(town: Town) -> None:
    """A proposal to dig once, for another time of the year, is told to the applicant, and the permit stands."""
    number = town.permitted()
    start = town.practice.today() + timedelta(40)
    town.submitted(name="Hào số 2", starts_on=str(start), ends_on=str(start + timedelta(5)))
    assert town.recheck() == {number: True}
    assert town.status(number) == "permitted"
    assert told(town, number, "rechecked") == {"xaylap@example.vn"}
    (matter,) = town.call(CITY, "GET", f"/{number}/checks/latest").json()["difference"]["matters_came"]
    assert matter["kind"] == "dig_once"


def test_overdue_requests_are_said_once(town: Town, at: Callable[[date], None]) -> None:
    """After its day a request is overdue: the owner and the desk are told, once, and it stands in the list."""
    number = town.submitted()
    at(town.practice.today() + timedelta(30))
    town.remind()
    town.remind()
    reminders = [n for n in list_notices(town.connection, number) if n.kind == "reminder"]
    assert {n.address for n in reminders} == {"nuoc@example.vn", "so@example.vn"}
    assert len(reminders) == 2
    assert town.requests(number)[WATER]["is_overdue"] is True
    assert [event["detail"]["owner"] for event in town.events(number) if event["kind"] == "overdue"] == [WATER]


def test_a_worker_notices_by_itself(town: Town) -> None:
    """The worker's own round finds what changed and checks it: nobody has to ask."""
    number = town.permitted()
    town.pipe(owner=POWER, east=55.0)
    town.run("look-for-changes")
    assert town.status(number) == "checked"


@pytest.mark.parametrize("table", ["utility_lines", "terrain", "boundaries", "roads", "buildings"])
def test_every_layer_that_a_check_rests_on_counts(town: Town, table: str) -> None:
    """Any change of any layer makes open checks doubtful."""
    number = town.permitted()
    statements: dict[str, Any] = {
        "utility_lines": "update utility_lines set material = 'PVC'",
        "terrain": "update terrain set name = 'x'",
        "boundaries": "update boundaries set name = 'y'",
        "roads": "delete from roads",
        "buildings": "delete from buildings",
    }
    town.connection.execute(statements[table])
    assert find_stale(town.connection) == [number]


def test_an_excavation_that_is_gone_is_no_failure(town: Town) -> None:
    """A dig that vanished between looking and checking is passed by."""
    assert recheck(Sitting(town.connection, TWIN, town.practice), 99) is False
    with pytest.raises(NotFound):
        Sitting(town.connection, TWIN, town.practice).find(99)


def test_shapes_do_not_matter(town: Town) -> None:
    """A dig of several parts goes the same way."""
    both = shapely.MultiPolygon([shapely.box(EAST + x, NORTH + 49, EAST + x + 5, NORTH + 51) for x in (20, 48)])
    number = town.permitted(polygon=both)
    town.pipe(owner=POWER, east=22.0)
    assert town.recheck() == {number: True}


def test_other_rules_reopen_and_faulty_ones_touch_nothing(bare: Town, tmp_path: Path) -> None:
    """A rules file that says something else makes open digs be checked again; one that cannot be read does nothing."""
    rules = tmp_path / "city.toml"
    book = 'version = "{}"\ndate = 2026-05-01\nstatus = "in_force"\n{}'
    rules.write_text(book.format("1", ""), "utf-8")
    town = replace(bare, practice=replace(bare.practice, rules=rules))
    town.pipe(east=50.0, z=-1.0)
    number = town.permitted(lays=[{"discipline": "water", "diameter_m": 0.11, "depth_m": 1.0}])
    kept = find_check(town.connection, number).versions["rules"]
    assert town.recheck() == {number: False}, "the web answered by the project's rules, the worker by the city's"
    assert town.recheck() == {}
    rules.write_text(book.format("2", 'withdrawn = ["hsg47-hand-dig"]\n') + "?", "utf-8")
    with pytest.raises(Invalid, match="cannot be read"):
        town.recheck()
    assert town.status(number) == "permitted", "a slip in a file takes no permit away"
    other = '[[clearances]]\nid = "far"\nsource = "house"\npair = ["water", "water"]\naspect = "space"\nlimit_m = 9.0\n'
    rules.write_text(book.format("3", other), "utf-8")
    assert town.recheck() == {number: True}
    assert town.status(number) == "checked"
    assert find_check(town.connection, number).versions["rules"] != kept
    zone = '[[zones]]\nid = "wide"\nsource = "house"\naction = "hand_dig"\nmeasure = "space"\nlimit_m = 3.0\n'
    rules.write_text(book.format("3", f'{other}{zone}text.en = "by hand"\ntext.vi = "thủ công"\n'), "utf-8")
    assert town.recheck() == {number: True}, "what is to be done beside a clear object is a part of the answer"


def test_a_dig_is_no_neighbour_of_its_own(town: Town) -> None:
    """Filed, asked about, permitted and checked again, or looked at with its own number: a dig never meets itself."""
    number = town.permitted()
    town.pipe(owner=POWER, east=55.0)
    assert town.recheck() == {number: True}
    matters = find_check(town.connection, number).report["surroundings"]["matters"]
    assert [m for m in matters if (m["feature"] or {}).get("collection") == "excavations"] == []


def test_a_day_that_passes_asks_anew(town: Town, at: Callable[[date], None]) -> None:
    """A neighbour that is past its last day, and not closed, opens what was permitted beside it; nobody acts before."""
    today = town.practice.today()
    late = town.permitted(name="Hào trễ", ends_on=str(today + timedelta(2)))
    assert town.act(BUILDER, late, "start").status_code == 200
    beside = shapely.box(EAST + 40, NORTH + 52, EAST + 60, NORTH + 53)
    dates = {"starts_on": str(today + timedelta(3)), "ends_on": str(today + timedelta(9))}
    later = town.permitted(name="Hào sau", polygon=beside, **dates)
    assert (set(town.recheck()), town.status(late), town.status(later)) == ({late}, "in_progress", "permitted")
    at(today + timedelta(3))
    refused = town.act(BUILDER, later, "start")
    assert (refused.status_code, "the day have changed" in refused.json()["detail"]) == (409, True)
    assert town.recheck() == {late: False, later: True}
    assert (town.status(later), town.recheck()) == ("checked", {}), "once a day"
    latest = town.call(CITY, "GET", f"/{later}/checks/latest").json()["difference"]
    (matter,) = (each for each in latest["matters_came"] if each["kind"] == "open_together")
    assert (matter["weight"], "it was to end on" in matter["text"]["en"]) == ("unknown", True)
    assert told(town, later, "reopened") == {"nuoc@example.vn", "xaylap@example.vn", "so@example.vn"}
    at(today + timedelta(10))
    assert town.recheck() == {late: False}, "of days that are past nobody asks, but of what is still dug"


def test_a_neighbour_does_not_wait_for_a_check(town: Town) -> None:
    """A check that takes its time holds up nobody who submits beside it, and is doubted by what it has missed."""
    near, second = (
        town.file(name=name, polygon=shapely.box(EAST + 40, NORTH + south, EAST + 60, NORTH + south + 1))
        for name, south in (("Hào số 1", 49), ("Hào số 2", 51))
    )
    town.check(near)
    town.submitted(name="Hào số 3", polygon=shapely.box(EAST + 61, NORTH + 49, EAST + 70, NORTH + 50))
    town.check(second)
    assert set(find_stale(town.connection)) == {near}
    waits = "select exists (select from pg_locks where relation = 'twin.trees'::regclass and not granted)"
    with connect(town.url) as blocker, ThreadPoolExecutor() as threads:
        with blocker.transaction():
            blocker.execute("lock table trees in access exclusive mode")
            checking = threads.submit(town.recheck)
            while town.connection.execute(waits).fetchone() == (False,):
                assert not checking.done()
            began = monotonic()
            assert town.act(BUILDER, second, "submit").status_code == 200
            assert monotonic() - began < 10
            assert not checking.done()
        checking.result()
    assert near in find_stale(town.connection), "it began without the second"
    assert near in town.recheck()
    assert near not in find_stale(town.connection)
    matters = town.call(CITY, "GET", f"/{near}/checks/latest").json()["report"]["surroundings"]["matters"]
    assert {m["facts"]["name"] for m in matters if m["kind"] == "open_together"} == {"Hào số 2", "Hào số 3"}
