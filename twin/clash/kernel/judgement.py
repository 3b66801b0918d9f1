"""What an excavation does to one object: every gap that decides, and what follows from them."""

from math import inf, isfinite, sqrt
from typing import Final, final

from twin.clash.kernel.body import UNKNOWN, Body, Promise, list_sections, list_sure_sections
from twin.clash.kernel.crossing import cross
from twin.clash.kernel.elements import Segment, Solid
from twin.clash.kernel.gauge import CONTACT_M, gauge_crossing, gauge_plan, gauge_raised, gauge_space, lay

# Places in `outcome.Outcome` and in `outcome.Reason`.
DEFINITE: Final = 0
POSSIBLE: Final = 1
UNDECIDED: Final = 2
CLEAR: Final = 3
HIT: Final = 0
BOTTOM_UNCERTAIN: Final = 1
TURN_UNCERTAIN: Final = 2
WITHIN_ACCURACY: Final = 3
ELEVATION_MISSING: Final = 4
SECTION_MISSING: Final = 5
DEPTH_UNTRUSTED: Final = 6
APART_IN_PLAN: Final = 7
APART_IN_SPACE: Final = 8

MICROMETRES: Final = 1e6
WHOLE: Final = 1.5 * 2.0**52


@final
class Judgement:
    """The outcome of one object with its gaps, rounded to the micrometre; see `outcome.Assessment`.

    `gap` and `vertical` are infinite where they are not known or were not measured. `z` is that of the nearest point of
    the axis where `has_z`.
    """

    def __init__(self, plan: float, beside: float, flat: float) -> None:
        self.outcome = UNDECIDED
        self.reason = DEPTH_UNTRUSTED
        self.plan = tidy(plan)
        self.beside = tidy(beside)
        self.worst = tidy(flat)
        self.within = self.worst
        self.gap = inf
        self.sure = inf
        self.vertical = inf
        self.wide = 0.0
        self.high = UNKNOWN
        self.x = 0.0
        self.y = 0.0
        self.z = 0.0
        self.has_z = False

    def decide(self, body: Body) -> None:
        """The first verdict that holds; comparisons are such that a NaN could never end in `clear`."""
        known = body.is_known()
        if known and self.sure <= 0.0:
            self.outcome, self.reason = DEFINITE, HIT
        elif known and self.gap <= 0.0:
            self.outcome, self.reason = POSSIBLE, TURN_UNCERTAIN if body.turns() else BOTTOM_UNCERTAIN
        elif known and self.within <= 0.0:
            self.outcome, self.reason = POSSIBLE, WITHIN_ACCURACY
        elif self.worst > 0.0:
            self.outcome, self.reason = CLEAR, APART_IN_PLAN if self.beside > 0.0 else APART_IN_SPACE
        else:
            self.outcome = UNDECIDED
            if not body.has_z:
                self.reason = ELEVATION_MISSING
            else:
                self.reason = SECTION_MISSING if body.radius < 0.0 else DEPTH_UNTRUSTED


def tidy(gap: float) -> float:
    """Rounded to the micrometre, and never -0.0: numbers as great as `WHOLE` hold no fractions."""
    return ((gap * MICROMETRES + WHOLE) - WHOLE) / MICROMETRES


