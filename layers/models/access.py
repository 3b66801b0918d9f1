"""Keys by which callers are known."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from layers.models.base import Base
from layers.schemas import SCHEMA


class AccessKey(Base):
    """A key of 256 random bits; `sha256` is enough to check it and useless to guess it."""

    __tablename__ = "access_keys"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    sha256: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    organisation_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.organisations.id"))
    reads_utilities: Mapped[bool] = mapped_column(Boolean, server_default="true")
    edits: Mapped[bool] = mapped_column(Boolean, server_default="false")
