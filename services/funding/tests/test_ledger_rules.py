"""The rules of the ledger, as an auditor would try them: the worked cases, and each rule broken on its day and a later one."""

from typing import Any

import pytest
from chassis.testing import ACTING, Api, Database
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine


def refused(answer: Any, rule: str) -> dict[str, Any]:
    """The refusal by a rule of the ledger."""
    assert answer.status_code == 409, answer.text
    problem = dict(answer.json())
    assert (problem["code"], problem["rule"]) == ("ledger_rule", rule), problem
    assert problem["detail"].startswith(f"{rule}: ")
    return problem


async def test_ladder_and_refusal(make: Any) -> None:
    line = {"agreement_line_id": (await make.controlled())["id"]}
    await make.posted("allotment", "1000.00")
    commitment = await make.posted("commitment", "800.00")
    obligation = await make.posted("obligation", "700.00", commitment_entry_id=commitment["id"], **line)
    await make.posted("disbursement", "250.00", **line)
    await make.posted("deobligation", "100.00", adjusts_entry_id=obligation["id"], **line)
    held = await make.balances()
    assert {name: held[name] for name in ("obligated", "unliquidated", "unobligated", "committed", "disbursed")} == {
        "obligated": "600.00", "unliquidated": "350.00", "unobligated": "400.00", "committed": "100.00",
        "disbursed": "250.00",
    }  # fmt: skip
    problem = refused(await make.try_post("obligation", "450.00", **line), "F1")
    assert problem["amounts"] == {"allotted": "1000.00", "committed": "100.00", "obligated": "1050.00"}
    assert (problem["subject"], problem["effective_date"]) == ("MX-CORR", "2012-03-01")
    assert (
        "MX-CORR on 2012-03-01: allotted 1000.00 does not cover committed 100.00 and obligated 1050.00."
        in problem["detail"]
    )
    await make.posted("obligation", "300.00", **line)
    assert (await make.balances())["available"] == "0.00"


async def test_letter_of_agreement_and_its_awards(make: Any) -> None:
    bulk = await make.controlled()
    await make.posted("allotment", "500.00")
    await make.posted("obligation", "500.00", agreement_line_id=bulk["id"])
    lines = []
    for number, amount in enumerate(("200.00", "250.00")):
        await make.signed_agreement(code=f"AWARD-{number}", type="contract", parent_code="LOA")
        line = await make.agreement_line(agreement_code=f"AWARD-{number}", parent_line_id=bulk["id"])
        await make.posted("sub_obligation", amount, agreement_line_id=line["id"])
        lines.append(line)
    await make.posted("disbursement", "120.00", agreement_line_id=lines[0]["id"])
    held = await make.balances()
    assert {name: held[name] for name in ("obligated", "sub_obligated", "unsubobligated", "unliquidated")} == {
        "obligated": "500.00", "sub_obligated": "450.00", "unsubobligated": "50.00", "unliquidated": "380.00",
    }  # fmt: skip
    problem = refused(await make.try_post("sub_obligation", "50.01", agreement_line_id=lines[1]["id"]), "F4")
    assert problem["subject"] == "LOA line 1"
    # More than its own award was paid, though the letter has money left.
    problem = refused(await make.try_post("disbursement", "80.01", agreement_line_id=lines[0]["id"]), "F3")
    assert problem["subject"] == "AWARD-0 line 1"
    # What awards were paid is paid of the letter too.
    await make.posted("disbursement", "250.00", agreement_line_id=lines[1]["id"])
    problem = refused(await make.try_post("disbursement", "130.01", agreement_line_id=bulk["id"]), "F2")
    await make.posted("disbursement", "130.00", agreement_line_id=bulk["id"])
    assert (await make.balances())["unliquidated"] == "0.00"


async def test_one_year_may_be_negative_while_the_sums_hold(make: Any) -> None:
    line = {"agreement_line_id": (await make.controlled())["id"]}
    await make.posted("allotment", "300.00", "2012-03-01")
    obligation = await make.posted("obligation", "300.00", "2012-03-01", **line)
    await make.posted("deobligation", "50.00", "2013-03-01", adjusts_entry_id=obligation["id"], **line)
    await make.posted("disbursement", "100.00", "2013-03-01", **line)
    held = await make.balances()
    assert (held["obligated"], held["disbursed"]) == ("250.00", "100.00")
    second = (await make.officer.get("/v1/ledger-entries?fiscal_year=2013&sort=created_at")).json()["items"]
    assert [(one["stage"], one["signed"]["amount"]) for one in second] == [
        ("obligated", "-50.00"),
        ("disbursed", "100.00"),
    ]


