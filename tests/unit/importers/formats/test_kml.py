"""KML and KMZ: folders, data and altitudes, and archives that are not what they say."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats.kml import is_kml, is_kmz, read_kml, read_kmz
from importers.source import Dataset, SourceLayer

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
TAIL = "</Document></kml>"
POINT = "<Point><coordinates>107.59,16.46</coordinates></Point>"


def read(path: Path) -> dict[str, SourceLayer]:
    reader = read_kmz if path.suffix == ".kmz" else read_kml
    return {layer.name: layer for layer in reader(Dataset(path, path.parent, (path,)))}


def load(folder: Path, body: str) -> dict[str, SourceLayer]:
    path = folder / "ống nước.kml"
    path.write_text(HEAD + body + TAIL, "utf-8")
    return read(path)


def refusal(path: Path) -> Fault:
    with pytest.raises(Rejected) as refused:
        read(path)
    assert refused.value.finding.remedy
    return refused.value.finding.fault


def a_kmz(path: Path, **entries: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return path


def geometry(folder: Path, body: str) -> str | None:
    (layer,) = load(folder, f"<Placemark>{body}</Placemark>").values()
    found = layer.geometries[0]
    return None if found is None else shapely.to_wkt(found, rounding_precision=2)


def test_folders_are_layers(tmp_path: Path) -> None:
    """A folder's path names the layer; placemarks outside any have the file's name, or the document's."""
    layers = load(
        tmp_path,
        f"<Placemark><name>a</name>{POINT}</Placemark>"
        f"<Folder><name>Cấp nước</name><Folder><name>Ống D110</name><Placemark><name>b</name>{POINT}</Placemark>"
        f"<Placemark><name>c</name></Placemark></Folder></Folder><Folder><name>trống</name></Folder>",
    )
    assert list(layers) == ["ống nước", "Cấp nước/Ống D110"]
    pipes = layers["Cấp nước/Ống D110"]
    assert (pipes.columns, pipes.rows.tolist()) == ({"name": ["b", "c"]}, [1, 2])
    assert pipes.geometries.tolist() == [shapely.Point(107.59, 16.46), None]
    assert (pipes.crs, pipes.crs_origin, pipes.encoding) == ("EPSG:4326", "KML", "Unicode")


def test_extended_data(tmp_path: Path) -> None:
    """Untyped and typed data are columns, under the name that they have; a data field "name" hides no name."""
    (layer,) = load(
        tmp_path,
        "<Placemark><name>T1</name><description><![CDATA[<b>x</b>]]></description><TimeStamp><when>2020-05-06</when>"
        "</TimeStamp><ExtendedData><Data name='Đường kính'><displayName>DK</displayName><value> 110 </value></Data>"
        "<Data name='name'><value>khác</value></Data><SchemaData schemaUrl='#s'><SimpleData name='VatLieu'>HDPE"
        "</SimpleData><SimpleData name='Rong'></SimpleData></SchemaData></ExtendedData></Placemark>",
    ).values()
    assert layer.record(0) == {
        "name": "T1", "description": "<b>x</b>", "when": "2020-05-06", "Đường kính": "110", "name (data)": "khác",
        "VatLieu": "HDPE", "Rong": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "wkt", "altitudes"),
    [
        ("<altitudeMode>absolute</altitudeMode>", "POINT Z (107.59 16.46 3)", None),
        ("<altitudeMode>relativeToGround</altitudeMode>", "POINT (107.59 16.46)", "3"),
        ("<altitudeMode>clampToGround</altitudeMode>", "POINT (107.59 16.46)", "3"),
        ("", "POINT (107.59 16.46)", "3"),
    ],
)
def test_only_absolute_altitudes_are_elevations(tmp_path: Path, mode: str, wkt: str, altitudes: str | None) -> None:
    """Above the ground, or of something that lies on it, a number is no elevation: it is kept beside."""
    body = f"<Placemark><Point>{mode}<coordinates>107.59,16.46,3</coordinates></Point></Placemark>"
    (layer,) = load(tmp_path, body).values()
    assert shapely.to_wkt(layer.geometries[0], rounding_precision=2) == wkt
    assert layer.record(0).get("altitudes") == altitudes


@pytest.mark.parametrize(
    ("body", "wkt"),
    [
        ("<LineString><coordinates>1,2 3,4\n 5,6</coordinates></LineString>", "LINESTRING (1 2, 3 4, 5 6)"),
        ("<LineString><coordinates>1, 2, 0 3, 4, 0</coordinates></LineString>", "LINESTRING (1 2, 3 4)"),
        ("<LinearRing><coordinates>0,0 1,0 1,1 0,0</coordinates></LinearRing>", "LINESTRING (0 0, 1 0, 1 1, 0 0)"),
        (
            (
                "<Polygon><innerBoundaryIs><LinearRing><coordinates>1,1 2,1 2,2 1,1</coordinates></LinearRing>"
                "</innerBoundaryIs><outerBoundaryIs><LinearRing><coordinates>0,0 5,0 5,5</coordinates></LinearRing>"
                "</outerBoundaryIs></Polygon>"
            ),
            "POLYGON ((0 0, 5 0, 5 5, 0 0), (1 1, 2 1, 2 2, 1 1))",
        ),
        (f"<MultiGeometry>{POINT}{POINT}</MultiGeometry>", "MULTIPOINT ((107.59 16.46), (107.59 16.46))"),
        ("<Point><coordinates></coordinates></Point>", None),
        ("<LineString><coordinates>1,2</coordinates></LineString>", None),
        ("<Polygon><outerBoundaryIs/></Polygon>", None),
        (
            (
                "<Polygon><outerBoundaryIs><LinearRing><coordinates>x,0 1,0 1,1 0,0</coordinates></LinearRing>"
                "</outerBoundaryIs></Polygon>"
            ),
            None,
        ),
        ("<Model><Location/></Model>", None),
        ("<Point><coordinates>x,y</coordinates></Point>", "POINT (NaN NaN)"),
        ("<Point><coordinates>107.59</coordinates></Point>", "POINT (107.59 NaN)"),
    ],
)
def test_geometries(tmp_path: Path, body: str, wkt: str | None) -> None:
    """Points, lines, areas and groups of them; nonsense is no geometry or no finite coordinate."""
    assert geometry(tmp_path, body) == wkt


