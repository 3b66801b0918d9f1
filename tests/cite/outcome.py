"""What a run of a suite found, read from the results file of TestNG.

Where a test is itself at fault, what it finds is excused: told with the reason, and no failure of the server's.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WORDS = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}
# Systems in which a city of this country may be stored and which the suite's dictionary lacks: VN-2000 / TM-3.
_LACKING = {*range(5896, 5900), *range(9205, 9219)}
# Of the first page of features at most so many may lie at the edges.
_MOST_AT_EDGES = 2
_LISTS = re.compile(r"\[([\d, ]*)\] are not all in \[([\d, ]*)\].*")


def _lacks_system(message: str) -> bool:
    code = re.fullmatch(r"EPSG:(\d+)", message)
    return code is not None and int(code[1]) in _LACKING


def _differs_at_edges(message: str) -> bool:
    lists = _LISTS.fullmatch(message)
    if lists is None:
        return False
    one, other = ({*filter(None, text.split(", "))} for text in lists.groups())
    return bool(one & other) and max(len(one - other), len(other - one)) <= _MOST_AT_EDGES


# By the method's name, the class of what it throws, and what that says.
_EXCUSES = (
    (
        re.compile(
            "verify(BboxCrsParameter|FeatureCrsParameterTransformWithoutCrsParameter"
            "|FeaturesCrsParameterTransformWithCrsParameter)"
        ),
        "org.locationtech.proj4j.UnknownAuthorityCodeException",
        _lacks_system,
        "the suite's dictionary of systems lacks this one; OGC 18-058r1 skips systems that a test does not know",
    ),
    (
        re.compile("verifyBboxCrsParameter"),
        "java.lang.AssertionError",
        _differs_at_edges,
        "the suite asks for the rectangle between two transformed corners: at its edges are other features",
    ),
)
_LONGEST = 400


@dataclass(frozen=True)
class Method:
    """One run of a test method: `passed`, `failed`, `skipped` or `excused`, and what it said."""

    conformance_class: str
    name: str
    state: str
    message: str


def read_results(file: Path) -> list[Method]:
    """Every run of every method. What a class sets up before is counted only where it fails."""
    found = []
    for test in ET.parse(file).getroot().iter("test"):  # noqa: S314 - the suites are ours to trust or not to run
        for method in test.iter("test-method"):
            state = _WORDS[method.get("status", "FAIL")]
            if method.get("is-config") == "true" and state != "failed":
                continue
            exception = method.find("exception")
            thrown = "" if exception is None else exception.get("class", "")
            message = " ".join((method.findtext("exception/message") or "").split())
            found.append(_excuse(Method(test.get("name", ""), method.get("name", ""), state, message), thrown))
    return found


def _excuse(method: Method, thrown: str) -> Method:
    if method.state == "failed":
        for name, kind, is_excused, reason in _EXCUSES:
            if name.fullmatch(method.name) and thrown == kind and is_excused(method.message):
                return replace(method, state="excused", message=f"{method.message[:60]} ({reason})")
    return method


def report(methods: list[Method]) -> Iterator[str]:
    """Lines: the counts of each conformance class, and below them what failed and what was skipped, with the reason."""
    for name in dict.fromkeys(method.conformance_class for method in methods):
        mine = [method for method in methods if method.conformance_class == name]
        yield f"  {name}: {tally(mine)}"
        unhappy = Counter((m.state, m.name, m.message[:_LONGEST]) for m in mine if m.state != "passed")
        for (state, method, message), times in unhappy.items():
            yield f"    {state} {times} × {method}: {message or 'without a word'}"


def tally(methods: list[Method]) -> str:
    counts = Counter(method.state for method in methods)
    words = [*_WORDS.values(), *(["excused"] if counts["excused"] else [])]
    return ", ".join(f"{counts[word]} {word}" for word in words)


def is_clean(methods: list[Method]) -> bool:
    """Whether something was tested and nothing failed."""
    states = {method.state for method in methods}
    return "passed" in states and "failed" not in states
