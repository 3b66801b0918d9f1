"""XML of strangers as a tree: no document types, no entities, nothing loaded from elsewhere, no endless nesting."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.parsers.expat import errors

from importers.faults import Fault, Rejected

if TYPE_CHECKING:
    from importers.source import Dataset

_DEEPEST = 100
_BLOCK = 1 << 20
_CUT_SHORT = {errors.codes[message] for message in (errors.XML_ERROR_NO_ELEMENTS, errors.XML_ERROR_UNCLOSED_TOKEN)}

_PROLOG = re.compile(r"\s*(?:(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[[^\]]*\])?\s*>)\s*)*", re.DOTALL)
_OPEN_TAG = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)([^>]*)")


class _Tree(TreeBuilder):
    """Elements and attributes by their local names: formats change their namespaces with every version."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Rejected(Fault.UNREADABLE, f"{self._name} nests deeper than {_DEEPEST} elements", "export it again")
        return super().start(_local(tag), {_local(key): value for key, value in attrs.items()})

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(_local(tag))

    def doctype(self, *_: Any) -> None:
        remedy = "remove the DOCTYPE declaration, or export the file again"
        raise Rejected(Fault.UNREADABLE, f"{self._name} has a document type declaration, which is not read", remedy)


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def parse_xml(dataset: Dataset) -> Element:
    """Root of the tree; names of elements and attributes stand without their namespaces.

    Raises: Rejected for text that is no XML, is cut short, nests too deep or declares a document type.
    """
    parser = XMLParser(target=_Tree(dataset.name))  # noqa: S314 - document types are refused
    try:
        with dataset.path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                parser.feed(block)
        root: Element = parser.close()
    except (ParseError, LookupError, ValueError) as error:
        fault = Fault.TRUNCATED if getattr(error, "code", None) in _CUT_SHORT else Fault.UNREADABLE
        raise Rejected(fault, f"{dataset.name} is no complete XML: {error}", "export the file again") from error
    return root


def open_tag(head: bytes) -> tuple[str, str]:
    """Local name and attributes of the root element, as far as the head of a file goes; empty for what is no XML."""
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "iso-8859-1"
    text = head.removeprefix(b"\xef\xbb\xbf").decode(encoding, errors="replace")
    prolog = _PROLOG.match(text)
    found = _OPEN_TAG.match(text, prolog.end() if prolog else 0)
    return (found[1], found[2]) if found else ("", "")


def text_at(element: Element | None, path: str) -> str | None:
    """Trimmed text of the first element at a path, None where there is none or it is blank."""
    found = element.findtext(path) if element is not None else None
    return found.strip() or None if found else None


def index_ids(root: Element) -> dict[str, Element]:
    return {identifier: element for element in root.iter() if (identifier := element.get("id"))}


def target_of(reference: str | None) -> str | None:
    """What a reference names: the identifier, or the value of a code list, behind the last '#' or '/'."""
    return re.split("[#/]", reference.strip())[-1] or None if reference else None
