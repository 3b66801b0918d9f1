"""Reference systems: their URIs, the order of their axes, and what their heights refer to."""

import pytest

from layers.crs import parse_crs
from layers.errors import Invalid
from ogc_api.references import CRS84H, find_reference, offer_references


def test_the_default_is_first_and_the_storage_last() -> None:
    """CRS84 is what a client gets that asks for nothing; only EPSG:4326 has latitude first."""
    offered = offer_references(parse_crs("EPSG:9214"))
    assert [r.uri.rpartition("/")[2] for r in offered] == ["CRS84", "4326", "3857", "3405", "32648", "9214"]
    assert [r.is_yx for r in offered] == [False, True, False, False, False, False]
    assert find_reference("crs", None, offered) == offered[0]


def test_another_city_has_another_zone() -> None:
    """UTM zones come of where the city is, not of a list."""
    offered = offer_references(parse_crs("EPSG:28992"))
    assert [r.uri.rpartition("/")[2] for r in offered] == ["CRS84", "4326", "3857", "32631", "28992"]


def test_ellipsoidal_heights_are_offered_where_the_geoid_is_known() -> None:
    """Without the geoid's height CRS84h would lie about every z, so it is not offered."""
    storage = parse_crs("EPSG:9214")
    assert CRS84H not in [r.uri for r in offer_references(storage)]
    lifted = find_reference("crs", CRS84H, offer_references(storage, -18.5))
    assert (lifted.shape().lift_m, lifted.shape().crs.code) == (-18.5, "EPSG:4326")


def test_a_system_that_is_not_offered_is_refused() -> None:
    """The fault names the parameter, and the message all that may be asked for."""
    offered = offer_references(parse_crs("EPSG:9214"))
    with pytest.raises(Invalid, match=r"bbox-crs=EPSG:4326: offered are .*CRS84.*9214"):
        find_reference("bbox-crs", "EPSG:4326", offered)
