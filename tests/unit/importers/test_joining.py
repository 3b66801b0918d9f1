"""Lines that name their nodes: drawn exactly between them, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pytest
import shapely

from importers.joining import Manholes, draw_lines, find_ends, index_nodes, is_schematic
from importers.source import SourceLayer

if TYPE_CHECKING:
    from pathlib import Path


def manholes(places: dict[str, tuple[float, float]], **options: Any) -> SourceLayer:
    shapes = np.array([shapely.Point(x, y, 9.0) for x, y in places.values()], dtype=object)
    columns = {options.pop("column", "MaHoGa"): list(places)}
    name = options.pop("name", "Hố ga")
    return SourceLayer(name, shapes, columns, np.arange(1, len(places) + 1), **{"crs": "EPSG:9214", **options})


def conduits(*pairs: tuple[str | None, str | None]) -> SourceLayer:
    columns = {"MaTuyen": [f"T{k}" for k in range(len(pairs))], "Từ hố ga": [p[0] for p in pairs]}
    columns["Đến hố ga"] = [p[1] for p in pairs]
    empty = np.full(len(pairs), None, dtype=object)
    return SourceLayer("Tuyến cống", empty, columns, np.arange(1, len(pairs) + 1), notes=("as read",))


def drawn(layer: SourceLayer) -> list[Any]:
    return [None if g is None else shapely.get_coordinates(g).tolist() for g in layer.geometries]


@pytest.mark.parametrize(
    ("names", "ends"),
    [
        (["Ma", "Từ", "Đến"], ("Từ", "Đến")),
        (["FROM_NODE", "TO_NODE"], ("FROM_NODE", "TO_NODE")),
        (["BEGINPUT", "EINDPUT"], ("BEGINPUT", "EINDPUT")),
        (["Hố ga đầu", "Hố ga cuối"], ("Hố ga đầu", "Hố ga cuối")),
        (["Từ", "Ma"], None),
        (["SoTo", "Đèn"], None),
    ],
)
def test_columns_of_ends_are_known(names: list[str], ends: tuple[str, str] | None) -> None:
    """Both ends must have their column."""
    assert find_ends(names) == ends


def test_lines_run_from_node_to_node() -> None:
    """Codes agree whatever their case and blanks; lines have no height, and the system of the nodes."""
    nodes = index_nodes([manholes({"HG1": (0, 0), "HG 2": (3, 4)}, surveyor_axes=True, crs_origin=".prj")])
    layer = conduits(("hg1", "HG2"), (" HG2", "HG1"))
    assert is_schematic(layer)
    joined = draw_lines(layer, nodes)
    assert drawn(joined) == [[[0, 0], [3, 4]], [[3, 4], [0, 0]]]
    assert not shapely.has_z(joined.geometries).any()
    assert (joined.crs, joined.crs_origin, joined.surveyor_axes) == ("EPSG:9214", ".prj of the nodes", True)
    assert joined.columns == layer.columns
    assert joined.notes == ("as read", "2 of 2 lines drawn straight between the nodes of Hố ga")
    assert not is_schematic(joined)


def test_what_is_not_sure_is_not_drawn() -> None:
    """Unknown, blank, equal and ambiguous ends give no line, and the codes are named."""
    first = manholes({"HG1": (0, 0), "HG2": (3, 4), "HG3": (9, 9)})
    second = manholes({"HG2": (3.0004, 4), "HG3": (5, 5)}, name="Hố ga 2")
    pairs = [("HG1", "HG2"), ("HG1", "HG3"), ("HG1", "HG7"), ("HG1", None), ("HG1", "HG1")]
    joined = draw_lines(conduits(*pairs), index_nodes([first, second]))
    assert drawn(joined) == [[[0, 0], [3, 4]], None, None, None, None]
    assert joined.notes[1:] == (
        "1 of 5 lines drawn straight between the nodes of Hố ga",
        "1 nodes are in no table: HG7",
        "1 nodes stand at several places: HG3",
    )


def test_two_systems_are_not_mixed() -> None:
    """A line between nodes of different reference systems would be kilometres off."""
    nodes = index_nodes(
        [manholes({"HG1": (0, 0), "HG2": (1, 0)}), manholes({"HG3": (2, 0), "HG1": (0, 0)}, crs="EPSG:9215")]
    )
    joined = draw_lines(conduits(("HG2", "HG2"), ("HG2", "HG3"), ("HG1", "HG2")), nodes)
    assert drawn(joined) == [None, None, None]
    assert nodes.ambiguous == {"hg1"}


def test_nothing_joins_without_nodes() -> None:
    """Without tables of nodes the lines stay as they are, and say so."""
    joined = draw_lines(conduits(("HG1", "HG2")), index_nodes([]))
    assert (drawn(joined), joined.crs) == ([None], None)
    assert joined.notes[1] == "0 of 1 lines drawn straight between the nodes of no table"


def test_lines_and_placeless_points_are_no_nodes() -> None:
    """Only points with numbers for coordinates hold a line's end."""
    with np.errstate(invalid="ignore"):
        broken = np.array([shapely.Point(np.nan, 1), shapely.Point(), None, shapely.LineString([(0, 0), (1, 1)])])
    layer = SourceLayer("Hố ga", broken, {"MaHoGa": ["A", "B", "C", "D"]}, np.arange(1, 5))
    assert index_nodes([layer]).by_code == {}
    assert index_nodes([manholes({"A": (0, 0)}, column="GhiChu")]).by_code == {}


