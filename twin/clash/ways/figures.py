"""How far ways out are looked for, how narrow a trench may be, and what orders them: figures as data."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.clash.accuracy import Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.clash.proposal import Change

OWN_TABLE = Path(__file__).with_name("figures.toml")


@dataclass(frozen=True, slots=True)
class Search:
    """Steps and limits of the search, in metres; `longest_s` seconds are the last resort."""

    step_m: float
    fine_m: float
    farthest_shift_m: float
    least_depth_m: float
    deepest_bore_m: float
    bore_step_m: float
    most_trials: int
    most_checks: int
    longest_s: float
    combined_step_m: float
    most_combined: int
    longest_combined_s: float
    most_pairs: int


@dataclass(frozen=True, slots=True)
class Narrowest:
    """The least width of a trench."""

    unstated_m: float
    beside: tuple[tuple[float, float], ...]
    deep: tuple[tuple[float, float], ...]
    source: Wording

    def width_m(self, laid_m: float | None, depth_m: float | None) -> float:
        """For what is laid, None where nobody says, at a depth of the floor."""
        least = max((least for above, least in self.deep if depth_m is not None and depth_m > above), default=0.0)
        if laid_m is None:
            return max(self.unstated_m, least)
        add_m = next((add for up_to, add in self.beside if laid_m <= up_to), self.beside[-1][1])
        return max(laid_m + add_m, least)


@dataclass(frozen=True, slots=True)
class Boring:
    """What a bore and its pits take, in metres; `ratio` is that of the hole to what is drawn in."""

    ratio: float
    unstated_m: float
    largest_m: float
    cover_m: float
    pit_m: float
    under_m: float
    beyond_m: float
    source: Wording


@dataclass(frozen=True, slots=True)
class Figures:
    """All of them. Costs have no unit: they order proposals."""

    search: Search
    narrowest: Narrowest
    bore: Boring
    shoring_m: float
    costs: Mapping[str, tuple[float, float]]
    burdens: Mapping[str, float]

    def cost(self, change: Change, amount_m: float) -> float:
        base, per_m = self.costs[change]
        return base + per_m * amount_m

    def burden(self, kind: str) -> float:
        return self.burdens.get(kind, self.burdens["other"])


@cache
def read_figures(path: Path = OWN_TABLE) -> Figures:
    """The figures of a TOML file. Raises: KeyError or TypeError for a file of another form."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    narrowest, bore = table["narrowest"], table["bore"]
    return Figures(
        search=Search(**table["search"]),
        narrowest=Narrowest(
            narrowest["unstated_m"],
            tuple((row["up_to_m"], row["add_m"]) for row in narrowest["beside"]),
            tuple((row["above_m"], row["least_m"]) for row in narrowest["deep"]),
            _source(narrowest),
        ),
        bore=Boring(**{key: value for key, value in bore.items() if key not in ("en", "vi")}, source=_source(bore)),
        shoring_m=table["shoring"]["working_m"],
        costs={name: (row["base"], row["per_m"]) for name, row in table["cost"].items()},
        burdens=table["burden"],
    )


def _source(table: Mapping[str, Any]) -> Wording:
    return Wording(en=table["en"], vi=table["vi"])
