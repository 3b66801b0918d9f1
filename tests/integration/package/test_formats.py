"""Every format of the response package, read by a program that did not write it, against the report."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import ezdxf
import numpy as np
import pyogrio
import pytest
import shapely
import trimesh

from layers.crs import WGS84, parse_crs, transform_geometries
from tests.integration.package import pdf_reader
from twin.clash.outcome import Outcome
from twin.excavations.package.package import MEDIA_TYPES, Package, write_package

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.package.conftest import Written
    from twin.clash.report import Clash, ClashReport

MILLIMETRE = 0.001


def is_node(clash: Clash) -> bool:
    return clash.layer == "utility_nodes"


def levelled(report: ClashReport) -> list[int]:
    """Numbers of the objects whose elevation is known."""
    return [n for n, clash in enumerate(report.clashes, start=1) if clash.axis.shape[1] == 3]


def test_json_is_the_report(package: Package, written: Written) -> None:
    """The package's JSON is what the command line and the process answer."""
    assert json.loads(written(package, "json")) == json.loads(json.dumps(package.report.to_json()))


def test_csv_has_every_object_with_its_gaps(package: Package, written: Written) -> None:
    """Counts, outcomes, owners and gaps survive the way through a spreadsheet file."""
    text = written(package, "csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(package.report.clashes)
    for row, clash in zip(rows, package.report.clashes, strict=True):
        assert (row["outcome"], row["owner"], row["source_file"]) == (clash.outcome, clash.owner, clash.source_file)
        assert float(row["plan_gap_m"]) == clash.plan_gap_m
        assert (float(row["gap_m"]) if row["gap_m"] else None) == clash.gap_m


def test_geojson_puts_objects_where_they_were_measured(package: Package, written: Written, tmp_path: Path) -> None:
    """GDAL reads one feature for the dig and one an object; back in the city's CRS they lie where they lay."""
    path = tmp_path / "x.geojson"
    path.write_bytes(written(package, "geojson"))
    frame = pyogrio.raw.read(path)
    meta, geometries, columns = (
        frame[0],
        shapely.from_wkb(frame[2]),
        dict(zip(frame[0]["fields"], frame[3], strict=True)),
    )
    assert meta["crs"] == WGS84
    assert len(geometries) == 1 + len(package.report.clashes)
    moved = transform_geometries(geometries, parse_crs(WGS84), package.report.crs)
    assert moved[0].hausdorff_distance(package.report.polygon) < MILLIMETRE
    for number, clash in enumerate(package.report.clashes, start=1):
        (index,) = np.flatnonzero(columns["number"] == number)
        assert columns["outcome"][index] == clash.outcome
        found = shapely.get_coordinates(moved[index], include_z=clash.axis.shape[1] == 3)
        expected = clash.axis[[-1]] if is_node(clash) else clash.axis
        assert np.abs(found - expected).max() < MILLIMETRE


class Page(HTMLParser):
    """Rows of objects, links into the page, and whatever would load or run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.active: list[str] = []
        self.words: list[str] = []
        self.pictures = self.badges = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if "id" in values:
            self.ids.append(values["id"] or "")
        if tag == "a":
            self.links.append(values["href"] or "")
        self.pictures += tag == "svg" and values.get("role") == "img" and "aria-hidden" not in values
        self.badges += tag == "svg" and values.get("class") == "badge"
        if tag in ("script", "link", "img", "iframe", "object", "form") or any(n.startswith("on") for n in values):
            self.active.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_page_has_a_row_an_object_and_loads_nothing(package: Package, written: Written) -> None:
    """Numbers in drawings and lists lead to rows that exist; nothing in the page runs or is fetched."""
    text = written(package, "html").decode()
    page = Page(text)
    expected = [f"object-{n}" for n in range(1, len(package.report.clashes) + 1)]
    assert [name for name in page.ids if name.startswith("object-")] == expected
    assert set(expected) <= {link.removeprefix("#") for link in page.links}
    assert all(link.removeprefix("#") in page.ids for link in page.links)
    assert page.active == []
    assert re.findall(r"https?://[^\"]*", text.replace("http://www.w3.org/2000/svg", "")) == []
    drawings = package.drawings
    assert page.pictures == len(drawings.plans) + len(drawings.cross_sections) + (drawings.long_section is not None)
    assert page.badges == len(Outcome) + len(expected)
    words = " ".join(page.words)
    assert "<svg" not in words, "a picture is no text"
    assert {clash.owner for clash in package.report.clashes if clash.owner not in words} == set()


def test_pdf_says_everything_in_whole_vietnamese(package: Package, written: Written, tmp_path: Path) -> None:
    """Owners, objects, gaps and remarks come out of the text layer with their diacritics; every font is embedded."""
    path = tmp_path / "x.pdf"
    path.write_bytes(written(package, "pdf"))
    shown = pdf_reader.text(path)
    assert package.report.name in shown
    assert [remark.vi for remark in package.report.remarks if remark.vi not in shown] == []
    for clash in package.report.clashes:
        assert clash.owner in shown
        assert f"{clash.plan_gap_m:.2f}".replace(".", ",").replace("-", "−") in shown
    if any(clash.owner == "Công ty Cấp nước" for clash in package.report.clashes):
        assert "truc-ban@capnuoc.example" in shown
    assert {tuple(font[-5:-2]) for font in pdf_reader.fonts(path)} == {("yes", "yes", "yes")}
    assert pdf_reader.info(path)["Title"].endswith(package.report.name)
    pages = int(pdf_reader.info(path)["Pages"])
    assert f"Trang {pages}/{pages}" in shown


def test_plan_on_paper_is_true_to_scale(package: Package, written: Written, tmp_path: Path) -> None:
    """The sides of the dig, measured on the page, are their lengths at the stated scale within 0.2 mm."""
    path = tmp_path / "x.pdf"
    path.write_bytes(written(package, "pdf"))
    (plan,) = package.drawings.plans
    assert plan.scales[0] == plan.scales[1]
    assert f"1:{plan.scales[0]:.0f}" in pdf_reader.text(path, "-f", "2", "-l", "2")
    sides = np.hypot(*np.diff(shapely.get_coordinates(package.report.polygon.exterior), axis=0).T)
    expected = np.sort(sides * 1000 / plan.scales[0])
    rings = [ring for ring in pdf_reader.strokes_mm(path, 2) if len(ring) == 5]
    found = [np.sort(np.hypot(*np.diff(ring, axis=0).T)) for ring in rings]
    assert min(np.abs(lengths - expected).max() for lengths in found) < 0.2


def test_dxf_opens_and_lies_in_the_city(package: Package, written: Written, tmp_path: Path) -> None:
    """ezdxf finds no fault; axes are where they were measured, on layers that say discipline and outcome."""
    path = tmp_path / "x.dxf"
    path.write_bytes(written(package, "dxf"))
    document = ezdxf.readfile(path)
    assert document.audit().errors == []
    report = package.report
    axes = {}
    for entity in document.modelspace():
        if entity.has_xdata("CITY_TWIN"):
            tags = entity.get_xdata("CITY_TWIN")
            texts = dict(tag.value.split("=", 1) for tag in tags if tag.code == 1000 and "=" in tag.value)
            numbers = {a.value: b.value for a, b in itertools.pairwise(tags) if b.code == 1040}
            axes[int(texts["number"])] = (entity, texts, numbers)
    assert sorted(axes) == list(range(1, len(report.clashes) + 1))
    for number, (entity, texts, numbers) in axes.items():
        clash = report.clashes[number - 1]
        flat = "" if clash.axis.shape[1] == 3 else "_NO_Z"
        assert entity.dxf.layer == f"{clash.discipline}_{clash.outcome}".upper() + flat
        assert texts["owner"] == clash.owner
        assert (numbers["plan_gap_m"], numbers.get("gap_m")) == (clash.plan_gap_m, clash.gap_m)
        if entity.dxftype() == "POLYLINE":
            points = np.array([tuple(v.dxf.location) for v in entity.vertices])
            assert np.abs(points - clash.axis).max() < 1e-6
    (window,) = document.viewports.get("*Active")
    opened = shapely.Point(window.dxf.center).buffer(window.dxf.height / 2, cap_style="square")
    assert opened.covers(report.polygon), "who opens the file sees the dig"
    west, south, *_ = document.header["$EXTMIN"]
    east, north, *_ = document.header["$EXTMAX"]
    assert shapely.box(west, south, east, north).covers(report.polygon)
    layouts = [document.layout(name) for name in document.layouts.names()[1:]]
    titles = [text.dxf.text for layout in layouts for text in layout.query("TEXT")]
    for section in package.survey.across:
        assert sum(title.startswith(f"Mặt cắt ngang {section.name}–{section.name} ") for title in titles) == 1


def test_gdal_reads_the_dxf_in_vietnamese(package: Package, written: Written, tmp_path: Path) -> None:
    """What QGIS shows: texts with diacritics, nothing but the city's coordinates."""
    path = tmp_path / "x.dxf"
    path.write_bytes(written(package, "dxf"))
    meta, _, wkb, columns = pyogrio.raw.read(path)
    texts = dict(zip(meta["fields"], columns, strict=True))["Text"]
    assert package.report.name in texts
    bounds = shapely.total_bounds(shapely.from_wkb(wkb))
    assert shapely.box(*bounds).contains(package.report.polygon)
    assert bounds[0] > 500_000, "no sheet lies among the city"


def test_glb_is_closed_upright_and_in_place(package: Package, written: Written) -> None:
    """Every mesh is watertight with a positive volume; turned back to z up it lies where the report has it."""
    scene = trimesh.load_scene(io.BytesIO(written(package, "glb")), file_type="glb")
    report = package.report
    known = levelled(report)
    assert sorted(scene.geometry) == sorted(["excavation 1", *(f"object {n}" for n in known)])
    extras = json.loads(re.search(rb'{"asset".*}', written(package, "glb").split(b"BIN\0")[0])[0])["asset"]["extras"]
    assert extras["crs"] == report.crs.code
    assert [o["number"] for o in extras["without_elevation"]] == [
        n for n in range(1, len(report.clashes) + 1) if n not in known
    ]
    origin = np.array(list(extras["origin"].values()))
    for name, mesh in scene.geometry.items():
        assert mesh.is_watertight, name
        assert mesh.volume > 0, name
    points = scene.geometry["excavation 1"].vertices @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]).T + origin
    x0, y0, x1, y1 = report.polygon.bounds
    assert (
        np.abs([*points[:, :2].min(axis=0), *points[:, :2].max(axis=0)] - np.array([x0, y0, x1, y1])).max() < MILLIMETRE
    )
    assert points[:, 2].min() == pytest.approx(report.bottom_m[0], abs=0.02), (
        "a floor is fitted to the ground within 2 cm"
    )
    assert report.ground_m[0] - 0.01 < points[:, 2].max() < report.ground_m[1] + 0.01
    for number in known:
        clash = report.clashes[number - 1]
        heights = scene.geometry[f"object {number}"].vertices[:, 1]
        assert heights.min() < clash.axis[:, 2].max()
        assert heights.max() > clash.axis[:, 2].min()


def test_files_have_every_format(package: Package, tmp_path: Path) -> None:
    """`write_package` leaves one file a format, named alike, and nothing else."""
    paths = list(write_package(package, tmp_path / "new" / "folder"))
    assert [path.suffix.removeprefix(".") for path in paths] == list(MEDIA_TYPES)
    assert {path.stem for path in paths} == {package.stem}
    assert sorted((tmp_path / "new" / "folder").iterdir()) == sorted(paths)
