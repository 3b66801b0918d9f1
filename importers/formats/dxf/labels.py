"""Texts of a drawing that speak of what lies beside them: "uPVC D110", "h=1.2", "BxH=600x800"."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.vocabulary import match_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

# A text speaks of the nearest feature within REACH text heights of its frame, if the next one is CLEARANCE heights
# farther off, and of a line only if both run the same way.
REACH = 2.0
CLEARANCE = 1.0
PARALLEL_DEGREES = 15.0

LONGEST = 200  # characters; a longer text is a remark about the sheet

_NUMBER = r"\d+(?:[.,]\d+)?"
_LENGTH = rf"({_NUMBER})\s*(mm|cm|m)?(?!\w|[.,]\d)"
_SIZE = re.compile(
    r"(?<![\d.,x×*])(\d{3,4}|\d[.,]\d{1,2})\s*[x×*]\s*H?\s*(\d{3,4}|\d[.,]\d{1,2})\s*(mm|m)?(?!\w|[.,]\d|²)",
    re.IGNORECASE,
)
_SIDES = re.compile(rf"(?<![^\W_])B\s*=\s*({_NUMBER})\W+H\s*=\s*({_NUMBER})()", re.IGNORECASE)
_DIAMETER = re.compile(
    rf"(?<![^\W\d_])(?:(?<!\d)(\d{{1,2}})\s*[x×]?\s*)?(OD|DE|ID|DN|D|Ø|⌀|∅|Φ|phi)\s*[=:]?\s*{_LENGTH}", re.IGNORECASE
)
_DIAMETER_COLUMNS = {"OD": "outerdiameter", "DE": "outerdiameter", "ID": "innerdiameter"}
_PLAIN: dict[str, re.Pattern[str]] = {
    "depth": re.compile(rf"(?<![^\W_])(?:h\s*=|(?:chôn\s+)?sâu\s*[:=]?)\s*{_LENGTH}", re.IGNORECASE),
    "voltage": re.compile(rf"(?<![\w.,])({_NUMBER})\s*(kV)(?!\w)", re.IGNORECASE),
    "line_length": re.compile(rf"(?<![^\W_])L\s*=\s*{_LENGTH}", re.IGNORECASE),
    "slope": re.compile(rf"(?<![^\W_])i\s*=\s*({_NUMBER})\s*(%|‰)?", re.IGNORECASE),
}
# Millimetres that a diameter without a unit may be; below it is rather a number or metres.
_BARE_DIAMETER = (15.0, 4000.0)


@dataclass(frozen=True, slots=True)
class Text:
    """A text as delivered (`raw`), the kind of its font, its layer, what it states, and its frame; drawing units."""

    raw: str
    font: str
    layer: str
    stated: dict[str, str]
    frame: shapely.Polygon
    height: float
    direction: float


@dataclass(frozen=True, slots=True)
class Labels:
    """The texts that speak of each feature (by its index), and how many texts were not used."""

    by_feature: dict[int, list[Text]]
    unread: int = 0
    ambiguous: int = 0


def parse_label(text: str) -> dict[str, str]:
    """What a text states, under the names of columns; values with their units, material as listed.

    A two-letter material ("PE", "DI") counts only beside a size. "4D110" are four ducts: no diameter of the whole.
    """
    found: dict[str, str] = {}
    sides = _SIDES.search(text)
    if size := sides or _SIZE.search(text):
        found["size"] = f"{size[1]}x{size[2]}{(size[3] or '').lower()}"
    elif diameter := _DIAMETER.search(text):
        found |= _diameter(diameter)
    for column, pattern in _PLAIN.items():
        match = pattern.search(text if sides is None else text[: sides.start()] + text[sides.end() :])
        if match:
            found[column] = f"{match[1]}{match[2] or ''}".replace(",", ".")
    words = [word for word in re.split(r"[\W\d_]+", text) if len(word) > 2 or (len(word) == 2 and found)]
    if material := match_value("material", " ".join(words)):
        found["material"] = material
    return found


def _diameter(match: re.Match[str]) -> dict[str, str]:
    ducts, mark, number, unit = match.groups()
    if ducts is not None and int(ducts) > 1:
        return {"ducts": ducts}
    millimetres = float(number.replace(",", "."))
    if unit is None and not _BARE_DIAMETER[0] <= millimetres <= _BARE_DIAMETER[1]:
        return {}
    column = _DIAMETER_COLUMNS.get(mark.upper(), "diameter")
    return {column: f"{number.replace(',', '.')} {(unit or 'mm').lower()}"}


def attach_labels(texts: Sequence[Text], shapes: NDArray[np.object_], layers: Sequence[str]) -> Labels:
    """Each text that states something with the one feature beside it.

    shapes: points and lines in drawing units, None for what no text speaks of; layers: in which each lies.
    """
    by_feature: dict[int, list[Text]] = defaultdict(list)
    tree = shapely.STRtree(shapes)
    speaking = [text for text in texts if text.stated]
    with np.errstate(all="ignore"):  # coordinates that are no numbers are near nothing
        for text in speaking:
            near = _nearest(text, tree, shapes, layers)
            if len(near) == 1:
                by_feature[near[0]].append(text)
    used = sum(map(len, by_feature.values()))
    return Labels(dict(by_feature), len(texts) - len(speaking), len(speaking) - used)


def agreed(texts: Sequence[Text]) -> dict[str, str]:
    """What the texts of a feature state; where two contradict each other, neither counts."""
    values: dict[str, set[str]] = defaultdict(set)
    for text in texts:
        for column, value in text.stated.items():
            values[column].add(value)
    return {column: next(iter(own)) for column, own in values.items() if len(own) == 1}


def _nearest(text: Text, tree: shapely.STRtree, shapes: NDArray[np.object_], layers: Sequence[str]) -> list[int]:
    """The feature that a text speaks of, or all that come into question; those of the text's own layer go first."""
    reach = (REACH + CLEARANCE) * text.height
    near = [int(i) for i in tree.query(text.frame, predicate="dwithin", distance=reach) if _fits(text, shapes[i])]
    near = [i for i in near if layers[i] == text.layer] or near
    if not near:
        return []
    distances = shapely.distance(shapes[near], text.frame)
    first = float(distances.min())
    if first > REACH * text.height:
        return []
    return [i for i, far in zip(near, distances, strict=True) if far < first + CLEARANCE * text.height]


