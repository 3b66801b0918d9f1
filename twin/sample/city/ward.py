"""The whole invented ward as it truly is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.sample.city.blocks import House, Parcel, plan_houses, plan_parcels
from twin.sample.city.connections import plan_connections
from twin.sample.city.mains import plan_mains
from twin.sample.city.sewers import STORM, WASTEWATER, plan_inlets, plan_sewers
from twin.sample.city.streets import Plan, plan_streets
from twin.sample.city.terrain import Terrain, plan_terrain
from twin.sample.city.trees import Tree, plan_trees

if TYPE_CHECKING:
    from twin.sample.city.networks import Line, Node

SHEETS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Ward:
    """`services` are house connections; `mains` is every other line."""

    plan: Plan
    terrain: Terrain
    parcels: tuple[Parcel, ...]
    houses: tuple[House, ...]
    trees: tuple[Tree, ...]
    mains: tuple[Line, ...]
    services: tuple[Line, ...]
    nodes: tuple[Node, ...]


def plan_ward(seed: int) -> Ward:
    """The ward that belongs to a seed: the same every time."""
    plan = plan_streets(seed)
    terrain = plan_terrain(plan.bank, plan.outline.bounds)
    parcels = plan_parcels(plan, seed, sheets=SHEETS)
    houses = plan_houses(parcels, seed)
    mains, nodes = plan_mains(plan.streets, seed)
    sewers, manholes = plan_sewers(plan.streets, terrain, WASTEWATER, seed)
    drains, gullies = plan_sewers(plan.streets, terrain, STORM, seed)
    branches, inlets = plan_inlets(drains, plan.streets, terrain, seed)
    services = plan_connections([house.shape for house in houses], [*mains, *sewers], terrain, seed)
    return Ward(
        plan,
        terrain,
        tuple(parcels),
        tuple(houses),
        tuple(plan_trees(plan.streets, parcels, seed)),
        (*mains, *sewers, *drains, *branches),
        tuple(services),
        (*nodes, *manholes, *gullies, *inlets),
    )
