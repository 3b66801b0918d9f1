"""CSV: every shape, encoding and habit in which departments deliver tables."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats.table import is_csv, read_csv
from importers.formats.tabular.declared import named_system, split_name
from importers.formats.tabular.numbers import parse_degrees
from importers.source import find_datasets
from importers.text import decode_layer

if TYPE_CHECKING:
    from pathlib import Path

    from importers.source import SourceLayer


def read(folder: Path, content: str | bytes, prj: str = "") -> SourceLayer:
    path = folder / "ho-ga.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    if prj:
        path.with_suffix(".prj").write_text(prj)
    ((dataset,), _) = find_datasets(path)
    (layer,) = read_csv(dataset)
    return layer


def points(layer: SourceLayer) -> list[list[float]]:
    return shapely.get_coordinates(layer.geometries, include_z=bool(shapely.has_z(layer.geometries).any())).tolist()


def test_quoted_cells_keep_delimiters_and_line_breaks(tmp_path: Path) -> None:
    """A remark with commas, quotation marks and a line break is one cell, and the rows after it stay in place."""
    layer = read(tmp_path, 'Ma,X,Y,GhiChu\r\n"HG,1",1,2,"dòng 1\r\n""dòng"" 2"\r\nHG2,3,4,\r\n')
    assert layer.columns["Ma"] == ["HG,1", "HG2"]
    assert layer.columns["GhiChu"] == ['dòng 1\n"dòng" 2', None]
    assert points(layer) == [[1, 2], [3, 4]]
    assert (layer.rows.tolist(), layer.encoding, layer.surveyor_axes) == ([1, 2], "Unicode", True)


def test_an_unclosed_quotation_mark_swallows_nothing(tmp_path: Path) -> None:
    """A stray inch mark does not turn the rest of the table into one cell."""
    layer = read(tmp_path, 'Ma;X;Y;Co\nHG1;1;2;"8\nHG2;3;4;10\n')
    assert layer.columns["Co"] == ['"8', "10"]
    assert any("not closed" in note for note in layer.notes)


def test_ragged_rows_lose_nothing(tmp_path: Path) -> None:
    """Cells beyond the header are kept, missing ones unknown, and both are said."""
    layer = read(tmp_path, "Ma,X,Y,H\nHG1,1,2,3,thừa\nHG2,4,5\n\n,,,\n\n")
    assert layer.columns == {
        "Ma": ["HG1", "HG2"],
        "X": ["1", "4"],
        "Y": ["2", "5"],
        "H": ["3", None],
        "column5": ["thừa", None],
    }
    assert "1 rows have more cells than there are names: kept" in layer.notes
    assert "1 rows end early: what they lack is unknown" in layer.notes
    assert [bool(shapely.has_z(g)) for g in layer.geometries] == [True, False], "a height is known or not, never NaN"


def test_names_are_unique_and_none_is_lost(tmp_path: Path) -> None:
    """Repeated and blank names get names of their own, even where that name is taken."""
    layer = read(tmp_path, "Ma,Ma,,Ma_2,X,Y\na,b,c,d,1,2\n")
    assert layer.columns == {"Ma": ["a"], "Ma_3": ["b"], "column3": ["c"], "Ma_2": ["d"], "X": ["1"], "Y": ["2"]}


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
    ],
)
def test_marks_and_line_ends_do_not_matter(tmp_path: Path, encode: object) -> None:
    """UTF-8 with a mark, UTF-16 of both kinds, Windows and old Mac line ends give the same table."""
    content = encode("Tên đường;Kinh độ;Vĩ độ\nLê Lợi;107,5909;16,4637\n")  # type: ignore[operator]
    assert is_csv(content[:4096], ".csv")
    layer = read(tmp_path, content)
    assert layer.columns["Tên đường"] == ["Lê Lợi"]
    assert points(layer) == [[107.5909, 16.4637]]
    assert layer.crs == "EPSG:4326"


def test_legacy_letters_stay_bytes_but_headers_are_understood(tmp_path: Path) -> None:
    """A TCVN3 table is delivered as bytes, and its coordinates are found by their TCVN3 names all the same."""
    text = "Tªn ®­êng;Täa ®é X;Täa ®é Y\nLª Lîi;1820978,931;562897,886\nTrÇn H­ng §¹o;1820979;562898\n"
    layer = read(tmp_path, text.encode("latin-1"))
    assert layer.encoding is None
    assert points(layer)[0] == [1820978.931, 562897.886]
    decoding = decode_layer([v for c in layer.columns.values() for v in c if v], declared=None)
    assert [decoding.decode(v or "") for v in layer.columns["Tªn ®­êng"]] == ["Lê Lợi", "Trần Hưng Đạo"]


def test_titles_above_the_header_are_remarks(tmp_path: Path) -> None:
    """The header is found under titles, which may name the system; column numbers and units are no records."""
    layer = read(
        tmp_path,
        "BẢNG THỐNG KÊ HỐ GA,,,,\n"
        '"Hệ tọa độ VN-2000, kinh tuyến trục 107°00\', múi chiếu 3°",,,,\n'
        "STT,Mã số,X,Y,Độ sâu\n"
        ",,m,m,cm\n"
        "(1),(2),(3),(4),(5)\n"
        "1,007,1820978.931,562897.886,120\n",
    )
    assert layer.columns == {
        "STT": ["1"],
        "Mã số": ["007"],
        "X_m": ["1820978.931"],
        "Y_m": ["562897.886"],
        "Độ sâu_cm": ["120"],
    }
    assert points(layer) == [[1820978.931, 562897.886]]
    assert layer.crs == "EPSG:9214"
    assert "BẢNG THỐNG KÊ" in layer.crs_origin


def test_headers_of_two_rows_are_joined(tmp_path: Path) -> None:
    """Merged cells over two rows of names, as a spreadsheet saves them, give one name a column."""
    layer = read(tmp_path, "STT,Mã số,Tọa độ,,Cao độ,\n,,X,Y,Nắp,Đáy hố\n1,HG1,1820978.9,562897.8,3.2,1.1\n")
    assert list(layer.columns) == ["STT", "Mã số", "Tọa độ X", "Tọa độ Y", "Cao độ Nắp", "Cao độ Đáy hố"]
    assert len(layer) == 1


def test_headers_of_two_rows_with_units_and_the_system_in_the_upper(tmp_path: Path) -> None:
    """A group's name that stands in each of its columns is one name, its unit goes to the end, its words name a CRS."""
    upper = "Số hiệu hố ga;Tọa độ VN-2000 KTT 107°00';Tọa độ VN-2000 KTT 107°00';Cao độ (m);Cao độ (m)"
    lower = "Số hiệu hố ga;X (m);Y (m);Nắp;Đáy"
    layer = read(tmp_path, f"{upper}\n{lower}\nHG1;1820300;561700;4,5;2,5\n")
    assert list(layer.columns) == ["Số hiệu hố ga", "X (m)", "Y (m)", "Cao độ Nắp (m)", "Cao độ Đáy (m)"]
    assert (points(layer), layer.crs) == ([[1820300, 561700]], "EPSG:9214")


