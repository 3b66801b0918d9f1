"""What is declared holds: requirements of the declared classes, by identifier, that OGC's own suites do not reach."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from conftest import Town
    from httpx import Client, Response

REL = "http://www.opengis.net/def/rel/ogc/1.0"
EPSG = "http://www.opengis.net/def/crs/EPSG/0"
SCHEMA = "application/schema+json"
EDITS = {"X-Edits": "yes", "X-Holder": "Lan", "Content-Type": "application/geo+json"}
MERGE = EDITS | {"Content-Type": "application/merge-patch+json"}
PLAIN = {"Accept-Encoding": "identity"}
ITEMS, TREE = "/collections/trees/items", "/collections/trees/items/{tree}"
TILE = "/tiles/WebMercatorQuad/14/7432/13088"
LAYERS = ("trees", "buildings", "utility_lines", "excavations", "terrain", "restricted_zones")
GEOMETRIES = ("point", "multipoint", "linestring", "multilinestring", "polygon", "multipolygon", "geometrycollection")
UNITED = ("any", "point-or-multipoint", "linestring-or-multilinestring", "polygon-or-multipolygon")
PAGES = (
    *("/", "/openapi", "/conformance", "/collections", "/collections/trees", ITEMS, TREE, "/processes", "/jobs"),
    *(f"/collections/trees/{name}" for name in ("schema", "queryables", "sortables", "tiles", "map/tiles")),
    *("/tiles", "/tiles/WebMercatorQuad", "/map/tiles", "/map/tiles/WebMercatorQuad", "/processes/echo"),
    *("/collections/trees/tiles/WebMercatorQuad", "/collections/trees/map/tiles/WebMercatorQuad"),
    *("/tileMatrixSets", "/tileMatrixSets/WebMercatorQuad", "/styles", "/styles/city/metadata"),
)


def a_tree(**properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [107.58, 16.46]}, "properties": properties}


@dataclass(frozen=True)
class Case:
    """A request, the status that the requirement wants, and what must be so of the answer."""

    requirement: str
    path: str
    holds: Callable[[Response], object] = lambda _: True
    status: int = 200
    method: str = "GET"
    client: str = "operator"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    def __str__(self) -> str:
        return f"{self.requirement} {self.method} {self.path}"


def links(answer: Response, rel: str) -> list[str]:
    return [link["type"] for link in answer.json()["links"] if link["rel"] == rel]


def codes(answer: Response) -> list[str]:
    return [feature["properties"]["code"] for feature in answer.json()["features"]]


def allowed(answer: Response) -> set[str]:
    return set(answer.headers["allow"].split(", "))


def found(*wanted: str, **query: str) -> tuple[str, Callable[[Response], object]]:
    return f"{ITEMS}?{urlencode(query)}", lambda answer: codes(answer) == list(wanted)


def is_schema(answer: Response) -> bool:
    """A JSON Schema as Part 5 wants it, of an address that is its own."""
    schema = answer.json()
    Draft202012Validator.check_schema(schema)
    own = str(answer.url).partition("?")[0]
    return (schema["$schema"], schema["$id"], schema["type"]) == (
        *("https://json-schema.org/draft/2020-12/schema", own, "object"),
    )


def describes_properties(answer: Response) -> bool:
    """A type unless it is spatial, a known format where it is; temporal properties are texts; extensions are OGC's."""
    for described in answer.json()["properties"].values():
        form = described.get("format", "")
        spatial = form.startswith("geometry-")
        assert spatial is ("type" not in described)
        assert not spatial or form.removeprefix("geometry-") in GEOMETRIES + UNITED
        assert form not in ("date", "date-time") or described["type"] == "string"
        assert all(name.startswith("x-ogc-") for name in described if name.startswith("x-"))
    return True


def has_proper_roles(answer: Response) -> bool:
    """Each role at most once, of a fitting property; an interval is equally exact at its ends, a sole date is it."""
    by_role: dict[str, Any] = {}
    for described in answer.json()["properties"].values():
        role = described.get("x-ogc-role")
        assert role is None or role not in by_role
        by_role[role] = described
    start, end, day = (by_role.get(f"primary-{name}") for name in ("interval-start", "interval-end", "instant"))
    dates = [described for described in answer.json()["properties"].values() if described.get("format") == "date"]
    return (
        by_role["id"]["type"] in ("integer", "string")
        and by_role["primary-geometry"]["format"].startswith("geometry-")
        and (start or end or {}).get("format") == (end or start or {}).get("format")
        and (len(dates) != 1 or day in dates)
        and not (day and (start or end))
    )


