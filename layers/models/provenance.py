"""Where everything came from: runs, files, original rows, the rows that were not accepted, and the layers' versions."""

from datetime import datetime

from sqlalchemy import ARRAY, JSON, BigInteger, DateTime, ForeignKey, Identity, Index, Integer, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.models.base import Base, any_geometry, one_of
from layers.provenance import Outcome
from layers.schemas import SCHEMA


class ImportRun(Base):
    __tablename__ = "import_runs"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    root: Mapped[str] = mapped_column(Text)
    options: Mapped[dict[str, object]] = mapped_column(JSONB)


class SourceFile(Base):
    __tablename__ = "source_files"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.import_runs.id"), index=True)
    path: Mapped[str] = mapped_column(Text)
    location: Mapped[str] = mapped_column(Text, index=True)
    sha256: Mapped[str] = mapped_column(Text, index=True)
    # Content and circumstances of the import: the same key again would give the same features again.
    key: Mapped[str] = mapped_column(Text)
    bytes: Mapped[int] = mapped_column(BigInteger)
    format: Mapped[str | None] = mapped_column(Text)
    owner: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    decisions: Mapped[list[object]] = mapped_column(JSONB)
    # The run that brought a newer version of the file; only files without one are in the city.
    replaced_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.import_runs.id"))

    # The layer that a city added with it, None for files that went to the twin's own layers.
    custom_layer: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (one_of("outcome", Outcome),)


class SourceRecords(Base):
    """Records as they were delivered, many in a row; the view `source_rows` shows each.

    `attributes`: field -> one value for each of `rows`. May hold personal data: no web role reads it.
    """

    __tablename__ = "source_records"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    source_file_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(f"{SCHEMA}.source_files.id", ondelete="CASCADE"), index=True
    )
    layer: Mapped[str] = mapped_column(Text)
    rows: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    attributes: Mapped[dict[str, list[object]]] = mapped_column(JSON)


class QuarantinedRow(Base):
    """A record, or a whole file (`row` is NULL), that was not accepted: why, and what would help."""

    __tablename__ = "quarantined_rows"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    source_file_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(f"{SCHEMA}.source_files.id", ondelete="CASCADE"), index=True
    )
    layer: Mapped[str | None] = mapped_column(Text)
    row: Mapped[int | None] = mapped_column(Integer)
    fault: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    remedy: Mapped[str] = mapped_column(Text)
    source_crs: Mapped[str | None] = mapped_column(Text)
    # As delivered, in `source_crs`: it may be anything, so the column promises nothing.
    geom: Mapped[object | None] = mapped_column(any_geometry())
    attributes: Mapped[dict[str, object]] = mapped_column(JSONB)

    __table_args__ = (Index("ix_quarantined_rows_fault", "fault"),)


class LayerState(Base):
    """Version and size of each layer, kept by triggers in the transaction that changes it."""

    __tablename__ = "layer_states"

    layer: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    features: Mapped[int] = mapped_column(BigInteger, server_default="0")
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
