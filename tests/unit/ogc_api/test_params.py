"""Query parameters: whatever is written, either a checked request or a named fault comes out."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from layers.catalog import LAYERS, Layer, find_layer
from layers.crs import parse_crs
from layers.errors import Invalid
from layers.query import MAX_LIMIT, Box, Cursor
from ogc_api.params import ITEMS, FeatureRequest, check_names, parse_item, parse_items, read_cursor, write_cursor
from ogc_api.references import offer_references

OFFERED = offer_references(parse_crs("EPSG:9214"))
TREES = find_layer("trees")
NAMES = sorted({*ITEMS, *(p.name for p in TREES.properties)})
VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from([reference.uri for reference in OFFERED]),
    st.lists(st.floats().map(str), max_size=7).map(",".join),
    st.lists(st.sampled_from([sign + name for name in NAMES for sign in "+- "]), max_size=3).map(",".join),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.integers().map(str),
)


def parse(**params: str) -> FeatureRequest:
    return parse_items(
        QueryParams(
            {name.replace("bbox__", "bbox-").replace("exclude_", "exclude-"): value for name, value in params.items()}
        ),
        TREES,
        OFFERED,
    )


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5))
def test_anything_is_a_request_or_a_fault(params: dict[str, str]) -> None:
    """No text of any parameter raises anything but Invalid, and what passes is within the limits."""
    try:
        request = parse_items(QueryParams(params), TREES, OFFERED)
    except Invalid:
        return
    else:
        assert 1 <= request.limit <= MAX_LIMIT


def test_nothing_asked_is_the_default_page() -> None:
    """Ten features from the first, whole, in CRS84."""
    request = parse()
    assert request.limit == 10
    assert request.query.filter.is_open
    assert (request.query.offset, request.query.cursor, request.query.properties) == (0, None, None)
    assert request.reference.uri.endswith("CRS84")


def test_boxes_are_x_before_y_whatever_the_axes() -> None:
    """The same box in CRS84 and in EPSG:4326 differs in the text only."""
    xy = parse(bbox="107,16,1,108,17,2").query.filter.box
    yx = parse(bbox="16,107,1,17,108,2", bbox__crs="http://www.opengis.net/def/crs/EPSG/0/4326").query.filter.box
    assert xy == yx == Box(107, 16, 108, 17, (1, 2))


@pytest.mark.parametrize(
    ("given_", "stored"),
    [("3", "3"), ("3.0", "3"), ("0.10", "0.1"), ("1e-5", "1e-05"), ("-2.50", "-2.5"), (".5", "0.5"), ("1e3", "1000")],
)
def test_numbers_are_compared_as_postgresql_writes_them(given_: str, stored: str) -> None:
    """A number's spelling does not matter."""
    assert parse(height_m=given_).query.filter.equals == (("height_m", stored),)


def test_sorting_is_by_property_and_direction() -> None:
    """A minus is descending; plus, a lost plus and nothing are ascending."""
    assert parse(sortby="-height_m,+code, species,condition").query.sort_by == (
        ("height_m", False),
        ("code", True),
        ("species", True),
        ("condition", True),
    )


def test_a_cursor_is_read_as_it_was_written() -> None:
    """What a page's link says comes back exactly, whatever letters a sort key has, and nothing else is taken for it."""
    for keys in (("7",), ("Đường 'a'", None, "12")):
        for is_backward in (False, True):
            cursor = Cursor(keys, is_backward=is_backward)
            assert read_cursor(write_cursor(cursor)) == cursor
    for text in ("", "n", "x" + write_cursor(Cursor(("7",)))[1:], "nW10", "nWyJhIl0", "n%", "n" + "W" * 99, "nMQ"):
        with pytest.raises(Invalid, match="cursor"):
            read_cursor(text)


def test_a_cursor_belongs_to_its_order() -> None:
    """A cursor of another order, or beside an offset, would lead anywhere."""
    by_height = write_cursor(Cursor(("3", "7")))
    assert parse(cursor=by_height, sortby="height_m").query.cursor == Cursor(("3", "7"))
    for other in ({"sortby": "height_m,code"}, {}, {"sortby": "height_m", "offset": "1"}):
        with pytest.raises(Invalid, match="cursor"):
            parse(cursor=by_height, **other)


def test_properties_are_named_or_left_out() -> None:
    """`exclude-properties` is the rest; both at once contradict each other."""
    every = [p.name for p in TREES.properties]
    assert parse(exclude_properties="code").query.properties == tuple(name for name in every if name != "code")
    with pytest.raises(Invalid, match="exclude-properties"):
        parse(exclude_properties="code", properties="code")


def test_a_download_has_no_limit_of_its_own() -> None:
    """A file has no next page: without a limit it holds everything."""
    assert parse_items(QueryParams({}), TREES, OFFERED, is_download=True).query.limit is None
    assert parse_items(QueryParams({"limit": "20000"}), TREES, OFFERED, is_download=True).query.limit == 20_000


def test_a_time_is_a_period() -> None:
    """An instant is a period without length, and an open end is none."""
    instant = parse(datetime="2024-05-01T00:00:00+07:00").query.filter.during
    assert instant is not None
    assert instant.start == instant.end == datetime(2024, 5, 1, tzinfo=timezone(timedelta(hours=7)))
    since = parse(datetime="2024-05-01/..").query.filter.during
    assert since is not None
    assert (since.start, since.end) == (datetime(2024, 5, 1, tzinfo=UTC), None)


def test_all_faults_are_gathered() -> None:
    """Faults of names and of values come together, each naming its parameter."""
    with pytest.raises(Invalid) as caught:
        parse(limit="0", bbox="1", nix="1", height_m="tall", sortby="nix,nax")
    assert len(caught.value.faults) == 6


def test_a_repeated_parameter_is_a_fault() -> None:
    """Of two values nobody knows which is meant."""
    with pytest.raises(Invalid, match="'f' is given twice"):
        check_names(QueryParams([("f", "json"), ("f", "html")]), {"f"})


def test_one_feature_takes_a_system_only() -> None:
    """A single feature is not filtered."""
    assert parse_item(QueryParams({"f": "json", "lang": "vi"}), TREES, OFFERED).reference == OFFERED[0]
    with pytest.raises(Invalid, match="'limit' is unknown"):
        parse_item(QueryParams({"limit": "1"}), TREES, OFFERED)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_no_property_hides_a_parameter(layer: Layer) -> None:
    """A property named like a parameter could not be filtered by."""
    assert not ITEMS & {p.name for p in layer.properties}
