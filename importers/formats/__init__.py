"""The formats that can be read: one module a family, one line a format. A format is known by content, not by name."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from importers.faults import Fault, Rejected
from importers.formats import (
    citygml,
    cityjson,
    dbase,
    dgn,
    epanet,
    filegdb,
    flatgeobuf,
    geojson,
    geopackage,
    gml,
    ifc,
    imkl,
    isybau,
    kml,
    landxml,
    mapinfo,
    osm,
    plateau,
    raster,
    shapefile,
    signatures,
    spreadsheet,
    swmm,
    table,
    utility_ade,
)
from importers.source import COMPANIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importers.source import AnyLayer, Dataset, SourceLayer

_HEAD_BYTES = 4096
_EXPORT = "export it as GeoPackage, Shapefile, GeoJSON, DXF, CSV or GeoTIFF"


@dataclass(frozen=True, slots=True)
class Format:
    """`matches` sees the first 4096 bytes and the lower-case suffix; `read` yields the layers, or None for rasters.

    A reader that needs a large library stands in `on_demand`, and what tells its files in `signatures`.
    """

    name: str
    matches: Callable[[bytes, str], bool]
    read: Callable[[Dataset], Iterator[SourceLayer] | Iterator[AnyLayer]] | None


def on_demand(module: str, name: str) -> Callable[[Dataset], Iterator[SourceLayer]]:
    """The reader of a module that is loaded with the first file of its kind: most imports have no drawing or mesh."""

    def read(dataset: Dataset) -> Iterator[SourceLayer]:
        reader: Callable[[Dataset], Iterator[SourceLayer]] = getattr(import_module(module), name)
        return reader(dataset)

    return read


_CAD, _MESH = "importers.formats.cad", "importers.formats.mesh"

# Refused by content, with what to export instead.
_REFUSED: tuple[tuple[bytes, str, str], ...] = (
    (b"AC10", "an AutoCAD drawing (DWG)", "save it as DXF (R12 to R2018) and deliver that"),
    (b"\0\1\0\0Standard Jet DB", "an Access database (MDB)", "export its layers as GeoPackage or FileGDB"),
    (b"\0\1\0\0Standard ACE DB", "an Access database (ACCDB)", "export its layers as GeoPackage or FileGDB"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it beside the other files"),
)


# A folder, and known by that.
FILEGDB = Format("FileGDB", lambda *_: False, filegdb.read_filegdb)

# The first that matches reads the file, so what is told by more stands before what is told by less.
FORMATS: tuple[Format, ...] = (
    Format("GeoTIFF", raster.is_geotiff, None),
    Format("ESRI ASCII grid", raster.is_ascii_grid, None),
    Format("Shapefile", shapefile.is_shapefile, shapefile.read_shapefile),
    Format("GeoPackage", geopackage.is_geopackage, geopackage.read_geopackage),
    Format("FlatGeobuf", flatgeobuf.is_flatgeobuf, flatgeobuf.read_flatgeobuf),
    FILEGDB,
    Format("FileGDB (ZIP)", filegdb.is_zipped_filegdb, filegdb.read_zipped_filegdb),
    Format("XLSX", spreadsheet.is_xlsx, spreadsheet.read_xlsx),
    Format("ODS", spreadsheet.is_ods, spreadsheet.read_ods),
    Format("KMZ", kml.is_kmz, kml.read_kmz),
    Format("glTF", signatures.is_gltf, on_demand(_MESH, "read_gltf")),
    Format("CityJSON", cityjson.is_cityjson, cityjson.read_cityjson),
    Format("GeoJSON sequence", geojson.is_geojson_sequence, geojson.read_geojson_sequence),
    Format("JSON-FG", geojson.is_jsonfg, geojson.read_geojson),
    Format("GeoJSON", geojson.is_geojson, geojson.read_geojson),
    Format("DXF", signatures.is_dxf, on_demand(_CAD, "read_dxf")),
    Format("DGN v7", dgn.is_dgn, dgn.read_dgn),
    Format("MapInfo TAB", mapinfo.is_tab, mapinfo.read_tab),
    Format("MapInfo MIF", mapinfo.is_mif, mapinfo.read_mif),
    Format("OSM PBF", osm.is_osm_pbf, osm.read_osm),
    Format("OSM XML", osm.is_osm_xml, osm.read_osm),
    Format("LandXML", landxml.is_landxml, landxml.read_landxml),
    Format("ISYBAU-XML", isybau.is_isybau, isybau.read_isybau),
    Format("IMKL", imkl.is_imkl, imkl.read_imkl),
    Format("PLATEAU utilities", plateau.is_plateau_utility, plateau.read_plateau),
    Format("CityGML Utility Network ADE", utility_ade.is_utility_ade, utility_ade.read_utility_ade),
    Format("CityGML", citygml.is_citygml, citygml.read_citygml),
    Format("KML", kml.is_kml, kml.read_kml),
    Format("GML", gml.is_gml, gml.read_gml),
    Format("SWMM", swmm.is_swmm, swmm.read_swmm),
    Format("EPANET", epanet.is_epanet, epanet.read_epanet),
    Format("IFC", ifc.is_ifc, ifc.read_ifc),
    Format("OBJ", signatures.is_obj, on_demand(_MESH, "read_obj")),
    Format("PLY", signatures.is_ply, on_demand(_MESH, "read_ply")),
    Format("XYZ", raster.is_xyz, None),
    Format("dBASE table", dbase.is_dbase, dbase.read_dbase),
    Format("CSV", table.is_csv, table.read_csv),
    # Read to the point where it can be said what it is and what to deliver instead.
    Format("compound document", spreadsheet.is_compound, spreadsheet.refuse_compound),
)


def recognise(dataset: Dataset) -> Format:
    """Format of a dataset by its content. Raises: Rejected for empty, refused and unknown files."""
    if dataset.path.is_dir():
        return FILEGDB
    with dataset.path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head:
        raise Rejected(Fault.EMPTY_FILE, f"{dataset.name} holds 0 bytes", "ask the department to deliver it again")
    suffix = dataset.path.suffix.lower()
    for candidate in FORMATS:
        if candidate.matches(head, suffix):
            return candidate
    for magic, what, remedy in _REFUSED:
        if head.startswith(magic):
            raise Rejected(Fault.UNKNOWN_FORMAT, f"{dataset.name} is {what}, which is not read", remedy)
    if suffix in COMPANIONS:
        missing = f"the file of the same name that {suffix} goes with"
        raise Rejected(
            Fault.SIDECAR_MISSING, f"{dataset.name}: {missing} is missing", f"ask the department for {missing}"
        )
    raise Rejected(Fault.UNKNOWN_FORMAT, f"{dataset.name} is in none of the formats that are read", _EXPORT)
