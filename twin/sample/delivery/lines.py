"""How departments describe pipes, cables and banks: lines of the network as rows of their files."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from twin.sample.delivery.records import Row, Value
from twin.sample.delivery.vertical import Depth, Manner, Told, Untold, with_z

if TYPE_CHECKING:
    from twin.sample.city.networks import Identity, Line
    from twin.sample.city.sections import Section
    from twin.sample.city.terrain import Terrain

OWNERS = {
    "water": "Công ty Cấp nước",
    "wastewater": "Công ty Thoát nước đô thị",
    "storm": "Công ty Thoát nước đô thị",
    "power": "Công ty Điện lực",
    "telecom": "Công ty Hạ tầng Viễn thông",
    "lighting": "Trung tâm Chiếu sáng đô thị",
}
DISCIPLINE_WORDS = {
    "water": "Cấp nước",
    "wastewater": "Nước thải",
    "storm": "Nước mưa",
    "power": "Điện lực",
    "telecom": "Viễn thông",
    "lighting": "Chiếu sáng",
}
_MATERIAL_WORDS = {
    "uPVC": ("uPVC", "Nhựa uPVC", "Ống nhựa uPVC"),
    "HDPE": ("HDPE", "Nhựa HDPE", "Ống nhựa HDPE"),
    "ductile iron": ("Gang dẻo", "Gang cầu", "Gang"),
    "reinforced concrete": ("BTCT", "Bê tông cốt thép", "BTCT"),
    "concrete": ("Bê tông", "Bê tông", "Bê tông"),
    "XLPE cable": ("XLPE", "Cáp XLPE", "Cu/XLPE"),
    "fibre cable": ("Cáp quang", "Sợi quang", "Cáp quang"),
}
_STATUS_WORDS = {
    "in_service": ("Đang sử dụng", "Hoạt động", "Tốt"),
    "disused": ("Ngừng sử dụng", "Tạm ngừng", "Ngừng sử dụng"),
}


@dataclass(frozen=True, slots=True)
class Survey:
    """How well a department knows its lines: quality level, accuracies in metres, and the columns that say it."""

    level: str | None = "A"
    horizontal_m: float | None = 0.10
    vertical_m: float | None = 0.10

    def tell(self, identity: Identity, written: dict[str, Value], expected: dict[str, Value]) -> None:
        if self.level:
            written["CapChinhXac"] = f"Cấp {self.level}"
            expected["quality_level"] = self.level
        if self.horizontal_m is not None:
            written["SaiSoMatBang"] = self.horizontal_m
            expected["horizontal_accuracy_m"] = self.horizontal_m
        if self.vertical_m is not None:
            written["SaiSoDoCao"] = self.vertical_m
            expected["vertical_accuracy_m"] = self.vertical_m
        if self.level == "A":
            surveyed_on = (identity.installed + timedelta(days=20)).isoformat()
            written["NgayDo"] = expected["surveyed_on"] = surveyed_on


@dataclass(frozen=True, slots=True)
class Style:
    """A department's way with a file of lines or nodes.

    columns: what it calls ref, owner, material, status, installed, subtype, discipline; what is missing is not written.
    section: mm, text, m, bare (a number without a unit) or side (outside or inside diameter).
    words: which of its habitual words it uses, 0 to 2.
    """

    columns: dict[str, str] = field(default_factory=dict)
    vertical: Manner = field(default_factory=lambda: Depth("DoSau_m"))
    section: str = "mm"
    survey: Survey = field(default_factory=Survey)
    words: int = 0


def describe_line(line: Line, style: Style, terrain: Terrain, row: int) -> Row:
    """One line as a row: what is written, and what the database must hold."""
    told = style.vertical.tell(line, terrain, row)
    written, expected = describe_identity(line.identity, style)
    material = _MATERIAL_WORDS[line.section.material][style.words]
    if "material" in style.columns:
        written[style.columns["material"]] = material
    expected["material"] = line.section.material
    written |= _write_section(line.section, style.section)
    expected |= expect_section(line.section)
    if line.identity.discipline == "power" and line.identity.subtype in ("Trung thế", "Hạ thế"):
        written["DienAp"] = voltage = 22000 if line.identity.subtype == "Trung thế" else 400
        expected["voltage_v"] = voltage
    written |= told.fields
    style.survey.tell(line.identity, written, expected)
    expected |= _expect_vertical(told, style)
    return Row(with_z(line, told), written, "utility_lines", expected, told.axis, drawing_layer=drawing_layer(line))


def describe_identity(identity: Identity, style: Style) -> tuple[dict[str, Value], dict[str, Value]]:
    """Columns about what a thing is and whose, and the same as the database keeps it."""
    year_only = style.columns.get("installed", "").startswith("Nam")
    installed = identity.installed.replace(month=1, day=1) if year_only else identity.installed
    day_first = style.words == 1
    told: dict[str, tuple[Value, Value]] = {
        "ref": (identity.ref, identity.ref),
        "discipline": (DISCIPLINE_WORDS[identity.discipline], identity.discipline),
        "subtype": (identity.subtype, identity.subtype),
        "owner": (OWNERS[identity.discipline], OWNERS[identity.discipline]),
        "status": (_STATUS_WORDS[identity.status][style.words], identity.status),
        "installed": (
            installed.year if year_only else installed.strftime("%d/%m/%Y" if day_first else "%Y-%m-%d"),
            installed.isoformat(),
        ),
    }
    written = {style.columns[key]: value for key, (value, _) in told.items() if key in style.columns}
    names = {"ref": "owner_ref", "installed": "valid_from"}
    expected = {names.get(key, key): value for key, (_, value) in told.items() if key in style.columns}
    return written, {"discipline": identity.discipline, **expected}


def expect_section(section: Section) -> dict[str, Value]:
    expected: dict[str, Value] = {
        "section_shape": section.shape,
        "outer_width_m": round(section.outer_width_m, 6),
        "outer_height_m": round(section.outer_height_m, 6),
    }
    if section.inner_width_m is not None and section.wall_m:
        expected["inner_width_m"] = round(section.inner_width_m, 6)
        expected["inner_height_m"] = round(section.inner_height_m or 0.0, 6)
    return expected | ({"ducts": section.ducts} if section.ducts else {})


def drawing_layer(line: Line) -> str:
    """The layer of a drawing, which says discipline, material and diameter."""
    names = {"water": "CAP_NUOC", "wastewater": "THOAT_NUOC_THAI", "storm": "THOAT_NUOC_MUA", "power": "DIEN_LUC",
             "telecom": "VIEN_THONG", "lighting": "CHIEU_SANG"}  # fmt: skip
    material = {"ductile iron": "GANG", "reinforced concrete": "BTCT", "XLPE cable": "XLPE"}.get(
        line.section.material, line.section.material.upper()
    )
    return f"{names[line.identity.discipline]}_{material}_D{round((line.section.nominal_m or 0.0) * 1000)}"


def _write_section(section: Section, style: str) -> dict[str, Value]:
    if section.shape == "bank":
        size: dict[str, Value] = {"RongBe_m": section.outer_width_m, "CaoBe_m": section.outer_height_m}
        return {"DangMatCat": "Bể cáp", **size, "SoOng": section.ducts}
    if section.nominal_m is None:
        inside = f"{(section.inner_width_m or 0.0) * 1000:g}x{(section.inner_height_m or 0.0) * 1000:g}"
        return {"DangMatCat": "Hộp", "KichThuoc": inside, "DoDay_mm": round(section.wall_m * 1000)}
    size_mm = round(section.nominal_m * 1000)
    side = "DKNgoai_mm" if section.nominal_is_outer else "DKTrong_mm"
    styles: dict[str, dict[str, Value]] = {
        "mm": {"DKOng_mm": size_mm},
        "text": {"DuongKinh": f"{size_mm} mm"},
        "m": {"DKOng_m": section.nominal_m},
        "bare": {"DuongKinh": size_mm},
        "side": {side: size_mm},
    }
    return styles[style]


def _expect_vertical(told: Told, style: Style) -> dict[str, Value]:
    if isinstance(style.vertical, Untold):
        return {"elevation_source": "none"}
    return {"vertical_reference": told.reference} if told.reference else {}
