"""From depths and heights to the elevation of the axis, or to "unknown"."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from importers.attributes import read_attributes
from importers.elevation import Vertical, read_verticals
from importers.node_heights import read_node_heights
from importers.section import Section
from layers.crs import parse_crs
from layers.terrain import Ground, Raster
from layers.utilities import ElevationSource, SectionShape, VerticalReference

EAST, NORTH = 562_000.0, 1_820_000.0
PIPE = Section(SectionShape.CIRCULAR, "stated", 0.2, 0.2, 0.16, 0.16, 0.02)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """Ground that rises 1 m in 100 m to the east, from 3 m, over 200 m × 100 m; the last column has no value."""
    path = Path(tmp_path_factory.mktemp("ground")) / "dem.tif"
    heights = np.tile(3 + (np.arange(200, dtype="float32") + 0.5) / 100, (100, 1))
    heights[:, -1] = -9999
    options = {"driver": "GTiff", "width": 200, "height": 100, "count": 1, "dtype": "float32", "nodata": -9999}
    with rasterio.open(path, "w", crs="EPSG:9214", transform=from_origin(EAST, NORTH + 100, 1, 1), **options) as out:
        out.write(heights, 1)
    extent = shapely.box(EAST, NORTH, EAST + 200, NORTH + 100)
    return Ground(parse_crs("EPSG:9214"), (Raster(path, extent, 1.0, None),))


def a_line(*z: float) -> shapely.LineString:
    """A pipe from east 10 to east 110 at north 50, with z where given."""
    xy = [(EAST + 10, NORTH + 50), (EAST + 110, NORTH + 50)]
    with np.errstate(invalid="ignore"):
        return shapely.LineString([(*p, z[i]) for i, p in enumerate(xy)] if z else xy)


def vertical(
    ground: Ground, line: shapely.LineString | None = None, section: Section = PIPE, **fields: object
) -> Vertical:
    columns = {name: [value] for name, value in fields.items()}
    lines = np.array([line or a_line()], dtype=object)
    return read_verticals(lines, read_attributes("utility_lines", columns, 1), [section], ground)


def test_ground_is_bilinear_between_pixel_centres(ground: Ground) -> None:
    """The ground under a point is interpolated, and unknown beside missing pixels and outside."""
    points = np.array(
        [[EAST + 10, NORTH + 50], [EAST + 10.25, NORTH + 50], [EAST + 199, NORTH + 50], [EAST - 5, NORTH]]
    )
    found = ground.elevations(points)
    assert found[:2] == pytest.approx([3.10, 3.1025], abs=1e-6)
    assert np.isnan(found[2:]).all()


@pytest.mark.parametrize(
    ("field", "value", "below_ground"),
    [("DoSauDinh_cm", 120, 1.2 + 0.1), ("DoSauTim_m", 1.2, 1.2), ("DoSauDay_m", 1.2, 1.2 - 0.08),
     ("DoSau_m", 1.2, 1.2 + 0.1), ("Độ sâu (ft)", 4, 1.2192 + 0.1), ("DoSauTim", '48"', 1.2192),
     ("DoSauTim", "120 cm", 1.2), ("DoSauTim_m", "1,20", 1.2), ("DoSauTim_m", -1.2, 1.2)],
)  # fmt: skip
def test_depths_by_reference_and_unit(ground: Ground, field: str, value: object, below_ground: float) -> None:
    """Crown, axis and invert each lead to the axis; a depth follows the ground at every vertex."""
    found = vertical(ground, **{field: value})
    assert found.z == pytest.approx([3.1 - below_ground, 4.1 - below_ground], abs=1e-5)
    assert found.source.tolist() == [ElevationSource.DEPTH]
    assert found.ground == pytest.approx([3.6], abs=1e-5)


def test_reference_column_beats_the_field_name(ground: Ground) -> None:
    """MocDo says of each row what its depth speaks of."""
    found = vertical(ground, DoSau_m=1.0, MocDo="đáy ống")
    assert found.reference.tolist() == [VerticalReference.INVERT]
    assert found.z[0] == pytest.approx(3.1 - 1.0 + 0.08, abs=1e-5)


def test_unstated_reference_is_said(ground: Ground) -> None:
    """A bare 'depth' is read as cover to the crown, and the record says that nobody stated it."""
    assert vertical(ground, DoSau_m=1.0).reference.tolist() == [VerticalReference.UNSTATED]


@pytest.mark.parametrize("value", [None, 0, -9999, 999, "?", 120.0])
def test_depths_that_are_none(ground: Ground, value: object) -> None:
    """Missing, sentinel and absurd depths leave the elevation unknown, with the reason."""
    found = vertical(ground, DoSau_m=value)
    assert np.isnan(found.z).all()
    assert found.source.tolist() == [ElevationSource.NONE]
    assert found.reason[0]


def test_mixed_signs_are_not_guessed(ground: Ground) -> None:
    """Where some depths are negative and some are not, none of them is used."""
    lines = np.array([a_line(), a_line()], dtype=object)
    attributes = read_attributes("utility_lines", {"DoSau_m": [1.0, -1.2]}, 2)
    found = read_verticals(lines, attributes, [PIPE, PIPE], ground)
    assert found.source.tolist() == [ElevationSource.NONE] * 2
    assert "mixes signs" in found.reason[0]


def test_no_terrain_no_elevation(ground: Ground) -> None:
    """A depth without ground under every vertex is not an elevation."""
    line = shapely.LineString([(EAST + 10, NORTH + 50), (EAST + 500, NORTH + 50)])
    assert vertical(ground, line, DoSau_m=1.0).source.tolist() == [ElevationSource.NONE]


def test_end_inverts_run_straight_along_the_plan(ground: Ground) -> None:
    """Inverts at both ends: the middle vertex lies by its distance along the line, the axis half the inside above."""
    line = shapely.LineString([(EAST + 10, NORTH + 50), (EAST + 40, NORTH + 50), (EAST + 40, NORTH + 90)])
    found = vertical(ground, line, CaoDoDayDau=2.0, CaoDoDayCuoi=1.3)
    assert found.z == pytest.approx([2.08, 1.78, 1.38])
    assert found.source.tolist() == [ElevationSource.INTERPOLATED]


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.2), (1.2, -9999), (None, 1.2)])
def test_one_missing_invert_is_no_line(ground: Ground, start: float | None, end: float | None) -> None:
    """A sewer with one known end has no known axis."""
    assert vertical(ground, CaoDoDayDau=start, CaoDoDayCuoi=end).source.tolist() == [ElevationSource.NONE]


def test_elevations_have_units(ground: Ground) -> None:
    """An elevation in centimetres is not that many metres, and one with its unit beside it is a number."""
    for field, value in (("CaoDoTim_cm", 180), ("Cao độ tim (mm)", 1800), ("CaoDoTim", "1,8 m"), ("CaoDoTim", 1.8)):
        assert vertical(ground, **{field: value}).z == pytest.approx([1.8, 1.8])


def test_z_is_the_axis_unless_said_otherwise(ground: Ground) -> None:
    """3D geometry is taken as it stands; a reference column moves it to the axis."""
    assert vertical(ground, a_line(1.5, 1.4)).z.tolist() == [1.5, 1.4]
    assert vertical(ground, a_line(1.5, 1.4), DiemDo="đỉnh ống").z == pytest.approx([1.4, 1.3])


@pytest.mark.parametrize("z", [(-9999.0, -9999.0), (0.0, 0.0), (1.5, -99.0), (float("nan"), 1.5), (-21474.836, 1.0)])
def test_sentinel_z_never_becomes_a_height(ground: Ground, z: tuple[float, float]) -> None:
    """One vertex without a height makes the line's elevation unknown."""
    found = vertical(ground, a_line(*z))
    assert found.source.tolist() == [ElevationSource.NONE]
    assert np.isnan(found.z).all()


