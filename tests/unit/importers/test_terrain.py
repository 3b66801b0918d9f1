"""Terrain: what is kept of a raster, what its heights are in metres, and what is no terrain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.enums import ColorInterp

from importers.faults import Fault, Rejected
from importers.position import City
from importers.source import Dataset
from importers.terrain import read_terrain
from layers.crs import parse_crs, transform_points
from layers.terrain import Ground, Raster

if TYPE_CHECKING:
    from pathlib import Path

HUE = parse_crs("EPSG:9214")
CITY = City(HUE, shapely.box(561_000, 1_819_500, 563_000, 1_821_500))
CORNER = Affine.translation(561_500, 1_820_200)
NORTH_UP = CORNER @ Affine.scale(2, -2)
MISLABELLED = (
    'PROJCS["WGS 84 / TM 107",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",107],PARAMETER["scale_factor",0.9999],'
    'PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1]]'
)


def a_plane(rows: int = 40, columns: int = 60) -> np.ndarray:
    """Heights that rise 0.1 m a column and fall 0.05 m a row, from 3 m."""
    return (3 + 0.1 * np.arange(columns)[None, :] - 0.05 * np.arange(rows)[:, None]).astype("float32")


def a_raster(folder: Path, heights: np.ndarray, *, name: str = "dem.tif", **options: Any) -> Path:
    """A GeoTIFF of one band, or more where `heights` has three dimensions."""
    bands = heights if heights.ndim == 3 else heights[None]
    told = {key: options.pop(key) for key in ("unit", "scale", "offset", "colorinterp", "colormap") if key in options}
    form = {"crs": "EPSG:9214", "transform": NORTH_UP, "dtype": str(bands.dtype), **options}
    path = folder / name
    with rasterio.open(
        path, "w", driver="GTiff", count=len(bands), height=bands.shape[1], width=bands.shape[2], **form
    ) as target:
        if "colorinterp" in told:
            target.colorinterp = told["colorinterp"]
        target.write(bands)
        if "unit" in told:
            target.units = [told["unit"]]
        if "scale" in told:
            target.scales, target.offsets = [told["scale"]], [told.get("offset", 0.0)]
        if "colormap" in told:
            target.write_colormap(1, told["colormap"])
    return path


def load(path: Path, given: str | None = None, *beside: Path, force: bool = False) -> dict[str, Any]:
    dataset = Dataset(path, path.parent, (path, *beside))
    target = path.parent / "data" / "terrain" / f"{dataset.sha256()}.tif"
    batch, _ = read_terrain(dataset, CITY, parse_crs(given) if given else None, force=force, target=target)
    return {name: values[0] for name, values in batch.items()}


def refusal(path: Path, *beside: Path) -> Rejected:
    with pytest.raises(Rejected) as caught:
        load(path, None, *beside)
    assert caught.value.finding.remedy
    assert not list((path.parent / "data").rglob("*.tif"))
    return caught.value


def heights_at(path: Path, row: dict[str, Any], points: list[tuple[float, float]]) -> list[float]:
    """What the ground says where the raster is the only one."""
    raster = Raster(path.parent / "data" / row["path"], row["geom"], row["resolution_m"], None)
    return Ground(HUE, (raster,)).elevations(np.array(points)).tolist()


# Middle of column 10, row 5; and half-way to the next column.
POINTS = [(561_521.0, 1_820_189.0), (561_522.0, 1_820_189.0)]
KNOWN = [3 + 1.0 - 0.25, 3 + 1.05 - 0.25]


def test_raster_is_kept_with_its_heights(tmp_path: Path) -> None:
    """Name, extent, resolution and, between pixel centres, the plane itself."""
    path = a_raster(tmp_path, a_plane())
    row = load(path)
    assert (row["name"], row["resolution_m"], row["vertical_datum"]) == ("dem", pytest.approx(2.0), None)
    assert row["geom"].equals(shapely.MultiPolygon([shapely.box(561_500, 1_820_120, 561_620, 1_820_200)]))
    assert heights_at(path, row, POINTS) == pytest.approx(KNOWN, abs=1e-5)
    with rasterio.open(tmp_path / "data" / row["path"]) as kept:
        assert kept.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


@pytest.mark.parametrize("nodata", [-9999.0, float("nan"), -3.4028234663852886e38, 0.0])
def test_declared_value_for_no_data_is_unknown_ground(tmp_path: Path, nodata: float) -> None:
    """Whatever stands for it, NaN included; beside it nothing is known either."""
    heights = a_plane()
    heights[5, 10] = nodata
    path = a_raster(tmp_path, heights, nodata=nodata)
    far = (561_581.0, 1_820_189.0)
    assert heights_at(path, load(path), [*POINTS, far]) == pytest.approx([np.nan, np.nan, 6.75], abs=1e-5, nan_ok=True)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_undeclared_no_number_is_unknown_ground(tmp_path: Path, value: float) -> None:
    """Neither is a height, declared or not; the rest of the raster holds."""
    heights = a_plane()
    heights[5, 10] = value
    path = a_raster(tmp_path, heights)
    far = (561_581.0, 1_820_189.0)
    assert heights_at(path, load(path), [POINTS[0], far]) == pytest.approx([np.nan, 6.75], abs=1e-5, nan_ok=True)


@pytest.mark.parametrize("mark", [-9999.0, -32768.0, 3.4e38, 65535.0])
def test_undeclared_marks_are_refused(tmp_path: Path, mark: float) -> None:
    """A number that is no height is told, with how often it stands there and how to declare it."""
    heights = a_plane()
    heights[:2, :3] = mark
    refused = refusal(a_raster(tmp_path, heights))
    assert refused.finding.fault is Fault.VALUE_REFUSED
    assert f"6 of 2400 pixels are no heights in metres, such as {np.float32(mark):g}" in str(refused)
    assert "no data" in refused.finding.remedy


@pytest.mark.parametrize(
    ("unit", "factor"), [("ft", 0.3048), ("US survey foot", 1200 / 3937), ("metre", 1.0), ("cm", 0.01)]
)
def test_heights_count_in_the_unit_of_the_band(tmp_path: Path, unit: str, factor: float) -> None:
    """Feet and centimetres become metres in the copy."""
    path = a_raster(tmp_path, a_plane() / np.float32(factor), unit=unit)
    assert heights_at(path, load(path), POINTS) == pytest.approx(KNOWN, abs=1e-4)


def test_unknown_unit_is_refused(tmp_path: Path) -> None:
    """Nobody guesses what a fathom was."""
    assert "fathom" in str(refusal(a_raster(tmp_path, a_plane(), unit="fathom")))


def test_scale_and_offset_are_applied(tmp_path: Path) -> None:
    """Whole centimetres above -10 m, with their own value for no data."""
    heights = np.round((a_plane() + 10) * 100).astype("int16")
    heights[20, 30] = -32768
    path = a_raster(tmp_path, heights, scale=0.01, offset=-10.0, nodata=-32768)
    row = load(path)
    assert heights_at(path, row, POINTS) == pytest.approx(KNOWN, abs=0.006)
    assert np.isnan(heights_at(path, row, [(561_561.0, 1_820_159.0)])).all()


@pytest.mark.parametrize("transform", [CORNER @ Affine.rotation(30) @ Affine.scale(2, -2), CORNER @ Affine.scale(2, 2)])
def test_turned_and_upturned_rasters_lie_where_they_lie(tmp_path: Path, transform: Affine) -> None:
    """A rotated raster covers its own rectangle and no more, and gives its pixels' heights; so does one south up."""
    path = a_raster(tmp_path, a_plane(), transform=transform)
    row = load(path)
    corners = [transform @ at for at in ((0, 0), (60, 0), (60, 40), (0, 40))]
    assert row["geom"].symmetric_difference(shapely.Polygon(corners)).area < 1e-6
    assert row["resolution_m"] == pytest.approx(2.0)
    assert heights_at(path, row, [transform @ (10.5, 5.5), transform @ (11.0, 5.5)]) == pytest.approx(KNOWN, abs=1e-4)


