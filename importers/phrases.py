"""What importers say, in Vietnamese, and what is to be done about each fault, in both languages."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

_HOLE = re.compile(r"\{\*?\}")
_NESTED = "(.+?)"
# "; " parts two statements, so nothing is taken for a name across it.
_NAME = "((?:(?!; ).)+?)"
# No message of ours is longer; what is quotes something at length, and matching it would take long.
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in Vietnamese and English."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A message with holes; `nested` says which holes hold a phrase themselves."""

    pattern: re.Pattern[str]
    nested: tuple[bool, ...]
    pieces: tuple[str, ...]

    def translate(self, message: str) -> str | None:
        match = self.pattern.fullmatch(message)
        if match is None:
            return None
        filled = [
            in_vietnamese(group) if nested else group for group, nested in zip(match.groups(), self.nested, strict=True)
        ]
        words = [word for word in filled if word is not None]
        if len(words) < len(filled):
            return None
        return "".join(piece + word for piece, word in zip(self.pieces, [*words, ""], strict=True))


@lru_cache(maxsize=4096)
def in_vietnamese(message: str) -> str | None:
    """The message in Vietnamese; names, numbers and codes stay as they are. None for words that are not listed."""
    if len(message) > _LONGEST:
        return None
    return next((said for phrase in _phrases() if (said := phrase.translate(message)) is not None), None)


def in_both(message: str) -> Text:
    """The message in both languages; one that is not listed stays as it was said."""
    return Text(in_vietnamese(message) or message, message)


def remedy_for(fault: str) -> Text | None:
    """What to do about a fault, as a rule."""
    words = _lists()["remedies"].get(fault)
    return None if words is None else Text(*words)


@lru_cache(maxsize=1)
def _lists() -> dict[str, dict[str, str]]:
    return tomllib.loads(files("importers").joinpath("phrases.toml").read_text("utf-8"))


@lru_cache(maxsize=1)
def _phrases() -> tuple[_Phrase, ...]:
    """The most telling first, so that "{} is encrypted" goes before "{} is {}"."""
    listed = sorted(_lists()["phrases"].items(), key=lambda phrase: -len(_HOLE.sub("", phrase[0])))
    return tuple(_compile(english, vietnamese) for english, vietnamese in listed)


def _compile(english: str, vietnamese: str) -> _Phrase:
    nested = tuple(hole == "{*}" for hole in _HOLE.findall(english))
    groups = [_NESTED if deep else _NAME for deep in nested]
    pieces = [re.escape(piece) for piece in _HOLE.split(english)]
    pattern = "".join(piece + group for piece, group in zip(pieces, [*groups, ""], strict=True))
    return _Phrase(re.compile(pattern, re.DOTALL), nested, tuple(_HOLE.split(vietnamese)))
