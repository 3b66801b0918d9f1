"""Labels of map tiles side by side: whole on both sides of an edge, each once, none over another."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from layers.grid import MARGIN_UNITS, PIXELS, UNITS
from ogc_api.labels import Label, list_large, place_labels, write_labels
from ogc_api.vector_tile import LINE, POLYGON, Drawn

NUMBER: dict[str, Any] = {
    "layout": {"text-field": ["get", "name"], "text-size": 12},
    "paint": {"text-color": "#000000", "text-halo-color": "#ffffff", "text-halo-width": 1},
}
STREET = NUMBER | {"layout": NUMBER["layout"] | {"symbol-placement": "line"}}
LAYERS = [("parcels", NUMBER)]

# A rectangle of the world in units of its tiles: left, top, width, height, name.
type Parcel = tuple[int, int, int, int, str]


def clipped(parcel: Parcel, column: int, row: int) -> list[tuple[int, int]]:
    """What a tile has of a rectangle: up to its margin, in its own units."""
    left, top, width, height, _ = parcel
    low, high = -MARGIN_UNITS, UNITS + MARGIN_UNITS
    x = [min(max(value - column * UNITS, low), high) for value in (left, left + width)]
    y = [min(max(value - row * UNITS, low), high) for value in (top, top + height)]
    return [(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])] if x[0] < x[1] and y[0] < y[1] else []


def view(parcels: list[Parcel], column: int, row: int) -> Any:
    """A tile and its neighbours, as they come from the database."""
    return {
        (dx, dy): {
            "parcels": [
                Drawn(POLYGON, [ring], {"name": parcel[4]}, number)
                for number, parcel in enumerate(parcels)
                if (ring := clipped(parcel, column + dx, row + dy))
            ]
        }
        for dx, dy in product((-1, 0, 1), repeat=2)
    }


def seen(parcels: list[Parcel], column: int, row: int) -> list[tuple[Label, tuple[int, ...]]]:
    """Labels of a tile with their boxes in pixels of the world."""
    shift = (column * PIXELS, row * PIXELS, column * PIXELS, row * PIXELS)
    return [
        (label, tuple(a + b for a, b in zip(label.box, shift, strict=True)))
        for label in place_labels(view(parcels, column, row), LAYERS, 17, {})
    ]


def touches(box: tuple[int, ...], column: int, row: int) -> bool:
    left, top = column * PIXELS, row * PIXELS
    return box[0] < left + PIXELS and left < box[2] and box[1] < top + PIXELS and top < box[3]


PARCELS = st.lists(
    st.tuples(
        st.integers(0, 5 * UNITS),
        st.integers(0, 5 * UNITS),
        st.integers(16, 2 * UNITS),
        st.integers(16, 2 * UNITS),
        st.text("0123456789", min_size=1, max_size=12),
    ),
    max_size=40,
)


@given(PARCELS, st.sampled_from([(1, 0), (0, 1), (1, 1)]))
@settings(max_examples=150, deadline=None)
def test_neighbours_agree_on_what_lies_on_their_edge(parcels: list[Parcel], step: tuple[int, int]) -> None:
    """A label that touches two tiles is on both at the same place, or on neither; no label is cut in half."""
    one, other = (2, 2), (2 + step[0], 2 + step[1])
    here = {(label.text, box) for label, box in seen(parcels, *one) if touches(box, *other)}
    there = {(label.text, box) for label, box in seen(parcels, *other) if touches(box, *one)}
    assert here == there


@given(PARCELS)
@settings(max_examples=100, deadline=None)
def test_no_label_lies_over_another(parcels: list[Parcel]) -> None:
    """Whatever is written can be read."""
    boxes = [label.box for label in place_labels(view(parcels, 2, 2), LAYERS, 17, {})]
    for n, a in enumerate(boxes):
        assert not any(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for b in boxes[:n])


def test_a_label_on_an_edge_is_whole_on_both_sides() -> None:
    """Two tiles side by side show the number of a parcel once, as if there were no edge."""
    half = UNITS // 4
    parcels = [(3 * UNITS - half, 2 * UNITS + 1600, 2 * half, 800, "12345")]
    both = Image.new("RGBA", (2 * PIXELS, PIXELS))
    for n in (0, 1):
        sheet = Image.new("RGBA", (PIXELS, PIXELS))
        write_labels(sheet, view(parcels, 2 + n, 2), LAYERS, 17, {})
        both.paste(sheet, (n * PIXELS, 0))
    ((label, box),) = seen(parcels, 2, 2)
    left, top = box[0] - 2 * PIXELS, box[1] - 2 * PIXELS
    assert left < PIXELS < left + label.image.width
    assert both.crop((left, top, left + label.image.width, top + label.image.height)).tobytes() == label.image.tobytes()
    assert both.getbbox() is not None
    alone = Image.new("RGBA", both.size)
    alone.alpha_composite(label.image, (left, top))
    assert both.tobytes() == alone.tobytes(), "and nothing beside it"


def test_what_is_too_large_is_lettered_in_each_tile() -> None:
    """A ward over many tiles has its name in each of them, whole."""
    ward = [(0, 0, 5 * UNITS, 5 * UNITS, "12345")]
    for tile in ((1, 1), (2, 2), (3, 1)):
        ((label, _),) = seen(ward, *tile)
        assert label.is_inside
        assert not label.is_shared


def test_a_bent_street_is_lettered_along_its_straightest_stretch() -> None:
    """Many short pieces that hardly turn are one stretch; a name that is longer than it is not written."""
    bend = [(100 + 120 * n, 1000 + n * n // 2) for n in range(12)]
    corner = [*bend, (bend[-1][0], 1800)]
    long = {(0, 0): {"streets": [Drawn(LINE, [corner], {"name": "Hai Ba"}, 1)]}}
    (label,) = place_labels(long, [("streets", STREET)], 17, {})
    left, top, right, bottom = label.box
    assert right - left > bottom - top, "along the bend, not the corner"
    short = {(0, 0): {"streets": [Drawn(LINE, [bend[:3]], {"name": "Nguyễn Thị Minh Khai"}, 1)]}}
    assert place_labels(short, [("streets", STREET)], 17, {}) == []


@given(st.integers(0, 3 * UNITS), st.integers(0, 3 * UNITS), st.integers(UNITS, 4 * UNITS))
@settings(max_examples=30, deadline=None)
def test_a_large_area_is_lettered_where_its_middle_is(left: int, top: int, side: int) -> None:
    """A ward over many tiles has its name on it once, whole, as near to its middle as the edges of a tile let it."""
    ward, middle = [(left, top, side, side, "Thuận Hóa")], ((left + side / 2) / UNITS, (top + side / 2) / UNITS)
    written = {}
    for column, row in product(range(8), repeat=2):
        window = view(ward, column, row)
        assert list_large(window, {"parcels"}) == {"parcels": [0] if window[0, 0]["parcels"] else []}
        place = ((middle[0] - column) * PIXELS, (middle[1] - row) * PIXELS)
        for label in place_labels(window, LAYERS, 17, {"parcels": {0: place}}):
            written[column, row] = label.box
    ((column, row), box), *others = written.items()
    assert (others, column, row) == ([], int(middle[0]), int(middle[1]))
    assert min(box) >= 0
    assert max(box) <= PIXELS