@pytest.mark.parametrize("code", ["EPSG:4326", "EPSG:32648"])
def test_other_systems_keep_their_pixels(tmp_path: Path, code: str) -> None:
    """Resolution is told in metres on the ground, and a point of the city finds its height."""
    crs = parse_crs(code)
    west, north = transform_points(np.array([[561_500.0, 1_820_200.0]]), HUE, crs)[0]
    step = 2e-5 if crs.is_geographic else 2.0
    path = a_raster(
        tmp_path, a_plane(), crs=code, transform=Affine.translation(west, north) @ Affine.scale(step, -step)
    )
    row = load(path)
    assert row["resolution_m"] == pytest.approx(2.2 if crs.is_geographic else 2.0, rel=0.02)
    amid = transform_points(np.array([[west + 10.5 * step, north - 5.5 * step]]), crs, HUE)
    assert heights_at(path, row, [tuple(amid[0])]) == pytest.approx(KNOWN[:1], abs=1e-3)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((3, 40, 60), {"dtype": "uint8", "photometric": "rgb"}),
        ((4, 40, 60), {"dtype": "uint16"}),
        ((2, 40, 60), {"dtype": "float32"}),
        ((1, 40, 60), {"dtype": "uint8"}),
        ((1, 40, 60), {"dtype": "uint8", "colormap": {1: (255, 0, 0)}}),
        ((1, 40, 60), {"dtype": "complex64"}),
    ],
)
def test_pictures_are_no_terrain(tmp_path: Path, shape: tuple[int, ...], options: dict[str, Any]) -> None:
    """An aerial photo, a palette, several bands, eight bits: never the ground that depths are counted from."""
    refused = refusal(a_raster(tmp_path, np.ones(shape, dtype=options["dtype"]), **options))
    assert refused.finding.fault is Fault.LAYER_UNKNOWN


