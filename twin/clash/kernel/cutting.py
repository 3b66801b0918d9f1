"""A floor that follows the ground: a convex polygon cut in two until the ground over each piece is a plane."""

from math import sqrt
from typing import Final, final

# The square of how wide points are to how long, below which they are one line but for rounding.
LINE: Final = 1e-12
# Rectangles around a polygon that differ by less are of one size.
EQUAL: Final = 1.0 + 1e-9
# A corner this near to a cut is on it.
ON_CUT_M: Final = 1e-9
SLIVER_M2: Final = 1e-9

type Ring = list[tuple[float, float]]


@final
class Ground:
    """Points whose elevation is known."""

    def __init__(self, x: list[float], y: list[float], z: list[float]) -> None:
        self.x = x
        self.y = y
        self.z = z

    def beside(self, ring: Ring, margin: float) -> "Ground":
        """What lies in a convex polygon (corners once, anticlockwise) and within a margin of it, else the nearest."""
        xs, ys, zs = self.x, self.y, self.z
        x: list[float] = []
        y: list[float] = []
        z: list[float] = []
        least = 1e300
        nearest = 0
        for i in range(len(xs)):
            off = measure_off(ring, xs[i], ys[i])
            if off <= margin:
                x.append(xs[i])
                y.append(ys[i])
                z.append(zs[i])
            elif off < least:
                least = off
                nearest = i
        return Ground(x, y, z) if x else Ground([xs[nearest]], [ys[nearest]], [zs[nearest]])


@final
class Bed:
    """A piece and the ground over it, from `low` to `low + band` about a plane through x, y that rises by gx, gy."""

    def __init__(self, ring: Ring, x: float, y: float, highest: float) -> None:
        self.ring = ring
        self.x = x
        self.y = y
        self.highest = highest
        self.gx = 0.0
        self.gy = 0.0
        self.low = 0.0
        self.band = 0.0

    def incline(self, plan: tuple[float, float, float], rise: tuple[float, float]) -> None:
        """Along the plane of least squares; level across points that lie in one line."""
        xx, xy, yy = plan
        xz, yz = rise
        turn = xx * yy - xy * xy
        size = xx + yy
        if turn > LINE * size * size:
            self.gx = (xz * yy - yz * xy) / turn
            self.gy = (yz * xx - xz * xy) / turn
        elif size > 0.0:
            self.gx = xz / size
            self.gy = yz / size


def cut_beds(ring: Ring, near: Ground, margin: float, relief: float, least: float) -> list[Bed]:
    """The pieces of a convex polygon (corners once, anticlockwise), each halved while it is longer than the least.

    Ground as far as a margin beside a piece is ground over it. A piece with less relief about its plane stays whole.
    """
    found: list[Bed] = []
    cut_bed(ring, near, (margin, relief, least), found)
    return found


def cut_bed(ring: Ring, near: Ground, limits: tuple[float, float, float], found: list[Bed]) -> None:
    margin, relief, least = limits
    bed = fit_bed(ring, near)
    if bed.band > relief:
        ux, uy, diagonal = measure_along(ring)
        if diagonal > least and measure_area(ring) > 2.0 * SLIVER_M2:
            ahead, behind = halve(ring, ux, uy)
            if measure_area(ahead) > SLIVER_M2 and measure_area(behind) > SLIVER_M2:
                cut_bed(ahead, near.beside(ahead, margin), limits, found)
                cut_bed(behind, near.beside(behind, margin), limits, found)
                return
    found.append(bed)


def fit_bed(ring: Ring, ground: Ground) -> Bed:
    """The plane of least squares through the ground, and how far that is off it."""
    xs, ys, zs = ground.x, ground.y, ground.z
    x0, y0, z0 = xs[0], ys[0], zs[0]
    sx = sy = sz = xx = xy = yy = xz = yz = 0.0
    highest = z0
    n = len(xs)
    for i in range(n):
        x, y, z = xs[i] - x0, ys[i] - y0, zs[i]
        highest = max(highest, z)
        z -= z0
        sx += x
        sy += y
        sz += z
        xx += x * x
        xy += x * y
        yy += y * y
        xz += x * z
        yz += y * z
    bed = Bed(ring, x0, y0, highest)
    bed.incline((xx - sx * sx / n, xy - sx * sy / n, yy - sy * sy / n), (xz - sx * sz / n, yz - sy * sz / n))
    gx, gy = bed.gx, bed.gy
    low = high = z0
    for i in range(n):
        off = zs[i] - (xs[i] - x0) * gx - (ys[i] - y0) * gy
        if off < low:
            low = off
        elif off > high:
            high = off
    bed.low = low
    bed.band = high - low
    return bed


