"""XLSX and ODS: sheets, merged cells, dates, formulas and text as they stand; old and locked workbooks refused."""

from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pyogrio
import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats.spreadsheet import is_compound, is_ods, is_xlsx, read_ods, read_xlsx, refuse_compound
from importers.source import find_datasets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from importers.source import Dataset, SourceLayer

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LETTERS = "ABCDEFGHIJ"

HEADER = ["Mã số", "X", "Y", "Ngày lắp đặt"]


def text(value: str) -> str:
    return f'<c r="@" t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def number(value: str, style: int = 0) -> str:
    return f'<c r="@" s="{style}"><v>{value}</v></c>'


def formula(value: str) -> str:
    return f'<c r="@"><f>SUM(1)</f><v>{value}</v></c>'


def a_sheet(rows: Sequence[Sequence[str]], merges: Sequence[str] = ()) -> str:
    """Cells by row, "" for none, plain words for text."""
    lines = []
    for r, cells in enumerate(rows, start=1):
        placed = [
            (cell if cell.startswith("<c ") else text(cell)).replace("@", f"{LETTERS[c]}{r}")
            for c, cell in enumerate(cells)
            if cell
        ]
        lines.append(f'<row r="{r}">{"".join(placed)}</row>')
    merged = "".join(f'<mergeCell ref="{m}"/>' for m in merges)
    tail = f"<mergeCells>{merged}</mergeCells>" if merged else ""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData>{tail}</worksheet>'


