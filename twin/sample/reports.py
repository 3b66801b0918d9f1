"""What citizens of the ward reported, as the city's report system exports it. Places in EPSG:9214, metres."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import shapely

from layers.crs import DEFAULT, WGS84, parse_crs, transform_geometries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from twin.sample.city.streets import Street
    from twin.sample.trenches import Trench

_COLUMNS = (
    *("Mã phản ánh", "Lĩnh vực", "Trạng thái", "Ngày phản ánh", "Ngày cập nhật", "Ngày đóng", "Đơn vị xử lý"),
    *("Địa chỉ", "Nội dung", "Kinh độ", "Vĩ độ"),
)
_FIRST_DAY = date(2026, 9, 1)
_WATER, _POWER, _ROADS, _SEWERS, _PARKS = (
    "Công ty Cấp nước",
    "Công ty Điện lực",
    "Phòng Quản lý đô thị",
    "Công ty Thoát nước",
    "Trung tâm Công viên cây xanh",
)
# Service, what was written, whose task.
_KINDS = (
    ("Cấp nước", "Nước rò rỉ chảy tràn trên vỉa hè", _WATER),
    ("Hạ tầng đô thị", "Mặt đường sụt lún cạnh nắp hố ga", _ROADS),
    ("Điện", "Vỏ tủ điện bị hở, trẻ em có thể chạm vào", _POWER),
    ("Thoát nước", "Cống tắc nghẽn, nước đọng nhiều ngày", _SEWERS),
    ("Hạ tầng đô thị", "Ổ gà trước cổng trường học", _ROADS),
    ("Chiếu sáng", "Đèn đường không sáng", _ROADS),
    ("Cây xanh", "Cành cây gãy vướng lối đi", _PARKS),
    ("Môi trường", "Rác thải tập kết sai nơi quy định", _ROADS),
)
_LEAK, _SINKING, _CABINET, _DRAIN, _POTHOLE = range(5)
_NEW, _DOING, _DONE, _REFUSED = "Mới tiếp nhận", "Đang xử lý", "Đã xử lý", "Không thuộc thẩm quyền"
# Beside which planned trench, in which direction (east, north), how far; kind and status.
_BESIDE = (
    (0, (1, 0), 6.0, _LEAK, _NEW),
    (0, (0, 1), 22.0, _SINKING, _DOING),
    (0, (-1, 0), 9.0, _POTHOLE, _NEW),
    (0, (0, -1), 4.0, _LEAK, _DONE),
    (0, (0, -1), 24.0, _DRAIN, _NEW),
    (1, (1, 0), 5.0, _CABINET, _DOING),
    (2, (0, 1), 8.0, _DRAIN, _REFUSED),
    (3, (1, 0), 3.0, _POTHOLE, _NEW),
)
_ELSEWHERE = 32


def write_reports(path: Path, trenches: Sequence[Trench], streets: Sequence[Street], seed: int) -> int:
    """A table with a row a report; how many."""
    path.parent.mkdir()
    rows = [*_beside(trenches), *_along(streets, seed)]
    places = np.array([shapely.Point(at) for at, *_ in rows], dtype=object)
    degrees = shapely.get_coordinates(transform_geometries(places, parse_crs(DEFAULT), parse_crs(WGS84)))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for number, ((_, kind, status, street), (lon, lat)) in enumerate(zip(rows, degrees.tolist(), strict=True), 1):
            writer.writerow([*_describe(number, kind, status, street), f"{lon:.8f}", f"{lat:.8f}"])
    return len(rows)


def _describe(number: int, kind: int, status: str, street: str) -> list[str]:
    service, text, unit = _KINDS[kind]
    reported = _FIRST_DAY + timedelta(days=number % 40)
    updated = reported + timedelta(days=0 if status == _NEW else 1 + number % 9)
    closed = updated if status in (_DONE, _REFUSED) else None
    days = (f"{day:%d/%m/%Y}" if day else "" for day in (reported, updated, closed))
    return [f"PA-2026-{number:05d}", service, status, *days, unit, street, text]


def _beside(trenches: Sequence[Trench]) -> Iterator[tuple[tuple[float, float], int, str, str]]:
    for index, (east, north), away_m, kind, status in _BESIDE:
        corners = shapely.get_coordinates(trenches[index].polygon)
        x, y = corners[np.argmax(corners @ np.array([east, north]))].tolist()
        yield (x + east * away_m, y + north * away_m), kind, status, trenches[index].name.split(" ", 2)[-1]


def _along(streets: Sequence[Street], seed: int) -> Iterator[tuple[tuple[float, float], int, str, str]]:
    rng = np.random.default_rng((seed, 311))
    for _ in range(_ELSEWHERE):
        street = streets[int(rng.integers(len(streets)))]
        line = shapely.LineString(street.points)
        point = shapely.line_interpolate_point(line, float(rng.uniform(0.1, 0.9)), normalized=True)
        x, y = point.x + float(rng.uniform(-4, 4)), point.y + float(rng.uniform(-4, 4))
        status = (_NEW, _DOING, _DONE, _DONE, _REFUSED)[int(rng.integers(5))]
        yield (x, y), int(rng.integers(len(_KINDS))), status, street.name