def test_links_are_counted_and_not_followed(tmp_path: Path) -> None:
    """A network link, an overlay or a tour is said in a note."""
    link = "<NetworkLink><Link><href>http://127.0.0.1:9/x.kml</href></Link></NetworkLink>"
    (layer,) = load(tmp_path, f"{link}{link}<GroundOverlay/><Placemark>{POINT}</Placemark>").values()
    assert layer.notes == ("1 GroundOverlay left aside, not followed", "2 NetworkLink left aside, not followed")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (HEAD + "<Placemark>", Fault.TRUNCATED),
        (HEAD + "</Folder>" + TAIL, Fault.UNREADABLE),
        ('<!DOCTYPE kml [<!ENTITY a SYSTEM "file:///etc/passwd">]><kml>&a;</kml>', Fault.UNREADABLE),
        ("<kml>" + "<Folder>" * 100_000, Fault.UNREADABLE),
    ],
)
def test_unsound_xml(tmp_path: Path, text: str, fault: Fault) -> None:
    """Cut, broken, bottomless XML and document types end in a reason."""
    path = tmp_path / "a.kml"
    path.write_text(text)
    assert refusal(path) == fault


def test_kmz_takes_its_main_document(tmp_path: Path) -> None:
    """doc.kml goes before others, which are counted; images in the archive are nothing."""
    body = HEAD + "<name>{}</name><Placemark>" + POINT + "</Placemark>" + TAIL
    path = a_kmz(tmp_path / "a.kmz", files__icon_png="x", other_kml=body.format("sai"), doc_kml=body.format("đúng"))
    (layer,) = read(path).values()
    assert layer.name == "đúng"
    assert layer.notes == ("1 more .kml files in the archive left aside",)


def test_kmz_that_is_none(tmp_path: Path) -> None:
    """An archive without KML, cut short, or with a broken entry."""
    path = a_kmz(tmp_path / "a.kmz", readme_txt="x")
    assert refusal(path) == Fault.UNREADABLE
    whole = a_kmz(path, doc_kml=HEAD + f"<Placemark>{POINT}</Placemark>" * 50 + TAIL).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert refusal(path) == Fault.UNREADABLE
    path.write_bytes(whole[:60] + b"\xff\xff" + whole[62:])
    assert refusal(path) == Fault.UNREADABLE


def test_known_by_content(tmp_path: Path) -> None:
    """The root element tells a KML, the archive's first entry or the name a KMZ."""
    assert is_kml(HEAD.encode(), ".xml")
    assert is_kml(b"<?xml version='1.0'?>\n<!-- <gml> -->\n<kml:kml xmlns:kml='x'>", ".xml")
    assert not is_kml(b"<gml:FeatureCollection xmlns:kml='http://www.opengis.net/kml/2.2'>", ".kml")
    head = a_kmz(tmp_path / "a.kmz", doc_kml="<kml/>").read_bytes()
    assert is_kmz(head, ".zip")
    assert not is_kmz(a_kmz(tmp_path / "b.zip", x_txt="").read_bytes(), ".zip")


def test_tracks_are_lines(tmp_path: Path) -> None:
    """What a receiver recorded along a pipe is its course: it was a record without geometry."""
    track = "<altitudeMode>absolute</altitudeMode><coord>107.5 16.4 3</coord><coord>107.6 16.4 4</coord>"
    assert geometry(tmp_path, f"<Track>{track}</Track>") == "LINESTRING Z (107.5 16.4 3, 107.6 16.4 4)"
    both = f"<MultiTrack><Track>{track}</Track><Track>{track}</Track></MultiTrack>"
    assert (geometry(tmp_path, both) or "").startswith("MULTILINESTRING Z")


def test_links_alone_are_named(tmp_path: Path) -> None:
    """A file that only refers to others says so, and not that it has no features."""
    path = tmp_path / "chi-dan.kml"
    path.write_text(f"{HEAD}<NetworkLink><Link><href>x.kml</href></Link></NetworkLink>{TAIL}")
    with pytest.raises(Rejected, match="nothing but 1 links to other files"):
        read(path)


def test_unused_altitudes_are_said(tmp_path: Path) -> None:
    """Altitudes that count from the ground are no elevations: they stay in the record, and a note says so."""
    line = (
        "<LineString><altitudeMode>relativeToGround</altitudeMode><coordinates>1,2,-1 3,4,-1</coordinates></LineString>"
    )
    (layer,) = load(tmp_path, f"<Placemark>{line}</Placemark>").values()
    assert layer.columns["altitudes"] == ["-1 -1"]
    assert layer.notes[0].startswith("1 placemarks have altitudes from the ground up")
