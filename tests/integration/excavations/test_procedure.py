"""From the draft to the closed dig, over HTTP: who may do what when, who is asked, what is kept."""

from __future__ import annotations

from datetime import date, timedelta
from math import pi
from typing import TYPE_CHECKING, Any

import psycopg
import pyogrio
import pytest
import shapely

from layers.access import grant_key
from layers.excavations import ExcavationStatus
from layers.notices import list_notices
from layers.organisations import find_organisation
from layers.quota import list_asking
from twin.excavations.life import MOVES
from twin.excavations.practice import Quotas

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Town

EAST, NORTH = 562_000.0, 1_820_000.0
TRENCH = shapely.box(EAST + 40, NORTH + 49, EAST + 60, NORTH + 51)
_BESIDE = shapely.box(EAST + 40, NORTH + 79, EAST + 60, NORTH + 81)
WATER, POWER, BUILDER, CITY = "Công ty Cấp nước", "Công ty Điện lực", "Công ty Xây lắp", "Sở Xây dựng"


def told(town: Town, number: int) -> list[tuple[str, str]]:
    """(kind, address) of every notice, in the order of writing."""
    return [(notice.kind, notice.address) for notice in reversed(list_notices(town.connection, number))]


def test_the_whole_way(town: Town) -> None:
    """From draft to closed: each step with its event, its actor, its notices."""
    number = town.file()
    assert town.status(number) == "draft"
    check = town.check(number)
    assert (check["number"], check["report"]["is_clear"]) == (1, False)
    assert check["report"]["clashes"][0]["owner"] == WATER
    assert town.act(BUILDER, number, "submit").json()["properties"]["status"] == "submitted"
    assert town.answer(WATER, number, WATER, "conditions", "Đào tay trong 1 m").status_code == 200
    assert town.status(number) == "answered"
    assert town.act(CITY, number, "permit").json()["properties"]["status"] == "permitted"
    assert town.act(BUILDER, number, "start").json()["properties"]["status"] == "in_progress"
    closed = town.act(BUILDER, number, "close").json()
    assert (closed["properties"]["status"], closed["properties"]["acts"]) == ("closed", [])
    steps = [(e["kind"], e["to_status"], e["organisation"]) for e in town.events(number)]
    assert steps == [
        ("filed", "draft", BUILDER),
        ("status", "checked", BUILDER),
        ("status", "submitted", BUILDER),
        ("answer", None, WATER),
        ("status", "answered", None),
        ("status", "permitted", CITY),
        ("status", "in_progress", BUILDER),
        ("status", "closed", BUILDER),
    ]
    assert {e["actor"] for e in town.events(number)} == {f"{BUILDER} 1", f"{WATER} 1", f"{CITY} 1", "twin"}
    assert ("request", "nuoc@example.vn") in told(town, number)
    assert ("answered", "xaylap@example.vn") in told(town, number)
    assert {address for kind, address in told(town, number) if kind == "permitted"} == {
        "nuoc@example.vn",
        "xaylap@example.vn",
    }


def test_every_owner_in_the_area_is_asked_once(town: Town) -> None:
    """By its records, under any of its names; by its wish; unregistered and unknown owners, too; nobody else."""
    town.pipe(owner="Cấp nước", east=52.0)
    town.pipe(owner="Chưa đăng ký", east=54.0)
    town.pipe(owner=None, east=56.0)
    around = shapely.MultiPolygon([TRENCH.buffer(50)])
    town.organisation("Công viên cây xanh", area=around, email="cay@example.vn")
    requests = town.requests(town.submitted())
    assert {owner: (r["reason"], r["is_registered"], r["conflicts"]) for owner, r in requests.items()} == {
        WATER: ("records", True, 2),
        "Chưa đăng ký": ("records", False, 1),
        "": ("owner_unknown", False, 1),
        "Công viên cây xanh": ("area", True, 0),
    }