@final
class Judge:
    """One excavation about x, y below the highest ground; `unknown` radius stands for a section that is not recorded.

    What is clear by its plan distance and further away than `nearby` is not measured in space.
    """

    def __init__(self, solid: Solid, place: tuple[float, float], ground: float, unknown: float, nearby: float) -> None:
        self.solid = solid
        self.x, self.y = place
        self.ground = ground
        self.unknown = unknown
        self.nearby = nearby
        self.has_band = False
        self.spread = 0.0
        self.lean = 1.0
        self.west = self.south = inf
        self.east = self.north = -inf
        for piece in solid.pieces:
            self.has_band = self.has_band or piece.band > 0.0
            self.spread = max(self.spread, piece.spread)
            self.lean = min(self.lean, piece.lean)
            self.cover(piece.west, piece.south, 0.0)
            self.cover(piece.east, piece.north, 0.0)
        for bore in solid.bores:
            for corner in bore.corners:
                self.cover(corner.x, corner.y, bore.radius)

    def cover(self, x: float, y: float, by: float) -> None:
        self.west = min(self.west, x - by)
        self.east = max(self.east, x + by)
        self.south = min(self.south, y - by)
        self.north = max(self.north, y + by)

    def is_beyond(self, body: Body, promise: Promise, far: float) -> bool:
        """Whether the boxes around both prove it clear by its plan distance, and further away than `far`."""
        east = north = -inf
        west = south = lowest = inf
        for point in body.points:
            x, y = point[0] - self.x, point[1] - self.y
            west, east = min(west, x), max(east, x)
            south, north = min(south, y), max(north, y)
        beside = max(max(self.west - east, west - self.east), 0.0)
        ahead = max(max(self.south - north, south - self.north), 0.0)
        section = body.radius if body.radius >= 0.0 else self.unknown
        away = self.lean * sqrt(beside * beside + ahead * ahead) - self.spread - section
        if not away > far + 2.0 * CONTACT_M:
            return False
        if body.has_z:
            for point in body.points:
                lowest = min(lowest, point[2])
            wide = promise.at_depth(self.ground - lowest, body.lifted, body.bent)[0]
        else:
            wide = promise.at_no_depth(body.lifted, body.bent)[0]
        return away > wide + 2.0 * CONTACT_M

    def meet(self, body: Body, promise: Promise, far: float) -> Judgement | None:
        """The judgement of an object that is not clear or is no further away in plan than `far`; None of any other."""
        if self.is_beyond(body, promise, far):
            return None
        found = self.judge(body, promise)
        return found if found.outcome != CLEAR or found.plan <= far else None

    def judge(self, body: Body, promise: Promise) -> Judgement:
        axis = lay(body.points, self.x, self.y)
        sections = list_sections(body)
        counted = sections or [(self.unknown, 0.0, 0.0)]
        radius = inf
        for swept, beside, _ in counted:
            radius = min(radius, swept + beside)
        wide, high = self.resolve(body, promise, axis, radius)
        distance, x, y = gauge_plan(axis, self.solid)
        spare = distance - wide
        flat = apart = -inf
        for swept, beside, _ in counted:
            flat = max(flat, max(spare - beside, 0.0) - swept)
            apart = max(apart, spare - beside - swept)
        found = Judgement(distance - radius, apart, flat)
        found.wide, found.high = wide, high
        found.x, found.y = x + self.x, y + self.y
        if body.is_known() and not (distance - radius > self.nearby and apart > CONTACT_M):
            self.measure(body, axis, sections, found)
        found.decide(body)
        return found

    def measure(
        self, body: Body, axis: list[Segment], sections: list[tuple[float, float, float]], found: Judgement
    ) -> None:
        """The gaps in space of an object whose elevation and section are known."""
        high = max(found.high, 0.0)
        (gap, within), (x, y, z) = gauge_space(axis, self.solid, sections, found.wide, high)
        sure = gap
        # Floors at their highest and the body at its least lie no nearer.
        if tidy(gap) <= 0.0 and (self.has_band or body.turns()):
            sure = gauge_raised(axis, self.solid, list_sure_sections(body))
        radius = least_above = inf
        for swept, beside, above in sections:
            radius = min(radius, swept + beside)
            least_above = min(least_above, swept + above)
        found.vertical = tidy(gauge_crossing(axis, self.solid, radius) - least_above)
        found.gap, found.sure, found.within = tidy(gap), tidy(sure), tidy(within)
        if found.high >= 0.0:
            found.worst = found.within
        found.x, found.y, found.z = x + self.x, y + self.y, z
        found.has_z = True

    def resolve(self, body: Body, promise: Promise, axis: list[Segment], radius: float) -> tuple[float, float]:
        """The accuracy of an object at its greatest depth within reach of the excavation.

        The depth is taken below the highest ground. Where accuracy grows with depth, the depth of the whole axis bounds
        the reach first, lest a far and deep end of a long line spoil its near one.
        """
        if not body.has_z:
            return promise.at_no_depth(body.lifted, body.bent)
        lowest = inf
        for point in body.points:
            lowest = min(lowest, point[2])
        wide, high = promise.at_depth(self.ground - lowest, body.lifted, body.bent)
        if not promise.follows_depth():
            return wide, high
        nearby = cross(axis, self.solid, radius + wide + CONTACT_M, sides=True).lowest
        if not isfinite(nearby):
            return wide, high
        return promise.at_depth(self.ground - nearby, body.lifted, body.bent)
