"""Execution requests: checked by the process's own description."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.errors import Invalid
from ogc_api.jobs import input_schema, parse_execution

DESCRIPTION = {
    "inputs": {
        "depth_m": {"schema": {"type": "number", "exclusiveMinimum": 0}},
        "areas": {"minOccurs": 0, "maxOccurs": "unbounded", "schema": {"type": "object", "required": ["type"]}},
    },
    "outputs": {"report": {"schema": {"type": "object"}}},
}
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5))
NAMES = st.sampled_from(["inputs", "outputs", "response", "value", "href", "depth_m", "areas", "type"])
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))


def lead_nowhere(href: object) -> None:
    raise Invalid(f"{href} leads nowhere")


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=20), JSON.map(lambda value: json.dumps(value).encode())))
def test_any_body_is_a_request_or_a_fault(body: bytes) -> None:
    """No bytes raise anything but Invalid, and what passes fits the description."""
    try:
        execution = parse_execution(body, DESCRIPTION, lead_nowhere)
    except Invalid:
        return
    assert execution.inputs["depth_m"] > 0


def test_inputs_are_unwrapped() -> None:
    """A qualified value counts as its value; an object of the process's own is left as it is."""
    body = {"inputs": {"depth_m": {"value": 1.5, "mediaType": "application/json"}, "areas": {"type": "x", "value": 1}}}
    assert parse_execution(json.dumps(body).encode(), DESCRIPTION, lead_nowhere).inputs == {
        "depth_m": 1.5,
        "areas": {"type": "x", "value": 1},
    }


def test_many_faults_are_counted_no_further() -> None:
    """A hostile body does not make an endless answer."""
    body = {"inputs": {"depth_m": 1, **{f"x{n}": 1 for n in range(1000)}, "areas": [{}] * 1000}}
    with pytest.raises(Invalid) as caught:
        parse_execution(json.dumps(body).encode(), DESCRIPTION, lead_nowhere)
    assert all(len(fault) < 500 for fault in caught.value.faults)
    assert len(caught.value.faults) <= 100


LINK = {"href": "data:,1"}


@pytest.mark.parametrize(
    "inputs",
    [
        {"areas": [LINK] * 1001},
        {f"x{n}": LINK for n in range(1001)},
        {"areas": [LINK] * 999, "depth_m": LINK, "x": LINK},
    ],
    ids=["of one input", "of unknown inputs", "together"],
)
def test_no_request_has_more_links_followed_than_a_few(inputs: dict[str, object]) -> None:
    """Each costs a look into the database: a thousand in all, and with more not one of them is followed."""
    followed: list[object] = []
    with pytest.raises(Invalid, match="1001 links are too many: give 1000 at most"):
        parse_execution(json.dumps({"inputs": inputs}).encode(), DESCRIPTION, followed.append)
    assert not followed


def test_links_deep_inside_are_left_alone() -> None:
    """What an input is of is followed, however deep others are nested: no body makes a fault of the server."""
    link = json.dumps(LINK)
    deep = f"[{link}," * 3000 + link + "]" * 3000
    body = f'{{"inputs": {{"depth_m": {link}, "areas": {deep}}}}}'
    with pytest.raises(Invalid, match="areas"):
        parse_execution(body.encode(), DESCRIPTION, lambda _href: 1)


def test_only_what_must_occur_is_required() -> None:
    """`minOccurs` 0 makes an input optional, any other `maxOccurs` than 1 an array, too."""
    schema = input_schema(DESCRIPTION)
    assert schema["required"] == ["depth_m"]
    assert schema["properties"]["areas"]["anyOf"][1]["type"] == "array"
