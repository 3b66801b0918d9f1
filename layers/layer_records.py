"""What is told of a layer beside its features: source, licence, accuracy, whom to ask (OGC API Records, 20-004r1)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb
from sqlalchemy import DateTime, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.base import Base
from layers.custom_tables import touch

if TYPE_CHECKING:
    from layers.database import Connection

type Json = dict[str, Any]


class LayerRecord(Base):
    """What somebody said of a layer; what the twin itself knows of it is worked out of its files."""

    __tablename__ = "layer_records"

    layer: Mapped[str] = mapped_column(Text, primary_key=True)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    record: Mapped[dict[str, object]] = mapped_column(JSONB)


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
