"""What each resource of the service answers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pygeoapi import api as common
from pygeoapi.api import processes as process_api

from layers.errors import Invalid
from layers.grid import CRS84
from ogc_api.drawing import MEDIA_TYPES, QGIS_MEDIA_TYPE
from ogc_api.edition import Asked, ask
from ogc_api.items import DOWNLOADS, FG
from ogc_api.openapi import OPENAPI_MEDIA_TYPE
from ogc_api.params import read_integer
from ogc_api.qgis import write_project
from ogc_api.records import MEDIA_TYPE as RECORD_MEDIA_TYPE
from ogc_api.records import collection_members, list_records, record_links, write_record
from ogc_api.schemas import MEDIA_TYPE as SCHEMA_MEDIA_TYPE
from ogc_api.schemas import RELATIONS, build_queryables, build_schema, build_sortables
from ogc_api.styling import describe_style, list_styles, write_style
from ogc_api.tilesets import tileset_links

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.datastructures import QueryParams

    from layers.catalog import Layer
    from ogc_api.edition import Edition

_FEATURES = "http://www.opengis.net/spec/ogcapi-features"
_COMMON = "http://www.opengis.net/spec/ogcapi-common"
_PROCESSES = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf"
_TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf"
_STYLES = "http://www.opengis.net/spec/ogcapi-styles-1/0.0/conf"
_TMS = "http://www.opengis.net/spec/tms/2.0/conf"
_STYLE_LIST = "http://www.opengis.net/def/rel/ogc/1.0/styles"
_CQL2 = (
    "cql2-text",
    "cql2-json",
    "basic-cql2",
    "advanced-comparison-operators",
    "case-insensitive-comparison",
    "accent-insensitive-comparison",
    "basic-spatial-functions",
    "basic-spatial-functions-plus",
    "spatial-functions",
    "temporal-functions",
    "property-property",
    "arithmetic",
)
# What holds here; pygeoapi's own list claims transactions and CQL2, too. Common-3 is what was Features-5 as a draft.
_CONFORMANCE = (
    *(f"{_COMMON}-1/1.0/conf/{name}" for name in ("core", "html", "json", "landing-page", "oas30")),
    f"{_COMMON}-2/1.0/conf/collections",
    *(f"{_FEATURES}-1/1.0/conf/{name}" for name in ("core", "geojson", "html", "oas30")),
    f"{_FEATURES}-2/1.0/conf/crs",
    *(f"{_FEATURES}-3/1.0/conf/{name}" for name in ("queryables", "queryables-query-parameters")),
    *(f"{_FEATURES}-3/1.0/conf/{name}" for name in ("filter", "features-filter")),
    *(f"{_FEATURES}-5/1.0/conf/{name}" for name in ("schemas", "core-roles-features", "returnables-and-receivables")),
    *(f"{_FEATURES}-5/1.0/conf/{name}" for name in ("queryables", "sortables")),
    *(f"{_COMMON}-3/1.0/conf/{name}" for name in ("schemas", "advanced-property-roles", "returnables-and-receivables")),
    *(f"{_COMMON}-3/1.0/conf/{name}" for name in ("queryables", "sortables")),
    *(f"http://www.opengis.net/spec/cql2/1.0/conf/{name}" for name in _CQL2),
    *(f"{FG}/{name}" for name in ("core", "types-schemas", "polyhedra", "prisms")),
    *(f"{_TILES}/{name}" for name in ("core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets")),
    *(f"{_TILES}/{name}" for name in ("collections-selection", "oas30", "mvt", "png")),
    *(f"{_TMS}/{name}" for name in ("tilematrixset", "json-tilematrixset", "tilematrixsetlimits")),
    *(f"{_STYLES}/{name}" for name in ("core", "mapbox-styles", "sld-11")),
    *(f"{_TMS}/{name}" for name in ("json-tilematrixsetlimits", "tilesetmetadata", "json-tilesetmetadata")),
)
_EDIT_CONFORMANCE = tuple(
    f"{_FEATURES}-4/1.0/conf/{name}"
    for name in ("create-replace-delete", "update", "features", "optimistic-locking-etags")
)
_PROCESS_CONFORMANCE = tuple(f"{_PROCESSES}/{name}" for name in ("core", "json", "oas30", "ogc-process-description"))
_JOB_CONFORMANCE = tuple(f"{_PROCESSES}/{name}" for name in ("job-list", "dismiss"))


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way: the edition that answers, the path's parts, the query, and what was negotiated.

    holder: whose the jobs are that this request makes or asks for. prefer: the Prefer header (RFC 7240).
    edits: whether the caller may change features.
    """

    edition: Edition
    path: str
    parts: Mapping[str, str]
    params: QueryParams
    format: str
    language: str
    body: bytes = b""
    holder: str = ""
    prefer: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    edits: bool = False

    @property
    def layer(self) -> Layer:
        """Raises: NotFound."""
        return self.edition.find_layer(self.parts["collection"])

    def ask(self, function: Callable[..., Any], *arguments: str, edition: Edition | None = None) -> Answer:
        """A pygeoapi handler's answer in the call's format; a page is made of its JSON."""
        f = "json" if self.format == "html" else self.format
        asked = Asked(self.path, self.params, f, self.language)
        headers, content = ask(function, edition or self.edition, asked, *arguments)
        kept = {name: value for name, value in headers.items() if name in ("Content-Crs", "Content-Language")}
        return Answer(content, headers.get("Content-Type", "application/json"), kept)


