"""Everything that can be set, by environment variables that begin with TWIN_."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from layers.crs import DEFAULT
from layers.database import Audience, Role
from layers.embedded import ensure_running
from twin.excavations.practice import Practice, Quotas
from twin.notices.mail import parse_mail_server
from twin.notices.sending import Post


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
    geoid_m: float | None = Field(
        default=None,
        ge=-120,
        le=120,
        description="How high the city's zero of elevation lies above the ellipsoid of WGS 84; CRS84h needs it; metres",
    )
    public_url: str | None = Field(
        default=None, description="Address under which people reach the server, where a proxy stands before it"
    )

    transcript_gb: float = Field(
        default=8, ge=0, description="Room on the disk for the text of features, kept ready; 0 keeps none; gigabytes"
    )

    rules: Path | None = Field(
        default=None, description="The city's own rules file, laid over the clearance rules that come with the twin"
    )
    timezone: str = Field(default="Asia/Ho_Chi_Minh", description="Whose days and deadlines are counted")
    answer_days: int = Field(default=5, ge=1, le=60, description="Working days that owners have for their answer")

    jobs_a_key: int = Field(
        default=20, ge=1, le=10_000, description="Asynchronous runs of a key that are not done yet; no more are taken"
    )
    filings_a_day: int = Field(
        default=200, ge=1, description="Excavations that a key files in a day; the desk's own are not counted"
    )
    checks_a_day: int = Field(
        default=1000, ge=1, description="Checks of filed excavations that a key asks for in a day; not the desk's own"
    )
    checked_ha_a_day: float = Field(
        default=50, gt=0, description="How much of the city an applicant learns of in a day by checks of its digs; ha"
    )

    smtp_url: SecretStr | None = Field(
        default=None, description="Mail server: smtps://user:password@host, smtp+starttls://… or smtp://…"
    )
    mail_from: str = Field(default="", description="Address that notices are sent from")
    webhook_private: bool = Field(default=False, description="Allow webhooks to private addresses and over http")

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"there is no time zone '{value}': give one such as Asia/Ho_Chi_Minh") from error
        return value

    def post(self) -> Post:
        """How notices leave. Raises: Invalid."""
        url = self.smtp_url.get_secret_value() if self.smtp_url else None
        return Post(parse_mail_server(url, self.mail_from) if url else None, self.webhook_private)

    def practice(self) -> Practice:
        quotas = Quotas(self.filings_a_day, self.checks_a_day, self.checked_ha_a_day)
        return Practice(self.data.resolve(), self.timezone, self.answer_days, self.served_at, self.rules, quotas)

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
