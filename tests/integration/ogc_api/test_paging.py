"""Pages by key: every feature once, in any order, forwards and backwards, while the layer changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Town
    from httpx import Client

SORTS = ["", "height_m", "-height_m", "species,-height_m", "-planted_year,species", "-code"]


def follow(client: Client, page: Any, rel: str) -> list[Any]:
    """The pages that the links of a page lead to, until there is none."""
    pages = []
    while link := next((x["href"] for x in page["links"] if x["rel"] == rel), None):
        page = client.get(link).json()
        pages.append(page)
    return pages


def ids(pages: list[Any]) -> list[list[int]]:
    return [[feature["id"] for feature in page["features"]] for page in pages]


@pytest.fixture
def orchard(town: Town) -> Town:
    """Trees with equal and missing values, which are what paging by key gets wrong."""
    for n in range(23):
        town.a_tree(
            code=f"C{n * 7 % 23:02d}",
            height_m=None if n % 5 == 0 else float(n % 4) + 0.1,
            species=None if n % 3 == 0 else ("Bàng", "Phượng 'vĩ'")[n % 2],
            planted_year=None if n % 2 else 1990 + n % 3,
        )
    return town


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [1, 4, 22, 23, 24])
def test_pages_by_key_are_the_whole_in_order(orchard: Town, public: Client, sort: str, limit: int) -> None:
    """All pages joined are what one page of everything holds, there and back again."""
    assert orchard
    asked: dict[str, Any] = {"sortby": sort} if sort else {}
    whole = public.get("/collections/trees/items", params=asked | {"limit": 100}).json()
    first = public.get("/collections/trees/items", params=asked | {"limit": limit}).json()
    pages = [first, *follow(public, first, "next")]
    assert [i for page in ids(pages) for i in page] == ids([whole])[0]
    assert {len(page) for page in ids(pages)[:-1]} <= {limit}
    assert {page["numberMatched"] for page in pages} == {23}
    assert ids(follow(public, pages[-1], "prev")) == ids(pages[:-1])[::-1]


def test_a_page_by_key_is_not_moved_by_what_comes_and_goes(orchard: Town, public: Client) -> None:
    """A feature that is deleted or added before the cursor shifts nothing, as it would with an offset."""
    first = public.get("/collections/trees/items", params={"limit": 5}).json()
    orchard.execute("delete from trees where id in (1, 3)")
    second = follow(public, first, "next")[0]
    assert ids([second])[0] == [6, 7, 8, 9, 10]


def test_a_filter_holds_on_every_page(orchard: Town, public: Client) -> None:
    """The count is of all that match, not of what lies behind the cursor."""
    assert orchard
    asked = {"limit": "3", "filter": "height_m > 1", "sortby": "-code"}
    first = public.get("/collections/trees/items", params=asked).json()
    pages = [first, *follow(public, first, "next")]
    found = [f for page in pages for f in page["features"]]
    codes = [f["properties"]["code"] for f in found]
    assert codes == sorted(codes, reverse=True)
    assert all(f["properties"]["height_m"] > 1 for f in found)
    assert {page["numberMatched"] for page in pages} == {len(found)}


def test_an_offset_leads_on_by_key(orchard: Town, public: Client) -> None:
    """A client that jumps by offset gets a cursor to go on and an offset to go back."""
    assert orchard
    page = public.get("/collections/trees/items", params={"offset": 7, "limit": 5}).json()
    assert ids([page])[0] == [8, 9, 10, 11, 12]
    assert ids(follow(public, page, "next")[:1])[0] == [13, 14, 15, 16, 17]
    assert ids(follow(public, page, "prev")[:1])[0] == [3, 4, 5, 6, 7]


def test_a_large_page_is_streamed_and_the_same(town: Town, public: Client) -> None:
    """Beyond some thousand features a page comes in pieces; it has the same members, and leads on."""
    town.trees(5001)
    page = public.get("/collections/trees/items", params={"limit": 3000})
    document = page.json()
    assert "content-length" not in page.headers
    assert page.headers["etag"].startswith('W/"')
    assert (document["numberMatched"], document["numberReturned"], len(document["features"])) == (5001, 3000, 3000)
    rest = follow(public, document, "next")
    assert [len(page["features"]) for page in rest] == [2001]
    assert [f["id"] for p in (document, *rest) for f in p["features"]] == list(range(1, 5002))
    assert [p["numberReturned"] for p in follow(public, rest[0], "prev")] == [3000]
    short = public.get("/collections/trees/items", params={"limit": 3000, "code": "T7"}).json()
    assert (short["numberMatched"], [f["properties"]["code"] for f in short["features"]]) == (1, ["T7"])
