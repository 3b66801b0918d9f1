"""The documents around the features: true, linked, bilingual, and complete without another host."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import pytest
from pygeoapi.openapi import validate_openapi_document

from layers.query import MAX_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Town
    from httpx import Client, Response

pytestmark = pytest.mark.usefixtures("furnished")

PARTS = {"featureId": "999999", "style": "city", "collectionId": "boundaries", "tileMatrixSetId": "WebMercatorQuad"}
PARTS |= dict.fromkeys(("tileMatrix", "tileRow", "tileCol", "z", "x", "y"), "0") | {"layer": "city"}
BLOCK = {"collectionId": "trees", "size": "4", "level": "6", "column": "0", "row": "0", "page": "0"}
# Objects begin at zoom 15.
OBJECTS = PARTS | {"objects": "buildings", "z": "15"}
LOADING = {
    "image": "href",
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "object": "data",
}


class Page(HTMLParser):
    """What a page loads and where it leads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        value = dict(attrs).get(LOADING.get(tag, "href"))
        if value:
            (self.loads if tag in LOADING else self.leads).append(value)


def crawl(client: Client, start: str, follow: Callable[[Response], list[str]]) -> dict[str, Response]:
    """Every address within the service that can be reached from `start`, with its answer."""
    base, waiting = str(client.base_url).rstrip("/"), [start]
    found: dict[str, Response] = {}
    while waiting:
        address = waiting.pop()
        if address in found or not address.startswith(base):
            continue
        found[address] = client.get(address, follow_redirects=True)
        waiting += [urljoin(address, target) for target in follow(found[address])]
    return found


def hrefs(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["href"]] if isinstance(value.get("href"), str) and not value.get("templated") else []
        return own + [href for part in value.values() for href in hrefs(part)]
    return [href for part in value for href in hrefs(part)] if isinstance(value, list) else []


@pytest.fixture
def furnished(town: Town) -> Town:
    """A town with something in it."""
    town.trees(2)
    town.a_pipe(axis_m=1)
    town.a_ward("Thuận Hóa")
    return town


def test_pages_need_no_other_host(operator: Client) -> None:
    """Every page that can be reached loads nothing from elsewhere, and no link leads into a void."""
    home = f"{operator.base_url}?f=html"

    def follow(answer: Response) -> list[str]:
        page = Page(answer.text if "html" in answer.headers["content-type"] else "")
        return page.leads + page.loads

    found = crawl(operator, home, follow)
    pages = {url: answer for url, answer in found.items() if "html" in answer.headers["content-type"]}
    assert {url: a.status_code for url, a in found.items() if a.status_code != 200} == {}
    assert {urlsplit(url).path.removeprefix("/ogc") for url in pages} >= {
        *("/", "/collections", "/processes", "/openapi", "/conformance", "/processes/echo", "/collections/trees"),
        *("/collections/trees/items", "/collections/trees/schema", "/collections/trees/items/1"),
    }
    for url, answer in pages.items():
        own = urlsplit(url).netloc
        loaded = [urlsplit(urljoin(url, target)) for target in Page(answer.text).loads]
        assert {part.netloc for part in loaded if part.scheme in ("http", "https")} <= {own}, url
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "@import" not in answer.text
        assert "url(" not in answer.text


def test_pages_show_their_features_on_the_map(operator: Client) -> None:
    """A picture of the city's own tiles; of features whose coordinates are no degrees none."""
    trees = operator.get("/collections/trees/items").json()["features"]
    shown = {"": 0, "/collections/trees": 0, "/collections/trees/items": len(trees), "/collections/trees/items/1": 1}
    for path, shapes in shown.items():
        text = operator.get(f"{path}?f=html").text
        tiles = [target for target in Page(text).loads if "/map/tiles/" in target]
        assert tiles, path
        assert {operator.get(target.removeprefix("/ogc")).headers["content-type"] for target in tiles} == {"image/png"}
        assert text.count("<circle") == shapes, path
    projected = "http://www.opengis.net/def/crs/EPSG/0/9214"
    text = operator.get("/collections/trees/items", params={"f": "html", "crs": projected}).text
    assert "<image" not in text


@pytest.mark.parametrize(("lang", "height"), [("en", "Height (m)"), ("vi", "Chiều cao (m)")])
def test_pages_name_properties_as_people_do(operator: Client, lang: str, height: str) -> None:
    """Titles in the page's language with their unit, the name beside them for those who write queries."""
    for path in ("/collections/trees/items", "/collections/trees/items/1"):
        page = operator.get(f"{path}?f=html&lang={lang}").text
        assert f'<th title="height_m">{height}</th>' in page
    page = operator.get(f"/collections/trees/items?f=html&lang={lang}").text
    further = [urlsplit(link).query for link in Page(page).leads if "/items/" in link]
    assert further == [f"f=html&lang={lang}"] * (2 * page.count("<circle")), "in the table and in the picture, too"


