"""pygeoapi's API as the layers are now: made anew when one of them has changed."""

from __future__ import annotations

import asyncio
import copy
import time
from threading import Lock
from typing import TYPE_CHECKING, Any, NoReturn

from pygeoapi.api import API, APIRequest
from pygeoapi.l10n import str2locale

from layers.catalog import read_states, read_versions
from layers.crs import parse_crs
from layers.custom import read_layers
from layers.database import storage_srid
from layers.errors import NotFound
from layers.layer_records import read_records
from ogc_api.config import City, build_config
from ogc_api.negotiation import LANGUAGES
from ogc_api.openapi import build_openapi
from ogc_api.problems import Refusal
from ogc_api.references import offer_references

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from layers.catalog import Layer
    from layers.features import Page
    from layers.layer_facts import Facts
    from ogc_api.config import Service


class Edition(API):  # type: ignore[misc]
    """pygeoapi's API for one audience and one state of its layers."""

    def __init__(self, service: Service, city: City) -> None:
        self.service = service
        self.storage = city.storage
        # Those of the audience.
        self.layers = city.layers
        self.told = city.told
        # Read when somebody asks for them.
        self.facts: dict[str, Facts] = {}
        self._states = city.states
        self.offered = offer_references(city.storage, service.geoid_m)
        super().__init__(build_config(service, city, self.offered), openapi={})
        descriptions = {name: self.manager.get_processor(name).metadata for name in self.manager.processes}
        self.openapi_by_language = {
            language: build_openapi(service, city.layers, self.offered, descriptions, language)
            for language in LANGUAGES
        }

    def bounds(self, layers: Sequence[Layer]) -> tuple[float, float, float, float]:
        """Where features lie: west, south, east, north in degrees; of layers without any, where they may lie."""
        filled = [layer for layer in layers if (state := self._states.get(layer.name)) and state.bounds] or layers
        extents = (self.config["resources"][layer.name]["extents"]["spatial"]["bbox"] for layer in filled)
        west, south, east, north = zip(*extents, strict=True)
        return min(west), min(south), max(east), max(north)

    def changed_at(self, layer: Layer) -> datetime | None:
        """When a layer last changed, or what is said of it."""
        state = self._states.get(layer.name)
        return None if state is None else state.changed_at

    def find_layer(self, name: str) -> Layer:
        """Raises: NotFound, for a layer of another audience, too."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise NotFound(f"there is no layer '{name}': there are {', '.join(layer.name for layer in self.layers)}")

    def for_request(self, layer: Layer, **definition: Page | bytes | str) -> Edition:
        """The same API, whose provider of one layer has more in its definition."""
        resource = self.config["resources"][layer.name]
        provider = resource["providers"][0] | definition
        resources = self.config["resources"] | {layer.name: resource | {"providers": [provider]}}
        bound = copy.copy(self)
        bound.config = self.config | {"resources": resources}
        return bound

    def get_exception(
        self, status: int, _headers: dict[str, str], _format: str | None, code: str, description: str
    ) -> NoReturn:
        """Raises: Refusal, so that every failure is written in one place."""
        raise Refusal(int(status), code, description)


class Editions:
    """The present edition; each worker has its own and looks for changes when the last look is long ago."""

    def __init__(self, service: Service, *, check_after_s: float = 2.0) -> None:
        self._service = service
        self._check_after_s = check_after_s
        self._lock = Lock()
        self._edition: Edition | None = None
        self._versions: dict[str, int] = {}
        self._checked_at = 0.0

    @property
    def service(self) -> Service:
        return self._service

    @property
    def audience(self) -> str:
        return self._service.reader.audience

    def current(self) -> Edition:
        """Raises: Unavailable."""
        present = self._edition
        if present is None:
            with self._lock:
                return self._edition or self._refresh()
        # Whoever comes while another looks is served by the edition that there is.
        if time.monotonic() - self._checked_at < self._check_after_s or not self._lock.acquire(blocking=False):
            return present
        try:
            return self._refresh()
        finally:
            self._lock.release()

    async def fresh(self) -> Edition:
        """The present edition, without keeping the event loop waiting. Raises: Unavailable."""
        present = self._edition
        if present is not None and time.monotonic() - self._checked_at < self._check_after_s:
            return present
        return await asyncio.to_thread(self.current)

    def _refresh(self) -> Edition:
        service = self._service
        with service.reader.connection() as connection:
            versions = read_versions(connection)
            if self._edition is None or versions != self._versions:
                layers = read_layers(connection, service.reader.audience)
                storage = parse_crs(f"EPSG:{storage_srid(connection)}")
                city = City(layers, read_states(connection, layers), storage, read_records(connection))
                self._edition, self._versions = Edition(service, city), versions
        self._checked_at = time.monotonic()
        return self._edition


class Asked(APIRequest):  # type: ignore[misc]
    """A request as pygeoapi's handlers take it, with the format and the language that are already chosen.

    pygeoapi divides by the weight of an Accept header (`q=0` fails) and answers JSON under any media type it knows.
    """

    def __init__(self, path: str, params: Mapping[str, str], f: str, language: str) -> None:
        self._data = b""
        # An unescaped '+' of sortby has become a space; no property's name holds one.
        self._args = {name: value.replace(" ", "+") if name == "sortby" else value for name, value in params.items()}
        self._path_info = path
        self._raw_locale = language
        self._locale = str2locale(language)
        self._format = f
        self._headers: dict[str, str] = {}

    def _get_format(self, *_: object) -> str:
        return self._format


def ask(
    function: Callable[..., tuple[dict[str, str], int, str | bytes]], edition: Edition, asked: Asked, *arguments: Any
) -> tuple[dict[str, str], bytes]:
    """Headers and body of a pygeoapi handler's answer. Raises: Refusal, and what providers and processors raise."""
    # A copy, for pygeoapi leaves the JSON-LD of a request on the object.
    headers, _status, content = function(copy.copy(edition), asked, *arguments)
    if isinstance(content, str):
        # pygeoapi escapes these two in JSON as if it were HTML, which changes the data.
        content = content.replace("&lt;", "<").replace("&gt;", ">").encode()
    return headers, content
