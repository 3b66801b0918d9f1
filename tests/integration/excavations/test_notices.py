"""The outbox: what must be told is told at least once, by real SMTP and real HTTP, whatever dies in between."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller

from importers.folder import ImportOptions, import_path
from layers.database import Role
from layers.notices import Channel, Draft, list_notices, post_notice, retry_notices
from layers.organisations import Registration, register_organisation
from layers.procedure import find_excavation
from layers.undoing import undo_run
from twin.notices.mail import parse_mail_server
from twin.notices.sending import MOST_ATTEMPTS, Post
from twin.notices.webhook import make_secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session
    from conftest import Town

WATER, BUILDER, CITY = "Công ty Cấp nước", "Công ty Xây lắp", "Sở Xây dựng"
SENDER = "Thành phố <twin@thanhpho.vn>"


class Mailbox:
    """What a real SMTP server took; `hold` keeps it from saying so."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.hold = threading.Event()
        self.hold.set()
        self.refuses = False
        self.parting = "221 bye"

    async def handle_QUIT(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        return self.parting

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        if self.refuses:
            return "451 try again later"
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        await asyncio.to_thread(self.hold.wait)
        return "250 taken"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def smtp(mailbox: Mailbox) -> Iterator[Post]:
    """Posting through a mail server on loopback, and to webhooks there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield Post(parse_mail_server(f"smtp://127.0.0.1:{port}", SENDER), private_webhooks=True)
    controller.stop()


@dataclass
class Receiver:
    """A webhook's receiver; `answers` are the statuses that it gives, the last for ever."""

    url: str = ""
    answers: list[int] = field(default_factory=lambda: [204])
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    taken = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            status = taken.answers.pop(0) if len(taken.answers) > 1 else taken.answers[0]
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    taken.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield taken
    server.shutdown()
    thread.join()
    server.server_close()


def a_notice(town: Town, address: str = "nuoc@example.vn", channel: Channel = Channel.EMAIL, org: int = 1) -> str:
    draft = Draft(1, "request", channel, org, address, "Xin ý kiến", "Trả lời trước ngày mai", {"type": "x"})
    with town.connection.transaction():
        return str(post_notice(town.connection, draft))


def hurry(town: Town) -> None:
    """What waits for its next attempt waits no longer."""
    with town.connection.transaction():
        town.connection.execute("set local search_path = twin_queue")
        town.connection.execute("update procrastinate_jobs set scheduled_at = now() where scheduled_at > now()")


def test_owners_are_told_by_mail(town: Town, smtp: Post, mailbox: Mailbox) -> None:
    """Vietnamese first, English below, the day and the place to answer, and no detail of anybody's network."""
    number = town.submitted()
    town.drain(smtp)
    (mail,) = mailbox.messages
    due = town.requests(number)[WATER]["due_on"]
    assert mail["To"] == "nuoc@example.vn"
    assert mail["From"] == SENDER
    assert mail["Subject"].startswith(f"Xin ý kiến về công trình đào {number}: Hào số 1, trước {due} / Request about")
    text = mail.get_content()
    assert text.index("Đề nghị trả lời") < text.index("Please answer")
    assert f"/api/excavations/{number}" in text
    (notice,) = list_notices(town.connection, number)
    assert mail["Message-ID"] == f"<{notice.id}@thanhpho.vn>"
    assert notice.sent_at is not None


def test_a_rolled_back_change_tells_nobody(town: Town, smtp: Post, mailbox: Mailbox) -> None:
    """A notice is sent if and only if what it tells has become true."""
    number = town.submitted()
    draft = Draft(number, "request", Channel.EMAIL, None, "x@example.vn", "s", "b", {})
    with town.connection.transaction(force_rollback=True):
        post_notice(town.connection, draft)
    town.drain(smtp)
    assert [mail["To"] for mail in mailbox.messages] == ["nuoc@example.vn"]


def test_a_server_that_is_away_is_tried_again(town: Town, smtp: Post, mailbox: Mailbox) -> None:
    """Nothing is lost while the mail server refuses; the reason can be read, and the mail arrives once."""
    mailbox.refuses = True
    a_notice(town)
    town.drain(smtp)
    (notice,) = list_notices(town.connection, unsent=True)
    assert (notice.attempts, "451" in str(notice.last_error)) == (1, True)
    mailbox.refuses = False
    town.drain(smtp)
    assert mailbox.messages == [], "not before its time"
    hurry(town)
    town.drain(smtp)
    assert len(mailbox.messages) == 1
    assert list_notices(town.connection, unsent=True) == []


def test_a_mail_that_was_taken_is_not_sent_again(town: Town, smtp: Post, mailbox: Mailbox) -> None:
    """A server that takes a mail and parts in anger has taken it."""
    mailbox.parting = "421 closing"
    a_notice(town)
    town.drain(smtp)
    assert (len(mailbox.messages), list_notices(town.connection, unsent=True)) == (1, [])


def test_without_a_mail_server_mail_waits(town: Town, smtp: Post, mailbox: Mailbox) -> None:
    """A city that has not set one yet loses no notice, and reads why they wait."""
    a_notice(town)
    town.drain(Post())
    (notice,) = list_notices(town.connection, unsent=True)
    assert "TWIN_SMTP_URL" in str(notice.last_error)
    hurry(town)
    town.drain(smtp)
    assert len(mailbox.messages) == 1


def test_after_many_attempts_a_notice_is_given_up_aloud(town: Town, smtp: Post, mailbox: Mailbox) -> None:
    """The last failure stands in the list, and an operator can have it tried again."""
    mailbox.refuses = True
    a_notice(town)
    town.connection.execute("update notices set attempts = %s", (MOST_ATTEMPTS - 1,))
    town.drain(smtp)
    assert list_notices(town.connection)[0].given_up_at is not None
    mailbox.refuses = False
    hurry(town)
    town.drain(smtp)
    assert mailbox.messages == []
    with town.connection.transaction():
        assert retry_notices(town.connection) == 1
    town.drain(smtp)
    assert len(mailbox.messages) == 1


WORKER = """
import asyncio, pathlib, sys
from layers.database import Audience, Role
from twin.excavations.practice import Practice
from twin.notices.mail import parse_mail_server
from twin.notices.sending import Post
from twin.work.queue import work
from twin.work.tasks import Workshop, create_worker
url, folder, smtp = sys.argv[1:]
databases = {role: url.replace("//twin@", f"//{role}@") for role in (*Audience, *Role)}
queue = create_worker(Workshop(databases, Practice(pathlib.Path(folder)), Post(parse_mail_server(smtp, "a@b.vn"))))
async def main():
    async with queue.open_async():
        await work(queue)
asyncio.run(main())
"""


def test_a_worker_killed_while_it_sends(town: Town, smtp: Post, mailbox: Mailbox) -> None:
    """kill -9 after the server took the mail and before that is known: sent again under the same identifier, and the
    record says that an attempt was cut off. Nothing is lost, and nothing is doubled in silence.
    """
    assert smtp.mail is not None
    mailbox.hold.clear()
    notice = a_notice(town)
    address = f"smtp://127.0.0.1:{smtp.mail.port}"
    arguments = [sys.executable, "-c", WORKER, town.url, str(town.practice.data), address]
    worker = subprocess.Popen(arguments, env=os.environ)
    try:
        end = time.monotonic() + 60
        while not mailbox.messages and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(20)
        mailbox.hold.set()
    assert len(mailbox.messages) == 1
    assert [n.attempts for n in list_notices(town.connection, unsent=True)] == [1]
    town.connection.execute("update twin_queue.procrastinate_workers set last_heartbeat = now() - interval '1 minute'")
    town.drain(smtp)
    first, second = mailbox.messages
    assert str(first["Message-ID"]).split("@")[0] == str(second["Message-ID"]).split("@")[0] == f"<{notice}"
    assert (first["X-Twin-Attempt"], second["X-Twin-Attempt"]) == ("1", "2")
    (sent,) = list_notices(town.connection)
    row = town.connection.execute("select attempts, errors from notices").fetchone()
    assert (row, sent.sent_at is not None) == ((2, 0), True)
    town.drain(smtp)
    assert len(mailbox.messages) == 2


def hook(town: Town, url: str, name: str = WATER, **about: Any) -> tuple[int, str]:
    secret = make_secret()
    known = about or {"aliases": ("Cấp nước",)}
    given = Registration(name, webhook_url=url, webhook_secret=secret, **known)
    return register_organisation(town.connection, given), secret


def test_webhooks_are_signed_and_fresh(town: Town, smtp: Post, receiver: Receiver) -> None:
    """A receiver can check who wrote it, when, and that nothing was changed (Standard Webhooks 1.0)."""
    _, secret = hook(town, receiver.url)
    number = town.submitted()
    town.drain(smtp)
    ((path, headers, body),) = receiver.seen
    assert path == "/hook"
    stamp, identifier = headers["webhook-timestamp"], headers["webhook-id"]
    assert abs(time.time() - int(stamp)) < 60
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = hmac.new(key, f"{identifier}.{stamp}.".encode() + body, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(expected).decode()
    document: dict[str, Any] = json.loads(body)
    assert (document["type"], document["id"]) == ("excavation.request", identifier)
    request = town.requests(number)[WATER]
    assert document["data"]["request"] == request["id"]
    assert document["data"]["due_on"] == request["due_on"]
    assert find_excavation(town.connection, number).name == document["data"]["name"]


def test_the_desk_is_told_once_what_stands_twice(
    bare: Town, smtp: Post, mailbox: Mailbox, receiver: Receiver, tmp_path: Path
) -> None:
    """A manhole that the field amended is delivered anew: known by number and place, one mail and one signed call to
    the desk alone, and either decision can be undone; the next delivery is told again.
    """
    town, path = bare, tmp_path / "ho-ga-cap-nuoc.geojson"

    def deliver(moved_m: float) -> int:
        """The owner's file of two manholes 4 m apart: its run."""
        features = [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": town.place(50 + moved_m, north)},
                "properties": {"MaHoGa": name, "DonViQuanLy": WATER, "CaoDoNap": 3.0, "CaoDoDay": 1.0},
            }
            for name, north in (("H-1", 50), ("H-2", 54))
        ]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        report = import_path(town.connection, tmp_path, path, ImportOptions())
        assert report.loaded == 2, report
        return report.run_id or 0

    def told() -> list[EmailMessage]:
        town.run("look-for-changes", smtp)
        return [mail for mail in mailbox.messages if "hai bản" in mail["Subject"]]

    def nodes() -> set[int]:
        return {number for (number,) in town.connection.execute("select id from utility_nodes").fetchall()}

    deliver(0.0)
    number, node = town.digging(), min(nodes())
    about = {"feature": {"collection": "utility_nodes", "id": node}, "dx_m": 0.4, "method": "survey"}
    report = town.say(number, "shifted", **about).json()
    run, piece = report["run"], report["feature"]["id"]
    hook(town, receiver.url, CITY, coordinates=True, email="so@example.vn")
    assert told() == []
    delivery = deliver(0.3)
    (mail,) = told()
    assert mail["To"] == "so@example.vn"
    assert f"công trình đào {number}" in mail["Subject"]
    assert f"excavation {number}" in mail["Subject"]
    text = mail.get_content()
    assert text.index(f"Lượt nhập {delivery}") < text.index(f"Import run {delivery}")
    assert "/api/excavations/redelivered" in text
    assert not any(word in text for word in (WATER, "H-1", path.name))
    (waiting,) = town.call(CITY, "GET", "/redelivered").json()["redelivered"]
    assert (waiting["run"], waiting["collection"], waiting["owner_ref"]) == (run, "utility_nodes", "H-1")
    (delivered,) = waiting["delivered"]
    ((headers, body),) = [call[1:] for call in receiver.seen if b"excavation.redelivered" in call[2]]
    assert headers["webhook-signature"].startswith("v1,")
    data = json.loads(body)["data"]
    assert (data["delivered_by"], data["amended_by"]) == (delivery, [run])
    assert data["redelivered"] == [
        {"run": run, "report": 1, "collection": "utility_nodes", "field": [piece], "delivered": [delivered]}
    ]
    assert [event["actor"] for event in town.events(number) if event["kind"] == "redelivered"] == ["twin"]

    matters = town.check(town.file())["report"]["surroundings"]["matters"]
    (matter,) = [m for m in matters if m["kind"] == "redelivered"]
    assert (matter["weight"], matter["facts"]["layer"]) == ("unknown", "utility_nodes")
    both = nodes()
    for keep, gone in (("field", delivered), ("delivered", piece)):
        decided = town.call(CITY, "POST", f"/redelivered/{run}", {"keep": keep}).json()["run"]
        assert nodes() == both - {gone}
        undo_run(town.connection, decided)
        assert nodes() == both
    assert len(told()) == 1, "that it waits again is no other delivery"
    deliver(0.2)
    assert len(told()) == 2


def test_a_webhook_is_tried_again_under_its_identifier(town: Town, smtp: Post, receiver: Receiver) -> None:
    """A receiver that failed gets it again: same identifier, new timestamp and signature, so a replay can be told."""
    org, _ = hook(town, receiver.url)
    receiver.answers = [500, 204]
    a_notice(town, receiver.url, Channel.WEBHOOK, org)
    town.drain(smtp)
    town.connection.execute("select pg_sleep(1.1)")
    hurry(town)
    town.drain(smtp)
    (_, first, body), (_, second, again) = receiver.seen
    assert (first["webhook-id"], body) == (second["webhook-id"], again)
    assert first["webhook-signature"] != second["webhook-signature"]


def test_redirects_are_not_followed(town: Town, smtp: Post, receiver: Receiver) -> None:
    """A registered address cannot send the city's notices on to another."""
    org, _ = hook(town, receiver.url)
    receiver.answers = [307]
    a_notice(town, receiver.url, Channel.WEBHOOK, org)
    town.drain(smtp)
    assert [path for path, *_ in receiver.seen] == ["/hook"]
    assert "redirects are not followed" in str(list_notices(town.connection)[0].last_error)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_private_addresses_are_not_reached(town: Town, receiver: Receiver, host: str) -> None:
    """Unless the city allows it, no webhook reaches into its own network, and it is given up at once."""
    url = receiver.url.replace("http://127.0.0.1", f"https://{host}")
    org, _ = hook(town, url)
    a_notice(town, url, Channel.WEBHOOK, org)
    town.drain(Post())
    (notice,) = list_notices(town.connection)
    assert receiver.seen == []
    assert notice.given_up_at is not None
    assert "no public address" in str(notice.last_error)


def test_what_nobody_foresaw_is_given_up_aloud(town: Town, smtp: Post) -> None:
    """A notice that cannot even be written stands among those given up, with its reason, and is not just gone."""
    a_notice(town, "undisclosed:;@x")
    town.drain(smtp)
    (notice,) = list_notices(town.connection)
    assert notice.given_up_at is not None
    assert notice.last_error


def test_only_registered_addresses_are_posted_to(town: Town, smtp: Post, receiver: Receiver) -> None:
    """An address that was changed or withdrawn since the notice was written gets nothing."""
    org, _ = hook(town, f"{receiver.url}/new")
    a_notice(town, receiver.url, Channel.WEBHOOK, org)
    town.drain(smtp)
    assert receiver.seen == []
    assert "no longer, registered" in str(list_notices(town.connection)[0].last_error)


def test_the_desk_cannot_mark_notices_as_sent(town: Town) -> None:
    """A web role writes notices and cannot make them vanish."""
    row = town.connection.execute(
        "select has_table_privilege(%s, 'twin.notices', 'update'), has_table_privilege(%s, 'twin.notices', 'delete')",
        (Role.DESK, Role.DESK),
    ).fetchone()
    assert row == (False, False)
