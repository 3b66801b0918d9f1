"""Shapefiles as departments deliver them: with parts missing, cut short, or at odds with each other."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import pyogrio.raw
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.faults import Fault, Rejected
from importers.formats.shapefile import is_shapefile, read_shapefile
from importers.source import Dataset, SourceLayer

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

LEAST = -1.7976931348623157e308
POINT, LINE, POINT_Z, POLYGON_Z, MULTIPATCH = 1, 3, 11, 15, 31


def dataset(path: Path) -> Dataset:
    parts = sorted(p for p in path.parent.glob(f"{path.stem}.*") if p != path)
    return Dataset(path, path.parent, (path, *parts))


def read(path: Path) -> SourceLayer:
    (layer,) = read_shapefile(dataset(path))
    return layer


def refusal(path: Path) -> tuple[Fault, str]:
    with pytest.raises(Rejected) as refused:
        list(read_shapefile(dataset(path)))
    assert refused.value.finding.remedy
    return refused.value.finding.fault, refused.value.finding.message


def point(x: float, y: float) -> bytes:
    return struct.pack("<i2d", POINT, x, y)


def header(kind: int, length: int) -> bytes:
    return struct.pack(">7i", 9994, 0, 0, 0, 0, 0, length // 2) + struct.pack(
        "<2i8d", 1000, kind, 0, 0, 10, 10, LEAST, 5, 0, 0
    )


def a_shapefile(
    folder: Path,
    kind: int,
    shapes: Sequence[bytes],
    texts: Sequence[bytes] | None = None,
    deleted: Collection[int] = (),
) -> Path:
    """A Shapefile by bytes, with one text field TEN; rows at the indexes in `deleted` are marked as such."""
    body, index = b"", b""
    for i, shape in enumerate(shapes, start=1):
        index += struct.pack(">2i", (100 + len(body)) // 2, len(shape) // 2)
        body += struct.pack(">2i", i, len(shape) // 2) + shape
    path = folder / "ống.shp"
    path.write_bytes(header(kind, 100 + len(body)) + body)
    path.with_suffix(".shx").write_bytes(header(kind, 100 + len(index)) + index)
    rows = texts if texts is not None else [b"x"] * len(shapes)
    field = b"TEN".ljust(11, b"\0") + b"C" + bytes(4) + bytes([8, 0]) + bytes(14)
    table = struct.pack("<4BIHH20x", 3, 120, 1, 1, len(rows), 65, 9) + field + b"\r"
    table += b"".join((b"*" if i in deleted else b" ") + row.ljust(8) for i, row in enumerate(rows))
    path.with_suffix(".dbf").write_bytes(table + b"\x1a")
    return path


def multipatch(parts: Sequence[tuple[int, Sequence[tuple[float, float, float]]]]) -> bytes:
    """Parts of kind 0 (strip of triangles), 2 (outer ring) and so on."""
    points = [p for _, ring in parts for p in ring]
    starts = np.cumsum([0, *(len(ring) for _, ring in parts[:-1])]).tolist()
    return (
        struct.pack("<i4d2i", MULTIPATCH, 0, 0, 10, 10, len(parts), len(points))
        + struct.pack(f"<{len(parts)}i", *starts)
        + struct.pack(f"<{len(parts)}i", *(kind for kind, _ in parts))
        + b"".join(struct.pack("<2d", x, y) for x, y, _ in points)
        + struct.pack(f"<2d{len(points)}d", 0, 5, *(z for _, _, z in points))
    )


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_text_keeps_its_bytes(tmp_path: Path) -> None:
    """GDAL's own decoding loses the last letter of Windows-1258; a false .cpg changes nothing."""
    raw = "Lê Lơ".encode("cp1258") + b"\xf2i"  # ợ as ơ and a dot below
    path = a_shapefile(tmp_path, POINT, [point(1, 2)], [raw])
    path.with_suffix(".cpg").write_text("1258")
    layer = read(path)
    assert layer.columns == {"TEN": [raw.decode("latin-1")]}
    assert (layer.name, layer.encoding, layer.crs, layer.crs_origin) == ("ống", "1258", None, "")
    path.with_suffix(".cpg").unlink()
    assert read(path).encoding is None


def test_prj_is_the_declared_system(tmp_path: Path) -> None:
    """The .prj beside the file goes on as it stands; a blank one says nothing."""
    path = a_shapefile(tmp_path, POINT, [point(1, 2)])
    path.with_suffix(".prj").write_text('PROJCS["x"]')
    assert (read(path).crs, read(path).crs_origin) == ('PROJCS["x"]', ".prj")
    path.with_suffix(".prj").write_text(" \n")
    assert read(path).crs is None


def test_deleted_rows_leave_their_number(tmp_path: Path) -> None:
    """Records keep their place in the file, so that a department finds row 3 where we say row 3."""
    path = a_shapefile(tmp_path, POINT, [point(i, i) for i in range(4)], [b"a", b"b", b"c", b"d"], deleted={1})
    layer = read(path)
    assert layer.rows.tolist() == [1, 3, 4]
    assert layer.columns == {"TEN": ["a", "c", "d"]}
    assert shapely.get_x(layer.geometries).tolist() == [0, 2, 3]


