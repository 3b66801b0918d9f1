"""Processes that a service under test is given by their dotted names."""

from __future__ import annotations

from typing import Any

from pygeoapi.process.base import BaseProcessor

from layers.errors import Invalid, Unavailable

DESCRIPTION = {
    "id": "echo",
    "version": "1.0.0",
    "title": {"en": "Echo", "vi": "Tiếng vọng"},
    "description": {"en": "Says it again", "vi": "Nói lại"},
    "jobControlOptions": ["sync-execute", "async-execute"],
    "inputs": {
        "text": {"title": "Text", "schema": {"type": "string", "maxLength": 20}},
        "times": {"title": "Times", "minOccurs": 0, "schema": {"type": "integer", "minimum": 1}},
        "tags": {"title": "Tags", "minOccurs": 0, "maxOccurs": 2, "schema": {"type": "string"}},
        "fail": {"title": "Fail", "minOccurs": 0, "schema": {"enum": ["invalid", "unavailable", "unexpected"]}},
    },
    "outputs": {"echo": {"title": "Echo", "schema": {"type": "object", "contentMediaType": "application/json"}}},
    "example": {"inputs": {"text": "a < b"}},
}

FAILURES = {
    "invalid": Invalid("text: it may not be said"),
    "unavailable": Unavailable("the echo is out: try again later"),
    "unexpected": RuntimeError("secret: select * from utility_lines"),
}


class EchoProcessor(BaseProcessor):  # type: ignore[misc]
    """Gives its inputs back; a `barrier` in the context makes runs wait for each other."""

    def __init__(self, processor_def: dict[str, Any]) -> None:
        super().__init__(processor_def, DESCRIPTION)
        self.context = processor_def["context"]

    def execute(self, data: dict[str, Any]) -> tuple[str, Any]:
        self.text = data["text"]
        if "barrier" in self.context:
            self.context["barrier"].wait(30)
        if "fail" in data:
            raise FAILURES[data["fail"]]
        self.context.setdefault("seen", []).append(self.text)
        return "application/json", {"said": self.text * data.get("times", 1)}


class ShoutProcessor(EchoProcessor):
    """The same, louder, as plain text."""

    def execute(self, data: dict[str, Any]) -> tuple[str, Any]:
        _, value = super().execute(data)
        return "text/plain", value["said"].upper()
