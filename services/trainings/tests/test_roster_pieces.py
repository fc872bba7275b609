"""A roster that is worked on piece by piece, and what others do meanwhile: seen, shown, never written over."""

import csv
import io
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from chassis.tables.reading import read_table
from chassis.tokens import Caller
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession
from trainings.service.roster_imports import evaluating, tasks, undoing

from .imports import Importer, TestDesk, as_csv

NAMES = ("given_name", "surname_1", "surname_2", "birth_date", "sex", "nationality")
PEOPLE = (
    ("Ana", "Primera", "Bravo", "1980-05-12", "female", "Mexico"),
    ("Eva", "Segunda", "Charro", "1981-06-13", "female", "Mexico"),
    ("Luz", "Tercera", "Durazno", "1982-07-14", "female", "Mexico"),
    ("Sol", "Cuarta", "Encina", "1983-08-15", "female", "Mexico"),
    ("Mar", "Quinta", "Fresno", "1984-09-16", "female", "Mexico"),
)


@pytest.fixture
def importer(office: Any) -> Importer:
    return Importer(office.api)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows at a time."""
    monkeypatch.setattr(evaluating, "AT_ONCE", 2)
    monkeypatch.setattr(tasks, "AT_ONCE", 2)
    monkeypatch.setattr(undoing, "ROWS_AT_ONCE", 2)


@dataclass
class WatchedDesk(TestDesk):
    """Whoever looks after each transaction sees so many rows done."""

    __test__ = False

    importer: Importer | None = None
    one: dict[str, Any] = field(default_factory=dict)
    seen: list[int] = field(default_factory=list)

    @asynccontextmanager
    async def transaction(self, who: Caller, *, rights_again: bool = False) -> AsyncIterator[AsyncSession]:
        async with super().transaction(who, rights_again=rights_again) as session:
            yield session
        assert self.importer is not None
        self.seen.append((await self.importer.get(self.one))["progress"]["done"])


@pytest.mark.usefixtures("small_pieces")
async def test_progress_moves_while_the_work_is_under_way(office: Any, importer: Importer) -> None:
    training = await office.training()
    one = await importer.upload(as_csv(NAMES, PEOPLE), training_id=training["id"])
    for verb in ("check", "commit", "undo"):
        asked = await importer.ask(one, verb)
        assert asked.status_code == 202, asked.text
        desk = WatchedDesk(office.api, [importer.who], importer=importer, one=one)
        await getattr(tasks, f"{verb}_import")(desk, office.api.app.state.import_tools, _id(one))
        assert desk.seen[0] == 0
        assert {2, 4} <= set(desk.seen), (verb, desk.seen)
        assert desk.seen[-1] == len(PEOPLE)
        one = await importer.get(one)
        assert one["status"] == "succeeded", one["problem"]
    assert (one["result"]["people_created"], one["undo_result"]["people_removed"]) == (5, 5)


def _id(one: dict[str, Any]) -> Any:
    return uuid.UUID(one["id"])


@pytest.mark.usefixtures("small_pieces")
async def test_people_of_one_file_are_proposed_as_one_by_the_rules_of_two_records(
    office: Any, importer: Importer
) -> None:
    training = await office.training()
    rows = [
        *PEOPLE,
        ("Anna", "Primera", "Bravo", "1980-05-12", "female", "Mexico"),  # a letter more: the birth date is the same
        ("Eva", "Segunda", "Charro", "1981", "female", "Mexico"),  # the year alone
        ("Luz", "Tercera", "Durazno", "1972-07-14", "female", "Mexico"),  # ten years older: somebody else
        ("Sol", "Cuarta", "Encina", "", "female", "Mexico"),  # nothing of the birth
    ]
    one = await importer.do(await importer.upload(as_csv(NAMES, rows), training_id=training["id"]), "check")
    asked = await importer.rows(one, outcome="possible_duplicate")
    assert [
        (row["row"], [(each["row"], each["person_id"], each["name"]) for each in row["candidates"]]) for row in asked
    ] == [
        (7, [(2, None, "Ana Primera Bravo")]),
        (8, [(3, None, "Eva Segunda Charro")]),
        (10, [(5, None, "Sol Cuarta Encina")]),
    ]
    assert asked[0]["candidates"][0]["reasons"] == ["birth date is the same", "names alike (97)"]
    decided = [{"kind": "person", "row": 7, "person_id": None}, {"kind": "exclude", "row": 8}]
    one = await importer.correct(one, *decided, {"kind": "exclude", "row": 10})
    one = await importer.do(one, "commit")
    assert one["result"]["people_created"] == 7, one["problem"]


async def test_commit_heeds_what_others_did_since_the_check_where_it_matters(
    office: Any, importer: Importer, superuser_engine: AsyncEngine
) -> None:
    training = await office.training()
    other = await office.training()
    one = await importer.do(await importer.upload(as_csv(NAMES, PEOPLE), training_id=training["id"]), "check")
    # Somebody like a row is recorded, so that the row may be about them.
    await office.person(given_name="Ana", surname_1="Primera", surname_2="Bravo", birth_date="1980-05-12",
                        birth_precision="day")  # fmt: skip
    refused = await importer.do(one, "commit")
    assert (refused["stage"], refused["problem"]["code"]) == ("checked", "roster_has_errors")
    one = await importer.do(refused, "check")
    [asked] = await importer.rows(one, outcome="possible_duplicate")
    found = asked["candidates"][0]["person_id"]
    one = await importer.correct(one, {"kind": "person", "row": asked["row"], "person_id": found})
    # Of nobody in the file, and in another training: what the check found stands, though the plans are not made anew.
    stranger = await office.person(given_name="Zoe", surname_1="Lejana", surname_2=None)
    await office.enrollment(other["id"], stranger["id"])
    async with superuser_engine.connect() as connection:
        parts = "SELECT md5(string_agg(content, '' ORDER BY part)) FROM roster_import_plans"
        kept = (await connection.execute(text(parts))).scalar_one()
    assert kept is not None
    # The seat that a row takes is taken by somebody else's hand: the row would change it, not make it.
    await office.enrollment(training["id"], found)
    refused = await importer.do(one, "commit")
    assert refused["problem"]["code"] == "roster_changed"
    async with superuser_engine.connect() as connection:
        assert (await connection.execute(text(parts))).scalar_one() == kept  # what was found out anew is rolled back
    one = await importer.do(refused, "check")
    assert one["counts"]["unchanged"] == 1
    await office.person(given_name="Zoa", surname_1="Remota", surname_2=None)
    one = await importer.do(one, "commit")
    assert (one["result"]["people_created"], one["result"]["rows_unchanged"]) == (4, 1), one["problem"]
    async with superuser_engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM roster_import_plans"))).scalar_one() == 0


RESULTS = (*NAMES, "status", "level", "note")


async def test_same_file_keeps_what_was_edited_since_and_says_so(office: Any, importer: Importer) -> None:
    training = await office.training()
    rows = [(*person, "enrolled", "line", "") for person in PEOPLE[:2]]
    content = as_csv(RESULTS, rows)
    first = await importer.do(await importer.upload(content, training_id=training["id"]), "check")
    first = await importer.do(first, "commit")
    assert first["status"] == "succeeded", first["problem"]
    seats = {row["person_id"]: row["enrollment_id"] for row in await importer.rows(first)}
    person_id, seat_id = next(iter(seats.items()))
    edited = await importer.client.patch(
        f"/v1/enrollments/{seat_id}", json={"level": "senior"}, headers={"If-Match": '"1"'}
    )
    assert edited.status_code == 200
    named = await importer.client.patch(
        f"/v1/people/{person_id}", json={"birth_date": "1980-05-21"}, headers={"If-Match": '"1"'}
    )
    assert named.status_code == 200
    again = await importer.do(await importer.upload(content, training_id=training["id"]), "check")
    assert (again["counts"]["unchanged"], again["counts"]["with_warnings"]) == (2, 1)
    [row] = await importer.rows(again, code="edited_since")
    assert [(each["field"], each["column"]) for each in row["warnings"]] == [
        ("birth_date", "birth_date"),
        ("level", "level"),
    ]
    # Another file says something new of it: that is offered, and nothing else of the row.
    changed = as_csv(RESULTS, [(*rows[0][:-1], "Sits in front"), rows[1]])
    other = await importer.do(await importer.upload(changed, training_id=training["id"]), "check")
    row = (await importer.rows(other))[0]
    assert [(each["field"], each["after"]) for each in row["changes"]] == [("note", "Sits in front")]
    # Whoever means the older value says so.
    meant = await importer.correct(again, {"kind": "value", "row": row["row"], "field": "level", "text": "line"})
    row = (await importer.rows(meant))[0]
    assert [(each["field"], each["before"], each["after"]) for each in row["changes"]] == [("level", "senior", "line")]


async def test_an_undo_is_previewed_and_keeps_its_word(office: Any, importer: Importer) -> None:
    training = await office.training()
    one = await importer.upload(as_csv(NAMES, PEOPLE), training_id=training["id"])
    address = f"/v1/roster-imports/{one['id']}/undo-preview"
    early = await importer.client.get(address)
    assert (early.status_code, early.json()["code"]) == (409, "roster_import_stage")
    one = await importer.do(await importer.do(one, "check"), "commit")
    rows = await importer.rows(one)
    await importer.client.patch(
        f"/v1/enrollments/{rows[1]['enrollment_id']}", json={"level": "mid"}, headers={"If-Match": '"1"'}
    )
    other = await office.training()
    await office.enrollment(other["id"], rows[2]["person_id"])
    preview = (await importer.client.get(address)).json()
    assert [(each["row"], each["field"]) for each in preview["kept"]] == [(3, None), (3, None), (4, None)]
    assert (preview["seats_removed"], preview["people_removed"]) == (4, 3)
    assert (await importer.client.get(address)).json() == preview
    undone = (await importer.do(one, "undo"))["undo_result"]
    assert {name: undone[name] for name in preview} == preview


async def test_rows_are_downloaded_as_tables_with_what_is_wrong(office: Any, importer: Importer) -> None:
    training = await office.training()
    rows = [PEOPLE[0], ("=Eva", "Segunda", "Charro", "1981-06-13", "Femal", "Mexcio")]
    one = await importer.do(await importer.upload(as_csv(NAMES, rows), training_id=training["id"]), "check")
    address = f"/v1/roster-imports/{one['id']}/rows"
    answer = await importer.client.get(address, params={"format": "csv", "outcome": "error", "excel": "true"})
    assert answer.headers["content-disposition"] == 'attachment; filename="rows.csv"'
    [found] = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert (found["row"], found["outcome"], found["given_name"], found["sex"]) == ("3", "error", "'=Eva", "Femal")
    assert found["what is wrong"].splitlines() == [
        "“Femal” is not known here. Did you mean female?",
        "“Mexcio” is not a country known here. Did you mean Mexico (MX)?",
        "This text looks like a formula. It was not calculated; type the value.",
    ]
    whole = await importer.client.get(address, headers={
        "Accept": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"})  # fmt: skip
    table = read_table(whole.content, file_name="rows.xlsx")
    assert [row.texts[6:8] for row in table.rows()] == [["Ana", "Primera"], ["=Eva", "Segunda"]]
    assert whole.headers["content-length"] == str(len(whole.content))
