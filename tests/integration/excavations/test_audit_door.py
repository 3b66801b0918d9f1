"""The network audit at the web door: who learns what of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.audit.run import audit_network

if TYPE_CHECKING:
    from conftest import Town
    from httpx import Response

WATER, POWER, BUILDER, CITY = "Công ty Cấp nước", "Công ty Điện lực", "Công ty Xây lắp", "Sở Xây dựng"


def ask(town: Town, path: str, who: str | None) -> Response:
    return town.web.get(path, headers={"Authorization": f"Bearer {town.keys[who]}"} if who else {})


def test_an_audit_is_told_in_numbers_to_those_entitled(town: Town) -> None:
    """The desk and operators read all, an owner its own line, others nothing; a changed network makes it old."""
    town.pipe(owner=POWER, east=50.05, discipline="power")
    assert ask(town, "/api/audit", CITY).status_code == 404, "none yet"
    audit_network(town.connection, town.practice.book)
    whole = ask(town, "/api/audit", CITY).json()
    assert whole["is_current"] is True
    lines = {line["owner"]: line for line in whole["by_owner"]}
    assert lines[WATER]["definite"] == lines[POWER]["definite"] == 1
    assert whole["by_street"]
    assert ask(town, "/api/audit", "reader").json() == whole
    own = ask(town, "/api/audit", POWER).json()
    assert [line["owner"] for line in own["by_owner"]] == [POWER]
    assert (own["by_street"], own["by_rule"], own["couples"], own["objects"]) == ([], [], {}, None)
    assert ask(town, "/api/audit", BUILDER).json()["by_owner"] == []
    for path in ("/api/audit", "/audit"):
        assert ask(town, path, None).status_code == 404
    page = ask(town, "/audit?lang=vi", CITY)
    assert "Theo chủ sở hữu" in page.text
    assert WATER in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert WATER not in ask(town, "/audit?lang=vi", POWER).text
    assert 'href="/audit?lang=vi"' in town.web.get("/?lang=vi").text
    town.pipe(east=52.0)
    assert ask(town, "/api/audit", CITY).json()["is_current"] is False
