"""The second line: what the database itself lets the serving role see and write of people, whatever the code asks."""

import importlib.util
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from asyncpg import PostgresError
from chassis.testing import ACTING, Database, caller
from chassis.unit_of_work import open_session
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from trainings import counting, counting_sql, queries
from trainings.counting import Scope
from trainings.domain import PeopleMeasure
from trainings.models import Person
from trainings.settings import MIGRATIONS

TABLES = ("people", "enrollments", "attendances", "completions", "instructor_assignments", "certifications")
ABOUT_THEM = (
    "certification_suspensions", "duplicate_candidates", "identity_documents", "merges", "units", "vetting_records",
)  # fmt: skip
OF_IMPORTS = ("roster_imports", "roster_import_files", "roster_import_plans", "roster_import_rows")
NO_IDENTITY, REFUSED = "28000", "42501"
MEXICO, GEORGIA = caller("officer", "MX"), caller("officer", "GE")
OTHERS = (caller("viewer", "MX"), caller("analyst", "MX"), caller("admin", "*"), caller("officer"))


@dataclass
class Offices:
    """What two countries' offices keep: an id a table and country, and the training that all of it is about."""

    training: str
    ids: dict[str, dict[str, str]]


@pytest.fixture
async def offices(office: Any) -> AsyncIterator[Offices]:
    training = await office.training(beneficiary_country_codes=["MX", "GE"])
    held = await office.session(training, held_on="2009-04-24")
    ids: dict[str, dict[str, str]] = {}
    for country in ("MX", "GE"):
        person = await office.person(country_code=country, nationality_code=country)
        leader = await office.person(country_code=country, nationality_code=country)
        seat = await office.enrollment(training["id"], person["id"])
        present = await office.attendance(seat, held)
        done = await office.completion(seat["id"], "2009-04-24")
        lead = await office.lead(training, leader)
        ids[country] = {
            "people": person["id"],
            "enrollments": seat["id"],
            "attendances": present["id"],
            "certifications": (await office.certification(person, training["course_code"]))["id"],
            "completions": done["id"],
            "instructor_assignments": lead["id"],
            "leader": leader["id"],
        }
    return Offices(training["id"], ids)


async def sqlstate(session: AsyncSession, statement: str) -> str:
    """What the database answers to a statement that it refuses."""
    with pytest.raises(DBAPIError) as refusal:
        await (await session.connection()).execute(text(statement))
    await session.rollback()
    origin = refusal.value.orig.__cause__ if refusal.value.orig else None
    assert isinstance(origin, PostgresError)
    return str(origin.sqlstate)


async def ids_of(session: AsyncSession, table: str) -> set[str]:
    found = await (await session.connection()).execute(text(f"SELECT id FROM {table}"))
    return {str(one) for one in found.scalars()}


async def changed(session: AsyncSession, statement: str) -> int:
    """How many rows a statement changes."""
    return int((await (await session.connection()).execute(text(statement))).rowcount)


@pytest.mark.parametrize("path", ["seqscan", "indexscan"])
async def test_without_an_identity_no_row_is_hidden_in_silence(
    offices: Offices, app_engine: AsyncEngine, path: str
) -> None:
    ids = offices.ids["MX"]
    statements = [f"SELECT count(*) FROM {table}" for table in (*TABLES, "feed")]
    statements += [f"SELECT FROM {table} WHERE id = '{ids[table]}'" for table in TABLES]
    statements += [f"SELECT FROM known_{table}(0)" for table in TABLES]
    statements += [
        "SELECT FROM people WHERE country_code = 'MX'",
        f"SELECT FROM enrollments WHERE training_id = '{offices.training}'",
        "UPDATE people SET sex = 'male'",
        "UPDATE enrollments SET note = null",
        *(statement.replace(":other", f"'{offices.training}'") for statement in writes_about(offices, "MX")),
    ]
    half = ("", "SELECT set_config('app.subject', 'x', true)", "SELECT set_config('app.role', 'officer', true)")
    for statement in statements:
        for before in half:
            async with AsyncSession(app_engine) as session:
                connection = await session.connection()
                await connection.execute(text(f"SET LOCAL enable_{path} = off"))
                if before:
                    await connection.execute(text(before))
                assert await sqlstate(session, statement) == NO_IDENTITY, (statement, before)


async def test_identity_ends_with_its_transaction(offices: Offices, app_engine: AsyncEngine) -> None:
    async with app_engine.connect() as connection:
        await connection.execute(text(ACTING))
        assert await connection.scalar(text("SELECT count(*) FROM people")) == 4
        await connection.commit()
        # The same connection, as the pool hands it on: the setting is empty now, and no longer null.
        assert await connection.scalar(text("SELECT current_setting('app.role')")) == ""
        with pytest.raises(DBAPIError):
            await connection.execute(text("SELECT count(*) FROM people"))


