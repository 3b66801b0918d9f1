"""MapInfo: which system a CoordSys clause is, the bytes of text, and objects that are no things."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pyogrio
import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats.mapinfo import is_mif, is_tab, read_mif, read_tab
from importers.position import refuse_mislabelled
from importers.source import Dataset, SourceLayer
from layers.crs import parse_crs

if TYPE_CHECKING:
    from pathlib import Path

WGS84_TM = '8, 104, "m", 107, 0, 0.9999, 500000, 0'
VN2000_TM = '8, 9999, 28, -191.90441429, -39.30318279, -111.45032835, {}, 0.252906278, 0, "m", {}, 0, {}, 500000, 0'
ROTATIONS = "0.00928836, -0.01975479, 0.00427372"
OPPOSITE = "-0.00928836, 0.01975479, -0.00427372"
LINE = "Pline 2\n562890 1820970\n562900.5 1820980\n    Pen (1,2,0)\n"
POINT = "Point 562890 1820970\n    Symbol (34,0,12)\n"
TEXT = 'Text\n    "DN110"\n    562890 1820970 562900 1820975\n    Font ("Arial",0,0,0)\n'


def dataset(path: Path) -> Dataset:
    parts = sorted(p for p in path.parent.glob(f"{path.stem}.*") if p != path)
    return Dataset(path, path.parent, (path, *parts))


def a_mif(folder: Path, objects: str, rows: list[bytes], charset: str = "Neutral", system: str = WGS84_TM) -> Path:
    path = folder / "ống.mif"
    head = f'Version 450\nCharset "{charset}"\nDelimiter ","\n'
    head += f"CoordSys Earth Projection {system}\n" if system else ""
    path.write_text(head + "Columns 2\n  TEN Char(20)\n  DK Integer\nData\n\n" + objects)
    path.with_suffix(".mid").write_bytes(b"".join(row + b"\n" for row in rows))
    return path


def read(path: Path) -> SourceLayer:
    (layer,) = (read_mif if path.suffix.lower() == ".mif" else read_tab)(dataset(path))
    return layer


def refusal(path: Path) -> tuple[Fault, str]:
    with pytest.raises(Rejected) as refused:
        read(path)
    assert refused.value.finding.remedy
    return refused.value.finding.fault, refused.value.finding.message


def a_tab(folder: Path, name: str = "van") -> Path:
    points = shapely.to_wkb(shapely.points(562890 + np.arange(20), 1820970))
    pyogrio.raw.write(
        folder / f"{name}.tab", points, [np.array([f"v{i}" for i in range(20)])], ["TEN"], geometry_type="Point",
        driver="MapInfo File", crs="EPSG:32648",
    )  # fmt: skip
    return folder / f"{name}.tab"


def test_objects(tmp_path: Path) -> None:
    """Lines, points, areas, arcs and nothing at all; rows follow the .mid."""
    region = "Region 1\n  4\n0 0\n4 0\n4 4\n0 0\n    Pen (1,2,0)\n    Brush (2,0,0)\n"
    arc = "Arc 0 0 2 2\n0 90\n    Pen (1,2,0)\n"
    path = a_mif(tmp_path, LINE + POINT + "None\n" + region + arc, [b'"%d",%d' % (i, i) for i in range(5)])
    layer = read(path)
    assert [None if g is None else g.geom_type for g in layer.geometries] == [
        "LineString", "Point", None, "Polygon", "LineString",
    ]  # fmt: skip
    assert shapely.to_wkt(layer.geometries[0], rounding_precision=1) == "LINESTRING (562890 1820970, 562900.5 1820980)"
    assert layer.geometries[4].length == pytest.approx(1.5708, rel=1e-3)
    assert layer.columns == {"TEN": ["0", "1", "2", "3", "4"], "DK": [0, 1, 2, 3, 4]}
    assert (layer.name, layer.rows.tolist()) == ("ống", [1, 2, 3, 4, 5])


def test_wgs84_label_on_vn2000_is_recognised_as_such(tmp_path: Path) -> None:
    """Projection 8, datum 104, meridian 107, scale 0.9999: 225 m off if believed, so the shared code refuses it."""
    layer = read(a_mif(tmp_path, LINE, [b'"a",1']))
    assert layer.crs is not None
    crs = parse_crs(layer.crs)
    assert not crs.has_code
    with pytest.raises(Rejected) as refused:
        refuse_mislabelled(layer.name, crs)
    assert refused.value.finding.fault == Fault.CRS_MISLABELLED


@pytest.mark.parametrize("rotations", [ROTATIONS, OPPOSITE])
@pytest.mark.parametrize(
    ("meridian", "scale", "code"),
    [("107", "0.9999", "EPSG:9214"), ("107.75", "0.9999", "EPSG:5899"), ("105", "0.9996", "EPSG:3405")],
)
def test_official_shift_is_vn2000(tmp_path: Path, rotations: str, meridian: str, scale: str, code: str) -> None:
    """The datum that is spelled out with the parameters of QĐ 05/2007 is VN-2000, in either sign of rotation."""
    layer = read(a_mif(tmp_path, LINE, [b'"a",1'], system=VN2000_TM.format(rotations, meridian, scale)))
    assert (layer.crs, layer.crs_origin) == (code, "CoordSys")


def test_other_shift_is_not_vn2000(tmp_path: Path) -> None:
    """A datum with other parameters stays what it is."""
    system = VN2000_TM.format(ROTATIONS, "107", "0.9999").replace("-191.904", "-193.904")
    layer = read(a_mif(tmp_path, LINE, [b'"a",1'], system=system))
    assert layer.crs is not None
    assert "MIF 9999" in layer.crs


def test_plain_utm_and_no_system(tmp_path: Path) -> None:
    """UTM on WGS 84 has its code; without a clause the .prj counts, or nothing."""
    system = '8, 104, "m", 105, 0, 0.9996, 500000, 0'
    assert read(a_mif(tmp_path, LINE, [b'"a",1'], system=system)).crs == "EPSG:32648"
    bare = a_mif(tmp_path, LINE, [b'"a",1'])
    bare.write_text(
        bare.read_text().replace(f"CoordSys Earth Projection {WGS84_TM}\n", 'CoordSys NonEarth Units "m"\n')
    )
    assert read(bare).crs is None
    bare.with_suffix(".prj").write_text("EPSG:9214")
    assert (read(bare).crs, read(bare).crs_origin) == ("EPSG:9214", ".prj")


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("WindowsVietnamese", "Windows-1258"), ("WindowsLatin1", "Windows-1252"), ("UTF-8", "UTF-8"), ("Neutral", None)],
)
def test_text_keeps_its_bytes(tmp_path: Path, charset: str, encoding: str | None) -> None:
    """GDAL's decoding loses the last letter; the header's character set is only a declaration."""
    raw = unicodedata.normalize("NFD", "Lê Lợi").replace("e\u0302", "ê").replace("o\u031b", "ơ").encode("cp1258")
    layer = read(a_mif(tmp_path, LINE, [b'"' + raw + b'",1'], charset))
    assert layer.columns["TEN"] == [raw.decode("latin-1")]
    assert layer.encoding == encoding


def test_labels_are_no_things(tmp_path: Path) -> None:
    """A text object would become a manhole: it is left aside, and its neighbours keep their rows."""
    layer = read(a_mif(tmp_path, POINT + TEXT + POINT, [b'"a",1', b'"b",2', b'"c",3']))
    assert (layer.columns["TEN"], layer.rows.tolist()) == (["a", "c"], [1, 3])
    assert layer.notes == ("1 text objects left aside",)


def test_parts_that_are_missing_or_cut_short(tmp_path: Path) -> None:
    """A .mid that is not there, has fewer rows than objects, or more of them: GDAL reads a half .mif silently."""
    path = a_mif(tmp_path, LINE * 3, [b'"a",1'] * 2)
    assert refusal(path)[0] == Fault.UNREADABLE
    a_mif(tmp_path, LINE * 2, [b'"a",1'] * 3)
    assert refusal(path) == (Fault.TRUNCATED, "ống.mif has 2 objects for the 3 rows of ống.mid")
    path.with_suffix(".mid").unlink()
    assert refusal(path) == (Fault.SIDECAR_MISSING, "ống.mif: ống.mid is missing")


def test_redirection_is_not_followed(tmp_path: Path) -> None:
    """A header that GDAL might take for a virtual layer is refused before GDAL sees it."""
    path = a_mif(tmp_path, LINE, [b'"a",1'])
    path.write_text(path.read_text() + "<OGRVRTDataSource><OGRVRTLayer/></OGRVRTDataSource>")
    assert refusal(path)[0] == Fault.UNREADABLE


def test_table(tmp_path: Path) -> None:
    """A native table with its parts, whatever the case of their names; nothing is written beside them."""
    path = a_tab(tmp_path)
    for suffix in (".dat", ".map", ".id"):
        path.with_suffix(suffix).rename(path.with_suffix(suffix.upper()))
    before = sorted(tmp_path.iterdir())
    layer = read(path)
    assert (len(layer), layer.crs, layer.crs_origin, layer.name) == (20, "EPSG:32648", "CoordSys", "van")
    assert layer.record(19) == {"TEN": "v19"}
    assert shapely.to_wkt(layer.geometries[19], rounding_precision=1) == "POINT (562909 1820970)"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("suffix", [".dat", ".map", ".id"])
def test_table_without_a_part(tmp_path: Path, suffix: str) -> None:
    """Each part is needed; one that is cut short is not taken for a smaller one."""
    path = a_tab(tmp_path)
    part = path.with_suffix(suffix)
    part.write_bytes(part.read_bytes()[: part.stat().st_size // 3])
    assert refusal(path)[0] in (Fault.UNREADABLE, Fault.TRUNCATED)
    part.unlink()
    assert refusal(path) == (Fault.SIDECAR_MISSING, f"van.tab: van{suffix} is missing")


def test_table_of_a_thousand_million_rows(tmp_path: Path) -> None:
    """GDAL alone would look for each of them, for half a minute."""
    path = a_tab(tmp_path)
    dat = path.with_suffix(".dat")
    content = bytearray(dat.read_bytes())
    content[7] = 0x5B
    dat.write_bytes(content)
    assert refusal(path)[0] == Fault.TRUNCATED


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('Definition Table\n  File "a.tif"\n  Type "RASTER"\n', "RASTER"),
        ('Open Table "/etc/passwd"\nCreate View v As Select * From p\n', "a view"),
        (
            'Definition Table\n  Type NATIVE Charset "Neutral"\nbegin_metadata\n"\\IsSeamless" = "TRUE"\n',
            "a seamless table",
        ),
    ],
)
def test_table_that_is_a_reference(tmp_path: Path, text: str, what: str) -> None:
    """Rasters, views and seamless tables only name other files, which are not opened."""
    path = tmp_path / "a.tab"
    path.write_text("!table\n!version 300\n\n" + text)
    fault, message = refusal(path)
    assert (fault, what in message) == (Fault.UNKNOWN_FORMAT, True)


def test_known_by_content(tmp_path: Path) -> None:
    """A table by its first word; a MIF by its first line and its name."""
    assert is_tab(b"!table\n!version 300", ".TAB")
    assert not is_tab(b"table", ".tab")
    assert is_mif(a_mif(tmp_path, "", []).read_bytes(), ".mif")
    assert not is_mif(b"Version 1.0 of our readme", ".txt")


@pytest.mark.parametrize("gap", [" ", "\n  "])
def test_shifted_system_is_refused(tmp_path: Path, gap: str) -> None:
    """GDAL reads past an Affine clause: everything would lie as far off as it shifts."""
    system = f'{WGS84_TM}{gap}Affine Units "m", 1, 0, 1000, 0, 1, 500'
    fault, said = refusal(a_mif(tmp_path, LINE, [b'"a",1'], system=system))
    assert fault is Fault.CRS_UNUSABLE
    assert "Affine" in said
    assert len(read(a_mif(tmp_path, LINE, [b'"Affine",1'], system=f"{WGS84_TM}{gap}Bounds (0, 0) (9, 9)"))) == 1
