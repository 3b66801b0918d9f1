"""Planned excavations."""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, Double, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.base import Base, Feature, between, by_file, geometry, labelled, one_of


class ExcavationStatus(StrEnum):
    DRAFT = "draft"
    CHECKED = "checked"
    SUBMITTED = "submitted"
    ANSWERED = "answered"
    PERMITTED = "permitted"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"
    REFUSED = "refused"


class ExcavationRow(Feature, Base):
    __tablename__ = "excavations"

    name: Mapped[str] = labelled(Text, vi="Tên công trình", en="Name")
    status: Mapped[str] = labelled(Text, vi="Trạng thái", en="Status")
    depth_m: Mapped[float] = labelled(Double, vi="Chiều sâu đào", en="Depth below ground", unit="m")
    starts_on: Mapped[date | None] = labelled(Date, vi="Ngày bắt đầu", en="Start")
    ends_on: Mapped[date | None] = labelled(Date, vi="Ngày kết thúc", en="End")
    geom: Mapped[object] = mapped_column(geometry("POLYGON"), nullable=False)

    __table_args__ = (
        one_of("status", ExcavationStatus),
        between("depth_m", 0.05, 100),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        Index(None, "geom", postgresql_using="gist"),
        by_file(),
    )
