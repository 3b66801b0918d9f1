"""Ways out of a conflict: the smallest change by hand, each held against a check of its own, reasons where none is."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from importers.folder import ImportOptions, import_path
from layers.crs import parse_crs
from layers.database import connect
from layers.embedded import create_database
from layers.terrain import read_ground
from twin.clash.answer import Terms, answer
from twin.clash.check import check
from twin.clash.dig import Bore, Depth, Elevation, PlannedDig, Sides, Support, Trench
from twin.clash.outcome import Outcome
from twin.clash.proposal import Change, Way, WaysOut
from twin.clash.rulefile import read_rules
from twin.clash.ways import search
from twin.clash.ways.figures import read_figures
from twin.clash.works import PlannedUtility, Works
from twin.excavations.package.package import Package
from twin.excavations.request import parse_digs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layers.database import Connection
    from layers.terrain import Ground

EAST, NORTH = 562_000.0, 1_820_000.0
STORAGE = parse_crs("EPSG:9214")
BOOK = read_rules()
ASKED = Terms(BOOK, date(2026, 11, 26), ways_out=True)
LINE = shapely.LineString([(EAST + 40, NORTH + 50), (EAST + 60, NORTH + 50)])


@dataclass(frozen=True)
class City:
    """Level ground at 3 m, 100 m × 100 m; what a test adds is gone after it."""

    connection: Connection
    ground: Ground

    def pipe(self, *points: tuple[float, float], z: float | None, **columns: Any) -> None:
        """A pipe of 0.2 m at elevation z, metres from the corner in the south-west, known to ±0.05 and ±0.025."""
        flat, solid = (", ".join(f"{EAST + x} {NORTH + y}{tail}" for x, y in points) for tail in ("", f" {z}"))
        values = {
            "discipline": "water", "vertical_reference": "axis", "ground_source": "none", "section_shape": "circular",
            "elevation_source": "none" if z is None else "measured", "outer_width_m": 0.2, "outer_height_m": 0.2,
            "quality_level": "A", "owner": "Công ty Cấp nước", "geom": f"SRID=9214;LINESTRING({flat})",
            "axis": None if z is None else f"SRID=9214;LINESTRING Z({solid})",
        } | columns  # fmt: skip
        marks = ", ".join(["%s"] * len(values))
        statement = f"insert into utility_lines ({', '.join(values)}) values ({marks})"  # noqa: S608
        self.connection.execute(statement, list(values.values()))

    def area(self, table: str, bounds: tuple[float, float, float, float], **columns: Any) -> None:
        west, south, east, north = bounds
        values = columns | {"geom": f"SRID=9214;{shapely.box(EAST + west, NORTH + south, EAST + east, NORTH + north)}"}
        marks = ", ".join(["st_multi(%s::geometry)" if name == "geom" else "%s" for name in values])
        statement = f"insert into {table} ({', '.join(values)}) values ({marks})"  # noqa: S608
        self.connection.execute(statement, list(values.values()))

    def ways(self, dig: PlannedDig) -> WaysOut:
        """What is proposed, each of them held against a check of its own first."""
        found = answer(self.connection, self.ground, dig, ASKED).ways_out
        assert found is not None
        for way in found.ways:
            checked = check(self.connection, self.ground, way.dig, BOOK)
            (sent,) = parse_digs(json.loads(json.dumps(way.to_json()["request"])), None, STORAGE)
            assert sent == way.dig, "what is sent back is what was checked, to the last bit"
            again = check(self.connection, self.ground, sent, BOOK)
            assert (again.is_clear, again.counts) == (checked.is_clear, checked.counts)
            assert not checked.counts["definite"]
            if way.change is Change.HAND:
                assert all(clash.outcome is Outcome.CLEAR for clash in checked.clashes)
            else:
                assert checked.is_clear == way.is_clear
        assert [way.rank for way in found.ways] == sorted(way.rank for way in found.ways)
        shown, not_shown = ({way.change for way in found.ways}, {change for change, _ in found.without})
        assert shown | not_shown >= set(Change) - {Change.COMBINED}
        assert not shown & not_shown
        return found


@pytest.fixture(scope="module")
def whole(cluster: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    data = tmp_path_factory.mktemp("ways")
    folder = data / "terrain"
    folder.mkdir()
    options = {"driver": "GTiff", "width": 100, "height": 100, "count": 1, "dtype": "float32", "nodata": -9999}
    place = from_origin(EAST, NORTH + 100, 1, 1)
    with rasterio.open(folder / "dem.tif", "w", crs="EPSG:9214", transform=place, **options) as out:
        out.write(np.full((100, 100), 3, "float32"), 1)
    with connect(create_database(cluster, "ways_out", template)) as opened:
        import_path(opened, data, folder, ImportOptions())
        city = City(opened, read_ground(opened, data))
        city.area("boundaries", (0, 0, 100, 100), level="ward", name="x")
        yield city


@pytest.fixture
def city(whole: City) -> Iterator[City]:
    with undone(whole.connection):
        yield whole


@contextmanager
def undone(connection: Connection) -> Iterator[None]:
    with connection.transaction(force_rollback=True):
        yield


def a_trench(width_m: float = 1.0, depth_m: float = 1.0, sides: Sides | None = None, **works: Any) -> PlannedDig:
    """20 m from west to east; the bottom is at 2.0 m where the depth is 1 m."""
    part = Trench(LINE, width_m, Depth(depth_m), sides or Sides())
    return replace(PlannedDig.of("hào", (part,), STORAGE), works=Works(**works))


def of(found: WaysOut, change: Change) -> list[Way]:
    return [way for way in found.ways if way.change is change]


def test_smallest_shift_narrowing_and_order(city: City) -> None:
    """A pipe 0.60 m off the middle of 1 m: 0.15 m too near; 0.10 m south is the least, narrower is as good."""
    city.pipe((30, 50.6), (70, 50.6), z=2.4)
    found = city.ways(a_trench())
    south, north = of(found, Change.SHIFT)
    assert south.figures["shift_m"] == 0.10, "0.05 m would leave the gap of ±0.05 m at 0, which touches"
    assert (south.figures["east_m"], south.figures["north_m"]) == pytest.approx((0.0, -0.1))
    assert north.figures["shift_m"] == 1.30, "past the pipe: 0.60 + 0.65 m and a step"
    (narrow,) = of(found, Change.NARROW)
    assert narrow.figures["width_m"] == 0.90
    assert "giữ nguyên mép phía nam" in narrow.text.vi
    assert [way.change for way in found.ways[:3]] == [Change.NARROW, Change.SHIFT, Change.SHIFT]
    assert all(way.is_clear for way in found.ways[:3])


def test_shift_into_a_parcel_ranks_behind(city: City) -> None:
    """The least shift enters somebody's land: the longer one within the street is better, forbidden ground no way."""
    city.pipe((30, 50.2), (70, 50.2), z=2.4)
    city.area("parcels", (0, 40, 100, 49.4), number="17", sheet="4")
    first, *others = of(city.ways(a_trench()), Change.SHIFT)
    assert first.figures["north_m"] > 0
    assert not first.brings
    (second,) = others
    assert second.figures["shift_m"] < first.figures["shift_m"]
    assert [matter.kind for matter in second.brings] == ["parcel"]
    assert second.is_clear
    city.area("restricted_zones", (0, 50.8, 100, 60), name="Di tích", kind="heritage", demand="forbidden")
    assert all(way.figures["north_m"] < 0 for way in of(city.ways(a_trench()), Change.SHIFT)), (
        "forbidden ground is never proposed"
    )


