"""What all tests share: builders, and the way to the public files beside the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# Files of integration tests that share what is dear to make: the imported pilot ward, the place of the demo.
TOGETHER = {
    **dict.fromkeys(
        (
            "test_pilot.py",
            "test_pilot_rules.py",
            "test_many.py",
            "test_sanity.py",
            "test_citizen_reports.py",
            "package/",
            "ogc_api/test_scene_ward.py",
        ),
        "pilot",
    ),
    **dict.fromkeys(("test_cli.py", "test_desk.py"), "demo"),
}

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the public test files; tests that need it are marked `shared_data`."""
    if not SHARED.is_dir():
        pytest.skip(f"the public test files are not there: {SHARED}")
    return SHARED


class _ByFile(LoadScopeScheduling):
    """The tests of a file go to one process, so that its fixtures are made once; so do files that belong together."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        within = file.removeprefix("tests/integration/")
        return next((group for beginning, group in TOGETHER.items() if within.startswith(beginning)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return _ByFile(config, log)
