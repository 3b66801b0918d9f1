"""CityJSON: whole files and sequences, hierarchies, levels of detail, templates, and what is wrong with files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats.cityjson import is_cityjson, read_cityjson
from importers.source import Dataset

if TYPE_CHECKING:
    from pathlib import Path

    from importers.source import SourceLayer

# A box of 4 x 3 x 2 m whose corner is (562000, 1820000, 5) in millimetres from there: bottom, top, walls.
BOX = [[x, y, z] for z in (0, 2000) for x, y in ((0, 0), (4000, 0), (4000, 3000), (0, 3000))]
SHELL = [[[0, 3, 2, 1]], [[4, 5, 6, 7]], [[0, 1, 5, 4]], [[1, 2, 6, 5]], [[2, 3, 7, 6]], [[3, 0, 4, 7]]]
TRANSFORM = {"scale": [0.001, 0.001, 0.001], "translate": [562000.0, 1820000.0, 5.0]}
KINDS = {"surfaces": [{"type": "GroundSurface"}, {"type": "RoofSurface"}], "values": [[0, 1, None, None, None, None]]}


def a_solid(lod: str = "2.2", **more: Any) -> dict[str, Any]:
    return {"type": "Solid", "lod": lod, "boundaries": [SHELL], **more}


def a_model(objects: dict[str, Any], vertices: Any = BOX, **more: Any) -> dict[str, Any]:
    metadata = {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/9214"}
    model = {"type": "CityJSON", "version": "2.0", "transform": TRANSFORM, "metadata": metadata}
    return {**model, "CityObjects": objects, "vertices": vertices, **more}


def a_building(*geometries: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    return {"type": "Building", "attributes": attributes, "geometry": list(geometries)}


def read(folder: Path, model: Any) -> list[SourceLayer]:
    path = folder / "model.city.json"
    path.write_text(model if isinstance(model, str) else json.dumps(model))
    return list(read_cityjson(Dataset(path, folder, (path,))))


def refusal(folder: Path, model: Any) -> Rejected:
    with pytest.raises(Rejected) as caught:
        read(folder, model)
    assert caught.value.finding.remedy
    return caught.value


def test_box_is_a_building_to_the_millimetre(tmp_path: Path, mesh_of) -> None:
    """Footprint, ground, height, solid, reference system and attributes of the plainest city model."""
    attributes = {"measuredHeight": 2.4, "storeysAboveGround": 1, "function": "1000", "yearOfConstruction": 1931}
    (layer,) = read(tmp_path, a_model({"nha-1": a_building(a_solid(semantics=KINDS), **attributes)}))
    assert (layer.name, layer.crs, layer.encoding) == ("buildings", "EPSG:9214", "Unicode")
    assert layer.rows.tolist() == [1]
    assert layer.geometries[0].equals(shapely.box(562000, 1820000, 562004, 1820003))
    record = layer.record(0)
    assert {k: record[k] for k in ("buildingid", "use", "storeys", "height_m", "groundelevation")} == {
        "buildingid": "nha-1", "use": "1000", "storeys": 1, "height_m": 2.4, "groundelevation": 5.0,
    }  # fmt: skip
    assert record["yearOfConstruction"] == 1931
    mesh = mesh_of(record["solid"])
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(24.0)
    assert shapely.get_coordinates(record["solid"], include_z=True).max(axis=0).tolist() == [562004, 1820003, 7]


def test_stated_ground_goes_before_the_base_of_the_model(tmp_path: Path) -> None:
    """Models stand on a base of their own; a ground above the roof is no ground."""
    buildings = {"a": a_building(a_solid(), TerrainHeight=5.5), "b": a_building(a_solid(), TerrainHeight=99)}
    (layer,) = read(tmp_path, a_model(buildings))
    assert layer.columns["groundelevation"] == [5.5, 5.0]
    assert layer.columns["height_m"] == [1.5, 2.0]


def test_height_is_measured_on_the_body_where_none_is_stated(tmp_path: Path) -> None:
    """Top less ground; a stated height of zero or less stands for 'not measured'."""
    (layer,) = read(tmp_path, a_model({"a": a_building(a_solid()), "b": a_building(a_solid(), measuredHeight=-9999)}))
    assert layer.columns["height_m"] == [2.0, 2.0]


def test_inverted_solid_is_turned_outward(tmp_path: Path, mesh_of) -> None:
    """A shell that looks inward is delivered inside out, and comes out with a positive volume."""
    inward = [[ring[::-1] for ring in surface] for surface in SHELL]
    (layer,) = read(tmp_path, a_model({"a": a_building({"type": "Solid", "lod": "1", "boundaries": [inward]})}))
    assert mesh_of(layer.columns["solid"][0]).volume == pytest.approx(24.0)


def test_open_surfaces_are_kept_without_solid(tmp_path: Path) -> None:
    """Row houses without their party walls have a footprint and a height, and the notes say what is missing."""
    surfaces = {"type": "MultiSurface", "lod": "2", "boundaries": SHELL[:-1]}
    (layer,) = read(tmp_path, a_model({"a": a_building(surfaces)}))
    assert "solid" not in layer.columns
    assert layer.columns["height_m"] == [2.0]
    assert layer.geometries[0].area == 12.0
    assert layer.notes == ("1 buildings whose faces do not enclose a volume: kept without solid",)


def test_closed_surfaces_are_a_solid(tmp_path: Path, mesh_of) -> None:
    """Surfaces that enclose a volume do so whatever their geometry is called."""
    surfaces = {"type": "CompositeSurface", "lod": "2", "boundaries": SHELL}
    (layer,) = read(tmp_path, a_model({"a": a_building(surfaces)}))
    assert mesh_of(layer.columns["solid"][0]).volume == pytest.approx(24.0)


def test_most_detailed_solid_below_level_3_is_taken(tmp_path: Path, mesh_of) -> None:
    """Level 3 has windows, level 1 no roof; level 0 may be the edge of the roof and does not count beside them."""
    low = [[x / 2 if x else x, y, z] for x, y, z in BOX]
    vertices = [*BOX, *low, *([x, y, 2 * z] for x, y, z in BOX)]
    levels = {"1.2": 8, "2.1": 0, "3.0": 16}
    shift = lambda by: [[[i + by for i in ring] for ring in surface] for surface in SHELL]  # noqa: E731
    solids = [{"type": "Solid", "lod": lod, "boundaries": [shift(by)]} for lod, by in levels.items()]
    outline = {"type": "MultiSurface", "lod": "0", "boundaries": [[[8, 9, 10, 11]]]}
    (layer,) = read(tmp_path, a_model({"a": a_building(*solids, outline)}, vertices))
    assert mesh_of(layer.columns["solid"][0]).volume == pytest.approx(24.0)
    assert layer.geometries[0].equals(shapely.box(562000, 1820000, 562004, 1820003))


def test_outline_of_level_0_has_no_elevation(tmp_path: Path) -> None:
    """A surface of level 0 may be the edge of the roof: it covers, but tells no height."""
    outline = {"type": "MultiSurface", "lod": "0.2", "boundaries": [[[4, 5, 6, 7]]]}
    (layer,) = read(tmp_path, a_model({"a": a_building(outline, measuredHeight=9.5)}))
    assert layer.geometries[0].area == 12.0
    assert layer.columns["height_m"] == [9.5]
    assert "groundelevation" not in layer.columns


def test_parts_are_one_building(tmp_path: Path, mesh_of) -> None:
    """Parts that name their parent, parts that a parent names, and parts of parts come together in one record."""
    vertices = [[x + dx, y, z + dz] for dx, dz in ((0, 0), (4000, -1000), (8000, 500)) for x, y, z in BOX]
    solids = [
        {"type": "Solid", "lod": "2", "boundaries": [[[[i + by for i in ring] for ring in face] for face in SHELL]]}
        for by in (0, 8, 16)
    ]
    objects = {
        "p1": {"type": "BuildingPart", "parents": ["nha"], "geometry": [solids[0]], "attributes": {"roof": "flat"}},
        "p2": {
            "type": "BuildingPart",
            "geometry": [solids[1]],
            "attributes": {"roof": "flat", "storeysAboveGround": 3},
        },
        "p3": {"type": "BuildingPart", "parents": ["p2"], "geometry": [solids[2]], "attributes": {"roof": "flat"}},
        "nha": {
            "type": "Building",
            "children": ["p1", "p2"],
            "attributes": {},
            "address": [{"Street": "Lê Lợi", "No": 5}],
        },
    }
    (layer,) = read(tmp_path, a_model(objects, vertices))
    record = layer.record(0)
    assert len(layer) == 1
    assert layer.geometries[0].equals(shapely.box(562000, 1820000, 562012, 1820003))
    assert (record["groundelevation"], record["height_m"], record["storeys"]) == (4.0, 3.5, 3)
    assert (record["roof"], record["address"]) == ("flat", "Lê Lợi, 5")
    assert mesh_of(record["solid"]).volume == pytest.approx(72.0)


def test_parts_of_nothing_and_in_a_circle_are_buildings(tmp_path: Path) -> None:
    """No part is lost because its parent is missing, or because two parts claim each other."""
    objects = {
        "orphan": {"type": "BuildingPart", "parents": ["gone"], "geometry": [a_solid()]},
        "a": {"type": "BuildingPart", "parents": ["b"], "geometry": [a_solid()]},
        "b": {"type": "BuildingPart", "parents": ["a"], "geometry": [a_solid()]},
    }
    (layer,) = read(tmp_path, a_model(objects))
    assert layer.columns["buildingid"] == ["orphan", "a"]


def test_multisolid_covers_all_its_solids(tmp_path: Path, mesh_of) -> None:
    """Outer shells of all solids; cavities are left out."""
    vertices = [[x + dx, y, z] for dx in (0, 6000) for x, y, z in BOX]
    second = [[[i + 8 for i in ring] for ring in face] for face in SHELL]
    cavity = [[[0, 1, 2, 3]]]
    solids = {"type": "MultiSolid", "lod": "1", "boundaries": [[SHELL, cavity], [second]]}
    (layer,) = read(tmp_path, a_model({"a": a_building(solids)}, vertices))
    assert layer.geometries[0].area == 24.0
    assert layer.geometries[0].geom_type == "MultiPolygon"
    assert mesh_of(layer.columns["solid"][0]).volume == pytest.approx(48.0)


def test_tree_stands_where_its_template_is_put(tmp_path: Path) -> None:
    """Reference point plus the matrix's translation; the template itself is no matter."""
    matrix = [2, 0, 0, 0.5, 0, 2, 0, 0, 0, 0, 2, 0.25, 0, 0, 0, 1]
    instance = {"type": "GeometryInstance", "template": 0, "boundaries": [2], "transformationMatrix": matrix}
    tree = {"type": "SolitaryVegetationObject", "geometry": [instance], "attributes": {"height": 7.5, "species": "Sao"}}
    templates = {"templates": [], "vertices-templates": []}
    (layer,) = read(tmp_path, a_model({"cay-1": tree}, **{"geometry-templates": templates}))
    assert layer.name == "trees"
    assert shapely.get_coordinates(layer.geometries, include_z=True).tolist() == [[562004.5, 1820003, 5.25]]
    assert (layer.columns["treeid"], layer.columns["height_m"]) == (["cay-1"], [7.5])
    assert layer.columns["species"] == ["Sao"]


