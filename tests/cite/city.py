"""The service as `twin serve --open-desk` runs it, with the process that the suite of Processes asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ogc_api.service import ProcessPlugin
from twin.app import Doors, create_app
from twin.settings import Settings
from twin.work.tasks import Workshop, create_worker

if TYPE_CHECKING:
    from starlette.applications import Starlette

ECHO = (ProcessPlugin("echo", "echo.EchoProcessor"),)


def create() -> Starlette:
    settings = Settings()
    databases, practice = settings.web_databases(), settings.practice()
    worker = create_worker(Workshop(databases, practice, processes=ECHO))
    tiles = settings.data.resolve() / "tiles"
    return create_app(
        Doors(databases, practice, settings.served_at, open_desk=True, worker=worker, tile_folder=tiles, processes=ECHO)
    )