def test_mask_beside_the_heights_is_heeded(tmp_path: Path) -> None:
    """A second band that is alpha says where nothing is known."""
    bands = np.stack([a_plane(), np.full((40, 60), 255, "float32")])
    bands[1, 5, 10] = 0
    path = a_raster(tmp_path, bands, colorinterp=[ColorInterp.gray, ColorInterp.alpha])
    far = (561_581.0, 1_820_189.0)
    assert heights_at(path, load(path), [POINTS[0], far]) == pytest.approx([np.nan, 6.75], abs=1e-5, nan_ok=True)


def test_label_beside_the_file_counts(tmp_path: Path) -> None:
    """A GeoTIFF without reference system takes it from its .prj, and the copy says it itself."""
    path, prj = a_raster(tmp_path, a_plane(), crs=None), tmp_path / "dem.prj"
    prj.write_text(HUE.wkt1)
    row = load(path, None, prj)
    assert heights_at(path, row, POINTS) == pytest.approx(KNOWN, abs=1e-5)


def test_system_given_by_the_user_is_written_into_the_copy(tmp_path: Path) -> None:
    """Without it the kept raster could not be placed any more."""
    path = a_raster(tmp_path, a_plane(), crs=None)
    assert refusal(path).finding.fault is Fault.CRS_MISSING
    assert heights_at(path, load(path, "EPSG:9214"), POINTS) == pytest.approx(KNOWN, abs=1e-5)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"crs": MISLABELLED}, Fault.CRS_MISLABELLED),
        ({"crs": "EPSG:9214+5773"}, Fault.CRS_UNUSABLE),
        ({"crs": "EPSG:4979", "transform": Affine(1e-5, 0, 107.58, 0, -1e-5, 16.46)}, Fault.CRS_UNUSABLE),
        ({"transform": Affine(2, 0, 200_000, 0, -2, 900_000)}, Fault.OUTSIDE_CITY),
        ({"transform": None}, Fault.CRS_MISSING),
        ({"transform": Affine(2, 0, 561_500, 0, float("nan"), 1_820_200)}, Fault.UNREADABLE),
        ({"transform": Affine(1e-200, 0, 561_500, 0, -1e-200, 1_820_200)}, Fault.UNREADABLE),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_misplaced_and_mislabelled_rasters_are_refused(tmp_path: Path, options: dict[str, Any], fault: Fault) -> None:
    """225 m off by its label, above another datum, elsewhere, or nowhere: terrain as much as any other layer."""
    assert refusal(a_raster(tmp_path, a_plane(), **options)).finding.fault is fault


