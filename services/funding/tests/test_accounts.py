"""Treasury accounts, the codes of fund lines, and fund lines of an account."""

from datetime import date
from typing import Any

import pytest
from chassis.errors import Invalid
from chassis.testing import ACTING, Api, Database
from funding.domain import AccountPhase, AccountSymbol, parse_symbol
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

ACCOUNT = {
    "code": "019-011-2012/2017-1022-000",
    "title": "International Narcotics Control and Law Enforcement",
    "valid_from": None,
    "valid_to": None,
}


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("019-011-2012/2017-1022-000", ("019", "011", 2012, 2017, None, "1022", "000")),
        ("011-2013/2013-1022-001", (None, "011", 2013, 2013, None, "1022", "001")),
        ("019-X-1022-000", (None, "019", None, None, "X", "1022", "000")),
    ],
)
def test_symbol_is_read_in_its_parts(code: str, parts: tuple[Any, ...]) -> None:
    assert parse_symbol(code) == AccountSymbol(*parts)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("", "not_a_symbol"),
        ("019X1022", "not_a_symbol"),
        ("019-011-2012-1022-000", "not_a_symbol"),
        ("19-011-2012/2017-1022-000", "not_a_symbol"),
        ("019-011-2012/2017-1022-00", "not_a_symbol"),
        ("019-011-2012/X-1022-000", "not_a_symbol"),
        ("019-011-2012/2017-1022-000\n", "not_a_symbol"),
        ("019-011-\N{ARABIC-INDIC DIGIT TWO}012/2017-1022-000", "not_a_symbol"),
        ("019-011-2017/2012-1022-000", "years_reversed"),
    ],
)
def test_what_is_no_symbol_is_refused(code: str, fault: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_symbol(code)
    assert [one.code for one in refused.value.errors] == [fault]


@pytest.mark.parametrize(
    ("day", "phase"),
    [
        (date(2011, 9, 30), AccountPhase.upcoming),
        (date(2011, 10, 1), AccountPhase.current),
        (date(2017, 9, 30), AccountPhase.current),
        (date(2017, 10, 1), AccountPhase.expired),
        (date(2022, 9, 30), AccountPhase.expired),
        (date(2022, 10, 1), AccountPhase.canceled),
    ],
)
def test_phase_follows_from_the_years_and_the_day(day: date, phase: AccountPhase) -> None:
    assert parse_symbol(ACCOUNT["code"]).phase_on(day) is phase
    assert parse_symbol("011-X-1022-000").phase_on(day) is AccountPhase.current


async def test_account_shows_what_its_symbol_says(api: Api, make: Any) -> None:
    made = await make.account()
    assert made == ACCOUNT | {
        "id": made["id"],
        "version": 1,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "federal_account_code": "011-1022",
        "allocation_transfer_agency": "019",
        "agency_identifier": "011",
        "first_fiscal_year": 2012,
        "last_fiscal_year": 2017,
        "availability_type": None,
        "main_account": "1022",
        "sub_account": "000",
        "available_from": "2011-10-01",
        "available_to": "2017-09-30",
        "cancels_on": "2022-10-01",
        "phase": "canceled",
        "as_of": made["as_of"],
    }
    read = await api.viewer().get(f"/v1/treasury-accounts/{made['id']}?as_of=2017-10-01")
    assert read.json() == made | {"phase": "expired", "as_of": "2017-10-01"}


async def test_accounts_are_found_by_phase_and_days(api: Api, make: Any) -> None:
    await make.account()
    await make.account(code="019-011-2018/2023-1022-000", valid_from="2018-01-01", valid_to="2020-12-31")
    await make.account(code="011-X-1022-000")
    await make.account(code="069-X-0500-000")
    old, new, endless, other = (
        "019-011-2012/2017-1022-000",
        "019-011-2018/2023-1022-000",
        "011-X-1022-000",
        "069-X-0500-000",
    )
    for query, expected in {
        "phase=current&as_of=2018-01-01": [endless, new, other],
        "phase=expired&as_of=2018-01-01": [old],
        "phase=upcoming&as_of=2017-01-01": [new],
        "phase=canceled&phase=expired&as_of=2022-10-01": [old],
        "federal_account_code=011-1022": [endless, old, new],
        "valid_on=2021-01-01&federal_account_code=011-1022": [endless, old],
        "cancels_on_lte=2022-10-01": [old],
        "available_to_gte=2018-01-01": [new],
        "q=069": [other],
    }.items():
        answer = await api.viewer().get(f"/v1/treasury-accounts?{query}")
        assert answer.status_code == 200, answer.text
        assert [one["code"] for one in answer.json()["items"]] == expected, query


async def test_symbol_is_checked_and_unique(api: Api, make: Any) -> None:
    await make.account()
    bad = await make.officer.post("/v1/treasury-accounts", json=ACCOUNT | {"code": "019-1022"})
    assert (bad.status_code, bad.json()["errors"][0]["code"]) == (422, "not_a_symbol")
    backwards = ACCOUNT | {"code": "019-X-1022-000", "valid_from": "2016-01-01", "valid_to": "2015-01-01"}
    bad = await make.officer.post("/v1/treasury-accounts", json=backwards)
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "#/valid_to")
    again = await make.officer.post("/v1/treasury-accounts", json=ACCOUNT)
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (409, "#/code")


