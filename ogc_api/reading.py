"""Items and single items: read in the event loop, sent as PostgreSQL wrote them; pages for people come of the same."""

from __future__ import annotations

import asyncio
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pygeoapi.api import itemtypes
from starlette.datastructures import QueryParams
from starlette.responses import Response

from layers.features import Page, fetch_feature, fetch_page, fetch_state
from ogc_api.counts import Counts
from ogc_api.downloads import download, stream_page
from ogc_api.edition import Asked, ask
from ogc_api.items import DOWNLOADS, FORMATS, ITEM_FORMATS, MEDIA_TYPE, Address, write_collection, write_feature
from ogc_api.negotiation import choose_format, choose_language
from ogc_api.pages import Place, render
from ogc_api.plan import Plan, Wanted, make_plan

if TYPE_CHECKING:
    from starlette.requests import Request

    from ogc_api.edition import Edition, Editions

_STREAMED_ABOVE = 2_000
_MOST_PLANS = 2_000


class Items:
    """Answers for the features of all layers."""

    def __init__(self, editions: Editions) -> None:
        self._editions = editions
        self._counts = Counts()
        self._plans: tuple[Edition | None, dict[object, Plan]] = (None, {})

    async def list(self, request: Request) -> Response:
        """A page of features. Raises: Invalid, NotFound, Unavailable."""
        wanted = await self._understand(request, tuple(FORMATS))
        plan = self._plan(wanted, is_page=True)
        if (unchanged := await _unchanged(request, wanted)) is not None:
            return unchanged
        if wanted.format in DOWNLOADS:
            return await download(wanted, plan)
        if wanted.format == "json" and _is_large(plan):
            return await stream_page(wanted, plan, self._counts)
        async with wanted.reader.live.connection() as connection:
            page = await fetch_page(connection, plan.request.query, plan.statement)
            matched = await self._counts.matched(connection, plan.request, page, wanted.edition.storage)
        if plan.request.wants_hits:
            page = Page(b"", 0, page.version, page.total)
        headers = plan.headers | {"ETag": wanted.tag(page.version)}
        if wanted.format == "jsonld":
            return await asyncio.to_thread(_write_linked, wanted, page, None, headers)
        body = write_collection(page, matched, plan.request, plan.address)
        return await _respond(wanted, "items.html", _path(request), body, headers)

    async def show(self, request: Request) -> Response:
        """One feature. Raises: Invalid, NotFound, Unavailable."""
        wanted = await self._understand(request, tuple(ITEM_FORMATS))
        feature_id = request.path_params["item"]
        plan = self._plan(wanted, is_page=False)
        async with wanted.reader.live.connection() as connection:
            found = await fetch_feature(connection, plan.request.query, plan.statement.text, feature_id)
        headers = plan.headers | {"ETag": f'"{wanted.mark(found.revision)}"'}
        if _holds(request.headers.get("if-none-match", ""), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        if wanted.format == "jsonld":
            return await asyncio.to_thread(_write_linked, wanted, found.feature, feature_id, headers)
        base = plan.address
        address = Address(base.collection, base.title, f"/items/{feature_id}", base.query)
        body = write_feature(found.feature, address)
        return await _respond(wanted, "item.html", _path(request), body, headers)

    def _plan(self, wanted: Wanted, *, is_page: bool) -> Plan:
        """The plan of a request; the same request again is not read twice, as long as the edition lasts."""
        edition, plans = self._plans
        if edition is not wanted.edition or len(plans) > _MOST_PLANS:
            self._plans = (wanted.edition, plans := {})
        key = (wanted.layer.name, wanted.params, wanted.format in DOWNLOADS, wanted.language, is_page)
        plan = plans.get(key)
        if plan is None:
            plan = plans[key] = make_plan(wanted, is_page=is_page)
        return plan

    async def _understand(self, request: Request, offered: tuple[str, ...]) -> Wanted:
        edition = await self._editions.fresh()
        layer = edition.find_layer(request.path_params["collection"])
        params, headers = request.query_params, request.headers
        f = _format(params.get("f"), headers.get("accept", ""), offered)
        language = _language(params.get("lang"), headers.get("accept-language", ""))
        return Wanted(edition, layer, f, language, request.scope["query_string"].decode("latin-1"))


_format = lru_cache(maxsize=512)(choose_format)
_language = lru_cache(maxsize=512)(choose_language)


def _is_large(plan: Plan) -> bool:
    """Whether a page is too large for one piece; one that is read backwards has to be turned as a whole."""
    query = plan.request.query
    is_backward = query.cursor is not None and query.cursor.is_backward
    return plan.request.limit > _STREAMED_ABOVE and not plan.request.wants_hits and not is_backward


async def _unchanged(request: Request, wanted: Wanted) -> Response | None:
    """304 where the client names the layer's present version."""
    tags = request.headers.get("if-none-match")
    if tags is None:
        return None
    async with wanted.reader.live.connection() as connection:
        tag = wanted.tag((await fetch_state(connection, wanted.layer)).version)
    return Response(status_code=304, headers={"ETag": tag}) if _holds(tags, tag) else None


def _holds(tags: str, tag: str) -> bool:
    """Whether an If-None-Match names a tag, compared weakly (RFC 9110, 8.8.3.2)."""
    named = {one.strip().removeprefix("W/") for one in tags.split(",")}
    return "*" in named or tag.removeprefix("W/") in named


async def _respond(wanted: Wanted, template: str, path: str, body: bytes, headers: dict[str, str]) -> Response:
    if wanted.format == "json":
        return Response(body, media_type=MEDIA_TYPE, headers=headers)
    place = Place(wanted.edition.service.public_url, path, tuple(QueryParams(wanted.params).items()), wanted.language)
    page = await asyncio.to_thread(lambda: render(template, json.loads(body), place))
    return Response(page, media_type="text/html", headers={**headers, "Content-Language": wanted.language})


def _write_linked(wanted: Wanted, content: Page | bytes, feature_id: str | None, headers: dict[str, str]) -> Response:
    """JSON-LD, which pygeoapi writes of the features that were read."""
    layer = wanted.layer
    edition = wanted.edition.for_request(layer, content=content)
    asked = Asked(f"/collections/{layer.name}/items", dict(QueryParams(wanted.params)), "jsonld", wanted.language)
    function: Any = itemtypes.get_collection_items if feature_id is None else itemtypes.get_collection_item
    arguments = (layer.name,) if feature_id is None else (layer.name, feature_id)
    written, body = ask(function, edition, asked, *arguments)
    return Response(body, media_type=written["Content-Type"], headers=headers)


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    return path.removeprefix(request.scope.get("root_path", ""))
