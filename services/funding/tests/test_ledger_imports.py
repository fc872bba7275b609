"""Files of ledger entries: read, checked by the ledger's own rules, proposed by one, committed by another, taken back."""

import asyncio
import csv
import io
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from chassis.tables.faults import RefusedCell
from chassis.tables.writing import PlainWorkbook
from chassis.testing import Api, Database, caller
from chassis.tokens import Caller
from funding.service.ledger_imports.reading import read_amount
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

HEADER = ("Fund line", "Kind", "Amount", "Date", "Agreement", "Line", "Adjusts", "Draws on", "Document", "Memo")
AT = {name: place for place, name in enumerate(HEADER)}
MAKER = caller("officer").subject
Json = dict[str, Any]


def row(kind: str, amount: str, day: str = "2012-03-01", line: str = "MX-CORR", **more: str) -> list[str]:
    """A row of a file, by the names of its columns."""
    cells = [line, kind, amount, day, *[""] * 6]
    for name, value in more.items():
        cells[AT[name.capitalize().replace("_", " ")]] = value
    return cells


GOOD = [
    row("Allotment", "$1,000.00", document="Advice 12"),
    row("Commitment", "800"),
    row("Obligation", "700.00", agreement="LOA", draws_on="row 3"),
    row("payment", "USD 250.00", agreement="LOA"),
    row("de-obligation", "100.0", agreement="LOA", adjusts="row 4"),
]  # fmt: skip


def as_csv(rows: list[list[str]], header: tuple[str, ...] = HEADER) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue().encode()


class Desk:
    """Steps of imports, by the officer who proposes and by the one who commits."""

    def __init__(self, api: Api, make: Any) -> None:
        self.api, self.make = api, make

    async def send(
        self, content: bytes, media_type: str = "text/csv", query: str = "", **headers: str
    ) -> httpx.Response:
        headers = {"Content-Type": media_type, "Idempotency-Key": str(uuid.uuid4())} | headers
        return await self.make.officer.post(f"/v1/ledger-imports{query}", content=content, headers=headers)

    async def step(self, one: Json, verb: str, body: Json | None = None, who: Any = None) -> httpx.Response:
        headers = {"If-Match": f'"{one["version"]}"'}
        address = f"/v1/ledger-imports/{one['id']}/{verb}"
        return await (who or self.make.officer).post(address, json=body, headers=headers)

    async def done(self, one: Json, verb: str, body: Json | None = None, who: Any = None) -> Json:
        answer = await self.step(one, verb, body, who)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def checked(self, content: bytes, **more: Any) -> Json:
        answer = await self.send(content, **more)
        assert answer.status_code == 201, answer.text
        return await self.done(answer.json(), "check")

    async def proposed(self, content: bytes) -> Json:
        return await self.done(await self.checked(content), "propose")

    async def committed(self, content: bytes) -> Json:
        return await self.done(await self.proposed(content), "commit", who=self.make.approver)

    async def rows(self, one: Json, query: str = "") -> list[Json]:
        answer = await self.make.officer.get(f"/v1/ledger-imports/{one['id']}/rows{query}")
        return list(answer.json()["items"])

    async def errors(self, one: Json) -> dict[int, list[tuple[str, str]]]:
        return {
            each["row"]: [(error["field"], error["code"]) for error in each["errors"]]
            for each in await self.rows(one, "?outcome=error")
        }

    async def entries(self, query: str = "") -> list[Json]:
        answer = await self.make.officer.get(f"/v1/ledger-entries?limit=500&sort=created_at{query}")
        return list(answer.json()["items"])


@pytest.fixture
def desk(api: Api, make: Any) -> Desk:
    return Desk(api, make)


