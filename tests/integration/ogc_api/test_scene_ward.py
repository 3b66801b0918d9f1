"""The pilot ward in 3D: every body closed, where its source is, with the attributes that the Features API gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from layers.database import Audience, Reader, connect
from layers.embedded import create_database
from layers.terrain import read_ground
from tests.glb_reader import is_sound
from tests.integration.ogc_api.tileset_reader import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from conftest import Town
    from httpx import Client

    from layers.database import Connection
    from layers.terrain import Ground
    from tests.integration.conftest import PilotWard
    from tests.integration.ogc_api.tileset_reader import Content

LAYERS = ("buildings", "trees", "utility_lines", "utility_nodes", "excavations")
EXCAVATIONS = """
insert into excavations (name, status, depth_m, geom)
select 'Hố L', 'draft', 2.5, st_translate(st_geomfromtext('POLYGON((0 0,12 0,12 3,3 3,3 9,0 9,0 0))', 9214), x, y)
from (select st_x(st_centroid(st_extent(geom))) x, st_y(st_centroid(st_extent(geom))) y from buildings) m
"""


@dataclass
class Ward:
    """The ward as it is served, in absolute heights and above the ground, and as it is stored."""

    client: Client
    connection: Connection
    ground: Ground
    absolute: list[Content]
    flat: list[Content]

    def bodies(self, layer: str) -> Iterator[tuple[Content, int, dict[str, Any]]]:
        """Each body of a layer: its file, its number in it, its attributes."""
        for content in self.absolute:
            if content.layer == layer:
                yield from ((content, owner, row) for owner, row in enumerate(content.glb.rows()))


@pytest.fixture(scope="module")
def ward(
    cluster: str, pilot_ward: PilotWard, serve: Callable[..., AbstractContextManager[Client]], town_type: type[Town]
) -> Iterator[Ward]:
    url = create_database(cluster, "pilot_scene", pilot_ward.database)
    with connect(url) as connection:
        connection.execute(EXCAVATIONS)
        reader = Reader(town_type(url).login(Audience.OPERATOR), Audience.OPERATOR)
        with serve(reader, data_folder=pilot_ward.folder) as client:
            tilesets = (list(walk(client, f"/3dtiles/tileset.json{query}")) for query in ("", "?heights=ground"))
            yield Ward(client, connection, read_ground(connection, pilot_ward.folder), *tilesets)


def test_every_body_is_closed_and_bounded(ward: Ward) -> None:
    """Watertight, turned outwards, of positive volume, as written in single precision; both ways of counting heights.

    That contents lie in their volumes, and children in their parents, was asserted on the way.
    """
    for contents in (ward.absolute, ward.flat):
        assert sum(len(content.glb.shapes) for content in contents) > 7000
        assert [
            (content.url, content.glb.shapes.unsound()) for content in contents if content.glb.shapes.unsound()
        ] == []
        assert all(is_sound(content.glb.shapes[0]) for content in contents if content.glb.shapes)
    assert max(content.size for content in ward.absolute) < 4_000_000
    assert max(content.glb.count for content in ward.absolute) <= 1000


@pytest.mark.parametrize("layer", LAYERS)
def test_attributes_are_those_of_the_features(ward: Ward, layer: str) -> None:
    """Every feature once, and every attribute as GeoJSON has it."""
    names = {x["id"] for x in ward.client.get("/collections").json()["collections"]}
    assert layer in names
    features = ward.client.get(f"/collections/{layer}/items?limit=10000&skipGeometry=true").json()["features"]
    rows = {row["id"]: row for _, _, row in ward.bodies(layer)}
    assert rows.keys() == {feature["id"] for feature in features}
    assert sum(1 for _ in ward.bodies(layer)) == len(rows)
    for feature in features:
        row = rows[feature["id"]]
        wanted = {name: value for name, value in feature["properties"].items() if not name.startswith("source_")}
        assert {name: row[name] for name in wanted} == wanted


def test_buildings_stand_on_their_footprints_to_the_millimetre(ward: Ward) -> None:
    """Corners back in EPSG:9214 lie on the outline of the source, and its corners on theirs; elevations too."""
    stored = _shapes(ward, "select id, st_asbinary(geom) from buildings where solid is null")
    checked = 0
    for content, owner, row in ward.bodies("buildings"):
        source = stored.get(row["id"])
        if source is None or checked > 300:
            continue
        checked += 1
        shape = content.glb.shapes[owner]
        places = content.to_storage(shape.vertices)
        corners = shapely.points(places[:, :2])
        assert shapely.distance(corners, source.boundary).max() < 1e-3
        walls = shapely.multilinestrings([places[edge, :2] for edge in shape.edges_unique])
        assert shapely.distance(shapely.points(shapely.get_coordinates(source)), walls).max() < 1e-3
        if row["ground_m"] is not None:
            assert places[:, 2].min() == pytest.approx(row["ground_m"], abs=1e-3)
        assert np.ptp(places[:, 2]) == pytest.approx(row["shown_height_m"], abs=1e-3)
    assert checked > 100


def test_solids_have_the_corners_that_were_surveyed(ward: Ward) -> None:
    """Every corner of a stored polyhedral surface is a corner of the mesh, and the other way round, within 1 mm."""
    solids: dict[int, list[Any]] = {}
    for number, wkb in ward.connection.execute(
        "select id, st_asbinary((st_dump(solid)).geom) from buildings where solid is not null"
    ):
        solids.setdefault(number, []).append(shapely.from_wkb(wkb))
    assert len(solids) > 20
    for content, owner, row in ward.bodies("buildings"):
        if row["id"] in solids and row["form"] == "solid":
            source = shapely.get_coordinates(solids.pop(row["id"]), include_z=True)
            places = content.to_storage(content.glb.shapes[owner].vertices)
            gaps = np.linalg.norm(places[:, None] - source[None], axis=2)
            assert gaps.min(axis=1).max() < 1e-3
            assert gaps.min(axis=0).max() < 1e-3
    assert not solids


def test_pipes_lie_about_their_axes_to_the_millimetre(ward: Ward) -> None:
    """Corners of a round pipe are its radius from its axis, at mitres a little more; both ends are where it ends."""
    stored = _shapes(ward, "select id, st_asbinary(axis) from utility_lines where axis is not null")
    checked = 0
    for content, owner, row in ward.bodies("utility_lines"):
        if row["section_shape"] != "circular" or row["id"] not in stored or checked > 400:
            continue
        checked += 1
        axis = shapely.get_coordinates(stored[row["id"]], include_z=True)
        places = content.to_storage(content.glb.shapes[owner].vertices)
        start, step = axis[:-1], np.diff(axis, axis=0)
        square = np.maximum((step**2).sum(axis=1), 1e-12)
        share = np.clip(((places[:, None] - start) * step).sum(axis=2) / square, 0, 1)
        gaps = np.linalg.norm(places[:, None] - start - share[..., None] * step, axis=2).min(axis=1)
        radius = row["shown_width_m"] / 2
        # Inside of a sharp bend one straight reaches into the other.
        assert gaps.min() > radius - 1e-3 or len(axis) > 2
        assert gaps.max() < radius / np.cos(np.radians(30)) + 1e-3
        for end in (axis[0], axis[-1]):
            # The ring of corners at the end has the end in its middle.
            ring = places[np.abs(np.linalg.norm(places - end, axis=1) - radius) < 1e-3]
            assert len(ring) >= 8
    assert checked > 300
    assert not any(row["elevation_assumed"] for _, _, row in ward.bodies("utility_lines") if row["id"] in stored)


def test_what_has_no_elevation_stands_on_the_terrain(ward: Ward) -> None:
    """Trees at the ground under them, unknown pipes a metre below it, an excavation as deep as it says."""
    for content in ward.absolute:
        for places, _, owners in content.glb.figures()[:1]:
            at = content.to_storage(places)
            ground = ward.ground.elevations(at[:, :2])
            known = ~np.isnan(ground)
            assert np.abs(at[known, 2] - ground[known]).max() < 2e-3
            unknown = [content.glb.rows()[owner]["ground_unknown"] for owner in owners]
            assert unknown == (~known).tolist()
    assumed = [(c, o, r) for c, o, r in ward.bodies("utility_lines") if r["elevation_assumed"]]
    assert assumed
    for content, owner, row in assumed[:50]:
        at = content.to_storage(content.glb.shapes[owner].vertices)
        ground = ward.ground.elevations(at[:, :2])
        assert content.glb.colours[owner][3] == 0.4
        assert np.nanmedian(at[:, 2] - ground) == pytest.approx(-1, abs=0.15)
        assert row["elevation_source"] == "none"
    ((content, owner, row),) = ward.bodies("excavations")
    at = content.to_storage(content.glb.shapes[owner].vertices)
    ground = ward.ground.elevations(at[:, :2])
    assert at[:, 2].min() == pytest.approx(ground.min() - 2.5, abs=2e-3)
    assert content.glb.shapes[owner].volume > 54 * 2.5
    assert row["shown_depth_m"] == 2.5


def _shapes(ward: Ward, query: str) -> dict[int, Any]:
    rows = ward.connection.execute(query).fetchall()  # type: ignore[arg-type]
    return dict(zip([row[0] for row in rows], shapely.from_wkb([row[1] for row in rows]), strict=True))
