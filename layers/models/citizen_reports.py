"""Reports of citizens, as everybody may read them."""

from datetime import date

from sqlalchemy import CheckConstraint, Date, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.citizen_reports import ReportStatus, Topic
from layers.models.base import Base, Feature, by_file, geometry, labelled, one_of


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
