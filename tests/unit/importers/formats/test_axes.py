"""Names of reference systems as XML and JSON spell them, and which of them put north first."""

import pytest

from importers.formats.axes import name_crs, puts_north_first


@pytest.mark.parametrize(
    ("stated", "code", "strict"),
    [
        ("urn:ogc:def:crs:EPSG::9214", "EPSG:9214", True),
        ("urn:ogc:def:crs:EPSG:9.8.6:4756", "EPSG:4756", True),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", "EPSG:4326", True),
        ("https://www.opengis.net/def/crs/EPSG/9.9.1/4326", "EPSG:4326", True),
        ("[EPSG:4326]", "EPSG:4326", True),
        ("EPSG:4326", "EPSG:4326", False),
        ("http://www.opengis.net/gml/srs/epsg.xml#4326", "EPSG:4326", False),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", False),
        ("[OGC:CRS84]", "EPSG:4326", False),
        ("http://www.opengis.net/def/crs/OGC/0/CRS84h", "EPSG:4326", False),
        ("urn:ogc:def:crs,crs:EPSG::9214,crs:EPSG::5727", "EPSG:9214+5727", True),
        ("VN-2000", "VN-2000", False),
    ],
)
def test_names(stated: str, code: str, strict: bool) -> None:
    """Only names that point into a register promise the register's order of coordinates."""
    assert name_crs(stated) == (code, strict)


@pytest.mark.parametrize(
    ("code", "north"),
    [
        ("EPSG:4326", True),
        ("EPSG:4756", True),
        ("EPSG:2180", True),
        ("EPSG:4756+5727", True),
        ("EPSG:9214", False),
        ("EPSG:3405", False),
        ("OGC:CRS84", False),
        ("EPSG:6956", False),
        ("nonsense", False),
    ],
)
def test_first_axis(code: str, north: bool) -> None:
    """Vietnam's degrees are latitude first, its metres easting first; an unusable name promises nothing."""
    assert puts_north_first(code) is north