async def test_good_file_is_recorded_as_the_forms_would_record_it(desk: Desk, make: Any) -> None:
    await make.controlled()
    one = await desk.checked(as_csv(GOOD))
    assert one["counts"] == {"rows": 5, "new": 5, "unchanged": 0, "error": 0, "excluded": 0}
    assert one["columns"][7]["field"] == "commitment_entry"
    assert await desk.entries() == []
    one = await desk.done(one, "propose")
    assert await desk.entries() == []
    one = await desk.done(one, "commit", who=make.approver)
    held = await make.balances()
    assert {name: held[name] for name in ("obligated", "unliquidated", "unobligated", "committed", "disbursed")} == {
        "obligated": "600.00", "unliquidated": "350.00", "unobligated": "400.00", "committed": "100.00",
        "disbursed": "250.00",
    }  # fmt: skip
    assert (one["stage"], one["proposed_by"], one["committed_by"]) == ("committed", "Test officer", "Test approver")
    told = [(t["kind"], t["total"]["stage"], t["total"]["amount"]["amount"]) for t in one["totals"]]
    assert told == [
        ("allotment", "allotted", "1000.00"), ("commitment", "committed", "800.00"),
        ("commitment_release", "committed", "-700.00"), ("obligation", "obligated", "700.00"),
        ("deobligation", "obligated", "-100.00"), ("disbursement", "disbursed", "250.00"),
    ]  # fmt: skip
    for total in one["totals"]:
        summed = (await make.officer.get(total["total"]["entries_url"])).json()["items"]
        assert len(summed) == total["total"]["entries"] == 1
        assert summed[0]["signed"] == total["total"]["amount"]
    entries = {entry["kind"]: entry for entry in await desk.entries()}
    assert {entry["ledger_import_id"] for entry in entries.values()} == {one["id"]}
    assert {kind: entry["ledger_import_row"] for kind, entry in entries.items()} == {
        "allotment": 2, "commitment": 3, "obligation": 4, "commitment_release": 4, "disbursement": 5, "deobligation": 6,
    }  # fmt: skip
    assert entries["deobligation"]["adjusts_entry_id"] == entries["obligation"]["id"]
    assert entries["allotment"]["document_reference"] == "Advice 12"
    assert {each["row"]: each["ledger_entry_id"] for each in await desk.rows(one)}[4] == entries["obligation"]["id"]
    proposals = (await make.officer.get(f"/v1/entry-proposals?ledger_import_id={one['id']}")).json()["items"]
    assert {(each["status"], each["proposed_by"], each["decided_by"]) for each in proposals} == {
        ("posted", "Test officer", "Test approver")
    }
    assert len(proposals) == 5


async def test_whoever_proposes_does_not_commit(desk: Desk, make: Any) -> None:
    await make.controlled()
    one = await desk.proposed(as_csv(GOOD))
    refused = await desk.step(one, "commit")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    elsewhere = desk.api.as_caller(Caller("other", "Other", "officer", frozenset({"GE"})))
    assert (await desk.step(one, "commit", who=elsewhere)).status_code == 403
    assert (await desk.step(one, "commit", who=desk.api.analyst())).status_code == 403
    assert await desk.entries() == []
    # What is proposed stays as it is, until somebody sends it back.
    correction = {"items": [{"kind": "exclude", "row": 2}]}
    assert (await desk.step(one, "corrections", correction)).json()["code"] == "ledger_import_stage"
    one = await desk.done(one, "decline", {"reason": "Look at row 4."}, who=make.approver)
    assert (one["stage"], one["declined_by"], one["decline_reason"]) == ("checked", "Test approver", "Look at row 4.")


async def test_the_database_keeps_maker_and_approver_apart(desk: Desk, make: Any, database: Database) -> None:
    await make.controlled()
    await make.fund_line(code="MX-FREE")
    one = await desk.proposed(as_csv(GOOD))
    engine = create_async_engine(database.app_url)
    acting = "SELECT set_config('app.subject', :who, true), set_config('app.request_id', '-', true)"
    cells = "UPDATE ledger_import_rows SET cells = '{}' WHERE ledger_import_id = :id"
    commit = (
        "UPDATE ledger_imports SET stage = 'committed', committer_id = 'x', committed_by = 'x', committed_at = now() "
        "WHERE id = :id"
    )
    entry = (
        "INSERT INTO ledger_entries (fund_line_code, kind, amount, currency, effective_date, ledger_import_id, "
        "ledger_import_row) VALUES ('{}', 'allotment', 5, 'USD', '2012-03-01', :id, 2)"
    )
    for who, statement, rule in (
        ("test-approver", cells, "proposed_rows_stay"),
        ("test-approver", commit, "import_names_who_acts"),
        (MAKER, entry.format("MX-FREE"), "import_committed_by_another"),
        ("test-approver", entry.format("MX-CORR"), "posted_by_another"),
    ):
        with pytest.raises(DBAPIError) as refused:
            async with engine.begin() as connection:
                await connection.execute(text(acting), {"who": who})
                await connection.execute(text(statement), {"id": one["id"]})
        found = getattr(refused.value.orig, "__cause__", None)
        assert getattr(found, "constraint_name", None) == rule, (rule, refused.value)
    await engine.dispose()


