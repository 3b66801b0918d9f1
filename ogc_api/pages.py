"""The same documents for people: HTML that needs nothing from another host."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from ogc_api.sight import look_at, look_at_features

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ogc_api.sight import Sight

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'self'"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands: the service's URL, its own path and query, its language."""

    base: str
    path: str
    query: tuple[tuple[str, str], ...]
    language: str

    @property
    def is_placed(self) -> bool:
        """Whether a reference system was asked for, so that coordinates may be anything but degrees."""
        return any(name == "crs" for name, _ in self.query)

    def variant(self, **parameters: str) -> str:
        """URL of this page with other parameters, such as `lang` or `f`."""
        kept = {name: value for name, value in self.query if name not in parameters}
        return f"{self.base}{self.path}?{urlencode(kept | parameters)}"


def render(template: str, document: Mapping[str, Any], place: Place) -> str:
    """A document as a page in the place's language."""
    translate = partial(_choose, place.language)
    return _environment().get_template(template).render(data=document, place=place, t=translate)


def draw(sight: Sight, label: str) -> str:
    """A picture alone, as HTML for another page; `label` says what it shows."""
    template: Any = _environment().get_template("_sight.html").module
    return str(template.picture(sight, label))


def _choose(language: str, vi: str, en: str) -> str:
    return vi if language == "vi" else en


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = PackageLoader("ogc_api")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals |= {"look_at": look_at, "look_at_features": look_at_features}
    return made
