"""How fast the items are: our service, the floor, stock pygeoapi and tipg, on the same million lines, in one run.

    python tests/benchmarks/bench_ogc.py [--lines N] [--seconds S] [--rounds R] [--no-peers]
        [--no-endurance] [--no-transcripts] [--only-tiles]

Needs wrk (Debian package of that name) and, for the peers, a package index to install them from, each into an
environment of its own in a temporary folder. Everything listens on loopback only and ends with the run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

from psycopg import sql

from layers.catalog import find_layer
from layers.crs import parse_crs
from layers.database import connect, migrate
from layers.embedded import throwaway
from layers.features import page_statement
from layers.geojson import feature_text
from layers.query import Cursor, FeatureQuery, Shape
from ogc_api.params import write_cursor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from layers.database import Connection

STORAGE = "EPSG:9214"
LAYER = find_layer("utility_lines")
PLAIN = FeatureQuery(LAYER, Shape(parse_crs("EPSG:4326")))
PORTS = {"ours": 8761, "floor": 8762, "pygeoapi": 8763, "tipg": 8764}
PINNED = {
    "pygeoapi": ("pygeoapi==0.24.0", "geoalchemy2==0.20.0", "psycopg2-binary", "sqlalchemy", "starlette"),
    "tipg": ("tipg==1.6.1",),
}
SERVER = ("uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0")

# What the issue asks for: at least this share of the floor, this many times pygeoapi and tipg.
WANTED = {
    "items?limit=10": (0.6, 80, 50),
    "items?limit=1000": (0.8, 25, 15),
    "items?limit=1000, anew": (0.8, 0, 0),
    "items?limit=1000&bbox": (0.8, 25, 15),
    "items?limit=1000&bbox, anew": (0.8, 25, 15),
    "items/{id}": (0.6, 10, 3),
}

# 20 km by 20 km, a line of three points every 20 m; as many columns filled as a department fills.
LINES = """
insert into utility_lines (discipline, owner, owner_ref, status, valid_from, material, vertical_raw, vertical_unit,
  vertical_reference, ground_m, ground_source, elevation_source, quality_level, horizontal_accuracy_m,
  vertical_accuracy_m, section_shape, outer_width_m, outer_height_m, geom, axis)
select (array['water', 'wastewater', 'power', 'telecom', 'gas'])[1 + i %% 5], 'Công ty ' || i %% 20, 'U-' || i,
  'in_service', date '1990-01-01' + (i %% 12000)::int, 'HDPE', '1.2', 'm', 'crown', 5.0 + i %% 100 / 50.0, 'terrain',
  'depth', 'C', 0.3, 0.3, 'circular', 0.1 + i %% 5 / 20.0, 0.1 + i %% 5 / 20.0, st_force2d(axis), axis
from generate_series(0, %s - 1) i, lateral (select 550000 + i %% 1000 * 20 as x, 1810000 + i / 1000 * 20 as y) o,
  lateral (select st_setsrid(st_makeline(array[st_makepoint(x + i %% 7, y + i %% 11, 3 + i %% 30 / 10.0),
    st_makepoint(x + 9 + i %% 5, y + 6, 2.9 + i %% 30 / 10.0),
    st_makepoint(x + 17, y + 13 + i %% 3, 2.8 + i %% 30 / 10.0)]), 9214) as axis) g
"""


@dataclass(frozen=True)
class City:
    """A database full of lines: its URL, how many lines, and the last identifier."""

    url: str
    lines: int

    @property
    def host(self) -> str:
        return urlsplit(self.url).query.split("host=")[1].split("&")[0]

    @property
    def database(self) -> str:
        return urlsplit(self.url).path.removeprefix("/")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def fill(url: str, lines: int) -> City:
    """The lines in our table, and for the peers a table with the same columns and one geometry."""
    started = time.monotonic()
    migrate(url, STORAGE)
    columns = sql.SQL(", ").join(sql.Identifier(p.name) for p in LAYER.properties)
    with connect(url) as connection:
        connection.execute(LINES, (lines,))
        connection.execute("create schema peer")
        copy = sql.SQL("create table peer.lines as select id, {}, axis as geom from utility_lines").format(columns)
        connection.execute(copy)
        connection.execute("alter table peer.lines add primary key (id)")
        connection.execute("create index on peer.lines using gist (geom)")
        for table in ("utility_lines", "peer.lines"):
            connection.execute(f"vacuum analyze {table}")
    say(f"{lines} 3D lines in {STORAGE}, twice: {time.monotonic() - started:.0f} s")
    return City(url, lines)


def floor_statements() -> dict[str, str]:
    """The same text of a feature, over the plainest selection there is."""
    feature = feature_text(PLAIN).as_string()
    within = "st_transform(st_makeenvelope($2, $3, $4, $5, 4326), 9214)"
    rows = f"select string_agg(f, ',') from (select {feature} as f from utility_lines"  # noqa: S608 - no value in it
    return {
        "page": f"{rows} where id > $2::bigint order by id limit $1::bigint) p",
        "box": f"{rows} where st_intersects(geom, {within}) order by id limit $1::bigint) p",
        "item": f"select {feature} from utility_lines where id = $1::bigint",  # noqa: S608 - no value in it
    }


@contextmanager
def server(
    name: str, command: Sequence[str], environment: dict[str, str], ready: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers `ready`; it is ended by its own handle."""
    if _answers(ready):
        raise RuntimeError(f"{name}: something else answers at {ready}")
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)
        try:
            for _ in range(600):
                if process.poll() is not None:
                    break
                if _answers(ready):
                    break
                time.sleep(0.1)
            else:
                process.terminate()
            if process.poll() is not None:
                log.seek(0)
                raise RuntimeError(f"{name} did not start: {log.read().decode(errors='replace')[-3000:]}")
            yield process
        finally:
            process.terminate()
            process.wait(30)


