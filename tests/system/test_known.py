"""A country's card as it was known: whole, through the gateway, at each moment of a history."""

import itertools
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from chassis.known import write_instant
from chassis.testing.known import timeless

Json = dict[str, Any]
COUNTRY = "BZ"
CARD = f"/v1/countries/{COUNTRY}?as_of=2020-01-01"
FIGURES = f"/v1/figures?country_code={COUNTRY}&as_of=2020-01-01"
EXPLAIN = f"/v1/figures/country~{COUNTRY}~instructors_trained~bz-instructors/explain?as_of=2020-01-01"


class Desk:
    """Somebody who reads and records over the gateway."""

    def __init__(self, system: Any) -> None:
        self.base_url = system.base_url
        self.headers = {"Authorization": f"Bearer {system.token('officer', '*')}"}

    def send(self, method: str, address: str, **request: Any) -> Json:
        """The answer, which must be good."""
        headers = self.headers | request.pop("headers", {})
        answer = httpx.request(method, f"{self.base_url}{address}", headers=headers, timeout=30, **request)
        assert answer.is_success, answer.text
        return dict(answer.json())

    def get(self, address: str) -> Json:
        """What is there."""
        return self.send("GET", address)

    def post(self, noun: str, version: int | None = None, **body: Any) -> Json:
        """What is there from now on."""
        headers = {"Idempotency-Key": str(uuid.uuid4())} | ({"If-Match": f'"{version}"'} if version else {})
        return self.send("POST", f"/v1/{noun}", json=body, headers=headers)

    def patch(self, noun: str, record: Json, **body: Any) -> None:
        """It is otherwise from now on."""
        self.send("PATCH", f"/v1/{noun}/{record['id']}", json=body, headers={"If-Match": f'"{record["version"]}"'})

    def claim(self, code: str, value: str, *supersedes: str) -> Json:
        """A document says how many instructors were trained."""
        return self.post(
            "reported-figures", code=code, series_code="bz-instructors", value=value, qualifier="more_than", bound="gt",
            text=f"More than {value}.", source_code="inl-corrections", rank="preferred",
            supersedes=[{"figure_code": other, "reason": "later_report"} for other in supersedes],
        )  # fmt: skip

    def complete(self, training: Json) -> Json:
        """Somebody new completes a training."""
        person = self.post("people", country_code=COUNTRY, nationality_code=COUNTRY, sex="male", given_name="Synthetic")
        seat = self.post("enrollments", training_id=training["id"], person_id=person["id"])
        return self.post("completions", enrollment_id=seat["id"], completed_on=training["ends_on"])


def history(desk: Desk) -> list[Callable[[], object]]:
    """What happens, one thing after another: each changes the card."""
    known: dict[str, Json] = {}

    def keep(name: str, make: Callable[[], Json]) -> Callable[[], None]:
        return lambda: known.update({name: make()})

    def entry(kind: str, amount: str) -> Callable[[], Json]:
        money = {"amount": amount, "currency": "USD"}
        return lambda: desk.post(
            "ledger-entries", fund_line_code="BZ-INCLE", kind=kind, amount=money, effective_date="2016-03-01"
        )

    delivery = {
        "course_code": "BZ-TOT", "provider_agency_code": "US-NM-CD", "host_country_code": COUNTRY,
        "beneficiary_country_codes": [COUNTRY], "venue_kind": "host_country", "starts_on": "2009-03-15",
        "ends_on": "2009-04-24",
    }  # fmt: skip
    series = {
        "label": "Instructors", "measure_code": "instructors_trained", "subject_type": "country",
        "subject_code": COUNTRY, "agency_codes": ["US-NM-CD"], "nationality_code": COUNTRY,
    }  # fmt: skip
    return [
        keep(
            "program",
            lambda: desk.post(
                "programs", code="BZ-CORR", title="Corrections", kind="country", sector="corrections",
                countries=[{"country_code": COUNTRY}],
            ),
        ),
        lambda: desk.post("partnerships", agency_code="US-NM-CD", program_code="BZ-CORR", roles=["trainer"]),
        lambda: desk.patch("programs", known["program"], title="Corrections reform"),
        lambda: (desk.post("series", code="bz-instructors", **series), desk.claim("BZ-1", "2")),
        lambda: (
            desk.post("courses", code="BZ-TOT", title="Instructor course", type="training_of_trainers"),
            known.update(training=desk.post("trainings", **delivery)),
            known.update(completion=desk.complete(known["training"])),
        ),
        lambda: desk.complete(known["training"]),
        lambda: desk.post(
            "coverage-declarations", country_code=COUNTRY, measure_family="trainings", complete_from="2008-01-01"
        ),
        keep("claim", lambda: desk.claim("BZ-2", "20", "BZ-1")),
        lambda: desk.post(f"reported-figures/{known['claim']['id']}/ranks", rank="deprecated", reason="A typing error."),
        lambda: desk.post(f"reported-figures/{known['claim']['id']}/void", version=1, reason="Misread."),
        lambda: desk.post(f"completions/{known['completion']['id']}/void", version=1, reason="Entered twice."),
        lambda: desk.patch("trainings", known["training"], provider_agency_code="US-CO-DOC"),
        lambda: (desk.post("fund-lines", code="BZ-INCLE", title="Corrections", country_code=COUNTRY),
                 entry("obligation", "1000.50")()),
        entry("deobligation", "1000.50"),
    ]  # fmt: skip


def test_card_of_each_moment_is_the_card_that_was_shown_then(system: Any) -> None:
    desk = Desk(system)
    before = write_instant(datetime.now(UTC))
    remembered = []
    for happens in history(desk):
        happens()
        answers = {address: timeless(desk.get(address)) for address in (CARD, FIGURES)}
        if answers[FIGURES]["items"]:
            answers[EXPLAIN] = timeless(desk.get(EXPLAIN))
        remembered.append((write_instant(datetime.now(UTC)), answers))
    for moment, answers in remembered:
        for address, answer in answers.items():
            again = desk.get(f"{address}&known_at={moment}")
            assert timeless(again) == answer, f"{address} known at {moment}"
            assert (again["known_at"], again["as_of"]) == (moment, "2020-01-01")
            assert again["services"]["programs"]["feed_number"] > 0
    cards = [answers[CARD] for _moment, answers in remembered]
    assert all(card["missing"] == [] for card in cards)
    assert all(earlier != later for earlier, later in itertools.pairwise(cards))
    first = desk.get(f"{CARD}&known_at={before}")
    assert (first["figures"], first["programs"], first["money"]["us"]["status"]) == ([], [], "not_recorded")


def test_before_the_first_record_everything_is_not_recorded(system: Any) -> None:
    card = Desk(system).get("/v1/countries/MX?known_at=2001-01-01")
    assert (card["as_of"], card["known_at"], card["missing"]) == ("2001-01-01", "2001-01-01T23:59:59.999999Z", [])
    assert card["note"] == "Nothing has been recorded about Mexico yet."
    assert {name: state["feed_number"] for name, state in card["services"].items()} == {
        "programs": 0,
        "trainings": 0,
        "funding": 0,
    }
