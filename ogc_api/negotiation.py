"""Which format and which language a client wants: the parameters `f` and `lang`, then its headers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from layers.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from layers.label import Label

LANGUAGES = ("en", "vi")

_MEDIA_TYPES = {
    "application/json": "json",
    "application/geo+json": "json",
    "application/schema+json": "json",
    "application/problem+json": "json",
    "application/vnd.oai.openapi+json": "json",
    "application/vnd.ogc.fg+json": "jsonfg",
    "application/ld+json": "jsonld",
    "application/vnd.mapbox.style+json": "json",
    "application/vnd.ogc.sld+xml": "sld",
    "application/vnd.qgis.qml": "qml",
    "text/csv": "csv",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/*": "json",
    "*/*": "json",
}


def choose_format(asked: str | None, accept: str, offered: Sequence[str]) -> str:
    """Format that a client gets: `f`, else the best that it accepts, else the first offered. Raises: Invalid."""
    if asked is not None:
        if asked not in offered:
            raise Invalid(f"f={asked}: this resource is available as {', '.join(offered)}")
        return asked
    return _best(accept, {kind: name for kind, name in _MEDIA_TYPES.items() if name in offered}, offered[0])


def choose_problem_type(accept: str) -> str:
    """Media type of a problem document: of plain JSON where the client names that one, as OGC's definitions do."""
    kinds = {kind: kind for kind in ("application/problem+json", "application/json")}
    return _best(accept, kinds, "application/problem+json")


def choose_language(asked: str | None, accept_language: str) -> str:
    """Language that a client gets; English where it wants neither English nor Vietnamese. Raises: Invalid."""
    if asked is not None:
        language = asked.lower().partition("-")[0]
        if language not in LANGUAGES:
            raise Invalid(f"lang={asked}: texts are available in {', '.join(LANGUAGES)}")
        return language
    primary = re.sub(r"-[A-Za-z0-9-]+", "", accept_language.lower())
    return _best(primary, {language: language for language in LANGUAGES}, LANGUAGES[0])


def choose_text(label: Label, language: str) -> str:
    return label.vi if language == "vi" else label.en


def _best(header: str, known: Mapping[str, str], default: str) -> str:
    """The known choice of the highest weight (RFC 9110, 12.4.2), the first of equals; what is unreadable is skipped."""
    weights = dict(_parse_choice(part) for part in reversed(header.split(",")))
    wanted = [name for name in reversed(weights) if name in known and weights[name] > 0]
    return known[max(wanted, key=lambda name: weights[name])] if wanted else default


def _parse_choice(text: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in text.split(";"))
    weight = next((p.removeprefix("q=") for p in parameters if p.startswith("q=")), "1")
    try:
        return name, float(weight)
    except ValueError:
        return name, 0
