"""Directions in words."""

from math import atan2, pi

from twin.clash.accuracy import Wording

_POINTS = (
    Wording(en="east", vi="đông"),
    Wording(en="north-east", vi="đông bắc"),
    Wording(en="north", vi="bắc"),
    Wording(en="north-west", vi="tây bắc"),
    Wording(en="west", vi="tây"),
    Wording(en="south-west", vi="tây nam"),
    Wording(en="south", vi="nam"),
    Wording(en="south-east", vi="đông nam"),
)


def compass(east_m: float, north_m: float) -> Wording:
    """One of eight points of the compass."""
    return _POINTS[round(atan2(north_m, east_m) / (pi / 4)) % 8]
