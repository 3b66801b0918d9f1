"""Areas where digging is restricted."""

from datetime import date

from sqlalchemy import CheckConstraint, Date, Double, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.models.base import Base, Feature, between, by_file, geometry, labelled, one_of
from layers.restricted_zones import Demand, ZoneKind


class RestrictedZone(Feature, Base):
    __tablename__ = "restricted_zones"

    name: Mapped[str] = labelled(Text, vi="Tên", en="Name")
    kind: Mapped[str] = labelled(Text, vi="Loại", en="Kind")
    demand: Mapped[str] = labelled(Text, vi="Yêu cầu", en="Demand")
    authority: Mapped[str | None] = labelled(Text, vi="Cơ quan quản lý", en="Authority")
    legal_basis: Mapped[str | None] = labelled(Text, vi="Căn cứ pháp lý", en="Legal basis")
    from_depth_m: Mapped[float | None] = labelled(Double, vi="Áp dụng từ độ sâu", en="Holds from a depth of", unit="m")
    valid_from: Mapped[date | None] = labelled(Date, vi="Hiệu lực từ", en="Valid from")
    valid_to: Mapped[date | None] = labelled(Date, vi="Hiệu lực đến", en="Valid to")
    geom: Mapped[object] = mapped_column(geometry("MULTIPOLYGON"), nullable=False)

    __table_args__ = (
        one_of("kind", ZoneKind),
        one_of("demand", Demand),
        between("from_depth_m", 0, 100),
        CheckConstraint("valid_to >= valid_from", name="valid"),
        Index(None, "geom", postgresql_using="gist"),
        by_file(),
    )
