"""The configuration, from environment variables or a file `.env`, and nothing else."""

from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bazgasht.memory import machine_memory
from bazgasht.services import default_data_directory

PROJECT = Path(__file__).resolve().parent.parent


class ConfigurationError(Exception):
    """The configuration cannot be used; the message names the variable and the fix."""


class AppSettings(BaseSettings):
    """How this installation runs. README.md has the table of the variables."""

    model_config = SettingsConfigDict(
        env_prefix="BAZGASHT_", env_file=".env", extra="ignore", populate_by_name=True
    )

    database_url: SecretStr | None = Field(None, validation_alias=AliasChoices("DATABASE_URL"))
    database_owner_url: SecretStr | None = Field(
        None, validation_alias=AliasChoices("DATABASE_OWNER_URL")
    )
    redis_url: SecretStr | None = Field(None, validation_alias=AliasChoices("REDIS_URL"))
    secret_keys: SecretStr | None = None
    data_directory: Path = Field(default_factory=lambda: default_data_directory(PROJECT))
    public_url: str = "http://127.0.0.1:8080"
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=1, le=65535)
    development: bool = False
    metrics_token: SecretStr | None = None
    shopify_client_id: str = ""
    shopify_client_secret: SecretStr | None = None
    shopify_previous_secret: SecretStr | None = None
    shopify_pretend_address: str = ""
    web_processes: int = Field(2, ge=1, le=64)
    web_threads: int = Field(24, ge=4, le=512)
    lists_memory: int = Field(default_factory=lambda: max(2048, machine_memory() // 4), ge=0)
    log_level: str = "INFO"
    log_format: str = "text"
    prefer_wheels: bool = False

    @field_validator("public_url")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// (or http://)")
        return value.rstrip("/")


def first_problem(error: ValidationError) -> str:
    """The variable that cannot be used, and why."""
    problem = error.errors()[0]
    name = str(problem["loc"][0])
    variable = f"BAZGASHT_{name.upper()}" if name in AppSettings.model_fields else name
    return f"{variable}: {problem['msg']}"


def opened(value: SecretStr | None) -> str | None:
    """The text of a secret setting."""
    return value.get_secret_value() if value else None
