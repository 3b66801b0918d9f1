"""OGC's executable test suites: what they are called, and what they are told about the server."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from outcome import read_results

if TYPE_CHECKING:
    from pathlib import Path

    from outcome import Method

_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_PROPERTIES = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE properties SYSTEM "http://java.sun.com/dtd/properties.dtd">
<properties version="1.0">{}</properties>
"""
_DEADLINE_S = 1200


class Missing(Exception):
    """What has to be there before a suite can run, with the remedy."""


@dataclass(frozen=True)
class Suite:
    """A jar by its name and version, and the keys of its properties file beside `iut`, the landing page."""

    artifact: str
    version: str
    keys: dict[str, str]

    def find(self, folder: Path) -> Path | None:
        """The newest of its jars in a folder."""
        return max(folder.glob(f"{self.artifact}-*aio.jar"), default=None)

    def fetch(self, folder: Path) -> Path:
        """The jar from the Maven repository that this machine is set up for. Raises: Missing."""
        if shutil.which("mvn") is None:
            raise Missing(
                "mvn is not there: install Maven (Debian package maven), or give the jars by CITE_JARS=folder"
            )
        coordinates = f"org.opengis.cite:{self.artifact}:{self.version}:jar:aio"
        command = ["mvn", "-q", "-B", "-U", _COPY, f"-Dartifact={coordinates}", f"-DoutputDirectory={folder}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_DEADLINE_S)
        jar = self.find(folder)
        if done.returncode or jar is None:
            said = next((line for line in done.stdout.splitlines() if "ERROR" in line), done.stderr[-300:])
            raise Missing(
                f"{coordinates} could not be fetched: {said[:300]}\n"
                f"  Put {self.artifact}-{self.version}-aio.jar into a folder and give it by CITE_JARS=folder."
            )
        return jar

    def run(self, jar: Path, landing_page: str, folder: Path) -> list[Method]:
        """Raises: Missing, where it leaves no results."""
        folder.mkdir(parents=True)
        keys = {"iut": landing_page} | self.keys
        entries = "".join(f'<entry key="{name}">{escape(value)}</entry>' for name, value in keys.items())
        properties = folder / "test-run-props.xml"
        properties.write_text(_PROPERTIES.format(entries), encoding="utf-8")
        command = ["java", "-jar", str(jar), "-o", str(folder), str(properties)]
        with (folder / "log").open("w") as log:
            subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False, timeout=_DEADLINE_S)
        results = next(folder.rglob("testng-results.xml"), None)
        if results is None:
            raise Missing(f"{jar.name} left no testng-results.xml: {(folder / 'log').read_text()[-1000:]}")
        return read_results(results)


def suites(landing_page: str, tile: tuple[int, int, int]) -> tuple[Suite, ...]:
    """All three; `tile` is the zoom, row and column of one in WebMercatorQuad with something in it."""
    zoom, row, column = map(str, tile)
    grid = "WebMercatorQuad"
    tiles = {
        "tilematrixsetdefinitionuri": f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{grid}",
        "urltemplatefortiles": f"{landing_page}/tiles/{grid}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}",
        "tilematrix": zoom,
        "mintilerow": row,
        "maxtilerow": row,
        "mintilecol": column,
        "maxtilecol": column,
    }
    processes = {"echoprocessid": "echo", "testallprocesses": "on", "processtestlimit": "2"}
    return (
        Suite("ets-ogcapi-features10", "1.9", {"noofcollections": "-1"}),
        Suite("ets-ogcapi-tiles10", "1.2", tiles),
        Suite("ets-ogcapi-processes10", "1.3", processes),
    )
