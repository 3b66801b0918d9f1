"""GDAL's driver, on which QGIS stands, reads every collection completely."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from layers.catalog import LAYERS

if TYPE_CHECKING:
    from conftest import Town
    from httpx import Client


def ogrinfo(client: Client, *arguments: str, layers: tuple[str, ...] = ()) -> str:
    source = f"OAPIF:{str(client.base_url).rstrip('/')}"
    done = subprocess.run(
        ["/usr/bin/ogrinfo", *arguments, source, *layers], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def furnished(town: Town) -> Town:
    town.trees(2500)
    town.a_pipe(axis_m=-1.25)
    town.a_pipe(lon=107.59)
    town.a_ward("Thuận Hóa")
    return town


def test_every_collection_is_counted(furnished: Town, operator: Client) -> None:
    """Counts equal the tables', and empty layers are layers."""
    read = ogrinfo(operator, "-al", "-so")
    counts = dict(re.findall(r"Layer name: (\w+)\n(?:.*\n)*?Feature Count: (\d+)", read))
    tables = {x.name: furnished.execute(f"select count(*) from {x.name}")[0][0] for x in LAYERS}  # noqa: S608
    assert {name: int(count) for name, count in counts.items()} == tables
    assert tables["trees"] == 2500


@pytest.mark.usefixtures("furnished")
def test_a_layer_is_read_page_by_page(operator: Client) -> None:
    """Each feature arrives once, over pages of the client's size."""
    for page_size in (1000, 2500, 2501):
        read = ogrinfo(operator, "-q", "-oo", f"PAGE_SIZE={page_size}", layers=("trees",))
        ids = re.findall(r"OGRFeature\(trees\):(\d+)", read)
        codes = set(re.findall(r"code \(String\) = (T\d+)", read))
        assert len(ids) == len(set(ids)) == len(codes) == 2500


@pytest.mark.usefixtures("furnished")
def test_elevations_and_letters_arrive(operator: Client) -> None:
    """A pipe's z is its axis' elevation, one of unknown depth has none, and Vietnamese is whole."""
    lines = re.findall(r"LINESTRING( Z)? \(([^)]*)\)", ogrinfo(operator, "-q", layers=("utility_lines",)))
    assert [[position.split()[2:] for position in line.split(",")] for _, line in lines] == [[["-1.25"]] * 2, [[]] * 2]
    assert "Thuận Hóa" in ogrinfo(operator, "-q", layers=("boundaries",))


def test_a_spatial_filter_is_the_servers(furnished: Town, operator: Client) -> None:
    """A box on the command line selects as it does in the table."""
    read = ogrinfo(operator, "-al", "-so", "-spat", "107.5", "16.4", "107.501", "16.5")
    inside = furnished.execute("select count(*) from trees where st_x(st_transform(geom, 4326)) <= 107.501")[0][0]
    counted = re.search(r"Layer name: trees\n(?:.*\n)*?Feature Count: (\d+)", read)
    assert counted is not None
    assert int(counted[1]) == inside
    assert 90 < inside < 110


READ_TILES = """
import sys, pyogrio
_, _, _, (ids,) = pyogrio.raw.read(sys.argv[1], API="TILES", layer="Zoom level 14", columns=["mvt_id"])
print(*sorted(set(ids.tolist())))
"""


def test_tiles_are_read_as_a_layer(furnished: Town, operator: Client) -> None:
    """The driver for OGC API Tiles puts each feature of a layer together from its vector tiles, none is missing.

    In a process of its own: the driver lets nobody else run while it waits, and the server is one of ours.
    """
    source = f"OGCAPI:{str(operator.base_url).rstrip('/')}/collections/trees"
    command = [sys.executable, "-c", READ_TILES, source]
    read = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert [*map(int, read.split())] == [number for (number,) in furnished.execute("select id from trees order by id")]