def test_sentinel_z_falls_back_to_the_depth(ground: Ground) -> None:
    """A file with z = -9999 and a depth column has a depth."""
    assert vertical(ground, a_line(-9999, -9999), DoSauTim_m=1.0).source.tolist() == [ElevationSource.DEPTH]


def test_elevation_far_from_the_ground_is_refused(ground: Ground) -> None:
    """A height above the ellipsoid, or a datum of another country, is not used."""
    found = vertical(ground, a_line(-32.0, -32.0))
    assert found.source.tolist() == [ElevationSource.NONE]
    assert "below the ground" in found.reason[0]


def test_crown_without_a_section_gives_no_axis(ground: Ground) -> None:
    """Half of an unknown diameter cannot be subtracted."""
    unknown = Section(SectionShape.UNKNOWN, "no size stated")
    assert vertical(ground, section=unknown, DoSauDinh_m=1.0).source.tolist() == [ElevationSource.NONE]
    assert vertical(ground, section=unknown, DoSauTim_m=1.0).source.tolist() == [ElevationSource.DEPTH]


def test_node_heights(ground: Ground) -> None:
    """Cover from its field, bottom from its field or from the depth below the cover, else below the terrain."""
    points = np.array([shapely.Point(EAST + 10, NORTH + 50)] * 4, dtype=object)
    columns = {
        "CaoDoNap": [3.2, 3.2, None, 3.2],
        "CaoDoDayGa": [1.0, None, None, 5.0],
        "DoSauGa_m": [None, 2.0, 1.5, None],
    }
    found = read_node_heights(points, read_attributes("utility_nodes", columns, 4), ground)
    assert found.terrain == pytest.approx([3.1] * 4, abs=1e-5)
    assert found.cover == pytest.approx([3.2, 3.2, np.nan, 3.2], nan_ok=True)
    assert found.bottom == pytest.approx([1.0, 1.2, 1.6, np.nan], abs=1e-5, nan_ok=True)
    assert found.reason[3] == "the bottom stands above the cover or the ground: not used"


