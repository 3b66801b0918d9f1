"""The habits of departments: file forms, names of columns, and ways to say how deep. Files take them in turn."""

from __future__ import annotations

from twin.sample.delivery.lines import Style, Survey
from twin.sample.delivery.records import Form
from twin.sample.delivery.vertical import Depth, InGeometry, Inverts, Level, Manner, Untold

FORMS = (
    Form(".shp"),
    Form(".gpkg"),
    Form(".csv", layout="vertices", label="comment", delimiter=";", decimal=",", mark=True),
    Form(".geojson", crs="EPSG:4326"),
    Form(".shp", encoding="tcvn3", charset=None, label="gdal"),
    Form(".gml", crs="EPSG:4756"),
    Form(".mif", encoding="vni", charset="WindowsLatin1"),
    Form(".gpkg", crs="EPSG:9215"),
    Form(".kml", crs="EPSG:4326"),
    Form(".shp", encoding="vni"),
    Form(".gdb.zip", kind="gdb"),
    Form(".xlsx", layout="vertices", label="comment"),
    Form(".gpkg", crs="EPSG:5898", encoding="nfd"),
    Form(".geojsonl", crs="EPSG:4326"),
    Form(".csv", layout="wkt", label="code", delimiter=";"),
    Form(".tab", charset="WindowsVietnamese", encoding="cp1258"),
    Form(".shp", crs="EPSG:3405", charset=None, label="gdal"),
    Form(".fgb"),
    Form(".geojson"),
    Form(".ods", crs="EPSG:9215", layout="vertices", label="comment"),
    Form(".shp", crs="EPSG:4756"),
    Form(".kmz", crs="EPSG:4326"),
    Form(".json", kind="jsonfg"),
    Form(".csv", crs="EPSG:9215", layout="vertices", label="prj"),
    Form(".shp", encoding="cp1258", charset="1258"),
    Form(".gml", version="GML2"),
    Form(".tsv", layout="vertices", label="code", delimiter="\t", version="UTF-16"),
    Form(".mif", crs="EPSG:3405", charset="WindowsVietnamese", encoding="cp1258"),
    Form(".shp", encoding="viscii", charset=None),
)
POINT_FORMS = (
    Form(".csv", label="comment"),
    Form(".shp"),
    Form(".csv", crs="EPSG:4326", layout="degrees", label="code", mark=True),
    Form(".gpkg", encoding="nfd"),
    Form(".xlsx", label="comment"),
    Form(".shp", encoding="vni", charset=None),
    Form(".geojson", crs="EPSG:4326"),
    Form(".tab", encoding="tcvn3", charset="WindowsLatin1"),
    Form(".csv", crs="EPSG:9215", label="comment", delimiter=";", decimal=","),
    Form(".kmz", crs="EPSG:4326"),
    Form(".shp", crs="EPSG:3405", encoding="tcvn3", label="gdal"),
    Form(".ods", crs="EPSG:4756", layout="degrees", label="comment"),
    Form(".csv", crs="EPSG:4756", layout="degrees", label="prj"),
    Form(".gdb.zip", kind="gdb"),
    Form(".gpkg", crs="EPSG:5898"),
    Form(".tsv", encoding="tcvn3", label="code", delimiter="\t"),
    Form(".json", kind="jsonfg"),
    Form(".gml", version="GML3"),
)
AREA_FORMS = (
    Form(".shp", encoding="tcvn3", charset=None),
    Form(".shp"),
    Form(".gpkg"),
    Form(".tab", encoding="vni", charset="WindowsLatin1"),
    Form(".shp", encoding="vni", label="gdal"),
    Form(".geojson"),
    Form(".shp", crs="EPSG:3405"),
    Form(".gdb.zip", kind="gdb"),
    Form(".gpkg", crs="EPSG:9215", encoding="nfd"),
    Form(".csv", layout="wkt", label="code", delimiter=";"),
    Form(".gml"),
    Form(".geojson", crs="EPSG:4326"),
    Form(".fgb", crs="EPSG:5898"),
    Form(".kml", crs="EPSG:4326"),
    Form(".geojsonl", crs="EPSG:4326", version="RFC 8142"),
)
MODELS = {
    "landxml": Form(".xml", kind="landxml", label="code"),
    "landxml-wkt": Form(".xml", kind="landxml"),
    "swmm": Form(".inp", kind="swmm"),
    "swmm-elevations": Form(".inp", kind="swmm", version="ELEVATION"),
    "epanet": Form(".inp", kind="epanet"),
    "isybau": Form(".xml", kind="isybau"),
    "imkl": Form(".xml", kind="imkl"),
    "plateau": Form(".gml", kind="plateau", crs="EPSG:4756"),
    "ade": Form(".gml", kind="ade"),
}
# Lines that name the manholes at their ends, which are in other files of the folder.
ENDS = {
    "csv": Form(".csv", layout="ends", label="none", delimiter=";", decimal=","),
    "xlsx": Form(".xlsx", layout="ends", label="none"),
}
# A geodatabase as it lies on the disk: a folder.
GEODATABASE = Form(".gdb", crs="EPSG:9215")
MAP = Form(".osm", crs="EPSG:4326")
MAP_PBF = Form(".osm.pbf", kind="osmpbf", crs="EPSG:4326")
CADASTRAL = Form(".dgn", kind="dgn")
# The building register: forms, and how many houses a file has that does not take its equal share.
HOUSE_FORMS: tuple[tuple[Form, int | None], ...] = (
    (Form(".shp", encoding="vni", label="gdal"), None),
    (Form(".gml", kind="citygml2"), None),
    (Form(".city.json", kind="cityjson", version="2.0"), None),
    (Form(".city.jsonl", kind="cityjsonseq", version="2.0"), None),
    (Form(".gpkg", crs="EPSG:9215", encoding="nfd"), None),
    (Form(".gml", kind="citygml", crs="EPSG:4756"), None),
    (Form(".gml"), None),
    (Form(".obj"), None),
    (Form(".glb"), None),
    (MAP, None),
    (Form(".ply"), 1),
    (Form(".ply", version="binary"), 1),
    (Form(".ifc", version="IFC4"), 6),
    (Form(".json", kind="cityjson", version="1.1"), None),
    (Form(".ifc", version="IFC2X3"), 4),
    (Form(".jsonl", kind="cityjsonseq", version="1.1"), None),
)
# AutoCAD 2000 knows no UTF-8: what its code page lacks is written as \\U+XXXX.
DRAWINGS = {
    "R12": Form(".dxf", version="R12", encoding="cp1258"),
    "R2000": Form(".dxf", version="R2000"),
    "R2010": Form(".dxf", version="R2010"),
    "R2018": Form(".dxf", version="R2018"),
    "GDAL": Form(".dxf", version="GDAL"),
    "curves": Form(".dxf", version="R2000", layout="curves"),
    "curves-2018": Form(".dxf", version="R2018", layout="curves"),
    "labels": Form(".dxf", version="R2000", layout="labels"),
    "labels-2018": Form(".dxf", version="R2018", layout="labels"),
    "blocks": Form(".dxf", version="R2018", encoding="tcvn3", layout="blocks"),
    "blocks-12": Form(".dxf", version="R12", encoding="cp1258", layout="blocks"),
    "circles": Form(".dxf", version="R2010", layout="circles"),
}