def test_tree_with_a_body_stands_amid_it(tmp_path: Path) -> None:
    """The middle in plan at the lowest height."""
    tree = {"type": "SolitaryVegetationObject", "geometry": [a_solid()]}
    (layer,) = read(tmp_path, a_model({"cay": tree}))
    assert shapely.get_coordinates(layer.geometries, include_z=True).tolist() == [[562002, 1820001.5, 5]]


def test_roads_count_as_lines_only(tmp_path: Path) -> None:
    """Surfaces of a road are left aside with a note, lines are read, and so is land use; terrain is no city object."""
    lines = {"type": "MultiLineString", "lod": "0", "boundaries": [[0, 1, 2]]}
    area = {"type": "MultiSurface", "lod": "1", "boundaries": [[[0, 1, 2, 3]]]}
    objects = {
        "r1": {"type": "Road", "geometry": [lines], "attributes": {"name": "Đường Lê Lợi"}},
        "r2": {"type": "Road", "geometry": [area]},
        "l1": {"type": "LandUse", "geometry": [area], "attributes": {"function": "ODT"}},
        "t": {"type": "TINRelief", "geometry": []},
    }
    roads, parcels = read(tmp_path, a_model(objects))
    assert (roads.name, parcels.name) == ("roads", "land use")
    assert roads.geometries[0].length == 7.0
    assert roads.columns["name"] == ["Đường Lê Lợi"]
    assert parcels.geometries[0].area == 12.0
    assert parcels.columns["landuse"] == ["ODT"]
    assert roads.notes == ("1 Road without lines left aside", "1 TINRelief left aside")


