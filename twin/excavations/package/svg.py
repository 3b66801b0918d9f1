"""Drawings as SVG, one user unit a millimetre."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely
from markupsafe import Markup, escape

from twin.excavations.package.lettering import FAMILY
from twin.excavations.package.paper import HALO_OPACITY, WHITE, Area, Hatching, Stroke

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.clash.solids import Floats
    from twin.excavations.package.paper import Drawing, Mark, Text


def to_svg(drawing: Drawing, description: str) -> Markup:
    """One `svg` element for a page; links lead to the elements "object-n" of that page."""
    marks = "".join(line for mark in drawing.marks for line in _write(mark, drawing.height_mm))
    return Markup(  # noqa: S704 - every text in it is escaped
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawing.width_mm:g} {drawing.height_mm:g}" role="img"'
        f' width="{drawing.width_mm:g}mm" height="{drawing.height_mm:g}mm"'
        f" font-family=\"'{FAMILY}', 'Source Sans 3', 'Noto Sans', Arial, sans-serif\">"
        f"<title>{escape(drawing.title)}</title><desc>{escape(description)}</desc>{marks}</svg>"
    )


def _write(mark: Mark, height_mm: float) -> Iterator[str]:
    if isinstance(mark, Hatching):
        mark = mark.stroke
    if isinstance(mark, Stroke):
        path = "".join(_path(line, height_mm) for line in mark.lines)
        dashes = f' stroke-dasharray="{" ".join(f"{d:g}" for d in mark.pen.dashes_mm)}"' if mark.pen.dashes_mm else ""
        yield (
            f'<path d="{path}" fill="none" stroke="{mark.pen.colour}"'
            f' stroke-width="{mark.pen.width_mm:g}" stroke-linejoin="round"{dashes}/>'
        )
    elif isinstance(mark, Area):
        opacity = f' fill-opacity="{mark.opacity:g}"' if mark.opacity < 1 else ""
        path = "".join(_path(ring, height_mm) for ring in mark.rings)
        yield f'<path d="{path}" fill="{mark.colour}" fill-rule="evenodd"{opacity}/>'
    else:
        if mark.style.halo:
            halo = Area((shapely.get_coordinates(mark.outline),), WHITE, HALO_OPACITY)
            yield from _write(halo, height_mm)
        yield _letter(mark, height_mm)


def _letter(text: Text, height_mm: float) -> str:
    style = text.style
    x, y = text.x, height_mm - text.y
    turn = f' transform="rotate({-style.angle_deg:.2f} {x:.3f} {y:.3f})"' if style.angle_deg else ""
    bold = ' font-weight="700"' if style.bold else ""
    anchor = "" if style.anchor == "start" else f' text-anchor="{style.anchor}"'
    element = (
        f'<text x="{x:.3f}" y="{y:.3f}" font-size="{style.size_mm:g}" fill="{style.colour}"{bold}{anchor}{turn}>'
        f"{escape(text.text)}</text>"
    )
    return element if text.link is None else f'<a href="#object-{text.link}">{element}</a>'


def _path(points: Floats, height_mm: float) -> str:
    """Relative to hundredths of a millimetre, a tenth of what a printer shows."""
    flipped = (points * (1, -1) + (0, height_mm)).round(2)
    steps = [f"{x:g},{y:g}" for x, y in flipped.tolist()]
    closed = len(steps) > 2 and steps[0] == steps[-1]
    return "M" + "L".join(steps[:-1] if closed else steps) + ("Z" if closed else "")
