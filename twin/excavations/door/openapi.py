"""The OpenAPI 3.0 definition of /api/excavations."""

from __future__ import annotations

from typing import Any

from layers.deviations import Deviation
from layers.errors import Sentence, say
from layers.excavations import AnswerKind, ExcavationStatus
from layers.utilities import Discipline
from twin.excavations.door.documents import BASE
from twin.excavations.door.package import KINDS
from twin.excavations.life import MOVES
from twin.excavations.observation import ACCURACY_M, METHODS, SHIFT_M
from twin.excavations.schema import DIAMETER_M, ELEVATION_M, NODE_DEPTH_M, PROPERTIES

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
    if method in ("put", "delete", "post") and path not in _UNVERSIONED:
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


# What adds to an excavation and changes nothing of it.
_UNVERSIONED = (
    BASE,
    f"{BASE}/redelivered/{{run}}",
    f"{_ONE}/requests/{{request}}/answer",
    f"{_ONE}/deviations",
    f"{_ONE}/deviations/{{deviation}}/verdict",
    f"{_ONE}/as-built",
)

# Summary, schema of the body, schema of the answer, status.
_OPERATIONS: dict[str, dict[str, tuple[Sentence, str, str, int]]] = {
    "/api/works": {"get": (Sentence("Where the city is dug up now", "Nơi đang và sắp đào"), "", "works", 200)},
    "/api/audit": {
        "get": (
            Sentence("The newest network audit in numbers", "Kết quả rà soát mạng lưới mới nhất"),
            "",
            "object",
            200,
        )
    },
    BASE: {
        "get": (Sentence("Excavations that concern the caller", "Các hồ sơ liên quan"), "", "excavations", 200),
        "post": (Sentence("File an excavation", "Lập hồ sơ đào"), "filing", "excavation", 201),
    },
    f"{BASE}/statistics": {"get": (Sentence("How the procedure goes", "Thống kê"), "", "object", 200)},
    f"{BASE}/redelivered": {"get": (Sentence("What stands twice", "Hồ sơ có hai bản"), "", "object", 200)},
    f"{BASE}/redelivered/{{run}}": {
        "post": (Sentence("Decide what stands twice", "Quyết định hồ sơ có hai bản"), "act", "object", 200)
    },
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
    f"{_ONE}/ways-out/{{way}}": {
        "get": (Sentence("A way out as a request", "Phương án xử lý dưới dạng hồ sơ đề nghị"), "", "object", 200)
    },
    f"{_ONE}/package": {"get": (Sentence("Files of the answer", "Hồ sơ trả lời"), "", "object", 200)},
    f"{_ONE}/package/{{kind}}": {
        "get": (Sentence(f"A file: {', '.join(KINDS)}", f"Một tệp: {', '.join(KINDS)}"), "", "object", 200)
    },
    f"{_ONE}/deviations": {
        "get": (Sentence("Reports from the field", "Báo cáo hiện trường"), "", "object", 200),
        "post": (
            Sentence("Report what was seen in the dig", "Báo cáo điều thấy trong hố đào"),
            "report",
            "object",
            201,
        ),
    },
    f"{_ONE}/deviations/{{deviation}}/verdict": {
        "put": (Sentence("Confirm or contest a report", "Xác nhận hoặc phản đối báo cáo"), "verdict", "object", 200)
    },
    f"{_ONE}/as-built": {
        "post": (Sentence("Deliver what was laid", "Nộp hoàn công"), "laid", "object", 201),
    },
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
    "report": {
        "type": "object",
        "required": ["kind"],
        "properties": {
            "kind": {"type": "string", "enum": [kind for kind in Deviation if kind is not Deviation.AS_BUILT]},
            "feature": {"type": "object", "description": "the recorded line or node: collection and id"},
            "geometry": {"type": "object", "description": "GeoJSON Point or LineString, WGS 84: where it was seen"},
            "dx_m": SHIFT_M.to_schema(),
            "dy_m": SHIFT_M.to_schema(),
            "dz_m": SHIFT_M.to_schema(),
            "elevation_m": ELEVATION_M.to_schema() | {"description": "of a line: elevation of its axis"},
            "bottom_m": ELEVATION_M.to_schema() | {"description": "of a node: elevation of its bottom"},
            "cover_m": ELEVATION_M.to_schema() | {"description": "of a node: elevation of its cover"},
            "depth_m": NODE_DEPTH_M.to_schema(),
            "method": {"type": "string", "enum": list(METHODS)},
            "horizontal_accuracy_m": ACCURACY_M.to_schema(),
            "vertical_accuracy_m": ACCURACY_M.to_schema(),
            "discipline": {"type": "string", "enum": list(Discipline)},
            "diameter_m": DIAMETER_M.to_schema(),
            "material": _TEXT,
            "observed_on": {"type": "string", "format": "date"},
            "remarks": {"type": "string", "maxLength": 4000},
        },
    },
    "verdict": {
        "type": "object",
        "required": ["state"],
        "properties": {
            "state": {"type": "string", "enum": ["confirmed", "contested"]},
            "remarks": _TEXT,
            "owner": {"type": "string", "description": "whose an unknown find is, where the desk says it"},
        },
    },
    "laid": {
        "type": "object",
        "required": ["type", "features"],
        "description": "GeoJSON FeatureCollection of LineStrings; properties: discipline, diameter_m or width_m and"
        " height_m, axis_m (elevation of the axis, or z of the vertices), material, owner, voltage_v, method, laid_on;"
        " and of Points; properties: discipline, kind, diameter_m or width_m and length_m, cover_m (or z), bottom_m or"
        " depth_m, material, owner, method, laid_on",
        "properties": {"type": _TEXT, "features": {"type": "array", "items": _OBJECT, "maxItems": 500}},
    },
    "request": {
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "owner": _TEXT | {"nullable": True, "description": "null where all that it has there is secret"},
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
