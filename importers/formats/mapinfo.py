"""MapInfo TAB and MIF/MID. Text keeps its bytes, and labels that were drawn are no things.

Source: MapInfo Interchange File specification 4.5; datum 9999 carries its own shift to WGS 84.
"""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from importers.faults import Fault, Rejected
from importers.fields import parse_number
from importers.formats.gdal import (
    SEND_AGAIN,
    Source,
    declared_prj,
    private_copy,
    read_layers,
    read_styles,
    refuse_redirection,
    stem,
)
from layers.crs import VN2000_TM3, parse_crs
from layers.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importers.source import Dataset, SourceLayer

_CHARSET = re.compile(rb'(!charset[ \t]+|charset[ \t]+")([\w-]+)', re.IGNORECASE)
_KIND = re.compile(rb"^\s*Type\s+\"?(\w+)", re.IGNORECASE | re.MULTILINE)
_SEAMLESS = re.compile(rb'IsSeamless"\s*=\s*"TRUE', re.IGNORECASE)
_AFFINE = re.compile(rb"^[ \t]*CoordSys\b[^\r\n]*(?:[\r\n]+[ \t]+[^\r\n]*)*?\bAffine\b", re.IGNORECASE | re.MULTILINE)
_TABLES = ("NATIVE", "LINKED")
# Names of MapInfo for what the text decoder knows by others; "Neutral" says nothing.
_ENCODINGS = {
    "windowsvietnamese": "Windows-1258", "windowslatin1": "Windows-1252", "utf-8": "UTF-8",
    "windowslatin2": "Windows-1250", "windowscyrillic": "Windows-1251", "windowssimpchinese": "GBK",
    "windowstradchinese": "Big5", "windowsjapanese": "Shift-JIS", "windowskorean": "EUC-KR", "windowsthai": "CP874",
}  # fmt: skip
_OWN_DATUM = re.compile(r'DATUM\["MIF 9999,\d+,([-\d.,eE ]+)"')
# VN-2000 to WGS 84 by QĐ 05/2007 (EPSG:6960): shifts in metres, rotations in seconds, ppm.
_VN2000 = np.array([191.90441429, 39.30318279, 111.45032835, 0.00928836, 0.01975479, 0.00427372, 0.252906278])
_ZONES = (*VN2000_TM3, 5896, 5897, 5898, 5899, 3405, 3406)


def is_tab(head: bytes, _: str) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \r\n\t")[:6].lower() == b"!table"


def is_mif(head: bytes, suffix: str) -> bool:
    return suffix == ".mif" and re.match(rb"\s*version\s+\d+", head, re.IGNORECASE) is not None


def read_tab(dataset: Dataset) -> Iterator[SourceLayer]:
    """The one layer of a table.

    Raises: Rejected where .dat, .map or .id is missing or cut short, and for views, rasters and seamless tables.
    """
    content = dataset.path.read_bytes()
    kind = _KIND.search(content)
    what = kind[1].decode("ascii", "replace").upper() if kind else "a view"
    if _SEAMLESS.search(content):
        what = "a seamless table"
    if what not in _TABLES:
        remedy = "deliver the tables that it refers to"
        raise Rejected(Fault.UNKNOWN_FORMAT, f"{dataset.name} is {what}, which holds no data", remedy)
    _check_rows(dataset)
    yield from _read(dataset, content, ".tab", (".dat", ".map", ".id"))


def _check_rows(dataset: Dataset) -> None:
    """Raises: Rejected where the .dat has fewer rows than its header says: GDAL would look for each of them."""
    dat = dataset.sidecar(".dat")
    if dat is None:
        return
    with dat.open("rb") as stream:
        header = stream.read(12).ljust(12, b"\0")
    rows, start, width = struct.unpack("<IHH", header[4:])
    stated, actual = max(32, start + rows * width), dat.stat().st_size
    if actual < stated:
        raise Rejected(Fault.TRUNCATED, f"{stem(dataset)}.dat: {actual} of {stated} bytes are there", SEND_AGAIN)


