"""How files are told whose readers load large libraries: by their first bytes, before any of that is loaded."""

from __future__ import annotations

import re

_VERTEX = re.compile(rb"^v([ \t]+-?[\d.]+(e[-+]?\d+)?){3}", re.MULTILINE | re.IGNORECASE)
_FACE = re.compile(rb"^f([ \t]+-?\d+(/-?\d*){0,2}){3}", re.MULTILINE)


def is_dxf(head: bytes, _: str) -> bool:
    if head.startswith(b"AutoCAD Binary DXF"):
        return True
    text = head.lstrip(b"\xef\xbb\xbf").replace(b"\r", b"").lstrip()
    return re.match(rb"(999\n[^\n]*\n\s*)*0[ \t]*\n[ \t]*SECTION", text) is not None


def is_obj(head: bytes, suffix: str) -> bool:
    return _VERTEX.search(head) is not None and (suffix == ".obj" or _FACE.search(head) is not None)


def is_ply(head: bytes, _: str) -> bool:
    return re.match(rb"ply\r?\n", head) is not None


def is_gltf(head: bytes, suffix: str) -> bool:
    """GLB, and the glTF that is refused: its buffers lie in other files."""
    is_json = head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"{"
    return head[:4] == b"glTF" or (is_json and (suffix == ".gltf" or b'"bufferViews"' in head))
