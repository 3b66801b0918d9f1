"""The procedure at the command line, each call a process of its own."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import shapely

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Demo

    Twin = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(demo: Demo) -> Path:
    return demo.folder


@pytest.fixture
def twin(running_demo: Demo) -> Twin:
    def run(*words: object, fails: bool = False, **settings: str) -> subprocess.CompletedProcess[str]:
        answer = running_demo.twin(*words, **settings)
        assert bool(answer.returncode) is fails, answer.stderr
        return answer

    return run


def a_trench(folder: Path, tmp_path: Path) -> Path:
    """The ward's first trench, from today for a week."""
    source = min((folder / "data" / "sample" / "trenches").glob("*.geojson"))
    document: dict[str, Any] = json.loads(source.read_text())
    feature = document["features"][0] if document["type"] == "FeatureCollection" else document
    today = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).date()
    feature["properties"] |= {"starts_on": str(today), "ends_on": str(today + timedelta(7))}
    (tmp_path / "dig.geojson").write_text(json.dumps(feature))
    return tmp_path / "dig.geojson"


def test_the_whole_way_at_the_desk(twin: Twin, folder: Path, tmp_path: Path) -> None:
    """Register, file, check, submit, answer for owners that have no key, permit; the tables speak Vietnamese, too."""
    twin("organisation", "add", "Công ty Xây lắp", "--email", "xaylap@example.vn")
    secret = twin("organisation", "add", "Sở Xây dựng", "--coordinates", "--webhook", "https://example.vn/hook").stdout
    assert secret.startswith("whsec_")
    assert secret.strip() not in twin("organisation", "list").stdout
    filed = json.loads(
        twin("excavation", "file", a_trench(folder, tmp_path), "--applicant", "Công ty Xây lắp", "--json").stdout
    )
    number = filed["id"]
    assert filed["properties"]["applicant"] == "Công ty Xây lắp"
    check = json.loads(twin("excavation", "check", number, "--json").stdout)
    truth = json.loads((folder / "data" / "sample" / "truth.json").read_text("utf-8"))["trenches"][0]
    conflicts = {outcome: count for outcome, count in check["report"]["counts"].items() if outcome != "clear" and count}
    assert conflicts == Counter(conflict["outcome"] for conflict in truth["conflicts"])
    shown = twin("excavation", "submit", number, TWIN_LANG="vi").stdout
    assert "Chủ sở hữu" in shown
    assert "chưa đăng ký" in shown
    requests = json.loads(twin("excavation", "show", number, "--json").stdout)["requests"]
    for request in requests:
        twin("excavation", "answer", number, request["id"], "as_recorded")
    permitted = json.loads(twin("excavation", "act", number, "permit", "--json").stdout)
    assert permitted["properties"]["status"] == "permitted"
    table = twin("excavation", "show", number, TWIN_LANG="vi").stdout
    assert "đã cấp phép" in table
    assert "trả lời thay" in table
    assert "đúng hồ sơ" in table
    assert "permitted" in twin("excavation", "notices", number).stdout
    assert "0 changed" in twin("excavation", "recheck").stdout
    statistics = json.loads(twin("excavation", "statistics", "--json").stdout)
    assert statistics["requests"]["on_time_rate"] == 1.0
    twin("excavation", "act", number, "start")
    come_back(twin, number, filed["geometry"], tmp_path)


def come_back(twin: Twin, number: int, geometry: dict[str, Any], tmp_path: Path) -> None:
    """What was found and what was laid, at the desk's own word: as JSON, and as a file that the importers read."""
    lon, lat = shapely.from_geojson(json.dumps(geometry)).representative_point().coords[0][:2]
    across = {"type": "LineString", "coordinates": [[lon - 1e-5, lat], [lon + 1e-5, lat]]}
    find = {"kind": "unknown_find", "geometry": across, "discipline": "power", "diameter_m": 0.11, "remarks": "cáp lạ"}
    (tmp_path / "find.json").write_text(json.dumps(find | {"elevation_m": 1.0, "method": "survey"}), "utf-8")
    said = twin("excavation", "deviation", number, tmp_path / "find.json").stdout
    assert said.startswith("1 unknown_find utility_lines/")
    pipe = {"discipline": "water", "diameter_m": 0.11, "axis_m": 0.9, "material": "HDPE", "owner": "Công ty Cấp nước"}
    laid = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": across, "properties": pipe}]}
    (tmp_path / "laid.geojson").write_text(json.dumps(laid), "utf-8")
    assert ": confirmed, twin undo " in twin("excavation", "as-built", number, tmp_path / "laid.geojson").stdout
    points = "".join(f"{x},{y} " for x, y in across["coordinates"])
    (tmp_path / "ong-cap-nuoc-hoan-cong.kml").write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>HDPE D110</name>'
        f"<LineString><coordinates>{points}</coordinates></LineString></Placemark></Document></kml>",
        "utf-8",
    )
    twin("excavation", "as-built", number, tmp_path / "ong-cap-nuoc-hoan-cong.kml")
    shown = json.loads(twin("excavation", "deviations", number, "--json").stdout)
    assert [(each["kind"], each["state"]) for each in shown] == [
        ("unknown_find", "reported"), ("as_built", "confirmed"), ("as_built", "confirmed"),
    ]  # fmt: skip
    assert shown[2]["detail"]["features"] == 1


def test_refusals_are_one_line_in_the_readers_language(twin: Twin, tmp_path: Path) -> None:
    """What cannot be done is said in one line, in Vietnamese where that is set."""
    (tmp_path / "x.geojson").write_text("{}")
    assert "no polygon and no line" in twin("excavation", "file", tmp_path / "x.geojson", fails=True).stderr
    answer = twin("excavation", "show", 999, fails=True, TWIN_LANG="vi")
    assert answer.stderr == "twin: không có công trình đào 999\n"
    assert "https" in twin("organisation", "add", "X", "--webhook", "http://10.0.0.1/", fails=True).stderr
    assert "there is no organisation" in twin("access", "grant", "x", "--organisation", "Không có", fails=True).stderr


def test_the_citys_calendar(twin: Twin, tmp_path: Path) -> None:
    """A CSV of days replaces the days before it; a line that is none is named."""
    (tmp_path / "days.csv").write_text("day,kind,name\n2027-02-04,off,Tết\n2027-02-13,worked,Bù\n")
    assert twin("excavation", "calendar", tmp_path / "days.csv").stdout == "2 days\n"
    (tmp_path / "bad.csv").write_text("2027-02-04,off,Tết\n2027-13-01,off,x\n")
    assert "line 2" in twin("excavation", "calendar", tmp_path / "bad.csv", fails=True).stderr
