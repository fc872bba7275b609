"""This service's own settings."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import ClassVar, Final

from chassis.settings import Settings
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

MIGRATIONS: Final = Path(__file__).parents[2] / "migrations"


class TrainingsSettings(Settings):
    """Where the programs service is, the key of people's names, and what the rules of rosters leave to the office."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    large_bodies: ClassVar = {"/v1/roster-imports": 32 * 1_048_576}

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

    vetting_required_from: date = Field(
        default=date(2025, 1, 1),
        description="Clearances are kept here for trainings that start on this day or later; before it the basis of a "
        "seat may be `not_recorded`.",
    )
    least_age_years: int = Field(default=18, ge=0, description="Of a participant when the training starts.")
    completion_required_share: Decimal = Field(
        default=Decimal("0.8"),
        gt=0,
        le=1,
        description="Of the designed hours, to be attended for a completion, where the course's version says nothing.",
    )
    certification_expiring_days: int = Field(
        default=90, ge=0, description="Before its last day, from when on a certification is shown as `expiring`."
    )

    roster_papers_days: int = Field(
        default=30,
        ge=1,
        description="How long the cells of an import's rows are kept after its last change, and the file of one that "
        "was never committed.",
    )

    @field_validator("people_key")
    @classmethod
    def check_people_key(cls, value: SecretStr) -> SecretStr:
        """The key has its form. Says nothing of what was given: it may be most of a key."""
        if not re.fullmatch("[0-9a-fA-F]{64}", value.get_secret_value()):
            raise ValueError("32 random bytes as 64 hex characters are needed")
        return value
