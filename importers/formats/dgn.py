"""DGN v7 drawings: elements by level, and parcels where the levels are those of a cadastral map.

Source: TT 26/2024/TT-BTNMT, appendix 21 (levels); Intergraph Standard File Formats (elements).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.faults import Fault, Rejected
from importers.formats.gdal import SEND_AGAIN, Source, declared_prj, private_copy, read_layers
from importers.formats.parcels import Label, build_parcels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from importers.source import Dataset, SourceLayer

_END = b"\xff\xff"
_TEXT = 17
# What closes a parcel: its own boundary is not drawn where a road or water limit runs.
_BOUNDARIES = (10, 21, 23, 31, 32, 38)
_PARCEL, _NUMBER, _LAND_USE, _AREA, _FRAME = 10, 13, 2, 4, 63
# What levels of a cadastral map are. No word here may pass for the name of a table: an edge of a road is no road.
_LEVELS = {
    2: "loại đất", 4: "diện tích", 10: "ranh thửa", 11: "điểm nhãn", 13: "số thửa", 14: "tường nhà", 15: "nhãn nhà",
    23: "mép đường", 28: "tên đường", 31: "mép nước", 32: "mép nước", 55: "hạ tầng kỹ thuật", 56: "hạ tầng kỹ thuật",
    57: "hạ tầng kỹ thuật", 58: "hạ tầng kỹ thuật", 59: "hạ tầng kỹ thuật", 61: "ranh pháp lý", 63: "khung",
}  # fmt: skip


def is_dgn(head: bytes, _: str) -> bool:
    """The first element is the file's own header, of type 9 on level 8, 1,534 bytes long."""
    return head[:1] in (b"\x08", b"\xc8") and head[1:4] == b"\x09\xfe\x02"


def read_dgn(dataset: Dataset) -> Iterator[SourceLayer]:
    """Parcels, if the drawing has numbers in closed boundaries, and one layer for each level of what is left.

    Rows count the elements of the file. A line of no length is a point: the format has no other.
    Raises: Rejected for a drawing that is cut short.
    """
    _check_elements(dataset)
    crs, origin = declared_prj(dataset)
    with private_copy(dataset, ".dgn") as path:
        source = Source(path, "DGN", dataset.name, encoding="ISO-8859-1", numbered=True)
        for elements in read_layers(source):
            geometries = _with_points(elements.geometries)
            drawing = replace(
                elements,
                shapes=geometries,
                crs=crs,
                crs_origin=origin,
                drawing=True,
            )
            yield from _levels(drawing)


def _check_elements(dataset: Dataset) -> None:
    """Raises: Rejected where no end mark stands behind the last element: what stood there is not known."""
    content = dataset.path.read_bytes()
    at = 0
    while at + 4 <= len(content) and content[at : at + 2] != _END:
        at += 4 + 2 * int.from_bytes(content[at + 2 : at + 4], "little")
    if content[at : at + 2] != _END:
        said = "within an element" if at != len(content) else "without an end mark"
        raise Rejected(Fault.TRUNCATED, f"{dataset.name} ends {said}, at byte {len(content)}", SEND_AGAIN)


def _with_points(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    points = (shapely.get_type_id(geometries) == 1) & (shapely.length(geometries) == 0)
    return np.where(points, shapely.get_point(geometries, 0), geometries)


def _levels(drawing: SourceLayer) -> Iterator[SourceLayer]:
    columns = drawing.columns
    levels, is_text = np.array(columns["Level"]), np.array(columns["Type"]) == _TEXT
    used = np.zeros(len(levels), dtype=bool)
    parcels = _parcels(drawing, levels, is_text)
    if parcels is not None:
        framing = int((levels == _FRAME).sum())
        used = np.isin(levels, (*_BOUNDARIES, _NUMBER, _LAND_USE, _AREA, _FRAME))
        paper = (f"{framing} elements of the frame left aside",) if framing else ()
        yield replace(parcels, notes=(*parcels.notes, *paper))
    left = int((is_text & ~used).sum())
    notes = (*drawing.notes, f"{left} texts left aside") if left else drawing.notes
    for level in np.unique(levels[~used & ~is_text]).tolist():
        own = drawing.take(np.flatnonzero((levels == level) & ~used & ~is_text))
        name = f"level {level} {_LEVELS.get(level, '') if parcels else ''}".strip()
        yield replace(own, name=name, columns=_without_empty(own.columns), notes=notes)


def _without_empty(columns: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    return {name: values for name, values in columns.items() if any(value is not None for value in values)}


def _parcels(drawing: SourceLayer, levels: NDArray[Any], is_text: NDArray[np.bool_]) -> SourceLayer | None:
    """The parcels of a drawing that has boundaries and numbers on the levels for them, else None."""
    if not ((levels == _PARCEL) & ~is_text).any():
        return None

    def labels(level: int) -> list[Label]:
        found = np.flatnonzero(is_text & (levels == level)).tolist()
        texts = drawing.columns["Text"]
        return [Label(drawing.geometries[i], str(texts[i]).strip(), int(drawing.rows[i])) for i in found if texts[i]]

    outlines = drawing.geometries[np.isin(levels, _BOUNDARIES) & ~is_text]
    records, notes = build_parcels(outlines, labels(_NUMBER), {"landuse": labels(_LAND_USE), "area": labels(_AREA)})
    if not records.rows:
        return None
    declared = {"crs": drawing.crs, "crs_origin": drawing.crs_origin, "notes": (*drawing.notes, *notes)}
    return records.to_layer("thửa đất (parcels)", **declared, drawing=True)
