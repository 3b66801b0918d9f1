"""The floor: a bare route on psycopg's async pool that returns what PostgreSQL wrote, and checks nothing."""

from __future__ import annotations

import json
import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg import AsyncRawCursor
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

STATEMENTS = json.loads(Path(os.environ["FLOOR_STATEMENTS"]).read_text())
OPTIONS = {"autocommit": True, "prepare_threshold": 0, "cursor_factory": AsyncRawCursor}
POOL = AsyncConnectionPool(os.environ["FLOOR_DATABASE"], min_size=4, max_size=4, open=False, kwargs=OPTIONS)


async def answer(statement: str, *values: object) -> Response:
    async with POOL.connection() as connection:
        row = await (await connection.execute(statement, values)).fetchone()
    return Response((row or ("",))[0], media_type="application/geo+json")


async def items(request: Request) -> Response:
    asked = request.query_params
    if "bbox" in asked:
        box = [float(number) for number in asked["bbox"].split(",")]
        return await answer(STATEMENTS["box"], int(asked["limit"]), *box)
    return await answer(STATEMENTS["page"], int(asked["limit"]), int(asked.get("cursor", 0)))


async def item(request: Request) -> Response:
    return await answer(STATEMENTS["item"], int(request.path_params["id"]))


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    await POOL.open(wait=True)
    yield
    await POOL.close()


app = Starlette(routes=[Route("/items", items), Route("/items/{id}", item)], lifespan=lifespan)
