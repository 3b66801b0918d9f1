"""Geometries written out in a column: WKT, and EWKT and hexadecimal EWKB as PostGIS exports them.

Source: OGC 06-103r4 (WKT); PostGIS manual, 4.1 (EWKT and EWKB: the same with a number of the reference system).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import shapely

from importers.faults import Fault, Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_EWKT = re.compile(r"\s*SRID\s*=\s*(\d+)\s*;(.*)", re.IGNORECASE | re.DOTALL)
_HEX = re.compile(r"0[01][0-9a-f]{16,}", re.IGNORECASE)


def read_geometries(texts: Sequence[str | None], name: str) -> tuple[NDArray[np.object_], str | None]:
    """Geometries, None where there is none that can be read, and the code of the system that they name.

    Raises: Rejected where they name several.
    """
    shapes = np.array([_read(text) for text in texts], dtype=object)
    codes = sorted(set(shapely.get_srid(shapes[~shapely.is_missing(shapes)]).tolist()) - {0})
    if len(codes) > 1:
        said = f"{name}: its geometries are in several systems: SRID {', '.join(map(str, codes))}"
        raise Rejected(Fault.CRS_UNUSABLE, said, "deliver the records of each system as a table of their own")
    return shapes, f"EPSG:{codes[0]}" if codes else None


def _read(text: str | None) -> shapely.Geometry | None:
    if not text:
        return None
    if _HEX.fullmatch(text):
        return shapely.from_wkb(text, on_invalid="ignore")
    stated = _EWKT.fullmatch(text)
    shape = shapely.from_wkt(stated[2] if stated else text, on_invalid="ignore")
    return shapely.set_srid(shape, int(stated[1])) if stated and shape is not None else shape
