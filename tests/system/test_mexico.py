"""Mexico's card, whole: what documents say, what is recorded beside it, and what is missing, named."""

import os
import signal
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

Json = dict[str, Any]


def get(system: Any, path: str, role: str = "viewer", *countries: str, **params: Any) -> Json:
    headers = {"Authorization": f"Bearer {system.token(role, *countries)}"}
    answer = httpx.get(f"{system.base_url}{path}", headers=headers, params=params or None, timeout=30)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def figures_of(card: Json) -> dict[str, Json]:
    return {figure["measure"]: figure for figure in card["figures"]}


def test_mexicos_headline_figures_carry_source_history_and_rank(system: Any) -> None:
    card = get(system, "/v1/countries/MX")
    assert (card["country_code"], card["name"], card["missing"], card["note"]) == ("MX", "Mexico", [], None)
    shown = {
        measure: (
            figure["headline"]["display"],
            figure["reported"]["source"]["code"],
            figure["reported"]["rank"],
            [(old["display"], old["source"]["code"], old["rank"]) for old in figure["reported"]["history"]],
            figure["series"],
        )
        for measure, figure in figures_of(card).items()
    }
    page, brochure = "inl-corrections", "inl-corrections-brochure"
    assert shown == {
        "instructors_trained": (
            "more than 505", page, "preferred", [("more than 370", brochure, "normal")], "mx-instructors-by-new-mexico",
        ),
        "officers_trained": (
            "more than 7,800", page, "preferred", [("more than 7,000", brochure, "normal")],
            "mx-officers-by-instructors-of-new-mexico",
        ),
        "managers_trained": ("hundreds", page, "preferred", [("hundreds", brochure, "normal")], "mx-managers-by-ca-co-bop"),
        "us_assistance": (
            "25,000,000 USD, stage not stated", page, "preferred",
            [("just over 23,400,000 USD, stage not stated", brochure, "normal")], "mx-corrections-us-assistance",
        ),
        "host_investment": (
            "8,000,000,000, currency and stage not stated", brochure, "normal", [], "mx-corrections-host-investment",
        ),
        "facilities_ever_accredited": ("many (no number given)", brochure, "normal", [], "mx-federal-facilities-accredited"),
    }  # fmt: skip


def test_values_are_plain_decimal_strings_and_windows_are_whole(system: Any) -> None:
    figures = figures_of(get(system, "/v1/countries/MX"))
    reported = figures["instructors_trained"]["reported"]
    assert {name: reported[name] for name in ("value", "value_min", "value_max", "qualifier", "as_of")} == {
        "value": "505",
        "value_min": None,
        "value_max": None,
        "qualifier": "more_than",
        "as_of": {"earliest": "2015-10-07", "latest": "2021-01-20", "label": "best guess 2016"},
    }
    assert reported["source"] == {
        "code": "inl-corrections",
        "title": "INL corrections page",
        "publisher": "U.S. Department of State, INL",
        "locator": None,
    }
    managers = figures["managers_trained"]
    assert (managers["is_joint"], managers["agency_codes"]) == (True, ["US-CA-DOC", "US-CO-DOC", "US-BOP"])
    assert (managers["reported"]["value"], managers["reported"]["value_min"], managers["reported"]["value_max"]) == (
        None,
        "200",
        "999",
    )
    assert [one["code"] for one in figures["instructors_trained"]["conflicts"]] == ["C01", "C17", "C18"]


def test_card_of_the_past_shows_what_could_be_said_then(system: Any) -> None:
    then = get(system, "/v1/countries/MX", as_of="2014-01-01")
    assert then["as_of"] == "2014-01-01"
    assert {measure: figure["headline"]["display"] for measure, figure in figures_of(then).items()} == {
        "instructors_trained": "more than 370",
        "officers_trained": "more than 7,000",
        "managers_trained": "hundreds",
        "us_assistance": "just over 23,400,000 USD, stage not stated",
        "host_investment": "8,000,000,000, currency and stage not stated",
        "facilities_ever_accredited": "many (no number given)",
    }
    sources = {one["source_code"] for group in then["statements"] for one in group["items"]}
    assert sources == {"inl-corrections-brochure"}
    before = get(system, "/v1/countries/MX", as_of="2007-12-31")
    assert (before["figures"], before["programs"], before["statements"]) == ([], [], [])
    tomorrow = httpx.get(
        f"{system.base_url}/v1/countries/MX?as_of=2999-01-01",
        headers={"Authorization": f"Bearer {system.token()}"},
        timeout=30,
    )
    assert (tomorrow.status_code, tomorrow.json()["errors"][0]["code"]) == (422, "in_the_future")


def test_partners_have_their_roles(system: Any) -> None:
    partners = {one["agency_code"]: one["roles"] for one in get(system, "/v1/countries/MX")["partners"]}
    assert partners == {
        "ACA": ["standards_body"],
        "INL": ["funder"],
        "MX-PENITENTIARY": ["recipient"],
        "US-BOP": ["trainer"],
        "US-CA-DOC": ["trainer"],
        "US-CO-DOC": ["trainer"],
        "US-NM-CD": ["trainer"],
    }


