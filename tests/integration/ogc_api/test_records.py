"""Records of layers: what is known is told, what nobody said is not made up, and nobody learns of other layers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from layers.catalog import layers_for
from layers.database import Audience, Reader, connect
from layers.errors import Invalid, NotFound
from ogc_api.edition import Editions
from twin.cli import app

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from conftest import Town
    from httpx import Client

A_FILE = (
    "with run as (insert into import_runs (root, options, started_at, finished_at)"
    " values ('/in', '{}', '2026-01-02 08:00Z', '2026-01-02 09:00Z') returning id), file as (insert into source_files"
    " (run_id, path, location, sha256, key, bytes, format, owner, outcome, decisions)"
    " select id, 'a.shp', '/in/a.shp', 'x', 'x', 1, 'Shapefile', %s, 'loaded', '[]' from run returning id)"
    " select id from file"
)
IN_VIETNAMESE = {"f": "html", "lang": "vi"}


def test_a_record_tells_what_is_known(  # noqa: PLR0915 - one record, all that it says
    own_town: Callable[[str], Town],
    serve: Callable[..., AbstractContextManager[Client]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Owners, files, dates, accuracy and completeness come of what was imported; licence and source of who said so."""
    monkeypatch.setitem(Editions.__init__.__kwdefaults__, "check_after_s", 0.1)
    town = own_town("records")
    with connect(town.url) as opened:
        file_id = opened.execute(A_FILE, ("Công ty Cấp nước",)).fetchall()[0][0]
    for n in range(4):
        known = {"horizontal_accuracy_m": 0.1 + n / 10, "quality_level": "B"} if n < 3 else {}
        axis_m = 1.0 if n < 2 else None
        town.a_pipe(axis_m=axis_m, source_file_id=file_id, surveyed_on=f"2025-0{n + 1}-01", owner="Công ty A", **known)
    town.a_tree(species="Phượng")
    town.a_tree(107.59, 16.47)
    readers = [Reader(town.login(audience), audience) for audience in (Audience.OPERATOR, Audience.PUBLIC)]
    with serve(readers[0]) as operator, serve(readers[1]) as public:
        record = operator.get("/collections/utility_lines/metadata").json()
        assert (record["type"], record["id"]) == ("Feature", "utility_lines")
        assert record["conformsTo"] == ["http://www.opengis.net/spec/ogcapi-records-1/1.0/req/record-core"]
        assert record["time"] == {"interval": ["2025-01-01", "2025-04-01"]}
        assert record["geometry"]["type"] == "Polygon"
        about = record["properties"]
        assert about["type"] == "dataset"
        assert about["numberOfFeatures"] == 4
        assert about["lineage"]["sourceFiles"] == 1
        assert about["lineage"]["lastImport"] == about["created"] == "2026-01-02T09:00:00Z"
        owners = [contact["organization"] for contact in about["contacts"] if contact["roles"] == ["owner"]]
        assert owners == ["Công ty A", "Công ty Cấp nước"]
        quality = about["quality"]
        assert quality["quality_levels"] == {"unknown": 1, "B": 3}
        assert quality["horizontal_accuracy_m"] == {"stated": 3, "share": 0.75, "median_m": 0.2, "most_m": 0.29}
        assert quality["known_heights"] == {"stated": 2, "share": 0.5}
        assert quality["completeness"]["surveyed_on"] == 1.0
        assert about["themes"][0]["concepts"] == [{"id": "utilitiesCommunication"}]
        assert not {"license", "rights", "attribution", "source"} & about.keys(), "nobody said so"
        assert "chưa nêu" in operator.get("/collections/utility_lines/metadata", params=IN_VIETNAMESE).text

        assert public.get("/collections/utility_lines/metadata").status_code == 404
        listed = public.get("/metadata").json()
        assert [one["id"] for one in listed["features"]] == [layer.name for layer in layers_for(Audience.PUBLIC)]
        trees = next(one for one in listed["features"] if one["id"] == "trees")
        assert trees["properties"]["quality"]["completeness"]["species"] == 0.5
        assert trees["properties"]["lineage"]["sourceFiles"] == 0
        assert "Công ty" not in public.get("/metadata").text
        assert next(one for one in listed["features"] if one["id"] == "parcels")["geometry"] is None

        describe(town.url, tmp_path, "trees", "--licence", "CC-BY-4.0", "--licence-url", "https://example.org/by",
                 "--attribution", "Công viên Cây xanh", "--source", "Kiểm kê 2025", "--accuracy-m", "0.5",
                 "--contact", "Sở Xây dựng", "--email", "cay@example.org", "--keyword", "cây")  # fmt: skip
        time.sleep(0.2)
        record = public.get("/collections/trees/metadata").json()
        about = record["properties"]
        assert (about["license"], about["source"], about["quality"]["accuracy_m"]) == ("CC-BY-4.0", "Kiểm kê 2025", 0.5)
        assert about["contacts"][0]["emails"] == [{"value": "cay@example.org"}]
        assert {"https://example.org/by"} == {link["href"] for link in record["links"] if link["rel"] == "license"}
        collection = public.get("/collections/trees").json()
        assert (collection["license"], collection["attribution"]) == ("CC-BY-4.0", "Công viên Cây xanh")
        assert "cây" in collection["keywords"]
        rels = {link["rel"]: link["href"] for link in collection["links"]}
        assert rels["license"] == "https://example.org/by"
        assert public.get(rels["describedby"]).json()["id"] == "trees"
        assert "CC-BY-4.0" in public.get("/collections/trees", params={"f": "html"}).text
        describe(town.url, tmp_path, "trees", "--clear", "licence", "--clear", "licence_url")
        time.sleep(0.2)
        assert "license" not in public.get("/collections/trees").json()


def describe(url: str, folder: Path, *words: str) -> None:
    settings = {"TWIN_DATABASE_URL": url, "TWIN_DATA": str(folder)}
    result = CliRunner().invoke(app, ["layers", "describe", *words], env=settings)
    if result.exception is not None:
        raise result.exception


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("trees", "--licence", "do what you like"), "SPDX id"),
        (("trees", "--licence", "other"), "--licence-url"),
        (("trees", "--source-url", "javascript:alert(1)"), "https://"),
        (("trees", "--clear", "nix"), "--clear nix"),
        (("trees", "--email", "a@example.org"), "--contact"),
    ],
)
def test_what_no_record_can_say_is_refused(
    words: tuple[str, ...], fault: str, database_url: str, tmp_path: Path
) -> None:
    """A wrong word is named before anything is kept."""
    with pytest.raises(Invalid, match=fault):
        describe(database_url, tmp_path, *words)


def test_unknown_layers_have_no_record(database_url: str, tmp_path: Path) -> None:
    """What is no layer cannot be described."""
    with pytest.raises(NotFound, match="there is no layer 'nix'"):
        describe(database_url, tmp_path, "nix", "--source", "x")
