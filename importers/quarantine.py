"""The quarantine as a GeoPackage, for whoever mends the records in a GIS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import shapely

from layers.crs import parse_crs
from layers.errors import Conflict, Invalid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from layers.quarantine import QuarantinedRecord

_UNDECLARED = (
    'ENGCRS["not declared",EDATUM["not declared"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
)
_FIELDS = ("file", "layer", "row", "fault", "message", "remedy", "attributes")


def export_quarantine(records: Sequence[QuarantinedRecord], path: Path) -> None:
    """A GeoPackage with one layer for each reference system and kind of geometry, and one for what has none.

    Raises: Conflict where the file exists.
    """
    if path.exists():
        raise Conflict(f"{path} exists: remove it or name another file")
    groups: dict[tuple[str, str | None], list[QuarantinedRecord]] = {}
    for record in records:
        with np.errstate(invalid="ignore"):
            kind = "none" if record.wkb is None else shapely.from_wkb(record.wkb).geom_type.lower()
        groups.setdefault((kind, record.crs if record.wkb else None), []).append(record)
    partial = path.with_suffix(".partial.gpkg")
    partial.unlink(missing_ok=True)
    for number, ((kind, crs), members) in enumerate(groups.items(), start=1):
        _write(partial, f"{kind}_{number}", _code(crs), members)
    if groups:
        partial.replace(path)


def _code(crs: str | None) -> str | None:
    """What the file declared, where that can be written; a wrong label stays in the message."""
    try:
        return None if crs is None else parse_crs(crs).wkt
    except Invalid:
        return None


def _write(path: Path, name: str, crs: str | None, records: Sequence[QuarantinedRecord]) -> None:
    columns: list[Any] = [
        [r.path, r.layer, r.row, r.fault, r.message, r.remedy, json.dumps(r.attributes, ensure_ascii=False)]
        for r in records
    ]
    values = [np.array([row[i] for row in columns], dtype=object) for i in range(len(_FIELDS))]
    values[2] = np.array([-1 if row[2] is None else row[2] for row in columns], dtype=np.int64)
    has_geometry = records[0].wkb is not None
    with np.errstate(invalid="ignore"):
        geometries = shapely.from_wkb([r.wkb for r in records], on_invalid="ignore") if has_geometry else None
    pyogrio.raw.write(
        path,
        geometry=None if geometries is None else shapely.to_wkb(geometries),
        field_data=values,
        fields=list(_FIELDS),
        layer=name,
        driver="GPKG",
        append=path.exists(),
        **({"geometry_type": "Unknown", "crs": crs or _UNDECLARED} if has_geometry else {}),
    )
