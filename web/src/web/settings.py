"""The pages' own settings."""

from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from chassis.refusals import Door, is_loopback
from chassis.settings import FileSettings
from pydantic import Field, SecretStr, model_validator

STATIC: Final = Path(__file__).with_name("static")


class WebSettings(FileSettings):
    """Where the API and the pages are, and the key that seals what a browser keeps for us."""

    gateway_url: str = Field(description="http://host:port of the API.")
    public_url: str = Field(pattern=r"^https?://[^/]+$", description="Where a browser finds the pages.")
    session_key: SecretStr = Field(min_length=32, description="Seals the cookie of whoever is signed in.")
    session_hours: int = Field(default=8, ge=1, le=24, description="How long somebody stays signed in.")
    is_published_on_loopback: bool = Field(
        default=False, description="Whoever reaches this process does so through a port of this machine's loopback."
    )
    api_timeout_seconds: float = Field(default=10, gt=0)
    demo: bool = Field(default=False, description="Every person recorded is synthetic; each page says so.")
    max_body_bytes: int = Field(default=65_536, gt=0)
    max_upload_bytes: int = Field(
        default=33_554_432 + 65_536,
        gt=0,
        description="A form with a roster: what the API takes, and the form's fields.",
    )

    @model_validator(mode="after")
    def check_encryption(self) -> Self:
        """A cookie that signs somebody in never crosses a network in the clear."""
        if not self.is_local and not self.is_encrypted:
            raise ValueError("TRIBUTARY_PUBLIC_URL must be https:// on any address but loopback")
        return self

    def find_refusals(self, door: Door) -> list[str]:
        """As every process; whose port is published on loopback alone is on loopback, wherever it listens."""
        return super().find_refusals(Door.loopback if self.is_published_on_loopback else door)

    @property
    def host(self) -> str:
        """The name that browsers use."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the pages: then, and only then, a link signs in."""
        return is_loopback(self.host)

    @property
    def is_encrypted(self) -> bool:
        """Whether browsers come by https."""
        return self.public_url.startswith("https:")

    @property
    def known_hosts(self) -> frozenset[str]:
        """The names we answer to."""
        return frozenset({self.host, "127.0.0.1", "localhost"} if self.is_local else {self.host, "127.0.0.1"})