DEPTHS: tuple[Manner, ...] = (
    Depth("DoSau_m"),
    Depth("DoSau_cm", 0.01),
    InGeometry(),
    Depth("DoSauTim_m", reference="axis"),
    Depth("DoSau", 1.0, template="{} m"),
    Depth("DoSau_m", reference_column="DiemDo"),
    Depth("DoSauDinh", reference="crown"),
    InGeometry("crown", "MocDo"),
    Depth("DoSau_mm", 0.001),
    Depth("DoSauDay_m", reference="invert"),
    Depth("DoSau", 0.01, template="{} cm"),
)
BANK_DEPTHS: tuple[Manner, ...] = (
    Depth("DoSauDinhBe_m", reference="bank_top"),
    Depth("DoSau_m"),
    InGeometry(),
    Depth("DoSauDinhBe", reference="bank_top"),
    Depth("DoSau_cm", 0.01),
)
SERVICE_DEPTHS: tuple[Manner, ...] = (
    Depth("DoSau_m"),
    Level("CaoDoTim", "axis"),
    Depth("DoSauDinhOng", reference="crown"),
    Depth("DoSau_cm", 0.01),
    Level("CaoDoDinhOng", "crown"),
)
FALLS: tuple[Manner, ...] = (
    Inverts("CaoDoDayDau", "CaoDoDayCuoi"),
    Inverts("DayCongDau", "DayCongCuoi"),
    InGeometry("invert", "DiemDo"),
    InGeometry(),
)
SECTIONS = ("mm", "text", "m", "side", "bare")
FAIR = Survey("B2", 0.50, 0.30)
RECORDS = Survey("D", None, None)
SURVEYS = (Survey(), Survey(), Survey("B1", 0.15, 0.20), Survey(), FAIR, Survey(), RECORDS)

COLUMNS = {
    "water": {"ref": "MaOng", "owner": "DonViQL", "material": "VatLieuOng", "status": "TinhTrang",
              "installed": "NgayLapDat", "subtype": "LoaiOng"},
    "wastewater": {"ref": "MaTuyen", "owner": "DonViQuanLy", "material": "VatLieu", "status": "HienTrang",
                   "installed": "NamXayDung"},
    "storm": {"ref": "MaTuyen", "owner": "DonViQuanLy", "material": "ChatLieu", "status": "HienTrang",
              "installed": "NamXayDung", "subtype": "LoaiTuyen"},
    "power": {"ref": "MaTuyen", "owner": "ChuSoHuu", "material": "VatLieu", "status": "TinhTrang",
              "installed": "NgayLapDat", "subtype": "LoaiCap", "discipline": "Nganh"},
    "telecom": {"ref": "MaSo", "owner": "ChuQuanLy", "material": "VatLieu", "status": "HienTrang",
                "installed": "NgayLapDat"},
    "lighting": {"ref": "MaTuyen", "owner": "DonViQL", "material": "VatLieu", "status": "TinhTrang",
                 "installed": "NamLapDat"},
}  # fmt: skip
PARCEL_COLUMNS = (
    {"sheet": "SoTo", "number": "SoThua", "land_use": "LoaiDat", "legal_area_m2": "DienTich", "ward_code": "MaXa"},
    {"sheet": "SHBANDO", "number": "SHTHUA", "land_use": "KHLOAIDAT", "legal_area_m2": "DTPhapLy", "ward_code": "XaID"},
)
HOUSE_COLUMNS = (
    {"code": "MaCongTrinh", "use": "LoaiNha", "storeys": "SoTang", "height_m": "ChieuCao"},
    {"code": "MaNha", "use": "CongNang", "storeys": "SoTang", "height_m": "ChieuCao_m"},
)
NO_HEIGHT = Untold()


def choose_style(discipline: str, number: int, manners: tuple[Manner, ...]) -> Style:
    """The ways of the file with that number: each habit goes round at its own pace, so that they mix."""
    return Style(
        COLUMNS[discipline],
        manners[number % len(manners)],
        SECTIONS[number % len(SECTIONS)],
        SURVEYS[number % len(SURVEYS)],
        number % 3,
    )
