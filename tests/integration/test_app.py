"""The whole service over HTTP: who sees what, and the clash check through its OGC door."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from psycopg import sql
from starlette.testclient import TestClient

from layers.access import grant_key, list_keys, revoke_key
from layers.database import Audience, Role, connect
from layers.errors import NotFound
from twin.app import Doors, create_app
from twin.excavations.practice import Practice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from httpx import Response

ADDRESS = "http://127.0.0.1:8000"
PIPE = (
    "insert into utility_lines (discipline, owner, vertical_reference, ground_source, elevation_source, section_shape,"
    " outer_width_m, outer_height_m, quality_level, geom, axis) values ('water', 'Công ty Cấp nước', 'axis', 'none',"
    " 'measured', 'circular', 0.2, 0.2, 'A', st_geomfromtext('LINESTRING(562000 1820000, 562020 1820000)', 9214),"
    " st_geomfromtext('LINESTRING Z(562000 1820000 1, 562020 1820000 1)', 9214))"
)
DIG = {
    "type": "Polygon",
    "coordinates": [
        [[107.5825, 16.4547], [107.5827, 16.4547], [107.5827, 16.4550], [107.5825, 16.4550], [107.5825, 16.4547]]
    ],
}


def client(city: str, folder: Path, *, open_desk: bool = False) -> Iterator[TestClient]:
    databases = {role: city.replace("//twin@", f"//{role}@") for role in (*Audience, *Role)}
    doors = Doors(databases, Practice(folder), ADDRESS, open_desk=open_desk)
    with TestClient(create_app(doors), base_url=ADDRESS, raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def web(city: str, tmp_path: Path) -> Iterator[TestClient]:
    with connect(city) as connection:
        connection.execute(PIPE)
    yield from client(city, tmp_path)


@pytest.fixture
def desk(city: str, tmp_path: Path) -> Iterator[TestClient]:
    with connect(city) as connection:
        connection.execute(PIPE)
    yield from client(city, tmp_path, open_desk=True)


def key(city: str, name: str = "Công ty Cấp nước") -> str:
    with connect(city) as connection:
        return grant_key(connection, name)


def collections(web: TestClient, **options: Any) -> set[str]:
    answer = web.get("/ogc/collections?f=json", **options)
    assert answer.status_code == 200
    return {collection["id"] for collection in answer.json()["collections"]}


RESTRICTED = {"utility_lines", "utility_nodes", "excavations", "restricted_zones"}


@pytest.mark.parametrize(
    "path",
    [
        "/ogc/collections/utility_lines",
        "/ogc/collections/utility_lines/items",
        "/ogc/collections/utility_lines/items?f=html",
        "/ogc/collections/utility_lines/items?f=csv",
        "/ogc/collections/utility_lines/items?bbox=107,16,108,17",
        "/ogc/collections/utility_lines/items?owner=x",
        "/ogc/collections/utility_lines/items/1",
        "/ogc/collections/utility_lines/queryables",
        "/ogc/collections/utility_lines/schema",
        "/ogc/collections/utility_nodes/items",
        "/ogc/collections/excavations/items",
        "/ogc/collections/restricted_zones/items",
        "/ogc/processes/clash-check",
        "/ogc/processes/clash-check-many",
        "/ogc/collections/utility_lines/tiles",
        "/tiles/utility_lines.json",
        "/tiles/utility_lines/16/52352/29730.pbf",
    ],
)
def test_public_finds_nothing_restricted(web: TestClient, path: str) -> None:
    """Without a key what is underground does not exist, by any path."""
    assert web.get(path).status_code == 404


def test_public_cannot_run_the_check(web: TestClient) -> None:
    """The check tells where pipes lie: it is for operators."""
    answer = web.post("/ogc/processes/clash-check/execution", json={"inputs": {"excavation": DIG, "depth_m": 1.5}})
    assert answer.status_code == 404


def test_processes_are_described_in_openapi_3_0(desk: TestClient) -> None:
    """A schema in a description has one type, and no null beside it (OGC 18-062r2, schema.yaml)."""

    def types(schema: Any) -> Iterator[Any]:
        if isinstance(schema, dict):
            yield from (schema["type"],) if "type" in schema and not isinstance(schema["type"], dict) else ()
            yield from (found for value in schema.values() for found in types(value))
        elif isinstance(schema, list):
            yield from (found for value in schema for found in types(value))

    listed = desk.get("/ogc/processes").json()["processes"]
    assert len(listed) > 1
    for process in listed:
        described = desk.get(f"/ogc/processes/{process['id']}").json()
        assert set(types([described["inputs"], described["outputs"]])) <= {
            *("array", "boolean", "integer", "number", "object", "string")
        }


def test_key_opens_utilities(web: TestClient, city: str) -> None:
    """Bearer and Basic both carry a key; the public collections stay what they were."""
    secret = key(city)
    basic = base64.b64encode(f"anyone:{secret}".encode()).decode()
    public = collections(web)
    assert not public & RESTRICTED
    for header in (f"Bearer {secret}", f"Basic {basic}"):
        assert collections(web, headers={"Authorization": header}) == public | RESTRICTED
    tile = web.get("/tiles/city/16/52352/29730.pbf", headers={"Authorization": f"Bearer {secret}"})
    assert (tile.status_code, b"utility_lines" in tile.content) == (200, True)
    assert web.get("/tiles/city/16/52352/29730.pbf").status_code == 204


@pytest.mark.parametrize(
    "header", ["Bearer wrong", "Basic %%%", "Basic d3Jvbmc=", "Digest x", "Bearer", "", "Basic /////w=="]
)
def test_wrong_keys_are_refused_not_ignored(web: TestClient, header: str) -> None:
    """A caller who means to be known is not silently served as the public."""
    answer = web.get("/ogc/collections", headers={"Authorization": header})
    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer.headers


def test_the_log_has_who_asked_for_what(web: TestClient, city: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each use of a key and each key that is none, never the key itself, and no line that a caller wrote."""
    caplog.set_level("INFO", "twin.access")
    secret = key(city)
    web.get("/ogc/collections/utility_lines/items?limit=1", headers={"Authorization": f"Bearer {secret}"})
    web.get("/ogc/no%0Asuch", headers={"Authorization": f"Bearer {secret}"})
    web.get("/ogc/", headers={"Authorization": "Bearer guessed"})
    web.get("/ogc/")
    assert [record.getMessage().partition(" ")[2] for record in caplog.records if record.name == "twin.access"] == [
        '"Công ty Cấp nước" GET /ogc/collections/utility_lines/items?limit=1 200',
        '"Công ty Cấp nước" GET /ogc/no%0Asuch 404',
        '"nobody known" GET /ogc/ 401',
    ]


