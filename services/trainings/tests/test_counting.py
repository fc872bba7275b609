"""Counts of people against a recount in plain Python over random histories, and the worked cases."""

import os
import random
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from chassis.testing import Database, caller
from chassis.unit_of_work import open_session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert, update
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from trainings import counting
from trainings.counting import Account, Count, Scope
from trainings.domain import Cell, CourseType, LeftOut, PeopleMeasure, VenueKind
from trainings.models import (
    AgencyRef,
    Completion,
    Course,
    Enrollment,
    InstructorAssignment,
    Person,
    ProgramRef,
    Training,
)

INSTRUCTORS, OFFICERS = PeopleMeasure.instructors_trained, PeopleMeasure.officers_trained
FIRST_DAY = date(2009, 1, 1)
AGENCIES = ("NM", "CO", "BOP")
NATIONALITIES = ("MX", "GT")
VENUES = list(VenueKind)[:2]
IS_SOAK = bool(os.environ.get("TRIBUTARY_SOAK"))
HISTORIES = 400 if IS_SOAK else 133
NM = Scope(nationality_code="MX", agency_codes=("NM",))
END = date(2020, 1, 1)
VOID = {"voided_at": datetime.now(UTC), "voided_by": "Somebody", "void_reason": "Entered twice."}


@dataclass(eq=False)
class Somebody:
    """A person."""

    nationality: str
    id: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(eq=False)
class Delivery:
    """A training, its leads, and who had a seat: completed on a day, or not at all. `voided` are seats' completions too.

    What is voided was entered in error: a completion, or the whole delivery.
    """

    is_for_trainers: bool
    agency: str
    starts_on: date
    venue: str = "united_states"
    program: str | None = None
    leads: list[Somebody] = field(default_factory=list)
    seats: dict[Somebody, date | None] = field(default_factory=dict)
    voided: dict[Somebody, date] = field(default_factory=dict)
    is_voided: bool = False
    id: uuid.UUID = field(default_factory=uuid.uuid4)


History = list[Delivery]


# The recount. Shares nothing with the service but the words for its answer.


def recount(history: History, measure: PeopleMeasure, scope: Scope, as_of: date) -> Account:
    """Look at each completion in turn, with no query and no shortcut."""
    persons: dict[LeftOut | None, set[Somebody]] = {}
    deliveries: dict[LeftOut | None, set[Delivery]] = {}
    completions: dict[LeftOut | None, int] = {}
    for delivery in history:
        for person, completed_on, is_voided in completions_of(delivery):
            if delivery.is_for_trainers != (measure is INSTRUCTORS):
                continue
            if scope.nationality_code is not None and person.nationality != scope.nationality_code:
                continue
            reason = (
                LeftOut.voided if is_voided else why_left_out(history, measure, scope, delivery, completed_on, as_of)
            )
            persons.setdefault(reason, set()).add(person)
            deliveries.setdefault(reason, set()).add(delivery)
            completions[reason] = completions.get(reason, 0) + 1
    cells = {
        reason: Cell(completions=completions[reason], persons=len(persons[reason]), trainings=len(deliveries[reason]))
        for reason in completions
    }
    return Account(cells.pop(None, Cell(0, 0, 0)), {reason: cell for reason, cell in cells.items() if reason})


def completions_of(delivery: Delivery) -> list[tuple[Somebody, date, bool]]:
    """Each completion of a delivery, and whether it or the delivery was voided."""
    found = [(person, on, delivery.is_voided) for person, on in delivery.seats.items() if on is not None]
    return found + [(person, on, True) for person, on in delivery.voided.items()]


def why_left_out(  # noqa: PLR0911 - one return a reason
    history: History, measure: PeopleMeasure, scope: Scope, delivery: Delivery, completed_on: date, as_of: date
) -> LeftOut | None:
    if completed_on > as_of:
        return LeftOut.after_as_of
    if measure is INSTRUCTORS and not is_by(delivery, scope):
        return LeftOut.other_provider
    if scope.venue_kind is not None and delivery.venue != scope.venue_kind:
        return LeftOut.other_venue
    if scope.program_code is not None and delivery.program != scope.program_code:
        return LeftOut.other_program
    if measure is INSTRUCTORS:
        return None
    if not delivery.leads:
        return LeftOut.no_lead
    for lead in delivery.leads:
        for earlier in (one for one in history if not one.is_voided):
            completed = earlier.seats.get(lead)
            if earlier.is_for_trainers and is_by(earlier, scope) and completed and completed < delivery.starts_on:
                return None
    return LeftOut.lead_not_trained_by_agency


