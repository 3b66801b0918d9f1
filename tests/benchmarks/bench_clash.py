"""One clash check beside the query for its candidates, PostGIS and trimesh; then ten thousand digs in one batch.

Arguments: how many lines lie in the city, and how many digs are in the batch.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))

import clash_peers as peers
import numpy as np
import shapely
from clash_city import build_city, place_trenches

from layers.candidates import Asked, Recorded, find_near, look_around
from layers.crs import parse_crs
from layers.database import connect, migrate
from layers.embedded import create_database, throwaway
from layers.terrain import read_ground
from twin.clash import crew
from twin.clash.check import NEARBY_M, check, check_many
from twin.clash.crew import answer_all
from twin.clash.dig import PlannedDig
from twin.clash.digest import Digest
from twin.clash.distance import IS_COMPILED
from twin.clash.outcome import assess
from twin.clash.records import read_utility
from twin.clash.report import ClashReport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from layers.database import Connection
    from layers.terrain import Ground
    from twin.clash.solids import Excavation, Utility

STORAGE = parse_crs("EPSG:9214")
MARGIN_M, DEPTH_M = 9.6, 1.5
TRIMESH = ("trimesh==5.2.0", "python-fcl==0.7.0.11", "scipy", "networkx")
# Of the slowest formulation so many digs are asked, and the rest is taken to cost as much.
_SAMPLE = 500


@dataclass(frozen=True)
class City:
    connection: Connection
    ground: Ground
    blocks: int
    url: str
    folder: Path

    def rows(self, area: shapely.Geometry) -> list[Recorded]:
        return find_near(self.connection, area, MARGIN_M)

    def check(self, trench: shapely.Polygon) -> ClashReport:
        return check(self.connection, self.ground, plan(trench))


def plan(trench: shapely.Polygon) -> PlannedDig:
    return PlannedDig("x", trench, DEPTH_M, STORAGE)


def main(lines: int, digs: int) -> None:
    print(f"clash kernel {'compiled' if IS_COMPILED else 'INTERPRETED'}")
    with throwaway() as url:
        small = measure_one(url, lines // 10, digs=0)
        large = measure_one(url, lines, digs)
        print(f"{'one check, city ten times as large':44}{large / small:8.2f} x")


def measure_one(url: str, lines: int, digs: int) -> float:
    """Milliseconds of a check in a city of so many lines; beside the peers where there is a batch to measure."""
    name = f"bench{lines}"
    database = create_database(url, name)
    migrate(database, "EPSG:9214")
    with tempfile.TemporaryDirectory() as folder, connect(database) as connection:
        blocks = build_city(connection, Path(folder), lines)
        city = City(connection, read_ground(connection, Path(folder)), blocks, database, Path(folder))
        print(f"-- {lines:,} lines, trenches of 200 m")
        trenches = place_trenches(blocks, 120)
        whole = median_ms(trenches, city.check)
        tell("one check in process", whole)
        if digs:
            compare_one(city, trenches, whole)
            compare_batch(city, digs, whole, has_extrude=peers.add_sfcgal(database))
    return whole


def compare_one(city: City, trenches: Sequence[shapely.Polygon], whole: float) -> None:
    print(f"{'candidates of a trench':44}{statistics.mean(len(city.rows(trench)) for trench in trenches):8.1f}")
    query = median_ms(trenches, city.rows)
    tell("candidate query alone", query)
    print(f"{'  the check':44}{whole / query:8.2f} x the query")
    asked = {id(trench): around(city.check(trench)) for trench in trenches}
    tell(
        "all that a check asks of the database",
        median_ms(trenches, lambda t: look_around(city.connection, asked[id(t)], Recorded)),
    )
    digs = {id(trench): city.check(trench).excavation for trench in trenches}
    for title, ask in (
        ("PostGIS, one level floor, one distance", peers.ask_distance),
        ("PostGIS, the same floors and measures", peers.ask_everything),
    ):
        asked = median_ms(trenches, lambda t, ask=ask: ask(city.connection, digs[id(t)], MARGIN_M))
        tell(title, asked)
        print(f"{'  beside the check':44}{asked / whole:8.2f} x")
    compare_geometry(city, trenches[:20])


def compare_geometry(city: City, trenches: Sequence[shapely.Polygon]) -> None:
    """The geometry alone on the same objects: ours, and trimesh's CollisionManager in an environment of its own."""
    with tempfile.TemporaryDirectory() as folder:
        python = install_trimesh(Path(folder))
        if python is None:
            print("trimesh and python-fcl cannot be installed here: not compared")
            return
        problems = [gather(city, trench) for trench in trenches]
        ours = [timed_ms(assess, *problem) for problem in problems]
        theirs = ask_trimesh(python, problems)
    pairs = [
        (max(assessment.gap_m or 0.0, 0.0), max(gap, 0.0))
        for (_, assessed), (_, _, gaps) in zip(ours, theirs, strict=True)
        for assessment, gap in zip(assessed, gaps, strict=True)
    ]
    # Its pipes have sixteen sides and flat ends, and what lies wholly within a mesh is as far away as its surface.
    same = sum(abs(mine - yours) < 0.05 for mine, yours in pairs)
    print(f"{'trimesh gives the same gap to 5 cm':44}{same / len(pairs):8.0%}")
    outcomes = statistics.median(ms for ms, _ in ours)
    tell("all outcomes, objects at hand", outcomes)
    for title, times in (
        ("meshes at hand", [ms for _, ms, _ in theirs]),
        ("meshes made", [made + ms for made, ms, _ in theirs]),
    ):
        tell(f"trimesh CollisionManager, {title}", statistics.median(times))
        print(f"{'  beside the outcomes':44}{statistics.median(times) / outcomes:8.1f} x")