def test_the_day_for_the_answer_leaves_out_weekends_and_holidays(town: Town, at: Callable[[date], None]) -> None:
    """Five working days from the Thursday before Tết 2026 end after it; a city's own day moves it on."""
    at(date(2026, 2, 12))
    first = town.requests(town.submitted(starts_on="2026-03-02", ends_on="2026-03-05"))[WATER]
    assert first["due_on"] == "2026-02-26"
    town.connection.execute(
        "insert into calendar_days values ('2026-02-26', false, 'Lễ hội'), ('2026-02-14', true, 'Bù')"
    )
    second = town.requests(town.submitted(starts_on="2026-03-02", ends_on="2026-03-05"))[WATER]
    assert second["due_on"] == "2026-02-25"


def test_no_permit_without_all_answers(town: Town) -> None:
    """One missing answer holds it up; with a reason the desk may override, and that is kept."""
    town.pipe(owner=POWER, east=52.0)
    number = town.submitted()
    town.answer(WATER, number, WATER)
    refused = town.act(CITY, number, "permit")
    assert (refused.status_code, town.status(number)) == (409, "submitted")
    assert "needs answered" in refused.json()["detail"]
    assert town.act(CITY, number, "override").status_code == 409, "an override needs a reason"
    assert town.act(CITY, number, "override", "vỡ ống, khẩn cấp").status_code == 200
    (override,) = [event for event in town.events(number) if event["kind"] == "overridden"]
    assert override["detail"]["reason"] == "vỡ ống, khẩn cấp"


@pytest.mark.parametrize(("kind", "remarks"), [("refuses", "đang sửa chữa"), ("nothing_here", None)])
def test_answers_that_stand_against_a_permit(town: Town, kind: str, remarks: str | None) -> None:
    """An owner that refuses, and one that says "nothing here" against its own records, hold the permit up."""
    number = town.submitted()
    assert town.answer(WATER, number, WATER, kind, remarks).status_code == 200
    answer = town.act(CITY, number, "permit")
    assert answer.status_code == 409
    assert WATER in answer.json()["detail"]
    assert town.act(CITY, number, "refuse", "không an toàn").status_code == 200


def test_nothing_here_is_an_answer(town: Town) -> None:
    """An owner that has nothing in the way says so, and that counts."""
    town.organisation("Công viên", area=shapely.MultiPolygon([TRENCH]))
    number = town.submitted()
    town.answer(WATER, number, WATER)
    assert town.status(number) == "submitted"
    assert town.answer("Công viên", number, "Công viên", "nothing_here").status_code == 200
    assert town.status(number) == "answered"
    assert town.act(CITY, number, "permit").status_code == 200


def test_nobody_to_ask_means_answered(bare: Town) -> None:
    """Where nobody has anything, nobody is waited for."""
    assert bare.status(bare.submitted()) == "answered"


def test_one_owner_cannot_answer_for_another(town: Town) -> None:
    """Neither owner B nor the applicant nor a reader answers owner A's request; the desk may, and that is kept."""
    town.pipe(owner=POWER, east=52.0)
    number = town.submitted()
    for who in (POWER, BUILDER, "reader"):
        assert town.answer(who, number, WATER).status_code == 409, who
    assert town.requests(number)[WATER]["answer"] is None
    assert town.answer(CITY, number, WATER).status_code == 200
    assert town.events(number)[-1]["kind"] == "answer on behalf"
    stranger = town.organisation("Người ngoài")
    assert stranger
    assert town.answer("Người ngoài", number, WATER).status_code == 404


def test_answers_are_checked(town: Town) -> None:
    """Unknown answers, conditions without words, closed questions: each has its own message."""
    number = town.submitted()
    assert "give one of nothing_here" in town.answer(WATER, number, WATER, "maybe").json()["detail"]
    assert "needs remarks" in town.answer(WATER, number, WATER, "refuses").json()["detail"]
    town.answer(WATER, number, WATER)
    town.act(CITY, number, "permit")
    late = town.answer(WATER, number, WATER, "refuses", "quá muộn")
    assert (late.status_code, "takes no answer now" in late.json()["detail"]) == (409, True)