def test_user_may_overrule_a_label(tmp_path: Path) -> None:
    """The one file that a person names alone is read as they say, and the copy says so too."""
    path = a_raster(tmp_path, a_plane(), crs=MISLABELLED)
    assert heights_at(path, load(path, "EPSG:9214", force=True), POINTS) == pytest.approx(KNOWN, abs=1e-5)


def test_hon_dau_heights_are_told(tmp_path: Path) -> None:
    """The vertical system that a raster declares stands beside it."""
    path = a_raster(tmp_path, a_plane(), crs="EPSG:9214+5727")
    assert load(path)["vertical_datum"] == "EPSG:5727"


def test_text_grids_are_terrain(tmp_path: Path) -> None:
    """XYZ and ASCII grids become the same kind of copy; XYZ has its system from the .prj or the user."""
    heights = a_plane()
    xyz, asc, prj = tmp_path / "dem.xyz", tmp_path / "grid.asc", tmp_path / "grid.prj"
    cells = [(561_501 + 2 * c, 1_820_199 - 2 * r, heights[r, c]) for r in range(40) for c in range(60)]
    xyz.write_text("".join(f"{x} {y} {z:.3f}\n" for x, y, z in cells[::-1]))
    assert heights_at(xyz, load(xyz, "EPSG:9214"), POINTS) == pytest.approx(KNOWN, abs=1e-4)
    rows = "\n".join(" ".join(f"{z:.3f}" for z in row) for row in heights)
    head = "ncols 60\nnrows 40\nxllcorner 561500\nyllcorner 1820120\ncellsize 2\n"
    asc.write_text(f"{head}NODATA_value -9999\n{rows}\n")
    prj.write_text(HUE.wkt1)
    assert heights_at(asc, load(asc, None, prj), POINTS) == pytest.approx(KNOWN, abs=1e-4)


def test_raster_without_a_value_is_refused(tmp_path: Path) -> None:
    """All no data is no terrain."""
    path = a_raster(tmp_path, np.full((40, 60), -9999, "float32"), nodata=-9999)
    assert "no pixel has a value" in str(refusal(path))


def test_cut_raster_is_refused(tmp_path: Path) -> None:
    """A file that ends early is no terrain, whatever its head says."""
    path = a_raster(tmp_path, a_plane(400, 600))
    path.write_bytes(path.read_bytes()[:2000])
    assert refusal(path).finding.fault is Fault.UNREADABLE


def test_zeros_with_walls_around_them_are_no_ground(tmp_path: Path) -> None:
    """A hole filled with 0 in ground at 5 m is unknown, and that is said; a lagoon at 0 beside a bank is its water."""
    hole = np.full((40, 60), 5.5, "float32")
    hole[10:20, 10:20] = 0.0
    path = a_raster(tmp_path, hole)
    row = load(path)
    (unknown, known) = heights_at(path, row, [(561_530, 1_820_170), (561_600, 1_820_150)])
    assert np.isnan(unknown)
    assert known == 5.5
    dataset = Dataset(path, tmp_path, (path,))
    _, (finding,) = read_terrain(dataset, CITY, None, force=False, target=None)
    assert finding.message == "100 pixels are 0 beside ground more than 2 m off: 0 stands for 'no value' there"
    lagoon = np.maximum(a_plane() - 4, 0)
    path = a_raster(tmp_path, lagoon, name="dam-pha.tif")
    assert not read_terrain(Dataset(path, tmp_path, (path,)), CITY, None, force=False, target=None)[1]
    assert heights_at(path, load(path), [(561_501, 1_820_199)]) == [0.0]