def test_every_link_of_every_document_works(operator: Client) -> None:
    """All addresses that JSON documents give are served."""

    def follow(answer: Response) -> list[str]:
        is_json = (
            answer.headers["content-type"]
            .partition(";")[0]
            .endswith(("/json", "geo+json", "schema+json", "openapi+json"))
        )
        return hrefs(answer.json()) if is_json else []

    found = crawl(operator, str(operator.base_url), follow)
    failed = {url: a.status_code for url, a in found.items() if a.status_code != 200}
    # An execution is asked for by POST.
    assert {urlsplit(url).path for url in failed} == {"/ogc/processes/echo/execution", "/ogc/processes/shout/execution"}
    assert set(failed.values()) == {405}
    assert len(found) > 100


def test_the_landing_page_links_what_there_is(public: Client, operator: Client) -> None:
    """Tiles are promised and, only where there is a process, processes."""
    ends = [{x["rel"].rpartition("/")[2] for x in c.get("/").json()["links"]} for c in (public, operator)]
    assert ends[0] >= {"self", "service-desc", "service-doc", "conformance", "data", "tilesets-vector"}
    assert ends[1] - ends[0] == {"processes"}
    assert "tiling-schemes" in ends[0]


def test_conformance_claims_what_holds(public: Client, operator: Client) -> None:
    """No transactions without a writer, no arrays or functions in CQL2; processes only where there are some."""
    claims = [set(c.get("/conformance").json()["conformsTo"]) for c in (public, operator)]
    for name in ("core", "geojson", "html", "oas30"):
        assert f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" in claims[0]
    assert "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs" in claims[0]
    for name in ("cql2-text", "accent-insensitive-comparison", "temporal-functions", "arithmetic"):
        assert f"http://www.opengis.net/spec/cql2/1.0/conf/{name}" in claims[0]
    unclaimed = ("create", "array-functions", "conf/functions", "callback")
    assert not [claim for claim in claims[1] if any(name in claim for name in unclaimed)]
    assert {claim.split("/")[4] for claim in claims[1] - claims[0]} == {"ogcapi-processes-1"}


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_the_definition_is_valid_and_complete(operator: Client, lang: str) -> None:
    """OpenAPI holds by its schema, refers to nothing outside, and says which parameters and limits there are."""
    response = operator.get("/openapi", params={"lang": lang})
    definition = response.json()
    assert response.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    assert validate_openapi_document(definition)
    assert definition["servers"] == [{"url": str(operator.base_url).rstrip("/")}]
    for reference in list(_values(definition, "$ref")):
        target = definition
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
    assert definition["components"]["parameters"]["limit"]["schema"]["maximum"] == MAX_LIMIT
    names = {p.get("name") for p in definition["paths"]["/collections/trees/items"]["get"]["parameters"]}
    assert names >= {"f", "sortby", "properties", "height_m", "species"}
    ids = list(_values(definition, "operationId"))
    assert len(ids) == len(set(ids))


def _values(document: Any, key: str) -> Iterator[Any]:
    if isinstance(document, dict):
        for name, value in document.items():
            if name == key:
                yield value
            yield from _values(value, key)
    elif isinstance(document, list):
        for part in document:
            yield from _values(part, key)


def test_every_defined_path_is_served(operator: Client) -> None:
    """What the definition names answers to its method."""
    for path, operations in operator.get("/openapi").json()["paths"].items():
        for method in operations:
            parts = PARTS | BLOCK if "3dtiles" in path else OBJECTS if "{objects}" in path else PARTS
            answer = operator.request(method, path.format_map(parts))
            expected = {404} if "featureId" in path or "{size}" in path else {400} if method == "post" else {200}
            assert answer.status_code in expected, path


def test_texts_are_in_the_wanted_language(public: Client) -> None:
    """The parameter decides before the header, and the header by its weights; English for the rest."""
    trees = "/collections/trees"
    assert public.get(trees, params={"lang": "vi"}).json()["title"] == "Cây xanh"
    assert public.get(trees, headers={"Accept-Language": "fr, en;q=0.3, vi-VN;q=0.8"}).json()["title"] == "Cây xanh"
    assert public.get(trees, headers={"Accept-Language": "vi"}, params={"lang": "en"}).json()["title"] == "Trees"
    assert public.get(trees, headers={"Accept-Language": "fr"}).json()["title"] == "Trees"
    page = public.get(trees, params={"f": "html", "lang": "vi"})
    assert 'lang="vi"' in page.text
    assert page.headers["content-language"] == "vi"
    schema = public.get(f"{trees}/queryables", params={"lang": "vi"}).json()
    assert schema["properties"]["height_m"] == {
        "title": "Chiều cao",
        "type": "number",
        "minimum": 0.1,
        "maximum": 120,
        "x-ogc-unit": "m",
        "x-ogc-unitLang": "UCUM",
    }
    problem = public.get(f"{trees}/items?limit=0&lang=vi").json()
    assert problem["title"] == "Yêu cầu không hợp lệ"