def test_an_owner_sees_its_own_part_only(town: Town) -> None:
    """What else lies there, what others were asked and answered, and who did what is not its business."""
    town.pipe(owner=POWER, east=52.0)
    number = town.submitted()
    checks = town.call(POWER, "GET", f"/{number}/checks").json()["checks"]
    assert {clash["owner"] for check in checks for clash in check["report"]["clashes"]} == {POWER}
    assert checks[0]["report"]["counts"] == {"definite": 1}
    assert list(town.requests(number, POWER)) == [POWER]
    assert all("actor" not in event for event in town.events(number, POWER))
    whole = town.call(BUILDER, "GET", f"/{number}/checks/latest").json()
    assert {clash["owner"] for clash in whole["report"]["clashes"]} == {WATER, POWER}


def test_other_terms_are_not_an_owners_business_until_it_is_asked(town: Town) -> None:
    """A dig that was withdrawn and moved is a draft of its applicant's: whoever was asked before does not see it."""
    number = town.submitted()
    assert town.call(WATER, "GET", f"/{number}").status_code == 200
    town.act(BUILDER, number, "withdraw", "dời chỗ")
    assert town.call(WATER, "GET", f"/{number}").status_code == 200, "nothing new is in it"
    moved = town.feature(a_box(45, 60), name="Kế hoạch mới")
    assert town.call(BUILDER, "PUT", f"/{number}", moved, If_Match=town.tag(number)).status_code == 200
    town.check(number)
    assert town.call(WATER, "GET", f"/{number}").status_code == 404
    assert town.call(WATER, "GET", "").json()["features"] == []
    town.act(BUILDER, number, "submit")
    assert town.call(WATER, "GET", f"/{number}").json()["properties"]["name"] == "Kế hoạch mới"
    (check,) = town.call(WATER, "GET", f"/{number}/checks").json()["checks"]
    assert check["number"] == 2
    assert town.call(WATER, "GET", f"/{number}/checks/1").status_code == 404


def test_whose_a_secret_object_is_stays_secret(town: Town) -> None:
    """Who applies learns that somebody was asked and answered, by no path who."""
    army = "Bộ Chỉ huy Quân sự"
    town.organisation(army, email="qs@example.vn", aliases=("Đơn vị K7",))
    line = town.pipe(owner="Đơn vị K7", east=45.0, discipline="power", disclosure="secret")
    number = town.submitted()
    assert set(town.requests(number)) == {WATER, army}
    asked = {
        request["owner"]: request["id"]
        for request in town.call(BUILDER, "GET", f"/{number}/requests").json()["requests"]
    }
    assert set(asked) == {WATER, None}
    said: list[str] = []

    def call(method: str, path: str, body: Any = None) -> None:
        answer = town.call(BUILDER, method, f"/{number}{path}", body, If_Match=town.tag(number))
        said.append(f"{method} {path} {answer.status_code} {answer.text}")

    call("PUT", f"/requests/{asked[None]}/answer", {"answer": "nothing_here"})
    assert town.answer(army, number, army, "refuses", "Phải chờ rà phá bom mìn").status_code == 200
    town.answer(WATER, number, WATER)
    assert town.act(CITY, number, "override", "đã thống nhất").status_code == 200
    town.act(BUILDER, number, "start")
    call(
        "POST",
        "/deviations",
        {"kind": "as_recorded", "method": "seen", "feature": {"collection": "utility_lines", "id": line}},
    )
    call("PUT", "/deviations/1/verdict", {"state": "confirmed"})
    for path in ("", "/requests", "/events", "/checks", "/deviations", "/package/json", "/package/csv"):
        call("GET", path)
    mails = [notice for notice in list_notices(town.connection, number) if notice.address == "xaylap@example.vn"]
    said += [f"{notice.subject} {notice.body} {notice.payload}" for notice in mails]
    assert [text for text in said if army in text or "K7" in text] == []
    assert "rà phá" in town.call(BUILDER, "GET", f"/{number}/requests").text, "what it says does arrive"
    for who in (army, CITY):
        assert army in town.requests(number, who)
        assert army in town.call(who, "GET", f"/{number}/events").text


