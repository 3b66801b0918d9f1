"""What the formats of delivered files can hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Traits:
    """What a format can hold.

    decimals: of metres and of degrees in its files; None where a number keeps all its digits.
    has_z: whether vertices can have an elevation.
    plain_names: whether layers are called in letters that any database takes; else a file is its own layer.
    short_names: whether names of columns end after ten letters.
    columns: whether a department chooses the names of columns; else the format has words of its own.
    needs: a Python module without which the city reads no such file.
    """

    decimals: tuple[int | None, int | None] = (None, None)
    has_z: bool = True
    plain_names: bool = False
    short_names: bool = False
    columns: bool = True
    needs: str = ""


_TEXT = Traits(decimals=(4, 10))
TRAITS: dict[str, Traits] = {
    "shp": Traits(short_names=True),
    "gpkg": Traits(plain_names=True),
    "gdb": Traits(decimals=(4, 9), plain_names=True),
    "fgb": Traits(),
    "geojson": _TEXT,
    "geojsonl": Traits(decimals=(7, 7)),
    "jsonfg": Traits(decimals=(4, 7)),
    "kml": Traits(decimals=(4, 10), has_z=False),
    "kmz": Traits(decimals=(4, 10), has_z=False),
    "gml": Traits(decimals=(4, 10), plain_names=True),
    "tab": Traits(has_z=False),
    "mif": Traits(decimals=(4, 10), has_z=False),
    "csv": _TEXT,
    "tsv": _TEXT,
    "xlsx": _TEXT,
    "ods": _TEXT,
    "dxf": Traits(),
    "dgn": Traits(decimals=(3, None), columns=False),
    "osm": Traits(decimals=(None, 7), columns=False),
    "osmpbf": Traits(decimals=(None, 7), columns=False),
    "landxml": Traits(decimals=(4, None), columns=False),
    "swmm": Traits(decimals=(3, None), columns=False),
    "epanet": Traits(decimals=(3, None), columns=False),
    "isybau": Traits(decimals=(3, None), columns=False),
    "imkl": Traits(decimals=(4, None), columns=False),
    "plateau": Traits(decimals=(None, 10), columns=False),
    "ade": Traits(decimals=(4, None), columns=False),
    "cityjson": Traits(decimals=(3, None), columns=False),
    "cityjsonseq": Traits(decimals=(3, None), columns=False),
    "citygml": Traits(decimals=(4, 10), columns=False),
    "citygml2": Traits(decimals=(4, 10), columns=False),
    "obj": Traits(decimals=(4, None), columns=False),
    "glb": Traits(columns=False),
    "ply": Traits(decimals=(4, None), columns=False),
    "ifc": Traits(decimals=(4, None), columns=False, needs="ifcopenshell"),
}
