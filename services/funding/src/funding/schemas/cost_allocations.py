"""Cost allocations on the wire: what disbursements were for."""

import uuid
from typing import Annotated

from chassis.codes import Code, CountryCode, CurrencyCode, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import CreateBody
from chassis.values import Day, PlainDecimal
from chassis.voids import VoidableRead, only_voided
from pydantic import BaseModel, ConfigDict, Field

from funding.domain import MOST_TRAININGS, CostTarget
from funding.schemas.money import MoneyRead, OwnMoneyCreate

Percent = Annotated[
    PlainDecimal,
    Field(
        gt=0, le=100, decimal_places=6, description="Of the disbursement, more than 0 to 100.", examples=["25.000000"]
    ),
]


class CostAllocationCreate(CreateBody):
    """A share of a disbursement to allocate, for good: a mistake is voided, and recorded anew."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ledger_entry_id": "01920000-0000-7000-8000-000000000000",
                    "target_kind": "equipment_lot",
                    "training_id": None,
                    "target_code": "MX-EQ-2012-1",
                    "percent": "25.000000",
                    "amount": None,
                    "note": None,
                }
            ]
        }
    )

    ledger_entry_id: uuid.UUID = Field(description="The disbursement.")
    target_kind: CostTarget
    training_id: uuid.UUID | None = Field(default=None, description="Of a training: it must be recorded already.")
    target_code: Code | None = Field(default=None, description="Of all else: the code by which it is known.")
    percent: Percent | None = Field(default=None, description="Of the disbursement; this, or an amount.")
    amount: OwnMoneyCreate | None = Field(
        default=None, description="In the currency of the disbursement; this, or a percentage."
    )
    note: Text | None = None


class TargetTraining(BaseModel):
    """A training as it was when it was last looked up at its service."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    code: str | None
    title: str | None
    course_code: str
    program_code: str | None
    beneficiary_country_codes: list[str]
    starts_on: Day
    ends_on: Day


class CostAllocationRead(VoidableRead):
    """A share of a disbursement and what it paid for."""

    ledger_entry_id: uuid.UUID
    fund_line_code: str = Field(description="Of the disbursement.")
    country_code: str = Field(description="Of the fund line.")
    effective_date: Day = Field(description="Of the disbursement.")
    disbursed: MoneyRead = Field(description="The whole disbursement, before refunds.")
    target_kind: CostTarget
    training_id: uuid.UUID | None
    training: TargetTraining | None
    target_code: str | None
    amount: MoneyRead = Field(description="The share; of what is refunded later as large a share goes off again.")
    percent: PlainDecimal | None = Field(description="Null where an amount was given.")
    note: str | None


class CostAllocationPage(Page):
    """A page of allocations."""

    items: list[CostAllocationRead]


class CostAllocationQuery(ListQuery):
    """Filters of allocations."""

    sort: str = sort_by("-created_at", "target_kind", "created_at", "updated_at")
    ledger_entry_id: list[uuid.UUID] = []
    target_kind: list[CostTarget] = []
    training_id: list[uuid.UUID] = Field(default=[], max_length=MOST_TRAININGS)
    except_training_id: list[uuid.UUID] = Field(
        default=[], max_length=MOST_TRAININGS, description="Allocations to other trainings than these."
    )
    target_code: list[Code] = []
    country_code: list[CountryCode] = Field(default=[], description="Of the fund line.")
    fund_line_code: list[Code] = []
    currency: list[CurrencyCode] = Field(default=[], description="Of the disbursement.")
    is_program_support: bool | None = Field(
        default=None, description="Whether the fund line's function is program support."
    )
    effective_date_gte: Day | None = Field(default=None, description="Of the disbursement.")
    effective_date_lte: Day | None = Field(default=None, description="Of the disbursement.")
    is_voided: bool | None = only_voided()
    q: str | None = Field(default=None, max_length=200, description="Text in the note.")
