"""What a dig touches besides utilities, in a real city: each kind found, and none where it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from layers.crs import parse_crs
from layers.database import Audience, Reader
from twin.clash.dig import Bore, Depth, Elevation, Pit, PlannedDig, Sides, Support
from twin.clash.floors import lay_excavation
from twin.clash.rulefile import read_rules
from twin.clash.situation import Situation
from twin.clash.surroundings import Kind, Surroundings, Weight
from twin.clash.survey import survey
from twin.clash.terrain import read_terrain
from twin.clash.works import Works

if TYPE_CHECKING:
    from layers.database import Connection

EAST, NORTH = 562_000.0, 1_820_000.0
STORAGE = parse_crs("EPSG:9214")
BOOK = read_rules()


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """A rectangle in metres from the south-western corner of the place."""
    return shapely.box(EAST + west, NORTH + south, EAST + east, NORTH + north)


def a_dig(area: shapely.Polygon | None = None, **changes: Any) -> PlannedDig:
    """A trench of 20 m × 1 m, 1.5 m deep, in March."""
    values = {"starts_on": date(2027, 3, 1), "ends_on": date(2027, 3, 20)} | changes
    return PlannedDig("A", box(40, 50, 60, 51) if area is None else area, 1.5, STORAGE, **values)


def put(connection: Connection, table: str, shape: shapely.Geometry, **columns: Any) -> int:
    values = columns | {"geom": f"SRID=9214;{shape.wkt}"}
    names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
    statement = f"insert into {table} ({names}) values ({marks}) returning id"  # noqa: S608
    (number,) = connection.execute(statement, list(values.values())).fetchone() or (0,)
    return int(number)


def multi(*polygons: shapely.Polygon) -> shapely.MultiPolygon:
    return shapely.MultiPolygon(list(polygons))


def at(x: float, y: float) -> shapely.Point:
    return shapely.Point(EAST + x, NORTH + y)


def around(connection: Connection, dig: PlannedDig | None = None, depth_m: float | None = 1.5) -> Surroundings:
    return survey(connection, Situation.of(dig or a_dig(), depth_m, BOOK))


def weights(found: Surroundings, *kinds: Kind) -> list[Weight]:
    return [matter.weight for matter in found.of(*kinds)]


def test_roots(connection: Connection) -> None:
    """Twelve stem diameters are kept free, at most 15 m; a tree without a stem on record may be any tree."""
    put(connection, "trees", at(50, 56), code="in", stem_diameter_m=0.45)
    put(connection, "trees", at(50, 57), code="out", stem_diameter_m=0.45)
    put(connection, "trees", at(50, 65.9), code="capped", stem_diameter_m=2.0)
    put(connection, "trees", at(50, 66.1), code="beyond", stem_diameter_m=2.0)
    put(connection, "trees", at(50, 64), code="unknown", species="Muối")
    found = {m.facts["code"]: m for m in around(connection).of(Kind.TREE)}
    assert {code: m.weight for code, m in found.items()} == {
        "in": Weight.DEMANDS,
        "capped": Weight.DEMANDS,
        "unknown": Weight.UNKNOWN,
    }
    assert (found["in"].facts["radius_m"], found["in"].facts["distance_m"]) == pytest.approx((5.4, 5.0))
    assert found["in"].cited is not None
    assert found["in"].cited.id == "bs5837-root-protection"
    assert "Muối unknown" in found["unknown"].text.vi


def test_foundations(connection: Connection) -> None:
    """At 45° from a foot at the surface a dig of 1.5 m reaches buildings up to 1.5 m away, or those above it."""
    near, far = box(40, 52.4, 60, 60), box(40, 52.6, 60, 60)
    number = put(connection, "buildings", multi(near), name="Nhà A")
    assert [m.feature_id for m in around(connection).of(Kind.BUILDING)] == [number]
    assert weights(around(connection, depth_m=1.3), Kind.BUILDING) == []
    assert weights(around(connection, depth_m=None), Kind.BUILDING) == [Weight.UNKNOWN]
    connection.execute("truncate buildings")
    put(connection, "buildings", multi(far))
    assert weights(around(connection), Kind.BUILDING) == []
    connection.execute("truncate buildings")
    put(connection, "buildings", multi(box(45, 45, 55, 55)))
    assert "Lies under" in around(connection, depth_m=0.1).of(Kind.BUILDING)[0].text.en


def test_each_side_opens_what_was_checked(connection: Connection) -> None:
    """A deep pit at the end of a shallow trench does not make the trench lean into the gardens along it."""
    put(connection, "parcels", multi(box(30, 54, 70, 60)))
    leaning = Sides(Support.BATTERED, slope=1.0)
    parts = (Pit(box(40, 50, 60, 51), Depth(1.5), leaning), Pit(box(80, 50, 82, 51), Depth(5.0), leaning))
    dig = replace(a_dig(parts=parts), depth_m=5.0)
    excavation = lay_excavation(parts, read_terrain(parts, lambda xy: np.full(len(xy), 3.0)))
    assert not survey(connection, Situation.of(dig, 5.0, BOOK, excavation.opening)).of(Kind.PARCEL)
    assert around(connection, dig, 5.0).of(Kind.PARCEL)


def test_battered_sides_open_more(connection: Connection) -> None:
    """What battered sides take at the surface is opened, too: the parcel beside the floor is entered."""
    put(connection, "parcels", multi(box(40, 52, 60, 60)), sheet="12", number="7", land_use="ODT")
    assert weights(around(connection), Kind.PARCEL) == []
    sloped = a_dig(parts=(Pit(box(40, 50, 60, 51), Depth(1.5), Sides(Support.BATTERED, slope=1.0)),))
    (matter,) = around(connection, sloped).of(Kind.PARCEL)
    assert matter.facts["entered_m2"] == pytest.approx(0.5 * 20)


def test_parcels_have_no_names_of_people(connection: Connection) -> None:
    """A parcel is told by sheet and number; slivers of drawing are not entered."""
    put(connection, "parcels", multi(box(40, 40, 60, 50.5)), sheet="12", number="7", land_use="ODT")
    put(connection, "parcels", multi(box(40, 50.999, 60, 60)), sheet="12", number="8")
    (matter,) = around(connection).of(Kind.PARCEL)
    assert (matter.weight, matter.facts["number"]) == (Weight.DEMANDS, "7")
    assert matter.facts["entered_m2"] == pytest.approx(10)
    assert "thửa 12/7 (ODT) 10,0 m²" in matter.text.vi


def test_wards_share_a_dig(connection: Connection) -> None:
    """Each ward with its share; the city itself is no ward."""
    put(connection, "boundaries", multi(box(0, 0, 45, 100)), level="ward", name="Thuận Hóa", code="19789")
    put(connection, "boundaries", multi(box(45, 0, 100, 100)), level="ward", name="Phú Xuân", code="19753")
    put(connection, "boundaries", multi(box(0, 0, 100, 100)), level="city", name="Huế", code="46")
    shares = {m.facts["name"]: m.facts["share"] for m in around(connection).of(Kind.WARD)}
    assert shares == {"Thuận Hóa": pytest.approx(0.25), "Phú Xuân": pytest.approx(0.75)}


def test_roads_are_cut_within_their_width(connection: Connection) -> None:
    """A road 5 m beside the dig is cut at 12 m of width, not at 8 m; without a width it may be."""
    line = shapely.MultiLineString([[(EAST, NORTH + 56), (EAST + 100, NORTH + 56)]])
    put(connection, "roads", line, name="Lê Lợi", width_m=12, resurfaced_on=date(2026, 1, 1))
    found = around(connection)
    assert weights(found, Kind.ROAD, Kind.MORATORIUM) == [Weight.FORBIDS, Weight.DEMANDS]
    assert found.of(Kind.ROAD)[0].facts["cut_m2"] == pytest.approx(20)
    assert found.is_forbidden
    connection.execute("update roads set width_m = 8")
    assert weights(around(connection), Kind.ROAD) == []
    connection.execute("update roads set width_m = null")
    assert weights(around(connection), Kind.ROAD, Kind.MORATORIUM) == [Weight.UNKNOWN, Weight.UNKNOWN]


def test_a_bore_cuts_no_road(connection: Connection) -> None:
    """What goes under a road opens nothing, and still enters the parcel above it."""
    line = shapely.MultiLineString([[(EAST, NORTH + 50), (EAST + 100, NORTH + 50)]])
    put(connection, "roads", line, width_m=12, resurfaced_on=date(2026, 1, 1))
    put(connection, "parcels", multi(box(0, 40, 100, 60)), number="1")
    axis = shapely.LineString([(EAST + 50, NORTH + 20), (EAST + 50, NORTH + 80)])
    bore = PlannedDig.of("B", (Bore(axis, Elevation(-2.0), 0.3),), STORAGE)
    found = around(connection, bore, depth_m=5.0)
    assert weights(found, Kind.ROAD, Kind.MORATORIUM) == []
    assert weights(found, Kind.PARCEL) == [Weight.DEMANDS]


def test_restricted_zones(connection: Connection) -> None:
    """A zone forbids or demands while it is valid and from its depth on; with unknown dates it counts."""
    area = multi(box(0, 0, 100, 100))
    put(connection, "restricted_zones", area, name="Kinh thành", kind="heritage", demand="forbidden",
        legal_basis="Luật Di sản văn hóa")  # fmt: skip
    put(connection, "restricted_zones", area, name="Đê", kind="dike", demand="consent", from_depth_m=1.5)
    put(connection, "restricted_zones", area, name="Cũ", kind="other", demand="consent", valid_to=date(2027, 2, 28))
    found = around(connection)
    assert [(m.facts["name"], m.weight) for m in found.of(Kind.ZONE)] == [("Kinh thành", Weight.FORBIDS)]
    names = {m.facts["name"] for m in around(connection, a_dig(starts_on=None), depth_m=1.6).of(Kind.ZONE)}
    assert names == {"Kinh thành", "Đê", "Cũ"}


def test_other_digs(connection: Connection) -> None:
    """Another dig beside it in the same weeks: open together, and better dug once; its own row is no other dig."""
    values = {"status": "permitted", "depth_m": 1.2, "starts_on": date(2027, 3, 10), "ends_on": date(2027, 3, 29)}
    other = put(connection, "excavations", box(40, 52, 60, 53), name="Cáp quang", **values)
    put(connection, "excavations", box(40, 52, 60, 53), name="xong", **(values | {"status": "closed"}))
    own = put(connection, "excavations", box(40, 50, 60, 51), name="A", **values)
    found = around(connection, a_dig(works=Works(excavation_id=own)))
    assert {(m.kind, m.feature_id, m.weight) for m in found.of(Kind.OPEN_TOGETHER, Kind.DIG_ONCE)} == {
        (Kind.OPEN_TOGETHER, other, Weight.DEMANDS),
        (Kind.DIG_ONCE, other, Weight.PROPOSES),
    }
    assert found.of(Kind.DIG_ONCE)[0].facts["shared_m"] == pytest.approx(20)
    assert found.of(Kind.DIG_ONCE)[0].facts["days_saved"] == 20


def test_empty_layers_are_said(connection: Connection) -> None:
    """A city without trees on record has not got no trees."""
    assert around(connection).not_loaded == (
        "trees", "buildings", "parcels", "roads", "boundaries", "restricted_zones", "citizen_reports",
    )  # fmt: skip
    put(connection, "trees", at(0, 0))
    assert "trees" not in around(connection).not_loaded


def test_worst_comes_first_and_all_is_json(connection: Connection) -> None:
    """What forbids stands above what informs, and machines get every matter with its feature."""
    put(connection, "boundaries", multi(box(0, 0, 100, 100)), level="ward", name="Thuận Hóa")
    put(connection, "restricted_zones", multi(box(0, 0, 100, 100)), name="x", kind="other", demand="forbidden")
    told = around(connection).to_json()
    assert [matter["weight"] for matter in told["matters"]] == ["forbids", "informs"]
    assert told["counts"]["forbids"] == 1
    assert told["matters"][0]["feature"]["collection"] == "restricted_zones"


def test_operators_may_survey(city: str, connection: Connection) -> None:
    """The role of the web's operators can read all that the survey needs."""
    put(connection, "trees", at(50, 51), stem_diameter_m=0.3)
    reader = Reader(city.replace("//twin@", "//twin_operator@"), Audience.OPERATOR)
    with reader.connection() as opened:
        assert weights(around(opened), Kind.TREE) == [Weight.DEMANDS]
    reader.close()


@pytest.mark.parametrize("hours", ["6-8", "06:00-08:30,", "25:00-26:00", "06:00", "06:00-08:30;16:00-17:00"])
def test_barred_hours_have_a_form(connection: Connection, hours: str) -> None:
    """What the check could not read is not kept."""
    line = shapely.MultiLineString([[(EAST, NORTH), (EAST + 9, NORTH)]])
    with pytest.raises(Exception, match="ck_roads_barred_hours"):
        put(connection, "roads", line, barred_hours=hours)
