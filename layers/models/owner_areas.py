"""Areas that owners declared."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from layers.models.base import Base, geometry, one_of
from layers.owner_areas import AreaKind
from layers.schemas import SCHEMA


class OwnerArea(Base):
    __tablename__ = "owner_areas"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    owner: Mapped[str] = mapped_column(
        Text, ForeignKey(f"{SCHEMA}.organisations.name", onupdate="CASCADE", ondelete="CASCADE")
    )
    kind: Mapped[str] = mapped_column(Text)
    declared_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    remark: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[object] = mapped_column(geometry("MULTIPOLYGON"), nullable=False)

    __table_args__ = (
        one_of("kind", AreaKind),
        UniqueConstraint("owner", "kind"),
        Index(None, "geom", postgresql_using="gist"),
    )
