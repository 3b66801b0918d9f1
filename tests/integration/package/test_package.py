"""The response package as a whole: the same again, bounded, in both languages, safe with whatever names say."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import ezdxf
import numpy as np
import pytest
import shapely

from tests.integration.package import pdf_reader
from tests.integration.package.conftest import CONTACTS, TRENCHES
from twin.clash.outcome import Outcome
from twin.clash.records import redraw
from twin.clash.terrain import Soundings, Terrain
from twin.excavations.package.package import MEDIA_TYPES, Package
from twin.excavations.package.paper import Hatching, Text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.package.conftest import Ward, Written
    from twin.clash.report import Clash
    from twin.excavations.package.paper import Drawing

# What falls to the eye: outlines of words are a little larger than their letters.
TOUCH_MM = 0.25


def test_same_report_same_bytes(ward: Ward, packages: dict[str, Package], written: Written) -> None:
    """Two checks of one dig give files that are equal to the last byte."""
    again = Package(ward.check(TRENCHES[0]), "vi", CONTACTS)
    for kind in MEDIA_TYPES:
        assert again.write(kind) == written(packages[TRENCHES[0]], kind), kind


def drawings(package: Package) -> list[Drawing]:
    shown = package.drawings
    return [*shown.plans, *([shown.long_section] if shown.long_section else []), *shown.cross_sections]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_words_cover_others(packages: dict[str, Package], language: str) -> None:
    """On no drawing does one text lie on another or leave the paper."""
    for package in packages.values():
        require_legible(Package(package.report, language))


def require_legible(package: Package) -> None:
    for drawing in drawings(package):
        texts = [mark for mark in drawing.marks if isinstance(mark, Text)]
        paper = shapely.box(0, 0, drawing.width_mm, drawing.height_mm)
        assert [text.text for text in texts if not paper.contains(text.outline)] == [], drawing.title
        cores = [(text.text, text.outline.buffer(-TOUCH_MM)) for text in texts]
        covered = [(a[0], b[0]) for a, b in combinations(cores, 2) if a[1].intersection(b[1]).area > 0.1]
        assert covered == [], drawing.title


def test_a_dig_that_bends_is_whole_on_its_plan(ward: Ward) -> None:
    """All that is dug is in the plan's window, and all that it hits; on the paper, too, there is all of the dig."""
    package = Package(ward.check_bent(), "vi", CONTACTS)
    survey = package.drawings.survey
    assert survey.plan.window.contains(survey.report.excavation.footprint)
    hit = {n for n, clash in enumerate(survey.report.clashes, start=1) if clash.outcome is Outcome.DEFINITE}
    assert len(hit) > 10
    assert hit <= {track.number for track in survey.plan.tracks}
    (plan,) = package.drawings.plans
    drawn_mm2 = max(mark.shape.area for mark in plan.marks if isinstance(mark, Hatching))
    assert drawn_mm2 == pytest.approx(survey.report.polygon.area * 1e6 / plan.scales[0] ** 2)
    require_legible(package)


def test_every_conflict_is_in_a_section(packages: dict[str, Package]) -> None:
    """Each conflict of known ground is cut by a cross-section, and seen in the long section where it crosses."""
    for package in packages.values():
        survey = package.survey
        open_ = {n for n, clash in enumerate(package.report.clashes, start=1) if clash.outcome != "clear"}
        assert {n for section in survey.across for n in section.conflicts} == open_
        crossing = {
            n for n in open_
            if package.report.clashes[n - 1].layer == "utility_lines"
            and shapely.LineString(package.report.clashes[n - 1].axis[:, :2]).crosses(
                shapely.LineString(survey.alignment.points))
        }  # fmt: skip
        assert crossing <= {seen.number for seen in survey.along.seen}


NASTY = '=HYPERLINK("http://x")<script>alert(1)</script>%%c{\\P} 管🛠\n"Đường'


def renamed(clash: Clash, **values: object) -> Clash:
    return replace(clash, record=clash.record._replace(**values))


def test_what_crosses_a_bent_dig_several_times_is_in_a_section(ward: Ward) -> None:
    """Each conflict of a dig that bends has a cross-section where it is, not in the middle between its crossings."""
    drawn = Package(ward.check_zigzag(), "vi").drawings.survey
    conflicts = {n for n, clash in enumerate(drawn.report.clashes, start=1) if clash.outcome is not Outcome.CLEAR}
    shown = {number for section in drawn.across for number in section.conflicts}
    assert conflicts - shown == set()
    assert len(drawn.across) <= len(conflicts)


def test_whatever_names_say_is_only_text(packages: dict[str, Package], tmp_path: Path) -> None:
    """A dig and an owner with mark-up, formulas and control codes in their names break and run nothing."""
    report = packages[TRENCHES[0]].report
    clashes = (renamed(report.clashes[0], owner=NASTY, kind=NASTY, material=NASTY), *report.clashes[1:])
    package = Package(replace(report, name=NASTY, clashes=clashes), "vi")
    assert "<script" not in package.write("html").decode()
    rows = list(csv.DictReader(io.StringIO(package.write("csv").decode("utf-8-sig"), newline="")))
    assert rows[0]["owner"].startswith("'=")
    (tmp_path / "x.dxf").write_bytes(package.write("dxf"))
    assert ezdxf.readfile(tmp_path / "x.dxf").audit().errors == []
    (tmp_path / "x.pdf").write_bytes(package.write("pdf"))
    assert "alert(1)" in pdf_reader.text(tmp_path / "x.pdf")
    assert package.stem.replace("-", "").isalnum()


def test_without_ground_there_is_a_plan_and_it_is_said(packages: dict[str, Package], tmp_path: Path) -> None:
    """Nothing has a depth then: no section is drawn, no body modelled, and the page says why."""
    report = packages[TRENCHES[0]].report
    flat = tuple(replace(clash, has_heights=False) for clash in report.clashes)
    unsounded = Soundings(Terrain(np.empty((0, 3))), lambda points: np.full(len(points), np.nan), report.polygon)
    blind = replace(report, ground_m=None, bottom_m=None, soundings=unsounded, clashes=flat)
    package = Package(blind, "vi")
    assert package.drawings.long_section is None
    assert package.drawings.cross_sections == ()
    (tmp_path / "x.pdf").write_bytes(package.write("pdf"))
    assert "Không có mô hình địa hình tại đây" in pdf_reader.text(tmp_path / "x.pdf")
    for kind in MEDIA_TYPES:
        assert package.write(kind)


def test_two_hundred_conflicts_stay_a_document(packages: dict[str, Package], tmp_path: Path) -> None:
    """Each has its number in drawings, table and links; the file is bounded and has a page for every part."""
    report = packages[TRENCHES[0]].report
    (heading,) = packages[TRENCHES[0]].survey.alignment.headings
    cable = next(clash for clash in report.clashes if clash.discipline == "lighting")
    many = [
        renamed(replace(cable, record=redraw(cable.record, cable.axis + np.array([*(heading * step), 0.0]))), id=i)
        for i, step in enumerate(np.linspace(-18.5, 3.0, 200))
    ]
    package = Package(replace(report, clashes=tuple(many)), "vi")
    path = tmp_path / "x.pdf"
    path.write_bytes(package.write("pdf"))
    assert int(pdf_reader.info(path)["Pages"]) < 60
    assert path.stat().st_size < 4_000_000
    shown = pdf_reader.text(path)
    assert [n for n in range(1, 201) if f" {n} " not in shown] == []
