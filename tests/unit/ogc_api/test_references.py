"""Reference systems: their URIs, and the order of their axes."""

import json

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from layers.crs import parse_crs
from layers.errors import Invalid
from ogc_api.references import find_reference, offer_references, swap_axes

ORDINATE = st.floats(-1e7, 1e7)
POINTS = st.tuples(ORDINATE, ORDINATE, ORDINATE).map(shapely.Point)
LINES = st.lists(st.tuples(ORDINATE, ORDINATE), min_size=2, max_size=5).map(shapely.LineString)
GEOMETRIES = st.one_of(POINTS, LINES, st.lists(LINES, min_size=1, max_size=3).map(shapely.MultiLineString))


def feature(geometry: shapely.Geometry | None) -> str:
    shape = None if geometry is None else json.loads(shapely.to_geojson(geometry))
    return json.dumps({"type": "Feature", "id": 1, "geometry": shape, "properties": {"tên": "a,b"}}, ensure_ascii=False)


@given(st.lists(st.one_of(st.none(), GEOMETRIES), max_size=4))
def test_axes_swapped_twice_are_as_before(geometries: list[shapely.Geometry | None]) -> None:
    """Nothing but the order of x and y changes, in any geometry, and all features stay."""
    text = ",".join(map(feature, geometries))
    assert json.loads(f"[{swap_axes(swap_axes(text))}]") == json.loads(f"[{text}]")


def test_a_position_keeps_its_height() -> None:
    """Latitude and longitude change places, z does not."""
    swapped = json.loads(swap_axes(feature(shapely.Point(107.5, 16.4, -1.25))))
    assert swapped["geometry"]["coordinates"] == [16.4, 107.5, -1.25]


def test_the_default_is_first_and_the_storage_last() -> None:
    """CRS84 is what a client gets that asks for nothing; only EPSG:4326 has latitude first."""
    offered = offer_references(parse_crs("EPSG:9214"))
    assert [reference.uri.rpartition("/")[2] for reference in offered] == ["CRS84", "4326", "3857", "9214"]
    assert [reference.is_yx for reference in offered] == [False, True, False, False]
    assert find_reference("crs", None, offered) == offered[0]


def test_a_system_that_is_not_offered_is_refused() -> None:
    """The fault names the parameter, and the message all that may be asked for."""
    offered = offer_references(parse_crs("EPSG:9214"))
    with pytest.raises(Invalid, match=r"bbox-crs=EPSG:4326: offered are .*CRS84.*9214"):
        find_reference("bbox-crs", "EPSG:4326", offered)
