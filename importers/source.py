"""What lies in a folder, and what a reader makes of one file before anything is decided."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layers.columns import Column
from layers.linestrings import LineStrings, to_objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from layers.linestrings import Shapes

# Suffixes of files that belong to another of the same stem, and say nothing alone.
COMPANIONS = frozenset(
    {".shx", ".dbf", ".prj", ".cpg", ".qpj", ".sbn", ".sbx", ".qix", ".fix", ".qml", ".sld", ".csvt", ".tfw", ".qmd",
     ".dat", ".map", ".id", ".ind", ".mid", ".mtl", ".xsd", ".gfs"}
)  # fmt: skip
_SIDECAR_ENDINGS = (".aux.xml", ".shp.xml", ".gpkg-wal", ".gpkg-shm", ".gpkg-journal", ".placement.json")
# Written by programs that have a geodatabase open; they change while nothing is delivered.
_LOCKS = (".lock", ".lck")
# Control characters, and those that turn the direction of writing: Unicode 16, categories Cc, and Bidi_Control.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_SELDOM_GEODATA = frozenset({".md", ".txt", ".pdf", ".doc", ".docx", ".jpg", ".png", ".html", ""})


@dataclass(frozen=True, slots=True)
class Dataset:
    """A file with the files that belong to it.

    A file geodatabase is a folder: `path` is that folder, `parts` are the files in it.
    title: its path below the folder that was given, with '/', where it is not what `path` and `root` say: of a file
    of an archive, and of a copy. place: likewise where it was delivered. within: the name of the folder.
    digest: the hash of its contents where it is known. is_copy: whether its reader may alter it.
    """

    path: Path
    root: Path
    parts: tuple[Path, ...]
    title: str = ""
    place: str = ""
    within: str = ""
    digest: str = ""
    is_copy: bool = False

    @property
    def name(self) -> str:
        return _printable(self.title) or _readable(self.path.relative_to(self.root))

    @property
    def location(self) -> str:
        return self.place or _readable(self.path)

    @property
    def folder(self) -> str:
        return self.within or self.root.name

    def as_delivered(self) -> Dataset:
        """The same under the name and place that it has now, wherever it is copied to."""
        return replace(self, title=self.name, place=self.location, within=self.folder)

    @property
    def size(self) -> int:
        """Bytes of all parts; a link that leads nowhere has none, nor what cannot be looked at."""
        return sum(map(_bytes, self.parts))

    def sidecar(self, suffix: str) -> Path | None:
        return next((p for p in self.parts if p.suffix.lower() == suffix and p != self.path), None)

    def sha256(self) -> str:
        """Hash of the contents of all parts; two copies under different names have the same."""
        if self.digest:
            return self.digest
        digest = hashlib.sha256()
        for part in self.parts:
            with part.open("rb") as stream:
                content = hashlib.file_digest(stream, "sha256").digest()
            digest.update(part.suffix.lower().encode() + content)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Rival:
    """What a layer says of its places once more: n geometries or None, in columns of these names.

    crs: the systems that these may be in, none where it is not said. step_m: how coarsely one of the two is written.
    """

    names: str
    shapes: NDArray[np.object_]
    crs: tuple[str, ...]
    step_m: float

    def take(self, index: NDArray[np.int64]) -> Rival:
        return replace(self, shapes=self.shapes[index])


@dataclass(frozen=True, slots=True)
class SourceLayer:
    """One layer as it was delivered, n records.

    shapes: n shapely geometries or None, or plain lines, coordinates as they stand in the file.
    columns: field name -> n plain values (str, int, float, bool, date or None), a list or a `Column`. Text in a legacy
    encoding is the ISO-8859-1 view of its bytes: nothing is lost before the encoding is decided.
    rows: n ordinals, the first record is 1.
    crs: what the file declares (a code or WKT), None when it says nothing; `crs_origin` says where.
    surveyor_axes: whether x may well be north, as in Vietnamese surveyors' tables.
    drawing: whether it is a layer of a drawing, in which everything lies together: what it is only its own name can
    say, and its text may hold escapes of CAD programs.
    rival: the other places of a layer that has two for each record.
    """

    name: str
    shapes: Shapes
    columns: Mapping[str, Sequence[Any]]
    rows: NDArray[np.int64]
    crs: str | None = None
    crs_origin: str = ""
    encoding: str | None = None
    fonts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    surveyor_axes: bool = False
    drawing: bool = False
    rival: Rival | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def geometries(self) -> NDArray[np.object_]:
        """N shapely geometries or None, which plain lines are made each time that they are asked for."""
        return to_objects(self.shapes)

    def take(self, index: NDArray[np.int64]) -> SourceLayer:
        """The records at these positions."""
        columns = {name: Column.of(values).take(index) for name, values in self.columns.items()}
        shapes = self.shapes.take(index) if isinstance(self.shapes, LineStrings) else self.shapes[index]
        rival = self.rival and self.rival.take(index)
        return replace(self, shapes=shapes, columns=columns, rows=self.rows[index], rival=rival)

    def record(self, index: int) -> dict[str, Any]:
        return {name: values[index] for name, values in self.columns.items()}


@dataclass(frozen=True, slots=True)
class LongLayer:
    """A layer that is too long to be held at once: what heads it as in `SourceLayer`, and its records in turns.

    count: records as announced. dimension: 0 points, 1 lines, 2 areas. extent: (minx, miny, maxx, maxy) as announced,
    None where nothing is. read: begins anew at the first record; without geometries where they are not wanted.
    """

    name: str
    fields: tuple[str, ...]
    count: int
    dimension: int
    extent: tuple[float, float, float, float] | None
    read: Callable[[bool], Iterator[SourceLayer]]
    crs: str | None = None
    crs_origin: str = ""
    encoding: str | None = None
    fonts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    surveyor_axes: bool = False

    def __len__(self) -> int:
        return self.count

    def chunks(self, *, with_geometry: bool = True) -> Iterator[SourceLayer]:
        """The records, some ten thousand at a time."""
        for chunk in self.read(with_geometry):
            yield replace(
                chunk, name=self.name, crs=self.crs, crs_origin=self.crs_origin, encoding=self.encoding,
                fonts=self.fonts, notes=self.notes, surveyor_axes=self.surveyor_axes,
            )  # fmt: skip


type AnyLayer = SourceLayer | LongLayer
type _Key = tuple[Path, str]


def _readable(path: Path) -> str:
    """The path as text; bytes of a name that are no UTF-8 are spelled out, as is what no screen shows."""
    return _printable(os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace"))


def _printable(name: str) -> str:
    """A name could else break a line, steer a terminal or turn the order of its letters round."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), name)


