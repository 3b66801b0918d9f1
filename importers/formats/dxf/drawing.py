"""A DXF file opened so that no letter of its text is lost: ASCII and binary, sound and damaged."""

from __future__ import annotations

import io
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ezdxf import recover
from ezdxf.lldxf.const import DXFError
from ezdxf.lldxf.tagger import binary_tags_loader
from ezdxf.lldxf.types import DXFBinaryTag

from importers.faults import Fault, Rejected

if TYPE_CHECKING:
    from ezdxf.document import Drawing as Document

    from importers.source import Dataset

# What the library raises on content that is no drawing.
HOSTILE = (
    DXFError, ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, OSError, RecursionError,
    TypeError, ValueError, struct.error,
)  # fmt: skip

_BINARY = b"AutoCAD Binary DXF"
_UNICODE_SINCE = b"AC1021"
_SAVE_AGAIN = "save it as DXF (R12 to R2018) again"
_VERSION = re.compile(rb"\$ACADVER\s*[\r\n]+\s*1\s*[\r\n]+\s*(AC\d{4})")
_CODE_PAGE = re.compile(rb"(\$DWGCODEPAGE\s*[\r\n]+\s*3\s*[\r\n]+\s*)([^\r\n]+)")
_BINARY_CODE_PAGE = re.compile(rb"(\$DWGCODEPAGE\x00\x03\x00?)([^\x00]+)")
_END = re.compile(rb"(?:^|[\r\n])[ \t]*0[ \t]*\r?\n[ \t]*EOF")
_BLOCK_PART = re.compile(
    rb"(?<=[\r\n])[ \t]*0[ \t]*\r?\n(BLOCK|ENDBLK|INSERT)[ \t]*\r?\n"
    rb"(?:(?![ \t]*[02][ \t]*\r?\n)[^\n]*\n[^\n]*\n)*(?:[ \t]*2[ \t]*\r?\n([^\r\n]*))?"
)
# The library walks every way down through nested blocks; a sound drawing has few.
_MOST_WAYS = 100_000
_DEEPEST_NESTING = 64


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing, the code page of the program that wrote it ("ANSI_1258", "" for none), how its text was decoded, and
    whether its version is Unicode.
    """

    document: Document
    code_page: str
    codec: str
    is_unicode: bool

    def text(self, value: str) -> str:
        r"""The ISO-8859-1 view of a text's bytes, or the text itself in a Unicode drawing; \u+XXXX stays as it is."""
        try:
            raw = value.encode(self.codec, "surrogateescape")
            return raw.decode("utf-8" if self.is_unicode else "iso-8859-1")
        except UnicodeEncodeError:
            return value
        except UnicodeDecodeError:
            return raw.decode("iso-8859-1")


def open_drawing(dataset: Dataset) -> Drawing:
    """The drawing, repaired where it can be.

    The library decodes by the declared code page and drops what does not fit. It is told that all is Windows-1252,
    which `Drawing.text` turns back into the bytes, and kept from resolving escapes before the letters around them.

    Raises: Rejected where the file is cut short, no drawing, or nests its blocks without end.
    """
    content = dataset.path.read_bytes()
    try:
        content = _as_ascii(content) if content.startswith(_BINARY) else content
        _refuse_truncated(content, dataset)
        _refuse_nested(content, dataset)
        version, declared = _VERSION.search(content), _CODE_PAGE.search(content)
        is_unicode = version is not None and version[1] >= _UNICODE_SINCE
        if not is_unicode:
            content = _CODE_PAGE.sub(rb"\g<1>ANSI_1252", content, count=1)
        document, _ = recover.read(io.BytesIO(content.replace(rb"\U+", rb"\u+")))
    except HOSTILE as error:
        raise Rejected(Fault.UNREADABLE, f"{dataset.name} cannot be read: {error}", _SAVE_AGAIN) from error
    code_page = declared[2].strip().decode("ascii", "replace") if declared else ""
    codec = "utf-8" if is_unicode and declared else "cp1252"
    return Drawing(document, code_page, codec, is_unicode)


def _as_ascii(content: bytes) -> bytes:
    """The text form of a binary drawing."""
    single_byte = _BINARY_CODE_PAGE.sub(rb"\g<1>ANSI_1252", content, count=1)
    version = re.search(rb"\$ACADVER\x00\x01\x00?(AC\d{4})", content)
    declared = _BINARY_CODE_PAGE.search(content)
    is_unicode = version is not None and version[1] >= _UNICODE_SINCE
    codec = "utf-8" if is_unicode else "cp1252"
    lines: list[bytes] = []
    for tag in binary_tags_loader(single_byte):
        value = tag.tostring() if isinstance(tag, DXFBinaryTag) else str(tag.value)
        lines += [b"%d" % tag.code, value.encode(codec, "surrogateescape")]
    text = b"\n".join(lines) + b"\n"
    return _CODE_PAGE.sub(lambda m: m[1] + declared[2], text, count=1) if declared else text


def _refuse_truncated(content: bytes, dataset: Dataset) -> None:
    if not _END.search(content[-4096:]):
        raise Rejected(
            Fault.TRUNCATED, f"{dataset.name} has no EOF at its end", "ask the department to deliver the file again"
        )


def _refuse_nested(content: bytes, dataset: Dataset) -> None:
    held = _nested_blocks(content)
    ways: dict[bytes, int] = {}

    def count(name: bytes, path: tuple[bytes, ...]) -> int:
        if name in path:
            said = f"{dataset.name}: block {name.decode('utf-8', 'replace')} holds itself"
            raise Rejected(Fault.UNREADABLE, said, f"purge it and {_SAVE_AGAIN}")
        if len(path) > _DEEPEST_NESTING or ways.get(name, 0) > _MOST_WAYS:
            raise Rejected(
                Fault.UNREADABLE, f"{dataset.name} nests its blocks without end", f"purge it and {_SAVE_AGAIN}"
            )
        if name not in ways:
            ways[name] = 1 + sum(count(child, (*path, name)) for child in held.get(name, ()))
        return ways[name]

    if sum(count(name, ()) for name in held) > _MOST_WAYS:
        raise Rejected(Fault.UNREADABLE, f"{dataset.name} nests its blocks without end", f"purge it and {_SAVE_AGAIN}")


def _nested_blocks(content: bytes) -> dict[bytes, set[bytes]]:
    """Names of the blocks that each block inserts."""
    held: dict[bytes, set[bytes]] = {}
    block: bytes | None = None
    for part in _BLOCK_PART.finditer(content):
        kind, name = part[1], (part[2] or b"").strip().upper()
        if kind == b"BLOCK":
            block = name
        elif kind == b"ENDBLK":
            block = None
        elif block is not None:
            held.setdefault(block, set()).add(name)
    return held