def _answers(url: str) -> bool:
    try:
        urlopen(url, timeout=60).read()  # noqa: S310 - our own server on loopback
    except OSError:
        return False
    return True


def uvicorn(python: str, app: str, port: int, *options: str) -> list[str]:
    loops = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")
    return [python, "-m", "uvicorn", app, "--host", "127.0.0.1", "--port", str(port), *loops, *options]


def install(name: str, folder: Path) -> str:
    """The Python of a new environment with a peer in it."""
    python = folder / name / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-q", *PINNED[name], *SERVER], check=True)
    return str(python)


PYGEOAPI = """
server: {{bind: {{host: 127.0.0.1, port: {port}}}, url: "http://127.0.0.1:{port}", mimetype: application/json,
  encoding: utf-8, languages: [en-US], limits: {{default_items: 10, max_items: 10000}},
  map: {{url: "http://127.0.0.1/", attribution: none}}, admin: false}}
logging: {{level: ERROR}}
metadata:
  identification: {{title: x, description: x, keywords: [x], keywords_type: theme, terms_of_service: x, url: x}}
  license: {{name: x, url: x}}
  provider: {{name: x, url: x}}
  contact: {{name: x, position: x, email: x}}
resources:
  lines:
    type: collection
    title: lines
    description: lines
    keywords: [x]
    links: []
    extents: {{spatial: {{bbox: [105, 15, 109, 18], crs: "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}}}}
    providers:
      - type: feature
        name: PostgreSQL
        data: {{host: "{host}", port: 5432, dbname: {database}, user: twin, password: x, search_path: [peer, public]}}
        id_field: id
        table: lines
        geom_field: geom
        crs: ["http://www.opengis.net/def/crs/OGC/1.3/CRS84", "http://www.opengis.net/def/crs/EPSG/0/9214"]
        storage_crs: "http://www.opengis.net/def/crs/EPSG/0/9214"
"""


@contextmanager
def running(city: City, folder: Path, *, with_peers: bool, with_transcripts: bool = True) -> Iterator[dict[str, str]]:
    """Where each server's collection is, by its name; "pid" is our worker's process."""
    here = Path(__file__).parent
    with ExitStack() as stack:
        places = {name: f"http://127.0.0.1:{port}" for name, port in PORTS.items()}
        places["ours"] += "/ogc/collections/utility_lines"
        ours = {"BENCH_DATABASE": city.url, "BENCH_DATA": str(folder), "BENCH_PORT": str(PORTS["ours"])}
        ours["TWIN_TRANSCRIPT_GB"] = "8" if with_transcripts else "0"
        command = uvicorn(sys.executable, "ogc_ours:create", PORTS["ours"], "--factory", "--app-dir", str(here))
        process = stack.enter_context(server("ours", command, ours, places["ours"]))
        if with_transcripts:
            await_transcript(folder / "transcripts" / LAYER.name)
        (folder / "floor.json").write_text(json.dumps(floor_statements()))
        options = quote("-c search_path=twin,public")
        floor = {"FLOOR_STATEMENTS": str(folder / "floor.json"), "FLOOR_DATABASE": f"{city.url}&options={options}"}
        command = uvicorn(sys.executable, "ogc_floor:app", PORTS["floor"], "--app-dir", str(here))
        stack.enter_context(server("floor", command, floor, f"{places['floor']}/items/1"))
        if with_peers:
            for name, start in (("pygeoapi", start_pygeoapi), ("tipg", start_tipg)):
                say(f"installing {name}")
                places[name] += stack.enter_context(start(city, folder))
        else:
            del places["pygeoapi"], places["tipg"]
        yield places | {"pid": str(process.pid)}


