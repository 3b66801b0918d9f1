"""Notices as signed webhooks, after the Standard Webhooks specification 1.0.

A receiver checks `webhook-signature` over identifier, timestamp and body, refuses old timestamps, and drops what it
has seen. Requests go to addresses that an operator registered and nowhere else: to public addresses unless the
city allows private ones, to the very address that was checked, without redirects or proxies.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import json
import secrets
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from layers.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from layers.notices import Notice

_PREFIX = "whsec_"
_TIMEOUT_S = 15
_LONGEST_S = 30
_MOST_ANSWER_BYTES = 4096
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# All that was ever given out to the internet as IPv6.
_UNICAST = ipaddress.ip_network("2000::/3")


@dataclass(frozen=True, slots=True)
class Target:
    """An address to post to, and the secret that its receiver knows."""

    url: str
    secret: str


def make_secret() -> str:
    """256 random bits, in the form that libraries for Standard Webhooks take."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def check_address(url: str, *, private: bool) -> None:
    """Raises: Invalid for an address that no notice may be sent to."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise Invalid(f"webhook {url}: give an https:// address")
    try:
        port = parts.port
    except ValueError as error:
        raise Invalid(f"webhook {url}: the port is no number") from error
    if not f"{parts.path}?{parts.query}".isascii() or any(c.isspace() or not c.isprintable() for c in url):
        raise Invalid(f"webhook {url}: write what is no ASCII in its path as %XX, and no blanks")
    try:
        (parts.hostname or "").encode("idna")
    except UnicodeError as error:
        raise Invalid(f"webhook {url}: its host is no name of a host") from error
    if not parts.hostname or parts.username or parts.fragment or port == 0:
        raise Invalid(f"webhook {url}: give an address with a host, without user, password or fragment")


def sign(secret: str, notice_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and HMAC-SHA256 over `id.timestamp.body`."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    digest = hmac.new(key, f"{notice_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def send_webhook(target: Target, notice: Notice, timestamp: int, *, private: bool) -> None:
    """Post a notice. Raises: Invalid for a forbidden address, Unavailable where it was not taken (2xx)."""
    check_address(target.url, private=private)
    body = json.dumps(
        {**notice.payload, "id": str(notice.id), "timestamp": notice.created_at.isoformat()}, ensure_ascii=False
    ).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "city-twin",
        "webhook-id": str(notice.id),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(target.secret, str(notice.id), timestamp, body),
        "X-Twin-Attempt": str(notice.attempts),
    }
    status = _post(target.url, body, headers, private=private)
    if not 200 <= status < 300:
        raise Unavailable(f"webhook {target.url} answered {status}: it must answer 2xx, redirects are not followed")


def _post(url: str, body: bytes, headers: dict[str, str], *, private: bool) -> int:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection = _connect(host, _resolve(host, port, private=private), port, is_tls=parts.scheme == "https")
        # A receiver that answers byte by byte, its handshake too, does not hold a worker.
        end = threading.Timer(_LONGEST_S, connection.sock.shutdown, [socket.SHUT_RDWR])
        end.start()
        try:
            if isinstance(connection.sock, ssl.SSLSocket):
                connection.sock.do_handshake()
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read(_MOST_ANSWER_BYTES)
            return answer.status
        finally:
            end.cancel()
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"webhook {url} cannot be reached: {str(error) or type(error).__name__}") from error


def _resolve(host: str, port: int, *, private: bool) -> str:
    """The one address that is connected to. Raises: Invalid where any address of the host is not public."""
    found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    if not private and (closed := [address for address in sorted(found) if not _is_public(address)]):
        raise Invalid(
            f"webhook {host} is {closed[0]}, no public address: TWIN_WEBHOOK_PRIVATE=true allows it, if that is meant"
        )
    return min(found)


def _is_public(address: str) -> bool:
    """Whether anybody on the internet has it; IPv4 inside IPv6 counts as what it stands for."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    if ip in _NAT64:
        inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    if inner is None and ip.version == 6 and ip not in _UNICAST:
        return False
    return (inner or ip).is_global and ip.is_global and not ip.is_multicast


def _connect(host: str, address: str, port: int, *, is_tls: bool) -> http.client.HTTPConnection:
    """A connection to the address that was checked, its handshake to come; names are not looked up again (DNS
    rebinding).
    """
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
    plain = socket.create_connection((address, port), _TIMEOUT_S)
    connection.sock = plain
    if is_tls:
        context = ssl.create_default_context()
        connection.sock = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    return connection
