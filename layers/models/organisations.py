"""Organisations of the procedure."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, DateTime, Identity, Index, Text, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from layers.models.base import Base, geometry


class OrganisationRow(Base):
    __tablename__ = "organisations"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    # Other names under which records call it their owner.
    aliases: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    email: Mapped[str | None] = mapped_column(Text)
    webhook_url: Mapped[str | None] = mapped_column(Text)
    # What webhooks are signed with; no role of the web reads it.
    webhook_secret: Mapped[str | None] = mapped_column(Text)
    # Its keys decide on excavations.
    coordinates: Mapped[bool] = mapped_column(Boolean, server_default="false")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    # Where it wants to be asked whatever the records say.
    area: Mapped[object | None] = mapped_column(geometry("MULTIPOLYGON"))

    __table_args__ = (Index(None, "area", postgresql_using="gist"),)