def test_crossings_are_dug_by_hand_or_bored_under(city: City) -> None:
    """A crossing at station 10: by hand 0.10 + 0.05 + 0.50 m to both sides of it, or a bore that keeps its distance."""
    city.pipe((50, 30), (50, 70), z=2.2)
    found = city.ways(a_trench())
    (hand,) = of(found, Change.HAND)
    assert "0+009.3 – 0+010.7" in hand.text.en
    assert (hand.figures["hand_m"], hand.figures["machine_m"]) == (1.4, 18.6)
    assert hand.leaves["exposed"] == 1
    assert hand.hand_dug is not None
    assert hand.hand_dug.area == pytest.approx(1.4)
    cable = PlannedUtility(discipline="telecom", size_m=(0.1, 0.1))
    found = city.ways(a_trench(laid=(cable,)))
    assert not of(found, Change.HAND), "what is laid would still break its distance"
    (bore,) = of(found, Change.BORE)
    (hole,) = (part for part in bore.dig.parts if isinstance(part, Bore))
    assert isinstance(hole.axis, Depth)
    # The vertical 0.5 m of telecom and water binds what is drawn in: crown below 2.2 - 0.1 - 0.5 - 0.025.
    assert 3 - hole.axis.below_ground_m + 0.05 <= 1.575
    assert 3 - (hole.axis.below_ground_m - 0.25) + 0.05 > 1.575, "a step less deep would break it"
    assert bore.is_clear
    assert not hand.is_clear


