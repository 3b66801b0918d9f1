"""The import report that people read: whole in two languages, loading nothing, safe against what files are called."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers.faults import Fault, Finding
from importers.map_picture import Picture, _round_length
from importers.report import FileReport, ImportReport
from importers.report_page import OUTCOMES, render, to_json, write_report
from importers.report_sections import sum_encodings, sum_faults, sum_folders, sum_systems
from layers.overview import Drawn
from layers.provenance import Outcome
from layers.sanity import DepthKnowledge, Example, Result, Rule, Sanity
from layers.utilities import Discipline

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "<script>alert('&\"')</script>.shp"
VOID = {"meta", "input", "br", "path", "rect"}


def a_decision(**values: Any) -> dict[str, Any]:
    return {
        "layer": "ong",
        "target": "utility_lines, water (word 'capnuoc' in 'ong-cap-nuoc')",
        "crs": "EPSG:9214: declared by .prj",
        "text": "TCVN3, score 0.97: words",
        "fields": {"diameter": "DK"},
        "heights and sections": ["no depth or elevation given"],
        "notes": ["one row a vertex"],
    } | values


def a_file(path: str = "01/ong.shp", outcome: str = "loaded", **values: Any) -> FileReport:
    return FileReport(path, outcome, **({"format": "Shapefile", "read": 10, "loaded": 9, "refused": 1} | values))


def an_example(**values: Any) -> Example:
    given = {
        "id": 7, "other_id": 8, "measure_m": 0.25, "x": 562000.0, "y": 1820000.0, "discipline": "water",
        "owner": "Owner", "file": "01/ong.shp", "layer": "ong", "row": 3,
    }  # fmt: skip
    return Example(**(given | values))


def a_report(*files: FileReport, documents: tuple[str, ...] = ()) -> ImportReport:
    return ImportReport("/delivery", files, documents, 1.5, 1)


def everything(name: str) -> str:
    """A page with every outcome, fault, rule, discipline and table, on which whatever has a name is called `name`."""
    files = [a_file(f"{name}/{i}{name}", outcome, message=name, format=name) for i, outcome in enumerate(OUTCOMES)]
    files[0].note(name, [Finding(fault, name, name, row) for fault in Fault for row in (None, 1, 2)])
    files[1].decisions = [
        a_decision(layer=name, fields={name: name}, crs=f"{name}: {name}"),
        {"layer": name, "left aside": name},
    ]
    files[1].decisions[0] |= {"heights and sections": [name], "notes": [name], "target": f"parcels: {name}"}
    files[2].change = {"added": 1, "changed": 2, "removed": 3}
    knowledge = [DepthKnowledge(name, name, 1, 1.0, 2, 2.0, 3, 3.0), DepthKnowledge(None, None, 0, 0.0, 0, 0.0, 1, 0.1)]
    examples = tuple(an_example(discipline=d, owner=name, file=name, layer=name) for d in Discipline)
    results = tuple(Result(rule, 1000, 10, examples) for rule in Rule)
    drawn = [Drawn(table, None, "M1 1l2 2", 1, 2) for table in ("boundaries", "parcels", "buildings", "roads")]
    drawn += [Drawn("utility_lines", d, "M1 1l2 2", 1, 1) for d in Discipline]
    picture = Picture(2000, 1500, tuple(drawn), ((5, 5),), 3, 200, 180.0)
    return render(a_report(*files, documents=(name,)), knowledge, Sanity(1000, 12.5, results), picture)


class Page(HTMLParser):
    """A page's elements, and its words: (text, languages it is shown in, whether it is data)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[tuple[str, str, bool]] = []
        self.pairs = {"vi": 0, "en": 0}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = (tag, dict(attrs))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)
        for language in self.pairs:
            self.pairs[language] += element[1].get("class") == language

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if any(tag in ("style", "title") for tag, _ in self.open) or not any(map(str.isalpha, data)):
            return
        classes = [attributes.get("class") for _, attributes in self.open]
        language = next((c for c in classes if c in ("vi", "en")), "")
        self.words.append((data, language, any(a.get("translate") == "no" for _, a in self.open)))


@pytest.fixture(scope="module")
def page() -> str:
    return everything("Tên")


