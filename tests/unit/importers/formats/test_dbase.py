"""dBASE tables that come without shapes: read where they hold coordinates, else what is missing is asked for."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats import recognise
from importers.formats.dbase import read_dbase
from importers.source import Dataset, find_datasets
from importers.text import decode_layer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def a_table(path: Path, names: Sequence[bytes], rows: Sequence[Sequence[bytes]], *, driver: int = 0) -> Path:
    """A dBASE III table of texts, twenty bytes wide."""
    start = 33 + 32 * len(names)
    header = struct.pack("<4BIHH17xBxx", 3, 124, 1, 1, len(rows), start, 1 + 20 * len(names), driver)
    fields = b"".join(name.ljust(11, b"\0") + b"C" + bytes(4) + bytes([20, 0]) + bytes(14) for name in names)
    records = b"".join(b" " + b"".join(cell.ljust(20) for cell in row) for row in rows)
    path.write_bytes(header + fields + b"\r" + records + b"\x1a")
    return path


def of(path: Path) -> Dataset:
    (dataset,) = find_datasets(path)[0]
    return dataset


def test_coordinates_in_a_table(tmp_path: Path) -> None:
    """A register of trees that was kept in dBASE has its places, and its letters are decoded later."""
    name = "Bàng".encode("cp1258")
    path = a_table(tmp_path / "cay-xanh.dbf", [b"SoHieuCay", b"X", b"Y", b"TenCay"],
                   [[b"C1", b"1820978.931", b"562897.886", name], [b"C2", b"1820980", b"562899", b"Bang"]])  # fmt: skip
    (layer,) = read_dbase(of(path))
    assert recognise(of(path)).name == "dBASE table"
    assert shapely.to_wkt(layer.geometries[0], rounding_precision=3) == "POINT (1820978.931 562897.886)"
    assert (len(layer), layer.surveyor_axes, layer.columns["SoHieuCay"]) == (2, True, ["C1", "C2"])
    decoding = decode_layer([name.decode("latin-1")], declared="1258")
    assert decoding.decode(str(layer.columns["TenCay"][0])) == "Bàng"


def test_label_beside_the_table(tmp_path: Path) -> None:
    """What the .cpg, or else the header, says of its letters is handed on."""
    path = a_table(tmp_path / "x.dbf", [b"X", b"Y", b"NAME"], [[b"1", b"2", "русский".encode("koi8-r")]], driver=87)
    assert next(read_dbase(of(path))).encoding == "LDID/87"
    path.with_suffix(".cpg").write_text("KOI8-R")
    (layer,) = read_dbase(of(path))
    decoding = decode_layer([str(layer.columns["NAME"][0])], declared=layer.encoding)
    assert decoding.decode(layer.columns["NAME"][0]) == "русский"


def test_table_of_a_shapefile(tmp_path: Path) -> None:
    """Attributes without their shapes: the files that are missing are named."""
    path = a_table(tmp_path / "ống.dbf", [b"Ma"], [[b"1"]])
    with pytest.raises(Rejected, match=r"ống\.shp is missing") as refused:
        list(read_dbase(of(path)))
    assert refused.value.finding.fault is Fault.SIDECAR_MISSING
    path.with_suffix(".shp").touch()
    with pytest.raises(Rejected, match=r"is the table of ống\.shp"):
        list(read_dbase(of(path)))


@pytest.mark.parametrize("size", [20, 80])
def test_table_that_is_cut_short(tmp_path: Path, size: int) -> None:
    """Fewer bytes than the header states are no whole delivery."""
    path = a_table(tmp_path / "x.dbf", [b"X", b"Y"], [[b"1", b"2"]] * 3)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(Rejected) as refused:
        list(read_dbase(of(path)))
    assert refused.value.finding.fault is Fault.TRUNCATED


@pytest.mark.shared_data
def test_real_tables_without_shapes(shared: Path) -> None:
    """All 17 tables of the encodings are what is left of a Shapefile, whatever their letters."""
    folder = shared / "parcels" / "encodings"
    tables = [d for d in find_datasets(folder)[0] if d.path.suffix == ".dbf"]
    assert len(tables) == 17
    for table in tables:
        with pytest.raises(Rejected, match="without coordinates") as refused:
            list(read_dbase(table))
        assert refused.value.finding.fault is Fault.SIDECAR_MISSING