def test_elevations_and_bores_have_ways_too(city: City) -> None:
    """A bottom given as an elevation is raised no further than 0.30 m deep; a bore is driven deeper."""
    city.pipe((50, 30), (50, 70), z=2.2)
    level = PlannedDig.of("hào", (Trench(LINE, 1.0, Elevation(2.0)),), STORAGE)
    (depth,) = of(city.ways(level), Change.DEPTH)
    (part,) = depth.dig.parts
    assert isinstance(part, Trench)
    assert part.bottom == Elevation(2.35), "above 2.2 + 0.10 + 0.025"
    bore = PlannedDig.of("khoan", (Bore(LINE, Depth(0.8), 0.2),), STORAGE)
    higher = [way.figures["higher_m"] for way in of(city.ways(bore), Change.DEPTH)]
    assert sorted(higher) == [-0.25, 0.25], "0.10 + 0.10 + 0.025 m apart are touching or less, a step more is clear"


def test_package_tells_the_ways(city: City) -> None:
    """Page and GeoJSON list what was found and why the rest is no way out."""
    city.pipe((50, 30), (50, 70), z=2.2)
    package = Package(answer(city.connection, city.ground, a_trench(), ASKED), "vi")
    page = package.write("html").decode()
    assert "Phương án xử lý" in page
    assert "Đào thủ công 1,4 m: 0+009,3 – 0+010,7" in page
    assert "Không khả thi" in page
    assert re.findall(r"\d\.\d+ (?:m|%)", page) == [], "numbers have a decimal comma"
    features = json.loads(package.write("geojson"))["features"]
    assert {"way_out", "hand_dug"} <= {feature["properties"]["role"] for feature in features}
    assert package.write("pdf").startswith(b"%PDF")


def test_less_deep_keeps_the_cover_of_what_is_laid(city: City) -> None:
    """Water needs 0.7 m over its crown: 0.4 m less deep would clear the crossing and is not proposed."""
    city.pipe((50, 30), (50, 70), z=1.95, discipline="storm", owner=None)
    shallow = of(city.ways(a_trench(depth_m=1.2)), Change.DEPTH)
    assert shallow[0].dig.depth_m == pytest.approx(0.9), "bottom above 1.95 + 0.10 + 0.025"
    assert any("chưa khai báo" in caveat.vi for caveat in shallow[0].caveats)
    laid = PlannedUtility(discipline="water", size_m=(0.2, 0.2), depth_m=0.8)
    found = city.ways(a_trench(depth_m=1.2, laid=(laid,)))
    assert all(way.is_clear is False for way in of(found, Change.DEPTH))


def test_shoring_clears_what_only_the_batter_reaches(city: City) -> None:
    """A pipe beside the floor that a side of 1:1 digs away stays where the trench is shored."""
    city.pipe((30, 51.0), (70, 51.0), z=2.7)
    found = city.ways(a_trench(sides=Sides(Support.BATTERED, slope=1.0)))
    (shored,) = of(found, Change.SHORE)
    assert shored.is_clear


