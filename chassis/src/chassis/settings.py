"""Settings from the environment, `TRIBUTARY_` first. A secret may stand in a file: `TRIBUTARY_X_FILE=/path`."""

import os
from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.anchors import load_private_key


class Settings(BaseSettings):
    """What every process needs. No default here would be unfit for production: what is secret has none."""

    model_config = SettingsConfigDict(env_prefix="TRIBUTARY_", extra="ignore")

    database_url: SecretStr = Field(description="postgresql+asyncpg://role:password@host/database")
    cursor_key: SecretStr = Field(min_length=32, description="Signs the cursors of lists.")
    token_public_key: str = Field(description="PEM of the Ed25519 key that verifies the gateway's tokens.")
    pool_size: int = Field(default=8, ge=1, le=50, description="Database connections of this process.")
    statement_timeout_seconds: float = Field(default=10, gt=0)
    max_body_bytes: int = Field(default=1_048_576, gt=0)
    idempotency_days: float = Field(default=7, ge=1, description="How long the answer to a key is kept.")
    log_level: str = "INFO"
    anchor_private_key: SecretStr | None = Field(
        default=None, description="PEM of the Ed25519 key that signs anchors of the feed. Without it there are none."
    )
    anchors: Path | None = Field(default=None, description="The folder of the anchors, outside the database's.")
    anchor_every: int = Field(default=100, ge=1, description="So many transactions to an anchor.")
    anchor_seconds: float = Field(default=300, gt=0, description="And none waits for one longer than this.")

    @model_validator(mode="before")
    @classmethod
    def read_files(cls, values: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever it was given
        """Fill each field whose `..._FILE` variable names a file."""
        prefix = cls.model_config["env_prefix"]
        for name in cls.model_fields:
            path = os.environ.get(f"{prefix}{name}_file".upper())
            if path and name not in values:
                values[name] = Path(path).read_text(encoding="utf-8").strip()
        return values

    @model_validator(mode="after")
    def check_anchors(self) -> Self:
        """An anchor needs its key and its place."""
        if (self.anchor_private_key is None) != (self.anchors is None):
            raise ValueError("anchor_private_key and anchors go together")
        if self.anchor_private_key is not None:
            try:
                load_private_key(self.anchor_private_key.get_secret_value())
            except ValueError:
                raise ValueError("anchor_private_key is not an Ed25519 key in PEM") from None
        return self
