"""What is told of a layer beside its features."""

from datetime import datetime

from sqlalchemy import DateTime, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.models.base import Base


class LayerRecord(Base):
    """What somebody said of a layer; what the twin itself knows of it is worked out of its files."""

    __tablename__ = "layer_records"

    layer: Mapped[str] = mapped_column(Text, primary_key=True)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    record: Mapped[dict[str, object]] = mapped_column(JSONB)