def test_who_has_nothing_to_do_with_it_does_not_see_it(town: Town) -> None:
    """Another organisation finds neither the excavation nor that it exists; a key without any finds a locked door."""
    town.organisation("Người ngoài")
    number = town.submitted()
    for path in ("", "/checks", "/checks/latest", "/requests", "/events"):
        stranger = town.call("Người ngoài", "GET", f"/{number}{path}")
        assert stranger.status_code == 404, path
        assert "Hào" not in stranger.text
    assert town.call("Người ngoài", "GET", "").json()["features"] == []
    assert [f["id"] for f in town.call(WATER, "GET", "").json()["features"]] == [number]
    assert town.call("reader", "GET", f"/{number}").status_code == 200
    assert town.call("reader", "POST", "", town.feature()).status_code == 409


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_anonymous_callers_find_a_locked_door(town: Town, method: str) -> None:
    """No path of the resource says anything without a key, and the layer is not theirs either."""
    number = town.permitted()
    for path in ("", f"/{number}", f"/{number}/checks", f"/{number}/requests", "/statistics", f"/{number}/check"):
        answer = town.call(None, method, path, {})
        assert answer.status_code in (401, 405), path
        assert "Hào" not in answer.text
    assert town.web.get("/ogc/collections/excavations/items").status_code == 404


def test_passers_by_see_where_and_until_when(town: Town, at: Callable[[date], None]) -> None:
    """Only of digs that are permitted or in progress, and nothing but outline, dates and that."""
    town.submitted(name="Bí mật")
    number = town.permitted()
    works = town.web.get("/api/works").json()
    (feature,) = works["features"]
    assert feature["id"] == number
    assert set(feature["properties"]) == {"status", "starts_on", "ends_on"}
    assert feature["geometry"]["type"] == "Polygon"
    at(town.practice.today() + timedelta(30))
    assert town.web.get("/api/works").json()["features"] == [], "nobody began, and the days are past"


def test_changes_name_their_version(town: Town) -> None:
    """Without If-Match 428, with an old one 412; two people cannot overwrite each other."""
    number = town.file()
    old = town.tag(number)
    assert town.call(BUILDER, "PUT", f"/{number}", town.feature()).status_code == 428
    assert town.call(BUILDER, "PUT", f"/{number}", town.feature(depth_m=2), If_Match=old).status_code == 200
    assert town.tag(number) != old
    for method, path in (("PUT", ""), ("DELETE", ""), ("POST", "/check"), ("POST", "/acts")):
        body = town.feature() if method == "PUT" else {"act": "submit"}
        answer = town.call(BUILDER, method, f"/{number}{path}", body, If_Match=old)
        assert (answer.status_code, answer.json()["code"]) == (412, "PreconditionFailed"), path
    assert town.call(BUILDER, "DELETE", f"/{number}", If_Match=town.tag(number)).status_code == 200
    assert town.call(BUILDER, "GET", f"/{number}").status_code == 404


