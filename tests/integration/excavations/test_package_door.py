"""The response package over HTTP: who gets which of it, and that a dossier stays what it was."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Town

WATER, POWER, BUILDER, CITY = "Công ty Cấp nước", "Công ty Điện lực", "Công ty Xây lắp", "Sở Xây dựng"


def rows(town: Town, who: str, number: int) -> list[dict[str, str]]:
    answer = town.call(who, "GET", f"/{number}/package/csv?lang=en")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_every_file_comes_whole_once_and_the_same_again(town: Town) -> None:
    """Each file of the listing is of its type and has a tag; a ZIP holds all; nobody without a right gets any."""
    number = town.submitted()
    listing = town.call(BUILDER, "GET", f"/{number}/package").json()
    assert [file["kind"] for file in listing["files"]] == ["json", "geojson", "html", "pdf", "dxf", "glb", "csv", "zip"]
    starts = {"pdf": b"%PDF", "html": b"<!", "glb": b"glTF", "zip": b"PK", "json": b"{", "geojson": b"{", "dxf": b"  0"}
    for kind, start in starts.items():
        answer = town.call(BUILDER, "GET", f"/{number}/package/{kind}?lang=vi")
        assert (answer.status_code, answer.content[: len(start)].lower()) == (200, start.lower()), kind
        assert answer.headers["cache-control"].startswith("private")
    packed = town.call(BUILDER, "GET", f"/{number}/package/zip?lang=vi")
    names = [name.rsplit(".", 1)[1] for name in zipfile.ZipFile(io.BytesIO(packed.content)).namelist()]
    assert names == ["json", "geojson", "html", "pdf", "dxf", "glb", "csv"]
    tag = packed.headers["etag"]
    again = town.call(BUILDER, "GET", f"/{number}/package/zip?lang=vi", If_None_Match=tag)
    assert (again.status_code, again.content) == (304, b"")
    assert town.call(BUILDER, "GET", f"/{number}/package/exe").status_code == 404
    assert town.call(None, "GET", f"/{number}/package/pdf").status_code == 401
    assert town.call(POWER, "GET", f"/{number}/package/pdf").status_code == 404

    town.pipe(owner=POWER, east=55.0)
    kept = town.call(BUILDER, "GET", f"/{number}/package/zip?lang=vi")
    assert (kept.headers["etag"], kept.content) == (tag, packed.content), "what was given out stays what it was"
    refused = town.call(BUILDER, "GET", f"/{number}/package/zip?lang=en")
    assert (refused.status_code, "check it again" in refused.text) == (409, True), "nothing new on an old answer"


def test_ways_out_are_in_the_files_and_can_be_filed(town: Town) -> None:
    """The package tells the ways that the check told; the best, filed as it comes, is as clear as was promised."""
    number = town.submitted()
    check = town.call(BUILDER, "GET", f"/{number}/checks/latest").json()["report"]
    ways = check["ways_out"]["ways"]
    report = json.loads(town.call(BUILDER, "GET", f"/{number}/package/json?lang=vi").content)
    assert report["ways_out"] == check["ways_out"]
    page = town.call(BUILDER, "GET", f"/{number}/package/html?lang=vi").text
    assert ways[0]["text"]["vi"] in page
    best = town.call(BUILDER, "GET", f"/{number}/ways-out/1")
    assert (best.status_code, best.json()) == (200, ways[0]["request"])
    assert town.call(BUILDER, "GET", f"/{number}/ways-out/99").status_code == 404
    assert town.call(WATER, "GET", f"/{number}/ways-out/1").status_code == 404, "an owner learns nothing of others"
    filed = town.call(BUILDER, "POST", "", best.json())
    assert filed.status_code == 201, filed.text
    again = town.call(BUILDER, "POST", f"/{filed.json()['id']}/check", If_Match=filed.headers["etag"])
    assert again.status_code == 201, again.text
    assert again.json()["report"]["is_clear"] is ways[0]["is_clear"]


def test_ways_out_are_promised_no_longer_than_they_hold(bare: Town) -> None:
    """What is new where a way out leads to does not touch the dig, whose answer stays: the way is not told any more."""
    town, x, y = bare, 562_000, 1_820_000

    def along(north: float, **columns: object) -> None:
        ends = f"{x + 20} {y + north}{{}}, {x + 80} {y + north}{{}}"
        town.pipe(geom=f"SRID=9214;LINESTRING({ends.format('', '')})",
                  axis=f"SRID=9214;LINESTRING Z({ends.format(' 2', ' 2')})", **columns)  # fmt: skip

    along(50, horizontal_accuracy_m=1.5)
    number = town.submitted()
    ways = town.call(BUILDER, "GET", f"/{number}/checks/latest").json()["report"]["ways_out"]["ways"]
    place = 1 + next(i for i, way in enumerate(ways) if way["change"] == "shift" and way["is_clear"])
    promised = town.call(BUILDER, "GET", f"/{number}/ways-out/{place}")
    assert promised.json() == ways[place - 1]["request"]
    along(46.5)
    along(53.5)
    filed = town.call(BUILDER, "POST", "", promised.json())
    again = town.call(BUILDER, "POST", f"/{filed.json()['id']}/check", If_Match=filed.headers["etag"])
    assert again.json()["report"]["is_clear"] is False
    refused = town.call(BUILDER, "GET", f"/{number}/ways-out/{place}?lang=en")
    assert (refused.status_code, "check it again" in refused.text) == (409, True)
    package = town.call(BUILDER, "GET", f"/{number}/package/json?lang=en")
    assert package.status_code == 200, "the dig itself stands as it stood"
    assert ways[place - 1]["request"] not in [way["request"] for way in package.json()["ways_out"]["ways"]]


def test_owners_and_secrets(town: Town) -> None:
    """An owner's package holds its own objects and is never clear; of a secret one only the desk and its owner read."""
    town.pipe(owner=POWER, east=55.0, discipline="power")
    town.pipe(owner=POWER, east=45.0, discipline="power", disclosure="secret", owner_ref="K-77", material="PVC")
    number = town.submitted()
    assert {row["owner"] for row in rows(town, CITY, number)} == {WATER, POWER}
    assert {row["owner"] for row in rows(town, WATER, number)} == {WATER}
    assert len(rows(town, POWER, number)) == 2
    assert sorted(row["owner"] for row in rows(town, BUILDER, number)) == sorted(["", WATER, POWER])
    report = json.loads(town.call(WATER, "GET", f"/{number}/package/json").content)
    assert report["is_clear"] is False
    assert any(WATER in remark["en"] for remark in report["remarks"])
    for who, sees in ((BUILDER, False), ("reader", False), (POWER, True), (CITY, True)):
        check = town.call(who, "GET", f"/{number}/checks/latest").text
        whole = town.call(who, "GET", f"/{number}/package/json").text
        assert ("PVC" in check, "PVC" in whole) == (sees, sees), who
    secret = [clash for clash in json.loads(whole)["clashes"] if clash["disclosure"] == "secret"]
    assert len(secret) == 1
    blurred = json.loads(town.call(BUILDER, "GET", f"/{number}/checks/latest").text)["report"]["clashes"]
    (one,) = [clash for clash in blurred if clash.get("withheld")]
    assert (one["outcome"], one["owner"], one["discipline"]) == ("definite", None, "other"), "it is there all the same"
