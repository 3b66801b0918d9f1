"""The response package at an excavation's door: a listing, each file, and all of them as a ZIP.

A file is made when it is first asked for, outside the event loop, one at a time, its search for ways out, too; then it
is kept with the check that it shows, so that a dossier reads the same when the city has changed.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, cast

from starlette.exceptions import HTTPException
from starlette.responses import Response

from layers.dossiers import FileKey, KeptFile, find_file, keep_file, list_files
from layers.errors import Sentence
from layers.organisations import match_owners
from layers.procedure import find_check
from ogc_api.turns import Turns
from twin.excavations.checking import is_of_today, outdated, run_check
from twin.excavations.difference import compare_reports
from twin.excavations.disclosure import reduce_report, view_of
from twin.excavations.door.call import Call, answer
from twin.excavations.door.documents import BASE
from twin.excavations.kept_ways import has_ways, read_ways
from twin.excavations.package.package import MEDIA_TYPES, Package
from twin.excavations.package.tables import Contact

if TYPE_CHECKING:
    from collections.abc import Callable

    from layers.database import Writer
    from layers.procedure import Excavation
    from twin.clash.report import ClashReport
    from twin.excavations.sitting import Sitting

ZIP = "zip"
KINDS = (*MEDIA_TYPES, ZIP)
_TYPES = {**MEDIA_TYPES, ZIP: "application/zip"}
# The same bytes for the same files: the first day that a ZIP can name.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_MAKING = Turns(1)


def show_package(sitting: Sitting, call: Call) -> Response:
    """What there is, for whom, of which check."""
    key, excavation = _key(sitting, call, "json")
    sizes = list_files(sitting.connection, key)
    place = f"{sitting.practice.served_at}{BASE}/{excavation.id}/package"
    check = find_check(sitting.connection, excavation.id)
    files = [
        {"kind": kind, "type": _TYPES[kind], "href": f"{place}/{kind}?lang={call.language}", "bytes": sizes.get(kind)}
        for kind in KINDS
    ]
    return answer({"excavation": excavation.id, "check": check.number, "view": key.view, "files": files})


async def send_file(writer: Writer, call: Call, open_sitting: Callable[..., Sitting]) -> Response:
    """One file, made where nobody has asked for it before. Raises: NotFound, Conflict where the check is outdated."""
    kind = call.parts["kind"]
    if kind not in KINDS:
        raise HTTPException(404, Sentence(f"there is no file '{kind[:20]}': there are {', '.join(KINDS)}",
                                          f"không có tệp '{kind[:20]}': chỉ có {', '.join(KINDS)}"))  # fmt: skip

    def look() -> KeptFile | None:
        with writer.connection() as connection:
            return find_file(connection, _key(open_sitting(connection), call, kind)[0])

    def make() -> KeptFile:
        with writer.connection() as connection:
            sitting = open_sitting(connection)
            key, excavation = _key(sitting, call, kind)
            # Somebody else may have waited for the same.
            kept = find_file(connection, key)
            if kept is not None:
                return kept
            package = _package(sitting, excavation, call)
        made = _make(package, kind)
        with writer.connection() as connection:
            keep_file(connection, key, made)
        return made

    file = await asyncio.to_thread(look)
    if file is None:
        async with _MAKING.of(call.caller.name or "?"):
            file = await asyncio.to_thread(make)
    return _send(file, kind, call)


def _send(file: KeptFile, kind: str, call: Call) -> Response:
    tag = f'"{hashlib.sha256(file.content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff",
               "Vary": "Authorization, Accept-Language"}  # fmt: skip
    asked = [each.strip().removeprefix("W/") for each in call.headers.get("if-none-match", "").split(",")]
    if tag in asked or "*" in asked:
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'{"inline" if kind in _SHOWN else "attachment"}; filename="{file.name}"'
    if kind == "html":
        headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-downloads"
        )
    return Response(file.content, 200, headers, _TYPES[kind])


_SHOWN = ("html", "pdf", "json", "geojson")


def _key(sitting: Sitting, call: Call, kind: str) -> tuple[FileKey, Excavation]:
    excavation = sitting.find(call.number)
    check = find_check(sitting.connection, excavation.id)
    return FileKey(check.id, view_of(sitting, excavation).name, call.language, kind), excavation


def _package(sitting: Sitting, excavation: Excavation, call: Call) -> Package:
    report = _report(sitting, excavation)
    contacts = _contacts(sitting, report)
    language = cast("Literal['vi', 'en']", call.language)
    return Package(reduce_report(report, view_of(sitting, excavation)), language, contacts)


def _report(sitting: Sitting, excavation: Excavation) -> ClashReport:
    """The report of the newest check, found again. Raises: Conflict where the city answers otherwise by now."""
    check = find_check(sitting.connection, excavation.id)
    # Those that the check told are shown while the city is as it was; else they are looked for, for seconds.
    has = has_ways(check.report) and is_of_today(sitting, check)
    report = run_check(sitting, excavation, ways_out=not has)
    if check.request != (excavation.request or {}) or compare_reports(check.report, report.to_json()) is not None:
        raise outdated(excavation, check)
    return replace(report, ways_out=read_ways(check.report, report.crs)) if has else report


def _contacts(sitting: Sitting, report: ClashReport) -> dict[str, Contact]:
    """Where the owners of the report are reached, of those that are registered."""
    owners = sorted({clash.owner for clash in report.clashes if clash.owner})
    known = match_owners(sitting.connection, owners)
    return {name: Contact(email=one.email) for name, one in known.items() if one.email}


def _make(package: Package, kind: str) -> KeptFile:
    if kind != ZIP:
        return KeptFile(f"{package.stem}.{kind}", package.write(kind))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in MEDIA_TYPES:
            archive.writestr(zipfile.ZipInfo(f"{package.stem}/{package.stem}.{each}", _NO_TIME), package.write(each),
                             compress_type=zipfile.ZIP_DEFLATED)  # fmt: skip
    return KeptFile(f"{package.stem}.zip", packed.getvalue())