def is_by(delivery: Delivery, scope: Scope) -> bool:
    return not scope.agency_codes or delivery.agency in scope.agency_codes


def recount_point(history: History, measure: PeopleMeasure, scope: Scope, as_of: date) -> Count:
    counted = recount(history, measure, scope, as_of).counted
    recorded: list[Somebody] = [
        person
        for delivery in history
        if delivery.is_for_trainers == (measure is INSTRUCTORS)
        for person, completed_on, is_voided in completions_of(delivery)
        if not is_voided and completed_on <= as_of
        if scope.nationality_code in {None, person.nationality}
    ]
    return Count(as_of=as_of, persons=counted.persons or 0, records=len(recorded), recorded_persons=len(set(recorded)))


# Histories and where they are written.


def make_history(dice: random.Random) -> History:
    """A few deliveries within two months, so that starts, completions and as-of dates often fall on one day."""
    people = [Somebody(dice.choice(NATIONALITIES)) for _ in range(dice.randint(1, 8))]
    history = []
    for _ in range(dice.randint(0, 12)):
        is_for_trainers = dice.random() < 0.5
        delivery = Delivery(
            is_for_trainers=is_for_trainers,
            agency=dice.choice(AGENCIES),
            starts_on=FIRST_DAY + timedelta(days=dice.randint(0, 5) if is_for_trainers else dice.randint(3, 10)),
            venue=dice.choice(VENUES),
            program=dice.choice([None, "P", "Q"]),
        )
        for person in people:
            part = dice.random()
            if part < 0.25:
                delivery.leads.append(person)
            elif part < 0.75:
                is_completed = dice.random() < 0.8
                delivery.seats[person] = (
                    delivery.starts_on + timedelta(days=dice.randint(0, 4)) if is_completed else None
                )
                if dice.random() < 0.2:
                    delivery.voided[person] = delivery.starts_on + timedelta(days=dice.randint(0, 4))
        delivery.is_voided = dice.random() < 0.05
        history.append(delivery)
    return history


def make_scope(dice: random.Random) -> Scope:
    return Scope(
        nationality_code=dice.choice([None, *NATIONALITIES]),
        agency_codes=tuple(dice.sample(AGENCIES, dice.choice([0, 1, 1, 2]))),
        venue_kind=dice.choice([None, None, None, *VENUES]),
        program_code=dice.choice([None, None, None, "P"]),
    )


async def write(session: AsyncSession, history: History) -> None:
    """The whole history, one statement a table."""
    people = {person for delivery in history for person in [*delivery.leads, *delivery.seats]}
    seats = [(delivery, person, on, uuid.uuid4()) for delivery in history for person, on in delivery.seats.items()]
    await add(
        session,
        Person,
        [
            {
                "id": person.id,
                "country_code": "MX",
                "nationality_code": person.nationality,
                "sex": "not_recorded",
                "birth_precision": "not_recorded",
                "data_key": b"x",
                "given_name": b"x",
            }
            for person in people
        ],
    )
    await add(
        session,
        Training,
        [
            {
                "id": delivery.id,
                "course_code": "TRAINERS" if delivery.is_for_trainers else "BASIC",
                "provider_agency_code": delivery.agency,
                "program_code": delivery.program,
                "host_country_code": "US",
                "beneficiary_country_codes": ["MX"],
                "starts_on": delivery.starts_on,
                "ends_on": delivery.starts_on,
                "venue_kind": delivery.venue,
            }
            for delivery in history
        ],
    )
    await add(
        session,
        Enrollment,
        [
            {"id": seat, "training_id": one.id, "person_id": who.id, "role": "participant", "status": "enrolled"}
            for one, who, _, seat in seats
        ],
    )
    await add(session, Completion, [{"enrollment_id": seat, "completed_on": on} for *_, on, seat in seats if on])
    seat_of = {(delivery, person): seat for delivery, person, _, seat in seats}
    wrong = [(seat_of[one, who], on) for one in history for who, on in one.voided.items()]
    await add(session, Completion, [{"enrollment_id": seat, "completed_on": on, **VOID} for seat, on in wrong])
    await add(
        session,
        InstructorAssignment,
        [
            {"training_id": delivery.id, "person_id": person.id, "role": "lead"}
            for delivery in history
            for person in delivery.leads
        ],
    )
    voided = [delivery.id for delivery in history if delivery.is_voided]
    await session.exec(update(Training).where(col(Training.id).in_(voided)).values(VOID))


