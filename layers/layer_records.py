"""What is told of a layer beside its features: source, licence, accuracy, whom to ask (OGC API Records, 20-004r1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from layers.custom_tables import touch

if TYPE_CHECKING:
    from layers.database import Connection

type Json = dict[str, Any]


def read_records(connection: Connection) -> dict[str, Json]:
    """What is said of each layer that the connection's role may read, by its name."""
    return dict(connection.execute("select layer, record from visible_layer_records").fetchall())


def describe_layer(connection: Connection, layer: str, told: Json) -> Json:
    """Add to what is said of a layer; None takes a word back. What is said now."""
    with connection.transaction():
        row = connection.execute("select record from layer_records where layer = %s", (layer,)).fetchone()
        record = {name: value for name, value in ({**(row[0] if row else {}), **told}).items() if value is not None}
        connection.execute(
            "insert into layer_records (layer, record) values (%s, %s) on conflict (layer)"
            " do update set record = excluded.record, changed_at = now()",
            (layer, Jsonb(record)),
        )
        touch(connection, layer)
    return record
