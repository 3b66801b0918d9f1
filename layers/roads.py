"""Road centre lines."""

from sqlalchemy import Double, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.base import Base, Feature, between, geometry, labelled


class Road(Feature, Base):
    __tablename__ = "roads"

    code: Mapped[str | None] = labelled(Text, vi="Mã đường", en="Road code")
    name: Mapped[str | None] = labelled(Text, vi="Tên đường", en="Name")
    road_class: Mapped[str | None] = labelled(Text, vi="Loại đường", en="Class")
    surface: Mapped[str | None] = labelled(Text, vi="Kết cấu mặt", en="Surface")
    width_m: Mapped[float | None] = labelled(Double, vi="Chiều rộng", en="Width", unit="m")
    geom: Mapped[object] = mapped_column(geometry("MULTILINESTRING"), nullable=False)

    __table_args__ = (between("width_m", 0.3, 200), Index(None, "geom", postgresql_using="gist"))