def test_upper_names_are_kept_where_the_lower_are_better_known(tmp_path: Path) -> None:
    """The row with X and Y is found first; the names that stand only above it are not lost."""
    layer = read(tmp_path, "Phụ lục 1,,,,\nSố,Vị trí,Tọa độ,,\n,,X,Y,H\n1,Lê Lợi,1820978.9,562897.8,3\n")
    assert list(layer.columns) == ["Số", "Vị trí", "Tọa độ X", "Tọa độ Y", "H"]
    assert points(layer) == [[1820978.9, 562897.8, 3]]


def test_a_first_record_of_text_is_no_second_header(tmp_path: Path) -> None:
    """Records without numbers are records."""
    layer = read(tmp_path, "WKT;Loai;GhiChu\nPOINT (1 2);van;X\nPOINT EMPTY;;\n")
    assert layer.columns["GhiChu"] == ["X", None]
    assert len(layer) == 2


@pytest.mark.parametrize(
    ("x", "y", "other"),
    [
        ('"1,820,978.931"', '"562,897.886"', "1.5"),
        ('"1,820,978"', '"562,897"', "1.5"),
        ("1 820 978.931", "562 897.886", "1.5"),
        ("1\xa0820\xa0978.931", "562\xa0897.886", "1.5"),
        ('"1 820 978,931 m"', '"562 897,886 m"', "1.5"),
        ("1820978.931m", "562897.886 m.", "1.5"),
    ],
)
def test_thousands_in_groups_are_numbers(tmp_path: Path, x: str, y: str, other: str) -> None:
    """Groups of thousands are understood in coordinates; a code that only looks like them keeps its form."""
    layer = read(tmp_path, f'Ma,X,Y,DoSau\n"1,234",{x},{y},{other}\n')
    assert points(layer)[0] == pytest.approx([1820978.931, 562897.886], abs=1)
    assert (layer.columns["Ma"], layer.columns["DoSau"]) == (["1,234"], ["1.5"])


