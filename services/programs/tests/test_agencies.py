"""Agencies: the pattern that every noun follows."""

from typing import Any

import pytest
from chassis.testing import Api

NEW_MEXICO = {
    "code": "US-NM-CD",
    "name": "New Mexico Corrections Department",
    "kind": "us_state",
    "country_code": "US",
    "subdivision_code": "US-NM",
}


async def make_agency(api: Api, **over: Any) -> dict[str, Any]:
    answer = await api.analyst().post("/v1/agencies", json=NEW_MEXICO | over)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_created_agency_is_read_back_whole(api: Api) -> None:
    made = await make_agency(api)
    assert {key: made[key] for key in NEW_MEXICO} == NEW_MEXICO
    assert (made["version"], made["parent_code"], made["aliases"]) == (1, None, [])
    read = await api.viewer().get(f"/v1/agencies/{made['id']}")
    assert (read.status_code, read.json(), read.headers["etag"]) == (200, made, '"1"')
    again = await api.viewer().get(f"/v1/agencies/{made['id']}", headers={"If-None-Match": '"1"'})
    assert (again.status_code, again.content) == (304, b"")


async def test_list_walks_all_pages_in_order_and_refuses_a_foreign_cursor(api: Api) -> None:
    codes = [f"A{number:02d}" for number in range(7)]
    for code in reversed(codes):
        await make_agency(api, code=code, name=f"Agency {code}")
    found, cursor, address = [], "", "/v1/agencies?limit=3&sort=-name&with_total=true"
    while address:
        page = (await api.viewer().get(address)).json()
        assert page["total_count"] == 7
        found += [agency["code"] for agency in page["items"]]
        address, cursor = page["next"], page["next_cursor"] or cursor
    assert found == codes[::-1]
    foreign = await api.viewer().get("/v1/agencies", params={"cursor": cursor, "sort": "name"})
    assert (foreign.status_code, foreign.json()["code"]) == (400, "invalid_cursor")


async def test_unknown_parameter_is_refused_with_the_nearest_name(api: Api) -> None:
    answer = await api.viewer().get("/v1/agencies?countrycode=US")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["errors"]) == (
        "unknown_parameter",
        [
            {
                "parameter": "countrycode",
                "code": "unknown_parameter",
                "message": "There is no parameter 'countrycode'. Did you mean \"country_code\"?",
            }
        ],
    )


async def test_filters_are_anded_and_repeats_ored(api: Api) -> None:
    await make_agency(api)
    await make_agency(api, code="US-BOP", name="Federal Bureau of Prisons", kind="us_federal", subdivision_code=None)
    await make_agency(
        api, code="UN", name="United Nations", kind="multilateral", country_code=None, subdivision_code=None
    )
    for query, expected in {
        "kind=us_state&kind=us_federal&sort=code": ["US-BOP", "US-NM-CD"],
        "kind=us_state&country_code=MX": [],
        "q=united": ["UN"],
        "q=%25": [],
        "parent_code_is_null=true&sort=-code": ["US-NM-CD", "US-BOP", "UN"],
    }.items():
        page = (await api.viewer().get(f"/v1/agencies?{query}")).json()
        assert [agency["code"] for agency in page["items"]] == expected, query


async def test_files_hold_all_rows_that_match(api: Api) -> None:
    for number in range(5):
        await make_agency(api, code=f"A{number}", name=f"=Agency {number}", aliases=["é"])
    csv = await api.viewer().get("/v1/agencies?format=csv&limit=2&sort=code")
    assert csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert int(csv.headers["content-length"]) == len(csv.content)
    lines = csv.content.decode().split("\r\n")
    assert lines[0] == (
        "id,version,created_at,updated_at,code,name,kind,country_code,subdivision_code,parent_code,aliases"
    )
    assert lines[1].endswith(',A0,=Agency 0,us_state,US,US-NM,,"[""é""]"')
    assert len(lines) == 7
    excel = await api.viewer().get("/v1/agencies?format=csv&excel=true&sort=code")
    assert excel.content.startswith(b"\xef\xbb\xbf")
    assert ",A0,'=Agency 0," in excel.content.decode("utf-8-sig")
    ndjson = await api.viewer().get("/v1/agencies?sort=code", headers={"Accept": "application/x-ndjson"})
    assert [line for line in ndjson.text.splitlines() if '"A4"' in line] == ndjson.text.splitlines()[-1:]


async def test_change_needs_the_current_version(api: Api) -> None:
    made = await make_agency(api)
    address = f"/v1/agencies/{made['id']}"
    blind = await api.analyst().patch(address, json={"name": "NMCD"})
    assert (blind.status_code, blind.json()["code"]) == (428, "precondition_required")
    changed = await api.analyst().patch(address, json={"name": "NMCD"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert changed.json() == made | {"name": "NMCD", "version": 2, "updated_at": changed.json()["updated_at"]}
    stale = await api.analyst().patch(address, json={"name": "Other"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"], stale.json()["current_version"]) == (412, "stale_version", 2)


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"kind": "state"}, "#/kind", "enum"),
        ({"country_code": "Mexico"}, "#/country_code", "value_error"),
        ({"nmae": "x"}, "#/nmae", "unknown_field"),
        ({"name": None}, "#/name", "string_type"),
        ({"parent_code": "NOBODY"}, "#/parent_code", "fk_agencies_parent_code"),
        ({"parent_code": "US-NM-CD"}, "#/parent_code", "ck_agencies_not_its_own_parent"),
    ],
)
async def test_bad_agency_names_what_is_wrong(api: Api, change: dict[str, Any], pointer: str, code: str) -> None:
    answer = await api.analyst().post("/v1/agencies", json=NEW_MEXICO | change)
    assert answer.headers["content-type"] == "application/problem+json"
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)], answer.text
    assert (await api.viewer().get("/v1/agencies")).json()["items"] == []


async def test_code_is_unique(api: Api) -> None:
    await make_agency(api)
    again = await api.analyst().post("/v1/agencies", json=NEW_MEXICO)
    assert (again.status_code, again.json()["code"]) == (409, "duplicate")
    assert again.json()["errors"][0]["pointer"] == "#/code"


async def test_viewer_and_stranger_cannot_write(api: Api) -> None:
    refused = await api.viewer().post("/v1/agencies", json=NEW_MEXICO)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    stranger = await api.anonymous().post("/v1/agencies", json=NEW_MEXICO)
    assert (stranger.status_code, stranger.json()["code"]) == (401, "unauthenticated")
    assert stranger.headers["www-authenticate"] == "Bearer"
