"""Urban trees."""

from sqlalchemy import Double, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.models.base import Base, Feature, between, by_file, geometry, labelled


class Tree(Feature, Base):
    __tablename__ = "trees"

    code: Mapped[str | None] = labelled(Text, vi="Số hiệu cây", en="Tree number")
    species: Mapped[str | None] = labelled(Text, vi="Tên cây", en="Species")
    species_latin: Mapped[str | None] = labelled(Text, vi="Tên khoa học", en="Latin name")
    planted_year: Mapped[int | None] = labelled(Integer, vi="Năm trồng", en="Year planted")
    height_m: Mapped[float | None] = labelled(Double, vi="Chiều cao", en="Height", unit="m")
    stem_diameter_m: Mapped[float | None] = labelled(
        Double, vi="Đường kính thân ở 1,3 m", en="Stem diameter at 1.3 m", unit="m"
    )
    crown_diameter_m: Mapped[float | None] = labelled(Double, vi="Đường kính tán", en="Crown diameter", unit="m")
    condition: Mapped[str | None] = labelled(Text, vi="Hiện trạng", en="Condition")
    managed_by: Mapped[str | None] = labelled(Text, vi="Đơn vị quản lý", en="Managed by")
    geom: Mapped[object] = mapped_column(geometry("POINT"), nullable=False)

    __table_args__ = (
        between("planted_year", 1000, 2200),
        between("height_m", 0.1, 120),
        between("stem_diameter_m", 0.001, 15),
        between("crown_diameter_m", 0.1, 80),
        Index(None, "geom", postgresql_using="gist"),
        by_file(),
    )
