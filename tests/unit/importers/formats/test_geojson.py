"""GeoJSON, JSON-FG and sequences: what the world writes by that name."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.faults import Fault, Rejected
from importers.formats.geojson import (
    is_geojson,
    is_geojson_sequence,
    is_jsonfg,
    read_geojson,
    read_geojson_sequence,
)
from importers.source import Dataset, SourceLayer

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path) -> list[SourceLayer]:
    return list(read_geojson(Dataset(path, path.parent, (path,))))


def load(folder: Path, document: Any) -> list[SourceLayer]:
    path = folder / "ống.geojson"
    path.write_text(document if isinstance(document, str) else json.dumps(document, ensure_ascii=False), "utf-8")
    return read(path)


def refusal(folder: Path, document: Any) -> Fault:
    with pytest.raises(Rejected) as refused:
        load(folder, document)
    assert refused.value.finding.remedy
    return refused.value.finding.fault


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: Any, **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", **members, "features": list(features)}


def shape(kind: str, coordinates: Any) -> dict[str, Any]:
    return {"type": kind, "coordinates": coordinates}


def wkt(layer: SourceLayer) -> list[str | None]:
    return [None if g is None else shapely.to_wkt(g, rounding_precision=3) for g in layer.geometries]


def test_every_kind_keeps_its_place(tmp_path: Path) -> None:
    """Kinds may mix, and a record without geometry counts: row 4 is the fourth feature of the file."""
    (layer,) = load(
        tmp_path,
        collection(
            feature(shape("Point", [107.5, 16.5]), tên="Huế"),
            feature(shape("MultiLineString", [[[0, 0], [1, 1]], [[2, 2], [3, 3]]]), so=3),
            feature(shape("Polygon", [[[0, 0], [4, 0], [4, 4], [0, 0]], [[2, 1], [3, 1], [3, 2], [2, 1]]])),
            feature(None),
            feature({"type": "GeometryCollection", "geometries": [shape("Point", [1, 2]), shape("Point", [3, 4])]}),
        ),
    )
    assert wkt(layer) == [
        "POINT (107.5 16.5)",
        "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))",
        "POLYGON ((0 0, 4 0, 4 4, 0 0), (2 1, 3 1, 3 2, 2 1))",
        None,
        "MULTIPOINT ((1 2), (3 4))",
    ]
    assert layer.columns == {"tên": ["Huế", None, None, None, None], "so": [None, 3, None, None, None]}
    assert layer.rows.tolist() == [1, 2, 3, 4, 5]
    assert (layer.name, layer.crs, layer.crs_origin, layer.encoding) == ("ống", "EPSG:4326", "RFC 7946", "Unicode")


def test_heights(tmp_path: Path) -> None:
    """z counts where every vertex has one; the fourth number of a position is dropped."""
    lines = [[[0, 0, 1], [1, 1, 2]], [[0, 0, 1], [1, 1]], [[0, 0, None], [1, 1, 2]], [[0, 0, 1, 9], [1, 1, 2, 9]]]
    (layer,) = load(tmp_path, collection(*(feature(shape("LineString", line)) for line in lines)))
    assert wkt(layer) == [
        "LINESTRING Z (0 0 1, 1 1 2)",
        "LINESTRING (0 0, 1 1)",
        "LINESTRING (0 0, 1 1)",
        "LINESTRING Z (0 0 1, 1 1 2)",
    ]


def test_coordinates_that_are_no_numbers(tmp_path: Path) -> None:
    """Numbers written as text are numbers; anything else is not a finite coordinate, and is told as that later."""
    positions = [["107.5", "16.5"], ["107,5", 16], [None, 2], [{}, []], [1e999, 2], [int("9" * 400), 1]]
    (layer,) = load(tmp_path, collection(*(feature(shape("Point", p)) for p in positions)))
    assert layer.geometries[0] == shapely.Point(107.5, 16.5)
    assert all(not np.isfinite(g.x) for g in layer.geometries[1:])


@pytest.mark.parametrize(
    "geometry",
    [
        shape("Point", []), shape("LineString", []), shape("Polygon", [[[0, 0], [1, 1]]]), shape("Polygon", []),
        shape("MultiPolygon", []), shape("LineString", 7), shape("LineString", [1, 2]), shape("Punkt", [1, 2]),
        {"type": "Point"}, {"type": ["Point"]}, "POINT (1 2)", [1, 2], 5,
        {"type": "GeometryCollection", "geometries": []}, {"type": "GeometryCollection", "geometries": 5},
    ],
)  # fmt: skip
def test_geometry_that_is_none(tmp_path: Path, geometry: Any) -> None:
    """Nonsense in place of a geometry leaves the record without one, and the others as they are."""
    (layer,) = load(tmp_path, collection(feature(geometry), feature(shape("Point", [1, 2]))))
    assert wkt(layer) == [None, "POINT (1 2)"]


def test_line_of_one_vertex_has_no_length(tmp_path: Path) -> None:
    """It is told as a line without length, not as a record without geometry."""
    (layer,) = load(tmp_path, collection(feature(shape("LineString", [[1, 2]]))))
    assert (layer.geometries[0].geom_type, layer.geometries[0].length) == ("LineString", 0)


def test_cells(tmp_path: Path) -> None:
    """Lists and objects are JSON text, whole numbers beyond 64 bits text, NaN nothing; an id does not hide a field."""
    text = (
        '{"type":"FeatureCollection","features":[{"type":"Feature","id":"a1","geometry":null,"properties":'
        '{"l":[1,"á"],"o":{"x":{"y":1}},"big":123456789012345678901234567890,"exact":9007199254740993,"n":NaN,"b":true}},'
        '{"type":"Feature","id":7,"geometry":null,"properties":{"id":"own"}},{"type":"Feature","properties":null},5]}'
    )
    (layer,) = load(tmp_path, text)
    assert layer.record(0) == {
        "l": '[1, "á"]', "o": '{"x": {"y": 1}}', "big": "123456789012345678901234567890", "exact": 9007199254740993,
        "n": None, "b": True, "id": "a1",
    }  # fmt: skip
    assert [layer.columns["id"][i] for i in (1, 2, 3)] == ["own", None, None]


@pytest.mark.parametrize(
    ("member", "declared"),
    [
        ({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::9214"}}, ("EPSG:9214", "GeoJSON")),
        ({"type": "name", "properties": {"name": "EPSG:4756"}}, ("EPSG:4756", "GeoJSON")),
        ({"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}, ("EPSG:4326", "GeoJSON")),
        ({"type": "EPSG", "properties": {"code": 9214}}, ("EPSG:9214", "GeoJSON")),
        ({"type": "link", "properties": {"href": "http://127.0.0.1:9/crs"}}, (None, "")),
        (None, (None, "")),
        ("nonsense", (None, "")),
    ],
)
def test_crs_member(tmp_path: Path, member: Any, declared: tuple[str | None, str]) -> None:
    """The member of 2008 is believed; a link is not followed, and null means unknown. x stays the first number."""
    (layer,) = load(tmp_path, collection(feature(shape("Point", [562897.886, 1820978.931])), crs=member))
    assert (layer.crs, layer.crs_origin) == declared
    assert wkt(layer) == ["POINT (562897.886 1820978.931)"]


def test_lone_feature_and_geometry(tmp_path: Path) -> None:
    """A feature, a geometry or a list of features alone is a file of its own."""
    assert load(tmp_path, feature(shape("Point", [1, 2]), a=1))[0].columns == {"a": [1]}
    assert wkt(load(tmp_path, shape("LineString", [[1, 2], [3, 4]]))[0]) == ["LINESTRING (1 2, 3 4)"]
    assert len(load(tmp_path, [feature(None, a=1), feature(None, a=2)])[0]) == 2


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"type":"FeatureCollection","features":[', Fault.TRUNCATED),
        ('{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":"b', Fault.TRUNCATED),
        ('{"type":"FeatureCollection","features":[{"type":"Feature"},]}', Fault.UNREADABLE),
        ("{'type':'FeatureCollection'}", Fault.UNREADABLE),
        ('{"type":"FeatureCollection"}', Fault.UNKNOWN_FORMAT),
        ("[" * 100_000, Fault.UNREADABLE),
        ('{"a":' * 100_000, Fault.UNREADABLE),
        ('{"type":"Feature","properties":{"n":' + "9" * 5000 + "}}", Fault.UNREADABLE),
        ('{"type":"Topology","objects":{}}', Fault.UNKNOWN_FORMAT),
        ('{"type":"CityJSON","vertices":[]}', Fault.UNKNOWN_FORMAT),
        ('{"geometryType":"esriGeometryPoint","features":[]}', Fault.UNKNOWN_FORMAT),
        ("[1, 2]", Fault.UNKNOWN_FORMAT),
        ("5", Fault.UNKNOWN_FORMAT),
    ],
)
def test_text_that_is_no_geojson(tmp_path: Path, text: str, fault: Fault) -> None:
    """Cut, broken, bottomless and foreign JSON ends in a reason."""
    assert refusal(tmp_path, text) == fault


def test_empty_collection(tmp_path: Path) -> None:
    """Nothing in it is no layer, and no error."""
    assert load(tmp_path, collection()) == []


def test_deeply_nested_geometry(tmp_path: Path) -> None:
    """Collections within collections end at the recursion limit, not in a crash."""
    text = '{"type":"GeometryCollection","geometries":[' * 900 + "]}" * 900
    (layer,) = load(tmp_path, text)
    assert wkt(layer) == [None]


def test_bytes_that_are_no_utf8(tmp_path: Path) -> None:
    """TCVN3 or Windows-1258 reaches the text decoder as bytes, without a declaration."""
    path = tmp_path / "a.geojson"
    path.write_bytes(b'{"type":"Feature","geometry":null,"properties":{"T\xaan":"Hu\xd5"}}')
    (layer,) = read(path)
    assert (layer.columns, layer.encoding) == ({"Tªn": ["HuÕ"]}, None)
    path.write_bytes("\ufeff".encode() + '{"type":"Feature","geometry":null,"properties":{"a":"Huế"}}'.encode())
    assert read(path)[0].columns == {"a": ["Huế"]}
    path.write_bytes('{"type":"Feature","geometry":null,"properties":{"a":"Huế"}}'.encode("utf-16"))
    assert read(path)[0].columns == {"a": ["Huế"]}


def test_jsonfg_place_goes_before_geometry(tmp_path: Path) -> None:
    """`place` is in coordRefSys, in its authority's order; a feature without one is in WGS 84."""
    document = collection(
        {**feature(shape("Point", [1, 1]), a=1), "place": shape("Point", [562897.886, 1820978.931])},
        {
            **feature(shape("Point", [1, 1]), a=2),
            "place": shape("Point", [16.46471761, 107.58907272, 5]),
            "coordRefSys": "[EPSG:4756]",
            "time": {"interval": ["2020-01-01", ".."]},
        },
        {**feature(shape("Point", [107.59, 16.46]), a=3), "place": None, "time": {"date": "2021-02-03"}},
        conformsTo=["[ogc-json-fg-1-0.2:core]"],
        coordRefSys="http://www.opengis.net/def/crs/EPSG/0/9214",
    )
    layers = {layer.crs: layer for layer in load(tmp_path, document)}
    assert wkt(layers["EPSG:9214"]) == ["POINT (562897.886 1820978.931)"]
    assert wkt(layers["EPSG:4756"]) == ["POINT Z (107.589 16.465 5)"]
    assert wkt(layers["EPSG:4326"]) == ["POINT (107.59 16.46)"]
    assert [layers[code].rows.tolist() for code in ("EPSG:9214", "EPSG:4756", "EPSG:4326")] == [[1], [2], [3]]
    assert layers["EPSG:4756"].columns == {"a": [2], "time interval": ['["2020-01-01", ".."]']}
    assert layers["EPSG:4326"].columns["time date"] == ["2021-02-03"]
    assert layers["EPSG:9214"].crs_origin == "JSON-FG"


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ({"type": "Reference", "href": "http://www.opengis.net/def/crs/EPSG/0/9214"}, "EPSG:9214"),
        (
            ["http://www.opengis.net/def/crs/EPSG/0/9214", "http://www.opengis.net/def/crs/EPSG/0/5727"],
            "EPSG:9214+5727",
        ),
        ({"nonsense": 1}, None),
        (None, None),
    ],
)
def test_jsonfg_reference_systems(tmp_path: Path, stated: Any, code: str | None) -> None:
    """References, compounds of two, and a place in a system that is not said."""
    place = {**feature(None), "place": shape("Point", [1, 2])}
    (layer,) = load(tmp_path, collection(place, coordRefSys=stated))
    assert layer.crs == code


