"""The words of the package: both languages, whole letters, every name that is used."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from twin.clash.outcome import REASONS, Outcome
from twin.excavations import package
from twin.excavations.package.lettering import _FACES, compose, measure_mm, read_face, shorten, wrap
from twin.excavations.package.tables import OBJECT_COLUMNS
from twin.excavations.package.words import Words

FOLDER = Path(package.__path__[0])
TABLE = tomllib.loads((FOLDER / "words.toml").read_text("utf-8"))
SOURCES = [*FOLDER.glob("*.py"), *FOLDER.glob("templates/*.html")]


def test_every_text_has_both_languages() -> None:
    """No text is missing or written in decomposed letters."""
    for section in TABLE.values():
        for name, text in section.items():
            assert text.keys() == {"vi", "en"}, name
            assert all(text.values()), name
            assert all(unicodedata.is_normalized("NFC", each) for each in text.values()), name


def test_every_name_that_is_said_exists_and_none_is_left_over() -> None:
    """A misspelt name would fail in somebody's report; a name nobody says is dead weight."""
    said = {name for path in SOURCES for name in re.findall(r'"([a-z_0-9]+)"', path.read_text())}
    said |= {name for path in SOURCES for name in re.findall(r"say\('([a-z_0-9]+)'", path.read_text())}
    direct = {n for path in SOURCES for n in re.findall(r"\bsay\([\"']([a-z_0-9]+)[\"']", path.read_text())}
    assert direct <= TABLE["words"].keys()
    assert set(OBJECT_COLUMNS) <= TABLE["words"].keys()
    assert TABLE["words"].keys() <= said
    assert TABLE["outcome"].keys() == {outcome.value for outcome in Outcome}


@pytest.mark.parametrize("bold", [False, True])
def test_typeface_has_every_letter_of_the_texts(tmp_path: Path, bold: bool) -> None:
    """Vietnamese in full and every sign that the drawings use; a box in place of a letter would be a wrong word."""
    path = tmp_path / _FACES[bold]
    path.write_bytes(read_face(bold=bold))
    with TTFont(path) as font:
        known = set(font.getBestCmap())
    vowels = "aăâeêioôơuưy"
    marks = "\u0300\u0301\u0303\u0309\u0323"
    letters = {unicodedata.normalize("NFC", v + m) for v in vowels for m in ("", *marks)} | {"đ"}
    texts = "".join(t for section in TABLE.values() for text in section.values() for t in text.values())
    texts += "".join(text.vi + text.en for text in REASONS.values()) + "Ø×±−–…·"
    needed = {ord(c) for letter in letters for c in (letter, letter.upper())} | {ord(c) for c in texts}
    assert {chr(code) for code in needed - known} == set()


def test_numbers_have_the_marks_of_their_language() -> None:
    """A comma and a true minus in Vietnamese; nothing is "-0"."""
    assert (Words("vi").number(-1.5), Words("en").number(-1.5)) == ("−1,50", "−1.50")
    assert Words("vi").number(-0.001) == "0,00"
    assert (Words("vi").metres(None), Words("vi").station(1234.56)) == ("?", "1+234,6")


def test_lines_fit_their_room() -> None:
    """Wrapped and shortened words are no wider than they may be; decomposed input comes out whole."""
    text = "Công ty Cổ phần Cấp nước và Môi trường đô thị Thuận Hóa"
    lines = wrap(text, 30, 2.3)
    assert " ".join(lines) == text
    assert all(measure_mm(line, 2.3) <= 30 for line in lines)
    assert measure_mm(shorten(text, 20, 2.3), 2.3) <= 20
    assert compose(unicodedata.normalize("NFD", "Thuận Hóa\n cấp nước\x00")) == "Thuận Hóa cấp nước"
