"""Reports of citizens: read from the city's system, served without what people wrote, told to whoever digs beside."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
import shapely

from importers.folder import ImportOptions, import_path
from layers.citizen_reports import Topic
from layers.terrain import read_ground
from twin.clash import rulebook
from twin.clash.review import review
from twin.clash.rulefile import read_rules
from twin.clash.surroundings import Kind, Weight
from twin.excavations.difference import compare_reports
from twin.excavations.package.package import Package
from twin.excavations.request import read_digs

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import PilotWard

    from layers.database import Connection
    from twin.clash.report import ClashReport

TODAY = date(2026, 11, 1)
# What the parks' office's spreadsheet calls things, and another system's export.
OWN = """Mã phản ánh;Chuyên mục;Trạng thái xử lý;Thời gian gửi;Đơn vị thụ lý;Nội dung;Người gửi;Kinh độ;Vĩ độ
A1;Hạ tầng đô thị;Chưa được xử lý xong;08:15 02/03/2026;UBND phường;Mùi gas nồng trước nhà bà Hoa;Hoa;107.586;16.4637
A2;Điện;Đang xử lý;03/03/2026 17:00;Công ty Điện lực;Tủ điện hở;Nam;107.5861;16.4638
A3;Hạ tầng đô thị;Đã xử lý;04/03/2026;UBND phường;Đại diện tổ dân phố phản ánh ổ gà;An;107.5862;16.4639
"""
OPEN311 = {
    "service_request_id": "638344", "service_name": "Pothole", "status": "Closed", "description": "a hole",
    "requested_datetime": "2026-04-01T20:00:00+07:00", "agency_responsible": "Roads",
}  # fmt: skip


@pytest.fixture(scope="module")
def reported(pilot_connection: Connection, pilot_ward: PilotWard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("systems")
    (folder / "phản ánh.csv").write_text(OWN, encoding="utf-8-sig")
    place = {"type": "Point", "coordinates": [107.587, 16.464]}
    features = [{"type": "Feature", "properties": OPEN311, "geometry": place}]
    collection = {"type": "FeatureCollection", "features": features}
    (folder / "requests-open311.geojson").write_text(json.dumps(collection), encoding="utf-8")
    for path in (folder, pilot_ward.folder / "sample" / "reports"):
        report = import_path(pilot_connection, pilot_ward.folder, path, ImportOptions())
        assert not report.faults
    return pilot_ward.folder


def test_exports_are_read(pilot_connection: Connection, reported: Path) -> None:
    """Who says "not finished yet" has not finished; the topic is told by what is written where the service is broad."""
    columns = "reference, service, topic, status, reported_on, unit"
    rows = pilot_connection.execute(
        f"select {columns} from citizen_reports where reference not like 'PA-%' order by reference"  # noqa: S608
    ).fetchall()
    assert rows == [
        ("638344", "Pothole", "road", "closed", date(2026, 4, 1), "Roads"),
        ("A1", "Hạ tầng đô thị", "gas", "open", date(2026, 3, 2), "UBND phường"),
        ("A2", "Điện", "power", "in_progress", date(2026, 3, 3), "Công ty Điện lực"),
        ("A3", "Hạ tầng đô thị", "road", "closed", date(2026, 3, 4), "UBND phường"),
    ]
    truth = json.loads((reported / "sample" / "truth.json").read_text("utf-8"))
    (loaded,) = pilot_connection.execute(
        "select count(*) from citizen_reports where reference like 'PA-%'"
    ).fetchone() or (0,)
    assert loaded == truth["reports"]["rows"] == 40


@pytest.mark.usefixtures("reported")
def test_what_people_wrote_is_served_to_nobody(pilot_connection: Connection) -> None:
    """No column of the layer holds a sentence or a name; the record as delivered is no web role's."""
    (text,) = pilot_connection.execute("select json_agg(r)::text from citizen_reports r").fetchone() or ("",)
    assert "A1" in text
    assert not any(word in text for word in ("Hoa", "Mùi gas", "Tủ điện", "tổ dân phố"))
    assert {topic.value for topic in Topic} == set(rulebook.Topic.__args__)


