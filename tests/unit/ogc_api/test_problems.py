"""Failures: one table says what a client is told."""

import logging

import pytest
from pygeoapi.process.base import ProcessorExecuteError
from starlette.exceptions import HTTPException

from layers.errors import Conflict, Invalid, NotFound, Sentence, TwinError, Unavailable
from ogc_api.problems import NoSuchResource, Refusal, describe

KINDS = [
    (Invalid("depth=-1: give a positive number"), 400, "InvalidParameterValue"),
    (NotFound("there is no layer 'x'"), 404, "NotFound"),
    (Conflict("the layer was changed"), 409, "Conflict"),
    (Unavailable("the database does not answer"), 503, "Unavailable"),
    (HTTPException(405), 405, "MethodNotAllowed"),
    (Refusal(400, "InvalidQuery", "no"), 400, "InvalidQuery"),
]


@pytest.mark.parametrize(("error", "status", "code"), KINDS, ids=lambda value: type(value).__name__)
def test_every_kind_has_a_status(error: Exception, status: int, code: str) -> None:
    """The four kinds, what the router and what pygeoapi refuse are told with their own words."""
    problem = describe(error)
    assert (problem.status, problem.code) == (status, code)
    assert problem.detail == (error.detail if isinstance(error, HTTPException) else str(error))


def test_every_kind_of_ours_is_in_the_table() -> None:
    """A new kind of failure needs a line in the table."""
    for kind in TwinError.__subclasses__():
        assert describe(kind("x")).code != "InternalServerError"


@pytest.mark.parametrize(
    "error",
    [RuntimeError("password=x"), Refusal(500, "x", "password=x"), ProcessorExecuteError("password=x"), KeyError()],
)
def test_what_is_unexpected_is_not_told(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """The client gets an identifier, the log the rest."""
    with caplog.at_level(logging.ERROR):
        problem = describe(error)
    assert problem.status == 500
    assert "password" not in str(problem.document("en"))
    assert caplog.records[0].getMessage() == problem.instance
    assert str(problem.instance) in problem.detail


def test_only_faults_of_the_server_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A client's mistake is no event of the server."""
    for error, status, _ in KINDS:
        caplog.clear()
        describe(error)
        assert bool(caplog.records) is (status >= 500)


def test_documents_are_bilingual_and_complete() -> None:
    """Titles are in the client's language; several faults are listed, a standard's exception type is named."""
    several = describe(Invalid("a", "b")).document("vi")
    assert several["title"] == "Yêu cầu không hợp lệ"
    assert several["faults"] == ["a", "b"]
    assert several["detail"] == several["description"] == "a; b"
    assert "faults" not in describe(Invalid("a")).document("en")
    assert describe(NoSuchResource("x", "urn:x")).document("en")["type"] == "urn:x"


def test_a_failure_is_told_in_the_clients_language() -> None:
    """What knows itself in Vietnamese is told so, faults and all."""
    problem = describe(Invalid(Sentence("too deep", "quá sâu"), Sentence("too long", "quá dài")))
    assert problem.document("vi")["detail"] == "quá sâu; quá dài"
    assert problem.document("vi")["faults"] == ["quá sâu", "quá dài"]
    assert problem.document("en")["detail"] == "too deep; too long"
