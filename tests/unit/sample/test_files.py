from __future__ import annotations

import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections import Counter

import ezdxf
import numpy as np
import pyogrio.raw
import pytest
import rasterio
import shapely

from layers.crs import DEFAULT, WGS84, parse_crs, transform_geometries, transform_points
from layers.errors import Conflict
from twin.sample import SampleSummary, write_sample
from twin.sample.city.terrain import Terrain

SIDECARS = {".shx", ".dbf", ".prj", ".cpg", ".dat", ".map", ".id", ".mid", ".xsd", ".placement.json"}
FAMILIES = {
    ".shp", ".gpkg", ".zip", ".fgb", ".geojson", ".geojsonl", ".json", ".jsonl", ".kml", ".kmz", ".gml", ".tab", ".mif",
    ".xml", ".inp", ".osm", ".pbf", ".obj", ".glb", ".ply", ".ifc", ".csv", ".tsv", ".xlsx", ".ods", ".dxf", ".tif",
    ".gz", ".asc", ".xyz", ".dwg", ".dgn", ".xls", ".mdb", ".gdb", ".dbf", ".tar", ".accdb",
}  # fmt: skip
# What GDAL reads on its own, with its reference system.
BY_GDAL = (".shp", ".gpkg", ".geojson", ".geojsonl", ".json", ".fgb", ".gdb", ".gdb.zip", ".gml", ".kml")
EXACT_M = 0.0002
MOST_M = 1e30
AREAS = ("parcels", "buildings", "boundaries")


def digest(folder):
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_the_ward_has_176_datasets(sample, truth):
    """Protects the published figure, counted on disk and not by those who wrote."""
    every = [path for path in (sample / "ward").rglob("*") if path.is_file() or path.suffix == ".gdb"]
    files = [path for path in every if not path.name.endswith(tuple(SIDECARS)) and path.parent.suffix != ".gdb"]
    files += [path for path in every if path.name == "diem-do.dbf"]
    assert len(files) == truth["datasets"] == 176
    assert Counter(suffix for path in files if (suffix := path.suffix) in FAMILIES).keys() == FAMILIES
    assert 8000 < len(truth["features"]) < 12500
    assert (sample / "truth.json").stat().st_size < 15e6


def test_the_same_seed_gives_the_same_bytes_in_another_process(sample, tmp_path):
    """Protects against dates, random handles and the order of sets in the files."""
    again = tmp_path / "again"
    code = "import sys, pathlib; from twin.sample import write_sample; write_sample(pathlib.Path(sys.argv[1]), seed=1)"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Ho_Chi_Minh"}
    subprocess.run([sys.executable, "-c", code, str(again)], check=True, env=environment)
    assert digest(again) == digest(sample)


def test_a_complete_sample_is_kept(sample):
    """Protects the quick second run: nothing is written, nothing is reported."""
    before = (sample / "truth.json").stat().st_mtime_ns
    heard = []
    summary = write_sample(sample, seed=1, report=lambda *step: heard.append(step))
    assert isinstance(summary, SampleSummary)
    assert summary.datasets == 176
    assert (sample / "truth.json").stat().st_mtime_ns == before
    assert heard == []


def test_a_folder_of_other_files_is_left_alone(tmp_path):
    """Protects a user's files from being replaced by a sample."""
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(Conflict, match=r"mine|no sample"):
        write_sample(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_another_seed_replaces_the_sample_and_is_heard_of(tmp_path):
    """Protects atomic replacement and the progress: files so far and their number, up to all."""
    folder = tmp_path / "sample"
    folder.mkdir()
    heard = []
    summary = write_sample(folder, seed=2, report=lambda *step: heard.append(step))
    assert (summary.seed, summary.trenches) == (2, 5)
    assert heard == sorted(heard)
    assert heard[-1] == (176, 176)
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]


def expect_places(truth, path):
    features = [feature for feature in truth["features"] if feature["file"] == path]
    return {(feature["layer"], feature["row"]): feature for feature in features}


