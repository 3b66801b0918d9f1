"""Editions: what pygeoapi knows of the layers, as long as it is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from layers.database import Audience, Reader
from ogc_api.config import Service
from ogc_api.edition import Editions

if TYPE_CHECKING:
    from conftest import Town

    from ogc_api.edition import Edition


def test_extents_follow_the_data(town: Town) -> None:
    """An edition knows the bounds in degrees at its making; the next is made when a layer has changed, not before."""
    reader = Reader(town.login(Audience.PUBLIC), Audience.PUBLIC)
    editions = Editions(Service(reader, "http://127.0.0.1/ogc"), check_after_s=0)
    lazy = Editions(Service(reader, "http://127.0.0.1/ogc"), check_after_s=float("inf"))
    town.a_tree(107.58, 16.46)
    town.a_ward("Thuận Hóa", 107.5, 16.4)
    first = editions.current()
    assert lazy.current() is lazy.current()
    assert _bbox(first, "trees") == pytest.approx([107.58, 16.46, 107.58, 16.46], abs=1e-6)
    west, south, east, north = _bbox(first, "boundaries")
    assert 107.5 - 1e-3 < west <= 107.5
    assert 107.6 <= east < 107.6 + 1e-3
    assert 16.4 - 1e-3 < south <= 16.4
    assert 16.5 <= north < 16.5 + 1e-3
    assert editions.current() is first
    town.a_tree(107.6, 16.5)
    assert _bbox(editions.current(), "trees") == pytest.approx([107.58, 16.46, 107.6, 16.5], abs=1e-3)
    assert _bbox(lazy.current(), "trees") == _bbox(first, "trees")
    town.execute("truncate trees")
    assert _bbox(editions.current(), "trees")[0] < 107.5
    reader.close()


def test_a_stray_feature_does_not_stop_the_service(town: Town) -> None:
    """A geometry that lies nowhere on earth leaves the extent within it, and the service alive."""
    reader = Reader(town.login(Audience.PUBLIC), Audience.PUBLIC)
    editions = Editions(Service(reader, "http://127.0.0.1/ogc"), check_after_s=0)
    town.execute("insert into trees (geom) values (st_setsrid(st_makepoint(1e15, 1e15), 9214))")
    assert all(abs(value) <= 180 for value in _bbox(editions.current(), "trees"))
    town.a_tree()
    assert all(abs(value) <= 180 for value in _bbox(editions.current(), "trees"))
    reader.close()


def _bbox(edition: Edition, layer: str) -> list[float]:
    extent: list[float] = edition.config["resources"][layer]["extents"]["spatial"]["bbox"]
    return extent
