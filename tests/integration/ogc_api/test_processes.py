"""Processes: checked before they run, run apart from each other, and silent about their faults."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Town
    from httpx import Client, Response

pytestmark = pytest.mark.usefixtures("town")

EXECUTION = "/processes/echo/execution"
NO_SUCH = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such"


def run(
    client: Client, inputs: dict[str, Any], process: str = "echo", headers: dict[str, str] | None = None, **rest: Any
) -> Response:
    return client.post(f"/processes/{process}/execution", json={"inputs": inputs, **rest}, headers=headers)


def test_a_process_describes_itself(operator: Client) -> None:
    """The list has summaries, the description has inputs and outputs, both in the wanted language and sync only."""
    listed = operator.get("/processes?lang=vi").json()["processes"]
    described = operator.get("/processes/echo?lang=vi").json()
    assert [process["id"] for process in listed] == ["echo", "shout"]
    assert listed[0]["title"] == described["title"] == "Tiếng vọng"
    assert described["jobControlOptions"] == ["sync-execute"]
    assert described["outputs"]["echo"]["schema"] == {"type": "object", "contentMediaType": "application/json"}
    assert described["example"] == {"inputs": {"text": "a < b"}}


def test_results_are_json_and_exact(operator: Client, context: dict[str, Any]) -> None:
    """A result is what the process gave, to the letter; the context is the very object that was handed in."""
    context["seen"] = []
    response = run(operator, {"text": "a < b & Đ", "times": 2})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"said": "a < b & Đa < b & Đ"}
    assert context["seen"] == ["a < b & Đ"]


def test_results_come_under_their_names_where_wanted(operator: Client) -> None:
    """`response=document` names the output; a value that is no JSON then says its media type."""
    assert run(operator, {"text": "a"}, response="document").json() == {"echo": {"said": "a"}}
    plain = run(operator, {"text": "a"}, "shout")
    assert (plain.headers["content-type"], plain.text) == ("text/plain; charset=utf-8", "A")
    named = run(operator, {"text": "a"}, "shout", response="document", outputs={"echo": {}})
    assert named.json() == {"echo": {"value": "A", "mediaType": "text/plain"}}


def test_inputs_may_be_wrapped_and_repeated(operator: Client) -> None:
    """A qualified value counts as its value, and one that may occur twice may be an array."""
    assert run(operator, {"text": {"value": "a"}, "tags": ["x", "y"]}).status_code == 200
    assert run(operator, {"text": "a", "tags": "x"}).status_code == 200
    assert run(operator, {"text": "a", "tags": ["x", "y", "z"]}).status_code == 400


@pytest.mark.parametrize(
    ("href", "said"),
    [
        ("data:,a%20b", "a b"),
        ("data:text/plain;charset=utf-8;base64,xJDDoA==", "Đà"),
        ("data:application/json,%22c%22", "c"),
        ("data:image/tiff;base64,SUkqAA==", "SUkqAA=="),
    ],
)
def test_inputs_may_be_links_that_hold_their_content(operator: Client, href: str, said: str) -> None:
    """What a data: address holds is the value: text as text, JSON as JSON, the rest as base64; also among others."""
    link = {"href": href, "rel": "item"}
    assert run(operator, {"text": link}).json() == {"said": said}
    assert run(operator, {"text": "a", "tags": [link, "x"]}).status_code == 200


def test_inputs_may_be_features_of_the_service(operator: Client, town: Town) -> None:
    """A feature's own link, as it comes with the feature, is the feature; what is not there is named."""
    town.a_tree(code="A1")
    feature = operator.get("/collections/trees/items/1").json()
    (own,) = (link for link in feature["links"] if link["rel"] == "self")
    refused = run(operator, {"text": own}).json()["detail"]
    assert "{'type': 'Feature', 'id': 1, 'geometry': {'type': 'Point'" in refused
    gone = own["href"].replace("/1?", "/7?")
    assert "layer 'trees' has no feature '7'" in run(operator, {"text": {"href": gone}}).json()["detail"]


@pytest.mark.parametrize(
    "href",
    [
        *("http://127.0.0.1/", "file:///etc/passwd", "/collections/trees/items/1", "", 5, None),
        *("data:application/json,{", "data:text/plain;base64,?", "data:,%ff", "{base}/jobs", "{base}@host/x"),
        *("{base}/collections/trees/items/1?crs=x", "{base}/collections/nothing/items/1", "{base}/../"),
    ],
)
def test_no_other_link_is_followed(operator: Client, href: Any) -> None:
    """The service fetches nothing from elsewhere: such a link is a fault of the request."""
    base = str(operator.base_url).rstrip("/")
    refused = run(operator, {"text": {"href": href.replace("{base}", base) if isinstance(href, str) else href}})
    assert (refused.status_code, "inputs.text: " in str(refused.json())) == (400, True)


