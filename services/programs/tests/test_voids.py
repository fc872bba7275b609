"""Figures, statements and partnerships that were entered in error: what stays, and what is as if they had never been."""

import asyncio
from typing import Any, Final

import pytest
from chassis.testing import Api, Database
from chassis.testing.voids import check_void, check_voided_once
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

WHY: Final = {"reason": "Misread."}
SOURCE: Final = {
    "code": "page", "title": "A page", "publisher": "A bureau", "kind": "web_page", "confidence": "low",
    "as_of_earliest": "2015-10-07", "as_of_latest": "2021-01-20",
}  # fmt: skip
MEASURE: Final = {
    "code": "instructors_trained", "label": "Instructors trained", "unit": "persons", "kind": "count",
    "basis": "cumulative", "additivity": "non_additive", "counting_rule": "Distinct persons.",
    "owner_service": "trainings",
}  # fmt: skip
SERIES: Final = {
    "code": "mx-instructors", "label": "Instructors", "measure_code": "instructors_trained", "subject_type": "country",
    "subject_code": "MX",
}  # fmt: skip
OLD: Final[dict[str, Any]] = {
    "code": "OLD", "series_code": "mx-instructors", "value": "370", "bound": "gt", "text": "More than 370.",
    "source_code": "page", "rank": "preferred",
}  # fmt: skip
NEW: Final[dict[str, Any]] = OLD | {
    "code": "NEW", "value": "505", "supersedes": [{"figure_code": "OLD", "reason": "later_report"}],
}  # fmt: skip
STATEMENT: Final[dict[str, Any]] = {
    "code": "S0-36", "kind": "reform", "topic": "reform", "predicate": "reform_prisoner_classification",
    "subject_type": "country", "subject_code": "MX", "text": "Mexico sorts prisoners better.", "attribution": "A page",
    "source_code": "page",
}  # fmt: skip
PROGRAM: Final = {
    "code": "MX-CORR", "title": "Corrections", "kind": "country", "sector": "corrections",
    "countries": [{"country_code": "MX"}],
}  # fmt: skip
PARTNERSHIP: Final[dict[str, Any]] = {"agency_code": "US-NM-CD", "program_code": "MX-CORR", "roles": ["trainer"]}


