"""OpenStreetMap: the four themes, tags in the city's words, and files that are cut short."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats.osm import is_osm_pbf, is_osm_xml, read_osm
from importers.source import Dataset, SourceLayer

if TYPE_CHECKING:
    from pathlib import Path

NODES = [(0, 0), (1, 0), (1, 1), (0, 1), (0.4, 0.4), (0.6, 0.4), (0.5, 0.6)]


def read(path: Path) -> dict[str, SourceLayer]:
    return {layer.name: layer for layer in read_osm(Dataset(path, path.parent, (path,)))}


def tags(**values: str) -> str:
    return "".join(f'<tag k="{key.replace("__", ":")}" v="{value}"/>' for key, value in values.items())


def node(number: int, x: float, y: float, inside: str = "") -> str:
    return f'<node id="{number}" lon="{107 + x / 1000}" lat="{16 + y / 1000}" version="1">{inside}</node>'


def way(number: int, nodes: list[int], inside: str) -> str:
    return f'<way id="{number}" version="1">' + "".join(f'<nd ref="{n}"/>' for n in nodes) + inside + "</way>"


def load(folder: Path, *things: str) -> dict[str, SourceLayer]:
    path = folder / "huế.osm"
    nodes = "".join(node(i, x, y) for i, (x, y) in enumerate(NODES, start=1))
    path.write_text(f'<?xml version="1.0"?><osm version="0.6">{nodes}{"".join(things)}</osm>', "utf-8")
    return read(path)


def test_roads(tmp_path: Path) -> None:
    """Ways with `highway`, widths in metres whatever their unit; all tags stay as they are beside."""
    layers = load(
        tmp_path,
        way(10, [1, 2], tags(highway="residential", name="Lê Lợi", surface="paved", width="12 ft", ref="1", lit="yes")),
        way(11, [2, 3], tags(highway="footway", width="7'4&quot;")),
        way(12, [3, 4], tags(waterway="ditch")),
    )  # fmt: skip
    roads = layers["roads"]
    assert roads.columns["width_m"] == [pytest.approx(3.6576), pytest.approx(2.2352)]
    first = roads.record(0)
    assert [first[name] for name in ("osm_id", "name", "roadcode", "highway", "surface")] == [
        "10", "Lê Lợi", "1", "residential", "paved",
    ]  # fmt: skip
    assert json.loads(first["tags"])["lit"] == "yes"
    assert json.loads(first["tags"])["width"] == "12 ft"
    assert shapely.to_wkt(roads.geometries[0], rounding_precision=3) == "LINESTRING (107 16, 107.001 16)"
    assert roads.notes == ("1 other lines left aside",)
    assert (roads.crs, roads.crs_origin, roads.encoding) == ("EPSG:4326", "OpenStreetMap", "Unicode")
    assert roads.rows.tolist() == [1, 2]


def test_buildings_of_ways_and_relations(tmp_path: Path) -> None:
    """A closed way, and a relation with a hole; "no" is no building."""
    relation = (
        '<relation id="30" version="1"><member type="way" ref="20" role="outer"/>'
        '<member type="way" ref="21" role="inner"/>'
        + tags(type="multipolygon", building="yes", height="12.5", building__levels="3", addr__street="Lê Lợi",
               addr__housenumber="5")
        + "</relation>"
    )  # fmt: skip
    layers = load(
        tmp_path,
        way(20, [1, 2, 3, 4, 1], ""),
        way(21, [5, 6, 7, 5], ""),
        way(22, [1, 2, 3, 1], tags(building="school")),
        way(23, [1, 3, 4, 1], tags(building="no")),
        relation,
    )
    buildings = layers["buildings"]
    by_id = {buildings.columns["osm_id"][i]: buildings.record(i) for i in range(len(buildings))}
    assert set(by_id) == {"r30", "w22"}
    assert [by_id["r30"][k] for k in ("address", "use", "storeys", "height_m")] == ["5 Lê Lợi", None, "3", 12.5]
    assert by_id["w22"]["use"] == "school"
    whole = buildings.geometries[buildings.columns["osm_id"].index("r30")]
    assert len(whole.geoms[0].interiors) == 1


def test_trees(tmp_path: Path) -> None:
    """The species of OpenStreetMap is the Latin one; girth and crown are metres."""
    inside = tags(natural="tree", species="Delonix regia", species__vi="Phượng vĩ", circumference="1.9",
                  diameter_crown="8 m", height="600 cm", start_date="1985-03", operator="Cây xanh")  # fmt: skip
    trees = load(tmp_path, node(40, 2, 2, inside))["trees"]
    assert {name: values[0] for name, values in trees.columns.items() if name != "tags"} == {
        "osm_id": "40", "treeid": None, "species": "Phượng vĩ", "latinname": "Delonix regia", "height_m": 6.0,
        "girth_m": 1.9, "crowndiameter_m": 8.0, "yearplanted": "1985", "managedby": "Cây xanh",
    }  # fmt: skip


def test_girth_that_is_not_in_metres(tmp_path: Path) -> None:
    """Someone typed 30 for thirty centimetres: no tree of a city is 30 m around."""
    trees = load(tmp_path, node(40, 2, 2, tags(natural="tree", circumference="30", genus="Betula", species="Pendula")))
    assert (trees["trees"].columns["girth_m"], trees["trees"].columns["latinname"]) == ([None], ["Betula pendula"])


def test_what_lies_underground(tmp_path: Path) -> None:
    """Pipelines and cables by what they carry; those that are said to be elsewhere are none of it."""
    layers = load(
        tmp_path,
        way(50, [1, 2], tags(man_made="pipeline", location="underground", substance="sewage", diameter="600",
                             operator="X", material="concrete", depth="1.5")),
        way(51, [2, 3], tags(power="cable", location="underground", voltage="22000")),
        way(52, [3, 4], tags(man_made="pipeline", location="overground", substance="water")),
        way(53, [1, 4], tags(man_made="pipeline", location="underground", substance="fuel", diameter="24 in")),
        way(54, [2, 4], tags(man_made="pipeline", type="cold")),
        way(55, [2, 4], tags(man_made="construction", construction="pipeline", substance="gas")),
        way(56, [2, 4], tags(abandoned__man_made="pipeline", substance="gas")),
    )  # fmt: skip
    lines = layers["underground utility lines"]
    assert lines.columns["discipline"] == ["wastewater", "power", None, "heat", "gas", "gas"]
    assert lines.columns["diameter_mm"] == [600.0, None, 609.6, None, None, None]
    assert lines.columns["voltage"] == [None, "22000", *[None] * 4]
    assert lines.columns["depth_m"] == [1.5, *[None] * 5]
    assert lines.columns["subtype"] == ["sewage", "cable", "fuel", "cold", "gas", "gas"]
    assert lines.columns["status"] == [*[None] * 4, "planned", "abandoned"]


@pytest.mark.parametrize("value", ["", "3;4", "about 3", "3-4", "-2", "1e3", "3 miles", "٣"])
def test_length_that_is_none(tmp_path: Path, value: str) -> None:
    """Lists, ranges and words are no length."""
    roads = load(tmp_path, way(10, [1, 2], tags(highway="path", width=value)))["roads"]
    assert roads.columns["width_m"] == [None]


def test_nothing_of_the_city(tmp_path: Path) -> None:
    """A file without any of the themes has no layers."""
    assert load(tmp_path, way(10, [1, 2], tags(barrier="fence"))) == {}


@pytest.mark.parametrize("text", ['<osm version="0.6"><node id="1" lon="1" lat="2"', "<osm><node></osm>"])
def test_broken_xml(tmp_path: Path, text: str) -> None:
    """Cut short or not well formed."""
    path = tmp_path / "a.osm"
    path.write_text(text)
    with pytest.raises(Rejected) as refused:
        read(path)
    assert refused.value.finding.remedy


def test_redirection_is_not_followed(tmp_path: Path) -> None:
    """A head that GDAL might take for a virtual layer is refused before GDAL sees it."""
    path = tmp_path / "a.osm"
    path.write_text('<osm><!-- <OGRVRTDataSource><OGRVRTLayer name="x"/> --></osm>')
    with pytest.raises(Rejected, match="not followed"):
        read(path)


def test_known_by_content() -> None:
    """The root element of an XML, the first blob of a PBF."""
    assert is_osm_xml(b"<?xml version='1.0' encoding='UTF-8'?>\n<osm version='0.6'>", ".xml")
    assert not is_osm_xml(b"<osmChange/>", ".osm")
    assert is_osm_pbf(b"\0\0\0\x0e\x0a\x09OSMHeader\x18", ".pbf")
    assert not is_osm_pbf(b"<osm/>", ".pbf")


@pytest.mark.shared_data
def test_helsinki(shared: Path) -> None:
    """649 trees, 2,504 roads, 494 buildings, 77 pipelines underground, one of no said place, one being built."""
    layers = read(shared / "roads/Helsinki.osm.pbf")
    assert {name: len(layer) for name, layer in layers.items()} == {
        "trees": 649, "roads": 2504, "underground utility lines": 79, "buildings": 494,
    }  # fmt: skip
    lines = layers["underground utility lines"]
    found = [lines.columns["discipline"].count(d) for d in ("water", "heat", "gas", None)]
    assert found == [42, 26, 10, 1]
    assert lines.columns["status"].count("planned") == 1
    road = layers["roads"].record(0)
    assert (road["osm_id"], road["name"], road["highway"]) == ("4236349", "Erottajankatu", "unclassified")
    assert shapely.get_coordinates(layers["roads"].geometries[0])[0].tolist() == [24.9432708, 60.1665138]
    buildings = layers["buildings"]
    assert buildings.columns["storeys"][buildings.columns["osm_id"].index("r4198")] == "6"
    assert sum(g is None for g in buildings.geometries) == 5  # relations whose ways are beyond the extract


@pytest.mark.shared_data
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_pbf_that_is_cut_short(shared: Path, tmp_path: Path, share: float) -> None:
    """A PBF that ends within a block is refused whole."""
    content = (shared / "roads/Helsinki.osm.pbf").read_bytes()
    path = tmp_path / "a.osm.pbf"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(Rejected) as refused:
        read(path)
    assert refused.value.finding.fault == Fault.UNREADABLE
