"""The cascade: worked cases, and random histories against a recount in plain Python."""

import random
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import pytest
from chassis.testing import Database, caller
from chassis.unit_of_work import open_session
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession
from trainings.counting import cascade
from trainings.counting.cascade import Scope

from services.trainings.tests.histories import AGENCIES, NATIONS, History, export, keep, write
from services.trainings.tests.recount import Recount, Row

QUERIES = 40
FLAGS = ("mixed team", "older version", "short")


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    engine = create_async_engine(database.app_url)
    async with open_session(engine, caller("officer", "*")) as opened:
        yield opened
    await engine.dispose()


async def test_cascade_equals_the_recount_of_exported_rows(session: AsyncSession, database: Database) -> None:
    await write(session, History(3, people=900, trainings=300, seats=8))
    await keep(session, database.superuser_url)
    recount, dice = Recount(await export(session)), random.Random(5)
    said: Counter[str] = Counter()
    for _ in range(QUERIES):
        nations, agencies = (dice.sample(kinds, dice.choice([0, 1, 1, 2])) for kinds in (list(NATIONS), list(AGENCIES)))
        on = date(2010, 1, 1) + timedelta(days=dice.randint(0, 2500))
        scope = Scope(on, tuple(nations), tuple(agencies))
        found = await cascade.list_generations(session, scope)
        expected = recount.generations(nations, agencies, on)
        assert {one.tier: without(one, "tier") for one in found} == expected, scope
        said.update(f"tier {one.tier}" for one in found if one.persons)
        said["active"] += sum(bool(one.active_instructors) for one in found)
        outside = await cascade.list_outside(session, scope)
        assert {one.reason: (one.trainings, one.persons, one.completions) for one in outside} == recount.outside(
            nations, on
        )
        said.update(one.reason for one in outside)
        roots = set(dice.sample(list(recount.trainings), dice.choice([1, 3])))
        reach = await cascade.measure_reach(session, [uuid.UUID(one) for one in roots], scope)
        assert {one.tier: (one.trainings, one.persons, one.completions) for one in reach} == recount.reach(
            roots, nations, on
        )
        agency = dice.choice(AGENCIES)
        overlaps = await cascade.list_overlaps(session, scope, agency)
        assert overlaps == recount.overlaps(agency, nations, on)
        said["overlap"] += bool(overlaps)
        nodes = await cascade.list_nodes(session, scope, 10_000)
        assert {str(one.training_id): one.tier for one in nodes} == {
            one: tier for one, tier in recount.placed(on).items() if one in in_scope(recount, nations, agencies, on)
        }
        check_tree(recount, nodes)
        for node in nodes:
            training = recount.trainings[str(node.training_id)]
            flags = (
                recount.has_mixed_team(training),
                recount.is_older_version(training),
                recount.is_short(training, on),
            )
            assert (node.is_mixed, node.is_older_version, node.is_short) == flags, training
            said.update(zip_flags(flags))
    least = ("tier 1", "tier 2", "tier 3", "active", "overlap", "no_lead", "lead_of_unknown_tier", *FLAGS)
    assert min(said[name] for name in least) >= QUERIES / 8, said


def zip_flags(flags: tuple[bool, ...]) -> list[str]:
    """The names of those that are so."""
    return [name for name, is_so in zip(FLAGS, flags, strict=True) if is_so]


def without(generation: cascade.Generation, *names: str) -> Row:
    return {name: value for name, value in asdict(generation).items() if name not in names}


def in_scope(recount: Recount, nations: list[str], agencies: list[str], on: date) -> set[str]:
    found = recount.descent(recount.roots(agencies, on), on) if agencies else set(recount.placed(on))
    completers = recount.completers(nations, on)
    return {one for one in found if not nations or completers[one]}


def check_tree(recount: Recount, nodes: list[cascade.Node]) -> None:
    """Each training hangs from one that made a lead of it, which began earlier and has a lower tier: no circle."""
    for node in nodes:
        if node.parent_id is not None:
            parent = recount.trainings[str(node.parent_id)]
            assert str(node.parent_id) in recount.origins(recount.trainings[str(node.training_id)])
            assert str(parent["starts_on"]) < str(node.starts_on)
            assert recount.tiers[parent["id"]] == node.tier - 1


