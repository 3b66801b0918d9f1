"""The process that the suite of Processes runs: it gives back what it is given, in every form that an input can have.

The result is an object of objects: whatever else a process may give is valid by several of the schemas of which the
suite's definition of an answer wants exactly one to hold.
"""

from __future__ import annotations

import time
from typing import Any

from pygeoapi.process.base import BaseProcessor

_TEXT = {"type": "string"}
DESCRIPTION: dict[str, Any] = {
    "id": "echo",
    "version": "1.0.0",
    "title": {"en": "Echo", "vi": "Tiếng vọng"},
    "description": {"en": "Gives back what it is given", "vi": "Trả lại những gì được đưa vào"},
    "jobControlOptions": ["sync-execute", "async-execute"],
    "inputs": {
        "text": {"title": "Text", "schema": _TEXT},
        "numbers": {"title": "Numbers", "minOccurs": 0, "schema": {"type": "array", "items": {"type": "integer"}}},
        "mixed": {"title": "Text or object", "minOccurs": 0, "schema": {"oneOf": [_TEXT, {"type": "object"}]}},
        "box": {
            "title": "Bounding box",
            "minOccurs": 0,
            "schema": {"allOf": [{"type": "object", "required": ["bbox"], "format": "ogc-bbox"}]},
        },
        "xml": {"title": "XML", "minOccurs": 0, "schema": _TEXT | {"contentMediaType": "text/xml"}},
        "pause": {"title": "Seconds to wait", "minOccurs": 0, "schema": {"type": "number", "minimum": 0, "maximum": 5}},
    },
    "outputs": {"text": {"title": "What was given", "schema": {"type": "object"}}},
    "example": {"inputs": {"text": "a"}},
}


class EchoProcessor(BaseProcessor):  # type: ignore[misc]
    def __init__(self, processor_def: dict[str, Any]) -> None:
        super().__init__(processor_def, DESCRIPTION)

    def execute(self, data: dict[str, Any]) -> tuple[str, Any]:
        time.sleep(data.get("pause", 0))
        return "application/json", {"inputs": data}
