"""Elevations that were measured in the ground, and what nobody can have measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from layers.errors import Sentence
from twin.excavations.schema import ELEVATION_M, NODE_DEPTH_M

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.excavations.fields import Fields


@dataclass(frozen=True, slots=True)
class Levels:
    """Metres above the vertical datum: of a line's axis, a node's bottom and cover; `depth_m` from cover to bottom."""

    axis_m: float | None = None
    bottom_m: float | None = None
    cover_m: float | None = None
    depth_m: float | None = None

    @classmethod
    def of(cls, detail: Mapping[str, Any]) -> Self:
        """Those of a report as it is kept; reports kept before there were nodes have but an axis."""
        return cls(detail["elevation_m"], detail.get("bottom_m"), detail.get("cover_m"), detail.get("depth_m"))

    def to_json(self) -> dict[str, float | None]:
        return {
            "elevation_m": self.axis_m,
            "bottom_m": self.bottom_m,
            "cover_m": self.cover_m,
            "depth_m": self.depth_m,
        }

    def __bool__(self) -> bool:
        return self != Levels()

    def below(self, cover_m: float | None) -> Levels:
        """With the bottom as the measured depth puts it under the measured cover, or else under one that is known."""
        top_m = cover_m if self.cover_m is None else self.cover_m
        if self.depth_m is None or self.bottom_m is not None or top_m is None:
            return self
        return replace(self, bottom_m=top_m - self.depth_m)


def read_levels(fields: Fields) -> Levels:
    axis_m, bottom_m, cover_m = (fields.number(name, ELEVATION_M) for name in ("elevation_m", "bottom_m", "cover_m"))
    return Levels(axis_m, bottom_m, cover_m, fields.number("depth_m", NODE_DEPTH_M))


def fault_levels(levels: Levels, *, is_node: bool) -> Iterator[Sentence]:
    """What a line or a node cannot have, and what contradicts itself."""
    if is_node and levels.axis_m is not None:
        yield Sentence(
            "a node has no axis: give bottom_m, cover_m or depth_m instead of elevation_m",
            "hố, nút không có trục: ghi bottom_m, cover_m hoặc depth_m thay cho elevation_m",
        )
    if not is_node and levels != Levels(levels.axis_m):
        yield Sentence(
            "a line has no bottom_m, cover_m or depth_m: give elevation_m of its axis",
            "tuyến không có bottom_m, cover_m hay depth_m: ghi elevation_m của trục",
        )
    if levels.bottom_m is not None and levels.depth_m is not None:
        yield Sentence("give bottom_m or depth_m, not both", "chỉ ghi một trong hai: bottom_m hoặc depth_m")
    yield from fault_upright(levels.bottom_m, levels.cover_m)


def fault_upright(bottom_m: float | None, cover_m: float | None) -> Iterator[Sentence]:
    if bottom_m is not None and cover_m is not None and bottom_m > cover_m:
        yield Sentence(
            "the bottom would be above the cover: give both bottom_m and cover_m as measured",
            "đáy sẽ cao hơn nắp: hãy ghi cả bottom_m và cover_m theo số đo",
        )


def no_cover() -> Sentence:
    return Sentence(
        "depth_m needs a cover: give cover_m, or bottom_m instead", "depth_m cần cao độ nắp: ghi cover_m hoặc bottom_m"
    )
