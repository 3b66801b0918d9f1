"""Delivered files stay as they are, and hostile ones do no harm: real readers in real worker processes."""

from __future__ import annotations

import json
import os
import struct
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyogrio
import pytest

from importers.faults import Fault, Rejected
from importers.sandbox import Limits, Workers, kernel
from importers.source import Dataset, find_datasets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
sys.path.append(str(HERE))  # where the nursery finds the module, too
readers: Any = import_module("hostile_readers")
layers: Any = import_module("layer_readers")

LIMITS = Limits(cpu_seconds=10, seconds=120, memory_bytes=512 << 20, result_bytes=1 << 20, file_bytes=64 << 20)


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(2, LIMITS) as opened:
        yield opened


def deliver(path: Path, content: str | bytes) -> Dataset:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Dataset(path, path.parent, (path,))


def read(workers: Workers, function: Callable[..., Any], dataset: Dataset, *arguments: object) -> Any:
    ((same, outcome),) = workers.map(function, [(dataset, *arguments)])
    assert same is dataset
    return outcome


def snapshot(folder: Path) -> list[tuple[str, bytes, int, int]]:
    return [
        (str(p.relative_to(folder)), p.read_bytes() if p.is_file() else b"", p.stat().st_mtime_ns, p.stat().st_mode)
        for p in sorted(folder.rglob("*"))
    ]


@pytest.mark.parametrize("mode", [0o755, 0o555])
def test_delivery_stays_as_it_is(workers, tmp_path, mode):
    """Readers write into private copies: of file, companions and folders, from a read-only folder, too."""
    root = tmp_path / "delivered"
    main = deliver(root / "a" / "Ống cấp nước.shp", "main").path
    companion = deliver(main.with_suffix(".DBF"), "dbf").path
    geodatabase = root / "city.gdb"
    deliver(geodatabase / "inner" / "a1.gdbtable", "table")
    root.chmod(mode)
    before = snapshot(root)
    jobs = [(Dataset(main, root, (main, companion)),), (Dataset(geodatabase / "inner", root, (geodatabase,)),)]
    outcomes = [outcome for _, outcome in workers.map(readers.scribble, jobs)]
    assert outcomes[0] == "a/Ống cấp nước.shp"
    assert "Is a directory: 'delivered/city.gdb/inner'" in outcomes[1].finding.message
    assert snapshot(root) == before
    root.chmod(0o755)


def test_links_do_not_lead_out_of_the_delivery(workers, tmp_path):
    """A link within the delivery is followed; one that leads out is refused, and so is what is no file."""
    target = deliver(tmp_path / "outside", "secret").path
    inside = deliver(tmp_path / "delivered" / "inside", "inside")
    root = inside.root
    for name, to in (("good", "inside"), ("out", target), ("up", "../outside"), ("lost", "nowhere")):
        (root / name).symlink_to(to)
    os.mkfifo(root / "pipe")
    outcomes = {
        name: read(workers, readers.scribble, Dataset(root / name, root, (root / name,)))
        for name in ("good", "out", "up", "lost", "pipe")
    }
    assert outcomes["good"] == "good"
    for name in ("out", "up"):
        assert outcomes[name].finding.message == f"{name}: {name} is a link that leads out of the delivered folder"
    assert "No such file" in outcomes["lost"].finding.message
    assert "it is no file" in outcomes["pipe"].finding.message


def test_files_are_kept_whole_and_never_over_others(workers, tmp_path):
    """What a function leaves for us arrives; links do not, and what is there stays."""
    dataset = deliver(tmp_path / "delivered" / "pipes.txt", "pipes")
    kept = tmp_path / "data" / "terrain"
    for content in ("first", "second"):
        ((_, outcome),) = workers.map(readers.leave, [(dataset, "raster.tif", content)], keep_in=kept)
        assert outcome == Path("raster.tif")
    assert (kept / "raster.tif").read_text() == "first"
    assert (kept / "raster.tif").stat().st_mode & 0o777 == 0o644
    assert (kept / "raster.tif").stat().st_uid == os.geteuid()
    assert (kept / "folder" / "inner").read_text() == "first"
    assert sorted(p.name for p in kept.iterdir()) == ["folder", "raster.tif"]


def test_link_in_place_of_what_is_kept(workers, tmp_path):
    """A worker that was taken over cannot have other files moved."""
    dataset = deliver(tmp_path / "delivered" / "pipes.txt", "pipes")
    list(workers.map(readers.redirect, [(dataset, dataset.root)], keep_in=tmp_path / "kept"))
    assert dataset.path.read_text() == "pipes"
    assert not (tmp_path / "kept").exists()


