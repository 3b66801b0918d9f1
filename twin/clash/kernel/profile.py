"""The section through the side of an excavation, x beside its toe and y below it, and the section of a bore."""

from twin.clash.kernel.elements import clamp, clip


def profile_foot(x: float, y: float, slope: float, height: float) -> tuple[float, float]:
    """The point of the profile nearest to one x beside the toe and y below it; its side leans up to `height`."""
    if slope == 0.0:
        return min(x, 0.0), min(y, 0.0)
    up = (slope * x - y) / (1.0 + slope * slope)
    if up <= 0.0:
        return min(x, 0.0), min(y, 0.0)
    if up < height:
        return (x, y) if x + slope * y <= 0.0 else (slope * up, -up)
    return (x, y) if x <= slope * height else (slope * height, min(y, -height))


def profile_point(x: float, y: float, slope: float, height: float) -> float:
    """The squared distance of such a point from the profile."""
    foot_x, foot_y = profile_foot(x, y, slope, height)
    return (x - foot_x) * (x - foot_x) + (y - foot_y) * (y - foot_y)


def ridge_point(x: float, y: float, slope: float, height: float) -> float:
    """The squared distance of such a point from the side of the profile and the wall above it, from within as well."""
    up = (slope * x - y) / (1.0 + slope * slope)
    up = min(max(up, 0.0), height)
    side = (x - slope * up) * (x - slope * up) + (y + up) * (y + up)
    above = y + height if y > -height else 0.0
    out = x - slope * height
    return min(side, out * out + above * above)


def profile_line(
    start: tuple[float, float], step: tuple[float, float], slope: float, height: float
) -> tuple[float, float]:
    """Squared distance of a straight line (x, y) from the profile, and the parameter from 0 to 1 where it is least."""
    x, y = start
    dx, dy = step
    # The profile lies on the inner side of its bottom, of its leaning side and of the wall above that.
    first, last = clip(y, dy, 0.0, 1.0)
    first, last = clip(x + slope * y, dx + slope * dy, first, last)
    if slope > 0.0:
        first, last = clip(x - slope * height, dx, first, last)
    if first <= last:
        return 0.0, first
    least = profile_point(x, y, slope, height)
    where = 0.0
    end = profile_point(x + dx, y + dy, slope, height)
    if end < least:
        least, where = end, 1.0
    toe, t = origin_line(x, y, dx, dy)
    if toe < least:
        least, where = toe, t
    if slope > 0.0:
        shoulder, t = origin_line(x - slope * height, y + height, dx, dy)
        if shoulder < least:
            least, where = shoulder, t
    return least, where


def slot_point(x: float, y: float, high: float) -> float:
    beside = max(x, 0.0)
    off = abs(y) - high
    return beside * beside + off * off if off > 0.0 else beside * beside


def slot_line(start: tuple[float, float], step: tuple[float, float], high: float) -> tuple[float, float]:
    """As `profile_line`, from all x up to 0 with y within `high` of 0."""
    x, y = start
    dx, dy = step
    first, last = clip(x, dx, 0.0, 1.0)
    first, last = clip(y - high, dy, first, last)
    first, last = clip(-y - high, -dy, first, last)
    if first <= last:
        return 0.0, first
    least = slot_point(x, y, high)
    where = 0.0
    end = slot_point(x + dx, y + dy, high)
    if end < least:
        least, where = end, 1.0
    above, t = origin_line(x, y - high, dx, dy)
    if above < least:
        least, where = above, t
    under, t = origin_line(x, y + high, dx, dy)
    if under < least:
        least, where = under, t
    return least, where


def origin_line(x: float, y: float, dx: float, dy: float) -> tuple[float, float]:
    """Squared distance of a straight line from 0, 0, and the parameter from 0 to 1 where it is least."""
    square = dx * dx + dy * dy
    t = clamp(-(x * dx + y * dy) / square) if square > 0.0 else 0.0
    x += t * dx
    y += t * dy
    return x * x + y * y, t
