"""How a layer looks of which nobody said how: in a colour of its own, as points, lines or areas."""

from __future__ import annotations

import colorsys
import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

# Apart from each other, and from the colours of utilities (APWA), of buildings, trees and parcels.
_PALETTE = (
    "#c2185b", "#00897b", "#5e35b1", "#6d4c41", "#00acc1", "#9e9d24", "#3949ab", "#ad1457", "#455a64", "#7b1fa2",
    "#00695c", "#827717",
)  # fmt: skip
# Another one whenever the same layer comes to look otherwise.
EDITION = "1"


def choose_colour(name: str, taken: Collection[str]) -> str:
    """A colour for a layer that no other has: the same for the same name, unless it is taken."""
    start = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
    free = [c for n in range(len(_PALETTE)) if (c := _PALETTE[(start + n) % len(_PALETTE)]) not in taken]
    if free:
        return free[0]
    # The golden angle leads round the circle of colours and never comes back to one that was there.
    hues = ((start / 2**32 + n * 0.381966) % 1 for n in range(len(taken) + 1))
    return next(colour for hue in hues if (colour := _spell(hue)) not in taken)


def _spell(hue: float) -> str:
    return "#{:02x}{:02x}{:02x}".format(*(round(255 * part) for part in colorsys.hls_to_rgb(hue, 0.4, 0.7)))


def make_layers(name: str, dimension: int, colour: str, label: str | None) -> list[dict[str, Any]]:
    """MapLibre layers for points (0), lines (1) or areas (2); `label` is the property that names a feature."""
    drawn = [{"id": f"{name}-{layer['type']}", "source": name} | layer for layer in _DRAWINGS[dimension](colour)]
    if label is None:
        return drawn
    placement = {"symbol-placement": "line"} if dimension == 1 else {}
    text: dict[str, Any] = {
        "id": f"{name}-label",
        "type": "symbol",
        "source": name,
        "minzoom": 16,
        "layout": {"text-field": ["get", label], "text-size": 11, **placement},
        "paint": {"text-color": colour, "text-halo-color": "#ffffff", "text-halo-width": 1.5},
    }
    return [*drawn, text]


def _points(colour: str) -> list[dict[str, Any]]:
    paint = {"circle-color": colour, "circle-radius": _grown(12, 2.5, 18, 6)}
    return [{"type": "circle", "paint": paint | {"circle-stroke-color": "#ffffff", "circle-stroke-width": 1}}]


def _lines(colour: str) -> list[dict[str, Any]]:
    layout = {"line-cap": "round", "line-join": "round"}
    return [{"type": "line", "layout": layout, "paint": {"line-color": colour, "line-width": _grown(12, 1, 18, 4)}}]


def _areas(colour: str) -> list[dict[str, Any]]:
    return [
        {"type": "fill", "paint": {"fill-color": colour, "fill-opacity": 0.25}},
        {"type": "line", "paint": {"line-color": colour, "line-width": 1.2}},
    ]


_DRAWINGS = (_points, _lines, _areas)


def _grown(zoom: float, size: float, later: float, then: float) -> list[Any]:
    return ["interpolate", ["linear"], ["zoom"], zoom, size, later, then]