async def test_period_of_availability(make: Any) -> None:
    line = {"agreement_line_id": (await make.controlled())["id"]}
    await make.posted("allotment", "1000.00", "2011-10-01")
    await make.posted("obligation", "100.00", "2017-09-30", **line)
    problem = refused(await make.try_post("obligation", "100.00", "2017-10-01", **line), "F6")
    assert "available to 2017-09-30" in problem["detail"]
    for kind in ("appropriation", "allotment", "commitment"):
        refused(await make.try_post(kind, "1.00", "2017-10-01"), "F6")
    await make.posted("disbursement", "40.00", "2022-09-30", **line)
    refused(await make.try_post("disbursement", "1.00", "2022-10-01", **line), "F7")
    refused(await make.try_post("commitment", "1.00", "2011-09-30"), "F12")


async def test_expired_money_is_adjusted_and_nothing_else(make: Any) -> None:
    line = {"agreement_line_id": (await make.controlled())["id"]}
    await make.posted("allotment", "1000.00")
    obligation = await make.posted("obligation", "100.00", **line)
    refused(await make.try_post("upward_adjustment", "10.00", "2018-01-01", **line), "F6")
    await make.posted("upward_adjustment", "10.00", "2018-01-01", adjusts_entry_id=obligation["id"], **line)
    await make.posted("deobligation", "30.00", "2018-01-02", adjusts_entry_id=obligation["id"], **line)
    assert (await make.balances())["obligated"] == "80.00"


async def test_cancellation_leaves_no_balance(make: Any) -> None:
    line = {"agreement_line_id": (await make.controlled())["id"]}
    await make.posted("allotment", "1000.00")
    await make.posted("commitment", "100.00")
    await make.posted("obligation", "600.00", **line)
    await make.posted("disbursement", "550.00", "2020-01-01", **line)
    refused(await make.try_post("cancellation_close", "450.00", "2022-09-30"), "F7")
    wrong = await make.try_post("cancellation_close", "400.00", "2022-10-01")
    assert (wrong.status_code, wrong.json()["code"]) == (409, "ledger_rule")
    assert "450.00 of MX-CORR is allotted and not disbursed" in wrong.json()["detail"]
    await make.posted("cancellation_close", "450.00", "2022-10-01")
    closings = (await make.officer.get("/v1/ledger-entries?kind=cancellation_close&sort=-amount")).json()["items"]
    assert [(one["stage"], one["signed"]["amount"]) for one in closings] == [
        ("allotted", "-450.00"),
        ("committed", "-100.00"),
        ("obligated", "-50.00"),
    ]
    held = await make.balances()
    assert (held["allotted"], held["committed"], held["obligated"], held["disbursed"]) == (
        "550.00", "0.00", "550.00", "550.00",
    )  # fmt: skip
    before = await make.balances("2022-09-30")
    assert (before["unliquidated"], before["unobligated"]) == ("50.00", "400.00")
    # An earlier payment would undo the closing.
    refused(await make.try_post("disbursement", "10.00", "2021-01-01", **line), "F2")


async def test_back_dated_entry_may_break_a_later_day(make: Any) -> None:
    line = {"agreement_line_id": (await make.controlled())["id"]}
    await make.posted("allotment", "100.00", "2012-03-01")
    allotment = await make.posted("allotment", "100.00", "2013-03-01")
    await make.posted("obligation", "150.00", "2013-03-02", **line)
    # On its own day there is enough; a year later there is not.
    problem = refused(await make.try_post("obligation", "60.00", "2012-04-01", **line), "F1")
    assert problem["effective_date"] == "2013-03-02"
    # The whole of the second allotment is not there yet on the day before.
    problem = refused(await make.try_post("obligation", "110.00", "2013-02-28", **line), "F1")
    assert problem["effective_date"] == "2013-02-28"
    withdrawal = {"adjusts_entry_id": allotment["id"]}
    refused(await make.try_post("allotment_withdrawal", "60.00", "2013-03-01", **withdrawal), "F1")
    await make.posted("allotment_withdrawal", "50.00", "2013-03-01", **withdrawal)


