"""Which format a file is in, before any reader opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importers.faults import Fault, Rejected
from importers.formats import recognise
from importers.source import find_datasets

if TYPE_CHECKING:
    from pathlib import Path

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"[TITLE]\n\n[JUNCTIONS]\n;ID Elev\n J1 10\n[PIPES]\n", "EPANET"),
        (b"[TITLE]\n\n[OPTIONS]\nFLOW_UNITS LPS\n", "SWMM"),
        (b'{"type":"FeatureCollection","features":[]}', "GeoJSON"),
        (b'[{"type":"Feature"}]', "GeoJSON"),
    ],
)
def test_known_by_content(tmp_path: Path, content: bytes, name: str) -> None:
    """Formats that begin with the same sign are told apart by what follows."""
    (tmp_path / "x.inp").write_bytes(content)
    (dataset,) = find_datasets(tmp_path)[0]
    assert recognise(dataset).name == name


@pytest.mark.parametrize(
    ("name", "content", "message", "remedy"),
    [
        ("a.dwg", b"AC1032\0\0", "an AutoCAD drawing", "DXF"),
        ("a.mdb", b"\0\1\0\0Standard Jet DB\0", "Access", "FileGDB"),
        ("a.accdb", b"\0\1\0\0Standard ACE DB\0", "Access", "FileGDB"),
        ("a.zzz", b"who knows", "none of the formats", "GeoPackage"),
        ("a.prj", b"PROJCS[]", "the file of the same name that .prj goes with is missing", "ask the department"),
    ],
)
def test_refused_with_advice(tmp_path: Path, name: str, content: bytes, message: str, remedy: str) -> None:
    """What is not read is named, and what to deliver instead."""
    (tmp_path / name).write_bytes(content)
    (dataset,) = find_datasets(tmp_path)[0]
    with pytest.raises(Rejected, match=message) as refused:
        recognise(dataset)
    assert remedy in refused.value.finding.remedy


def test_compound_documents_are_told_apart(tmp_path: Path) -> None:
    """DGN v8 and an old workbook begin alike: each is named by what it holds."""
    (tmp_path / "thua-dat.dgn").write_bytes(COMPOUND + bytes(600) + "Dgn~S".encode("utf-16-le") + bytes(100))
    (dataset,) = find_datasets(tmp_path)[0]
    read = recognise(dataset).read
    assert read is not None
    with pytest.raises(Rejected, match="DGN v8") as refused:
        list(read(dataset))
    assert refused.value.finding.fault is Fault.UNKNOWN_FORMAT


@pytest.mark.shared_data
def test_every_real_file_is_known(shared: Path) -> None:
    """Each of the public files goes to the reader of its own format."""
    found = {dataset.name: recognise(dataset).name for dataset in find_datasets(shared)[0] if dataset.path.suffix}
    by_format: dict[str, set[str]] = {}
    for name, form in found.items():
        by_format.setdefault(form, set()).add(name.rpartition("/")[2])
    assert len([form for form in found.values() if form == "dBASE table"]) == 17
    del by_format["dBASE table"]
    assert by_format == {
        "CityJSON": {"rotterdam_subset.json", "vienna.jsonl"},
        "CityGML": {"523836_luse_6668_op.gml", "51324378_ubld_6697.gml"},
        "CityGML Utility Network ADE": {"sewer.gml"},
        "DGN v7": {"underlay.dgn"},
        "EPANET": {"Net3.inp", "ky10.inp", "ky4.inp"},
        "FileGDB (ZIP)": {"testopenfilegdb.gdb.zip"},
        "GML": {"zoning.gml"},
        "GeoJSON": {
            "graz_16_17788_11515.geojson", "graz_16_17789_11515.geojson", "graz_16_17790_11513.geojson",
            "ky4_pipes.geojson", "Montpelier_linear.geojson", "Montpelier_points.geojson",
            "Vermont_Linear_UNKNOWN.geojson", "Vermont_Treatment_Facilities.geojson", "46_hue.geojson",
            "hue_wards_2025_40.geojson",
        },
        "GeoPackage": {"bubenec.gpkg"},
        "GeoTIFF": {"all-nodata.tif", "cog.tif"},
        "ISYBAU-XML": {"ISYBAU_XML-2017-Stammdaten.xml", "randomUTM.xml"},
        "LandXML": {f"UT_DrainageSystem_{i}_{j}.xml" for i in (1, 2) for j in (1, 2)},
        "OSM PBF": {"Helsinki.osm.pbf"},
        "PLATEAU utilities": {f"{kind}_53403039_unf_6697.gml" for kind in ("elec", "gas", "sewer", "water")},
        "SWMM": {"bellinge_small.inp", "model_state_plane.inp"},
        "Shapefile": {
            "latin1-property.shp", "chinese.shp", "PIPES_AND_SERVICES_sm.shp", "manholes.shp", "sewer_lines.shp",
        },
    }  # fmt: skip
