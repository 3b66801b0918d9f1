"""What is told of the layers' columns is what their models say."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files

from layers.layout import FILE
from layers.models.layout import describe


def test_what_is_told_of_columns_is_what_the_models_say() -> None:
    """A model that changes without its layout would be encoded, checked and served as it was before."""
    told = files("layers").joinpath(FILE).read_text(encoding="utf-8")
    assert told == describe(), "the models changed: run python -m layers.models.layout"


def test_nothing_that_runs_loads_the_models() -> None:
    """Every command and every reader would start half a second later."""
    code = "import sys, twin.cli, twin.app, importers.job, importers.dataset; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "layers.layout" in loaded
    assert not {"sqlalchemy", "geoalchemy2", "layers.models"} & set(loaded)
