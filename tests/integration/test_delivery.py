"""Deliveries as they come: archives, tables that name manholes, very long layers, and files that mean harm."""

from __future__ import annotations

import gzip
import io
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
import pyogrio
import pytest
import shapely

from importers.dataset import read_dataset
from importers.folder import ImportOptions, import_path
from importers.formats import gdal
from importers.job import open_context
from importers.layer import Announcement
from importers.report import FileReport
from importers.sandbox import Limits
from importers.source import find_datasets
from layers.columns import Column
from layers.crs import parse_crs
from layers.database import connect
from layers.errors import Invalid, Unavailable
from layers.loading import FileRecord, Verdict, loading, open_run, take_file_ids
from layers.provenance import Outcome
from layers.rows import encode_rows

if TYPE_CHECKING:
    from pathlib import Path

    from importers.report import ImportReport
    from layers.database import Connection

EAST, NORTH = 562_000.0, 1_820_000.0


def run(connection: Connection, path: Path, **options: Any) -> ImportReport:
    return import_path(connection, path.parent / "data", path, ImportOptions(**options))


def count(connection: Connection, table: str) -> int:
    (number,) = connection.execute(f"select count(*) from {table}").fetchone() or (0,)  # noqa: S608
    return int(number)


def by_path(report: ImportReport) -> dict[str, FileReport]:
    return {file.path: file for file in report.files}


