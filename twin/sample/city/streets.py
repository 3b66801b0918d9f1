"""The streets of an invented ward by a river: centre lines in EPSG:9214, x east, y north, metres.

The plan is drawn straight in a frame of its own (u along the river, v inland from the bank) and then bent gently, so
that crossings and blocks are found on straight lines and still look grown.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Points = NDArray[np.float64]

CENTRE = (562_000.0, 1_820_500.0)
LENGTH_M = 1600.0
DEPTH_M = 1080.0
BEARING = np.radians(13.0)
_SPACING_M = 18.0
_JITTER_M = 7.0


@dataclass(frozen=True, slots=True)
class Profile:
    """Widths of one kind of street: between the fronts, and of the carriageway."""

    name: str
    width_m: float
    carriageway_m: float
    surface: str


BOULEVARD = Profile("Đại lộ", 36.0, 24.0, "Bê tông nhựa")
MAIN = Profile("Đường phố chính", 24.0, 14.0, "Bê tông nhựa")
MINOR = Profile("Đường phố", 14.0, 8.0, "Bê tông nhựa")
LANE = Profile("Kiệt", 5.0, 4.0, "Bê tông xi măng")
BRIDGE = Profile("Cầu", 20.0, 15.0, "Bê tông nhựa")

BANK = "bờ sông"

# Name, profile, corners (u, v), and the streets it begins and ends at.
_Entry = tuple[str, Profile, tuple[tuple[float, float], ...], tuple[str | None, str | None]]
_PLAN: tuple[_Entry, ...] = (
    ("Lê Lợi", MAIN, ((30, 80), (1570, 68)), ("Bà Triệu", "Nguyễn Tri Phương")),
    ("Lý Thường Kiệt", MAIN, ((30, 318), (1570, 336)), ("Bà Triệu", "Nguyễn Tri Phương")),
    ("Nguyễn Huệ", MAIN, ((30, 572), (1570, 548)), ("Bà Triệu", "Nguyễn Tri Phương")),
    ("Phan Bội Châu", MAIN, ((30, 802), (1570, 786)), ("Bà Triệu", "Nguyễn Tri Phương")),
    ("Hoàng Hoa Thám", MINOR, ((30, 1046), (1570, 1064)), ("Bà Triệu", "Nguyễn Tri Phương")),
    ("Trương Định", MINOR, ((30, 196), (600, 208)), ("Bà Triệu", "Hùng Vương")),
    ("Phạm Hồng Thái", MINOR, ((600, 214), (1390, 188)), ("Hùng Vương", "Trần Quang Khải")),
    ("Ngô Quyền", MINOR, ((30, 446), (600, 434)), ("Bà Triệu", "Hùng Vương")),
    ("Hai Bà Trưng", MINOR, ((400, 690), (1570, 664)), ("Tôn Đức Thắng", "Nguyễn Tri Phương")),
    ("Võ Thị Sáu", MINOR, ((30, 926), (820, 914)), ("Bà Triệu", "Hùng Vương")),
    ("Bà Triệu", MINOR, ((26, 0), (38, 1046)), (BANK, "Hoàng Hoa Thám")),
    ("Đội Cung", MINOR, ((206, 80), (220, 572)), ("Lê Lợi", "Nguyễn Huệ")),
    ("Tôn Đức Thắng", MINOR, ((410, 80), (392, 1046)), ("Lê Lợi", "Hoàng Hoa Thám")),
    ("Hùng Vương", BOULEVARD, ((606, 0), (596, 560), (1150, 1055)), (BANK, "Hoàng Hoa Thám")),
    ("Hà Nội", MAIN, ((836, 80), (822, 700)), ("Lê Lợi", "Hai Bà Trưng")),
    ("Bến Nghé", MINOR, ((1018, 190), (1006, 800)), ("Phạm Hồng Thái", "Phan Bội Châu")),
    ("Đống Đa", MAIN, ((1206, 0), (1222, 1060)), (BANK, "Hoàng Hoa Thám")),
    ("Trần Quang Khải", MINOR, ((1392, 74), (1384, 800)), ("Lê Lợi", "Phan Bội Châu")),
    ("Nguyễn Tri Phương", MINOR, ((1574, 0), (1566, 1064)), (BANK, "Hoàng Hoa Thám")),
    ("Kiệt 41 Lý Thường Kiệt", LANE, ((212, 378), (404, 372)), ("Đội Cung", "Tôn Đức Thắng")),
    ("Kiệt 22 Nguyễn Huệ", LANE, ((218, 510), (404, 506)), ("Đội Cung", "Tôn Đức Thắng")),
    ("Kiệt 8 Bà Triệu", LANE, ((34, 646), (400, 640)), ("Bà Triệu", "Tôn Đức Thắng")),
    ("Kiệt 30 Bà Triệu", LANE, ((34, 722), (400, 728)), ("Bà Triệu", "Tôn Đức Thắng")),
    ("Kiệt 17 Hà Nội", LANE, ((824, 402), (1012, 408)), ("Hà Nội", "Bến Nghé")),
    ("Kiệt 25 Hà Nội", LANE, ((824, 478), (1010, 474)), ("Hà Nội", "Bến Nghé")),
    ("Kiệt 9 Đống Đa", LANE, ((1010, 612), (1216, 606)), ("Bến Nghé", "Đống Đa")),
    ("Kiệt 12 Đống Đa", LANE, ((1214, 262), (1390, 256)), ("Đống Đa", "Trần Quang Khải")),
    ("Kiệt 36 Đống Đa", LANE, ((1216, 406), (1388, 412)), ("Đống Đa", "Trần Quang Khải")),
    ("Kiệt 52 Đống Đa", LANE, ((1216, 478), (1388, 482)), ("Đống Đa", "Trần Quang Khải")),
    ("Kiệt 70 Đống Đa", LANE, ((1218, 900), (1568, 906)), ("Đống Đa", "Nguyễn Tri Phương")),
    ("Kiệt 88 Đống Đa", LANE, ((1220, 984), (1568, 978)), ("Đống Đa", "Nguyễn Tri Phương")),
    ("Kiệt 5 Võ Thị Sáu", LANE, ((212, 802), (216, 926)), ("Phan Bội Châu", "Võ Thị Sáu")),
    ("Cầu Bến Sông", BRIDGE, ((606, 0), (612, -165)), (BANK, None)),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Street:
    """A centre line, vertices about 18 m apart, and which of them are crossings or ends."""

    name: str
    profile: Profile
    points: Points
    breaks: tuple[int, ...]
    begins_at: str | None
    ends_at: str | None

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """First and last vertex of each piece between two crossings."""
        return list(zip(self.breaks[:-1], self.breaks[1:], strict=True))

    def beside(self, offset_m: float) -> Points:
        """The centre line moved to the right (negative: left) of its direction, vertex by vertex."""
        return self.points + offset_m * normals(self.points)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Streets, the faces between their centre lines, the river bank and the ward's outline."""

    streets: tuple[Street, ...]
    faces: tuple[shapely.Polygon, ...]
    bank: shapely.LineString
    outline: shapely.Polygon