def test_host_investment_stands_apart_and_is_in_no_us_total(system: Any) -> None:
    money = get(system, "/v1/countries/MX")["money"]
    assert [one["display"] for one in money["host_investment"]["reported"]] == [
        "8,000,000,000, currency and stage not stated"
    ]
    assert [one["display"] for one in money["us"]["reported"]] == ["25,000,000 USD, stage not stated"]
    assert (money["us"]["status"], money["us"]["totals"]) == ("not_recorded", [])


@pytest.mark.parametrize(
    ("country", "topic", "words"),
    [
        ("GE", "facilities", "Rustavi 16"),
        ("MA", "reforms", "sorts prisoners better"),
        ("PK", "reforms", "rehabilitation activities"),
        ("KG", "reforms", "Probation Department"),
    ],
)
def test_what_documents_say_of_a_country_comes_with_its_author(
    system: Any, country: str, topic: str, words: str
) -> None:
    card = get(system, f"/v1/countries/{country}")
    found = [one for group in card["statements"] if group["topic"] == topic for one in group["items"]]
    assert any(words in one["text"] for one in found), card["statements"]
    assert all(one["attribution"] and one["source_title"] for group in card["statements"] for one in group["items"])


def test_georgia_afghanistan_the_world_and_a_country_without_data(system: Any) -> None:
    georgia = figures_of(get(system, "/v1/countries/GE"))["us_assistance"]
    assert georgia["headline"]["display"] == "1,100,000 USD, stage not stated"
    escape = figures_of(get(system, "/v1/countries/AF"))["prisoners_escaped"]
    assert (escape["headline"]["display"], escape["is_disputed"], escape["conflicts"][0]["code"]) == (
        "488",
        True,
        "C14",
    )
    world = get(system, "/v1/figures", subject_type="world", measure="prison_population")["items"]
    assert [(one["headline"]["display"], one["is_headline"]) for one in world] == [("more than 11,000,000", True)]
    assert [one["display"] for one in world[0]["reported"]["history"]] == ["about 11,000,000"]
    empty = get(system, "/v1/countries/NO")
    assert (empty["note"], empty["figures"], empty["programs"]) == (
        "Nothing has been recorded about Norway yet.",
        [],
        [],
    )
    unknown = httpx.get(
        f"{system.base_url}/v1/countries/ZZ", headers={"Authorization": f"Bearer {system.token()}"}, timeout=30
    )
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "application/problem+json")


