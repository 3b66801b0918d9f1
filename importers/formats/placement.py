"""Where a mesh without coordinates of its own stands: `<stem>.placement.json` beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import cos, isfinite, radians, sin
from typing import TYPE_CHECKING, Any

import numpy as np

from importers.faults import Fault, Rejected
from layers.crs import parse_crs
from layers.errors import Invalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from importers.source import Dataset

_FORM = '{"crs": "EPSG:9214", "origin": [x, y, z], "up": "y" or "z", "rotation_deg": 0, "scale": 1}'
_KNOWN = frozenset({"crs", "origin", "up", "rotation_deg", "scale"})


@dataclass(frozen=True, slots=True)
class Placement:
    """The way from a mesh's own axes to the city's.

    crs: code of a reference system in metres. origin: x, y and elevation there of the mesh's (0, 0, 0).
    up: which of its axes points up; with "y", its -z points north where nothing is rotated, with "z" its y.
    rotation_deg: how far the mesh is then turned about the vertical, clockwise seen from above.
    scale: metres in one unit of the mesh.
    """

    crs: str
    origin: tuple[float, float, float]
    up: str
    rotation_deg: float = 0.0
    scale: float = 1.0

    def place(self, vertices: NDArray[np.float64]) -> NDArray[np.float64]:
        """Vertices (n, 3) of the mesh as x, y, z in `crs`."""
        x, y, z = vertices.T
        east, north, height = (x, -z, y) if self.up == "y" else (x, y, z)
        c, s = cos(radians(self.rotation_deg)), sin(radians(self.rotation_deg))
        turned = np.column_stack([c * east + s * north, c * north - s * east, height])
        return np.asarray(turned * self.scale + np.array(self.origin))


def read_placement(dataset: Dataset) -> Placement:
    """The placement that comes with a mesh. Raises: Rejected where it is missing, or not of the form above."""
    wanted = f"{dataset.path.stem}.placement.json"
    path = next((part for part in dataset.parts if part.name.lower() == wanted.lower()), None)
    if path is None:
        message = f"{dataset.name} does not say where it stands: {wanted} is missing"
        raise Rejected(Fault.CRS_MISSING, message, f"put {wanted} beside it: {_FORM}")
    try:
        stated = json.loads(path.read_bytes())
        return _checked(stated)
    except (ValueError, TypeError, KeyError, RecursionError, Invalid) as error:
        raise Rejected(Fault.CRS_UNUSABLE, f"{wanted}: {error}", f"write it in the form {_FORM}") from error


def _checked(stated: Any) -> Placement:
    """Raises: ValueError, TypeError or KeyError with the member that is wrong."""
    if not isinstance(stated, dict) or stated.keys() - _KNOWN:
        raise ValueError(f"it must be an object of {', '.join(sorted(_KNOWN))}")
    for name in ("crs", "origin", "up"):
        if name not in stated:
            raise ValueError(f'"{name}" is missing')
    x, y, z = (float(number) for number in stated["origin"])
    rotation, scale = float(stated.get("rotation_deg", 0)), float(stated.get("scale", 1))
    if stated["up"] not in ("y", "z") or not isinstance(stated["crs"], str):
        raise ValueError('"up" must be "y" or "z", and "crs" a code')
    if not all(isfinite(number) for number in (x, y, z, rotation, scale)) or scale <= 0:
        raise ValueError("its numbers must be finite, and the scale above zero")
    crs = parse_crs(stated["crs"])
    if not (crs.is_projected and crs.is_metric):
        raise ValueError(f'"crs" must be projected and in metres, which {crs.code} is not')
    return Placement(stated["crs"], (x, y, z), stated["up"], rotation, scale)
