"""The OpenAPI 3.0 definition of /api/excavations."""

from __future__ import annotations

from typing import Any

from layers.errors import Sentence, say
from layers.excavations import AnswerKind, ExcavationStatus
from twin.excavations.door.documents import BASE
from twin.excavations.life import MOVES
from twin.excavations.schema import PROPERTIES

type Json = dict[str, Any]

_NUMBER = {"name": "excavation", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
_IF_MATCH = {"name": "If-Match", "in": "header", "required": True, "schema": {"type": "string"}}
_LANG = {"name": "lang", "in": "query", "schema": {"type": "string", "enum": ["vi", "en"]}}
_GEOJSON, _JSON = "application/geo+json", "application/json"
_ONE = f"{BASE}/{{excavation}}"


def build_openapi(served_at: str, language: str) -> Json:
    """The definition, complete in itself, with texts in one language."""
    return {
        "openapi": "3.0.3",
        "info": {
            "title": say(Sentence("Excavations", "Công trình đào"), language),
            "description": say(_ABOUT, language),
            "version": "1.0.0",
        },
        "servers": [{"url": served_at}],
        "security": [{"bearer": []}, {"basic": []}],
        "paths": {
            path: {method: _operation(path, method, language) for method in _OPERATIONS[path]} for path in _OPERATIONS
        },
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
            "schemas": _SCHEMAS,
        },
    }


_ABOUT = Sentence(
    "File an excavation, have it checked, ask the owners of utilities, decide."
    " A change names the version that it changes: If-Match with the ETag that was read.",
    "Lập hồ sơ đào, kiểm tra, xin ý kiến chủ sở hữu công trình ngầm, quyết định."
    " Khi sửa phải nêu bản đang sửa: If-Match với ETag đã đọc.",
)


def _operation(path: str, method: str, language: str) -> Json:
    summary, body, result, status = _OPERATIONS[path][method]
    names = [name.strip("{}") for name in path.split("/") if name.startswith("{")]
    parameters: list[Json] = [
        _NUMBER if name == "excavation" else _NUMBER | {"name": name, "schema": {"type": "string"}} for name in names
    ]
    if method in ("put", "delete", "post") and path not in (BASE, f"{_ONE}/requests/{{request}}/answer"):
        parameters.append(_IF_MATCH)
    if path == BASE and method == "get":
        parameters += [
            {"name": name, "in": "query", "schema": schema}
            for name, schema in (
                ("limit", {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}),
                ("after", {"type": "integer", "minimum": 0}),
                ("status", {"type": "string", "description": ", ".join(ExcavationStatus)}),
            )
        ]
    media = _GEOJSON if result.startswith("excavation") or result == "works" else _JSON
    operation: Json = {
        "operationId": f"{method}{path.replace('/api', '').replace('/', '.').replace('{', '').replace('}', '')}",
        "summary": say(summary, language),
        "parameters": [
            *parameters,
            {"name": "lang", "in": "query", "schema": {"type": "string", "enum": ["vi", "en"]}},
        ],
        "responses": {
            str(status): {"description": say(summary, language), "content": {media: {"schema": _use(result)}}},
            "default": {
                "description": say(Sentence("Problem (RFC 9457)", "Lỗi (RFC 9457)"), language),
                "content": {"application/problem+json": {"schema": _use("problem")}},
            },
        },
    }
    if body:
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": _use(body)}}}
    return operation


