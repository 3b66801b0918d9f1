"""The properties of a planned dig, read one by one; every fault is kept, none ends the reading."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, Any

from layers.errors import Sentence
from twin.excavations.schema import SHAPING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from twin.excavations.schema import Limits


_MOST_PARTS = 200
# How much alike two names are, of 1, that are taken for one misspelt; shorter ones are alike by chance.
_ALIKE = 0.85
_LONG = 6
# The like of what is refused in any case, to say what may have been meant.
_RESEMBLING = 0.7


class Fields:
    """Properties of one feature and what was found wrong with them so far."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        self._properties = properties
        self.faults: list[str] = []

    def has(self, name: str) -> bool:
        return self._properties.get(name) is not None

    def value(self, name: str) -> Any:
        return self._properties.get(name)

    def list_of_objects(self, name: str, most: int) -> list[dict[str, Any]]:
        """Objects of their own, none where nothing is given or what is given is no such list, which is a fault."""
        value = self._properties.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value) or len(value) > most:
            self.faults.append(f"{name} must be a list of at most {most} objects")
            return []
        return value

    def of_parts(self, count: int) -> list[Fields]:
        """The properties of each part of the geometry: those of the feature, under its own of `parts`, if given."""
        if not self.has("parts"):
            return [self] * count
        listed = self.list_of_objects("parts", _MOST_PARTS)
        if len(listed) != count:
            self.faults.append(
                Sentence(
                    f"parts describes {len(listed)} parts and the geometry has {count}: give one for each",
                    f"parts mô tả {len(listed)} phần trong khi hình có {count} phần: ghi mỗi phần một mục",
                )
            )
            return [self] * count
        for number, own in enumerate(listed, start=1):
            self.faults += find_strangers(f"parts {number}", own, SHAPING - {"parts"})
        parts = [Fields({**self._properties, **own}) for own in listed]
        for part in parts:
            part.faults = self.faults
        return parts

    def refuse_lookalikes(self, known: Collection[str]) -> None:
        """Names that resemble known ones which are not given ("Slope", "DEPTH", "widht_m"): unread they would say less
        is dug than is meant.
        """
        folded = {_fold(name): name for name in known if not self.has(name)}
        folded |= {_fold(name.removesuffix("_m")): name for name in folded.values() if name.endswith("_m")}
        for name in self._properties:
            if name in known or not self.has(name):
                continue
            own = _fold(name)
            close = get_close_matches(own, folded, 1, _ALIKE) if len(own) >= _LONG else []
            meant = folded.get(own) or (folded[close[0]] if close else None)
            if meant is not None:
                self.faults.append(
                    Sentence(
                        f"property '{name[:40]}' is not read: if it is {meant}, call it so, else leave it out",
                        f"thuộc tính '{name[:40]}' không được đọc: nếu là {meant} thì ghi đúng tên, không thì bỏ đi",
                    )
                )

    def text(self, name: str) -> str | None:
        return str(self._properties[name])[:200] if self.has(name) else None

    def number(self, name: str, limits: Limits) -> float | None:
        """None where it is not given, or is no number within the limits, which is a fault."""
        return self.check_number(name, self._properties.get(name), limits)

    def check_number(self, name: str, value: Any, limits: Limits) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            shown = str(value)[:20]
            self.faults.append(
                Sentence(
                    f"{name} '{shown}' is no number: give {limits.meaning}",
                    f"{name} '{shown}' không phải số: hãy ghi một số, đơn vị mét",
                )
            )
            return None
        if not limits.low <= value <= limits.high:
            shown, most = str(value)[:20], f"{limits.high:g}"
            self.faults.append(
                Sentence(
                    f"{name} {shown} is not within {limits.low:g} to {most}: check the value and its unit",
                    f"{name} {shown} không nằm trong khoảng {limits.low:g} đến {most}: hãy kiểm tra giá trị và đơn vị",
                )
            )
            return None
        return float(value)

    def choice(self, name: str, known: Collection[str]) -> str | None:
        value = self._properties.get(name)
        if value is not None and value not in known:
            shown, choices = str(value)[:20], ", ".join(known)
            self.faults.append(
                Sentence(
                    f"{name} '{shown}' is not known: give one of {choices}",
                    f"{name} '{shown}' không hợp lệ: chọn một trong {choices}",
                )
            )
            return None
        return value

    def day(self, name: str) -> date | None:
        value = self._properties.get(name)
        if value is None:
            return None
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            shown = str(value)[:20]
            self.faults.append(
                Sentence(
                    f"{name} '{shown}' is no date: give YYYY-MM-DD",
                    f"{name} '{shown}' không phải ngày: ghi theo dạng NĂM-THÁNG-NGÀY, ví dụ 2027-03-15",
                )
            )
            return None

    def stations(self, name: str, length_m: float, elevation: Limits) -> tuple[tuple[float, float], ...] | None:
        """(station, elevation) pairs along a line of that length."""
        value = self._properties.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) < 2 or not all(isinstance(v, list) and len(v) == 2 for v in value):
            self.faults.append(
                Sentence(
                    f"{name} must be at least two pairs [station, elevation], in metres",
                    f"{name} phải có ít nhất hai cặp [lý trình, cao độ], đơn vị mét",
                )
            )
            return None
        faulty = len(self.faults)
        points = [(self._station(name, at, length_m), self.check_number(name, z, elevation)) for at, z in value]
        whole = [(at, z) for at, z in points if at is not None and z is not None]
        if len(self.faults) == faulty and any(b[0] <= a[0] for a, b in pairwise(whole)):
            self.faults.append(
                Sentence(f"{name}: stations must increase along the line", f"{name}: lý trình phải tăng dần theo tuyến")
            )
        return tuple(whole) if len(self.faults) == faulty else None

    def _station(self, name: str, value: Any, length_m: float) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= length_m + 0.01:
            shown = str(value)[:20]
            self.faults.append(
                Sentence(
                    f"{name}: station '{shown}' is not on the line of {length_m:.2f} m: measure from its start",
                    f"{name}: lý trình '{shown}' nằm ngoài tuyến dài {length_m:.2f} m: tính từ điểm đầu tuyến",
                )
            )
            return None
        return float(value)


def find_strangers(place: str, properties: Mapping[str, Any], known: Collection[str]) -> Iterator[Sentence]:
    """Names that mean nothing here, in objects in which nothing but a planned dig has names; empty ones, too."""
    folded = {_fold(name): name for name in known}
    for name in properties:
        if name in known:
            continue
        close = get_close_matches(_fold(name), folded, 1, _RESEMBLING)
        choices = folded[close[0]] if close else ", ".join(sorted(known))
        yield Sentence(
            f"{place}: '{name[:40]}' is not known: give {choices}, or leave it out",
            f"{place}: không có thuộc tính '{name[:40]}': ghi {choices}, hoặc bỏ đi",
        )


def _fold(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
