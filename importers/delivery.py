"""What was delivered: the files of a folder, those within archives among them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from importers.archive import HEAD_BYTES, ArchiveLimits, is_archive, unpack
from importers.faults import Finding, Rejected
from importers.source import find_datasets, root_of
from layers.errors import Invalid

if TYPE_CHECKING:
    from pathlib import Path

    from importers.layer_rules import Profile
    from importers.sandbox import Workers
    from importers.source import Dataset

_ARCHIVES = ArchiveLimits()
_MOST_NAMES = 3


@dataclass(slots=True)
class Delivery:
    """The datasets of a folder (or one file), what of it could not be unpacked, and what was left aside as document."""

    path: Path
    root: Path
    datasets: list[Dataset] = field(default_factory=list)
    refused: list[tuple[Dataset, Finding]] = field(default_factory=list)
    documents: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all datasets, each of which is looked at."""
        return sum(dataset.size for dataset in self.datasets)

    def require(self, profile: Profile) -> None:
        """Raises: Invalid where a profile speaks of files that are not delivered: it would be obeyed by none.

        Of a file alone it may speak of others, but must of that one; of one that is tried again it need not.
        """
        spoken = {file for file, _ in profile.rules}
        lost = spoken - {dataset.name for dataset in self.datasets} - {dataset.name for dataset, _ in self.refused}
        is_folder = self.path == self.root
        if lost and (is_folder or (lost == spoken and self.path.parent == self.root)):
            names = ", ".join(sorted(lost)[:_MOST_NAMES])
            raise Invalid(
                f"the profile speaks of {len(lost)} files that do not lie in {self.root}, such as {names}:"
                " import the folder that it was written for, correct the names, or leave the entries out"
            )


def open_delivery(path: Path, workers: Workers, root: Path | None = None) -> Delivery:
    """Find what lies in a folder, and unpack archives into a folder that is gone with the workers.

    root: the folder below which names are told, by default the path, or what holds the file.
    Raises: Invalid where there is nothing to import.
    """
    if not path.exists():
        raise Invalid(f"{path} does not exist: name a folder or a file")
    root = root or root_of(path)
    found, documents = find_datasets(path, root)
    if not found:
        raise Invalid(f"{path} holds nothing to import: name a folder with deliveries, or a file that is no companion")
    delivery = Delivery(path, root, documents=tuple(document.relative_to(root).as_posix() for document in documents))
    archives: list[Dataset] = []
    for dataset in found:
        (archives if _is_archive(dataset) else delivery.datasets).append(dataset.as_delivered())
    _unpack_all(delivery, archives, workers)
    delivery.datasets.sort(key=lambda dataset: dataset.name)
    return delivery


def _is_archive(dataset: Dataset) -> bool:
    try:
        if not dataset.path.is_file():  # a pipe would be waited for, for ever
            return False
        with dataset.path.open("rb") as stream:
            return is_archive(stream.read(HEAD_BYTES), dataset.path.name) is not None
    except OSError:  # a folder, a link that leads nowhere: the reader says what it is
        return False


def _unpack_all(delivery: Delivery, archives: list[Dataset], workers: Workers) -> None:
    unpacked = workers.unpacked
    jobs = ((archive, f"archive-{number}", _ARCHIVES) for number, archive in enumerate(archives))
    for number, (archive, files) in enumerate(workers.map(unpack, jobs, keep_in=unpacked)):
        if isinstance(files, Rejected):
            delivery.refused.append((archive, files.finding))
            continue
        titles = {unpacked / place: name for name, place in files if not isinstance(place, Finding)}
        for name, finding in files:
            if isinstance(finding, Finding):
                delivery.refused.append((_within(archive, archive, name), finding))
        found, documents = find_datasets(unpacked / f"archive-{number}")
        delivery.datasets += [_within(archive, dataset, titles[dataset.path]) for dataset in found]
        delivery.documents += tuple(titles[document] for document in documents)


def _within(archive: Dataset, dataset: Dataset, name: str) -> Dataset:
    """A file of an archive, under the name of the archive and its own."""
    place = archive.location.removesuffix(archive.name) + name
    return replace(dataset, title=name, place=place, within=archive.folder)
