"""A small city in which somebody wants to dig: level ground, a ward, a few pipes, organisations with keys."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin
from starlette.testclient import TestClient

from layers.access import grant_key
from layers.crs import WGS84, parse_crs, transform_geometries
from layers.database import Audience, Role, Writer, connect
from layers.notices import list_notices
from layers.organisations import Registration, find_organisation, register_organisation
from twin.app import Doors, create_app
from twin.excavations.practice import Practice
from twin.excavations.recheck import recheck_stale, remind_overdue
from twin.notices.sending import Post
from twin.work.queue import work
from twin.work.tasks import Workshop, create_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from httpx import Response

    from layers.database import Connection

ADDRESS = "http://127.0.0.1:8000"
EAST, NORTH = 562_000.0, 1_820_000.0
STORAGE = parse_crs("EPSG:9214")
TRENCH = shapely.box(EAST + 40, NORTH + 49, EAST + 60, NORTH + 51)
WATER, POWER, BUILDER, CITY = "Công ty Cấp nước", "Công ty Điện lực", "Công ty Xây lắp", "Sở Xây dựng"


_DUE = (
    "select exists (select from twin_queue.procrastinate_jobs where status = 'todo'"
    " and coalesce(scheduled_at <= now(), true))"
)


def lonlat(shape: shapely.Geometry) -> dict[str, Any]:
    moved = transform_geometries(np.array([shape], dtype=object), STORAGE, parse_crs(WGS84))[0]
    return json.loads(shapely.to_geojson(moved))  # type: ignore[no-any-return]


@dataclass
class Town:
    """Builders of what is in the ground and of what people do; every call is one request with somebody's key."""

    url: str
    connection: Connection
    practice: Practice
    web: TestClient
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def databases(self) -> dict[str, str]:
        return {role: self.url.replace("//twin@", f"//{role}@") for role in (*Audience, *Role)}

    def organisation(self, name: str, **about: Any) -> int:
        number = register_organisation(self.connection, Registration(name, **about))
        self.keys[name] = grant_key(
            self.connection,
            f"{name} 1",
            organisation_id=find_organisation(self.connection, name).id,
            reads_utilities=bool(about.get("coordinates")),
        )
        return number

    def pipe(self, owner: str | None = WATER, z: float = 2.0, east: float = 50.0, **columns: Any) -> int:
        """A pipe of 0.2 m from south to north, surveyed to PAS 128 A, `east` metres into the city."""
        x, y = EAST + east, NORTH
        ends = f"{x} {y + 20}{{}}, {x} {y + 80}{{}}"
        values = {
            "discipline": "water", "vertical_reference": "axis", "ground_source": "none", "section_shape": "circular",
            "elevation_source": "measured", "outer_width_m": 0.2, "outer_height_m": 0.2, "quality_level": "A",
            "owner": owner, "geom": f"SRID=9214;LINESTRING({ends.format('', '')})",
            "axis": f"SRID=9214;LINESTRING Z({ends.format(f' {z}', f' {z}')})",
        } | columns  # fmt: skip
        return self._insert("utility_lines", values)

    def manhole(self, owner: str | None = WATER, east: float = 50.0, north: float = 50.0, **columns: Any) -> int:
        """A round manhole of 1 m in ground at 3 m, 2 m deep, detected to PAS 128 B2, metres into the city."""
        values = {
            "discipline": "water", "kind": "manhole", "vertical_reference": "cover", "ground_source": "terrain",
            "ground_m": 3.0, "section_shape": "circular", "elevation_source": "measured", "outer_width_m": 1.0,
            "outer_length_m": 1.0, "bottom_m": 1.0, "cover_m": 3.0, "quality_level": "B2", "owner": owner,
            "owner_ref": "H-1", "geom": f"SRID=9214;POINT({EAST + east} {NORTH + north})",
        } | columns  # fmt: skip
        return self._insert("utility_nodes", values)

    def _insert(self, table: str, values: dict[str, Any]) -> int:
        names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        statement = f"insert into {table} ({names}) values ({marks}) returning id"  # noqa: S608
        row = self.connection.execute(statement, list(values.values())).fetchone()
        return int(row[0]) if row else 0

    def feature(self, polygon: shapely.Geometry = TRENCH, **properties: Any) -> dict[str, Any]:
        """A dig of 1.5 m through ground at 3 m, from tomorrow for a week."""
        today = self.practice.today()
        about = {"name": "Hào số 1", "depth_m": 1.5, "starts_on": str(today), "ends_on": str(today + timedelta(7))}
        return {"type": "Feature", "geometry": lonlat(polygon), "properties": about | properties}

    def call(self, who: str | None, method: str, path: str, body: Any = None, **headers: str) -> Response:
        sent = {"Authorization": f"Bearer {self.keys[who]}"} if who else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.web.request(method, f"/api/excavations{path}", json=body, headers=sent)

    def file(self, who: str = BUILDER, **properties: Any) -> int:
        answer = self.call(who, "POST", "", self.feature(**properties))
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def tag(self, number: int) -> str:
        return self.call(CITY, "GET", f"/{number}").headers["etag"]

    def check(self, number: int, who: str = BUILDER) -> dict[str, Any]:
        answer = self.call(who, "POST", f"/{number}/check", If_Match=self.tag(number))
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def act(self, who: str, number: int, name: str, reason: str | None = None) -> Response:
        body = {"act": name, "reason": reason}
        return self.call(who, "POST", f"/{number}/acts", body, If_Match=self.tag(number))

    def submitted(self, **properties: Any) -> int:
        """A dig that was checked and submitted."""
        number = self.file(**properties)
        self.check(number)
        answer = self.act(BUILDER, number, "submit")
        assert answer.status_code == 200, answer.text
        return number

    def requests(self, number: int, who: str = CITY) -> dict[str, dict[str, Any]]:
        found = self.call(who, "GET", f"/{number}/requests").json()["requests"]
        return {request["owner"]: request for request in found}

    def answer(
        self, who: str, number: int, owner: str, kind: str = "as_recorded", remarks: str | None = None
    ) -> Response:
        request = self.requests(number)[owner]["id"]
        body = {"answer": kind, "remarks": remarks}
        return self.call(who, "PUT", f"/{number}/requests/{request}/answer", body)

    def permitted(self, **properties: Any) -> int:
        """A dig whose owners have answered and that the desk has permitted."""
        number = self.submitted(**properties)
        for owner in self.requests(number):
            assert self.answer(CITY, number, owner).status_code == 200
        assert self.act(CITY, number, "permit").status_code == 200
        return number

    def digging(self) -> int:
        """A dig that has begun, 20 m long with the water main across its middle."""
        number = self.permitted()
        assert self.act(BUILDER, number, "start").status_code == 200
        return number

    def say(self, number: int, kind: str, who: str = BUILDER, **about: Any) -> Response:
        """A report from the field."""
        return self.call(who, "POST", f"/{number}/deviations", {"kind": kind, **about})

    def verdict(self, who: str, number: int, which: int, state: str = "confirmed", **about: Any) -> Response:
        return self.call(who, "PUT", f"/{number}/deviations/{which}/verdict", {"state": state, **about})

    def told(self, number: int, kind: str) -> set[str]:
        return {notice.address for notice in list_notices(self.connection, number) if notice.kind == kind}

    @staticmethod
    def place(east: float, north: float) -> list[float]:
        """Longitude and latitude of metres into the city."""
        return list(lonlat(shapely.Point(EAST + east, NORTH + north))["coordinates"])

    def status(self, number: int) -> str:
        return str(self.call(CITY, "GET", f"/{number}").json()["properties"]["status"])

    def events(self, number: int, who: str = CITY) -> list[dict[str, Any]]:
        return list(self.call(who, "GET", f"/{number}/events").json()["events"])

    def recheck(self) -> dict[int, bool]:
        """What a worker does after the city has changed."""
        writer = Writer(self.databases[Role.WORKER], Role.WORKER)
        try:
            return recheck_stale(writer, self.practice)
        finally:
            writer.close()

    def remind(self) -> int:
        """What a worker does every ten minutes."""
        writer = Writer(self.databases[Role.WORKER], Role.WORKER)
        try:
            return remind_overdue(writer, self.practice)
        finally:
            writer.close()

    def run(self, task: str, post: Post | None = None) -> None:
        """A worker's periodic task comes up, and all that follows from it is done."""
        with self.connection.transaction():
            self.connection.execute("select twin.defer_job(%s, '{\"timestamp\": 0}')", (task,))
        self.drain(post)

    def drain(self, post: Post | None = None) -> None:
        """A worker does all that is queued, and what that brings."""
        queue = create_worker(Workshop(self.databases, self.practice, post or Post()))

        async def run() -> None:
            async with queue.open_async():
                await work(queue, until_empty=True)
                # A worker that finds nothing more stops, though what still runs may put off more.
                while self.connection.execute(_DUE).fetchone() == (True,):
                    await work(queue, until_empty=True)

        asyncio.run(run())