@pytest.mark.parametrize(
    ("names", "cells"),
    [("X,Y", "1.82E+06,5.63E+05"), ("X,Y", "1.821E+06,562500.25"), ("kinhDo,viDo", "107.59,16.464")],
)
def test_rounded_coordinates_are_refused(tmp_path: Path, names: str, cells: str) -> None:
    """What a spreadsheet saves as it shows it, 1.82E+06, lies kilometres beside where the manhole is."""
    with pytest.raises(Rejected, match="coordinates are rounded") as refused:
        read(tmp_path, f"Ma,{names}\n" + f"H,{cells}\n" * 12)
    assert refused.value.finding.fault is Fault.VALUE_REFUSED
    assert len(read(tmp_path, "Ma,kinhDo,viDo\n" + "H,107.59,16.464\n" * 11 + "H,107.5871,16.4643\n")) == 12


def test_points_between_thousands(tmp_path: Path) -> None:
    """1.820.978,931 with decimal commas is a number too; a value column is changed where it has fractions."""
    layer = read(tmp_path, "Ma;X;Y;DienTich\n1.234.567;1.820.978,931;562.897,886;1.234,5\n")
    assert points(layer) == [[1820978.931, 562897.886]]
    assert (layer.columns["Ma"], layer.columns["DienTich"]) == (["1.234.567"], ["1234,5"])
    assert "thousands set off by '.' in X, Y, DienTich" in layer.notes


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("16°27'49.32\"N", 16.4637),
        ("16° 27’ 49,32” N", 16.4637),
        ("N16 27 49.32", 16.4637),
        ("16-27.822", 16.4637),
        ("107d35m27.24s", 107.5909),
        ("107°35′27,24″Đ", 107.5909),
        ("107:35:27.24", 107.5909),
        ("16°27'49.32\"S", -16.4637),
        ("107°35'27.24\"§", 107.5909),
        ("107.5909", 107.5909),
        ("107,5909", 107.5909),
        ("16°61'00\"", None),
        ("16°27.5'30\"", None),
        ("HG 16", None),
        (None, None),
    ],
)
def test_degrees_in_all_writings(text: str | None, degrees: float | None) -> None:
    """Degrees, minutes and seconds in every usual writing; sixty minutes are no angle."""
    found = parse_degrees(text)
    assert found == (None if degrees is None else pytest.approx(degrees, abs=1e-9))


def test_degrees_of_vn2000_are_not_wgs84(tmp_path: Path) -> None:
    """Latitude and longitude under a VN-2000 title are 4756: read as WGS 84 they would be 225 m off."""
    layer = read(tmp_path, "# Hệ VN-2000\nMa,viDo,kinhDo\nHG1,16°27'49.32\"N,107°35'27.24\"E\n")
    assert points(layer)[0] == pytest.approx([107.5909, 16.4637])
    assert layer.crs == "EPSG:4756"


@pytest.mark.parametrize(
    ("words", "degrees", "code"),
    [
        ("# EPSG:9214", False, "EPSG:9214"),
        ("VN-2000, KTT 107°00', múi 3°", False, "EPSG:9214"),
        ("VN2000 KTT107", False, "EPSG:9214"),
        ("Hệ VN 2000, kinh tuyến trục 107 độ 15 phút", False, "EPSG:9215"),
        ("VN-2000 kinh tuyến trục: 107,75", False, "EPSG:5899"),
        ("VN-2000, KTT 107, 3 độ", False, "EPSG:9214"),
        ("VN-2000, KTT 105°, múi 6°", False, "EPSG:3405"),
        ("VN-2000, KTT 105°, múi 3°", False, "EPSG:5897"),
        ("VN-2000, KTT 105°", False, None),
        ("VN-2000, KTT 107°20'", False, None),
        ("VN-2000", False, None),
        ("VN-2000", True, "EPSG:4756"),
        ("KTT 107°", False, None),
        ("WGS 84 / UTM zone 48N", False, "EPSG:32648"),
        ("WGS84", True, "EPSG:4326"),
        ("Công ty cấp nước, năm 2000", False, None),
    ],
)
def test_words_name_a_system_only_where_they_do(words: str, degrees: bool, code: str | None) -> None:
    """A meridian without its zone's width is taken only where one zone has it; nothing is assumed."""
    assert named_system(words, degrees=degrees) == code


