"""Edits of single features."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Identity, Index, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from layers.editing import OPERATIONS
from layers.models.base import Base, one_of_texts


class FeatureEdit(Base):
    """An edit of a feature: `before` is PostgreSQL's own text of the row, which reads back exactly."""

    __tablename__ = "feature_edits"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    edited_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    editor: Mapped[str] = mapped_column(Text)
    layer: Mapped[str] = mapped_column(Text)
    feature_id: Mapped[int] = mapped_column(BigInteger)
    operation: Mapped[str] = mapped_column(Text)
    before: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (one_of_texts("operation", OPERATIONS), Index("ix_feature_edits_layer", "layer", "feature_id"))
