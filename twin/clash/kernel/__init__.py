"""Straight axes against the pieces of an excavation: plain numbers in plain loops, so that mypyc can compile them.

Every piece is a floor over a polygon and all that is above it. At a plan distance d from the floor the excavation
begins at `low + d / slope`; a point d beside and y below it therefore lies as far from the excavation as (d, y) lies
from a quadrant with its side leaning outwards, the profile. Along a straight axis d and y are linear beside a wall,
so that the least distance is that of a straight line from the profile; about a corner d is a hyperbola.

A sloped floor makes the nearest point of the excavation lie up to `d * grade` off the nearest point in plan. The
height is then shortened by the cosine of the slope, and where the object is widened in plan the floor is lowered by
what it falls over that width. What is returned is never above the true distance and, for a floor that is level,
equal to it.

Lengths in metres, x east, y north, z up, all relative to one origin near the excavation.
"""

from twin.clash.kernel.sources import COMPILED, is_current

# Modules compiled from other sources would answer for them: then, as without a compiler, Python runs what is written.
if is_current():
    __path__.insert(0, str(COMPILED))