def test_a_bottom_and_a_depth_that_contradict_are_both_unused(ground: Ground) -> None:
    """A shaft that by its depth goes down to -1.8 does not end at 1.0 for what is bored below that."""
    points = np.array([shapely.Point(EAST + 10, NORTH + 50)] * 2, dtype=object)
    cover: dict[str, list[object]] = {"CaoDoNap": [3.2, 3.2]}
    for said in (
        {"CaoDoDayGa": [1.0, 1.0], "DoSauGa_m": [5.0, 2.1]},
        {"DoSauGa_m": [2.2, 2.2], "DoSau_m": [5.0, 2.1]},
        {"CaoDoDayGa": [1.0, 1.0], "CaoDoDayHo": [-1.8, 1.1]},
    ):
        found = read_node_heights(points, read_attributes("utility_nodes", cover | said, 2), ground)
        assert found.cover.tolist() == [3.2, 3.2]
        assert found.bottom == pytest.approx([np.nan, 1.0], nan_ok=True)
        assert found.reason.count("bottoms or depths contradict each other: none is used") == 1


def test_z_is_not_used_where_it_mostly_marks_the_unknown(ground: Ground) -> None:
    """Where most lines have a sentinel for z, the z of the others is something else: in Rotterdam the ground."""
    lines = np.array([a_line(-9999, -9999), a_line(0, 0), a_line(1.57, 1.5)], dtype=object)
    found = read_verticals(lines, read_attributes("utility_lines", {}, 3), [PIPE] * 3, ground)
    assert found.source.tolist() == [ElevationSource.NONE] * 3
    assert found.reason[2] == "z stands for 'not known' in 2 of 3 lines: not used"


@pytest.mark.parametrize(
    ("level", "known"),
    [({"CaoDoDinh": 2.0}, True), ({"CaoDoDinh": -1.5}, False), ({"CaoDoDayDau": 1.9, "CaoDoDayCuoi": 2.9}, True),
     ({"CaoDoDayDau": 1.9, "CaoDoDayCuoi": -0.9}, False), ({"CaoDoDinh": -1.5, "CaoDoTim": -1.6}, False)],
)  # fmt: skip
def test_a_depth_and_an_elevation_that_contradict_are_both_unused(
    ground: Ground, level: dict[str, object], *, known: bool
) -> None:
    """Protects what lies 1.2 m deep from an elevation that has it 5 m deep: the check would call it clear."""
    for z in ((), (-1.6, -1.6)):
        found = vertical(ground, a_line(*z), DoSau_m=1.2, **level)  # type: ignore[arg-type]
        assert np.isfinite(found.z).all() == (known and not z), found.reason
    assert "contradict each other: neither is used" in found.reason[0]


