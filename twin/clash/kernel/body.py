"""One recorded object: its axis, what is around it, and how well its place is known. Less than 0 is not known."""

from math import hypot
from struct import iter_unpack, unpack_from
from typing import Final, final

UNKNOWN: Final = -1.0
# Sentinels such as -DBL_MAX or -9999 are finite numbers that would read as "far away, hence clear".
FARTHEST_M: Final = 1e8
LOWEST_M: Final = -500.0
HIGHEST_M: Final = 9000.0
GREATEST_M: Final = 100.0
# Importers draw curves as chords this near to them at the most.
SAGITTA_M: Final = 0.005
# A section on a steeper axis than this counts with the circle around it.
STEEP: Final = 0.5
# Geometries as OGC writes them, little endian: x and y, and x, y, z in the ISO's numbering and in that of GEOS.
POINT: Final = b"\1\1\0\0\0"
LINE: Final = b"\1\2\0\0\0"
LINE_Z: Final = (b"\1\xea\3\0\0", b"\1\2\0\0\x80")


@final
class Body:
    """An object of points x, y, z along its axis, or x, y, and the radius of the circle around its section.

    `wide` and `high` are half the sides of a section that is not round. Upright about its axis it is a shaft, of which
    only what is within `inner` is surely there. `lifted` is what the reading of its record adds to its accuracy in
    height, `bent` what the drawing of curves as chords adds to that in plan.
    """

    def __init__(self, points: tuple[tuple[float, ...], ...], radius: float) -> None:
        self.points = points
        self.has_z = len(points[0]) > 2
        self.radius = radius
        self.wide = UNKNOWN
        self.high = UNKNOWN
        self.upright = False
        self.inner = UNKNOWN
        self.lifted = 0.0
        self.bent = 0.0

    def box(self, wide: float, high: float) -> None:
        self.wide = wide
        self.high = high

    def stand(self, inner: float) -> None:
        self.upright = True
        self.inner = inner

    def doubt(self, lifted: float, bent: float) -> None:
        self.lifted = lifted
        self.bent = bent

    def is_known(self) -> bool:
        return self.has_z and self.radius >= 0.0

    def turns(self) -> bool:
        """Whether what is surely there is less than what it may be: nobody recorded which way it is turned."""
        return self.upright and self.inner >= 0.0 and self.inner != self.radius

    def is_sound(self) -> bool:
        """Whether its numbers keep to the limits, which no NaN does."""
        if self.radius != UNKNOWN and not (0.0 < self.radius <= GREATEST_M):
            return False
        if self.upright and self.has_z and not (self.points[0][2] <= self.points[1][2]):
            return False
        return lie_within(self.points)


def lie_within(points: tuple[tuple[float, ...], ...]) -> bool:
    """Whether two points and more, all of two numbers or all of three, keep to the limits; no NaN does."""
    count = len(points)
    if count < 2:
        return False
    size = len(points[0])
    if size != 2 and size != 3:  # noqa: PLR1714 - mypyc compares numbers
        return False
    for point in points:
        if len(point) != size:
            return False
        x, y = point[0], point[1]
        if not (-FARTHEST_M <= x <= FARTHEST_M and -FARTHEST_M <= y <= FARTHEST_M):
            return False
        if size == 3 and not (LOWEST_M <= point[2] <= HIGHEST_M):
            return False
    return True


def read_points(wkb: bytes) -> tuple[tuple[float, ...], ...]:
    """The points of a line. Raises: ValueError for any other geometry."""
    kind = wkb[:5]
    if kind == LINE:
        return tuple(iter_unpack("<2d", wkb[9:]))
    if kind in LINE_Z:
        return tuple(iter_unpack("<3d", wkb[9:]))
    raise ValueError(f"{kind!r} begins no line string of x, y or x, y, z")


def read_line(wkb: bytes, shape: str, width: float | None, height: float | None, *, is_crown_assumed: bool) -> Body:
    """A line with its section; a depth that was read as the crown's may have been that of the invert."""
    points = read_points(wkb)
    body = Body(points, UNKNOWN)
    body.doubt(height if is_crown_assumed and height is not None else 0.0, SAGITTA_M if len(points) > 2 else 0.0)
    if width is None or height is None:
        return body
    wide, high = width / 2, height / 2
    if shape == "circular":
        body.radius = max(wide, high)
        return body
    body.radius = max(wide, high) if shape == "egg" else hypot(wide, high)
    body.box(wide, high)
    return body