@pytest.mark.parametrize(
    ("name", "bare", "code"),
    [
        ("X_VN2000_107", "x", "EPSG:9214"),
        ("Y (VN-2000 KTT 107°45')", "y", "EPSG:5899"),
        ("X_EPSG9214", "x", "EPSG:9214"),
        ("X VN2000", "x", None),
        ("X", "X", None),
    ],
)
def test_names_of_columns_name_a_zone(name: str, bare: str, code: str | None) -> None:
    """What stands behind the name of a coordinate is its system."""
    assert split_name(name) == (bare, code)


def test_zones_in_names_declare_the_crs(tmp_path: Path) -> None:
    """X and Y with the zone in their names are coordinates in that zone; degrees beside them are not used."""
    layer = read(tmp_path, "Ma,kinhDo,viDo,X_VN2000_107,Y_VN2000_107\nHG1,107.59,16.46,1820978.931,562897.886\n")
    assert (layer.crs, layer.crs_origin) == ("EPSG:9214", "the names of its columns")
    assert points(layer) == [[1820978.931, 562897.886]]


def test_prj_goes_before_words(tmp_path: Path) -> None:
    """The companion file is the stronger declaration."""
    layer = read(tmp_path, "# EPSG:9215\nMa,X,Y\nHG1,1,2\n", prj='PROJCS["VN-2000 / TM-3 107-00"]')
    assert (layer.crs, layer.crs_origin) == ('PROJCS["VN-2000 / TM-3 107-00"]', ".prj")


def test_vertices_become_lines(tmp_path: Path) -> None:
    """Rows of one line are its vertices in their order; it has the attributes and the row of the first."""
    layer = read(tmp_path, "MaDoiTuong,ThuTuDinh,X,Y,VatLieu\nA,2,2,0,x\nA,1,1,0,y\nB,1,5,5,z\nB,2,6,6,z\n")
    assert [shapely.get_coordinates(g).tolist() for g in layer.geometries] == [[[1, 0], [2, 0]], [[5, 5], [6, 6]]]
    assert (layer.columns["VatLieu"], layer.rows.tolist()) == (["x", "z"], [1, 3])


def test_long_geometries_are_read(tmp_path: Path) -> None:
    """A polygon of WKT longer than 128 KB is one cell."""
    ring = shapely.Point(562897.886, 1820978.931).buffer(1000, quad_segs=2000)
    layer = read(tmp_path, f'WKT,Ten\n"{ring.wkt}",phường\n')
    assert len(ring.wkt) > 200_000
    assert layer.geometries[0].equals(ring)


def test_lines_that_name_their_nodes_are_delivered(tmp_path: Path) -> None:
    """A table of conduits from manhole to manhole has no geometry yet, and is no fault."""
    layer = read(tmp_path, "MaTuyen,Từ hố ga,Đến hố ga,DuongKinh_mm\nT1,HG1,HG2,600\n")
    assert layer.geometries.tolist() == [None]
    assert layer.columns["DuongKinh_mm"] == ["600"]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", Fault.UNREADABLE),
        (b"Ma,X,Y\n", Fault.UNREADABLE),
        (b"Ma\nHG1\n", Fault.UNREADABLE),
        (b"1,562897.8,1820978.9\n2,562898.8,1820979.9\n", Fault.UNREADABLE),
        (b"Ma,DoSau\nHG1,2\n", Fault.GEOMETRY_MISSING),
        (codecs.BOM_UTF16_LE + b"M\0a", Fault.TRUNCATED),
        (b"Ma,X,Y\nHG1,562897.8,1820978.9\nHG2,5628", Fault.TRUNCATED),
        (bytes(range(256)) * 40, Fault.GEOMETRY_MISSING),
        (b"#\n" * 100, Fault.UNREADABLE),
        (b'"' * 10_001, Fault.UNREADABLE),
    ],
)
def test_what_is_no_table_is_rejected(tmp_path: Path, content: bytes, fault: Fault) -> None:
    """Empty, headless, placeless and nonsensical files end as a finding with a remedy."""
    with pytest.raises(Rejected) as caught:
        read(tmp_path, content)
    assert caught.value.finding.fault is fault
    assert caught.value.finding.remedy