def test_entering_a_class_moves_the_recorded_figure_beside_the_reported_one(system: Any) -> None:
    """The whole way, in Kosovo, whose card is empty: nothing here touches the reference data."""
    country = "XK"
    officer = {"Authorization": f"Bearer {system.token('officer', '*')}"}

    def post(noun: str, **body: Any) -> Json:
        keyed = officer | {"Idempotency-Key": str(uuid.uuid4())}
        answer = httpx.post(f"{system.base_url}/v1/{noun}", json=body, headers=keyed, timeout=30)
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made

    def figure(measure: str) -> Json:
        found = get(system, "/v1/figures", "officer", "*", country_code=country, measure=measure)["items"]
        assert len(found) == 1
        return dict(found[0])

    for measure, code in (("instructors_trained", "xk-instructors"), ("officers_trained", "xk-officers")):
        post(
            "series", code=code, label=code, measure_code=measure, subject_type="country", subject_code=country,
            agency_codes=["US-NM-CD"], nationality_code=country, is_headline=True,
        )  # fmt: skip
        post(
            "reported-figures", series_code=code, value="2", qualifier="more_than", bound="gt", text="More than two.",
            source_code="inl-corrections", period_start={"earliest": "2009-01-01", "latest": "2009-12-31", "label": "2009"},
        )  # fmt: skip
    assert figure("instructors_trained")["comparison"] == {
        "result": "not_recorded",
        "reasons": [],
        "compared": "more than 2 (INL corrections page) against nothing recorded.",
    }
    post("courses", code="XK-TOT", title="Instructor course", type="training_of_trainers")
    post("courses", code="XK-BASIC", title="Officer course", type="basic")
    delivery = {"host_country_code": country, "beneficiary_country_codes": [country], "venue_kind": "host_country"}
    first = post(
        "trainings", course_code="XK-TOT", provider_agency_code="US-NM-CD", starts_on="2009-03-15", ends_on="2009-04-24",
        **delivery,
    )  # fmt: skip
    people = [
        post("people", country_code=country, nationality_code=country, sex="female", given_name=f"Synthetic {number}")
        for number in range(12)
    ]

    def complete(training: Json, person: Json, on: str) -> None:
        seat = post("enrollments", training_id=training["id"], person_id=person["id"])
        post("completions", enrollment_id=seat["id"], completed_on=on)

    for person in people[:5]:
        complete(first, person, "2009-04-24")
    shown = figure("instructors_trained")
    assert (shown["headline"]["display"], shown["recorded"]["display"]) == ("more than 2", "5 so far")
    assert (shown["comparison"]["result"], shown["comparison"]["reasons"]) == (
        "not_comparable",
        ["records_not_declared_complete"],
    )
    assert figure("officers_trained")["comparison"]["result"] == "not_recorded"
    second = post(
        "trainings", course_code="XK-BASIC", provider_agency_code="MX-PENITENTIARY", starts_on="2010-01-04",
        ends_on="2010-02-12", **delivery,
    )  # fmt: skip
    post("instructor-assignments", training_id=second["id"], person_id=people[0]["id"], role="lead")
    for person in people[4:]:
        complete(second, person, "2010-02-12")
    assert figure("officers_trained")["recorded"]["value"] == "8"
    assert figure("instructors_trained")["recorded"]["value"] == "5"
    post("coverage-declarations", country_code=country, measure_family="trainings", complete_from="2009-01-01")
    for measure in ("instructors_trained", "officers_trained"):
        shown = figure(measure)
        assert (shown["comparison"]["result"], shown["recorded"]["is_declared_complete"]) == ("consistent", True)
    explained = get(system, figure("officers_trained")["explain_url"], "officer", "*")
    assert explained["counted"] == {"persons": 8, "completions": 8, "trainings": 1}
    third = post(
        "trainings", course_code="XK-BASIC", provider_agency_code="MX-PENITENTIARY", starts_on="2011-01-04",
        ends_on="2011-02-12", **delivery,
    )  # fmt: skip
    complete(third, people[11], "2011-02-12")
    explained = get(system, figure("officers_trained")["explain_url"], "officer", "*")
    assert explained["counted"] == {"persons": 8, "completions": 8, "trainings": 1}
    assert [(one["reason"], one["completions"]) for one in explained["left_out"]] == [("no_lead", 1)]

    line = post("fund-lines", code="XK-INCLE", title="Corrections", country_code=country)
    post(
        "ledger-entries", fund_line_code=line["code"], kind="obligation",
        amount={"amount": "1000.50", "currency": "USD"}, effective_date="2016-03-01",
    )  # fmt: skip
    post(
        "series", code="xk-money", label="US assistance", measure_code="us_assistance", subject_type="country",
        subject_code=country, currency="USD", stage="unspecified",
    )  # fmt: skip
    post(
        "reported-figures", series_code="xk-money", value="1000", qualifier="exact", bound="eq", text="A thousand.",
        source_code="inl-corrections",
    )  # fmt: skip
    card = get(system, f"/v1/countries/{country}")
    assert [(one["stage"], one["tier"], one["amount"]) for one in card["money"]["us"]["totals"]] == [
        ("obligated", "primary", {"amount": "1000.50", "currency": "USD"})
    ]
    assistance = figures_of(card)["us_assistance"]["comparison"]
    assert (assistance["result"], assistance["reasons"]) == ("not_comparable", ["stage_unspecified"])


@pytest.mark.parametrize("name", ["programs", "trainings", "funding"])
def test_card_without_one_service_names_it_and_keeps_the_rest(system: Any, name: str) -> None:
    with system.without(name):
        card = get(system, "/v1/countries/MX")
        assert card["missing"] == [name]
        assert {other: state["status"] for other, state in card["services"].items() if other != name} == dict.fromkeys(
            {"programs", "trainings", "funding"} - {name}, "ok"
        )
        measures = set(figures_of(card))
        if name == "programs":
            assert (measures, card["partners"]) == (set(), [])
        else:
            assert {"instructors_trained", "officers_trained", "us_assistance", "host_investment"} <= measures
            assert card["money"]["host_investment"]["reported"][0]["display"].startswith("8,000,000,000")
        assert card["money"]["us"]["status"] == ("missing" if name == "funding" else "not_recorded")
    assert get(system, "/v1/countries/MX")["missing"] == []


def test_card_answers_within_its_deadline_beside_a_stalled_service(base: Path, serve: Any) -> None:
    deadline_seconds = 0.5
    with serve(base / "data", TRIBUTARY_CARD_DEADLINE_SECONDS=str(deadline_seconds)) as system:
        system.wait_until_ready()
        headers = {"Authorization": f"Bearer {system.token()}"}
        address = f"{system.base_url}/v1/countries/MX"
        assert httpx.get(address, headers=headers, timeout=30).json()["missing"] == []
        for name in ("programs", "trainings", "funding"):
            pid = system.pid_of(name)
            os.kill(pid, signal.SIGSTOP)
            try:
                # The limit is the promise: an answer after it is a failure here.
                card = httpx.get(address, headers=headers, timeout=deadline_seconds + 1).json()
            finally:
                os.kill(pid, signal.SIGCONT)
            assert card["services"][name] == {"status": "timeout", "feed_number": None}
            assert card["missing"] == [name]
