"""Rules files: a city's own over the project's, and every fault of one named with its place."""

import re
import textwrap
from pathlib import Path

import pytest

from layers.errors import Invalid
from twin.clash.rulefile import read_rules

HEAD = """
version = "3"
date = 2026-05-01
status = "in_force"
[sources.hue]
authority = "city"
title.en = "Decision 99/2026 of the city"
title.vi = "Quyết định 99/2026 của thành phố"
evidence = "official"
"""


@pytest.fixture
def city(tmp_path):
    def write(text):
        path = tmp_path / f"city_{len(list(tmp_path.iterdir()))}.toml"
        path.write_text(HEAD + textwrap.dedent(text), encoding="utf-8")
        return path

    return write


def limits(book):
    return {rule.cited.id: rule.limit_m for rule in book.clearances}


def test_a_city_changes_one_cell(city):
    """A rule with the id of a cell replaces that cell and nothing else, and cites the city."""
    own = read_rules()
    book = read_rules(city("""
        [[clearances]]
        id = "qcvn01-2.30-plan/power-telecom"
        source = "hue"
        clause = "Article 4"
        pair = ["power", "telecom"]
        aspect = "plan"
        arrangements = ["alongside", "beside"]
        limit_m = 0.8
    """))  # fmt: skip
    assert limits(book) == limits(own) | {"qcvn01-2.30-plan/power-telecom": 0.8}
    (changed,) = (r.cited for r in book.clearances if r.cited.id == "qcvn01-2.30-plan/power-telecom")
    assert (changed.source.authority, changed.clause.vi, changed.is_verified) == ("city", "Article 4", True)
    assert [(e.version, e.status) for e in book.editions] == [("1", "draft"), ("3", "in_force")]


def test_a_city_adds_a_table_for_gas(city):
    """A discipline without a column gets one, and its distances are known from then on."""
    book = read_rules(city("""
        [columns]
        gas = ["gas"]
        [[tables]]
        id = "gas"
        source = "hue"
        aspect = "plan"
        arrangements = ["alongside", "beside"]
        limits_m.gas = { water = 0.5, power = 0.5 }
    """))  # fmt: skip
    assert book.columns["gas"] == ("gas",)
    assert {rule.limit_m for rule in book.find_pair("water", "gas")} == {0.5}
    assert book.columns["water"] == ("water",), "the other columns stay"


def test_a_city_withdraws_and_switches(city):
    """`withdrawn` takes a rule away; a zone that came switched off is switched on by its id."""
    book = read_rules(city("""
        [[zones]]
        id = "us-tolerance-24in"
        source = "hue"
        action = "hand_dig"
        measure = "plan"
        limit_m = 0.6
        text.en = "x"
        text.vi = "x"
    """))  # fmt: skip
    assert {z.cited.id for z in book.zones if z.enabled} > {"us-tolerance-24in", "hsg47-hand-dig"}
    path = city("")
    path.write_text('withdrawn = ["hsg47-hand-dig"]\n' + HEAD, encoding="utf-8")
    assert "hsg47-hand-dig" not in {zone.cited.id for zone in read_rules(path).zones}


RULE = """
[[clearances]]
id = "x"
source = "hue"
pair = ["power", "telecom"]
aspect = "plan"
limit_m = 0.8
"""


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[[clearance]]", "no section 'clearance'"),
        ("[[clearances]]\nlimit_m = 1", "without an id"),
        (RULE.replace('"hue"', '"nobody"'), "source 'nobody' is not among"),
        (RULE.replace("0.8", "-1"), "clearances.*limit_m"),
        (RULE.replace("0.8", '"0.8"'), "clearances.*limit_m"),
        (RULE.replace("0.8", "true"), "clearances.*limit_m"),
        (RULE.replace('"plan"', '"planned"'), "clearances.*aspect"),
        (RULE.replace('"telecom"', '"telegraph"'), "x: no discipline has a column 'telegraph'"),
        (RULE + "limits = 3", "clearances.*limits"),
        (RULE + 'when = [{ of = "power", property = "colour", equals = true }]', "clearances.*property"),
        (RULE + 'when = [{ of = "power", property = "voltage_v" }]', "takes limits"),
        (RULE + 'when = [{ property = "voltage_v", above = 1 }]', "column 'None'"),
        ('[[tables]]\nid = "t"\nsource = "hue"\naspect = "plan"\nlimits_m = 3', "table t: limits_m"),
        ("[trees]\nid = 't'\nsource = 'hue'\nfactor = 12.0", "trees.cap_m"),
    ],
)
def test_faults_are_named(city, text, place):
    """Whatever is wrong in a city's file, the message says where, and nothing is checked by half a file."""
    with pytest.raises(Invalid, match=place):
        read_rules(city(text))


def test_unreadable_files_are_named(tmp_path):
    """A missing file and one that is no TOML are one line each."""
    (tmp_path / "no.toml").write_text("a = [")
    for path in (tmp_path / "missing.toml", tmp_path / "no.toml"):
        with pytest.raises(Invalid, match=f"{path}: cannot be read"):
            read_rules(path)


def test_an_authority_without_a_rank_is_refused(city):
    """A source of an authority that precedence does not know could never be weighed."""
    path = city(RULE)
    path.write_text(path.read_text().replace('"city"', '"king"'))
    with pytest.raises(Invalid, match="authority 'king'"):
        read_rules(path)


def test_a_withdrawn_rule_must_exist(city):
    """A misspelt id would leave a rule in force in silence."""
    path = city("")
    path.write_text('withdrawn = ["hsg47"]\n' + HEAD, encoding="utf-8")
    with pytest.raises(Invalid, match="withdrawn 'hsg47' is no rule"):
        read_rules(path)


def test_the_documented_file_is_one(tmp_path):
    """The example that administrators copy out of the guide is read without a fault."""
    guide = (Path(__file__).parents[3] / "docs" / "clash-check.md").read_text(encoding="utf-8")
    (tmp_path / "guide.toml").write_text(re.search(r"```toml\n(.*?)```", guide, re.DOTALL)[1], encoding="utf-8")
    book = read_rules(tmp_path / "guide.toml")
    assert {rule.limit_m for rule in book.find_pair("gas", "telecom")} == {0.5}
    assert [closure.cited.id for closure in book.closures] == ["tet-2027"]
