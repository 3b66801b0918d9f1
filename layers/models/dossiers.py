"""Files of response packages as they were first given out."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, LargeBinary, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from layers.models.base import Base


class DossierFile(Base):
    """A file of the package of a check, in a language, as one kind of reader sees it."""

    __tablename__ = "excavation_files"

    check_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    view: Mapped[str] = mapped_column(Text, primary_key=True)
    language: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
