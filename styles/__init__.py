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

COLOURS = (
    "Utilities in the colours of the APWA Uniform Color Code (ANSI Z535.1): water blue, sewers green, power red,"
    " telecommunication orange, gas yellow; lines of unknown elevation are dashed"
)

# From the ground up: what is drawn later lies on top.
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


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """What tells the styles of this release from those of another."""
    content = b"".join(files("styles").joinpath(f"{name}.json").read_bytes() for name in ORDER)
    return hashlib.sha256(content).hexdigest()[:8]


def read_layers(name: str) -> list[dict[str, Any]]:
    """MapLibre layers (style specification 8) that draw one layer of the city from the source of the same name."""
    layers: list[dict[str, Any]] = json.loads(files("styles").joinpath(f"{name}.json").read_text("utf-8"))
    return layers
