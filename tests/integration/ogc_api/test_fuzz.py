"""Requests that nobody would write, made from the OpenAPI definition: each gets a documented answer, never a 5xx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Town
    from httpx2 import Client

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def test_every_answer_is_documented(operator: Client, town: Town) -> None:
    """No 5xx, no status, media type or body that the definition does not state."""
    furnish(town)
    assert faults(operator) == []


def test_every_edit_is_answered_as_documented(editor: Client, town: Town) -> None:
    """The same of those who may edit."""
    furnish(town)
    assert faults(editor, {"X-Edits": "1"}, without="GET") == []


def furnish(town: Town) -> None:
    town.trees(30)
    town.a_pipe(axis_m=1.5)
    town.a_pipe(owner="Công ty Cấp nước")
    town.a_ward("Thuận Hòa")


def faults(client: Client, headers: dict[str, str] | None = None, without: str = "") -> list[str]:
    address = f"{str(client.base_url).rstrip('/')}/openapi?f=json"
    definition = schemathesis.openapi.from_url(address)
    asked = [found.ok() for found in definition.get_all_operations()]
    return [fault for one in asked if one.method.upper() != without for fault in faults_of(one, headers)]


def faults_of(operation: Any, headers: dict[str, str] | None) -> Iterator[str]:
    """What is wrong with the answers to requests that obey the definition, and to those that do not."""
    for mode in GenerationMode:

        @settings(
            max_examples=4,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            # The pattern of the mount ends at a line break: such an address lies outside the service.
            assume("%0A" not in case.as_transport_kwargs()["url"])
            case.call_and_validate(checks=CHECKS, headers=headers)

        try:
            ask()
        except FailureGroup as group:
            yield from (f"{fault.title}: {group}" for fault in group.exceptions)
        except BaseExceptionGroup as group:
            yield f"{operation.label}: {group.exceptions!r}"
