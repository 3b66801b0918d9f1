"""Road centre lines."""

from datetime import date

from sqlalchemy import CheckConstraint, Date, Double, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.models.base import Base, Feature, between, by_file, geometry, labelled
from layers.roads import HOURS


class Road(Feature, Base):
    __tablename__ = "roads"

    code: Mapped[str | None] = labelled(Text, vi="Mã đường", en="Road code")
    name: Mapped[str | None] = labelled(Text, vi="Tên đường", en="Name")
    road_class: Mapped[str | None] = labelled(Text, vi="Loại đường", en="Class")
    surface: Mapped[str | None] = labelled(Text, vi="Kết cấu mặt", en="Surface")
    width_m: Mapped[float | None] = labelled(Double, vi="Chiều rộng", en="Width", unit="m")
    resurfaced_on: Mapped[date | None] = labelled(Date, vi="Ngày làm mới mặt đường", en="Last resurfaced")
    moratorium_until: Mapped[date | None] = labelled(Date, vi="Cấm đào đến ngày", en="Not to be cut until")
    barred_hours: Mapped[str | None] = labelled(Text, vi="Giờ cấm đào", en="Hours barred for digging")
    geom: Mapped[object] = mapped_column(geometry("MULTILINESTRING"), nullable=False)

    __table_args__ = (
        between("width_m", 0.3, 200),
        CheckConstraint(f"barred_hours ~ '{HOURS}'", name="barred_hours"),
        Index(None, "geom", postgresql_using="gist"),
        by_file(),
    )
