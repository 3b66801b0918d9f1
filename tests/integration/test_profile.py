"""What inspection proposes, and that an import obeys the profile that a person wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
import yaml

from importers.folder import ImportOptions, import_path
from importers.inspect import LayerView, inspect_path
from importers.job import open_context
from importers.profile import read_profile, write_profile
from importers.sandbox import Workers
from layers.errors import Invalid

if TYPE_CHECKING:
    from pathlib import Path

    from layers.database import Connection

EAST, NORTH = 562_000.0, 1_820_000.0


def strange(path: Path) -> Path:
    """Pipes under names that no vocabulary has, in a file whose name says nothing."""
    path.parent.mkdir(exist_ok=True)
    lines = [shapely.LineString([(EAST, NORTH + y), (EAST + 20, NORTH + y)]) for y in (0, 10)]
    columns = {"A1": [110, 160], "A2": ["HDPE", "PVC"], "GhiChu": ["x", "y"]}
    values = [np.array(v, object if isinstance(v[0], str) else None) for v in columns.values()]
    options: dict[str, Any] = {"geometry_type": "LineString", "crs": "EPSG:9214", "driver": "GPKG"}
    pyogrio.raw.write(path, shapely.to_wkb(lines), values, list(columns), **options)
    return path


def inspect(connection: Connection, path: Path) -> list[LayerView]:
    with Workers() as workers:
        return list(inspect_path(path, open_context(connection, path.parent, path, ImportOptions()), workers))


def test_inspection_says_what_it_sees(connection: Connection, tmp_path: Path) -> None:
    """Layer, discipline, fields with confidence and samples, what is not used; nothing is imported."""
    folder = tmp_path / "cap-nuoc"
    folder.mkdir()
    path = folder / "ong.geojson"
    path.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"DuongKinh_mm":110,"DoSau":"?","GhiChu":"a"},'
        '"geometry":{"type":"LineString","coordinates":[[107.58,16.46,1.5],[107.581,16.46,1.4]]}}]}'
    )
    (view,) = inspect(connection, folder)
    assert (view.table, view.discipline, view.crs, view.records) == ("utility_lines", "water", "EPSG:4326", 1)
    assert (view.geometry, view.z, view.unused) == ({"LineString": 1}, (1.4, 1.5), ("GhiChu",))
    found = {p.attribute: (p.field, p.unit, p.confidence, p.samples) for p in view.proposals}
    assert found["diameter"] == ("DuongKinh_mm", "mm", 0.95, ("110",))
    assert found["depth_unstated"] == ("DoSau", None, 0.0, ("?",)), "no value can be a depth"
    assert connection.execute("select count(*) from import_runs").fetchone() == (0,)


def test_refused_layers_are_shown_with_their_fault(connection: Connection, tmp_path: Path) -> None:
    """What would be refused stands in the inspection with the remedy, and in the profile to be completed."""
    path = strange(tmp_path / "in" / "d1.gpkg")
    (view,) = inspect(connection, path)
    assert view.table is None
    assert "--layer" in view.fault
    assert view.to_rule() == {"file": "d1.gpkg", "layer": "d1", "skip": False}


def test_profile_round_trip_changes_nothing(connection: Connection, tmp_path: Path) -> None:
    """A profile that nobody edited leads to the same import as none."""
    folder = tmp_path / "cap-nuoc"
    strange(folder / "ong.gpkg")
    views = inspect(connection, folder)
    write_profile([view.to_rule() for view in views], tmp_path / "p.yaml")
    import_path(connection, tmp_path, folder, ImportOptions())
    select = "select discipline, outer_width_m, st_astext(geom), source_row from utility_lines order by source_row"
    plain = connection.execute(select).fetchall()
    import_path(connection, tmp_path, folder, ImportOptions(profile=read_profile(tmp_path / "p.yaml"), again=True))
    assert connection.execute(select).fetchall() == plain


def test_import_obeys_the_profile(connection: Connection, tmp_path: Path) -> None:
    """Table, discipline, system and fields come from the person who knows the file."""
    path = strange(tmp_path / "in" / "d1.gpkg")
    entry = {
        "file": "d1.gpkg", "layer": "d1", "table": "utility_lines", "discipline": "gas",
        "fields": {"diameter": {"field": "A1", "unit": "mm"}, "material": "A2"},
    }  # fmt: skip
    (tmp_path / "p.yaml").write_text(yaml.safe_dump({"layers": [entry]}))
    report = import_path(connection, tmp_path, path.parent, ImportOptions(profile=read_profile(tmp_path / "p.yaml")))
    assert report.loaded == 2
    rows = connection.execute("select discipline, material, outer_width_m from utility_lines order by source_row")
    assert rows.fetchall() == [("gas", "HDPE", 0.11), ("gas", "PVC", 0.16)]


def test_profile_that_nothing_obeys_is_refused(connection: Connection, tmp_path: Path) -> None:
    """A rule for a file or a layer that is not there would be passed over in silence, and what it corrects loaded."""
    path = strange(tmp_path / "cap-nuoc" / "ong.gpkg")
    for entry, folder, said in (
        ("{file: on.gpkg, layer: ong, skip: true}", path.parent, "1 files that do not lie in .*, such as on.gpkg"),
        ("{file: cap-nuoc/ong.gpkg, layer: ong, skip: true}", path, "such as cap-nuoc/ong.gpkg"),
    ):
        (tmp_path / "p.yaml").write_text(f"layers: [{entry}]")
        with pytest.raises(Invalid, match=said):
            import_path(connection, tmp_path, folder, ImportOptions(profile=read_profile(tmp_path / "p.yaml")))
    (tmp_path / "p.yaml").write_text("layers: [{file: ong.gpkg, layer: Ong, skip: true}]")
    report = import_path(connection, tmp_path, path.parent, ImportOptions(profile=read_profile(tmp_path / "p.yaml")))
    assert report.loaded == 0
    assert report.files[0].message == "ong.gpkg has no layer Ong, which the profile names; it has ong"


def test_profile_leaves_a_layer_aside(connection: Connection, tmp_path: Path) -> None:
    """'skip' is a decision on record, not a loss."""
    path = strange(tmp_path / "cap-nuoc" / "ong.gpkg")
    (tmp_path / "p.yaml").write_text("layers: [{file: ong.gpkg, layer: ong, skip: true}]")
    report = import_path(connection, tmp_path, path.parent, ImportOptions(profile=read_profile(tmp_path / "p.yaml")))
    assert report.loaded == 0
    assert report.files[0].decisions == [{"layer": "ong", "left aside": "by the profile"}]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("layers: 3", "list of mappings"),
        ("- [", "no profile"),
        ("layers: [{file: a, layer: b, table: lava}]", "table 'lava'"),
        ("layers: [{file: a, layer: b, tabel: trees}]", "'tabel' is not known"),
        ("layers: [{layer: b}]", "'file' is missing"),
        ("layers: [{file: a, layer: b, crs: 'EPSG:1'}]", "coordinate reference system"),
        ("layers: [{file: a, layer: b, table: trees, fields: {lava: x}}]", "no attribute 'lava'"),
        ("layers: [{file: a, layer: b, table: trees, fields: {height_m: {field: x, unit: ell}}}]", "unit 'ell'"),
        ("layers: [{file: a, layer: b, discipline: lava}]", "discipline 'lava'"),
        ("layers: [{file: a, layer: b, skip: 'no'}]", "skip 'no' is neither"),
        ("layers: [{file: a, layer: b, encoding: Klingon}]", "encoding 'Klingon' is not known"),
        ("layers: [{file: a, layer: b, encoding: 8}]", "encoding '8' is not known"),
        ("layers: [{file: a, layer: b}, {file: a, layer: b, skip: true}]", "stands 2 times"),
        ("{layers: [], layer: []}", "'layer' is not known"),
        ("layers: [{file: !!python/object/apply:os.system [ls], layer: b}]", "no profile"),
    ],
)
def test_faults_of_a_profile_are_named(tmp_path: Path, text: str, fault: str) -> None:
    """A typing error in a profile is told before anything is imported."""
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(Invalid, match=fault):
        read_profile(tmp_path / "p.yaml")


def test_terrain_is_looked_at_and_not_copied(connection: Connection, tmp_path: Path) -> None:
    """A raster of heights is told from a mask before anything is imported."""
    folder = tmp_path / "in"
    folder.mkdir()
    heights = np.full((50, 60), 3.5)
    form = {"driver": "GTiff", "width": 60, "height": 50, "count": 1, "crs": "EPSG:9214", "dtype": "float32"}
    frame = rasterio.transform.from_origin(EAST, NORTH, 2.0, 2.0)
    for name, values in (("dem", heights), ("mask", np.where(np.arange(60) % 2, 4096.0, heights))):
        with rasterio.open(folder / f"{name}.tif", "w", transform=frame, **form) as target:
            target.write(values.astype("float32"), 1)
    dem, mask = inspect(connection, folder)
    assert (dem.table, dem.target, dem.fault) == ("terrain", "terrain: a pixel is 2 m wide", "")
    assert (mask.table, mask.fault[:39]) == (None, "mask.tif: neighbouring pixels differ by")
    assert sorted(path.name for path in tmp_path.rglob("*.tif")) == ["dem.tif", "mask.tif"]