async def test_every_fault_is_told_at_its_row_and_column(desk: Desk, make: Any) -> None:
    await make.controlled()
    rows = [
        row("Allotment", "1000"),  # 2
        row("Obligatoin", "5"),  # 3
        row("Obligation", "1.250,00", agreement="LOA"),  # 4
        row("Obligation", "-5", agreement="LOA"),  # 5
        row("Obligation", "5", "2012-02-30", agreement="LOA"),  # 6
        row("Obligation", "5", line="MX-NONE", agreement="LOA"),  # 7
        row("Obligation", "5", agreement="LOB"),  # 8
        row("Obligation", "5", agreement="LOA", memo="x" * 10_001),  # 9
        row("Obligation", "5"),  # 10: of no agreement
        row("Obligation", "1500", agreement="LOA"),  # 11: F1
        row("Obligation", "5", "2017-10-01", agreement="LOA"),  # 12: F6
        row("Deobligation", "5", agreement="LOA", adjusts="row 99"),  # 13
        row("Deobligation", "5", agreement="LOA", adjusts="row 11"),  # 14: of a row that is wrong
        row("", "5"),  # 15
        row("Allotment", "5", datetime.now(UTC).date().replace(year=2090).isoformat()),  # 16
        row("closing", "5"),  # 17
        row("Allotment", "5.123"),  # 18
        row("Obligation", "300", agreement="LOA"),  # 19: good
    ]  # fmt: skip
    one = await desk.checked(as_csv(rows))
    assert await desk.errors(one) == {
        3: [("kind", "unknown_value")],
        4: [("amount", "ambiguous_amount")],
        5: [("amount", "negative_amount")],
        6: [("effective_date", "no_such_day")],
        7: [("fund_line_code", "unknown_code")],
        8: [("agreement_code", "unknown_code")],
        9: [("note", "string_too_long")],
        10: [("agreement_code", "entry_has_its_line")],
        11: [("amount", "f1")],
        12: [("effective_date", "f6")],
        13: [("adjusts_entry", "unknown_row")],
        14: [("adjusts_entry", "fk_ledger_entries_adjusts_entry_id")],
        15: [("kind", "missing")],
        16: [("effective_date", "in_the_future")],
        17: [("kind", "closed_by_a_proposal")],
        18: [("amount", "ambiguous_amount")],
    }
    of_rule = next(each for each in await desk.rows(one, "?outcome=error") if each["row"] == 11)["errors"][0]
    assert of_rule["column"] == "Amount"
    assert "F1" in of_rule["message"]
    assert "allotted 1000.00 does not cover committed 0 and obligated 1800.00" in of_rule["message"]
    assert of_rule["message"].endswith("record the allotment first, dated no later.")
    assert one["counts"] == {"rows": 18, "new": 2, "unchanged": 0, "error": 16, "excluded": 0}
    refused = await desk.step(one, "propose")
    assert (refused.status_code, refused.json()["code"]) == (409, "ledger_import_has_errors")
    assert await desk.entries() == []
    # Mended by hand, or left out by name.
    items = [{"kind": "exclude", "row": number} for number in (await desk.errors(one)) if number != 4]
    items.append({"kind": "value", "row": 4, "field": "amount", "text": "1,250.00"})
    one = await desk.done(one, "corrections", {"items": items})
    assert await desk.errors(one) == {4: [("amount", "f1")]}
    one = await desk.done(one, "corrections", {"items": [items[-1] | {"text": "12.50"}]})
    assert one["counts"] == {"rows": 18, "new": 3, "unchanged": 0, "error": 0, "excluded": 15}
    one = await desk.done(await desk.done(one, "propose"), "commit", who=make.approver)
    assert (await make.balances())["obligated"] == "312.50"


async def test_rows_may_stand_in_any_order(desk: Desk, make: Any) -> None:
    await make.controlled()
    one = await desk.committed(as_csv([*reversed(GOOD[3:4]), *GOOD[:1], row("Obligation", "700", agreement="LOA")]))
    assert one["counts"]["new"] == 3
    assert (await make.balances())["disbursed"] == "250.00"


