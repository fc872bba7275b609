"""Countries and their cards on the wire."""

from datetime import date
from typing import Any, Literal

from chassis.paging import ListQuery, Page, sort_by
from chassis.values import VagueDate
from pydantic import BaseModel, Field, JsonValue

from gateway.schemas.figures import ConflictRef, FigureRead, KnownAtRead, Services, SourceRef


class CountrySummary(BaseModel):
    """A country, and how much is recorded of it. A count is null where the programs service did not answer."""

    country_code: str
    name: str
    programs: int | None
    reported_figures: int | None
    statements: int | None
    card_url: str


class CountryPage(Page):
    """A page of countries."""

    items: list[CountrySummary]


class CountryQuery(ListQuery):
    """Filters of countries."""

    sort: str = sort_by("name", "name", "country_code")
    is_recorded: bool | None = Field(default=None, description="Only countries of which something is recorded, or not.")
    q: str | None = Field(default=None, max_length=100, description="Text in the name or the code.")


class CardProgram(BaseModel):
    """A program in the country."""

    code: str
    title: str
    kind: str
    sector: str
    status: str | None
    subdivision_code: str | None
    starts: VagueDate | None
    ends: VagueDate | None
    lead_agency_code: str | None
    country_codes: list[str]
    share: str | None = Field(description="This country's part of the program, a fraction; null where unknown.")
    program_url: str


class CardPartner(BaseModel):
    """An agency's part in a program."""

    agency_code: str
    agency_name: str
    agency_kind: str
    program_code: str
    roles: list[str]
    starts: VagueDate | None
    ends: VagueDate | None
    scope: str | None
    instrument: str | None
    source_code: str | None
    locator: str | None


class MoneyReference(BaseModel):
    """A reported amount, as the card's figure shows it."""

    figure_id: str
    label: str
    display: str
    currency: str | None
    stage: str | None
    source: SourceRef | None


class CardAmount(BaseModel):
    """An amount of the ledger."""

    amount: str = Field(description="Plain decimal string.")
    currency: str


class CardTotal(BaseModel):
    """The ledger's total of one stage, as `GET /v1/money-totals` gives it."""

    stage: str
    label: str
    tier: str = Field(description="`sub` is money that `primary` counts already: never add the two.")
    currency: str
    amount: CardAmount
    entries: int
    boundary: str
    as_of: date
    rule: str
    entries_url: str


class UsMoney(BaseModel):
    """US money: the ledger's totals by stage, and what documents report, which are never compared or added."""

    status: Literal["recorded", "not_recorded", "missing"]
    note: str
    boundary: str | None
    as_of: date | None
    totals: list[CardTotal]
    reported: list[MoneyReference]


class HostMoney(BaseModel):
    """The host nation's own money."""

    note: str
    reported: list[MoneyReference]


class CardMoney(BaseModel):
    """Money, in its two streams."""

    us: UsMoney
    host_investment: HostMoney


class CardStatement(BaseModel):
    """What a document says, in our words, with its author."""

    code: str | None
    kind: str
    text: str
    value: JsonValue
    unit: str | None
    qualifier_text: str | None
    period_start: VagueDate | None
    period_end: VagueDate | None
    dimensions: dict[str, Any]
    attribution: str
    source_code: str
    source_title: str
    publisher: str
    locator: str | None
    rank: str
    rank_reason: str | None
    conflicts: list[ConflictRef]


class CardTopic(BaseModel):
    """The statements on one topic."""

    topic: str
    items: list[CardStatement]


class CountryCard(BaseModel):
    """All that is known of a country, with where it comes from, and what is missing."""

    country_code: str
    name: str
    as_of: date
    known_at: KnownAtRead
    note: str | None = Field(description="Says so where nothing is recorded.")
    figures: list[FigureRead]
    programs: list[CardProgram]
    partners: list[CardPartner]
    money: CardMoney
    statements: list[CardTopic]
    statements_next: str | None
    missing: list[str] = Field(description="Services whose part is not in this card.")
    services: Services