def test_what_was_checked_is_frozen(town: Town) -> None:
    """The terms stand with the result; other terms are a draft again, and the old result keeps the old terms."""
    number = town.file()
    town.check(number)
    answer = town.call(BUILDER, "PUT", f"/{number}", town.feature(depth_m=0.3), If_Match=town.tag(number))
    assert answer.json()["properties"]["status"] == "draft"
    town.check(number)
    first, second = town.call(BUILDER, "GET", f"/{number}/checks").json()["checks"]
    assert (first["request"]["properties"]["depth_m"], second["request"]["properties"]["depth_m"]) == (1.5, 0.3)
    assert first["report"]["excavation"]["depth_m"] == 1.5
    number = town.submitted()
    refused = town.call(BUILDER, "PUT", f"/{number}", town.feature(depth_m=9), If_Match=town.tag(number))
    assert (refused.status_code, "is submitted" in refused.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    "statement",
    [
        "update excavation_checks set is_clear = true",
        "delete from excavation_checks",
        "update excavation_events set actor = 'nobody'",
        "delete from excavation_events",
    ],
)
def test_evidence_cannot_be_changed(town: Town, statement: str) -> None:
    """Not even the owner of the database rewrites what was found and done."""
    town.check(town.file())
    with pytest.raises(psycopg.errors.CheckViolation, match="never changed or removed"):
        town.connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "rule"),
    [("update excavations set status = 'permitted'", "transition"), ("update excavations set depth_m = 9", "frozen")],
)
def test_the_database_holds_every_writer_to_the_steps(town: Town, statement: str, rule: str) -> None:
    """A person with psql or QGIS cannot jump over the procedure, nor change what was checked."""
    town.check(town.file())
    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        town.connection.execute(statement)
    assert caught.value.diag.constraint_name == f"ck_excavations_{rule}"
    assert "%" not in str(caught.value)


def test_the_steps_in_python_and_in_the_database_are_the_same(town: Town) -> None:
    """One table of steps, twice: neither allows what the other forbids."""
    rows = town.connection.execute("select from_status, to_status from excavation_transitions").fetchall()
    steps = {(str(a), str(m.target)) for m in MOVES.values() for a in m.sources if a is not m.target}
    assert set(rows) == steps


def test_acts_that_are_not_possible_say_what_is(town: Town) -> None:
    """The message names the status, what the act needs, and what may be done instead."""
    number = town.file()
    answer = town.act(BUILDER, number, "submit")
    assert answer.status_code == 409
    assert "is draft: 'submit' needs checked; you may: revise, check" in answer.json()["detail"]
    vi = town.call(BUILDER, "POST", f"/{number}/acts?lang=vi", {"act": "submit"}, If_Match=town.tag(number)).json()
    assert "bản nháp" in vi["detail"]
    assert town.act(BUILDER, number, "permit").status_code == 409
    assert town.act(CITY, number, "dance").status_code == 404


def test_work_begins_on_its_day(town: Town, at: Callable[[date], None]) -> None:
    """A permit is for its days: not before, not after, and nobody gets one for days that are past."""
    today, late = town.practice.today(), town.submitted()
    town.answer(CITY, late, WATER)
    at(today + timedelta(8))
    for name in ("permit", "override"):
        refused = town.act(CITY, late, name, "gấp")
        assert (refused.status_code, "was to end on" in refused.json()["detail"]) == (409, True), refused.text
    at(today)
    number = town.permitted(starts_on=str(today + timedelta(3)), ends_on=str(today + timedelta(5)))
    assert "is permitted from" in town.act(BUILDER, number, "start").json()["detail"]
    at(today + timedelta(6))
    assert town.act(BUILDER, number, "start").status_code == 409
    at(today + timedelta(4))
    assert not town.recheck()[number], "an answer is of a day"
    assert town.act(BUILDER, number, "start").status_code == 200


def test_dates_are_needed_to_submit(town: Town, at: Callable[[date], None]) -> None:
    """Owners must know when; and what was in time when it was filed may be past when it is submitted."""
    number = town.file(starts_on=None, ends_on=None)
    town.check(number)
    assert town.act(BUILDER, number, "submit").json()["faults"][0].startswith("starts_on is missing")
    number = town.file()
    town.check(number)
    at(town.practice.today() + timedelta(30))
    assert "is past" in town.act(BUILDER, number, "submit").json()["detail"]


