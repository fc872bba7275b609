"""Claims of documents: append-only, ranked, superseded, in conflict; nothing divides a joint figure."""

from typing import Any

import pytest
from chassis.testing import ACTING, Api, Database
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

SOURCE = {
    "code": "page", "title": "A page", "publisher": "A bureau", "kind": "web_page", "confidence": "low",
    "as_of_earliest": "2015-10-07", "as_of_latest": "2021-01-20", "as_of_best": "2016",
}  # fmt: skip
MEASURE = {
    "code": "instructors_trained", "label": "Instructors trained", "unit": "persons", "kind": "count",
    "basis": "cumulative", "additivity": "non_additive", "counting_rule": "Distinct persons.",
    "owner_service": "trainings",
}  # fmt: skip
AGENCY = {"code": "US-NM-CD", "name": "New Mexico", "kind": "us_state"}
SERIES = {
    "code": "mx-instructors", "label": "Instructors", "measure_code": "instructors_trained", "subject_type": "country",
    "subject_code": "MX", "is_headline": True, "agency_codes": ["US-NM-CD"], "nationality_code": "MX",
}  # fmt: skip
OLD = {
    "code": "S1-25", "series_code": "mx-instructors", "value": "370", "qualifier": "more_than", "bound": "gt",
    "text": "More than 370.", "source_code": "page", "rank": "preferred",
}  # fmt: skip
NEW = OLD | {
    "code": "S0-18", "value": "505", "text": "More than 505.",
    "supersedes": [{"figure_code": "S1-25", "reason": "later_report"}],
}  # fmt: skip


async def post(api: Api, noun: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.officer().post(f"/v1/{noun}", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.fixture
async def series(api: Api) -> dict[str, Any]:
    await post(api, "agencies", AGENCY)
    await post(api, "sources", SOURCE)
    await post(api, "measures", MEASURE)
    return await post(api, "series", SERIES)


async def list_codes(api: Api, query: str) -> list[str]:
    page = (await api.viewer().get(f"/v1/reported-figures?{query}")).json()
    return [one["code"] for one in page["items"]]


async def test_superseded_figure_stays_true_and_normal(api: Api, series: dict[str, Any]) -> None:
    await post(api, "reported-figures", OLD)
    new = await post(api, "reported-figures", NEW)
    assert (new["rank"], new["supersedes_codes"], new["supersession_reason"]) == (
        "preferred",
        ["S1-25"],
        "later_report",
    )
    assert (new["value"], new["unit"], new["agency_codes"], new["locator"]) == ("505", "persons", ["US-NM-CD"], None)
    assert new["as_of"] == {"earliest": "2015-10-07", "latest": "2021-01-20", "label": "best guess 2016"}
    old = (await api.viewer().get("/v1/reported-figures?code=S1-25")).json()["items"][0]
    assert (old["rank"], old["superseded_by_code"]) == ("normal", "S0-18")
    assert [one["rank"] for one in old["ranks"]] == ["preferred", "normal"]
    assert old["rank_reason"] == "Superseded by S0-18: later_report."
    assert await list_codes(api, "rank=preferred") == ["S0-18"]
    assert await list_codes(api, "measure_code=instructors_trained&subject_code=MX&sort=created_at") == [
        "S1-25",
        "S0-18",
    ]


async def test_second_preferred_figure_of_a_period_is_refused(api: Api, series: dict[str, Any]) -> None:
    await post(api, "reported-figures", OLD)
    answer = await api.analyst().post("/v1/reported-figures", json=NEW | {"supersedes": []})
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "one_preferred_per_series_and_period"
    assert await list_codes(api, "") == ["S1-25"]
    other = {"earliest": "2009-01-01", "latest": "2009-12-31", "label": "2009"}
    await post(api, "reported-figures", NEW | {"supersedes": [], "period_start": other})


async def test_figure_is_superseded_once_and_only_within_its_series(api: Api, series: dict[str, Any]) -> None:
    await post(api, "series", SERIES | {"code": "other", "is_headline": False})
    await post(api, "reported-figures", OLD)
    elsewhere = NEW | {"code": "X", "series_code": "other"}
    refused = await api.analyst().post("/v1/reported-figures", json=elsewhere)
    assert (refused.status_code, refused.json()["code"]) == (422, "validation")
    scope_change = [{"figure_code": "S1-25", "reason": "scope_change"}]
    await post(api, "reported-figures", elsewhere | {"supersedes": scope_change})
    again = await api.analyst().post("/v1/reported-figures", json=NEW)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "uq_supersessions_superseded_id")


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"value": None}, "#/value", "missing"),
        ({"value": 505}, "#/value", "value_error"),
        ({"value": "1e6"}, "#/value", "value_error"),
        ({"bound": "range"}, "#/value_min", "range"),
        ({"bound": "unquantified"}, "#/value", "unquantified"),
        ({"rank": "deprecated"}, "#/rank_reason", "reason_needed"),
        ({"source_code": "none"}, "#/source_code", "fk_reported_figures_source_code"),
        ({"series_code": "none"}, "#/series_code", "fk_reported_figures_series_code"),
        (
            {"supersedes": [{"figure_code": "none", "reason": "correction"}]},
            "#/supersedes/0/figure_code",
            "unknown_code",
        ),
        (
            {"period_start": {"earliest": "2010-01-02", "latest": "2010-01-01", "label": None}},
            "#/period_start",
            "value_error",
        ),
    ],
)
async def test_bad_claim_names_what_is_wrong(
    api: Api, series: dict[str, Any], change: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await api.analyst().post("/v1/reported-figures", json=OLD | change)
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)], answer.text
    assert await list_codes(api, "") == []