def swapped_files(truth):
    return {defect["file"] for defect in truth["defects"] if defect["kind"] == "axes-swapped"}


def to_storage(shapes, crs):
    return transform_geometries(shapely.force_2d(shapes), parse_crs(crs), parse_crs(DEFAULT))


@pytest.mark.filterwarnings("ignore:invalid value encountered in from_wkb:RuntimeWarning")
def test_positions_stand_in_the_files_as_the_truth_says(sample, truth, tmp_path):
    """Protects the truth of formats that GDAL reads without us: every vertex within 0.2 mm, in the row that is said."""
    shutil.copytree(sample / "ward", tmp_path / "ward")
    compared = 0
    paths = {feature["file"] for feature in truth["features"] if feature["file"].endswith(BY_GDAL)}
    paths = {path for path in paths if (sample / "ward" / path).exists()}
    for path in sorted(paths - {defect["file"] for defect in truth["defects"] if defect["kind"] == "shx-missing"}):
        known = {layer for layer, _ in expect_places(truth, path)}
        if known == {"buildings"}:  # city models, whose layers are our readers' own
            continue
        for layer in known.intersection(pyogrio.list_layers(tmp_path / "ward" / path)[:, 0]):
            meta, _, wkb, _ = pyogrio.raw.read(tmp_path / "ward" / path, layer=layer, columns=[])
            wanted = {row: f for (name, row), f in expect_places(truth, path).items() if name == layer}
            shapes = shapely.from_wkb(wkb[[row - 1 for row in wanted]])
            if path in swapped_files(truth):
                shapes = shapely.transform(shapes, lambda points: points[:, ::-1])
            for shape, feature in zip(to_storage(shapes, meta["crs"]), wanted.values(), strict=True):
                assert is_there(shape, feature), (path, feature["row"])
                compared += 1
    assert compared > 3400


def is_there(shape, feature):
    if feature["table"] in AREAS:
        return shape.symmetric_difference(shapely.Polygon(*feature["position"])).area < EXACT_M
    found, wanted = shapely.get_coordinates(shape), np.array(feature["position"])
    return found.shape == wanted.shape and np.abs(found - wanted).max() < EXACT_M


def test_surveyors_tables_have_x_north_and_y_east(sample, truth):
    """Protects the convention and the row numbers of lines with one row a vertex and decimal commas."""
    path = "03-cap-nuoc/ong-cap-nuoc-nguyen-hue.csv"
    remark, *table = (sample / "ward" / path).read_text(encoding="utf-8-sig").splitlines()
    assert remark == "# VN-2000, KTT 107°00', múi 3°"
    rows = list(csv.DictReader(table, delimiter=";"))
    for (_, first), feature in expect_places(truth, path).items():
        vertices = rows[first - 1 : first - 1 + len(feature["position"])]
        assert [row["ThuTuDinh"] for row in vertices] == [str(i + 1) for i in range(len(vertices))]
        found = [[float(row[axis].replace(",", ".")) for axis in ("Y", "X")] for row in vertices]
        assert found == feature["position"]


def test_drawings_count_every_entity_and_have_junk_first(sample, truth):
    """Protects the row numbers of a drawing, its layer names and its elevations."""
    path = "05-dien-luc/cap-dien-luc-pham-hong-thai.dxf"
    entities = list(ezdxf.readfile(sample / "ward" / path).modelspace())
    features = expect_places(truth, path)
    assert [entity.dxf.layer for entity in entities[:2]] == ["KHUNG_BAN_VE", "CHU_THICH"]
    assert sorted(row for _, row in features) == list(range(3, len(entities) + 1))
    kinds = {entity.dxftype() for entity in entities[2:]}
    assert kinds == {"POLYLINE", "LWPOLYLINE"}
    for (_, row), feature in features.items():
        entity = entities[row - 1]
        assert entity.dxf.layer.startswith("DIEN_LUC_XLPE_D")
        heights = (
            [entity.dxf.elevation] * len(entity)
            if entity.dxftype() == "LWPOLYLINE"
            else [vertex.dxf.location.z for vertex in entity.vertices]
        )
        assert heights == pytest.approx(feature["axis_z"], abs=1e-9)