def test_pages_of_excavations(town: Town) -> None:
    """A page has a link to the next; statuses filter."""
    numbers = [town.file() for _ in range(3)]
    town.check(numbers[1])
    page = town.call(BUILDER, "GET", "?limit=2").json()
    assert [f["id"] for f in page["features"]] == numbers[:2]
    (link,) = page["links"]
    rest = town.call(BUILDER, "GET", link["href"].removeprefix("http://127.0.0.1:8000/api/excavations")).json()
    assert ([f["id"] for f in rest["features"]], rest["links"]) == (numbers[2:], [])
    assert [f["id"] for f in town.call(BUILDER, "GET", "?status=checked").json()["features"]] == [numbers[1]]
    assert town.call(BUILDER, "GET", "?status=x").status_code == 400
    assert town.call(BUILDER, "GET", "?limit=x").status_code == 400


def a_box(west: float, east: float) -> shapely.Polygon:
    """As high as it is wide."""
    return shapely.box(EAST + west, NORTH + 9, EAST + east, NORTH + 9 + east - west)


BIG = shapely.box(EAST + 1, NORTH + 1, EAST + 700, NORTH + 20)
LINE = shapely.LineString([(EAST + 10, NORTH + 50), (EAST + 45, NORTH + 50)])
BOW = shapely.Polygon(
    [(EAST + 10, NORTH + 10), (EAST + 19, NORTH + 19), (EAST + 19, NORTH + 10), (EAST + 10, NORTH + 19)]
)


@pytest.mark.parametrize(
    ("change", "en", "vi"),
    [
        ({"polygon": BOW}, "crosses or touches itself", "tự cắt"),
        ({"polygon": BIG}, "at most 500 × 500 m", "tối đa 500 × 500 m"),
        ({"polygon": a_box(9, 9.01)}, "m²: draw its real outline", "m²: hãy vẽ đúng đường bao"),
        ({"polygon": a_box(95, 105)}, "reach beyond the city's boundary", "vượt ranh giới"),
        ({"polygon": a_box(300, 305)}, "lies outside the city, 200 m", "cách ranh giới 200 m"),
        ({"depth_m": 90}, "depth_m 90 is not within 0.05 to 30", "depth_m 90 không nằm trong khoảng"),
        ({"depth_m": None}, "no depth", "thiếu chiều sâu"),
        ({"depth_m": None, "bottom_m": -40}, "43.0 m below the ground", "sâu 43,0 m"),
        ({"polygon": LINE, "width_m": 1, "grade": 1}, "at -33.50 m lies 36.5 m below the ground", "sâu 36,5 m"),
        ({"starts_on": "2020-02-01"}, "starts_on 2020-02-01 is past", "starts_on 2020-02-01 đã qua"),
        ({"ends_on": "2099-01-01"}, "lies more than 730 days ahead", "cách hơn 730 ngày"),
        ({"starts_on": "tomorrow"}, "'tomorrow' is no date", "'tomorrow' không phải ngày"),
    ],
)  # fmt: skip
def test_every_door_refuses_with_the_same_words(town: Town, change: dict[str, Any], en: str, vi: str) -> None:
    """The resource and the OGC process name the value and the remedy, in both languages."""
    feature = town.feature(**change)
    for language, words in (("en", en), ("vi", vi)):
        filed = town.call(BUILDER, "POST", f"?lang={language}", feature)
        assert (filed.status_code, words in filed.json()["detail"]) == (400, True), filed.text
        process = town.web.post(
            f"/ogc/processes/clash-check/execution?lang={language}",
            json={"inputs": {"excavation": feature}},
            headers={"Authorization": f"Bearer {town.keys[CITY]}"},
        )
        assert process.status_code == 400
        assert words in process.json()["detail"], process.text


def test_empty_drawings_and_unknown_ground(town: Town) -> None:
    """An empty polygon is refused; a dig without terrain is filed with a warning, and never called clear."""
    empty = town.feature() | {"geometry": {"type": "Polygon", "coordinates": []}}
    assert "empty" in town.call(BUILDER, "POST", "", empty).json()["detail"]
    town.connection.execute("delete from terrain")
    filed = town.call(BUILDER, "POST", "", town.feature()).json()
    assert "no terrain is known under 100%" in filed["warnings"][0]["en"]
    assert town.check(filed["id"])["report"]["is_clear"] is False