def test_revoked_and_replaced_keys_end(web: TestClient, city: str) -> None:
    """A new key for a name ends the old one, and revoking ends it at once."""
    first = key(city)
    second = key(city)
    assert web.get("/ogc/collections", headers={"Authorization": f"Bearer {first}"}).status_code == 401
    with connect(city) as connection:
        assert [name for name, _ in list_keys(connection)] == ["Công ty Cấp nước"]
        revoke_key(connection, "Công ty Cấp nước")
        with pytest.raises(NotFound):
            revoke_key(connection, "Công ty Cấp nước")
    assert web.get("/ogc/collections", headers={"Authorization": f"Bearer {second}"}).status_code == 401


def test_keys_are_not_kept(city: str) -> None:
    """The database holds no key, only its hash."""
    secret = key(city)
    with connect(city) as connection:
        rows = connection.execute("select row_to_json(k)::text from access_keys k").fetchall()
    assert secret not in str(rows)


def test_open_desk_serves_its_own_machine(desk: TestClient) -> None:
    """At a desk no key is needed."""
    assert collections(desk) >= RESTRICTED


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "city.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "x]"},
        {"X-Forwarded-For": "10.0.0.1"},
        {"Forwarded": "for=10.0.0.1"},
        {"X-Real-IP": "10.0.0.1"},
    ],
)
def test_open_desk_refuses_proxies_and_foreign_names(desk: TestClient, headers: dict[str, str]) -> None:
    """A proxy in front, or a web page that rebinds a name to 127.0.0.1, gets nothing from an open desk."""
    answer = desk.get("/ogc/collections", headers=headers)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


