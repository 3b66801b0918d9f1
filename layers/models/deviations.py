"""Reports from excavations."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.deviations import Deviation, DeviationState
from layers.models.base import Base, geometry, one_of
from layers.schemas import SCHEMA


class DeviationRow(Base):
    """A report; `run_id` is the import run that holds what it changed, so that 'twin undo' takes it back."""

    __tablename__ = "excavation_deviations"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    excavation_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text)
    layer: Mapped[str | None] = mapped_column(Text)
    feature_id: Mapped[int | None] = mapped_column(BigInteger)
    owner: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[object | None] = mapped_column(geometry("GEOMETRY"))
    detail: Mapped[dict[str, object]] = mapped_column(JSONB)
    reported_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    reported_by: Mapped[str] = mapped_column(Text)
    organisation: Mapped[str | None] = mapped_column(Text)
    run_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.import_runs.id"))
    state: Mapped[str] = mapped_column(Text, server_default=DeviationState.REPORTED)
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    settled_by: Mapped[str | None] = mapped_column(Text)
    remarks: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        one_of("kind", Deviation),
        one_of("state", DeviationState),
        CheckConstraint("(state = 'reported') = (settled_at is null)", name="settled"),
        UniqueConstraint("excavation_id", "number", name="uq_excavation_deviations_number"),
    )
