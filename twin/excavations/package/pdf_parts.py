"""What the PDF's pages are put together from: type, tables, pictures and targets of links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Table, TableStyle

from twin.excavations.package.frame import A4
from twin.excavations.package.lettering import compose
from twin.excavations.package.paper import Sheet
from twin.excavations.package.pdf_marks import BOLD, REGULAR, draw_marks
from twin.excavations.package.symbols import BADGE_MM, draw_badge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.clash.outcome import Outcome
    from twin.excavations.package.paper import Drawing
    from twin.excavations.package.words import Words

MARGIN_MM = 12.0
ROOM_MM = A4[1] - 2 * MARGIN_MM
"""Width of what stands on an upright page."""
WIDE_ROOM_MM = A4[0] - 2 * MARGIN_MM
RULE, BAND = HexColor("#9a9a9a"), HexColor("#efefef")
type Command = tuple[Any, ...]
type _Rows = Sequence[Sequence[Any]]
_ALL = (0, 0), (-1, -1)


def _style(name: str, face: str, size: float, leading: float, **options: Any) -> ParagraphStyle:
    return ParagraphStyle(name, fontName=face, fontSize=size, leading=leading, bulletFontName=face, **options)


# Sizes in points, as printers count them.
_WHITE = HexColor("#ffffff")
BODY = _style("body", REGULAR, 9.5, 12.5)
CELL = _style("cell", REGULAR, 7.8, 9.4)
HEAD = _style("head", BOLD, 7.8, 9.4)
PART = _style("part", BOLD, 13, 17, spaceBefore=9, spaceAfter=4)
TITLE = _style("title", BOLD, 19, 24)
COUNT = _style("count", REGULAR, 9.5, 16)
BANNER = _style("banner", BOLD, 16, 20, textColor=_WHITE)
ADVICE = _style("advice", REGULAR, 10.5, 14, textColor=_WHITE)


def plain(text: str) -> str:
    """Text that is no mark-up."""
    return escape(compose(text))


def write(text: str, style: ParagraphStyle) -> Paragraph:
    """A paragraph of ReportLab's mark-up: what comes from outside goes through `plain` first."""
    return Paragraph(text, style)


class Part(Flowable):  # type: ignore[misc]
    """Marks where a part of the package begins: for the contents and the outline."""

    def __init__(self, key: str, title: str) -> None:
        super().__init__()
        self.key, self.title = key, title
        self.width = self.height = 0

    def draw(self) -> None:
        self.canv.bookmarkPage(self.key)
        self.canv.addOutlineEntry(self.title, self.key, level=0)


class Target(Flowable):  # type: ignore[misc]
    """Where links to an object lead."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.width = self.height = 0

    def draw(self) -> None:
        self.canv.bookmarkHorizontal(f"object-{self.number}", 0, 5 * mm)


class Picture(Flowable):  # type: ignore[misc]
    """A drawing at its true size."""

    def __init__(self, drawing: Drawing) -> None:
        super().__init__()
        self.drawing = drawing
        # A full page must not fail to fit by a rounding.
        self.width, self.height = drawing.width_mm * mm - 0.001, drawing.height_mm * mm - 0.001

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        # Pages are only counted in the draft.
        if self.canv._doctemplate.count:  # noqa: SLF001 - where ReportLab keeps it
            draw_marks(self.canv, self.drawing)


def picture_badge(text: str, outcome: Outcome) -> Picture:
    sheet = Sheet(BADGE_MM + 2.0, BADGE_MM + 2.0)
    draw_badge(sheet, (sheet.width_mm / 2, sheet.height_mm / 2), text, outcome)
    return Picture(sheet.finish(text, (1.0, 1.0)))


def lead(key: str, words: Words) -> Iterator[Flowable]:
    """The title of a part, where links and the contents lead to."""
    yield Part(key, words.say(key))
    yield write(words.say(key), PART)


def lay_table(
    rows: Sequence[Sequence[Any]], widths_mm: Sequence[float], *commands: Command, head: bool = False
) -> Table:
    """A table without rules; its head is repeated on every page."""
    widths = [width * mm for width in widths_mm]
    table = Table(rows, colWidths=widths, repeatRows=1 if head else 0, hAlign="LEFT")
    table.setStyle(TableStyle([("FONTNAME", *_ALL, REGULAR), ("VALIGN", *_ALL, "TOP"), *commands]))
    return table


def pad_cells(left: float, right: float, top: float, bottom: float) -> list[Command]:
    """Paddings in points."""
    paddings = {"LEFTPADDING": left, "RIGHTPADDING": right, "TOPPADDING": top, "BOTTOMPADDING": bottom}
    return [(name, *_ALL, padding) for name, padding in paddings.items()]


def rule_table(rows: _Rows, shares: Sequence[float], room_mm: float, *, head: bool = True) -> Table:
    """A table with a rule below each row; columns by their share of the room."""
    style = [("LINEBELOW", *_ALL, 0.4, RULE), *pad_cells(3, 3, 2.5, 3)]
    if head:
        style += [("BACKGROUND", (0, 0), (-1, 0), BAND), ("LINEABOVE", (0, 0), (-1, 0), 0.8, HexColor("#000000"))]
    return lay_table(rows, [share * room_mm for share in shares], *style, head=head)
