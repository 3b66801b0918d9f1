"""Planned excavations and what their procedure leaves behind."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.excavations import AnswerKind, ExcavationStatus, RequestReason
from layers.models.base import Base, Feature, between, by_file, geometry, labelled, one_of
from layers.schemas import SCHEMA


class ExcavationRow(Feature, Base):
    __tablename__ = "excavations"

    name: Mapped[str] = labelled(Text, vi="Tên công trình", en="Name")
    status: Mapped[str] = labelled(Text, vi="Trạng thái", en="Status")
    depth_m: Mapped[float | None] = labelled(Double, vi="Chiều sâu đào", en="Depth below ground", unit="m")
    starts_on: Mapped[date | None] = labelled(Date, vi="Ngày bắt đầu", en="Start")
    ends_on: Mapped[date | None] = labelled(Date, vi="Ngày kết thúc", en="End")
    geom: Mapped[object] = mapped_column(geometry("GEOMETRY"), nullable=False)
    # The GeoJSON feature as it was filed; NULL for what was imported.
    request: Mapped[dict[str, object] | None] = mapped_column(JSONB, sort_order=2)
    applicant_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.organisations.id"), sort_order=2)
    filed_by: Mapped[str | None] = mapped_column(Text, sort_order=2)
    filed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), sort_order=2)
    # Raised by a trigger with every change: what If-Match is compared with.
    version: Mapped[int] = mapped_column(BigInteger, server_default="1", sort_order=2)
    # How often owners were asked.
    submission: Mapped[int] = mapped_column(Integer, server_default="0", sort_order=2)

    __table_args__ = (
        one_of("status", ExcavationStatus),
        between("depth_m", 0.05, 100),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("geometrytype(geom) in ('POLYGON', 'MULTIPOLYGON')", name="area"),
        Index(None, "geom", postgresql_using="gist"),
        by_file(),
        Index("ix_excavations_applicant_id", "applicant_id"),
    )


class Transition(Base):
    """Which status may follow which; a trigger holds every writer to it."""

    __tablename__ = "excavation_transitions"

    from_status: Mapped[str] = mapped_column(Text, primary_key=True)
    to_status: Mapped[str] = mapped_column(Text, primary_key=True)


class CheckRow(Base):
    """A result as it was found, with what was checked: never changed, never removed."""

    __tablename__ = "excavation_checks"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    excavation_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int] = mapped_column(Integer)
    checked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    checked_by: Mapped[str] = mapped_column(Text)
    geom: Mapped[object] = mapped_column(geometry("GEOMETRY"), nullable=False)
    request: Mapped[dict[str, object]] = mapped_column(JSONB)
    # Version of each layer that the result rests on.
    versions: Mapped[dict[str, object]] = mapped_column(JSONB)
    is_clear: Mapped[bool] = mapped_column(Boolean)
    report: Mapped[dict[str, object]] = mapped_column(JSONB)
    # What is other than in the check before.
    difference: Mapped[dict[str, object] | None] = mapped_column(JSONB)

    __table_args__ = (UniqueConstraint("excavation_id", "number", name="uq_excavation_checks_number"),)


class Confirmation(Base):
    """Up to which versions of the layers, and for which day, the newest check of an excavation is known to hold."""

    __tablename__ = "excavation_confirmations"

    excavation_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    check_id: Mapped[int] = mapped_column(BigInteger)
    versions: Mapped[dict[str, object]] = mapped_column(JSONB)
    # Of the city's days; NULL for what was confirmed before days were kept.
    day: Mapped[date | None] = mapped_column(Date)
    confirmed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Doubt(Base):
    """Excavations whose check must be made again because of a neighbour."""

    __tablename__ = "excavation_doubts"

    excavation_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    neighbour_id: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class RequestRow(Base):
    """One question to one owner in one submission, and its answer."""

    __tablename__ = "excavation_requests"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    excavation_id: Mapped[int] = mapped_column(BigInteger)
    submission: Mapped[int] = mapped_column(Integer)
    # As the records or the registry name it; empty where the records name nobody.
    owner: Mapped[str] = mapped_column(Text)
    organisation_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.organisations.id"))
    reason: Mapped[str] = mapped_column(Text)
    # Objects of the owner in the check, and how many of them are not clear.
    objects: Mapped[int] = mapped_column(Integer)
    conflicts: Mapped[int] = mapped_column(Integer)
    # All that the owner has there is secret: whose it is, is not for who applies.
    is_secret: Mapped[bool] = mapped_column(Boolean, server_default="false")
    sent_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    due_on: Mapped[date] = mapped_column(Date)
    reminded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    answer: Mapped[str | None] = mapped_column(Text)
    remarks: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    answered_by: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        one_of("answer", AnswerKind),
        one_of("reason", RequestReason),
        CheckConstraint("(answer is null) = (answered_at is null)", name="answered"),
        UniqueConstraint("excavation_id", "submission", "owner", name="uq_excavation_requests_owner"),
        Index("ix_excavation_requests_organisation_id", "organisation_id"),
    )


class EventRow(Base):
    """Who did what when: rows are added, never changed, never removed."""

    __tablename__ = "excavation_events"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    excavation_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    actor: Mapped[str] = mapped_column(Text)
    organisation: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    from_status: Mapped[str | None] = mapped_column(Text)
    to_status: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[dict[str, object] | None] = mapped_column(JSONB)

    __table_args__ = (
        Index("ix_excavation_events_excavation_id", "excavation_id"),
        Index("ix_excavation_events_actor", "actor", "at"),
        Index("ix_excavation_events_organisation", "organisation", "at"),
    )


class CalendarDay(Base):
    """A day that the city's calendar makes a holiday, or a working day of a weekend."""

    __tablename__ = "calendar_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    is_working: Mapped[bool] = mapped_column(Boolean)
    name: Mapped[str] = mapped_column(Text)