def test_jsonfg_feature_types_are_layers(tmp_path: Path) -> None:
    """What the file calls its features names the layers."""
    (a, b) = load(
        tmp_path, collection({**feature(None), "featureType": "Ống"}, {**feature(None), "featureType": "Van"})
    )
    assert (a.name, b.name, b.rows.tolist()) == ("Ống", "Van", [2])


def test_jsonfg_bodies(tmp_path: Path) -> None:
    """A prism is its base with heights; a polyhedron its outline with heights and its closed shell."""
    square = [[0, 0], [4, 0], [4, 3], [0, 3], [0, 0]]
    prism = {"type": "Prism", "base": shape("Polygon", [square]), "lower": -2.5, "upper": 1.5}
    floor = [[x, y, 1] for x, y in reversed(square)]
    roof = [[x, y, 6] for x, y in square]
    sides = [[[*a, 1], [*b, 1], [*b, 6], [*a, 6], [*a, 1]] for a, b in itertools.pairwise(square)]
    polyhedron = shape("Polyhedron", [[[floor], [roof], *([side] for side in sides)]])
    document = collection(
        {**feature(None), "place": prism}, {**feature(None), "place": polyhedron}, coordRefSys="[EPSG:9214]"
    )
    (layer,) = load(tmp_path, document)
    assert all(shapely.equals(g, shapely.box(0, 0, 4, 3)) for g in layer.geometries)
    assert layer.columns["groundelevation"] == [-2.5, 1.0]
    assert layer.columns["height_m"] == [4.0, 5.0]
    assert [None if s is None else len(s.geoms) for s in layer.columns["solid"]] == [None, 6]


