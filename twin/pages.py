"""The front page: what this server is and where its doors are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ogc_api.pages import draw

if TYPE_CHECKING:
    from ogc_api.sight import Sight

_TEXTS = {
    "vi": {
        "title": "Bản sao số thành phố",
        "other": "English",
        "map": "Bản đồ thành phố",
        "lead": "Thành phố trên và dưới mặt đất: thửa đất, đường, cây xanh, công trình và hạ tầng ngầm.",
        "ogc": "OGC API (QGIS, ArcGIS, GDAL, trình duyệt)",
        "collections": "Các lớp dữ liệu",
        "processes": "Kiểm tra va chạm công trình ngầm",
        "audit": "Rà soát khoảng cách mạng lưới (cần khóa)",
        "health": "Tình trạng máy chủ",
    },
    "en": {
        "title": "City twin",
        "other": "Tiếng Việt",
        "map": "Map of the city",
        "lead": "The city above and below the ground: parcels, roads, trees, buildings and underground utilities.",
        "ogc": "OGC API (QGIS, ArcGIS, GDAL, browser)",
        "collections": "Layers",
        "processes": "Clash check for excavations",
        "audit": "Clearance audit of the network (needs a key)",
        "health": "State of the server",
    },
}
_DOORS = (
    *(("ogc", "/ogc/"), ("collections", "/ogc/collections"), ("processes", "/ogc/processes")),
    *(("audit", "/audit"), ("health", "/health")),
)


def front_page(sight: Sight | None, lang: str | None, accept_language: str) -> str:
    """HTML in Vietnamese or English, as asked, or else as the browser prefers; with the city where it is known."""
    language = lang if lang in _TEXTS else ("en" if accept_language.lower().startswith("en") else "vi")
    texts = _TEXTS[language]
    other = "en" if language == "vi" else "vi"
    doors = "".join(f'<li><a href="{path}?lang={language}">{texts[name]}</a></li>' for name, path in _DOORS)
    picture = draw(sight, texts["map"]) if sight else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{texts["title"]}</title>'
        '<link rel="icon" href="data:,"><style>:root{color-scheme:light dark}'
        "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem}"
        "nav{text-align:right}li{margin:.4rem 0}</style></head>"
        f'<body><nav><a href="/?lang={other}" hreflang="{other}">{texts["other"]}</a></nav><h1>{texts["title"]}</h1>'
        f"<p>{texts['lead']}</p>{picture}<ul>{doors}</ul></body></html>"
    )
