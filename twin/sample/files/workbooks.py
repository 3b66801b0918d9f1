"""XLSX as Excel and ODS as LibreOffice save it: a title above the table, names of columns for people, dates as dates.

Sources: ECMA-376-1 (SpreadsheetML); OpenDocument 1.2, part 1.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from twin.sample.files.columns import spell
from twin.sample.files.packing import write_zip
from twin.sample.files.tables import lay_out, name_system

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset, Value

_EPOCH = date(1899, 12, 30)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DATE_STYLE = 1
# The units of a name's end, as people write them.
_UNIT = re.compile(r"_(m|cm|mm)$")
_NAMES = {
    "MaOng": "Mã ống", "MaTuyen": "Mã tuyến", "MaSo": "Mã số", "DonViQL": "Đơn vị QL", "DonViQuanLy": "Đơn vị quản lý",
    "ChuSoHuu": "Chủ sở hữu", "ChuQuanLy": "Chủ quản lý", "VatLieu": "Vật liệu", "VatLieuOng": "Vật liệu ống",
    "ChatLieu": "Chất liệu", "TinhTrang": "Tình trạng", "HienTrang": "Hiện trạng", "NgayLapDat": "Ngày lắp đặt",
    "NamXayDung": "Năm xây dựng", "NamLapDat": "Năm lắp đặt", "LoaiOng": "Loại ống", "LoaiTuyen": "Loại tuyến",
    "LoaiCap": "Loại cáp", "Nganh": "Ngành", "DoSau": "Độ sâu", "DuongKinh": "Đường kính", "DKOng": "ĐK ống",
    "DKNgoai": "ĐK ngoài", "DKTrong": "ĐK trong", "CapChinhXac": "Cấp chính xác", "SaiSoMatBang": "Sai số mặt bằng",
    "SaiSoDoCao": "Sai số độ cao", "NgayDo": "Ngày đo", "CaoDoDayDau": "Cao độ đáy đầu",
    "CaoDoDayCuoi": "Cao độ đáy cuối", "DienAp": "Điện áp", "LoaiNut": "Loại nút", "LoaiHoGa": "Loại hố ga",
    "CaoDoNap": "Cao độ nắp", "CaoDoDayGa": "Cao độ đáy ga", "SoHieuCay": "Số hiệu cây", "TenCay": "Tên cây",
    "TenKhoaHoc": "Tên khoa học", "NamTrong": "Năm trồng", "ChieuCao": "Chiều cao", "ChuViThan": "Chu vi thân",
}  # fmt: skip


def write_xlsx(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """Texts in a table of shared strings; the title is merged over all columns, a second sheet holds remarks."""
    grid, wide = _grid(file, shapes)
    remarks: list[list[Value]] = [[_REMARK]]
    texts = list(dict.fromkeys(cell for row in [*grid, *remarks] for cell in row if _is_text(cell)))
    places = {text: i for i, text in enumerate(texts)}
    strings = "".join(f'<si><t xml:space="preserve">{escape(str(text))}</t></si>' for text in texts)
    merge = f'<mergeCells count="1"><mergeCell ref="A1:{_letters(wide - 1)}1"/></mergeCells>'
    named = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{i}" r:id="rId{i}"/>'
        for i, name in enumerate((file.layers[0].name, "Ghi chú"), start=1)
    )
    write_zip(
        path,
        {
            "[Content_Types].xml": _TYPES,
            "_rels/.rels": _ROOT,
            "xl/workbook.xml": f"{_XML}<workbook {_MAIN} {_RELATION}><sheets>{named}</sheets></workbook>".encode(),
            "xl/_rels/workbook.xml.rels": _PARTS,
            "xl/worksheets/sheet1.xml": _sheet(grid, places, merge),
            "xl/worksheets/sheet2.xml": _sheet(remarks, places, ""),
            "xl/styles.xml": _STYLES,
            "xl/sharedStrings.xml": f"{_XML}<sst {_MAIN}>{strings}</sst>".encode(),
        },
    )


_REMARK = "Người lập bảng không chịu trách nhiệm về sai sót do máy in."


def _grid(file: Dataset, shapes: list[NDArray[np.object_]]) -> tuple[list[list[Value]], int]:
    """Title, reference system, a blank row, names and rows; and the number of columns."""
    (layer,), form = file.layers, file.form
    sheet = lay_out(layer, form, shapes[0])
    title = spell(f"BẢNG KÊ: {file.stem.replace('-', ' ')}", form.encoding)
    names: list[Value] = [spell(_for_people(name), form.encoding) for name in sheet.names]
    system = name_system(form)
    return [[title], [f"Hệ tọa độ: {system}" if system else None], [], names, *sheet.rows], len(names)


def _for_people(name: str) -> str:
    """The name of a column in the words of people: DoSau_m is Độ sâu (m)."""
    unit = _UNIT.search(name)
    bare = name[: unit.start()] if unit else name
    return f"{_NAMES.get(bare, bare)} ({unit[1]})" if unit else _NAMES.get(bare, bare)


def _is_text(cell: Value) -> bool:
    return isinstance(cell, str) and not _DAY.fullmatch(cell)


def _sheet(grid: Sequence[Sequence[Value]], places: dict[Value, int], merge: str) -> bytes:
    rows = "".join(
        f'<row r="{i}">{"".join(_cells(row, i, places))}</row>' for i, row in enumerate(grid, start=1) if row
    )
    return f"{_XML}<worksheet {_MAIN}><sheetData>{rows}</sheetData>{merge}</worksheet>".encode()


def _cells(row: Sequence[Value], number: int, places: dict[Value, int]) -> Iterator[str]:
    for i, value in enumerate(row):
        at = f'r="{_letters(i)}{number}"'
        if value is None:
            continue
        if _is_text(value):
            yield f'<c {at} t="s"><v>{places[value]}</v></c>'
        elif isinstance(value, str):
            yield f'<c {at} s="{_DATE_STYLE}"><v>{(date.fromisoformat(value) - _EPOCH).days}</v></c>'
        else:
            yield f"<c {at}><v>{value!r}</v></c>"


def _letters(column: int) -> str:
    high, low = divmod(column, 26)
    return (chr(64 + high) if high else "") + chr(65 + low)


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OOXML = "http://schemas.openxmlformats.org"
_MAIN = f'xmlns="{_OOXML}/spreadsheetml/2006/main"'
_RELATION = f'xmlns:r="{_OOXML}/officeDocument/2006/relationships"'
_KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def _relations(*parts: tuple[str, str]) -> bytes:
    listed = "".join(
        f'<Relationship Id="rId{i}" Type="{_OOXML}/officeDocument/2006/relationships/{kind}" Target="{target}"/>'
        for i, (kind, target) in enumerate(parts, start=1)
    )
    return f'{_XML}<Relationships xmlns="{_OOXML}/package/2006/relationships">{listed}</Relationships>'.encode()


_TYPES = (
    f'{_XML}<Types xmlns="{_OOXML}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KINDS}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KINDS}.worksheet+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet2.xml" ContentType="{_KINDS}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_KINDS}.styles+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_KINDS}.sharedStrings+xml"/></Types>'
).encode()
_ROOT = _relations(("officeDocument", "xl/workbook.xml"))
_PARTS = _relations(
    ("worksheet", "worksheets/sheet1.xml"), ("worksheet", "worksheets/sheet2.xml"),
    ("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml"),
)  # fmt: skip
# Format 14 is the short date of the user's country.
_STYLES = (
    f'{_XML}<styleSheet {_MAIN}><fonts count="1"><font><sz val="11"/><name val="Times New Roman"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>'
).encode()

_NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)
_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_ODS_MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_ODS}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
)


def write_ods(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """Equal cells and rows are written once with their number; blank rows fill the sheet to its end."""
    grid, wide = _grid(file, shapes)
    rows = "".join(_ods_row(row, wide, merged=i == 0) for i, row in enumerate(grid))
    blank = f'<table:table-cell table:number-columns-repeated="{wide}"/>'
    rest = f'<table:table-row table:number-rows-repeated="{1_048_576 - len(grid)}">{blank}</table:table-row>'
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document-content {_NAMESPACES} office:version="1.2">'
        f"<office:body><office:spreadsheet><table:table table:name={quoteattr(file.layers[0].name)}>{rows}{rest}"
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    members = {
        "mimetype": _ODS.encode(),
        "content.xml": content.encode(),
        "META-INF/manifest.xml": _ODS_MANIFEST.encode(),
    }
    write_zip(path, members, stored=frozenset({"mimetype"}))


def _ods_row(row: Sequence[Value], wide: int, *, merged: bool) -> str:
    cells, run = [], 0
    for value in [*row, *[None] * (wide - len(row))]:
        if value is None:
            run += 1
            continue
        cells += [_ods_blank(run), _ods_cell(value)]
        run = 0
    cells.append(_ods_blank(run))
    text = "".join(cells)
    if merged:
        text = text.replace("<table:table-cell", f'<table:table-cell table:number-columns-spanned="{wide}"', 1)
    return f"<table:table-row>{text}</table:table-row>"


def _ods_blank(run: int) -> str:
    return f'<table:table-cell table:number-columns-repeated="{run}"/>' if run else ""


def _ods_cell(value: Value) -> str:
    if isinstance(value, str) and _DAY.fullmatch(value):
        year, month, day = value.split("-")
        kind, shown = f'"date" office:date-value="{value}"', f"{day}/{month}/{year}"
    elif isinstance(value, str):
        kind, shown = '"string"', escape(value)
    else:
        kind, shown = f'"float" office:value="{value!r}"', f"{value:.2f}".replace(".", ",")
    return f"<table:table-cell office:value-type={kind}><text:p>{shown}</text:p></table:table-cell>"
