"""Messages between the importing process and its workers: eight bytes of length, then the content."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from importers.sandbox.wire import TooLarge

if TYPE_CHECKING:
    import socket

MESSAGE_BYTES = 65536
READY = b"ready"
_LENGTH_BYTES = 8
_CHUNK_BYTES = 1 << 20


def send(channel: socket.socket, message: bytes) -> None:
    channel.sendall(len(message).to_bytes(_LENGTH_BYTES, "little"))
    channel.sendall(message)


def receive(channel: socket.socket, limit: int | None = None, seconds: float | None = None) -> bytearray:
    """The next message, which may take `limit` bytes and must be there whole within `seconds`.

    Raises: TooLarge, TimeoutError; EOFError where the other side has closed.
    """
    end = None if seconds is None else time.monotonic() + seconds
    length = int.from_bytes(_receive(channel, _LENGTH_BYTES, end), "little")
    if limit is not None and length > limit:
        raise TooLarge
    return _receive(channel, length, end)


def _receive(channel: socket.socket, length: int, end: float | None) -> bytearray:
    """Memory is taken as the bytes come, not as the length promises."""
    message = bytearray()
    done = 0
    while done < length:
        if end is not None:
            channel.settimeout(max(end - time.monotonic(), 0.001))
        if done == len(message):
            message.extend(bytes(min(length - done, max(done, _CHUNK_BYTES))))
        with memoryview(message) as whole, whole[done:] as rest:
            part = channel.recv_into(rest)
        if not part:
            raise EOFError
        done += part
    return message
