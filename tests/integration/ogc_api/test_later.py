"""Asynchronous executions: kept in PostgreSQL, private to their caller, dismissible (OGC 18-062r2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from layers.jobs import forget_old_jobs
from ogc_api.config import MOST_JOBS
from ogc_api.execution import run_job

if TYPE_CHECKING:
    from conftest import Town
    from httpx import Client, Response

    from layers.database import Writer
    from ogc_api.service import ProcessPlugin

pytestmark = pytest.mark.usefixtures("town")

ANN, BEN = {"X-Holder": "Ann"}, {"X-Holder": "Ben"}
RESULTS = "http://www.opengis.net/def/rel/ogc/1.0/results"
NO_SUCH_JOB = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-job"
NOT_READY = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/result-not-ready"


@pytest.fixture(autouse=True)
def _no_jobs(town: Town) -> None:
    town.execute("truncate process_jobs")


def ask(later: Client, inputs: dict[str, Any], process: str = "echo", **rest: Any) -> Response:
    headers = ANN | {"Prefer": "wait=5, respond-async"}
    return later.post(f"/processes/{process}/execution", json={"inputs": inputs, **rest}, headers=headers)


def run(desk: Writer, plugins: tuple[ProcessPlugin, ...], job: dict[str, Any]) -> None:
    run_job(desk, plugins, job["jobID"])


def test_a_job_is_accepted_run_and_read(
    later: Client, desk: Writer, plugins: tuple[ProcessPlugin, ...], town: Town
) -> None:
    """201 with its place, a state on the way, the result as a synchronous run gives it; and a worker was told."""
    assert later.get("/processes/echo").json()["jobControlOptions"] == ["sync-execute", "async-execute"]
    accepted = ask(later, {"text": "Đ & <"})
    assert (accepted.status_code, accepted.headers["preference-applied"]) == (201, "respond-async")
    place = accepted.headers["location"]
    job = later.get(place, headers=ANN).json()
    assert (job["status"], job["processID"], job["type"]) == ("accepted", "echo", "process")
    assert [link["href"] for link in job["links"] if link["rel"] == "monitor"] == [place]
    early = later.get(f"{place}/results", headers=ANN)
    assert (early.status_code, early.json()["type"]) == (404, NOT_READY)
    queued = town.execute("select count(*) from twin_queue.procrastinate_jobs where args->>'job_id' = %s", job["jobID"])
    assert queued == [(1,)]
    run(desk, plugins, job)
    done = later.get(place, headers=ANN).json()
    assert done["status"] == "successful"
    assert done["created"] <= done["started"] <= done["finished"]
    assert "monitor" not in {link["rel"] for link in done["links"]}
    (results,) = (link["href"] for link in done["links"] if link["rel"] == RESULTS)
    assert later.get(results, headers=ANN).json() == {"said": "Đ & <"}


def test_results_keep_their_media_type_and_their_names(
    later: Client, desk: Writer, plugins: tuple[ProcessPlugin, ...]
) -> None:
    """Plain text comes back as plain text, a document names the output."""
    plain, named = ask(later, {"text": "a"}, "shout"), ask(later, {"text": "a"}, response="document")
    for answer in (plain, named):
        run(desk, plugins, answer.json())
    raw = later.get(f"{plain.headers['location']}/results", headers=ANN)
    assert (raw.headers["content-type"], raw.text) == ("text/plain; charset=utf-8", "A")
    assert later.get(f"{named.headers['location']}/results", headers=ANN).json() == {"echo": {"said": "a"}}


def test_bad_requests_are_refused_before_there_is_a_job(later: Client) -> None:
    """What cannot run is told at once."""
    assert ask(later, {"times": 0}).status_code == 400
    assert later.get("/jobs", headers=ANN).json()["jobs"] == []


def test_a_key_queues_a_few_jobs_and_no_more(
    later: Client, desk: Writer, plugins: tuple[ProcessPlugin, ...], town: Town
) -> None:
    """The refusal names limit and remedy, others go on; what is done or dismissed makes room and keeps no inputs."""
    accepted = [ask(later, {"text": "a"}) for _ in range(MOST_JOBS)]
    assert {answer.status_code for answer in accepted} == {201}
    refused = ask(later, {"text": "a"})
    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
    assert int(refused.headers["retry-after"]) > 0
    assert f"a key may have {MOST_JOBS}: wait until some are done, or dismiss them" in refused.json()["detail"]
    headers = BEN | {"Prefer": "respond-async"}
    assert later.post("/processes/echo/execution", json={"inputs": {"text": "a"}}, headers=headers).status_code == 201
    run(desk, plugins, accepted[0].json())
    later.delete(accepted[1].headers["location"], headers=ANN)
    assert [ask(later, {"text": "a"}).status_code for _ in range(3)] == [201, 201, 429]
    assert town.execute("select count(*) from process_jobs where inputs = '{}'") == [(2,)]
    turns = town.execute(
        "select lock, priority, count(*) from twin_queue.procrastinate_jobs join process_jobs p"
        " on p.id::text = args->>'job_id' group by 1, 2 order by 1"
    )
    assert turns == [("jobs of Ann", -1, MOST_JOBS + 2), ("jobs of Ben", -1, 1)]


@pytest.mark.parametrize(("kind", "status"), [("invalid", 400), ("unavailable", 503), ("unexpected", 500)])
def test_failures_are_kept(
    later: Client, desk: Writer, plugins: tuple[ProcessPlugin, ...], kind: str, status: int
) -> None:
    """The results of a failed job are its failure, as a synchronous run tells it; secrets stay in the log."""
    accepted = ask(later, {"text": "a", "fail": kind})
    run(desk, plugins, accepted.json())
    assert later.get(accepted.headers["location"], headers=ANN).json()["status"] == "failed"
    told = later.get(f"{accepted.headers['location']}/results", headers=ANN)
    assert told.status_code == told.json()["status"] == status
    assert "secret" not in told.text


def test_a_job_is_its_callers_alone(later: Client, desk: Writer, plugins: tuple[ProcessPlugin, ...]) -> None:
    """Another caller cannot list, read or dismiss it, and cannot tell it from one that never was."""
    accepted = ask(later, {"text": "a"})
    run(desk, plugins, accepted.json())
    place = accepted.headers["location"]
    assert later.get("/jobs", headers=BEN).json()["jobs"] == []
    for method, path in (("GET", place), ("GET", f"{place}/results"), ("DELETE", place)):
        answer = later.request(method, path, headers=BEN)
        assert (answer.status_code, answer.json()["type"]) == (404, NO_SUCH_JOB)
    assert later.get(f"/jobs/{uuid4()}", headers=ANN).json()["type"] == NO_SUCH_JOB
    assert later.get(f"{place}/results", headers=ANN).status_code == 200


def test_a_dismissed_job_does_not_run_and_keeps_nothing(
    later: Client, desk: Writer, plugins: tuple[ProcessPlugin, ...], context: dict[str, Any]
) -> None:
    """Before its run it is not run; after it, the result is gone from the database."""
    context["seen"] = []
    waiting, done = ask(later, {"text": "waiting"}), ask(later, {"text": "done"})
    run(desk, plugins, done.json())
    for answer in (waiting, done):
        dismissed = later.delete(answer.headers["location"], headers=ANN)
        assert (dismissed.status_code, dismissed.json()["status"]) == (200, "dismissed")
        assert later.get(f"{answer.headers['location']}/results", headers=ANN).status_code == 404
    run(desk, plugins, waiting.json())
    assert context["seen"] == ["done"]
    with desk.connection() as connection:
        assert connection.execute("select count(*) from process_jobs where result is not null").fetchone() == (0,)


def test_jobs_are_listed_by_state_process_and_time(
    later: Client, desk: Writer, plugins: tuple[ProcessPlugin, ...]
) -> None:
    """The parameters of the job list, and a link to what does not fit on the page."""
    first, second = ask(later, {"text": "a"}), ask(later, {"text": "b"}, "shout")
    run(desk, plugins, first.json())
    names = {first.json()["jobID"]: "first", second.json()["jobID"]: "second"}

    def listed(query: str) -> list[str]:
        answer = later.get(f"/jobs?{query}", headers=ANN)
        assert answer.status_code == 200, answer.text
        return [names[job["jobID"]] for job in answer.json()["jobs"]]

    assert listed("") == ["second", "first"]
    assert listed("status=successful") == ["first"]
    assert listed("status=accepted,failed") == ["second"]
    assert listed("processID=shout") == ["second"]
    assert listed("datetime=2020-01-01T00:00:00Z/2020-02-01T00:00:00Z") == []
    assert listed("datetime=2020-01-01T00:00:00Z/..") == ["second", "first"]
    assert listed("minDuration=100") == []
    assert listed("maxDuration=100") == ["first"]
    page = later.get("/jobs?limit=1", headers=ANN).json()
    (further,) = (link["href"] for link in page["links"] if link["rel"] == "next")
    assert [names[job["jobID"]] for job in later.get(further, headers=ANN).json()["jobs"]] == ["first"]
    for query in ("limit=0", "status=done", "type=x", "datetime=x", "minDuration=-1", "minDuration=x", "x=1"):
        assert later.get(f"/jobs?{query}", headers=ANN).status_code == 400, query


def test_pages_for_people(later: Client, desk: Writer, plugins: tuple[ProcessPlugin, ...]) -> None:
    """The list and the state are pages, too, in both languages."""
    accepted = ask(later, {"text": "a"})
    assert "đang chờ xử lý" in later.get("/jobs?f=html&lang=vi", headers=ANN).text
    run(desk, plugins, accepted.json())
    assert "is done" in later.get(f"{accepted.headers['location']}?f=html&lang=en", headers=ANN).text


def test_a_run_that_a_crash_interrupted_begins_again(
    later: Client, desk: Writer, plugins: tuple[ProcessPlugin, ...], town: Town
) -> None:
    """A job that was left running is run again by whoever takes it up; a finished one is not."""
    accepted = ask(later, {"text": "a"})
    town.execute("update process_jobs set status = 'running'")
    run(desk, plugins, accepted.json())
    assert later.get(accepted.headers["location"], headers=ANN).json()["status"] == "successful"
    town.execute("update process_jobs set finished_at = now() - interval '31 days'")
    with desk.connection() as connection:
        assert forget_old_jobs(connection) == 1


def test_conformance_and_definition_name_jobs(later: Client, operator: Client) -> None:
    """Only a service that keeps jobs claims them."""
    claimed, sync_only = (set(client.get("/conformance").json()["conformsTo"]) for client in (later, operator))
    assert {uri.rpartition("/")[2] for uri in claimed - sync_only} == {"job-list", "dismiss"}
    assert "delete" in later.get("/openapi").json()["paths"]["/jobs/{job}"]