def test_rules_and_surroundings_over_the_ogc_process(desk: TestClient) -> None:
    """What is laid is judged and the surroundings are surveyed, each with its source; nobody's name is in it."""
    lays = [{"discipline": "telecom", "diameter_m": 0.1, "depth_m": 0.8}]
    feature = {"type": "Feature", "geometry": DIG, "properties": {"depth_m": 1.5, "lays": lays}}
    answer = desk.post(
        "/ogc/processes/clash-check/execution", json={"inputs": {"excavation": feature, "ways_out": True}}
    )
    assert answer.status_code == 200, answer.text
    (report,) = answer.json()["reports"]
    assert len(report["ways_out"]["without"]) + len(report["ways_out"]["ways"]) > 0
    (laid,) = report["laid"]
    assert {distance["verdict"] for distance in laid["distances"]} == {"unknown"}
    assert laid["distances"][0]["rule"]["source"]["vi"].startswith("QCVN 01:2021/BXD")
    assert report["rules"][0]["status"] == "draft"
    assert "restricted_zones" in report["surroundings"]["not_loaded"]


def test_check_over_the_ogc_process(desk: TestClient) -> None:
    """The process answers what the command line answers: owner, gaps, source and the honest remark on terrain."""
    answer = desk.post("/ogc/processes/clash-check/execution", json={"inputs": {"excavation": DIG, "depth_m": 1.5}})
    assert answer.status_code == 200, answer.text
    (report,) = answer.json()["reports"]
    (clash,) = report["clashes"]
    assert (clash["outcome"], clash["owner"]) == ("unknown", "Công ty Cấp nước")
    assert clash["feature"] == {"collection": "utility_lines", "id": 1}
    assert report["is_clear"] is False
    assert report["ways_out"] is None, "not asked for"
    assert clash["probability"]["of"] == "plan"
    assert "95%" in report["probability_rests_on"]["en"]
    assert report["counts"] == {"definite": 0, "possible": 0, "unknown": 1, "clear": 0}
    assert {remark["vi"] for remark in report["remarks"]} >= {
        "Không có mô hình địa hình tại đây: không thể kết luận an toàn theo chiều sâu."
    }


def test_many_digs_are_answered_each(desk: TestClient) -> None:
    """The process of many has a line for each in their order; what is wrong with one stops no other."""
    features = [
        {"type": "Feature", "geometry": DIG, "properties": {"name": name, "depth_m": depth}}
        for name, depth in (("A", 1.5), ("B", 900), ("C", 1.5))
    ]
    document = {"type": "FeatureCollection", "features": features}
    answer = desk.post("/ogc/processes/clash-check-many/execution", json={"inputs": {"excavations": document}})
    told = [feature["properties"] for feature in answer.json()["features"]]
    assert [each["name"] for each in told] == ["A", "B", "C"]
    assert [len(each["refused"]) for each in told] == [0, 1, 0]
    assert told[0]["counts"] == told[2]["counts"] == {"definite": 0, "possible": 0, "unknown": 1, "clear": 0}
    assert not told[0]["is_clear"]