async def test_the_same_file_again_changes_nothing_and_says_so(desk: Desk, make: Any) -> None:
    await make.controlled()
    twice = [*GOOD[:1], row("Allotment", "5"), row("Allotment", "5")]
    first = await desk.committed(as_csv(twice))
    before = await desk.entries()
    again = await desk.checked(as_csv(twice))
    assert again["repeats"] == {
        "ledger_import_id": first["id"], "committed_at": first["committed_at"], "committed_by": "Test approver",
    }  # fmt: skip
    assert again["counts"] == {"rows": 3, "new": 0, "unchanged": 3, "error": 0, "excluded": 0}
    assert [each["imported_before"]["row"] for each in await desk.rows(again)] == [2, 3, 4]
    assert (await desk.step(again, "propose")).json()["code"] == "ledger_import_stage"
    # Another file: what it says again is known, a third of two alike is new.
    more = await desk.committed(as_csv([*twice, row("Allotment", "5.00"), row("Allotment", "$5")]))
    assert more["counts"] == {"rows": 5, "new": 2, "unchanged": 3, "error": 0, "excluded": 0}
    assert await desk.entries() != before
    assert (await make.balances())["allotted"] == "1020.00"


async def test_all_or_nothing_when_a_row_breaks_a_rule_after_the_check(desk: Desk, make: Any) -> None:
    line = await make.controlled()
    await make.posted("allotment", "100.00")
    one = await desk.proposed(as_csv([row("Commitment", "20"), row("Obligation", "80", agreement="LOA")]))
    await make.posted("obligation", "50.00", agreement_line_id=line["id"])
    before = await desk.entries()
    refused = await desk.step(one, "commit", who=make.approver)
    assert (refused.status_code, refused.json()["rule"]) == (409, "F1")
    assert await desk.entries() == before
    assert (await make.officer.get(f"/v1/entry-proposals?ledger_import_id={one['id']}")).json()["items"] == []
    assert (await make.officer.get(f"/v1/ledger-imports/{one['id']}")).json()["stage"] == "proposed"


async def test_two_commits_at_once_record_once(desk: Desk, make: Any) -> None:
    await make.controlled()
    one = await desk.proposed(as_csv(GOOD))
    other = await desk.proposed(as_csv([*GOOD, row("Allotment", "7")]))
    third = desk.api.as_caller(Caller("third", "Third", "officer", frozenset({"*"})))
    answers = await asyncio.gather(
        desk.step(one, "commit", who=make.approver), desk.step(one, "commit", who=third),
        desk.step(other, "commit", who=make.approver),
    )  # fmt: skip
    assert min(answer.status_code for answer in answers) == 200
    assert sorted(answer.status_code for answer in answers)[1] in {409, 412}
    assert len([entry for entry in await desk.entries() if entry["kind"] == "obligation"]) == 1
    if answers[2].status_code != 200:
        assert answers[2].json()["code"] == "ledger_import_changed", answers[2].text
        sent_back = await desk.done(other, "decline", {"reason": "Check it again."}, who=make.approver)
        assert (await desk.done(sent_back, "check"))["counts"]["new"] == 1


async def test_undo_restores_every_balance_and_keeps_what_was(desk: Desk, make: Any) -> None:
    line = await make.controlled()
    await make.posted("allotment", "50.00", "2012-01-01")
    await make.posted("obligation", "20.00", "2012-02-01", agreement_line_id=line["id"])
    days = ("2012-02-01", "2012-06-01", "2012-09-30", "2013-01-01", "2026-01-01")
    before = {day: await make.balances(day) for day in days}
    one = await desk.committed(as_csv(GOOD))
    during = await make.balances("2012-06-01")
    assert during != before["2012-06-01"]
    undo = {"reason": "Of another office.", "effective_date": "2012-02-28"}
    early = await desk.step(one, "undo", undo)
    assert (early.status_code, early.json()["errors"][0]["code"]) == (422, "before_an_entry")
    one = await desk.done(one, "undo", undo | {"effective_date": "2012-09-30"})
    assert (await desk.step(one, "commit-undo")).status_code == 403
    assert len(await desk.entries("&reverses_entry_id_is_null=false")) == 0
    one = await desk.done(one, "commit-undo", who=make.approver)
    assert (one["stage"], one["undo"]["committed_by"]) == ("undone", "Test approver")
    for day in days:
        assert await make.balances(day) == (during if day == "2012-06-01" else before[day]), day
    reversals = await desk.entries("&reverses_entry_id_is_null=false")
    assert len(reversals) == 6
    assert {each["reverses_entry_id"] for each in reversals} == {
        each["id"] for each in await desk.entries(f"&ledger_import_id={one['id']}")
    }
    assert one["totals"][0]["total"]["amount"]["amount"] == "1000.00"
    # Taken back it is in the ledger no more, so the file can be imported anew.
    again = await desk.committed(as_csv(GOOD))
    assert (again["repeats"], again["counts"]["new"]) == (None, 5)


