"""The sample on disk: the delivered files, the planned trenches, citizens' reports, and the truth beside them."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from layers.crs import DEFAULT
from layers.errors import Conflict
from twin.sample.city.terrain import NODATA
from twin.sample.city.ward import plan_ward
from twin.sample.delivery.defects import DUPLICATE, LOADED, QUARANTINED_FILE, plant
from twin.sample.delivery.departments import plan_utilities
from twin.sample.delivery.land import plan_land
from twin.sample.delivery.packing import pack
from twin.sample.files.rasters import SHEETS, write_terrain
from twin.sample.files.vectors import fixed_dates
from twin.sample.files.writers import write_dataset
from twin.sample.reports import write_reports
from twin.sample.strangers import UNDELIVERED, WITHIN, strangers
from twin.sample.trenches import Trench, find_trenches
from twin.sample.truth import find_defects, find_features

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twin.sample.city.ward import Ward

VERSION = 4
# Beside the ward, for it comes from no department: the report system exports it every day anew.
_REPORTS = "reports/phan-anh.csv"
_SUMMARY = "sample.json"
_TERRAIN = "10-dia-hinh"
_OTHERS = "99-khac"
# Files of which somebody delivered a copy under another name.
_COPIES = (
    ("08-Cây xanh/cay-xanh-khu-1.kmz", f"{_OTHERS}/cay-xanh-khu-1 (ban sao).kmz"),
    ("02-xay-dung/nha-khu-1.shp", f"{_OTHERS}/nha-khu-1-ban-sao.shp"),
)


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What a sample folder holds; counts of delivered files, rows that must arrive, planted defects, trenches."""

    version: int
    seed: int
    datasets: int
    features: int
    defects: int
    trenches: int


def write_sample(folder: Path, *, seed: int = 1, report: Callable[[int, int], None] | None = None) -> SampleSummary:
    """Writes the pilot ward that belongs to a seed, the same bytes every time, or keeps it where it is complete.

    report: called with the files written so far and their number.
    Raises: Conflict where the folder holds anything but a sample.
    """
    present = _read_summary(folder)
    if present is not None and (present.version, present.seed) == (VERSION, seed):
        return present
    if present is None and folder.exists() and any(folder.iterdir()):
        raise Conflict(f"{folder} holds files that are no sample: name an empty or a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        fresh = Path(scratch) / "fresh"
        fresh.mkdir()
        summary = _write(fresh, seed, report)
        if folder.exists():
            folder.rename(Path(scratch) / "old")
        fresh.rename(folder)
    return summary


def _read_summary(folder: Path) -> SampleSummary | None:
    try:
        return SampleSummary(**json.loads((folder / _SUMMARY).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write(folder: Path, seed: int, report: Callable[[int, int], None] | None) -> SampleSummary:
    ward = plan_ward(seed)
    planned = plant(sorted([*plan_utilities(ward), *plan_land(ward)], key=lambda file: file.path))
    planned = [pack(file) for file in planned if file.stem not in UNDELIVERED]
    foreign = tuple(strangers())
    total = len(planned) + len(SHEETS) + len(_COPIES) + len(foreign)
    files = []
    with fixed_dates():
        for done, file in enumerate(planned, start=1):
            files.append(write_dataset(file, folder / "ward"))
            if report:
                report(done, total)
    defects = [*find_defects(files), *_write_others(folder / "ward", ward, foreign)]
    if report:
        report(total, total)
    features = list(find_features(files))
    trenches = find_trenches(features, ward.plan.streets, ward.terrain)
    _write_trenches(folder / "trenches", trenches)
    reports = write_reports(folder / _REPORTS, trenches, ward.plan.streets, seed)
    truth = {
        "version": VERSION,
        "seed": seed,
        "crs": DEFAULT,
        "datasets": total,
        "terrain": _describe_terrain(ward),
        "needs": {file.path: needed for file in files if (needed := file.form.traits.needs)},
        "defects": defects,
        "reports": {"file": _REPORTS, "rows": reports},
        "trenches": [trench.describe() for trench in trenches],
        "features": [feature.describe() for feature in features],
    }
    _write_json(folder / "truth.json", truth)
    summary = SampleSummary(VERSION, seed, total, len(features), len(defects), len(trenches))
    _write_json(folder / _SUMMARY, asdict(summary))
    return summary


def _write_others(folder: Path, ward: Ward, foreign: Iterable[tuple[str, bytes, str]]) -> list[dict[str, Any]]:
    """The terrain, the copies, and files that are nothing at all; the defects that they are."""
    write_terrain(folder / _TERRAIN, ward.terrain)
    (folder / _OTHERS).mkdir()
    defects: list[dict[str, Any]] = [
        {"file": f"{_TERRAIN}/{name}", "kind": "nodata-absurd", "expected": LOADED}
        for name in SHEETS
        if not name.endswith(".tif")
    ]
    for original, copy in _COPIES:
        for part in (folder / original).parent.glob(f"{Path(original).stem}.*"):
            shutil.copyfile(part, (folder / copy).with_suffix(part.suffix))
        defects.append({"file": copy, "kind": "duplicate-file", "expected": DUPLICATE, "original": original})
    for name, content, kind in foreign:
        (folder / _OTHERS / name).write_bytes(content)
        defects.append({"file": f"{_OTHERS}/{name}{WITHIN.get(name, '')}", "kind": kind, "expected": QUARANTINED_FILE})
    return [{"layer": None, "row": None} | defect for defect in defects]


def _describe_terrain(ward: Ward) -> dict[str, Any]:
    rows, columns = ward.terrain.heights_m.shape
    west, north, pixel_m = ward.terrain.west, ward.terrain.north, ward.terrain.pixel_m
    bounds = [west, north - rows * pixel_m, west + columns * pixel_m, north]
    return {"files": [f"{_TERRAIN}/{name}" for name in SHEETS], "pixel_m": pixel_m, "nodata": NODATA, "bounds": bounds}


def _write_trenches(folder: Path, trenches: list[Trench]) -> None:
    """RFC 7946, one file a trench."""
    folder.mkdir()
    for number, trench in enumerate(trenches, start=1):
        ring = shapely.get_coordinates(trench.degrees).tolist()
        feature = {
            "type": "Feature",
            "properties": {"name": trench.name, "depth_m": trench.depth_m},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        _write_json(folder / f"hao-{number}.geojson", {"type": "FeatureCollection", "features": [feature]})


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