NESTED = b'{"type": "GeometryCollection", "geometries": [' * 3_000 + b"]}" * 3_000


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff", b'{"type": "Feature", "geometry": NaN}', b"[" * 100_000, NESTED]
)
def test_bodies_that_are_nothing_are_refused(town: Town, body: bytes) -> None:
    """Whatever arrives is a 400, never a 500."""
    headers = {"Authorization": f"Bearer {town.keys[BUILDER]}"}
    assert town.web.post("/api/excavations", content=body, headers=headers).status_code == 400


def test_only_known_properties_are_kept(town: Town) -> None:
    """A filing stores what it means, not whatever was sent; names cannot break a mail's header."""
    number = town.file(name="Hào\r\nBcc: x@example.com", secret="x" * 1000)
    shown = town.call(BUILDER, "GET", f"/{number}").json()
    assert shown["properties"]["name"] == "Hào Bcc: x@example.com"
    assert "secret" not in shown["properties"]
    sent = town.feature()
    drawn = {"type": "GeometryCollection", "geometries": [sent["geometry"] | {"note": "x"}], "note": "x"}
    answer = town.call(BUILDER, "POST", "", sent | {"geometry": drawn})
    assert (answer.status_code, '"note"' in answer.text) == (201, False)


def test_statistics_of_the_desk(town: Town, at: Callable[[date], None]) -> None:
    """Who answers in time, who is late, what is overdue; for the desk alone."""
    town.pipe(owner=POWER, east=52.0)
    number = town.submitted()
    town.answer(WATER, number, WATER)
    at(town.practice.today() + timedelta(60))
    statistics = town.call(CITY, "GET", "/statistics").json()
    owners = {owner["owner"]: owner for owner in statistics["owners"]}
    assert (owners[WATER]["on_time"], owners[POWER]["overdue"]) == (1, 1)
    assert statistics["requests"] == {"asked": 2, "answered": 1, "overdue": 1, "on_time_rate": 0.5}
    assert statistics["excavations"] == {"submitted": 1}
    assert town.call(BUILDER, "GET", "/statistics").status_code == 409


def test_a_key_of_the_desk_is_an_organisations(town: Town) -> None:
    """A key that only reads cannot decide, whatever it is called."""
    number = town.submitted()
    town.keys["fake"] = grant_key(town.connection, CITY)
    assert town.act("fake", number, "refuse", "x").status_code == 409
    assert find_organisation(town.connection, CITY).coordinates


def test_the_definition_names_every_path(town: Town) -> None:
    """The OpenAPI document and the routes are the same set, and every status is told."""
    definition = town.web.get("/api/openapi.json").json()
    served = {
        (route.path, method.lower())
        for route in town.web.app.routes
        if getattr(route, "methods", None) and route.path.startswith("/api/") and route.path != "/api/openapi.json"
        for method in route.methods - {"HEAD"}
    }
    assert {(path, method) for path, methods in definition["paths"].items() for method in methods} == served
    statuses = definition["components"]["schemas"]["excavation"]["properties"]["properties"]["properties"]["status"][
        "enum"
    ]
    assert statuses == list(ExcavationStatus)


def test_operators_read_the_layer_as_before(town: Town, tmp_path: Path) -> None:
    """Digs of one part and of several are features of the OGC layer, and of its downloads."""
    both = shapely.MultiPolygon([TRENCH, a_box(70, 75)])
    town.file()
    town.file(polygon=both)
    headers = {"Authorization": f"Bearer {town.keys['reader']}"}
    place = "/ogc/collections/excavations"
    items = town.web.get(f"{place}/items?f=json", headers=headers).json()
    assert [f["geometry"]["type"] for f in items["features"]] == ["Polygon", "MultiPolygon"]
    schema = town.web.get(f"{place}/schema", headers=headers).json()
    assert schema["properties"]["geometry"]["format"] == "geometry-polygon-or-multipolygon"
    package = town.web.get(f"{place}/items?f=gpkg", headers=headers)
    assert package.status_code == 200, package.text
    (tmp_path / "x.gpkg").write_bytes(package.content)
    assert pyogrio.read_info(tmp_path / "x.gpkg")["features"] == 2


