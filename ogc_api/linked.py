"""Inputs by reference (OGC 18-062r2, 7.11.2.3): the service fetches nothing but what it has, or what is in the link."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes

import psycopg

from layers.errors import Invalid, Sentence
from layers.features import explained, missing, parse_id
from ogc_api.plan import Wanted, make_plan

if TYPE_CHECKING:
    from ogc_api.edition import Edition

_ITEM = re.compile(r"/collections/([^/?#]+)/items/([^/?#]+)(?:\?f=json)?")
_DATA = re.compile(r"data:([^;,]*)((?:;[^;,]+)*),(.*)", re.DOTALL | re.IGNORECASE)


def follow_link(edition: Edition, href: object) -> Any:
    """What a link leads to: the content of a `data:` address, or a feature of this service that the caller may see.

    Raises: Invalid for an address of anything else, NotFound.
    """
    address = href if isinstance(href, str) else ""
    if data := _DATA.fullmatch(address):
        return _read_data(*data.groups())
    item = _ITEM.fullmatch(address.removeprefix(edition.base_url)) if address.startswith(edition.base_url) else None
    if item is None:
        raise Invalid(
            Sentence(
                f"only data: addresses and features of this service are followed, {edition.base_url}/collections/…",
                f"chỉ theo địa chỉ data: và đối tượng của dịch vụ này, {edition.base_url}/collections/…",
            )
        )
    return _read_feature(edition, *map(unquote, item.groups()))


def _read_feature(edition: Edition, collection: str, item: str) -> dict[str, Any]:
    layer = edition.find_layer(collection)
    plan = make_plan(Wanted(edition, layer, "json", "en", ""), is_page=False)
    with edition.service.reader.connection() as connection, explained(plan.request.query):
        cursor = psycopg.RawCursor(connection)
        row = cursor.execute(plan.statement.text, (parse_id(layer, item),)).fetchone()
    if row is None:
        raise missing(layer, item)
    feature: dict[str, Any] = json.loads(row[0])
    return feature


def _read_data(media_type: str, parameters: str, content: str) -> Any:
    """RFC 2397; JSON is read, a text is a text, and anything else stays base64 as an input wants it."""
    try:
        is_packed = parameters.lower().endswith(";base64")
        body = base64.b64decode(unquote(content), validate=True) if is_packed else unquote_to_bytes(content)
        if media_type.lower().endswith("json"):
            return json.loads(body)
        is_text = not media_type or media_type.lower().startswith("text/")
        return body.decode() if is_text else base64.b64encode(body).decode()
    except (ValueError, RecursionError, binascii.Error) as error:
        raise Invalid(
            Sentence(f"the data: address holds no {media_type or 'text'}", f"địa chỉ data: không chứa {media_type}")
        ) from error