async def test_rank_can_change_and_its_history_stays(api: Api, series: dict[str, Any]) -> None:
    figure = await post(api, "reported-figures", OLD)
    address = f"/v1/reported-figures/{figure['id']}/ranks"
    answer = await api.analyst().post(address, json={"rank": "deprecated", "reason": "A typing error."})
    assert answer.status_code == 201
    assert [(one["rank"], one["reason"], one["decided_by"]) for one in answer.json()["ranks"]] == [
        ("preferred", None, "Test officer"),
        ("deprecated", "A typing error.", "Test analyst"),
    ]
    assert (await api.viewer().post(address, json={"rank": "normal"})).status_code == 403


async def test_conflict_shows_on_each_member(api: Api, series: dict[str, Any]) -> None:
    await post(api, "reported-figures", OLD)
    statement = {
        "code": "S0-27", "kind": "claim", "topic": "reform", "predicate": "reforms_described_as",
        "subject_type": "country", "subject_code": "MX", "text": "It was sweeping.", "value": ["a", 1, None],
        "attribution": "A page", "source_code": "page",
    }  # fmt: skip
    await post(api, "statements", statement)
    conflict = {
        "code": "C01", "kind": "repeat", "status": "open", "title": "T", "resolution": "None yet", "reason": "R",
        "member_codes": ["S1-25", "S0-27"],
    }  # fmt: skip
    made = await post(api, "conflicts", conflict)
    assert made["members"] == [
        {"kind": "statement", "code": "S0-27", "is_voided": False},
        {"kind": "reported_figure", "code": "S1-25", "is_voided": False},
    ]
    dossier = (await api.viewer().get("/v1/dossiers/country/MX")).json()
    assert [one["code"] for one in dossier["reported_figures"][0]["conflicts"]] == ["C01"]
    assert [one["code"] for one in dossier["statements"][0]["conflicts"]] == ["C01"]
    assert dossier["statements"][0]["value"] == ["a", 1, None]
    changed = await api.analyst().patch(
        f"/v1/conflicts/{made['id']}",
        json={"status": "resolved", "member_codes": ["S1-25"]},
        headers={"If-Match": '"1"'},
    )
    assert (changed.json()["status"], changed.json()["members"]) == (
        "resolved",
        [{"kind": "reported_figure", "code": "S1-25", "is_voided": False}],
    )
    unknown = await api.analyst().post("/v1/conflicts", json=conflict | {"code": "C02", "member_codes": ["X"]})
    assert unknown.json()["errors"][0]["pointer"] == "#/member_codes/0"


async def test_series_has_a_known_subject_and_one_headline(api: Api, series: dict[str, Any]) -> None:
    second = await api.analyst().post("/v1/series", json=SERIES | {"code": "second"})
    assert (second.status_code, second.json()["errors"][0]["code"]) == (409, "uq_series_headline")
    for subject_type, subject_code in (("country", "Mexico"), ("agency", "X"), ("program", "X"), ("world", "mars")):
        body = SERIES | {"code": "y", "subject_type": subject_type, "subject_code": subject_code}
        answer = await api.analyst().post("/v1/series", json=body)
        assert answer.json()["errors"][0]["code"] == "unknown_subject", answer.text
    alone = await api.analyst().post("/v1/series", json=SERIES | {"code": "y", "is_headline": False, "is_joint": True})
    assert alone.json()["errors"][0]["code"] == "joint_needs_two"


APPEND_ONLY = ("reported_figures", "statements", "rank_decisions", "supersessions", "coverage_declarations")


@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}"])
async def test_claims_cannot_be_changed_by_the_serving_role(database: Database, change: str) -> None:
    engine = create_async_engine(database.app_url)
    for table in APPEND_ONLY:
        with pytest.raises(DBAPIError, match="permission denied"):
            async with engine.begin() as connection:
                await connection.execute(text(ACTING))
                await connection.execute(text(change.format(table)))
    await engine.dispose()


async def test_coverage_is_declared_in_the_callers_name(api: Api) -> None:
    body = {"country_code": "MX", "measure_family": "trainings", "complete_from": "2008-01-01"}
    made = await api.officer("MX").post("/v1/coverage-declarations", json=body)
    assert (made.status_code, made.json()["declared_by"], made.json()["complete_to"]) == (201, "Test officer", None)
    assert (await api.officer("GE").post("/v1/coverage-declarations", json=body)).status_code == 403
    assert (await api.analyst().post("/v1/coverage-declarations", json=body)).status_code == 403
