"""Texts of drawings: no letter is lost in any code page, and labels go to the line or node that they speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ezdxf
import pytest
from ezdxf.enums import TextEntityAlignment

from importers.decoding import decode, decode_names
from importers.formats.cad import read_dxf
from importers.formats.dxf.labels import parse_label
from importers.source import find_datasets
from importers.text import decode_layer

if TYPE_CHECKING:
    from pathlib import Path

    from ezdxf.document import Drawing

    from importers.source import SourceLayer

TCVN3 = "§­êng Lª Lîi, èng cÊp n­íc"  # Đường Lê Lợi, ống cấp nước
VNI = "Ñöôøng Leâ Lôïi, oáng caáp nöôùc"
CP1258 = "Đươ\u0300ng Lê Lơ\u0323i, ô\u0301ng câ\u0301p nươ\u0301c".encode("cp1258").decode("latin-1")
READABLE = "Đường Lê Lợi, ống cấp nước"


def read(folder: Path, document: Drawing, *, replace: tuple[bytes, bytes] = (b"", b"")) -> list[SourceLayer]:
    """The layers of a drawing in whose bytes something was put in the place of a mark."""
    path = folder / "ban-ve.dxf"
    document.saveas(path)
    path.write_bytes(path.read_bytes().replace(*replace) if replace[0] else path.read_bytes())
    ((dataset,), _) = find_datasets(path)
    return list(read_dxf(dataset))


def a_labelled_pipe(version: str, code_page: str, font: str, text: str) -> Drawing:
    document = ezdxf.new(version)
    document.encoding = code_page.replace("ANSI_", "cp") if version < "R2007" else "utf-8"
    document.header["$DWGCODEPAGE"] = code_page
    document.styles.new("CHU", dxfattribs={"font": font})
    space = document.modelspace()
    space.add_line((0, 0), (100, 0), dxfattribs={"layer": "CAP_NUOC"})
    space.add_text(text, height=1, dxfattribs={"layer": "CAP_NUOC", "style": "CHU"}).set_placement((40, 0.5))
    return document


def as_imported(layer: SourceLayer) -> list[Any]:
    """The texts of a layer as the shared decoding reads them."""
    values = [value for column in layer.columns.values() for value in column if isinstance(value, str)]
    decoding = decode_layer([*values, *layer.columns], declared=layer.encoding, hints=layer.fonts)
    return [decoding.decode(value) for value in layer.columns["text"]]


@pytest.mark.parametrize(
    ("code_page", "font", "letters"),
    [
        ("ANSI_1258", "arial.ttf", CP1258),
        ("ANSI_1252", ".VnTime", TCVN3),
        ("ANSI_1258", "vntime.ttf", TCVN3),
        ("ANSI_1252", "VNI-Times", VNI),
    ],
)
@pytest.mark.parametrize("version", ["R12", "R2000", "R2004"])
def test_no_letter_of_a_code_page_is_lost(
    tmp_path: Path, version: str, code_page: str, font: str, letters: str
) -> None:
    """Windows-1258, TCVN3 and VNI reach the shared decoding as the bytes they are, with code page and font."""
    document = a_labelled_pipe(version, code_page, font, "D110 MARK")
    (layer,) = read(tmp_path, document, replace=(b"MARK", letters.encode("latin-1")))
    assert layer.columns["text"] == [f"D110 {letters}"]
    assert layer.encoding == code_page
    assert as_imported(layer) == [f"D110 {READABLE}"]


def test_legacy_fonts_in_unicode_drawings_are_bytes_again(tmp_path: Path) -> None:
    """AutoCAD has read TCVN3 bytes as Windows-1258 letters and saved those as UTF-8: they are turned back."""
    taken_for = TCVN3.replace("­", "\xad").encode("latin-1").decode("cp1258")
    document = a_labelled_pipe("R2010", "ANSI_1258", ".VnTime", f"D110 {taken_for}")
    (layer,) = read(tmp_path, document)
    assert layer.fonts == (".VnTime",)
    assert as_imported(layer) == [f"D110 {READABLE}"]


@pytest.mark.parametrize(
    ("version", "text"), [("R2010", f"D110 {READABLE}"), ("R2000", f"D110 {READABLE}"), ("R2000", "D110 Lê Lợi")]
)
def test_unicode_and_escapes_are_read(tmp_path: Path, version: str, text: str) -> None:
    r"""UTF-8, and \U+XXXX beside letters of the code page, give the same Unicode text."""
    document = a_labelled_pipe(version, "ANSI_1258", "arial.ttf", text)
    (layer,) = read(tmp_path, document)
    assert (layer.columns["text"], layer.encoding) == ([text], "Unicode")


def test_utf8_under_a_false_version_is_not_lost(tmp_path: Path) -> None:
    """Bytes of Windows-1258 in a drawing that claims to be Unicode stay bytes."""
    document = a_labelled_pipe("R2010", "ANSI_1258", "arial.ttf", "D110 MARK")
    (layer,) = read(tmp_path, document, replace=(b"MARK", CP1258.encode("latin-1")))
    assert layer.columns["text"] == [f"D110 {CP1258}"]


def test_layer_names_are_unicode(tmp_path: Path) -> None:
    """Recognition reads the layer's name: it is decoded by all names of the drawing."""
    document = ezdxf.new("R2000")
    document.encoding = "cp1258"
    for k, name in enumerate(("MARK1", "MARK2")):
        document.layers.add(name)
        document.modelspace().add_line((0, k), (9, k), dxfattribs={"layer": name})
    path = tmp_path / "ban-ve.dxf"
    document.saveas(path)
    names = {b"MARK1": "Câ\u0301p nươ\u0301c", b"MARK2": "Thoa\u0301t nươ\u0301c thải"}
    content = path.read_bytes()
    for mark, name in names.items():
        content = content.replace(mark, name.encode("cp1258", "replace"))
    path.write_bytes(content)
    ((dataset,), _) = find_datasets(path)
    assert next(read_dxf(dataset)).name == "Cấp nước"


