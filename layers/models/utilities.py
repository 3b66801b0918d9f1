"""Underground utilities: lines with their section, nodes with their body, and how well each is known.

`geom` is the plan position and always there. `axis` is the centre line of the section with its elevation,
and NULL where the elevation is unknown: an unknown elevation has no number that could be mistaken for one.
"""

from datetime import date
from functools import partial

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from layers.models.base import Base, Feature, between, by_file, geometry, labelled, one_of
from layers.models.reach import proven, wide
from layers.schemas import SCHEMA
from layers.utilities import (
    Discipline,
    Disclosure,
    ElevationSource,
    GroundSource,
    NodeKind,
    SectionShape,
    Status,
    VerticalReference,
)

shared = partial(labelled, sort_order=-1)  # before the columns of lines and nodes alone


class Utility(Feature):
    """What lines and nodes have in common: identity, vertical knowledge, quality, disclosure."""

    discipline: Mapped[str] = shared(Text, vi="Ngành", en="Discipline")
    owner: Mapped[str | None] = shared(Text, vi="Chủ sở hữu", en="Owner")
    operator: Mapped[str | None] = shared(Text, vi="Đơn vị vận hành", en="Operator")
    owner_ref: Mapped[str | None] = shared(Text, vi="Mã của chủ sở hữu", en="Owner's identifier")
    subtype: Mapped[str | None] = shared(Text, vi="Loại", en="Subtype")
    status: Mapped[str] = shared(Text, vi="Trạng thái", en="Status", server_default=Status.UNKNOWN)
    valid_from: Mapped[date | None] = shared(Date, vi="Lắp đặt", en="Installed")
    valid_to: Mapped[date | None] = shared(Date, vi="Kết thúc", en="Taken out")
    material: Mapped[str | None] = shared(Text, vi="Vật liệu", en="Material")

    vertical_raw: Mapped[str | None] = shared(Text, vi="Độ sâu/cao độ gốc", en="Depth or elevation as given")
    vertical_unit: Mapped[str | None] = shared(Text, vi="Đơn vị gốc", en="Unit as given")
    vertical_reference: Mapped[str] = shared(Text, vi="Điểm đo", en="Vertical reference")
    vertical_datum: Mapped[str | None] = shared(Text, vi="Hệ độ cao", en="Vertical datum")
    vertical_reason: Mapped[str | None] = shared(Text, vi="Căn cứ cao độ", en="How the elevation was decided")
    ground_m: Mapped[float | None] = shared(Double, vi="Cao độ mặt đất", en="Ground elevation", unit="m")
    ground_source: Mapped[str] = shared(Text, vi="Nguồn mặt đất", en="Ground source")
    ground_date: Mapped[date | None] = shared(Date, vi="Ngày của mặt đất", en="Ground survey date")
    elevation_source: Mapped[str] = shared(Text, vi="Nguồn cao độ", en="Elevation source")

    survey_method: Mapped[str | None] = shared(Text, vi="Phương pháp đo", en="Survey method")
    surveyed_on: Mapped[date | None] = shared(Date, vi="Ngày đo", en="Survey date")
    quality_level: Mapped[str | None] = shared(Text, vi="Cấp chất lượng", en="Quality level")
    horizontal_accuracy_m: Mapped[float | None] = shared(
        Double, vi="Sai số mặt bằng", en="Horizontal accuracy", unit="m"
    )
    vertical_accuracy_m: Mapped[float | None] = shared(Double, vi="Sai số độ cao", en="Vertical accuracy", unit="m")
    schematic: Mapped[bool] = shared(Boolean, vi="Vị trí sơ đồ", en="Schematic position", server_default="false")
    disclosure: Mapped[str] = shared(Text, vi="Mức công bố", en="Disclosure", server_default=Disclosure.RESTRICTED)


def utility_checks() -> tuple[CheckConstraint, ...]:
    return (
        one_of("discipline", Discipline),
        one_of("status", Status),
        one_of("vertical_reference", VerticalReference),
        one_of("ground_source", GroundSource),
        one_of("elevation_source", ElevationSource),
        one_of("disclosure", Disclosure),
        between("ground_m", -500, 9000),
        between("horizontal_accuracy_m", 0, 100),
        between("vertical_accuracy_m", 0, 100),
        CheckConstraint("valid_to >= valid_from", name="valid"),
        CheckConstraint("(ground_m is null) = (ground_source = 'none')", name="ground_known"),
    )


