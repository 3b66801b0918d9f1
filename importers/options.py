"""What the user adds to what the files say, and how far an import is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importers.layer_rules import Profile
from importers.sandbox import Limits

if TYPE_CHECKING:
    from pathlib import Path

    from layers.crs import Crs

# A reader of the largest file may take a second for each of its megabytes.
LIMITS = Limits(cpu_seconds_per_mb=1.0, memory_bytes=1 << 30, result_bytes=256 << 20)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the user adds to what the files say.

    crs: for files that declare none, and for a file that is named alone, against its own declaration.
    again: read files again that are in the city as they are. limits: bounds on the reading of one file.
    root: the folder whose import a file that is named alone belongs to.
    fills_gaps: of a file that is named alone, too, `crs` is not against its declaration.
    """

    crs: Crs | None = None
    owner: str | None = None
    layer: str | None = None
    dry_run: bool = False
    again: bool = False
    profile: Profile = field(default_factory=Profile)
    limits: Limits = LIMITS
    root: Path | None = None
    fills_gaps: bool = False

    @property
    def given(self) -> dict[str, str | None]:
        crs = self.crs.code if self.crs else None
        return {"crs": crs, "owner": self.owner, "layer": self.layer, "profile": self.profile.text}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: files and bytes done and in all, rows loaded, and the file that is being loaded."""

    files: int
    of_files: int
    bytes: int
    of_bytes: int
    rows: int
    path: str