def a_workbook(path: Path, sheets: dict[str, str], *, prolog: str = "") -> Path:
    """The smallest workbook with cells in style 0 (plain), 1 (date) and 2 (date and time)."""
    numbers = range(1, len(sheets) + 1)
    types = "\n".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{SHEET_TYPE}.worksheet+xml"/>' for i in numbers
    )
    named = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{i}" r:id="rId{i}"/>' for i, name in enumerate(sheets, start=1)
    )
    targets = "".join(
        f'<Relationship Id="rId{i}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{i}.xml"/>' for i in numbers
    )
    parts = {
        "[Content_Types].xml": (
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">\n'
            f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET_TYPE}.sheet.main+xml"/>\n{types}\n</Types>'
        ),
        "_rels/.rels": (
            f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{OFFICE}/officeDocument"'
            ' Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (f'{prolog}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{named}</sheets></workbook>'),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{PACKAGE}">{targets}<Relationship Id="rId99" Type="{OFFICE}/styles"'
            ' Target="styles.xml"/></Relationships>'
        ),
        "xl/styles.xml": (
            f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/></cellXfs>'
            "</styleSheet>"
        ),
    } | {f"xl/worksheets/sheet{i}.xml": sheet for i, sheet in zip(numbers, sheets.values(), strict=True)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def dataset(path: Path) -> Dataset:
    ((found,), _) = find_datasets(path)
    return found


def read(folder: Path, sheets: dict[str, str]) -> list[SourceLayer]:
    path = a_workbook(folder / "ho-ga.xlsx", sheets)
    assert is_xlsx(path.read_bytes()[:4096], ".xlsx")
    return list(read_xlsx(dataset(path)))


def points(layer: SourceLayer) -> list[list[float]]:
    return shapely.get_coordinates(layer.geometries).tolist()


def test_every_sheet_with_a_place_is_a_layer(tmp_path: Path) -> None:
    """Sheets come by their names; a sheet of remarks is left aside and said."""
    nodes = a_sheet([HEADER, ["HG1", number("1820978.931"), number("562897.886")]])
    lines = a_sheet([["Mã", "Từ hố ga", "Đến hố ga"], ["T1", "HG1", "HG2"]])
    remarks = a_sheet([["Người lập", "Nguyễn Văn A"]])
    layers = read(tmp_path, {"Hố ga": nodes, "Tuyến cống": lines, "Ghi chú": remarks, "Trống": a_sheet([])})
    assert [layer.name for layer in layers] == ["Hố ga", "Tuyến cống"]
    assert points(layers[0]) == [[1820978.931, 562897.886]]
    assert layers[1].geometries.tolist() == [None]
    assert all("sheets without a place left aside: Ghi chú" in layer.notes for layer in layers)
    assert {layer.encoding for layer in layers} == {"Unicode"}


def test_cells_keep_what_they_hold(tmp_path: Path) -> None:
    """Codes keep their zeros, numbers their value, formulas their result, dates their day; errors are unknown."""
    header = ["Mã số", "X", "Y", "Ngày", "Giờ", "Sâu", "Lỗi", "Số"]
    cells = [
        "007", number("1820978.9310000001"), formula("562897.886"), number("43616", 1), number("43616.5", 2),
        "1,25", '<c r="@" t="e"><v>#DIV/0!</v></c>', number("12"),
    ]  # fmt: skip
    (layer,) = read(tmp_path, {"Hố ga": a_sheet([header, cells])})
    assert layer.record(0) == {
        "Mã số": "007", "X": "1820978.931", "Y": "562897.886", "Ngày": "2019/05/31", "Giờ": "2019-05-31T12:00:00",
        "Sâu": "1,25", "Lỗi": None, "Số": "12",
    }  # fmt: skip


def test_headers_and_merged_cells_are_understood(tmp_path: Path) -> None:
    """Title, header over two rows, and a value merged over several records, as people lay tables out."""
    rows = [
        ["BẢNG TỌA ĐỘ HỐ GA, VN-2000 KTT 107°00' múi 3°"],
        [],
        ["Tuyến", "Tên", "Tọa độ", "", "Độ sâu"],
        ["", "", "X", "Y"],
        ["", "", "(m)", "(m)", "(cm)"],
        ["Lê Lợi", "HG1", number("1820978.5"), number("562897.5"), number("120")],
        ["", "HG2", number("1820979.5"), number("562898.5"), number("130")],
        [],
        ["", "HG3", number("1820980.5"), number("562899.5"), number("140")],
    ]
    (layer,) = read(tmp_path, {"Sheet1": a_sheet(rows, ["A1:E1", "A3:A4", "B3:B4", "C3:D3", "E3:E4", "A6:A9"])})
    assert layer.columns == {
        "Tuyến": ["Lê Lợi"] * 3,
        "Tên": ["HG1", "HG2", "HG3"],
        "Tọa độ X_m": ["1820978.5", "1820979.5", "1820980.5"],
        "Tọa độ Y_m": ["562897.5", "562898.5", "562899.5"],
        "Độ sâu_cm": ["120", "130", "140"],
    }
    assert (layer.crs, layer.rows.tolist()) == ("EPSG:9214", [1, 2, 3])


def test_workbooks_of_other_programs_are_read(tmp_path: Path) -> None:
    """What GDAL writes as XLSX and ODS comes back the same."""
    fields = [np.array(["007", None], object), np.array([1820978.931, 2.5]), np.array([562897.886, 3.5])]
    for driver, form in (("XLSX", read_xlsx), ("ODS", read_ods)):
        path = tmp_path / f"ho-ga.{driver.lower()}"
        pyogrio.raw.write(path, None, fields, ["Ma", "X", "Y"], layer="Hố ga", driver=driver)
        (layer,) = form(dataset(path))
        assert layer.columns == {"Ma": ["007", None], "X": ["1820978.931", "2.5"], "Y": ["562897.886", "3.5"]}
        assert points(layer) == [[1820978.931, 562897.886], [2.5, 3.5]]
        head = path.read_bytes()[:4096]
        assert (is_xlsx(head, path.suffix), is_ods(head, path.suffix)) == (driver == "XLSX", driver == "ODS")


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    """A workbook under another name is one; another ZIP archive is none."""
    path = a_workbook(tmp_path / "ho-ga.dat", {"Hố ga": a_sheet([HEADER, ["HG1", number("1"), number("2")]])})
    assert is_xlsx(path.read_bytes()[:4096], ".dat")
    (layer,) = read_xlsx(dataset(path))
    assert points(layer) == [[1, 2]]
    assert not is_xlsx(b"PK\x03\x04 shapes.shp", ".zip")


def test_ods_merges_are_filled(tmp_path: Path) -> None:
    """Cells merged downwards in LibreOffice hold their value for every record, repeated rows and cells counted."""
    path = tmp_path / "ho-ga.ods"
    pyogrio.raw.write(path, None, [np.array(["x"], object)], ["a"], layer="S", driver="ODS")
    word = '<table:table-cell office:value-type="string"{}><text:p>{}</text:p></table:table-cell>'
    value = '<table:table-cell office:value-type="float" office:value="{}"/>'
    row = "<table:table-row>{}</table:table-row>"
    blank = '<table:table-cell table:number-columns-repeated="2"/>'
    body = [
        f'<table:table-row table:number-rows-repeated="2">{blank}</table:table-row>',
        row.format(blank + "".join(word.format("", name) for name in ("Ma", "Tuyen", "X", "Y"))),
    ]
    for k in range(2):
        span = word.format(' table:number-rows-spanned="2"', "Lê Lợi") if k == 0 else "<table:covered-table-cell/>"
        body.append(row.format(blank + word.format("", f"HG{k}") + span + value.format(k) + value.format(k + 1)))
    with zipfile.ZipFile(path) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    before, _, rest = parts["content.xml"].decode().partition("<table:table-row>")
    after = rest[rest.index("</table:table>") :]
    parts["content.xml"] = (before + "".join(body) + after).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    (layer,) = read_ods(dataset(path))
    assert layer.columns == {"Ma": ["HG0", "HG1"], "Tuyen": ["Lê Lợi"] * 2, "X": ["0", "1"], "Y": ["1", "2"]}


@pytest.mark.parametrize(
    ("stream", "what"),
    [
        ("EncryptedPackage", "with a password"),
        ("Workbook", "old Excel workbook"),
        ("WordDocument", "Word document"),
        ("Dgn~S", "DGN v8"),
        ("Khác", "no known kind"),
    ],
)
def test_compound_documents_are_named(tmp_path: Path, stream: str, what: str) -> None:
    """An old workbook and a locked one look the same at first sight: the advice tells them apart."""
    path = tmp_path / "ho-ga.xlsx"
    path.write_bytes(COMPOUND + bytes(2000) + stream.encode("utf-16-le") + bytes(100))
    assert is_compound(path.read_bytes()[:4096], ".xlsx")
    with pytest.raises(Rejected, match=what) as caught:
        list(refuse_compound(dataset(path)))
    assert caught.value.finding.fault is Fault.UNKNOWN_FORMAT
    assert caught.value.finding.remedy


def test_broken_workbooks_are_rejected(tmp_path: Path) -> None:
    """Wherever a workbook is cut, and whatever its parts say, it ends as a finding with a remedy."""
    sheet = a_sheet([HEADER, ["HG1", number("1"), number("2")]])
    whole = a_workbook(tmp_path / "ho-ga.xlsx", {"Hố ga": sheet}).read_bytes()
    path = tmp_path / "hong.xlsx"
    for share in range(1, 10):
        path.write_bytes(whole[: len(whole) * share // 10])
        with pytest.raises(Rejected) as caught:
            list(read_xlsx(dataset(path)))
        assert caught.value.finding.fault is Fault.TRUNCATED
    for sheets, prolog in (
        ({"S": sheet[:-30]}, ""),
        ({"S": "<worksheet/>"}, ""),
        ({"S": sheet}, '<!DOCTYPE x [<!ENTITY e "v">]>'),
        ({"S": a_sheet([["Mã", "Sâu"], ["HG1", number("1")]])}, ""),
    ):
        a_workbook(path, sheets, prolog=prolog)
        with pytest.raises(Rejected) as caught:
            list(read_xlsx(dataset(path)))
        assert caught.value.finding.remedy


def test_bombs_are_not_unpacked(tmp_path: Path) -> None:
    """A workbook that unpacks into gigabytes is refused by what its directory says."""
    path = a_workbook(tmp_path / "ho-ga.xlsx", {"S": a_sheet([HEADER, ["HG1", number("1"), number("2")]])})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/bom.xml", bytes(12_345))
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 12_345), struct.pack("<I", 1 << 30)))
    with pytest.raises(Rejected, match="unpacks into"):
        list(read_xlsx(dataset(path)))


def test_last_sheet_of_several_keeps_its_first_row(tmp_path: Path) -> None:
    """GDAL took the names of the last sheet's columns for its own, and left the sheet aside."""
    sheets = {name: a_sheet([HEADER[:3], [name, number("1820000"), number("562000")]]) for name in ("a", "b", "c")}
    path = a_workbook(tmp_path / "so.xlsx", sheets)
    ((dataset,), _) = find_datasets(path)
    assert [(layer.name, dict(layer.columns)) for layer in read_xlsx(dataset)] == [
        (name, {"Mã số": [name], "X": ["1820000"], "Y": ["562000"]}) for name in ("a", "b", "c")
    ]
