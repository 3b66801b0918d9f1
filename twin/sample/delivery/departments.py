"""Who delivers which utilities: the networks cut into files, before anything is spoilt."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from twin.sample.delivery.drawings import draw_lines, draw_nodes
from twin.sample.delivery.forms import DEPTHS, SURVEYS, choose_style
from twin.sample.delivery.lines import DISCIPLINE_WORDS, describe_line
from twin.sample.delivery.maps import LINES, map_line
from twin.sample.delivery.models import TELLINGS, deliver_model, find_nodes, join_network
from twin.sample.delivery.places import KIND_WORDS, describe_node
from twin.sample.delivery.records import Dataset, Form, Layer
from twin.sample.delivery.series import MAINS, NODES, SERVICES, Share, choose_manner, name_layer, share_out, slug
from twin.sample.delivery.vertical import InGeometry, Manner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twin.sample.city.networks import Line, Node
    from twin.sample.city.terrain import Terrain
    from twin.sample.city.ward import Ward
    from twin.sample.delivery.models import Place

# Formats in which every kind of node is a layer.
_CONTAINERS = ("gpkg", "gdb")


def plan_utilities(ward: Ward) -> list[Dataset]:
    """The files of all owners of lines and nodes."""
    west_to_east = sorted(ward.plan.streets, key=lambda street: float(street.points[:, 0].mean()))
    areas = [street.name for street in west_to_east]
    known = find_nodes(ward.nodes)
    lines: list[Dataset] = []
    for series in (*MAINS, *SERVICES):
        every = ward.services if series in SERVICES else ward.mains
        own = [line for line in every if line.identity.discipline == series.discipline]
        parts = _by_street(own, series.files) if series in MAINS else _by_area(own, areas, series.files)
        shares = share_out(series, list(parts), len(lines))
        lines += [
            deliver_model(share, join_network(parts[share.label], known), ward.terrain)
            if share.form.format in TELLINGS
            else _deliver_lines(share, parts[share.label], known, ward.terrain)
            for share in list(shares)
        ]
    told = {row.fields["name"] for file in lines if file.form.format in TELLINGS for row in file.layers[-1].rows}
    nodes: list[Dataset] = []
    for series in NODES:
        own_nodes = [
            node
            for node in ward.nodes
            if node.identity.discipline == series.discipline and node.identity.ref not in told
        ]
        places = _by_area(own_nodes, areas, series.files)
        shares = share_out(series, list(places), len(nodes))
        nodes += [_deliver_nodes(share, places[share.label], ward.terrain) for share in list(shares)]
    return [*lines, *nodes]


def _by_street(lines: Sequence[Line], files: int) -> dict[str, list[Line]]:
    """One part for each of the first streets, and one for all that are left."""
    streets = list(dict.fromkeys(line.identity.street for line in lines))[: files - 1]
    parts = {street: [line for line in lines if line.identity.street == street] for street in streets}
    return parts | {"các tuyến còn lại": [line for line in lines if line.identity.street not in streets]}


def _by_area[T: (Line, Node)](things: Sequence[T], areas: Sequence[str], files: int) -> dict[str, list[T]]:
    """Parts of about the same size, streets from west to east."""
    ordered = sorted(things, key=lambda thing: areas.index(thing.identity.street))
    cuts = np.linspace(0, len(ordered), files + 1).round().astype(int)
    return {f"khu {i + 1}": ordered[cuts[i] : cuts[i + 1]] for i in range(files)}


def _deliver_lines(share: Share, lines: Sequence[Line], known: Mapping[Place, Node], terrain: Terrain) -> Dataset:
    form, path = share.form, share.path
    if form.format in ("osm", "osmpbf"):
        return Dataset(path, form, (Layer(LINES, tuple(map_line(line, terrain) for line in lines)),))
    if form.format == "dxf":
        return Dataset(path, form, (draw_lines(name_layer(path, form), form, lines, terrain),))
    style = choose_style(share.series.discipline, share.turn, _fitting(share.series.manners, form))
    style = replace(style, vertical=choose_manner(share, style.vertical), survey=SURVEYS[share.number % len(SURVEYS)])
    rows = [describe_line(line, style, terrain, row) for row, line in enumerate(lines)]
    if form.layout == "ends":
        ends = join_network(lines, known).ends
        rows = [
            replace(row, fields={"TuHo": first, "DenHo": last, **row.fields})
            for row, (first, last) in zip(rows, ends, strict=True)
        ]
    return Dataset(path, form, (Layer(name_layer(path, form), tuple(rows)),))


def _fitting(manners: tuple[Manner, ...], form: Form) -> tuple[Manner, ...]:
    """Ways to say how deep that a format has a place for."""
    if form.traits.has_z and form.layout != "ends":
        return manners
    return tuple(manner for manner in manners if not isinstance(manner, InGeometry))


def _deliver_nodes(share: Share, nodes: Sequence[Node], terrain: Terrain) -> Dataset:
    """In a database every kind of node is a layer."""
    form, path = share.form, share.path
    if form.format == "dxf":
        return Dataset(path, form, (draw_nodes(name_layer(path, form), form, nodes),))
    style = choose_style(share.series.discipline, share.turn, DEPTHS)
    style = replace(style, columns={key: name for key, name in style.columns.items() if key != "material"})
    kinds = sorted({node.kind for node in nodes}) if form.format in _CONTAINERS else [""]
    if len(kinds) == 1:
        rows = tuple(describe_node(node, style, terrain) for node in nodes)
        return Dataset(path, form, (Layer(name_layer(path, form), rows),))
    layers = tuple(
        Layer(
            f"{slug(KIND_WORDS[kind])}-{slug(DISCIPLINE_WORDS[share.series.discipline])}".replace("-", "_"),
            tuple(describe_node(node, style, terrain) for node in nodes if node.kind == kind),
        )
        for kind in kinds
    )
    return Dataset(path, form, layers)
