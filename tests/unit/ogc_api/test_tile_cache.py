"""Tiles that are kept: never more than there is room for, the oldest thrown away first, and none of another state."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ogc_api import tile_cache
from ogc_api.tile_cache import Cellar, Made, Memory

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ROOM = 10_000
TILE = Made(b"x" * 1_000, 0)


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_a_folder_of_tiles_stays_within_its_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many tiles are made, of however many layers, the disk does not fill; the newest are there."""
    monkeypatch.setattr(tile_cache, "_CHECK_EVERY", 1)
    cellar = Cellar(tmp_path, most_bytes=ROOM)
    for n in range(40):
        cellar.keep(f"layer{n % 3}", "state", f"{n}.mvt", TILE)
        written = tmp_path / f"layer{n % 3}" / "state" / f"{n}.mvt"
        os.utime(written, (n, n))  # the clock of a file system is coarser than this loop
        assert size(tmp_path) <= ROOM
        assert cellar.find(f"layer{n % 3}", "state", f"{n}.mvt") == TILE
    kept = sorted(int(path.stem) for path in tmp_path.rglob("*.mvt"))
    assert kept == list(range(kept[0], 40)), "the oldest go first"
    assert len(kept) >= ROOM * 4 // 5 // (len(TILE.content) + 2) - 1, "no more is thrown away than makes room"


def test_the_bound_is_looked_at_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two looks no more than a few tiles come beyond the bound."""
    monkeypatch.setattr(tile_cache, "_CHECK_EVERY", 5)
    cellar = Cellar(tmp_path, most_bytes=ROOM)
    most = 0
    for n in range(60):
        cellar.keep("layer", "state", f"{n}.mvt", TILE)
        most = max(most, size(tmp_path))
    assert ROOM < most <= ROOM + 5 * (len(TILE.content) + 2)


def test_a_folder_that_cannot_be_written_fails_in_silence(tmp_path: Path) -> None:
    """A tile that cannot be kept is made again, no request fails for it; what is damaged is not taken for a tile."""
    (tmp_path / "taken").write_text("")
    cellar = Cellar(tmp_path / "taken")
    cellar.keep("layer", "state", "1.mvt", TILE)
    assert cellar.find("layer", "state", "1.mvt") is None
    sound = Cellar(tmp_path / "sound")
    sound.keep("layer", "state", "1.mvt", TILE)
    (tmp_path / "sound" / "layer" / "state" / "1.mvt").write_bytes(b"no number\nx")
    assert sound.find("layer", "state", "1.mvt") is None


def test_another_state_takes_the_place_of_the_former(tmp_path: Path) -> None:
    """Tiles of a state that is over are cleared away, and never found under the new one."""
    cellar = Cellar(tmp_path)
    cellar.keep("layer", "old", "1.mvt", TILE)
    cellar.keep("layer", "new", "2.mvt", Made(b"y", 3))
    assert cellar.find("layer", "old", "1.mvt") is None
    assert cellar.find("layer", "new", "1.mvt") is None
    assert cellar.find("layer", "new", "2.mvt") == Made(b"y", 3)
    assert [path.name for path in (tmp_path / "layer").iterdir()] == ["new"]


def test_memory_stays_within_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker's own tiles go, the longest unasked first; one that is too large is not kept at all."""
    monkeypatch.setattr(tile_cache, "_MOST_BYTES", 5_000)
    monkeypatch.setattr(tile_cache, "_MOST_OF_ONE", 2_000)
    memory = Memory()
    for n in range(5):
        memory.keep(n, "state", TILE)
    assert memory.find(0, "state") == TILE  # asked for: now 1 is the longest unasked
    memory.keep(5, "state", TILE)
    assert [n for n in range(6) if memory.find(n, "state")] == [0, 2, 3, 4, 5]
    memory.keep(6, "state", Made(b"x" * 2_001, 0))
    assert memory.find(6, "state") is None
    assert memory.find(5, "other") is None
