"""DXF through ezdxf: lines and polylines with their layer; the layer's name is all the attributes a drawing has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from ezdxf import recover
from ezdxf.lldxf.const import DXFError

from importers.faults import Fault, Rejected
from importers.source import SourceLayer
from importers.text import decode_cad_escapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ezdxf.entities.dxfgfx import DXFGraphic

    from importers.source import Dataset

_DIAMETER = re.compile(r"(?:^|[_\- ])(?:D|DN|OD)(\d{2,4})(?=$|[_\- ])", re.IGNORECASE)


def is_dxf(head: bytes, _: str) -> bool:
    if head.startswith(b"AutoCAD Binary DXF"):
        return True
    text = head.lstrip(b"\xef\xbb\xbf").replace(b"\r", b"").lstrip()
    return re.match(rb"(999\n[^\n]*\n\s*)*0\nSECTION", text) is not None


def read_dxf(dataset: Dataset) -> Iterator[SourceLayer]:
    """One layer for each layer of the drawing that has lines; rows count all entities of the model space from 1."""
    try:
        drawing, _ = recover.readfile(dataset.path)
    except (DXFError, OSError) as error:
        raise Rejected(Fault.UNREADABLE, f"{dataset.name}: {error}", "save it as DXF again") from error
    by_layer: dict[str, list[tuple[int, Any]]] = {}
    skipped: dict[str, int] = {}
    for ordinal, entity in enumerate(drawing.modelspace(), start=1):
        geometry = _geometry(entity)
        if geometry is None:
            skipped[entity.dxftype()] = skipped.get(entity.dxftype(), 0) + 1
        else:
            by_layer.setdefault(entity.dxf.layer, []).append((ordinal, geometry))
    prj = dataset.sidecar(".prj")
    notes = tuple(f"{count} {kind} left aside" for kind, count in sorted(skipped.items()))
    for name, members in by_layer.items():
        yield SourceLayer(
            decode_cad_escapes(name),
            np.array([g for _, g in members], dtype=object),
            _attributes(decode_cad_escapes(name), len(members)),
            np.array([o for o, _ in members]),
            crs=prj.read_text("utf-8", errors="replace") if prj else None,
            crs_origin=".prj",
            notes=notes,
        )


def _geometry(entity: DXFGraphic) -> shapely.Geometry | None:
    kind = entity.dxftype()
    if kind == "LINE":
        points = [tuple(entity.dxf.start), tuple(entity.dxf.end)]
    elif kind == "LWPOLYLINE":
        points = [(x, y, entity.dxf.elevation) for x, y in entity.get_points("xy")]  # type: ignore[attr-defined]
    elif kind == "POLYLINE":
        points = [tuple(vertex.dxf.location) for vertex in entity.vertices]  # type: ignore[attr-defined]
    else:
        return None
    return shapely.LineString(points) if len(points) > 1 else None


def _attributes(layer: str, count: int) -> dict[str, list[Any]]:
    """What the layer's name says: "CAP_NUOC_HDPE_D110" has a material and a diameter in millimetres."""
    diameter = _DIAMETER.search(layer)
    columns: dict[str, list[Any]] = {"layer": [layer] * count}
    if diameter:
        columns["diameter"] = [f"{diameter[1]} mm"] * count
    words = [part for part in re.split(r"[_\- ]", layer) if part]
    columns["material"] = [" ".join(words)] * count
    return columns
