"""Agreements on the wire."""

from typing import Annotated

from chassis.codes import PRINTABLE, Code, CountryCode, Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from chassis.values import Day
from pydantic import ConfigDict, Field, StringConstraints

from funding.domain import AgreementStatus, AgreementType, Party
from funding.schemas.money import DollarsCreate, MoneyRead

Note = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=PRINTABLE)]
_CEILING = "The most that may be obligated under it, where it has a limit; amendments change it."


class AgreementCreate(CreateBody):
    """An agreement to record. It begins as a draft."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "MX-LOA-2012",
                    "type": "loa",
                    "title": "Letter of agreement on corrections, Mexico",
                    "country_code": "MX",
                    "awarding_agency_code": "US-NM-CD",
                    "recipient_agency_code": "US-CO-DOC",
                    "parent_code": None,
                    "purpose": "Training of academy instructors.",
                    "ceiling": {"amount": "5000000.00", "currency": "USD"},
                    "starts_on": "2012-01-01",
                    "ends_on": "2016-12-31",
                }
            ]
        }
    )

    code: Code
    type: AgreementType
    title: Line
    country_code: CountryCode
    awarding_agency_code: Code = Field(description="The agency whose money or promise it is.")
    recipient_agency_code: Code | None = Field(
        default=None, description="Whom it is made with; only an order may name nobody."
    )
    parent_code: Code | None = Field(default=None, description="The agreement that it stands under or amends.")
    purpose: Text | None = None
    ceiling: DollarsCreate | None = Field(default=None, description=_CEILING)
    starts_on: Day | None = Field(default=None, description="First day of the period of performance.")
    ends_on: Day | None = Field(default=None, description="Its last day; amendments change it.")


class AgreementUpdate(Body):
    """Fields of an agreement to change. Once it is signed only its title and purpose; amendments change the rest."""

    title: Line = may_be_absent()
    awarding_agency_code: Code = may_be_absent()
    recipient_agency_code: Code | None = may_be_absent()
    purpose: Text | None = may_be_absent()
    ceiling: DollarsCreate | None = may_be_absent()
    starts_on: Day | None = may_be_absent()
    ends_on: Day | None = may_be_absent()


class AgreementSignature(Body):
    """The signature of one party."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"party": "awarding", "signed_on": "2012-02-01", "document_reference": "LOA 2012, page 9"}]
        }
    )

    party: Party
    signed_on: Day = Field(description="Not after today (UTC).")
    document_reference: Line = Field(description="The document that bears it.")


class AgreementTransition(Body):
    """What an agreement becomes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "cleared", "note": "All offices agreed."}]})

    to: AgreementStatus
    note: Note | None = None


class AgreementRead(ResourceRead):
    """An agreement, with what follows from its amendments."""

    code: str
    type: AgreementType
    title: str
    country_code: str
    awarding_agency_code: str
    recipient_agency_code: str | None
    parent_code: str | None
    purpose: str | None
    ceiling: MoneyRead | None = Field(description=_CEILING)
    current_ceiling: MoneyRead | None = Field(description="The ceiling with all amendments: their sum, not the last.")
    starts_on: Day | None
    ends_on: Day | None
    current_ends_on: Day | None = Field(description="The end by the last amendment that has one.")
    awarding_signed_on: Day | None
    awarding_document: str | None
    recipient_signed_on: Day | None
    recipient_document: str | None
    signed_on: Day | None = Field(description="The day of the last signature that it needs; null until then.")
    status: AgreementStatus
    status_note: str | None
    is_obligating: bool = Field(description="Whether money may be recorded under it; never under an MOU.")
    is_transfer: bool = Field(description="Whether its money leaves for another agency that accounts for it.")


class AgreementPage(Page):
    """A page of agreements."""

    items: list[AgreementRead]


class AgreementQuery(ListQuery):
    """Filters of agreements."""

    sort: str = sort_by("code", "code", "title", "type", "status", "created_at", "updated_at")
    code: list[Code] = []
    type: list[AgreementType] = []
    status: list[AgreementStatus] = []
    country_code: list[CountryCode] = []
    awarding_agency_code: list[Code] = []
    recipient_agency_code: list[Code] = []
    agency_code: list[Code] = Field(default=[], description="Either party.")
    parent_code: list[Code] = []
    parent_code_is_null: bool | None = None
    starts_on_gte: Day | None = None
    starts_on_lte: Day | None = None
    ends_on_gte: Day | None = None
    ends_on_lte: Day | None = None
    q: str | None = Field(default=None, max_length=200, description="Text in the title, the code or the purpose.")
