"""Cross-sections from what owners say of them."""

from __future__ import annotations

import pytest

from importers.attributes import read_attributes
from importers.section import Section, read_ducts, read_sections
from layers.utilities import SectionShape


def section(material: str | None = None, **fields: object) -> Section:
    columns = {name: [value] for name, value in fields.items()}
    return read_sections(read_attributes("utility_lines", columns, 1), [material])[0]


def test_plastic_diameter_is_outer() -> None:
    """DN of PVC and HDPE is the outside."""
    found = section("HDPE", DuongKinhOng=110)
    assert (found.outer_width_m, found.outer_height_m) == pytest.approx((0.11, 0.11))
    assert found.inner_width_m == pytest.approx(0.11 * (1 - 2 * 0.09))


def test_concrete_diameter_is_inner() -> None:
    """D600 of concrete is the inside; the wall comes on top, lest the pipe be drawn too thin."""
    found = section("reinforced concrete", DuongKinh="D600")
    assert (found.inner_width_m, found.outer_width_m, found.wall_m) == pytest.approx((0.6, 0.72, 0.06))


@pytest.mark.parametrize(
    ("fields", "outer_m"),
    [({"DuongKinh_mm": 110, "DuongKinhOng_mm": 500}, None), ({"DuongKinh_mm": 110, "DuongKinhNgoai_mm": 400}, None),
     ({"DuongKinh_mm": 100, "DuongKinhNgoai_mm": 110}, 0.11), ({"DKTrong_mm": 50, "DKNgoai_mm": 125}, 0.125)],
)  # fmt: skip
def test_diameters_that_contradict_are_both_unused(fields: dict[str, object], outer_m: float | None) -> None:
    """Which of two sizes of a pipe is right is not decided in silence; inside and outside are no contradiction."""
    found = section("HDPE", **fields)
    assert found.outer_width_m == outer_m
    assert ("contradict" in found.reason) == (outer_m is None)


def test_unknown_material_is_taken_thick() -> None:
    """Where nobody says what it is made of, the larger reading holds."""
    found = section(None, DuongKinh=400)
    assert found.outer_width_m == pytest.approx(0.48)
    assert "unknown material" in found.reason


@pytest.mark.parametrize(
    "fields",
    [{"DKNgoai_mm": 720, "DKTrong_mm": 600}, {"RongBe_m": 0.72, "CaoBe_m": 0.72, "width_m": 0.6}],
)
def test_outside_and_inside_make_the_wall(fields: dict[str, float]) -> None:
    """Where both are stated, no usual wall is put in the place of the true one."""
    found = section("reinforced concrete", **fields)
    assert (found.outer_width_m, found.inner_width_m, found.wall_m) == pytest.approx((0.72, 0.6, 0.06))


def test_outer_diameter_beats_a_plain_one() -> None:
    """The plainest statement wins."""
    assert section("concrete", DuongKinhNgoai=500, DuongKinh=400).outer_width_m == pytest.approx(0.5)


def test_box_culvert_with_its_own_wall() -> None:
    """Inner width by height, and a stated wall."""
    found = section("reinforced concrete", KichThuoc="2000x1500", ChieuDayThanh_mm=200)
    assert found.shape is SectionShape.RECTANGULAR
    assert (found.outer_width_m, found.outer_height_m) == pytest.approx((2.4, 1.9))


def test_duct_bank() -> None:
    """A bank has outer sides."""
    found = section("uPVC", RongBe="0,6 m", CaoBe="0,4 m", SoOng=6)
    assert found.shape is SectionShape.BANK
    assert (found.outer_width_m, found.outer_height_m) == pytest.approx((0.6, 0.4))


def test_lying_egg_stands_up() -> None:
    """An egg sewer is higher than wide; a record that says otherwise has its columns exchanged."""
    found = section("concrete", shape="egg shaped", width="600", height="400")
    assert (found.inner_width_m, found.inner_height_m) == pytest.approx((0.4, 0.6))
    assert "exchanged" in found.reason


@pytest.mark.parametrize("value", [None, 0, "", "*****", "lớn"])
def test_no_size_is_no_section(value: object) -> None:
    """Zero, stars and words are no diameter; nothing is made up."""
    found = section("HDPE", DuongKinhOng=value)
    assert found.shape is SectionShape.UNKNOWN
    assert found.outer_width_m is None


def test_section_wider_than_any_pipe_is_unknown() -> None:
    """A model's outfall link of 15 m is no pipe, and nobody digs around a phantom of it."""
    found = section("concrete", DuongKinhTrong="15 m")
    assert (found.shape, found.outer_width_m) == (SectionShape.UNKNOWN, None)
    assert "no pipe's" in found.reason


@pytest.mark.parametrize(
    "fields",
    [
        {"DKOng_mm": 0.11},
        {"DKNgoai_mm": 0.063},
        {"DKTrong_mm": 0.4},
        {"DKOng_m": 110},
        {"RongBe_mm": 0.45, "CaoBe_mm": 350},
    ],
)
def test_size_in_another_unit_than_its_column_is_no_section(fields: dict[str, float]) -> None:
    """A pipe of a tenth of a millimetre, or of a hundred metres, is of unknown size: the clash check must say so."""
    found = section("HDPE", **fields)
    assert (found.shape, found.outer_width_m) == (SectionShape.UNKNOWN, None)
    assert "no pipe's" in found.reason


def test_ducts_in_text_are_counted_and_sized_by_nobody() -> None:
    """ "5x110" is five ducts: neither a box nor a pipe."""
    told = read_attributes("utility_lines", {"KichThuoc": ["5x110", "600x800", "24x110 HDPE", "3x240", None]}, 5)
    ducts = read_ducts(told)
    assert ducts is not None
    assert list(ducts) == [5, None, 24, None, None]
    sections = read_sections(told, [None] * 5)
    assert [found.shape for found in sections] == [SectionShape.UNKNOWN, SectionShape.RECTANGULAR] + [
        SectionShape.UNKNOWN
    ] * 3
    assert sections[0].reason == "5 ducts, but the size of their bank is not stated"