async def test_undo_is_refused_where_later_entries_stand_on_it(desk: Desk, make: Any) -> None:
    line = await make.controlled()
    one = await desk.committed(as_csv(GOOD))
    obligation = next(entry for entry in await desk.entries() if entry["kind"] == "obligation")
    over = {"adjusts_entry_id": obligation["id"], "agreement_line_id": line["id"]}
    later = await make.posted("deobligation", "10.00", "2012-05-01", **over)
    undo = {"reason": "Of another office.", "effective_date": "2012-09-30"}
    refused = (await desk.step(one, "undo", undo)).json()
    assert refused["code"] == "undo_refused"
    assert later["id"] in refused["detail"]
    reversal = {"reverses_entry_id": later["id"], "agreement_line_id": line["id"]}
    await make.posted("deobligation", "10.00", "2012-05-02", **reversal)
    await make.posted("disbursement", "30.00", "2012-05-03", agreement_line_id=line["id"])
    refused = (await desk.step(one, "undo", undo)).json()
    assert (refused["code"], refused["rule"]) == ("undo_refused", "F2")
    assert "MX-CORR on 2012-09-30: disbursed 30.00 against obligated 0.00" in refused["detail"]
    assert await desk.entries("&reverses_entry_id_is_null=false&ledger_import_id_is_null=true&kind=allotment") == []


async def test_fund_lines_without_an_account_are_recorded_by_two_as_well(desk: Desk, make: Any) -> None:
    await make.fund_line()
    rows = [row("obligation", "5"), row("disbursement", "3"), row("obligation", "5", agreement="LOA")]
    one = await desk.checked(as_csv(rows[:2]))
    assert one["counts"]["new"] == 2
    proposed = await desk.done(one, "propose")
    assert (await desk.step(proposed, "commit")).status_code == 403
    committed = await desk.done(proposed, "commit", who=make.approver)
    assert [entry["proposal_id"] for entry in await desk.entries()] == [None, None]
    undone = await desk.done(committed, "undo", {"reason": "Twice."})
    assert (await desk.done(undone, "commit-undo", who=make.approver))["stage"] == "undone"
    assert await desk.errors(await desk.checked(as_csv(rows[2:]))) == {2: [("agreement_code", "unknown_code")]}


async def test_dates_of_two_readings_are_asked_about(desk: Desk, make: Any) -> None:
    await make.controlled()
    sent = (await desk.send(as_csv([row("Allotment", "5", "03/04/2012")]))).json()
    assert (sent["stage"], sent["date_order"], sent["is_date_order_needed"]) == ("read", None, True)
    refused = (await desk.step(sent, "check")).json()
    assert [error["code"] for error in refused["errors"]] == ["date_order_needed"]
    address, headers = f"/v1/ledger-imports/{sent['id']}", {"If-Match": f'"{sent["version"]}"'}
    one = (await make.officer.patch(address, json={"date_order": "dmy"}, headers=headers)).json()
    one = await desk.done(one, "check")
    one = await desk.done(await desk.done(one, "propose"), "commit", who=make.approver)
    assert [entry["effective_date"] for entry in await desk.entries()] == ["2012-04-03"]