async def test_entry_is_reversed_once_and_whole(make: Any) -> None:
    line = {"agreement_line_id": (await make.controlled())["id"]}
    await make.posted("allotment", "100.00")
    obligation = await make.posted("obligation", "100.00", "2012-03-05", **line)
    back = {"reverses_entry_id": obligation["id"], **line}
    for kind, amount, day in (
        ("obligation", "99.99", "2012-03-05"),
        ("deobligation", "100.00", "2012-03-05"),
        ("obligation", "100.00", "2012-03-04"),
    ):
        answer = await make.try_post(kind, amount, day, **back)
        assert answer.json()["errors"][0]["code"] == "reverses_one_entry_whole", answer.text
    reversal = await make.posted("obligation", "100.00", "2012-03-05", **back)
    assert (reversal["signed"]["amount"], reversal["stage"]) == ("-100.00", "obligated")
    again = await make.try_post("obligation", "100.00", "2012-03-05", **back)
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (409, "#/reverses_entry_id")
    undone = await make.try_post("obligation", "100.00", "2012-03-05", reverses_entry_id=reversal["id"], **line)
    assert undone.json()["errors"][0]["code"] == "reverses_one_entry_whole"
    await make.posted("obligation", "70.00", "2012-03-05", **line)
    assert (await make.balances())["obligated"] == "70.00"


async def test_adjustments_take_back_no_more_than_is_left(make: Any) -> None:
    line = {"agreement_line_id": (await make.controlled())["id"]}
    await make.posted("allotment", "1000.00")
    one = await make.posted("obligation", "100.00", **line)
    await make.posted("obligation", "500.00", **line)
    await make.posted("commitment", "100.00")
    commitment = await make.posted("commitment", "50.00")
    problem = refused(await make.try_post("deobligation", "100.01", adjusts_entry_id=one["id"], **line), "F9")
    assert problem["amounts"] == {"entry": one["id"], "left": "-0.01"}
    await make.posted("deobligation", "60.00", adjusts_entry_id=one["id"], **line)
    refused(await make.try_post("obligation", "100.00", reverses_entry_id=one["id"], **line), "F9")
    refused(await make.try_post("obligation", "50.01", commitment_entry_id=commitment["id"], **line), "F9")
    for kind, over in (
        ("deobligation", line),
        ("deobligation", line | {"adjusts_entry_id": commitment["id"]}),
        ("refund", line | {"adjusts_entry_id": one["id"]}),
        ("commitment_release", {"adjusts_entry_id": one["id"]}),
        ("commitment_release", {}),
    ):
        answer = await make.try_post(kind, "1.00", **over)
        assert answer.json()["errors"][0]["code"] == "adjusts_what_is_there", answer.text
    early = await make.try_post("deobligation", "1.00", "2012-02-28", adjusts_entry_id=one["id"], **line)
    assert early.json()["errors"][0]["code"] == "adjusts_what_is_there"


async def test_ceiling_holds_over_all_fund_lines_and_days(make: Any) -> None:
    line = await make.controlled(ceiling={"amount": "500.00"})
    await make.fund_line(code="MX-2", treasury_account_code="019-011-2012/2017-1022-000")
    other = await make.agreement_line(number=2, fund_line_code="MX-2")
    await make.posted("allotment", "1000.00")
    await make.posted("allotment", "1000.00", fund_line_code="MX-2")
    await make.posted("obligation", "300.00", agreement_line_id=line["id"])
    more = {"agreement_line_id": other["id"], "fund_line_code": "MX-2"}
    problem = refused(await make.try_post("obligation", "200.01", **more), "F3")
    assert (problem["subject"], problem["amounts"]) == ("LOA", {"obligated": "500.01", "ceiling": "500.00"})
    raise_it = {"agreement_code": "LOA", "number": 1, "kind": "ceiling_increase", "signed_on": "2013-01-01"}
    made = await make.officer.post("/v1/agreement-amendments", json=raise_it | {"amount": {"amount": "100.00"}})
    assert made.status_code == 201, made.text
    refused(await make.try_post("obligation", "200.01", "2012-12-31", **more), "F3")
    await make.posted("obligation", "250.00", "2013-01-01", **more)
    lower = raise_it | {"number": 2, "kind": "ceiling_decrease", "amount": {"amount": "50.01"}}
    answer = await make.officer.post("/v1/agreement-amendments", json=lower)
    refused(answer, "F3")


