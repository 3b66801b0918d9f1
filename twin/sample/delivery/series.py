"""Which files the owners of utilities deliver: how many of each kind, under which names, in which form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.sample.city.networks import fold
from twin.sample.delivery.forms import (
    BANK_DEPTHS,
    DEPTHS,
    DRAWINGS,
    ENDS,
    FALLS,
    FORMS,
    GEODATABASE,
    MAP,
    MAP_PBF,
    MODELS,
    NO_HEIGHT,
    POINT_FORMS,
    SERVICE_DEPTHS,
)
from twin.sample.delivery.vertical import Depth, Manner

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.sample.delivery.records import Form


@dataclass(frozen=True, slots=True)
class Series:
    """Files of one kind of line or node: how many, and where in the round of habits they begin."""

    folder: str
    title: str
    discipline: str
    files: int
    begin: int
    manners: tuple[Manner, ...] = DEPTHS


@dataclass(frozen=True, slots=True)
class Share:
    """One file of a series: its number from 0, what its name adds to the title, and its form."""

    series: Series
    number: int
    label: str
    form: Form

    @property
    def path(self) -> str:
        return name_file(self.series.folder, f"{self.series.title} {self.label}", self.form, self.number)

    @property
    def turn(self) -> int:
        """Place in the round of habits."""
        return self.series.begin + self.number


MAINS = (
    Series("03-cap-nuoc", "Ống cấp nước", "water", 14, 0),
    Series("04-thoat-nuoc", "Cống nước thải", "wastewater", 14, 3, FALLS),
    Series("04-thoat-nuoc", "Cống nước mưa", "storm", 13, 7, FALLS),
    Series("05-dien-luc", "Cáp điện lực", "power", 13, 1),
    Series("06-vien-thong", "Tuyến viễn thông", "telecom", 11, 10, BANK_DEPTHS),
    Series("07-chieu-sang", "Cáp chiếu sáng", "lighting", 7, 5),
)
SERVICES = (
    Series("03-cap-nuoc", "Ống dịch vụ cấp nước", "water", 6, 9, SERVICE_DEPTHS),
    Series("04-thoat-nuoc", "Ống đấu nối nước thải", "wastewater", 4, 0, FALLS),
    Series("05-dien-luc", "Cáp điện hạ thế", "power", 3, 2, SERVICE_DEPTHS),
)
NODES = (
    Series("03-cap-nuoc", "Van cấp nước", "water", 4, 3),
    Series("04-thoat-nuoc", "Hố ga nước thải", "wastewater", 6, 0),
    Series("04-thoat-nuoc", "Hố ga nước mưa", "storm", 6, 5),
    Series("05-dien-luc", "Tủ điện", "power", 2, 9),
    Series("06-vien-thong", "Hố ga viễn thông", "telecom", 4, 2),
    Series("07-chieu-sang", "Trụ chiếu sáng", "lighting", 5, 6),
)
# Files that do not go with the round, by title and number.
SPECIAL: dict[tuple[str, int], Form] = {
    ("Ống cấp nước", 5): DRAWINGS["curves"],
    ("Ống cấp nước", 6): MODELS["epanet"],
    ("Ống cấp nước", 7): MODELS["imkl"],
    ("Ống cấp nước", 8): MODELS["plateau"],
    ("Ống cấp nước", 11): MODELS["epanet"],
    ("Cống nước thải", 5): MODELS["landxml"],
    ("Cống nước thải", 6): ENDS["xlsx"],
    ("Cống nước thải", 7): MODELS["landxml-wkt"],
    ("Cống nước thải", 8): MODELS["isybau"],
    ("Cống nước thải", 9): DRAWINGS["R12"],
    ("Cống nước thải", 11): MODELS["swmm"],
    ("Cống nước thải", 12): MODELS["ade"],
    ("Cống nước mưa", 4): ENDS["csv"],
    ("Cống nước mưa", 6): MODELS["ade"],
    ("Cống nước mưa", 7): MODELS["swmm-elevations"],
    ("Cống nước mưa", 8): GEODATABASE,
    ("Cống nước mưa", 9): MODELS["isybau"],
    ("Cáp điện lực", 6): DRAWINGS["R2010"],
    ("Cáp điện lực", 7): MODELS["imkl"],
    ("Cáp điện lực", 11): DRAWINGS["labels"],
    ("Tuyến viễn thông", 5): DRAWINGS["curves-2018"],
    ("Tuyến viễn thông", 6): DRAWINGS["labels-2018"],
    ("Cáp chiếu sáng", 2): DRAWINGS["GDAL"],
    ("Cáp chiếu sáng", 4): DRAWINGS["R2000"],
    ("Ống dịch vụ cấp nước", 4): MAP,
    ("Ống dịch vụ cấp nước", 5): MODELS["plateau"],
    ("Cáp điện hạ thế", 1): MAP_PBF,
    ("Hố ga viễn thông", 0): DRAWINGS["blocks-12"],
    ("Hố ga viễn thông", 2): DRAWINGS["blocks"],
    ("Trụ chiếu sáng", 1): DRAWINGS["circles"],
}
_MANNERS: dict[tuple[str, int], Manner] = {
    ("Cáp chiếu sáng", 1): NO_HEIGHT,
    ("Ống cấp nước", 9): Depth("DoSau_m", -1.0),
    ("Tuyến viễn thông", 8): Depth("DoSau_m", -1.0),
    ("Cáp điện lực", 9): Depth("DoSau", 0.01),
    ("Cáp điện lực", 5): Depth("DoSau", 0.01),
    ("Cáp chiếu sáng", 5): Depth("DoSau"),
    ("Tuyến viễn thông", 9): Depth("DoSau"),
}


def choose_form(series: Series, number: int, place: int) -> Form:
    """The form of a file: a special one, or that of its place among all lines or nodes."""
    forms = POINT_FORMS if series in NODES else FORMS
    return SPECIAL.get((series.title, number), forms[place % len(forms)])


def choose_manner(share: Share, habit: Manner) -> Manner:
    """How a file says how deep: as is its habit, or as nobody else does."""
    return _MANNERS.get((share.series.title, share.number), habit)


def share_out(series: Series, labels: Sequence[str], before: int) -> Iterator[Share]:
    """The files of a series; `before`: how many of its kind come before them."""
    for number, label in enumerate(labels):
        yield Share(series, number, label, choose_form(series, number, before + number))


def name_file(folder: str, name: str, form: Form, number: int) -> str:
    """Path of a file: every fifth keeps its accents and blanks."""
    stem = name if number % 5 == 3 else slug(name)
    return f"{folder}/{stem}{form.suffix}"


def name_layer(path: str, form: Form) -> str:
    """What the one layer of a file is called."""
    stem = path.rsplit("/", 1)[-1].removesuffix(form.suffix)
    if form.format in ("xlsx", "ods"):
        return "Sheet1"
    return slug(stem).replace("-", "_") if form.traits.plain_names else stem


def slug(name: str) -> str:
    return fold(name).replace(" ", "-")
