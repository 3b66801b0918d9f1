"""Downloads: the same features in every format, however many, with nothing invented."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pytest
import shapely

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Town
    from httpx import Client

# pyogrio's own, when it reads a date that is missing.
pytestmark = pytest.mark.filterwarnings("ignore:The 'generic' unit for NumPy timedelta:DeprecationWarning")

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
PIPES = "/collections/utility_lines/items"


def read_sequence(content: bytes) -> list[Any]:
    texts = content.split(b"\x1e")
    assert texts[0] == b""
    assert all(text.endswith(b"\n") for text in texts[1:])
    return [json.loads(text) for text in texts[1:]]


def read_file(content: bytes, path: Path) -> tuple[dict[str, Any], list[Any], dict[str, Any]]:
    """What pyogrio says of a file, its geometries, and its columns by name."""
    path.write_bytes(content)
    about, _, geometry, columns = pyogrio.raw.read(path)
    shapes = [] if geometry is None else list(shapely.from_wkb(geometry))
    return about, shapes, dict(zip(about["fields"], columns, strict=True))


@pytest.fixture
def network(town: Town) -> Town:
    town.a_pipe(axis_m=-1.25, owner="Công ty Cấp nước", surveyed_on="2024-05-01", outer_width_m=0.2)
    town.a_pipe(lon=107.59, owner='a,"b"', schematic=True)
    town.a_pipe(lon=107.60, axis_m=2)
    return town


@pytest.mark.parametrize(
    "asked", [{}, {"filter": "owner like 'C%'"}, {"sortby": "-owner"}, {"limit": "2"}, {"offset": "2"}]
)
def test_every_format_has_the_features_of_the_page(
    network: Town, operator: Client, tmp_path: Path, asked: dict[str, str]
) -> None:
    """Filter, order, limit and offset mean the same in each format."""
    assert network
    page = operator.get(PIPES, params=asked).json()["features"]
    ids = [feature["id"] for feature in page]
    content = {f: operator.get(PIPES, params=asked | {"f": f}).content for f in ("geojsonseq", "csv", "gpkg", "fgb")}
    assert read_sequence(content["geojsonseq"]) == page
    rows = list(csv.DictReader(io.StringIO(content["csv"].decode("utf-8-sig"))))
    assert [int(row["id"]) for row in rows] == ids
    assert [row["owner"] or None for row in rows] == [f["properties"]["owner"] for f in page]
    for f in ("gpkg", "fgb"):
        _, shapes, columns = read_file(content[f], tmp_path / f"x.{f}")
        read = dict(zip(columns["feature_id"], zip(columns["owner"], shapes, strict=True), strict=True))
        assert sorted(read) == sorted(ids), f
        for feature in page:
            owner, shape = read[feature["id"]]
            assert owner == feature["properties"]["owner"]
            expected = shapely.from_geojson(json.dumps(feature["geometry"]))
            assert shapely.equals_exact(shapely.force_2d(shape), shapely.force_2d(expected), 1e-8)


def test_values_keep_their_kinds_in_files(network: Town, operator: Client, tmp_path: Path) -> None:
    """Dates are dates, truths are truths, and what is unknown is null."""
    assert network
    for f in ("gpkg", "fgb"):
        about, _, columns = read_file(operator.get(PIPES, params={"f": f}).content, tmp_path / f"x.{f}")
        order = np.argsort(columns["feature_id"])
        assert columns["surveyed_on"].dtype.kind == "M"
        assert [str(value) for value in columns["surveyed_on"][order].astype("datetime64[D]")] == [
            "2024-05-01",
            "NaT",
            "NaT",
        ]
        assert [bool(value) for value in columns["schematic"][order]] == [False, True, False]
        assert columns["outer_width_m"][order][0] == 0.2
        assert np.isnan(columns["outer_width_m"][order][1:].astype(float)).all()
        assert about["crs"] == "EPSG:4326"


def test_an_unknown_elevation_has_no_number_in_any_format(network: Town, operator: Client, tmp_path: Path) -> None:
    """Never 0: no third ordinate where the format can say so, NaN where it cannot."""
    assert network
    z: dict[str, list[list[float]]] = {}
    for f in ("gpkg", "fgb"):
        _, shapes, columns = read_file(operator.get(PIPES, params={"f": f}).content, tmp_path / f"x.{f}")
        pairs = sorted(zip(columns["feature_id"], shapes, strict=True))
        z[f] = [shapely.get_coordinates(s, include_z=True)[:, 2].tolist() if s.has_z else [] for _, s in pairs]
    assert z["gpkg"] == [[-1.25, -1.25], [], [2, 2]]
    assert z["fgb"][0] == [-1.25, -1.25]
    assert all(math.isnan(height) for height in z["fgb"][1])
    rows = list(csv.DictReader(io.StringIO(operator.get(PIPES, params={"f": "csv"}).content.decode("utf-8-sig"))))
    assert [row["geometry"].startswith("LINESTRING Z") for row in rows] == [True, False, True]


def test_a_file_is_in_the_asked_system(network: Town, operator: Client, tmp_path: Path) -> None:
    """Files have x before y and say which system they are in; CSV has the order of the system that was asked for."""
    stored = network.execute(
        "select st_x(st_startpoint(geom)), st_y(st_startpoint(geom)) from utility_lines order by id"
    )
    for f in ("gpkg", "fgb"):
        content = operator.get(PIPES, params={"f": f, "crs": f"{EPSG}9214", "limit": 1}).content
        about, shapes, _ = read_file(content, tmp_path / f"x.{f}")
        assert about["crs"] == "EPSG:9214"
        assert shapes[0].coords[0][:2] == pytest.approx(stored[0], abs=1e-6)
        _, shapes, _ = read_file(
            operator.get(PIPES, params={"f": f, "crs": f"{EPSG}4326"}).content, tmp_path / f"y.{f}"
        )
        assert shapes[0].coords[0][0] > 100
    text = operator.get(PIPES, params={"f": "csv", "crs": f"{EPSG}4326", "limit": 1}).text
    assert "(16.4" in text


@pytest.mark.usefixtures("town")
def test_nothing_is_a_download_too(operator: Client, tmp_path: Path) -> None:
    """An empty layer gives files that open, with all their columns."""
    described = operator.get("/collections/trees/queryables").json()["properties"]
    names = [name for name in described if name != "geometry"]
    assert operator.get("/collections/trees/items?f=csv").text.strip().split(",")[1:-1] == names
    assert read_sequence(operator.get("/collections/trees/items?f=geojsonseq").content or b"") == []
    for f in ("gpkg", "fgb"):
        about, shapes, _ = read_file(
            operator.get("/collections/trees/items", params={"f": f}).content, tmp_path / f"x.{f}"
        )
        assert (shapes, list(about["fields"])) == ([], ["feature_id", *names])


def test_a_download_is_whole_without_a_limit(town: Town, public: Client) -> None:
    """All features, beyond what a page may hold, under a name for the file."""
    town.trees(12_001)
    answer = public.get("/collections/trees/items?f=geojsonseq&skipGeometry=true&properties=code")
    assert answer.headers["content-disposition"] == 'attachment; filename="trees.geojsonseq"'
    assert len({feature["properties"]["code"] for feature in read_sequence(answer.content)}) == 12_001
