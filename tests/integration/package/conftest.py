"""The pilot ward's trenches, checked once for all tests of the response package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from layers.database import connect
from layers.embedded import create_database
from layers.terrain import read_ground
from twin.clash.check import check
from twin.clash.dig import Depth, Grade, PlannedDig, Sides, Support, Trench
from twin.excavations.package.package import Package
from twin.excavations.package.tables import Contact
from twin.excavations.request import read_digs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import PilotWard

    from layers.database import Connection
    from twin.clash.report import ClashReport

    Written = Callable[[Package, str], bytes]

CONTACTS = {"Công ty Cấp nước": Contact("0234 3 815 555", "truc-ban@capnuoc.example")}
TRENCHES = (
    "Hào cáp cắt ngang Lê Lợi",
    "Hào dọc vỉa hè Hoàng Hoa Thám",
    "Hố đào vỉa hè Lý Thường Kiệt",
    "Hố trồng cây công viên bờ sông",
    "Rãnh nông vỉa hè Phan Bội Châu",
)


@dataclass(frozen=True)
class Ward:
    """The imported sample, ready to be checked."""

    connection: Connection
    folder: Path

    def check(self, name: str) -> ClashReport:
        ground = read_ground(self.connection, self.folder)
        digs = [d for p in (self.folder / "sample" / "trenches").iterdir() for d in read_digs(p, None, ground.storage)]
        (dig,) = [dig for dig in digs if dig.name == name]
        return check(self.connection, ground, dig)

    def check_zigzag(self) -> ClashReport:
        """A trench that goes back and forth over what lies in Võ Thị Sáu."""
        ground = read_ground(self.connection, self.folder)
        ends = [(769, 967), (790, 985), (795, 960), (815, 990), (818, 962), (850, 990)]
        line = shapely.LineString(np.array(ends) + np.array([561_000.0, 1_819_000.0]))
        trench = Trench(line, 1.0, Depth(2.0), Sides(Support.BATTERED, slope=0.75))
        return check(self.connection, ground, PlannedDig.of("Hào gấp khúc", (trench,), ground.storage))

    def check_bent(self) -> ClashReport:
        """A battered sewer trench that bends three times, across and along Lê Lợi."""
        ground = read_ground(self.connection, self.folder)
        start = shapely.get_coordinates(self.check(TRENCHES[0]).polygon)[0]
        line = shapely.LineString(np.array([(0, 0), (10, -21), (35, -10), (24, 15), (47, 27)]) + start)
        sides = Sides(Support.BATTERED, slope=0.5)
        trench = Trench(line, 1.2, Grade(Depth(1.8), 0.004), sides)
        return check(self.connection, ground, PlannedDig.of("Cống gấp khúc", (trench,), ground.storage))


@pytest.fixture(scope="package")
def ward(cluster: str, pilot_ward: PilotWard) -> Iterator[Ward]:
    with connect(create_database(cluster, "pilot_package", pilot_ward.database)) as connection:
        yield Ward(connection, pilot_ward.folder)


@pytest.fixture(scope="package")
def packages(ward: Ward) -> dict[str, Package]:
    """A package of each trench, in Vietnamese."""
    return {name: Package(ward.check(name), "vi", CONTACTS) for name in TRENCHES}


@pytest.fixture(scope="package")
def written() -> Written:
    """Each format of each package, written once."""
    made: dict[tuple[str, str], bytes] = {}

    def write(package: Package, kind: str) -> bytes:
        key = (package.dossier, kind)
        if key not in made:
            made[key] = package.write(kind)
        return made[key]

    return write


@pytest.fixture(params=TRENCHES)
def package(request: pytest.FixtureRequest, packages: dict[str, Package]) -> Package:
    return packages[request.param]
