"""The ledger: entries are added and read, never changed."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from chassis.testing import Api, Database
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

ENTRY = {
    "fund_line_code": "MX-CORR",
    "kind": "deobligation",
    "amount": {"amount": "1000.5", "currency": "USD"},
    "effective_date": "2015-10-01",
    "document_reference": "LOA 2016-1",
    "note": None,
}


async def add(client: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
    return await client.post("/v1/ledger-entries", json=body, headers={"Idempotency-Key": str(uuid.uuid4())})


async def test_created_entry_is_read_back_whole_with_what_follows_from_it(api: Api, make: Any) -> None:
    await make.fund_line()
    answer = await add(make.officer, ENTRY)
    made = answer.json()
    assert made == ENTRY | {
        "id": made["id"],
        "version": 1,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "amount": {"amount": "1000.50", "currency": "USD"},
        "country_code": "MX",
        "stage": "obligated",
        "tier": "primary",
        "fiscal_year": 2016,
        "signed": {"amount": "-1000.50", "currency": "USD"},
        "is_transferred": False,
        **dict.fromkeys(
            (
                "agreement_line_id",
                "agreement_code",
                "adjusts_entry_id",
                "reverses_entry_id",
                "commitment_entry_id",
                "proposal_id",
                "ledger_import_id",
                "ledger_import_row",
            )
        ),
    }
    assert answer.headers["location"] == f"/v1/ledger-entries/{made['id']}"
    read = await api.viewer().get(answer.headers["location"])
    assert (read.status_code, read.json(), read.headers["etag"]) == (200, made, '"1"')


BAD_FIELDS: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "gift"}, "#/kind", "enum"),
    ({"amount": {"amount": "0"}}, "#/amount/amount", "greater_than"),
    ({"amount": {"amount": "-5.00"}}, "#/amount/amount", "value_error"),
    ({"amount": {"amount": "5.001"}}, "#/amount/amount", "value_error"),
    ({"amount": {"amount": 5}}, "#/amount/amount", "value_error"),
    ({"amount": {"amount": "5", "currency": "dollars"}}, "#/amount/currency", "string_pattern_mismatch"),
    ({"amount": "5.00"}, "#/amount", "model_attributes_type"),
    ({"effective_date": "October 2015"}, "#/effective_date", "value_error"),
    ({"effective_date": 0}, "#/effective_date", "value_error"),
    ({"fiscal_year": 2016}, "#/fiscal_year", "unknown_field"),
    ({"fund_line_code": "NOWHERE"}, "#/fund_line_code", "unknown_code"),
]


async def test_bad_entry_names_what_is_wrong(api: Api, make: Any) -> None:
    await make.fund_line()
    for change, pointer, code in BAD_FIELDS:
        answer = await add(make.officer, ENTRY | change)
        assert answer.status_code == 422, answer.text
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)], answer.text
    assert (await api.viewer().get("/v1/ledger-entries")).json()["items"] == []


async def test_entry_is_dated_today_at_the_latest(api: Api, make: Any) -> None:
    await make.fund_line()
    today = datetime.now(UTC).date()
    await make.entry("allotment", "1.00", today.isoformat())
    tomorrow = ENTRY | {"effective_date": (today + timedelta(days=1)).isoformat()}
    answer = await add(make.officer, tomorrow)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "in_the_future")


async def test_only_an_officer_with_a_grant_for_the_country_of_the_line_writes(api: Api, make: Any) -> None:
    await make.fund_line()
    for client in (api.viewer(), api.analyst(), api.admin(), api.officer("PK")):
        answer = await add(client, ENTRY)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await add(api.officer("MX"), ENTRY)).status_code == 201


async def test_entry_cannot_be_changed_or_deleted(api: Api, make: Any, database: Database) -> None:
    await make.fund_line()
    made = await make.entry("allotment", "5.00")
    for method in ("PATCH", "PUT", "DELETE"):
        answer = await make.officer.request(method, f"/v1/ledger-entries/{made['id']}", json={"note": "x"})
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    engine = create_async_engine(database.app_url)
    try:
        for statement in (
            "UPDATE ledger_entries SET amount = 1",
            "DELETE FROM ledger_entries",
            "TRUNCATE ledger_entries",
            "DELETE FROM fund_lines",
            "UPDATE fund_lines SET country_code = 'PK'",
        ):
            async with engine.connect() as connection:
                with pytest.raises(ProgrammingError, match="permission denied"):
                    await connection.execute(text(statement))
    finally:
        await engine.dispose()


async def test_filters_are_anded_and_repeats_ored(api: Api, make: Any) -> None:
    await make.fund_line()
    await make.fund_line(code="PK-POL", title="Police, Pakistan", country_code="PK")
    await make.entry("allotment", "1000.00", "2015-09-30")
    await make.entry("obligation", "700.00", "2015-10-01", document_reference="LOA 7")
    await make.entry("deobligation", "100.00", "2016-09-30", note="Closed early")
    await make.entry("sub_obligation", "9.99", "2016-10-01", currency="MXN")
    await make.entry("obligation", "50.00", "2016-03-01", fund_line_code="PK-POL")
    for query, expected in {
        "sort=amount": ["9.99", "50.00", "100.00", "700.00", "1000.00"],
        "": ["9.99", "100.00", "50.00", "700.00", "1000.00"],
        "country_code=PK": ["50.00"],
        "country_code=PK&country_code=MX&kind=obligation": ["50.00", "700.00"],
        "fund_line_code=MX-CORR&stage=obligated": ["100.00", "700.00"],
        "stage=obligated&stage=allotted&country_code=MX": ["100.00", "700.00", "1000.00"],
        "tier=sub": ["9.99"],
        "tier=sub&tier=primary&currency=USD&kind=allotment": ["1000.00"],
        "tier=sub&stage=obligated": [],
        "fiscal_year=2016": ["100.00", "50.00", "700.00"],
        "fiscal_year=2015&fiscal_year=2017": ["9.99", "1000.00"],
        "effective_date_gte=2015-10-01&effective_date_lt=2016-09-30": ["50.00", "700.00"],
        "effective_date_gt=2015-10-01&effective_date_lte=2016-09-30": ["100.00", "50.00"],
        "amount_gte=100&amount_lt=1000.00": ["100.00", "700.00"],
        "amount_gt=100&amount_lte=1000.00": ["700.00", "1000.00"],
        "q=loa": ["700.00"],
        "q=EARLY": ["100.00"],
        "document_reference_is_null=false": ["700.00"],
    }.items():
        answer = await api.viewer().get(f"/v1/ledger-entries?{query}")
        assert answer.status_code == 200, answer.text
        assert [entry["amount"]["amount"] for entry in answer.json()["items"]] == expected, query


async def test_ledger_is_walked_by_amount_and_downloaded_whole(api: Api, make: Any) -> None:
    await make.fund_line()
    for number in range(7):
        await make.entry("obligation", f"{number % 3 + 1}.00", f"2016-03-0{number + 1}")
    found, address = [], "/v1/ledger-entries?limit=2&sort=-amount,effective_date"
    while address:
        page = (await api.viewer().get(address)).json()
        found += [(entry["amount"]["amount"], entry["effective_date"][-1]) for entry in page["items"]]
        address = page["next"]
    ones = [("1.00", "1"), ("1.00", "4"), ("1.00", "7")]
    assert found == [("3.00", "3"), ("3.00", "6"), ("2.00", "2"), ("2.00", "5"), *ones]
    csv = await api.viewer().get("/v1/ledger-entries?format=csv&limit=2&sort=effective_date&kind=obligation")
    lines = csv.text.split("\r\n")
    assert lines[0] == (
        "id,version,created_at,updated_at,fund_line_code,country_code,kind,stage,tier,amount_amount,amount_currency,"
        "signed_amount,signed_currency,effective_date,fiscal_year,document_reference,note,agreement_line_id,"
        "agreement_code,adjusts_entry_id,reverses_entry_id,commitment_entry_id,proposal_id,is_transferred,"
        "ledger_import_id,ledger_import_row"
    )
    assert lines[1].endswith(
        ",MX-CORR,MX,obligation,obligated,primary,1.00,USD,1.00,USD,2016-03-01,2016,,,,,,,,,false,,"
    )
    assert len(lines) == 9
