"""Failures as problem documents (RFC 9457) that are OGC API exceptions, too (OGC 17-069r4, 7.5.1)."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from pygeoapi.error import GenericError
from starlette.exceptions import HTTPException

from layers.editing import OutOfDate
from layers.errors import Conflict, Invalid, NotFound, Sentence, TwinError, Unavailable, say
from layers.label import Label
from layers.quota import Exceeded
from ogc_api.negotiation import choose_text

LOGGER = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

_KINDS: tuple[tuple[type[TwinError], HTTPStatus, str], ...] = (
    (Invalid, HTTPStatus.BAD_REQUEST, "InvalidParameterValue"),
    (NotFound, HTTPStatus.NOT_FOUND, "NotFound"),
    (OutOfDate, HTTPStatus.PRECONDITION_FAILED, "PreconditionFailed"),
    (Exceeded, HTTPStatus.TOO_MANY_REQUESTS, "TooManyRequests"),
    (Conflict, HTTPStatus.CONFLICT, "Conflict"),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE, "Unavailable"),
)

_TITLES = {
    400: Label("Yêu cầu không hợp lệ", "Invalid request"),
    404: Label("Không tìm thấy", "Not found"),
    403: Label("Không được phép", "Forbidden"),
    412: Label("Dữ liệu đã thay đổi", "Precondition failed"),
    415: Label("Loại nội dung không được hỗ trợ", "Unsupported media type"),
    405: Label("Phương thức không được phép", "Method not allowed"),
    409: Label("Mâu thuẫn với trạng thái hiện tại", "Conflict with the present state"),
    413: Label("Nội dung quá lớn", "Content too large"),
    429: Label("Vượt hạn mức", "More than one caller may have"),
    503: Label("Tạm thời không phục vụ được", "Temporarily unavailable"),
}
_FAULT = Label("Lỗi của máy chủ", "Fault of the server")


class Refusal(Exception):
    """What pygeoapi refuses, with its HTTP status and OGC exception code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class NoSuchResource(NotFound):
    """A missing thing for which an OGC standard has a name; `uri` is the exception type's."""

    def __init__(self, message: str, uri: str) -> None:
        super().__init__(message)
        self.uri = uri


@dataclass(frozen=True, slots=True)
class Problem:
    """What a client is told of a failure; `faults` lists each when there are several."""

    status: int
    code: str
    detail: str
    type: str = "about:blank"
    faults: tuple[str, ...] = ()
    instance: str | None = None

    @property
    def title(self) -> Label:
        return _TITLES.get(self.status, _FAULT)

    def document(self, language: str) -> dict[str, Any]:
        """`description` repeats `detail`: OGC API clients read that name."""
        return {
            "type": self.type,
            "title": choose_text(self.title, language),
            "status": self.status,
            "code": self.code,
            "detail": say(self.detail, language),
            "description": say(self.detail, language),
            **({"faults": [say(fault, language) for fault in self.faults]} if self.faults else {}),
            **({"instance": self.instance} if self.instance else {}),
        }


class Finding(Exception):
    """A problem that was described before, such as that of a job that failed."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def keep_problem(problem: Problem) -> dict[str, Any]:
    """A problem as JSON, in both languages."""
    vi = {"detail_vi": say(problem.detail, "vi"), "faults_vi": [say(fault, "vi") for fault in problem.faults]}
    return asdict(problem) | vi


def restore_problem(kept: dict[str, Any]) -> Problem:
    """What `keep_problem` wrote."""
    fields = {name: value for name, value in kept.items() if not name.endswith("_vi")}
    faults = tuple(Sentence(*pair) for pair in zip(kept["faults"], kept["faults_vi"], strict=True))
    return Problem(**fields | {"detail": Sentence(kept["detail"], kept["detail_vi"]), "faults": faults})


def describe(error: Exception) -> Problem:
    """The problem that a failure is to a client; what is no client's doing is logged under an identifier."""
    if isinstance(error, Finding):
        return error.problem
    problem = _describe_expected(error)
    if problem is not None and problem.status < 500:
        return problem
    instance = uuid4().urn
    LOGGER.error("%s", instance, exc_info=error)
    if problem is not None:
        return Problem(problem.status, problem.code, problem.detail, instance=instance)
    detail = f"the server failed and has noted this as {instance}: tell the operator this identifier"
    return Problem(500, "InternalServerError", detail, instance=instance)


def _describe_expected(error: Exception) -> Problem | None:
    match error:
        case TwinError():
            return _describe_kind(error)
        case HTTPException():
            return Problem(error.status_code, HTTPStatus(error.status_code).phrase.replace(" ", ""), error.detail)
        case Refusal() if error.status < 500:
            return Problem(error.status, error.code, str(error))
        case GenericError() if error.http_status_code < 500:
            return Problem(int(error.http_status_code), error.ogc_exception_code, error.message)
        case _:
            return None


def _describe_kind(error: TwinError) -> Problem:
    status, code = next((s, c) for kind, s, c in _KINDS if isinstance(error, kind))
    faults = error.faults if isinstance(error, Invalid) and len(error.faults) > 1 else ()
    uri = error.uri if isinstance(error, NoSuchResource) else "about:blank"
    return Problem(int(status), code, error.message, type=uri, faults=faults)