def test_every_fault_of_the_inputs_is_named(operator: Client) -> None:
    """Wrong, missing and unknown inputs, unknown outputs and references are refused together."""
    response = run(operator, {"times": 0, "nix": 1, "tags": {"href": "http://127.0.0.1/"}}, outputs={"nix": {}})
    faults = " ".join(response.json()["faults"])
    assert response.status_code == 400
    for part in ("'text' is a required", "inputs.times: 0", "'nix' was unexpected", "inputs.tags", "no output 'nix'"):
        assert part in faults


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"1",
        b'"x"',
        b"{",
        b"\xff",
        b'{"inputs": []}',
        b'{"inputs": null}',
        b'{"inputs": {"text": NaN}}',
        b'{"inputs": {"text": "a"}, "outputs": []}',
        b'{"inputs": {"text": "a"}, "response": "loud"}',
        b"[" * 100_000,
        b'{"inputs": {"text": "' + b"a" * 21 + b'"}}',
    ],
)
def test_a_body_that_is_no_request_is_refused(operator: Client, body: bytes) -> None:
    """Whatever is no execution request is 400, never 500."""
    response = operator.post(EXECUTION, content=body)
    assert response.status_code == response.json()["status"] == 400


def test_strange_letters_come_back(operator: Client) -> None:
    """A lone surrogate, which JSON can spell and UTF-8 cannot, breaks nothing."""
    for body in (b'{"inputs": {"text": "\\ud800"}}', b'{"inputs": {"\\ud800": 1}}'):
        assert operator.post(EXECUTION, content=body).status_code in (200, 400)


def test_a_body_that_is_too_large_is_refused(operator: Client) -> None:
    """Reading stops where no sensible request would still go on."""
    response = operator.post(EXECUTION, content=b" " * 10_000_001)
    assert response.status_code == 413
    assert response.json()["title"] == "Content too large"


def test_an_asynchronous_run_is_run_at_once(operator: Client) -> None:
    """A server without jobs does not apply the preference (OGC 18-062r2, 7.11.2.3): it answers with the result."""
    response = run(operator, {"text": "a"}, headers={"Prefer": "respond-async"})
    assert (response.status_code, response.json()) == (200, {"said": "a"})
    assert "preference-applied" not in response.headers
    assert "location" not in response.headers


def test_runs_at_the_same_time_do_not_meet(operator: Client, context: dict[str, Any]) -> None:
    """Four runs of two processes for as many callers, two inside at once, each give the result of their own input."""
    context["barrier"] = threading.Barrier(2)
    try:
        with ThreadPoolExecutor(4) as pool:
            asked = [(f"text {n}", ("echo", "shout")[n % 2]) for n in range(4)]
            answers = list(pool.map(lambda a: run(operator, {"text": a[0]}, a[1], {"X-Holder": a[0]}), asked))
    finally:
        del context["barrier"]
    for (text, process), answer in zip(asked, answers, strict=True):
        assert answer.status_code == 200
        assert (answer.json() == {"said": text}) if process == "echo" else (answer.text == text.upper())


def test_failures_of_a_process_keep_their_kind(operator: Client) -> None:
    """What the process refuses is 400, what it misses 503, each with its own message."""
    refused, missing = (run(operator, {"text": "a", "fail": kind}) for kind in ("invalid", "unavailable"))
    assert (refused.status_code, refused.json()["detail"]) == (400, "text: it may not be said")
    assert (missing.status_code, missing.json()["detail"]) == (503, "the echo is out: try again later")


def test_a_fault_is_logged_and_not_told(operator: Client, caplog: pytest.LogCaptureFixture) -> None:
    """The client sees an identifier, the log has it with the traceback, and no SQL leaves the house."""
    with caplog.at_level(logging.ERROR, "ogc_api.problems"):
        response = run(operator, {"text": "a", "fail": "unexpected"})
    problem = response.json()
    assert response.status_code == 500
    assert "secret" not in response.text
    assert problem["instance"] in problem["detail"]
    record = next(r for r in caplog.records if r.getMessage() == problem["instance"])
    assert "select * from utility_lines" in str(record.exc_text)


def test_what_is_missing_has_the_standards_name(operator: Client) -> None:
    """Unknown processes and jobs are 404 with the exception types of OGC API Processes."""
    for answer in (operator.get("/processes/nix"), run(operator, {}, "nix")):
        assert (answer.status_code, answer.json()["type"]) == (404, f"{NO_SUCH}-process")
    for method, path in (("GET", "/jobs/1"), ("DELETE", "/jobs/1"), ("GET", "/jobs/1/results")):
        answer = operator.request(method, path)
        assert (answer.status_code, answer.json()["type"]) == (404, f"{NO_SUCH}-job")
    assert operator.get("/jobs").json()["jobs"] == []
    assert operator.get(EXECUTION).status_code == 405
