"""Buildings: footprint, ground and height, and a solid where one was surveyed."""

from sqlalchemy import Double, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.models.base import Base, Feature, between, by_file, geometry, labelled


class Building(Feature, Base):
    __tablename__ = "buildings"

    code: Mapped[str | None] = labelled(Text, vi="Mã công trình", en="Building code")
    name: Mapped[str | None] = labelled(Text, vi="Tên", en="Name")
    address: Mapped[str | None] = labelled(Text, vi="Địa chỉ", en="Address")
    use: Mapped[str | None] = labelled(Text, vi="Công năng", en="Use")
    storeys: Mapped[int | None] = labelled(Integer, vi="Số tầng", en="Storeys")
    ground_m: Mapped[float | None] = labelled(Double, vi="Cao độ nền", en="Ground elevation", unit="m")
    height_m: Mapped[float | None] = labelled(Double, vi="Chiều cao", en="Height above ground", unit="m")
    geom: Mapped[object] = mapped_column(geometry("MULTIPOLYGON"), nullable=False)
    solid: Mapped[object | None] = mapped_column(geometry("POLYHEDRALSURFACEZ"))

    __table_args__ = (
        between("storeys", 0, 200),
        between("ground_m", -500, 9000),
        between("height_m", 0.1, 1000),
        Index(None, "geom", postgresql_using="gist"),
        by_file(),
    )
