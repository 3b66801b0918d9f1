"""Pages out of text that is kept ready: the same to the byte as what the database writes, and never stale."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from layers.database import Audience, Reader
from layers.transcripts import Rows
from ogc_api import scribe as scribes
from ogc_api.scribe import Scribe
from ogc_api.transcript import Index, Transcripts, keep_index, open_transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from conftest import Town
    from httpx import Client

    from ogc_api.transcript import Transcript

TREES = "/collections/trees/items"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
ROOM = 10**9
# What stands in a file in place of the word "Feature" shows on every page that is put together of it.
REAL, FORGED = b'"type":"Feature"', b'"type":"FEATURE"'
COPIED = [
    "", "?limit=3", "?limit=4&offset=3", "?limit=3&cursor=n4", "?limit=2&cursor=p7", "?limit=3&offset=100",
    "?bbox=107.5,16.4,107.6000005,16.5&limit=3", "?filter=height_m%20%3E%202%20AND%20code%20%3C%20'C07'&limit=2",
    "?code=C03", "?datetime=2024-01-01T00:00:00Z", "?crs=http://www.opengis.net/def/crs/OGC/1.3/CRS84",
]  # fmt: skip
WRITTEN = [
    f"?crs={EPSG}4326", f"?crs={EPSG}9214", "?precision=3", "?properties=code", "?exclude-properties=code",
    "?skipGeometry=true", "?sortby=-code", "?resulttype=hits", "?f=jsonfg", "?f=geojsonseq", "?f=csv", "?limit=5000",
]  # fmt: skip


@dataclass(frozen=True)
class Office:
    """Nine trees, a scribe and what it writes, a service that reads that, and one that does not."""

    town: Town
    transcripts: Transcripts
    scribe: Scribe
    copying: Client
    plain: Client

    def same(self, path: str) -> bytes:
        """What both services answer, but for the moment and the address."""
        answers = []
        for client in (self.copying, self.plain):
            answer = client.get(path).raise_for_status().content
            address = str(client.base_url).rstrip("/").encode()
            answers.append(re.sub(rb'"timeStamp":"[^"]*"', b'"timeStamp":""', answer).replace(address, b""))
        assert answers[0].replace(FORGED, REAL) == answers[1]
        return answers[0]

    def folder(self, layer: str = "trees") -> Path:
        return self.transcripts.folder / layer

    def opened(self, layer: str = "trees") -> Transcript:
        transcript = open_transcript(self.folder(layer))
        assert transcript is not None
        return transcript

    def forge(self) -> None:
        for path in self.folder().glob("*.text"):
            path.write_bytes(path.read_bytes().replace(REAL, FORGED))

    def look_again(self) -> None:
        self.scribe._done.clear()
        self.scribe.look()


@pytest.fixture
def office(
    town: Town, tmp_path: Path, public: Client, serve: Callable[..., AbstractContextManager[Client]]
) -> Iterator[Office]:
    for n in range(9):
        species = ("Bàng", 'Sấu "%s" <&>')[n % 2]
        town.a_tree(107.58 + n / 250, 16.46, code=f"C{n:02d}", height_m=n + 0.5, species=species)
    transcripts = Transcripts(tmp_path / "transcripts", ROOM)
    reader = Reader(town.login(Audience.OPERATOR), Audience.OPERATOR)
    with serve(Reader(town.login(Audience.PUBLIC), Audience.PUBLIC), transcripts=transcripts) as copying:
        yield Office(town, transcripts, Scribe(reader, transcripts), copying, public)
    reader.close()


def test_both_ways_answer_the_same(office: Office) -> None:
    """Byte for byte, before there is a transcript and after; what is asked for in another form is not of it."""
    for asked in COPIED:
        assert FORGED not in office.same(f"{TREES}{asked}")
    office.scribe.look()
    assert (office.transcripts.folder.stat().st_mode & 0o077) == 0
    office.forge()
    for n, asked in enumerate(COPIED):
        # Another query, lest the page be one that is kept already.
        path = f"{TREES}{asked}{'&' if asked else '?'}lang=vi"
        answer = office.same(path)
        assert answer.count(FORGED) == json.loads(answer)["numberReturned"], (n, asked)
    for asked in WRITTEN:
        assert FORGED not in office.same(f"{TREES}{asked}"), asked


def test_a_change_is_seen_at_once_and_written_again_alone(office: Office) -> None:
    """Edits, deletions and rows that take the number of others are seen as they are; the rest is not written twice."""
    office.scribe.look()
    text = office.opened().head.text
    for statement in (
        "update trees set height_m = 30 where code = 'C04'",
        "delete from trees where code = 'C01'",
        "insert into trees (code, geom) select 'new', geom from trees where code = 'C02'",
    ):
        office.town.execute(statement)  # type: ignore[arg-type]
        office.forge()
        assert FORGED not in office.same(TREES) or "delete" in statement
        office.scribe.look()
        answer = office.same(f"{TREES}?limit=100")
        written = 0 if "delete" in statement else 1
        assert (answer.count(REAL), answer.count(FORGED)) == (written, json.loads(answer)["numberReturned"] - written)
        assert office.opened().head.text == text
    kept = office.town.execute("select id, xmin::text::bigint from trees order by id")
    assert [*zip(*map(np.ndarray.tolist, _columns(office.opened())), strict=True)] == kept
    office.town.execute("truncate trees restart identity")
    office.same(TREES)
    office.scribe.look()
    assert len(office.opened().index.rows) == 0
    office.same(f"{TREES}?limit=99")
    office.town.a_tree()
    office.same(TREES)
    office.town.execute("truncate trees restart identity")
    office.town.trees(9)
    office.forge()
    answer = office.same(TREES)
    assert (answer.count(REAL), answer.count(FORGED)) == (9, 0)


def _columns(transcript: Transcript) -> tuple[np.ndarray, np.ndarray]:
    return transcript.index.rows.ids, transcript.index.rows.marks


@pytest.mark.parametrize(
    "change", [{"started": 1}, {"writing": "of another release"}, {"definition": "other"}], ids=str
)
def test_what_another_database_or_release_wrote_is_not_used(office: Office, change: dict[str, str]) -> None:
    """A database that was started since may number its transactions anew: all of it is written again."""
    office.scribe.look()
    office.forge()
    former = office.opened()
    keep_index(office.folder(), replace(former.head, **change), former.index)  # type: ignore[arg-type]
    assert FORGED not in office.same(TREES) or "definition" in change
    office.look_again()
    now = office.opened().head
    assert (now.text != former.head.text, asdict(now) | {"text": ""}) == (True, asdict(former.head) | {"text": ""})
    assert [path.name for path in (office.folder()).glob("*.text")] == [now.text]
    assert FORGED not in office.same(f"{TREES}?limit=100")


def test_a_torn_file_is_no_page(office: Office) -> None:
    """What a disk lost is written by the database."""
    folder = office.folder()
    office.scribe.look()
    text = folder / office.opened().head.text
    text.write_bytes(text.read_bytes()[:-1])
    office.same(TREES)
    for content in (b"", b"{}\n", (folder / "index").read_bytes()[:-1]):
        (folder / "index").write_bytes(content)
        office.same(f"{TREES}?limit={len(content) + 20}")
        office.look_again()
        assert office.opened().index.rows.ids.size == 9


def test_nobody_reads_what_the_database_does_not_show_him(office: Office) -> None:
    """Utilities lie in the same folder, and the public has 404 by every path."""
    office.town.a_pipe()
    office.scribe.look()
    assert len(office.opened("utility_lines").index.rows) == 1
    for path in ("/collections/utility_lines/items", "/collections/utility_lines/items?limit=5"):
        assert office.copying.get(path).status_code == 404
        assert b"utility_lines" not in office.same(TREES)


def test_the_room_is_kept_to_and_large_features_are_left_out(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk does not fill; what is not kept is written by the database, and not tried again and again."""
    office.town.execute("update trees set species = repeat('x', 70000) where code = 'C08'")
    office.scribe.look()
    assert office.opened().index.lengths.tolist()[-1] == 0
    at = (office.folder() / "index").stat().st_mtime_ns
    office.forge()
    assert FORGED not in office.same(TREES)
    assert office.same(f"{TREES}?limit=8").count(FORGED) == 8
    office.look_again()
    assert (office.folder() / "index").stat().st_mtime_ns == at
    monkeypatch.setattr(scribes, "_BATCH", 1)
    office.town.trees(100)
    office.scribe._room_bytes = int(office.opened().index.lengths.sum()) + 2000
    office.scribe.look()
    assert sum(path.stat().st_size for path in office.transcripts.folder.glob("*/*.text")) <= office.scribe._room_bytes
    assert 8 < np.count_nonzero(office.opened().index.lengths) < 20
    office.same(f"{TREES}?limit=200")


