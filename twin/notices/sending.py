"""Sending a notice of the outbox: at least once, each attempt counted before it begins."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from layers.errors import Conflict, Invalid, TwinError, Unavailable
from layers.notices import Channel, Notice, begin_sending, note_failure, note_sent
from layers.organisations import read_webhook
from twin.notices.mail import MailServer, send_mail
from twin.notices.webhook import Target, send_webhook

if TYPE_CHECKING:
    from layers.database import Writer

# Attempts after 10, 20, 40, 80 s … at most 6 h apart: about two days in all.
MOST_ATTEMPTS = 20
_FIRST_S, _LONGEST_S = 10, 6 * 3600


@dataclass(frozen=True, slots=True)
class Post:
    """How notices leave the house; without a mail server e-mails are tried for days, then given up."""

    mail: MailServer | None = None
    private_webhooks: bool = False


def wait_s(attempts: int) -> int:
    """Seconds until the next attempt, after so many."""
    return int(min(_FIRST_S * 2 ** min(attempts, 20), _LONGEST_S))


def send_notice(writer: Writer, post: Post, notice_id: str) -> None:
    """Send a notice that was not sent yet.

    Raises: Unavailable where it has to be tried again; a forbidden address is given up at once.
    """
    with writer.connection() as connection:
        notice = begin_sending(connection, notice_id)
    if notice is None:
        return
    try:
        _send(writer, post, notice)
    except Exception as error:
        # What nobody foresaw is given up aloud: a notice that stays behind unsaid is one that nobody misses.
        is_last = not isinstance(error, TwinError) or isinstance(error, Invalid | Conflict)
        is_last = is_last or notice.attempts >= MOST_ATTEMPTS
        with writer.connection() as connection:
            note_failure(connection, notice.id, str(error) or type(error).__name__, is_last=is_last)
        if not (is_last and isinstance(error, TwinError)):
            raise
        return
    with writer.connection() as connection:
        note_sent(connection, notice.id)


def _send(writer: Writer, post: Post, notice: Notice) -> None:
    if notice.channel == Channel.EMAIL:
        if post.mail is None:
            raise Unavailable("no mail server is set: TWIN_SMTP_URL and TWIN_MAIL_FROM")
        send_mail(post.mail, notice)
        return
    with writer.connection() as connection:
        registered = read_webhook(connection, notice.organisation_id)
    if registered is None or registered[0] != notice.address or not registered[1]:
        raise Conflict(f"webhook {notice.address} is not, or no longer, registered: register it again")
    target = Target(registered[0], registered[1])
    send_webhook(target, notice, int(time.time()), private=post.private_webhooks)