def gather(city: City, trench: shapely.Polygon) -> tuple[Excavation, list[Utility]]:
    excavation = city.check(trench).excavation
    found = [read_utility(n, row, heights=True) for n, row in enumerate(city.rows(trench))]
    return excavation, [utility for utility in found if utility.elevation_known]


def install_trimesh(folder: Path) -> Path | None:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    command = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *TRIMESH]
    return None if subprocess.run(command, check=False).returncode else folder / "bin" / "python"


def ask_trimesh(
    python: Path, problems: Sequence[tuple[Excavation, list[Utility]]]
) -> list[tuple[float, float, list[float]]]:
    lines = [json.dumps(write_problem(*problem)) for problem in problems]
    script = str(Path(__file__).with_name("clash_trimesh.py"))
    answer = subprocess.run([python, script], input="\n".join(lines), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in answer.stdout.splitlines()]


def write_problem(excavation: Excavation, utilities: Sequence[Utility]) -> dict[str, object]:
    east, north = excavation.origin
    floors = [
        [(x - east, y - north, floor.level_at(x, y)) for x, y in shapely.get_coordinates(floor.polygon)[:-1].tolist()]
        for floor in excavation.floors
    ]
    pipes = [(u.outer_radius_m, [(x - east, y - north, z) for x, y, z in u.points]) for u in utilities]
    return {"floors": floors, "pipes": pipes}


def around(report: ClashReport) -> list[Asked]:
    """What a check asks of the database, in its one query."""
    return [Asked(report.excavation.footprint, MARGIN_M, NEARBY_M)]


def compare_batch(city: City, count: int, whole: float, *, has_extrude: bool) -> None:
    trenches = place_trenches(city.blocks, count, seed=2)
    trenches.sort(key=lambda trench: (trench.bounds[0] // 500, trench.bounds[1] // 500))
    digs = [plan(trench) for trench in trenches]
    some = min(count, _SAMPLE)
    full, reports = timed_ms(count_reports, city, digs[:some])
    assert reports == some
    tell(f"whole reports of {some}, one process, a dig", full / some)
    ms, answered = timed_ms(count_digests, city, digs)
    assert answered == count
    tell(f"{count:,} digs in one batch, a dig", ms / count)
    corners = city.ground.elevations(np.array([trench.bounds[:2] for trench in trenches]))
    peers.load_digs(city.connection, trenches, (corners - DEPTH_M).tolist())
    asked = [("PostGIS batch, solids at hand, a dig", peers.BATCH, count)]
    if has_extrude:
        asked.append((f"PostGIS batch, ST_Extrude, a dig ({some} asked)", peers.EXTRUDED, some))
    if has_extrude:
        one = statistics.median(
            timed_ms(peers.ask_batch, city.connection, peers.EXTRUDED, n, MARGIN_M, n)[0] for n in range(60)
        )
        tell("PostGIS, ST_Extrude, one dig of the table", one)
        print(f"{'  beside the check':44}{one / whole:8.2f} x")
    for title, statement, asked_for in asked:
        theirs, _ = timed_ms(peers.ask_batch, city.connection, statement, asked_for, MARGIN_M)
        tell(title, theirs / asked_for)
        print(f"{'  beside the batch':44}{theirs / asked_for / (ms / count):8.2f} x")


def count_reports(city: City, digs: Sequence[PlannedDig]) -> int:
    return sum(isinstance(answer, ClashReport) for answer in check_many(city.connection, city.ground, digs))


def count_digests(city: City, digs: Sequence[PlannedDig]) -> int:
    answers = answer_all(crew.City(city.url, city.folder), digs)
    return sum(isinstance(answer, Digest) for _, answer in answers)


def tell(title: str, ms: float) -> None:
    print(f"{title:44}{ms:8.3f} ms", flush=True)


def timed_ms[**P, T](run: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[float, T]:
    start = time.perf_counter()
    answer = run(*args, **kwargs)
    return (time.perf_counter() - start) * 1000, answer


def median_ms(trenches: Sequence[shapely.Polygon], run: Callable[[shapely.Polygon], object]) -> float:
    """Of a second visit to each place: what a service that runs has seen before."""
    for trench in trenches:
        run(trench)
    return statistics.median(timed_ms(run, trench)[0] for trench in trenches)


if __name__ == "__main__":
    counts = [int(argument) for argument in sys.argv[1:]]
    main(*(counts + [1_000_000, 10_000][len(counts) :]))
