"""What is held against what: straight pieces of axes, floors with walls and corners, bores."""

from math import inf, sqrt
from typing import final


@final
class Segment:
    """A straight piece of an axis, from x, y, z by dx, dy, dz."""

    def __init__(self, x: float, y: float, z: float, dx: float, dy: float, dz: float) -> None:
        self.x = x
        self.y = y
        self.z = z
        self.dx = dx
        self.dy = dy
        self.dz = dz
        self.top = z + max(dz, 0.0)
        self.west = x + min(dx, 0.0)
        self.east = x + max(dx, 0.0)
        self.south = y + min(dy, 0.0)
        self.north = y + max(dy, 0.0)


@final
class Wall:
    """An edge of a floor, or a straight piece of a bore: from x, y along a unit vector; its level at the start."""

    def __init__(self, x: float, y: float, dx: float, dy: float, low: float, rise: float) -> None:
        self.x = x
        self.y = y
        self.length = sqrt(dx * dx + dy * dy)
        self.ux = dx / self.length
        self.uy = dy / self.length
        self.low = low
        self.rise = rise / self.length


@final
class Corner:
    """A corner of a floor that points outwards, or a bend of a bore, with its level.

    `before` and `after` are the directions of the walls that meet there, with the floor on their left. Where it is
    mitred its cone is as wide as the ridge at which both leaning sides meet, unless that is cut off: it is not whole.
    """

    def __init__(self, x: float, y: float, low: float) -> None:
        self.x = x
        self.y = y
        self.low = low
        self.slope = 0.0
        self.mitred = False
        self.whole = True
        self.before = (0.0, 0.0)
        self.after = (0.0, 0.0)

    def join(self, before: tuple[float, float], after: tuple[float, float]) -> None:
        self.before = before
        self.after = after

    def lean(self, slope: float) -> None:
        self.slope = slope

    def mitre(self, slope: float, *, whole: bool) -> None:
        self.slope = slope
        self.mitred = True
        self.whole = whole


@final
class Piece:
    """A floor with its walls and corners; level `low + x * gx + y * gy`, sides of `slope` up to `height` above it.

    `band` is how much higher its floor may lie as well.
    """

    def __init__(
        self,
        walls: list[Wall],
        corners: list[Corner],
        plane: tuple[float, float, float],
        side: tuple[float, float],
        band: float,
    ) -> None:
        self.walls = walls
        self.corners = corners
        self.low, self.gx, self.gy = plane
        self.slope, self.height = side
        self.band = band
        self.grade = sqrt(self.gx * self.gx + self.gy * self.gy)
        lean = self.slope * self.grade
        self.lean = sqrt(1.0 - lean * lean) if lean < 1.0 else 0.0
        self.lowest = min([wall.low for wall in walls])
        self.spread = max([corner.slope for corner in corners]) * self.height
        self.west = min([wall.x for wall in walls])
        self.east = max([wall.x for wall in walls])
        self.south = min([wall.y for wall in walls])
        self.north = max([wall.y for wall in walls])


@final
class Bore:
    """A bored axis: straight pieces, bends and ends at their level, and the steepest grade among the pieces."""

    def __init__(self, walls: list[Wall], corners: list[Corner], radius: float) -> None:
        self.walls = walls
        self.corners = corners
        self.radius = radius
        self.grade = max([abs(wall.rise) for wall in walls])


@final
class Solid:
    """All that is dug."""

    def __init__(self, pieces: list[Piece], bores: list[Bore]) -> None:
        self.pieces = pieces
        self.bores = bores


@final
class Reach:
    """How far an object is widened in plan and in height before it is measured; 1.0 takes floors at their highest."""

    def __init__(self, wide: float, high: float, raised: float = 0.0) -> None:
        self.wide = wide
        self.high = high
        self.raised = raised

    def sink(self, grade: float) -> float:
        """How much lower a floor of that grade counts for the widened object."""
        return self.high + self.wide * grade

    def shorten(self, grade: float) -> float:
        """The cosine by which heights above a floor of that grade are shortened."""
        steep = grade if self.wide == 0.0 else 1.5 * grade
        return 1.0 / sqrt(1.0 + steep * steep)


@final
class Least:
    """The least squared distance met so far, and the point of the axis where it was met."""

    def __init__(self) -> None:
        self.squared = inf
        self.x = 0.0
        self.y = 0.0
        self.z = 0.0

    def offer(self, squared: float, axis: Segment, t: float) -> None:
        if squared < self.squared:
            self.squared = squared
            self.x = axis.x + t * axis.dx
            self.y = axis.y + t * axis.dy
            self.z = axis.z + t * axis.dz


def run_along(axis: Segment, wall: Wall) -> tuple[float, float]:
    """How far along a wall an axis lies: where it starts, and by how much it goes on."""
    start = (axis.x - wall.x) * wall.ux + (axis.y - wall.y) * wall.uy
    return start, axis.dx * wall.ux + axis.dy * wall.uy


def run_off(axis: Segment, wall: Wall) -> tuple[float, float]:
    """The same of how far off its line, to the right of it."""
    start = (axis.x - wall.x) * wall.uy - (axis.y - wall.y) * wall.ux
    return start, axis.dx * wall.uy - axis.dy * wall.ux


def find_crossing(off: float, turn: float) -> float:
    """Where an axis crosses the line of a wall; -1 where it never does."""
    return -off / turn if turn != 0.0 else -1.0


def clamp(value: float) -> float:
    """The value within 0 to 1."""
    return min(max(value, 0.0), 1.0)


def within(start: float, step: float, low: float, high: float) -> tuple[float, float]:
    """The range of parameters, within 0 to 1, in which `start + t * step` lies from low to high; first > last: none."""
    if step == 0.0:
        return (0.0, 1.0) if low <= start <= high else (1.0, 0.0)
    t0 = (low - start) / step
    t1 = (high - start) / step
    if t0 > t1:
        t0, t1 = t1, t0
    return max(t0, 0.0), min(t1, 1.0)


def clip(start: float, step: float, first: float, last: float) -> tuple[float, float]:
    """The part of a range of parameters in which `start + t * step` is at most 0; first > last where there is none."""
    if start <= 0.0 and start + step <= 0.0:
        return first, last
    if start > 0.0 and start + step > 0.0:
        return 1.0, 0.0
    turn = start / -step
    return (max(first, turn), last) if start > 0.0 else (first, min(last, turn))
