"""How layers look: MapLibre style layers, one file a layer; QML and SLD are worked out of them.

Utility colours follow the APWA Uniform Color Code (ANSI Z535.1): water blue, sewers green, power and lighting red,
telecommunication orange, gas yellow; combined and storm sewers are shades of the sewers' green. No Vietnamese standard
that binds the colours of utilities on maps was found.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

from styles import defaults

COLOURS = (
    "Utilities in the colours of the APWA Uniform Color Code (ANSI Z535.1): water blue, sewers green, power red,"
    " telecommunication orange, gas yellow; lines of unknown elevation are dashed"
)

# The twin's own layers from the ground up: what is drawn later lies on top.
ORDER = (
    "terrain",
    "boundaries",
    "parcels",
    "restricted_zones",
    "buildings",
    "roads",
    "trees",
    "utility_lines",
    "utility_nodes",
    "excavations",
    "citizen_reports",
)


# Where in that order other layers come: areas lie beneath buildings, lines above roads, points above all.
_PLACES = (float(len(ORDER)), ORDER.index("roads") + 0.5, ORDER.index("restricted_zones") + 0.5)


def rank(name: str, dimension: int) -> tuple[float, str]:
    """Where a layer is drawn; `dimension` is 0, 1 or 2 for points, lines or areas."""
    return (float(ORDER.index(name)) if name in ORDER else _PLACES[dimension]), name


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """What tells the styles of this release from those of another."""
    content = b"".join(files("styles").joinpath(f"{name}.json").read_bytes() for name in ORDER)
    content += defaults.EDITION.encode()
    return hashlib.sha256(content).hexdigest()[:8]


def read_layers(name: str) -> list[dict[str, Any]]:
    """MapLibre layers (style specification 8) that draw one layer of the city from the source of the same name."""
    layers: list[dict[str, Any]] = json.loads(files("styles").joinpath(f"{name}.json").read_text("utf-8"))
    return layers
