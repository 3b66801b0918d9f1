"""Vector tiles: where things are, what is left out is said, nothing stale and nothing of another audience."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
from typing import TYPE_CHECKING, Any

import brotli
import numpy as np
import pytest
from PIL import Image

from layers.catalog import LAYERS
from layers.crs import WGS84, parse_crs, transform_points
from layers.database import Audience, Reader
from layers.grid import city_grid, web_mercator, world
from layers.tiling import tiled_properties, tiling

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from conftest import Town
    from httpx import Client

    type Serve = Callable[..., AbstractContextManager[Client]]

STORAGE = parse_crs("EPSG:9214")
PLACE = (107.58, 16.46)
GRIDS = (web_mercator(), city_grid(STORAGE), world())
PLAIN = {"Accept-Encoding": "identity"}


def position(grid: Any, zoom: int, lon: float = PLACE[0], lat: float = PLACE[1]) -> tuple[float, float]:
    """Column and row, with fractions, of a place in a grid."""
    x, y = transform_points(np.array([[lon, lat]]), parse_crs(WGS84), grid.crs)[0]
    side = grid.side / 2**zoom
    return (x - grid.west) / side, (grid.north - y) / side


def web_address(zoom: int, lon: float = PLACE[0], lat: float = PLACE[1]) -> str:
    column, row = map(int, position(GRIDS[0], zoom, lon, lat))
    return f"{zoom}/{column}/{row}.pbf"


def decode(content: bytes, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Features of each layer of a tile as GDAL reads them, in units of the tile, y up."""
    path = folder / "tile.pbf"
    path.write_bytes(content)
    listed = subprocess.run(["/usr/bin/ogrinfo", "-q", path], capture_output=True, text=True, check=True).stdout
    found = {}
    for line in listed.splitlines():
        name = line.split()[1]
        command = ["/usr/bin/ogr2ogr", "-f", "GeoJSONSeq", "/vsistdout/", "-lco", "RS=NO", str(path), name]
        read = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found[name] = [json.loads(one) for one in read.splitlines()]
    return found


def pixel(content: bytes, grid: Any, zoom: int, lon: float, lat: float) -> tuple[int, ...]:
    """Red, green, blue and alpha of a map tile where a place is."""
    picture = Image.open(io.BytesIO(content))
    assert (picture.format, picture.size, picture.mode) == ("PNG", (256, 256), "RGBA")
    column, row = position(grid, zoom, lon, lat)
    found = picture.getpixel((int(column % 1 * 256), int(row % 1 * 256)))
    assert isinstance(found, tuple)
    return found


def colours_of(content: bytes) -> set[Any]:
    return {colour for _, colour in Image.open(io.BytesIO(content)).getcolors(65536) or ()}