def pipes(path: Path, rows: int = 3, north: float = 0.0, z: float | None = None, *, layer: str | None = None) -> Path:
    """Water pipes 20 m long, 1 m apart, with the z given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    heights = () if z is None else (z,)
    lines = [shapely.LineString([(EAST + x, NORTH + north + i, *heights) for x in (0.0, 20.0)]) for i in range(rows)]
    fields = {
        "ma_ong": np.array([f"CN-{i}" for i in range(rows)], dtype=object),
        "duong_kinh": np.array([110, 160] * rows, dtype=object)[:rows].astype(str).astype(object),
        "do_sau": np.array([80 + i % 100 for i in range(rows)]),
    }
    pyogrio.raw.write(
        path, shapely.to_wkb(np.array(lines)), list(fields.values()), list(fields), crs="EPSG:9214",
        geometry_type="LineString" if z is None else "LineString Z",
        driver={".gpkg": "GPKG", ".geojson": "GeoJSON", ".fgb": "FlatGeobuf"}[path.suffix], layer=layer,
    )  # fmt: skip
    return path


def test_archives_are_folders(connection: Connection, tmp_path: Path) -> None:
    """Files within a ZIP within a TAR are loaded under their names, and unchanged the second time."""
    made = [pipes(tmp_path / "made" / f"ong-cap-nuoc-{i}.gpkg", north=10.0 * i) for i in range(3)]
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(made[0], "Cấp nước/ong-1.gpkg")
    folder = tmp_path / "in" / "cap-nuoc"
    folder.mkdir(parents=True)
    with tarfile.open(folder / "giao.tar.gz", "w:gz") as tar:
        for name, content in (("trong.zip", inner.getvalue()), ("ong-2.gpkg", made[1].read_bytes())):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    (folder / "ong-3.gpkg.gz").write_bytes(gzip.compress(made[2].read_bytes(), mtime=0))
    files = by_path(run(connection, tmp_path / "in"))
    assert {name: (file.outcome, file.loaded) for name, file in files.items()} == {
        "cap-nuoc/giao.tar.gz/trong.zip/Cấp nước/ong-1.gpkg": ("loaded", 3),
        "cap-nuoc/giao.tar.gz/ong-2.gpkg": ("loaded", 3),
        "cap-nuoc/ong-3.gpkg.gz/ong-3.gpkg": ("loaded", 3),
    }
    assert connection.execute("select distinct discipline from utility_lines").fetchall() == [("water",)]
    assert {file.outcome for file in run(connection, tmp_path / "in").files} == {"unchanged"}
    assert count(connection, "utility_lines") == 9


def test_encrypted_archive_is_refused_with_advice(connection: Connection, tmp_path: Path) -> None:
    """What cannot be opened is one line in the quarantine, by its own name, with what to do."""
    folder = tmp_path / "in"
    folder.mkdir()
    with zipfile.ZipFile(folder / "mat.zip", "w") as archive:
        archive.writestr("ong.geojson", "{}")
    content = bytearray((folder / "mat.zip").read_bytes())
    for start in (content.index(b"PK\x03\x04") + 6, content.index(b"PK\x01\x02") + 8):
        content[start] |= 1
    (folder / "mat.zip").write_bytes(content)
    (file,) = run(connection, folder).files
    assert (file.path.split("/")[0], file.outcome) == ("mat.zip", "quarantined")
    assert "password" in file.message or "encrypted" in file.message
    assert count(connection, "quarantined_rows") == 1


def test_tables_that_name_manholes_are_drawn_between_them(connection: Connection, tmp_path: Path) -> None:
    """Sewers that say only from which manhole to which get their lines, whichever file the manholes came in."""
    folder = tmp_path / "thoat-nuoc"
    folder.mkdir()
    holes = [("G1", 0, 0), ("G2", 30, 0), ("G3", 30, 40)]
    (folder / "z-ho-ga.csv").write_text(
        "so_hieu,X,Y,cao_do_day\n" + "".join(f"{c},{NORTH + y},{EAST + x},1.5\n" for c, x, y in holes), "utf-8"
    )
    (folder / "a-cong.csv").write_text(
        "ma_tuyen,tu_ho,den_ho,duong_kinh\nC1,G1,G2,400\nC2,g2,G3,400\nC3,G3,G9,400\n", "utf-8"
    )
    files = by_path(run(connection, tmp_path / "thoat-nuoc", crs=None))
    assert files["z-ho-ga.csv"].outcome == "quarantined", "no reference system is declared"
    files = by_path(run(connection, tmp_path / "thoat-nuoc", crs=parse_crs("EPSG:9214")))
    assert (files["z-ho-ga.csv"].loaded, files["a-cong.csv"].loaded, files["a-cong.csv"].refused) == (3, 2, 1)
    lines = connection.execute("select owner_ref, st_astext(geom) from utility_lines order by 1").fetchall()
    assert lines == [
        ("C1", f"LINESTRING({EAST:.0f} {NORTH:.0f},{EAST + 30:.0f} {NORTH:.0f})"),
        ("C2", f"LINESTRING({EAST + 30:.0f} {NORTH:.0f},{EAST + 30:.0f} {NORTH + 40:.0f})"),
    ]


@pytest.mark.parametrize(("suffix", "z"), [(".gpkg", None), (".fgb", None), (".gpkg", 2.5)])
def test_long_layer_is_loaded_as_a_short_one(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, z: float | None
) -> None:
    """Read in turns or at once, alone in its table or not, the city holds the same features, decisions and records."""
    told = {}
    for name, size, fewest in (("whole", 10**6, 10**6), ("turns", 50, 10**6), ("alone", 50, 100)):
        path = pipes(tmp_path / name / f"ong-cap-nuoc{suffix}", rows=170, z=z)
        monkeypatch.setattr(gdal, "CHUNK_RECORDS", size)
        monkeypatch.setattr("layers.rows._MANY_ROWS", size // 2)
        monkeypatch.setattr("layers.bulk._FEWEST_ROWS", fewest)
        with_chunks = _import_in_process(connection, path)
        rows = connection.execute(
            "select owner_ref, outer_width_m, vertical_raw, vertical_unit, vertical_reason, section_reason, source_row,"
            " st_asewkb(geom), st_asewkb(axis), (to_jsonb(u) - array['id', 'source_file_id', 'reach_m'])::text,"
            " source_file_id = (select max(id) from source_files) from utility_lines u order by source_row"
        ).fetchall()
        records = connection.execute("select row, attributes from source_rows order by row").fetchall()
        told[name] = (rows, records, with_chunks)
        connection.execute("delete from utility_lines")
        connection.execute("delete from source_files")
    assert len(told["turns"][0]) == 170
    assert told["turns"][0] == told["whole"][0]
    assert told["turns"][1] == told["whole"][1]
    assert told["turns"][2] == told["whole"][2]
    assert told["alone"] == told["turns"]
    assert told["whole"][0][0][3] == ("cm" if z is None else "m"), "by the values of the whole layer: 80 to 179"


def test_text_that_the_first_records_do_not_show_is_read_all_the_same(connection: Connection, tmp_path: Path) -> None:
    """Where later records of a long layer contradict how text is read, the file starts over and is read rightly."""
    rows = gdal.CHUNK_RECORDS + 10
    starts = np.column_stack([np.full(rows, EAST), NORTH + np.arange(rows) % 10_000])
    lines = shapely.linestrings(np.stack([starts, starts + np.array([20.0, 0.0])], axis=1))
    owners = np.full(rows, "HueWACO", dtype=object)
    legacy = (b"Hu\xd5", b"L\xadu Tr\xd7nh", b"L\xaa L\xeei", b"\xa7\xad\xeang", b"Tr\xc7n H\xadng \xa7\xb9o")
    owners[-5:] = [text.decode("latin-1") for text in legacy]
    path = tmp_path / "in" / "ong-cap-nuoc.gpkg"
    path.parent.mkdir()
    pyogrio.raw.write(
        path, shapely.to_wkb(lines), [owners], ["don_vi_quan_ly"], crs="EPSG:9214", geometry_type="LineString",
        driver="GPKG",
    )  # fmt: skip
    (file,) = run(connection, path).files
    assert (file.loaded, file.outcome) == (rows, "loaded")
    found = connection.execute("select owner, count(*) from utility_lines group by 1 order by 2, 1").fetchall()
    told = ("Huế", "Lê Lợi", "Lưu Trình", "Trần Hưng Đạo", "Đường")
    assert found == [*((owner, 1) for owner in told), ("HueWACO", rows - 5)]
    assert [decision["text"].split(",")[0] for decision in file.decisions] == ["TCVN3"]
    assert count(connection, "source_files") == 1


def _import_in_process(connection: Connection, path: Path) -> list[dict[str, Any]]:
    """What a worker does, here, where the size of a turn can be set; the decisions."""
    ((dataset,), _) = find_datasets(path)
    context = open_context(connection, path.parent, path, ImportOptions())
    (file_id,) = take_file_ids(connection, 1)
    record = FileRecord(dataset.name, dataset.location, "0" * 64, "k", 1)
    with loading(connection, open_run(connection, "/x", {}), record, file_id) as file:
        for part in read_dataset(dataset, "0" * 64, context=context):
            if isinstance(part, Announcement):
                file.announce(part.table, part.rows, alone=part.alone)
            elif isinstance(part, FileReport):
                report = part
            else:
                file.add(part)  # type: ignore[arg-type]
        file.finish(Verdict("x", None, Outcome.LOADED, []))
    return report.decisions


def test_load_larger_than_its_layer_rebuilds_the_indexes(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Indexes, keys and triggers are all there again after a bulk load, and the layer's count is exact."""
    described = (
        "select indexdef from pg_indexes where tablename = 'utility_lines' union all"
        " select conname || pg_get_constraintdef(oid) from pg_constraint where conrelid = 'utility_lines'::regclass"
        " union all select pg_get_triggerdef(oid) || tgenabled::text from pg_trigger"
        " where tgrelid = 'utility_lines'::regclass and not tgisinternal"
        " union all select column_default from information_schema.columns"
        " where table_name = 'utility_lines' and column_default is not null order by 1"
    )
    before = connection.execute(described).fetchall()
    monkeypatch.setattr(gdal, "CHUNK_RECORDS", 50)
    monkeypatch.setattr("layers.bulk._FEWEST_ROWS", 100)
    path = pipes(tmp_path / "ong-cap-nuoc.gpkg", rows=30)
    pipes(path, rows=170, layer="ong_dai")
    _import_in_process(connection, path)
    assert connection.execute(described).fetchall() == before
    state = connection.execute("select features from layer_states where layer = 'utility_lines'").fetchone()
    assert state == (200,) == (count(connection, "utility_lines"),)