def test_font_groups_come_apart(tmp_path: Path) -> None:
    """Texts of TCVN3 and of Unicode fonts in one layer are delivered apart: each is decoded by its own rule."""
    document = a_labelled_pipe("R2000", "ANSI_1252", ".VnTime", "D110 MARK")
    space = document.modelspace()
    space.add_line((0, 50), (100, 50), dxfattribs={"layer": "CAP_NUOC"})
    space.add_text("D160 Ø", height=1, dxfattribs={"layer": "CAP_NUOC"}).set_placement((40, 50.5))
    legacy, plain = read(tmp_path, document, replace=(b"MARK", TCVN3.encode("latin-1")))
    assert (legacy.fonts, legacy.columns["diameter"]) == ((".VnTime",), ["110 mm"])
    assert (plain.fonts, plain.columns["diameter"]) == ((), ["160 mm"])


def test_formatted_text_is_read_plain(tmp_path: Path) -> None:
    """MTEXT loses its formatting, keeps its letters and escapes, and names its own font."""
    document = ezdxf.new("R2000")
    space = document.modelspace()
    space.add_line((0, 0), (100, 0), dxfattribs={"layer": "ONG"})
    words = "{\\fArial|b0|i0|c0|p34;uPVC \\H0.7x;%%c110}\\Plê lợi"
    text = space.add_mtext(words, dxfattribs={"char_height": 1, "layer": "ONG", "attachment_point": 7})
    text.set_location((40, 0.5))
    (layer,) = read(tmp_path, document)
    assert layer.columns["text"] == ["uPVC Ø110\nlê lợi"]
    assert (layer.columns["material"], layer.columns["diameter"]) == (["uPVC"], ["110 mm"])


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("uPVC D110", {"material": "uPVC", "diameter": "110 mm"}),
        ("DN200 gang", {"material": "ductile iron", "diameter": "200 mm"}),
        ("Ø1,2m BTCT", {"material": "reinforced concrete", "diameter": "1.2 m"}),
        ("OD=160 PE", {"material": "HDPE", "outerdiameter": "160 mm"}),
        ("h=1.2", {"depth": "1.2"}),
        ("D110, h=0,8m, L=25m, i=0.5%", {"diameter": "110 mm", "depth": "0.8m", "line_length": "25m", "slope": "0.5%"}),
        ("chôn sâu 1.0m", {"depth": "1.0m"}),
        ("Cống hộp BxH=600x800", {"size": "600x800"}),
        ("B600xH800", {"size": "600x800"}),
        ("2.0x1.5m", {"size": "2.0x1.5m"}),
        ("Cáp ngầm 22kV", {"voltage": "22kV"}),
        ("4D110", {"ducts": "4"}),
        ("CAP_NUOC_HDPE_D110", {"material": "HDPE", "diameter": "110 mm"}),
        ("D110 i=0.5", {"diameter": "110 mm", "slope": "0.5"}),
        ("3x240mm2", {}),
        ("B=600 H=800", {"size": "600x800"}),
        ("D2", {}),
        ("HG12", {}),
        ("Đường Lê Lợi", {}),
        ("DI TICH", {}),
        ("", {}),
    ],
)
def test_labels_say_what_they_say(text: str, stated: dict[str, str]) -> None:
    """A label is taken at its word, and only where it is unmistakable."""
    assert parse_label(text) == stated


def a_map(*texts: tuple[str, tuple[float, float], float], lines: int = 1, gap: float = 3.0) -> Drawing:
    """East-west lines 100 m long, `gap` apart, and texts of 1 m height by position and direction in degrees."""
    document = ezdxf.new()
    space = document.modelspace()
    for k in range(lines):
        space.add_line((0, k * gap), (100, k * gap), dxfattribs={"layer": "CAP_NUOC"})
    for text, place, rotation in texts:
        space.add_text(text, height=1, rotation=rotation, dxfattribs={"layer": "GHICHU"}).set_placement(place)
    return document


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        (("D110", (40, 0.5), 0), True),
        (("D110", (40, 1.9), 0), True),
        (("D110", (40, 2.1), 0), False),
        (("D110", (40, -1.5), 180), True),
        (("D110", (40, 0.5), 14), True),
        (("D110", (40, 0.5), 90), False),
        (("D110", (103, 0.5), 0), False),
    ],
)
def test_a_label_belongs_to_the_line_beside_it(tmp_path: Path, text: Any, taken: bool) -> None:
    """Within two text heights and along the line: taken; farther, across or beyond its end: left, and counted."""
    (layer,) = read(tmp_path, a_map(text))
    assert ("diameter" in layer.columns) == taken
    assert any("stand beside no feature or beside several" in note for note in layer.notes) != taken


