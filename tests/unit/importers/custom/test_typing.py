"""Columns of a layer that a city adds: named so that nothing clashes, typed so that nothing is lost."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers.custom.kinds import Sort, reader
from importers.custom.names import name_columns, name_layer, spell
from layers.custom import LONGEST_NAME, RESERVED, Kind
from ogc_api.params import ITEMS

HUE = ZoneInfo("Asia/Ho_Chi_Minh")


def kind_of(*values: object, is_typed: bool = True) -> Kind:
    sort = Sort(is_typed)
    for value in values:  # one by one, as chunks bring them
        sort.narrow([value])
    return sort.kind


def test_hostile_names_become_plain_ones() -> None:
    """Keywords, quotes, diacritics, length, twins after folding, names that are taken: each has a column."""
    fields = [
        "Mã số",
        "ma_so",
        "MÃ SỐ",
        "select",
        'a"; drop table x; --',
        "ế" * 80,
        "2024",
        "id",
        "GEOM",
        "limit",
        "电",
    ]
    assert list(name_columns(fields).values()) == [
        "ma_so", "ma_so_2", "ma_so_3", "select", "a_drop_table_x", "e" * 56, "field_2024", "id_given", "geom_given",
        "limit_given", "field_11",
    ]  # fmt: skip
    assert name_layer("Camera giám sát (2024)") == "camera_giam_sat_2024"
    assert name_layer("2024") == "layer_2024"
    assert len(name_layer("đường " * 40)) <= LONGEST_NAME
    assert name_layer("电") == ""


def test_labels_are_letters() -> None:
    """What a field is called goes into XML and pages: no control character, half letter or endless text does."""
    assert spell(" Mã\x01\n\tsố \ud800\ufffe1\0 ") == "Mã số 1"
    assert len(spell("ế" * 10_000)) == 200
    every = spell("".join(map(chr, range(0x30000))), 0x30000)
    assert ET.fromstring(f"<a>{escape(every)}</a>").text == every  # noqa: S314 - our own


@given(st.lists(st.text(max_size=90), unique=True, max_size=30))
def test_no_two_fields_share_a_column(fields: list[str]) -> None:
    """Whatever fields are called, columns differ, fit PostgreSQL and are none of the twin's."""
    columns = [*name_columns(fields).values()]
    assert len({*columns}) == len(fields)
    assert all(re.fullmatch("[a-z][a-z0-9_]*", name) and len(name) <= 63 and name not in RESERVED for name in columns)


def test_columns_are_no_parameters() -> None:
    """A property that is called as a query parameter could not be asked for, and would change what that one means."""
    assert {name for name in ITEMS if name.isidentifier() and name.islower()} <= RESERVED


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((True, False, None), Kind.BOOLEAN),
        ((1, 2**62, None), Kind.INTEGER),
        ((1, 2.5), Kind.REAL),
        ((2**60, 2.5), Kind.TEXT),  # a double would make another number of it
        ((True, 1), Kind.TEXT),
        (("2024-05-31", " 2024-06-01", ""), Kind.DATE),
        (("31/05/2024", "1/6/2024"), Kind.DATE),
        (("05/31/2024",), Kind.TEXT),
        (("2024-02-30",), Kind.TEXT),
        (("2024-05-31T10:00:00+07:00", "2024/05/31 10:00:00+07"), Kind.MOMENT),
        ((date(2024, 5, 31), datetime(2024, 5, 31, tzinfo=UTC)), Kind.TEXT),
        (('["a"]', "[]"), Kind.ARRAY),
        (('{"a": 1}',), Kind.OBJECT),
        (('{"a": 1}', "[]"), Kind.TEXT),
        (('{"a": NaN}',), Kind.TEXT),
        (('["\\u0000"]',), Kind.TEXT),
        (("12", "13"), Kind.TEXT),  # where the format has numbers, a text is one because somebody wanted it so
        ((None, "", float("nan")), Kind.TEXT),
    ],
)
def test_kinds_are_those_of_all_values(values: tuple[object, ...], kind: Kind) -> None:
    """The narrowest kind that holds every value as it is."""
    assert kind_of(*values) == kind


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("12", "-3"), Kind.INTEGER),
        (("0123", "12"), Kind.TEXT),  # a code
        (("+12",), Kind.TEXT),
        (("1,5", "2.25", "3"), Kind.REAL),
        (("1,234",), Kind.TEXT),  # a thousand or one with three decimals
        (("0.1234567890123456789",), Kind.TEXT),
        (("true", "false"), Kind.BOOLEAN),
    ],
)
def test_numbers_of_plain_text_are_told(values: tuple[str, ...], kind: Kind) -> None:
    """In a table of text a number is one only where it is written as no code is, and as a double keeps it."""
    assert kind_of(*values, is_typed=False) == kind


def test_values_are_read_as_their_kind() -> None:
    """A moment without a zone is the city's; half a letter becomes the sign for a lost one; blanks are nothing."""
    assert reader(Kind.MOMENT, HUE)("2024-05-31 10:00:00") == datetime(2024, 5, 31, 3, tzinfo=UTC)
    assert reader(Kind.MOMENT, HUE)("2024-05-31T10:00:00Z") == datetime(2024, 5, 31, 10, tzinfo=UTC)
    assert reader(Kind.DATE, HUE)("1/6/2024") == date(2024, 6, 1)
    assert reader(Kind.REAL, HUE)("1,5") == 1.5
    assert reader(Kind.TEXT, HUE)("a\ud800") == "a\ufffd"
    assert reader(Kind.TEXT, HUE)(1) == "1"
    assert reader(Kind.ARRAY, HUE)('["ế"]') == b"\x01" + '["ế"]'.encode()
    assert [reader(kind, HUE)("  ") for kind in Kind] == [None] * len(Kind)
