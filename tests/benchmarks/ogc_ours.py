"""Our service as `twin serve --open-desk` runs it, for the benchmark."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from layers.database import Audience, Role
from ogc_api.transcript import Transcripts
from twin.app import Doors, create_app
from twin.excavations.practice import Practice
from twin.settings import Settings

if TYPE_CHECKING:
    from starlette.applications import Starlette


def create() -> Starlette:
    url = os.environ["BENCH_DATABASE"]
    roles = (*Audience, *Role)
    databases = {str(role): url.replace("postgresql://twin@", f"postgresql://{role}@", 1) for role in roles}
    address = f"http://127.0.0.1:{os.environ['BENCH_PORT']}"
    folder = Path(os.environ["BENCH_DATA"])
    room = Settings().transcript_gb * 1e9
    transcripts = Transcripts(folder / "transcripts", int(room)) if room else None
    return create_app(Doors(databases, Practice(folder), address, open_desk=True, transcripts=transcripts))