def read_node(
    wkb: bytes, shape: str, width: float | None, length: float | None, bottom: float | None, top: float | None
) -> Body:
    """A node as a shaft from its bottom to its top; its elevation is known only with both. Raises: ValueError."""
    if wkb[:5] != POINT:
        raise ValueError(f"{wkb[:5]!r} begins no point of x, y")
    place: tuple[float, float] = unpack_from("<2d", wkb, 5)
    x, y = place
    points: tuple[tuple[float, ...], ...] = ((x, y), (x, y))
    if bottom is not None and top is not None:
        points = ((x, y, bottom), (x, y, top))
    body = Body(points, UNKNOWN)
    body.stand(UNKNOWN)
    if width is None or length is None:
        return body
    if shape == "circular":
        body.radius = max(width, length) / 2
    else:
        body.radius = hypot(width, length) / 2
        body.inner = min(width, length) / 2
    return body


def find_steepness(points: tuple[tuple[float, ...], ...]) -> float:
    """The greatest sine of the slope of an axis."""
    steepest = 0.0
    before = points[0]
    if len(before) < 3:
        return 0.0
    for after in points[1:]:
        rise = after[2] - before[2]
        if rise != 0.0:
            steepest = max(steepest, abs(rise) / hypot(after[0] - before[0], after[1] - before[1], rise))
        before = after
    return steepest


def list_sections(body: Body) -> list[tuple[float, float, float]]:
    """What the object lies within, each as swept, wide, high; empty where its section is unknown.

    A box is exact about a level axis. Upright about a sloped one it leans over it: it is then widened by what its upper
    and lower edge lie ahead of the axis.
    """
    radius = body.radius
    if radius < 0.0:
        return []
    if body.upright:
        return [(0.0, radius, 0.0)]
    if body.wide < 0.0:
        return [(radius, 0.0, 0.0)]
    lean = find_steepness(body.points)
    if lean > STEEP:
        return [(radius, 0.0, 0.0)]
    box = (0.0, hypot(body.wide, body.high * lean), body.high / (1 - lean * lean) ** 0.5)
    return [box] if radius >= hypot(body.wide, body.high) else [box, (radius, 0.0, 0.0)]


def list_sure_sections(body: Body) -> list[tuple[float, float, float]]:
    return [(0.0, body.inner, 0.0)] if body.upright and body.inner >= 0.0 else list_sections(body)


@final
class Promise:
    """How far an object may lie off its record by its quality level: metres or a share of its depth.

    The greater of the two counts, and what its owner states replaces it. `unstated` stands for a level that follows a
    depth which nobody knows.
    """

    def __init__(self, plan: tuple[float, float], height: tuple[float, float], unstated: float) -> None:
        self.wide, self.wide_share = plan
        self.high, self.high_share = height
        self.unstated = unstated
        self.stated_wide = UNKNOWN
        self.stated_high = UNKNOWN

    def state(self, wide: float, high: float) -> None:
        self.stated_wide = wide
        self.stated_high = high

    def follows_depth(self) -> bool:
        return self.wide_share > 0.0 or self.high_share > 0.0

    def at_depth(self, depth: float, lifted: float, bent: float) -> tuple[float, float]:
        """In plan and in height at a depth of the axis below ground; what the record's reading adds comes on top."""
        depth = max(depth, 0.0)
        wide = max(self.wide, self.wide_share * depth)
        high = self.high if self.high < 0.0 else max(self.high, self.high_share * depth)
        return self.replace(wide, high, lifted, bent)

    def at_no_depth(self, lifted: float, bent: float) -> tuple[float, float]:
        """The same where the depth is not known."""
        if self.follows_depth():
            return self.replace(max(self.wide, self.unstated), UNKNOWN, lifted, bent)
        return self.replace(self.wide, self.high, lifted, bent)

    def replace(self, wide: float, high: float, lifted: float, bent: float) -> tuple[float, float]:
        if self.stated_wide >= 0.0:
            wide = self.stated_wide
        if self.stated_high >= 0.0:
            high = self.stated_high
        return wide + bent, high + lifted if high >= 0.0 else UNKNOWN
