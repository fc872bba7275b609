"""Agreements: what they are, how they are signed, amended and charged to fund lines."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from chassis.testing import ACTING, Api, Database
from funding.domain import NEXT_STATUS, AgreementStatus, AgreementType, IllegalTransition, check_transition
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

ACCOUNT = "019-011-2012/2017-1022-000"


@pytest.fixture
async def office(make: Any) -> Any:
    """With a fund line of an account."""
    await make.account()
    await make.fund_line(treasury_account_code=ACCOUNT)
    return make


async def test_agreement_is_read_back_whole(api: Api, make: Any) -> None:
    body = {
        "code": "LOA", "type": "loa", "title": "Letter of agreement", "country_code": "MX", "purpose": "Instructors.",
        "awarding_agency_code": "US-INL", "recipient_agency_code": "MX-SSP", "parent_code": None,
        "ceiling": {"amount": "500.00", "currency": "USD"}, "starts_on": "2012-01-01", "ends_on": "2016-12-31",
    }  # fmt: skip
    made = await make.agreement(**body)
    unsigned = dict.fromkeys(
        ("awarding_signed_on", "awarding_document", "recipient_signed_on", "recipient_document", "signed_on")
    )
    assert made == body | unsigned | {
        "id": made["id"], "version": 1, "created_at": made["created_at"], "updated_at": made["created_at"],
        "current_ceiling": body["ceiling"], "current_ends_on": "2016-12-31", "status": "draft", "status_note": None,
        "is_obligating": True, "is_transfer": False,
    }  # fmt: skip
    assert (await api.viewer().get(f"/v1/agreements/{made['id']}")).json() == made
    for query, found in {
        "type=loa&agency_code=MX-SSP": 1, "agency_code=US-BOP": 0, "country_code=GE": 0, "status=draft": 1,
        "parent_code_is_null=true&q=instructors": 1, "ends_on_lte=2016-12-30": 0,
    }.items():  # fmt: skip
        assert len((await api.viewer().get(f"/v1/agreements?{query}")).json()["items"]) == found, query


async def test_status_goes_on_as_agreed_and_no_other_way(make: Any, database: Database) -> None:
    """Every pair of statuses, in the code and in the database alike."""
    engine = create_async_engine(database.app_url)
    record = await make.agreement(type="travel_order", recipient_agency_code=None)
    write = "UPDATE agreements SET status = :status, awarding_signed_on = '2012-01-01', awarding_document = 'x'"
    for current, to in product(AgreementStatus, AgreementStatus):
        if current is to:
            continue
        async with engine.connect() as connection:
            await connection.execute(text(ACTING))
            for step in path_to(current):
                await connection.execute(text(write), {"status": step})
            is_allowed = to in NEXT_STATUS[current]
            if is_allowed:
                check_transition(current, to)
                await connection.execute(text("UPDATE agreements SET status = :status"), {"status": to})
            else:
                with pytest.raises(IllegalTransition):
                    check_transition(current, to)
                with pytest.raises(DBAPIError, match="cannot follow"):
                    await connection.execute(text("UPDATE agreements SET status = :status"), {"status": to})
            await connection.rollback()
    await engine.dispose()
    assert record["status"] == "draft"


def path_to(status: AgreementStatus) -> list[AgreementStatus]:
    """How an agreement comes to be that, from a draft on."""
    paths = {AgreementStatus.draft: [AgreementStatus.draft]}
    waiting = [AgreementStatus.draft]
    for one in waiting:
        for following in sorted(NEXT_STATUS[one] - paths.keys()):
            paths[following] = [*paths[one], following]
            waiting.append(following)
    return paths[status][1:]


async def test_agreement_is_signed_by_both_and_then_stays(make: Any) -> None:
    draft = await make.agreement(ceiling={"amount": "500.00"})
    signature = {"party": "awarding", "signed_on": "2012-01-15", "document_reference": "Page 9"}
    early = await make.try_to(draft, "sign", signature)
    assert (early.status_code, early.json()["code"]) == (409, "agreement_not_open")
    cleared = await make.advance(draft, "transitions", {"to": "cleared", "note": "All offices agreed."})
    assert cleared["status_note"] == "All offices agreed."
    tomorrow = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    late = await make.try_to(cleared, "sign", signature | {"signed_on": tomorrow})
    assert (late.status_code, late.json()["errors"][0]["code"]) == (422, "in_the_future")
    half = await make.advance(cleared, "sign", signature)
    assert (half["awarding_signed_on"], half["signed_on"]) == ("2012-01-15", None)
    unsigned = await make.try_to(half, "transitions", {"to": "signed"})
    assert (unsigned.status_code, unsigned.json()["code"]) == (409, "illegal_transition")
    assert [one["code"] for one in unsigned.json()["errors"]] == ["signature_missing"]
    whole = await make.advance(half, "sign", signature | {"party": "recipient", "signed_on": "2012-02-01"})
    assert whole["signed_on"] == "2012-02-01"
    signed = await make.advance(whole, "transitions", {"to": "signed"})
    address, version = f"/v1/agreements/{signed['id']}", {"If-Match": f'"{signed["version"]}"'}
    for change in ({"ceiling": {"amount": "900.00"}}, {"ends_on": "2030-01-01"}, {"recipient_agency_code": "US-BOP"}):
        answer = await make.officer.patch(address, json=change, headers=version)
        assert (answer.status_code, answer.json()["code"]) == (409, "agreement_not_open"), change
    renamed = await make.officer.patch(address, json={"title": "The letter"}, headers=version)
    assert renamed.status_code == 200, renamed.text


async def test_database_keeps_what_was_signed(make: Any, database: Database) -> None:
    await make.signed_agreement()
    engine = create_async_engine(database.app_url)
    for change in (
        "ceiling = 1",
        "ends_on = '2030-01-01'",
        "awarding_signed_on = '2011-01-01'",
        "recipient_document = 'z'",
    ):
        async with engine.connect() as connection:
            await connection.execute(text(ACTING))
            with pytest.raises(DBAPIError, match="what was signed stays"):
                await connection.execute(text(f"UPDATE agreements SET {change}"))
    for statement in (
        "UPDATE agreements SET type = 'mou'",
        "DELETE FROM agreements",
        "UPDATE agreement_lines SET number = 2",
    ):
        async with engine.connect() as connection:
            with pytest.raises(DBAPIError, match="permission denied"):
                await connection.execute(text(statement))
    await engine.dispose()


@pytest.mark.parametrize("kind", [AgreementType.purchase_order, AgreementType.travel_order])
async def test_order_is_signed_by_who_gives_it(make: Any, kind: AgreementType) -> None:
    order = await make.signed_agreement(type=kind, recipient_agency_code=None)
    assert (order["status"], order["signed_on"], order["recipient_signed_on"]) == ("active", "2012-01-15", None)


async def test_parties_are_two_agencies_that_are_recorded(make: Any) -> None:
    body = {"code": "G", "type": "grant", "title": "Grant", "country_code": "MX", "awarding_agency_code": "US-INL"}
    for over, status, code in (
        ({}, 422, "missing"),
        ({"recipient_agency_code": "US-INL"}, 422, "same_agency"),
        # Nobody can be asked just now whether there is such an agency.
        ({"recipient_agency_code": "US-XX"}, 503, None),
        ({"recipient_agency_code": "US-BOP", "parent_code": "NONE"}, 422, "unknown_code"),
        ({"recipient_agency_code": "US-BOP", "ceiling": {"amount": "5", "currency": "MXN"}}, 422, "literal_error"),
        ({"recipient_agency_code": "US-BOP", "starts_on": "2012-02-01", "ends_on": "2012-01-01"}, 422, "before_start"),
        ({"type": "mou", "recipient_agency_code": "US-BOP", "ceiling": {"amount": "5"}}, 422, "obligates_nothing"),
    ):
        answer = await make.officer.post("/v1/agreements", json=body | over)
        assert answer.status_code == status, answer.text
        assert [one["code"] for one in answer.json()["errors"]] == ([code] if code else [])


async def test_amendments_add_up_and_the_last_end_holds(api: Api, make: Any) -> None:
    signed = await make.signed_agreement(ceiling={"amount": "500.00"}, starts_on="2012-01-01", ends_on="2013-12-31")
    amend = {"agreement_code": "LOA", "signed_on": "2013-01-01"}
    for number, change in enumerate(
        (
            {"kind": "ceiling_increase", "amount": {"amount": "250.00"}},
            {"kind": "extension", "ends_on": "2015-12-31"},
            {"kind": "ceiling_decrease", "amount": {"amount": "100.00"}},
            {"kind": "shortening", "ends_on": "2014-12-31"},
            {"kind": "scope", "description": "A second academy."},
        ),
        1,
    ):
        answer = await make.officer.post("/v1/agreement-amendments", json=amend | {"number": number} | change)
        assert answer.status_code == 201, answer.text
    now = (await api.viewer().get(f"/v1/agreements/{signed['id']}")).json()
    assert (now["ceiling"]["amount"], now["current_ceiling"]["amount"]) == ("500.00", "650.00")
    assert (now["ends_on"], now["current_ends_on"], now["version"]) == (
        "2013-12-31",
        "2014-12-31",
        signed["version"] + 5,
    )
    for over, code in (
        ({"kind": "ceiling_increase"}, "missing"),
        ({"kind": "extension", "ends_on": "2016-01-01", "amount": {"amount": "1.00"}}, "not_of_this_kind"),
        ({"kind": "extension", "ends_on": "2011-01-01"}, "before_start"),
        ({"kind": "extension", "ends_on": "2014-12-31"}, "not_later"),
        ({"kind": "shortening", "ends_on": "2014-12-31"}, "not_earlier"),
        ({"kind": "scope", "signed_on": "2012-01-14"}, "before_signature"),
        ({"kind": "scope", "signed_on": "2099-01-01"}, "in_the_future"),
    ):
        answer = await make.officer.post("/v1/agreement-amendments", json=amend | {"number": 9} | over)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code), answer.text
    again = await make.officer.post("/v1/agreement-amendments", json=amend | {"number": 1, "kind": "scope"})
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (409, "#/number")


async def test_end_is_what_was_signed_last_however_late_it_is_recorded(make: Any, database: Database) -> None:
    signed = await make.signed_agreement(starts_on="2012-01-01", ends_on="2013-12-31")
    for number, kind, signed_on, ends_on in (
        (1, "extension", "2013-06-01", "2015-12-31"),
        # Signed before that, and found later: it says nothing of the end any more, but of the days between.
        (3, "extension", "2013-01-01", "2014-06-30"),
        # On one day the numbers say which is first.
        (2, "extension", "2013-01-01", "2014-03-31"),
    ):
        said = {"number": number, "kind": kind, "signed_on": signed_on, "ends_on": ends_on}
        answer = await make.officer.post("/v1/agreement-amendments", json={"agreement_code": "LOA"} | said)
        assert answer.status_code == 201, answer.text
    now = (await make.officer.get(f"/v1/agreements/{signed['id']}")).json()
    assert now["current_ends_on"] == "2015-12-31"
    insert = (
        "INSERT INTO agreement_amendments (agreement_code, number, kind, signed_on, ends_on)"
        " VALUES ('LOA', 4, :kind, '2013-07-01', :ends_on)"
    )
    engine = create_async_engine(database.app_url)
    for kind, ends_on in (("extension", date(2015, 12, 31)), ("shortening", date(2016, 1, 1))):
        async with engine.connect() as connection:
            await connection.execute(text(ACTING))
            with pytest.raises(DBAPIError, match="an extension ends later"):
                await connection.execute(text(insert), {"kind": kind, "ends_on": ends_on})
    await engine.dispose()


async def test_draft_is_not_amended(make: Any) -> None:
    await make.agreement()
    body = {"agreement_code": "LOA", "number": 1, "kind": "scope", "signed_on": "2013-01-01"}
    answer = await make.officer.post("/v1/agreement-amendments", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "agreement_not_open")


async def add_line(make: Any, **over: Any) -> tuple[int, str | None]:
    line = {"agreement_code": "LOA", "number": 1, "fund_line_code": "MX-CORR"}
    answer = await make.officer.post("/v1/agreement-lines", json=line | over)
    errors = answer.json().get("errors", [])
    return answer.status_code, errors[0]["code"] if errors else None


async def test_award_is_charged_to_its_letter_of_agreement(office: Any) -> None:
    await office.signed_agreement()
    line = await office.agreement_line()
    assert (line["tier"], line["country_code"], line["parent_line_id"]) == ("primary", "MX", None)
    await office.agreement(code="AWARD", type="contract", parent_code="LOA")
    await office.agreement(code="OTHER", type="contract")
    await office.fund_line(code="MX-2", treasury_account_code=ACCOUNT)
    charged = {"parent_line_id": line["id"]}
    # Counted again it would be the same money twice.
    assert await add_line(office, agreement_code="AWARD") == (422, "ledger_f5")
    assert await add_line(office, agreement_code="OTHER", **charged) == (422, "charged_to_parent")
    assert await add_line(office, number=2, **charged) == (422, "charged_to_parent")
    other_payer = await add_line(office, agreement_code="AWARD", fund_line_code="MX-2", **charged)
    assert other_payer == (409, "fk_agreement_lines_parent_line_id_fund_line_code")
    award = await office.agreement_line(agreement_code="AWARD", **charged)
    assert (award["tier"], award["parent_line_id"]) == ("sub", line["id"])
    await office.agreement(code="AWARD-2", type="task_order", parent_code="AWARD")
    deeper = await add_line(office, agreement_code="AWARD-2", parent_line_id=award["id"])
    assert deeper == (422, "charged_to_parent")
    # However deep, it is the money of the letter.
    assert await add_line(office, agreement_code="AWARD-2") == (422, "ledger_f5")
    order = await office.agreement_line(agreement_code="AWARD-2", **charged)
    assert (order["tier"], order["parent_line_id"]) == ("sub", line["id"])


async def test_amended_letter_obligates_for_itself(office: Any) -> None:
    await office.signed_agreement()
    await office.agreement(code="ALOA", type="amended_loa", parent_code="LOA")
    assert (await office.agreement_line(agreement_code="ALOA"))["tier"] == "primary"


async def test_memorandum_and_what_was_transferred_have_no_lines(office: Any) -> None:
    await office.agreement(code="MOU", type="mou")
    assert await add_line(office, agreement_code="MOU") == (422, "ledger_f11")
    await office.agreement(code="TRANSFER", type="iaa_632a", recipient_agency_code="US-BOP")
    assert (await add_line(office, agreement_code="TRANSFER"))[0] == 201
    await office.agreement(code="THEIRS", type="contract", parent_code="TRANSFER")
    await office.agreement(code="DEEPER", type="task_order", parent_code="THEIRS")
    assert await add_line(office, agreement_code="THEIRS") == (422, "ledger_f14")
    assert await add_line(office, agreement_code="DEEPER") == (422, "ledger_f14")


async def test_agreement_is_paid_from_a_line_whose_account_is_known(office: Any) -> None:
    await office.agreement()
    await office.fund_line(code="MX-OLD")
    assert await add_line(office, fund_line_code="MX-OLD") == (422, "agreement_line_is_controlled")
    await office.advance(await office.agreement(code="GONE"), "transitions", {"to": "withdrawn"})
    answer = await office.officer.post(
        "/v1/agreement-lines", json={"agreement_code": "GONE", "number": 1, "fund_line_code": "MX-CORR"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "agreement_not_open")


async def test_only_an_officer_with_a_grant_for_the_country_writes(api: Api, office: Any) -> None:
    letter = await office.agreement()
    version = {"If-Match": '"1"'}
    for client in (api.viewer(), api.analyst(), api.admin(), api.officer("PK")):
        for answer in (
            await client.patch(f"/v1/agreements/{letter['id']}", json={"title": "x"}, headers=version),
            await client.post(f"/v1/agreements/{letter['id']}/transitions", json={"to": "cleared"}, headers=version),
            await client.post(
                "/v1/agreement-lines", json={"agreement_code": "LOA", "number": 1, "fund_line_code": "MX-CORR"}
            ),
            await client.post(
                "/v1/agreement-deliverables", json={"agreement_code": "LOA", "kind": "seats", "promised": 1}
            ),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), answer.text


async def test_promise_is_recorded_and_changed(api: Api, office: Any) -> None:
    await office.agreement()
    body = {"agreement_code": "LOA", "kind": "seats", "promised": 120, "due_on": "2014-12-31", "description": None}
    made = (await office.officer.post("/v1/agreement-deliverables", json=body)).json()
    assert {name: made[name] for name in body} == body
    changed = await office.officer.patch(
        f"/v1/agreement-deliverables/{made['id']}", json={"promised": 130}, headers={"If-Match": '"1"'}
    )
    assert (changed.status_code, changed.json()["promised"], changed.json()["version"]) == (200, 130, 2)
    listed = (await api.viewer().get("/v1/agreement-deliverables?agreement_code=LOA&kind=seats")).json()["items"]
    assert listed == [changed.json()]


async def test_promise_says_by_which_trainings_it_is_delivered(make: Any, database: Database) -> None:
    await make.agreement()

    async def promise(kind: str, **over: Any) -> Any:
        body = {"agreement_code": "LOA", "kind": kind, "promised": 9} | over
        answer = await make.officer.post("/v1/agreement-deliverables", json=body)
        return answer.json() if answer.status_code == 201 else answer.json()["errors"][0]["code"]

    days = {"delivered_from": "2012-01-01", "delivered_to": "2013-12-31"}
    by = {"course_code": "TOT", "program_code": "MX-CORR", "provider_agency_code": "US-NM-CD"}
    made = await promise("seats", **days, **by)
    assert {name: made[name] for name in days | by} == days | by
    assert [await promise(kind, **by) for kind in ("visits", "equipment")] == ["not_of_trainings"] * 2
    assert await promise("courses", **days) == "no_trainings"
    assert await promise("courses", **by, delivered_from="2014-01-01", delivered_to="2013-12-31") == "before_start"
    address, headers = f"/v1/agreement-deliverables/{made['id']}", {"If-Match": '"1"'}
    without = {"course_code": None, "program_code": None}
    refused = await make.officer.patch(address, json=without, headers=headers)
    assert refused.json()["errors"][0]["code"] == "no_trainings"
    changed = await make.officer.patch(address, json={"delivered_to": None}, headers=headers)
    assert changed.json().get("delivered_to", "") is None, changed.text
    engine = create_async_engine(database.owner_url)
    async with engine.connect() as connection:
        for change, rule in (
            ("kind = 'visits'", "delivered_by_trainings"),
            ("course_code = NULL, program_code = NULL", "delivered_by_something"),
            ("delivered_to = '2011-01-01'", "delivered_in_order"),
        ):
            await connection.execute(text(ACTING))
            with pytest.raises(DBAPIError, match=rule):
                await connection.execute(text(f"UPDATE agreement_deliverables SET {change}"))
            await connection.rollback()
    await engine.dispose()
