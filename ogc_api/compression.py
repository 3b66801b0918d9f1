"""Answers in fewer bytes for clients that can read them: Brotli, else gzip, piece by piece where they are streamed."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import brotli
from starlette.datastructures import Headers

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Text gains; files that are packed already, or read in parts by their own index, do not.
_TEXTS = (
    "text/",
    "application/json",
    "application/geo+json",
    "application/ld+json",
    "application/schema+json",
    "application/vnd.",
    "application/city+json",
    "model/gltf-binary",
)
_LEAST_BYTES = 1_000
_GZIP_WINDOW = 31


class _Encoder(Protocol):
    def process(self, data: bytes) -> bytes: ...

    def finish(self) -> bytes: ...


class _Gzip:
    def __init__(self) -> None:
        # Level 1: half the time of 6 for a tenth more bytes.
        self._packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP_WINDOW)

    def process(self, data: bytes) -> bytes:
        return self._packer.compress(data)

    def finish(self) -> bytes:
        return self._packer.flush()


def _brotli() -> _Encoder:
    compressor: _Encoder = brotli.Compressor(mode=brotli.MODE_TEXT, quality=2)
    return compressor


_ENCODERS = {"br": _brotli, "gzip": _Gzip}


@dataclass(frozen=True, slots=True)
class Compression:
    """Encodes what its application answers, and says so; an entity tag is then another's (RFC 9110, 8.8.3.3)."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        coding = choose_coding(Headers(scope=scope).get("accept-encoding", "")) if scope["type"] == "http" else None
        await self.app(scope, receive, send if coding is None else _Answer(send, coding).send)


class _Answer:
    """An answer on its way: its beginning waits for the first piece, by which it is seen whether to encode it."""

    def __init__(self, send: Send, coding: str) -> None:
        self._send, self._coding = send, coding
        self._start: Message | None = None
        self._encoder: _Encoder | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        start, self._start = self._start, None
        if start is None:
            await self._send(message if self._encoder is None else self._encode(self._encoder, message))
            return
        if _is_worth_it(start, message):
            self._encoder = _ENCODERS[self._coding]()
            message = self._encode(self._encoder, message)
            start = {**start, "headers": _encoded(start["headers"], self._coding, message)}
        await self._send(start)
        await self._send(message)

    def _encode(self, encoder: _Encoder, message: Message) -> Message:
        body = encoder.process(message.get("body", b""))
        return {**message, "body": body if message.get("more_body") else body + encoder.finish()}


@lru_cache(maxsize=256)
def choose_coding(accepted: str) -> str | None:
    """The coding that a client may be sent, the tightest first; None where it wants none (RFC 9110, 12.5.3)."""
    weights = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.partition(";")
        weights[name.strip()] = parameter.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return next((coding for coding in _ENCODERS if weights.get(coding, weights.get("*", False))), None)


def pack(coding: str, content: bytes) -> bytes:
    """Content in a coding, as tight as what is kept may take time for."""
    if coding == "br":
        packed: bytes = brotli.compress(content, quality=5)
        return packed
    return gzip.compress(content, 6, mtime=0)


def _is_worth_it(start: Message, first: Message) -> bool:
    headers = dict(start["headers"])
    is_text = headers.get(b"content-type", b"").decode("latin-1").startswith(_TEXTS)
    is_long = first.get("more_body", False) or len(first.get("body", b"")) >= _LEAST_BYTES
    return is_text and is_long and b"content-encoding" not in headers


def _encoded(headers: list[tuple[bytes, bytes]], coding: str, first: Message) -> list[tuple[bytes, bytes]]:
    """Headers of an answer whose first encoded piece this is: its length is known where it is the only one."""
    changed = [(b"content-encoding", coding.encode())]
    if not first.get("more_body"):
        changed.append((b"content-length", str(len(first["body"])).encode()))
    for name, value in headers:
        if name == b"etag" and value.endswith(b'"'):
            changed.append((name, b'%b-%b"' % (value[:-1], coding.encode())))
        elif name != b"content-length":
            changed.append((name, value))
    return changed
