"""Notices in words and as JSON, for every address of whoever must know."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from layers.errors import say
from layers.notices import Channel, Draft, post_notice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from layers.database import Connection
    from layers.organisations import Organisation
    from layers.procedure import Excavation

_LANGUAGES = ("vi", "en")


@dataclass(frozen=True, slots=True)
class News:
    """What happened to an excavation; `words` fill the wording, `facts` go to machines."""

    kind: str
    excavation: Excavation
    link: str
    words: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


def tell(connection: Connection, news: News, to: Iterable[Organisation]) -> int:
    """Notices for every address of these organisations, each organisation once; the number of notices.

    They are sent when, and only when, the transaction commits.
    """
    count = 0
    for organisation in {one.id: one for one in to}.values():
        for channel, address in (
            (Channel.EMAIL, organisation.email),
            (Channel.WEBHOOK, organisation.webhook_url),
        ):
            if address:
                post_notice(connection, write(news, organisation, channel, address))
                count += 1
    return count


def write(news: News, organisation: Organisation, channel: Channel, address: str) -> Draft:
    """A notice in Vietnamese and English: an address does not say which its reader knows."""
    wording = _wordings()[news.kind]
    subjects, texts = ([_fill(wording[part], news, organisation, lang) for lang in _LANGUAGES] for part in
                       ("subject", "text"))  # fmt: skip
    body = "\n\n".join([*texts, news.link])
    return Draft(
        excavation_id=news.excavation.id,
        kind=news.kind,
        channel=channel,
        organisation_id=organisation.id,
        address=address,
        subject=" / ".join(subjects),
        body=body,
        payload=_payload(news),
    )


def _fill(wording: Mapping[str, str], news: News, organisation: Organisation, language: str) -> str:
    dig = news.excavation
    words = {
        "number": dig.id,
        "name": dig.name,
        "link": news.link,
        "owner": organisation.name,
        "starts_on": dig.starts_on or "?",
        "ends_on": dig.ends_on or "?",
        "due_on": "?",
        "reason": "",
        "detail": "",
    }
    said = {name: say(word, language) for name, word in news.words.items()}
    return " ".join(wording[language].format_map({**words, **said}).split())


def _payload(news: News) -> dict[str, Any]:
    """What a machine is told: where to ask for the rest, with its key."""
    dig = news.excavation
    return {
        "type": f"excavation.{news.kind}",
        "data": {
            "excavation": dig.id,
            "name": dig.name,
            "status": dig.status,
            "starts_on": dig.starts_on.isoformat() if dig.starts_on else None,
            "ends_on": dig.ends_on.isoformat() if dig.ends_on else None,
            "href": news.link,
            **news.facts,
        },
    }


@cache
def _wordings() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads((files("twin.notices") / "wording.toml").read_text("utf-8"))
