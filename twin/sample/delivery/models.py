"""Networks as models and registers of them are delivered: lines with the nodes at their ends, told as a format can."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.sample.city.networks import Identity, Line, Node
from twin.sample.delivery.lines import OWNERS, expect_section
from twin.sample.delivery.records import Dataset, Layer, Row, Value
from twin.sample.delivery.vertical import axis_offset, below_ground, between_ends, true_axis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twin.sample.city.sections import Section
    from twin.sample.city.terrain import Terrain
    from twin.sample.delivery.records import AxisRule
    from twin.sample.delivery.series import Share

type Place = tuple[float, float]

# What an importer takes for the wall of a pipe whose material nobody states: that of concrete.
_WALL_SHARE, _WALL_LEAST_M = 0.10, 0.040


@dataclass(frozen=True, slots=True)
class Telling:
    """What a format tells of a network.

    lines, nodes: names of the layers that readers make of it, for a discipline; nodes None where none are told.
    section: inside (no wall, no material), walled (inside and wall), round-walled (a wall of round pipes only) or
    outside.
    height: inverts, cover (one depth below ground to the crown), z (of the axis, in the vertices) or none.
    states: those statuses that it has a word for.
    since: how it tells when a line was laid: year, day or not at all.
    """

    lines: str
    nodes: str | None
    section: str
    height: str
    states: tuple[str, ...] = ()
    owner: bool = False
    since: str = ""
    material: bool = True
    subtype: str | None = None
    node_size: bool = False
    bottom: bool = True


TELLINGS: dict[str, Telling] = {
    "landxml": Telling("{} pipes", "{} nodes", "walled", "inverts", ("in_service",), node_size=True),
    "swmm": Telling("{} pipes", "{} nodes", "inside", "inverts", material=False, subtype="conduit"),
    "isybau": Telling(
        "wastewater pipes", "wastewater nodes", "round-walled", "inverts", ("in_service", "disused"), since="year",
        node_size=True,
    ),
    "epanet": Telling("water pipes", "water nodes", "inside", "none", material=False, subtype="pipe"),
    "imkl": Telling("{} {}", None, "outside", "cover", ("in_service", "disused"), owner=True, since="day"),
    "plateau": Telling("{} pipes", None, "outside", "cover", owner=True, since="year"),
    "ade": Telling("{} pipes", "{} nodes", "walled", "z", ("in_service", "disused"), since="year", bottom=False),
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Lines, the nodes at their ends, and the names of both nodes of each line."""

    lines: Sequence[Line]
    nodes: Sequence[Node]
    ends: Sequence[tuple[str, str]]


def join_network(lines: Sequence[Line], known: Mapping[Place, Node]) -> Network:
    """The network that lines make; where no node is known, there is an outfall or a joint without a size."""
    found: dict[Place, Node] = {}
    new: Counter[str] = Counter()
    for line in lines:
        for at, invert_m in zip(_tips(line), line.inverts_m or (None, None), strict=True):
            if at in found:
                continue
            found[at] = known.get(at) or _bare_node(line, at, invert_m, new)
    ends = [tuple(found[at].identity.ref for at in _tips(line)) for line in lines]
    return Network(lines, list(found.values()), [(first, last) for first, last in ends])


def _tips(line: Line) -> tuple[Place, Place]:
    (x, y), (u, v) = line.path[0].tolist(), line.path[-1].tolist()
    return (x, y), (u, v)


def _bare_node(line: Line, at: Place, invert_m: float | None, new: Counter[str]) -> Node:
    """Gravity networks end in an outfall, others have joints."""
    kind, prefix = ("outfall", "CX") if line.inverts_m else ("junction", "N")
    new[kind] += 1
    street = "".join(line.identity.ref.split("-")[1:2])
    identity = replace(line.identity, ref=f"{prefix}-{street}-{new[kind]}", subtype=kind, status="in_service")
    return Node(identity, kind, at, 0.0, None, invert_m)


def deliver_model(share: Share, network: Network, terrain: Terrain) -> Dataset:
    """The file of a network in the way of its format."""
    telling = TELLINGS[share.form.format]
    words = (share.series.discipline, "cable lines" if share.series.discipline == "power" else "pipes")
    rows = [_line_row(line, ends, telling, terrain) for line, ends in zip(network.lines, network.ends, strict=True)]
    layers = [Layer(telling.lines.format(*words), tuple(rows))]
    if telling.nodes:
        nodes = sorted(network.nodes, key=lambda node: node.kind == "outfall")
        if share.form.format == "swmm":  # of a basin under the street nobody thinks as of a manhole
            basin = next(node for node in nodes if node.kind == "manhole")
            nodes = [*(node for node in nodes if node is not basin), replace(basin, kind="storage")]
        layers.append(Layer(telling.nodes.format(*words), tuple(_node_row(node, telling, terrain) for node in nodes)))
    return Dataset(share.path, share.form, tuple(layers))