def test_a_key_files_and_checks_so_much_a_day(town: Town) -> None:
    """A refusal names the limit and the remedy; what was removed counts, yesterday and others do not; the desk may."""
    quotas, number = town.practice.quotas, town.file()
    happened = (
        "insert into excavation_events (excavation_id, actor, kind, to_status, detail, at)"
        " select 0, %s, %s, %s, %s, %s from generate_series(1, %s)"
    )
    actor, began = f"{BUILDER} 1", town.practice.day_began()
    for moment in (began - timedelta(seconds=1), began):
        town.connection.execute(happened, (actor, "filed", "draft", None, moment, quotas.filings_a_day - 1))
        town.connection.execute(happened, (actor, "status", "checked", '{"check": 1}', moment, quotas.checks_a_day))
    refused = town.call(BUILDER, "POST", "", town.feature())
    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
    assert f"has filed {quotas.filings_a_day} excavations today" in refused.json()["detail"]
    assert "ask the city's desk" in refused.json()["detail"]
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    unchecked = town.call(BUILDER, "POST", f"/{number}/check", If_Match=town.tag(number))
    assert (unchecked.status_code, unchecked.json()["code"]) == (429, "TooManyRequests")
    assert f"has asked for {quotas.checks_a_day} checks today" in unchecked.json()["detail"]
    assert town.call(WATER, "POST", "", town.feature()).status_code == 201
    assert town.call(CITY, "POST", f"/{number}/check", If_Match=town.tag(number)).status_code == 201


def test_an_applicant_learns_of_so_much_of_the_city_a_day(town: Town, at: Callable[[date], None]) -> None:
    """Digs count with what lies around, what overlaps once, what was removed still; the desk sees who asked."""
    object.__setattr__(town.practice, "quotas", Quotas(checked_ha_a_day=0.1))
    first, inside, beside = town.file(), town.file(), town.call(BUILDER, "POST", "", town.feature(_BESIDE)).json()["id"]
    town.check(first)
    town.check(first)
    town.check(inside)
    refused = town.call(BUILDER, "POST", f"/{beside}/check", If_Match=town.tag(beside))
    assert (refused.status_code, refused.json()["code"]) == (429, "TooManyRequests")
    assert "has had 0.08 ha checked today" in refused.json()["detail"]
    assert "0.1 ha in a day: go on tomorrow, or ask the city's desk" in refused.json()["detail"]
    assert town.status(beside) == "draft"
    town.call(BUILDER, "PUT", f"/{first}", town.feature(), If_Match=town.tag(first))
    town.call(BUILDER, "DELETE", f"/{first}", If_Match=town.tag(first))
    assert town.call(BUILDER, "POST", f"/{beside}/check", If_Match=town.tag(beside)).status_code == 429
    assert town.call(CITY, "POST", f"/{beside}/check", If_Match=town.tag(beside)).status_code == 201
    reopened = (
        "insert into excavation_events (excavation_id, actor, kind, to_status, detail) values (%s, %s, %s, %s, %s)"
    )
    town.connection.execute(reopened, (inside, "twin", "status", "checked", '{"act": "reopen", "check": 1}'))
    desk, builder = sorted(
        list_asking(town.connection, town.practice.day_began(), 10.0, town.practice.zone),
        key=lambda each: each.organisation == BUILDER,
    )
    assert (desk.organisation, desk.keys, desk.excavations, desk.checks) == (CITY, [f"{CITY} 1"], 1, 1)
    assert (builder.keys, builder.excavations, builder.checks) == ([f"{BUILDER} 1"], 2, 3)
    assert builder.asked_m2 == builder.most_m2 == pytest.approx(20 * 2 + 2 * 10 * 22 + pi * 10**2, rel=0.01)
    assert builder.most_on == town.practice.today()
    at(town.practice.today() + timedelta(1))
    town.check(beside)