COURSES = "ma_tuyen,stt,X,Y,do_sau,vat_lieu\n"


def named(folder: Path, name: str, content: str) -> SourceLayer:
    path = folder / name
    path.write_text(content, "utf-8")
    ((dataset,), _) = find_datasets(path)
    (layer,) = read_csv(dataset)
    return layer


def test_numbered_rows_of_a_line_code_are_its_vertices(tmp_path: Path) -> None:
    """Pipes surveyed point by point are lines, whatever their columns are called: they were loaded as nodes."""
    rows = "A,1,0,0,1.2,PE\nA,2,0,10,1.2,PE\nA,3,5,10,1.2,PE\nB,2,9,9,1.5,PE\nB,1,9,0,0.9,PE\n"
    layer = named(tmp_path, "diem-do.csv", COURSES + rows)
    assert [shapely.get_coordinates(g).tolist() for g in layer.geometries] == [
        [[0, 0], [0, 10], [5, 10]],
        [[9, 0], [9, 9]],
    ]
    assert layer.columns["do_sau"] == ["1.2", None], "the depth at one vertex is not that of the line"
    assert layer.columns["vat_lieu"] == ["PE", "PE"]
    assert "numbers of do_sau differ along their line: not used for the whole of it" in layer.notes


def test_valves_on_lines_are_no_vertices(tmp_path: Path) -> None:
    """The code of the line that a valve stands on comes many times; what is numbered through is no course."""
    rows = "A,1,0,0,1.2,\nA,2,0,10,1.2,\nB,3,5,10,1.2,\nB,4,9,9,1.5,\n"
    for name in ("van.csv", "diem.csv"):
        assert {g.geom_type for g in named(tmp_path, name, COURSES + rows).geometries} == {"Point"}
    assert {g.geom_type for g in named(tmp_path, "van.csv", COURSES + rows.replace("B,3", "B,1")).geometries} == {
        "Point"
    }


def test_vertices_without_an_order_are_refused(tmp_path: Path) -> None:
    """Which way a pipe runs through its points is not guessed, and it does not become a heap of nodes."""
    with pytest.raises(Rejected, match="none says in which order") as refused:
        named(tmp_path, "tuyen-ong.csv", "ma_tuyen,X,Y\nA,0,0\nA,0,10\nB,5,5\nB,9,9\n")
    assert "ThuTuDinh" in refused.value.finding.remedy


def test_lines_that_are_torn_are_not_drawn(tmp_path: Path) -> None:
    """Rows without a line, and two runs under one number, made lines across the city; a line of one row is a point."""
    layer = read(
        tmp_path, "MaDoiTuong,ThuTuDinh,X,Y\n,1,1,1\nA,1,0,0\nA,2,0,9\nA,1,50,0\nA,2,50,9\nB,1,3,3\n,2,70,70\n"
    )
    assert layer.rows.tolist() == [1, 2, 6, 7]
    assert [None if g is None else g.geom_type for g in layer.geometries] == [None, None, "Point", None]
    assert layer.notes[-3:] == (
        "1 lines of one row are points",
        "1 lines of which the rows are not numbered apart: not drawn",
        "2 rows do not say of which line they are",
    )


def test_geometries_of_postgis_name_their_system(tmp_path: Path) -> None:
    """EWKT and hexadecimal EWKB, as PostGIS exports them, are read in the system that they name; two are refused."""
    line = shapely.LineString([(562000, 1820000, 3.5), (562020, 1820000, 3.4)])
    ewkb = shapely.to_wkb(shapely.set_srid(line, 9214), hex=True, include_srid=True)
    layer = read(tmp_path, f'Ma,geom\nA,{ewkb}\nB,"SRID=9214;{line.wkt}"\nC,"{line.wkt}"\nD,0102zz\n')
    assert [g is not None and g.equals_exact(line, 0) for g in layer.geometries] == [True, True, True, False]
    assert (layer.crs, layer.crs_origin) == ("EPSG:9214", "the geometries in 'geom'")
    for content, said in (
        (f'Ma,geom\nA,{ewkb}\nB,"SRID=9215;{line.wkt}"\n', "several systems: SRID 9214, 9215"),
        (f"# EPSG:9215\nMa,geom\nA,{ewkb}\n", "name EPSG:9214, and"),
    ):
        with pytest.raises(Rejected, match=said):
            read(tmp_path, content)
