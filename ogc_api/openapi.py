"""The OpenAPI 3.0 definition: complete in itself, it refers to no other host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from layers.bodies import has_bodies
from layers.editing import EDITED
from layers.query import MAX_LIMIT
from ogc_api.config import CITY, DESCRIPTION, MVT, PNG, VERSION
from ogc_api.cql2 import LANGUAGES as FILTER_LANGUAGES
from ogc_api.drawing import MEDIA_TYPE as STYLE_MEDIA_TYPE
from ogc_api.drawing import QGIS_MEDIA_TYPE
from ogc_api.items import FORMATS, MEDIA_TYPES, MODEL, item_formats
from ogc_api.items import MEDIA_TYPE as GEOJSON
from ogc_api.map4d import FORMS
from ogc_api.negotiation import LANGUAGES, choose_text
from ogc_api.params import DEFAULT_LIMIT, MOST_DIGITS
from ogc_api.problems import MEDIA_TYPE
from ogc_api.schemas import FEATURE_TYPES, PATCH_TYPES, describe_property

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from layers.catalog import Layer
    from ogc_api.config import Service
    from ogc_api.references import Reference

type Json = dict[str, Any]

OPENAPI_MEDIA_TYPE = "application/vnd.oai.openapi+json;version=3.0"

_JSON = "application/json"
_STYLE: Json = {"name": "style", "in": "path", "required": True, "schema": {"type": "string"}}
_HEIGHTS: Json = {
    "name": "heights",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "enum": ["absolute", "ground"], "default": "absolute"},
}
_MAPS = "/collections/{collectionId}/map/tiles"
_WRITING = ("crs", "precision", "skipGeometry")
_CHOOSING = ("bbox", "bbox-crs", "datetime", "filter", "filter-lang", "filter-crs")
_PAGING = ("limit", "offset", "cursor", "resulttype")


def build_openapi(
    service: Service,
    layers: Sequence[Layer],
    offered: Sequence[Reference],
    processes: Mapping[str, Json],
    language: str,
) -> Json:
    """The definition of a service in one language; `processes` holds the description of each process by its name."""
    paths: Json = dict(_service_paths())
    for layer in layers:
        paths |= _layer_paths(layer, language)
        if service.editor is not None and layer.name in EDITED:
            _add_editing(paths, layer, language)
    paths |= _tile_paths(layers) | _scene_paths([layer for layer in layers if has_bodies(layer)])
    if processes:
        paths |= _process_paths(processes) | (_job_paths() if service.jobs else {})
    tags = [
        {"name": "service"},
        {"name": "tiles"},
        *({"name": x.name, "description": choose_text(x.title, language)} for x in layers),
    ]
    return {
        "openapi": "3.0.3",
        "info": {
            "title": choose_text(service.title, language),
            "description": choose_text(DESCRIPTION, language),
            "version": VERSION,
        },
        "servers": [{"url": service.public_url}],
        "tags": tags + ([{"name": "processes"}] if processes else []),
        "paths": paths,
        "components": _components(offered),
    }


def _service_paths() -> Json:
    jsonld = ("json", "html", "jsonld")
    return {
        "/": _get("getLandingPage", "Landing page", "service", [_f(*jsonld)], (_JSON, "landingPage")),
        "/openapi": _get("getOpenApi", "This definition", "service", [_f()], (OPENAPI_MEDIA_TYPE, "object")),
        "/conformance": _get("getConformance", "Conformance classes", "service", [_f()], (_JSON, "conformance")),
        "/styles": _get("getStyles", "Styles of the layers", "service", [_f()]),
        "/styles/{style}": _get(
            "getStyle", "A style", "service", [_STYLE, _f("json", "sld", "qml")], (STYLE_MEDIA_TYPE, "object")
        ),
        "/styles/{style}/metadata": _get("getStyleMetadata", "Metadata of a style", "service", [_STYLE, _f()]),
        "/qgis/city.qgz": _project(),
        "/metadata": _get("getRecords", "Records of the layers", "service", [_f()], (GEOJSON, "object")),
        "/collections": _get("getCollections", "Collections", "service", [_f(*jsonld)], (_JSON, "collections")),
    }


def _project() -> Json:
    """The project for QGIS: a file, whatever is accepted."""
    authcfg = _query("authcfg", {"type": "string", "pattern": "^[A-Za-z0-9]{7}$"})
    described = _get("getQgisProject", "The layers as a project for QGIS", "service", [authcfg])
    file = {"schema": {"type": "string", "format": "binary"}}
    described["get"]["responses"]["200"]["content"] = {QGIS_MEDIA_TYPE: file}
    return described


def _tile_paths(layers: Sequence[Layer]) -> Json:
    """Tiles of layers and of the city; `collectionId` names the layers that there are for the audience."""
    collection = _path("collectionId", {"type": "string", "enum": [layer.name for layer in layers]})
    alias = _path("layer", {"type": "string", "enum": [CITY, *(layer.name for layer in layers)]})
    grid = _path("tileMatrixSetId", {"type": "string"})
    place = [_path(name, {"type": "integer", "minimum": 0}) for name in ("tileMatrix", "tileRow", "tileCol")]
    xyz = [alias, *(_path(name, {"type": "integer", "minimum": 0}) for name in "zxy")]
    chosen = _query("collections", {"type": "array", "items": {"type": "string"}})
    below, f = "/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}", _f("json", "html", "tilejson")
    whole, one = "/tiles", "/collections/{collectionId}/tiles"
    return {
        "/tileMatrixSets": _get("getTileMatrixSetsList", "Tile matrix sets", "tiles", [_f()]),
        "/tileMatrixSets/{tileMatrixSetId}": _get("getTileMatrixSet", "A tile matrix set", "tiles", [grid, _f()]),
        whole: _get("dataset.vector.getTileSetsList", "Tilesets of the city", "tiles", [_f()]),
        f"{whole}/{{tileMatrixSetId}}": _get("dataset.vector.getTileSet", "A tileset of the city", "tiles", [grid, f]),
        f"{whole}{below}": _tile(_get("dataset.vector.getTile", "A tile of the city", "tiles", [grid, *place, chosen])),
        one: _get("collection.vector.getTileSetsList", "Tilesets of a collection", "tiles", [collection, _f()]),
        f"{one}/{{tileMatrixSetId}}": _get(
            "collection.vector.getTileSet", "A tileset of a collection", "tiles", [collection, grid, f]
        ),
        f"{one}{below}": _tile(
            _get("collection.vector.getTile", "A tile of a collection", "tiles", [collection, grid, *place])
        ),
        "/tiles/{layer}/{z}/{x}/{y}.pbf": _tile(_get("alias.getTile", "A tile, by a short address", "tiles", xyz)),
        **_map_paths(collection, grid, place, chosen),
        "/tiles/{layer}/{z}/{x}/{y}.png": _tile(
            _get("alias.getMap", "A map tile, by a short address", "tiles", xyz), PNG
        ),
        **_object_paths(layers, xyz[1:]),
        "/tiles/{layer}.json": _get("alias.getTileJson", "TileJSON", "tiles", [alias]),
    }


def _object_paths(layers: Sequence[Layer], place: list[Json]) -> Json:
    """Tiles of objects, of the layers that have such."""
    names = [layer.name for layer in layers if layer.name in FORMS]
    if not names:
        return {}
    layer = _path("objects", {"type": "string", "enum": names})
    tile = _get("alias.getObjects", "Objects of a tile as Map4D takes them", "tiles", [layer, *place])
    objects = {"schema": {"type": "array", "items": {"type": "object"}}}
    answered = _tile(tile)
    answered["get"]["responses"]["200"]["content"] = {_JSON: objects}
    return {"/tiles/{objects}/{z}/{x}/{y}.json": answered}


def _map_paths(collection: Json, grid: Json, place: list[Json], chosen: Json) -> Json:
    paths: Json = {}
    for name, path, own, more in (("dataset", "/map/tiles", [], [chosen]), ("collection", _MAPS, [collection], [])):
        below, parameters = f"{path}/{{tileMatrixSetId}}", [*own, grid]
        paths[path] = _get(f"{name}.map.getTileSetsList", f"Tilesets of maps of the {name}", "tiles", [*own, _f()])
        paths[below] = _get(f"{name}.map.getTileSet", f"A tileset of maps of the {name}", "tiles", [*parameters, _f()])
        tile = _get(f"{name}.map.getTile", f"A map tile of the {name}", "tiles", [*parameters, *place, *more])
        paths[f"{below}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"] = _tile(tile, PNG)
    return paths


def _scene_paths(layers: Sequence[Layer]) -> Json:
    """3D Tiles of the layers that have bodies, and of all of them."""
    collection = _path("collectionId", {"type": "string", "enum": [layer.name for layer in layers]})
    block = [_path(name, {"type": "integer"}) for name in ("size", "level", "column", "row")]
    whole, below = "/collections/{collectionId}/3dtiles", "{size}/{level}/{column}/{row}"
    page = [collection, *block, _path("page", {"type": "integer", "minimum": 0}), _HEIGHTS]
    tile = _get("collection.scene.getTile", "Bodies of a 3D tile", "tiles", page, (MODEL, "binary"))
    part = [collection, *block, _HEIGHTS]
    return {
        "/3dtiles/tileset.json": _kept(_get("dataset.scene.getTileset", "3D Tiles of the city", "tiles", [_HEIGHTS])),
        f"{whole}/tileset.json": _kept(
            _get("collection.scene.getTileset", "3D Tiles of a collection", "tiles", [collection, _HEIGHTS])
        ),
        f"{whole}/{below}/tileset.json": _kept(
            _get("collection.scene.getPart", "A part of the 3D Tiles of a collection", "tiles", part)
        ),
        f"{whole}/{below}/{{page}}.glb": _kept(tile),
    }


def _kept(operation: Json) -> Json:
    """An operation whose answer a client may keep and ask for again."""
    found: Json = operation["get"]
    return {"get": found | {"responses": found["responses"] | {"304": {"description": "It is as it was"}}}}


def _path(name: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _tile(operation: Json, kind: str = MVT) -> Json:
    """An operation whose answer is a tile, or none where nothing is."""
    tile = {"schema": {"type": "string", "format": "binary"}}
    left_out = {"description": "How many features that belong there are not in the tile", "schema": {"type": "integer"}}
    answers = {
        "200": {"description": "A tile", "content": {kind: tile}, "headers": {"Twin-Left-Out": left_out}},
        "204": {"description": "Nothing is there"},
        "304": {"description": "The tile is as it was"},
    }
    found: Json = operation["get"]
    return {"get": found | {"responses": found["responses"] | answers}}


def _layer_paths(layer: Layer, language: str) -> Json:
    name, title = layer.name, choose_text(layer.title, language)
    path, jsonld = f"/collections/{name}", ("json", "html", "jsonld")
    schema = ("application/schema+json", "object")
    chosen = [*map(_use, _WRITING), *_selection_parameters(layer)]
    filters = [*map(_use, (*_CHOOSING, *_PAGING)), *_property_parameters(layer, language)]
    items = [_f(*FORMATS), *chosen, *filters]
    item = [_use("featureId"), _f(*item_formats(layer)), *chosen, *([_HEIGHTS] if has_bodies(layer) else [])]
    return {
        path: _get(f"{name}.describe", title, name, [_f(*jsonld)], (_JSON, "collection")),
        f"{path}/schema": _get(f"{name}.schema", f"{title}: schema", name, [_f()], schema),
        f"{path}/queryables": _get(f"{name}.queryables", f"{title}: queryables", name, [_f()], schema),
        f"{path}/sortables": _get(f"{name}.sortables", f"{title}: sortables", name, [_f()], schema),
        f"{path}/metadata": _get(f"{name}.metadata", f"{title}: metadata", name, [_f()], (GEOJSON, "object")),
        f"{path}/items": _get(f"{name}.items", f"{title}: items", name, items, (GEOJSON, "featureCollection")),
        f"{path}/items/{{featureId}}": _get(f"{name}.item", f"{title}: item", name, item, (GEOJSON, "feature")),
    }


def _add_editing(paths: Json, layer: Layer, language: str) -> None:
    """Part 4: features of a layer are created at its items, and replaced, updated and deleted at their own address."""
    items, item = (paths[f"/collections/{layer.name}/{rest}"] for rest in ("items", "items/{featureId}"))
    tag, title = layer.name, choose_text(layer.title, language)
    items["post"] = _edit(f"{tag}.create", f"{title}: create", tag, FEATURE_TYPES, "201")
    item["put"] = _edit(f"{tag}.replace", f"{title}: replace", tag, FEATURE_TYPES, "204")
    item["patch"] = _edit(f"{tag}.update", f"{title}: update", tag, PATCH_TYPES, "204")
    item["delete"] = _edit(f"{tag}.delete", f"{title}: delete", tag, (), "204")


def _edit(operation: str, summary: str, tag: str, media_types: Sequence[str], status: str) -> Json:
    """What edits; an address of a feature may be bound to the revision that the client has read."""
    if_match = {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}}
    content_crs = {"name": "Content-Crs", "in": "header", "required": False, "schema": {"type": "string"}}
    of_one, with_body = status != "201", bool(media_types)
    parameters = [_use("featureId"), if_match] if of_one else []
    responses: Json = {status: {"description": summary}}
    refused = ("400", "403", "404", "409", "413", *(["412"] if of_one else []), *(["415"] if with_body else []))
    responses |= {code: _problem() for code in sorted((*refused, "500", "503"))}
    body: Json = {"$ref": "#/components/schemas/" + ("object" if "update" in operation else "feature")}
    described: Json = {
        "operationId": operation,
        "summary": summary,
        "tags": [tag],
        "parameters": [*parameters, *([content_crs] if with_body else []), _use("lang")],
        "responses": responses,
    }
    if with_body:
        described["requestBody"] = {"required": True, "content": {kind: {"schema": body} for kind in media_types}}
    return described


def _problem() -> Json:
    return {"$ref": "#/components/responses/problem"}


def _selection_parameters(layer: Layer) -> list[Json]:
    names: Json = {"type": "array", "items": {"type": "string", "enum": [p.name for p in layer.properties]}}
    return [_query("properties", names), _query("exclude-properties", names)]


def _property_parameters(layer: Layer, language: str) -> list[Json]:
    names = [p.name for p in layer.queryables]
    keys = [sign + name for name in names for sign in ("", "-", "+")]
    return [
        _query("sortby", {"type": "array", "items": {"type": "string", "enum": keys}}),
        # Any value of the type may be asked for, there may just be no feature that has it.
        *(_query(p.name, _pick(describe_property(p, language), "title", "type", "format")) for p in layer.queryables),
    ]


def _pick(schema: Json, *names: str) -> Json:
    return {name: value for name, value in schema.items() if name in names}


def _process_paths(processes: Mapping[str, Json]) -> Json:
    paths = {"/processes": _get("getProcesses", "Processes", "processes", [_f(), _use("limit")])}
    for name, description in processes.items():
        title = description["title"]
        if isinstance(title, dict):
            title = title["en"]
        run = _get(f"{name}.execute", f"{title}: execute", "processes", [])["get"]
        body = {"application/json": {"schema": {"$ref": "#/components/schemas/execute"}}}
        run |= {"requestBody": {"required": True, "content": body}}
        run["responses"]["429"] = _problem()
        paths[f"/processes/{name}"] = _get(f"{name}.describe", title, "processes", [_f()])
        paths[f"/processes/{name}/execution"] = {"post": run}
    return paths


def _job_paths() -> Json:
    job = {"name": "job", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    parameters = [_query(name, {"type": "string"}) for name in ("type", "processID", "status", "datetime")]
    parameters += [_query(name, {"type": "number", "minimum": 0}) for name in ("minDuration", "maxDuration")]
    show = _get("getStatus", "State of a job", "processes", [_f(), job], (_JSON, "statusInfo"))
    dismiss = _get("dismiss", "Dismiss a job, or remove its results", "processes", [job], (_JSON, "statusInfo"))
    return {
        "/jobs": _get("getJobs", "Jobs of the caller", "processes", [_f(), *parameters, _use("limit"), _use("offset")]),
        "/jobs/{job}": show | {"delete": dismiss["get"]},
        "/jobs/{job}/results": _get("getResult", "Results of a job", "processes", [job]),
    }


def _get(
    operation: str,
    summary: str,
    tag: str,
    parameters: list[Json],
    answer: tuple[str, str] = (_JSON, "object"),
) -> Json:
    """A GET operation; `answer` is the media type and the name of the schema."""
    media_type, schema = answer
    content: Json = {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    offered = next((p["schema"]["enum"] for p in parameters if p.get("name") == "f"), ["json"])
    content |= {MEDIA_TYPES[n]: {"schema": _whatever(MEDIA_TYPES[n])} for n in offered[1:] if n in MEDIA_TYPES}
    responses: Json = {"200": {"description": summary, "content": content}}
    responses |= {status: _problem() for status in ("400", "404", "500", "503")}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "tags": [tag],
            "parameters": [*parameters, _use("lang")],
            "responses": responses,
        }
    }


def _whatever(media_type: str) -> Json:
    """All that is said of another representation of the same."""
    if media_type.endswith("json"):
        return {"type": "object"}
    return {"type": "string"} if media_type.startswith("text/") else {"type": "string", "format": "binary"}


def _use(name: str) -> Json:
    return {"$ref": f"#/components/parameters/{name}"}


def _query(name: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "required": False, "schema": schema, "style": "form", "explode": False}


def _f(*formats: str) -> Json:
    names = list(formats or ("json", "html"))
    return _query("f", {"type": "string", "enum": names, "default": names[0]})


def _components(offered: Sequence[Reference]) -> Json:
    uris = {"type": "string", "format": "uri", "enum": [r.uri for r in offered], "default": offered[0].uri}
    numbers = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
    schemas: Json = {
        "lang": {"type": "string", "enum": list(LANGUAGES), "default": LANGUAGES[0]},
        "bbox": numbers,
        "bbox-crs": uris,
        "crs": uris,
        "datetime": {"type": "string"},
        "filter": {"type": "string"},
        "filter-lang": {"type": "string", "enum": list(FILTER_LANGUAGES), "default": FILTER_LANGUAGES[0]},
        "filter-crs": uris,
        "precision": {"type": "integer", "minimum": 0, "maximum": MOST_DIGITS},
        "cursor": {"type": "string", "pattern": "^[np][A-Za-z0-9_-]+$"},
        "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        "offset": {"type": "integer", "minimum": 0, "default": 0},
        "resulttype": {"type": "string", "enum": ["results", "hits"], "default": "results"},
        "skipGeometry": {"type": "boolean", "default": False},
    }
    feature_id = {"name": "featureId", "in": "path", "required": True, "schema": {"type": "integer"}}
    told = {"schema": {"$ref": "#/components/schemas/problem"}}
    problem = {
        MEDIA_TYPE: told,
        "application/json": told,
        "text/html": {"schema": {"type": "string"}},
    }
    return {
        "parameters": {name: _query(name, schema) for name, schema in schemas.items()} | {"featureId": feature_id},
        "responses": {"problem": {"description": "Problem (RFC 9457)", "content": problem}},
        "schemas": _schemas(),
    }


def _schemas() -> Json:
    text: Json = {"type": "string"}
    links: Json = {"type": "array", "items": {"$ref": "#/components/schemas/link"}}
    count: Json = {"type": "integer", "minimum": 0}
    anything: Json = {"type": "object"}
    return {
        "object": anything,
        "binary": {"type": "string", "format": "binary"},
        "link": _object("href", href=text, rel=text, type=text, title=text),
        "landingPage": _object("links", title=text, description=text, links=links),
        "conformance": _object("conformsTo", conformsTo={"type": "array", "items": text}),
        "collections": _object("links", "collections", links=links, collections={"type": "array", "items": anything}),
        "collection": _object("id", "links", id=text, title=text, description=text, extent=anything, links=links),
        "feature": _feature_schema(links),
        "featureCollection": _object(
            "type",
            "features",
            type={"type": "string", "enum": ["FeatureCollection"]},
            features={"type": "array", "items": {"$ref": "#/components/schemas/feature"}},
            links=links,
            timeStamp={"type": "string", "format": "date-time"},
            numberMatched=count,
            numberReturned=count,
        ),
        "execute": _object(inputs=anything, outputs=anything, response={"type": "string", "enum": ["raw", "document"]}),
        "statusInfo": _object(
            "jobID",
            "status",
            "type",
            jobID=text,
            processID=text,
            type={"type": "string", "enum": ["process"]},
            status={"type": "string", "enum": ["accepted", "running", "successful", "failed", "dismissed"]},
            message=text,
            progress=count,
            links=links,
        ),
        "problem": _object("type", "title", "status", type=text, title=text, status=count, code=text, detail=text),
    }


def _feature_schema(links: Json) -> Json:
    geometry = {"type": "object", "nullable": True}
    kind = {"type": "string", "enum": ["Feature"]}
    return _object(
        "type",
        "geometry",
        "properties",
        type=kind,
        id={"type": "integer"},
        geometry=geometry,
        properties={"type": "object", "nullable": True},
        links=links,
    )


def _object(*required: str, **properties: Json) -> Json:
    return {"type": "object", "properties": properties} | ({"required": list(required)} if required else {})