def test_page_is_sound_and_loads_nothing(page: str) -> None:
    """No element asks for anything outside the file, and the policy forbids what an injected one might ask for."""
    parsed = Page(page)
    assert parsed.open == []
    tags = {tag for tag, _ in parsed.elements}
    assert tags.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "form", "base", "use", "image"})
    for _, attributes in parsed.elements:
        assert attributes.keys().isdisjoint({"src", "srcset", "action", "onclick", "onload"})
        assert (attributes.get("href") or "#").startswith("#")
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    policy = next(a["content"] for t, a in parsed.elements if t == "meta" and a.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def test_every_text_is_there_in_both_languages(page: str) -> None:
    """What is no data stands in Vietnamese beside English, neither of them empty."""
    parsed = Page(page)
    assert [
        words for words, language, is_data in parsed.words if not language and not is_data and words != " km."
    ] == []
    assert parsed.pairs["vi"] == parsed.pairs["en"] > 300
    said = [(words, language) for words, language, is_data in parsed.words if language and not is_data]
    vietnamese = [words for words, language in said if language == "vi"]
    english = [words for words, language in said if language == "en"]
    assert len(vietnamese) == len(english)
    same = {vi for vi, en in zip(vietnamese, english, strict=True) if vi == en}
    assert same <= {"Tên", "Unicode"}, "the same words in both languages are a forgotten translation"


def test_languages_switch_without_script(page: str) -> None:
    """Two radio buttons before everything else decide by style alone which language is shown; Vietnamese first."""
    inputs = [attributes for tag, attributes in Page(page).elements if tag == "input"]
    assert [(a["id"], "checked" in a) for a in inputs] == [("in-vi", True), ("in-en", False)]
    assert "#in-vi:checked ~ * .en, #in-en:checked ~ * .vi { display: none; }" in page
    assert page.index('id="in-en"') < page.index("<header>")


def test_tables_can_be_read_aloud(page: str) -> None:
    """Every table has a caption, and every header cell says what it heads."""
    elements = Page(page).elements
    tags = [tag for tag, _ in elements]
    assert tags.count("table") == tags.count("caption") > 10
    assert {a.get("scope") for tag, a in elements if tag == "th"} == {"col", "row", "colgroup", "rowgroup"}
    labelled = {a["id"] for _, a in elements if "id" in a}
    assert {a["aria-labelledby"] for _, a in elements if "aria-labelledby" in a} <= labelled
    assert {a["for"] for tag, a in elements if tag == "label"} <= labelled


def test_hostile_names_are_only_shown() -> None:
    """A name that is markup stands on the page as text, wherever it comes from."""
    hostile = everything(HOSTILE)
    parsed = Page(hostile)
    assert "script" not in {tag for tag, _ in parsed.elements}
    assert parsed.open == []
    shown = [words for words, _, _ in parsed.words]
    assert sum(HOSTILE in words for words in shown) > 20
    assert {"onclick", "onload", "onerror"}.isdisjoint(name for _, a in parsed.elements for name in a)


def test_command_line_options_do_not_break() -> None:
    """What is to be typed is set apart, within escaped text."""
    file = a_file(outcome="quarantined", message="<b>")
    file.note(None, [Finding(Fault.CRS_MISSING, "<b>", "import this file alone with --crs CODE")])
    html = render(a_report(file), (), None, None)
    assert 'import this file alone with <code class="typed" translate="no">--crs CODE</code>' in html
    assert 'nạp riêng tệp này với <code class="typed" translate="no">--crs MÃ</code>' in html
    assert "<b>" not in html


def test_empty_report_says_so() -> None:
    """With nothing imported the page is complete, and claims neither success nor a check that was not made."""
    html = render(a_report(), (), None, None)
    shown = {words for words, _, _ in Page(html).words}
    assert {"There was no file to import.", "There is nothing to draw.", "The network was not checked."} <= shown
    assert not any("Nothing is in quarantine" in words for words in shown)
    assert len(html) < 30_000


def test_clean_report_says_so() -> None:
    """Where nothing was refused, the first sentence is that."""
    html = render(a_report(a_file(refused=0)), (), None, None)
    assert "Nothing is in quarantine" in html


def test_dry_run_does_not_claim_to_have_loaded() -> None:
    """Where nothing was written, the page says so instead of what is in the database."""
    html = render(ImportReport("/delivery", (a_file(refused=0),), (), 1.5), (), None, None)
    assert "Dry run: nothing was written" in html
    assert "is in the database" not in html


def test_page_of_a_huge_delivery_stays_small() -> None:
    """Of five thousand files with a hundred thousand findings, those with trouble are shown, within a few megabytes."""
    files = [a_file(f"02/{i}.shp") for i in range(4_999)]
    refused = a_file("03/last.shp", "quarantined")
    refused.note("l", [Finding(Fault.OUTSIDE_CITY, "the feature lies outside the city", "", i) for i in range(100_000)])
    html = render(a_report(*files, refused), (), None, None)
    assert len(html) < 3_000_000
    assert html.count("03/last.shp") == 2, "in quarantine, and among the files"
    assert "the JSON report has them all" in html


def test_numbers_are_written_as_each_language_does() -> None:
    """Thousands are parted by a space that no language takes for a decimal sign; decimals have a comma or a point."""
    html = render(a_report(a_file(read=1_234_567)), (), None, None)
    assert "1\u202f234\u202f567" in html
    assert '<span class="vi" lang="vi">1,5</span><span class="en" lang="en">1.5</span>' in html


def test_every_outcome_has_its_words() -> None:
    """No outcome of an import is unknown to the page."""
    assert set(OUTCOMES) == {*Outcome, "unchanged"}


def test_faults_are_summed_over_files() -> None:
    """Rows and whole files are told apart, and files are counted once."""
    first, second = a_file("a"), a_file("b")
    first.note("l", [Finding(Fault.REPAIRED, "m", row=1), Finding(Fault.REPAIRED, "m", row=2)])
    second.note("l", [Finding(Fault.REPAIRED, "m", row=1), Finding(Fault.EMPTY_FILE, "m")])
    empty, repaired = sum_faults([first, second])
    assert (empty.text.en, empty.rows, empty.wholes, empty.files) == ("empty file", 0, 1, 1)
    assert (repaired.text.en, repaired.rows, repaired.wholes, repaired.files) == ("geometry repaired", 3, 0, 2)


def test_folders_are_summed() -> None:
    """Each folder of the delivery has its outcomes and rows; files at the top are in '.'."""
    top, folder = sum_folders([a_file("x.csv"), a_file("01/a.shp"), a_file("01/b.shp", "partly")])
    assert (top.name, top.read, dict(top.outcomes)) == (".", 10, {"loaded": 1})
    assert (folder.name, folder.loaded, folder.refused) == ("01", 18, 2)
    assert dict(folder.outcomes) == {"loaded": 1, "partly": 1}


def test_systems_and_encodings_are_summed_by_file() -> None:
    """A file with two layers of one decision counts once; the least score is kept."""
    two = a_file("a", decisions=[a_decision(), a_decision(text="TCVN3, score 0.50: words")])
    other = a_file(
        "b", decisions=[a_decision(crs="EPSG:4326: given by the user"), {"layer": "frame", "left aside": "x"}]
    )
    hue, world = sum_systems([other, two, a_file("c", decisions=[a_decision()])])
    assert (hue.code, hue.name, [(o.en, n) for o, n in hue.origins]) == (
        "EPSG:9214", "VN-2000 / TM-3 107-00", [("declared by .prj", 2)],
    )  # fmt: skip
    assert [(o.vi, n) for o, n in world.origins] == [("do người dùng cho", 1)]
    (encoding,) = sum_encodings([two, other])
    assert (encoding.name, encoding.files, encoding.score) == ("TCVN3", 2, 0.5)


def test_json_holds_what_the_page_holds() -> None:
    """The JSON is the import's own, extended by depths and network, and can be written."""
    sanity = Sanity(1, 0.1, (Result(Rule.UPHILL, 1, 1, (an_example(),)),))
    document = to_json(a_report(a_file()), [DepthKnowledge("o", "A", 1, 0.1, 0, 0.0, 0, 0.0)], sanity)
    assert json.loads(json.dumps(document)) | {"files": []} == a_report(a_file()).to_json() | {
        "files": [],
        "depth_knowledge": [
            {"owner": "o", "quality_level": "A", "measured": 1, "measured_km": 0.1, "from_depth": 0,
             "from_depth_km": 0.0, "unknown": 0, "unknown_km": 0.0}
        ],
        "network": {
            "lines": 1, "length_km": 0.1,
            "results": [{"rule": "uphill", "judged": 1, "count": 1, "examples": [
                {"id": 7, "other_id": 8, "measure_m": 0.25, "x": 562000.0, "y": 1820000.0, "discipline": "water",
                 "owner": "Owner", "file": "01/ong.shp", "layer": "ong", "row": 3}]}],
        },
    }  # fmt: skip
    assert to_json(a_report(), (), None)["network"] is None


def test_report_is_written_as_utf8(tmp_path: Path) -> None:
    """Vietnamese survives on any machine, whatever its own encoding."""
    write_report(a_report(a_file("Cây xanh/cây.shp")), (), None, tmp_path / "import-report.html")
    assert "Cây xanh/cây.shp" in (tmp_path / "import-report.html").read_bytes().decode("utf-8")


@given(st.floats(1, 1e7))
def test_scale_bar_is_round_and_fits(longest_m: float) -> None:
    """The bar is 1, 2 or 5 times a power of ten, no longer than asked and more than two fifths of it."""
    bar = _round_length(longest_m)
    assert str(bar).rstrip("0") in {"1", "2", "5"}
    assert 0.4 * longest_m <= bar <= longest_m