def _bytes(part: Path) -> int:
    with suppress(OSError):
        return part.stat().st_size
    return 0


def find_delivered(location: Path) -> Path | None:
    """What lies at a dataset's location: the file itself, or the archive that holds it; None where neither is there."""
    if os.path.lexists(location):
        return location
    place = next(place for place in location.parents if os.path.exists(place))  # noqa: PTH110 - it never raises
    return place if place.is_file() else None


def root_of(path: Path) -> Path:
    """The folder below which files have their names: the one that is named, or what holds a file that is."""
    return path if path.is_dir() and not is_geodatabase(path) else path.parent


def find_datasets(path: Path, root: Path | None = None) -> tuple[list[Dataset], list[Path]]:
    """Datasets below a folder (or the one file), in order of their names, and the files left aside as documents.

    root: the folder below which they have their names, by default the folder, or what holds the file.
    A companion without the file that it belongs to is a dataset too, so that nobody waits for it in vain.
    """
    root = root or root_of(path)
    found = sorted(_files(path))
    geodatabases = {file for file in found if is_geodatabase(file)}
    files = [file for file in found if file not in geodatabases]
    mains = _mains(files)
    owner = _owners(mains)
    companions: dict[_Key, list[Path]] = {}
    beside = _siblings(path) if path.is_file() else ()
    for sibling in sorted({*files, *beside}):
        if (stem := owner(sibling)) is not None:
            companions.setdefault(stem, []).append(sibling)
    datasets, documents = [], []
    for file in found:
        if file not in mains and owner(file) is not None:
            continue
        if file in geodatabases:
            datasets.append(Dataset(file, root, _files_of_geodatabase(file)))
        elif file.suffix.lower() in _SELDOM_GEODATA and path.is_dir() and os.path.isfile(file):  # noqa: PTH113 - it never raises
            documents.append(file)
        else:
            parts = [part for part in companions.get((file.parent, file.stem), []) if part != file]
            datasets.append(Dataset(file, root, (file, *parts)))
    return datasets, documents


def _mains(files: list[Path]) -> set[Path]:
    """Files that others belong to: those that stand for themselves, and a table where its shapes are not there."""
    mains = {file for file in files if _stem_of_companion(file) is None}
    owner = _owners(mains)
    return mains | {file for file in files if file.suffix.lower() == ".dbf" and owner(file) is None}


def _owners(mains: set[Path]) -> Callable[[Path], _Key | None]:
    """Which files a companion belongs to, by their folder and stem: those of its own stem, or else of the only one that
    differs from it in case: one system writes names as they are, another in capitals.
    """
    stems: dict[_Key, set[_Key]] = {}
    for main in mains:
        stems.setdefault((main.parent, main.stem.casefold()), set()).add((main.parent, main.stem))

    def owner(file: Path) -> _Key | None:
        stem = _stem_of_companion(file)
        if stem is None:
            return None
        alike, own = stems.get((file.parent, stem.casefold()), set()), (file.parent, stem)
        return own if own in alike else next(iter(alike)) if len(alike) == 1 else None

    return owner


def is_geodatabase(path: Path) -> bool:
    """Whether a folder is a file geodatabase of Esri; its files mean nothing one by one."""
    if path.suffix.lower() != ".gdb" or not path.is_dir():
        return False
    try:
        return any(part.suffix.lower() == ".gdbtable" for part in path.iterdir())
    except PermissionError:
        return False


def _files_of_geodatabase(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(p for p in folder.iterdir() if p.is_file() and p.suffix.lower() not in _LOCKS))


def _files(path: Path) -> Iterator[Path]:
    if path.is_file() or is_geodatabase(path):
        yield path
        return
    closed: list[Path] = []
    for folder, names, files in path.walk(on_error=lambda error: closed.append(Path(error.filename))):
        geodatabases = [name for name in names if is_geodatabase(folder / name)]
        names[:] = [name for name in names if not name.startswith(".") and name not in geodatabases]
        yield from (folder / name for name in geodatabases)
        # What is no file, such as a link that leads nowhere, is reported, not passed over; so is a folder that nobody
        # may enter.
        yield from (folder / name for name in files if not name.startswith("."))
    yield from closed


def _siblings(file: Path) -> Iterator[Path]:
    """Files beside one that is named alone, which may belong to it; in a folder all are found anyhow."""
    return file.parent.glob(f"{_escape(file.stem)}.*", case_sensitive=False)


def _stem_of_companion(file: Path) -> str | None:
    """The stem of the file that a companion belongs to; None for a file that stands for itself."""
    name = file.name.lower()
    for ending in _SIDECAR_ENDINGS:
        if name.endswith(ending):
            return file.name[: -len(ending)].removesuffix(".shp").removesuffix(".gpkg")
    return file.stem if file.suffix.lower() in COMPANIONS else None


def _escape(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