def test_first_bulk_load_of_a_layer_is_final(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of an empty layer need no second writing by VACUUM; a row that is there stays there."""
    monkeypatch.setattr(gdal, "CHUNK_RECORDS", 50)
    monkeypatch.setattr("layers.bulk._FEWEST_ROWS", 100)
    looks = []
    for rows, location in ((150, "first"), (200, "second")):
        _import_in_process(connection, pipes(tmp_path / location / "ong-cap-nuoc.gpkg", rows=rows))
        connection.execute("set enable_seqscan = off; set enable_bitmapscan = off")
        explained = connection.execute("explain (analyze, format json) select id from utility_lines where id > 0")
        plan = explained.fetchall()[0][0][0]["Plan"]
        looks.append((plan["Node Type"], plan["Actual Rows"], plan["Heap Fetches"]))
        connection.execute("reset all")
    first, second = looks
    assert first == ("Index Only Scan", 150, 0)
    assert second[:2] == ("Index Only Scan", 350)
    assert second[2] >= 200, "who began to look before the second load ended must not see its rows"


def test_long_values_are_kept_by_the_fast_compression(connection: Connection, tmp_path: Path) -> None:
    """Of PostgreSQL's two ways the old one takes more than twice as long for the records of a large file."""
    _import_in_process(connection, pipes(tmp_path / "ong-cap-nuoc.gpkg", rows=300))
    (offered,) = connection.execute(
        "select enumvals from pg_settings where name = 'default_toast_compression'"
    ).fetchone() or ([],)
    used = connection.execute("select distinct pg_column_compression(attributes) from source_records").fetchall()
    assert used == [("lz4" if "lz4" in offered else "pglz",)]


def test_bulk_load_that_breaks_a_rule_brings_nothing(connection: Connection) -> None:
    """Keys are taken off for a bulk load and come back with its end; rules hold for each of its rows."""
    described = "select conname, convalidated from pg_constraint where conrelid = 'boundaries'::regclass order by 1"
    before = connection.execute(described).fetchall()
    square = shapely.multipolygons([shapely.box(EAST, NORTH, EAST + 9, NORTH + 9)])
    rows = {"level": Column.of(["planet"]), "name": Column.of(["x"]), "geom": np.array([square], dtype=object)}
    within: list[object] = []

    def load() -> None:
        (file_id,) = take_file_ids(connection, 1)
        record = FileRecord("b.gpkg", "/b.gpkg", "0" * 64, "k", 1)
        with loading(connection, open_run(connection, "/x", {}), record, file_id) as file:
            file.announce("boundaries", 200_000)
            within.extend(connection.execute(described).fetchall())
            file.add(encode_rows("boundaries", rows, 9214))

    with pytest.raises(Invalid, match="breaks the rule 'ck_boundaries_level'"):
        load()
    assert {name for name, _ in before} - {name for name, _ in within} == {
        "fk_boundaries_source_file_id",
        "pk_boundaries",
    }
    assert connection.execute(described).fetchall() == before
    assert count(connection, "boundaries") == count(connection, "source_files") == 0


@pytest.mark.parametrize(
    ("common", "said"),
    [
        ({"source_file_id": 1}, "its reader may not write source_file_id"),
        ({"level": Outcome.LOADED}, "level is no plain value"),
        ({"level": "\ud800"}, "does not fit its column"),
        ({"level": "'); drop table boundaries; --"}, "breaks the rule 'ck_boundaries_level'"),
        ({"level": date(2020, 1, 1)}, "breaks the rule 'ck_boundaries_level'"),
        ({"levels": "city"}, "does not fit its column"),
        (None, "did not say that it needs boundaries for itself"),
    ],
)
def test_what_rows_have_in_common_is_not_believed(connection: Connection, common: Any, said: str) -> None:
    """A reader that was taken over can neither forge the file that rows come from nor break out of a value."""
    square = shapely.multipolygons([shapely.box(EAST, NORTH, EAST + 9, NORTH + 9)])
    rows = encode_rows("boundaries", {"name": Column.of(["x"]), "geom": np.array([square], dtype=object)}, 9214)
    (file_id,) = take_file_ids(connection, 1)
    record = FileRecord("b.gpkg", "/b.gpkg", "0" * 64, "k", 1)

    def load() -> None:
        with loading(connection, open_run(connection, "/x", {}), record, file_id) as file:
            if common is not None:
                file.announce("boundaries", 200_000)
            file.add(replace(rows, common={"level": "city"} if common is None else common))

    with pytest.raises(Invalid, match=said):
        load()
    assert count(connection, "boundaries") == count(connection, "source_files") == 0


HOSTILE = {
    "nested.geojson": b'{"type":"FeatureCollection","features":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "laughs.gml": b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 20) for i in range(8))
    + b']><gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml">&i;</gml:FeatureCollection>',
    "claims.shp": b"\x00\x00\x27\x0a" + b"\0" * 20 + b"\x7f\xff\xff\xff" + b"\0" * 373,
    "nan.geojson": b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},'
    b'"geometry":{"type":"LineString","coordinates":[[NaN,1],[2,3]]}}]}',
    "bomb.zip": b"",
}


