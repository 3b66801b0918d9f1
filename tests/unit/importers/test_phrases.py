"""What importers say is said in Vietnamese too."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

import pytest

from importers.faults import Fault
from importers.phrases import in_both, in_vietnamese, remedy_for

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
