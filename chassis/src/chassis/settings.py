"""Settings from the environment, `TRIBUTARY_` first. A secret may stand in a file: `TRIBUTARY_X_FILE=/path`."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.anchors import load_private_key
from chassis.refusals import Door, find_database_fault, find_file_fault, find_key_fault


def check_public_key(value: str) -> str:
    """The PEM of an Ed25519 key; `ValueError` for anything else, without showing it."""
    try:
        key = OKPKey.import_key(value)
    except (JoseError, ValueError):
        key = None
    if key is None or key.curve_name != "Ed25519":
        raise ValueError("The PEM of an Ed25519 key is needed")
    return value


def check_private_key(value: SecretStr) -> SecretStr:
    """The PEM of a private Ed25519 key; `ValueError` for anything else, without showing it."""
    if not OKPKey.import_key(check_public_key(value.get_secret_value())).is_private:
        raise ValueError("The private key is needed, not the public one")
    return value


PublicKey = Annotated[str, AfterValidator(check_public_key)]
PrivateKey = Annotated[SecretStr, AfterValidator(check_private_key)]


class FileSettings(BaseSettings):
    """What every process needs. Each setting may stand in a file."""

    model_config = SettingsConfigDict(env_prefix="TRIBUTARY_", extra="ignore", hide_input_in_errors=True)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    local_sign_in: bool = Field(
        default=False, description="People sign in by a single-use link that the system prints. On loopback only."
    )

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

    def find_refusals(self, door: Door) -> list[str]:
        """Why a process with these settings must not listen behind `door`, a line each."""
        found = self.find_faults()
        if door is Door.exposed:
            if self.local_sign_in:
                found.append(
                    "TRIBUTARY_LOCAL_SIGN_IN is for demonstrations on one machine: unset it, or listen on 127.0.0.1."
                )
            if self.log_level == "DEBUG" or sys.flags.dev_mode:
                found.append(
                    "Debugging is on and logs what is personal: unset TRIBUTARY_LOG_LEVEL=DEBUG and Python's "
                    "development mode, or listen on 127.0.0.1."
                )
        return found

    def find_faults(self) -> list[str]:
        """What is wrong with the settings wherever the process listens, a line each."""
        secrets = (name for name in type(self).model_fields if isinstance(getattr(self, name), SecretStr))
        return [fault for fault in map(self._find_secret_fault, secrets) if fault is not None]

    def _find_secret_fault(self, name: str) -> str | None:
        setting = f"{self.model_config['env_prefix']}{name}".upper()
        path = os.environ.get(f"{setting}_FILE")
        if path and setting not in os.environ and (fault := find_file_fault(setting, Path(path))):
            return fault
        return None if name == "database_url" else find_key_fault(setting, getattr(self, name).get_secret_value())


class Settings(FileSettings):
    """What every service needs. No default here would be unfit for production: what is secret has none."""

    database_url: SecretStr = Field(description="postgresql+asyncpg://role:password@host/database")
    cursor_key: SecretStr = Field(min_length=32, description="Signs the cursors of lists.")
    token_public_key: PublicKey = Field(description="PEM of the Ed25519 key that verifies the gateway's tokens.")
    pool_size: int = Field(default=8, ge=1, le=50, description="Database connections of this process.")
    statement_timeout_seconds: float = Field(default=10, gt=0)
    events_at_once: int = Field(default=12, ge=0, description="Open streams of events; who comes later asks again.")
    # Of addresses that read files: their most, in bytes.
    large_bodies: ClassVar[Mapping[str, int]] = MappingProxyType({})
    max_body_bytes: int = Field(default=1_048_576, gt=0)
    idempotency_days: float = Field(default=7, ge=1, description="How long the answer to a key is kept.")
    feed_retention_days: float | None = Field(
        default=None, gt=0, description="How far back `/v1/changes` answers; without it, all. The feed itself stays."
    )

    anchor_private_key: SecretStr | None = Field(
        default=None, description="PEM of the Ed25519 key that signs anchors of the feed. Without it there are none."
    )
    anchors: Path | None = Field(default=None, description="The folder of the anchors, outside the database's.")
    anchor_every: int = Field(default=100, ge=1, description="So many transactions to an anchor.")
    anchor_seconds: float = Field(default=300, gt=0, description="And none waits for one longer than this.")

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

    def find_faults(self) -> list[str]:
        """As every process, and a database that is not known to be the right one."""
        fault = find_database_fault("TRIBUTARY_DATABASE_URL", self.database_url.get_secret_value())
        return super().find_faults() + ([fault] if fault else [])