def test_side_files_of_gdal_stay_out_of_the_delivery(workers, tmp_path):
    """GDAL writes a .gfs beside a GML file that it reads; the delivered folder gets none."""
    gml = """<c xmlns:gml="http://www.opengis.net/gml"><gml:featureMember><pipe><dn>110</dn><gml:Point>
<gml:coordinates>1,2</gml:coordinates></gml:Point></pipe></gml:featureMember></c>"""
    dataset = deliver(tmp_path / "delivered" / "pipes.gml", gml)
    before = snapshot(dataset.root)
    assert read(workers, readers.read_blindly, dataset) == (1, ["pipes.gfs", "pipes.gml"])
    assert snapshot(dataset.root) == before


def test_real_reader_brings_layers(workers, tmp_path):
    """A sound file with its companions is read in a worker as it is outside."""
    root = tmp_path / "delivered"
    point = {"type": "Feature", "properties": {"dn": 110}, "geometry": {"type": "Point", "coordinates": [1, 2]}}
    deliver(root / "pipes.geojson", json.dumps(point))
    _, _, wkb, values = pyogrio.raw.read(root / "pipes.geojson")
    pyogrio.raw.write(root / "pipes.shp", wkb, values, ["dn"], geometry_type="Point", crs="EPSG:9214")
    (root / "pipes.geojson").unlink()
    ((dataset,), _) = find_datasets(root)
    assert {part.suffix for part in dataset.parts} > {".shp", ".shx", ".dbf"}
    assert read(workers, layers.read_layers, dataset) == [("pipes", 1)]


def shapefile(record_words: int, points: int) -> bytes:
    """401 bytes: the header, and a line whose record claims a length and a number of points."""
    box = struct.pack("<4d", 0, 0, 1, 1)
    header = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, 200) + struct.pack("<2i", 1000, 3) + box + bytes(32)
    record = struct.pack(">2I", 1, record_words) + struct.pack("<i", 3) + box + struct.pack("<2Ii", 1, points, 0)
    return (header + record).ljust(401, b"\0")


@pytest.mark.parametrize(("words", "points"), [(0x7FFFFFFF, 2), (0xFFFFFFFF, 2), (146, 0x0FFFFFFF), (146, 0xFFFFFFFF)])
def test_shapefile_that_claims_4_gb(workers, tmp_path, words, points):
    """A length or a number of points far beyond the file brings no geometry, and takes no memory."""
    dataset = deliver(tmp_path / "pipes.shp", shapefile(words, points))
    index = struct.pack(">7I", 9994, 0, 0, 0, 0, 0, 54) + dataset.path.read_bytes()[28:100]
    deliver(tmp_path / "pipes.shx", index + struct.pack(">2I", 50, words))
    dataset = find_datasets(tmp_path)[0][0]
    outcome = read(workers, readers.read_blindly, dataset)
    assert isinstance(outcome, Rejected) or outcome[0] <= 1
    refused = read(workers, layers.read_layers, dataset)
    assert refused.finding.fault is Fault.SIDECAR_MISSING


def test_nested_brackets(workers, tmp_path):
    """100,000 brackets are no GeoJSON, and no stack overflow."""
    dataset = deliver(tmp_path / "deep.geojson", '{"type":"FeatureCollection","features":' + "[" * 100_000)
    outcome = read(workers, layers.read_layers, dataset)
    assert outcome.finding.fault is Fault.UNREADABLE
    assert outcome.finding.message.startswith("deep.geojson")


def test_billion_laughs(workers, tmp_path):
    """Entities that multiply end at the parser or at a limit."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    dataset = deliver(tmp_path / "laughs.xml", f'<!DOCTYPE x [<!ENTITY l0 "ha">{entities}]><x>&l11;</x>')
    outcome = read(workers, readers.read_xml, dataset)
    assert outcome.finding.fault is Fault.UNREADABLE
    assert read(workers, readers.read_xml, deliver(tmp_path / "sound.xml", "<x/>")) == "x"


@pytest.mark.skipif(not kernel.has_landlock(), reason="the kernel has no Landlock")
def test_reference_to_another_file_leads_nowhere(workers, tmp_path):
    """A file that names another for GDAL to open does not get it."""
    secret = deliver(tmp_path / "secret.csv", "a,b\n1,2\n")
    layer = f'<OGRVRTLayer name="secret"><SrcDataSource>{secret.path}</SrcDataSource></OGRVRTLayer>'
    vrt = f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>"
    assert pyogrio.list_layers(deliver(tmp_path / "a.vrt", vrt).path).tolist() == [["secret", None]]
    outcome = read(workers, readers.read_blindly, deliver(tmp_path / "delivered" / "b.vrt", vrt))
    assert outcome.finding.fault is Fault.UNREADABLE
