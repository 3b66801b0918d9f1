"""The project for QGIS: what the caller may see, in the city's styles and order, and no key."""

from __future__ import annotations

import io
import json
import os
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from layers.catalog import layers_for
from layers.database import Audience

if TYPE_CHECKING:
    from conftest import Town
    from httpx import Client

PYTHON = "/usr/bin/python3"


def read_project(client: Client, **params: str) -> ET.Element:
    answer = client.get("/qgis/city.qgz", params=params)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-qgis-project"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        (name,) = archive.namelist()
        return ET.fromstring(archive.read(name))  # noqa: S314 - our own


@pytest.mark.parametrize("audience", list(Audience))
def test_a_project_shows_what_its_reader_may_see(audience: Audience, public: Client, operator: Client) -> None:
    """Layers of the audience, each with its source at this service, symbols, and a place in the tree and the order."""
    client = public if audience == Audience.PUBLIC else operator
    project = read_project(client, lang="vi")
    names = {layer.name for layer in layers_for(audience)}
    titles = {layer.name: layer.title.vi for layer in layers_for(audience)}
    vectors = [layer for layer in project.iterfind("projectlayers/maplayer") if layer.get("type") == "vector"]
    seen = {}
    for layer in vectors:
        source = dict(part.split("='") for part in layer.findtext("datasource", "").rstrip("'").split("' "))
        seen[source["typename"]] = layer.findtext("layername")
        assert source["url"] == str(client.base_url).rstrip("/")
        assert layer.find("renderer-v2/symbols/symbol") is not None
        assert "authcfg" not in source
    assert seen == titles
    keys = [layer.findtext("id") for layer in project.iterfind("projectlayers/maplayer")]
    assert sorted(keys) == sorted(str(x.get("id")) for x in project.iter("layer-tree-layer"))
    order = [item.text for item in project.iterfind("layer-tree-group/custom-order/item")]
    assert sorted(order) == sorted(keys)
    assert project.findtext("projectCrs/spatialrefsys/authid") == "EPSG:9214"
    whole = ET.tostring(project, "unicode")
    assert all(layer.name not in whole for layer in layers_for(Audience.OPERATOR) if layer.name not in names)
    link = next(link for link in client.get("/").json()["links"] if link["type"] == "application/x-qgis-project")
    assert client.get(link["href"]).content == client.get("/qgis/city.qgz").content


def test_a_project_says_where_qgis_keeps_a_key(operator: Client) -> None:
    """The id of an authentication of QGIS goes into every source; anything else is refused."""
    project = read_project(operator, authcfg="twin123")
    sources = [layer.findtext("datasource", "") for layer in project.iterfind("projectlayers/maplayer[@type='vector']")]
    assert all(source.startswith("authcfg='twin123' ") for source in sources)
    for wrong in ("x", "a' url='http://elsewhere", "12345678"):
        assert operator.get("/qgis/city.qgz", params={"authcfg": wrong}).status_code == 400
    assert operator.get("/qgis/city.qgz", params={"f": "json"}).status_code == 400


def test_qgis_opens_the_project(town: Town, operator: Client, tmp_path: Path) -> None:
    """QGIS itself finds every layer valid and with the symbols of its geometry, and draws the city in its colours."""
    if subprocess.run([PYTHON, "-c", "import qgis.core"], capture_output=True, check=False).returncode:
        pytest.skip("QGIS is not here: apt-get install --no-install-recommends python3-qgis qgis-providers")
    town.a_tree(107.5805, 16.4605)
    town.a_pipe(107.5802, 16.4603, axis_m=1.0, owner="Công ty")
    town.a_ward("Thuận Hóa", 107.58, 16.46)
    (tmp_path / "city.qgz").write_bytes(operator.get("/qgis/city.qgz", params={"lang": "vi"}).content)
    script = Path(__file__).with_name("qgis_reader.py")
    area = ("107.58", "16.46", "107.5815", "16.4615")
    command = [PYTHON, script, tmp_path / "city.qgz", *area, tmp_path / "map.png"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    quiet = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=kept | quiet)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["read"]
    assert told["crs"] == "EPSG:9214"
    assert all(layer["valid"] and layer["provider"] == "OAPIF" for layer in told["layers"].values())
    assert {*told["layers"]} == {layer.name for layer in layers_for(Audience.OPERATOR)}
    # What holds nothing has no geometry that QGIS could see.
    assert told["order"] == ["utility_lines", "trees", "boundaries"]
    symbols = {name: told["layers"][name]["symbols"] for name in told["order"]}
    assert symbols == {"utility_lines": [1], "trees": [0], "boundaries": [2]}
    assert told["layers"]["utility_lines"]["title"] == "Tuyến ngầm"
    assert told["layers"]["trees"]["features"] == 1
    picture = Image.open(tmp_path / "map.png").convert("RGB")
    colours = {colour for _, colour in picture.getcolors(70_000) or []}
    assert (0, 0x57, 0xB8) in colours, "water is blue"
