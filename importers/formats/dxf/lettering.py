"""Texts of a drawing: what they say, in which font, and the frame in which they stand."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ezdxf.tools.codepage import toencoding
from ezdxf.tools.text import fast_plain_mtext

from importers.codepages import UNICODE, decoder, name_encoding
from importers.formats.dxf.labels import LONGEST, Text, frame, parse_label
from importers.text import Decoding, decode_cad_escapes, decode_layer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from importers.formats.dxf.drawing import Drawing

_NAMES = "names"
# Width of a letter, as a share of the text height.
_LETTER = 0.7
_LINE_SPACING = 5 / 3
_ESCAPE = re.compile(r"\\u\+[0-9a-f]{4}", re.IGNORECASE)
_INLINE_FONT = re.compile(r"\\[fF]([^|;\\]+)")
_LEGACY = re.compile(r"vni|\.?vn", re.IGNORECASE)
_ACROSS = {1: -0.5, 2: -1.0, 4: -0.5}  # group code 72 of TEXT: center, right, middle
_UP = {2: -0.5, 3: -1.0}  # group code 73: middle, top
_KEPT = {r"\u+": "\x02", "%%": "\x03"}  # what the library would take for formatting


@dataclass(frozen=True, slots=True)
class Pending:
    """A text that waits for the encoding of its kind to be decided."""

    entity: Any
    raw: str
    font: str
    layer: str


@dataclass(slots=True)
class Lettering:
    """The texts of one drawing by the kind of their font: an encoding is decided for each kind."""

    drawing: Drawing
    fonts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _views: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _decodings: dict[str, Decoding] = field(default_factory=dict)

    def name(self, view: str) -> str:
        """The name of a layer or block in Unicode, decided by all their names."""
        if _NAMES not in self._decodings:
            document, text = self.drawing.document, self.drawing.text
            names = {text(entry.dxf.name) for entry in document.layers} | {
                text(block.name) for block in document.blocks
            }
            self._decodings[_NAMES] = decode_layer(names, declared=self._declared(""))
        return decode_cad_escapes(self._decodings[_NAMES].decode(view))

    def keep(self, value: str, fonts: Iterable[str] = ()) -> tuple[str, str]:
        """The text as delivered and the kind of its font: "vni", ".vn" (TCVN3), or "" for all others."""
        named = [font for font in fonts if _LEGACY.match(font)]
        kind = "" if not named else "vni" if named[0].lower().startswith("vni") else ".vn"
        view = self.drawing.text(value)
        if kind and self.drawing.is_unicode:
            view = _as_bytes(view, self.drawing.code_page)
        self._views[kind].add(view)
        self.fonts[kind].update(named)
        return view, kind

    def style_fonts(self, style: str) -> list[str]:
        table = self.drawing.document.styles
        if style not in table:
            return []
        entry = table.get(style)
        return [name for name in (entry.get_extended_font_data()[0], entry.dxf.font) if name]

    def readable(self, view: str, font: str) -> str:
        """A text in Unicode, decided by all texts of its kind of font (which must be known before)."""
        if font not in self._decodings:
            hints = sorted(self.fonts[font])
            self._decodings[font] = decode_layer(self._views[font], declared=self._declared(font), hints=hints)
        return decode_cad_escapes(self._decodings[font].decode(view))

    def deliver(self, views: Collection[str], font: str) -> tuple[dict[str, str], str | None]:
        """What becomes of each text of a layer, and the encoding to declare.

        Text with escapes comes from a program that knows Unicode: its bytes are of the declared code page.
        """
        declared = self._declared(font)
        if declared == UNICODE or all(map(str.isascii, views)):
            return {view: decode_cad_escapes(view) for view in views}, UNICODE
        if not font and declared and any(map(_ESCAPE.search, views)):
            decode = decoder(name_encoding(declared) or "Windows-1252")
            return {view: decode_cad_escapes(decode(view)) for view in views}, UNICODE
        return {view: view for view in views}, declared or None

    def _declared(self, font: str) -> str:
        if self.drawing.is_unicode:
            return "" if font else UNICODE
        return self.drawing.code_page


def _as_bytes(text: str, code_page: str) -> str:
    """The view of letters of a legacy font, which a Unicode program has taken for letters of its code page."""
    try:
        return text.encode(toencoding(code_page)).decode("iso-8859-1")
    except UnicodeEncodeError:
        return text


def content(entity: Any) -> tuple[str, list[str]]:
    """What a TEXT, ATTRIB or MTEXT says, without formatting, and the fonts it names itself; "" if it is too long."""
    if entity.dxftype() != "MTEXT":
        value = str(entity.dxf.get("text", ""))
        return (value if len(value) <= LONGEST else ""), []
    value = str(entity.text)
    if len(value) > 4 * LONGEST:
        return "", []
    for sign, stand_in in _KEPT.items():
        value = value.replace(sign, stand_in)
    plain = "\n".join(fast_plain_mtext(value, split=True))
    for sign, stand_in in _KEPT.items():
        plain = plain.replace(stand_in, sign)
    return plain, _INLINE_FONT.findall(value)


def place_text(pending: Pending, readable: str) -> Text | None:
    """A text with its frame on the ground; None where it has no height."""
    anchor, height, angle, shift, widen = _stand(pending.entity)
    if not (height > 0 and all(map(math.isfinite, (height, angle, anchor.x, anchor.y, widen)))):
        return None
    lines = readable.split("\n")
    size = max(map(len, lines)) * _LETTER * widen * height, height * (1 + (len(lines) - 1) * _LINE_SPACING)
    box = frame(anchor, size, shift, angle)
    return Text(pending.raw, pending.font, pending.layer, parse_label(readable), box, height, angle)


def _stand(entity: Any) -> tuple[Any, float, float, tuple[float, float], float]:
    """Anchor, height, direction, where the anchor is in the frame (in shares of it), and the width of letters."""
    if entity.dxftype() == "MTEXT":
        column, row = (entity.dxf.attachment_point - 1) % 3, (entity.dxf.attachment_point - 1) // 3
        angle = math.radians(entity.get_rotation())
        return entity.dxf.insert, float(entity.dxf.char_height), angle, (-column / 2, row / 2 - 1), 1.0
    across, up = entity.dxf.get("halign", 0), entity.dxf.get("valign", 0)
    aligned = (across or up) and entity.dxf.hasattr("align_point")
    anchor = entity.ocs().to_wcs(entity.dxf.align_point if aligned else entity.dxf.insert)
    shift = _ACROSS.get(across, 0.0), -0.5 if across == 4 else _UP.get(up, 0.0)
    return anchor, float(entity.dxf.height), math.radians(entity.dxf.rotation), shift, float(entity.dxf.width)