async def test_officer_of_an_instructor_of_a_partner_is_of_tier_two(
    office: Any, database: Database, app_engine: AsyncEngine
) -> None:
    trainers = await office.course(type="training_of_trainers")
    partner = await office.person(country_code="US", nationality_code="US")
    await make_partner(database, partner["id"])
    first = await office.training(course_code=trainers["code"], starts_on="2010-01-01", ends_on="2010-02-01")
    await office.lead(first, partner)
    p, q = await office.person(), await office.person()
    await office.completed(first, p)
    second = await office.training(starts_on="2010-03-01", ends_on="2010-04-01")
    await office.lead(second, p)
    await office.completed(second, q)
    async with open_session(app_engine, caller("viewer")) as session:
        found = await cascade.list_generations(session, Scope(date(2010, 6, 1), ("MX",)))
        assert [(one.tier, one.persons, one.instructors, one.active_instructors) for one in found] == [
            (1, 1, 1, 1),
            (2, 1, 0, 0),
            (None, 2, None, None),
        ]
        (root, child) = await cascade.list_descendants(session, [uuid.UUID(first["id"])], Scope(date(2010, 6, 1)), 10)
        assert (root.tier, root.parent_id, root.persons) == (1, None, 1)
        assert (child.tier, str(child.parent_id), child.persons) == (2, first["id"], 1)
        later = await cascade.list_generations(session, Scope(date(2012, 6, 1), ("MX",)))
        assert (later[0].leading_instructors, later[0].active_instructors) == (1, 0)


async def make_partner(database: Database, person_id: str) -> None:
    engine = create_async_engine(database.superuser_url)
    async with engine.begin() as connection:
        await connection.execute(
            text("SELECT set_config('app.subject', 'x', true), set_config('app.request_id', 'x', true)")
        )
        await connection.execute(
            text("UPDATE people SET person_type = 'partner_instructor' WHERE id = :id"), {"id": uuid.UUID(person_id)}
        )
    await engine.dispose()


@pytest.fixture
async def chain(office: Any) -> dict[str, Any]:
    """A partner trains P, P trains Q; R takes a class that nobody known leads."""
    trainers = await office.course(type="training_of_trainers")
    partner = await office.person(country_code="US", nationality_code="US", person_type="partner_instructor")
    first = await office.training(course_code=trainers["code"], starts_on="2010-01-01", ends_on="2010-02-01")
    await office.lead(first, partner)
    p, q, r = [await office.person() for _ in range(3)]
    await office.completed(first, p)
    second = await office.training(starts_on="2010-03-01", ends_on="2010-04-01")
    await office.lead(second, p)
    await office.completed(second, q)
    third = await office.training(starts_on="2010-05-01", ends_on="2010-06-01")
    await office.completed(third, r)
    return {"partner": partner, "first": first, "second": second, "third": third, "p": p, "q": q, "r": r}


async def test_cascade_over_http(office: Any, chain: dict[str, Any]) -> None:
    officer = office.api.officer()
    answer = await officer.get("/v1/cascades?country_code=MX&agency_code=US-NM-CD&as_of=2010-12-31&with_nodes=true")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [
        (one["tier"], one["trainings"], one["persons"], one["attendances"], one["instructors"], one["multiplier"])
        for one in found["generations"]
    ] == [(1, 1, 1, 1, 1, "1.00"), (2, 1, 1, 1, 0, None)]
    assert found["total"] == {"trainings": 2, "persons": 2, "completions": 2, "attendances": 2}
    assert [(one["reason"], one["persons"]) for one in found["outside"]] == [("no_lead", 1)]
    assert [(one["training_id"], one["parent_id"]) for one in found["nodes"]] == [
        (chain["first"]["id"], None),
        (chain["second"]["id"], chain["first"]["id"]),
    ]
    hidden = (await office.api.viewer().get("/v1/cascades?country_code=MX&as_of=2010-12-31&with_nodes=true")).json()
    assert {one["persons"] for one in [*hidden["generations"], hidden["total"], *hidden["nodes"]]} == {None}


async def test_what_came_of_a_training_and_of_an_agency(office: Any, chain: dict[str, Any]) -> None:
    officer = office.api.officer()
    whole = (await officer.get(f"/v1/trainings/{chain['first']['id']}/cascade")).json()
    assert (whole["tier"], whole["unknown_reason"]) == (1, None)
    assert [(one["tier"], one["persons"]) for one in whole["reach"]] == [(1, 1), (2, 1)]
    assert whole["total"]["persons"] == 2
    alone = (await officer.get(f"/v1/trainings/{chain['third']['id']}/cascade")).json()
    assert (alone["tier"], alone["unknown_reason"], alone["reach"], alone["nodes"]) == (None, "no_lead", [], [])
    found = (await officer.get("/v1/history?subject=trainings/" + chain["first"]["id"])).json()
    assert found["items"]
    nobody = await officer.get(f"/v1/agencies/{chain['p']['id']}/reach")
    assert nobody.status_code == 404


