"""The typeface of the drawings: Source Sans Pro, whose Vietnamese is complete, and how wide its words are."""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import as_file, files

from fontTools.ttLib import TTFont

FAMILY = "Source Sans Pro"
_FACES = {False: "SourceSansPro-Regular.ttf", True: "SourceSansPro-Bold.ttf"}


def read_face(*, bold: bool) -> bytes:
    """The TrueType file of a face."""
    return (files("font_source_sans_pro") / "files" / _FACES[bold]).read_bytes()


def measure_mm(text: str, size_mm: float, *, bold: bool = False) -> float:
    """Width of one line of text."""
    advances, missing = _advances(bold)
    return sum(advances.get(ord(letter), missing) for letter in text) * size_mm


def compose(text: str) -> str:
    """Letters with their diacritics as one character (NFC), without what no drawing can show: controls, line ends."""
    shown = (letter if unicodedata.category(letter)[0] != "C" else " " for letter in unicodedata.normalize("NFC", text))
    return " ".join("".join(shown).split())


def shorten(text: str, width_mm: float, size_mm: float, *, bold: bool = False) -> str:
    """As much of a text as fits, with an ellipsis where it was cut."""
    if measure_mm(text, size_mm, bold=bold) <= width_mm:
        return text
    while text and measure_mm(text + "…", size_mm, bold=bold) > width_mm:
        text = text[:-1]
    return text.rstrip() + "…"


def wrap(text: str, width_mm: float, size_mm: float, *, bold: bool = False) -> list[str]:
    """Lines of whole words no wider than `width_mm`; a longer word has a line of its own, cut short."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and measure_mm(longer, size_mm, bold=bold) <= width_mm:
            lines[-1] = longer
        else:
            lines.append(shorten(word, width_mm, size_mm, bold=bold))
    return lines


@cache
def _advances(bold: bool) -> tuple[dict[int, float], float]:
    """Advance of each character as a share of the em, and that of the box for characters the face lacks."""
    with as_file(files("font_source_sans_pro") / "files" / _FACES[bold]) as path, TTFont(path, lazy=True) as font:
        em, widths = font["head"].unitsPerEm, font["hmtx"].metrics
        advances = {code: widths[name][0] / em for code, name in font.getBestCmap().items()}
        return advances, widths[".notdef"][0] / em
