"""Why something was not accepted, or was accepted with a remark; every fault names its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Machine names of what importers find wrong; `TEXTS` has the words for people."""

    EMPTY_FILE = "empty-file"
    TRUNCATED = "truncated-file"
    SIDECAR_MISSING = "sidecar-missing"
    UNKNOWN_FORMAT = "unknown-format"
    UNREADABLE = "unreadable"
    LAYER_UNKNOWN = "layer-unknown"
    CRS_MISSING = "crs-missing"
    CRS_MISLABELLED = "crs-mislabelled"
    CRS_UNUSABLE = "crs-unusable"
    CRS_WRONG = "crs-wrong"
    AXES_SWAPPED = "axes-swapped"
    OUTSIDE_CITY = "outside-city"
    POSITION_DISPUTED = "position-disputed"
    GEOMETRY_MISSING = "null-geometry"
    GEOMETRY_KIND = "geometry-kind"
    GEOMETRY_INVALID = "invalid-geometry"
    NOT_FINITE = "nan-coordinate"
    ZERO_LENGTH = "zero-length"
    TEXT_BROKEN = "text-broken"
    VALUE_REFUSED = "value-refused"
    VALUE_MISSING = "value-missing"
    GONE = "no-longer-there"
    GROUND_DIFFERS = "ground-differs"
    ELEVATION_UNKNOWN = "elevation-unknown"
    SECTION_UNKNOWN = "section-unknown"
    REPAIRED = "repaired"
    REPEATED = "duplicate-row"


# vi, en
TEXTS: dict[Fault, tuple[str, str]] = {
    Fault.EMPTY_FILE: ("tệp rỗng", "empty file"),
    Fault.TRUNCATED: ("tệp bị cắt cụt", "file cut short"),
    Fault.SIDECAR_MISSING: ("thiếu tệp kèm theo", "companion file missing"),
    Fault.UNKNOWN_FORMAT: ("không nhận ra định dạng", "format not recognised"),
    Fault.UNREADABLE: ("không đọc được", "cannot be read"),
    Fault.LAYER_UNKNOWN: ("không rõ là lớp dữ liệu nào", "kind of layer not recognised"),
    Fault.CRS_MISSING: ("không khai báo hệ tọa độ", "no coordinate reference system declared"),
    Fault.CRS_MISLABELLED: ("nhãn WGS 84 trên tọa độ VN-2000 (lệch 225 m)", "VN-2000 labelled as WGS 84 (225 m)"),
    Fault.CRS_UNUSABLE: ("hệ tọa độ không dùng được", "unusable coordinate reference system"),
    Fault.CRS_WRONG: ("sai hệ tọa độ hoặc múi chiếu", "wrong coordinate system or zone"),
    Fault.AXES_SWAPPED: ("đảo trục X/Y", "x and y swapped"),
    Fault.OUTSIDE_CITY: ("nằm ngoài thành phố", "outside the city"),
    Fault.POSITION_DISPUTED: ("hai vị trí mâu thuẫn nhau", "two positions that contradict each other"),
    Fault.GEOMETRY_MISSING: ("không có hình học", "no geometry"),
    Fault.GEOMETRY_KIND: ("kiểu hình học không hợp lớp", "geometry kind does not fit the layer"),
    Fault.GEOMETRY_INVALID: ("hình học không hợp lệ", "invalid geometry"),
    Fault.NOT_FINITE: ("tọa độ không phải là số", "coordinates that are no numbers"),
    Fault.ZERO_LENGTH: ("tuyến có chiều dài bằng 0", "line without length"),
    Fault.TEXT_BROKEN: ("chữ bị hỏng", "damaged text"),
    Fault.VALUE_REFUSED: ("giá trị không thể có", "impossible value"),
    Fault.VALUE_MISSING: ("thiếu giá trị bắt buộc", "a necessary value is missing"),
    Fault.GONE: ("không còn tồn tại", "no longer there"),
    Fault.GROUND_DIFFERS: ("địa hình khác với địa hình đã biết", "terrain unlike the terrain known there"),
    Fault.ELEVATION_UNKNOWN: ("chưa biết cao độ", "elevation unknown"),
    Fault.SECTION_UNKNOWN: ("chưa biết mặt cắt", "section unknown"),
    Fault.REPAIRED: ("đã sửa hình học", "geometry repaired"),
    Fault.REPEATED: ("bản ghi lặp lại", "record repeated"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of a record, or of the whole layer or file where `row` is None."""

    fault: Fault
    message: str
    remedy: str = ""
    row: int | None = None


class Rejected(Exception):
    """A whole file or layer cannot be accepted."""

    def __init__(self, fault: Fault, message: str, remedy: str) -> None:
        super().__init__(message)
        self.finding = Finding(fault, message, remedy)
