"""Tokens on the wire. The token itself stands in one answer: the one that made it."""

import uuid
from datetime import datetime

from chassis.codes import Line
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import CreateBody, ResourceRead
from pydantic import ConfigDict, Field

from gateway.access import MAX_DAYS
from gateway.schemas.grants import GrantedCountry
from gateway.schemas.users import Role


class TokenCreate(CreateBody):
    """A token of the caller's own, for what the caller may do or less."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Monthly report", "role": "viewer", "expires_days": 30}]}
    )

    name: Line = Field(description="To know it by later.")
    role: Role | None = Field(default=None, description="A lower role than your own; null for your own.")
    country_codes: list[GrantedCountry] | None = Field(
        default=None, max_length=250, description="Fewer countries than your own; null for your own of today."
    )
    expires_days: int = Field(default=30, ge=1, le=MAX_DAYS)


class TokenRead(ResourceRead):
    """A token, without what makes it one."""

    user_id: uuid.UUID
    name: str
    key: str = Field(description="The middle part of the token: finds the token that leaked. Not secret.")
    role: str | None = Field(description="The role it is limited to; null for its user's.")
    country_codes: list[str] | None = Field(description="The countries it is limited to; null for its user's.")
    expires_at: datetime
    revoked_at: datetime | None = Field(description="Null while it holds.")


class TokenMade(TokenRead):
    """A new token, shown this once."""

    token: str = Field(description="Send it as `Authorization: Bearer`. It cannot be shown again.")


class TokenPage(Page):
    """A page of tokens."""

    items: list[TokenRead]


class TokenQuery(ListQuery):
    """Filters of tokens."""

    sort: str = sort_by("-created_at", "created_at", "updated_at", "expires_at", "name")
    user_id: list[uuid.UUID] = []
    key: list[str] = []
    revoked_at_is_null: bool | None = Field(default=None, description="Only tokens that hold, or only revoked ones.")