def test_a_label_between_two_lines_belongs_to_neither(tmp_path: Path) -> None:
    """Nothing is guessed where two pipes run beside one text."""
    (layer,) = read(tmp_path, a_map(("D110", (40, 1), 0), lines=2))
    assert "diameter" not in layer.columns
    (layer,) = read(tmp_path, a_map(("D110", (40, 0.2), 0), lines=2))
    assert layer.columns["diameter"] == ["110 mm", None]


def test_contradicting_labels_count_for_nothing(tmp_path: Path) -> None:
    """A line with two diameters has none, and keeps both texts; what they agree on stays."""
    (layer,) = read(tmp_path, a_map(("D110 h=1.2", (10, 0.5), 0), ("D160 h=1.2", (60, 0.5), 0)))
    assert "diameter" not in layer.columns
    assert layer.columns["depth"] == ["1.2"]
    assert layer.columns["text"] == ["D110 h=1.2; D160 h=1.2"]


def test_the_texts_own_layer_goes_first(tmp_path: Path) -> None:
    """A label in the layer of the pipes is theirs, though a kerb of another layer runs nearer."""
    document = a_map(lines=2, gap=1.6)
    space = document.modelspace()
    space[1].dxf.layer = "MEP_DUONG"
    space.add_text("D110", height=1, dxfattribs={"layer": "CAP_NUOC"}).set_placement((40, 0.5))
    pipes, kerb = read(tmp_path, document)
    assert pipes.columns["diameter"] == ["110 mm"]
    assert "diameter" not in kerb.columns


def test_nearer_statements_are_stronger(tmp_path: Path) -> None:
    """What stands beside a pipe overrides its layer's name."""
    document = ezdxf.new()
    space = document.modelspace()
    for y in (0, 50):
        space.add_line((0, y), (100, y), dxfattribs={"layer": "CAP_NUOC_HDPE_D110"})
    space.add_text("D160", height=1).set_placement((40, 0.5))
    (layer,) = read(tmp_path, document)
    assert layer.columns["diameter"] == ["160 mm", "110 mm"]
    assert layer.columns["material"] == ["HDPE", "HDPE"]


def test_nodes_have_labels_too(tmp_path: Path) -> None:
    """A text beside a manhole is its, in any direction; a remark without a statement is only counted."""
    document = ezdxf.new()
    document.blocks.new("HOGA").add_circle((0, 0), 0.5)
    space = document.modelspace()
    space.add_blockref("HOGA", (0, 0), dxfattribs={"layer": "THOAT_NUOC"})
    space.add_text("D1000", height=1, rotation=45).set_placement((0.5, 0.5))
    space.add_text("xem bản vẽ", height=1).set_placement((0.5, -2))
    (layer,) = read(tmp_path, document)
    assert (layer.columns["kind"], layer.columns["diameter"]) == (["HOGA"], ["1000 mm"])
    assert any(note.startswith("1 texts say no size") for note in layer.notes)


@pytest.mark.parametrize(
    ("align", "place", "taken"),
    [
        ("LEFT", (101, 0.5), True),
        ("LEFT", (102.5, 0.5), False),
        ("CENTER", (102.5, 0.5), True),
        ("RIGHT", (104, 0.5), True),
        ("RIGHT", (50, 2.4), False),
        ("MIDDLE_CENTER", (50, 2.4), True),
        ("TOP_RIGHT", (50, 2.9), True),
    ],
)
def test_texts_are_framed_where_they_stand(tmp_path: Path, align: str, place: Any, taken: bool) -> None:
    """A text is judged by where its letters are, however it is aligned to its insertion point."""
    document = a_map()
    document.modelspace().add_text("D110", height=1).set_placement(place, align=TextEntityAlignment[align])
    (layer,) = read(tmp_path, document)
    assert ("diameter" in layer.columns) == taken


@pytest.mark.parametrize(("font", "letters"), [(".VnTime", TCVN3), ("VNI-Times", VNI)])
def test_escapes_beside_legacy_letters(tmp_path: Path, font: str, letters: str) -> None:
    """%%c is the sign for a diameter beside letters of a legacy font too: it is resolved after they are decoded."""
    document = a_labelled_pipe("R2000", "ANSI_1252", font, "%%c110 MARK")
    (layer,) = read(tmp_path, document, replace=(b"MARK", letters.encode("latin-1")))
    decoding = decode_names(layer.columns, layer.encoding, layer.fonts, None)
    decoded, _, _ = decode(layer, decoding)
    assert list(decoded.columns["text"]) == [f"Ø110 {READABLE}"]