def test_null_shape_is_a_record_without_geometry(tmp_path: Path) -> None:
    """A row without a shape is a record all the same."""
    layer = read(a_shapefile(tmp_path, POINT, [struct.pack("<i", 0), point(1, 1)]))
    assert layer.geometries.tolist() == [None, shapely.Point(1, 1)]


def test_missing_index_is_made_anew(tmp_path: Path) -> None:
    """A .shx is only an index: without it the shapes are the same, and the delivered folder is not written to."""
    path = a_shapefile(tmp_path, POINT, [point(i, -i) for i in range(5)])
    whole = read(path)
    path.with_suffix(".shx").unlink()
    before = snapshot(tmp_path)
    layer = read(path)
    assert shapely.equals(layer.geometries, whole.geometries).all()
    assert layer.columns == whole.columns
    assert layer.notes == (".shx was missing: made anew from the record headers",)
    assert snapshot(tmp_path) == before


def test_missing_index_of_records_out_of_order(tmp_path: Path) -> None:
    """Records that were rewritten elsewhere in the file cannot be told apart without the index."""
    path = a_shapefile(tmp_path, POINT, [point(1, 1), point(2, 2)])
    content = bytearray(path.read_bytes())
    content[100:104] = struct.pack(">i", 7)
    path.write_bytes(content)
    path.with_suffix(".shx").unlink()
    assert refusal(path)[0] == Fault.SIDECAR_MISSING


@pytest.mark.parametrize("rows", [0, 1, 4])
def test_rows_that_are_not_as_many_as_shapes(tmp_path: Path, rows: int) -> None:
    """A .dbf that was sorted or cut in a spreadsheet gives pipes the names of other pipes: never guessed."""
    path = a_shapefile(tmp_path, POINT, [point(1, 1), point(2, 2)], [b"x"] * rows)
    fault, message = refusal(path)
    assert fault == Fault.UNREADABLE
    assert f"{rows} rows for 2 shapes" in message


@pytest.mark.parametrize("suffix", [".shp", ".shx", ".dbf"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.97])
def test_part_that_is_cut_short(tmp_path: Path, suffix: str, share: float) -> None:
    """No part may be shorter than its own header says; GDAL alone would load fewer records and say nothing."""
    path = a_shapefile(tmp_path, POINT, [point(i, i) for i in range(20)])
    part = path.with_suffix(suffix)
    part.write_bytes(part.read_bytes()[: int(part.stat().st_size * share)])
    assert refusal(path)[0] == Fault.TRUNCATED


def test_missing_attributes(tmp_path: Path) -> None:
    """Shapes without attributes are asked for again."""
    path = a_shapefile(tmp_path, POINT, [point(1, 1)])
    path.with_suffix(".dbf").unlink()
    assert refusal(path) == (Fault.SIDECAR_MISSING, "ống.shp: ống.dbf is missing")


def test_measures_are_dropped_and_heights_kept(tmp_path: Path) -> None:
    """M is no coordinate here; a z of -DBL_MAX is no height, and takes the others of its feature with it."""
    shapes = [struct.pack("<i4d", POINT_Z, 1, 2, z, 99) for z in (3.5, LEAST)]
    layer = read(a_shapefile(tmp_path, POINT_Z, shapes))
    assert [shapely.to_wkt(g) for g in layer.geometries] == ["POINT Z (1 2 3.5)", "POINT (1 2)"]


def test_no_records(tmp_path: Path) -> None:
    """An empty Shapefile has no layers, and is no error."""
    assert list(read_shapefile(dataset(a_shapefile(tmp_path, LINE, [])))) == []


def test_multipatch_is_outline_heights_and_solid(tmp_path: Path) -> None:
    """A closed box of strips and rings covers 10 x 4 m from 1 to 6 m; its shell is kept as a solid."""
    floor = [(0, 0, 1), (0, 4, 1), (10, 4, 1), (10, 0, 1), (0, 0, 1)]
    roof = [(0, 0, 6), (10, 0, 6), (10, 4, 6), (0, 4, 6), (0, 0, 6)]
    corners = [(0, 0), (10, 0), (10, 4), (0, 4), (0, 0)]
    walls = [(float(x), float(y), z) for x, y in corners for z in (1.0, 6.0)]
    layer = read(a_shapefile(tmp_path, MULTIPATCH, [multipatch([(2, floor), (2, roof), (0, walls)])]))
    assert shapely.equals(layer.geometries[0], shapely.box(0, 0, 10, 4))
    assert not layer.geometries[0].has_z
    assert (layer.columns["groundelevation"], layer.columns["height_m"]) == ([1.0], [5.0])
    assert layer.columns["solid"][0].geom_type == "MultiPolygon"
    assert len(layer.columns["solid"][0].geoms) == 10  # floor, roof and eight triangles


