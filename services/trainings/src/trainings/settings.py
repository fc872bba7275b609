"""This service's own settings."""

import re
from pathlib import Path
from typing import Final

from chassis.settings import Settings
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

MIGRATIONS: Final = Path(__file__).parents[2] / "migrations"


class TrainingsSettings(Settings):
    """Where the programs service is, and the key of people's names."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    programs_url: str = Field(
        pattern="^(https?://|unix:/).+", description="http://host:port, or unix:/path of the programs service's socket."
    )
    people_key: SecretStr = Field(description="Wraps the key of each person: 32 random bytes as 64 hex characters.")
    programs_timeout_seconds: float = Field(default=2, gt=0, description="For one look-up at the programs service.")
    reference_fresh_seconds: int = Field(
        default=86_400, ge=0, description="How long a reference is used before it is asked for again."
    )
    vetting_validity_days: int = Field(
        default=365, ge=1, description="For how many days an approval holds, the day of the approval being the first."
    )

    @field_validator("people_key")
    @classmethod
    def check_people_key(cls, value: SecretStr) -> SecretStr:
        """The key has its form. Says nothing of what was given: it may be most of a key."""
        if not re.fullmatch("[0-9a-fA-F]{64}", value.get_secret_value()):
            raise ValueError("32 random bytes as 64 hex characters are needed")
        return value