async def post(api: Api, noun: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.officer().post(f"/v1/{noun}", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def void(api: Api, noun: str, record: dict[str, Any]) -> dict[str, Any]:
    answer = await api.officer().post(
        f"/v1/{noun}/{record['id']}/void", json=WHY, headers={"If-Match": f'"{record["version"]}"'}
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def figure(api: Api, code: str) -> dict[str, Any]:
    (found,) = (await api.viewer().get(f"/v1/reported-figures?code={code}")).json()["items"]
    return dict(found)


@pytest.fixture
async def house(api: Api) -> Api:
    """A service in which things can be claimed of Mexico."""
    await post(api, "agencies", {"code": "US-NM-CD", "name": "New Mexico", "kind": "us_state"})
    await post(api, "programs", PROGRAM)
    await post(api, "sources", SOURCE)
    await post(api, "measures", MEASURE)
    await post(api, "series", SERIES)
    return api


@pytest.mark.parametrize(
    ("noun", "body"), [("reported-figures", OLD), ("statements", STATEMENT), ("partnerships", PARTNERSHIP)]
)
async def test_record_is_voided_once(house: Api, noun: str, body: dict[str, Any]) -> None:
    await check_void(house, f"/v1/{noun}/{(await post(house, noun, body))['id']}")
    # A code stays taken: somebody may have cited it.
    anew = await house.officer().post(f"/v1/{noun}", json=body)
    assert anew.status_code == (409 if "code" in body else 201), anew.text
    other = body | {"code": "ANOTHER"} if "code" in body else body | {"agency_code": "US-NM-CD", "starts": STARTS}
    await check_voided_once(house, f"/v1/{noun}/{(await post(house, noun, other))['id']}")


STARTS: Final = {"earliest": "2008-01-01", "latest": "2008-12-31", "label": "2008"}


@pytest.mark.parametrize(
    ("noun", "body", "analyst"),
    [("reported-figures", OLD, 200), ("statements", STATEMENT, 200), ("partnerships", PARTNERSHIP, 403)],
)
async def test_who_may_not_write_a_record_may_not_void_it(
    house: Api, noun: str, body: dict[str, Any], analyst: int
) -> None:
    made = await post(house, noun, body)
    for client, status in (
        (house.viewer(), 403),
        (house.admin(), 403),
        *([(house.officer("GE"), 403)] if noun == "partnerships" else []),
        (house.analyst(), analyst),
        (house.officer("MX"), 409 if analyst == 200 else 200),
    ):
        answer = await client.post(f"/v1/{noun}/{made['id']}/void", json=WHY, headers={"If-Match": '"1"'})
        assert answer.status_code == status, answer.text


async def test_what_a_voided_figure_superseded_leads_again(house: Api) -> None:
    await post(house, "reported-figures", OLD)
    new = await post(house, "reported-figures", NEW)
    voided = await void(house, "reported-figures", new)
    assert (voided["rank"], voided["supersedes_codes"], voided["supersession_reason"]) == ("preferred", [], None)
    old = await figure(house, "OLD")
    assert (old["rank"], old["superseded_by_code"]) == ("preferred", None)
    assert [(one["rank"], one["reason"]) for one in old["ranks"]] == [
        ("preferred", None),
        ("normal", "Superseded by NEW: later_report."),
        ("preferred", "NEW, which superseded it, was voided."),
    ]
    # It can be superseded again, by one at a time.
    right = await post(house, "reported-figures", NEW | {"code": "RIGHT", "value": "550"})
    assert (right["rank"], right["supersedes_codes"]) == ("preferred", ["OLD"])
    old = await figure(house, "OLD")
    assert (old["rank"], old["superseded_by_code"]) == ("normal", "RIGHT")
    again = await house.analyst().post("/v1/reported-figures", json=NEW | {"code": "AGAIN", "rank": "normal"})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "uq_supersessions_superseded_id")
    assert (await figure(house, "NEW")) == voided


async def test_rank_that_another_has_by_now_is_not_given_back(house: Api) -> None:
    await post(house, "reported-figures", OLD)
    new = await post(house, "reported-figures", NEW | {"rank": "normal"})
    await post(house, "reported-figures", OLD | {"code": "THIRD"})
    await void(house, "reported-figures", new)
    assert (await figure(house, "OLD"))["rank"] == "normal"
    # Nor is one that somebody decided on since.
    old = await figure(house, "OLD")
    await house.analyst().post(
        f"/v1/reported-figures/{old['id']}/ranks", json={"rank": "deprecated", "reason": "Typo."}
    )
    later = await post(house, "reported-figures", NEW | {"code": "LATER", "rank": "normal"})
    await void(house, "reported-figures", later)
    assert (await figure(house, "OLD"))["rank"] == "deprecated"


async def test_voided_figure_is_out_of_the_chain(house: Api) -> None:
    """OLD, superseded by NEW, superseded by LAST: with NEW voided each of the others stands for itself."""
    await post(house, "reported-figures", OLD)
    new = await post(house, "reported-figures", NEW)
    last = NEW | {"code": "LAST", "supersedes": [{"figure_code": "NEW", "reason": "later_report"}]}
    assert (await post(house, "reported-figures", last))["supersedes_codes"] == ["NEW"]
    await void(house, "reported-figures", await figure(house, "NEW"))
    old, middle, latest = [await figure(house, code) for code in ("OLD", "NEW", "LAST")]
    assert new["id"] == middle["id"]
    assert [(one["rank"], one["supersedes_codes"], one["superseded_by_code"]) for one in (old, middle, latest)] == [
        ("normal", [], None),
        ("normal", [], None),
        ("preferred", [], None),
    ]
    more = NEW | {"code": "MORE", "rank": "normal", "supersedes": [{"figure_code": "NEW", "reason": "correction"}]}
    refused = await house.analyst().post("/v1/reported-figures", json=more)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "voided_figure_is_not_superseded")


async def test_voided_preferred_figure_leaves_its_place(house: Api) -> None:
    await void(house, "reported-figures", await post(house, "reported-figures", OLD))
    assert (await post(house, "reported-figures", OLD | {"code": "ANEW"}))["rank"] == "preferred"


@pytest.mark.parametrize(("noun", "body"), [("reported-figures", OLD), ("statements", STATEMENT)])
async def test_voided_claim_keeps_its_rank(house: Api, database: Database, noun: str, body: dict[str, Any]) -> None:
    made = await void(house, noun, await post(house, noun, body))
    answer = await house.analyst().post(f"/v1/{noun}/{made['id']}/ranks", json={"rank": "normal"})
    assert (answer.status_code, answer.json()["code"]) == (409, "voided")
    column = "figure_id" if noun == "reported-figures" else "statement_id"
    ranking = f"INSERT INTO rank_decisions ({column}, rank, decided_by) VALUES ('{made['id']}', 'normal', 'x')"
    await refused(database, ranking, "a voided claim keeps its rank")


async def test_conflict_keeps_a_voided_member_and_takes_no_new_one(house: Api) -> None:
    old = await post(house, "reported-figures", OLD)
    statement = await post(house, "statements", STATEMENT)
    body = {
        "code": "C01", "kind": "repeat", "status": "open", "title": "T", "resolution": "None yet", "reason": "R",
        "member_codes": ["OLD", "S0-36"],
    }  # fmt: skip
    made = await post(house, "conflicts", body)
    assert [one["is_voided"] for one in made["members"]] == [False, False]
    await void(house, "reported-figures", old)
    marked = [
        {"kind": "reported_figure", "code": "OLD", "is_voided": True},
        {"kind": "statement", "code": "S0-36", "is_voided": False},
    ]
    address = f"/v1/conflicts/{made['id']}"
    assert (await house.viewer().get(address)).json()["members"] == marked
    same = {"member_codes": ["S0-36", "OLD"]}
    changed = await house.analyst().patch(address, json=same, headers={"If-Match": '"1"'})
    assert changed.json()["members"] == marked
    await void(house, "statements", statement)
    assert [one["is_voided"] for one in (await house.viewer().get(address)).json()["members"]] == [True, True]
    for codes in (["OLD"], ["S0-36"]):
        answer = await house.analyst().post("/v1/conflicts", json=body | {"code": "C02", "member_codes": codes})
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"], error["code"]) == (422, "#/member_codes/0", "voided")


async def test_dossier_marks_voided_figures_and_leaves_out_the_rest(house: Api) -> None:
    figures = [await post(house, "reported-figures", OLD), await post(house, "reported-figures", NEW)]
    made = {"statements": await post(house, "statements", STATEMENT)}
    made["partnerships"] = await post(house, "partnerships", PARTNERSHIP)
    counted = {"country_code": "MX", "programs": 1, "reported_figures": 2, "statements": 1}
    assert (await house.viewer().get("/v1/country-summaries")).json()["items"] == [counted]
    of_agency = "/v1/dossiers/agency/US-NM-CD"
    assert [one["code"] for one in (await house.viewer().get(of_agency)).json()["programs"]] == ["MX-CORR"]
    voided = await void(house, "reported-figures", figures[1])
    for noun, record in made.items():
        await void(house, noun, record)
    dossier = (await house.viewer().get("/v1/dossiers/country/MX")).json()
    assert dossier["reported_figures"] == [await figure(house, "OLD"), voided]
    assert (dossier["statements"], dossier["partnerships"]) == ([], [])
    assert (await house.viewer().get(of_agency)).json()["programs"] == []
    counted |= {"reported_figures": 1, "statements": 0}
    assert (await house.viewer().get("/v1/country-summaries")).json()["items"] == [counted]


async def test_voided_partnership_is_not_changed_and_recorded_anew(house: Api) -> None:
    made = await void(house, "partnerships", await post(house, "partnerships", PARTNERSHIP))
    for etag in ('"1"', '"2"'):
        address, headers = f"/v1/partnerships/{made['id']}", {"If-Match": etag}
        changed = await house.officer().patch(address, json={"scope": "Other"}, headers=headers)
        assert (changed.status_code, changed.json()["code"]) == (409, "voided")
    await post(house, "partnerships", PARTNERSHIP)
    twice = await house.officer().post("/v1/partnerships", json=PARTNERSHIP)
    assert (twice.status_code, twice.json()["errors"][0]["code"]) == (409, "uq_partnerships_agency_program_start")


async def test_database_itself_keeps_what_was_voided(house: Api, database: Database) -> None:
    for noun, body in (("reported-figures", OLD), ("statements", STATEMENT), ("partnerships", PARTNERSHIP)):
        made, table = await post(house, noun, body), noun.replace("-", "_")
        for half in ("voided_at = now()", "voided_by = 'x', void_reason = 'x'"):
            await refused(database, f"UPDATE {table} SET {half}", "void_is_whole")
        await void(house, noun, made)
        unvoid = "voided_at = NULL, voided_by = NULL, void_reason = NULL"
        for change in (unvoid, "void_reason = 'another'", "version = 9"):
            await refused(database, f"UPDATE {table} SET {change}", "a voided record stays as it is")


async def refused(database: Database, statement: str, words: str) -> None:
    engine = create_async_engine(database.app_url)
    with pytest.raises(DBAPIError) as refusal:
        async with engine.begin() as connection:
            await connection.execute(text(statement))
    await engine.dispose()
    assert words in str(refusal.value.orig), statement


async def test_of_two_who_supersede_a_figure_one_does(house: Api) -> None:
    for number in range(5):
        await post(house, "reported-figures", OLD | {"code": f"OLD{number}", "rank": "normal"})
        body = NEW | {"rank": "normal", "supersedes": [{"figure_code": f"OLD{number}", "reason": "correction"}]}
        answers = await asyncio.gather(
            *(house.analyst().post("/v1/reported-figures", json=body | {"code": f"{one}{number}"}) for one in "AB")
        )
        assert sorted(one.status_code for one in answers) == [201, 409], [one.text for one in answers]


async def test_of_who_voids_ranks_and_supersedes_each_is_answered_for_what_stands(house: Api) -> None:
    for number in range(5):
        old = await post(house, "reported-figures", OLD | {"code": f"OLD{number}", "rank": "normal"})
        address = f"/v1/reported-figures/{old['id']}"
        body = NEW | {"code": f"NEW{number}", "rank": "normal"}
        body |= {"supersedes": [{"figure_code": f"OLD{number}", "reason": "correction"}]}
        voided, ranked, superseded = await asyncio.gather(
            house.analyst().post(f"{address}/void", json=WHY, headers={"If-Match": '"1"'}),
            house.analyst().post(f"{address}/ranks", json={"rank": "normal"}),
            house.analyst().post("/v1/reported-figures", json=body),
        )
        assert voided.status_code == 200, voided.text
        assert {ranked.status_code, superseded.status_code} <= {201, 409}, (ranked.text, superseded.text)
        found = await figure(house, f"OLD{number}")
        assert len(found["ranks"]) == (2 if ranked.status_code == 201 else 1)
        assert found["superseded_by_code"] is None
        if superseded.status_code == 201:
            assert (await figure(house, f"NEW{number}"))["supersedes_codes"] == []
