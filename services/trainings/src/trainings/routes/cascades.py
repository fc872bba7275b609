"""The cascade over HTTP: by generation, from a training, of an agency. Numbers are the same for everybody."""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any, Final

from chassis.errors import NotFound
from chassis.known import AtMoment, Moment, default_day, say_moment
from chassis.resources import get_row
from chassis.tokens import Caller
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Query

from trainings import domain, queries
from trainings.counting import cascade
from trainings.counting.cascade import Generation, Node, Reach, Scope
from trainings.domain import CascadeFlag, CourseType, OutsideReason, PersonType
from trainings.models import Person, Training
from trainings.routes.personal import personal_router
from trainings.routes.training_counts import may_see_small
from trainings.schemas.cascades import (
    AgencyReachRead,
    CascadeNodeRead,
    CascadeQuery,
    CascadeRead,
    CascadeScopeQuery,
    CascadeSubtreeQuery,
    CascadeTotalRead,
    GenerationRead,
    LedRead,
    OutsideRead,
    OverlapRead,
    PersonCascadeQuery,
    PersonCascadeRead,
    ReachRead,
    TaughtRead,
    TrainingCascadeRead,
)

router: Final = work_router("Cascades")
personal: Final = personal_router("Cascades")
MOST_NODES: Final = 2000


@router.get("/cascades", response_model=CascadeRead)
async def get_cascade(
    session: Session, caller: CurrentCaller, query: Annotated[CascadeQuery, Query()], moment: AtMoment
) -> CascadeRead:
    """Who trained those who trained, by generation: of a country's people, of an agency's instructors, or of all."""
    return CascadeRead(**await _cascade(session, caller, query, moment))


@router.get("/agencies/{agency_id}/reach", response_model=AgencyReachRead)
async def get_agency_reach(
    session: Session,
    caller: CurrentCaller,
    agency_id: uuid.UUID,
    query: Annotated[CascadeSubtreeQuery, Query()],
    moment: AtMoment,
) -> AgencyReachRead:
    """Whom an agency's own instructors reached, by generation, and whom other agencies' reached too."""
    agency = await queries.find_agency(session, agency_id)
    if agency is None:
        raise NotFound(f"No training refers to an agency {agency_id}.")
    asked = CascadeQuery(**query.model_dump(), agency_code=[agency.code])
    return AgencyReachRead(**await _cascade(session, caller, asked, moment), agency_id=agency_id)


@router.get("/trainings/{training_id}/cascade", response_model=TrainingCascadeRead)
async def get_training_cascade(
    session: Session,
    caller: CurrentCaller,
    training_id: uuid.UUID,
    query: Annotated[CascadeSubtreeQuery, Query()],
    moment: AtMoment,
) -> TrainingCascadeRead:
    """What came of a training: the trainings that its completers led, those that came of these, and their people."""
    await get_row(session, Training, training_id)
    scope, said, sees_small = _scope(caller, query, moment)
    reach = await cascade.measure_reach(session, [training_id], scope)
    nodes = await cascade.list_descendants(session, [training_id], scope, MOST_NODES + 1)
    place = await cascade.find_place(session, training_id, scope.until)
    *tiers, total = reach
    return TrainingCascadeRead(
        training_id=training_id,
        tier=place.tier if place else None,
        unknown_reason=None
        if place and place.tier is not None
        else OutsideReason(place.unknown_reason if place and place.unknown_reason else OutsideReason.no_lead),
        reach=reach_of(tiers, sees_small=sees_small),
        total=_total(total, attendances=None, sees_small=sees_small),
        nodes=_nodes(nodes[:MOST_NODES], sees_small=sees_small),
        has_more_nodes=len(nodes) > MOST_NODES,
        **said,
    )


