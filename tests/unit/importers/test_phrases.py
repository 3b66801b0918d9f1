"""What importers say is said in Vietnamese too."""

from __future__ import annotations

import re
import sys
import tomllib
from functools import reduce
from importlib import import_module
from importlib.resources import files
from itertools import chain, islice, product
from pathlib import Path
from typing import Any

import pytest

from importers.faults import Fault
from importers.phrases import in_both, in_vietnamese, remedy_for

sys.path.append(str(Path(__file__).parent))
source: Any = import_module("messages")
UNTOLD = source.UNTOLD

LISTS = tomllib.loads(files("importers").joinpath("phrases.toml").read_text("utf-8"))


@pytest.mark.parametrize(
    ("english", "vietnamese"),
    [
        ("declared by .prj; x and y swapped", "theo khai báo của .prj; x và y bị đảo"),
        ("depth -99 not used: it stands for 'not known'", "không dùng độ sâu -99: giá trị này nghĩa là “chưa biết”"),
        (
            "ask the department; its coordinates would lie in the city if read as EPSG:9214; check the label",
            "hỏi lại đơn vị cung cấp; đọc theo EPSG:9214 thì tọa độ sẽ nằm trong thành phố; kiểm tra nhãn",
        ),
        ("Ống <b>.shp holds 0 bytes", "Ống <b>.shp có 0 byte"),
    ],
)
def test_messages_are_translated_with_what_they_name(english: str, vietnamese: str) -> None:
    """Phrases within phrases are translated; names, numbers and codes are taken over as they are."""
    assert in_vietnamese(english) == vietnamese


@pytest.mark.parametrize("unknown", ["no such words", "no such words; check the label", "x" * 5000 + " holds 0 bytes"])
def test_unlisted_words_stay_whole(unknown: str) -> None:
    """A message that is not wholly known is not half translated."""
    assert in_vietnamese(unknown) is None
    assert in_both(unknown).vi == unknown


def test_no_phrase_loses_a_name() -> None:
    """Both languages of a phrase have the same holes in the same order."""
    holes = re.compile(r"\{\*?\}")
    assert [en for en, vi in LISTS["phrases"].items() if holes.findall(en) != holes.findall(vi)] == []


def test_every_fault_has_a_remedy() -> None:
    """Whatever is wrong, the report says in both languages what to do, and lists no fault that does not exist."""
    assert set(LISTS["remedies"]) == set(Fault)
    for fault in Fault:
        remedy = remedy_for(fault)
        assert remedy is not None
        assert remedy.vi.endswith(".")
        assert remedy.en.endswith(".")
        assert remedy.vi != remedy.en
    assert remedy_for("no such fault") is None


_WORD = re.compile(r"(?<![\w.-])[a-z]{4,}(?![\w.-])")
# What stays as it is in Vietnamese: in brackets and quotes, options, names of programs and of what they install.
_KEPT = re.compile(r"\([^)]*\)|\{[^}]*\}|“[^”]*”|--\w+|[\w-]+\[\w+\]|\bbyte\b")


def _left_in_english(template: str) -> set[str]:
    """Words of a message that its Vietnamese still has, at least as a value is put in for what is not told.

    What is not told may be a name or another listed phrase.
    """
    least: set[str] = set(_WORD.findall(template)) or {template}
    for values in islice(product(("X1", "water"), repeat=template.count(UNTOLD)), 128):
        said = in_vietnamese(reduce(lambda text, value: text.replace(UNTOLD, value, 1), values, template))
        if said is not None:
            least = min(least, set(_WORD.findall(template)) & set(_WORD.findall(_KEPT.sub("", said))), key=len)
    return least


def test_everything_is_said_in_vietnamese() -> None:
    """Every message, remedy, reason and note that an importer can utter has a phrase that leaves no English in it."""
    messages = chain(source.all_messages(), source.counted_notes(), source.ends_of_readers())
    told = [message for message in messages if _WORD.search(message.text)]
    assert len(told) > 400
    assert [(m.where, m.text) for m in told if _left_in_english(m.text)] == []


def test_most_telling_phrase_is_used() -> None:
    """A general phrase does not take the words of another for a name."""
    assert in_vietnamese("depth 3 not used: the column mixes signs") == (
        "không dùng độ sâu 3: cột có cả giá trị âm và dương"
    )
