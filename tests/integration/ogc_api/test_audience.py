"""What is not for an audience does not exist for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from layers.catalog import layers_for
from layers.database import Audience

if TYPE_CHECKING:
    from conftest import Town
    from httpx import Client

SECRET = [layer for layer in layers_for(Audience.OPERATOR) if layer.audience is Audience.OPERATOR]
PATHS = ("", "/schema", "/queryables", "/items", "/items/1")


@pytest.mark.parametrize("layer", [layer.name for layer in SECRET])
@pytest.mark.parametrize("path", PATHS)
def test_another_audiences_layer_is_not_found(
    town: Town, public: Client, operator: Client, layer: str, path: str
) -> None:
    """A layer for operators is 404 to the public in every format, like one that does not exist."""
    pipe = town.a_pipe(axis_m=1)
    assert operator.get(f"/collections/utility_lines/items/{pipe}").status_code == 200
    for f in ("json", "html"):
        response = public.get(f"/collections/{layer}{path}?f={f}")
        unknown = public.get(f"/collections/{'x' * len(layer)}{path}?f={f}")
        assert response.status_code == unknown.status_code == 404
        assert response.text.replace(layer, "x" * len(layer)) == unknown.text


def test_another_audiences_layer_is_mentioned_nowhere(town: Town, public: Client, operator: Client) -> None:
    """No document of the public service names an operators' layer, even after the operators' service was read."""
    town.a_pipe(axis_m=1)
    words = [word for layer in SECRET for word in (layer.name, layer.title.vi, layer.title.en)]
    for path in ("/", "/collections", "/openapi", "/conformance", "/processes", "/collections/trees"):
        for f in ("json", "html", *(("jsonld",) if path in ("/", "/collections") else ())):
            for lang in ("vi", "en"):
                operator.get(path, params={"f": f, "lang": lang})
                text = public.get(path, params={"f": f, "lang": lang}).text
                assert [word for word in words if re.search(rf"\b{word}\b", text)] == [], path


def test_each_audience_sees_its_collections(town: Town, public: Client, operator: Client) -> None:
    """The list of collections is the catalogue's for the audience, in its order."""
    town.a_tree()
    for client, audience in ((public, Audience.PUBLIC), (operator, Audience.OPERATOR)):
        listed = [collection["id"] for collection in client.get("/collections").json()["collections"]]
        assert listed == [layer.name for layer in layers_for(audience)]


@pytest.mark.usefixtures("town")
def test_only_public_data_may_be_read_by_any_web_page(public: Client, operator: Client) -> None:
    """CORS is for public data and for reading; what operators see is kept in no cache."""
    origin = {"Origin": "https://example.org"}
    open_, closed = (c.get("/collections/trees/items", headers=origin) for c in (public, operator))
    assert open_.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in closed.headers
    assert closed.headers["cache-control"] == "private, no-store"
    asked = origin | {"Access-Control-Request-Method": "GET"}
    assert public.options("/collections/trees/items", headers=asked).status_code == 200
    asked["Access-Control-Request-Method"] = "DELETE"
    assert public.options("/jobs/1", headers=asked).status_code == 400
