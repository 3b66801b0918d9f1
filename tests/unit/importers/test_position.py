"""Reference systems: what is believed, what is corrected, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.position import City, Placement, Reading, move, move_lines, place
from importers.source import SourceLayer
from layers.crs import parse_crs, transform_geometries
from layers.linestrings import LineStrings

HUE = parse_crs("EPSG:9214")
WARD = shapely.box(561_000, 1_819_500, 563_000, 1_821_500)
CITY = City(HUE, WARD)
MISLABELLED = (
    'PROJCS["WGS 84 / TM 107",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",107],PARAMETER["scale_factor",0.9999],'
    'PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1]]'
)


def points(*xy: tuple[float, float]) -> np.ndarray:
    return np.array([shapely.Point(*p) for p in xy], dtype=object)


INSIDE = points((562_000, 1_820_000), (562_500, 1_820_500))


def put(geometries: np.ndarray, crs: str | None, *, given: str | None = None, force: bool = False) -> Placement:
    layer = SourceLayer("ong", geometries, {}, np.arange(1, len(geometries) + 1), crs=crs, crs_origin=".prj")
    return place(layer, geometries, CITY, parse_crs(given) if given else None, force=force)


def refusal(geometries: np.ndarray, crs: str | None, **options: object) -> tuple[Fault, str, str]:
    with pytest.raises(Rejected) as caught:
        put(geometries, crs, **options)  # type: ignore[arg-type]
    finding = caught.value.finding
    return finding.fault, finding.message, finding.remedy


@pytest.mark.parametrize(
    "code", ["EPSG:9214", "EPSG:5898", "EPSG:9215", "EPSG:3405", "EPSG:4326", "EPSG:4756", "EPSG:32648"]
)
def test_declared_systems_come_home(code: str) -> None:
    """Every system that departments use leads to the same millimetre."""
    delivered = transform_geometries(INSIDE, HUE, parse_crs(code))
    placed = put(delivered, code)
    assert placed.inside.all()
    assert shapely.get_coordinates(placed.geometries) == pytest.approx(shapely.get_coordinates(INSIDE), abs=5e-4)
    assert placed.findings == ()


def test_vn2000_labelled_wgs84_is_refused() -> None:
    """The label that is 225 m wrong is never believed, though the coordinates would fall into the city."""
    fault, message, remedy = refusal(INSIDE, MISLABELLED)
    assert fault is Fault.CRS_MISLABELLED
    assert "225 m" in message
    assert "--crs" in remedy


def test_mislabelled_file_loads_when_the_user_says_what_it_is() -> None:
    """A person who knows may overrule the label, for the one file that they name."""
    placed = put(INSIDE, MISLABELLED, given="EPSG:9214", force=True)
    assert placed.crs == HUE
    assert placed.inside.all()


def test_user_crs_does_not_overrule_declarations_of_a_whole_folder() -> None:
    """--crs fills gaps; a file that says 5898 stays 5898."""
    delivered = transform_geometries(INSIDE, HUE, parse_crs("EPSG:5898"))
    assert put(delivered, "EPSG:5898", given="EPSG:9214").crs == parse_crs("EPSG:5898")


def test_neighbouring_zone_is_found_by_the_boundary() -> None:
    """Labelled 108°, surveyed in 107°: 107 km off, refused with the system that would fit."""
    fault, _, remedy = refusal(INSIDE, "EPSG:5898")
    assert fault is Fault.CRS_WRONG
    assert "EPSG:9214" in remedy


def test_no_declaration_is_never_guessed() -> None:
    """Ranges of zones overlap, so even coordinates that fit are refused, with the fitting systems as a hint."""
    fault, _, remedy = refusal(INSIDE, None)
    assert fault is Fault.CRS_MISSING
    assert "EPSG:9214" in remedy


def test_swapped_axes_are_put_right_and_said() -> None:
    """X north, Y east: corrected only because nothing lies in the city as delivered and all does when swapped."""
    swapped = points(*[(p.y, p.x) for p in INSIDE])
    placed = put(swapped, "EPSG:9214")
    assert shapely.get_coordinates(placed.geometries).tolist() == shapely.get_coordinates(INSIDE).tolist()
    assert [f.fault for f in placed.findings] == [Fault.AXES_SWAPPED]


def test_swapped_axes_keep_z() -> None:
    """Swapping x and y must not touch the third number."""
    line = np.array([shapely.LineString([(1_820_000, 562_000, 1.5), (1_820_010, 562_010, 1.6)])], dtype=object)
    placed = put(line, "EPSG:9214")
    assert shapely.get_coordinates(placed.geometries, include_z=True)[:, 2].tolist() == [1.5, 1.6]


def test_a_surveyors_table_with_some_rows_in_the_other_order() -> None:
    """Most rows have x north, two have it east: those that most rows say are placed, the others refused one by one."""
    mixed = points(*[(1_820_000 + i, 562_000) for i in range(3)], (562_000, 1_820_000), (16.46, 107.59))
    layer = SourceLayer("ho-ga", mixed, {}, np.arange(5), crs="EPSG:9214", crs_origin=".prj", surveyor_axes=True)
    assert place(layer, mixed, CITY, None, force=False).inside.tolist() == [True] * 3 + [False] * 2


@pytest.mark.parametrize("code", ["EPSG:4147", "EPSG:2044", "EPSG:2045"])
def test_hanoi_1972_is_refused(code: str) -> None:
    """From HN-72 only a guess leads here, 58 m off."""
    assert refusal(points((560_000, 1_820_000)), code)[0] is Fault.CRS_UNUSABLE


def test_way_that_may_be_40_m_off_is_refused() -> None:
    """From Indian 1960 there is a published way, but no pipe may be dug for by it."""
    fault, message, *_ = refusal(points((776_439, 1_822_112)), "EPSG:3148")
    assert fault is Fault.CRS_UNUSABLE
    assert "m only" in message


def test_zone_number_is_named_in_surveyors_order_too() -> None:
    """A table whose X is north has its zone number in the second column."""
    for at in ((48_776_439.0, 1_822_112.0), (1_822_112.0, 48_776_439.0)):
        fault, message, *_ = refusal(points(at), "EPSG:3405")
        assert fault is Fault.CRS_WRONG
        assert "zone number 48" in message


def test_deprecated_swapped_definition_is_refused() -> None:
    """EPSG:6956-6959 have false easting and northing exchanged, in a .prj that names no code too."""
    assert refusal(INSIDE, "EPSG:6956")[0] is Fault.CRS_UNUSABLE
    label = parse_crs("EPSG:5897").wkt1.replace('"EPSG","5897"', '"Nobody","1"')
    swapped = label.replace('"false_easting",500000', '"false_easting",0').replace(
        '"false_northing",0', '"false_northing",500000'
    )
    fault, message, *_ = refusal(INSIDE, swapped)
    assert fault is Fault.CRS_UNUSABLE
    assert "swapped" in message


def test_one_stray_feature_does_not_condemn_the_layer() -> None:
    """A row 30 km off is told from the rest; so is one that no projection can take."""
    placed = put(points((562_000, 1_820_000), (592_000, 1_820_000), (1e30, -1e30)), "EPSG:9214")
    assert placed.inside.tolist() == [True, False, False]


def test_a_layer_without_any_sound_geometry_is_placed() -> None:
    """Where no coordinate is a number each row is refused for that; the reader does not fail."""
    assert not len(put(points(), "EPSG:9214").inside)


def test_nothing_in_the_city_is_refused() -> None:
    """Coordinates that fit no system stay out, without a hint that would mislead."""
    fault, _, remedy = refusal(points((12.0, 41.9), (12.1, 41.9)), "EPSG:4326")
    assert fault is Fault.OUTSIDE_CITY
    assert "would lie" not in remedy


def test_without_a_boundary_the_area_of_use_holds() -> None:
    """A new city has no boundary yet: the CRS's own area still catches what is in another country."""
    city = City(parse_crs("EPSG:28992"))
    assert city.contains(points((83_000, 431_000), (5_000_000, 431_000))).tolist() == [True, False]


