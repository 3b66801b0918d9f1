"""Layers that a city adds without code: served, tiled and styled by workers that were running before."""

from __future__ import annotations

import io
import json
import time
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import psycopg
import pyogrio.raw
import pytest
import shapely
from PIL import Image
from typer.testing import CliRunner

from importers.custom.adding import Addition, add_layer, open_workers
from importers.custom.choosing import Choice
from importers.custom.reading import Wish
from layers.crs import WGS84, parse_crs, transform_points
from layers.custom import CustomLayer, Draft, list_custom, read_custom
from layers.custom_tables import check_name, open_layer, remove_layer, restyle
from layers.database import Audience, Reader, Role, connect
from layers.errors import Conflict, Invalid, NotFound
from layers.grid import web_mercator
from layers.label import Label
from layers.undoing import undo_run
from ogc_api import scribe
from ogc_api.edition import Editions
from ogc_api.scribe import Scribe
from ogc_api.transcript import Transcripts
from ogc_api.vector_tile import read_tile
from twin.cli import app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from conftest import Town
    from httpx import Client, Response

    from importers.custom.adding import Added
    from importers.sandbox import Workers
    from layers.database import Connection

PLACE = (107.58, 16.46)
# How often the workers of these tests look for changes.
NOTICED_S = 0.1


@pytest.fixture(scope="module")
def place(own_town: Callable[[str], Town]) -> Town:
    return own_town("custom_layers")


@pytest.fixture(scope="module")
def city(place: Town) -> Iterator[Connection]:
    with connect(place.url) as opened:
        yield opened


