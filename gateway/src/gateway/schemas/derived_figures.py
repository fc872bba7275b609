"""Derived figures on the wire: a value with its formula and inputs, or why there is none."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from gateway.schemas.countries import CardTotal
from gateway.schemas.figures import Services


class DerivedReason(BaseModel):
    """Why there is no value."""

    code: str
    message: str


class Denominator(BaseModel):
    """By what the money is divided."""

    measure: str
    value: str | None = Field(description="Null where it is a range, hidden, not recorded, or missing.")
    lower: str | None
    upper: str | None
    unit: str
    method: str | None = Field(description="The counting rule; null where the service does not answer.")
    counts_url: str
    explain_url: str = Field(description="What was counted and what was left out, and why.")


class CostPerUnit(BaseModel):
    """One of the three costs. Never added to or compared with another."""

    measure: str = Field(description="cost_per_person, cost_per_completion or cost_per_training_day.")
    label: str
    result: Literal["computed", "refused", "missing"]
    reasons: list[DerivedReason] = Field(description="Empty where it is computed.")
    value: str | None = Field(description="In `currency`, to the cent; null unless computed.")
    currency: str
    unit: str
    formula: str
    denominator: Denominator


class CostNumerator(BaseModel):
    """The money: what is disbursed and allocated to these trainings."""

    totals: list[CardTotal] = Field(description="By currency; empty where nothing is allocated, or nobody answers.")
    costs_url: str = Field(description="The totals with each training and what is left out.")


class CostExcluded(BaseModel):
    """What was disbursed from the same fund lines and is not in the numerator."""

    reason: str
    message: str
    totals: list[CardTotal]


class CostCoverage(BaseModel):
    """Of which trainings it is. Where some have no costs, the figure is of the others alone."""

    trainings: int | None = Field(description="Of the scope and period; null where the service does not answer.")
    with_costs: int | None = Field(description="Of these, those with a share of a disbursement: they alone are in it.")
    is_whole: bool | None
    shared: int | None = Field(description="Of those with costs, how many were for people of another country too.")


class CostPerPerson(BaseModel):
    """What a person trained, a completion and a training day cost, of the same trainings on both sides."""

    figure: Literal["cost_per_person"]
    country_code: str | None
    program_code: str | None
    training_id: str | None
    from_date: date | None
    as_of: date
    include_program_support: bool
    scope: str = Field(description="Which trainings, in words.")
    items: list[CostPerUnit]
    numerator: CostNumerator
    excluded: list[CostExcluded]
    coverage: CostCoverage
    missing: list[str] = Field(description="Services that did not answer: their part is missing, not zero.")
    services: Services