@pytest.mark.parametrize("is_swapped", [False, True])
def test_plain_lines_move_as_their_geometries(*, is_swapped: bool) -> None:
    """Lines as arrays come to the same bits as one by one; where one may lie elsewhere, none is taken."""
    reading = Reading(parse_crs("EPSG:3405"), "declared", is_swapped=is_swapped)
    ends = shapely.get_coordinates(transform_geometries(INSIDE, HUE, reading.crs))[:, :: -1 if is_swapped else 1]
    vertices = np.column_stack([np.vstack([ends, ends[::-1], ends[:1]]), [1.5, 2.5, 3.5, 4.5, 5.5]])
    lines = LineStrings(vertices, np.array([2, 3]))
    placed = move_lines(lines, reading, CITY)
    assert placed is not None
    assert isinstance(placed.geometries, LineStrings)
    assert placed.inside.tolist() == [True, True]
    true = move(lines.to_objects(), reading, CITY).geometries
    assert shapely.to_wkb(placed.geometries.to_objects()).tolist() == shapely.to_wkb(true).tolist()
    for stray in (ends[0] + 9000, np.nan, np.inf):
        astray = LineStrings(vertices.copy(), lines.counts)
        astray.vertices[3, :2] = stray
        assert move_lines(astray, reading, CITY) is None
