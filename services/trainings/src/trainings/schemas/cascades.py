"""The cascade on the wire: who trained those who trained, by generation."""

import uuid

from chassis.codes import Code, CountryCode
from chassis.known import KnownRead
from chassis.values import Day
from pydantic import BaseModel, Field

from trainings.domain import CascadeFlag, OutsideReason


class CascadeScopeQuery(BaseModel):
    """Whose people, and when."""

    country_code: list[CountryCode] = Field(
        default=[], max_length=50, description="The nationality of the people counted; without it everybody's."
    )
    as_of: Day | None = Field(
        default=None, description="Trainings begun and completions by this day; else the day of `known_at`, else today."
    )


class CascadeQuery(CascadeScopeQuery):
    """A country's cascade, or what came of an agency's."""

    agency_code: list[Code] = Field(
        default=[],
        max_length=50,
        description="Only what came of trainings that partners' own instructors gave for one of these agencies.",
    )
    with_nodes: bool = Field(default=False, description="Also list the trainings, at most 2,000.")


class CascadeSubtreeQuery(CascadeScopeQuery):
    """Of whom, and when."""


class GenerationRead(BaseModel):
    """The trainings of one tier and their people; small numbers are null. Tier 1 is led by partners' instructors."""

    tier: int
    trainings: int
    persons: int | None = Field(description="Distinct persons who completed a training of this tier.")
    first_persons: int | None = Field(description="Of those, who completed nothing of a lower tier.")
    completions: int | None
    attendances: int | None
    mixed_trainings: int = Field(description="Whose leads are of different tiers.")
    older_version_trainings: int = Field(
        description="Taught by a version of the course that a newer one had replaced by their first day."
    )
    short_trainings: int = Field(
        description="Over, with less than 0.8 of the designed hours in their sessions; without any, nothing is said."
    )
    instructors: int | None = Field(description="Distinct persons who completed a training of trainers of this tier.")
    active_instructors: int | None = Field(description="Of those, who led a training in the last twelve months.")
    leading_instructors: int | None = Field(description="Of those, who ever led one.")
    multiplier: str | None = Field(
        description="Persons of the next tier for each instructor of this one, in the same scope; null without both."
    )
    flags: list[CascadeFlag]


class CascadeTotalRead(BaseModel):
    """All tiers together: who completed trainings of two counts once."""

    trainings: int
    persons: int | None
    completions: int | None
    attendances: int | None


class OutsideRead(BaseModel):
    """Trainings that no tier is known of: they are counted, and drawn into no cascade."""

    reason: OutsideReason
    message: str
    trainings: int
    persons: int | None
    completions: int | None


class CascadeNodeRead(BaseModel):
    """A training in the cascade."""

    training_id: uuid.UUID
    parent_id: uuid.UUID | None = Field(description="A training one tier below that made a lead of this one.")
    other_parents: int = Field(description="How many other trainings made leads of it.")
    tier: int
    code: str | None
    title: str | None
    course_code: str
    starts_on: Day
    provider_agency_code: str
    is_for_trainers: bool
    persons: int | None = Field(description="Who completed it; null where they are few and hidden.")
    flags: list[CascadeFlag]


class OverlapRead(BaseModel):
    """Persons that another agency's instructors reached too: reaches are never added up."""

    agency_code: str
    persons: int | None


class CascadeRead(KnownRead):
    """The cascade, tier by tier."""

    country_codes: list[str]
    agency_codes: list[str]
    as_of: Day
    rule: str
    method_version: str
    generations: list[GenerationRead]
    total: CascadeTotalRead
    outside: list[OutsideRead] = Field(description="Of the same people, whoever provided the training.")
    overlaps: list[OverlapRead] = Field(description="Where one agency is asked for: with which others.")
    nodes: list[CascadeNodeRead] | None = Field(description="Null unless `with_nodes=true`.")
    has_more_nodes: bool = Field(description="Whether there are more trainings than are listed.")


class ReachRead(BaseModel):
    """What came of it in one tier."""

    tier: int
    trainings: int
    persons: int | None
    completions: int | None


class TrainingCascadeRead(KnownRead):
    """A training and all that came of it. Empty where it has no tier: see `unknown_reason`."""

    training_id: uuid.UUID
    tier: int | None
    unknown_reason: OutsideReason | None
    country_codes: list[str]
    as_of: Day
    rule: str
    method_version: str
    reach: list[ReachRead]
    total: CascadeTotalRead
    nodes: list[CascadeNodeRead]
    has_more_nodes: bool


class PersonCascadeQuery(BaseModel):
    """When."""

    as_of: Day | None = Field(default=None, description="Where it is not given, today.")


class TaughtRead(BaseModel):
    """A training that the person completed, and who led it, as far as the reader may see them."""

    training_id: uuid.UUID
    completed_on: Day
    is_for_trainers: bool
    lead_person_ids: list[uuid.UUID]
    hidden_leads: int = Field(description="Leads whose records the reader may not see.")


class LedRead(BaseModel):
    """A training that the person led."""

    training_id: uuid.UUID
    starts_on: Day


class PersonCascadeRead(BaseModel):
    """Where somebody stands in the cascade: trained by whom, led what, reached whom."""

    person_id: uuid.UUID
    as_of: Day
    is_partner_instructor: bool
    trained: list[TaughtRead]
    led: list[LedRead]
    last_led_on: Day | None
    is_dormant: bool = Field(description="Completed a training of trainers, and led nothing in the last twelve months.")
    reach: list[ReachRead]
    total: CascadeTotalRead


class AgencyReachRead(CascadeRead):
    """What came of an agency's own instructors."""

    agency_id: uuid.UUID