def test_maps_are_drawn_in_the_city_style(town: Town, operator: Client, public: Client) -> None:
    """A pipe is blue where it lies, dashed where nobody knows how deep; a ward has its name; the rest is clear."""
    town.a_pipe(axis_m=1.0)
    town.a_pipe(lat=PLACE[1] + 0.0002)
    places = [(PLACE[0] + 0.00001 * n, PLACE[1] + dy) for dy in (0, 0.0002) for n in range(2, 42)]
    for grid in GRIDS:
        zoom = next(z for z in range(grid.last_zoom) if grid.web_zoom(z) == 17)
        column, row = map(int, position(grid, zoom))
        answer = operator.get(f"/map/tiles/{grid.name}/{zoom}/{row}/{column}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        seen = [pixel(answer.content, grid, zoom, *place) for place in places if place[0] < PLACE[0] + 0.0004]
        known, unknown = seen[: len(seen) // 2], seen[len(seen) // 2 :]
        assert {colour[:3] for colour in known if colour[3] == 255} == {(0x00, 0x57, 0xB8)}
        assert min(colour[3] for colour in known) > 200
        assert 0.25 < sum(colour[3] < 100 for colour in unknown) / len(unknown) < 0.75
        assert pixel(answer.content, grid, zoom, PLACE[0] + 0.0002, PLACE[1] + 0.0001)[3] == 0
        single = operator.get(f"/collections/utility_lines/map/tiles/{grid.name}/{zoom}/{row}/{column}")
        assert single.content == answer.content
    address = web_address(17).replace(".pbf", ".png")
    assert operator.get(f"/tiles/city/{address}").status_code == 200
    assert public.get(f"/tiles/utility_lines/{address}").status_code == 404
    clear = public.get(f"/tiles/city/{address}")
    assert Image.open(io.BytesIO(clear.content)).getextrema()[3] == (0, 0)
    town.a_ward("Thuận Hóa", west=PLACE[0] - 0.05, south=PLACE[1] - 0.05)
    fresh = public.get(
        f"/tiles/city/{web_address(12).replace('.pbf', '.png')}", headers={"If-None-Match": clear.headers["etag"]}
    )
    colours = Image.open(io.BytesIO(fresh.content)).getcolors(65536)
    assert colours is not None
    assert {(0x4A, 0x2A, 0x6E, 255), (0xFF, 0xFF, 0xFF, 255)} <= {colour for _, colour in colours}
    column, row = map(int, position(GRIDS[0], 13))
    around = [(column + dx, row + dy) for dx in range(-2, 3) for dy in range(-2, 3)]
    pictures = {at: public.get(f"/tiles/city/13/{at[0]}/{at[1]}.png").content for at in around}
    lettered = [at for at, content in pictures.items() if (0x4A, 0x2A, 0x6E, 255) in colours_of(content)]
    assert lettered == [(column, row)], "once, in its middle, of the many tiles that the ward covers"
    for path in ("/map/tiles", "/collections/trees/map/tiles"):
        (tileset, *_) = public.get(path).json()["tilesets"]
        told = public.get(tileset["links"][0]["href"]).json()
        assert (told["dataType"], [x["type"] for x in told["links"] if x["rel"] == "item"]) == ("map", ["image/png"])


def test_styles_are_served_in_every_form(town: Town, public: Client) -> None:
    """Each form has its media type, by name or by Accept; what exists in none is refused; metadata lead to each."""
    town.a_tree()
    forms = {
        "json": "application/vnd.mapbox.style+json",
        "sld": "application/vnd.ogc.sld+xml;version=1.1",
        "qml": "application/vnd.qgis.qml",
    }
    for f, kind in forms.items():
        by_name = public.get(f"/styles/trees?f={f}")
        by_kind = public.get("/styles/trees", headers={"Accept": kind})
        assert by_name.headers["content-type"] == by_kind.headers["content-type"] == kind
        assert by_name.content == by_kind.content
    assert public.get("/styles/city?f=qml").status_code == 400
    told = public.get("/styles/trees/metadata").json()
    assert {sheet["link"]["type"] for sheet in told["stylesheets"]} == set(forms.values())
    assert public.get(public.get("/styles/city").json()["sources"]["city"]["url"]).json()["tilejson"] == "3.0.0"
    for layer in LAYERS:
        expected = 200 if layer.audience is Audience.PUBLIC else 404
        assert public.get(f"/styles/{layer.name}/metadata").status_code == expected


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.name)
@pytest.mark.parametrize("web_zoom", [13, 16])
def test_things_are_where_they_are(town: Town, operator: Client, tmp_path: Path, grid: Any, web_zoom: int) -> None:
    """A tree and a pipe lie in a tile where PROJ puts them, within a unit; a tile of all layers holds both."""
    tree, pipe = town.a_tree(species="Phượng", height_m=7.5), town.a_pipe(owner="HueWACO")
    zoom = next(z for z in range(grid.last_zoom) if grid.web_zoom(z) == web_zoom)
    column, row = position(grid, zoom)
    place = f"{grid.name}/{zoom}/{int(row)}/{int(column)}"
    whole = operator.get(f"/tiles/{place}")
    assert (whole.status_code, whole.headers["content-type"]) == (200, "application/vnd.mapbox-vector-tile")
    layers = decode(whole.content, tmp_path)
    assert {name: [f["properties"]["mvt_id"] for f in features] for name, features in layers.items()} == {
        "trees": [tree],
        "utility_lines": [pipe],
    }
    expected = [column % 1 * 4096, 4096 - row % 1 * 4096]
    assert layers["trees"][0]["geometry"]["coordinates"] == pytest.approx(expected, abs=1)
    assert layers["utility_lines"][0]["geometry"]["coordinates"][0] == pytest.approx(expected, abs=1)
    detailed = web_zoom >= 15
    assert layers["trees"][0]["properties"].get("height_m") == (7.5 if detailed else None)
    assert layers["utility_lines"][0]["properties"].get("owner") == ("HueWACO" if detailed else None)
    assert layers["utility_lines"][0]["properties"]["elevation_source"] == "none"
    single = operator.get(f"/collections/trees/tiles/{place}").content
    assert decode(single, tmp_path) == {"trees": layers["trees"]}
    chosen = operator.get(f"/tiles/{place}?collections=trees").content
    assert chosen == single


def test_what_is_left_out_is_said(town: Town, public: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowd is thinned, a thing too small to be drawn is dropped, and header and tile say how many."""
    monkeypatch.setattr("layers.tiles.MOST_FEATURES", 500)
    town.execute(
        "insert into trees (geom) select st_transform(st_setsrid(st_makepoint(107.58 + i %% 50 * 0.00001,"
        " 16.46 + i / 50 * 0.00001), 4326), 9214) from generate_series(0, 1999) i"
    )
    answer = public.get(f"/tiles/trees/{web_address(16)}")
    layers = decode(answer.content, tmp_path)
    shown = len(layers["trees"])
    assert 350 < shown < 650
    assert int(answer.headers["twin-left-out"]) == 2000 - shown
    (note,) = layers["trees_left_out"]
    assert (note["properties"]["shown"], note["properties"]["left_out"]) == (shown, 2000 - shown)
    town.execute(
        "insert into buildings (geom) select st_multi(st_buffer(st_transform(st_setsrid(st_makepoint(107.58, 16.46),"
        " 4326), 9214), r, 2)) from unnest(array[0.05, 40.0]) r"
    )
    answer = public.get(f"/tiles/buildings/{web_address(12)}")
    layers = decode(answer.content, tmp_path)
    assert (len(layers["buildings"]), layers["buildings_left_out"][0]["properties"]["left_out"]) == (1, 1)
    assert answer.headers["twin-left-out"] == "1"


def test_addresses_that_lead_nowhere(town: Town, public: Client) -> None:
    """Where nothing is, 204; where no tile can be, 404; what means nothing, 400."""
    town.a_tree()
    column, row = map(int, position(GRIDS[0], 14))
    known = f"/collections/trees/tiles/WebMercatorQuad/14/{row}/{column}"
    assert public.get(known).status_code == 200
    empty = public.get(f"/collections/trees/tiles/WebMercatorQuad/14/{row}/{column + 5}")
    assert (empty.status_code, empty.content) == (204, b"")
    for wrong in (
        *(
            "WebMercatorQuad/14/0/16384",
            "WebMercatorQuad/14/16384/0",
            "WebMercatorQuad/99/0/0",
            "WebMercatorQuad/23/0/0",
        ),
        *("WebMercatorQuad/12/1/1", "WebMercatorQuad/x/1/1", "WebMercatorQuad/14/-1/0", "GNOSISGlobalGrid/1/0/0"),
    ):
        answer = public.get(f"/collections/trees/tiles/{wrong}")
        assert (answer.status_code, answer.json()["status"]) == (404, 404), wrong
    assert public.get(f"/tiles/trees/14/{column}/{row}.jpg").status_code == 404
    assert public.get(f"/tiles/nothing/14/{column}/{row}.pbf").status_code == 404
    assert public.get(known + "?limit=3").status_code == 400
    assert public.get(known + "?f=csv").status_code == 400
    assert public.get(f"/tiles/WebMercatorQuad/14/{row}/{column}?collections=trees,nothing").status_code == 404
    # Half the world away from where the city's reference system means anything.
    assert public.get("/tiles/boundaries/4/2/5.pbf").status_code == 204


def test_a_tile_is_never_stale_nor_sent_twice(town: Town, public: Client, tmp_path: Path) -> None:
    """304 while the layer is as it was; any change of any layer in it changes the tag and the tile."""
    town.a_tree()
    address = f"/tiles/city/{web_address(15)}"
    first = public.get(address, headers=PLAIN)
    tag = first.headers["etag"]
    again = public.get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    town.a_ward("Thuận Hóa")
    changed = public.get(address, headers=PLAIN | {"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert {*decode(changed.content, tmp_path)} == {"trees", "boundaries"}
    town.execute("delete from trees")
    assert {*decode(public.get(address, headers=PLAIN).content, tmp_path)} == {"boundaries"}
    town.execute("delete from boundaries")
    assert public.get(address).status_code == 204


def test_packed_tiles_hold_the_same(town: Town, public: Client) -> None:
    """Brotli and gzip unpack to the tile that is sent plain, made anew and kept."""
    town.trees(200)
    address = f"/tiles/trees/{web_address(14, 107.501)}"
    plain = public.get(address, headers=PLAIN)
    assert "content-encoding" not in plain.headers
    for coding, unpack in (("br", brotli.decompress), ("gzip", gzip.decompress)):
        for _ in range(2):
            with public.stream("GET", address, headers={"Accept-Encoding": coding}) as answer:
                packed = b"".join(answer.iter_raw())
            assert (answer.headers["content-encoding"], answer.headers["etag"]) == (coding, plain.headers["etag"])
            assert len(packed) < len(plain.content)
            assert unpack(packed) == plain.content


def test_workers_share_tiles_and_audiences_do_not(town: Town, tmp_path: Path, serve: Serve) -> None:
    """A second worker takes what the first made, only in its state and for its audience, whom nothing else reaches."""
    town.a_tree()
    town.a_pipe()
    folder, address = tmp_path / "tiles", f"/tiles/city/{web_address(15)}"
    readers = {audience: Reader(town.login(audience), audience) for audience in Audience}
    with serve(readers[Audience.OPERATOR], tile_folder=folder) as first:
        content = first.get(address, headers=PLAIN).content
    assert {*decode(content, tmp_path)} == {"trees", "utility_lines"}
    (kept,) = folder.glob(f"{Audience.OPERATOR}/trees/*/*.mvt")
    assert folder.joinpath(Audience.OPERATOR).stat().st_mode & 0o077 == 0
    other = decode(kept.read_bytes().partition(b"\n")[2], tmp_path)["trees"]
    # What only the folder can have told the second worker.
    kept.write_bytes(b"7\n" + kept.read_bytes().partition(b"\n")[2])
    with serve(Reader(town.login(Audience.OPERATOR), Audience.OPERATOR), tile_folder=folder) as second:
        answer = second.get(address, headers=PLAIN)
        assert answer.headers["twin-left-out"] == "7"
        assert decode(answer.content, tmp_path)["trees"] == other
        town.a_tree()
        fresh = second.get(address, headers=PLAIN)
        assert "twin-left-out" not in fresh.headers
        assert len(decode(fresh.content, tmp_path)["trees"]) == 2
        assert not kept.exists()
    with serve(readers[Audience.PUBLIC], tile_folder=folder) as public:
        assert {*decode(public.get(address, headers=PLAIN).content, tmp_path)} == {"trees"}
        for layer in (layer for layer in LAYERS if layer.audience is Audience.OPERATOR):
            for path in (f"/tiles/{layer.name}/{web_address(15)}", f"/collections/{layer.name}/tiles/WebMercatorQuad"):
                assert public.get(path).status_code == 404
            assert layer.name not in public.get("/tiles/city.json").text
    assert {path.name for path in folder.joinpath(Audience.PUBLIC).iterdir()} <= {
        layer.name for layer in LAYERS if layer.audience is Audience.PUBLIC
    }


def test_what_is_told_of_tiles_is_so(town: Town, operator: Client) -> None:
    """Limits hold the tiles that there are, templates lead to them, TileJSON and metadata name what tiles hold."""
    town.a_tree()
    town.a_pipe()
    for grid in GRIDS:
        scheme = operator.get(f"/tileMatrixSets/{grid.name}").json()
        assert (scheme["id"], scheme["crs"]) == (grid.name, grid.crs_uri)
        assert [m["matrixWidth"] for m in scheme["tileMatrices"]] == [
            grid.columns * 2**z for z in range(grid.last_zoom + 1)
        ]
        tileset = operator.get(f"/collections/trees/tiles/{grid.name}").json()
        limits = {int(x["tileMatrix"]): x for x in tileset["tileMatrixSetLimits"]}
        assert max(limits) == grid.last_zoom
        zoom = max(limits) - 3
        column, row = map(int, position(grid, zoom))
        assert limits[zoom]["minTileRow"] <= row <= limits[zoom]["maxTileRow"] <= limits[zoom]["minTileRow"] + 1
        assert limits[zoom]["minTileCol"] <= column <= limits[zoom]["maxTileCol"] <= limits[zoom]["minTileCol"] + 1
        (template,) = [x["href"] for x in tileset["links"] if x.get("templated")]
        names = {"{tileMatrix}": zoom, "{tileRow}": row, "{tileCol}": column}
        for name, value in names.items():
            template = template.replace(name, str(value))
        assert operator.get(template).status_code == 200
    scales = operator.get("/tileMatrixSets/WebMercatorQuad").json()["tileMatrices"]
    # 17-083r4, annex D.1.
    assert scales[0]["scaleDenominator"] == pytest.approx(559082264.028717, rel=1e-12)
    assert scales[0]["pointOfOrigin"] == pytest.approx([-20037508.3427892, 20037508.3427892])
    told = operator.get("/tiles/city.json").json()
    assert {x["id"] for x in told["vector_layers"]} >= {layer.name for layer in LAYERS}
    single = operator.get("/collections/trees/tiles/WebMercatorQuad?f=tilejson").json()
    assert single["bounds"] == pytest.approx([*PLACE, *PLACE], abs=1e-6)
    assert single["minzoom"] == tiling(LAYERS[4]).first_zoom == 13
    assert [*single["vector_layers"][0]["fields"]] == [p.name for p in tiled_properties(LAYERS[4], 20)]
    (template,) = single["tiles"]
    column, row = map(int, position(GRIDS[0], 15))
    for name, value in {"{z}": 15, "{x}": column, "{y}": row}.items():
        template = template.replace(name, str(value))
    assert operator.get(template).status_code == 200
    assert operator.get("/collections/trees/tiles/EPSG9214Quad?f=tilejson").status_code == 404