def measure_off(ring: Ring, x: float, y: float) -> float:
    """How far a point is outside of a convex polygon, 0 within."""
    outside = False
    squared = 1e300
    ax, ay = ring[-1]
    for bx, by in ring:
        dx, dy = bx - ax, by - ay
        px, py = x - ax, y - ay
        if px * dy > py * dx:
            outside = True
            along = min(max((px * dx + py * dy) / (dx * dx + dy * dy), 0.0), 1.0)
            px -= along * dx
            py -= along * dy
            squared = min(squared, px * px + py * py)
        ax, ay = bx, by
    return sqrt(squared) if outside else 0.0


def measure_along(ring: Ring) -> tuple[float, float, float]:
    """The direction of the longer side of the smallest rectangle around a convex polygon, and its diagonal.

    Of rectangles of one size the longest counts.
    """
    smallest = longest = 0.0
    found = (1.0, 0.0, 0.0)
    ax, ay = ring[-1]
    for bx, by in ring:
        side = sqrt((bx - ax) * (bx - ax) + (by - ay) * (by - ay))
        if side > 0.0:
            ux = (bx - ax) / side
            uy = (by - ay) / side
            first = last = across = 0.0
            for x, y in ring:
                along = (x - ax) * ux + (y - ay) * uy
                first = min(first, along)
                last = max(last, along)
                across = max(across, (y - ay) * ux - (x - ax) * uy)
            length = max(last - first, across)
            size = (last - first) * across
            if not longest or size * EQUAL < smallest or (size < smallest * EQUAL and length > longest * EQUAL):
                smallest, longest = size, length
                diagonal = sqrt((last - first) * (last - first) + across * across)
                found = (ux, uy, diagonal) if last - first >= across else (-uy, ux, diagonal)
        ax, ay = bx, by
    return found


def halve(ring: Ring, ux: float, uy: float) -> tuple[Ring, Ring]:
    """What of a convex polygon lies ahead of and behind its centroid, in a direction."""
    cx, cy = find_centroid(ring)
    ahead: Ring = []
    behind: Ring = []
    ax, ay = ring[-1]
    before = (ax - cx) * ux + (ay - cy) * uy
    for bx, by in ring:
        after = (bx - cx) * ux + (by - cy) * uy
        if (before > ON_CUT_M and after < -ON_CUT_M) or (before < -ON_CUT_M and after > ON_CUT_M):
            part = before / (before - after)
            corner = (ax + part * (bx - ax), ay + part * (by - ay))
            ahead.append(corner)
            behind.append(corner)
        if after >= -ON_CUT_M:
            ahead.append((bx, by))
        if after <= ON_CUT_M:
            behind.append((bx, by))
        ax, ay, before = bx, by, after
    return ahead, behind


def find_centroid(ring: Ring) -> tuple[float, float]:
    ox, oy = ring[0]
    twice = mx = my = 0.0
    for i in range(1, len(ring) - 1):
        ax, ay = ring[i][0] - ox, ring[i][1] - oy
        bx, by = ring[i + 1][0] - ox, ring[i + 1][1] - oy
        part = ax * by - ay * bx
        twice += part
        mx += part * (ax + bx)
        my += part * (ay + by)
    return ox + mx / (3.0 * twice), oy + my / (3.0 * twice)


def measure_area(ring: Ring) -> float:
    if len(ring) < 3:
        return 0.0
    ox, oy = ring[0]
    twice = 0.0
    for i in range(1, len(ring) - 1):
        ax, ay = ring[i][0] - ox, ring[i][1] - oy
        bx, by = ring[i + 1][0] - ox, ring[i + 1][1] - oy
        twice += ax * by - ay * bx
    return twice / 2.0