def _use(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


# Summary, schema of the body, schema of the answer, status.
_OPERATIONS: dict[str, dict[str, tuple[Sentence, str, str, int]]] = {
    "/api/works": {"get": (Sentence("Where the city is dug up now", "Nơi đang và sắp đào"), "", "works", 200)},
    BASE: {
        "get": (Sentence("Excavations that concern the caller", "Các hồ sơ liên quan"), "", "excavations", 200),
        "post": (Sentence("File an excavation", "Lập hồ sơ đào"), "filing", "excavation", 201),
    },
    f"{BASE}/statistics": {"get": (Sentence("How the procedure goes", "Thống kê"), "", "object", 200)},
    _ONE: {
        "get": (Sentence("An excavation", "Một hồ sơ"), "", "excavation", 200),
        "put": (Sentence("Other terms", "Sửa hồ sơ"), "filing", "excavation", 200),
        "delete": (Sentence("Remove a draft", "Xóa bản nháp"), "", "object", 200),
    },
    f"{_ONE}/check": {"post": (Sentence("Check it", "Kiểm tra va chạm"), "", "check", 201)},
    f"{_ONE}/acts": {"post": (Sentence("An act of the procedure", "Thao tác thủ tục"), "act", "excavation", 200)},
    f"{_ONE}/checks": {"get": (Sentence("All checks", "Các lần kiểm tra"), "", "checks", 200)},
    f"{_ONE}/checks/{{check}}": {"get": (Sentence("A check, or 'latest'", "Một lần kiểm tra"), "", "check", 200)},
    f"{_ONE}/requests": {"get": (Sentence("Requests to owners", "Yêu cầu gửi chủ sở hữu"), "", "requests", 200)},
    f"{_ONE}/requests/{{request}}/answer": {
        "put": (Sentence("An owner's answer", "Trả lời của chủ sở hữu"), "answer", "request", 200)
    },
    f"{_ONE}/events": {"get": (Sentence("Who did what when", "Nhật ký"), "", "object", 200)},
}

_TEXT: Json = {"type": "string"}
_OBJECT: Json = {"type": "object"}
_SCHEMAS: Json = {
    "object": _OBJECT,
    "filing": {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "geometry": {"type": "object", "description": "GeoJSON, WGS 84: Polygon, LineString, Multi…"},
            "properties": {"type": "object", "properties": PROPERTIES},
        },
    },
    "excavation": {
        "type": "object",
        "properties": {
            "type": _TEXT,
            "id": {"type": "integer"},
            "geometry": _OBJECT,
            "properties": {
                "type": "object",
                "properties": {
                    "status": {"type": "string", "enum": list(ExcavationStatus)},
                    "acts": {"type": "array", "items": {"type": "string", "enum": list(MOVES)}},
                    "version": {"type": "integer"},
                    "submission": {"type": "integer"},
                },
            },
            "links": {"type": "array", "items": _OBJECT},
        },
    },
    "excavations": {
        "type": "object",
        "properties": {
            "type": _TEXT,
            "features": {"type": "array", "items": {"$ref": "#/components/schemas/excavation"}},
            "links": {"type": "array", "items": _OBJECT},
        },
    },
    "works": {"type": "object", "properties": {"type": _TEXT, "features": {"type": "array", "items": _OBJECT}}},
    "act": {
        "type": "object",
        "required": ["act"],
        "properties": {
            "act": {"type": "string", "enum": [name for name in MOVES if name not in ("check", "revise", "answer")]},
            "reason": {"type": "string", "maxLength": 4000},
        },
    },
    "answer": {
        "type": "object",
        "required": ["answer"],
        "properties": {
            "answer": {"type": "string", "enum": list(AnswerKind)},
            "remarks": {"type": "string", "maxLength": 4000},
        },
    },
    "request": {
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "owner": _TEXT,
            "due_on": {"type": "string", "format": "date"},
            "is_overdue": {"type": "boolean"},
            "answer": {"type": "string", "enum": list(AnswerKind), "nullable": True},
        },
    },
    "requests": {
        "type": "object",
        "properties": {"requests": {"type": "array", "items": {"$ref": "#/components/schemas/request"}}},
    },
    "check": {
        "type": "object",
        "properties": {
            "number": {"type": "integer"},
            "checked_at": {"type": "string", "format": "date-time"},
            "request": _OBJECT,
            "report": _OBJECT,
            "difference": {"type": "object", "nullable": True},
        },
    },
    "checks": {
        "type": "object",
        "properties": {"checks": {"type": "array", "items": {"$ref": "#/components/schemas/check"}}},
    },
    "problem": {
        "type": "object",
        "required": ["type", "title", "status"],
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "code": _TEXT,
            "detail": _TEXT,
            "faults": {"type": "array", "items": _TEXT},
        },
    },
}
