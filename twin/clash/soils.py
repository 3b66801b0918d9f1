"""How steep the side of an excavation may stand: soil classes as data, each with its source."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.clash.accuracy import Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OWN_TABLE = Path(__file__).with_name("soils.toml")


@dataclass(frozen=True, slots=True)
class Soil:
    """A class of soil; `steps` are (depth down to which, slope H:V), both increasing."""

    name: str
    title: Wording
    source: Wording
    steps: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        depths, slopes = zip(*self.steps, strict=True)
        if not all(0 < depth <= 100 for depth in depths) or not all(0 <= slope <= 10 for slope in slopes):
            raise ValueError(f"soil '{self.name}' has a depth outside 0 to 100 or a slope outside 0 to 10")
        if sorted(depths) != list(depths) or sorted(slopes) != list(slopes):
            raise ValueError(f"soil '{self.name}': deeper steps come later and are no steeper")

    @property
    def deepest_m(self) -> float:
        """Below this the table says nothing: a designer does."""
        return self.steps[-1][0]

    def slope_at(self, depth_m: float) -> float:
        """The slope of a side of that height; past the table that of its last step."""
        return next((slope for up_to_m, slope in self.steps if depth_m <= up_to_m), self.steps[-1][1])


@cache
def read_soils(path: Path = OWN_TABLE) -> Mapping[str, Soil]:
    """The soil classes of a TOML file by name, by default of the one that comes with the project.

    Raises: ValueError for a figure out of range, KeyError or TypeError for a file of another form.
    """
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {soil.name: soil for table in tables.values() for soil in _read_classes(table)}


def _read_classes(table: Mapping[str, Any]) -> Iterator[Soil]:
    source = Wording(en=table["en"], vi=table["vi"])
    for row in table["classes"]:
        steps = tuple((float(step["up_to_m"]), float(step["slope"])) for step in row["steps"])
        yield Soil(row["name"], Wording(en=row["en"], vi=row["vi"]), source, steps)