def schema_cases() -> Iterator[Case]:
    accept = {"Accept": SCHEMA}
    for layer in LAYERS:
        path = f"/collections/{layer}"
        for kind, name in (
            ("returnables-and-receivables", "schema"),
            ("queryables", "queryables"),
            ("sortables", "sortables"),
        ):
            yield Case(f"common-3/{kind}/link", path, lambda a, name=name: SCHEMA in links(a, f"{REL}/{name}"))
            yield Case(
                f"common-3/{kind}/op",
                f"{path}/{name}",
                lambda a: a.headers["content-type"] == SCHEMA,
                headers=accept,
            )
            yield Case("common-3/schemas/json-schema", f"{path}/{name}?lang=vi", is_schema)
            yield Case("common-3/schemas/properties", f"{path}/{name}", describes_properties)
        yield Case("common-3/advanced-property-roles/role", f"{path}/schema", has_proper_roles)
        yield Case(
            "common-3/sortables/response C, D",
            f"{path}/sortables",
            lambda a: all(p["type"] not in ("object", "array") for p in a.json()["properties"].values()),
        )
    yield Case("common-3/sortables/response E", f"{ITEMS}?sortby=colour", status=400)
    yield Case("common-3/queryables/response C", f"{ITEMS}?filter=colour=1", status=400)


NEAR = "S_INTERSECTS(geometry,POLYGON(({})))"
SQUARE = ((107.579, 16.459), (107.581, 16.459), (107.581, 16.461), (107.579, 16.461), (107.579, 16.459))
LON_LAT = NEAR.format(",".join(f"{x} {y}" for x, y in SQUARE))
LAT_LON = NEAR.format(",".join(f"{y} {x}" for x, y in SQUARE))

FILTERS = (
    Case("features-3/queryables-query-parameters/parameters", *found("A1", code="A1")),
    Case("features-3/filter/filter-param", *found("A2", filter="height_m > 3")),
    Case("features-3/filter/filter-lang-param", *found("A2", **{"filter": "height_m > 3", "filter-lang": "cql2-text"})),
    Case("features-3/filter/filter-lang-param", f"{ITEMS}?filter=height_m>3&filter-lang=sql", status=400),
    Case("features-3/filter/filter-crs-wgs84", *found("A1", filter=LON_LAT)),
    Case("features-3/filter/filter-crs-param", *found("A1", **{"filter": LAT_LON, "filter-crs": f"{EPSG}/4326"})),
    Case("features-3/filter/filter-crs-param", f"{ITEMS}?filter=height_m>3&filter-crs={EPSG}/28992", status=400),
    Case("features-3/filter/mixing-expressions", *found(bbox="107.579,16.459,107.581,16.461", filter="height_m > 3")),
)

