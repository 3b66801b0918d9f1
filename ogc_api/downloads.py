"""Features too many for one piece: streamed as they come out of the database, or as a file that was written."""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import Response, StreamingResponse

from layers.features import Page, fetch_state, to_cursor, turned
from layers.streams import (
    BodyRow,
    body_statement,
    chosen_properties,
    file_statement,
    one_moment,
    stream_rows,
    stream_statement,
    text_statement,
)
from layers.terrain import read_ground
from ogc_api.cityjson import ELEVATIONS, CityLines, city_origin
from ogc_api.geofile import FeatureFile
from ogc_api.items import DOWNLOADS, FORMATS, time_stamp
from ogc_api.negotiation import choose_text

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from starlette.types import Receive, Scope, Send

    from layers.database import AsyncConnection
    from layers.terrain import Ground
    from ogc_api.counts import Counts
    from ogc_api.plan import Plan, Wanted

_PATIENCE_S = 900
_ENDINGS = {"cityjsonseq": "city.jsonl"}
_PIECE_BYTES = 256 * 1024
# What makes Excel take CSV for UTF-8.
_BYTE_ORDER_MARK = "\ufeff"
# Before each text of a sequence (RFC 8142).
_RECORD_SEPARATOR = b"\x1e"

type Pieces = AsyncGenerator[bytes]


class Stream(StreamingResponse):
    """A response that ends after a quarter of an hour, whoever does not read it; what it holds is let go then."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            await super().__call__(scope, receive, send)


async def stream_page(wanted: Wanted, plan: Plan, counts: Counts) -> Response:
    """A large page of GeoJSON; what is known only when all features were read stands behind them."""
    request, storage = plan.request, wanted.edition.storage
    headers = dict(plan.headers)

    async def pieces(connection: AsyncConnection) -> Pieces:
        state = await fetch_state(connection, wanted.layer)
        headers["ETag"] = wanted.tag(state.version)
        returned, first, last, has_more = 0, None, None, False
        yield b'{"type":"FeatureCollection",%b"features":[' % plan.members.encode()
        statement = stream_statement(request.query, storage)
        async for rows in stream_rows(connection, request.query, statement, as_bytes=True):
            has_more = returned + len(rows) > request.limit
            page = rows[: request.limit - returned]
            if page:
                first, last = first or page[0][1], page[-1][1]
                yield (b"," if returned else b"") + b",".join(row[0] for row in page)
            returned += len(page)
        preceding = None if request.query.cursor is None else turned(to_cursor(first))
        end = Page(b"", returned, state.version, state.total, to_cursor(last) if has_more else None, preceding)
        matched = await counts.matched(connection, request, end, storage)
        number = "" if matched is None else f'"numberMatched":{matched},'
        tail = f'],{number}"numberReturned":{returned},"timeStamp":"{time_stamp()}","links":{plan.page_links(end)}}}'
        yield tail.encode()

    return await _begin(_reading(wanted, pieces), FORMATS[wanted.format], headers)


async def download(wanted: Wanted, plan: Plan) -> Response:
    """All features of a query in a format for files."""
    writers = {"csv": _write_csv, "geojsonseq": _write_sequence, "cityjsonseq": _write_city}
    write = writers.get(wanted.format, _write_file)
    name = f"{wanted.layer.name}.{_ENDINGS.get(wanted.format, wanted.format)}"
    headers = plan.headers | {"Content-Disposition": f'attachment; filename="{name}"'}
    pieces = _reading(wanted, lambda connection: write(connection, wanted, plan))
    return await _begin(pieces, DOWNLOADS[wanted.format], headers)


async def _reading(wanted: Wanted, write: Callable[[AsyncConnection], Pieces]) -> Pieces:
    """What is written from a connection that is held, and a moment that is kept, to the end."""
    async with (
        wanted.reader.stream.connection() as connection,
        one_moment(connection),
        aclosing(write(connection)) as p,
    ):
        async for piece in p:
            yield piece


async def _begin(pieces: Pieces, media_type: str, headers: dict[str, str]) -> Response:
    """A response once its first piece is there, so that a query that fails at once is a proper problem document."""
    first = await anext(pieces, b"")

    async def body() -> Pieces:
        async with aclosing(pieces):
            yield first
            async for piece in pieces:
                yield piece

    return Stream(body(), media_type=media_type, headers=headers)


async def _write_sequence(connection: AsyncConnection, wanted: Wanted, plan: Plan) -> Pieces:
    """GeoJSON text sequence (RFC 8142): one feature a record."""
    query, limit, written = plan.request.query, plan.request.query.limit, 0
    statement = stream_statement(query, wanted.edition.storage)
    async for rows in stream_rows(connection, query, statement, as_bytes=True):
        page = rows if limit is None else rows[: limit - written]
        written += len(page)
        yield b"".join(b"%b%b\n" % (_RECORD_SEPARATOR, row[0]) for row in page)


async def _write_city(connection: AsyncConnection, wanted: Wanted, plan: Plan) -> Pieces:
    """CityJSON 2.0 text sequence: the first line says how to read the others."""
    query, edition = plan.request.query, wanted.edition
    ground = await asyncio.to_thread(_read_ground, wanted)
    lines: CityLines | None = None

    def begin(rows: list[BodyRow]) -> CityLines:
        title = f"{choose_text(wanted.layer.title, wanted.language)}, {ELEVATIONS}"
        origin = city_origin(rows, edition.storage, query.shape.crs)
        return CityLines(wanted.layer, edition.storage, query.shape.crs, ground, origin, title)

    async for found in stream_rows(connection, query, body_statement(query, edition.storage), as_bytes=True):
        rows = [BodyRow(*row) for row in found]
        if lines is None:
            lines = begin(rows)
            yield lines.head()
        yield await asyncio.to_thread(lines.lines, rows)
    if lines is None:
        yield begin([]).head()


def _read_ground(wanted: Wanted) -> Ground | None:
    folder = wanted.edition.service.data_folder
    if folder is None:
        return None
    with wanted.reader.connection() as connection:
        return read_ground(connection, folder)


async def _write_csv(connection: AsyncConnection, wanted: Wanted, plan: Plan) -> Pieces:
    """RFC 4180, the geometry as WKT; nothing where there is no value."""
    query = plan.request.query
    geometry = [] if query.skip_geometry else ["geometry"]
    header = ["id", *(p.name for p in chosen_properties(query)), *geometry]
    yield (_BYTE_ORDER_MARK + _lines([header])).encode()
    statement = text_statement(query, wanted.edition.storage)
    async for rows in stream_rows(connection, query, statement, as_bytes=False):
        yield _lines(rows).encode()


def _lines(rows: list[Any]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


async def _write_file(connection: AsyncConnection, wanted: Wanted, plan: Plan) -> Pieces:
    """A format that is complete only as a whole: written to a temporary file, then read from it."""
    query = plan.request.query
    with tempfile.TemporaryDirectory(prefix="city-twin-download-") as folder:
        path = Path(folder) / f"{wanted.layer.name}.{wanted.format}"
        file = FeatureFile(path, wanted.layer, chosen_properties(query), query.shape.crs)
        needs_heights = wanted.layer.has_heights and wanted.format == "fgb"
        statement = file_statement(query, wanted.edition.storage, needs_heights=needs_heights)
        async for rows in stream_rows(connection, query, statement, as_bytes=False):
            await asyncio.to_thread(file.append, rows, has_geometry=not query.skip_geometry)
        await asyncio.to_thread(file.finish)
        with path.open("rb") as opened:
            while piece := opened.read(_PIECE_BYTES):
                yield piece