async def test_database_refuses_what_is_no_symbol(database: Database) -> None:
    engine = create_async_engine(database.app_url)
    for code in ("019-1022", "019-011-2017/2012-1022-000"):
        async with engine.begin() as connection:
            await connection.execute(text(ACTING))
            with pytest.raises(DBAPIError, match="treasury_accounts"):
                await connection.execute(
                    text("INSERT INTO treasury_accounts (code, title) VALUES (:code, 'x')"), {"code": code}
                )
            await connection.rollback()
    await engine.dispose()


async def test_fund_line_names_its_account_and_codes(api: Api, make: Any) -> None:
    await make.account()
    for kind in ("function", "initiative", "operating_unit"):
        await make.fund_code(kind=kind, code=kind.upper())
    codes = {"function_code": "FUNCTION", "initiative_code": "INITIATIVE", "operating_unit_code": "OPERATING_UNIT"}
    line = await make.fund_line(treasury_account_code=ACCOUNT["code"], **codes)
    assert {name: line[name] for name in codes} == codes
    assert (line["treasury_account_code"], line["is_controlled"]) == (ACCOUNT["code"], True)
    for query in (
        f"treasury_account_code={ACCOUNT['code']}",
        "function_code=FUNCTION&operating_unit_code=OPERATING_UNIT",
    ):
        found = (await api.viewer().get(f"/v1/fund-lines?{query}")).json()["items"]
        assert [one["code"] for one in found] == ["MX-CORR"], query
    assert (await api.viewer().get("/v1/fund-lines?treasury_account_code_is_null=true")).json()["items"] == []


async def test_fund_line_names_only_what_is_recorded_and_was_in_use(make: Any) -> None:
    await make.account()
    await make.fund_code(code="OLD", valid_to="2011-09-30")
    await make.fund_code(code="NEW", valid_from="2017-10-01")
    await make.fund_code(code="LAST", valid_from="2017-09-30")
    account = {"treasury_account_code": ACCOUNT["code"]}
    line = {"code": "MX-2", "title": "Two", "country_code": "MX"}
    for over, pointer, code in (
        ({"treasury_account_code": "019-X-1022-000"}, "#/treasury_account_code", "unknown_code"),
        ({"function_code": "NONE"}, "#/function_code", "unknown_code"),
        ({"initiative_code": "LAST"}, "#/initiative_code", "unknown_code"),
        (account | {"function_code": "OLD"}, "#/function_code", "not_in_use"),
        (account | {"function_code": "NEW"}, "#/function_code", "not_in_use"),
    ):
        answer = await make.officer.post("/v1/fund-lines", json=line | over)
        assert answer.status_code == 422, answer.text
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]
    await make.fund_line(code="MX-3", function_code="LAST", **account)


async def test_account_of_a_fund_line_is_set_once(make: Any) -> None:
    await make.account()
    await make.account(code="019-X-1022-000")
    line = await make.fund_line()
    assert (line["treasury_account_code"], line["is_controlled"]) == (None, False)
    address = f"/v1/fund-lines/{line['id']}"
    set_once = await make.officer.patch(
        address, json={"treasury_account_code": ACCOUNT["code"]}, headers={"If-Match": '"1"'}
    )
    assert (set_once.status_code, set_once.json()["is_controlled"]) == (200, True), set_once.text
    other = await make.officer.patch(
        address, json={"treasury_account_code": "019-X-1022-000"}, headers={"If-Match": '"2"'}
    )
    assert (other.status_code, other.json()["code"]) == (409, "account_is_set")
    none = await make.officer.patch(address, json={"treasury_account_code": None}, headers={"If-Match": '"2"'})
    assert none.status_code in (409, 422), none.text


async def test_database_keeps_accounts_and_codes(make: Any, database: Database) -> None:
    await make.account()
    await make.fund_line(treasury_account_code=ACCOUNT["code"])
    engine = create_async_engine(database.app_url)
    for statement, refusal in (
        ("UPDATE fund_lines SET treasury_account_code = NULL", "a fund line has its account for good"),
        ("UPDATE fund_lines SET function_code = 'NONE'", "there is no such code"),
    ):
        async with engine.connect() as connection:
            await connection.execute(text(ACTING))
            with pytest.raises(DBAPIError, match=refusal):
                await connection.execute(text(statement))
    for statement in (
        "UPDATE treasury_accounts SET code = 'x'",
        "DELETE FROM treasury_accounts",
        "DELETE FROM fund_codes",
    ):
        async with engine.connect() as connection:
            with pytest.raises(ProgrammingError, match="permission denied"):
                await connection.execute(text(statement))
    await engine.dispose()
