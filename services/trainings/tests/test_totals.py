"""Every count by any mix of filters and groups, against a recount in plain Python that shares nothing with it."""

import os
import random
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import fields
from datetime import date, timedelta
from typing import Any

import pytest
from chassis.testing import Database, caller
from chassis.unit_of_work import open_session
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession
from trainings import counting
from trainings.counting import Filters
from trainings.domain import Dimension, TrainingMeasure

from services.trainings.tests.histories import (
    AGENCIES,
    COURSES,
    FIRST_DAY,
    NATIONS,
    VENUES,
    History,
    export,
    keep,
    write,
)
from services.trainings.tests.recount import Recount

QUERIES = 500 if os.environ.get("TRIBUTARY_SOAK") else 125
# Of each filter the recount's name for it and values to choose from.
VALUES: dict[str, tuple[str, list[str]]] = {
    "nationality_codes": ("nationality", list(NATIONS)),
    "country_codes": ("country", list(NATIONS)),
    "host_country_codes": ("host_country", [*NATIONS, "US"]),
    "program_codes": ("program", ["MX-CORR", "GE-CORR"]),
    "agency_codes": ("agency", list(AGENCIES)),
    "funder_codes": ("funder", ["US-INL", "US-BOP"]),
    "course_codes": ("course", list(COURSES)),
    "course_types": ("course_type", ["training_of_trainers", "basic"]),
    "venue_kinds": ("venue", list(VENUES)),
    "sexes": ("sex", ["female", "male", "not_recorded"]),
    "levels": ("level", ["line", "senior", "not_recorded"]),
    "tiers": ("tier", ["1", "2", "3"]),
}

NAMES = {name: words for name, (words, _) in VALUES.items()} | {"training_ids": "training"}


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    engine = create_async_engine(database.app_url)
    async with open_session(engine, caller("officer", "*")) as opened:
        yield opened
    await engine.dispose()


def make_query(dice: random.Random) -> tuple[dict[str, list[str]], list[Dimension], date | None, date | None]:
    chosen = dice.sample(list(VALUES), dice.choices([0, 1, 2, 3], [3, 4, 3, 1])[0])
    filters = {name: dice.sample(VALUES[name][1], dice.choice([1, 1, 2])) for name in chosen}
    by = dice.sample(list(Dimension), dice.choices([0, 1, 2, 3], [2, 4, 3, 1])[0])
    days = sorted(FIRST_DAY + timedelta(days=dice.randint(0, 2600)) for _ in range(2))
    first, last = (dice.choice([None, day]) for day in days)
    return filters, by, first, last


@pytest.mark.soak
async def test_every_count_equals_the_recount_of_exported_rows(session: AsyncSession, database: Database) -> None:
    history = History(7, people=2600, trainings=560, seats=20)
    await write(session, history)
    await keep(session, database.superuser_url)
    rows = await export(session)
    assert len(rows["enrollments"]) >= 10_000
    recount, dice, other_dice = Recount(rows), random.Random(11), random.Random(12)
    trainings = sorted(str(one["id"]) for one in rows["trainings"])
    said: Counter[str] = Counter()
    for number in range(QUERIES):
        measure = list(TrainingMeasure)[number % len(TrainingMeasure)]
        filters, by, first, last = make_query(dice)
        if number % 9 == 4:  # of each measure in turn
            filters["training_ids"] = other_dice.sample(trainings, 150)
        expected = recount.count(
            measure.value, {NAMES[name]: kept for name, kept in filters.items()}, list(by), first, last
        )
        given: dict[str, Any] = {name: tuple(kept) for name, kept in filters.items()}
        given |= {"tiers": tuple(map(int, filters["tiers"]))} if "tiers" in filters else {}
        given |= {"training_ids": tuple(map(uuid.UUID, filters["training_ids"]))} if "training_ids" in filters else {}
        asked = Filters(**given, from_date=first, to_date=last)
        found = await counting.count_trainings(session, measure, asked, by, most=100_000)
        assert {one.key: as_recounted(one) for one in found} == expected, (number, measure, asked, by)
        said[measure] += len(found)
        said.update(f"by {dimension}" for dimension in by if len(found) > 1)
        said.update(f"of {name}" for name in filters if found)
        said["bounds"] += any(one.unnamed for one in found)
        said["without hours"] += any(one.without_hours for one in found)
        await check_account(session, measure, asked, found if not by else None)
    # The queries say something: each measure, group and filter has counted somebody many times.
    least = [*TrainingMeasure, *(f"by {one}" for one in Dimension), *(f"of {one.name}" for one in fields(Filters)[:13])]
    assert min(said[name] for name in [*least, "bounds", "without hours"]) >= QUERIES // 50, said


def as_recounted(group: counting.Group) -> dict[str, Any]:
    return {
        "parts": group.parts,
        "persons": group.persons,
        "hours": group.hours,
        "without_hours": group.without_hours,
        "largest": group.largest_headcount,
        "unnamed": group.unnamed,
        "headcounts": group.headcounts,
    }


async def check_account(
    session: AsyncSession, measure: TrainingMeasure, asked: Filters, found: list[counting.Group] | None
) -> None:
    """What is counted and what is left out are all there is, and the persons counted are those of the count."""
    if found is None:
        return
    account = await counting.account_for_trainings(session, measure, asked)
    counted = account.get(None)
    assert (counted.persons if counted else 0) == (found[0].persons if found else 0)
