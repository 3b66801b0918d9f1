"""Where the manholes and other nodes of a delivery stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layers.database import Connection


def find_places(connection: Connection, folder: str) -> list[tuple[str, float, float, str, str]]:
    """(owner's identifier, x, y, location of the file, discipline) of the nodes that files below a folder brought.

    Coordinates are of the storage CRS.
    """
    return connection.execute(
        "select n.owner_ref, st_x(n.geom), st_y(n.geom), f.location, n.discipline from utility_nodes n"
        " join source_files f on f.id = n.source_file_id"
        " where n.owner_ref is not null and f.replaced_by is null and starts_with(f.location, %s || '/')",
        (folder,),
    ).fetchall()
