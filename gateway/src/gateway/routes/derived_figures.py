"""Derived figures over HTTP: a value that is made of two others says of which, and refuses where they do not match."""

import uuid
from typing import Annotated, Any, Final

from chassis.codes import Code, CountryCode
from chassis.errors import FieldError, Invalid
from chassis.unit_of_work import CurrentCaller, work_router
from chassis.values import Day
from fastapi import Query, Request
from pydantic import BaseModel, Field

from gateway.costs import find_costs
from gateway.gather import Asking, check_as_of
from gateway.schemas.derived_figures import CostPerPerson
from gateway.unit_costs import CostFindings, make_cost_per_person

router: Final = work_router("Derived figures")


class CostPerPersonQuery(BaseModel):
    """Of which trainings. At least one of country, program and training; all that are named must hold."""

    country_code: CountryCode | None = Field(default=None, description="Trainings for people of this country.")
    program_code: Code | None = Field(default=None, description="Trainings of this program.")
    training_id: uuid.UUID | None = Field(default=None, description="This training alone.")
    from_date: Day | None = Field(default=None, description="Only trainings that ended on this day or later.")
    as_of: Day | None = Field(
        default=None,
        description="Only trainings that had ended by this day, and what was disbursed and completed by then; by "
        "default today (UTC).",
    )
    include_program_support: bool = Field(
        default=False, description="Also what program support paid: salaries, travel, oversight."
    )


@router.get("/derived-figures/cost-per-person", response_model=CostPerPerson)
async def get_cost_per_person(
    request: Request, caller: CurrentCaller, query: Annotated[CostPerPersonQuery, Query()]
) -> dict[str, Any]:
    """Read what a person trained, a completion and a training day cost, with formula, inputs and what is left out.

    Money and people are of the same trainings, up to the same day; where they are not, it is refused with the reason.
    """
    as_of = check_as_of(query.as_of, None)
    if query.country_code is None and query.program_code is None and query.training_id is None:
        raise _refuse("missing", "Name a country, a program or a training.", "country_code")
    if query.from_date is not None and query.from_date > as_of:
        raise _refuse("after_end", f"The period ends on {as_of}, before it begins.", "from_date")
    asking = Asking(request, caller)
    findings = CostFindings(
        country_code=query.country_code,
        program_code=query.program_code,
        training_id=str(query.training_id) if query.training_id else None,
        from_date=query.from_date,
        as_of=as_of,
        include_program_support=query.include_program_support,
        states=asking.states,
    )
    await find_costs(asking, findings)
    return make_cost_per_person(findings)


def _refuse(code: str, message: str, parameter: str) -> Invalid:
    return Invalid(message, [FieldError(code, message, parameter=parameter)])
