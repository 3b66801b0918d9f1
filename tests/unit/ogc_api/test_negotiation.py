"""Formats and languages: the parameter, then the header, then the default."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.errors import Invalid
from ogc_api.negotiation import choose_format, choose_language, choose_problem_type

OFFERED = ("json", "html", "jsonld")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "json"),
        ("text/html", "html"),
        ("text/html;q=0.2, application/geo+json;q=0.3", "json"),
        ("application/json, text/html", "json"),
        ("text/html, application/json", "html"),
        ("text/html; charset=utf-8; q=0.9, */*;q=0.1", "html"),
        ("text/csv", "json"),
        ("text/html;q=0, */*;q=0", "json"),
        ("text/html;q=x", "json"),
    ],
)
def test_the_best_accepted_format_is_chosen(accept: str, expected: str) -> None:
    """The highest weight wins, the first of equals, and what is not offered does not count."""
    assert choose_format(None, accept, OFFERED) == expected


def test_the_parameter_comes_first() -> None:
    """`f` overrides the header; a format that is not offered is refused with those that are."""
    assert choose_format("jsonld", "text/html", OFFERED) == "jsonld"
    with pytest.raises(Invalid, match="json, html, jsonld"):
        choose_format("csv", "text/html", OFFERED)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "en"),
        ("vi", "vi"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("fr,en;q=0.1", "en"),
        ("VI", "vi"),
        ("vi;q=0", "en"),
    ],
)
def test_the_best_accepted_language_is_chosen(header: str, expected: str) -> None:
    """Regions do not matter, weights do."""
    assert choose_language(None, header) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "application/problem+json"),
        ("*/*", "application/problem+json"),
        ("application/json", "application/json"),
        ("application/json, application/problem+json;q=0.9", "application/json"),
        ("application/problem+json, application/json", "application/problem+json"),
    ],
)
def test_problems_are_plain_json_where_that_is_asked_for(accept: str, expected: str) -> None:
    """OGC's definition of Processes has failures as application/json; RFC 9457 has a type of its own."""
    assert choose_problem_type(accept) == expected


def test_an_unknown_language_is_refused() -> None:
    """`lang` takes what there is, with or without a region."""
    assert choose_language("vi-VN", "en") == "vi"
    with pytest.raises(Invalid, match="en, vi"):
        choose_language("fr", "")


@given(st.text())
def test_no_header_is_too_strange(header: str) -> None:
    """Headers come from anywhere; they never fail."""
    assert choose_format(None, header, OFFERED) in OFFERED
    assert choose_language(None, header) in ("en", "vi")
