"""Tables that say twice where things lie: what contradicts itself is refused, whichever is believed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from importers.contradiction import find_contradictions
from importers.faults import Fault
from importers.formats.geojson import read_geojson
from importers.formats.table import read_csv
from importers.position import City, place
from importers.source import find_datasets
from layers.crs import parse_crs, transform_points

if TYPE_CHECKING:
    from pathlib import Path

HUE, WGS84 = parse_crs("EPSG:9214"), parse_crs("EPSG:4326")
CITY = City(HUE, shapely.box(561_000, 1_819_500, 563_000, 1_821_500))
PLACES = np.array([[561_808.99, 1_820_688.06], [561_900.5, 1_820_600.25], [562_000.0, 1_820_000.0]])


def distances(
    folder: Path, plane: np.ndarray, degrees: np.ndarray, *, head: str = "", given: str | None = None
) -> list[tuple[int | None, str]]:
    """Rows that are refused, and what is said of each."""
    path = folder / "ho-ga.csv"
    rows = [f"{y:.2f},{x:.2f},{lon:.7f},{lat:.7f}" for (x, y), (lon, lat) in zip(plane, degrees, strict=True)]
    path.write_text(f"{head}X,Y,kinhDo,viDo\n" + "\n".join(rows) + "\n", "utf-8")
    ((dataset,), _) = find_datasets(path)
    (layer,) = read_csv(dataset)
    crs = parse_crs(given) if given else None
    placed = place(layer, layer.geometries, CITY, crs, force=False)
    found = find_contradictions(layer, placed, np.arange(len(layer)), CITY, crs)
    assert {finding.fault for finding in found} <= {Fault.POSITION_DISPUTED}
    return [(finding.row, finding.message) for finding in found]


@pytest.mark.parametrize(("head", "given"), [("", None), ("# EPSG:9214\n", None), ("", "EPSG:9214")])
def test_record_that_lies_at_two_places_is_refused(tmp_path: Path, head: str, given: str | None) -> None:
    """One slip of the pen is named with its distance, whichever of the two the table is read by."""
    degrees = transform_points(PLACES, HUE, WGS84)
    assert distances(tmp_path, PLACES, degrees, head=head, given=given) == []
    slipped = PLACES + np.array([[0, 0], [300, 0], [0, 0]])
    names = "kinhDo and viDo" if head else "X and Y"
    assert distances(tmp_path, slipped, degrees, head=head, given=given) == [
        (2, f"{names} place it 300 m from where its other coordinates do")
    ]


def test_degrees_of_another_datum_are_found(tmp_path: Path) -> None:
    """Plane VN-2000 read as if it were WGS 84 gives degrees that are 225 m off: the trap within one table."""
    as_wgs84 = parse_crs("+proj=tmerc +lon_0=107 +k=0.9999 +x_0=500000 +datum=WGS84 +units=m +type=crs")
    found = distances(tmp_path, PLACES, transform_points(PLACES, as_wgs84, WGS84))
    assert [row for row, _ in found] == [1, 2, 3]
    assert {int(said.split(" m ")[0].split()[-1]) for _, said in found} <= set(range(180, 260))


@pytest.mark.parametrize(("shift", "refused"), [(0.0, []), (0.003, [1])])
def test_place_and_geometry_of_a_feature_are_one(tmp_path: Path, shift: float, refused: list[int]) -> None:
    """JSON-FG says in `geometry` once more, in degrees and perhaps in less detail, what `place` says in the plane."""
    degrees = (transform_points(PLACES, HUE, WGS84) + np.array([shift, 0.0])).tolist()
    features = [
        {"type": "Feature", "geometry": {"type": "LineString", "coordinates": degrees}, "properties": {}}
        | {"place": {"type": "LineString", "coordinates": PLACES.tolist()}},
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": degrees[0]}, "properties": {}}
        | {"place": {"type": "Polygon", "coordinates": [[*PLACES.tolist(), PLACES[0].tolist()]]}},
        {"type": "Feature", "geometry": None, "place": {"type": "Point", "coordinates": PLACES[0].tolist()}},
    ]
    path = tmp_path / "ong.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "coordRefSys": "EPSG:9214", "features": features}))
    ((dataset,), _) = find_datasets(path)
    (layer,) = read_geojson(dataset)
    placed = place(layer, layer.geometries, CITY, None, force=False)
    found = find_contradictions(layer, placed, np.arange(len(layer)), CITY, None)
    assert [finding.row for finding in found] == refused + [2] * bool(refused)


def test_other_systems_contradict_nothing(tmp_path: Path) -> None:
    """Coordinates of another zone agree with their degrees; those of a local grid can't be held against them."""
    degrees = transform_points(PLACES, HUE, WGS84)
    assert distances(tmp_path, transform_points(PLACES, HUE, parse_crs("EPSG:9217")), degrees) == []
    assert distances(tmp_path, PLACES - PLACES[0], degrees) == []
