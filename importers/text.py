"""Legacy text of one layer → NFC Unicode: the encoding is decided by legal Vietnamese words, not by labels alone."""

import codecs
import encodings.aliases
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from importers.vietnamese import LOST, decode_tcvn3, decode_viscii, decode_vni, is_syllable

TRUSTED_SCORE = 0.6  # two words more than the runner-up give 0.75, one word gives 0.5

_UNDECIDED = "undecided"
_VOTES = 2  # a declaration or a font name weighs as much as two words
_ENOUGH_EVIDENCE = 4000  # distinct words; more would not change the decision


class Reason(StrEnum):
    """Why an encoding was chosen; `describe` says it to a person."""

    ASCII = "ascii"
    UNICODE = "unicode"
    SYMBOLS = "symbols"
    DECLARED = "declared"
    FONTS = "fonts"
    WORDS = "words"
    CONTRADICTED = "contradicted"
    UNDECIDED = "undecided"

    def describe(self, language: str = "vi") -> str:
        vietnamese, english = _REASONS[self]
        return english if language == "en" else vietnamese


_REASONS: Mapping[Reason, tuple[str, str]] = {
    Reason.ASCII: ("Chỉ có ký tự ASCII", "Only ASCII characters"),
    Reason.UNICODE: ("Đã là Unicode", "Already Unicode"),
    Reason.SYMBOLS: ("Chỉ có ký hiệu như ° và ²", "Only symbols such as ° and ²"),
    Reason.DECLARED: ("Theo khai báo của tệp", "As the file declares"),
    Reason.FONTS: ("Theo tên phông chữ trong tệp", "By the font names in the file"),
    Reason.WORDS: ("Theo số từ hợp lệ", "By the number of legal words"),
    Reason.CONTRADICTED: (
        "Theo số từ hợp lệ, trái với khai báo của tệp",
        "By the number of legal words, against what the file declares",
    ),
    Reason.UNDECIDED: (
        "Không xác định được bảng mã: hãy khai báo bảng mã của tệp",
        "The encoding is unknown: declare the encoding of the file",
    ),
}


@dataclass(frozen=True)
class Decoding:
    """How the text of one layer is read.

    `score` is the share of non-ASCII words that are legal, times 1 - 2^-lead, where lead counts the
    words by which this reading beats the next one that gives other text. `alternatives` are the other
    encodings with their share of legal words, best first.
    """

    encoding: str
    score: float
    reason: Reason
    alternatives: tuple[tuple[str, float], ...] = ()

    @property
    def trusted(self) -> bool:
        """False where a person should confirm the encoding before rows are kept."""
        return self.score >= TRUSTED_SCORE

    def decode(self, value: str) -> str:
        """NFC text; U+FFFD stands for what has no meaning in this encoding."""
        return to_nfc(_decoder(self.encoding)(value))

    def is_lossless(self, value: str) -> bool:
        """False where `decode` would put or leave a U+FFFD: the row belongs in quarantine."""
        return LOST not in self.decode(value)


def decode_layer(values: Iterable[str], *, declared: str | None, hints: Sequence[str] = ()) -> Decoding:
    """Decides the encoding of one layer from its distinct values and field names.

    Values are ISO-8859-1 views of the raw bytes, not stripped (U+00A0 and U+0085 are letters in VISCII), or text
    that a driver has decoded: then declare "Unicode". `declared` comes from a .cpg, a language driver
    byte ("LDID/87") or $DWGCODEPAGE and wins unless its bytes or words contradict it; `hints` are font
    names (".VnTime", "VNI-Times").
    """
    views = {value.translate(_CP1252_TO_BYTE) for value in values}
    if all(view.isascii() and "\0" not in view for view in views):
        return Decoding("UTF-8", 1.0, Reason.ASCII)
    if any(max(view, default="") > "\xff" for view in views):
        return Decoding("Unicode", 1.0, Reason.UNICODE)
    claim = name_encoding(declared) if declared else None
    chunks = _find_evidence(views, whole=claim is not None and claim.startswith("utf-16"))
    if not chunks:
        return _decode_symbols(views, claim)
    return _decide(chunks, claim, _hinted(hints))