def read_mif(dataset: Dataset) -> Iterator[SourceLayer]:
    """The one layer of a MIF with its MID.

    Raises: Rejected where the .mid is missing or the two do not agree, and for a system that is shifted or turned by
    an Affine clause: GDAL reads past it.
    """
    content = dataset.path.read_bytes()
    if _AFFINE.search(content.partition(b"\nData")[0]):
        said = f"{dataset.name}: its CoordSys is shifted, turned or scaled by an Affine clause, which is not applied"
        raise Rejected(Fault.CRS_UNUSABLE, said, "save it in MapInfo in a plain coordinate system")
    yield from _read(dataset, content, ".mif", (".mid",))


def _read(dataset: Dataset, content: bytes, suffix: str, needed: tuple[str, ...]) -> Iterator[SourceLayer]:
    refuse_redirection(content, dataset.name)
    for part in needed:
        if dataset.sidecar(part) is None:
            name = f"{stem(dataset)}{part}"
            remedy = f"ask the department for {name}"
            raise Rejected(Fault.SIDECAR_MISSING, f"{dataset.name}: {name} is missing", remedy)
    charset = _CHARSET.search(content)
    with private_copy(dataset, suffix, *needed) as path:
        # GDAL loses the last letter when it decodes Windows-1258: the copy says that nothing is to be decoded.
        path.write_bytes(_CHARSET.sub(rb"\1Neutral", content))
        source = Source(path, "MapInfo File", dataset.name, encoding="ISO-8859-1")
        for layer in read_layers(source):
            _check_objects(dataset, len(layer))
            crs, origin = _declared(dataset, layer)
            kept = _without_labels(source, layer)
            encoding = _ENCODINGS.get(charset[2].decode("ascii").lower()) if charset else None
            yield replace(kept, name=stem(dataset), crs=crs, crs_origin=origin, encoding=encoding)


def _check_objects(dataset: Dataset, objects: int) -> None:
    """Raises: Rejected where a .mid has rows left over: GDAL ends without a word where the .mif does."""
    mid = dataset.sidecar(".mid")
    if mid is None:
        return
    rows = sum(bool(line.strip()) for line in mid.read_bytes().splitlines())
    if objects < rows:
        message = f"{dataset.name} has {objects} objects for the {rows} rows of {stem(dataset)}.mid"
        raise Rejected(Fault.TRUNCATED, message, SEND_AGAIN)


def _declared(dataset: Dataset, layer: SourceLayer) -> tuple[str | None, str]:
    if layer.crs is None or layer.crs.startswith(("LOCAL_CS", "ENGCRS")):
        return declared_prj(dataset)
    return _vn2000_zone(layer.crs) or layer.crs, "CoordSys"


def _vn2000_zone(wkt: str) -> str | None:
    """Code of the VN-2000 zone that a system with the official shift as its own datum is, or None.

    The rotations are met with either sign: both conventions mean the same datum.
    """
    datum = _OWN_DATUM.search(wkt)
    shift = [parse_number(number) or 0.0 for number in datum[1].split(",")[:7]] if datum else []
    if len(shift) < 7 or not np.allclose(np.abs(shift), _VN2000, rtol=1e-4, atol=1e-6) or max(shift[:3]) > 0:
        return None
    try:
        parameters = parse_crs(wkt).parameters
    except Invalid:
        return None
    codes = [f"EPSG:{zone}" for zone in _ZONES]
    return next((code for code in codes if _equal(parse_crs(code).parameters, parameters)), None)


def _equal(known: dict[str, float], stated: dict[str, float]) -> bool:
    return all(abs(stated.get(name, np.inf) - value) <= 1e-6 for name, value in known.items())


def _without_labels(source: Source, layer: SourceLayer) -> SourceLayer:
    """The layer without its text objects, which stand beside the things that they name."""
    labels = np.array([style.startswith("LABEL(") for style in read_styles(source)], dtype=bool)
    if not labels.any():
        return layer
    kept = layer.take(np.flatnonzero(~labels))
    return replace(kept, notes=(*kept.notes, f"{labels.sum()} text objects left aside"))
