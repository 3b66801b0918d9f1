"""What stands in every shared folder besides: copies, files that are nothing, and files that mean harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.sample.files.packing import locked_zip
from twin.sample.files.strangers import (
    boastful_shapefile,
    boastful_table,
    bomb,
    brackets,
    circle_of_blocks,
    climbing_archive,
    compound_document,
    database_of_access,
    drawing_of_autocad,
    laughs,
    outside_entity,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_KML = ("kml", 'xmlns="http://www.opengis.net/kml/2.2"')
_GML = ("gml:FeatureCollection", 'xmlns:gml="http://www.opengis.net/gml"')


def strangers() -> Iterator[tuple[str, bytes, str]]:
    """Files that must end in the quarantine: name, content, kind; of an archive its one member is named."""
    yield "van-cap-nuoc-moi.geojson", b"", "empty-file"
    yield "tuyen-ong-moi.dxf", b"", "empty-file"
    yield "ranh-quy-hoach.shp", "Bản vẽ quy hoạch: xem tệp đính kèm trong thư.\n".encode(), "not-what-it-says"
    yield "so-do-luoi.gpkg", b"<html><body>403 Forbidden</body></html>\n", "not-what-it-says"
    yield "mat-bang-tong-the.dwg", drawing_of_autocad("AC1032"), "not-read"
    yield "mat-cat-ngang.dwg", drawing_of_autocad("AC1015"), "not-read"
    yield "bang-ke-cong.xls", compound_document("Workbook"), "not-read"
    yield "bang-ke-ong.xls", compound_document("Book"), "not-read"
    yield "ban-do-dia-chinh.dgn", compound_document("Dgn~H", "Dgn~S"), "not-read"
    yield "ban-do-hien-trang.dgn", compound_document("Dgn~H", "Dgn~S", "Dgn~Mf"), "not-read"
    yield "kiem-ke.mdb", database_of_access("Jet"), "not-read"
    yield "kiem-ke-2024.accdb", database_of_access("ACE"), "not-read"
    yield "mat-khau.zip", locked_zip("ong-cap-nuoc.shp", bytes(100)), "locked"
    yield "ho-so-mat.zip", locked_zip("cap-dien.gpkg", bytes(100)), "locked"
    yield from _harmful()


def _harmful() -> Iterator[tuple[str, bytes, str]]:
    yield "anh-ve-tinh.zip", bomb("zip"), "bomb"
    yield "nhat-ky.csv.gz", bomb("gz"), "bomb"
    yield "sao-luu.zip", climbing_archive("zip"), "climbing"
    yield "sao-luu-cu.tar", climbing_archive("tar"), "climbing"
    yield "diem-khao-sat.kml", laughs(*_KML), "entity-bomb"
    yield "ranh-du-an.gml", laughs(*_GML), "entity-bomb"
    yield "diem-moc.kml", outside_entity(*_KML), "outside-entity"
    yield "ranh-giai-toa.gml", outside_entity(*_GML), "outside-entity"
    yield "tuyen-ong-long.geojson", brackets('{"type":"FeatureCollection","features":'), "nested"
    yield "mo-hinh.city.json", brackets('{"type":"CityJSON","version":"2.0","CityObjects":{},"vertices":'), "nested"
    yield "hoan-cong-1.dxf", circle_of_blocks("HO_GA"), "endless-block"
    yield "hoan-cong-2.dxf", circle_of_blocks("HO_GA", "NAP"), "endless-block"
    yield "tuyen-cap.shp", boastful_shapefile(), "boastful"
    yield "diem-do.dbf", boastful_table(), "boastful"


# Within an archive the file that is refused, where it is not the archive itself.
WITHIN = {"sao-luu.zip": "/../../../tuyen-ong.csv", "sao-luu-cu.tar": "/../../../tuyen-ong.csv"}
# What the departments have and never handed over.
UNDELIVERED = frozenset(
    {
        "van-cap-nuoc-khu-3", "Van cấp nước khu 4", "tru-chieu-sang-khu-1", "Cây xanh khu 4", "cong-nuoc-thai-le-loi",
        "Cống nước mưa Phan Bội Châu",
    }
)  # fmt: skip
