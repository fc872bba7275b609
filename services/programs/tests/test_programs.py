"""Programs and partnerships: countries with shares, grants, states."""

from typing import Any

import pytest
from chassis.testing import Api

MEXICO = {
    "code": "MX-CORR", "title": "Corrections in Mexico", "kind": "country", "sector": "corrections",
    "countries": [{"country_code": "MX"}], "starts": {"earliest": "2008-01-01", "latest": "2008-12-31", "label": "2008"},
}  # fmt: skip
REGIONAL = MEXICO | {
    "code": "REG", "kind": "regional",
    "countries": [{"country_code": "KZ", "share": "0.5"}, {"country_code": "TN", "share": "0.3"},
                  {"country_code": "UG", "share": "0.2"}],
}  # fmt: skip


async def make_program(api: Api, **over: Any) -> dict[str, Any]:
    answer = await api.officer().post("/v1/programs", json=MEXICO | over)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_program_is_read_back_whole(api: Api) -> None:
    made = await make_program(api)
    assert {name: made[name] for name in MEXICO} == MEXICO | {"countries": [{"country_code": "MX", "share": None}]}
    assert (made["status"], made["parent_code"], made["ends"]) == (None, None, None)


@pytest.mark.parametrize(
    ("countries", "code"),
    [
        ([{"country_code": "KZ", "share": "0.5"}, {"country_code": "TN", "share": "0.4"}], "shares_not_one"),
        ([{"country_code": "KZ", "share": "0.5"}, {"country_code": "TN"}], "shares_incomplete"),
        ([{"country_code": "KZ"}, {"country_code": "KZ"}], "duplicate_country"),
        ([{"country_code": "KZ", "share": "1.5"}], "less_than_equal"),
        ([{"country_code": "Kazakhstan"}], "value_error"),
        ([], "too_short"),
    ],
)
async def test_countries_of_a_program_must_fit(api: Api, countries: list[dict[str, str]], code: str) -> None:
    answer = await api.officer().post("/v1/programs", json=REGIONAL | {"countries": countries})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == code
    two = await api.officer().post("/v1/programs", json=REGIONAL | {"kind": "country"})
    assert two.json()["errors"][0]["code"] == "one_country"


async def test_countries_are_replaced_as_a_whole(api: Api) -> None:
    made = await make_program(api, **REGIONAL)
    address = f"/v1/programs/{made['id']}"
    changed = await api.officer().patch(
        address,
        json={"countries": [{"country_code": "TN", "share": "0.25"}, {"country_code": "KG", "share": "0.75"}]},
        headers={"If-Match": '"1"'},
    )
    assert changed.json()["countries"] == [
        {"country_code": "KG", "share": "0.75"},
        {"country_code": "TN", "share": "0.25"},
    ]
    page = (await api.viewer().get("/v1/programs?country_code=KG&country_code=MX")).json()
    assert [one["code"] for one in page["items"]] == ["REG"]
    assert (await api.viewer().get("/v1/programs?country_code=KZ")).json()["items"] == []


async def test_status_follows_its_machine(api: Api) -> None:
    made = await make_program(api)
    address = f"/v1/programs/{made['id']}"
    steps = [("active", 200), ("closed", 409), ("suspended", 200), ("active", 200), ("closing", 200), ("closed", 200)]
    version = 1
    for status, expected in steps:
        answer = await api.officer().patch(address, json={"status": status}, headers={"If-Match": f'"{version}"'})
        assert answer.status_code == expected, (status, answer.text)
        if expected == 409:
            assert answer.json()["code"] == "illegal_transition"
        else:
            version = answer.json()["version"]


async def test_officer_writes_only_where_granted(api: Api) -> None:
    made = await make_program(api)
    foreign = api.officer("GE")
    assert (await foreign.post("/v1/programs", json=MEXICO | {"code": "X"})).status_code == 403
    changed = await foreign.patch(f"/v1/programs/{made['id']}", json={"title": "X"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 403
    await api.analyst().post("/v1/agencies", json={"code": "A", "name": "A", "kind": "us_state"})
    partnership = {"agency_code": "A", "program_code": "MX-CORR", "roles": ["trainer"]}
    assert (await foreign.post("/v1/partnerships", json=partnership)).status_code == 403
    own = await api.officer("MX").post("/v1/partnerships", json=partnership)
    assert (own.status_code, own.json()["agency_name"], own.json()["roles"]) == (201, "A", ["trainer"])
    twice = await api.officer("MX").post("/v1/partnerships", json=partnership | {"roles": ["funder"]})
    assert (twice.status_code, twice.json()["code"]) == (409, "duplicate")
    page = (await api.viewer().get("/v1/partnerships?role=trainer&role=funder&country_code=MX")).json()
    assert [one["agency_code"] for one in page["items"]] == ["A"]
    assert (await api.viewer().get("/v1/partnerships?role=funder")).json()["items"] == []


async def test_summaries_count_what_is_recorded_of_each_country(api: Api) -> None:
    await make_program(api)
    await make_program(api, **REGIONAL)
    found = (await api.viewer().get("/v1/country-summaries")).json()
    assert found == {
        "items": [
            {"country_code": code, "programs": 1, "reported_figures": 0, "statements": 0}
            for code in ("KZ", "MX", "TN", "UG")
        ]
    }
