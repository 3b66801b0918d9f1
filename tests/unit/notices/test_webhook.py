"""Where webhooks may go, and what they carry."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from datetime import UTC, datetime
from email import message_from_bytes, policy
from uuid import uuid4

import pytest

from layers.errors import Invalid, Unavailable
from layers.notices import Notice
from twin.notices import webhook
from twin.notices.mail import check_mailbox, parse_mail_server, write_mail
from twin.notices.sending import MOST_ATTEMPTS, wait_s
from twin.notices.webhook import Target, _is_public, check_address, make_secret, send_webhook, sign


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
     "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::127.0.0.1", "::ffff:0:10.0.0.1", "fec0::1"],
)  # fmt: skip
def test_addresses_of_somebodys_own_network_are_not_public(address: str) -> None:
    """Loopback, private, link-local, shared, multicast, and any of them dressed as IPv6."""
    assert not _is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_public(address: str) -> None:
    """What anybody on the internet has may be posted to."""
    assert _is_public(address)


@pytest.mark.parametrize(
    "url",
    ["http://example.vn/", "ftp://example.vn/", "file:///etc/passwd", "https://", "https://u:p@example.vn/", "https:/x",
     "https://example.vn/#x", "https://example.vn:x/", "javascript:alert(1)", "",
     "https://example.vn/trả-lời", "https://a..vn/", "https://a.vn/ b"],
)  # fmt: skip
def test_addresses_that_are_refused(url: str) -> None:
    """Nothing but https with a host, and nothing hidden in it."""
    with pytest.raises(Invalid, match="webhook"):
        check_address(url, private=False)
    check_address("https://example.vn/a?b=c", private=False)


@pytest.mark.parametrize(
    "address", ["a@", "@b.vn", "a@b@c.vn", "sở@example.vn", "a b@c.vn", "a@b.vn,c@d.vn", "(a)@b", "a:b@c;"]
)
def test_mailboxes_that_no_server_takes_are_refused(address: str) -> None:
    """One address that mail can be sent to, or nothing: a notice to another would never arrive."""
    with pytest.raises(Invalid, match="e-mail"):
        check_mailbox(address)
    check_mailbox("ha.tang+dao@so-xd.hue.gov.vn")


def test_a_handshake_that_drips_holds_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that sends its TLS greeting a byte at a time is left when its time is over, as one that answers so."""
    monkeypatch.setattr(webhook, "_LONGEST_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            peer, _ = server.accept()
            with peer, contextlib.suppress(OSError):
                peer.sendall(b"\x16\x03\x03\x40\x00")
                for _ in range(60):
                    time.sleep(0.1)
                    peer.sendall(b"\x02")

        thread = threading.Thread(target=drip)
        thread.start()
        notice = Notice(uuid4(), 1, "request", "webhook", 1, "", "", "", {}, datetime.now(UTC), 1, None, None, None)
        began = time.monotonic()
        with pytest.raises(Unavailable):
            send_webhook(
                Target(f"https://127.0.0.1:{server.getsockname()[1]}/", make_secret()), notice, 1, private=True
            )
        assert time.monotonic() - began < 3
        thread.join()


def test_signature_of_the_specification() -> None:
    """The example that the Standard Webhooks specification publishes comes out the same."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the specification's
    signature = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_attempts_spread_over_days() -> None:
    """Seconds at first, hours at last; a weekend without the mail server loses nothing."""
    waits = [wait_s(n) for n in range(MOST_ATTEMPTS)]
    assert waits == sorted(waits)
    assert waits[0] == 10
    assert sum(waits) > 48 * 3600


def test_mail_servers() -> None:
    """Scheme, port, user and password out of one URL; the password is printed nowhere."""
    server = parse_mail_server("smtps://me%40x.vn:p%3Aw@mail.vn", "Twin <twin@x.vn>")
    assert (server.host, server.port, server.user, server.password) == ("mail.vn", 465, "me@x.vn", "p:w")
    assert "p:w" not in repr(server)
    assert parse_mail_server("smtp+starttls://mail.vn", "a@x.vn").port == 587
    unfit = ("http://mail.vn", "smtp://", "smtp://me:m%E1%BA%ADt@mail.vn")
    for url, sender in (*((url, "a@x.vn") for url in unfit), ("smtp://mail.vn", "")):
        with pytest.raises(Invalid):
            parse_mail_server(url, sender)


@pytest.mark.parametrize("dig", ["Hào cáp cắt ngang Lê Lợi", "Hào  số 1", "a" * 150, "Đ" * 90, "=?utf-8?q?x?="])
def test_mail_is_read_as_it_was_written(dig: str) -> None:
    """Every space and diacritic of subject, sender and text arrives, in ASCII and in lines that any server takes."""
    server = parse_mail_server("smtp://mail.vn", "Sở Xây dựng <twin@thanhpho.vn>")
    subject = f"Kết quả thay đổi: công trình đào 1: {dig} / The check has changed: excavation 1: {dig}"
    notice = Notice(
        uuid4(), 1, "rechecked", "email", 1, "a@x.vn", subject, f"{subject}\n.\n\nhttp://x.vn/" + "b" * 99, {},
        datetime.now(UTC), 1, None, None, None,
    )  # fmt: skip
    raw = write_mail(server, notice).as_bytes()
    assert (raw.isascii(), max(map(len, raw.splitlines())) <= 78 or len(dig) == 150) == (True, True)
    read = message_from_bytes(raw, policy=policy.default)
    assert read["Subject"] == " ".join(subject.split())
    assert (read["From"], read.get_content()) == (server.sender, notice.body)
