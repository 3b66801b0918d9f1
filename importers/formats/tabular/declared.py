"""The reference system that a table names in words: above its header, or in the names of its columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from importers.text import fold, fold_name

if TYPE_CHECKING:
    from collections.abc import Iterable

# VN-2000 / TM-3 by central meridian (degrees, minutes), EPSG 11; UTM 48N and 49N have zones of 6°.
_TM3 = {
    (102, 0): 5896, (103, 0): 9205, (104, 0): 9206, (104, 30): 9207, (104, 45): 9208, (105, 0): 5897,
    (105, 30): 9209, (105, 45): 9210, (106, 0): 9211, (106, 15): 9212, (106, 30): 9213, (107, 0): 9214,
    (107, 15): 9215, (107, 30): 9216, (107, 45): 5899, (108, 0): 5898, (108, 15): 9217, (108, 30): 9218,
}  # fmt: skip
_UTM = {(105, 0): 3405, (111, 0): 3406}
VN2000, WGS84 = "EPSG:4756", "EPSG:4326"

_EPSG = re.compile(r"\bepsg ?(\d{4,5})\b")
_VN2000 = re.compile(r"vn ?2000")
_WGS84 = re.compile(r"wgs ?(?:19)?84")
_WGS84_UTM = re.compile(r"utm (?:zone )?(4[89]) ?n\b")
_MERIDIAN = re.compile(
    r"\b(?:ktt\w*?|kinh tuyen(?: truc| trung tam| trung uong)?|cm|lo|l0) ?"
    r"(10\d|111)(?: ?(?:o|d|do)? ?(\d{1,2}))?(?!\d)"
)
_ZONE_WIDTH = re.compile(r"\bmui(?: chieu)? ?(\d)\b")
# Minutes as such, and the fractions of a degree that stand for them ("107.75").
_MINUTES = {"00": 0, "0": 0, "15": 15, "30": 30, "45": 45, "25": 15, "5": 30, "50": 30, "75": 45}
_IN_NAME = re.compile(
    r"(?:epsg ?(\d{4,5})|vn ?2000(?: ?ktt)? ?(?:(10[2-8]) ?(\d{2})?)?|ktt ?(10[2-8]) ?(\d{2})?)(?!\d)"
)


def named_system(words: str, *, degrees: bool) -> str | None:
    """The code that words (in Unicode) name: "EPSG:9214", "VN-2000, KTT 107°00', múi 3°", "WGS 84 / UTM 48N".

    degrees: whether the table's coordinates are degrees. A central meridian of 105° or 111° is of no zone in particular
    unless the zone's width is said; one that is no zone's names nothing.
    """
    text = fold(words)
    if code := _EPSG.search(text):
        return f"EPSG:{code[1]}"
    if _VN2000.search(text):
        return VN2000 if degrees else _vn2000_zone(text)
    if _WGS84.search(text) and not degrees:
        zone = _WGS84_UTM.search(text)
        return f"EPSG:326{zone[1]}" if zone else None
    return WGS84 if _WGS84.search(text) else None


def _vn2000_zone(text: str) -> str | None:
    meridian, width = _MERIDIAN.search(text), _ZONE_WIDTH.search(text)
    if meridian is None:
        return None
    minutes = meridian[2]
    if minutes in ("3", "6"):  # the width of the zone, after a meridian without minutes
        width, minutes = width or re.search("[36]", minutes), None
    return _zone(int(meridian[1]), _MINUTES.get(minutes or "0"), width[0][-1] if width else "")


def _zone(degrees: int, minutes: int | None, width: str) -> str | None:
    if minutes is None:
        return None
    wide, narrow = _UTM.get((degrees, minutes)), _TM3.get((degrees, minutes))
    if width == "6" or (wide and not width):
        return f"EPSG:{wide}" if width and wide else None
    return f"EPSG:{narrow}" if narrow else None


def split_name(name: str) -> tuple[str, str | None]:
    """The name of a column (in Unicode) without the reference system in it, and that: "X_VN2000_107" is x in 9214."""
    text = fold(name)
    match = _IN_NAME.search(text)
    if match is None:
        return name, None
    bare = fold_name(text[: match.start()] + text[match.end() :])
    code, *parts = match.groups()
    if code:
        return bare, f"EPSG:{code}"
    degrees, minutes = (parts[0] or parts[2]), (parts[1] or parts[3])
    return bare, _zone(int(degrees), _MINUTES.get(minutes or "0"), "") if degrees else None


def system_of_names(names: Iterable[str]) -> str | None:
    """The one system that names of coordinate columns state."""
    found = {system for name in names for system in [split_name(name)[1]] if system}
    return found.pop() if len(found) == 1 else None
