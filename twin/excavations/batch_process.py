"""The check of many excavations as an OGC API process: a line for each, faults of one stop no other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pygeoapi.process.base import BaseProcessor

from layers.terrain import read_ground
from twin.clash.check import digest_many
from twin.excavations.many import Bench, answer_each, collect, require_few
from twin.excavations.schema import DEPTH_M, EXCAVATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layers.database import Connection
    from layers.errors import TwinError
    from layers.terrain import Ground
    from twin.clash.dig import PlannedDig
    from twin.clash.digest import Digest
    from twin.clash.rulebook import RuleBook
    from twin.excavations.process import ClashContext

# More take a worker longer than anybody waits; the command line takes as many as there are.
MOST = 5_000

METADATA: dict[str, Any] = {
    "version": "1.0.0",
    "id": "clash-check-many",
    "title": {"en": "Clash check of many excavations", "vi": "Kiểm tra va chạm hàng loạt công trình đào"},
    "description": {
        "en": "What each of many planned pits, trenches and bores would hit: outcomes are those of clash-check, in"
        " brief; what is wrong with one stops no other",
        "vi": "Từng hố, hào hoặc lỗ khoan dự kiến sẽ chạm công trình ngầm nào: kết luận như clash-check, dạng tóm tắt;"
        " lỗi của một công trình không làm dừng các công trình khác",
    },
    "jobControlOptions": ["async-execute", "sync-execute"],
    "keywords": ["excavation", "utilities", "clash", "batch"],
    "links": [],
    "inputs": {
        "excavations": {
            "title": "GeoJSON feature collection (RFC 7946)",
            "description": f"At most {MOST:,} features, each as an excavation of clash-check",
            "schema": EXCAVATION,
            "x-checkedBy": "process",
            "minOccurs": 1,
            "maxOccurs": 1,
        },
        "depth_m": {
            "title": "Depth below ground in metres, for all excavations",
            "description": "Overrides the depth_m property of the features",
            "schema": DEPTH_M.to_schema(),
            "x-checkedBy": "process",
            "minOccurs": 0,
            "maxOccurs": 1,
        },
    },
    "outputs": {
        "answers": {
            "title": "The excavations with their answers",
            "description": "A feature for each, in their order: counts by outcome, what is not proven clear with its"
            " gaps and owner, owners without records, or every reason why it was refused",
            "schema": {"type": "object", "contentMediaType": "application/geo+json"},
        }
    },
    "example": {
        "inputs": {
            "depth_m": 1.8,
            "excavations": {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "properties": {"name": "A", "width_m": 0.8},
                        "geometry": {"type": "LineString", "coordinates": [[107.58, 16.46], [107.5801, 16.46]]},
                    }
                ],
            },
        }
    },
}


class ClashCheckMany(BaseProcessor):  # type: ignore[misc]
    """Runs the same check as the command line."""

    def __init__(self, definition: dict[str, Any]) -> None:
        super().__init__(definition, METADATA)
        self.context: ClashContext = definition["context"]

    def execute(self, data: dict[str, Any], outputs: Any = None) -> tuple[str, Any]:  # noqa: ARG002 - pygeoapi's
        """Features in the order of the excavations. Raises: Invalid for too many, and for what is no GeoJSON."""
        document, practice = data["excavations"], self.context.practice
        require_few(document, MOST)
        with self.context.reader.connection() as connection:
            ground = read_ground(connection, practice.data)
            ask = partial(_ask, connection, ground, practice.book)
            lines = list(answer_each(Bench(connection, ground, practice.today()), document, data.get("depth_m"), ask))
        lines.sort(key=lambda line: line.number)
        return "application/geo+json", collect(lines, ground.storage)


def _ask(
    connection: Connection, ground: Ground, book: RuleBook, digs: list[PlannedDig]
) -> Iterator[tuple[int, Digest | TwinError]]:
    return enumerate(digest_many(connection, ground, digs, book))