@pytest.fixture(scope="module")
def twin(place: Town, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """The command line within this process: exit code and output, or what it raises."""
    settings = {"TWIN_DATABASE_URL": place.url, "TWIN_DATA": str(tmp_path_factory.mktemp("data")), "COLUMNS": "200"}

    def run(*words: object, lang: str = "en") -> tuple[int, str]:
        result = CliRunner().invoke(app, ["layers", *map(str, words)], env={**settings, "TWIN_LANG": lang})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return run


def a_feature(geometry: dict[str, Any] | None, **properties: object) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def a_point(n: int = 0, *z: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [PLACE[0] + n * 1e-4, PLACE[1], *z]}


def write(path: Path, *features: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def cameras(path: Path, *, moved: bool = False) -> Path:
    """Five cameras with names that mean harm, one outside the city and one that lies nowhere."""
    kept = [n for n in range(5) if not (moved and n == 3)]
    features = [
        a_feature(
            a_point(n),
            **{"Mã số": f"C{n}", "lắp ngày": f"2024-05-{n + 1:02}", "lúc": "2024-05-01T10:00:00+07:00"},
            **{"cao (m)": n + 0.5 + (moved and n == 1), "zones": ["a", n], "select": "x", "n": n, "p": "p", "f": "f"},
            **{"the\u0001 place": 1, "id": n, "geom": "g", "s": None, "r": "r", "t": "t"},
        )
        for n in kept
    ]
    away = {"type": "Point", "coordinates": [105.0, 10.0]}
    return write(path, *features, a_feature(away, **{"Mã số": "far"}), a_feature(None, **{"Mã số": "none"}))


def wait_for(client: Client, path: str, status: int) -> Response:
    """An answer once a running server has noticed; it looks every two seconds."""
    end = time.monotonic() + 5
    while (answer := client.get(path)).status_code != status and time.monotonic() < end:
        time.sleep(0.05)
    assert answer.status_code == status, answer.text
    return answer


def test_a_running_server_shows_a_layer_and_forgets_it(  # noqa: PLR0915 - one life of a layer
    place: Town,
    twin: Callable[..., Any],
    serve: Callable[..., AbstractContextManager[Client]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Added: every document, format, tile, map and style is there, for its audience; replaced; restyled; removed."""
    file, here = cameras(tmp_path / "cameras.geojson"), "/collections/camera"
    public = Reader(place.login(Audience.PUBLIC), Audience.PUBLIC)
    monkeypatch.setitem(Editions.__init__.__kwdefaults__, "check_after_s", NOTICED_S)
    monkeypatch.setattr(scribe, "_LOOK_EVERY_S", NOTICED_S)
    transcripts = Transcripts(tmp_path / "transcripts", 10**9)
    with (
        serve(public, tile_folder=tmp_path / "tiles", transcripts=transcripts) as client,
        Scribe(Reader(place.login(Audience.OPERATOR), Audience.OPERATOR), transcripts).at_work(),
    ):
        assert client.get(here).status_code == 404
        code, said = twin("add", file, "--title", "Camera", "--title-vi", "Máy quay")
        assert code == 3
        assert "5 features loaded, 2 rows refused, of 7 read" in said
        assert "Only holders of a key read it" in said
        time.sleep(2 * NOTICED_S)
        assert client.get(here).status_code == 404, "nothing is public that nobody called so"
        assert "camera" not in client.get("/openapi").text
        assert twin("open", "camera", "public")[0] == 0
        assert wait_for(client, here, 200).json()["title"] == "Camera"
        assert client.get(here, params={"lang": "vi"}).json()["title"] == "Máy quay"

        page = client.get(f"{here}/items", params={"limit": 2, "sortby": "-n"}).json()
        assert (page["numberMatched"], page["numberReturned"]) == (5, 2)
        first = page["features"][0]
        assert first["id"] == 5
        told = {name: value for name, value in first["properties"].items() if not name.startswith("source_")}
        assert told == {
            "ma_so": "C4", "lap_ngay": "2024-05-05", "luc": "2024-05-01T03:00:00+00:00", "cao_m": 4.5,
            "zones": ["a", 4], "select": "x", "n": 4, "p": "p", "f_given": "f", "the_place": 1, "id_given": 4,
            "geom_given": "g", "s": None, "r": "r", "t": "t",
        }  # fmt: skip
        following = next(link["href"] for link in page["links"] if link["rel"] == "next")
        assert [f["id"] for f in client.get(following).json()["features"]] == [3, 2]
        for f in ("html", "jsonfg", "jsonld", "csv", "geojsonseq", "fgb", "gpkg"):
            assert client.get(f"{here}/items", params={"f": f}).status_code == 200, f
        (package := tmp_path / "camera.gpkg").write_bytes(client.get(f"{here}/items", params={"f": "gpkg"}).content)
        about, _, shapes, values = pyogrio.raw.read(package)
        assert len(shapes) == 5
        moments = values[list(about["fields"]).index("luc")]
        assert moments[0] == np.datetime64("2024-05-01T03:00:00")
        for query, count in (
            ("select=x", 5), ("n=2", 1), ("luc=2024-05-01T10:00:00%2B07:00", 5), ("lap_ngay=2024-05-02", 1),
            ("filter=luc>TIMESTAMP('2024-05-01T03:00:00Z')", 0), ("filter=cao_m>3 AND \"select\"='x'", 2),
        ):  # fmt: skip
            assert client.get(f"{here}/items?{query}").json()["numberMatched"] == count, query
        for query in ("zones=a", "sortby=zones", "filter=zones='a'", "luc=yesterday"):
            assert client.get(f"{here}/items?{query}").status_code == 400, query
        crs = {"crs": "http://www.opengis.net/def/crs/EPSG/0/9214"}
        assert client.get(f"{here}/items/1", params=crs).json()["geometry"]["coordinates"][0] > 100_000
        queryables = client.get(f"{here}/queryables").json()["properties"]
        assert "zones" not in queryables
        assert (queryables["luc"]["format"], queryables["ma_so"]["title"]) == ("date-time", "Mã số")
        assert client.get(f"{here}/schema").json()["properties"]["zones"]["type"] == "array"
        assert f"{here}/items" in client.get("/openapi").json()["paths"]
        assert client.post(f"{here}/items", json=a_feature(a_point())).status_code == 405

        address = web_address(16)
        tile = read_tile(client.get(f"/tiles/camera/{address}").content)
        assert {f.properties["ma_so"] for f in tile["camera"]} == {f"C{n}" for n in range(5)}
        assert {f.properties["zones"] for f in tile["camera"]} == {f'["a", {n}]' for n in range(5)}
        assert "camera" in read_tile(client.get(f"/tiles/city/{address}").content)
        style = client.get("/styles/camera").json()
        colour = style["layers"][0]["paint"]["circle-color"]
        assert style["layers"][0]["source-layer"] == "camera"
        assert colour in colours_of(client.get(f"/tiles/camera/{address.replace('pbf', 'png')}"))
        assert colour in colours_of(client.get(f"/tiles/city/{address.replace('pbf', 'png')}"))
        assert "camera" in {layer.get("source-layer") for layer in client.get("/styles/city").json()["layers"]}
        assert colour in client.get("/styles/camera", params={"f": "sld"}).text
        assert client.get("/styles/camera", params={"f": "qml"}).status_code == 200
        assert client.get("/tiles/camera.json").json()["vector_layers"][0]["id"] == "camera"
        with zipfile.ZipFile(io.BytesIO(client.get("/qgis/city.qgz").content)) as project:
            named = ET.fromstring(project.read("city.qgs")).iter("alias")  # noqa: S314 - our own
        assert {"the place", "Mã số"} <= {alias.get("name") for alias in named}, (
            "a sign that XML cannot hold is not there"
        )

        tag = client.get(f"{here}/items").headers["ETag"]
        assert "không có gì thay đổi" in twin("add", file, "--title", "Camera", lang="vi")[1]
        said = twin("add", cameras(file, moved=True), "--id", "camera")[1]
        assert "0 added, 1 changed, 1 removed" in said
        time.sleep(2 * NOTICED_S)
        answer = client.get(f"{here}/items", headers={"If-None-Match": tag})
        assert answer.status_code == 200
        found = {f["id"]: f["properties"]["ma_so"] for f in answer.json()["features"]}
        assert found == {1: "C0", 2: "C1", 3: "C2", 5: "C4"}, "features keep their ids"
        assert answer.json()["features"][1]["properties"]["cao_m"] == 2.5

        own = tmp_path / "style.json"
        own.write_text(json.dumps([{"id": "c", "type": "circle", "paint": {"circle-color": "#12ab34"}}]))
        twin("style", "camera", own)
        time.sleep(2 * NOTICED_S)
        assert "#12ab34" in colours_of(client.get(f"/tiles/camera/{address.replace('pbf', 'png')}"))
        assert "#12ab34" in client.get("/styles/city").text
        own.write_text('[{"id": "c", "type": "circle", "paint": {"circle-color": "red"}}]')
        with pytest.raises(Invalid, match="'red' is no colour"):
            twin("style", "camera", own)

        assert "camera" in twin("list")[1]
        assert twin("remove", "camera", "--yes")[0] == 0
        # At once, and also for what the worker had prepared when the layer was there.
        assert client.get(f"{here}/items").status_code == 404
        assert client.get(f"/tiles/camera/{address}").status_code == 404
        wait_for(client, here, 404)
        assert client.get("/styles/camera").status_code == 404
        assert "camera" not in client.get("/styles/city").text
        assert client.get(f"/tiles/city/{address}").status_code in (200, 204)
        twin("add", cameras(file), "--title", "Camera", "--audience", "public")
        wait_for(client, here, 200)
        assert client.get(f"{here}/items").headers["ETag"] != tag, "a layer that came again is not the one of before"
        twin("remove", "camera", "--yes")


def web_address(zoom: int) -> str:
    grid = web_mercator()
    x, y = transform_points(np.array([PLACE]), parse_crs(WGS84), grid.crs)[0]
    side = grid.side / 2**zoom
    return f"{zoom}/{int((x - grid.west) / side)}/{int((grid.north - y) / side)}.pbf"


def colours_of(answer: Response) -> set[str]:
    picture = Image.open(io.BytesIO(answer.content)).convert("RGBA")
    counted = picture.getcolors(70_000) or []
    return {f"#{r:02x}{g:02x}{b:02x}" for _, (r, g, b, a) in counted if a == 255}


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with open_workers() as opened:
        yield opened


def add(connection: Connection, workers: Workers, path: Path, name: str, **chosen: Any) -> Added:
    layer = CustomLayer(
        name,
        Label(name, name),
        Label("", ""),
        chosen.pop("audience", Audience.OPERATOR),
        Draft("POINT", has_heights=False, fields=()),
        "#c2185b",
    )
    choice = Choice(chosen.pop("layer", None), chosen.pop("geometry", None))
    wish = Wish(name, choice, "Asia/Ho_Chi_Minh", chosen.pop("encoding", None))
    return add_layer(connection, path.parent, Addition(path, layer, wish, **chosen), workers)


def test_files_of_every_kind_become_layers(city: Connection, workers: Workers, tmp_path: Path) -> None:
    """GeoPackage, Shapefile in TCVN3, CSV, ZIP; lines with heights, areas that need repair; each typed as it is."""
    points = np.array([shapely.Point(PLACE[0] + n * 1e-4, PLACE[1]) for n in range(3)], dtype=object)
    package = tmp_path / "two layers.gpkg"
    values = [np.array([1, 2, 3]), np.array(["2024-05-01T10:00:00"] * 3, dtype="datetime64[ms]")]
    for name in ("a", "b"):
        pyogrio.raw.write(
            package, shapely.to_wkb(points), values, np.array(["số", "lúc"], dtype=object), layer=name,
            crs="EPSG:4326", geometry_type="Point", append=name == "b",
        )  # fmt: skip
    with pytest.raises(Invalid, match=r"holds 'a' \(3 points\), 'b' \(3 points\): choose one with --layer"):
        add(city, workers, package, "packed")
    added = add(city, workers, package, "packed", layer="B")
    assert [(f.name, f.kind.value) for f in added.layer.draft.fields] == [("so", "integer"), ("luc", "moment")]
    assert city.execute("select distinct source_layer from packed").fetchall() == [("b",)]
    assert city.execute("select (luc at time zone 'Asia/Ho_Chi_Minh')::text from packed limit 1").fetchall() == [
        ("2024-05-01 10:00:00",)
    ]

    shapes = tmp_path / "cột.shp"
    texts = np.array([b"\xa7\xad\xeang L\xaa L\xeei".decode("latin-1"), "Hu\xd5", "Ph\xa8ng"], dtype=object)
    pyogrio.raw.write(
        shapes, shapely.to_wkb(points), [texts, np.array(["0912", "0913", "7"], dtype=object)],
        np.array(["TEN", "MA"], dtype=object), crs="EPSG:4326", geometry_type="Point", encoding="ISO-8859-1",
    )  # fmt: skip
    (tmp_path / "cột.cpg").unlink(missing_ok=True)
    with zipfile.ZipFile(tmp_path / "poles.zip", "w") as archive:
        for part in tmp_path.glob("cột.*"):
            archive.write(part, part.name)
    added = add(city, workers, tmp_path / "poles.zip", "poles", encoding="TCVN3")
    assert city.execute("select ten, ma from poles order by id limit 2").fetchall() == [
        ("Đường Lê Lợi", "0912"),
        ("Huế", "0913"),
    ]

    table = tmp_path / "wifi.csv"
    table.write_text('kinhDo,viDo,Tên điểm,số,tỷ lệ,mã\n107.58,16.46,"Chợ, Đông Ba",3,"1,5",007\n', "utf-8")
    add(city, workers, table, "wifi")
    assert city.execute("select ten_diem, so, ty_le, ma, st_srid(geom) from wifi").fetchall() == [
        ("Chợ, Đông Ba", 3, 1.5, "007", 9214)
    ]

    mixed = write(
        tmp_path / "mixed.geojson",
        a_feature({"type": "LineString", "coordinates": [[107.58, 16.46, 2.5], [107.581, 16.46, 3]]}, a=1),
        a_feature({"type": "LineString", "coordinates": [[107.58, 16.461], [107.581, 16.461]]}, a=2),
        a_feature(a_point()),
    )
    with pytest.raises(Invalid, match=r"\(1 points\), 'mixed' \(2 lines\): choose one with --geometry"):
        add(city, workers, mixed, "mixed")
    added = add(city, workers, mixed, "mixed", geometry="lines")
    assert (added.layer.draft.geometry, added.layer.draft.has_heights, added.report.read) == ("LINESTRING", True, 2)
    assert city.execute("select st_zmax(geom_z), st_zmflag(geom) from mixed order by id").fetchall() == [
        (3, 0),
        (None, 0),
    ]

    ring = [[107.58, 16.46], [107.581, 16.46], [107.581, 16.461], [107.58, 16.461], [107.58, 16.46]]
    bow = [ring[0], ring[2], ring[1], ring[3], ring[0]]
    areas = write(
        tmp_path / "areas.geojson",
        a_feature({"type": "Polygon", "coordinates": [ring]}),
        a_feature({"type": "MultiPolygon", "coordinates": [[ring]]}),
        a_feature({"type": "Polygon", "coordinates": [bow]}),
    )
    added = add(city, workers, areas, "areas")
    assert (added.layer.draft.geometry, added.report.loaded, added.report.refused) == ("POLYGON", 2, 1)
    refused = city.execute("select fault, custom_layer from quarantined_rows q join source_files f on f.id ="
                           " q.source_file_id where f.custom_layer = 'areas'").fetchall()  # fmt: skip
    assert refused == [("invalid-geometry", "areas")]

    with pytest.raises(Invalid, match="no record can be shown"):
        add(city, workers, write(tmp_path / "far.geojson", a_feature({"type": "Polygon", "coordinates": [bow]})), "far")
    assert city.execute("select count(*) from source_files where custom_layer = 'far'").fetchall() == [(0,)]
    assert {one.layer.name for one in list_custom(city)} == {"areas", "mixed", "packed", "poles", "wifi"}
    for one in list_custom(city):
        remove_layer(city, one.layer.name)


def test_a_version_can_be_undone_whatever_its_fields(city: Connection, workers: Workers, tmp_path: Path) -> None:
    """A new version with other fields replaces the table; undone, the former is back to the last value and id."""
    file = write(tmp_path / "a.geojson", *(a_feature(a_point(n), code=f"A{n}", h=n) for n in range(3)))
    first = add(city, workers, file, "benches")
    before = city.execute("select id, code, h, geom::text from benches order by id").fetchall()
    write(file, *(a_feature(a_point(n), code=f"A{n}", h=f"{n} m", new=True) for n in (2, 0, 7)))
    second = add(city, workers, file, "benches")
    assert second.change is not None
    assert (second.change.added, second.change.changed, second.change.removed) == (1, 2, 1)
    assert city.execute("select id, code, h, new from benches order by id").fetchall() == [
        (1, "A0", "0 m", True), (3, "A2", "2 m", True), (6, "A7", "7 m", True),
    ]  # fmt: skip
    with pytest.raises(Conflict, match="undo run"):
        undo_run(city, first.run_id or 0)
    assert undo_run(city, second.run_id or 0) == 3
    assert city.execute("select id, code, h, geom::text from benches order by id").fetchall() == before
    assert add(city, workers, file, "benches").change == second.change, "after an undo the file is as new as it was"
    assert undo_run(city, city.execute("select max(id) from import_runs").fetchall()[0][0]) == 3
    assert undo_run(city, first.run_id or 0) == 0
    left = city.execute(
        "select schemaname || '.' || tablename from pg_tables where schemaname in ('twin_custom', 'twin_past')"
    ).fetchall()
    assert left == []
    states = dict(city.execute("select layer, features from layer_states").fetchall())
    assert "benches" not in states


def test_what_was_closed_stays_closed(city: Connection, workers: Workers, tmp_path: Path) -> None:
    """No undo opens to the public what was closed to it since."""
    file = write(tmp_path / "a.geojson", a_feature(a_point(), code="A"))
    add(city, workers, file, "closed")
    open_layer(city, "closed", Audience.PUBLIC)
    write(file, a_feature(a_point(), code="B"))
    second = add(city, workers, file, "closed", audience=Audience.PUBLIC)
    may_read = "select has_table_privilege('twin_public', 'twin_custom.closed', 'select'), audience from custom_layers"
    assert city.execute(may_read).fetchall() == [(True, "twin_public")]
    open_layer(city, "closed", Audience.OPERATOR)
    undo_run(city, second.run_id or 0)
    assert city.execute("select code from closed").fetchall() == [("A",)]
    assert city.execute(may_read).fetchall() == [(False, "twin_operator")]
    remove_layer(city, "closed")


def test_what_is_closed_during_a_load_stays_closed(
    place: Town, city: Connection, workers: Workers, tmp_path: Path
) -> None:
    """Who closes or restyles a layer while its next version is on its way is overruled by it only where it says so."""
    file = write(tmp_path / "a.geojson", a_feature(a_point(), code="A"))
    add(city, workers, file, "watched", audience=Audience.PUBLIC)
    drawn = '[{"id": "c", "type": "circle", "source": "watched"}]'

    def close(_: int) -> None:
        with connect(place.url) as other:
            open_layer(other, "watched", Audience.OPERATOR)
            restyle(other, "watched", drawn)

    def load(code: str, audience: Audience, on_rows: Callable[[int], None]) -> Added:
        (former,) = read_custom(city)
        wish = Wish("watched", Choice(), "Asia/Ho_Chi_Minh")
        write(file, a_feature(a_point(), code=code))
        addition = Addition(file, replace(former, audience=audience), wish, former=former)
        return add_layer(city, tmp_path, addition, workers, on_rows=on_rows)

    may_read = "select has_table_privilege('twin_public', 'twin_custom.watched', 'select'), audience, code, style"
    kept = f"{may_read} from custom_layers, watched"
    second = load("B", Audience.PUBLIC, close)
    assert second.layer.audience == Audience.OPERATOR
    assert city.execute(kept).fetchall() == [(False, "twin_operator", "B", json.loads(drawn))]
    load("C", Audience.PUBLIC, lambda _: None)
    assert city.execute(kept).fetchall() == [(True, "twin_public", "C", json.loads(drawn))]
    assert undo_run(city, city.execute("select max(id) from import_runs").fetchall()[0][0]) == 1
    assert city.execute(kept).fetchall() == [(False, "twin_operator", "B", json.loads(drawn))]
    remove_layer(city, "watched")
    with pytest.raises(Conflict, match="was removed"):
        open_layer(city, "watched", Audience.PUBLIC)


def test_a_long_layer_is_read_in_turns(city: Connection, workers: Workers, tmp_path: Path) -> None:
    """More records than are held at once: all are there, typed by all of them, from the second layer of a file, too."""
    count = 50_050
    places = shapely.points(PLACE[0] + np.arange(count) % 300 * 1e-5, PLACE[1] + np.arange(count) // 300 * 1e-5)
    numbers = np.arange(count, dtype=np.int64)
    texts = np.array([f"C{n}" for n in numbers], dtype=object)
    texts[-1] = "7"
    for name, of in (("few", slice(3)), ("many", slice(None))):
        pyogrio.raw.write(
            tmp_path / "long.gpkg", shapely.to_wkb(places[of]), [numbers[of], texts[of]],
            np.array(["số", "mã"], dtype=object), layer=name, crs="EPSG:4326", geometry_type="Point",
            append=name == "many",
        )  # fmt: skip
    added = add(city, workers, tmp_path / "long.gpkg", "long", layer="many")
    assert (added.layer.draft.geometry, added.report.loaded, added.report.refused) == ("POINT", count, 0)
    assert city.execute("select count(*), max(so), min(id), max(id) from long").fetchall() == [
        (count, count - 1, 1, count)
    ]
    assert city.execute("select count(distinct source_row) from long").fetchall() == [(count,)]
    remove_layer(city, "long")


def test_a_layer_shadows_nothing(city: Connection) -> None:
    """No id can be taken for a table of the twin, of PostGIS or of PostgreSQL, nor for the city's own tiles."""
    for name in ("trees", "city", "trees_left_out", "spatial_ref_sys", "geometry_columns", "access_keys", "pg_class"):
        with pytest.raises(Conflict, match="--id"):
            check_name(city, name)
    for name in ("", "Bad", "a-b", "1a", "x" * 41, "a b", 'a"'):
        with pytest.raises(Invalid, match="--id"):
            check_name(city, name)
    with pytest.raises(NotFound, match="none was added yet"):
        remove_layer(city, "nix")
    with pytest.raises(Conflict, match="own layers"):
        remove_layer(city, "trees")


def test_roles_may_no_more_than_read(place: Town, city: Connection, workers: Workers, tmp_path: Path) -> None:
    """What is for operators the public cannot read or know of; nobody but the owner makes or changes layers."""
    add(city, workers, write(tmp_path / "a.geojson", a_feature(a_point(), code="A")), "hidden")
    for role in (*Audience, *Role):
        with psycopg.connect(place.login(role), autocommit=True) as opened:
            names = opened.execute("select name from twin.visible_custom_layers").fetchall() if role in Audience else []
            assert names == ([("hidden",)] if role == Audience.OPERATOR else [])
            statements = [
                "create table twin_custom.x (a int)",
                "create table twin_past.x (a int)",
                "delete from twin_custom.hidden",
                "drop table twin_custom.hidden",
                "update twin.custom_layers set audience = 'twin_public'",
                "select * from twin.custom_layers",
            ]
            if role == Audience.PUBLIC:
                statements.append("select * from twin_custom.hidden")
            for statement in statements:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    opened.execute(statement)
    remove_layer(city, "hidden")
