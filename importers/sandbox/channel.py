"""Messages between the importing process and its workers: eight bytes of length, then the content."""

from __future__ import annotations

import time
from pickle import UnpicklingError
from typing import TYPE_CHECKING

from importers.sandbox.wire import TooLarge

if TYPE_CHECKING:
    import socket

MESSAGE_BYTES = 65536
READY = b"ready"
_LENGTH_BYTES = 8
_CHUNK_BYTES = 1 << 20


def send(channel: socket.socket, *pieces: bytes) -> None:
    """A message in pieces, which are not joined before."""
    channel.sendall(sum(map(len, pieces)).to_bytes(_LENGTH_BYTES, "little"))
    for piece in pieces:
        channel.sendall(piece)


def receive(channel: socket.socket, limit: int | None = None, seconds: float | None = None) -> bytes:
    """The whole next message. Raises: as `Incoming`."""
    message = Incoming(channel, limit, seconds)
    return message.read(message.left)


class Incoming:
    """The next message as a file that is read while it comes, so that what is large in it is where it stays.

    It may take `limit` bytes and must be there whole within `seconds`; `left` says how much of it was not read yet.
    Memory is taken as the bytes come, not as the length promises.
    Raises: TooLarge, TimeoutError; EOFError where the other side has closed; UnpicklingError beyond its end.
    """

    def __init__(self, channel: socket.socket, limit: int | None = None, seconds: float | None = None) -> None:
        self._channel = channel
        self._end = None if seconds is None else time.monotonic() + seconds
        self.left = _LENGTH_BYTES
        length = int.from_bytes(self.read(_LENGTH_BYTES), "little")
        if limit is not None and length > limit:
            raise TooLarge
        self.left = length

    def read(self, size: int) -> bytes:
        self._take(size)
        parts = []
        while size:
            self._wait()
            parts.append(self._channel.recv(min(size, _CHUNK_BYTES)))
            if not parts[-1]:
                raise EOFError
            size -= len(parts[-1])
        return b"".join(parts)

    def readinto(self, target: bytearray | memoryview) -> int:
        self._take(len(target))
        done = 0
        with memoryview(target) as whole:
            while done < len(whole):
                self._wait()
                with whole[done:] as rest:
                    part = self._channel.recv_into(rest)
                if not part:
                    raise EOFError
                done += part
        return done

    def readline(self) -> bytes:
        raise UnpicklingError("a message is not read by lines")

    def _take(self, size: int) -> None:
        if size > self.left:
            raise UnpicklingError("a message ends before its content")
        self.left -= size

    def _wait(self) -> None:
        if self._end is not None:
            self._channel.settimeout(max(self._end - time.monotonic(), 0.001))
