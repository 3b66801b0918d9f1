"""pygeoapi's provider of one layer, for what pygeoapi renders itself: schema, queryables, JSON-LD."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pygeoapi.provider.base import BaseProvider

from ogc_api.schemas import describe_property

if TYPE_CHECKING:
    from layers.catalog import Layer
    from layers.features import Page


class LayerProvider(BaseProvider):  # type: ignore[misc]
    """A layer as its audience may read it.

    The definition holds `data` (a `layers.database.Reader`) and `layer` (a `Shared` with it); for a request also
    `language` or `content`: the page, or the feature, that was read already. pygeoapi's own reading of the query
    string knows no heights, and would transform coordinates that PostGIS has transformed, so what it passes on is not
    looked at.
    """

    def __init__(self, provider_def: dict[str, Any]) -> None:
        super().__init__(provider_def)
        self._content: Any = provider_def.get("content")
        layer: Layer = provider_def["layer"].value
        language = provider_def.get("language", "en")
        self._fields = {p.name: describe_property(p, language) for p in layer.properties}

    def get_fields(self) -> dict[str, dict[str, str]]:
        return self._fields

    def query(self, **_: object) -> dict[str, Any]:
        page: Page = self._content
        features = json.loads(b"[%b]" % page.features)
        return {"type": "FeatureCollection", "numberReturned": page.returned, "features": features}

    def get(self, _identifier: str, **_: object) -> dict[str, Any]:
        feature: dict[str, Any] = json.loads(self._content)
        return feature
