"""How many features match a filter: exact, counted once for each version of a layer."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from layers.features import fetch_count

if TYPE_CHECKING:
    from layers.crs import Crs
    from layers.database import AsyncConnection
    from layers.features import Page
    from layers.query import Filter
    from ogc_api.params import FeatureRequest

_MOST = 4096

type _Key = tuple[str, int, Filter]


class Counts:
    """Numbers that were counted, the oldest forgotten first; None stands for what takes too long to count."""

    def __init__(self) -> None:
        self._known: OrderedDict[_Key, int | None] = OrderedDict()

    async def matched(
        self, connection: AsyncConnection, request: FeatureRequest, page: Page, storage: Crs
    ) -> int | None:
        """Number of features that match the request whose page this is."""
        query = request.query
        if query.filter.is_open:
            return page.total
        is_whole = page.following is None and query.cursor is None and not query.offset and not request.wants_hits
        if is_whole:
            return page.returned
        key = (query.layer.name, page.version, query.filter)
        if key not in self._known:
            self._known[key] = await fetch_count(connection, query, storage)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return self._known[key]