def test_hostile_files_end_as_one_quarantined_file_each(connection: Connection, tmp_path: Path) -> None:
    """Nesting, entity bombs, a lying header, NaN, a path that climbs and a bomb stop nobody, and each is named."""
    folder = tmp_path / "in" / "cap-nuoc"
    folder.mkdir(parents=True)
    for name, content in HOSTILE.items():
        (folder / name).write_bytes(content)
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ong.csv", bytes(300 << 20))
    with zipfile.ZipFile(folder / "climb.zip", "w") as archive:
        archive.write(pipes(tmp_path / "made" / "ong.gpkg", north=50), "../../ong-thoat.gpkg")
    pipes(folder / "ong-cap-nuoc.gpkg")
    files = by_path(run(connection, tmp_path / "in"))
    assert files.pop("cap-nuoc/ong-cap-nuoc.gpkg").outcome == "loaded"
    climbed = [name for name in files if name.startswith("cap-nuoc/climb.zip")]
    assert ["outside the archive" in files[name].message for name in climbed] == [True]
    assert not (tmp_path / "ong-thoat.gpkg").exists()
    assert not (tmp_path / "in" / "ong-thoat.gpkg").exists()
    assert {file.outcome for file in files.values()} == {"quarantined"}
    assert len(files) == len(HOSTILE) + 1
    assert all(file.message for file in files.values())