def test_attribute_that_would_pass_for_a_told_one_is_renamed(tmp_path: Path) -> None:
    """A free attribute 'height' in unknown units must not take the place of the height in metres."""
    (layer,) = read(tmp_path, a_model({"a": a_building(a_solid(), height=40, listed=["x", 1])}))
    assert layer.columns["height_m"] == [2.0]
    assert layer.columns["attribute height"] == [40]
    assert layer.columns["listed"] == ['["x", 1]']


@pytest.mark.parametrize(
    ("stated", "crs"),
    [
        ("https://www.opengis.net/def/crs/EPSG/0/7415", "EPSG:7415"),
        ("urn:ogc:def:crs:EPSG::7415", "EPSG:7415"),
        ("EPSG:9214", "EPSG:9214"),
        (None, None),
    ],
)
def test_reference_system_is_the_declared_one(tmp_path: Path, stated: str | None, crs: str | None) -> None:
    """Addresses of both versions lead to the code; a file that says nothing has none."""
    (layer,) = read(tmp_path, a_model({"a": a_building(a_solid())}, metadata={"referenceSystem": stated}))
    assert layer.crs == crs


def test_heights_beside_feet_are_left_aside(tmp_path: Path) -> None:
    """Where x and y are feet nobody knows what z is."""
    metadata = {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/2263"}
    (layer,) = read(tmp_path, a_model({"a": a_building(a_solid())}, metadata=metadata))
    assert not {"height_m", "groundelevation", "solid"} & layer.columns.keys()
    assert layer.notes == ("elevations left aside: EPSG:2263 does not count in metres",)


def test_sequence_is_read_feature_by_feature(tmp_path: Path) -> None:
    """The header's transform and system hold for all lines, each with its own vertices; blank lines do not matter."""
    header = a_model({}, [])
    features = [
        {"type": "CityJSONFeature", "id": name, "vertices": BOX, "CityObjects": {name: a_building(a_solid())}}
        for name in ("a", "b")
    ]
    lines = "\n".join([json.dumps(header), "", *map(json.dumps, features), ""])
    (layer,) = read(tmp_path, lines)
    assert layer.columns["buildingid"] == ["a", "b"]
    assert layer.rows.tolist() == [1, 2]
    assert layer.crs == "EPSG:9214"
    assert [g.bounds for g in layer.geometries] == [(562000, 1820000, 562004, 1820003)] * 2


def test_version_1_0_without_transform(tmp_path: Path) -> None:
    """Version 1.0 may hold plain coordinates and levels that are numbers; later ones may not."""
    vertices = (np.array(BOX) * 0.001 + [562000, 1820000, 5]).tolist()
    model = a_model({"a": a_building(a_solid(lod=2))}, vertices, version="1.0", transform=None)  # type: ignore[arg-type]
    (layer,) = read(tmp_path, model)
    assert layer.columns["groundelevation"] == [5.0]
    assert refusal(tmp_path, {**model, "version": "1.1"}).finding.fault is Fault.UNREADABLE


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Solid", "lod": "2", "boundaries": [[[[0, 1, 99]]]]},
        {"type": "Solid", "lod": "2", "boundaries": [[[[0, 1, -1]]]]},
        {"type": "Solid", "lod": "2", "boundaries": [[[[0, 1, 1.5]]]]},
        {"type": "Solid", "lod": "2", "boundaries": [[[["a", 1, 2]]]]},
        {"type": "Solid", "lod": "2", "boundaries": [[[[[0]], 1, 2]]]},
        {"type": "Solid", "lod": "2", "boundaries": 7},
        {"type": "Solid", "lod": "2", "boundaries": []},
        {"type": "Solid", "lod": "roof", "boundaries": [SHELL]},
        {"type": "Solid", "lod": "2"},
        {"lod": "2"},
        {"type": "Solid", "lod": "2", "boundaries": [SHELL], "semantics": {"surfaces": [], "values": [[5]]}},
        {"type": "Solid", "lod": "2", "boundaries": [SHELL], "semantics": 7},
        {"type": ["Solid"], "lod": "2", "boundaries": [SHELL]},
    ],
)
def test_broken_geometry_costs_one_record_its_geometry(tmp_path: Path, geometry: dict[str, Any]) -> None:
    """Indexes of no vertex and arrays of the wrong depth never become a shape, and never stop the other records."""
    broken, sound = a_building(geometry, name="Chợ Đông Ba"), a_building(a_solid())
    (layer,) = read(tmp_path, a_model({"broken": broken, "sound": sound}))
    assert layer.geometries[0] is None
    assert layer.geometries[1].area == 12.0
    assert layer.columns["name"] == ["Chợ Đông Ba", None]
    assert layer.notes[0] == "1 buildings with broken geometry"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"version": "3.0"}, Fault.UNKNOWN_FORMAT),
        ({"type": "CityJSONFeature"}, Fault.UNKNOWN_FORMAT),
        ({"transform": {"scale": [float("nan"), 1, 1], "translate": [0, 0, 0]}}, Fault.UNREADABLE),
        ({"transform": {"scale": [1, 1], "translate": [0, 0, 0]}}, Fault.UNREADABLE),
        ({"transform": {"scale": "big"}}, Fault.UNREADABLE),
        ({"vertices": [[1, 2], [3]]}, Fault.UNREADABLE),
        ({"vertices": [["a", "b", "c"]]}, Fault.UNREADABLE),
        ({"CityObjects": []}, Fault.UNREADABLE),
        ({"CityObjects": {}}, Fault.LAYER_UNKNOWN),
        ({"CityObjects": {"t": {"type": "TINRelief"}}}, Fault.LAYER_UNKNOWN),
    ],
)
def test_unusable_files_are_refused_with_a_remedy(tmp_path: Path, change: dict[str, Any], fault: Fault) -> None:
    """A file of another version, without usable coordinates, or with nothing for the city."""
    assert refusal(tmp_path, a_model({"a": a_building(a_solid())}) | change).finding.fault is fault


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "CityJSON", "version": "2.0", "CityOb',
        "[1, 2",
        '{"type": "CityJSON", "x": ' + "[" * 100_000,
        "{}",
        "7",
    ],
)
def test_text_that_is_no_model_is_refused(tmp_path: Path, text: str) -> None:
    """Cut short, nested without end, or something else: an answer, never a traceback."""
    refusal(tmp_path, text)