def normals(points: Points) -> Points:
    """Unit vectors to the right of a polyline at its vertices."""
    step = np.diff(points, axis=0)
    step /= np.hypot(step[:, :1], step[:, 1:])
    along = np.vstack([step[:1], step[:-1] + step[1:], step[-1:]])
    along /= np.hypot(along[:, :1], along[:, 1:])
    return np.column_stack([along[:, 1], -along[:, 0]])


def plan_streets(seed: int) -> Plan:
    """The ward's streets and what they enclose."""
    rng = np.random.default_rng((seed, 1))
    drawn = {
        name: np.array(corners) + rng.uniform(-_JITTER_M, _JITTER_M, (len(corners), 2)) * (1.0, 0.6)
        for name, _, corners, _ in _PLAN
    }
    drawn[BANK] = np.array([(-40.0, 0.0), (LENGTH_M + 40.0, 0.0)])
    ends = {name: meets for name, _, _, meets in _PLAN}
    lines = {name: _trim(corners, ends.get(name, (None, None)), drawn) for name, corners in drawn.items()}
    streets = tuple(_build(entry, lines) for entry in _PLAN)
    noded = shapely.unary_union([line for name, line in lines.items() if name != "Cầu Bến Sông"], grid_size=0.001)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    outline = shapely.box(4.0, -160.0, LENGTH_M - 4.0, DEPTH_M)
    return Plan(streets, tuple(_bend(face) for face in faces), _bend(lines[BANK]), _bend(outline))