def test_jsonfg_arcs(tmp_path: Path) -> None:
    """A half circle, and the area of a whole one made of two arcs, within a hundred-thousandth."""
    half = shape("CircularString", [[0, 0], [1, 1], [2, 0]])
    other = shape("CircularString", [[2, 0], [1, -1], [0, 0]])
    circle = {"type": "CurvePolygon", "geometries": [{"type": "CompoundCurve", "geometries": [half, other]}]}
    places = [
        {**feature(None), "place": place} for place in (half, circle, {"type": "MultiCurve", "geometries": [half]})
    ]
    (layer,) = load(tmp_path, collection(*places, coordRefSys="[EPSG:9214]"))
    assert layer.geometries[0].length == pytest.approx(np.pi, rel=1e-4)
    assert layer.geometries[1].area == pytest.approx(np.pi, rel=1e-4)
    assert layer.geometries[2].geom_type == "LineString"


@pytest.mark.parametrize("text", ["{0}\n{1}\n", "{0}\r\n\r\n{1}", "\x1e{0}\n\x1e{1}\n"])
def test_sequences(tmp_path: Path, text: str) -> None:
    """A feature a line, or after a record separator; rows are numbered on."""
    a, b = (json.dumps(feature(shape("Point", [i, i]), a="x\u2028y")) for i in (1, 2))
    path = tmp_path / "a.geojsonl"
    path.write_text(text.format(a, b).replace("{{", "{"), "utf-8", newline="")
    (layer,) = read_geojson_sequence(Dataset(path, tmp_path, (path,)))
    assert wkt(layer) == ["POINT (1 1)", "POINT (2 2)"]
    assert (layer.rows.tolist(), layer.columns) == ([1, 2], {"a": ["x\u2028y"] * 2})