def await_transcript(folder: Path) -> None:
    """Wait until the text of all lines is kept ready, which the service does beside its work."""
    started = time.monotonic()
    while not (folder / "index").exists():
        if time.monotonic() - started > 600:
            raise RuntimeError(f"{folder}: there is no transcript after ten minutes")
        time.sleep(0.1)
    size = sum(file.stat().st_size for file in folder.iterdir())
    say(f"the text of all lines: {size / 1e6:.0f} MB, written beside other work in {time.monotonic() - started:.0f} s")


@contextmanager
def start_pygeoapi(city: City, folder: Path) -> Iterator[str]:
    python, port = install("pygeoapi", folder), PORTS["pygeoapi"]
    config, openapi = folder / "pygeoapi.yml", folder / "pygeoapi-openapi.yml"
    config.write_text(PYGEOAPI.format(port=port, host=city.host, database=city.database))
    settings = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(openapi)}
    generate = [
        str(Path(python).parent / "pygeoapi"),
        "openapi",
        "generate",
        str(config),
        "--output-file",
        str(openapi),
    ]
    subprocess.run(generate, env=os.environ | settings, check=True, capture_output=True)
    path = "/collections/lines"
    command = uvicorn(python, "pygeoapi.starlette_app:APP", port)
    with server("pygeoapi", command, settings, f"http://127.0.0.1:{port}{path}?f=json"):
        yield path


@contextmanager
def start_tipg(city: City, folder: Path) -> Iterator[str]:
    python, port = install("tipg", folder), PORTS["tipg"]
    url = f"postgresql://twin:x@{quote(city.host, safe='')}:5432/{city.database}"
    settings = {"DATABASE_URL": url, "TIPG_DB_SCHEMAS": '["peer"]', "PYTHONPATH": ""}
    path = "/collections/peer.lines"
    with server("tipg", uvicorn(python, "tipg.main:app", port), settings, f"http://127.0.0.1:{port}{path}"):
        yield path


def boxes(count: int) -> list[str]:
    """Boxes of about 1.2 km, in each of which there are more than a thousand lines."""
    chosen = random.Random(9214)
    corners = [(chosen.uniform(107.48, 107.63), chosen.uniform(16.37, 16.52)) for _ in range(count)]
    return [f"{x:.5f},{y:.5f},{x + 0.011:.5f},{y + 0.011:.5f}" for x, y in corners]


def paths(kind: str, lines: int) -> list[str]:
    """What is asked, below a collection: never the same all the time where the request has something to vary."""
    chosen = random.Random(8)
    match kind:
        case "items/{id}":
            return [f"/items/{chosen.randint(1, lines)}" for _ in range(500)]
        case "items?limit=1000, anew":
            # Behind another feature each time, so that nothing that was kept can serve.
            return [f"/items?limit=1000&cursor={chosen.randint(1, lines - 1000)}" for _ in range(2000)]
        case "items?limit=1000&bbox":
            return [f"/items?limit=1000&bbox={box}" for box in boxes(200)]
        case "items?limit=1000&bbox, anew":
            # In a round more boxes than are kept, so that each has been forgotten when it is asked for again.
            return [f"/items?limit=1000&bbox={box}" for box in boxes(4000)[200:]]
        case _:
            return [f"/{kind}"]


def first_pages(lines: int) -> list[str]:
    return [f"/items?limit=10&cursor={write_cursor(Cursor((str(n),)))}" for n in range(1, min(400, lines))]


def last_pages(lines: int) -> list[str]:
    return [f"/items?limit=10&cursor={write_cursor(Cursor((str(lines - 10 - n),)))}" for n in range(min(400, lines))]


@dataclass(frozen=True)
class Load:
    """What wrk saw: requests a second, mean latency, answers that were no 200 and requests that failed."""

    per_second: float
    latency_ms: float
    failures: int


