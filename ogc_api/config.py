"""pygeoapi's configuration, made from the catalogue: there is no file to write by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layers.crs import area_of_use, to_degrees
from layers.label import Label
from layers.query import MAX_LIMIT
from ogc_api.negotiation import LANGUAGES
from ogc_api.params import DEFAULT_LIMIT
from ogc_api.references import CRS84

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from layers.catalog import Layer, LayerState
    from layers.crs import Crs
    from layers.database import Reader, Writer
    from ogc_api.references import Reference
    from ogc_api.transcript import Transcripts

VERSION = "1.0.0"
# The tiles and the style of all layers.
CITY = "city"
MVT = "application/vnd.mapbox-vector-tile"
PNG = "image/png"
MOST_JOBS = 20
_TEMPLATES = Path(__file__).parent / "templates"
TITLE = Label("Bản sao số thành phố", "City digital twin")
DESCRIPTION = Label(
    "Thành phố trên và dưới mặt đất; cao độ tính bằng mét theo hệ độ cao của thành phố",
    "The city above and below the ground; elevations are metres above the city's vertical datum",
)


class Shared:
    """A holder of something that stays one when pygeoapi copies its configuration: a pool, a context."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __deepcopy__(self, memo: dict[int, object]) -> Shared:
        return self


@dataclass(frozen=True, slots=True)
class ProcessPlugin:
    """A pygeoapi processor by its dotted class name; the class finds `context` in its definition."""

    name: str
    dotted_class: str
    context: object = None


@dataclass(frozen=True, slots=True)
class Service:
    """What a service is, as long as it runs: who may read what, under which address, and what it can do.

    jobs: where runs that are done later are kept; without it processes run at once only. most_jobs: of one caller that
    are not done yet.
    editor: through whom single features are edited; without it none are.
    data_folder: whose terrain rasters are the ground; without it nobody knows the ground but the rows that say it.
    tile_folder: where tiles that were made are kept for all workers; without it each keeps its own in memory.
    transcripts: where the text of features is kept ready; without them the database writes each page.
    `geoid_m` is how high the city's zero of elevation lies above the ellipsoid of WGS 84, None where nobody said so.
    """

    reader: Reader
    public_url: str
    processes: tuple[ProcessPlugin, ...] = ()
    title: Label = TITLE
    jobs: Writer | None = None
    geoid_m: float | None = None
    editor: Writer | None = None
    tile_folder: Path | None = None
    data_folder: Path | None = None
    transcripts: Transcripts | None = None
    most_jobs: int = MOST_JOBS


@dataclass(frozen=True, slots=True)
class City:
    """What there is at a moment: the layers of an audience, the state of each by its name, the storage CRS."""

    layers: tuple[Layer, ...]
    states: Mapping[str, LayerState]
    storage: Crs
    # What somebody said of each, by its name.
    told: Mapping[str, dict[str, Any]]


def build_config(service: Service, city: City, offered: Sequence[Reference]) -> dict[str, Any]:
    """Configuration for `pygeoapi.api.API`: a collection a layer, with its present extent, and the processes."""
    resources = {
        layer.name: _collection(service.reader, layer, _extent(city.states.get(layer.name), city.storage), offered)
        for layer in city.layers
    }
    processes = {
        plugin.name: {
            "type": "process",
            "processor": {
                "name": plugin.dotted_class,
                "context": Shared(plugin.context),
                "keeps_jobs": service.jobs is not None,
            },
        }
        for plugin in service.processes
    }
    return {
        "server": _server(service.public_url),
        "logging": {"level": "ERROR"},
        "metadata": _metadata(service),
        "resources": resources | processes,
    }


def translations(label: Label) -> dict[str, str]:
    return {"en": label.en, "vi": label.vi}


def _server(public_url: str) -> dict[str, Any]:
    return {
        "url": public_url,
        "encoding": "utf-8",
        "languages": list(LANGUAGES),
        "limits": {"default_items": DEFAULT_LIMIT, "max_items": MAX_LIMIT, "on_exceed": "throttle"},
        "api_rules": {"api_version": VERSION},
        "manager": {"name": "ogc_api.jobs.Manager"},
        # For JSON-LD alone: pygeoapi's own template leaves out what features are and breaks without one.
        "templates": {"path": str(_TEMPLATES)},
    }


def _metadata(service: Service) -> dict[str, Any]:
    return {
        "identification": {
            "title": translations(service.title),
            "description": translations(DESCRIPTION),
            "keywords": {"en": ["city", "utilities"], "vi": ["thành phố", "công trình ngầm"]},
            "url": service.public_url,
        },
    }


def _collection(reader: Reader, layer: Layer, extent: Sequence[float], offered: Sequence[Reference]) -> dict[str, Any]:
    return {
        "type": "collection",
        "title": translations(layer.title),
        "description": translations(layer.description),
        "keywords": [layer.name],
        "links": [],
        "extents": {"spatial": {"bbox": list(extent), "crs": CRS84}},
        "providers": [
            {
                "type": "feature",
                "name": "ogc_api.provider.LayerProvider",
                "data": reader,
                "layer": Shared(layer),
                "id_field": "id",
                "crs": [reference.uri for reference in offered],
                "storage_crs": offered[-1].uri,
            }
        ],
    }


def _extent(state: LayerState | None, storage: Crs) -> tuple[float, ...]:
    """Bounds in CRS84 of what lies on earth; where nothing does, the area that the storage CRS is meant for."""
    if state is None or state.bounds is None:
        return area_of_use(storage)
    return to_degrees(state.bounds, storage) or area_of_use(storage)