async def add(session: AsyncSession, kind: type[Any], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await session.exec(insert(kind).values(list(rows)))


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(database.app_url)
    async with open_session(engine, caller("officer", "*")) as session, session.begin():
        agencies = [{"code": code, "id": uuid.uuid4(), "name": code, "kind": "us_state"} for code in AGENCIES]
        programs = [{"code": code, "id": uuid.uuid4(), "title": code} for code in ("P", "Q")]
        seen = {"etag": "1", "checked_at": datetime.now(UTC)}
        await add(session, AgencyRef, [one | seen for one in agencies])
        await add(session, ProgramRef, [one | seen for one in programs])
        types = {"TRAINERS": CourseType.training_of_trainers, "BASIC": CourseType.basic}
        await add(session, Course, [{"code": code, "title": code, "type": kind} for code, kind in types.items()])
    yield engine
    await engine.dispose()


@asynccontextmanager
async def scratch(engine: AsyncEngine, history: History) -> AsyncIterator[AsyncSession]:
    """A session in which a history is written, counted, and forgotten."""
    async with open_session(engine, caller("officer", "*")) as session:
        await write(session, history)
        yield session
        await session.rollback()


async def counts(session: AsyncSession, measure: PeopleMeasure, scope: Scope, *as_of: date) -> list[int]:
    return [one.persons for one in await counting.count_people(session, measure, scope, as_of)]


# Properties.


@pytest.mark.soak
async def test_counts_equal_a_recount_of_random_histories(engine: AsyncEngine) -> None:
    counted = dict.fromkeys(PeopleMeasure, 0)
    left_out: Counter[LeftOut] = Counter()
    for seed in range(HISTORIES):
        dice = random.Random(seed)
        history = make_history(dice)
        async with scratch(engine, history) as session:
            for measure in PeopleMeasure:
                scope = make_scope(dice)
                dates = [FIRST_DAY + timedelta(days=dice.randint(-1, 20)) for _ in range(dice.randint(1, 4))]
                found = await counting.count_people(session, measure, scope, dates)
                assert found == [recount_point(history, measure, scope, day) for day in dates], (seed, measure, scope)
                account = await counting.account_for(session, measure, scope, dates[-1])
                assert account == recount(history, measure, scope, dates[-1]), (seed, measure, scope)
                assert account.counted.persons == found[-1].persons
                counted[measure] += found[-1].persons
                left_out.update(account.left_out.keys())
    # The histories are rich enough to say something: people are counted, and left out for every reason.
    assert min(counted.values()) > HISTORIES / 5, counted
    assert min(left_out[reason] for reason in LeftOut) > HISTORIES / 20, left_out


@pytest.mark.soak
async def test_counted_and_left_out_are_all_completions_of_the_family(engine: AsyncEngine) -> None:
    for seed in range(1000, 1050 if IS_SOAK else 1020):
        dice = random.Random(seed)
        history = make_history(dice)
        async with scratch(engine, history) as session:
            for measure in PeopleMeasure:
                scope, last = make_scope(dice), FIRST_DAY + timedelta(days=8)
                account = await counting.account_for(session, measure, scope, last)
                (ever,) = await counting.count_people(session, measure, scope, [date(2100, 1, 1)])
                (point,) = await counting.count_people(session, measure, scope, [last])
                cells = [account.counted, *account.left_out.values()]
                voided = account.left_out.get(LeftOut.voided, Cell(0, 0)).completions or 0
                assert sum(cell.completions or 0 for cell in cells) - voided == ever.records
                later = account.left_out.get(LeftOut.after_as_of, Cell(0, 0))
                assert ever.records - (later.completions or 0) == point.records


@pytest.mark.soak
async def test_more_of_the_same_never_changes_a_count_of_persons(engine: AsyncEngine) -> None:
    """Second completions, second roles and seats without a completion: persons stay persons."""
    for seed in range(2000, 2060 if IS_SOAK else 2020):
        dice = random.Random(seed)
        history = make_history(dice)
        scopes = [Scope(), Scope(agency_codes=("NM",)), Scope(nationality_code="MX"), make_scope(dice)]
        before = await counts_of_all(engine, history, scopes)
        for one in list(history):
            # The same training again, completed by the same people, some of them later.
            seats = {person: on and on + timedelta(days=dice.randint(0, 9)) for person, on in one.seats.items()}
            history.append(replace(one, id=uuid.uuid4(), seats=seats))
            # Everybody leads something that nobody completed, and has a seat somewhere that led to nothing.
            everybody = [*one.leads, *one.seats]
            history.append(replace(one, id=uuid.uuid4(), leads=everybody, seats={}, voided={}))
            history.append(replace(one, id=uuid.uuid4(), leads=[], seats=dict.fromkeys(everybody)))
        assert await counts_of_all(engine, history, scopes) == before, seed


@pytest.mark.soak
@settings(
    deadline=None, max_examples=60 if IS_SOAK else 20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32), choice=st.randoms(use_true_random=False))
