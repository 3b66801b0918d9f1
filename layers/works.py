"""What passers-by may know of digs: where and until when; a view holds no more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from layers.database import Connection


def write_works(connection: Connection) -> dict[str, Any]:
    """Permitted digs and digs in progress as a GeoJSON feature collection."""
    row = connection.execute(
        "select json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(json_build_object("
        "'type', 'Feature', 'id', id, 'geometry', st_asgeojson(st_transform(geom, 4326), 7, 0)::json,"
        " 'properties', json_build_object('status', status, 'starts_on', starts_on, 'ends_on', ends_on))"
        " order by id), '[]')) from public_works"
    ).fetchone()
    document: dict[str, Any] = row[0] if row else {}
    return document
