"""Rasters of the ground, which are files on disk, one row each."""

from datetime import date

from sqlalchemy import CheckConstraint, Date, Double, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.models.base import Base, Feature, by_file, geometry, labelled


class Terrain(Feature, Base):
    __tablename__ = "terrain"

    name: Mapped[str] = labelled(Text, vi="Tên", en="Name")
    path: Mapped[str] = mapped_column(Text, unique=True, comment="relative to the data folder")
    vertical_datum: Mapped[str | None] = labelled(Text, vi="Hệ độ cao", en="Vertical datum")
    resolution_m: Mapped[float] = labelled(Double, vi="Độ phân giải", en="Resolution", unit="m")
    surveyed_on: Mapped[date | None] = labelled(Date, vi="Ngày đo", en="Survey date")
    geom: Mapped[object] = mapped_column(geometry("MULTIPOLYGON"), nullable=False)

    __table_args__ = (
        CheckConstraint("resolution_m > 0", name="resolution_m"),
        Index(None, "geom", postgresql_using="gist"),
        by_file(),
    )
