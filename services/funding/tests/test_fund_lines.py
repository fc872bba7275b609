"""Fund lines: the money of a country for a purpose."""

from typing import Any

from chassis.testing import Api

LINE = {"code": "MX-CORR", "title": "Corrections, Mexico", "country_code": "MX", "purpose": "Instructor training."}


async def test_created_fund_line_is_read_back_whole(api: Api, make: Any) -> None:
    made = await make.fund_line(**LINE)
    named = (
        "treasury_account_code",
        "function_code",
        "initiative_code",
        "operating_unit_code",
        "transfer_agreement_code",
    )
    codes = dict.fromkeys(named)
    stored = {key: made[key] for key in ("id", "created_at", "updated_at")} | {"version": 1}
    assert made == LINE | stored | codes | {"is_controlled": False}
    read = await api.viewer().get(f"/v1/fund-lines/{made['id']}")
    assert (read.status_code, read.json(), read.headers["etag"]) == (200, made, '"1"')
    by_code = (await api.viewer().get("/v1/fund-lines?code=MX-CORR")).json()
    assert by_code == {"items": [made], "next_cursor": None, "next": None, "total_count": None}


async def test_title_and_purpose_change_with_the_current_version(api: Api, make: Any) -> None:
    made = await make.fund_line(**LINE)
    address = f"/v1/fund-lines/{made['id']}"
    changed = await make.officer.patch(
        address, json={"title": "Prisons, Mexico", "purpose": None}, headers={"If-Match": '"1"'}
    )
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"'), changed.text
    assert changed.json() == made | {
        "title": "Prisons, Mexico",
        "purpose": None,
        "version": 2,
        "updated_at": changed.json()["updated_at"],
    }
    stale = await make.officer.patch(address, json={"title": "Other"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"], stale.json()["current_version"]) == (412, "stale_version", 2)
    blind = await make.officer.patch(address, json={"title": "Other"})
    assert (blind.status_code, blind.json()["code"]) == (428, "precondition_required")


async def test_code_and_country_never_change(api: Api, make: Any) -> None:
    made = await make.fund_line()
    for field in ("code", "country_code"):
        answer = await make.officer.patch(
            f"/v1/fund-lines/{made['id']}", json={field: "PK"}, headers={"If-Match": '"1"'}
        )
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_field")


async def test_filters_and_sort(api: Api, make: Any) -> None:
    await make.fund_line(**LINE)
    await make.fund_line(code="PK-POL", title="Police, Pakistan", country_code="PK")
    await make.fund_line(code="MX-POL", title="Police, Mexico")
    for query, expected in {
        "": ["MX-CORR", "MX-POL", "PK-POL"],
        "country_code=MX&sort=-code": ["MX-POL", "MX-CORR"],
        "q=police&sort=title": ["MX-POL", "PK-POL"],
        "purpose_is_null=false": ["MX-CORR"],
        "country_code=ZW": [],
    }.items():
        page = (await api.viewer().get(f"/v1/fund-lines?{query}")).json()
        assert [line["code"] for line in page["items"]] == expected, query


async def test_code_is_unique(api: Api, make: Any) -> None:
    await make.fund_line()
    again = await make.officer.post("/v1/fund-lines", json=LINE)
    assert (again.status_code, again.json()["code"]) == (409, "duplicate")
    assert again.json()["errors"][0]["pointer"] == "#/code"


async def test_only_an_officer_with_a_grant_for_the_country_writes(api: Api, make: Any) -> None:
    made = await make.fund_line()
    address = f"/v1/fund-lines/{made['id']}"
    for client in (api.viewer(), api.analyst(), api.admin(), api.officer("PK")):
        for answer in (
            await client.post("/v1/fund-lines", json=LINE | {"code": "MX-2"}),
            await client.patch(address, json={"title": "Other"}, headers={"If-Match": '"1"'}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    for client in (api.viewer(), api.analyst(), api.admin(), api.officer("PK")):
        assert (await client.get(address)).json() == made
    granted = await api.officer("PK", "MX").post("/v1/fund-lines", json=LINE | {"code": "MX-2"})
    assert granted.status_code == 201
