"""Names of encodings as files write them → one decoder each."""

import codecs
import encodings.aliases
import re
import string
from collections.abc import Callable
from functools import cache

from importers.vietnamese import LOST, decode_tcvn3, decode_viscii, decode_vni

UNICODE = "Unicode"
UNDECIDED = "undecided"

_OWN_TABLES = {"TCVN3": decode_tcvn3, "VNI-Win": decode_vni, "VISCII": decode_viscii}
_CODECS = {"UTF-8": "utf-8-sig", "Windows-1258": "cp1258", "Windows-1252": "cp1252"}

# What Windows programs write under the standard's name: the superset decodes all of it.
_SUPERSETS = {
    "utf-8": "UTF-8",
    "cp1258": "Windows-1258",
    "cp1252": "Windows-1252",
    "iso8859-1": "Windows-1252",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "big5": "cp950",
}
_SPOKEN = {
    "unicode": UNICODE,
    "abc": "TCVN3",
    "tcvn": "TCVN3",
    "tcvn3": "TCVN3",
    "tcvn57121": "TCVN3",
    "vni": "VNI-Win",
    "vniwin": "VNI-Win",
    "vniwindows": "VNI-Win",
    "viscii": "VISCII",
    "windowsvietnamese": "Windows-1258",
    "windowslatin1": "Windows-1252",
    "88591": "Windows-1252",
    "65001": "UTF-8",
}
# dBASE language driver byte → code page (the table of the ESRI and FoxPro DBF headers).
_LANGUAGE_DRIVERS = {
    0x01: "437", 0x02: "850", 0x03: "1252", 0x08: "865", 0x13: "932", 0x4D: "936", 0x4E: "949", 0x4F: "950",
    0x50: "874", 0x57: "1252", 0x58: "1252", 0x59: "1252", 0x64: "852", 0x65: "866", 0x66: "865", 0x67: "861",
    0x6A: "737", 0x6B: "857", 0x78: "950", 0x79: "949", 0x7A: "936", 0x7B: "932", 0x7C: "874", 0x86: "737",
    0x87: "852", 0x88: "857", 0xC8: "1250", 0xC9: "1251", 0xCA: "1254", 0xCB: "1253", 0xCC: "1257",
}  # fmt: skip

_CODE_PAGE = re.compile(r"(?:ansi|windows|win|cp|ms|oem|dos|ibm)?(\d{3,4})")
_ASCII = string.printable + r"\u0041.xn--hu-6ja"  # UTF-7, EBCDIC, IDNA, Python's escapes rewrite some of it
_NOT_ASCII = re.compile("[^\x00-\x7f]")
_BEYOND_A_BYTE = re.compile("[^\x00-\xff]")
_BYTE_OF = {
    ord(sign): byte for byte in range(0x80, 0xA0) if (sign := bytes([byte]).decode("cp1252", "replace")) != LOST
}


def name_encoding(declared: str) -> str | None:
    """The name under which `decoder` knows a declared encoding; None where nobody does.

    Understands "UTF-8", "ANSI_1258", "LDID/87", "88591", "Big-5", "win1251", "WindowsVietnamese", "TCVN5712-1".
    """
    folded = _squeeze(declared)
    if driver := re.fullmatch(r"ldid(\d+)", folded):
        folded = _LANGUAGE_DRIVERS.get(int(driver[1]), "")
    if folded in _SPOKEN:
        return _SPOKEN[folded]
    page = _CODE_PAGE.fullmatch(folded)
    codec = _find_codec(f"cp{page[1]}" if page else folded)
    return _SUPERSETS.get(codec, codec) if codec else None


def _squeeze(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.casefold())


def _find_codec(squeezed: str) -> str | None:
    aliases = encodings.aliases.aliases
    known = {_squeeze(name): name for name in (*aliases.values(), *aliases)}
    try:
        codec = codecs.lookup(known.get(squeezed, squeezed)).name
        keeps_ascii = is_stateful(codec) or _ASCII.encode().decode(codec) == _ASCII
    except (LookupError, ValueError):
        return None
    return codec if keeps_ascii else None


def is_stateful(encoding: str) -> bool:
    """True where ASCII bytes can mean other letters, so that only whole values can be judged."""
    return encoding.startswith(("utf-16", "iso2022"))


@cache
def decoder(encoding: str) -> Callable[[str], str]:
    """The function that turns a value into text; what has no meaning becomes U+FFFD."""
    if encoding == UNICODE:
        return str
    if encoding == UNDECIDED:
        return lambda value: _NOT_ASCII.sub(LOST, value)
    table = _OWN_TABLES.get(encoding)
    if table:
        return lambda value: table(as_bytes_view(value))
    return lambda value: _decode_codec(value, _CODECS.get(encoding, encoding))


def _decode_codec(value: str, codec: str) -> str:
    view = as_bytes_view(value)
    return LOST if _BEYOND_A_BYTE.search(view) else view.encode("latin-1").decode(codec, "replace")


def as_bytes_view(value: str) -> str:
    """The ISO-8859-1 view of a value that a driver has read as Windows-1252 (“ is byte 93)."""
    return value.translate(_BYTE_OF)