async def test_serial_dates_workbooks_and_pasted_cells(desk: Desk, make: Any) -> None:
    await make.controlled()
    content = io.BytesIO()
    workbook = PlainWorkbook(content, list(HEADER), sheet="Ledger")
    workbook.add([row("Allotment", "1,000.00", "40969")])
    workbook.close()
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    one = await desk.checked(content.getvalue(), media_type=media_type)
    assert (one["sheet"], one["counts"]["new"]) == ("Ledger", 1), await desk.rows(one)
    one = await desk.done(await desk.done(one, "propose"), "commit", who=make.approver)
    assert [entry["effective_date"] for entry in await desk.entries()] == ["2012-03-01"]
    pasted = "Fund line\tType\tUSD\tDate\tFY\nMX-CORR\tAllotment\t$1,000.00\t2012-03-01\t2013\n"
    one = await desk.checked(pasted.encode(), media_type="text/tab-separated-values")
    assert await desk.errors(one) == {2: [("fiscal_year", "fiscal_year_differs")]}
    fixed = {"items": [{"kind": "value", "row": 2, "field": "fiscal_year", "text": "FY 2012"}]}
    # What it says now was imported before, by a file of another form.
    assert (await desk.done(one, "corrections", fixed))["counts"]["unchanged"] == 1


@pytest.mark.parametrize(
    ("written", "amount"),
    [("1250", "1250"), ("1,250.00", "1250.00"), ("$1,250.00", "1250.00"), ("US$ 1,250", "1250"), ("12.5 USD", "12.5"),
     ("1250.50", "1250.50"), ("1,234,567.89", "1234567.89")],
)  # fmt: skip
def test_amounts_as_people_write_them(written: str, amount: str) -> None:
    assert read_amount(written) == amount


@pytest.mark.parametrize(
    ("written", "code"),
    [("1.250,00", "ambiguous_amount"), ("1250,00", "ambiguous_amount"), ("1.250", "ambiguous_amount"),
     ("1 250,00", "ambiguous_amount"), ("(1,250.00)", "negative_amount"), ("-5", "negative_amount"),
     ("12,50.00", "not_an_amount"), ("five", "not_an_amount"), ("1e3", "not_an_amount"), ("5 MXN", "not_an_amount")],
)  # fmt: skip
def test_amounts_that_are_asked_about(written: str, code: str) -> None:
    with pytest.raises(RefusedCell) as refused:
        read_amount(written)
    assert refused.value.code == code


async def test_a_key_is_needed_and_too_many_rows_are_refused(desk: Desk, make: Any, api: Api) -> None:
    content = as_csv([row("Allotment", "5")] * 3)
    without = await make.officer.post("/v1/ledger-imports", content=content, headers={"Content-Type": "text/csv"})
    assert without.json()["code"] == "idempotency_key_required"
    key = {"Idempotency-Key": "one"}
    first, again = await desk.send(content, **key), await desk.send(content, **key)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    api.app.state.settings.ledger_import_most_rows = 2
    refused = (await desk.send(content)).json()
    assert refused["errors"][0]["code"] == "too_many_rows"
    assert "at most 2" in refused["detail"]


async def test_long_chains_other_currencies_and_rows_as_tables(desk: Desk, make: Any) -> None:
    await make.controlled()
    chain = [row("Deobligation", "1", agreement="LOA", adjusts=f"row {number}") for number in range(3, 1_400)]
    one = await desk.checked(as_csv([row("Allotment", "5", memo="Cinco"), *chain]))
    assert one["counts"]["error"] == len(chain)
    dollars = (*HEADER, "Currency")
    one = await desk.checked(as_csv([[*row("Allotment", "5"), "mxn"]], dollars))
    assert await desk.errors(one) == {2: [("currency", "literal_error")]}
    answer = await make.officer.get(f"/v1/ledger-imports/{one['id']}/rows?format=csv")
    assert (answer.status_code, answer.text.splitlines()[0][:19]) == (200, "row,version,outcome")


