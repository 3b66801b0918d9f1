"""What a person said of layers: which goes where, in which system, which field is which attribute."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layers.crs import Crs
    from layers.utilities import Discipline


@dataclass(frozen=True, slots=True)
class LayerRule:
    """What is said of one layer; None leaves the decision to the importer.

    fields: attribute -> (field, unit or None); where given, no other field is used.
    """

    table: str | None = None
    discipline: Discipline | None = None
    crs: Crs | None = None
    encoding: str | None = None
    fields: dict[str, tuple[str, str | None]] | None = None
    skip: bool = False


NO_RULE = LayerRule()


@dataclass(frozen=True, slots=True)
class Profile:
    """Rules by file (path below the imported folder) and layer; `text` is what was read, for the import's record."""

    rules: dict[tuple[str, str], LayerRule] = field(default_factory=dict)
    text: str = ""

    def find(self, file: str, layer: str) -> LayerRule:
        return self.rules.get((file, layer), NO_RULE)

    def layers_of(self, file: str) -> set[str]:
        """The layers that are spoken of in a file."""
        return {layer for name, layer in self.rules if name == file}
