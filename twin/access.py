"""Who is asking: a caller with a key is an operator, one without is the public."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from layers.access import ANYBODY, Caller, identify
from layers.database import Audience
from layers.errors import Unavailable

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from layers.database import Reader

_log = logging.getLogger("twin.access")
# Whoever can see these has passed through a proxy, so the address says nothing of where the caller sits.
_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_DESK = Caller("desk", Audience.OPERATOR, coordinates=True)
_OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Gate:
    """Puts the caller into the request's scope, and under which name what it makes is kept.

    A key comes as 'Authorization: Bearer KEY', or as the password of Basic, which QGIS and GDAL can send.
    An unknown key is refused, never taken for the public. `open_desk` takes every caller on this machine for an
    operator; requests that came through a proxy or under another host name are refused then.
    """

    def __init__(self, app: ASGIApp, keys: Reader, *, open_desk: bool) -> None:
        self.app, self.keys, self.open_desk = app, keys, open_desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            caller = self._of_desk(headers) if self.open_desk else await self._of_key(headers)
        except Unavailable as error:
            await _problem(503, "Unavailable", str(error))(scope, receive, send)
            return
        if caller is None:
            refusal = _PROXIED if self.open_desk else _UNKNOWN_KEY
            await refusal(scope, receive, _told(scope, send, "nobody known"))
            return
        scope["twin.caller"] = caller
        scope["twin.holder"] = caller.name
        scope["twin.edits"] = caller.edits
        await self.app(scope, receive, _told(scope, send, caller.name) if caller.name else send)

    def _of_desk(self, headers: Headers) -> Caller | None:
        host = re.sub(r":\d+$", "", headers.get("host", ""))
        is_own = host in _OWN_HOSTS and not any(name in headers for name in _PROXY_HEADERS)
        return _DESK if is_own else None

    async def _of_key(self, headers: Headers) -> Caller | None:
        authorization = headers.get("authorization")
        if authorization is None:
            return ANYBODY
        key = _key(authorization)
        if key is None:
            return None
        async with self.keys.live.connection() as connection:
            return await identify(connection, key)


def _told(scope: Scope, send: Send, name: str) -> Send:
    """The same, and the log has who asked for what, from where and with which outcome; of the key it has nothing.

    The address is logged as it was sent, percent-encoded, so that no line can be forged with it.
    """

    async def tell(message: Message) -> None:
        if message["type"] == "http.response.start":
            query = f"?{scope['query_string'].decode('ascii', 'replace')}" if scope["query_string"] else ""
            path = scope.get("raw_path", b"").partition(b"?")[0].decode("ascii", "replace")
            client = scope["client"][0] if scope.get("client") else "-"
            who = json.dumps(name, ensure_ascii=False)
            _log.info("%s %s %s %s%s %d", client, who, scope["method"], path, query, message["status"])
        await send(message)

    return tell


def _key(authorization: str) -> str | None:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None


def _problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(document, status, headers, "application/problem+json")


_PROXIED = _problem(
    403, "Forbidden", "this server is open to its own machine only: ask for http://127.0.0.1, not through a proxy"
)
_UNKNOWN_KEY = _problem(
    401, "Unauthorized", "the key is not known", {"WWW-Authenticate": 'Basic realm="city twin", charset="UTF-8"'}
)