@personal.get("/people/{person_id}/cascade", response_model=PersonCascadeRead)
async def get_person_cascade(
    session: Session, caller: CurrentCaller, person_id: uuid.UUID, query: Annotated[PersonCascadeQuery, Query()]
) -> PersonCascadeRead:
    """Where somebody stands in the cascade: who trained them, what they led, whom that reached.

    Records that are one person with this one count as one. Whom the reader may not see is counted and not named.
    """
    person = await queries.get_about_person(session, caller, Person, person_id)
    as_of = query.as_of or default_day(None)
    records = await queries.records_of(session, caller, person_id)
    taught = await queries.list_taught(session, caller, records, as_of)
    led = await queries.list_led(session, caller, records, as_of)
    taught_ids = [training_id for training_id, _, _ in taught]
    leads = await queries.list_leads(session, caller, taught_ids)
    counted = await cascade.count_leads(session, taught_ids)
    led_ids = [training_id for training_id, _ in led]
    *tiers, total = await cascade.measure_reach(session, led_ids, Scope(as_of))
    sees_small = may_see_small(caller, [])
    last_led_on = max((starts_on for _, starts_on in led), default=None)
    is_trainer = any(kind == CourseType.training_of_trainers for _, _, kind in taught)
    return PersonCascadeRead(
        person_id=person_id,
        as_of=as_of,
        is_partner_instructor=person.person_type == PersonType.partner_instructor,
        trained=[
            TaughtRead(
                training_id=training_id,
                completed_on=completed_on,
                is_for_trainers=kind == CourseType.training_of_trainers,
                lead_person_ids=(named := [one for of, one in leads if of == training_id]),
                hidden_leads=counted.get(training_id, 0) - len(named),
            )
            for training_id, completed_on, kind in taught
        ],
        led=[LedRead(training_id=training_id, starts_on=starts_on) for training_id, starts_on in led],
        last_led_on=last_led_on,
        is_dormant=is_trainer and (last_led_on is None or last_led_on <= domain.year_before(as_of)),
        reach=reach_of(tiers, sees_small=sees_small),
        total=_total(total, attendances=None, sees_small=sees_small),
    )


def _scope(caller: Caller, query: CascadeScopeQuery, moment: Moment | None) -> tuple[Scope, dict[str, Any], bool]:
    """What is asked, what every answer repeats of it, and whether small numbers are shown."""
    as_of = query.as_of or default_day(moment.known_at if moment else None)
    agencies = tuple(query.agency_code) if isinstance(query, CascadeQuery) else ()
    scope = Scope(as_of, tuple(query.country_code), agencies, moment.number if moment else None)
    said = {
        "country_codes": query.country_code,
        "as_of": as_of,
        "rule": domain.CASCADE_RULE,
        "method_version": domain.CASCADE_METHOD_VERSION,
    }
    return scope, said | say_moment(moment), may_see_small(caller, query.country_code)


async def _cascade(session: Session, caller: Caller, query: CascadeQuery, moment: Moment | None) -> dict[str, Any]:
    scope, said, sees_small = _scope(caller, query, moment)
    *generations, total = await cascade.list_generations(session, scope)
    outside = await cascade.list_outside(session, scope)
    overlaps = {}
    if len(scope.agency_codes) == 1:
        overlaps = await cascade.list_overlaps(session, scope, scope.agency_codes[0])
    nodes = await cascade.list_nodes(session, scope, MOST_NODES + 1) if query.with_nodes else []
    return said | {
        "agency_codes": query.agency_code,
        "generations": _generations(generations, sees_small=sees_small),
        "total": _total(total, attendances=total.attendances, sees_small=sees_small),
        "outside": [
            OutsideRead(
                reason=OutsideReason(one.reason),
                message=domain.OUTSIDE_WORDS[OutsideReason(one.reason)],
                trainings=one.trainings,
                persons=_shown(one.persons, sees_small=sees_small),
                completions=_shown(one.completions, of=one.persons, sees_small=sees_small),
            )
            for one in outside
        ],
        "overlaps": [
            OverlapRead(agency_code=code, persons=_shown(persons, sees_small=sees_small))
            for code, persons in overlaps.items()
        ],
        "nodes": _nodes(nodes[:MOST_NODES], sees_small=sees_small) if query.with_nodes else None,
        "has_more_nodes": len(nodes) > MOST_NODES,
    }