def test_networks_say_what_their_formats_mean(sample, truth):
    """Protects models from being right only for our readers: the numbers of one sewer by the words of each standard."""
    folder = sample / "ward/04-thoat-nuoc"
    landxml = (folder / "cong-nuoc-thai-truong-dinh.xml").read_text(encoding="utf-8")
    assert 'epsgCode="9214"' in landxml
    north, east = re.search(r"<Center>(\S+) (\S+)</Center>", landxml).groups()
    assert 1.8e6 < float(north) < 1.9e6
    assert 5e5 < float(east) < 6e5
    swmm = (folder / "cong-nuoc-mua-ngo-quyen.inp").read_text(encoding="utf-8")
    nodes = expect_places(truth, "04-thoat-nuoc/cong-nuoc-mua-ngo-quyen.inp")
    name, bottom, depth, *_ = swmm.partition("[JUNCTIONS]")[2].splitlines()[2].split()
    (node,) = (f for f in nodes.values() if f["table"] == "utility_nodes" and f["owner_ref"] == name)
    assert float(bottom) == node["bottom_m"]
    assert float(bottom) + float(depth) == pytest.approx(node["cover_m"])
    isybau = (folder / "Cống nước thải Hai Bà Trưng.xml").read_text(encoding="utf-8")
    sewers = re.findall(r"<SohlhoeheZulauf>([^<]+)</SohlhoeheZulauf><SohlhoeheAblauf>([^<]+)</Sohl", isybau)
    assert len(sewers) == 32
    assert all(float(start) > float(end) for start, end in sewers)


def read_sheets(sample, truth):
    """The terrain as on disk, sheet by sheet, without values where no sheet has any."""
    west, south, east, north = truth["terrain"]["bounds"]
    heights = np.full((round((north - south) / 2), round((east - west) / 2)), -9999.0)
    for file in truth["terrain"]["files"]:
        with rasterio.open(sample / "ward" / file) as raster:
            assert raster.res == (2.0, 2.0)
            left, top = round((raster.bounds.left - west) / 2), round((north - raster.bounds.top) / 2)
            sheet = heights[top : top + raster.height, left : left + raster.width]
            assert (sheet == -9999.0).all(), "sheets do not overlap"
            heights_m = raster.read(1)
            sheet[:] = np.where(heights_m > MOST_M, -9999.0, heights_m)
    return Terrain(np.round(heights, 3), west, north)


def test_sheets_of_terrain_make_one(sample, truth, ward):
    """Protects the mosaic: four formats side by side hold every height of the ward, and 'no value' where none is."""
    assert read_sheets(sample, truth).heights_m == pytest.approx(ward.terrain.heights_m, abs=1e-3)
    suffixes = [file.rpartition(".")[2] for file in truth["terrain"]["files"]]
    assert suffixes == ["asc", "tif", "tif", "xyz"]


def test_the_axis_follows_from_the_written_depth_and_the_written_terrain(sample, truth):
    """Protects the ground truth of depth: terrain as on disk, less the depth as on disk, less half the pipe."""
    terrain = read_sheets(sample, truth)
    path = "03-cap-nuoc/ong-cap-nuoc-le-loi.shp"
    meta, _, _, columns = pyogrio.raw.read(sample / "ward" / path, read_geometry=False)
    depths = columns[meta["fields"].tolist().index("DoSau_m")]
    for (_, row), feature in expect_places(truth, path).items():
        wanted = terrain.ground(np.array(feature["position"])) - depths[row - 1] - 0.225 / 2
        assert feature["axis_z"] == pytest.approx(wanted, abs=1e-6)