async def test_voiding_counts_as_if_never_recorded_and_recording_anew_restores(
    engine: AsyncEngine, seed: int, choice: random.Random
) -> None:
    history = make_history(random.Random(seed))
    done = [(one, person) for one in history for person, on in one.seats.items() if on is not None]
    if not done:
        return
    delivery, person = choice.choice(done)
    never = [replace(one, seats=one.seats | {person: None}) if one is delivery else one for one in history]
    scopes = [Scope(), make_scope(choice)]
    days = [FIRST_DAY + timedelta(days=choice.randint(-1, 20)), END]

    async def count(session: AsyncSession) -> list[list[Count]]:
        return [
            await counting.count_people(session, measure, scope, days) for measure in PeopleMeasure for scope in scopes
        ]

    async with scratch(engine, never) as session:
        expected = await count(session)
    async with scratch(engine, history) as session:
        before = await count(session)
        seat = select(Enrollment.id).where(Enrollment.training_id == delivery.id, Enrollment.person_id == person.id)
        enrollment_id = (await session.exec(seat)).one()
        stands = (Completion.enrollment_id == enrollment_id) & col(Completion.voided_at).is_(None)
        await session.exec(update(Completion).where(stands).values(VOID))
        assert await count(session) == expected
        if not delivery.is_voided:
            await add(session, Completion, [{"enrollment_id": enrollment_id, "completed_on": delivery.seats[person]}])
            assert await count(session) == before


async def counts_of_all(engine: AsyncEngine, history: History, scopes: Sequence[Scope]) -> list[list[int]]:
    async with scratch(engine, history) as session:
        return [await counts(session, measure, scope, END) for measure in PeopleMeasure for scope in scopes]


# Worked cases.


@pytest.fixture
def cast() -> dict[str, Somebody]:
    return {name: Somebody("MX") for name in ("lead", "ana", "ben", "eva")}


async def test_same_officer_in_two_courses_is_one_person(engine: AsyncEngine, cast: dict[str, Somebody]) -> None:
    """A and B in the first, A in the second, C a no-show in the second: 3 completions, 2 persons."""
    trainers = Delivery(True, "NM", FIRST_DAY, seats={cast["lead"]: FIRST_DAY})
    later = FIRST_DAY + timedelta(days=10)
    first = Delivery(False, "CO", later, leads=[cast["lead"]], seats={cast["ana"]: later, cast["ben"]: later})
    second = Delivery(False, "CO", later, leads=[cast["lead"]], seats={cast["ana"]: later, cast["eva"]: None})
    async with scratch(engine, [trainers, first, second]) as session:
        assert await counting.count_people(session, OFFICERS, NM, [END]) == [Count(END, 2, 3, 2)]
        account = await counting.account_for(session, OFFICERS, NM, END)
        assert account == Account(Cell(completions=3, persons=2, trainings=2), {})


async def test_person_counts_once_over_two_years(engine: AsyncEngine, cast: dict[str, Somebody]) -> None:
    first, second = date(2009, 6, 1), date(2010, 6, 1)
    history = [Delivery(True, "NM", day, seats={cast["ana"]: day}) for day in (first, second)]
    async with scratch(engine, history) as session:
        found = await counts(session, INSTRUCTORS, NM, first - timedelta(days=1), first, second, END)
        assert found == [0, 1, 1, 1]


async def test_tier_one_and_tier_two(engine: AsyncEngine, cast: dict[str, Somebody]) -> None:
    """A US instructor trains P; P leads a training with Q: one instructor, one officer, each on its date."""
    us_instructor = Somebody("US")
    trained, led = date(2009, 3, 5), date(2009, 6, 1)
    history = [
        Delivery(True, "NM", date(2009, 3, 1), leads=[us_instructor], seats={cast["lead"]: trained}),
        Delivery(False, "CO", date(2009, 5, 1), leads=[cast["lead"]], seats={cast["ana"]: led}),
    ]
    async with scratch(engine, history) as session:
        days = [trained - timedelta(days=1), trained, led - timedelta(days=1), led]
        assert await counts(session, INSTRUCTORS, NM, *days) == [0, 1, 1, 1]
        assert await counts(session, OFFICERS, NM, *days) == [0, 0, 0, 1]