def test_reader_beyond_its_memory_is_one_refusal(connection: Connection, tmp_path: Path) -> None:
    """A file that needs more memory than it may have is put aside, and says so; the next one is loaded."""
    folder = tmp_path / "cap-nuoc"
    pipes(folder / "b.gpkg", north=99)
    rows = ",".join(f'{{"type":"Feature","properties":{{"a":{i}}},"geometry":null}}' for i in range(400_000))
    (folder / "a.geojson").write_text(f'{{"type":"FeatureCollection","features":[{rows}]}}')
    files = by_path(run(connection, folder, limits=Limits(memory_bytes=200 << 20)))
    assert (files["a.geojson"].outcome, files["b.gpkg"].outcome) == ("quarantined", "loaded")
    assert "memory" in files["a.geojson"].message


KILLED = """
import sys
from pathlib import Path
from importers.dataset import read_dataset
from importers.folder import ImportOptions, import_path
from importers.job import open_context
from importers.formats import gdal
from importers.layer import Announcement
from importers.report import FileReport
from importers.sandbox import Limits
from importers.source import find_datasets
from layers.columns import Column
from layers.crs import parse_crs
from layers.database import connect
from layers.errors import Invalid, Unavailable
from layers.loading import FileRecord, Verdict, loading, open_run, take_file_ids
from layers.provenance import Outcome

with connect(sys.argv[1]) as connection:
    def tell(progress):
        print(progress.files, progress.rows, flush=True)
    import_path(connection, Path(sys.argv[3]), Path(sys.argv[2]), ImportOptions(), on_progress=tell)
"""


@pytest.mark.parametrize("parts", [1, 3])
def test_killed_import_leaves_the_old_state_or_the_new(city: str, tmp_path: Path, parts: int) -> None:
    """After kill -9 in the middle of a file nothing of it is in the city, and the next import loads it whole."""
    path = pipes(tmp_path / "ong-cap-nuoc.gpkg", rows=220_000)
    command = [sys.executable, "-c", KILLED, city, str(path), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        for _ in range(parts):
            assert killed.stdout.readline().startswith("0 "), "the file is not done yet"
        os.kill(killed.pid, signal.SIGKILL)
    with connect(city) as connection:
        until = time.monotonic() + 60
        while time.monotonic() < until:  # the server notices that its client is gone
            try:
                report = import_path(connection, tmp_path, path, ImportOptions())
            except Exception as error:  # noqa: BLE001
                assert "another import" in str(error)  # noqa: PT017
                time.sleep(0.2)
            else:
                break
        assert count(connection, "source_files") == 1
        assert (report.loaded, count(connection, "utility_lines")) == (220_000, 220_000)


def test_database_that_goes_away_is_said_plainly(city: str, tmp_path: Path) -> None:
    """The person hears what happened and what to do, not a driver's trace."""
    pipes(tmp_path / "in" / "ong-cap-nuoc.gpkg")
    with connect(city) as opened:

        def cut(_: object) -> None:
            with psycopg.connect(city) as other:
                other.execute("select pg_terminate_backend(%s)", (opened.info.backend_pid,))

        with pytest.raises(Unavailable, match="the database stopped the import"):
            import_path(opened, tmp_path, tmp_path / "in", ImportOptions(), on_progress=cut)


def test_file_that_the_database_refuses_keeps_every_record(connection: Connection, tmp_path: Path) -> None:
    """One row against a rule of its table puts the whole file aside, each record with the rule, and nothing half."""
    connection.execute("alter table utility_lines add constraint no_second check (owner_ref <> 'CN-1')")
    pipes(tmp_path / "in" / "ong-cap-nuoc.gpkg")
    (file,) = run(connection, tmp_path / "in").files
    assert (file.outcome, file.loaded, file.refused) == ("quarantined", 0, 3)
    assert "no_second" in file.message
    kept = connection.execute(
        "select row, attributes ->> 'ma_ong', st_length(geom) from quarantined_rows where row is not null order by row"
    ).fetchall()
    assert kept == [(1, "CN-0", 20.0), (2, "CN-1", 20.0), (3, "CN-2", 20.0)]
    assert [count(connection, table) for table in ("utility_lines", "source_rows", "source_files")] == [0, 0, 1]
