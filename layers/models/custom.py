"""Layers that a city added without code, and their former versions."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.database import Audience
from layers.models.base import Base, one_of
from layers.schemas import SCHEMA


class CustomLayerRow(Base):
    """A layer that the city added, and the file that its features are of."""

    __tablename__ = "custom_layers"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    source_file_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.source_files.id"))
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    audience: Mapped[str] = mapped_column(Text)
    definition: Mapped[dict[str, object]] = mapped_column(JSONB)
    style: Mapped[list[object] | None] = mapped_column(JSONB)

    __table_args__ = (one_of("audience", Audience),)


class PastLayer(Base):
    """A former version of a custom layer: its table, kept aside, and the row that told of it."""

    __tablename__ = "past_layers"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.import_runs.id"), unique=True)
    table_name: Mapped[str] = mapped_column(Text)
    layer: Mapped[dict[str, object]] = mapped_column(JSONB)