def _shown(number: int | None, *, of: int | None = None, sees_small: bool) -> int | None:
    """A number of, or about, people: null where they are few and the reader may not see them."""
    return None if number is None or (not sees_small and domain.is_small(number if of is None else of)) else number


def _generations(found: Sequence[Generation], *, sees_small: bool) -> list[GenerationRead]:
    hidden = set() if sees_small else domain.small_places([one.persons for one in found])
    following = {one.tier: one.persons for one in found}
    made = []
    for place, one in enumerate(found):
        is_hidden = place in hidden

        def shown(number: int | None, *, is_hidden: bool = is_hidden, persons: int = one.persons) -> int | None:
            if is_hidden or (not sees_small and number != persons and domain.is_small(number or 0)):
                return None
            return number

        instructors = shown(one.instructors)
        tier = one.tier or 0
        next_place = place + 1
        is_next_hidden = next_place in hidden
        reached = None if is_next_hidden else following.get(tier + 1)
        made.append(
            GenerationRead(
                tier=tier,
                trainings=one.trainings,
                persons=shown(one.persons),
                first_persons=shown(one.first_persons),
                completions=shown(one.completions),
                attendances=shown(one.attendances),
                mixed_trainings=one.mixed_trainings or 0,
                instructors=instructors,
                active_instructors=shown(one.active_instructors),
                leading_instructors=shown(one.leading_instructors),
                multiplier=f"{reached / instructors:.2f}" if reached and instructors else None,
                older_version_trainings=one.older_version_trainings or 0,
                short_trainings=one.short_trainings or 0,
                flags=_flags(
                    tier,
                    is_mixed=bool(one.mixed_trainings),
                    is_older_version=bool(one.older_version_trainings),
                    is_short=bool(one.short_trainings),
                ),
            )
        )
    return made


def reach_of(found: Sequence[Reach], *, sees_small: bool) -> list[ReachRead]:
    """By tier, small ones hidden."""
    hidden = set() if sees_small else domain.small_places([one.persons for one in found])
    return [
        ReachRead(
            tier=one.tier or 0,
            trainings=one.trainings,
            persons=None if place in hidden else one.persons,
            completions=None if place in hidden else one.completions,
        )
        for place, one in enumerate(found)
    ]


def _total(total: Generation | Reach, *, attendances: int | None, sees_small: bool) -> CascadeTotalRead:
    is_hidden = not sees_small and domain.is_small(total.persons)
    return CascadeTotalRead(
        trainings=total.trainings,
        persons=None if is_hidden else total.persons,
        completions=None if is_hidden else total.completions,
        attendances=None if is_hidden else attendances,
    )


def _nodes(nodes: Sequence[Node], *, sees_small: bool) -> list[CascadeNodeRead]:
    return [
        CascadeNodeRead(
            training_id=one.training_id,
            parent_id=one.parent_id,
            other_parents=one.other_parents or 0,
            tier=one.tier,
            code=one.code,
            title=one.title,
            course_code=one.course_code,
            starts_on=one.starts_on,
            provider_agency_code=one.provider_agency_code,
            is_for_trainers=one.is_for_trainers,
            persons=_shown(one.persons, sees_small=sees_small),
            flags=_flags(one.tier, is_mixed=one.is_mixed, is_older_version=one.is_older_version, is_short=one.is_short),
        )
        for one in nodes
    ]


def _flags(tier: int, *, is_mixed: bool, is_older_version: bool, is_short: bool) -> list[CascadeFlag]:
    flags = {
        CascadeFlag.mixed_team: is_mixed,
        CascadeFlag.far_from_the_source: tier >= domain.FAR_TIER,
        CascadeFlag.older_course_version: is_older_version,
        CascadeFlag.hours_short: is_short,
    }
    return [flag for flag, holds in flags.items() if holds]
