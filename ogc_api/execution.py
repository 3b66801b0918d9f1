"""Executions: at once inside the request, or later as a job that its caller alone can see (OGC 18-062r2)."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from layers.errors import Invalid, Sentence
from layers.jobs import (
    Job,
    JobQuery,
    JobStatus,
    Task,
    begin_job,
    create_job,
    dismiss_job,
    fail_job,
    find_job,
    finish_job,
    read_result,
)
from layers.jobs import list_jobs as read_jobs
from ogc_api.handlers import Answer, Call, answer_json
from ogc_api.jobs import EXCEPTIONS, load_processor, parse_execution, run, write_results
from ogc_api.linked import follow_link
from ogc_api.params import gather, read_integer
from ogc_api.problems import Finding, NoSuchResource, describe, keep_problem, restore_problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.database import Writer
    from ogc_api.config import ProcessPlugin

JOB_PARAMETERS = frozenset({"type", "processID", "status", "datetime", "minDuration", "maxDuration", "limit", "offset"})
_DEFAULT_JOBS, _MOST_JOBS = 20, 1000

_MESSAGES = {
    JobStatus.ACCEPTED: Sentence("waits for a worker", "đang chờ xử lý"),
    JobStatus.RUNNING: Sentence("is running", "đang chạy"),
    JobStatus.SUCCESSFUL: Sentence("is done: see the results", "đã xong: xem kết quả"),
    JobStatus.FAILED: Sentence("failed: the results say why", "thất bại: xem lý do trong kết quả"),
    JobStatus.DISMISSED: Sentence("was dismissed, its results are gone", "đã bị hủy, kết quả không còn"),
}


def execute_process(call: Call) -> Answer:
    """The results, or 201 and the job where the client prefers not to wait (RFC 7240, respond-async)."""
    manager, name = call.edition.manager, call.parts["process"]
    description = manager.get_processor(name).metadata
    execution = parse_execution(call.body, description, partial(follow_link, call.edition))
    jobs = call.edition.service.jobs
    if jobs and _is_later(call.prefer, description["jobControlOptions"]):
        task = Task(name, execution.inputs, execution.outputs, execution.is_document)
        with jobs.connection() as connection:
            job = create_job(connection, call.holder, task, call.edition.service.most_jobs)
        headers = {"Location": _address(call, job), "Preference-Applied": "respond-async"}
        return answer_json(_status(call, job), status=201, headers=headers)
    _, media_type, value, *_ = manager.execute_process(name, execution.inputs, requested_outputs=execution.outputs)
    names = list(description["outputs"])
    media_type, body = write_results(names, media_type, value, is_document=execution.is_document)
    return Answer(body, media_type)


def _is_later(prefer: str, modes: Sequence[str]) -> bool:
    wants = any(part.strip().lower() == "respond-async" for part in re.split("[,;]", prefer))
    return "async-execute" in modes and (wants or "sync-execute" not in modes)


def run_job(writer: Writer, processes: Sequence[ProcessPlugin], job_id: str) -> None:
    """Runs a job and keeps its results, or why there are none; a job that was dismissed is left alone."""
    with writer.connection() as connection:
        task = begin_job(connection, job_id)
    if task is None:
        return
    try:
        plugin = _plugin(processes, task.process)
        processor = load_processor(plugin.dotted_class, plugin.context)
        names = list(processor.metadata["outputs"])
        media_type, value = run(processor, task.inputs, task.outputs)
        media_type, result = write_results(names, media_type, value, is_document=task.is_document)
    except Exception as error:  # noqa: BLE001 - whatever it is, the job has failed and its holder is told
        with writer.connection() as connection:
            fail_job(connection, job_id, keep_problem(describe(error)))
        return
    with writer.connection() as connection:
        finish_job(connection, job_id, media_type, result)


def _plugin(processes: Sequence[ProcessPlugin], name: str) -> ProcessPlugin:
    """Raises: NoSuchResource."""
    for plugin in processes:
        if plugin.name == name:
            return plugin
    raise NoSuchResource(f"there is no process '{name}' any more", f"{EXCEPTIONS}/no-such-process")


def list_jobs(call: Call) -> Answer:
    """The caller's own jobs, newest first."""
    read = gather(
        {
            "limit": lambda: _limit(call.params.get("limit")),
            "offset": lambda: read_integer("offset", call.params.get("offset"), 0),
            "statuses": lambda: _choices(call, "status", [str(status) for status in JobStatus]),
            "types": lambda: _choices(call, "type", ["process"]),
            "created": lambda: _interval(call.params.get("datetime")),
            "least": lambda: _seconds(call, "minDuration"),
            "most": lambda: _seconds(call, "maxDuration"),
        }
    )
    jobs = call.edition.service.jobs
    found: list[Job] = []
    if jobs:
        query = JobQuery(
            call.holder,
            read["limit"],
            read["offset"],
            tuple(filter(None, call.params.get("processID", "").split(","))),
            read["statuses"],
            read["created"],
            (read["least"], read["most"]),
        )
        with jobs.connection() as connection:
            found = read_jobs(connection, query)
    shown = found[: read["limit"]]
    base = f"{call.edition.base_url}/jobs"
    links = [{"rel": "self", "type": "application/json", "href": f"{base}?{urlencode(dict(call.params))}".rstrip("?")}]
    if len(found) > len(shown):
        further = dict(call.params) | {"offset": str(read["offset"] + read["limit"])}
        links.append({"rel": "next", "type": "application/json", "href": f"{base}?{urlencode(further)}"})
    return answer_json({"jobs": [_status(call, job) for job in shown], "links": links})


