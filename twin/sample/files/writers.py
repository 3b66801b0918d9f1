"""Delivered files by their format, with coordinates and text exactly as given, the same bytes every time."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from layers.crs import WGS84
from twin.sample.delivery.series import slug
from twin.sample.files.cities.citygml import write_citygml
from twin.sample.files.cities.cityjson import write_cityjson, write_cityjson_lines
from twin.sample.files.cities.ifc import write_ifc
from twin.sample.files.cities.meshes import write_glb, write_obj, write_ply
from twin.sample.files.columns import columns
from twin.sample.files.dgn import write_dgn
from twin.sample.files.drawings import write_drawing
from twin.sample.files.models.imkl import write_imkl
from twin.sample.files.models.inp import write_epanet, write_swmm
from twin.sample.files.models.isybau import write_isybau
from twin.sample.files.models.landxml import write_landxml
from twin.sample.files.models.plateau import write_plateau
from twin.sample.files.models.utility_ade import write_utility_ade
from twin.sample.files.osm import write_osm, write_osm_pbf
from twin.sample.files.packing import write_archive
from twin.sample.files.projecting import label, project_rows
from twin.sample.files.tables import write_table
from twin.sample.files.vectors import (
    forget_heights,
    write_flatgeobuf,
    write_geodatabase,
    write_geojson_lines,
    write_geopackage,
    write_gml,
    write_jsonfg,
    write_kml,
    write_kmz,
    write_mapinfo,
    write_shapefile,
)
from twin.sample.files.workbooks import write_ods, write_xlsx

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset

    # What is written besides the given order of rows is returned.
    Writer = Callable[[Path, Dataset, list[NDArray[np.object_]]], Dataset | None]


def write_dataset(file: Dataset, folder: Path) -> Dataset:
    """One delivered file and its sidecars, spoilt where it is meant to be, and packed where it comes in an archive.

    Returns the file as it can be found: its rows in the order in which they stand, its path with that of the archive.
    """
    if not file.packed:
        (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        return _write(folder / file.path, file)
    place, _, name = file.path.rpartition("/")
    with tempfile.TemporaryDirectory() as scratch:
        written = _write(Path(scratch) / name, file)
        members = {part.name: part.read_bytes() for part in sorted(Path(scratch).iterdir())}
    archive = f"{place}/{slug(file.stem)}.{'tar.gz' if file.packed == 'tar.gz' else 'zip'}"
    (folder / place).mkdir(parents=True, exist_ok=True)
    way = write_archive(folder / archive, members, file.packed)
    return replace(written, path=f"{archive}/{way}{name}")


def _write(path: Path, file: Dataset) -> Dataset:
    spoil = "" if file.spoil is None else file.spoil.kind
    shapes = [project_rows(layer.rows, file.form, spoil) for layer in file.layers]
    written = _WRITERS[file.form.format](path, file, shapes) or file
    if spoil == "truncated-file":
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) * 6 // 10])
    elif spoil == "header-absurd":
        forget_heights(path)
    elif spoil in _LOST:
        path.with_suffix(_LOST[spoil]).unlink()
    return written


def _write_geojson(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """RFC 7946 in degrees; in metres with the `crs` member of 2008, as many programs still write it."""
    (layer,), form = file.layers, file.form
    fields = columns(layer)
    features = [
        {
            "type": "Feature",
            "properties": {name: values[i] for name, values in fields.items()},
            "geometry": None if shape is None else shapely.geometry.mapping(shape),
        }
        for i, shape in enumerate(shapes[0])
    ]
    collection: dict[str, Any] = {"type": "FeatureCollection", "name": layer.name}
    if form.crs != WGS84:
        urn = "urn:ogc:def:crs:" + label(form).replace(":", "::")
        collection["crs"] = {"type": "name", "properties": {"name": urn}}
    text = json.dumps(collection | {"features": features}, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


# The companion that a file comes without.
_LOST = {"dbf-missing": ".dbf", "shx-missing": ".shx"}
_WRITERS: dict[str, Writer] = {
    "shp": write_shapefile,
    "gpkg": write_geopackage,
    "gdb": write_geodatabase,
    "fgb": write_flatgeobuf,
    "geojson": _write_geojson,
    "geojsonl": write_geojson_lines,
    "jsonfg": write_jsonfg,
    "kml": write_kml,
    "kmz": write_kmz,
    "gml": write_gml,
    "tab": write_mapinfo,
    "mif": write_mapinfo,
    "csv": write_table,
    "tsv": write_table,
    "xlsx": write_xlsx,
    "ods": write_ods,
    "dxf": write_drawing,
    "dgn": write_dgn,
    "osm": write_osm,
    "osmpbf": write_osm_pbf,
    "landxml": write_landxml,
    "swmm": write_swmm,
    "epanet": write_epanet,
    "isybau": write_isybau,
    "imkl": write_imkl,
    "plateau": write_plateau,
    "ade": write_utility_ade,
    "cityjson": write_cityjson,
    "cityjsonseq": write_cityjson_lines,
    "citygml": write_citygml,
    "citygml2": write_citygml,
    "obj": write_obj,
    "glb": write_glb,
    "ply": write_ply,
    "ifc": write_ifc,
}
