"""The words of the response package, in Vietnamese and English."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from twin.clash.accuracy import Wording

type Language = Literal["vi", "en"]


@dataclass(frozen=True, slots=True)
class Words:
    """Speaks one language: words by name, numbers with its decimal mark."""

    language: Language

    def say(self, name: str, /, **values: object) -> str:
        """The text of words.toml under that name, "section.name" for those of a section."""
        return _texts()[name][self.language].format(**values)

    def wording(self, text: Wording) -> str:
        return text.vi if self.language == "vi" else text.en

    def name(self, section: str, code: str | None) -> str:
        """What people call a code, such as a discipline; a code without words stands for itself."""
        if code is None:
            return "–"
        text = _texts().get(f"{section}.{code}")
        return code if text is None else text[self.language]

    def number(self, value: float, digits: int = 2) -> str:
        text = f"{value + 0.0:.{digits}f}"
        if float(text) == 0:
            text = text.removeprefix("-")
        return text.replace(".", ",").replace("-", "−") if self.language == "vi" else text.replace("-", "−")

    def metres(self, value: float | None, digits: int = 2) -> str:
        """A length with its unit; what is not known is "?"."""
        return "?" if value is None else f"{self.number(value, digits)} m"

    def station(self, station_m: float) -> str:
        """Kilometre and metres from the start of the dig, as road engineers write it."""
        kilometres, metres = divmod(round(max(station_m, 0.0), 1), 1000)
        text = f"{kilometres:.0f}+{metres:05.1f}"
        return text.replace(".", ",") if self.language == "vi" else text


@cache
def _texts() -> dict[str, dict[str, str]]:
    table = tomllib.loads((files(__package__) / "words.toml").read_text("utf-8"))
    texts: dict[str, dict[str, str]] = {}
    for section, words in table.items():
        prefix = "" if section == "words" else f"{section}."
        texts |= {f"{prefix}{name}": text for name, text in words.items()}
    return texts
