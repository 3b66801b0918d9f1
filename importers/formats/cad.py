"""DXF through ezdxf: lines, areas and nodes by their layer, with what layer names, blocks and texts say of them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import shapely

from importers.faults import Fault, Rejected
from importers.formats.dxf.blocks import STROKE_M, SYMBOL_M, Expansion
from importers.formats.dxf.curves import SAGITTA_M
from importers.formats.dxf.drawing import HOSTILE, Drawing, open_drawing
from importers.formats.dxf.georeference import declared_crs, metres_per_unit
from importers.formats.dxf.labels import Labels, Text, agreed, attach_labels, describe, parse_label
from importers.formats.dxf.lettering import Lettering
from importers.formats.dxf.modelspace import Feature, Sheet, read_sheet
from importers.source import SourceLayer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importers.source import Dataset

_Member = tuple[Feature, list[Text]]


def read_dxf(dataset: Dataset) -> Iterator[SourceLayer]:
    """The model space: one layer for each layer of the drawing, and in it for nodes of each block, lines and areas.

    Rows count all entities of the model space from 1, then those of blocks that are taken apart. Curves become chords
    within `SAGITTA_M`. Closed lines in layers of parcels, buildings or boundaries are areas; circles in layers of nodes
    are points at their centres. Layers are parted further where their texts are in different legacy fonts.
    """
    drawing = open_drawing(dataset)
    try:
        yield from _layers(drawing, dataset)
    except HOSTILE as error:
        raise Rejected(
            Fault.UNREADABLE, f"{dataset.name} cannot be read: {error}", "save it as DXF (R12 to R2018) again"
        ) from error


def _layers(drawing: Drawing, dataset: Dataset) -> Iterator[SourceLayer]:
    unit_m, unit_note = metres_per_unit(drawing.document)
    crs, origin, crs_note = declared_crs(drawing.document, dataset)
    expansion = Expansion(drawing.document, unit_m)
    sheet = read_sheet(Lettering(drawing), expansion, SAGITTA_M / unit_m)
    if not sheet.features and (aside := ", ".join(_aside_notes(sheet, drawing))):
        said = f"{dataset.name} has no line, area or symbol in its model space: {aside}"
        raise Rejected(Fault.GEOMETRY_MISSING, said, "draw what lies in the city as lines, polylines and blocks")
    labels = _labels(sheet)
    told = [unit_note, crs_note, *_expansion_notes(expansion), *describe(labels), *_aside_notes(sheet, drawing)]
    for (layer, block, _, font), members in _grouped(sheet, labels).items():
        shapes = np.array([feature.geometry for feature, _ in members], dtype=object)
        columns, encoding = _columns(sheet.lettering, members, font)
        yield SourceLayer(
            " ".join(sheet.lettering.name(name) for name in (layer, block) if name),
            shapes if unit_m == 1.0 else shapely.transform(shapes, lambda xyz: xyz * unit_m, include_z=True),
            columns,
            np.array([feature.row for feature, _ in members]),
            crs=crs,
            crs_origin=origin,
            encoding=encoding,
            fonts=tuple(sorted(sheet.lettering.fonts[font])) if font else (),
            notes=tuple(filter(None, (*told, _visibility(drawing, layer)))),
            drawing=True,
        )


def _labels(sheet: Sheet) -> Labels:
    shapes = [f.geometry if shapely.get_dimensions(f.geometry) < 2 else None for f in sheet.features]
    return attach_labels(sheet.texts, np.array(shapes, dtype=object), [f.layer for f in sheet.features])


def _grouped(sheet: Sheet, labels: Labels) -> dict[tuple[str, str, int, str], list[_Member]]:
    """Features with their texts by layer, block, dimension and kind of font."""
    groups: dict[tuple[str, str, int, str], list[_Member]] = defaultdict(list)
    for i, feature in enumerate(sheet.features):
        texts = labels.by_feature.get(i, [])
        font = max((feature.font, *(text.font for text in texts)))
        dimension = int(shapely.get_dimensions(feature.geometry))
        groups[feature.layer, feature.block, dimension, font].append((feature, texts))
    return groups


def _columns(lettering: Lettering, members: list[_Member], font: str) -> tuple[dict[str, list[str | None]], str | None]:
    """What layer name, block, tags and texts say, the nearer to the feature the stronger; and the text's encoding.

    A layer's name may state a material and a size: "CAP_NUOC_HDPE_D110".
    """
    records = [_record(lettering, feature, texts) for feature, texts in members]
    names = list(dict.fromkeys(name for record in records for name in record))
    views = {*names, *(value for record in records for value in record.values() if value is not None)}
    letters, encoding = lettering.deliver(views, font)
    columns = {
        letters[name]: [None if (value := record.get(name)) is None else letters[value] for record in records]
        for name in names
    }
    return columns, encoding


def _record(lettering: Lettering, feature: Feature, texts: list[Text]) -> dict[str, str | None]:
    record: dict[str, str | None] = {"layer": feature.layer}
    if feature.block:
        record["kind"] = feature.block
    record |= parse_label(lettering.name(feature.layer)) | feature.tags | agreed(texts)
    if texts:
        record["text"] = "; ".join(text.raw for text in texts)
    return record


def _expansion_notes(expansion: Expansion) -> Iterator[str]:
    yield f"curves drawn as chords within {SAGITTA_M * 1000:g} mm"
    if expansion.exploded:
        yield f"{expansion.exploded} inserts of blocks that reach farther than {SYMBOL_M:g} m taken apart"
    if expansion.long_strokes:
        yield f"{expansion.long_strokes} lines of symbols, longer than {STROKE_M:g} m, read as lines of their own"


def _aside_notes(sheet: Sheet, drawing: Drawing) -> Iterator[str]:
    yield from (f"{count} {kind} left aside" for kind, count in sorted(sheet.left_aside.items()) if count)
    paper = sum(
        e.dxftype() != "VIEWPORT" for layout in drawing.document.layouts if layout.is_any_paperspace for e in layout
    )
    if paper:
        yield f"{paper} entities of the paper space left aside"


def _visibility(drawing: Drawing, layer: str) -> str:
    for entry in drawing.document.layers:
        if drawing.text(entry.dxf.name) == layer:
            states = [word for word, is_so in (("off", entry.is_off()), ("frozen", entry.is_frozen())) if is_so]
            return f"the layer is {' and '.join(states)} in the drawing" if states else ""
    return ""
