"""Administrative areas."""

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.boundaries import Level
from layers.models.base import Base, Feature, by_file, geometry, labelled, one_of


class Boundary(Feature, Base):
    __tablename__ = "boundaries"

    level: Mapped[str] = labelled(Text, vi="Cấp", en="Level")
    code: Mapped[str | None] = labelled(Text, vi="Mã", en="Code")
    name: Mapped[str] = labelled(Text, vi="Tên", en="Name")
    geom: Mapped[object] = mapped_column(geometry("MULTIPOLYGON"), nullable=False)

    __table_args__ = (one_of("level", Level), Index(None, "geom", postgresql_using="gist"), by_file())