def test_sequence_that_is_cut_short(tmp_path: Path) -> None:
    """A broken record names its place."""
    path = tmp_path / "a.geojsonl"
    path.write_text(json.dumps(feature(None)) + '\n{"type":"Feat')
    with pytest.raises(Rejected, match="record 2") as refused:
        list(read_geojson_sequence(Dataset(path, tmp_path, (path,))))
    assert refused.value.finding.fault == Fault.TRUNCATED


def test_known_by_content() -> None:
    """Sequences and JSON-FG are told from plain GeoJSON by what they begin with."""
    assert is_geojson(b'\xef\xbb\xbf\n{"type"', ".txt")
    assert is_geojson(b'[\n {"type"', ".txt")
    assert not is_geojson(b"<a/>", ".geojson")
    assert not is_geojson(b"[TITLE]\n[PIPES]", ".inp")
    assert is_geojson_sequence(b'{"type":"Feature"}\n{"type":"Feature"}', ".json")
    assert is_geojson_sequence(b'\x1e{"type":"Feature"', ".json")
    assert not is_geojson_sequence(b'{\n "features": [{\n  "a": 1\n },\n {', ".geojson")
    assert is_jsonfg(b'{"conformsTo":["http://www.opengis.net/spec/json-fg-1/0.2/conf/core"]', ".json")
    assert not is_jsonfg(b'{"type":"FeatureCollection"', ".json")


