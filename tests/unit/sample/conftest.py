"""One ward and one written sample for all tests of this folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from twin.sample import write_sample
from twin.sample.city.ward import plan_ward

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from twin.sample.city.ward import Ward


@pytest.fixture(scope="session")
def ward() -> Ward:
    return plan_ward(1)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pilot") / "sample"
    write_sample(folder, seed=1)
    return folder


@pytest.fixture(scope="session")
def truth(sample: Path) -> dict[str, Any]:
    return json.loads((sample / "truth.json").read_text(encoding="utf-8"))
