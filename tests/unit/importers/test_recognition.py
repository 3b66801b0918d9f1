"""What a layer is, by its names, its fields and their values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.recognition import recognise
from importers.source import Dataset, SourceLayer

if TYPE_CHECKING:
    from importers.recognition import Target

type Columns = dict[str, list[Any]]

POINT, LINE, AREA = shapely.Point(1, 2), shapely.LineString([(0, 0), (1, 1)]), shapely.box(0, 0, 1, 1)


def a_target(
    name: str,
    shape: shapely.Geometry,
    columns: dict[str, list[Any]] | None = None,
    *,
    file: str = "x.gpkg",
    **more: Any,
) -> Target:
    """Where a layer of a delivery goes; `file` is its path below the folder."""
    columns = columns or {}
    count = max([1, *map(len, columns.values())])
    layer = SourceLayer(name, np.array([shape] * count), columns, np.arange(1, count + 1), **more)
    dataset = Dataset(Path("/giao-nop") / file, Path("/giao-nop"), ())
    return recognise(layer, dataset, None)


def test_layers_of_a_drawing_say_themselves_what_they_are() -> None:
    """In a drawing of a water company lie parcels and roads too: the folder says nothing of a layer."""
    assert a_target("CAP_NUOC", LINE, file="x.dwg.dxf", drawing=True).table == "utility_lines"
    with pytest.raises(Rejected) as refused:
        a_target("level 7", LINE, file="cấp nước/x.dgn", drawing=True)
    assert refused.value.finding.fault is Fault.LAYER_UNKNOWN
    assert a_target("level 7", LINE, file="cấp nước/x.dat").discipline == "water"


@pytest.mark.parametrize(
    ("name", "file", "what"),
    [
        ("CadastralZoning", "zoning.gml", "group parcels"),
        ("x", "hien-trang-su-dung-dat.gpkg", "land use"),
        ("land use", "523836_luse_6668_op.gml", "land use"),
        ("tessellation", "bubenec.gpkg", "analysis"),
    ],
)
def test_what_only_resembles_something_is_refused(name: str, file: str, what: str) -> None:
    """A map of land use in the folder of the parcels is no map of parcels, and the person is told what to ask for."""
    with pytest.raises(Rejected, match=what) as refused:
        a_target(name, AREA, {"landuse": ["ODT"]}, file=f"thửa đất/{file}")
    assert refused.value.finding.fault is Fault.LAYER_UNKNOWN
    assert "--layer" in refused.value.finding.remedy


def test_layer_that_names_itself_is_not_refused_for_its_file() -> None:
    """Parcels in the file of the land use are parcels."""
    assert a_target("thua_dat", AREA, file="su-dung-dat.gpkg").table == "parcels"


def test_discipline_by_the_values_of_a_field() -> None:
    """Manholes whose only word for their network is what they are for (Rotterdam's PUTFUNCT_2)."""
    kinds = {"PUTFUNCT_2": ["Knooppunt Riolering", "Fictief punt"], "MAAIVELD": [1.0, 2.0]}
    target = a_target("manholes", POINT, kinds)
    assert (target.table, target.discipline) == ("utility_nodes", "wastewater")
    assert "in the values of 'PUTFUNCT_2'" in target.reason
    mixed = {"PUTFUNCT_2": ["Knooppunt Riolering", "van cấp nước"], "MAAIVELD": [1.0, 2.0]}
    assert a_target("manholes", POINT, mixed).discipline is None


def test_kinds_tell_nodes_where_no_name_does() -> None:
    """Montpelier's points: only what their fields hold says that they are manholes."""
    told = {"Type": ["Sanitary Manhole", "CB tied to Sanitary Sewer"], "System_Type": ["Wastewater", "Combined"]}
    target = a_target("Montpelier_points", POINT, told)
    assert (target.table, target.discipline) == ("utility_nodes", None)
    assert target.reason == "utility_nodes, discipline by the field 'System_Type'"


def test_names_that_any_table_has_tell_nothing() -> None:
    """Shops with a name, a type and a year are no manholes."""
    shops = {"name": ["Chợ Đông Ba"], "type": ["chợ"], "year": [1899]}
    with pytest.raises(Rejected) as refused:
        a_target("diem", POINT, shops)
    assert refused.value.finding.fault is Fault.LAYER_UNKNOWN


def test_utilities_of_a_cadastral_drawing_are_seen() -> None:
    """Levels 55 to 59 say only that something is laid there: lines of an unknown discipline, not nothing."""
    target = a_target("level 57 hạ tầng kỹ thuật", LINE, file="tờ 12.dgn", drawing=True)
    assert (target.table, target.discipline) == ("utility_lines", None)


@pytest.mark.parametrize(
    ("name", "file", "kind"),
    [("Sheet1", "hố ga thoát nước.xlsx", "manhole"), ("ho_ga", "x.gpkg", "manhole"),
     ("tru-chieu-sang", "x.gpkg", "pole"), ("van_cap_nuoc", "ho-ga.gpkg", "valve"),
     ("nut_mang", "du-an-dau-tu.gpkg", "other"), ("node", "an-van.gpkg", "other")],
)  # fmt: skip
def test_kind_of_nodes_by_the_names(name: str, file: str, kind: str) -> None:
    """Manholes without a column that says so are manholes by the name of their sheet, layer or file, not "other"."""
    target = a_target(name, POINT, {"maso": ["H1"]}, file=f"thoát nước/{file}")
    assert (target.table, target.kind) == ("utility_nodes", kind)