def test_schema_and_queryables_tell_the_properties(operator: Client) -> None:
    """The schema has the geometry's type; queryables are exactly the parameters that are accepted."""
    schema = operator.get("/collections/utility_lines/schema")
    assert schema.headers["content-type"] == "application/schema+json"
    assert schema.json()["properties"]["geometry"]["format"] == "geometry-linestring"
    properties = schema.json()["properties"]
    assert properties["surveyed_on"]["format"] == "date"
    roles = {about["x-ogc-role"]: name for name, about in properties.items() if "x-ogc-role" in about}
    assert roles == {
        "id": "id",
        "primary-geometry": "geometry",
        "primary-interval-start": "valid_from",
        "primary-interval-end": "valid_to",
    }
    assert [about["x-ogc-propertySeq"] for about in properties.values()] == list(range(1, len(properties) + 1))
    assert {name for name, about in properties.items() if about.get("readOnly")} == {
        *("id", "source_file_id", "source_layer", "source_row"),
    }
    assert "water" in properties["discipline"]["enum"]
    assert set(schema.json()["required"]) >= {"geometry", "discipline", "section_shape"}
    queryables = operator.get("/collections/utility_lines/queryables").json()
    assert queryables["additionalProperties"] is False
    feature = operator.get("/collections/utility_lines/items").json()["features"][0]
    assert list(queryables["properties"]) == [*feature["properties"], "geometry"]
    sortables = operator.get("/collections/utility_lines/sortables").json()["properties"]
    assert list(sortables) == list(feature["properties"])
    fitting = {"integer": "1", "number": "1", "boolean": "true", "string": "2024-05-01"}
    for name, about in sortables.items():
        assert operator.get("/collections/utility_lines/items", params={"sortby": name}).status_code == 200
        asked = {name: fitting[about["type"]]}
        assert operator.get("/collections/utility_lines/items", params=asked).status_code == 200


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("text/html;q=0", "application/json"),
        ("image/png", "application/json"),
        ("text/html;q=abc, ;;;", "application/json"),
        ("application/ld+json", "application/ld+json"),
    ],
)
def test_the_accept_header_is_understood(public: Client, accept: str, expected: Any) -> None:
    """Weights decide, nonsense is skipped, and no answer carries a media type that it does not have."""
    assert public.get("/collections", headers={"Accept": accept}).headers["content-type"] == expected


@pytest.mark.parametrize("path", ["/", "/collections/trees", "/collections/trees/items?f=html", "/nix", "/openapi"])
def test_head_is_get_without_a_body(public: Client, path: str) -> None:
    """HEAD has the status and headers of GET; every response is protected from sniffing."""
    got, head = public.get(path), public.head(path)
    assert head.content == b""
    volatile = {"date"}
    assert {k: v for k, v in head.headers.items() if k not in volatile} == {
        k: v for k, v in got.headers.items() if k not in volatile
    }
    assert (head.status_code, got.headers["x-content-type-options"]) == (got.status_code, "nosniff")
    assert "Accept-Language" in got.headers["vary"]
    assert "x-powered-by" not in got.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nix", 404),
        ("GET", "/collections/trees/nix", 404),
        ("GET", "/collections/nix", 404),
        ("GET", "/collections/nix/items?limit=0", 404),
        ("POST", "/collections", 405),
        ("POST", "/collections/trees/items", 405),
        ("DELETE", "/collections/trees/items/1", 405),
        ("GET", "/collections?x=1", 400),
        ("GET", "/?bbox=1,2,3,4", 400),
        ("GET", "/conformance?limit=1", 400),
        ("GET", "/collections/trees?f=csv", 400),
        ("GET", "/processes?limit=abc", 400),
        ("GET", "/jobs?offset=-1", 400),
    ],
)
def test_failures_are_problem_documents(operator: Client, method: str, path: str, status: int) -> None:
    """Every failure says the same things in the same form, as JSON and as a page."""
    response = operator.request(method, path)
    problem = response.json()
    assert response.status_code == problem["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert set(problem) >= {"type", "title", "status", "code", "detail", "description"}
    assert problem["detail"] not in ("Not Found", "Method Not Allowed")
    assert ("allow" in response.headers) is (status == 405)
    page = operator.request(method, path, headers={"Accept": "text/html"})
    assert page.status_code == status
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script>" not in operator.get("/<script>", headers={"Accept": "text/html"}).text