class UtilityLine(Utility, Base):
    __tablename__ = "utility_lines"

    section_shape: Mapped[str] = labelled(Text, vi="Dạng mặt cắt", en="Section shape")
    outer_width_m: Mapped[float | None] = labelled(Double, vi="Bề rộng ngoài", en="Outer width", unit="m")
    outer_height_m: Mapped[float | None] = labelled(Double, vi="Chiều cao ngoài", en="Outer height", unit="m")
    inner_width_m: Mapped[float | None] = labelled(Double, vi="Bề rộng trong", en="Inner width", unit="m")
    inner_height_m: Mapped[float | None] = labelled(Double, vi="Chiều cao trong", en="Inner height", unit="m")
    wall_m: Mapped[float | None] = labelled(Double, vi="Chiều dày thành", en="Wall thickness", unit="m")
    section_reason: Mapped[str | None] = labelled(Text, vi="Căn cứ mặt cắt", en="How the section was decided")
    ducts: Mapped[int | None] = labelled(Integer, vi="Số ống trong bể", en="Number of ducts")
    parent_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.utility_lines.id"))
    voltage_v: Mapped[float | None] = labelled(Double, vi="Điện áp", en="Voltage", unit="V")
    pressure_bar: Mapped[float | None] = labelled(Double, vi="Áp lực", en="Pressure", unit="bar")
    medium: Mapped[str | None] = labelled(Text, vi="Môi chất", en="Medium")
    hazard_class: Mapped[str | None] = labelled(Text, vi="Cấp nguy hiểm", en="Hazard class")
    geom: Mapped[object] = mapped_column(geometry("LINESTRING"), nullable=False)
    axis: Mapped[object | None] = mapped_column(geometry("LINESTRINGZ"))
    # By a trigger, where it is not loaded in bulk.
    reach_m: Mapped[float] = mapped_column(Double, nullable=False)

    __table_args__ = (
        *utility_checks(),
        one_of("section_shape", SectionShape),
        between("outer_width_m", 0.003, 20),
        between("outer_height_m", 0.003, 20),
        between("inner_width_m", 0.001, 20),
        between("inner_height_m", 0.001, 20),
        between("wall_m", 0, 2),
        between("ducts", 1, 500),
        between("voltage_v", 1, 1_200_000),
        between("pressure_bar", 0, 200),
        CheckConstraint("inner_width_m <= outer_width_m and inner_height_m <= outer_height_m", name="hollow"),
        CheckConstraint("(axis is null) = (elevation_source = 'none')", name="elevation_known"),
        CheckConstraint("st_zmin(axis) > -500 and st_zmax(axis) < 9000", name="elevation"),
        CheckConstraint("st_length(geom) > 0", name="length"),
        Index(None, "geom", postgresql_using="gist"),
        # Without it every line that is deleted has all others read for one that names it as its parent.
        Index(None, "parent_id", postgresql_where=text("parent_id is not null")),
        by_file(),
        proven("utility_lines"),
        wide("utility_lines"),
    )


class UtilityNode(Utility, Base):
    __tablename__ = "utility_nodes"

    kind: Mapped[str] = labelled(Text, vi="Loại", en="Kind")
    section_shape: Mapped[str] = labelled(Text, vi="Dạng mặt bằng", en="Plan shape")
    outer_width_m: Mapped[float | None] = labelled(Double, vi="Bề rộng ngoài", en="Outer width", unit="m")
    outer_length_m: Mapped[float | None] = labelled(Double, vi="Chiều dài ngoài", en="Outer length", unit="m")
    cover_m: Mapped[float | None] = labelled(Double, vi="Cao độ nắp", en="Cover elevation", unit="m")
    bottom_m: Mapped[float | None] = labelled(Double, vi="Cao độ đáy", en="Bottom elevation", unit="m")
    geom: Mapped[object] = mapped_column(geometry("POINT"), nullable=False)
    reach_m: Mapped[float] = mapped_column(Double, nullable=False)

    __table_args__ = (
        *utility_checks(),
        one_of("kind", NodeKind),
        one_of("section_shape", SectionShape),
        between("outer_width_m", 0.01, 50),
        between("outer_length_m", 0.01, 50),
        between("cover_m", -500, 9000),
        between("bottom_m", -500, 9000),
        CheckConstraint("bottom_m <= cover_m", name="upright"),
        Index(None, "geom", postgresql_using="gist"),
        by_file(),
        proven("utility_nodes"),
        wide("utility_nodes"),
    )
