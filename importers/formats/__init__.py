"""The formats that can be read: one module a family, one line a format. A format is known by content, not by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importers.faults import Fault, Rejected
from importers.formats import (
    cad,
    epanet,
    imkl,
    isybau,
    landxml,
    plateau,
    raster,
    swmm,
    table,
    utility_ade,
    vector,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importers.source import Dataset, SourceLayer

_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Format:
    """`matches` sees the first 4096 bytes and the lower-case suffix; `read` yields the layers, or None for rasters."""

    name: str
    matches: Callable[[bytes, str], bool]
    read: Callable[[Dataset], Iterator[SourceLayer]] | None


# Refused by content, with what to export instead.
_REFUSED: tuple[tuple[bytes, str, str], ...] = (
    (b"AC10", "an AutoCAD drawing (DWG)", "save it as DXF (R12 to R2018) and deliver that"),
    (b"\xd0\xcf\x11\xe0", "a compound document (DGN v8, XLS or MDB)", "export DGN v7, XLSX, CSV or GeoPackage"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it beside the other files"),
)


FORMATS: tuple[Format, ...] = (
    Format("GeoTIFF", raster.is_geotiff, None),
    Format("ESRI ASCII grid", raster.is_ascii_grid, None),
    Format("Shapefile", lambda head, _: head[:4] == b"\0\0\x27\x0a", vector.read_shapefile),
    Format("GeoPackage", lambda head, _: head[:16] == b"SQLite format 3\0", vector.read_geopackage),
    Format("GeoJSON", lambda head, _: head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"["), vector.read_geojson),
    Format("DXF", cad.is_dxf, cad.read_dxf),
    Format("LandXML", landxml.is_landxml, landxml.read_landxml),
    Format("ISYBAU-XML", isybau.is_isybau, isybau.read_isybau),
    Format("IMKL", imkl.is_imkl, imkl.read_imkl),
    Format("PLATEAU utilities", plateau.is_plateau_utility, plateau.read_plateau),
    Format("CityGML Utility Network ADE", utility_ade.is_utility_ade, utility_ade.read_utility_ade),
    Format("SWMM", swmm.is_swmm, swmm.read_swmm),
    Format("EPANET", epanet.is_epanet, epanet.read_epanet),
    Format("XYZ", raster.is_xyz, None),
    Format("CSV", lambda head, suffix: suffix in (".csv", ".tsv") and b"\0" not in head, table.read_csv),
)


def recognise(dataset: Dataset) -> Format:
    """Format of a dataset by its content. Raises: Rejected for empty, refused and unknown files."""
    with dataset.path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head:
        raise Rejected(Fault.EMPTY_FILE, f"{dataset.name} holds 0 bytes", "ask the department to deliver it again")
    for magic, what, remedy in _REFUSED:
        if head.startswith(magic):
            raise Rejected(Fault.UNKNOWN_FORMAT, f"{dataset.name} is {what}, which is not read", remedy)
    suffix = dataset.path.suffix.lower()
    for candidate in FORMATS:
        if candidate.matches(head, suffix):
            return candidate
    known = ", ".join(f.name for f in FORMATS)
    raise Rejected(
        Fault.UNKNOWN_FORMAT, f"{dataset.name} is in none of the formats that are read", f"export it as one of {known}"
    )
