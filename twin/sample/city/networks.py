"""What lies under the streets before any department describes it: lines and nodes. EPSG:9214, metres."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import shapely

if TYPE_CHECKING:
    import numpy as np

    from twin.sample.city.sections import Section
    from twin.sample.city.streets import Points

_PREFIXES = {"water": "CN", "wastewater": "NT", "storm": "NM", "power": "DL", "telecom": "VT", "lighting": "CS"}


@dataclass(frozen=True, slots=True)
class Identity:
    """What an owner writes about any object; `status` and `discipline` in the words of the database."""

    discipline: str
    subtype: str
    street: str
    ref: str
    installed: date
    status: str = "in_service"


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A pipe, cable or bank: either its axis keeps a depth below ground, or it falls from one invert to another."""

    identity: Identity
    path: Points
    section: Section
    depth_m: float | None = None
    inverts_m: tuple[float, float] | None = None

    @property
    def shape(self) -> shapely.LineString:
        return shapely.LineString(self.path)


@dataclass(frozen=True, slots=True)
class Node:
    """A thing at a point; round where it has no length. `bottom_m` is an elevation."""

    identity: Identity
    kind: str
    at: tuple[float, float]
    width_m: float
    length_m: float | None = None
    bottom_m: float | None = None


class Register:
    """Gives out identities: numbers that run within a discipline and street, and believable years."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._numbers: dict[tuple[str, str], int] = {}
        self._years: dict[tuple[str, str], int] = {}

    def enter(self, discipline: str, subtype: str, street: str) -> Identity:
        key = (discipline, street)
        number = self._numbers[key] = self._numbers.get(key, 0) + 1
        year = self._years.setdefault(key, int(self._rng.integers(1998, 2024)))
        installed = date(year, int(self._rng.integers(1, 13)), int(self._rng.integers(1, 28)))
        status = "disused" if self._rng.random() < 0.02 else "in_service"
        ref = f"{_PREFIXES[discipline]}-{initials(street)}-{number:03d}"
        return Identity(discipline, subtype, street, ref, installed, status)


def fold(text: str) -> str:
    """Text without accents, đ as d, in small letters."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def initials(street: str) -> str:
    return "".join(word if word.isdigit() else word[0].upper() for word in fold(street).split())