@pytest.mark.parametrize(("starts_on", "expected"), [("2009-03-04", 0), ("2009-03-05", 0), ("2009-03-06", 1)])
async def test_lead_is_trained_before_the_training_begins(
    engine: AsyncEngine, cast: dict[str, Somebody], starts_on: str, expected: int
) -> None:
    start = date.fromisoformat(starts_on)
    history = [
        Delivery(True, "NM", date(2009, 3, 1), seats={cast["lead"]: date(2009, 3, 5)}),
        Delivery(False, "CO", start, leads=[cast["lead"]], seats={cast["ana"]: date(2009, 3, 31)}),
    ]
    async with scratch(engine, history) as session:
        assert await counts(session, OFFICERS, NM, END) == [expected]
        account = await counting.account_for(session, OFFICERS, NM, END)
        reason = {LeftOut.lead_not_trained_by_agency: Cell(completions=1, persons=1, trainings=1)}
        assert account.left_out == ({} if expected else reason)


async def test_lead_trained_by_another_provider_does_not_qualify(
    engine: AsyncEngine, cast: dict[str, Somebody]
) -> None:
    later = date(2009, 6, 1)
    history = [
        Delivery(True, "CO", FIRST_DAY, seats={cast["lead"]: FIRST_DAY}),
        Delivery(False, "NM", later, leads=[cast["lead"]], seats={cast["ana"]: later}),
    ]
    async with scratch(engine, history) as session:
        assert await counts(session, OFFICERS, NM, END) == [0]
        assert await counts(session, OFFICERS, Scope(agency_codes=("CO",)), END) == [1]
        assert await counts(session, OFFICERS, Scope(agency_codes=("CO", "NM")), END) == [1]
        assert await counts(session, OFFICERS, Scope(), END) == [1]


async def test_cascade_counts_one_step_and_no_more(engine: AsyncEngine, cast: dict[str, Somebody]) -> None:
    """New Mexico trains the lead, the lead trains ana as a trainer under another provider, ana leads ben."""
    days = [date(2009, month, 1) for month in (1, 2, 3)]
    history = [
        Delivery(True, "NM", days[0], seats={cast["lead"]: days[0]}),
        Delivery(True, "CO", days[1], leads=[cast["lead"]], seats={cast["ana"]: days[1]}),
        Delivery(False, "CO", days[2], leads=[cast["ana"]], seats={cast["ben"]: days[2]}),
        Delivery(False, "CO", days[2], seats={cast["eva"]: days[2]}),
    ]
    async with scratch(engine, history) as session:
        assert await counts(session, OFFICERS, NM, END) == [0]
        account = await counting.account_for(session, OFFICERS, NM, END)
        one = Cell(completions=1, persons=1, trainings=1)
        assert account == Account(Cell(0, 0, 0), {LeftOut.no_lead: one, LeftOut.lead_not_trained_by_agency: one})
        assert await counts(session, OFFICERS, Scope(agency_codes=("CO",)), END) == [1]


async def test_person_in_both_measures_counts_in_both(engine: AsyncEngine, cast: dict[str, Somebody]) -> None:
    days = [date(2009, month, 1) for month in (1, 2, 3)]
    history = [
        Delivery(True, "NM", days[0], seats={cast["lead"]: days[0]}),
        Delivery(False, "CO", days[1], leads=[cast["lead"]], seats={cast["ana"]: days[1]}),
        Delivery(True, "NM", days[2], seats={cast["ana"]: days[2]}),
    ]
    async with scratch(engine, history) as session:
        assert await counts(session, INSTRUCTORS, NM, END) == [2]
        assert await counts(session, OFFICERS, NM, END) == [1]


async def test_one_qualified_lead_of_several_is_enough(engine: AsyncEngine, cast: dict[str, Somebody]) -> None:
    later = date(2009, 6, 1)
    history = [
        Delivery(True, "NM", FIRST_DAY, seats={cast["lead"]: FIRST_DAY}),
        Delivery(False, "CO", later, leads=[cast["eva"], cast["lead"]], seats={cast["ana"]: later}),
    ]
    async with scratch(engine, history) as session:
        assert await counting.count_people(session, OFFICERS, NM, [END]) == [Count(END, 1, 1, 1)]


async def test_all_dates_are_one_query_whatever_is_recorded(engine: AsyncEngine, cast: dict[str, Somebody]) -> None:
    history = [Delivery(True, "NM", FIRST_DAY, seats={Somebody("MX"): FIRST_DAY for _ in range(50)})]
    async with scratch(engine, history) as session:
        seen: list[str] = []
        event.listen(engine.sync_engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
        days = [FIRST_DAY + timedelta(days=number) for number in range(10)]
        assert await counts(session, INSTRUCTORS, NM, *days) == [50] * 10
        assert len(seen) == 1