def test_cut_line_of_a_sequence_is_named(tmp_path: Path) -> None:
    """The line that cannot be read is said."""
    header = json.dumps(a_model({}, []))
    assert "line 2" in str(refusal(tmp_path, f'{header}\n{{"type": "CityJSONFeature", "ver'))


def test_format_is_known_by_content() -> None:
    """Whatever the order of the members; other JSON is not taken."""
    assert is_cityjson(b'{"type":"CityJSON","version":"2.0"', ".json")
    assert is_cityjson(b'\xef\xbb\xbf{ "CityObjects" : {"a":', ".json")
    assert is_cityjson(b'{"vertices": [[1,2,3],', ".json")
    assert not is_cityjson(b'{"type": "FeatureCollection", "features": []}', ".json")
    assert not is_cityjson(b"CityJSON", ".json")


@pytest.mark.shared_data
def test_vienna_has_149_buildings_of_592_objects(shared: Path, mesh_of) -> None:
    """102 with parts and 47 without; ground surfaces lie in a second geometry; 8 have leaks of millimetres."""
    path = shared / "buildings" / "vienna.jsonl"
    (layer,) = read_cityjson(Dataset(path, path.parent, (path,)))
    assert (len(layer), layer.crs) == (149, None)
    assert shapely.is_valid(layer.geometries).all()
    solids = [solid for solid in layer.columns["solid"] if solid is not None]
    assert len(solids) == 141
    for solid in solids:
        mesh = mesh_of(solid)
        edges = np.bincount(mesh.edges.min(axis=1) * 4096 + mesh.edges.max(axis=1), np.sign(np.diff(mesh.edges)[:, 0]))
        assert not edges.any()
        assert mesh.volume > 0
    assert layer.record(0)["height_m"] == pytest.approx(29.312)
    assert layer.record(0)["groundelevation"] == pytest.approx(29.84)


@pytest.mark.shared_data
def test_rotterdam_has_16_buildings_without_party_walls(shared: Path) -> None:
    """Their surfaces do not close: footprints and heights, no solids."""
    path = shared / "buildings" / "rotterdam_subset.json"
    (layer,) = read_cityjson(Dataset(path, path.parent, (path,)))
    assert len(layer) == 16
    assert "solid" not in layer.columns
    assert layer.record(0)["groundelevation"] == 3.03
    assert min(layer.columns["groundelevation"]) > 1, "the model's own base is at 0"
    assert layer.record(0)["height_m"] == pytest.approx(15.211 - 3.03)