async def test_each_officer_sees_the_rows_of_granted_countries(offices: Offices, app_engine: AsyncEngine) -> None:
    for table in TABLES:
        own = {country: {ids[table]} for country, ids in offices.ids.items()}
        if table == "people":
            own = {country: own[country] | {offices.ids[country]["leader"]} for country in own}
        for who, expected in (
            (MEXICO, own["MX"]),
            (GEORGIA, own["GE"]),
            (caller("officer", "GE", "MX"), own["GE"] | own["MX"]),
            (caller("officer", "*"), own["GE"] | own["MX"]),
            (caller("officer", "FR"), set()),
            *((one, set()) for one in OTHERS),
        ):
            async with open_session(app_engine, who) as session:
                assert await ids_of(session, table) == expected, (table, who)


async def test_marks_find_the_people_of_granted_countries(
    offices: Offices, app_engine: AsyncEngine, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody with all the marks there are finds nobody whose record they may not read."""
    everybody = {country: {ids[one] for one in ("people", "leader")} for country, ids in offices.ids.items()}
    engine = create_async_engine(database.owner_url)
    async with engine.connect() as connection:
        name, match = [
            await connection.scalar(text(f"SELECT array_agg(DISTINCT mark) FROM people, unnest({marks}) AS mark"))
            for marks in ("name_marks", "match_marks")
        ]
    await engine.dispose()
    for who, expected in (
        (MEXICO, everybody["MX"]),
        (GEORGIA, everybody["GE"]),
        (caller("officer", "*"), everybody["GE"] | everybody["MX"]),
        (caller("officer", "FR"), set()),
        *((one, set()) for one in OTHERS),
    ):
        async with open_session(app_engine, who) as session:
            marked = await queries.find_marked(session, match, 50)
            assert {str(one) for found in marked.values() for one in found} == expected, who
            named = await (await session.connection()).execute(
                text("SELECT people_named(ARRAY(SELECT CAST(:marks AS bytea[])::text FROM generate_series(1, 5)), 50)"),
                {"marks": name},
            )
            assert {str(one) for one in named.scalars()} == expected, who
            # However many there are.
            for most in (0, 50):
                monkeypatch.setattr("trainings.queries.marks._MOST_NAMED", most)
                condition = await queries.find_named(session, [name, name])
                found = await session.exec(select(Person.id).where(condition))
                assert {str(one) for one in found} == expected, (who, most)
    async with AsyncSession(app_engine) as session:
        asked = f"SELECT people_marked(ARRAY['\\x{match[0].hex()}'::bytea], 1)"
        assert await sqlstate(session, asked) == NO_IDENTITY


async def test_feed_rows_about_people_are_as_visible_as_they(
    office: Any, offices: Offices, app_engine: AsyncEngine
) -> None:
    moved = offices.ids["MX"]["leader"]
    answer = await office.api.officer().patch(
        f"/v1/people/{moved}", json={"country_code": "GE"}, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 200
    query = "SELECT DISTINCT coalesce(country_codes::text, 'nobody') FROM feed"
    for who, expected in (
        (MEXICO, {"nobody", "{MX}"}),
        # Of the person handed over, and of nobody else, the history from before too.
        (GEORGIA, {"nobody", "{GE}", "{MX}", "{MX,GE}"}),
        (caller("officer", "GE", "MX"), {"nobody", "{MX}", "{GE}", "{MX,GE}"}),
        (caller("officer", "*"), {"nobody", "{MX}", "{GE}", "{MX,GE}"}),
        *((one, {"nobody"}) for one in OTHERS),
    ):
        async with open_session(app_engine, who) as session:
            found = (await (await session.connection()).execute(text(query))).scalars().all()
            assert set(found) == expected, who
    async with open_session(app_engine, GEORGIA) as session:
        connection = await session.connection()
        leads = "SELECT id::text FROM instructor_assignments WHERE person_id = :moved"
        own = {moved, *(await connection.execute(text(leads), {"moved": moved})).scalars()}
        foreign = "SELECT DISTINCT entity_id FROM feed WHERE 'MX' = ANY (country_codes)"
        assert {*(await connection.execute(text(foreign))).scalars()} == own


def writes_about(offices: Offices, country: str) -> list[str]:
    """One statement a table and kind that writes about somebody of the country. None would break another rule."""
    ids = offices.ids[country]
    return [
        (
            "INSERT INTO people (country_code, nationality_code, sex, birth_precision, data_key, given_name)"
            f" VALUES ('{country}', 'MX', 'male', 'not_recorded', 'x', 'x')"
        ),
        f"INSERT INTO enrollments (training_id, person_id, role) VALUES (:other, '{ids['people']}', 'participant')",
        f"INSERT INTO instructor_assignments (training_id, person_id, role) VALUES (:other, '{ids['leader']}', 'lead')",
        f"INSERT INTO completions (enrollment_id, completed_on) VALUES ('{ids['enrollments']}', '2009-04-24')",
        (
            "INSERT INTO certifications (person_id, kind, course_code, issuer_agency_code, issued_on)"
            f" SELECT '{ids['people']}', 'completion', course_code, 'US-NM-CD', '2010-01-01'"
            f" FROM trainings WHERE id = '{offices.training}'"
        ),
    ]


async def test_nobody_writes_about_foreign_people(office: Any, offices: Offices, app_engine: AsyncEngine) -> None:
    other = (await office.training())["id"]
    void = "UPDATE completions SET voided_at = now(), voided_by = 'x', void_reason = 'x', version = 2"
    for who, own, foreign in ((MEXICO, "MX", "GE"), (GEORGIA, "GE", "MX"), *((one, "", "MX") for one in OTHERS)):
        for statement in writes_about(offices, foreign):
            async with open_session(app_engine, who) as session:
                assert await sqlstate(session, statement.replace(":other", f"'{other}'")) == REFUSED, (who, statement)
        ids = offices.ids[foreign]
        async with open_session(app_engine, who) as session:
            for table in ("enrollments", "instructor_assignments"):
                note = f"UPDATE {table} SET note = 'x' WHERE id = '{ids[table]}'"
                assert await changed(session, note) == 0, (who, table)
            hours = f"UPDATE attendances SET hours = 0 WHERE id = '{ids['attendances']}'"
            assert await changed(session, hours) == 0, who
            revoke = "UPDATE certifications SET revoked_on = '2010-01-01', revoke_reason = 'x'"
            assert await changed(session, f"{revoke} WHERE id = '{ids['certifications']}'") == 0, who
            assert await changed(session, f"UPDATE people SET sex = 'male' WHERE id = '{ids['people']}'") == 0
            assert await changed(session, f"{void} WHERE id = '{ids['completions']}'") == 0
            await session.rollback()
        if not own:
            continue
        # The same about one's own is accepted: the statements themselves are right.
        async with open_session(app_engine, who) as session:
            assert await changed(session, f"{void} WHERE id = '{offices.ids[own]['completions']}'") == 1
            for statement in writes_about(offices, own):
                assert await changed(session, statement.replace(":other", f"'{other}'")) == 1, (who, statement)
            await session.rollback()


async def test_nobody_hands_a_person_to_an_office_without_a_grant_for_it(
    offices: Offices, app_engine: AsyncEngine
) -> None:
    move = f"UPDATE people SET country_code = 'GE' WHERE id = '{offices.ids['MX']['people']}'"
    async with open_session(app_engine, MEXICO) as session:
        assert await sqlstate(session, move) == REFUSED
    async with open_session(app_engine, caller("officer", "MX", "GE")) as session:
        assert await changed(session, move) == 1
        await session.rollback()


async def test_hidden_and_absent_person_are_refused_alike(offices: Offices, app_engine: AsyncEngine) -> None:
    """A foreign key alone would take the one and name the other, and a unique rule would tell who has a seat."""
    nobody = "01920000-0000-7000-8000-0000000000ff"
    seat = "INSERT INTO enrollments (training_id, person_id, role) VALUES ('{}', '{}', 'participant')"
    for person in (offices.ids["GE"]["people"], offices.ids["GE"]["leader"], nobody):
        async with open_session(app_engine, MEXICO) as session:
            assert await sqlstate(session, seat.format(offices.training, person)) == REFUSED


async def test_rules_see_everybody(office: Any, offices: Offices) -> None:
    """A training does not start after a completion that the officer who postpones it may not see."""
    no_grant_for_people = office.api.officer("US")
    address = f"/v1/trainings/{offices.training}"
    refused = await no_grant_for_people.patch(address, json={"starts_on": "2009-04-24"}, headers={"If-Match": '"1"'})
    assert refused.status_code == 200
    body = {"starts_on": "2009-05-01", "ends_on": "2009-05-02"}
    refused = await no_grant_for_people.patch(address, json=body, headers={"If-Match": '"2"'})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/starts_on")


async def test_counts_are_of_all_rows_for_every_reader(offices: Offices, app_engine: AsyncEngine) -> None:
    seen = []
    for who in (MEXICO, caller("officer", "*"), *OTHERS):
        async with open_session(app_engine, who) as session:
            (count,) = await counting.count_people(session, PeopleMeasure.officers_trained, Scope(), [date(2100, 1, 1)])
            account = await counting.account_for(session, PeopleMeasure.officers_trained, Scope(), date(2100, 1, 1))
            seen.append((count, account))
    assert (seen[0][0].records, seen[0][0].recorded_persons) == (2, 2)
    assert all(one == seen[0] for one in seen)


async def test_counts_until_a_number_are_those_of_that_moment(
    office: Any, offices: Offices, app_engine: AsyncEngine
) -> None:
    course = await office.course(type="training_of_trainers")
    training = await office.training(course_code=course["code"])
    person = await office.person(country_code="GE", nationality_code="GE")
    measure, day = PeopleMeasure.instructors_trained, date(2100, 1, 1)

    async def count(until: int | None) -> tuple[int, int]:
        async with open_session(app_engine, caller("viewer")) as session:
            (found,) = await counting.count_people(session, measure, Scope(), [day], until)
            account = await counting.account_for(session, measure, Scope(), day, until)
        assert found.persons == account.counted.persons
        return found.persons, found.records

    async def head() -> int:
        async with app_engine.connect() as connection:
            return int(await connection.scalar(text("SELECT number FROM feed_head")) or 0)

    before = await head()
    await office.completed(training, person)
    after = await head()
    done = (await office.api.officer().get(f"/v1/completions?person_id={person['id']}")).json()["items"][0]
    why = {"reason": "Entered twice."}
    voided = await office.api.officer().post(
        f"/v1/completions/{done['id']}/void", json=why, headers={"If-Match": '"1"'}
    )
    assert voided.status_code == 200
    assert [await count(until) for until in (before, after, None, await head())] == [(0, 0), (1, 1), (0, 0), (0, 0)]


async def test_unknown_measure_is_an_error_and_no_zero(app_engine: AsyncEngine) -> None:
    async with open_session(app_engine, MEXICO) as session:
        call = "SELECT * FROM count_people('persons', null, '{}', null, null, '{2020-01-01}')"
        assert await sqlstate(session, call) == "20000"  # case not found


async def test_posture_of_the_database(superuser_engine: AsyncEngine, database: Database) -> None:
    """The traps of row security: who is exempt from it, and what runs as somebody who is."""
    async with superuser_engine.connect() as connection:
        exempt = await connection.execute(
            text("SELECT rolname FROM pg_roles WHERE rolname = 'trainings_app' AND (rolsuper OR rolbypassrls)")
        )
        assert exempt.scalars().all() == []
        owned = "SELECT relname FROM pg_class WHERE relowner = 'trainings_app'::regrole"
        assert (await connection.execute(text(owned))).scalars().all() == []
        member = "SELECT count(*) FROM pg_auth_members WHERE member = 'trainings_app'::regrole"
        assert await connection.scalar(text(member)) == 0
        secured = await connection.execute(text("SELECT relname FROM pg_class WHERE relrowsecurity"))
        assert set(secured.scalars()) == {*TABLES, *ABOUT_THEM, *OF_IMPORTS, "feed"}
        views = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')"
        assert await connection.scalar(text(views)) == 0
        definers = await connection.execute(
            text(
                "SELECT proname, array_to_string(proconfig, ' '), has_function_privilege('public', oid, 'EXECUTE'),"
                " prorettype = 'trigger'::regtype, has_function_privilege('trainings_app', oid, 'EXECUTE')"
                " FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
            )
        )
        called = set()
        for name, settings, is_public, is_trigger, is_callable in definers:
            assert re.search(r"search_path=pg_catalog, public, pg_temp", settings or ""), name
            assert not is_public, name
            if is_callable and not is_trigger:
                called.add(name)
        assert called == {
            "account_for", "account_for_trainings", "analyze_rosters", "canonical_person", "cascade_descendants",
            "cascade_generations", "cascade_nodes", "cascade_overlaps", "cascade_reach", "changed_since", "count_leads",
            "count_people", "count_trainings", "end_roster_import_task", "feed_number_at", "has_records",
            "outside_cascade", "people_marked", "people_named", "takes_attendance", "training_tiers",
        }  # fmt: skip


def test_counting_rules_come_with_a_migration() -> None:
    """Databases that stand have the functions of the newest migration that made them."""
    made = {}
    for path in sorted((MIGRATIONS / "versions").glob("*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if found := getattr(module, "COUNTING", None):
            made[path.name] = found
    newest = max(made)
    assert made[newest] == counting_sql.DIGEST, (
        f"The counting rules are no longer those of {newest}. Add a migration that calls `create_counting` and says "
        f'COUNTING = "{counting_sql.DIGEST}".'
    )