TAG = '"1-1.0.0-json-en"'
WRITING = (
    Case(
        "features-4/create-replace-delete/options-response",
        ITEMS,
        lambda a: allowed(a) == {"GET", "HEAD", "OPTIONS", "POST"},
    ),
    Case(
        "features-4/update/methods",
        TREE,
        lambda a: allowed(a) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"},
    ),
    Case(
        "features-4/create-replace-delete/options-response C",
        "/collections/terrain/items",
        lambda a: allowed(a) == {"GET", "HEAD", "OPTIONS"},
    ),
)
EDITING = (
    *(Case(c.requirement, c.path, c.holds, method="OPTIONS", client="editor", headers=EDITS) for c in WRITING),
    Case(
        "features-4/create-replace-delete/options-op",
        TREE,
        lambda a: allowed(a) == {"GET", "HEAD", "OPTIONS"},
        method="OPTIONS",
    ),
    *(
        Case(
            "features-4/create-replace-delete/put-rid-exception B",
            f"{ITEMS}/{missing}",
            status=412,
            method=method,
            client="editor",
            headers=EDITS | {"If-Match": tag},
            body=a_tree(),
        )
        for method, missing, tag in (("PUT", "999", "*"), ("PATCH", "999", TAG), ("DELETE", "abc", TAG))
    ),
    Case(
        "features-4/update/rid",
        TREE,
        status=204,
        method="PATCH",
        client="editor",
        headers=MERGE,
        body={"id": 999, "properties": {"height_m": 5}},
    ),
    Case(
        "features-4/features/crs-other-crs B",
        ITEMS,
        status=400,
        method="POST",
        client="editor",
        headers=EDITS | {"Content-Crs": f"<{EPSG}/28992>"},
        body=a_tree(),
    ),
    Case(
        "features-4/features/schema C",
        ITEMS,
        status=400,
        method="POST",
        client="editor",
        headers=EDITS,
        body=a_tree(colour="green"),
    ),
    Case(
        "features-4/features/schema C",
        "/collections/trees/schema",
        lambda a: a.json()["additionalProperties"] is False,
        client="editor",
    ),
)

TILES = (
    Case("tiles-1/dataset-tilesets/landingpage", "/", lambda a: links(a, f"{REL}/tilesets-vector")),
    Case("tiles-1/geodata-tilesets/desc-links", "/collections/trees", lambda a: links(a, f"{REL}/tilesets-map")),
    Case("tiles-1/mvt/content", TILE, lambda a: a.headers["content-type"] == "application/vnd.mapbox-vector-tile"),
    Case("tiles-1/png/content", f"/map{TILE}", lambda a: a.headers["content-type"] == "image/png"),
    Case("tiles-1/collections-selection/collections-parameter", f"{TILE}?collections=nothing", status=404),
    Case(
        "tiles-1/collections-selection/collections-response B",
        f"{TILE}?collections=trees,boundaries",
        lambda a: 0 < a.content.index(b"\x05trees") < a.content.index(b"\x0aboundaries"),
    ),
    Case(
        "tiles-1/collections-selection/collections-response B",
        f"{TILE}?collections=boundaries,trees",
        lambda a: 0 < a.content.index(b"\x0aboundaries") < a.content.index(b"\x05trees"),
    ),
)

HTML = tuple(
    Case(
        "common-1/html/definition",
        path,
        lambda a: a.headers["content-type"] == "text/html; charset=utf-8",
        headers={"Accept": "text/html"},
        client="later",
    )
    for path in PAGES
)


@pytest.mark.parametrize("case", [*schema_cases(), *FILTERS, *EDITING, *TILES, *HTML], ids=str)
def test_a_declared_requirement_holds(town: Town, request: pytest.FixtureRequest, case: Case) -> None:
    """Each request is answered as the requirement says."""
    town.a_ward("Thuận Hòa")
    tree = town.a_tree(code="A1", height_m=2)
    town.a_tree(107.585, code="A2", height_m=4)
    client: Client = request.getfixturevalue(case.client)
    path = case.path.format(tree=tree)
    answer = client.request(case.method, path, headers=dict(case.headers), json=case.body)
    assert answer.status_code == case.status, answer.text
    assert case.holds(answer)


@pytest.mark.parametrize(("method", "headers"), [("PUT", EDITS), ("PATCH", MERGE)])
def test_an_edit_gives_the_tag_of_what_it_made(
    town: Town, editor: Client, method: str, headers: dict[str, str]
) -> None:
    """features-4/optimistic-locking-etags/put-etag-response, patch-etag-response: who edits twice need not read."""
    path = TREE.format(tree=town.a_tree(code="A1"))
    body = a_tree(code="A2") if method == "PUT" else {"properties": {"code": "A2", "height_m": None}}
    first = editor.request(method, path, headers=headers, json=body)
    tag = first.headers["etag"]
    assert (first.status_code, editor.get(path, headers=PLAIN).headers["etag"]) == (204, tag)
    second = editor.request(method, path, headers=headers | {"If-Match": tag}, json=body)
    assert (second.status_code, second.headers["etag"] != tag) == (204, True)
    assert editor.request(method, path, headers=headers | {"If-Match": tag}, json=body).status_code == 412
