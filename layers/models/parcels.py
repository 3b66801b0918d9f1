"""Cadastral parcels. Who holds one is personal data and is not kept here (see `models.provenance.SourceRecords`)."""

from sqlalchemy import Double, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.models.base import Base, Feature, between, by_file, geometry, labelled


class Parcel(Feature, Base):
    __tablename__ = "parcels"

    sheet: Mapped[str | None] = labelled(Text, vi="Số tờ bản đồ", en="Map sheet")
    number: Mapped[str | None] = labelled(Text, vi="Số thửa", en="Parcel number")
    land_use: Mapped[str | None] = labelled(Text, vi="Loại đất", en="Land use code")
    legal_area_m2: Mapped[float | None] = labelled(Double, vi="Diện tích pháp lý", en="Legal area", unit="m2")
    ward_code: Mapped[str | None] = labelled(Text, vi="Mã xã/phường", en="Ward code")
    geom: Mapped[object] = mapped_column(geometry("MULTIPOLYGON"), nullable=False)

    __table_args__ = (
        between("legal_area_m2", 0.01, 1e9),
        Index(None, "geom", postgresql_using="gist"),
        by_file(),
        Index(None, "sheet", "number"),
    )