def test_the_process_answers_as_page_pdf_and_geojson(desk: TestClient) -> None:
    """The one output comes in the format that is asked for; a page or PDF is of one dig, other formats are refused."""

    def ask(media_type: str, excavation: Any = DIG, **more: Any) -> Response:
        outputs = {"reports": {"format": {"mediaType": media_type}}}
        body = {"inputs": {"excavation": excavation, "depth_m": 1.5}, "outputs": outputs} | more
        return desk.post("/ogc/processes/clash-check/execution", json=body)

    two = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": DIG, "properties": {}}] * 2}
    pdf, page, features = (ask(media) for media in ("application/pdf", "text/html", "application/geo+json"))
    assert (pdf.status_code, pdf.headers["content-type"], pdf.content[:4]) == (200, "application/pdf", b"%PDF")
    assert page.text.lower().startswith("<!doctype")
    assert [feature["properties"]["role"] for feature in features.json()["features"]] == ["excavation", "object"]
    assert len(ask("application/geo+json", two).json()["features"]) == 4
    assert ask("application/pdf", response="document").json()["reports"]["encoding"] == "base64"
    for refused in (ask("application/pdf", two), ask("image/png")):
        assert refused.status_code == 400


@pytest.mark.parametrize(
    "inputs",
    [{}, {"excavation": DIG}, {"excavation": [], "depth_m": 1}, {"excavation": DIG, "depth_m": "deep"},
     {"excavation": DIG, "depth_m": 900}, {"excavation": {"type": "Point", "coordinates": [107, 16]}, "depth_m": 1}],
)  # fmt: skip
def test_bad_requests_are_400_with_the_fault(desk: TestClient, inputs: dict[str, Any]) -> None:
    """Bad input is the caller's, and says what is wrong with it."""
    answer = desk.post("/ogc/processes/clash-check/execution", json={"inputs": inputs})
    assert answer.status_code == 400
    assert "excavation" in answer.text or "depth" in answer.text


def test_front_page_speaks_both_languages(web: TestClient) -> None:
    """Vietnamese unless the browser prefers English, or the page is asked for it."""
    assert 'lang="vi"' in web.get("/", headers={"Accept-Language": "fr"}).text
    assert 'lang="en"' in web.get("/", headers={"Accept-Language": "en-GB,en"}).text
    assert 'lang="vi"' in web.get("/?lang=vi", headers={"Accept-Language": "en"}).text
    assert 'lang="en"' in web.get("/?lang=en").text


def test_front_page_shows_the_city_to_everybody(web: TestClient, city: str) -> None:
    """Where the boundary lies, in the public's own tiles; without one there is no picture."""
    assert "<image" not in web.get("/").text
    with connect(city) as connection:
        connection.execute(
            "insert into boundaries (level, name, geom) select 'ward', 'A', st_multi(st_makeenvelope(560000, 1818000,"
            " 562000, 1820000, 9214))"
        )
    tiles = re.findall(r'<image [^>]*href="([^"]+)"', web.get("/").text)
    assert tiles
    assert {web.get(tile).status_code for tile in tiles} == {200}


def test_health_tells_of_the_database(web: TestClient, city: str) -> None:
    """A monitor learns within one request that the database is gone."""
    assert web.get("/health").json() == {"status": "ok"}
    parts = urlsplit(city)
    name = parts.path.removeprefix("/")
    with connect(parts._replace(netloc="postgres@", path="/postgres").geturl()) as other:
        other.execute(sql.SQL("alter database {} with allow_connections false").format(sql.Identifier(name)))
        other.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))
    assert web.get("/health").status_code == 503


def test_styles_show_what_the_caller_may_see(web: TestClient, desk: TestClient) -> None:
    """The city's style draws each layer of the audience, and its source has them."""
    public, operator = (c.get("/ogc/styles/city").json() for c in (web, desk))
    seen, all_of_it = ({layer["source-layer"] for layer in style["layers"]} for style in (public, operator))
    assert all_of_it - seen == RESTRICTED
    told = web.get(public["sources"]["city"]["url"].removeprefix(ADDRESS)).json()
    assert {layer["id"] for layer in told["vector_layers"] if not layer["id"].endswith("_left_out")} == seen
    assert web.get("/ogc/styles/utility_lines").status_code == 404
    listed = {style["id"] for style in web.get("/ogc/styles").json()["styles"]}
    assert listed == {"city", *seen}
    assert not any(name.encode() in web.get("/ogc/styles/city?f=sld").content for name in RESTRICTED)
