"""The four kinds of failure; one table in the web layer maps them to RFC 9457 problem documents."""

from __future__ import annotations

from typing import Self


class Sentence(str):
    """English text that knows itself in Vietnamese; wherever only a string is expected it is the English one."""

    __slots__ = ("vi",)

    vi: str

    def __new__(cls, en: str, vi: str) -> Self:
        sentence = super().__new__(cls, en)
        sentence.vi = vi
        return sentence

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return str(self), self.vi

    def about(self, thing: str) -> Sentence:
        """The same, said of a thing: 'trench 1: …'."""
        return Sentence(f"{thing}: {self}", f"{thing}: {self.vi}")


def say(text: str, language: str) -> str:
    """A text in a language ("en", "vi"); what was never translated stays as it is."""
    return text.vi if language == "vi" and isinstance(text, Sentence) else str(text)


class TwinError(Exception):
    """A failure whose message names the thing, the value and the remedy, fit for a person to read."""

    @property
    def message(self) -> str:
        """A `Sentence` where the failure is told in both languages."""
        first = self.args[0] if self.args else ""
        return first if isinstance(first, str) else str(self)


class NotFound(TwinError):
    """The thing that was named does not exist, or not for this caller."""


class Invalid(TwinError):
    """What was given cannot be accepted as it stands; `faults` lists every one that was found."""

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults

    @property
    def message(self) -> str:
        return Sentence("; ".join(self.faults), "; ".join(say(fault, "vi") for fault in self.faults))


class Conflict(TwinError):
    """What was asked contradicts the present state."""


class Unavailable(TwinError):
    """Something needed is not there now: a database, a disk, a program."""