def _line_row(line: Line, ends: tuple[str, str], telling: Telling, terrain: Terrain) -> Row:
    identity, section = line.identity, line.section
    start_m, end_m = line.inverts_m or (None, None)
    depth_m = None if line.depth_m is None else round(line.depth_m - section.above_axis_m, 2)
    fields: dict[str, Value] = _said(identity) | {
        "from": ends[0],
        "to": ends[1],
        "material": section.material,
        "shape": section.shape,
        "outer_width_m": section.outer_width_m,
        "outer_height_m": section.outer_height_m,
        "inner_width_m": section.inner_width_m,
        "inner_height_m": section.inner_height_m,
        "wall_m": section.wall_m,
        "invert_start_m": start_m,
        "invert_end_m": end_m,
        "cover_m": depth_m,
        "length_m": round(line.shape.length, 2),
    }
    expected = _expect_identity(identity, telling) | _expect_section(section, telling)
    if telling.material:
        expected["material"] = section.material
    if telling.subtype:
        expected["subtype"] = telling.subtype
    axis, shape = _height(line, telling, terrain, depth_m)
    expected |= {"none": {"elevation_source": "none"}, "z": {"vertical_reference": "axis"}}.get(
        telling.height, {"vertical_reference": "invert" if telling.height == "inverts" else "crown"}
    )
    return Row(shape, fields, "utility_lines", expected, axis)


def _said(identity: Identity) -> dict[str, Value]:
    return {
        "name": identity.ref,
        "discipline": identity.discipline,
        "status": identity.status,
        "installed": identity.installed.isoformat(),
        "owner": OWNERS[identity.discipline],
    }


def _expect_identity(identity: Identity, telling: Telling) -> dict[str, Value]:
    expected: dict[str, Value] = {"owner_ref": identity.ref, "discipline": identity.discipline}
    if telling.states:
        expected["status"] = identity.status if identity.status in telling.states else "unknown"
    if telling.owner:
        expected["owner"] = OWNERS[identity.discipline]
    if telling.since:
        laid = identity.installed if telling.since == "day" else identity.installed.replace(month=1, day=1)
        expected["valid_from"] = laid.isoformat()
    return expected


def _expect_section(section: Section, telling: Telling) -> dict[str, Value]:
    """What follows from a format's words about a section: a wall that is not told is that of concrete."""
    whole = expect_section(section)
    if telling.section == "walled" or (telling.section == "round-walled" and section.shape == "circular"):
        return whole
    if telling.section == "outside":
        return {key: value for key, value in whole.items() if not key.startswith("inner_")}
    inner = (section.inner_width_m or 0.0, section.inner_height_m or 0.0)
    wall_m = max(_WALL_SHARE * max(inner), _WALL_LEAST_M)
    return whole | {
        "outer_width_m": round(inner[0] + 2 * wall_m, 6),
        "outer_height_m": round(inner[1] + 2 * wall_m, 6),
    }


def _height(
    line: Line, telling: Telling, terrain: Terrain, depth_m: float | None
) -> tuple[AxisRule | None, shapely.LineString]:
    """The axis that is meant, and the line as the format draws it."""
    flat = shapely.LineString(line.path)
    if telling.height == "none":
        return None, flat
    if telling.height == "cover":
        return below_ground(terrain, depth_m or 0.0, axis_offset(line.section, "crown")), flat
    if telling.height == "z":
        z = np.round(true_axis(line, terrain), 3)
        return lambda _: z, shapely.LineString(np.column_stack([line.path, z]))
    offset_m = axis_offset(line.section, "invert")
    start_m, end_m = line.inverts_m or (0.0, 0.0)
    return between_ends(start_m + offset_m, end_m + offset_m), flat


def _node_row(node: Node, telling: Telling, terrain: Terrain) -> Row:
    ground_m = round(float(terrain.ground(np.array([node.at]))[0]), 2)
    fields: dict[str, Value] = _said(node.identity) | {
        "kind": node.kind,
        "cover_m": ground_m,
        "bottom_m": None if node.bottom_m is None else round(node.bottom_m, 2),
        "width_m": node.width_m,
        "length_m": node.length_m,
    }
    expected: dict[str, Value] = {"owner_ref": node.identity.ref, "discipline": node.identity.discipline}
    if node.kind != "outfall":
        expected["cover_m"] = ground_m
    if telling.bottom and node.bottom_m is not None:
        expected["bottom_m"] = round(node.bottom_m, 2)
    if telling.node_size and node.kind == "manhole":
        expected |= {"kind": node.kind, "outer_width_m": node.width_m, "outer_length_m": node.length_m}
    return Row(shapely.Point(node.at), fields, "utility_nodes", expected)


def find_nodes(nodes: Sequence[Node]) -> dict[Place, Node]:
    """Nodes by their place."""
    return {node.at: node for node in nodes}
