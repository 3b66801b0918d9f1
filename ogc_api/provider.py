"""pygeoapi's provider of one layer, for what pygeoapi renders itself: schema, queryables, JSON-LD, CSV."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pygeoapi.provider.base import BaseProvider

from layers.catalog import find_layer
from ogc_api.items import read_features, read_item
from ogc_api.negotiation import choose_text

if TYPE_CHECKING:
    from layers.catalog import Property


class LayerProvider(BaseProvider):  # type: ignore[misc]
    """A layer as its audience may read it.

    The definition holds `data` (a `layers.database.Reader`) and `layer` (its name); for a request also `request` (an
    `ogc_api.params.FeatureRequest`) and `language`. pygeoapi's own reading of the query string knows no heights, and
    would transform coordinates that PostGIS has transformed already, so what it passes on is not looked at.
    """

    def __init__(self, provider_def: dict[str, Any]) -> None:
        super().__init__(provider_def)
        self._reader = provider_def["data"]
        self._request: Any = provider_def.get("request")
        layer = find_layer(provider_def["layer"], self._reader.audience)
        language = provider_def.get("language", "en")
        self._fields = {p.name: describe_property(p, language) for p in layer.properties}

    def get_fields(self) -> dict[str, dict[str, str]]:
        return self._fields

    def query(self, **_: object) -> dict[str, Any]:
        page = read_features(self._reader, self._request)
        return {
            "type": "FeatureCollection",
            "numberMatched": page.matched,
            "numberReturned": page.returned,
            "features": json.loads(f"[{page.features}]"),
        }

    def get(self, identifier: str, **_: object) -> dict[str, Any]:
        feature: dict[str, Any] = json.loads(read_item(self._reader, self._request, identifier))
        return feature


def describe_property(described: Property, language: str) -> dict[str, str]:
    """JSON Schema of a property; `x-ogc-unit` is UCUM (OGC 23-058r1, 8.4)."""
    label = described.label
    schema = {"title": choose_text(label, language), "type": described.type}
    if described.format:
        schema["format"] = described.format
    if label.unit:
        schema |= {"x-ogc-unit": label.unit, "x-ogc-unitLang": "UCUM"}
    return schema
