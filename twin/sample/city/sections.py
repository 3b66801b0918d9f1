"""Cross-sections of utilities: what material and nominal size mean for outside and inside, in metres."""

from __future__ import annotations

from dataclasses import dataclass

# Standards behind the shares: ISO 4427, TCVN 8491 (plastic), ISO 2531 (iron), TCVN 9113 (concrete).
# Material: whether the nominal diameter is the outside, wall as a share of it, least wall.
_WALLS = {
    "uPVC": (True, 0.05, 0.002),
    "HDPE": (True, 0.09, 0.003),
    "ductile iron": (False, 0.04, 0.010),
    "steel": (False, 0.03, 0.004),
    "reinforced concrete": (False, 0.10, 0.040),
    "concrete": (False, 0.10, 0.040),
    "XLPE cable": (True, 0.0, 0.0),
    "fibre cable": (True, 0.0, 0.0),
    "copper cable": (True, 0.0, 0.0),
}


@dataclass(frozen=True, slots=True)
class Section:
    """Shape (circular, rectangular, bank), sizes in metres; inner sizes and nominal are None for a bank."""

    shape: str
    material: str
    outer_width_m: float
    outer_height_m: float
    inner_width_m: float | None = None
    inner_height_m: float | None = None
    nominal_m: float | None = None
    wall_m: float = 0.0
    ducts: int | None = None

    @property
    def nominal_is_outer(self) -> bool:
        return _WALLS[self.material][0]

    @property
    def above_axis_m(self) -> float:
        """From the axis up to the outside of the crown."""
        return self.outer_height_m / 2

    @property
    def below_axis_m(self) -> float:
        """From the axis down to the invert: the inside of the bottom, or the outside where there is no inside."""
        return (self.outer_height_m if self.inner_height_m is None else self.inner_height_m) / 2


def pipe(material: str, nominal_m: float) -> Section:
    """A round pipe or cable of a nominal diameter."""
    outside, share, least_m = _WALLS[material]
    wall_m = max(share * nominal_m, least_m)
    outer_m = nominal_m if outside else nominal_m + 2 * wall_m
    inner_m = nominal_m - 2 * wall_m if outside else nominal_m
    return Section("circular", material, outer_m, outer_m, inner_m, inner_m, nominal_m, wall_m)


def culvert(width_m: float, height_m: float, wall_m: float) -> Section:
    """A box culvert of reinforced concrete by its inside."""
    outer = (width_m + 2 * wall_m, height_m + 2 * wall_m)
    return Section("rectangular", "reinforced concrete", *outer, width_m, height_m, wall_m=wall_m)


def bank(width_m: float, height_m: float, ducts: int) -> Section:
    """A bank of ducts in concrete by its outside."""
    return Section("bank", "concrete", width_m, height_m, ducts=ducts)
