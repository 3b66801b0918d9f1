"""Quality levels: every one resolves, none promises more than its source."""

import pytest

from twin.clash.accuracy import STATED, read_accuracies
from twin.clash.solids import UNSTATED, Quality

TABLE = read_accuracies()


@pytest.mark.parametrize(
    ("level", "depth", "horizontal", "vertical"),
    [
        ("A", 2.0, 0.05, 0.025),
        ("B1", 0.5, 0.15, 0.075),
        ("B1", 2.0, 0.30, 0.30),
        ("B2", 0.5, 0.25, 0.20),
        ("B2", 2.0, 0.80, 0.80),
        ("B1", 0.0, 0.15, 0.025),
        ("B1", -3.0, 0.15, 0.025),
        ("B3", 2.0, 0.5, None),
        ("B4", 2.0, 1.0, None),
        ("C", 2.0, 1.0, None),
        ("D", 2.0, 1.0, None),
        ("ASCE-A", 2.0, 0.05, 0.03),
        ("ASCE-B", 2.0, 0.61, None),
        ("ASCE-C", 2.0, 1.0, None),
        ("ASCE-D", 2.0, 1.0, None),
        (None, 2.0, 1.5, None),
    ],
)
def test_a_level_resolves_to_its_published_figures(level, depth, horizontal, vertical):
    """Protects the figures of PAS 128:2022 table 1 and the shares of depth in it."""
    accuracy = TABLE.resolve(Quality(level), depth)
    assert (accuracy.horizontal_m, accuracy.vertical_m) == (pytest.approx(horizontal), pytest.approx(vertical))


def test_every_level_of_the_table_cites_its_source_in_both_languages():
    """Protects the right of whoever reads a figure to know where it comes from."""
    for level in (*TABLE.levels.values(), TABLE.unstated):
        assert len(level.source.en) > 20
        assert len(level.source.vi) > 20
        assert level.source.en != level.source.vi
    assert TABLE.unknown_radius_m == 1.0
    assert TABLE.unknown_radius_source.vi


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("QL-B1", "B1"),
        (" b2 ", "B2"),
        ("B1P", "B1"),
        ("B2(P)", "B2"),
        ("PAS 128 QL-A", "A"),
        ("PAS128:2022 QL-B3", "B3"),
        ("QLD", "D"),
        ("ASCE 38-22 QL-A", "ASCE-A"),
        ("asce-b", "ASCE-B"),
    ],
)
def test_the_spellings_of_a_level_are_understood(name, key):
    """Protects owners who write their level as their standard does."""
    assert TABLE.find_level(name) is TABLE.levels[key]


@pytest.mark.parametrize("name", [None, "", "B", "E", "2A", "A+", "cao", "B5", "PAS 128", "A or B1"])
def test_an_unknown_level_counts_as_unstated(name):
    """Protects against a name from elsewhere being taken for a promise it is not."""
    assert TABLE.find_level(name) is TABLE.unstated


def test_nothing_stated_is_the_least_certain_of_all():
    """Protects the order of ASCE 38-22: no level is less certain than none; a diagram is no survey at all."""
    unstated = TABLE.resolve(UNSTATED, 1.0)
    assert unstated.vertical_m is None
    surveyed = [level for name, level in TABLE.levels.items() if name != "schematic"]
    assert all(unstated.horizontal_m >= level.at_depth(1.0).horizontal_m for level in surveyed)
    assert TABLE.find_level("schematic").horizontal_m > unstated.horizontal_m


def test_stated_figures_replace_those_of_the_level_one_by_one():
    """Protects an owner's own figures, 0 included, and says which of them are the owner's."""
    both = TABLE.resolve(Quality("D", 0.0, 0.2), 1.0)
    assert (both.horizontal_m, both.vertical_m, both.source) == (0.0, 0.2, STATED)
    one = TABLE.resolve(Quality("A", horizontal_accuracy_m=0.7), 1.0)
    assert (one.horizontal_m, one.vertical_m) == (0.7, 0.025)
    assert one.source.en.startswith("horizontal stated by the owner; PAS 128:2022")
    other = TABLE.resolve(Quality("D", vertical_accuracy_m=0.3), 1.0)
    assert (other.horizontal_m, other.vertical_m) == (1.0, 0.3)
    assert other.source.vi.startswith("độ cao do chủ sở hữu công bố; PAS 128:2022")


def test_a_share_of_an_unknown_depth_promises_nothing():
    """Protects levels that grow with depth from shrinking to nothing where the depth is missing."""
    accuracy = TABLE.resolve(Quality("B1"), None)
    assert (accuracy.horizontal_m, accuracy.vertical_m) == (TABLE.unstated.horizontal_m, None)
    assert TABLE.resolve(Quality("A"), None).vertical_m == 0.025


@pytest.mark.parametrize("depth", [0.0, 1.0, 30.0])
def test_the_search_margin_reaches_whatever_could_be_hit(depth):
    """Protects the candidate query: nothing beyond the margin can come out other than clear."""
    margin = TABLE.search_margin_m(depth)
    for level in (None, *TABLE.levels):
        accuracy = TABLE.resolve(Quality(level), depth)
        assert accuracy.horizontal_m + TABLE.unknown_radius_m <= margin


GOOD = """
[unknown_section]
radius_m = {radius}
en = "rule"
vi = "quy ước"
[unstated]
horizontal_m = {unstated}
en = "none"
vi = "không"
[levels.A]
horizontal_m = 0.1
vertical_m = {vertical}
en = "city survey"
vi = "đo của thành phố"
"""


@pytest.fixture
def write_table(tmp_path):
    def write(radius="0.5", unstated="2", vertical="0.2"):
        path = tmp_path / "city.toml"
        path.write_text(GOOD.format(radius=radius, unstated=unstated, vertical=vertical), encoding="utf-8")
        return path

    return write


def test_a_city_brings_its_own_table(write_table):
    """Protects the figures as data, not code."""
    table = read_accuracies(write_table())
    assert table.resolve(Quality("A"), 1.0).vertical_m == 0.2
    assert table.resolve(Quality("B1"), 1.0).horizontal_m == 2.0
    assert table.unknown_radius_m == 0.5


@pytest.mark.parametrize(
    "figures", [{"radius": "0"}, {"radius": "nan"}, {"unstated": "nan"}, {"unstated": "-1"}, {"vertical": "inf"}]
)
def test_a_table_with_a_figure_out_of_range_is_refused(write_table, figures):
    """Protects the check from an accuracy that makes every comparison false."""
    with pytest.raises(ValueError, match=r"give a radius above 0|has a figure outside 0 to 100"):
        read_accuracies(write_table(**figures))
