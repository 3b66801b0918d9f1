"""The package as one PDF: summary, plan, sections at scale, tables. The same report gives the same bytes."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, NextPageTemplate, PageBreak, PageTemplate

from twin.excavations.package.frame import A3, A4
from twin.excavations.package.lettering import compose
from twin.excavations.package.pdf_marks import REGULAR, register_faces
from twin.excavations.package.pdf_parts import MARGIN_MM, ROOM_MM, RULE, Part, Picture, lay_table, pad_cells
from twin.excavations.package.pdf_tables import summarise, tabulate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.excavations.package.drawings import Drawings
    from twin.excavations.package.paper import Drawing
    from twin.excavations.package.tables import Contact

_UPRIGHT = (A4[1], A4[0])
_GAP_MM = 2.0
_SOFT = HexColor("#444444")


def write_pdf(drawings: Drawings, contacts: Mapping[str, Contact], dossier: str) -> bytes:
    """Laid out twice: pages are numbered once it is known how many there are."""
    register_faces()
    draft = _Document(drawings, dossier, 0)
    draft.build(list(_tell(drawings, contacts, {})), canvasmaker=_canvas)
    document = _Document(drawings, dossier, draft.page)
    document.build(list(_tell(drawings, contacts, draft.found)), canvasmaker=_canvas)
    return document.output.getvalue()


def _canvas(*given: Any, **options: Any) -> Canvas:
    return Canvas(*given, **options | {"invariant": 1, "pageCompression": 1, "initialFontName": REGULAR})


class _Document(BaseDocTemplate):  # type: ignore[misc]
    """Page templates, the running head and foot, and where each part of the package begins.

    `count` is how many pages there will be, 0 in the draft that counts them.
    """

    def __init__(self, drawings: Drawings, dossier: str, count: int) -> None:
        self.output = BytesIO()
        words, self.name = drawings.words, compose(drawings.survey.report.name)
        super().__init__(self.output, pagesize=_points(_UPRIGHT), lang=words.language)
        self.title, self.subject = f"{words.say('title')}: {self.name}", words.say("dossier", id=dossier)
        self.author, self.creator = "City twin", "City twin"
        self.words, self.count = words, count
        self.found: dict[str, int] = {}
        none = {f"{side}Padding": 0 for side in ("left", "right", "top", "bottom")}
        for name, size in {"upright": _UPRIGHT, "table": A4}.items():
            width, height = _points(size)
            room = (width - 2 * MARGIN_MM * mm, height - 32 * mm)
            frame = Frame(MARGIN_MM * mm, 15 * mm, *room, **none)
            self.addPageTemplates(PageTemplate(name, [frame], onPage=self._furnish, pagesize=(width, height)))
        for name, size in {"A4": A4, "A3": A3}.items():
            frame = Frame(0, 0, *_points(size), **none)
            self.addPageTemplates(PageTemplate(name, [frame], onPage=self._number, pagesize=_points(size)))

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 - ReportLab's name
        if isinstance(flowable, Part):
            self.found.setdefault(flowable.key, self.page)

    def _furnish(self, canvas: Canvas, _: Any) -> None:
        width, height = canvas._pagesize  # noqa: SLF001 - has no public name
        left, right, y = MARGIN_MM * mm, width - MARGIN_MM * mm, height - 10 * mm
        canvas.setFont(REGULAR, 8)
        canvas.setFillColor(_SOFT)
        canvas.drawString(left, y, f"{self.words.say('title')} · {self.name}"[:90])
        canvas.drawRightString(right, y, self.subject)
        canvas.setStrokeColor(RULE)
        canvas.setLineWidth(0.5)
        canvas.line(left, y - 2 * mm, right, y - 2 * mm)
        self._number(canvas, _)

    def _number(self, canvas: Canvas, _: Any) -> None:
        canvas.setFont(REGULAR, 8)
        canvas.setFillColor(_SOFT)
        text = self.words.say("page", page=self.page, pages=self.count)
        canvas.drawRightString(canvas._pagesize[0] - MARGIN_MM * mm, 5 * mm, text)  # noqa: SLF001


def _points(size_mm: tuple[float, float]) -> tuple[float, float]:
    return size_mm[0] * mm, size_mm[1] * mm


def _tell(drawings: Drawings, contacts: Mapping[str, Contact], pages: Mapping[str, int]) -> Iterator[Flowable]:
    yield from summarise(drawings, list(_list_parts(drawings)), pages)
    for index, plan in enumerate(drawings.plans):
        yield from _fill_page(plan, f"plan-{index}")
    if drawings.long_section is not None:
        yield from _fill_page(drawings.long_section, "long")
    yield from _pair_sections(drawings)
    yield NextPageTemplate("table")
    yield PageBreak()
    yield from tabulate(drawings, contacts)


def _list_parts(drawings: Drawings) -> Iterator[tuple[str, str]]:
    """Keys and titles, in order."""
    words = drawings.words
    yield from ((f"plan-{i}", plan.title) for i, plan in enumerate(drawings.plans))
    if drawings.long_section is not None:
        yield "long", drawings.long_section.title
    if drawings.cross_sections:
        yield "cross", words.say("cross_sections")
    report = drawings.survey.report
    named = (
        "objects",
        *(["owners"] if report.clashes or report.census.silences else []),
        *(["ways"] if report.ways_out else []),
        "method",
    )
    yield from ((name, words.say(name)) for name in named)


def _fill_page(drawing: Drawing, key: str) -> Iterator[Flowable]:
    yield NextPageTemplate("A3" if drawing.width_mm == A3[0] else "A4")
    yield PageBreak()
    yield Part(key, drawing.title)
    yield Picture(drawing)


def _pair_sections(drawings: Drawings) -> Iterator[Flowable]:
    """Narrow cross-sections side by side, wide ones alone."""
    if not drawings.cross_sections:
        return
    yield NextPageTemplate("upright")
    yield PageBreak()
    yield Part("cross", drawings.words.say("cross_sections"))
    row: list[Drawing] = []
    for drawing in drawings.cross_sections:
        if row and sum(shown.width_mm + _GAP_MM for shown in row) + drawing.width_mm > ROOM_MM + _GAP_MM:
            yield _lay_row(row)
            row = []
        row.append(drawing)
    yield _lay_row(row)


def _lay_row(row: list[Drawing]) -> Flowable:
    pictures = [Picture(drawing) for drawing in row]
    return lay_table([pictures], [drawing.width_mm + _GAP_MM for drawing in row], *pad_cells(0, 0, 0, 5))
