"""Everything the environment decides. Read once, at the entry points."""

from __future__ import annotations

import base64
import binascii
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Mode(StrEnum):
    """DEVELOPMENT prints login codes and shows the explorer; PRODUCTION does neither."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class WrongSetting(Exception):
    """A setting cannot be used; the message is one clear line."""


class Settings(BaseSettings):
    """The settings of one installation. Names are the environment's, in lower case here."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    host: str = Field("127.0.0.1", alias="HOST")
    port: int = Field(8000, alias="PORT", ge=1, le=65535)
    data: Path = Field(Path(".jiesu"), alias="JIESU_DATA")
    database_url: str | None = Field(None, alias="DATABASE_URL")
    database_read_url: str | None = Field(None, alias="DATABASE_READ_URL")
    redis_url: str | None = Field(None, alias="REDIS_URL")
    city: str = Field("beijing", alias="JIESU_CITY", pattern=r"^[a-z]{2,30}$")
    mode: Mode = Field(Mode.DEVELOPMENT, alias="JIESU_MODE")
    secret: SecretStr | None = Field(None, alias="JIESU_SECRET")
    origins: Annotated[tuple[str, ...], NoDecode] = Field((), alias="JIESU_ORIGINS")
    issuer: str = Field("jiesu", alias="JIESU_ISSUER")
    audience: str = Field("jiesu", alias="JIESU_AUDIENCE")
    oidc_issuer: str | None = Field(None, alias="JIESU_OIDC_ISSUER")
    oidc_audience: str | None = Field(None, alias="JIESU_OIDC_AUDIENCE")
    sms_url: str | None = Field(None, alias="JIESU_SMS_URL")
    sms_token: SecretStr | None = Field(None, alias="JIESU_SMS_TOKEN")
    log_level: str = Field("info", alias="JIESU_LOG_LEVEL", pattern="^(debug|info|warning|error)$")
    model: Path | None = Field(None, alias="JIESU_MODEL")
    database_pool: int = Field(16, alias="JIESU_DATABASE_POOL", ge=2, le=200)
    worker_metrics_port: int | None = Field(None, alias="JIESU_WORKER_METRICS_PORT", ge=1, le=65535)

    @field_validator("origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
        return value

    @field_validator("database_url", "database_read_url")
    @classmethod
    def _postgres(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in {"postgresql", "postgres"}:
            raise ValueError("must be a postgresql:// URL")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("must be a redis://, rediss:// or unix:// URL")
        return value

    @field_validator("sms_url")
    @classmethod
    def _web(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in {"https", "http"}:
            raise ValueError("must be an https:// URL")
        return value

    @field_validator("model")
    @classmethod
    def _file(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("must be a file that `jiesu train` made")
        return value

    @field_validator("secret")
    @classmethod
    def _secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            decode_secret(value.get_secret_value())
        return value

    @property
    def production(self) -> bool:
        return self.mode is Mode.PRODUCTION


def decode_secret(text: str) -> bytes:
    """Return the 32 bytes of a base64 secret.

    Raises ValueError where it is not base64 or is shorter than 32 bytes.
    """
    try:
        secret = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64") from None
    if len(secret) < 32:
        raise ValueError("must hold at least 32 bytes")
    return secret


def read_settings() -> Settings:
    """Read the environment. Raises WrongSetting with one line that names the variable."""
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"]).upper()
        reason = first["msg"].removeprefix("Value error, ")
        raise WrongSetting(f"{name}: {reason}") from None
    if settings.production and settings.secret is None:
        raise WrongSetting("JIESU_SECRET: is needed in production (base64 of 32 random bytes)")
    return settings
