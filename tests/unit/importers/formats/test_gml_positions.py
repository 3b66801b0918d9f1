"""Coordinates and reference systems of GML."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import numpy as np
import pytest

from importers.formats.gml_positions import first_run, measure, read_runs, read_srs


@pytest.mark.parametrize(
    ("xml", "runs"),
    [
        ("<g><posList>1 2 3 4</posList></g>", [[[1, 2], [3, 4]]]),
        ('<g srsDimension="3"><posList>1 2 3 4 5 6</posList></g>', [[[1, 2, 3], [4, 5, 6]]]),
        ('<g><posList srsDimension="3">1 2 3</posList><posList>4 5</posList></g>', [[[1, 2, 3]], [[4, 5]]]),
        ("<g><l><pos>1 2</pos><pos>3 4</pos></l></g>", [[[1, 2], [3, 4]]]),
        ('<g><pos srsDimension="3">1 2 3</pos></g>', [[[1, 2, 3]]]),
        ("<g><coordinates>1,2 3,4</coordinates></g>", [[[1, 2], [3, 4]]]),
        ("<g><posList>1 2 3</posList></g>", [[]]),
        ("<g><posList>1 zwei</posList></g>", [[]]),
        ('<g srsDimension="99999999"><posList>1 2</posList></g>', [[[1, 2]]]),
        ("<g/>", []),
    ],
)
def test_positions_of_every_style(xml: str, runs: list[list[list[float]]]) -> None:
    """Lists, single positions, old coordinates; the dimension is inherited; nonsense is empty."""
    found = list(read_runs(fromstring(xml)))  # noqa: S314 - our own text
    assert [run.tolist() for run in found] == runs


def test_first_run_of_nothing_is_empty() -> None:
    """A missing geometry is no crash."""
    assert len(first_run(None)) == 0
    assert len(first_run(fromstring("<g/>"))) == 0  # noqa: S314 - our own text
    assert np.array_equal(first_run(fromstring("<g><pos>5 6</pos></g>")), [[5, 6]])  # noqa: S314 - our own text


@pytest.mark.parametrize(
    ("name", "code", "latitude_first"),
    [
        ("EPSG:28992", "EPSG:28992", False),
        ("epsg:28992", "EPSG:28992", False),
        ("urn:ogc:def:crs:EPSG::28992", "EPSG:28992", False),
        ("http://www.opengis.net/def/crs/EPSG/0/28992", "EPSG:28992", False),
        ("http://www.opengis.net/gml/srs/epsg.xml#28992", "EPSG:28992", False),
        ("http://spatialreference.org/ref/epsg/28992/", "EPSG:28992", False),
        ("urn:ogc:def:crs,crs:EPSG:6.12:31467,crs:EPSG:6.12:5783", "EPSG:31467", False),
        ("urn:ogc:def:crs:EPSG::4326", "EPSG:4326", True),
        ("EPSG:4326", "EPSG:4326", False),
        ("urn:ogc:def:crs:EPSG::999999", "EPSG:999999", False),
        ("local grid", "local grid", False),
        (None, None, False),
    ],
)
def test_srs_names_of_every_style(name: str | None, code: str | None, latitude_first: bool) -> None:
    """Two styles in one file are one system; only the authority's own order is latitude first."""
    assert read_srs(name) == (code, latitude_first)


@pytest.mark.parametrize(
    ("xml", "value"),
    [
        ('<d uom="mm">315</d>', 315.0),
        ('<d uom="urn:ogc:def:uom:OGC::cm">12</d>', 120.0),
        ('<d uom="parsec">12</d>', None),
        ("<d>12</d>", None),
        ('<d uom="mm">NaN</d>', None),
        ('<d uom="mm"/>', None),
        ('<d uom="mm">1 2</d>', None),
    ],
)
def test_measures_have_units_or_no_value(xml: str, value: float | None) -> None:
    """A number whose unit is not known is no length."""
    assert measure(fromstring(xml), {"mm": 1.0, "cm": 10.0}) == value  # noqa: S314 - our own text