def _trim(corners: Points, meets: tuple[str | None, str | None], drawn: dict[str, Points]) -> shapely.LineString:
    """A drawn line whose ends meet the streets that it begins and ends at."""
    corners = corners.copy()
    for end, before, other in ((0, 1, meets[0]), (-1, -2, meets[1])):
        if other:
            corners[end] = _meet(corners[end], corners[before], drawn[other])
    return shapely.LineString(corners)


def _meet(end: Points, before: Points, other: Points) -> Points:
    """Where the straight line through two points crosses the nearest part of another drawn line."""
    parts = shapely.linestrings(np.stack([other[:-1], other[1:]], axis=1))
    nearest = int(np.argmin(shapely.distance(parts, shapely.Point(end))))
    start, stop = other[nearest], other[nearest + 1]
    share = np.linalg.solve(np.column_stack([end - before, start - stop]), start - before)[0]
    return np.asarray(before + share * (end - before))


def _build(entry: _Entry, lines: dict[str, shapely.LineString]) -> Street:
    name, profile, _, (first, last) = entry
    line = lines[name]
    met = [other for key, other in lines.items() if key != name and shapely.distance(line, other) < 0.01]
    crossings = {round(float(shapely.line_locate_point(line, _touch(line, other))), 3) for other in met}
    stations = sorted(crossings | {0.0, round(line.length, 3)})
    corners = shapely.line_locate_point(line, shapely.points(np.array(line.coords)))
    along = [0.0]
    breaks = [0]
    for start, stop in itertools.pairwise(sorted({*stations, *(round(float(c), 3) for c in corners)})):
        count = max(1, round((stop - start) / _SPACING_M))
        along.extend(np.linspace(start, stop, count + 1)[1:])
        if stop in stations:
            breaks.append(len(along) - 1)
    points = _bend_points(shapely.get_coordinates(shapely.line_interpolate_point(line, along)))
    return Street(name, profile, points, tuple(breaks), first, last)


def _touch(line: shapely.LineString, other: shapely.LineString) -> shapely.Point:
    return shapely.get_point(shapely.shortest_line(line, other), 0)


def _bend(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(shapely.segmentize(shape, 12.0), _bend_points)


def _bend_points(uv: Points) -> Points:
    """Points (n, 2) of the drawing frame in EPSG:9214, to 0.1 mm."""
    u, v = uv[:, 0], uv[:, 1]
    across = u - LENGTH_M / 2 + 26 * np.sin(2 * np.pi * (v + 120) / 1350) + 7 * np.sin(2 * np.pi * v / 560 + 0.7)
    inland = v - DEPTH_M / 2 + 60 + 32 * np.sin(2 * np.pi * u / 1750 + 0.5) + 7 * np.sin(2 * np.pi * u / 620 + 1.9)
    east = CENTRE[0] + across * np.cos(BEARING) + inland * np.sin(BEARING)
    north = CENTRE[1] + across * np.sin(BEARING) - inland * np.cos(BEARING)
    return np.round(np.column_stack([east, north]), 4)
