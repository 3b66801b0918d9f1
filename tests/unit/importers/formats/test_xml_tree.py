"""XML of strangers: what is read, and what is refused with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importers.faults import Fault, Rejected
from importers.formats.xml_tree import index_ids, open_tag, parse_xml, target_of, text_at
from importers.source import Dataset

if TYPE_CHECKING:
    from pathlib import Path


def a_file(tmp_path: Path, content: bytes) -> Dataset:
    path = tmp_path / "a.xml"
    path.write_bytes(content)
    return Dataset(path, tmp_path, (path,))


def test_names_stand_without_namespaces(tmp_path: Path) -> None:
    """A new version of a schema has a new namespace, and means the same."""
    root = parse_xml(a_file(tmp_path, b'<a:r xmlns:a="urn:x"><a:b a:id="7"> \n c </a:b><a:b> </a:b></a:r>'))
    assert (root.tag, text_at(root, "b"), text_at(root, "z"), text_at(None, "b")) == ("r", "c", None, None)
    assert list(index_ids(root)) == ["7"]


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-8", "utf-16", "windows-1252"])
def test_declared_encoding_is_followed(tmp_path: Path, encoding: str) -> None:
    """Umlauts survive in every encoding that XML declares."""
    text = f'<?xml version="1.0" encoding="{encoding}"?><r><b>Straße</b></r>'
    assert text_at(parse_xml(a_file(tmp_path, text.encode(encoding))), "b") == "Straße"


@pytest.mark.parametrize(
    ("content", "fault", "said"),
    [
        (b"", Fault.TRUNCATED, "no element"),
        (b"<r><b>", Fault.TRUNCATED, "no element"),
        (b'<r><b at="', Fault.TRUNCATED, "unclosed token"),
        (b"<r><b></r>", Fault.UNREADABLE, "mismatched tag"),
        (b"no XML at all", Fault.UNREADABLE, "syntax error"),
        (b"<r>&nothing;</r>", Fault.UNREADABLE, "undefined entity"),
        (b'<?xml version="1.0" encoding="klingon"?><r/>', Fault.UNREADABLE, "klingon"),
        (b"<r>" * 101, Fault.UNREADABLE, "deeper than 100"),
        (b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>', Fault.UNREADABLE, "document type"),
        (b'<!DOCTYPE r SYSTEM "http://127.0.0.1/x.dtd"><r/>', Fault.UNREADABLE, "document type"),
    ],
)
def test_broken_and_hostile_files_are_refused(tmp_path: Path, content: bytes, fault: Fault, said: str) -> None:
    """Nothing outside is opened, nothing swells, and a person reads what is wrong."""
    with pytest.raises(Rejected, match=said) as caught:
        parse_xml(a_file(tmp_path, content))
    assert caught.value.finding.fault is fault
    assert caught.value.finding.remedy


@pytest.mark.parametrize(
    ("head", "name", "part"),
    [
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- <no> -->\n<x:LandXML a="1">', "LandXML", 'a="1"'),
        ('<?xml version="1.0"?><r/>'.encode("utf-16"), "r", "/"),
        (b'<!DOCTYPE r [<!ENTITY a "b">]><r b="2">', "r", 'b="2"'),
        (b"<Cut short, but named", "Cut", "short"),
        (b"{}", "", ""),
        (b"", "", ""),
    ],
)
def test_root_is_known_from_the_head(head: bytes, name: str, part: str) -> None:
    """A format is told from the first bytes, behind declarations and remarks."""
    found, attributes = open_tag(head)
    assert found == name
    assert part in attributes


def test_references_name_their_last_part() -> None:
    """A local reference, a bare identifier and a value of a code list are all references."""
    assert [target_of(r) for r in ("#a.1", "a.1", "http://x/y/Value/tot30cm", "", None)] == [
        "a.1", "a.1", "tot30cm", None, None,
    ]  # fmt: skip