def test_multipatch_of_rings_alone_is_a_body_too(tmp_path: Path) -> None:
    """Faces that GEOS would take for a multipolygon with upright parts are an outline with heights."""
    roof = [(0, 0, 6), (10, 0, 6), (10, 4, 6), (0, 4, 6), (0, 0, 6)]
    wall = [(0, 0, 1), (10, 0, 1), (10, 0, 6), (0, 0, 6), (0, 0, 1)]
    layer = read(a_shapefile(tmp_path, MULTIPATCH, [multipatch([(2, roof), (2, wall)])]))
    assert shapely.equals(layer.geometries[0], shapely.box(0, 0, 10, 4))
    assert layer.columns["height_m"] == [5.0]
    assert "solid" not in layer.columns


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([".shp", ".shx", ".dbf"]), st.integers(0, 220), st.integers(0, 255))
def test_any_changed_byte_ends_in_layers_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, at: int, value: int
) -> None:
    """Nonsense in a header or record never ends in a traceback."""
    path = a_shapefile(tmp_path_factory.mktemp("shp"), POINT, [point(i, i) for i in range(4)])
    part = path.with_suffix(suffix)
    content = bytearray(part.read_bytes())
    content[at % len(content)] = value
    part.write_bytes(content)
    with suppress(Rejected):
        for layer in read_shapefile(dataset(path)):
            assert {len(layer)} == {len(layer.geometries), *map(len, layer.columns.values())}


def test_known_by_content() -> None:
    """The magic number tells, not the name."""
    assert is_shapefile(header(POINT, 100), ".dat")
    assert not is_shapefile(b"not a shapefile", ".shp")


@pytest.mark.shared_data
def test_nanaimo_water_mains(shared: Path) -> None:
    """3,331 pipes, 1,056 of them without a diameter (asterisks in the table); integers stay integers beside those."""
    layer = read(shared / "underground/nanaimo_water/PIPES_AND_SERVICES_sm.shp")
    assert len(layer) == 3331
    assert {g.geom_type for g in layer.geometries} == {"LineString"}
    record = layer.record(0)
    assert (record["TYPE"], record["DIAMETER"], record["MATERIAL"], record["YEAR"]) == (
        "Primary Supply",
        750,
        "ST",
        1982,
    )
    assert isinstance(record["DIAMETER"], int)
    assert layer.columns["DIAMETER"].count(200) == 1161
    assert sum(d is None for d in layer.columns["DIAMETER"]) == 1056
    assert layer.geometries[0].coords[0] == pytest.approx((431856.7753, 5440083.0494))
    assert layer.crs is not None
    assert layer.crs.startswith('PROJCS["NAD_1983_UTM_Zone_10N"')


@pytest.mark.shared_data
def test_rotterdam_sewers(shared: Path) -> None:
    """246 sewers and 231 manholes; the sentinel -9999 stays, for the shared code knows it."""
    lines = read(shared / "underground/rotterdam/sewer_lines.shp")
    nodes = read(shared / "underground/rotterdam/manholes.shp")
    assert (len(lines), len(nodes)) == (246, 231)
    record = lines.record(0)
    assert [record[k] for k in ("CODE", "BOB_ACTUEE", "BOB_ACTU_1", "width")] == ["2200263-2200262", 2.47, 2.34, "400"]
    assert lines.columns["BOB_ACTUEE"].count(0.0) + lines.columns["BOB_ACTU_1"].count(0.0) == 22 + 22
    assert nodes.record(0)["MAAIVELD"] == 4.0
    assert shapely.get_z(nodes.geometries).tolist().count(-9999.0) == 203


@pytest.mark.shared_data
def test_driver_byte_and_bytes_of_foreign_text(shared: Path) -> None:
    """Chinese and Spanish text arrives as its bytes, with the driver byte as the declaration."""
    chinese = read(shared / "parcels/encodings/ldid/chinese.shp")
    assert (chinese.columns, chinese.encoding) == ({"NAME": ["简体".encode("gbk").decode("latin-1")]}, "LDID/122")
    spanish = read(shared / "parcels/encodings/latin1-property.shp")
    assert (spanish.columns, spanish.encoding) == ({"name": ["México"]}, "LDID/87")


def test_numbers_that_did_not_fit_are_named(tmp_path: Path) -> None:
    """Stars in a field of numbers may be a lost number, which GDAL reads as "none given"; stars in text are text."""
    path = tmp_path / "ong.shp"
    names = {"ten": np.array(["*", "b", "c"], dtype=object), "sau": np.array([1.5, 2.5, 3.5])}
    shapes = shapely.to_wkb(shapely.points(np.arange(6.0).reshape(3, 2)))
    pyogrio.raw.write(path, shapes, list(names.values()), list(names), geometry_type="Point", crs="EPSG:9214")
    table = path.with_suffix(".dbf")
    content = table.read_bytes()
    table.write_bytes(content.replace(b"2.500000000000000", b"*" * 17))
    layer = read(path)
    assert list(layer.columns["sau"]) == [1.5, None, 3.5]
    assert list(layer.columns["ten"]) == ["*", "b", "c"]
    assert layer.notes == ("1 numbers of sau are stars (*****), not given or too long for the field: rows 2",)