def test_depths_at_both_ends(ground: Ground) -> None:
    """A pipe 1 m deep at its start and 3 m at its end falls with them; one end alone, or a third depth, is no axis."""
    found = vertical(ground, DoSauDau_m=1.0, DoSauCuoi_m=3.0)
    assert found.z == pytest.approx([3.1 - 1.0 - 0.1, 4.1 - 3.0 - 0.1], abs=1e-5)
    assert (found.source.tolist(), found.raw.tolist()) == ([ElevationSource.DEPTH], ["1.0 … 3.0"])
    for said in ({"DoSauCuoi_m": None}, {"DoSauCuoi_m": 0}, {"DoSauCuoi_m": 3.0, "DoSau_m": 1.0}, {"DoSau_m": 3.0}):
        assert np.isnan(vertical(ground, DoSauDau_m=1.0, **said).z).all()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "top_m"),
    [({"DoSau_m": 1.2, "DoSauDinh_m": 3.0}, None), ({"DoSau_m": 1.2, "DoSauDinh_m": 1.1}, 1.1),
     ({"DoSau_m": 1.2, "DoSauChon_m": 3.0}, None), ({"DoSau_m": 1.2, "DoSauChon_cm": 130}, 1.2),
     ({"DoSau_m": 0, "DoSauChon_m": 1.2}, 1.2), ({"DoSau_m": 1.2, "DoSauDinh_m": -9999}, 1.2),
     ({"CaoDoDinh": 2.0, "CaoDoDinhOng": -1.5}, None), ({"CaoDoDinh": 2.4, "CaoDoDinhOng": 2.3}, 1.2),
     ({"CaoDoDayDau": 1.9, "CaoDoDayCuoi": 2.9, "DayCongCuoi": 1.0}, None)],
)  # fmt: skip
def test_two_columns_that_contradict_are_both_unused(
    ground: Ground, said: dict[str, object], top_m: float | None
) -> None:
    """Which of two depths, or of two elevations, of a record is right is not decided in silence."""
    found = vertical(ground, **said)  # type: ignore[arg-type]
    if top_m is None:
        assert np.isnan(found.z).all()
        assert found.known.tolist() == [False]
        assert "contradict each other: neither is used" in found.reason[0]
    else:
        assert found.ground[0] - (found.z.mean() + 0.1) == pytest.approx(top_m, abs=1e-5)


def test_negative_z_may_be_depths(ground: Ground) -> None:
    """Depths drawn as z do not become elevations metres below where the pipes lie; what a record confirms does."""
    lines = np.array([a_line(-1.2, -1.25), a_line(-0.9, -1.4)], dtype=object)

    def reasons(columns: dict[str, list[object]]) -> list[str]:
        found = read_verticals(lines, read_attributes("utility_lines", columns, 2), [PIPE, PIPE], ground)
        assert np.isnan(found.z).all() == all("depths below the ground" in reason for reason in found.reason)
        return found.reason.tolist()

    assert "z from -1.4 to -0.9 under ground above 0" in reasons({})[0]
    assert "taken as axis" in reasons({"CaoDoTim": [-1.2, None]})[1]
    assert vertical(ground, a_line(-1.2, 0.4)).z.tolist() == [-1.2, 0.4]


def test_one_stated_invert_contradicts_z(ground: Ground) -> None:
    """An invert at one end makes no axis, but it proves a z wrong that lies metres above it."""
    found = vertical(ground, a_line(1.57, 1.5), CaoDoDayDau=-1.27, CaoDoDayCuoi=None)
    assert found.source.tolist() == [ElevationSource.NONE]
    assert "contradict each other" in found.reason[0]


def test_sewer_steeper_than_its_length_is_a_slip(ground: Ground) -> None:
    """A fall of 20 m in 12 m of sewer is a slip of the pen; the same in a rising main may be a shaft."""
    line = shapely.LineString([(EAST + 10, NORTH + 50, 3.0), (EAST + 22, NORTH + 50, -9.0 + -8.0)])
    flat = Ground(ground.storage, ())
    assert "falls by more than its length" in vertical(flat, line, DiemDo="đáy ống").reason[0]
    assert vertical(flat, line).source.tolist() == [ElevationSource.MEASURED]


@pytest.mark.parametrize(("field", "value"), [("DoSau_cm", 1.1), ("DoSauDinh_mm", 0.9), ("DoSauTim_m", 0.02)])
def test_depth_in_another_unit_than_its_column_is_unknown(ground: Ground, field: str, value: float) -> None:
    """Nothing is buried a centimetre deep: 1.1 in a column of centimetres was metres, and nobody knows."""
    found = vertical(ground, **{field: value})
    assert np.isnan(found.z).all()
    assert "in which unit" in found.reason.column[0]
