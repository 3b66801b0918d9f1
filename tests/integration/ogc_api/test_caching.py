"""Entity tags: what has not changed is not sent again, and nothing stale is ever taken for fresh."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import brotli
import pytest
from starlette.responses import Response

from ogc_api.compression import choose_coding
from ogc_api.kept import Shelf

if TYPE_CHECKING:
    from conftest import Town
    from httpx import Client

ITEMS = "/collections/trees/items"


def test_an_unchanged_layer_is_not_sent_again(town: Town, public: Client) -> None:
    """304 as long as the layer is as it was, 200 and another tag from the moment it is not."""
    town.a_tree()
    plain = {"Accept-Encoding": "identity"}
    tag = public.get(ITEMS, headers=plain).headers["etag"]
    for tags in (tag, f'"x", {tag}', "*"):
        answer = public.get(ITEMS, headers=plain | {"If-None-Match": tags})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    town.a_tree()
    changed = public.get(ITEMS, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["numberMatched"]) == (200, 2)
    assert changed.headers["etag"] != tag


@pytest.mark.parametrize("change", ["update trees set height_m = 3", "delete from trees", "truncate trees"])
def test_every_change_changes_the_tag(town: Town, public: Client, change: str) -> None:
    """Whoever changes the layer, by whatever statement, changes the tag of its pages."""
    town.a_tree()
    tag = public.get(ITEMS).headers["etag"]
    town.execute(change)  # type: ignore[arg-type]
    assert public.get(ITEMS, headers={"If-None-Match": tag}).status_code == 200


def test_a_feature_has_its_own_tag(town: Town, public: Client) -> None:
    """A feature's tag is strong and its own: another feature's change leaves it, its own does not."""
    tree, other = town.a_tree(), town.a_tree()
    address = f"{ITEMS}/{tree}"
    tag = public.get(address).headers["etag"]
    assert tag.startswith('"')
    town.execute("update trees set height_m = 3 where id = %s", other)
    assert public.get(address, headers={"If-None-Match": tag}).status_code == 304
    town.execute("update trees set height_m = 3 where id = %s", tree)
    assert public.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_forms_of_a_resource_have_different_tags(town: Town, public: Client) -> None:
    """A tag of one format or language never answers for another."""
    tree = town.a_tree()
    for address in (ITEMS, f"{ITEMS}/{tree}"):
        forms = [{"f": f, "lang": lang} for f in ("json", "html", "jsonld") for lang in ("vi", "en")]
        tags = [public.get(address, params=form).headers["etag"] for form in forms]
        assert len(set(tags)) == len(forms)
        assert public.get(address, params=forms[0], headers={"If-None-Match": tags[1]}).status_code == 200


def test_a_count_is_of_the_version_that_is_shown(town: Town, public: Client) -> None:
    """A number that was counted once is not shown any more when the layer has changed."""
    for height in (1, 2, 3):
        town.a_tree(height_m=height)
    asked = {"filter": "height_m > 1", "limit": "1"}
    assert [public.get(ITEMS, params=asked).json()["numberMatched"] for _ in range(2)] == [2, 2]
    town.a_tree(height_m=4)
    assert public.get(ITEMS, params=asked).json()["numberMatched"] == 3


def test_a_304_names_the_version_that_a_client_has(town: Town, public: Client) -> None:
    """What was sent packed is known again by the tag that it was sent under."""
    town.trees(100)
    packed = public.get(ITEMS, params={"limit": 100}, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["etag"].endswith('-gzip"')
    again = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]}
    assert public.get(ITEMS, params={"limit": 100}, headers=again).status_code == 304


@pytest.mark.parametrize("coding", ["br", "gzip"])
@pytest.mark.parametrize("limit", [100, 3000])
def test_packed_answers_are_the_same(town: Town, public: Client, coding: str, limit: int) -> None:
    """A page in one piece, or streamed, unpacks to the same features, and is a fraction of the size."""
    town.trees(3000)
    plain = public.get(ITEMS, params={"limit": limit}, headers={"Accept-Encoding": "identity"})
    with public.stream("GET", ITEMS, params={"limit": limit}, headers={"Accept-Encoding": coding}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == coding
    assert "accept-encoding" in answer.headers["vary"].lower()
    unpacked = brotli.decompress(raw) if coding == "br" else gzip.decompress(raw)
    assert json.loads(unpacked)["features"] == plain.json()["features"]
    assert len(raw) < len(plain.content) / 4


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("", None), ("gzip;q=0", None), ("br;q=0, gzip", "gzip"), ("*", "br"), ("deflate", None), ("GZIP, x", "gzip")],
)
def test_a_client_gets_what_it_can_unpack(accepted: str, coding: str | None) -> None:
    """Only what was accepted, and nothing that was refused."""
    assert choose_coding(accepted) == coding


def test_files_and_short_answers_are_not_packed(town: Town, public: Client) -> None:
    """What holds an index of its own, and what is short, come as they are."""
    town.a_tree()
    for path in (f"{ITEMS}?f=gpkg", f"{ITEMS}/999"):
        assert "content-encoding" not in public.get(path, headers={"Accept-Encoding": "br, gzip"}).headers


@pytest.mark.parametrize("f", ["json", "jsonfg", "html", "jsonld"])
def test_what_is_kept_is_never_stale(town: Town, public: Client, f: str) -> None:
    """The same question again has the present answer, after every kind of change."""
    asked = {"f": f, "limit": 3, "sortby": "code"}
    town.a_tree(code="first")
    before = [public.get(ITEMS, params=asked).text for _ in range(2)]
    assert all("first" in text for text in before)
    town.execute("update trees set code = 'second'")
    assert "second" in public.get(ITEMS, params=asked).text
    town.execute("truncate trees")
    after = public.get(ITEMS, params=asked).text
    assert "first" not in after
    assert "second" not in after


def test_a_shelf_has_an_end() -> None:
    """What is longest unasked goes first, and what is too large for the shelf is not kept at all."""
    shelf = Shelf()
    piece = Response(b"x" * 7_000_000)
    for n in range(40):
        shelf.keep(n, 1, piece)
        assert shelf.find(0) is not None
    found = [n for n in range(40) if shelf.find(n) is not None]
    assert 0 in found
    assert 1 not in found
    assert len(found) * 7_000_000 <= 256 * 1024 * 1024
    shelf.keep("large", 1, Response(b"x" * 9_000_000))
    assert shelf.find("large") is None
