"""What never changes a count of persons, and what a merge taken back restores."""

import random
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest
from chassis.testing import Database, caller
from chassis.unit_of_work import open_session
from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession
from trainings import counting
from trainings.counting import Filters, Group, Scope, cascade
from trainings.domain import Dimension, PeopleMeasure, TrainingMeasure
from trainings.models import Certification, Completion, Enrollment, InstructorAssignment, Merge, Person, Training

from services.trainings.tests.histories import STANDS, VOID, History, write

SEEDS = range(12)
# What each addition may move by its own meaning: a certificate tiers, a funder the groups of funders, and so on.
GROUPS = [(), (Dimension.sex,), (Dimension.nationality, Dimension.calendar_year), (Dimension.level, Dimension.course)]
END = date(2017, 1, 1)
AGENCIES = Scope(nationality_code="MX", agency_codes=("US-NM-CD",))


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    made = create_async_engine(database.app_url)
    yield made
    await made.dispose()


@asynccontextmanager
async def scratch(engine: AsyncEngine, seed: int) -> AsyncIterator[tuple[AsyncSession, History]]:
    """A session in which a history is written, counted, and forgotten."""
    history = History(seed, people=120, trainings=14, seats=6)
    async with open_session(engine, caller("officer", "*")) as session:
        await write(session, history)
        yield session, history
        await session.rollback()


async def persons(session: AsyncSession) -> list[Any]:
    """Every count of persons by several groups, and the two series."""
    found: list[Any] = []
    for by in GROUPS:
        groups = await counting.count_trainings(session, TrainingMeasure.persons, Filters(), by, most=1000)
        found.append({one.key: one.persons for one in groups})
    for measure in PeopleMeasure:
        day = await counting.count_people(session, measure, AGENCIES, [END])
        found.append((measure, day[0].persons))
    return found


async def everything(session: AsyncSession) -> list[Any]:
    """Every figure there is."""
    found: list[list[Group] | Any] = await persons(session)
    found += [
        await counting.count_trainings(session, measure, Filters(), by, most=1000)
        for measure in TrainingMeasure
        for by in [*GROUPS, (Dimension.tier, Dimension.agency)]
    ]
    found.append(await cascade.list_generations(session, cascade.Scope(END)))
    return found


async def add(session: AsyncSession, kind: type[Any], /, **values: Any) -> None:
    await session.exec(insert(kind), params=[values])


async def test_certificates_funders_partners_and_roles_never_change_a_count_of_persons(engine: AsyncEngine) -> None:
    for seed in SEEDS:
        dice = random.Random(seed)
        async with scratch(engine, seed) as (session, history):
            before = await persons(session)
            training, other = dice.sample(history.rows["trainings"], 2)
            person = dice.choice(history.others)
            await add(
                session,
                Certification,
                person_id=person,
                kind="instructor",
                course_code="BASIC",
                issuer_agency_code="US-NM-CD",
                issued_on=training["starts_on"],
            )
            assert await persons(session) == before, (seed, "a certificate")
            standing = col(Training.voided_at).is_(None)
            await session.exec(update(Training).where(standing).values(funder_agency_codes=["US-BOP", "US-INL"]))
            assert await persons(session) == before, (seed, "a funder")
            others = standing & (col(Training.provider_agency_code) != "US-MD-DPSCS")
            await session.exec(update(Training).where(others).values(co_provider_agency_codes=["US-MD-DPSCS"]))
            assert await persons(session) == before, (seed, "a partner")
            if not (training["voided_at"] or other["voided_at"]):
                partner = dice.choice(history.partners)
                role = {"person_id": partner, "role": "interpreter", **STANDS}
                await add(session, InstructorAssignment, training_id=training["id"], **role)
                assert await persons(session) == before, (seed, "a second role")


async def test_second_record_of_a_person_in_the_same_class_never_counts_once_merged(engine: AsyncEngine) -> None:
    for seed in SEEDS:
        async with scratch(engine, seed) as (session, history):
            before = await everything(session)
            merged = {one["person_id"] for one in history.rows["merges"]}
            voided = {one["id"] for one in history.rows["trainings"] if one["voided_at"]}
            seats = {one["id"]: one for one in history.rows["enrollments"] if one["training_id"] not in voided}
            done = next(
                one
                for one in history.rows["completions"]
                if one["enrollment_id"] in seats
                and not one["voided_at"]
                and seats[one["enrollment_id"]]["person_id"] not in merged
            )
            seat = seats[done["enrollment_id"]]
            again = history.rows["people"][[one["id"] for one in history.rows["people"]].index(seat["person_id"])]
            twin, place = uuid.uuid4(), uuid.uuid4()
            await add(session, Person, **again | {"id": twin})
            await add(
                session,
                Merge,
                person_id=twin,
                canonical_person_id=seat["person_id"],
                basis="decision",
                evidence="The same badge.",
                decided_by="Somebody",
            )
            await add(session, Enrollment, **seat | {"id": place, "person_id": twin})
            await add(session, Completion, enrollment_id=place, completed_on=done["completed_on"], **STANDS)
            after = await everything(session)
            assert without_headcounts(after) == without_headcounts(before), seed


def without_headcounts(found: list[Any]) -> list[Any]:
    """The figures, but for how many pairs have no hours: the second record says none."""
    return [
        [(one.key, one.parts, one.persons, one.trainings, one.hours, one.unnamed) for one in part]
        if isinstance(part, list) and part and isinstance(part[0], Group)
        else part
        for part in found
    ]


async def test_merge_that_is_taken_back_restores_every_figure(engine: AsyncEngine) -> None:
    moved = 0
    for seed in SEEDS:
        dice = random.Random(seed)
        async with scratch(engine, seed) as (session, history):
            before = await everything(session)
            free = [one for one in history.others if one not in {m["person_id"] for m in history.rows["merges"]}]
            seated = {one["person_id"] for one in history.rows["enrollments"]}
            person, canonical = dice.sample(sorted(set(free) & seated), 2)
            await add(
                session,
                Merge,
                person_id=person,
                canonical_person_id=canonical,
                basis="decision",
                evidence="The same badge.",
                decided_by="Somebody",
            )
            moved += await everything(session) != before
            standing = (col(Merge.person_id) == person) & col(Merge.voided_at).is_(None)
            await session.exec(update(Merge).where(standing).values(VOID))
            assert await everything(session) == before, seed
    assert moved > len(SEEDS) / 2


async def test_unknown_measure_is_an_error_and_no_zero(engine: AsyncEngine) -> None:
    async with open_session(engine, caller("viewer")) as session:
        empty = ", ".join(["'{}'::text[]"] * 11)
        call = f"SELECT * FROM count_trainings('heads', {empty}, '{{}}'::integer[], '{{}}'::uuid[], null, null, '{{}}')"
        with pytest.raises(Exception, match="case not found"):
            await (await session.connection()).execute(text(call))
