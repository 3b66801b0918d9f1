"""Drawings as plain values on paper: millimetres from the lower left corner, y up."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely
import shapely.affinity

from twin.excavations.package.lettering import measure_mm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.clash.solids import Floats

BLACK, GREY, WHITE = "#000000", "#6b6b6b", "#ffffff"
HALO_OPACITY = 0.8
type Point = tuple[float, float]
type Box = tuple[float, float, float, float]
type Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Pen:
    """Line weights follow ISO 128: 0.13, 0.18, 0.25, 0.35, 0.5, 0.7 mm."""

    width_mm: float = 0.18
    colour: str = BLACK
    dashes_mm: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """Lines, each through points (n, 2), drawn with one pen."""

    lines: tuple[Floats, ...]
    pen: Pen


@dataclass(frozen=True, slots=True, eq=False)
class Hatching:
    """Parallel lines over a shape, `spacing_mm` apart, in phase all over the paper."""

    shape: shapely.Geometry
    pen: Pen
    spacing_mm: float
    angle_deg: float

    @property
    def stroke(self) -> Stroke:
        """The lines one by one."""
        ruled = shapely.intersection(_rule(self.shape.bounds, self.spacing_mm, self.angle_deg), self.shape)
        parts = (part for part in shapely.get_parts(ruled) if part.geom_type == "LineString" and not part.is_empty)
        return Stroke(tuple(shapely.get_coordinates(part) for part in parts), self.pen)


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """A filled shape; rings after the first are holes, as in an even-odd fill."""

    rings: tuple[Floats, ...]
    colour: str
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Lettering:
    """How a text looks; `size_mm` is its em, of which capitals take two thirds. A halo is paper behind the letters."""

    size_mm: float = 2.3
    bold: bool = False
    colour: str = BLACK
    anchor: Anchor = "start"
    angle_deg: float = 0.0
    halo: bool = False


PLAIN = Lettering()


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text on its baseline at `x`, `y`; `link` is the number of an object that it points to."""

    x: float
    y: float
    text: str
    style: Lettering = PLAIN
    link: int | None = None

    @property
    def width_mm(self) -> float:
        return measure_mm(self.text, self.style.size_mm, bold=self.style.bold)

    @property
    def outline(self) -> shapely.Polygon:
        """The turned box of its letters, with their descenders."""
        left = {"start": 0.0, "middle": -0.5, "end": -1.0}[self.style.anchor] * self.width_mm
        box = shapely.box(left - 0.3, -0.22 * self.style.size_mm, left + self.width_mm + 0.3, 0.72 * self.style.size_mm)
        turned = shapely.affinity.rotate(box, self.style.angle_deg, origin=(0, 0))
        return shapely.affinity.translate(turned, self.x, self.y)


type Mark = Stroke | Hatching | Area | Text


def move(mark: Mark, x: float, y: float) -> Mark:
    """The mark so far to the right and up."""
    if isinstance(mark, Text):
        return replace(mark, x=mark.x + x, y=mark.y + y)
    if isinstance(mark, Hatching):
        return replace(mark, shape=shapely.affinity.translate(mark.shape, x, y))
    if isinstance(mark, Area):
        return replace(mark, rings=tuple(ring + np.array([x, y]) for ring in mark.rings))
    return replace(mark, lines=tuple(line + np.array([x, y]) for line in mark.lines))


@dataclass(frozen=True, slots=True)
class Drawing:
    """A sheet of paper with marks, drawn in their order; `scales` are the denominators along x and y."""

    title: str
    width_mm: float
    height_mm: float
    scales: tuple[float, float]
    marks: tuple[Mark, ...]


@dataclass(slots=True)
class Sheet:
    """Collects the marks of one drawing."""

    width_mm: float
    height_mm: float
    marks: list[Mark] = field(default_factory=list)

    def finish(self, title: str, scales: tuple[float, float]) -> Drawing:
        return Drawing(title, self.width_mm, self.height_mm, scales, tuple(self.marks))

    def line(self, points: Floats | Iterable[Point], pen: Pen) -> None:
        drawn = np.asarray(points if isinstance(points, np.ndarray) else list(points), dtype=float)
        if len(drawn) > 1:
            self.marks.append(Stroke((drawn,), pen))

    def rectangle(self, box: Box, pen: Pen | None = None, *, fill: str | None = None) -> None:
        self.shape(shapely.box(*box), pen, fill=fill)

    def shape(
        self, shape: shapely.Geometry, pen: Pen | None = None, *, fill: str | None = None, opacity: float = 1.0
    ) -> None:
        """Lines or filled outlines, of any number of parts."""
        lines: list[Floats] = []
        for part in shapely.get_parts(shape):
            if part.geom_type == "LineString" and not part.is_empty:
                lines.append(shapely.get_coordinates(part))
            if part.geom_type == "Polygon" and not part.is_empty:
                rings = tuple(shapely.get_coordinates(ring) for ring in (part.exterior, *part.interiors))
                lines += rings
                if fill is not None:
                    self.marks.append(Area(rings, fill, opacity))
        if lines and pen is not None:
            self.marks.append(Stroke(tuple(lines), pen))

    def hatch(self, shape: shapely.Geometry, pen: Pen, spacing_mm: float, angle_deg: float = 45.0) -> None:
        solid = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and not part.is_empty]
        if solid:
            self.marks.append(Hatching(shapely.multipolygons(solid), pen, spacing_mm, angle_deg))

    def text(self, x: float, y: float, text: str, style: Lettering = PLAIN, *, link: int | None = None) -> None:
        self.marks.append(Text(x, y, text, style, link))


def _rule(bounds: Box, spacing_mm: float, angle_deg: float) -> shapely.Geometry:
    """Parallel lines over a box, in phase all over the paper."""
    if not np.isfinite(bounds).all():
        return shapely.MultiLineString()
    angle = np.radians(angle_deg)
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    corners = shapely.get_coordinates(shapely.box(*bounds))
    low, high = (corners @ across).min(), (corners @ across).max()
    left, right = (corners @ along).min(), (corners @ along).max()
    offsets = np.arange(np.ceil(low / spacing_mm), np.floor(high / spacing_mm) + 1) * spacing_mm
    starts, ends = (offsets[:, None] * across + side * along for side in (left, right))
    return shapely.multilinestrings(shapely.linestrings(np.stack([starts, ends], axis=1)))