async def test_line_gets_an_account_only_where_two_recorded_all_of_it_and_it_keeps_the_rules(
    desk: Desk, make: Any
) -> None:
    await make.account()
    lines = {
        code: await make.fund_line(code=code) for code in ("NEW", "GOOD", "ALONE", "OVER", "LATE", "LOOSE", "BARE")
    }
    await make.entry("allotment", "100.00", "2012-03-01", fund_line_code="ALONE")
    rows = [
        row("allotment", "100", line="GOOD"), row("commitment", "100", line="GOOD"),
        row("allotment", "100", line="OVER"), row("commitment", "100.01", line="OVER"),
        row("allotment", "100", line="LATE"), row("commitment", "1", "2017-10-01", line="LATE"),
        row("allotment", "100", line="LOOSE"), row("obligation", "1", line="LOOSE"),
        row("allotment", "100", line="BARE"), row("commitment", "2", line="BARE"),
        row("commitment release", "1", line="BARE"),
    ]  # fmt: skip
    await desk.committed(as_csv(rows))
    found = {}
    for code, line in lines.items():
        body, headers = {"treasury_account_code": "019-011-2012/2017-1022-000"}, {"If-Match": '"1"'}
        answer = await make.officer.patch(f"/v1/fund-lines/{line['id']}", json=body, headers=headers)
        said = answer.json()
        found[code] = "ok" if answer.status_code == 200 else said.get("rule") or said["errors"][0]["code"]
    assert found == {
        "NEW": "ok", "GOOD": "ok", "ALONE": "account_of_what_two_recorded", "OVER": "F1", "LATE": "F6",
        "LOOSE": "account_of_entries_with_lines", "BARE": "account_of_named_adjustments",
    }  # fmt: skip
    await make.posted("allotment", "5.00", fund_line_code="GOOD")
    # What was recorded alone is taken back; then nothing stands against the account.
    (alone,) = (await make.officer.get("/v1/ledger-entries?fund_line_code=ALONE")).json()["items"]
    await make.entry("allotment", "100.00", "2012-03-01", fund_line_code="ALONE", reverses_entry_id=alone["id"])
    answer = await make.officer.patch(f"/v1/fund-lines/{lines['ALONE']['id']}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text


async def test_undo_of_a_line_that_got_its_account_since(desk: Desk, make: Any) -> None:
    await make.account()
    line = await make.fund_line()
    one = await desk.committed(as_csv([row("allotment", "5")]))
    body = {"treasury_account_code": "019-011-2012/2017-1022-000"}
    headers = {"If-Match": f'"{line["version"]}"'}
    assert (await make.officer.patch(f"/v1/fund-lines/{line['id']}", json=body, headers=headers)).status_code == 200
    one = await desk.done(one, "undo", {"reason": "Twice.", "effective_date": "2012-09-30"})
    await desk.done(one, "commit-undo", who=make.approver)
    assert (await make.balances())["allotted"] == "0.00"


async def test_many_rows_are_checked_and_recorded_within_a_request(desk: Desk, make: Any) -> None:
    await make.controlled()
    rows = [row("Allotment", "1000000")]
    rows += [row("Obligation", f"{number}.00", agreement="LOA") for number in range(1, 500)]
    rows += [row("Obligation", f"{number}000000.00", agreement="LOA") for number in range(1, 4)]
    one = await desk.checked(as_csv(rows))
    assert one["counts"] == {"rows": 503, "new": 500, "unchanged": 0, "error": 3, "excluded": 0}
    one = await desk.done(one, "corrections", {"items": [{"kind": "exclude", "row": at} for at in (502, 503, 504)]})
    await desk.done(await desk.done(one, "propose"), "commit", who=make.approver)
    assert (await make.balances())["obligated"] == f"{sum(range(1, 500))}.00"


async def test_others_record_on_the_line_while_a_file_is_checked(desk: Desk, make: Any) -> None:
    """The ledger lets go of a fund line between two looks at a file: whoever records meanwhile gets in, or is told when."""
    await make.controlled()
    rows = [row("Allotment", "1000"), *[row("Obligation", "1", agreement="LOA")] * 300]
    for place in range(20, 300, 40):
        rows[place] = row("Obligation", "9999", agreement="LOA")
    proposals = [(await make.propose("allotment", "5.00")).json() for _ in range(8)]
    sent = (await desk.send(as_csv(rows))).json()
    checking = asyncio.create_task(desk.step(sent, "check"))
    answers = [await make.decide(one) for one in proposals]
    while refused := [place for place, one in enumerate(answers) if one.status_code != 200]:
        assert {answers[place].status_code for place in refused} == {503}
        assert all(answers[place].headers["Retry-After"] for place in refused)
        for place in refused:
            answers[place] = await make.decide(proposals[place])
    checked = await checking
    assert checked.status_code == 200, checked.text
    counts = checked.json()["counts"]
    assert (counts["rows"], counts["error"]) == (301, 7)
    assert (await make.balances())["allotted"] == "40.00"
    assert len(await desk.entries()) == 8
