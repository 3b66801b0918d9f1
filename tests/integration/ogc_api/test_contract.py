"""One truth, two writers: what pygeoapi renders and what goes straight from PostgreSQL are the same features."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Town
    from httpx import Client

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
QUERIES: list[dict[str, str]] = [
    {},
    {"limit": "3", "offset": "4"},
    {"bbox": "107.5,16.4,107.6000005,16.5"},
    {"bbox": "16.4,107.5,-10,16.5,107.6,10", "bbox-crs": f"{EPSG}4326"},
    {"filter": "height_m > 2 AND CASEI(species) LIKE 'b%'"},
    {"sortby": "-height_m,code"},
    {"code": "C03"},
    {"properties": "code,height_m"},
    {"exclude-properties": "code"},
    {"skipGeometry": "true"},
    {"crs": f"{EPSG}9214", "precision": "2"},
    {"crs": f"{EPSG}4326"},
    {"datetime": "2024-01-01T00:00:00Z"},
    {"filter": "code = 'nowhere'"},
]


@pytest.fixture
def grove(town: Town) -> Town:
    for n in range(9):
        town.a_tree(107.58 + n / 250, 16.46, code=f"C{n:02d}", height_m=n + 0.5, species=("Bàng", "Sấu <&>")[n % 2])
    return town


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_all_formats_are_of_the_same_features(grove: Town, public: Client, asked: dict[str, str]) -> None:
    """GeoJSON, JSON-LD, the page for people and CSV agree feature by feature, property by property."""
    assert grove
    answers = {
        f: public.get("/collections/trees/items", params=asked | {"f": f}) for f in ("json", "jsonld", "html", "csv")
    }
    assert {answer.status_code for answer in answers.values()} == {200}
    features = answers["json"].json()["features"]
    linked = answers["jsonld"].json().get("features", [])
    assert [f["@id"].rpartition("/")[2] for f in linked] == [str(f["id"]) for f in features]
    assert [_shown(f, features) for f in linked] == [f["properties"] for f in features]
    cells = [html.unescape(cell) for cell in re.findall(r"<td>\n?(.*?)</td>", answers["html"].text, re.DOTALL)]
    assert len(cells) == sum(1 + len(f["properties"]) for f in features)
    values = ["" if v is None else str(v) for f in features for v in f["properties"].values()]
    assert [cell for cell in cells if "<a " not in cell] == values
    if "limit" not in asked:
        rows = list(csv.DictReader(io.StringIO(answers["csv"].content.decode("utf-8-sig"))))
        assert [int(row["id"]) for row in rows] == [f["id"] for f in features]
        assert [row.get("code") for row in rows] == [f["properties"].get("code") for f in features]


def _shown(linked: Any, features: list[Any]) -> dict[str, Any]:
    names = features[0]["properties"] if features else ()
    return {name: linked[name] for name in names}


def test_a_single_feature_is_one_in_every_format(grove: Town, public: Client) -> None:
    """Alone a feature is what it is on its page, whoever writes it."""
    assert grove
    for feature in public.get("/collections/trees/items", params={"limit": 2}).json()["features"]:
        path = f"/collections/trees/items/{feature['id']}"
        alone = public.get(path).json()
        assert {name: alone[name] for name in ("id", "geometry", "properties")} == {
            name: feature[name] for name in ("id", "geometry", "properties")
        }
        linked = public.get(path, params={"f": "jsonld"}).json()
        assert {name: linked[name] for name in feature["properties"]} == feature["properties"]
        text = html.unescape(public.get(path, params={"f": "html"}).text)
        assert all(str(value) in text for value in feature["properties"].values() if value is not None)


def test_what_is_linked_is_what_is_shown(grove: Town, public: Client) -> None:
    """The geometry in JSON-LD is the one of GeoJSON."""
    assert grove
    feature = public.get("/collections/trees/items/1").json()
    linked = public.get("/collections/trees/items/1", params={"f": "jsonld"}).json()
    assert json.dumps(feature["geometry"]["coordinates"][0]) in json.dumps(linked)
