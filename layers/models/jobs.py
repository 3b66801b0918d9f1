"""Runs of processes that are done later."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, DateTime, Index, LargeBinary, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.jobs import JobStatus
from layers.models.base import Base, one_of


class ProcessJob(Base):
    __tablename__ = "process_jobs"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, server_default=text("gen_random_uuid()"))
    process: Mapped[str] = mapped_column(Text)
    # The caller's name: nobody else learns that the job exists.
    holder: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default=JobStatus.ACCEPTED)
    inputs: Mapped[dict[str, object]] = mapped_column(JSONB)
    outputs: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    is_document: Mapped[bool] = mapped_column(Boolean)
    media_type: Mapped[str | None] = mapped_column(Text)
    result: Mapped[bytes | None] = mapped_column(LargeBinary)
    fault: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (
        one_of("status", JobStatus),
        Index("ix_process_jobs_holder", "holder", "created_at"),
        Index("ix_process_jobs_open", "holder", postgresql_where=text("status in ('accepted', 'running')")),
    )
