"""What all tests share: builders, and the way to the public files beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the public test files; tests that need it are marked `shared_data`."""
    if not SHARED.is_dir():
        pytest.skip(f"the public test files are not there: {SHARED}")
    return SHARED
