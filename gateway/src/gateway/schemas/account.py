"""The caller's own account on the wire."""

import uuid

from pydantic import BaseModel, ConfigDict, Field

from gateway.schemas.tokens import TokenRead
from gateway.schemas.users import Role, UserKind


class AccountGrant(BaseModel):
    """A country that is granted to you."""

    model_config = ConfigDict(from_attributes=True)

    country_code: str = Field(description="`*` for all countries.")
    is_vetting: bool
    is_approver: bool


class AccountRead(BaseModel):
    """Who you are, and what you may do with what you came with."""

    id: uuid.UUID
    name: str
    kind: UserKind
    role: Role = Field(description="The role you have here: your own, or the lower one of your token.")
    country_codes: list[str] = Field(description="The countries you have here; `*` for all.")
    grants: list[AccountGrant] = Field(description="What is granted to you, whatever your token is limited to.")
    token: TokenRead | None = Field(description="The token you came with; null where it was none of ours.")
