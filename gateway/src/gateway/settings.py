"""The gateway's own settings."""

from pathlib import Path
from typing import Final

from chassis.settings import Settings
from pydantic import Field, SecretStr

_ROOT: Final = Path(__file__).parents[2]
MIGRATIONS: Final = _ROOT / "migrations"


class GatewaySettings(Settings):
    """Where the services are, how long a card may take, and the key that signs for callers."""

    token_private_key: SecretStr = Field(description="PEM of the Ed25519 key that signs tokens to the services.")
    programs_url: str = Field(description="http://host:port or unix:/path")
    trainings_url: str = Field(description="As above.")
    funding_url: str = Field(description="As above.")
    card_deadline_seconds: float = Field(default=2, gt=0, description="A card answers within this, with what it has.")
    changes_deadline_seconds: float = Field(default=10, gt=0, description="As above for changes, which may be many.")
    proxy_timeout_seconds: float = Field(default=30, gt=0, description="How long a routed request may take.")
    allowed_hosts: str = Field(default="127.0.0.1,localhost", description="Host names it answers to, comma-separated.")
    openapi_folder: Path = _ROOT.parent / "openapi"