@pytest.mark.shared_data
def test_real_sewers_join_to_their_true_ends(shared: Path) -> None:
    """All 246 sewers of Hoogvliet end where their own geometry ends, some of it drawn backwards."""
    layers = {}
    for name in ("manholes", "sewer_lines"):
        path = shared / "underground" / "rotterdam" / f"{name}.shp"
        meta, _, wkb, values = pyogrio.raw.read(path)
        columns = {str(f): [str(v) for v in column] for f, column in zip(meta["fields"], values, strict=True)}
        shapes = shapely.force_2d(shapely.from_wkb(wkb))
        layers[name] = SourceLayer(name, shapes, columns, np.arange(1, len(shapes) + 1), crs=meta["crs"])
    sewers = layers["sewer_lines"]
    schematic = SourceLayer("sewers", np.full(len(sewers), None, dtype=object), sewers.columns, sewers.rows)
    joined = draw_lines(schematic, index_nodes([layers["manholes"]]))
    true = np.array([np.array(g.coords)[[0, -1]] for g in sewers.geometries])
    found = np.array([np.array(g.coords) for g in joined.geometries])
    apart = np.minimum(*(np.abs(found - ends).max(axis=(1, 2)) for ends in (true, true[:, ::-1])))
    assert (len(apart), int((apart < 0.001).sum())) == (246, 246)


def test_codes_mean_the_nearest_manholes_of_their_own_network() -> None:
    """Each district numbers from 1, and a sewer never runs between the chambers of a telephone company."""
    places = (
        ("1", 0.0, 0.0, "/in/q1/hoga.csv", "other"),
        ("1", 50.0, 0.0, "/in/q2/hoga.csv", "other"),
        ("2", 9.0, 0.0, "/in/q1/hoga.csv", "storm"),
        ("2", 0.0, 99.0, "/in/vien-thong/be.csv", "telecom"),
        ("3", 7.0, 7.0, "/in/vien-thong/be.csv", "telecom"),
    )
    manholes_of_all = Manholes(places, "EPSG:9214")

    def found(location: str, discipline: str | None) -> dict[str, tuple[float, float]]:
        nodes = manholes_of_all.near(location, discipline)
        return {code: (node.x, node.y) for code, node in nodes.by_code.items()}

    assert found("/in/q1/cong.csv", "wastewater") == {"1": (0, 0), "2": (9, 0)}
    assert found("/in/q2/cong.csv", "wastewater") == {"1": (50, 0), "2": (9, 0)}
    assert found("/in/cong.csv", None) == {"3": (7, 7)}, "1 and 2 are as near at two places: ambiguous"
    assert manholes_of_all.near("/in/cong.csv", None).ambiguous == {"1", "2"}