def show_job(call: Call) -> Answer:
    return answer_json(_status(call, _find(call)))


def dismiss_job_of(call: Call) -> Answer:
    """The job does not run any more, or its results are removed."""
    job, jobs = _find(call), call.edition.service.jobs
    if jobs:
        with jobs.connection() as connection:
            dismiss_job(connection, job.id)
    return answer_json(_status(call, _find(call)))


def show_results(call: Call) -> Answer:
    """The results, or the failure with its own status. Raises: Finding, NoSuchResource while there are none."""
    job, jobs = _find(call), call.edition.service.jobs
    if job.status == JobStatus.FAILED and job.fault:
        raise Finding(restore_problem(job.fault))
    if job.status != JobStatus.SUCCESSFUL or jobs is None:
        raise NoSuchResource(
            Sentence(
                f"job {job.id} has no results: it {_MESSAGES[JobStatus(job.status)]}",
                f"công việc {job.id} chưa có kết quả: {_MESSAGES[JobStatus(job.status)].vi}",
            ),
            f"{EXCEPTIONS}/result-not-ready",
        )
    with jobs.connection() as connection:
        media_type, body = read_result(connection, job.id)
    return Answer(body, media_type)


def _find(call: Call) -> Job:
    """Raises: NoSuchResource for what is not, and for what is another caller's."""
    jobs, name = call.edition.service.jobs, call.parts["job"]
    found = None
    if jobs:
        with jobs.connection() as connection:
            found = find_job(connection, call.holder, name)
    if found is None:
        raise NoSuchResource(f"there is no job '{name}'", f"{EXCEPTIONS}/no-such-job")
    return found


def _status(call: Call, job: Job) -> dict[str, Any]:
    """A statusInfo document (OGC 18-062r2, statusInfo.yaml)."""
    message = _MESSAGES[JobStatus(job.status)]
    times = {"created": job.created_at, "started": job.started_at, "finished": job.finished_at}
    times |= {"updated": job.updated_at}
    address = _address(call, job)
    links = [{"rel": "self", "type": "application/json", "href": address}]
    if job.status in (JobStatus.SUCCESSFUL, JobStatus.FAILED):
        rel = "http://www.opengis.net/def/rel/ogc/1.0/results"
        links.append({"rel": rel, "type": "application/json", "href": f"{address}/results"})
    if job.status in (JobStatus.ACCEPTED, JobStatus.RUNNING):
        links.append({"rel": "monitor", "type": "application/json", "href": address})
    return {
        "processID": job.process,
        "type": "process",
        "jobID": str(job.id),
        "status": job.status,
        "message": message.vi if call.language == "vi" else str(message),
        "progress": 100 if job.status == JobStatus.SUCCESSFUL else 0,
        **{name: moment.astimezone(UTC).isoformat() for name, moment in times.items() if moment},
        "links": links,
    }


def _address(call: Call, job: Job) -> str:
    return f"{call.edition.base_url}/jobs/{job.id}"


def _limit(text: str | None) -> int:
    limit = read_integer("limit", text, _DEFAULT_JOBS)
    if limit < 1:
        raise Invalid(f"limit={limit}: give a number from 1 to {_MOST_JOBS}")
    return min(limit, _MOST_JOBS)


def _choices(call: Call, name: str, known: Sequence[str]) -> tuple[str, ...]:
    asked = tuple(filter(None, call.params.get(name, "").split(",")))
    if unknown := [value for value in asked if value not in known]:
        raise Invalid(f"{name}={unknown[0][:40]}: use {', '.join(known)}")
    return asked


def _seconds(call: Call, name: str) -> float | None:
    text = call.params.get(name)
    try:
        seconds = None if text is None else float(text)
    except ValueError:
        seconds = math.nan
    if seconds is not None and not 0 <= seconds < math.inf:
        raise Invalid(f"{name}={str(text)[:40]}: give seconds, from 0")
    return seconds


def _interval(text: str | None) -> tuple[datetime | None, datetime | None]:
    """An RFC 3339 instant or two separated by '/', either of which may be open ('..' or nothing)."""
    if text is None:
        return None, None
    ends = text.split("/")
    try:
        moments = [None if end in ("", "..") else datetime.fromisoformat(end) for end in ends]
        since, until = moments * 2 if len(moments) == 1 else moments
    except ValueError as error:
        raise Invalid(f"datetime={text[:80]}: give an RFC 3339 instant, or two separated by '/'") from error
    aware = [moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) for moment in (since, until)]
    return aware[0], aware[1]