async def test_obligation_needs_an_agreement_that_is_signed(make: Any) -> None:
    line = {"agreement_line_id": (await make.controlled())["id"]}
    await make.posted("allotment", "1000.00")
    refused(await make.try_post("obligation", "1.00", "2012-01-14", **line), "F12")
    await make.agreement(code="DRAFT", type="grant")
    draft = {"agreement_line_id": (await make.agreement_line(agreement_code="DRAFT"))["id"]}
    refused(await make.try_post("obligation", "1.00", **draft), "F12")
    await make.posted("commitment", "1.00", **draft)
    answer = await make.try_post("disbursement", "1.00", **draft)
    assert answer.json()["errors"][0]["code"] == "agreement_in_force"
    for kind, over in (("obligation", {}), ("sub_obligation", line), ("allotment", line)):
        answer = await make.try_post(kind, "1.00", **over)
        assert answer.json()["errors"][0]["code"] == "entry_has_its_line", answer.text


async def test_agreement_is_closed_when_nothing_is_left_to_pay(make: Any) -> None:
    line = {"agreement_line_id": (await make.controlled())["id"]}
    await make.posted("allotment", "100.00")
    obligation = await make.posted("obligation", "100.00", **line)
    await make.posted("disbursement", "60.00", **line)
    (letter,) = (await make.officer.get("/v1/agreements?code=LOA")).json()["items"]
    letter = await make.advance(letter, "transitions", {"to": "completed"})
    refusal = await make.try_to(letter, "transitions", {"to": "closed"})
    assert (refusal.status_code, refusal.json()["errors"][0]["code"]) == (409, "closed_agreement_is_settled")
    await make.posted("deobligation", "40.00", adjusts_entry_id=obligation["id"], **line)
    await make.advance(letter, "transitions", {"to": "closed"})
    late = await make.try_post("disbursement", "1.00", **line)
    assert late.json()["errors"][0]["code"] == "agreement_in_force"


async def test_nothing_moves_under_an_award_whose_letter_is_closed(make: Any) -> None:
    bulk = await make.controlled()
    await make.posted("allotment", "100.00")
    await make.posted("obligation", "50.00", agreement_line_id=bulk["id"])
    await make.signed_agreement(code="AWARD", type="contract", parent_code="LOA")
    line = await make.agreement_line(agreement_code="AWARD", parent_line_id=bulk["id"])
    await make.posted("sub_obligation", "50.00", agreement_line_id=line["id"])
    payment = await make.posted("disbursement", "50.00", agreement_line_id=line["id"])
    (letter,) = (await make.officer.get("/v1/agreements?code=LOA")).json()["items"]
    letter = await make.advance(letter, "transitions", {"to": "completed"})
    await make.advance(letter, "transitions", {"to": "closed"})
    # It would leave something to pay under the letter.
    back = await make.try_post("refund", "1.00", adjusts_entry_id=payment["id"], agreement_line_id=line["id"])
    assert back.json()["errors"][0]["code"] == "agreement_in_force", back.text


async def test_line_without_an_account_takes_reversals_too(make: Any) -> None:
    await make.fund_line()
    wrong = await make.entry("obligation", "100.00")
    back = await make.entry("obligation", "100.00", reverses_entry_id=wrong["id"])
    assert (back["signed"]["amount"], back["reverses_entry_id"]) == ("-100.00", wrong["id"])
    (total,) = (await make.officer.get("/v1/money-totals?country_code=MX")).json()["totals"]
    assert (total["amount"]["amount"], total["entries"]) == ("0.00", 2)
    body = {"fund_line_code": "MX-CORR", "kind": "obligation", "effective_date": "2016-03-01"}
    for over, status in (
        ({"amount": {"amount": "100.00"}, "reverses_entry_id": wrong["id"]}, 409),
        ({"amount": {"amount": "1.00"}, "kind": "deobligation", "adjusts_entry_id": wrong["id"]}, 409),
        ({"amount": {"amount": "1.00"}, "kind": "cancellation_close"}, 409),
        ({"amount": {"amount": "1.00"}, "adjusts_entry_id": "01920000-0000-7000-8000-000000000002"}, 422),
    ):
        answer = await make.officer.post(
            "/v1/ledger-entries", json=body | over, headers={"Idempotency-Key": str(over)[:90]}
        )
        assert answer.status_code == status, answer.text


