"""The front page: what this server is and where its doors are."""

from __future__ import annotations

_TEXTS = {
    "vi": {
        "title": "Bản sao số thành phố",
        "lead": "Thành phố trên và dưới mặt đất: thửa đất, đường, cây xanh, công trình và hạ tầng ngầm.",
        "ogc": "OGC API (QGIS, ArcGIS, GDAL, trình duyệt)",
        "collections": "Các lớp dữ liệu",
        "processes": "Kiểm tra va chạm công trình ngầm",
        "audit": "Rà soát khoảng cách mạng lưới (cần khóa)",
        "health": "Tình trạng máy chủ",
    },
    "en": {
        "title": "City twin",
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


def front_page(lang: str | None, accept_language: str) -> str:
    """HTML in Vietnamese or English: as asked, or else as the browser prefers."""
    language = lang if lang in _TEXTS else ("en" if accept_language.lower().startswith("en") else "vi")
    texts = _TEXTS[language]
    other = "en" if language == "vi" else "vi"
    doors = "".join(f'<li><a href="{path}">{texts[name]}</a></li>' for name, path in _DOORS)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{texts["title"]}</title>'
        "<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}"
        "a{color:#0b5394}li{margin:.4rem 0}</style></head>"
        f'<body><p><a href="/?lang={other}">{_TEXTS[other]["title"]}</a></p><h1>{texts["title"]}</h1>'
        f"<p>{texts['lead']}</p><ul>{doors}</ul></body></html>"
    )