def wrk(place: str, asked: Sequence[str], folder: Path, seconds: float, connections: int = 4) -> Load:
    base = urlsplit(place)
    script = folder / "paths.lua"
    listed = ",".join(json.dumps(base.path + path) for path in asked)
    script.write_text(
        f"local paths = {{{listed}}}\nlocal n = 0\n"
        "request = function() n = n % #paths + 1; return wrk.format('GET', paths[n]) end\n"
        "done = function(s, l) local e = s.errors; io.write(string.format("
        '\'JSON{"n":%d,"us":%d,"mean":%.1f,"bad":%d}\\n\', s.requests, s.duration, l.mean,'
        " e.connect + e.read + e.write + e.status + e.timeout)) end\n"
    )
    threads = "2" if connections > 50 else "1"
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "60s", "-s", str(script)]
    done = subprocess.run([*command, f"{base.scheme}://{base.netloc}"], capture_output=True, text=True, check=True)
    found = re.search(r"JSON(\{.*\})", done.stdout)
    seen = json.loads(found[1]) if found else {"n": 0, "us": 1, "mean": 0, "bad": 1}
    return Load(seen["n"] / seen["us"] * 1e6, seen["mean"] / 1000, seen["bad"])


def compare(places: dict[str, str], city: City, folder: Path, options: argparse.Namespace) -> None:
    """Every server is asked in turn, round after round, so that what else the machine does falls on all alike."""
    names = [name for name in PORTS if name in places]
    say(f"\nRequests a second: one worker each, wrk with 4 connections, median of {options.rounds} rounds")
    say(f"{'request':24s}" + "".join(f"{name:>10s}" for name in names) + "   of floor   x pygeoapi   x tipg")
    for kind, wanted in WANTED.items():
        asked = paths(kind, city.lines)
        rates: dict[str, list[float]] = {name: [] for name in names}
        bad = dict.fromkeys(names, 0)
        for _ in range(options.rounds):
            for name in names if "cursor" not in asked[0] else ("ours", "floor"):
                load = wrk(places[name], _dialect(name, asked), folder, options.seconds)
                rates[name].append(load.per_second)
                bad[name] += load.failures
        median = {name: statistics.median(found) if found else 0.0 for name, found in rates.items()}
        ratios = [median["ours"] / median[n] if median.get(n) else None for n in ("floor", "pygeoapi", "tipg")]
        judged = [_judge(r, w) for r, w in zip(ratios, wanted, strict=True)]
        say(f"{kind:24s}" + "".join(f"{median[n]:10.1f}" for n in names) + "  " + "  ".join(judged))
        if any(bad.values()):
            say(f"  failures: {bad}")
    spots = (first_pages(city.lines), last_pages(city.lines))
    seen = [[wrk(places["ours"], asked, folder, options.seconds).latency_ms for asked in spots] for _ in range(5)]
    first, last = (statistics.median(times) for times in zip(*seen, strict=True))
    say(f"last page by cursor, first page: {last:.2f}, {first:.2f} ms; first/last {_judge(first / last, 1 / 1.5)}")


def page_far(places: dict[str, str], city: City, folder: Path, options: argparse.Namespace) -> None:
    """The last page of the peers, by offset. After all else: their statements go on when nobody waits any more."""
    for name in ("pygeoapi", "tipg"):
        if name in places:
            load = wrk(places[name], [f"/items?limit=10&offset={city.lines - 10}"], folder, options.seconds)
            say(f"the last page of {name}, by offset: {load.per_second:.2f} requests a second")


def compare_tiles(places: dict[str, str], folder: Path, options: argparse.Namespace) -> None:
    """A vector tile of zoom 14 full of lines: made anew, each tile asked for once; and asked for again and again."""
    rows, columns = range(7434, 7440), range(13084, 13090)
    tiles = [(row, column) for row in rows for column in columns]
    forms = {"ours": "/tiles/WebMercatorQuad/14/{0}/{1}", "tipg": "/tiles/WebMercatorQuad/14/{1}/{0}"}
    anew, again = {}, {}
    say("\nVector tiles of zoom 14")
    for name in (name for name in forms if name in places):
        times, sizes = [], []
        for tile in tiles:
            started = time.monotonic()
            with urlopen(places[name] + forms[name].format(*tile), timeout=60) as answer:  # noqa: S310 - on loopback
                sizes.append(len(answer.read()))
            times.append(time.monotonic() - started)
        anew[name] = statistics.median(times)
        fullest = tiles[sizes.index(max(sizes))]
        load = wrk(places[name], [forms[name].format(*fullest)], folder, options.seconds)
        again[name] = load.per_second
        say(
            f"{name:8s} anew {anew[name] * 1000:8.1f} ms (median of {len(tiles)}, at most {max(sizes) / 1e6:.2f} MB),"
            f" the fullest again {again[name]:8.1f} requests a second, {load.failures} failures"
        )
    if "tipg" in anew:
        cold, kept = anew["tipg"] / anew["ours"], again["ours"] / again["tipg"]
        say(f"x tipg: anew {_judge(cold, 1.5)}, again {_judge(kept, 50)}")


