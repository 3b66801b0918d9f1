"""The command line as a person uses it, each call a process of its own."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import rasterio

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Demo

    Twin = Callable[..., subprocess.CompletedProcess[str]]

TWIN = str(Path(sys.executable).with_name("twin"))


@pytest.fixture
def folder(demo: Demo) -> Path:
    return demo.folder


@pytest.fixture
def twin(running_demo: Demo) -> Twin:
    return running_demo.twin


def conflicts(output: str) -> list[str]:
    return re.findall(
        r"^│ (?:definite|possible|unknown|clear|chắc chắn|có thể|chưa biết|an toàn) .*", output, re.MULTILINE
    )


def test_demo_goes_the_whole_way_and_leaves_nothing_running(demo: Demo) -> None:
    """Sample, import table, conflicts, the files a digger takes along; what it started it stops."""
    shown = demo.answer
    assert shown.returncode == 0, shown.stderr
    assert re.search(r"^176 files, 10,\d{3} features loaded", shown.stdout, re.MULTILINE)
    truth = json.loads((demo.folder / "data" / "sample" / "truth.json").read_text("utf-8"))
    met = Counter(conflict["outcome"] for conflict in truth["trenches"][0]["conflicts"])
    assert Counter(word for row in conflicts(shown.stdout) if (word := row.split()[1]) != "clear") == met
    assert "PA-2026-00001" in shown.stdout
    paths = [Path(name) for name in re.findall(r"^Response package: (.*)$", shown.stdout, re.MULTILINE)]
    assert [path.suffix for path in paths] == [".json", ".geojson", ".html", ".pdf", ".dxf", ".glb", ".csv"]
    assert all(path.stat().st_size for path in paths)
    assert "state: stopped" in demo.twin("db", "status").stdout


def test_second_demo_answers_the_same_in_vietnamese(demo: Demo) -> None:
    """All is there already, and the same conflicts are told, in the other language."""
    again = demo.twin("demo", "--no-serve", TWIN_LANG="vi")
    assert again.returncode == 0, again.stderr
    for text in ("Kết quả nạp", "không đổi", "Phải dò tìm trước khi đào"):
        assert text in again.stdout
    assert numbers(again.stdout) == numbers(demo.answer.stdout)


def numbers(output: str) -> list[list[str]]:
    """What both languages print alike: the figures of the rows of conflicts."""
    rows = (row.replace(",", ".") for row in conflicts(output))
    return [figures for row in rows if (figures := re.findall(r"-?\d+\.\d+", row))]


def test_check_prints_rules_and_surroundings(twin: Twin, folder: Path) -> None:
    """What is laid, duties and surroundings come as tables with their sources, in Vietnamese as in English."""
    trench = min((folder / "data" / "sample" / "trenches").glob("*.geojson"))
    document = json.loads(trench.read_text("utf-8"))
    feature = document["features"][0] if document["type"] == "FeatureCollection" else document
    feature["properties"]["lays"] = [{"discipline": "water", "diameter_m": 0.11, "depth_m": 0.8}]
    (folder / "lays.geojson").write_text(json.dumps(document), "utf-8")
    english = twin("check", folder / "lays.geojson").stdout
    vietnamese = twin("check", folder / "lays.geojson", TWIN_LANG="vi").stdout
    for text in (
        "To be laid: water 110 mm",
        "What the digger must do",
        "QCVN 01:2021/BXD",
        "root protection",
        "no rule",
    ):
        assert text in english
    for text in ("Sẽ lắp đặt: cấp nước 110 mm", "Yêu cầu đối với đơn vị đào", "Bảng 2.30", "vùng bảo vệ rễ", "vi phạm"):
        assert text in vietnamese
    wrong = twin("check", folder / "lays.geojson", TWIN_RULES=str(trench))
    assert (wrong.returncode, "cannot be read" in wrong.stderr) == (1, True)


def test_check_exits_by_its_answer(twin: Twin, folder: Path) -> None:
    """0 where all is proven clear, 4 where something is open; JSON has the whole report."""
    trenches = sorted((folder / "data" / "sample" / "trenches").glob("*.geojson"))
    answers = [twin("check", trench, "--json") for trench in trenches]
    reports: list[dict[str, Any]] = [json.loads(answer.stdout)["reports"][0] for answer in answers]
    assert [answer.returncode for answer in answers] == [0 if report["is_clear"] else 4 for report in reports]
    assert {answer.returncode for answer in answers} == {0, 4}
    deeper = twin("check", trenches[-1], "--depth-m", "3", "--json")
    assert json.loads(deeper.stdout)["reports"][0]["excavation"]["depth_m"] == 3


def test_many_digs_get_a_line_each(twin: Twin, folder: Path, tmp_path: Path) -> None:
    """One command for all trenches: the outcomes of each check, a refused one beside them, and a table."""
    trenches = sorted((folder / "data" / "sample" / "trenches").glob("*.geojson"))
    features = [feature for path in trenches for feature in json.loads(path.read_text("utf-8"))["features"]]
    (tmp_path / "x.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [*features, {}]}))
    answer = twin("check-many", tmp_path / "x.geojson", "--out", tmp_path / "y.csv", "--json")
    assert answer.returncode == 4, answer.stderr
    *told, refused = [feature["properties"] for feature in json.loads(answer.stdout)["features"]]
    alone = json.loads(twin("check", trenches[0], "--no-ways-out", "--json").stdout)["reports"][0]
    assert (told[0]["counts"], told[0]["is_clear"]) == (alone["counts"], alone["is_clear"])
    assert {each["is_clear"] for each in told} == {True, False}
    assert refused["refused"]
    assert len((tmp_path / "y.csv").read_text("utf-8-sig").splitlines()) == len(features) + 2


def test_mosaic_is_all_terrain_in_one_file(twin: Twin, folder: Path) -> None:
    """The sheets of the demo, side by side, and nothing where no sheet has a height."""
    told = twin("mosaic", TWIN_LANG="vi")
    assert told.returncode == 0, told.stderr
    truth = json.loads((folder / "data" / "sample" / "truth.json").read_text("utf-8"))["terrain"]
    with rasterio.open(folder / "data" / "terrain" / "mosaic.tif") as mosaic:
        assert list(mosaic.bounds) == truth["bounds"]
        assert (mosaic.res, mosaic.nodata) == ((truth["pixel_m"],) * 2, truth["nodata"])
        heights = mosaic.read(1, masked=True)
    assert heights.compressed().max() < 100
    assert f"{heights.shape[1]} x {heights.shape[0]} x 2 m, EPSG:9214, số ảnh địa hình: 4" in told.stdout


def read_all(twin: Twin, **settings: str) -> list[str]:
    """Tables, rows, rights: all that PostgreSQL writes of a city, but for tokens that differ in each of its dumps."""
    url = twin("db", "url", **settings).stdout.strip()
    dump = subprocess.run(["pg_dump", "--no-owner", "--schema=twin*", url], capture_output=True, text=True, check=True)
    return [line for line in dump.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def test_backup_brings_the_whole_city_to_another_machine(twin: Twin, folder: Path, tmp_path: Path) -> None:
    """Every row, right and raster is there again in a new cluster; what is damaged or would overwrite is refused."""
    kept, elsewhere = tmp_path / "kept", {"TWIN_DATA": str(tmp_path / "data")}
    assert twin("access", "grant", "Đơn vị thử", TWIN_LANG="vi").returncode == 0
    written = twin("backup", kept)
    assert written.returncode == 0, written.stderr
    assert kept.stat().st_mode & 0o077 == 0
    assert "exists" in twin("backup", kept).stderr

    restored = twin("restore", kept, **elsewhere)
    try:
        assert restored.returncode == 0, restored.stderr
        assert read_all(twin, **elsewhere) == read_all(twin)
        trench = folder / "data" / "sample" / "trenches" / "hao-1.geojson"
        checks = [twin("check", trench, "--depth-m", 1.8, **settings) for settings in ({}, elsewhere)]
        assert checks[0].stdout == checks[1].stdout
        assert "holds a city already" in twin("restore", kept, **elsewhere).stderr
        with (kept / "city.dump").open("ab") as dump:
            dump.write(b"!")
        assert "city.dump is not what was written" in twin("restore", kept, **elsewhere).stderr
    finally:
        twin("db", "stop", **elsewhere)


def test_import_exits_by_its_outcome(twin: Twin, tmp_path: Path) -> None:
    """3 says that something went to the quarantine, and the JSON names it."""
    (tmp_path / "rong.geojson").write_bytes(b"")
    answer = twin("import", tmp_path, "--json")
    assert answer.returncode == 3
    assert json.loads(answer.stdout)["faults"] == {"empty-file": 1}


@pytest.mark.parametrize(
    ("words", "settings", "message"),
    [
        (("import", "/nowhere"), {}, "does not exist"),
        (("check", "/nowhere.geojson"), {}, "no GeoJSON"),
        (("import", ".", "--layer", "lava"), {}, "give one of"),
        (("import", ".", "--crs", "EPSG:1"), {}, "no coordinate reference system"),
        (("db", "migrate"), {"TWIN_CRS": "EPSG:4326"}, "projected, in metres"),
        (("db", "start"), {"TWIN_DATABASE_URL": "postgresql:///x"}, "not the twin's own"),
        (("access", "revoke", "nobody"), {}, "has no key"),
        (("serve", "--open-desk"), {"TWIN_HOST": "0.0.0.0"}, "open utilities to the network"),  # noqa: S104
        (("serve",), {"TWIN_PORT": "99999"}, "TWIN_PORT"),
        (("import", "."), {"TWIN_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, "does not answer"),
    ],
)
def test_failures_are_one_line(twin: Twin, words: tuple[str, ...], settings: dict[str, str], message: str) -> None:
    """What a person can mend is said in one line with exit code 1, without a traceback."""
    answer = twin(*words, **settings)
    assert answer.returncode == 1
    assert message in answer.stderr
    assert answer.stderr.startswith("twin: ")
    assert "Traceback" not in answer.stderr


def test_quarantine_and_undo(twin: Twin, running_demo: Demo, tmp_path: Path) -> None:
    """What was refused is listed with its remedy, exported, tried again; a run is undone by its number."""
    (tmp_path / "duy-nhat.geojson").write_bytes(b"")
    document = json.loads(twin("import", tmp_path, "--json").stdout)
    run = document["run"]
    assert json.loads((running_demo.folder / f"data/reports/import-{run}.json").read_text()) == document
    listed = json.loads(twin("quarantine", "list", "--json").stdout)
    assert {"duy-nhat.geojson": "empty-file"}.items() <= {file["path"]: file["fault"] for file in listed}.items()
    assert "duy-nhat.geojson" in twin("quarantine", "list").stdout
    exported = twin("quarantine", "export", tmp_path / "x.gpkg")
    assert exported.returncode == 0
    assert (tmp_path / "x.gpkg").exists()
    again = twin("quarantine", "retry", "--only", "duy-nhat.geojson")
    assert again.returncode == 3
    assert "duy-nhat.geojson: quarantined" in again.stdout
    later = twin("undo", run)
    assert later.returncode == 1
    assert "undo run" in later.stderr
    undone = twin("import", "--undo", run + 1, TWIN_LANG="vi")
    assert (undone.returncode, undone.stdout.strip()) == (0, f"lượt {run + 1} đã được hoàn tác, 0 đối tượng trở lại")
    assert twin("undo", run, "--file", "duy-nhat.geojson").returncode == 0
    runs = json.loads(twin("runs", "--newest", 2, "--json").stdout)
    assert [(each["id"], each["undone_at"] is None) for each in runs] == [(run + 1, False), (run, False)]
    assert "undone already" in twin("undo", run).stderr


def test_retry_reads_a_file_as_it_was_imported(twin: Twin, tmp_path: Path) -> None:
    """Its name, owner and profile are those of the import that refused it, each time; what is gone is said."""
    folder = tmp_path / "giao" / "dl-thu"
    folder.mkdir(parents=True)
    line = '{"type": "LineString", "coordinates": [[562000, 1820000], [562020, 1820000]]}'
    feature = f'{{"type": "Feature", "properties": {{"A1": "c1", "A2": "110"}}, "geometry": {line}}}'
    (folder / "cap.geojsonl").write_text(feature)
    profile = tmp_path / "p.yaml"
    rule = "{file: dl-thu/cap.geojsonl, layer: cap, table: utility_lines, discipline: power, fields: {owner_ref: A1}}"
    profile.write_text(f"layers:\n- {rule}\n")
    run = json.loads(
        twin("import", folder.parent, "--owner", "EVN", "--profile", profile, "--crs", "EPSG:4326", "--json").stdout
    )
    assert run["files"][0]["outcome"] == "quarantined"
    retried = twin("quarantine", "retry", "--only", "dl-thu/cap")
    assert "dl-thu/cap.geojsonl: quarantined" in retried.stdout
    retried = twin("quarantine", "retry", "--only", "dl-thu/cap", "--crs", "EPSG:9214")
    assert retried.stdout.split("\n")[-2] == "dl-thu/cap.geojsonl: loaded, 1 / 0"
    url = twin("db", "url").stdout.strip()
    with psycopg.connect(url) as connection:
        found = connection.execute("select owner, owner_ref, discipline from twin.utility_lines where owner_ref = 'c1'")
        assert found.fetchall() == [("EVN", "c1", "power")]
    (folder / "mat.geojson").write_bytes(b"")
    twin("import", folder)
    (folder / "mat.geojson").unlink()
    lost = twin("quarantine", "retry", "--only", "mat.geojson", TWIN_LANG="vi")
    assert (lost.returncode, lost.stdout.strip()) == (3, "mat.geojson: không còn ở chỗ cũ: hãy nạp lại từ nơi mới")
    for number in range(4):
        assert twin("undo", run["run"] + 3 - number).returncode == 0


def test_database_commands(twin: Twin) -> None:
    """Start, a polite refusal of a second start, url, status, stop, and stop again."""
    twin("db", "stop")
    assert twin("db", "start").returncode == 0
    second = twin("db", "start")
    assert second.returncode == 1
    assert "runs already" in second.stderr
    url = twin("db", "url").stdout.strip()
    assert url.startswith("postgresql://twin@/twin?host=/")
    assert url in twin("db", "status").stdout
    assert twin("db", "migrate").returncode == 0
    assert twin("db", "stop").returncode == 0
    assert twin("db", "stop").returncode == 0
    assert "state: stopped" in twin("db", "status").stdout


def test_key_is_shown_once(twin: Twin) -> None:
    """grant prints the key, list prints names."""
    key = twin("access", "grant", "Công ty Điện lực").stdout.strip()
    assert len(key) >= 40
    listed = twin("access", "list").stdout
    assert "Công ty Điện lực" in listed
    assert key not in listed


def test_serve_answers_until_interrupted(demo: Demo) -> None:
    """A real server on a real port, and a clean end on Ctrl-C."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([TWIN, "serve"], env=demo.environment(TWIN_PORT=str(port)), stdout=subprocess.PIPE)
    try:
        answer = ask(f"http://127.0.0.1:{port}/ogc/collections/parcels/items?limit=1")
        assert answer["numberMatched"] == 1538
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0
        if server.stdout:
            server.stdout.close()


def ask(address: str, patience_s: float = 60) -> dict[str, Any]:
    end = time.monotonic() + patience_s
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - loopback
                return dict(json.load(answer))
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