@settings(max_examples=80, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.sampled_from(["Point", "Prism", "Polyhedron", "1"]),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["type", "coordinates", "geometries", "base", "lower"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_as_geometry(tmp_path_factory: pytest.TempPathFactory, geometry: Any) -> None:
    """Whatever stands in place of a geometry, the record arrives."""
    (layer,) = load(tmp_path_factory.mktemp("json"), collection(feature(geometry)))
    assert len(layer) == 1


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "count", "values", "geometry"),
    [
        ("trees/graz_16_17788_11515.geojson", 48, {"nummer": 12772, "baumtyp": "Laub", "pflanzjahr": None}, "Point"),
        ("trees/graz_16_17789_11515.geojson", 109, {"baumbezeichnung_deutsch": "Gemeine Roßkastanie"}, "Point"),
        ("trees/graz_16_17790_11513.geojson", 77, {"baumbezeichnung_botanisch": "Juglans regia"}, "Point"),
        ("underground/vermont/Montpelier_linear.geojson", 4874, {"SystemType": "Combined"}, "LineString"),
        ("underground/vermont/Montpelier_points.geojson", 1059, {"Type": "CB tied to Sanitary Sewer"}, "Point"),
        ("underground/vermont/Vermont_Linear_UNKNOWN.geojson", 1, {"SystemType": "Wastewater"}, "LineString"),
        ("underground/vermont/Vermont_Treatment_Facilities.geojson", 293, {"PermitID": "3-1510"}, "Point"),
        ("vietnam/hue_admin_2025/46_hue.geojson", 1, {"name": "Huế", "areaKm2": 4947.11}, "MultiPolygon"),
        ("vietnam/hue_admin_2025/hue_wards_2025_40.geojson", 40, {"code": "19753"}, "MultiPolygon"),
    ],
)  # fmt: skip
def test_real_files(shared: Path, name: str, count: int, values: dict[str, Any], geometry: str) -> None:
    """All records of public files, and values of the first."""
    (layer,) = read(shared / name)
    assert len(layer) == count
    assert layer.record(0).items() >= values.items()
    assert layer.geometries[0].geom_type == geometry
    assert layer.crs == "EPSG:4326"


@pytest.mark.shared_data
def test_heights_and_missing_geometries_of_real_files(shared: Path) -> None:
    """81 of the treatment plants have a height, 3 no place; of the sewers one has two parts."""
    (plants,) = read(shared / "underground/vermont/Vermont_Treatment_Facilities.geojson")
    assert int(shapely.has_z(plants.geometries).sum()) == 81
    assert sum(g is None for g in plants.geometries) == 3
    (sewers,) = read(shared / "underground/vermont/Montpelier_linear.geojson")
    assert sum(g.geom_type == "MultiLineString" for g in sewers.geometries) == 1


def test_half_a_letter_does_not_condemn_the_file(tmp_path: Path) -> None:
    """A program cut a text amid a letter beyond 16 bits: that letter is lost and marked, every record is read."""
    feature = '{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},"properties":{"ten":"%s","x":["%s"]}}'
    told = ",".join(feature % (text, text) for text in ("H\\ud83d", "H\\ud83d\\ude00"))
    (layer,) = load(tmp_path, f'{{"type":"FeatureCollection","features":[{told}]}}')
    assert layer.columns == {"ten": ["H\ufffd", "H\U0001f600"], "x": ['["H\ufffd"]', '["H\U0001f600"]']}
