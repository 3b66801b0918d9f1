"""Names and values of departments against the vocabulary."""

from __future__ import annotations

import pytest

from importers.text import fold_name
from importers.vocabulary import attributes_of, best_word, match_fields, match_status, match_value, vocabulary, words_in


def test_accents_case_and_separators_do_not_matter() -> None:
    """One field name in all its spellings."""
    for name in ("Đường kính ống", "DUONG_KINH_ONG", "duongKinhOng"):
        assert match_fields([name], attributes_of("utility_lines"))["diameter"] == (name, None)


def test_unit_in_the_name_is_told() -> None:
    """DoSau_cm is a depth in centimetres."""
    assert match_fields(["DoSau_cm"], attributes_of("utility_lines"))["depth_unstated"] == ("DoSau_cm", "cm")


def test_dbf_prefix_matches_only_at_ten_characters() -> None:
    """A DBF cut SoHieuToBanDo to ten letters; a short name is no prefix of anything."""
    assert match_fields(["SoHieuToBa"], attributes_of("parcels"))["sheet"] == ("SoHieuToBa", None)
    assert "sheet" not in match_fields(["SoHieu"], attributes_of("parcels"))


def test_one_field_serves_one_attribute() -> None:
    """'name' cannot be the owner and the material at once; the exact match wins over the prefix."""
    found = match_fields(["DoSauDinh", "DoSau", "DoSauDay"], attributes_of("utility_lines"))
    assert {k: v[0] for k, v in found.items()} == {
        "depth_crown": "DoSauDinh",
        "depth_unstated": "DoSau",
        "depth_invert": "DoSauDay",
    }


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("vertical_reference", "đỉnh ống", "crown"), ("vertical_reference", "Đáy cống", "invert"),
     ("status", "Đang sử dụng", "in_service"), ("material", "Ống nhựa uPVC", "uPVC"),
     ("material", "PVC Polyvinylchloride", "PVC"), ("material", "BTCT", "reinforced concrete"),
     ("kind", "Hố ga", "manhole"),
     ("kind", "CB tied to Sanitary Sewer", "inlet"), ("material", "AC", "fibre cement"),
     ("status", "Existing", "in_service"), ("quality_level", "A", "A"), ("status", "???", None),
     ("status", None, None)],
)  # fmt: skip
def test_values(kind: str, text: str | None, value: str | None) -> None:
    """Listed values by their words; what is not listed stays unknown."""
    assert match_value(kind, text) == value


@pytest.mark.parametrize(
    ("text", "status"),
    [("chưa tháo dỡ", None), ("Đã tháo dỡ một phần", None), ("Tháo dỡ hay còn?", None), ("not removed", None),
     ("Đã tháo dỡ", "removed"), ("Không còn hoạt động", "disused"), ("ngừng hoạt động", "disused"),
     ("chưa hoạt động", None), ("không tốt", None),
     ("Đang sử dụng (tốt)", "in_service"), ("Đã bỏ hoang từ 2010", "abandoned"), (None, None)],
)  # fmt: skip
def test_status_is_not_its_contrary(text: str | None, status: str | None) -> None:
    """A pipe "not yet removed" lies in the ground: taken for removed, no check would find it."""
    assert match_status(text) == status


def test_words_of_a_file_name() -> None:
    """Runs of words are found, so 'cap nuoc' (water supply) is not just 'cap' (cable)."""
    assert {"capnuoc", "ong", "leloi"} <= words_in("ong-cap-nuoc Lê Lợi")
    assert best_word("ong-cap-nuoc", "disciplines") == ("water", "capnuoc")
    assert best_word("tuyen-cap-dien", "disciplines") == ("power", "capdien")


def test_every_word_is_folded() -> None:
    """A synonym that is not folded could never match."""
    tables = vocabulary()
    words = [w for section in ("layers", "disciplines") for ws in tables[section].values() for w in ws]
    words += [w for fields in tables["fields"].values() for ws in fields.values() for w in ws]
    words += [w for values in tables["values"].values() for ws in values.values() for w in ws]
    words += [w for entry in tables["not_kept"].values() for w in entry["words"]]
    words += [*tables["unknown"]["words"], *tables["fields_of_anything"]["words"]]
    assert [w for w in words if w != fold_name(w)] == []


def test_no_word_means_two_things() -> None:
    """Within one list of values and one table's fields a word has one meaning."""
    tables = vocabulary()
    for name, values in (*tables["values"].items(), *tables["fields"].items(), ("disciplines", tables["disciplines"])):
        words = [w for ws in values.values() for w in ws]
        assert len(words) == len(set(words)), name


def test_depth_of_a_node_is_its_own() -> None:
    """DoSau of a manhole is how deep it is, and Type what it is; of a pipe they are its cover and subtype."""
    names = ["DoSau", "Type"]
    assert match_fields(names, attributes_of("utility_nodes")) == {"depth": ("DoSau", None), "kind": ("Type", None)}
    assert match_fields(names, attributes_of("utility_lines")) == {
        "depth_unstated": ("DoSau", None),
        "subtype": ("Type", None),
    }


def test_every_material_has_a_section_rule() -> None:
    """A listed material whose diameter is neither outer nor inner would be guessed."""
    assert set(vocabulary()["values"]["material"]) == set(vocabulary()["sections"])