@dataclass(frozen=True, slots=True)
class Answer:
    """A body with its media type, further headers and status."""

    body: bytes
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    @property
    def document(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


def answer_json(
    document: Any, media_type: str = "application/json", *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    # A lone surrogate, which JSON can spell, has no UTF-8.
    body = json.dumps(document, ensure_ascii=False).encode(errors="replace")
    return Answer(body, media_type, headers or {}, status)


def show_landing_page(call: Call) -> Answer:
    answer = call.ask(common.landing_page)
    if call.format == "jsonld":
        return answer
    document = answer.document
    unserved = ("tiling-schemes",) if call.edition.manager.processes else ("tiling-schemes", "processes")
    links = [link for link in document["links"] if not link["rel"].endswith(unserved)]
    url = f"{call.edition.base_url}/styles"
    styles = {"rel": _STYLE_LIST, "type": "application/json", "title": "Styles", "href": url}
    project = {
        "rel": "related",
        "type": QGIS_MEDIA_TYPE,
        "title": "QGIS",
        "href": f"{call.edition.base_url}/qgis/city.qgz",
    }
    url = f"{call.edition.base_url}/metadata"
    records = {"rel": "describedby", "type": RECORD_MEDIA_TYPE, "title": "Metadata", "href": url}
    bounds = call.edition.bounds(call.edition.layers)
    return answer_json(
        document
        | {
            "extent": {"spatial": {"bbox": [list(bounds)], "crs": CRS84}},
            "links": [*links, *tileset_links(call.edition, None), styles, project, records],
        }
    )


def show_openapi(call: Call) -> Answer:
    return answer_json(call.edition.openapi_by_language[call.language], OPENAPI_MEDIA_TYPE)


def show_conformance(call: Call) -> Answer:
    classes = _CONFORMANCE + (_PROCESS_CONFORMANCE if call.edition.manager.processes else ())
    classes += _JOB_CONFORMANCE if call.edition.manager.processes and call.edition.service.jobs else ()
    classes += _EDIT_CONFORMANCE if call.edition.service.editor else ()
    return answer_json({"conformsTo": list(classes)})


def list_collections(call: Call) -> Answer:
    answer = call.ask(common.describe_collections)
    if call.format == "jsonld":
        return answer
    document = answer.document
    return answer_json(document | {"collections": [_with_links(call, one) for one in document["collections"]]})


def show_collection(call: Call) -> Answer:
    answer = call.ask(common.describe_collections, call.layer.name)
    return answer if call.format == "jsonld" else answer_json(_with_links(call, answer.document))


def _with_links(call: Call, collection: dict[str, Any]) -> dict[str, Any]:
    """A collection with links to what pygeoapi does not know of."""
    url = f"{call.edition.base_url}/collections/{collection['id']}"
    sortables = {"rel": RELATIONS["sortables"], "type": SCHEMA_MEDIA_TYPE, "title": "Sortables"}
    known = [link for link in collection["links"] if link.get("type") != "text/csv"]
    downloads = [
        {"rel": "items", "type": kind, "title": f, "href": f"{url}/items?f={f}"} for f, kind in DOWNLOADS.items()
    ]
    sorting = {**sortables, "href": f"{url}/sortables?f=json"}
    tiles = tileset_links(call.edition, call.edition.find_layer(collection["id"]))
    layer = call.edition.find_layer(collection["id"])
    about = {"rel": "describedby", "type": RECORD_MEDIA_TYPE, "title": "Metadata", "href": f"{url}/metadata?f=json"}
    links = [*known, sorting, *downloads, *tiles, about, *record_links(call.edition, layer)]
    keywords = [*collection.get("keywords", []), *call.edition.told.get(layer.name, {}).get("keywords", [])]
    return collection | collection_members(call.edition, layer) | {"keywords": keywords, "links": links}


def show_record(call: Call) -> Answer:
    return answer_json(write_record(call.edition, call.layer, call.language), RECORD_MEDIA_TYPE)


def show_records(call: Call) -> Answer:
    return answer_json(list_records(call.edition, call.language), RECORD_MEDIA_TYPE)


def show_schema(call: Call) -> Answer:
    return _schema(call, build_schema)


def show_queryables(call: Call) -> Answer:
    return _schema(call, build_queryables)


def show_sortables(call: Call) -> Answer:
    return _schema(call, build_sortables)


def _schema(call: Call, build: Callable[[Layer, str, str], dict[str, Any]]) -> Answer:
    layer = call.layer
    url = f"{call.edition.base_url}/collections/{layer.name}"
    return answer_json(build(layer, url, call.language), SCHEMA_MEDIA_TYPE)


def show_styles(call: Call) -> Answer:
    return answer_json(list_styles(call.edition, call.language))


def show_style(call: Call) -> Answer:
    style = write_style(call.edition, call.parts["style"], call.format, call.language)
    media_type = MEDIA_TYPES[call.format]
    return Answer(style, media_type) if isinstance(style, bytes) else answer_json(style, media_type)


def show_style_metadata(call: Call) -> Answer:
    return answer_json(describe_style(call.edition, call.parts["style"], call.language))


def show_project(call: Call) -> Answer:
    """The project for QGIS; `authcfg` is where QGIS keeps a key, no key itself."""
    authcfg = call.params.get("authcfg")
    if authcfg is not None and not re.fullmatch(r"[A-Za-z0-9]{7}", authcfg):
        raise Invalid(f"authcfg={authcfg[:40]}: give the id of an authentication in QGIS, of seven letters and digits")
    name = f'attachment; filename="city-{call.language}.qgz"'
    content = write_project(call.edition, call.language, authcfg)
    return Answer(content, QGIS_MEDIA_TYPE, {"Content-Disposition": name, "Content-Language": call.language})


def list_processes(call: Call) -> Answer:
    """The processes, without the link to JSON-LD, which would be the same JSON under another name."""
    if read_integer("limit", call.params.get("limit"), 1) < 1:
        raise Invalid("limit: give a number from 1")
    document = call.ask(process_api.describe_processes).document
    links = [link for link in document["links"] if link["type"] != "application/ld+json"]
    return answer_json(document | {"links": links})


def show_process(call: Call) -> Answer:
    name = call.parts["process"]
    call.edition.manager.get_processor(name)
    return call.ask(process_api.describe_processes, name)
