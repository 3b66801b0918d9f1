"""All pairs of an audit as a GeoPackage, for whoever works on them in a GIS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import shapely

from layers.audit_summary import KeptPair, read_pairs, to_point
from layers.database import storage_srid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from layers.audit import Run
    from layers.database import Connection

LAYER = "too_near"
_NUMBERS = ("limit_m", "measured_m", "worst_m")
_TEXTS = ("verdict", "aspect", "arrangement", "rule", "remark", "street", "ward")
_OF_EACH = ("layer", "discipline", "owner", "owner_ref", "status", "source_file")


def write_geopackage(connection: Connection, run: Run, path: Path) -> None:
    """One point a pair, worst first, in the city's reference system; an earlier file is replaced."""
    partial, crs = path.with_suffix(".partial.gpkg"), f"EPSG:{storage_srid(connection)}"
    partial.unlink(missing_ok=True)
    for pairs in read_pairs(connection, run):
        _write(partial, pairs, crs)
    if not partial.exists():
        _write(partial, [], crs)
    partial.replace(path)


def _write(path: Path, pairs: Sequence[KeptPair], crs: str) -> None:
    columns: dict[str, Any] = {"pair": np.array([pair.id for pair in pairs], dtype="i8")}
    columns |= {name: _texts([getattr(pair, name) for pair in pairs]) for name in _TEXTS}
    columns |= {name: np.array([getattr(pair, name) for pair in pairs], dtype="f8") for name in _NUMBERS}
    columns["not_recorded"] = _texts([", ".join(pair.doubts) or None for pair in pairs])
    for side in ("first", "second"):
        columns[f"{side}_id"] = np.array([getattr(pair, side)["id"] for pair in pairs], dtype="i8")
        columns |= {f"{side}_{name}": _texts([getattr(pair, side)[name] for pair in pairs]) for name in _OF_EACH}
    pyogrio.raw.write(
        path,
        geometry=np.array([shapely.to_wkb(to_point(pair)) for pair in pairs], dtype=object),
        field_data=list(columns.values()),
        fields=np.array(list(columns), dtype=object),
        layer=LAYER,
        driver="GPKG",
        geometry_type="Point",
        crs=crs,
        append=path.exists(),
    )


def _texts(values: Sequence[str | None]) -> Any:
    return np.array([*values, None], dtype=object)[:-1]
