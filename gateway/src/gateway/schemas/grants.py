"""Grants on the wire."""

import uuid
from datetime import datetime
from typing import Literal

from chassis.codes import CountryCode
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from pydantic import ConfigDict, Field, StrictBool

GrantedCountry = CountryCode | Literal["*"]


class GrantCreate(CreateBody):
    """A country to grant to a user."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"user_id": "01920000-0000-7000-8000-000000000001", "country_code": "MX", "is_vetting": True}]
        }
    )

    user_id: uuid.UUID
    country_code: GrantedCountry = Field(description="ISO 3166-1 alpha-2; `*` for all countries.")
    is_vetting: StrictBool = Field(default=False, description="May record vetting.")
    is_approver: StrictBool = Field(default=False, description="May approve what others entered.")


class GrantUpdate(Body):
    """Flags of a grant to change. Another country is another grant."""

    is_vetting: StrictBool = may_be_absent()
    is_approver: StrictBool = may_be_absent()


class GrantRead(ResourceRead):
    """A country whose records and people a user may write."""

    user_id: uuid.UUID
    country_code: str
    is_vetting: bool
    is_approver: bool
    revoked_at: datetime | None = Field(description="Null while it holds.")


class GrantPage(Page):
    """A page of grants."""

    items: list[GrantRead]


class GrantQuery(ListQuery):
    """Filters of grants."""

    sort: str = sort_by("country_code", "country_code", "created_at", "updated_at")
    user_id: list[uuid.UUID] = []
    country_code: list[GrantedCountry] = []
    is_vetting: bool | None = None
    is_approver: bool | None = None
    revoked_at_is_null: bool | None = Field(default=None, description="Only grants that hold, or only revoked ones.")
