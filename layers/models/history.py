"""What an import replaced."""

from sqlalchemy import BigInteger, ForeignKey, Identity, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.models.base import Base
from layers.schemas import SCHEMA


class ReplacedFeature(Base):
    __tablename__ = "replaced_features"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.import_runs.id"), index=True)
    layer: Mapped[str] = mapped_column(Text)
    feature: Mapped[str] = mapped_column(Text)