def level_ground(connection: Connection, folder: Path) -> None:
    """100 m × 100 m of terrain at 3 m, and a ward around it."""
    (folder / "terrain").mkdir()
    options = {"driver": "GTiff", "width": 100, "height": 100, "count": 1, "dtype": "float32", "nodata": -9999}
    place = from_origin(EAST, NORTH + 100, 1, 1)
    with rasterio.open(folder / "terrain" / "dem.tif", "w", crs="EPSG:9214", transform=place, **options) as out:
        out.write(np.full((100, 100), 3, "float32"), 1)
    connection.execute(
        "insert into terrain (name, path, resolution_m, geom)"
        " values ('dem', 'terrain/dem.tif', 1, st_multi(st_makeenvelope(%s, %s, %s, %s, 9214)))",
        (EAST, NORTH, EAST + 100, NORTH + 100),
    )
    connection.execute(
        "insert into boundaries (level, name, geom)"
        " values ('ward', 'x', st_multi(st_makeenvelope(%s, %s, %s, %s, 9214)))",
        (EAST, NORTH, EAST + 100, NORTH + 100),
    )


@pytest.fixture
def bare(city: str, tmp_path: Path) -> Iterator[Town]:
    """Level ground and organisations, with one pipe far from where anybody digs."""
    with connect(city) as connection:
        level_ground(connection, tmp_path)
        databases = {role: city.replace("//twin@", f"//{role}@") for role in (*Audience, *Role)}
        practice = Practice(tmp_path, served_at=ADDRESS)
        app = create_app(Doors(databases, practice, ADDRESS))
        with TestClient(app, base_url=ADDRESS, raise_server_exceptions=False) as web:
            town = Town(city, connection, practice, web)
            town.organisation(WATER, aliases=("Cấp nước",), email="nuoc@example.vn")
            town.organisation(POWER, email="dien@example.vn")
            town.organisation(BUILDER, email="xaylap@example.vn")
            town.organisation(CITY, coordinates=True, email="so@example.vn")
            town.keys["reader"] = grant_key(connection, "reader")
            town.pipe(owner="Xa", east=5.0)
            yield town


@pytest.fixture
def town(bare: Town) -> Town:
    """The same with a water main across the trench."""
    bare.pipe()
    return bare


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[date], None]:
    """Makes it another day for the procedure."""

    def move(day: date) -> None:
        monkeypatch.setattr(Practice, "today", lambda _: day)

    return move
