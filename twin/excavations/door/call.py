"""A request at the door of excavations: who asks, in which language, about which version, with which body."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from layers.errors import Invalid, Sentence, say
from ogc_api.negotiation import LANGUAGES, choose_language
from ogc_api.problems import MEDIA_TYPE, Finding, Problem, describe
from twin.excavations.sitting import Outdated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from layers.access import Caller

MAX_BODY_BYTES = 1_000_000
_PRIVATE = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "Vary": "Accept-Language"}


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler is given."""

    caller: Caller
    parts: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    language: str
    body: bytes

    @property
    def number(self) -> int:
        return _whole("excavation", self.parts["excavation"])

    def part(self, name: str) -> int:
        return _whole(name, self.parts[name])

    def integer(self, name: str, default: int, most: int) -> int:
        """A query parameter. Raises: Invalid."""
        text = self.query.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise Invalid(
                Sentence(f"{name}={text[:40]}: give a whole number", f"{name}={text[:40]}: hãy ghi một số nguyên")
            )
        return min(int(text), most)

    def document(self) -> dict[str, Any]:
        """The body's JSON object. Raises: Invalid."""
        try:
            document = json.loads(self.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise Invalid(Sentence("the body is no JSON", "nội dung không phải JSON")) from error
        if not isinstance(document, dict):
            raise Invalid(Sentence("the body is no JSON object", "nội dung không phải đối tượng JSON"))
        return document

    def version(self) -> int | None:
        """The version that If-Match speaks of, None for any. Raises: Finding where it is missing or no tag of ours."""
        tag = self.headers.get("if-match")
        if tag is None:
            refuse(
                428,
                "PreconditionRequired",
                Sentence(
                    "say which version you change: send If-Match with the ETag that you read",
                    "cần cho biết bạn sửa bản nào: gửi If-Match với ETag đã đọc",
                ),
            )
        if tag.strip() == "*":
            return None
        found = re.fullmatch(rf'"{self.number}-(\d{{1,18}})"', tag.strip())
        return int(found[1]) if found else -1


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise HTTPException(404, Sentence(f"there is no {name} '{text[:40]}'", f"không có {name} '{text[:40]}'"))
    return int(text)


def refuse(status: int, code: str, message: Sentence) -> NoReturn:
    """Raises: Finding."""
    raise Finding(Problem(status, code, message))


def tag(number: int, version: int) -> dict[str, str]:
    return {"ETag": f'"{number}-{version}"'}


def language_of(request: Request) -> str:
    """Raises: Invalid."""
    return choose_language(request.query_params.get("lang"), request.headers.get("accept-language", ""))


def answer(
    document: Any, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = "application/json"
) -> Response:
    return JSONResponse(document, status, {**_PRIVATE, **(headers or {})}, media_type)


def answer_problem(request: Request, error: Exception) -> Response:
    """A problem document in the caller's language (RFC 9457)."""
    asked = request.query_params.get("lang")
    language = choose_language(asked if asked in LANGUAGES else None, request.headers.get("accept-language", ""))
    problem = Problem(412, "PreconditionFailed", error.message) if isinstance(error, Outdated) else describe(error)
    document = problem.document(language)
    document["title"] = say(_TITLES.get(problem.status, Sentence(problem.title.en, problem.title.vi)), language)
    headers = dict(getattr(error, "headers", None) or {})
    return answer(document, problem.status, headers, MEDIA_TYPE)


_TITLES = {
    401: Sentence("A key is needed", "Cần có khóa truy cập"),
    412: Sentence("The version is not the newest", "Không phải bản mới nhất"),
    428: Sentence("The version must be named", "Phải nêu rõ bản"),
}