async def test_where_somebody_stands(office: Any, chain: dict[str, Any]) -> None:
    officer = office.api.officer()
    found = (await officer.get(f"/v1/people/{chain['p']['id']}/cascade?as_of=2010-12-31")).json()
    assert found["trained"] == [
        {
            "training_id": chain["first"]["id"],
            "completed_on": "2010-02-01",
            "is_for_trainers": True,
            "lead_person_ids": [chain["partner"]["id"]],
            "hidden_leads": 0,
        }
    ]
    assert found["led"] == [{"training_id": chain["second"]["id"], "starts_on": "2010-03-01"}]
    assert (found["last_led_on"], found["is_dormant"]) == ("2010-03-01", False)
    assert ([(one["tier"], one["persons"]) for one in found["reach"]], found["total"]["persons"]) == ([(2, 1)], 1)
    mexican = (await office.api.officer("MX").get(f"/v1/people/{chain['p']['id']}/cascade?as_of=2012-01-01")).json()
    assert (mexican["trained"][0]["lead_person_ids"], mexican["trained"][0]["hidden_leads"]) == ([], 1)
    assert mexican["is_dormant"]
    dormant = (await officer.get("/v1/people?is_dormant_instructor=true")).json()["items"]
    assert [one["id"] for one in dormant] == [chain["p"]["id"]]


async def test_records_of_one_person_stand_together(office: Any, chain: dict[str, Any]) -> None:
    officer = office.api.officer()
    twin = await office.person()
    fourth = await office.training(starts_on="2010-07-01", ends_on="2010-08-01")
    await office.lead(fourth, twin)
    await office.completed(fourth, chain["r"])
    merge = {"person_id": twin["id"], "canonical_person_id": chain["p"]["id"], "evidence": "The same badge."}
    assert (await officer.post("/v1/merges", json=merge)).status_code == 201
    for record in (twin, chain["p"]):
        found = (await officer.get(f"/v1/people/{record['id']}/cascade?as_of=2010-12-31")).json()
        assert [one["training_id"] for one in found["led"]] == [chain["second"]["id"], fourth["id"]]
        assert found["total"]["persons"] == 2
    generations = (await officer.get("/v1/cascades?as_of=2010-12-31")).json()["generations"]
    assert [(one["tier"], one["persons"]) for one in generations] == [(1, 1), (2, 2)]


async def test_older_version_and_short_hours_are_flagged(office: Any, chain: dict[str, Any]) -> None:
    officer = office.api.officer()
    course = chain["second"]["course_code"]
    versions = {
        label: await office.post("course-versions", {"course_code": course, "label": label, **said})
        for label, said in {
            "old": {"introduced_on": "2009-01-01", "designed_hours": 20, "language_code": "es"},
            "english": {"introduced_on": "2010-01-15", "designed_hours": 20, "language_code": "en"},
            "current": {"introduced_on": "2010-03-01", "designed_hours": 10, "language_code": "es"},
            "to come": {"introduced_on": "2010-03-02", "designed_hours": 10, "language_code": "es"},
        }.items()
    }

    async def flags(version: str | None, as_of: str = "2010-12-31") -> list[str]:
        training = await office.again("trainings", chain["second"])
        body = {"course_version_id": versions[version]["id"] if version else None}
        answer = await officer.patch(
            f"/v1/trainings/{training['id']}", json=body, headers={"If-Match": f'"{training["version"]}"'}
        )
        assert answer.status_code == 200, answer.text
        found = (await officer.get(f"/v1/cascades?as_of={as_of}&with_nodes=true")).json()
        (node,) = [one for one in found["nodes"] if one["training_id"] == training["id"]]
        (tier,) = [one for one in found["generations"] if one["tier"] == 2]
        assert tier["flags"] == node["flags"]
        assert tier["older_version_trainings"] == ("older_course_version" in node["flags"])
        assert tier["short_trainings"] == ("hours_short" in node["flags"])
        return list(node["flags"])

    assert await flags(None) == []
    assert await flags("current") == []  # no session is recorded: nobody knows how long it was
    assert await flags("english") == []  # a version in another language replaces nothing
    assert await flags("to come") == []
    assert await flags("old") == ["older_course_version"]
    session = await office.session(chain["second"], hours="8")
    assert await flags("current") == []  # 8 of 10 hours
    assert await flags("old") == ["older_course_version", "hours_short"]  # 8 of 20
    assert await flags("old", as_of="2010-03-31") == ["older_course_version"]  # it is not over
    void = {"reason": "Entered in error."}
    voided = await officer.post(
        f"/v1/training-sessions/{session['id']}/void", json=void, headers={"If-Match": f'"{session["version"]}"'}
    )
    assert voided.status_code == 200, voided.text
    assert await flags("old") == ["older_course_version"]