def _dialect(name: str, asked: list[str]) -> list[str]:
    """Our cursors are not the floor's bare numbers."""
    return [re.sub(r"cursor=(?=\d)", "cursor=n", path) for path in asked] if name == "ours" else asked


def _judge(ratio: float | None, wanted: float) -> str:
    if ratio is None:
        return f"{'-':>10s}"
    return f"{ratio:6.2f} {'ok ' if ratio >= wanted else f'<{wanted:g}'}"


def share_of_postgresql(places: dict[str, str], city: City, folder: Path, options: argparse.Namespace) -> None:
    """One client at a time: how much of the time of a request is PostgreSQL's."""
    say("\nOne connection: time of a request, and of its statement alone")
    storage = parse_crs(STORAGE)
    with connect(city.url) as connection:
        for limit in (10, 1000):
            statement = page_statement(FeatureQuery(LAYER, PLAIN.shape, limit=limit), storage)
            alone = _time_statement(connection, statement.text)
            asked = paths("items?limit=1000, anew", city.lines) if limit == 1000 else paths(f"items?limit={limit}", 0)
            load = wrk(places["ours"], _dialect("ours", asked), folder, options.seconds, connections=1)
            share = alone / load.latency_ms
            say(f"items?limit={limit:<6d} {load.latency_ms:8.2f} ms, PostgreSQL {alone:8.2f} ms = {share:.0%}")


def _time_statement(connection: Connection, text: bytes) -> float:
    """Median in milliseconds of executions of a prepared statement inside the server."""
    connection.prepare_threshold = None
    connection.execute(b"deallocate all")
    connection.execute(b"prepare alone as " + text)
    times = []
    for _ in range(21):
        rows = connection.execute("explain (analyze, timing off, summary on) execute alone").fetchall()
        times.append(float(re.findall(r"Execution Time: ([\d.]+)", "\n".join(row[0] for row in rows))[0]))
    return statistics.median(times)


def resident_mb(pid: str) -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0


def stream_everything(places: dict[str, str], city: City) -> None:
    """All lines in one download of each streamed format: memory of the worker while they pass through it."""
    say(f"\nStreaming all {city.lines} lines through one worker")
    for f in ("geojsonseq", "csv", "fgb", "gpkg"):
        started, before, peak = time.monotonic(), resident_mb(places["pid"]), 0.0
        command = ["curl", "-sf", "-o", "/dev/null", "-w", "%{size_download} %{time_starttransfer}"]
        with subprocess.Popen([*command, f"{places['ours']}/items?f={f}"], stdout=subprocess.PIPE, text=True) as curl:
            while curl.poll() is None:
                peak = max(peak, resident_mb(places["pid"]))
                time.sleep(0.1)
            size, first = (curl.stdout.read() if curl.stdout else "0 0").split()
        seconds = time.monotonic() - started
        say(
            f"{f:12s} {int(size) / 1e6:8.0f} MB in {seconds:6.1f} s ({city.lines / seconds:8.0f} features/s),"
            f" first byte after {float(first):6.2f} s, RSS {before:.0f} -> at most {peak:.0f} MB"
        )


def endure(places: dict[str, str], city: City, folder: Path, seconds: float) -> None:
    mixed = _dialect("ours", [p for kind in WANTED for p in paths(kind, city.lines)[:50]])
    random.Random(1).shuffle(mixed)
    load = wrk(places["ours"], mixed, folder, seconds, connections=200)
    say(
        f"\n200 clients for {seconds:.0f} s, all kinds of request: {load.per_second:.0f} requests a second,"
        f" mean latency {load.latency_ms:.0f} ms, {load.failures} failures"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--no-endurance", action="store_true")
    parser.add_argument("--no-transcripts", action="store_true")
    parser.add_argument("--only-tiles", action="store_true")
    parser.add_argument("--database", help="a database that an earlier run filled, to be used again")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: apt-get install wrk")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="city-twin-bench-")))
        url = options.database or stack.enter_context(throwaway())
        city = City(url, options.lines) if options.database else fill(url, options.lines)
        places = stack.enter_context(
            running(city, folder, with_peers=not options.no_peers, with_transcripts=not options.no_transcripts)
        )
        if not options.only_tiles:
            compare(places, city, folder, options)
        compare_tiles(places, folder, options)
        if options.only_tiles:
            return
        share_of_postgresql(places, city, folder, options)
        if not options.no_endurance:
            stream_everything(places, city)
            endure(places, city, folder, 60)
        page_far(places, city, folder, options)


if __name__ == "__main__":
    main()
