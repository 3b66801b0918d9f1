"""The network audit as it is kept: runs, batches that are done, pairs that lie too near."""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, Double, ForeignKey, Index, Integer, Text, func
from sqlalchemy import Identity as Generated
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.audit import VERDICTS
from layers.models.base import Base, geometry, one_of_texts
from layers.schemas import SCHEMA


class AuditRunRow(Base):
    """`rules` tells rule books apart; `law` is how findings cite them; `total` objects are to be looked at."""

    __tablename__ = "audit_runs"

    id: Mapped[int] = mapped_column(BigInteger, Generated(), primary_key=True)
    began_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    rules: Mapped[str] = mapped_column(Text)
    law: Mapped[dict[str, object]] = mapped_column(JSONB)
    versions: Mapped[dict[str, object]] = mapped_column(JSONB)
    total: Mapped[int] = mapped_column(BigInteger)


class AuditBatchRow(Base):
    """Objects of a layer up to `last_id` that are done, with what became of their pairs."""

    __tablename__ = "audit_batches"

    run_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(f"{SCHEMA}.audit_runs.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    layer: Mapped[str] = mapped_column(Text)
    last_id: Mapped[int] = mapped_column(BigInteger)
    objects: Mapped[int] = mapped_column(Integer)
    tally: Mapped[dict[str, object]] = mapped_column(JSONB)
    seconds: Mapped[float] = mapped_column(Double)


class AuditPairRow(Base):
    """A pair with the worst that was found of it; `more` are its other open findings."""

    __tablename__ = "audit_pairs"

    id: Mapped[int] = mapped_column(BigInteger, Generated(), primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.audit_runs.id", ondelete="CASCADE"))
    verdict: Mapped[str] = mapped_column(Text)
    aspect: Mapped[str] = mapped_column(Text)
    arrangement: Mapped[str | None] = mapped_column(Text)
    limit_m: Mapped[float | None] = mapped_column(Double)
    measured_m: Mapped[float | None] = mapped_column(Double)
    worst_m: Mapped[float | None] = mapped_column(Double)
    rule: Mapped[str | None] = mapped_column(Text)
    doubts: Mapped[list[str]] = mapped_column(ARRAY(Text))
    remark: Mapped[str | None] = mapped_column(Text)
    more: Mapped[list[object]] = mapped_column(JSONB)
    first: Mapped[dict[str, object]] = mapped_column(JSONB)
    second: Mapped[dict[str, object]] = mapped_column(JSONB)
    street: Mapped[str | None] = mapped_column(Text)
    ward: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[object] = mapped_column(geometry("POINT"), nullable=False)

    __table_args__ = (
        one_of_texts("verdict", VERDICTS),
        CheckConstraint("limit_m >= 0", name="limit_m"),
        Index("ix_audit_pairs_run_id", "run_id"),
        Index(None, "geom", postgresql_using="gist"),
    )