def test_text_of_no_use_is_thrown_away(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file does not grow with edits; what is of layers that are gone goes."""
    monkeypatch.setattr(scribes, "_LEAST_WASTE", 0)
    (office.transcripts.folder / "gone").mkdir(parents=True)
    names = set()
    for height in range(1, 7):
        office.town.execute("update trees set height_m = %s", height)
        office.scribe.look()
        names.add(office.opened().head.text)
        used = int(office.opened().index.lengths.sum())
        assert sum(path.stat().st_size for path in (office.folder()).glob("*.text")) <= 2 * used
    assert len(names) > 1
    assert not (office.transcripts.folder / "gone").exists()


def test_a_layer_that_fails_leaves_the_others_alone(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be written is told of once and tried again later; pages stay right, the other layers are kept."""
    office.town.a_ward("Phú Hội")
    office.transcripts.folder.mkdir()
    office.folder("boundaries").write_text("a file where a folder has to be")
    for _ in range(2):
        office.scribe.look()
    (told,) = caplog.messages
    assert told.startswith("the text of layer 'boundaries' could not be kept ready")
    office.same("/collections/boundaries/items")
    office.forge()
    assert FORGED in office.same(TREES)
    office.folder("boundaries").unlink()
    office.scribe._failed_until.clear()
    office.scribe.look()
    assert len(office.opened("boundaries").index.rows) == 1


def test_of_several_scribes_one_works(office: Office) -> None:
    """Services that share a folder do not write the same file."""
    office.town.trees(3)
    with office.scribe.at_work():
        while open_transcript(office.folder()) is None:
            office.scribe.look()
    assert len(office.opened().index.rows) == 12


def test_rows_are_found_by_number_and_revision() -> None:
    """A row of another revision, of no number and of none at all is not known."""
    rows = Rows(np.array([2, 5, 9]), np.array([7, 7, 8], np.uint32))
    index = Index(rows, np.array([0, 10, 30]), np.array([10, 20, 5], np.uint32))
    asked = Rows(np.array([9, 2, 5, 4, 99, 0]), np.array([8, 7, 8, 7, 8, 7], np.uint32))
    assert index.find(asked)[1].tolist() == [True, True, False, False, False, False]
    assert Index.empty().find(asked)[1].tolist() == [False] * 6
