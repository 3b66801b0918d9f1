"""A PDF as poppler's tools see it."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

POINT_MM = 25.4 / 72


def info(path: Path) -> dict[str, str]:
    lines = subprocess.run(["pdfinfo", path], check=True, capture_output=True, text=True).stdout.splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def fonts(path: Path) -> list[list[str]]:
    """Name … embedded, subset, Unicode of each font."""
    lines = subprocess.run(["pdffonts", path], check=True, capture_output=True, text=True).stdout.splitlines()
    return [line.split() for line in lines[2:]]


def text(path: Path, *options: str) -> str:
    """All words in reading order, single blanks between them."""
    command = ["pdftotext", "-enc", "UTF-8", *options, path, "-"]
    shown = subprocess.run(command, check=True, capture_output=True).stdout.decode()
    assert shown == unicodedata.normalize("NFC", shown)
    return " ".join(shown.split())


def strokes_mm(path: Path, page: int) -> list[np.ndarray]:
    """The stroked outlines (n, 2) of a page, in millimetres, as cairo draws them."""
    svg = path.with_suffix(".svg")
    subprocess.run(["pdftocairo", "-svg", "-f", str(page), "-l", str(page), path, svg], check=True)
    found = []
    for element in re.findall(r"<path[^>]*/>", svg.read_text()):
        if 'fill="none"' not in element and "fill:none" not in element:
            continue
        matrix = re.search(r'transform="matrix\(([^)]*)\)"', element)
        a, b, c, d, e, f = map(float, matrix[1].split(",")) if matrix else (1, 0, 0, 1, 0, 0)
        for part in re.search(r' d="([^"]*)"', element)[1].split("M")[1:]:
            numbers = np.array(re.findall(r"-?[\d.]+", part), dtype=float).reshape(-1, 2)
            turned = numbers @ np.array([[a, b], [c, d]]) + (e, f)
            found.append(np.vstack([turned, turned[:1]] if "Z" in part else [turned]) * POINT_MM)
    return found
