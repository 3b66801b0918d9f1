"""Notices as e-mail over SMTP."""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass
from email.charset import QP, Charset
from email.header import Header
from email.message import Message
from email.utils import format_datetime, formataddr, parseaddr
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from layers.errors import Invalid, Sentence, Unavailable

if TYPE_CHECKING:
    from layers.notices import Notice

_TIMEOUT_S = 30
# RFC 5321, 4.5.3.1.3, without its brackets.
_LONGEST_ADDRESS = 254
_MAILBOX = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+")
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over, and under which address."""

    scheme: str
    host: str
    port: int
    user: str | None
    password: str | None
    sender: str

    def __repr__(self) -> str:
        """Without the password, wherever it may be printed."""
        return f"MailServer({self.scheme}://{self.host}:{self.port}, {self.sender})"


def parse_mail_server(url: str, sender: str) -> MailServer:
    """The server behind smtps://, smtp+starttls:// or smtp:// (unencrypted). Raises: Invalid."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise Invalid(
            f"TWIN_SMTP_URL begins with '{parts.scheme}': give smtps://, smtp+starttls:// or smtp:// and a host"
        )
    if "@" not in sender:
        raise Invalid("TWIN_MAIL_FROM: give the address that mail is sent from, with TWIN_SMTP_URL")
    user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
    if not all((text or "").isascii() for text in (user, password)):
        raise Invalid("TWIN_SMTP_URL: SMTP as Python speaks it knows ASCII alone in user and password: set such ones")
    return MailServer(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], user, password, sender)


def check_mailbox(address: str) -> None:
    """Raises: Invalid for what no mail server takes as one address."""
    if not (address.isascii() and _MAILBOX.fullmatch(address) and len(address) <= _LONGEST_ADDRESS):
        raise Invalid(
            Sentence(
                f"e-mail {address}: give one address, such as ha-tang@example.vn",
                f"e-mail {address}: ghi một địa chỉ, ví dụ ha-tang@example.vn",
            )
        )


def send_mail(server: MailServer, notice: Notice) -> None:
    """Hand a notice over. Raises: Unavailable, with what the server said; Invalid for what is no address."""
    check_mailbox(notice.address)
    try:
        with closing(_connect(server)) as smtp:
            if server.scheme == "smtp+starttls":
                smtp.starttls(context=ssl.create_default_context())
            if server.user and server.password is not None:
                smtp.login(server.user, server.password)
            smtp.send_message(write_mail(server, notice))
            # The mail was taken: however the server parts, it is not sent again.
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(f"{server.host}:{server.port} did not take the mail: {error}") from error


def _connect(server: MailServer) -> smtplib.SMTP:
    if server.scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT_S, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_S)


def write_mail(server: MailServer, notice: Notice) -> Message:
    """The message; its identifier is the notice's, so a mailbox that gets it twice keeps it once (RFC 5322, 3.6.4).

    The subject is encoded as a whole: what Python's newer EmailMessage makes of words with and without diacritics is
    read with a space too many, about once in twenty.
    """
    message, charset = Message(), Charset("utf-8")
    charset.body_encoding = QP
    name, address = parseaddr(server.sender)
    words = Header(name, charset, header_name="From").encode()
    message["From"] = formataddr((name, address)) if name.isascii() else f"{words} <{address}>"
    message["To"] = notice.address
    message["Subject"] = Header(" ".join(notice.subject.split()), charset, header_name="Subject").encode()
    message["Date"] = format_datetime(notice.created_at)
    message["Message-ID"] = f"<{notice.id}@{server.sender.rpartition('@')[2].strip('> ')}>"
    # No "out of office" in return (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message["X-Twin-Attempt"] = str(notice.attempts)
    message.set_payload(notice.body, charset)
    return message
