"""OGC's own test suites against a running server with the sample city.

    python tests/cite/run.py [--jars FOLDER] [--crs EPSG:3405] [--keep FOLDER]

Needs Java 17 or newer. The suites come from the Maven repository that this machine is set up for, or from a folder.
The city is stored in VN-2000 / UTM zone 48N by default: the suites' dictionary of reference systems ends before
EPSG:9214, and what they do not know they cannot test.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from outcome import is_clean, report, tally
from suites import Missing, suites

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from outcome import Method

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]
_TWIN = str(Path(sys.executable).with_name("twin"))
_FETCHED = _ROOT / ".tools" / "cite"


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def sample_city(crs: str, log: Path) -> Iterator[str]:
    """Landing page of a server on loopback with a freshly imported sample city; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="cite-", ignore_cleanup_errors=True) as folder:
        port = _free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TWIN_")}
        settings = kept | {"TWIN_DATA": f"{folder}/data", "TWIN_CRS": crs, "TWIN_PORT": str(port)}
        say(f"importing the sample city in {crs} …")
        try:
            subprocess.run([_TWIN, "demo", "--no-serve"], env=settings, check=True, stdout=subprocess.DEVNULL)
            subprocess.run([_TWIN, "db", "start"], env=settings, check=True, stdout=subprocess.DEVNULL)
            with _server(settings, port, log):
                yield f"http://127.0.0.1:{port}/ogc"
        finally:
            subprocess.run([_TWIN, "db", "stop"], env=settings, check=False, stdout=subprocess.DEVNULL)


@contextmanager
def _server(settings: Mapping[str, str], port: int, log: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "uvicorn", "city:create", "--factory", "--app-dir", str(_HERE)]
    command += ["--port", str(port), "--log-level", "warning"]
    with log.open("w") as out:
        process = subprocess.Popen(command, env=settings, cwd=_ROOT, stdout=out, stderr=subprocess.STDOUT)
    try:
        if not _answers(f"http://127.0.0.1:{port}/health", process):
            raise Missing(f"the server did not start: {log.read_text()[-1000:]}")
        yield
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            with urlopen(url, timeout=5):  # noqa: S310 - our own server
                return True
        except URLError:
            time.sleep(0.2)
    return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _full_tile(landing_page: str) -> tuple[int, int, int]:
    """Zoom, row and column of a tile in the middle of the city."""
    with urlopen(f"{landing_page}/tiles/WebMercatorQuad", timeout=30) as answer:  # noqa: S310 - our own server
        limits = json.load(answer)["tileMatrixSetLimits"][12]
    row, column = ((limits[f"minTile{side}"] + limits[f"maxTile{side}"]) // 2 for side in ("Row", "Col"))
    return int(limits["tileMatrix"]), row, column


def run_all(jars: Path | None, crs: str, results: Path) -> list[Method]:
    if shutil.which("java") is None:
        raise Missing("java is not there: install Java 17 or newer (Debian package openjdk-17-jre-headless)")
    found = {}
    for suite in suites("", (0, 0, 0)):
        found[suite.artifact] = suite.find(jars) if jars else suite.fetch(_FETCHED)
        if found[suite.artifact] is None:
            raise Missing(f"there is no {suite.artifact}-*aio.jar in {jars}")
    everything = []
    results.mkdir(parents=True, exist_ok=True)
    with sample_city(crs, results / "server.log") as landing_page:
        for suite in suites(landing_page, _full_tile(landing_page)):
            jar = found[suite.artifact]
            say(f"{suite.artifact} ({jar.name})")
            methods = suite.run(jar, landing_page, results / suite.artifact)
            for line in report(methods):
                say(line)
            if not is_clean(methods):
                say(f"  {suite.artifact} is not passed")
            everything.append(methods)
    if not all(map(is_clean, everything)):
        say("not all suites are passed")
    return [method for methods in everything for method in methods]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jars", type=Path, help="folder with the all-in-one jars; else they are fetched by Maven")
    parser.add_argument("--crs", default="EPSG:3405", help="storage system of the sample city")
    parser.add_argument("--keep", type=Path, help="folder for what the suites write")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="cite-results-") as folder:
            methods = run_all(options.jars, options.crs, options.keep or Path(folder))
    except Missing as error:
        say(f"The suites were not run: {error}")
        return 2
    say(tally(methods))
    return 0 if is_clean(methods) else 1


if __name__ == "__main__":
    sys.exit(main())
