"""Items and single items: read in the event loop, sent as PostgreSQL wrote them; pages for people come of the same."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

from pygeoapi.api import itemtypes
from starlette.datastructures import QueryParams
from starlette.responses import Response

from layers.features import Page, fetch_feature, fetch_page, fetch_state
from layers.transcripts import fetch_listing, listed_page, shown
from ogc_api.counts import Counts
from ogc_api.downloads import download, stream_page
from ogc_api.edition import Asked, ask
from ogc_api.items import DOWNLOADS, FORMATS, MODEL, item_formats, write_collection, write_feature
from ogc_api.kept import Shelf
from ogc_api.negotiation import choose_format, choose_language, choose_text
from ogc_api.pages import Place, render
from ogc_api.plan import Plan, Wanted, make_plan

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from layers.database import AsyncConnection
    from layers.label import Label
    from ogc_api.edition import Edition, Editions

_STREAMED_ABOVE = 2_000
# What is sent as PostgreSQL wrote it.
_DIRECT = ("json", "jsonfg")
_MOST_PLANS = 2_000
# What an encoded answer adds to its tag.
_CODING = re.compile(r'-(br|gzip)"$')

# Collection, query string, Accept, Accept-Language, and whether it is a page.
type _Key = tuple[str, str, str, str, bool]


class Items:
    """Answers for the features of all layers."""

    def __init__(self, editions: Editions, show_model: Callable[[Request], Awaitable[Response]]) -> None:
        self._editions = editions
        self._show_model = show_model
        self._counts = Counts()
        self._shelf = Shelf()
        self._plans: tuple[Edition | None, dict[_Key, tuple[Wanted, Plan]]] = (None, {})

    async def list(self, request: Request) -> Response:
        """A page of features. Raises: Invalid, NotFound, Unavailable."""
        wanted, plan = await self._understand(request, is_page=True)
        if (unchanged := await _unchanged(request, wanted)) is not None:
            return unchanged
        if wanted.format in DOWNLOADS:
            return await download(wanted, plan)
        if wanted.format in _DIRECT and _is_large(plan):
            return await stream_page(wanted, plan, self._counts)
        kept = self._shelf.find(plan)
        async with wanted.reader.live.connection() as connection:
            if kept is not None and (await fetch_state(connection, wanted.layer)).version == kept.version:
                return kept.response
            page = await _copied(connection, wanted, plan)
            if page is None:
                page = await fetch_page(connection, plan.request.query, plan.statement)
            matched = await self._counts.matched(connection, plan.request, page, wanted.edition.storage)
        if plan.request.wants_hits:
            page = Page(b"", 0, page.version, page.total)
        headers = plan.headers | {"ETag": wanted.tag(page.version)}
        if wanted.format == "jsonld":
            response = await asyncio.to_thread(_write_linked, wanted, page, None, headers)
        else:
            body = write_collection(page, matched, plan.page_links(page), plan.members)
            response = await _respond(wanted, "items.html", _path(request), body, headers)
        self._shelf.keep(plan, page.version, response)
        return response

    async def show(self, request: Request) -> Response:
        """One feature. Raises: Invalid, NotFound, Unavailable."""
        if _is_model(request):
            return await self._show_model(request)
        wanted, plan = await self._understand(request, is_page=False)
        feature_id = request.path_params["item"]
        async with wanted.reader.live.connection() as connection:
            found = await fetch_feature(connection, plan.request.query, plan.statement.text, feature_id)
        headers = plan.headers | {"ETag": f'"{wanted.mark(found.revision)}"'}
        if holds(request.headers.get("if-none-match", ""), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        if wanted.format == "jsonld":
            return await asyncio.to_thread(_write_linked, wanted, found.feature, feature_id, headers)
        body = write_feature(found.feature, plan.item_links(feature_id), plan.members)
        return await _respond(wanted, "item.html", _path(request), body, headers)

    async def _understand(self, request: Request, *, is_page: bool) -> tuple[Wanted, Plan]:
        """What is wanted, and how it is met; the same request is not thought over twice while an edition lasts."""
        edition, headers = await self._editions.fresh(), request.headers
        known, plans = self._plans
        if known is not edition or len(plans) > _MOST_PLANS:
            self._plans = (edition, plans := {})
        query = request.scope["query_string"].decode("latin-1")
        accepted = headers.get("accept", ""), headers.get("accept-language", "")
        key = (request.path_params["collection"], query, *accepted, is_page)
        understood = plans.get(key)
        if understood is None:
            understood = plans[key] = _understand(edition, key)
        return understood


async def _copied(connection: AsyncConnection, wanted: Wanted, plan: Plan) -> Page | None:
    """A page out of the layer's transcript; None where that does not have all of it."""
    transcripts, query = wanted.edition.service.transcripts, plan.request.query
    if plan.listing is None or transcripts is None or (transcript := transcripts.find(wanted.layer)) is None:
        return None
    listing = await fetch_listing(connection, query, plan.listing)
    # In a thread, for a disk may keep whoever asks it waiting.
    features = await asyncio.to_thread(transcript.read, shown(listing, query), listing.started)
    return None if features is None else listed_page(listing, query, features)


def _is_model(request: Request) -> bool:
    """Whether a client wants a body in space instead of a document."""
    asked = request.query_params.get("f")
    return asked == "glb" or (asked is None and request.headers.get("accept", "").startswith(MODEL))


def _understand(edition: Edition, key: _Key) -> tuple[Wanted, Plan]:
    """Raises: Invalid, NotFound."""
    collection, query, accept, accept_language, is_page = key
    layer, params = edition.find_layer(collection), QueryParams(query)
    f = choose_format(params.get("f"), accept, tuple(FORMATS) if is_page else item_formats(layer))
    language = choose_language(params.get("lang"), accept_language)
    wanted = Wanted(edition, layer, f, language, query)
    return wanted, make_plan(wanted, is_page=is_page)


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
    return Response(status_code=304, headers={"ETag": tag}) if holds(tags, tag) else None


def holds(tags: str, tag: str) -> bool:
    """Whether an If-None-Match names a tag, compared weakly (RFC 9110, 8.8.3.2)."""
    named = {_CODING.sub('"', one.strip().removeprefix("W/")) for one in tags.split(",")}
    return "*" in named or tag.removeprefix("W/") in named


async def _respond(wanted: Wanted, template: str, path: str, body: bytes, headers: dict[str, str]) -> Response:
    if wanted.format in _DIRECT:
        return Response(body, media_type=FORMATS[wanted.format], headers=headers)
    place = Place(wanted.edition.service.public_url, path, tuple(QueryParams(wanted.params).items()), wanted.language)
    titles = {"titles": {p.name: _write_title(p.label, wanted.language) for p in wanted.layer.properties}}
    page = await asyncio.to_thread(lambda: render(template, json.loads(body) | titles, place))
    return Response(page, media_type="text/html", headers={**headers, "Content-Language": wanted.language})


def _write_title(label: Label, language: str) -> str:
    unit = f" ({label.unit})" if label.unit else ""
    return f"{choose_text(label, language)}{unit}"


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
