"""Floors out of the rings around them: walls with the floor on their left, and the corners that point outwards."""

from math import hypot, sqrt
from typing import Final

from twin.clash.kernel.elements import Corner, Piece, Wall

# Where two leaning sides meet at a sharp corner they are taken to reach at most this many times further than either.
SHARPEST: Final = 2.0
# The sine of a bend inwards that is taken for rounding: it counts as a corner that points outwards.
STRAIGHT: Final = 1e-9
# A corner of a piece this near to one of the outline is that corner.
SAME_PLACE_M: Final = 1e-5
SAME_SHARPNESS: Final = 1e-4


def build_piece(
    rings: list[list[list[float]]],
    place: tuple[float, float],
    plane: tuple[float, float, float],
    side: tuple[float, float],
    band: float,
    sharp: list[tuple[float, float, float]],
) -> Piece:
    """A floor of closed rings of x, y, the outer one first, about a place.

    `plane` is its level there and its grade, `side` the slope of its sides and how high they lean. Of a floor whose
    sides lean `sharp` are the corners of the outline (`find_sharp`) that it is a piece of.
    """
    walls: list[Wall] = []
    corners: list[Corner] = []
    for before, point, after in list_turns(rings):
        x, y = point[0] - place[0], point[1] - place[1]
        dx, dy = after[0] - point[0], after[1] - point[1]
        low = plane[0] + x * plane[1] + y * plane[2]
        walls.append(Wall(x, y, dx, dy, low, dx * plane[1] + dy * plane[2]))
        bx, by = direct(point[0] - before[0], point[1] - before[1])
        ax, ay = direct(dx, dy)
        if bx * ay - by * ax > -STRAIGHT:
            corner = Corner(x, y, low)
            corner.join((bx, by), (ax, ay))
            lean_corner(corner, side[0], sharpen(bx * ax + by * ay), point, sharp)
            corners.append(corner)
    return Piece(walls, corners, plane, side, band)


def lean_corner(
    corner: Corner, slope: float, own: float, point: list[float], sharp: list[tuple[float, float, float]]
) -> None:
    """A piece that has only a part of the outline's angle at a corner has no whole mitre there: it would be sharper."""
    for x, y, sharpness in sharp:
        if abs(x - point[0]) < SAME_PLACE_M and abs(y - point[1]) < SAME_PLACE_M:
            corner.mitre(slope * sharpness, whole=sharpness < SHARPEST and abs(own - sharpness) < SAME_SHARPNESS)
            return
    corner.lean(slope)


def find_sharp(rings: list[list[list[float]]]) -> list[tuple[float, float, float]]:
    """Corners at which two leaning sides part: x, y and how many times further than either they reach together."""
    found: list[tuple[float, float, float]] = []
    for before, point, after in list_turns(rings):
        ax, ay = point[0] - before[0], point[1] - before[1]
        bx, by = after[0] - point[0], after[1] - point[1]
        if ax * by - ay * bx > 0.0:
            found.append((point[0], point[1], sharpen((ax * bx + ay * by) / (hypot(ax, ay) * hypot(bx, by)))))
    return found


def list_turns(rings: list[list[list[float]]]) -> list[tuple[list[float], list[float], list[float]]]:
    """Each vertex of closed rings, the outer one first, between those before and after it."""
    turns: list[tuple[list[float], list[float], list[float]]] = []
    hole = False
    for ring in rings:
        points = wind(ring, hole=hole)
        hole = True
        for index in range(len(points)):
            after = points[index + 1 if index + 1 < len(points) else 0]
            turns.append((points[index - 1], points[index], after))
    return turns


def wind(ring: list[list[float]], *, hole: bool) -> list[list[float]]:
    """The vertices of a closed ring with what it surrounds on their left, on their right of a hole; none twice."""
    points: list[list[float]] = []
    turned = 0.0
    x, y = ring[0][0], ring[0][1]
    for index in range(len(ring) - 1):
        point, after = ring[index], ring[index + 1]
        px, py, ax, ay = point[0] - x, point[1] - y, after[0] - x, after[1] - y
        turned += px * ay - py * ax
        if px != ax or py != ay:
            points.append(point)
    if (turned < 0.0) != hole:
        points.reverse()
    return points


def sharpen(cosine: float) -> float:
    """How many times further two sides reach where they meet than either, by the cosine of the turn between them."""
    half = sqrt(max((1.0 + cosine) / 2.0, 0.0))
    return min(1.0 / half, SHARPEST) if half != 0.0 else SHARPEST


def direct(dx: float, dy: float) -> tuple[float, float]:
    length = hypot(dx, dy)
    return dx / length, dy / length
