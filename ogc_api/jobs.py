"""Running processes: what they are given is checked against what they describe, what they give is written down."""

from __future__ import annotations

import base64
import json
from copy import deepcopy
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jsonschema import Draft202012Validator
from pygeoapi.plugin import load_plugin
from pygeoapi.process.manager.base import BaseManager
from pygeoapi.util import JobStatus

from layers.errors import Invalid, Sentence, TwinError, say
from ogc_api.problems import NoSuchResource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jsonschema import ValidationError
    from pygeoapi.process.base import BaseProcessor

EXCEPTIONS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"

_MOST_FAULTS = 100
_MOST_LINKS = 1000

# What an input may be wrapped in (OGC 18-062r2, qualifiedInputValue.yaml).
_QUALIFIERS = {"value", "mediaType", "encoding", "schema"}


@dataclass(frozen=True, slots=True)
class Execution:
    """A checked request to run a process; `is_document` where the results are wanted under their names."""

    inputs: dict[str, Any]
    outputs: dict[str, Any] | None
    is_document: bool


class Manager(BaseManager):  # type: ignore[misc]
    """A processor belongs to one run, so runs at the same time cannot meet; jobs are not pygeoapi's here."""

    def get_processor(self, process_id: str) -> BaseProcessor:
        """A new processor with its context, and a description of its own, for pygeoapi edits what it is given.

        Raises: NoSuchResource.
        """
        if process_id not in self.processes:
            raise NoSuchResource(
                f"there is no process '{process_id}': there are {', '.join(self.processes) or 'none'}",
                f"{EXCEPTIONS}/no-such-process",
            )
        definition = self.processes[process_id]["processor"]
        processor = load_processor(definition["name"], definition["context"].value)
        modes = processor.metadata["jobControlOptions"] if definition["keeps_jobs"] else ["sync-execute"]
        processor.metadata = deepcopy(processor.metadata) | {"jobControlOptions": modes}
        return processor

    def execute_process(
        self, process_id: str, data_dict: dict[str, Any], *_: object, requested_outputs: Any = None, **__: object
    ) -> tuple[str, str, Any, JobStatus, None]:
        """Identifier, media type, value, status and no further headers; failures are raised as they are."""
        media_type, value = run(self.get_processor(process_id), data_dict, requested_outputs)
        return str(uuid4()), media_type, value, JobStatus.successful, None


def load_processor(dotted_class: str, context: object) -> BaseProcessor:
    return load_plugin("process", {"name": dotted_class, "context": context})


def run(processor: BaseProcessor, inputs: dict[str, Any], outputs: dict[str, Any] | None) -> tuple[str, Any]:
    """Media type and value; failures are raised as they are."""
    options = {"outputs": outputs} if processor.supports_outputs else {}
    media_type, value = processor.execute(inputs, **options)
    return media_type, value


def write_results(names: Sequence[str], media_type: str, value: Any, *, is_document: bool) -> tuple[str, bytes]:
    """The value as it is, or as a document under the name of the process's one output (OGC 18-062r2, 7.11.3)."""
    if is_document and len(names) == 1:
        value = {names[0]: _qualify(media_type, value)}
    elif isinstance(value, str | bytes) and media_type != "application/json":
        return media_type, value.encode() if isinstance(value, str) else value
    # A lone surrogate, which JSON can spell, has no UTF-8.
    return "application/json", json.dumps(value, ensure_ascii=False).encode(errors="replace")


def _qualify(media_type: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return {"value": base64.b64encode(value).decode(), "mediaType": media_type, "encoding": "base64"}
    return value if media_type == "application/json" else {"value": value, "mediaType": media_type}


def parse_execution(body: bytes, description: Mapping[str, Any], follow: Callable[[object], Any]) -> Execution:
    """The request in a body (OGC 18-062r2, 7.11.2); `follow` gives what a link in it leads to.

    Raises: Invalid, naming every fault.
    """
    request, lost = _parse_object(body), list[str]()
    given = _member(request, "inputs")
    _check_links(given)
    inputs = {name: _read_input(name, value, follow, lost) for name, value in given.items()}
    outputs = _member(request, "outputs") if request.get("outputs") is not None else None
    errors = Draft202012Validator(input_schema(description)).iter_errors(inputs)
    faults = [
        *lost[:_MOST_FAULTS],
        *(_explain(error) for error in islice(errors, _MOST_FAULTS)),
        *(f"outputs: there is no output '{name}'" for name in outputs or () if name not in description["outputs"]),
    ]
    if request.get("response", "raw") not in ("raw", "document"):
        faults.append("response: give 'raw' or 'document'")
    if faults:
        raise Invalid(*faults)
    return Execution(inputs, outputs, request.get("response") == "document")


def input_schema(description: Mapping[str, Any]) -> dict[str, Any]:
    """JSON Schema of a process's inputs; one that may occur several times may be an array.

    What the process says to check itself (`x-checkedBy`) it refuses in its own words, in both languages.
    """
    inputs = description["inputs"]
    return {
        "type": "object",
        "properties": {
            name: {} if about.get("x-checkedBy") == "process" else _occurring(about) for name, about in inputs.items()
        },
        "required": [name for name, about in inputs.items() if about.get("minOccurs", 1) > 0],
        "additionalProperties": False,
    }


def _occurring(about: Mapping[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = about["schema"]
    most = about.get("maxOccurs", 1)
    if most == 1:
        return schema
    bounds = {} if most == "unbounded" else {"maxItems": most}
    return {"anyOf": [schema, {"type": "array", "items": schema, "minItems": about.get("minOccurs", 1), **bounds}]}


def _parse_object(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Invalid('the body is no JSON: give an object such as {"inputs": {}}') from error
    if not isinstance(request, dict):
        raise Invalid('the body is no JSON object: give one such as {"inputs": {}}')
    return request


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _member(request: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = request.get(name, {})
    if not isinstance(value, dict):
        raise Invalid(f"{name}: give an object")
    return value


def _unwrap(value: Any) -> Any:
    is_qualified = isinstance(value, dict) and "value" in value and value.keys() <= _QUALIFIERS
    return value["value"] if is_qualified else value


def _check_links(given: Mapping[str, Any]) -> None:
    """Raises: Invalid for more links than one request may have followed."""
    found = sum(map(_is_link, chain.from_iterable(v if isinstance(v, list) else [v] for v in given.values())))
    if found > _MOST_LINKS:
        raise Invalid(
            Sentence(
                f"inputs: {found} links are too many: give {_MOST_LINKS} at most",
                f"inputs: {found} liên kết là quá nhiều: cho nhiều nhất {_MOST_LINKS}",
            )
        )


def _read_input(name: str, value: Any, follow: Callable[[object], Any], lost: list[str]) -> Any:
    """The value of an input; a link, also one among several, is what it leads to. Adds to `lost` what it does not."""
    if isinstance(value, list):
        return [_read_one(name, one, follow, lost) for one in value] if any(map(_is_link, value)) else value
    return _read_one(name, value, follow, lost)


def _read_one(name: str, value: Any, follow: Callable[[object], Any], lost: list[str]) -> Any:
    if not _is_link(value):
        return _unwrap(value)
    try:
        return follow(value["href"])
    except TwinError as error:
        lost.append(Sentence(*(f"inputs.{name}: {say(error.message, language)}" for language in ("en", "vi"))))
        return value


def _is_link(value: Any) -> bool:
    return isinstance(value, dict) and "href" in value


def _explain(error: ValidationError) -> str:
    return f"{'.'.join(['inputs', *map(str, error.absolute_path)])}: {error.message[:300]}"