def test_other_side_of_the_street(city: City) -> None:
    """Cables fill one pavement; on the other, as far from the middle line, the trench is clear."""
    for y in np.arange(44, 56, 0.5):
        city.pipe((30, float(y)), (70, float(y)), z=2.4)
    city.connection.execute(
        "insert into roads (name, width_m, geom) values ('Lê Lợi', 20, %s)",
        (f"SRID=9214;MULTILINESTRING(({EAST} {NORTH + 59}, {EAST + 100} {NORTH + 59}))",),
    )
    (side,) = of(city.ways(a_trench()), Change.SIDE)
    assert side.figures["across_m"] == pytest.approx(18.0)
    assert side.is_clear
    assert "Lê Lợi" in side.text.vi


def test_two_changes_where_none_alone_clears(city: City) -> None:
    """Beside the trench is a gap of 0.95 m: moved it touches, narrower it stays where it is, both at once are clear."""
    for y in (48.9, 50.15, *np.arange(43, 48.9, 0.5), *np.arange(50.5, 58, 0.5)):
        city.pipe((30, float(y)), (70, float(y)), z=2.85)
    found = city.ways(a_trench(0.9, 1.1))
    assert not [way for way in found.ways if way.is_clear and way.change in (Change.SHIFT, Change.NARROW)]
    best = of(found, Change.COMBINED)[0]
    assert best.is_clear
    # From 48.9 + 0.15 to 50.15 - 0.15; 0.85 m about 49.55 leave 0.075 and 0.025 m of that.
    assert (best.figures["width_m"], best.figures["north_m"]) == pytest.approx((0.85, -0.45))
    assert "; đồng thời: " in best.text.vi
    costs = read_figures().cost
    assert best.cost <= costs(Change.NARROW, 0.1) + costs(Change.SHIFT, 0.5)
    city.pipe((30, 49.6), (70, 49.6), z=2.85)
    found = city.ways(a_trench(0.9, 1.1))
    assert not [way for way in of(found, Change.COMBINED) if "higher_m" not in way.figures]


def test_no_way_is_said_with_its_reasons(city: City) -> None:
    """Lines of unknown depth lie everywhere: nothing is clear, so nothing is shown, and each kind says why."""
    for y in np.arange(20, 80, 1.0):
        city.pipe((10, float(y)), (90, float(y)), z=None, quality_level=None)
    found = city.ways(a_trench())
    assert not [way for way in found.ways if way.is_clear]
    reasons = dict(found.without)
    assert "4 m" in reasons[Change.SHIFT].en
    assert reasons[Change.HAND].vi.startswith("Không còn đoạn nào")
    limits = read_figures().search
    assert found.trials <= limits.most_trials + limits.most_combined


def test_a_doubtful_way_says_so_and_ranks_below(city: City) -> None:
    """A cable of unknown depth crosses too: past the pipe the trench still meets it, which is told."""
    city.pipe((30, 50.6), (70, 50.6), z=2.4)
    city.pipe((45, 30), (45, 70), z=None, discipline="power")
    found = city.ways(a_trench())
    shift = of(found, Change.SHIFT)[0]
    assert shift.leaves == {"unknown": 1}
    assert shift.to_json()["is_clear"] is False


def test_what_the_full_check_denies_is_never_shown(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the trials wrong, the full check would still stand between them and the reader."""
    city.pipe((30, 50.6), (70, 50.6), z=2.4)
    dig = a_trench()
    report = answer(city.connection, city.ground, dig, replace(ASKED, ways_out=False))
    assert report.ways_out is None
    assert report.surroundings is not None
    monkeypatch.setattr(search, "review", lambda *_: report)
    found = search.find_ways_out(city.connection, city.ground, dig, BOOK, report)
    assert found is not None
    assert [way.change for way in found.ways if way.change is not Change.HAND] == []
    assert "full check" in dict(found.without)[Change.SHIFT].en
    assert found.checks <= read_figures().search.most_checks


def test_a_clear_dig_has_no_ways_out(city: City) -> None:
    """Nobody searches where nothing is in the way."""
    city.pipe((30, 55), (70, 55), z=2.4)
    assert answer(city.connection, city.ground, a_trench(), ASKED).ways_out is None