def test_ascii_grid_that_declares_no_value_means_the_one_of_its_format(tmp_path: Path) -> None:
    """Without a NODATA_value line -9999 is no height (Esri); the order of the lines above the grid is free."""
    path = tmp_path / "dem.asc"
    rows = "\n".join(" ".join(["-9999"] * 5 + ["4.5"] * 15) for _ in range(20))
    path.write_text(f"nrows 20\nncols 20\nxllcorner 561500\nyllcorner 1820100\ncellsize 2\n{rows}\n")
    row = load(path, "EPSG:9214")
    unknown, known = heights_at(path, row, [(561_503, 1_820_120), (561_530, 1_820_120)])
    assert np.isnan(unknown)
    assert known == 4.5


def test_grid_with_north_before_east_is_named(tmp_path: Path) -> None:
    """A surveyor's grid is refused with what is wrong with it, not sent back for its reference system."""
    path = tmp_path / "dem.xyz"
    path.write_text("\n".join(f"{1_820_100 + y} {561_500 + x} 4.5" for x in range(8) for y in range(8)))
    with pytest.raises(Rejected, match="x and y stand in each other's place") as caught:
        load(path, "EPSG:9214")
    assert caught.value.finding.fault is Fault.CRS_WRONG


def test_copy_is_made_once(tmp_path: Path) -> None:
    """The same content leads to the same file, and leaves nothing else behind."""
    path = a_raster(tmp_path, a_plane())
    assert load(path)["path"] == load(path)["path"]
    assert len(list((tmp_path / "data" / "terrain").iterdir())) == 1


def test_steep_ground_is_ground(tmp_path: Path) -> None:
    """A cliff of 400 m, and a single broken pixel, are no reason to refuse the terrain of a mountain."""
    heights = a_plane(400, 600)
    heights[:, 300:] += 400
    heights[17, 23] = 3000
    assert load(a_raster(tmp_path, heights))["resolution_m"] == 2.0


def test_mask_in_whole_numbers_is_no_terrain(tmp_path: Path) -> None:
    """Bits that mark clouds reach from 1 to 4096: as heights they would be walls of four kilometres."""
    clouds = np.where(np.indices((400, 600)).sum(axis=0) // 20 % 3 == 0, 4096, 1).astype("uint16")
    refused = refusal(a_raster(tmp_path, clouds))
    assert refused.finding.fault is Fault.LAYER_UNKNOWN
    assert "differ by up to 4095 m" in refused.finding.message


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "fault"), [("all-nodata.tif", Fault.LAYER_UNKNOWN), ("cog.tif", Fault.OUTSIDE_CITY)])
def test_public_rasters_are_refused(shared: Path, tmp_path: Path, name: str, fault: Fault) -> None:
    """Four bands without a value, and a satellite picture of Greenland."""
    path = tmp_path / name
    path.write_bytes((shared / "terrain" / name).read_bytes())
    assert refusal(path).finding.fault is fault


@pytest.mark.shared_data
def test_quality_band_of_a_satellite_is_no_terrain(shared: Path, tmp_path: Path) -> None:
    """A public COG has one band of whole numbers from 1 to 7872, in metres and with a code: bits, not heights."""
    path = tmp_path / "cog.tif"
    path.write_bytes((shared / "terrain" / "cog.tif").read_bytes())
    dataset = Dataset(path, tmp_path, (path,))
    with pytest.raises(Rejected, match="no ground does") as refused:
        read_terrain(dataset, City(parse_crs("EPSG:32621")), None, force=False, target=tmp_path / "data" / "x.tif")
    assert refused.value.finding.fault is Fault.LAYER_UNKNOWN
