"""Everything that can be set, by environment variables that begin with TWIN_."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from layers.crs import DEFAULT
from layers.database import Audience, Role
from layers.embedded import ensure_running


class Settings(BaseSettings):
    """Read once, passed as an argument. docs/settings.md describes each for administrators."""

    model_config = SettingsConfigDict(env_prefix="TWIN_", frozen=True, extra="forbid")

    data: Path = Field(default=Path(".twin"), description="Folder of the private cluster, terrain rasters and samples")
    database_url: str | None = Field(
        default=None,
        pattern="^postgres(ql)?://",
        description="PostGIS database (postgresql://…); without it the twin runs its own private cluster",
    )
    crs: str = Field(default=DEFAULT, description="Storage CRS, fixed by the first 'twin db migrate'; metres")
    lang: Literal["vi", "en"] = Field(default="en", description="Language of what the command line prints")
    host: str = Field(default="127.0.0.1", description="Address that 'twin serve' listens on")
    port: int = Field(default=8000, ge=1, le=65535, description="Port that 'twin serve' listens on")
    public_url: str | None = Field(
        default=None, description="Address under which people reach the server, where a proxy stands before it"
    )

    rules: Path | None = Field(
        default=None, description="The city's own rules file, laid over the clearance rules that come with the twin"
    )

    @property
    def served_at(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    def open_database(self) -> str:
        """URL of the database, with the rights of its owner; the private cluster is started where it is used."""
        return self.database_url or ensure_running(self.data.resolve())

    def web_databases(self) -> dict[str, str]:
        """URL of the database for each role: on the private cluster each has a login that owns nothing."""
        url = self.open_database()
        roles = (*Audience, *Role)
        if self.database_url:
            return dict.fromkeys(roles, url)
        return {role: url.replace("postgresql://twin@", f"postgresql://{role}@", 1) for role in roles}
