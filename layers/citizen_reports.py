"""What citizens reported and the city answered for: where, of what, how far it has got, whose task it is.

What people wrote, and who they are, is personal data and is not kept here (see `provenance.SourceRecords`).
"""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.base import Base, Feature, by_file, geometry, labelled, one_of


class ReportStatus(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"
    REJECTED = "rejected"


STILL_OPEN = (ReportStatus.OPEN, ReportStatus.IN_PROGRESS)


class Topic(StrEnum):
    """What a report is about, whatever the city calls its services."""

    WATER = "water"
    GAS = "gas"
    POWER = "power"
    COLLAPSE = "collapse"
    SEWER = "sewer"
    FLOODING = "flooding"
    TELECOM = "telecom"
    LIGHTING = "lighting"
    ROAD = "road"
    TREE = "tree"
    WASTE = "waste"
    OTHER = "other"


class CitizenReport(Feature, Base):
    __tablename__ = "citizen_reports"

    reference: Mapped[str | None] = labelled(Text, vi="Mã phản ánh", en="Reference")
    service: Mapped[str | None] = labelled(Text, vi="Lĩnh vực", en="Service")
    topic: Mapped[str] = labelled(Text, vi="Chủ đề", en="Topic")
    status: Mapped[str] = labelled(Text, vi="Trạng thái", en="Status")
    reported_on: Mapped[date | None] = labelled(Date, vi="Ngày phản ánh", en="Reported on")
    updated_on: Mapped[date | None] = labelled(Date, vi="Ngày cập nhật", en="Updated on")
    closed_on: Mapped[date | None] = labelled(Date, vi="Ngày đóng", en="Closed on")
    unit: Mapped[str | None] = labelled(Text, vi="Đơn vị xử lý", en="Responsible unit")
    geom: Mapped[object] = mapped_column(geometry("POINT"), nullable=False)

    __table_args__ = (
        one_of("topic", Topic),
        one_of("status", ReportStatus),
        CheckConstraint("closed_on >= reported_on", name="closed"),
        # Names of services are short; what is longer is what somebody wrote.
        CheckConstraint("char_length(service) <= 80", name="service"),
        Index(None, "geom", postgresql_using="gist"),
        by_file(),
    )