def _fits(text: Text, geometry: shapely.Geometry) -> bool:
    if geometry.geom_type == "Point":
        return True
    run = _direction_at(geometry, shapely.centroid(text.frame))
    apart = abs(math.degrees(run - text.direction)) % 180.0
    return min(apart, 180.0 - apart) <= PARALLEL_DEGREES


def _direction_at(line: shapely.LineString, place: shapely.Point) -> float:
    """Direction, radians, of the segment of a line that is nearest to a place."""
    xy = shapely.get_coordinates(line)
    segments = shapely.linestrings(np.stack([xy[:-1], xy[1:]], axis=1))
    along = xy[1:] - xy[:-1]
    nearest = int(np.argmin(np.where(np.hypot(*along.T) > 0, shapely.distance(segments, place), np.inf)))
    return math.atan2(along[nearest, 1], along[nearest, 0])


def frame(anchor: Any, size: tuple[float, float], shift: tuple[float, float], direction: float) -> shapely.Polygon:
    """A text's frame: (width, height) drawn from its anchor, moved by shares of itself, turned about the anchor."""
    (width, height), (across, up) = size, shift
    corners = [(across * width, up * height), ((across + 1) * width, (up + 1) * height)]
    (west, south), (east, north) = corners
    c, s = math.cos(direction), math.sin(direction)
    box = [(west, south), (east, south), (east, north), (west, north)]
    return shapely.Polygon([(anchor.x + x * c - y * s, anchor.y + x * s + y * c) for x, y in box])


def describe(labels: Labels) -> Iterator[str]:
    """Remarks on how texts were used."""
    used = sum(map(len, labels.by_feature.values()))
    if used:
        yield (
            f"{used} texts taken for attributes of the line or node within {REACH:g} text heights"
            f" (lines within {PARALLEL_DEGREES:g}° of the text's direction)"
        )
    if labels.ambiguous:
        yield f"{labels.ambiguous} texts stand beside no feature or beside several: not used"
    if labels.unread:
        yield f"{labels.unread} texts say no size, depth, material, voltage, length or slope: not used"
