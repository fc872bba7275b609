"""Treasury accounts on the wire."""

from typing import Annotated

from chassis.codes import Line
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from chassis.values import Day
from pydantic import ConfigDict, Field, StringConstraints

from funding.domain import AccountPhase

Symbol = Annotated[
    str,
    StringConstraints(max_length=40),
    Field(
        description="ATA-AID-BPOA/EPOA-MAIN-SUB, or AID-X-MAIN-SUB where the money has no years.",
        examples=["019-011-2012/2017-1022-000"],
    ),
]
FederalAccountCode = Annotated[str, StringConstraints(pattern="^[0-9]{3}-[0-9]{4}$"), Field(examples=["011-1022"])]


class TreasuryAccountCreate(CreateBody):
    """An account to record. Its agency, its years and its phases follow from the symbol."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "019-011-2012/2017-1022-000",
                    "title": "International Narcotics Control and Law Enforcement",
                    "valid_from": None,
                    "valid_to": None,
                }
            ]
        }
    )

    code: Symbol
    title: Line
    valid_from: Day | None = Field(default=None, description="First day on which this symbol was in use.")
    valid_to: Day | None = Field(default=None, description="Last day on which it was; null while it is.")


class TreasuryAccountUpdate(Body):
    """Fields of an account to change. Its symbol stays."""

    title: Line = may_be_absent()
    valid_from: Day | None = may_be_absent()
    valid_to: Day | None = may_be_absent()


class TreasuryAccountRead(ResourceRead):
    """An account of the Treasury. All but its title and validity follows from its symbol."""

    code: str = Field(description="The symbol.")
    title: str
    valid_from: Day | None
    valid_to: Day | None
    federal_account_code: str = Field(description="Agency and main account, whatever the years.", examples=["011-1022"])
    allocation_transfer_agency: str | None
    agency_identifier: str
    first_fiscal_year: int | None = Field(description="Of the period of availability; null where it has no years.")
    last_fiscal_year: int | None
    availability_type: str | None = Field(description="`X` where the money has no years.")
    main_account: str
    sub_account: str
    available_from: Day | None = Field(description="The first day on which its money may be obligated.")
    available_to: Day | None = Field(description="The last day on which its money may be newly obligated.")
    cancels_on: Day | None = Field(description="From this day on nothing but a closing entry is recorded.")
    phase: AccountPhase = Field(description="On the day `as_of`.")
    as_of: Day


class TreasuryAccountPage(Page):
    """A page of accounts."""

    items: list[TreasuryAccountRead]


class TreasuryAccountQuery(ListQuery):
    """Filters of accounts."""

    sort: str = sort_by("code", "code", "title", "created_at", "updated_at")
    code: list[Symbol] = []
    federal_account_code: list[FederalAccountCode] = []
    phase: list[AccountPhase] = Field(default=[], description="On the day `as_of`.")
    valid_on: Day | None = Field(default=None, description="Only symbols that were in use on this day.")
    as_of: Day | None = Field(default=None, description="The day that `phase` is of, today (UTC) by default.")
    available_to_gte: Day | None = None
    available_to_lte: Day | None = None
    cancels_on_gte: Day | None = None
    cancels_on_lte: Day | None = None
    q: str | None = Field(default=None, max_length=200, description="Text in the title or the symbol.")
