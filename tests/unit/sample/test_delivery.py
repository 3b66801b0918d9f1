from __future__ import annotations

import tomllib
import unicodedata
from collections import Counter
from importlib.resources import files

import numpy as np
import pytest

from importers.vietnamese import decode_tcvn3, decode_viscii, decode_vni
from twin.sample.city.networks import fold
from twin.sample.delivery.defects import SINGLE_ROWS, WHOLE_FILES, plant
from twin.sample.delivery.departments import plan_utilities
from twin.sample.delivery.forms import BANK_DEPTHS, DEPTHS, FALLS, SERVICE_DEPTHS
from twin.sample.delivery.land import plan_land
from twin.sample.delivery.vertical import Level, true_axis
from twin.sample.files.legacy_text import encode_cp1258, encode_tcvn3, encode_viscii, encode_vni
from twin.sample.strangers import strangers

VOCABULARY = tomllib.loads(files("importers").joinpath("vocabulary.toml").read_text(encoding="utf-8"))
# Personal, and the words of a drawing: no importer maps them.
UNMAPPED = {"tenchu", "text", "label", "block", "circlem", "curve"}
# The columns that name manholes, which make no attribute.
MANHOLES = {"tuho", "denho"}


@pytest.fixture(scope="module")
def deliveries(ward):
    return [*plan_utilities(ward), *plan_land(ward)]


def squeeze(text):
    return "".join(letter for letter in fold(text) if letter.isalnum())


def test_departments_speak_only_words_of_the_vocabulary(deliveries):
    """Protects against a column that no importer could know, cut to ten letters where it is a DBF's."""
    words = {word for fields in VOCABULARY["fields"].values() for synonyms in fields.values() for word in synonyms}
    words |= {word + unit for word in words for unit in VOCABULARY["units"]} | UNMAPPED | MANHOLES
    beginnings = {word[:10] for word in words}
    for file in (file for file in deliveries if file.form.traits.columns):
        for column in {name for layer in file.layers for row in layer.rows for name in row.fields}:
            known = beginnings if file.form.traits.short_names and len(column) > 10 else words
            assert squeeze(column)[: 10 if known is beginnings else None] in known, (file.path, column)


def test_no_two_columns_of_a_shapefile_are_cut_to_the_same_name(deliveries):
    """Protects against columns that swallow each other."""
    for file in deliveries:
        columns = {name for layer in file.layers for row in layer.rows for name in row.fields}
        if file.form.traits.short_names:
            assert len({name[:10] for name in columns}) == len(columns), file.path


@pytest.mark.parametrize(
    ("kind", "columns", "expected"),
    [
        ("material", ("VatLieu", "VatLieuOng", "ChatLieu"), "material"),
        ("status", ("TinhTrang", "HienTrang"), "status"),
        ("shape", ("DangMatCat",), "section_shape"),
        ("kind", ("LoaiNut", "LoaiHoGa"), "kind"),
        ("vertical_reference", ("DiemDo", "MocDo"), "vertical_reference"),
        ("quality_level", ("CapChinhXac",), "quality_level"),
    ],
)
def test_words_mean_what_the_truth_expects(deliveries, kind, columns, expected):
    """Protects the truth: every word that is written is in the vocabulary under the value that must arrive."""
    meanings = {word: value for value, words in VOCABULARY["values"][kind].items() for word in words}
    said = 0
    for row in (row for file in deliveries for layer in file.layers for row in layer.rows):
        for column in columns:
            if row.table in ("utility_lines", "utility_nodes") and column in row.fields:
                assert meanings[squeeze(row.fields[column])] == row.expected[expected]
                said += 1
    assert said > 100


@pytest.mark.parametrize("manner", [*DEPTHS, *BANK_DEPTHS, *SERVICE_DEPTHS, *FALLS], ids=repr)
def test_what_is_told_gives_the_axis_back(ward, manner):
    """Protects the depths: whatever way they are told, the axis is where it was, to the rounding of what is written."""
    falling = manner in FALLS
    lines = [line for line in (*ward.mains, *ward.services) if (line.inverts_m is not None) == falling]
    for row, line in enumerate(lines[::37]):
        told = manner.tell(line, ward.terrain, row)
        axis = true_axis(line, ward.terrain)
        away = np.abs(told.axis(line.path) - (axis.mean() if isinstance(manner, Level) else axis))
        assert away.max() <= 0.005 + 1e-9


def test_every_trap_is_planted_twice(deliveries):
    """Protects against a trap that passes by luck: each kind stands in two files at least."""
    planted = plant(deliveries)
    kinds = Counter(file.spoil.kind for file in planted if file.spoil)
    kinds |= Counter(
        defect.kind for file in planted for layer in file.layers for row in layer.rows for defect in row.defects
    )
    kinds |= Counter(kind for _, _, kind in strangers())
    assert min(kinds.values()) >= 2, kinds


def test_every_defect_is_planted_once(deliveries):
    """Protects the list of defects: what is planned is what the rows and files carry."""
    planted = plant(deliveries)
    whole = {file.stem: file.spoil for file in planted if file.spoil}
    assert whole == WHOLE_FILES
    rows = Counter(file.stem for file in planted for layer in file.layers for row in layer.rows if row.defects)
    assert rows == Counter(stem for stem, _, _ in SINGLE_ROWS)


@pytest.mark.parametrize("text", ["Công ty Cấp nước", "Đang sử dụng", "Nguyễn Tri Phương", "Trường học", "đỉnh ống"])
def test_old_encodings_are_read_by_others(text):
    """Protects the tables of the old code pages: an independent decoder returns the text."""
    assert decode_tcvn3(encode_tcvn3(text)) == text
    assert decode_vni(encode_vni(text)) == text
    assert decode_viscii(encode_viscii(text)) == text
    assert unicodedata.normalize("NFC", encode_cp1258(text).encode("iso-8859-1").decode("cp1258")) == text


def test_capitals_with_a_tone_become_small_in_tcvn3():
    """Protects the one loss that TCVN3 has, and that VNI has none."""
    assert encode_tcvn3("Ố") == encode_tcvn3("ố")
    assert encode_vni("Ố") == "OÁ"