@pytest.fixture(scope="module")
def checked(pilot_connection: Connection, reported: Path) -> ClashReport:
    ground = read_ground(pilot_connection, reported)
    (dig,) = read_digs(reported / "sample" / "trenches" / "hao-1.geojson", None, ground.storage)
    return review(pilot_connection, ground, dig, read_rules(), TODAY)


def test_open_reports_near_a_dig(checked: ClashReport) -> None:
    """Open ones within their distance, signs from farther off; closed ones are history; none changes the answer."""
    assert checked.surroundings is not None
    told = {
        (m.facts["topic"], m.weight, m.facts["direction"], round(m.facts["distance_m"], 1))
        for m in checked.surroundings.of(Kind.REPORT)
    }
    assert told >= {
        ("water", Weight.WARNS, "east", 6.0),
        ("collapse", Weight.WARNS, "north", 22.0),
        ("road", Weight.INFORMS, "west", 9.0),
    }
    assert not any(away > 30 or (weight is Weight.INFORMS and away > 15) for _, weight, _, away in told)
    assert not any(topic == "water" and point == "south" for topic, _, point, _ in told)
    leak = next(m for m in checked.surroundings.of(Kind.REPORT) if m.facts["direction"] == "east")
    assert leak.facts["reference"] == "PA-2026-00001"
    assert leak.facts["age_days"] == 60
    assert leak.text.vi.startswith(
        "Phản ánh của người dân PA-2026-00001 (Cấp nước), cấp nước: chưa xử lý, đã 60 ngày, đơn vị xử lý:"
        " Công ty Cấp nước, cách 6,0 m về phía đông. Dấu hiệu cảnh báo: rò rỉ"
    )
    assert "60 days old, with Công ty Cấp nước, 6.0 m to the east. A warning sign: a leak" in leak.text.en
    assert checked.warnings[0].en.startswith("Citizens reported ")
    without = replace(checked, surroundings=None)
    assert (checked.is_clear, checked.counts) == (without.is_clear, without.counts)


def test_a_day_later_nothing_is_new(checked: ClashReport) -> None:
    """Reports grow older and others come that are no sign: no permit is looked at again for that."""
    assert checked.surroundings is not None
    kept = [
        replace(m, facts={**m.facts, "age_days": 99})
        for m in checked.surroundings.matters
        if m.kind is not Kind.REPORT or m.weight is Weight.WARNS
    ]
    later = replace(checked, surroundings=replace(checked.surroundings, matters=tuple(kept)))
    assert compare_reports(checked.to_json(), later.to_json()) is None
    signless = [m for m in kept if m.kind is not Kind.REPORT]
    gone = replace(checked, surroundings=replace(checked.surroundings, matters=tuple(signless)))
    difference = compare_reports(gone.to_json(), checked.to_json())
    assert difference is not None
    assert difference["is_advice"]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_file_of_the_package_tells_them(checked: ClashReport, language: str) -> None:
    """Whoever reads one file of the package reads of the leak."""
    package = Package(checked, language)  # type: ignore[arg-type]
    for kind in ("json", "geojson", "html", "dxf", "csv"):
        assert "PA-2026-00001" in package.write(kind).decode("utf-8-sig"), kind
    features = json.loads(package.write("geojson"))["features"]
    leak = next(f for f in features if f["properties"].get("facts", {}).get("reference") == "PA-2026-00001")
    assert shapely.geometry.shape(leak["geometry"]).geom_type == "Point"
    rows = csv.DictReader(io.StringIO(package.write("csv").decode("utf-8-sig")))
    row = next(row for row in rows if row["owner_ref"] == "PA-2026-00001")
    assert (row["outcome"], row["discipline"]) == ("warns", "water")
    assert float(row["plan_gap_m"]) == pytest.approx(6.0, abs=0.01)
    pdf = package.write("pdf")
    assert pdf.startswith(b"%PDF")