def test_texts_are_the_bytes_of_their_encoding(sample):
    """Protects the encodings: TCVN3 without a label, VNI under a false one, UTF-8, and one byte nobody knows."""
    tcvn3 = sample / "ward/03-cap-nuoc/ong-cap-nuoc-hoang-hoa-tham.dbf"
    assert b"C\xabng ty C\xcap n\xad\xedc" in tcvn3.read_bytes()
    assert not tcvn3.with_suffix(".cpg").exists()
    vni = sample / "ward/03-cap-nuoc/ong-cap-nuoc-vo-thi-sau.dbf"
    assert b"Co\xe2ng ty Ca\xe1p n\xf6\xf4\xf9c" in vni.read_bytes()
    assert vni.with_suffix(".cpg").read_text(encoding="ascii") == "UTF-8"
    assert "Công ty Cấp nước".encode() in (sample / "ward/03-cap-nuoc/ong-cap-nuoc-le-loi.dbf").read_bytes()
    viscii = sample / "ward/04-thoat-nuoc/cong-nuoc-mua-le-loi.dbf"
    assert b"Tho\xe1t n\xdf\xbec m\xdfa" in viscii.read_bytes()
    cp1258 = sample / "ward/05-dien-luc/cap-dien-ha-the-khu-1.dbf"
    assert b"C\xf4ng ty \xd0i\xea\xf2n l\xfd\xf2c" in cp1258.read_bytes()
    assert cp1258.with_suffix(".cpg").read_text(encoding="ascii") == "1258"
    assert b"Ph\xc3\xa2n ph\x8di" in (sample / "ward/03-cap-nuoc/van-cap-nuoc-khu-2.dbf").read_bytes()


def test_a_copy_has_the_bytes_of_its_original(sample, truth):
    """Protects the duplicates: every part of the copy equals the part of the original."""
    copies = [defect for defect in truth["defects"] if defect["kind"] == "duplicate-file"]
    assert len(copies) == 2
    for copy in copies:
        original, twin = (sample / "ward" / copy[key] for key in ("original", "file"))
        parts = {path.suffix for path in original.parent.iterdir() if path.stem == original.stem}
        assert parts == {path.suffix for path in twin.parent.iterdir() if path.stem == twin.stem}
        assert all(
            original.with_suffix(suffix).read_bytes() == twin.with_suffix(suffix).read_bytes() for suffix in parts
        )


def test_a_mislabelled_file_would_be_225_m_off(sample, truth):
    """Protects the planted error: believed as it stands, the label moves everything by the known distance."""
    paths = (defect["file"] for defect in truth["defects"] if defect["kind"] == "crs-mislabelled")
    path = next(path for path in paths if path.endswith(".shp"))
    label = parse_crs((sample / "ward" / path).with_suffix(".prj").read_text(encoding="ascii"))
    _, _, wkb, _ = pyogrio.raw.read(sample / "ward" / path, columns=[])
    points = shapely.get_coordinates(shapely.from_wkb(wkb))
    believed = transform_points(points, label, parse_crs(DEFAULT))
    assert np.hypot(*(believed - points).T) == pytest.approx(225.3, abs=0.2)


def test_trench_files_are_rfc_7946_and_meet_the_truth(sample, truth):
    """Protects the planned trenches: degrees that lead back to the polygon of the truth, counter-clockwise."""
    for number, trench in enumerate(truth["trenches"], start=1):
        text = (sample / f"trenches/hao-{number}.geojson").read_text(encoding="utf-8")
        (shape,) = shapely.get_parts(shapely.from_geojson(text))
        assert shape.exterior.is_ccw
        assert "crs" not in text
        moved = transform_geometries(np.array([shape]), parse_crs(WGS84), parse_crs(DEFAULT))[0]
        assert shapely.get_coordinates(moved) == pytest.approx(np.array(trench["polygon"][0]), abs=1e-9)
