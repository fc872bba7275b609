"""A demonstration: Mexico's cascade as documents have it, every person synthetic, and every surface says so."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

Json = dict[str, Any]
NOTICE = "Demonstration data: every person is synthetic."
SCALE = "0.001"


@pytest.fixture(scope="module")
def demo(base_of_module: Path, serve: Any) -> Iterator[Any]:
    with serve(base_of_module / "data", "demo", "--scale", SCALE) as running:
        yield running.wait_until_ready()


def get(system: Any, path: str, **params: Any) -> Json:
    headers = {"Authorization": f"Bearer {system.token('officer', '*')}"}
    answer = httpx.get(f"{system.base_url}{path}", headers=headers, params=params or None, timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Tributary-Demo"] == "true"
    found: Json = answer.json()
    return found


def total(system: Any, noun: str, **params: Any) -> int:
    return int(get(system, f"/v1/{noun}", limit=1, with_total=True, **params)["total_count"])


def counts(system: Any) -> dict[str, int]:
    nouns = ("people", "trainings", "enrollments", "certifications", "courses", "coverage-declarations")
    nouns += ("agreements", "ledger-entries")
    return {noun: total(system, noun) for noun in nouns}


def test_what_documents_say_of_mexico_is_consistent_with_the_records(demo: Any) -> None:
    figures = {one["measure"]: one for one in get(demo, "/v1/countries/MX")["figures"]}
    shown = {
        measure: (figures[measure]["recorded"]["display"], figures[measure]["comparison"]["result"])
        for measure in ("instructors_trained", "officers_trained")
    }
    assert shown == {"instructors_trained": ("512", "consistent"), "officers_trained": ("7,912", "consistent")}
    # All of it by the first day on which the document can have been written, and half of it not long before.
    then = {one["measure"]: one for one in get(demo, "/v1/countries/MX", as_of="2015-10-07")["figures"]}
    assert [then[one]["recorded"]["display"] for one in ("instructors_trained", "officers_trained")] == ["512", "7,912"]
    first = {one["measure"]: one for one in get(demo, "/v1/countries/MX", as_of="2009-05-01")["figures"]}
    assert first["instructors_trained"]["recorded"]["display"] == "24"


def test_who_trained_them_is_known_by_generation_and_agency(demo: Any) -> None:
    (agency,) = get(demo, "/v1/agencies", code="US-NM-CD")["items"]
    for path, query in (("/v1/cascades", {"country_code": "MX"}), (f"/v1/agencies/{agency['id']}/reach", {})):
        answer = get(demo, path, **query)
        tiers = [
            {name: one[name] for name in ("tier", "persons", "first_persons", "instructors", "leading_instructors")}
            for one in answer["generations"]
        ]
        assert tiers == [
            {"tier": 1, "persons": 512, "first_persons": 512, "instructors": 512, "leading_instructors": 512},
            {"tier": 2, "persons": 7912, "first_persons": 7912, "instructors": 0, "leading_instructors": 0},
        ]
        assert (answer["total"]["persons"], answer["outside"], answer["overlaps"]) == (8424, [], [])
    named = get(demo, "/v1/cascades", country_code="MX", with_nodes=True)["nodes"]
    assert {(one["tier"], one["provider_agency_code"]) for one in named} == {(1, "US-NM-CD"), (2, "MX-PENITENTIARY")}
    assert min(named, key=lambda one: str(one["starts_on"]))["persons"] == 24


def test_other_countries_have_rosters_headcounts_attendance_and_duplicates(demo: Any) -> None:
    for country in ("GE", "MA", "PK", "CO", "GT", "HN", "KE", "PA", "SV"):
        tiers = get(demo, "/v1/cascades", country_code=country)["generations"]
        assert [(one["tier"], one["persons"] > 20) for one in tiers] == [(1, True), (2, True)], country
    pairs = get(demo, "/v1/duplicate-candidates", limit=100)["items"]
    assert {(one["band"], one["status"]) for one in pairs} == {("likely_same", "open")}
    assert len(pairs) == 18
    assert {total(demo, "enrollments", status=one) > 0 for one in ("withdrawn", "no_show", "failed")} == {True}
    headcounts = get(demo, "/v1/trainings", course_code="DEMO-ADVANCED", host_country_code="GE")["items"]
    assert [one["headcount"]["total"] for one in headcounts if one["headcount"] is not None] == [31]
    assert min(total(demo, noun) for noun in ("training-sessions", "attendances")) > 0


def test_money_of_ten_countries_is_told_by_stage_beside_what_documents_report(demo: Any) -> None:
    money = get(demo, "/v1/countries/MX")["money"]["us"]
    assert money["status"] == "recorded"
    assert [(one["stage"], one["tier"]) for one in money["totals"]] == [
        ("appropriated", "primary"), ("allotted", "primary"), ("committed", "primary"), ("obligated", "primary"),
        ("sub_obligated", "sub"), ("disbursed", "primary"),
    ]  # fmt: skip
    for one in money["totals"]:
        assert len(get(demo, f"{one['entries_url']}&limit=500")["items"]) == one["entries"]
    figures = {one["measure"]: one for one in get(demo, "/v1/countries/MX")["figures"]}
    assert figures["us_assistance"]["comparison"]["result"] == "not_comparable"
    assert figures["us_assistance"]["comparison"]["reasons"] == ["stage_unspecified"]
    rows = get(demo, "/v1/reports/status-of-funds", group_by="country")["rows"]
    assert len(rows) == 10
    ending = get(demo, "/v1/reports/expiring-agreements", days=180)["rows"]
    assert {row["country_code"] for row in ending if row["days_left"] >= 0} == {row["country_code"] for row in rows}
    # What the first letter promised, beside what the cascade of documents delivered.
    promises = get(demo, "/v1/agreement-deliveries", agreement_code="DEMO-MX-OLD-LOA")["rows"]
    told = {(one["kind"], one["course_code"]): one["delivered"] for one in promises}
    assert told["seats", "DEMO-TRAINERS"]["lower"] >= 512
    assert told["courses", "DEMO-TRAINERS"]["value"] == 17
    assert told["equipment", None]["status"] == "not_counted_here"


def test_every_person_is_plainly_synthetic(demo: Any) -> None:
    people = get(demo, "/v1/people", limit=500)["items"]
    assert {(one["given_name"], one["surname_1"]) for one in people} == {("Synthetic", "Person")}
    assert all(re.fullmatch("[B-Z][bcdfghjklmnpqrstvwxz]{7}", one["surname_2"]) for one in people)
    found = get(demo, "/v1/people", q=people[0]["surname_2"])["items"]
    assert people[0]["id"] in [one["id"] for one in found]


def test_generated_records_are_in_the_feed_like_any_other(demo: Any) -> None:
    verified = demo.run("audit", "verify", "trainings")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_every_surface_says_what_it_is(demo: Any) -> None:
    refused = httpx.get(f"{demo.base_url}/v1/countries/MX")
    assert (refused.status_code, refused.headers["X-Tributary-Demo"]) == (401, "true")
    with httpx.Client(follow_redirects=True, timeout=30) as browser:
        assert NOTICE in browser.get(f"{demo.pages_url}/sign-in").text
        assert NOTICE in browser.get(f"{demo.pages_url}/no-such-page").text
    assert NOTICE in demo.out
    card = demo.run("country", "MX")
    assert (card.returncode, card.stderr) == (0, f"{NOTICE}\n")
    assert "recorded  512 on" in card.stdout


def test_second_start_finds_the_records(demo: Any, serve: Any) -> None:
    before = counts(demo)
    assert demo.stop(signal.SIGTERM) == 0
    with serve(demo.folder.path, "demo", "--scale", SCALE) as again:
        again.wait_until_ready()
        assert counts(again) == before
        assert "Generated" not in again.err


def test_records_that_were_not_generated_stay_without(base: Path, serve: Any) -> None:
    (base / "data" / "keys").mkdir(parents=True)
    (base / "data" / "keys" / "people-key").write_text("0" * 64)
    with serve(base / "data", "demo") as refused:
        assert refused.process.wait(30) == 1
        assert "holds a system that is no demonstration" in refused.err
        assert not (base / "data" / "postgres").exists()
