"""What is planted wrong in the delivered files, and what an importer is expected to make of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.errors import Invalid
from twin.sample.delivery.records import Dataset, Defect, Row, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

QUARANTINED_FILE = "file quarantined"
QUARANTINED_ROW = "row quarantined"
REPAIRED = "repaired"
DUPLICATE = "duplicate"
NOTICE = "loaded with a notice"
NO_ELEVATION = "loaded, elevation unknown"
NO_SECTION = "loaded, section unknown"
LOADED = "loaded"

_FAR_M = 30_000.0
_SPIKE_M = 0.8
_REDESIGNED_M = 0.37
_BANK = ("DangMatCat", "RongBe_m", "CaoBe_m", "SoOng")
_SIZES = ("DKOng", "DKNgoai", "DKTrong", "DuongKinh")

# By the stem of the file.
WHOLE_FILES = {
    "cong-nuoc-mua-truong-dinh": Defect("crs-mislabelled", QUARANTINED_FILE),
    "Hố ga nước thải khu 4": Defect("crs-mislabelled", QUARANTINED_FILE),
    "ong-cap-nuoc-ba-trieu": Defect("crs-neighbour-zone", QUARANTINED_FILE),
    "cong-nuoc-mua-doi-cung": Defect("crs-neighbour-zone", QUARANTINED_FILE),
    "cap-dien-luc-nguyen-hue": Defect("crs-hn72", QUARANTINED_FILE),
    "Hố ga viễn thông khu 4": Defect("crs-hn72", QUARANTINED_FILE),
    "Tuyến viễn thông Phan Bội Châu": Defect("crs-deprecated", QUARANTINED_FILE),
    "tru-chieu-sang-khu-3": Defect("crs-deprecated", QUARANTINED_FILE),
    "tru-chieu-sang-khu-5": Defect("zone-prefixed", QUARANTINED_FILE),
    "tu-dien-khu-2": Defect("zone-prefixed", QUARANTINED_FILE),
    "cap-chieu-sang-nguyen-hue": Defect("crs-missing", QUARANTINED_FILE),
    "ho-ga-nuoc-thai-khu-2": Defect("crs-missing", QUARANTINED_FILE),
    "nha-khu-7": Defect("axes-swapped", REPAIRED),
    "cong-nuoc-mua-nguyen-hue": Defect("axes-swapped", REPAIRED),
    "ong-dau-noi-nuoc-thai-khu-2": Defect("design-beside", LOADED),
    "cong-nuoc-mua-hoang-hoa-tham": Defect("design-beside", LOADED),
    "ong-cap-nuoc-pham-hong-thai": Defect("feet", LOADED),
    "cong-nuoc-thai-doi-cung": Defect("feet", LOADED),
    "ong-cap-nuoc-ton-duc-thang": Defect("truncated-file", QUARANTINED_FILE),
    "ho-ga-nuoc-thai-khu-3": Defect("truncated-file", QUARANTINED_FILE),
    "cong-nuoc-mua-ba-trieu": Defect("truncated-file", QUARANTINED_FILE),
    "cap-dien-luc-ba-trieu": Defect("truncated-file", QUARANTINED_FILE),
    "tuyen-vien-thong-nguyen-hue": Defect("truncated-file", QUARANTINED_FILE),
    "ho-ga-nuoc-mua-khu-2": Defect("truncated-file", QUARANTINED_FILE),
    "Cáp điện lực Hai Bà Trưng": Defect("dbf-missing", QUARANTINED_FILE),
    "cong-nuoc-thai-ba-trieu": Defect("dbf-missing", QUARANTINED_FILE),
    "cong-nuoc-thai-nguyen-hue": Defect("shx-missing", LOADED),
    "cong-nuoc-mua-ly-thuong-kiet": Defect("shx-missing", LOADED),
    "cong-nuoc-mua-le-loi": Defect("header-absurd", LOADED),
    "cap-dien-luc-cac-tuyen-con-lai": Defect("header-absurd", LOADED),
    "ong-cap-nuoc-vo-thi-sau": Defect("depth-negative", LOADED),
    "Tuyến viễn thông Hai Bà Trưng": Defect("depth-negative", LOADED),
    "cap-dien-luc-vo-thi-sau": Defect("unit-ambiguous", LOADED),
    "cap-dien-luc-truong-dinh": Defect("unit-ambiguous", LOADED),
    "cap-chieu-sang-truong-dinh": Defect("unit-ambiguous", NO_ELEVATION),
    "tuyen-vien-thong-vo-thi-sau": Defect("unit-ambiguous", NO_ELEVATION),
}
# Stem of the file, index of the row in its first layer, what is done to it.
SINGLE_ROWS = (
    ("cong-nuoc-mua-hoang-hoa-tham", 47, "node-unknown"),
    ("cong-nuoc-thai-pham-hong-thai", 9, "node-unknown"),
    ("ong-dich-vu-cap-nuoc-khu-2", 33, "size-in-metres"),
    ("cap-dien-ha-the-khu-1", 40, "size-in-millimetres"),
    ("cap-dien-luc-le-loi", 13, "depth-in-metres"),
    ("ong-cap-nuoc-ly-thuong-kiet", 7, "depth-in-metres"),
    ("tuyen-vien-thong-cac-tuyen-con-lai", 40, "ducts-by-size"),
    ("cap-dien-luc-cac-tuyen-con-lai", 60, "ducts-in-text"),
    ("tuyen-vien-thong-cac-tuyen-con-lai", 50, "size-in-text"),
    ("ong-dich-vu-cap-nuoc-khu-1", 60, "size-in-text"),
    ("cap-dien-ha-the-khu-1", 50, "number-overflow"),
    ("ong-dich-vu-cap-nuoc-khu-3", 50, "number-overflow"),
    ("cay-xanh-khu-6", 20, "duplicate-row"),
    ("ong-dich-vu-cap-nuoc-khu-1", 40, "duplicate-row"),
    ("cong-nuoc-mua-cac-tuyen-con-lai", 70, "z-less-radius"),
    ("ong-dau-noi-nuoc-thai-khu-3", 50, "z-less-radius"),
    ("cap-dien-ha-the-khu-1", 7, "depth-missing"),
    ("Ống dịch vụ cấp nước khu 4", 12, "depth-missing"),
    ("cap-dien-ha-the-khu-1", 30, "depth-absurd"),
    ("ong-dich-vu-cap-nuoc-khu-2", 25, "depth-absurd"),
    ("ong-dich-vu-cap-nuoc-khu-2", 60, "depth-sentinel"),
    ("Ống dịch vụ cấp nước khu 4", 9, "depth-sentinel"),
    ("cong-nuoc-mua-cac-tuyen-con-lai", 10, "z-sentinel"),
    ("ong-dau-noi-nuoc-thai-khu-3", 30, "z-sentinel"),
    ("Ống đấu nối nước thải khu 4", 5, "z-unset"),
    ("ong-dau-noi-nuoc-thai-khu-3", 40, "z-unset"),
    ("cong-nuoc-mua-cac-tuyen-con-lai", 50, "z-lowest"),
    ("Ống đấu nối nước thải khu 4", 60, "z-lowest"),
    ("cong-nuoc-mua-cac-tuyen-con-lai", 30, "zero-z"),
    ("Ống đấu nối nước thải khu 4", 14, "zero-z"),
    ("ong-dich-vu-cap-nuoc-khu-3", 8, "diameter-missing"),
    ("Ống cấp nước các tuyến còn lại", 3, "diameter-missing"),
    ("ong-dich-vu-cap-nuoc-khu-3", 15, "diameter-zero"),
    ("Ống cấp nước các tuyến còn lại", 30, "diameter-zero"),
    ("cay-xanh-khu-8", 4, "text-replaced"),
    ("cay-xanh-khu-6", 8, "text-replaced"),
    ("ho-ga-nuoc-thai-khu-5", 3, "text-lossy"),
    ("cay-xanh-khu-3", 5, "text-lossy"),
    ("van-cap-nuoc-khu-2", 20, "text-undefined"),
    ("ho-ga-vien-thong-khu-2", 30, "text-undefined"),
    ("thua-dat-to-05", 5, "spike"),
    ("thua-dat-to-04", 9, "spike"),
    ("thua-dat-to-02", 8, "bow-tie"),
    ("thua-dat-to-07", 11, "bow-tie"),
    ("cay-xanh-khu-2", 6, "null-geometry"),
    ("nha-khu-5", 10, "null-geometry"),
    ("ho-ga-nuoc-mua-khu-5", 3, "null-geometry"),
    ("van-cap-nuoc-khu-1", 9, "nan-coordinate"),
    ("cong-nuoc-mua-nguyen-hue", 7, "nan-coordinate"),
    ("cay-xanh-khu-5", 20, "outside-city"),
    ("nha-khu-1", 15, "outside-city"),
    ("ong-dich-vu-cap-nuoc-khu-1", 11, "outside-city"),
    ("ong-dau-noi-nuoc-thai-khu-1", 13, "zero-length"),
    ("cap-dien-ha-the-khu-3", 21, "zero-length"),
)
# What is wrong with the form of a whole file.
_MISTAKES: dict[str, dict[str, Any]] = {
    "crs-mislabelled": {"label": "wgs84"},
    "crs-neighbour-zone": {"label": "neighbour"},
    "crs-missing": {"label": "none"},
    "crs-hn72": {"label": "hn72", "crs": "EPSG:5897"},
    "crs-deprecated": {"label": "deprecated", "crs": "EPSG:5897"},
    "feet": {"version": "US"},
    "zone-prefixed": {"label": "code", "crs": "EPSG:3405"},
}


def plant(files: list[Dataset]) -> list[Dataset]:
    """The files with every defect in them. Raises: Invalid where a defect names a file that is not delivered."""
    known = {file.stem for file in files}
    unknown = ({stem for stem, _, _ in SINGLE_ROWS} | WHOLE_FILES.keys()) - known
    if unknown:
        raise Invalid(f"defects are planned for files that nobody delivers: {', '.join(sorted(unknown))}")
    return [_spoil_file(_spoil_rows(file)) for file in files]


def _spoil_rows(file: Dataset) -> Dataset:
    first, *others = file.layers
    rows = list(first.rows)
    for stem, index, done in SINGLE_ROWS:
        if stem == file.stem:
            whole = rows[index - 1] if done == "duplicate-row" else rows[index]
            rows[index] = _SPOILERS[done](whole)
    return replace(file, layers=(replace(first, rows=tuple(rows)), *others))


def _spoil_file(file: Dataset) -> Dataset:
    defect = WHOLE_FILES.get(file.stem)
    if defect is None:
        return file
    if defect.expected == QUARANTINED_FILE:
        layers = tuple(replace(layer, rows=tuple(_lose(row) for row in layer.rows)) for layer in file.layers)
    elif defect.expected == NO_ELEVATION:
        layers = tuple(replace(layer, rows=tuple(map(_confuse, layer.rows, range(99)))) for layer in file.layers)
    elif defect.kind == "design-beside":
        layers = tuple(replace(layer, rows=tuple(map(_add_design, layer.rows))) for layer in file.layers)
    else:
        layers = file.layers
    return replace(file, form=replace(file.form, **_MISTAKES.get(defect.kind, {})), layers=layers, spoil=defect)


def _add_design(row: Row) -> Row:
    """The inverts as they were designed, before those that were built."""
    built = {name: value for name, value in row.fields.items() if name.startswith(("CaoDoDay", "DayCong"))}
    design: dict[str, Value] = {
        f"{name}_TK": round(float(value or 0.0) + _REDESIGNED_M, 2) for name, value in built.items()
    }
    return replace(row, fields=design | row.fields)


def _lose(row: Row) -> Row:
    return replace(row, table=None)


def _confuse(row: Row, number: int) -> Row:
    """Depths from 12 to 25 without a unit: too much for metres, too little for most cables in centimetres."""
    return _forget_elevation(replace(row, fields=row.fields | {"DoSau": 12 + 5 * number % 14}))


def _reject(row: Row, kind: str, shape: shapely.Geometry | None) -> Row:
    return replace(row, shape=shape, table=None, defects=(Defect(kind, QUARANTINED_ROW),))


def _forget_elevation(row: Row) -> Row:
    kept = {key: value for key, value in row.expected.items() if key != "vertical_reference"}
    return replace(row, axis=None, expected=kept | {"elevation_source": "none"})


def _set_depth(kind: str, value: Value) -> Callable[[Row], Row]:
    def spoil(row: Row) -> Row:
        column = next(name for name in row.fields if name.startswith("DoSau"))
        spoilt = replace(row, fields=row.fields | {column: value}, defects=(Defect(kind, NO_ELEVATION),))
        return _forget_elevation(spoilt)

    return spoil


def _set_z(kind: str, z: float) -> Callable[[Row], Row]:
    def spoil(row: Row) -> Row:
        shape = shapely.force_3d(shapely.force_2d(row.shape), z)
        return _forget_elevation(replace(row, shape=shape, defects=(Defect(kind, NO_ELEVATION),)))

    return spoil


def _set_size(value: Value) -> Callable[[Row], Row]:
    def spoil(row: Row) -> Row:
        fields = {name: value if name.startswith(_SIZES) else kept for name, kept in row.fields.items()}
        expected = {key: kept for key, kept in row.expected.items() if not key.startswith(("inner_", "section_"))}
        expected |= {"outer_width_m": None, "outer_height_m": None}
        return replace(row, fields=fields, expected=expected, defects=(Defect("diameter-missing", NO_SECTION),))

    return spoil


def _mistake_unit(factor: float) -> Callable[[Row], Row]:
    """A size in another unit than its column."""

    def spoil(row: Row) -> Row:
        size = next(value for name, value in row.fields.items() if name.startswith(_SIZES))
        spoilt = _set_size(round(float(size or 0.0) * factor, 4))(row)
        return _lose_axis(replace(spoilt, defects=(Defect("unit-mixed", NO_SECTION),)))

    return spoil


def _tell_size(text: str, ducts: int | None = None) -> Callable[[Row], Row]:
    """A size that only text tells, of which no outside follows, nor an axis from the crown."""

    def spoil(row: Row) -> Row:
        spoilt = _set_size(None)(row)
        fields = {name: None if name in _BANK else value for name, value in spoilt.fields.items()} | {"KichThuoc": text}
        expected = {key: value for key, value in spoilt.expected.items() if key != "ducts"} | {"ducts": ducts}
        kind = "ducts-in-text" if ducts else "size-in-text"
        return _lose_axis(replace(spoilt, fields=fields, expected=expected, defects=(Defect(kind, NO_SECTION),)))

    return spoil


def _lose_axis(row: Row) -> Row:
    """Without a size only what was said of the axis itself, or stands in the vertices, leads to it."""
    is_known = row.expected.get("vertical_reference") == "axis" or (row.shape is not None and row.shape.has_z)
    return row if is_known else _forget_elevation(row)


def _overflow(row: Row) -> Row:
    """A depth or elevation that does not fit its column."""
    column = next(name for name in row.fields if name.startswith(("DoSau", "CaoDo")))
    spoilt = replace(row, overflown=(column,), defects=(Defect("number-overflow", NO_ELEVATION),))
    return _forget_elevation(spoilt)


def _lose_node(row: Row) -> Row:
    """A line to a manhole that nobody delivers."""
    return replace(_reject(row, "node-unknown", row.shape), fields=row.fields | {"DenHo": "KHONG-RO-1"})


def _repeat(row: Row) -> Row:
    return replace(row, defects=(Defect("duplicate-row", NOTICE),))


def _break_text(replacement: str) -> Callable[[Row], Row]:
    """Puts something else in the place of the last accented letter of the first text that has any."""

    def spoil(row: Row) -> Row:
        for name, value in row.fields.items():
            accented = [i for i, letter in enumerate(value) if letter > "\x7f"] if isinstance(value, str) else []
            if isinstance(value, str) and accented:
                broken = value[: accented[-1]] + replacement + value[accented[-1] + 1 :]
                expected = {key: kept for key, kept in row.expected.items() if kept != value}
                defect = Defect("text-broken", NOTICE)
                return replace(row, fields=row.fields | {name: broken}, expected=expected, defects=(defect,))
        raise Invalid("a text without accents cannot be broken: choose another row")

    return spoil


def _add_spike(row: Row) -> Row:
    """A needle out of the second corner and back."""
    ring = np.array(row.shape.exterior.coords)[:, :2] if row.shape is not None else np.empty((0, 2))
    away = ring[1] - ring[:-1].mean(axis=0)
    tip = np.round(ring[1] + _SPIKE_M * away / np.hypot(*away), 4)
    needle = shapely.Polygon(np.vstack([ring[:2], tip, ring[1:]]))
    return replace(row, shape=needle, true_shape=row.shape, defects=(Defect("invalid-geometry", REPAIRED),))


def _tie_bow(row: Row) -> Row:
    """Four corners joined crosswise."""
    west, south, east, north = row.shape.bounds if row.shape is not None else (0.0, 0.0, 0.0, 0.0)
    return _reject(
        row, "invalid-geometry", shapely.Polygon([(west, south), (east, north), (east, south), (west, north)])
    )


def _break_coordinate(row: Row) -> Row:
    def set_first_x(points: NDArray[np.float64]) -> NDArray[np.float64]:
        points[0, 0] = np.nan
        return points

    return _reject(row, "nan-coordinate", shapely.transform(row.shape, set_first_x, include_z=True))


def _send_away(row: Row) -> Row:
    away = shapely.transform(row.shape, lambda points: points + np.array([0.0, _FAR_M]))
    return _reject(row, "outside-city", away)


def _shrink(row: Row) -> Row:
    point = shapely.get_coordinates(row.shape)[0]
    return _reject(row, "zero-length", shapely.LineString([point, point]))


_SPOILERS: dict[str, Callable[[Row], Row]] = {
    "depth-missing": _set_depth("depth-missing", None),
    "depth-absurd": _set_depth("depth-absurd", 120.0),
    "depth-sentinel": _set_depth("z-sentinel", -9999.0),
    "z-sentinel": _set_z("z-sentinel", -9999.0),
    "z-unset": _set_z("z-sentinel", -99.0),
    "depth-in-metres": _set_depth("unit-mixed", 0.9),
    "size-in-metres": _mistake_unit(0.001),
    "size-in-millimetres": _mistake_unit(1000.0),
    "ducts-by-size": _tell_size("5 x D110 PVC E", 5),
    "ducts-in-text": _tell_size("6x160", 6),
    "size-in-text": _tell_size("818 GY (PERSL) R"),
    "number-overflow": _overflow,
    "duplicate-row": _repeat,
    "node-unknown": _lose_node,
    "z-less-radius": _set_z("z-sentinel", -9999.02),
    "z-lowest": _set_z("z-sentinel", -21474.836),
    "zero-z": _set_z("zero-z", 0.0),
    "diameter-missing": _set_size(None),
    "diameter-zero": _set_size(0),
    "text-replaced": _break_text("\ufffd"),
    "text-lossy": _break_text("?"),
    "text-undefined": _break_text("\udc8d"),
    "spike": _add_spike,
    "bow-tie": _tie_bow,
    "null-geometry": lambda row: _reject(row, "null-geometry", None),
    "nan-coordinate": _break_coordinate,
    "outside-city": _send_away,
    "zero-length": _shrink,
}
