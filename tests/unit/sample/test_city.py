from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
import shapely

from layers.errors import Invalid
from twin.sample.city.blocks import PARK, RIVER
from twin.sample.city.sections import culvert, pipe
from twin.sample.city.terrain import Terrain


def test_everything_lies_in_the_ward(ward):
    """Protects against features that an importer must refuse although nobody planted them."""
    outline = ward.plan.outline
    shapes = [parcel.shape for parcel in ward.parcels] + [house.shape for house in ward.houses]
    shapes += [line.shape for line in (*ward.mains, *ward.services)]
    shapes += [shapely.Point(thing.at) for thing in (*ward.nodes, *ward.trees)]
    assert shapely.covered_by(shapes, outline.buffer(0.01)).all()
    assert len(ward.parcels) > 1300
    assert len(ward.houses) > 1100
    assert 700 < len(ward.trees) < 1100


def test_parcels_share_no_ground(ward):
    """Protects the cadastre: the area of all parcels together is the sum of their areas."""
    shapes = [parcel.shape for parcel in ward.parcels]
    assert shapely.is_valid(shapes).all()
    assert shapely.unary_union(shapes).area == pytest.approx(shapely.area(shapes).sum(), abs=20.0)


def test_buildings_stand_in_one_parcel_each(ward):
    """Protects against houses on the street, in a park or in the river."""
    plots = [parcel.shape.buffer(0.01) for parcel in ward.parcels if parcel.use not in (PARK, RIVER)]
    houses = [house.shape for house in ward.houses]
    found, _ = shapely.STRtree(plots).query(houses, predicate="covered_by")
    assert sorted(found.tolist()) == list(range(len(houses)))


def test_sewers_fall_without_a_step_to_an_outfall(ward):
    """Protects the inverts: what enters a manhole is what leaves it, and every pipe goes down."""
    for discipline in ("wastewater", "storm"):
        pipes = [
            line for line in ward.mains if line.identity.discipline == discipline and line.identity.subtype[0] == "T"
        ]
        leaving = {tuple(line.path[0]): line.inverts_m[0] for line in pipes}
        assert len(leaving) == len(pipes)
        assert all(line.inverts_m[0] > line.inverts_m[1] for line in pipes)
        ends = [(tuple(line.path[-1]), line.inverts_m[1]) for line in pipes]
        assert all(leaving.get(place, invert) == invert for place, invert in ends)
        assert 1 <= len({place for place, _ in ends if place not in leaving}) <= 4


def test_lines_lie_under_the_ground_and_under_each_other(ward):
    """Protects the picture of a street: each discipline has its depth, sewers below all."""
    depths = defaultdict(list)
    for line in ward.mains:
        top = ward.terrain.ground(line.path[:1])[0] - line.section.outer_height_m / 2
        axis = line.inverts_m[0] + line.section.below_axis_m if line.inverts_m else None
        depths[line.identity.discipline].append(
            line.depth_m if axis is None else top + line.section.above_axis_m - axis
        )
    assert min(min(values) for values in depths.values()) > 0.3
    medians = {discipline: float(np.median(values)) for discipline, values in depths.items()}
    assert medians["lighting"] < medians["power"] < medians["water"] < medians["wastewater"]


def test_ground_is_bilinear_between_pixel_centres():
    """Protects the one rule that both sample and importer must follow."""
    terrain = Terrain(np.array([[1.0, 2.0], [3.0, 5.0]], dtype=np.float32), west=100.0, north=200.0, pixel_m=2.0)
    points = np.array([[101.0, 199.0], [103.0 - 1e-9, 197.0 + 1e-9], [102.0, 198.0], [101.5, 199.0]])
    assert terrain.ground(points) == pytest.approx([1.0, 5.0, 2.75, 1.25])
    with pytest.raises(Invalid, match="outside the terrain"):
        terrain.ground(np.array([[100.9, 199.0]]))
    holed = Terrain(np.array([[1.0, -9999.0], [3.0, 5.0]], dtype=np.float32), west=100.0, north=200.0, pixel_m=2.0)
    with pytest.raises(Invalid, match="no value"):
        holed.ground(np.array([[101.5, 198.5]]))


def test_nominal_diameters_are_read_as_the_standards_mean_them():
    """Protects the sections: plastic by its outside, iron and concrete by their inside."""
    assert (pipe("HDPE", 0.11).outer_width_m, pipe("HDPE", 0.11).inner_width_m) == pytest.approx((0.11, 0.0902))
    assert pipe("reinforced concrete", 0.3).outer_width_m == pytest.approx(0.38)
    assert pipe("ductile iron", 0.4).outer_width_m == pytest.approx(0.432)
    assert culvert(0.8, 1.0, 0.12).outer_height_m == pytest.approx(1.24)
