"""GDAL's driver, on which QGIS stands, reads every collection completely."""

import re
import subprocess

import pytest

from layers.catalog import LAYERS


def ogrinfo(client, *arguments):
    source = f"OAPIF:{str(client.base_url).rstrip('/')}"
    done = subprocess.run(
        ["/usr/bin/ogrinfo", *arguments, source], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def furnished(city):
    city.trees(2500)
    city.a_pipe(axis_m=-1.25)
    city.a_pipe(lon=107.59)
    city.a_ward("Thuận Hóa")
    return city


def test_every_collection_is_read_completely(furnished, operator):
    """Counts equal the tables', over several pages, and empty layers are layers."""
    read = ogrinfo(operator, "-al", "-so")
    counts = dict(re.findall(r"Layer name: (\w+)\n(?:.*\n)*?Feature Count: (\d+)", read))
    tables = {x.name: furnished.execute(f"select count(*) from {x.name}")[0][0] for x in LAYERS}  # noqa: S608
    assert {name: int(count) for name, count in counts.items()} == tables
    assert tables["trees"] == 2500


def test_elevations_and_letters_arrive(furnished, operator):
    """A pipe's z is its axis' elevation, one of unknown depth has none, and Vietnamese is whole."""
    lines = ogrinfo(operator, "-al", "-q", "-where", "elevation_source = 'measured'")
    measured = re.findall(r"LINESTRING Z \(([^)]*)\)", lines)
    assert [position.split()[2] for line in measured for position in line.split(",")] == ["-1.25", "-1.25"]
    assert "Thuận Hóa" in ogrinfo(operator, "-al", "-q")


def test_a_spatial_filter_is_the_servers(furnished, operator):
    """A box on the command line selects as it does in the table."""
    read = ogrinfo(operator, "-al", "-so", "-spat", "107.5", "16.4", "107.501", "16.5")
    inside = furnished.execute("select count(*) from trees where st_x(st_transform(geom, 4326)) <= 107.501")[0][0]
    counted = re.search(r"Layer name: trees\n(?:.*\n)*?Feature Count: (\d+)", read)
    assert counted is not None
    assert int(counted[1]) == inside
    assert 90 < inside < 110
