"""Where the ground over an area is read: rows of points a step apart along its edges and over its inside."""

from math import ceil, sqrt

# Point k of a row, k from 0 to less than `count`, lies at x + f dx, y + f dy, where f = k part / length.
type Row = tuple[float, float, float, float, float, float, float]


def trace_rows(rings: list[list[list[float]]], step: float) -> list[Row]:
    """The rows (x, y, dx, dy, part, length, count) of an area with these rings, closed; one within another is a hole.

    Edges are shared out evenly, no point further than a step from the next; rows within run east, a step apart.
    """
    rows: list[Row] = []
    for ring in rings:
        before = ring[0]
        for after in ring[1:]:
            dx = after[0] - before[0]
            dy = after[1] - before[1]
            length = sqrt(dx * dx + dy * dy)
            if length > 0.0:
                count = float(ceil(length / step))
                rows.append((before[0], before[1], dx, dy, length / count, length, count))
            before = after
        rows.append((before[0], before[1], 0.0, 0.0, 0.0, 1.0, 1.0))
    trace_inside(rings, step, rows)
    return rows


def trace_inside(rings: list[list[list[float]]], step: float, rows: list[Row]) -> None:
    west = min([point[0] for ring in rings for point in ring])
    south = min([point[1] for ring in rings for point in ring])
    north = max([point[1] for ring in rings for point in ring])
    crossings: list[list[float]] = [[] for _ in range(ceil((north - south) / step))]
    for ring in rings:
        before = ring[0]
        for after in ring[1:]:
            cross_rows(before, after, south, step, crossings)
            before = after
    for k in range(len(crossings)):
        east = sorted(crossings[k])
        for i in range(0, len(east) - 1, 2):
            first = max(int((east[i] - west) / step) - 1, 0)
            while west + first * step <= east[i]:
                first += 1
            count = 0
            while west + (first + count) * step < east[i + 1]:
                count += 1
            if count:
                rows.append((west + first * step, south + k * step, step, 0.0, 1.0, 1.0, float(count)))


def cross_rows(
    before: list[float], after: list[float], south: float, step: float, crossings: list[list[float]]
) -> None:
    """Add where an edge crosses each row; of its ends the upper one counts, so that two edges share none."""
    low, high = (before, after) if before[1] < after[1] else (after, before)
    k = max(int((low[1] - south) / step) - 1, 0)
    while k < len(crossings) and south + k * step <= high[1]:
        y = south + k * step
        if y > low[1]:
            crossings[k].append(low[0] + (y - low[1]) / (high[1] - low[1]) * (high[0] - low[0]))
        k += 1