async def test_transfer_leaves_once_and_is_marked(make: Any) -> None:
    await make.controlled()
    await make.signed_agreement(code="TRANSFER", type="iaa_632a", recipient_agency_code="US-BOP")
    line = await make.agreement_line(agreement_code="TRANSFER")
    await make.posted("allotment", "100.00")
    moved = await make.posted("obligation", "40.00", agreement_line_id=line["id"])
    assert (moved["is_transferred"], moved["agreement_code"]) == (True, "TRANSFER")
    held = await make.balances()
    assert (held["obligated"], held["transferred"]) == ("40.00", "40.00")


async def test_maker_does_not_post(api: Api, make: Any) -> None:
    await make.controlled()
    direct = await make.officer.post(
        "/v1/ledger-entries",
        json={
            "fund_line_code": "MX-CORR",
            "kind": "allotment",
            "amount": {"amount": "1.00"},
            "effective_date": "2012-03-01",
        },
        headers={"Idempotency-Key": "direct"},
    )
    assert (direct.status_code, direct.json()["code"]) == (409, "needs_approval")
    proposal = (await make.propose("allotment", "100.00")).json()
    assert (proposal["status"], proposal["proposed_by"]) == ("proposed", "Test officer")
    # It counts nowhere until it is posted.
    assert (await make.balances())["allotted"] == "0.00"
    address, version = f"/v1/entry-proposals/{proposal['id']}/post", {"If-Match": '"1"'}
    own = await make.officer.post(address, headers=version)
    assert (own.status_code, own.json()["code"]) == (403, "forbidden")
    for client in (api.viewer(), api.analyst(), api.admin(), api.officer("PK")):
        assert (await client.post(address, headers=version)).status_code == 403
    posted = await make.decide(proposal)
    assert (posted.status_code, posted.json()["status"], posted.json()["decided_by"]) == (
        200,
        "posted",
        "Test approver",
    )
    assert (await make.balances())["allotted"] == "100.00"
    again = await make.decide(posted.json())
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    other = (await make.propose("allotment", "5.00")).json()
    declined = await make.decide(other, "decline", reason="The advice says 900.00.")
    assert (declined.json()["status"], declined.json()["decline_reason"]) == ("declined", "The advice says 900.00.")
    assert (await make.balances())["allotted"] == "100.00"


async def test_database_refuses_by_itself_and_says_why(make: Any, database: Database) -> None:
    """Whoever writes to the table meets the same rules: named with line, day and amounts."""
    line = await make.controlled()
    await make.posted("allotment", "100.00")
    engine = create_async_engine(database.app_url)
    propose = (
        "INSERT INTO entry_proposals (fund_line_code, kind, amount, currency, effective_date, agreement_line_id, status, "
        "proposer_id, proposed_by) VALUES ('MX-CORR', 'obligation', 100.01, 'USD', '2012-03-01', :line, 'proposed', "
        "'somebody', 'x') RETURNING id"
    )
    decide = "UPDATE entry_proposals SET status = 'posted', decider_id = :who, decided_by = 'y', decided_at = now() WHERE id = :id"
    entry = (
        "INSERT INTO ledger_entries (fund_line_code, kind, amount, currency, effective_date, agreement_line_id, proposal_id) "
        "VALUES ('MX-CORR', 'obligation', 100.01, 'USD', '2012-03-01', :line, :id)"
    )
    async with engine.connect() as connection:
        await connection.execute(text(ACTING))
        made = (await connection.execute(text(propose), {"line": line["id"]})).scalar_one()
        with pytest.raises(DBAPIError, match="another posts"):
            await connection.execute(text(entry), {"line": line["id"], "id": made})
        await connection.rollback()
        await connection.execute(text(ACTING))
        made = (await connection.execute(text(propose), {"line": line["id"]})).scalar_one()
        with pytest.raises(DBAPIError, match="posted_by_another"):
            await connection.execute(text(decide), {"who": "somebody", "id": made})
        await connection.rollback()
        await connection.execute(text(ACTING))
        made = (await connection.execute(text(propose), {"line": line["id"]})).scalar_one()
        await connection.execute(text("SELECT set_config('app.subject', 'another', true)"))
        await connection.execute(text(decide), {"who": "another", "id": made})
        with pytest.raises(
            DBAPIError, match=r'F1: MX-CORR on 2012-03-01: .*"allotted": "100.00".*"obligated": "100.01"'
        ):
            await connection.execute(text(entry), {"line": line["id"], "id": made})
    await engine.dispose()
