"""What passers-by may know of digs: where and until when; a view holds no more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

    from layers.database import Connection


def write_works(connection: Connection, today: date) -> dict[str, Any]:
    """Digs in progress, and permitted ones whose days are not past, as a GeoJSON feature collection."""
    row = connection.execute(
        "select json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(json_build_object("
        "'type', 'Feature', 'id', id, 'geometry', st_asgeojson(st_transform(geom, 4326), 7, 0)::json,"
        " 'properties', json_build_object('status', status, 'starts_on', starts_on, 'ends_on', ends_on))"
        " order by id), '[]')) from public_works"
        " where status = 'in_progress' or ends_on is null or ends_on >= %s",
        (today,),
    ).fetchone()
    document: dict[str, Any] = row[0] if row else {}
    return document
