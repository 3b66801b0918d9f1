"""Parcels of a drawing: the areas that its lines close, each with the number that stands in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.formats.records import Records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Label:
    """A text where it begins, and its place in the file."""

    point: shapely.Point
    text: str
    row: int


def build_parcels(
    outlines: NDArray[np.object_], numbers: Sequence[Label], others: Mapping[str, Sequence[Label]]
) -> tuple[Records, tuple[str, ...]]:
    """Areas with exactly one number, by the row of its text, and what was left aside.

    outlines: lines and areas that close parcels, in one plane; z is dropped.
    others: column -> the texts that may stand in a parcel; of several different ones in a parcel none is taken.
    Example: of two squares with a common side and the number "12" in one, that one is a parcel.
    """
    flat = shapely.force_2d(outlines[~shapely.is_missing(outlines)])
    closed = shapely.get_dimensions(flat) == 2
    flat[closed] = shapely.boundary(flat[closed])
    faces, cuts, dangles, _ = shapely.polygonize_full([shapely.union_all(flat)])
    areas = shapely.get_parts(faces)
    tree = shapely.STRtree(areas)
    standing = _place(tree, numbers)
    told = {name: _place(tree, labels) for name, labels in others.items()}
    records = Records()
    several = 0
    for area in sorted(standing, key=lambda i: min(label.row for label in standing[i])):
        found = {label.text: label for label in standing[area]}
        if len(found) > 1:
            several += 1
            continue
        (number,) = found.values()
        record: dict[str, Any] = {"parcelno": number.text}
        for name, places in told.items():
            texts = {label.text for label in places.get(area, ())}
            record[name] = texts.pop() if len(texts) == 1 else None
        records.add(areas[area], record, number.row)
    outside = len(numbers) - sum(len(labels) for labels in standing.values())
    said = Counter(
        {
            "closed areas without a parcel number left aside": len(areas) - len(standing),
            "areas with several parcel numbers left aside: their boundaries do not close": several,
            "parcel numbers stand in no closed area": outside,
            "pieces of boundary close nothing": shapely.get_num_geometries(cuts) + shapely.get_num_geometries(dangles),
        }
    )
    return records, tuple(f"{count} {what}" for what, count in said.items() if count)


def _place(tree: shapely.STRtree, labels: Sequence[Label]) -> dict[int, list[Label]]:
    """Number of an area -> the labels in it."""
    standing: dict[int, list[Label]] = defaultdict(list)
    points = np.array([label.point for label in labels], dtype=object)
    for label, area in tree.query(points, predicate="within").T.tolist():
        standing[area].append(labels[label])
    return standing
