"""The pages of trainings, cascades, agencies and people in a real browser: by anybody, by keyboard, without scripts."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import pytest
from playwright.async_api import Browser
from tributary import Tributary

from tests.system.conftest import Served, make_base
from tests.system.test_pages_in_browser import NARROW, WIDE, visit

PARTNERS: Final = 12
MOST_TABS: Final = 80
NEW_MEXICO: Final = "/cascades?country_code=MX&agency_code=US-NM-CD"
FOCUSED: Final = "document.activeElement.innerText || document.activeElement.id"


@dataclass
class Story:
    """A system in which New Mexico trained instructors of Mexico, and these trained officers."""

    running: Served
    training_ids: list[str]
    numbers: Iterator[int]

    def make_pair(self) -> str:
        """Two records that may be one person; the address of the two side by side."""
        with self.running.client("officer", "*") as client:
            number = next(self.numbers)
            born = {"birth_date": f"1980-07-{number + 10}", "birth_precision": "day", "sex": "female"}
            name = f"Twin{'abcdefghij'[number]} Doubleton"
            ids = {make_person(client, name, **born)["id"] for _ in range(2)}
            found = client.get("/v1/duplicate-candidates", person_id=min(ids))["items"]
            (pair,) = [one for one in found if {one["person_id"], one["other_person_id"]} == ids]
            return f"/duplicates/{pair['id']}"


def make_person(client: Tributary, surname: str, **over: Any) -> dict[str, Any]:
    """A person of Mexico."""
    names = {"given_name": "Synthetic", "surname_1": surname}
    return client.post("/v1/people", {"country_code": "MX", "nationality_code": "MX"} | names | over)


def make_training(client: Tributary, lead: dict[str, Any], people: list[dict[str, Any]], **over: Any) -> str:
    """A training that all completed."""
    body = {
        "program_code": "MX-CORR",
        "provider_agency_code": "US-NM-CD",
        "host_country_code": "US",
        "beneficiary_country_codes": ["MX"],
        "venue_kind": "united_states",
    }
    training = client.post("/v1/trainings", body | over)
    client.post("/v1/instructor-assignments", {"training_id": training["id"], "person_id": lead["id"]})
    for person in people:
        seat = client.post("/v1/enrollments", {"training_id": training["id"], "person_id": person["id"]})
        client.post("/v1/completions", {"enrollment_id": seat["id"], "completed_on": training["ends_on"]})
    return str(training["id"])


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """A system of its own: other tests rely on nothing being recorded of Mexico's trainings."""
    for base in make_base():
        with Served(base / "data") as running:
            running.wait_until_ready()
            with running.client("officer", "*") as client:
                trainers = {"code": "ACADEMY-INSTRUCTORS", "title": "Instructors", "type": "training_of_trainers"}
                client.post("/v1/courses", trainers)
                client.post("/v1/courses", {"code": "OFFICERS-BASIC", "title": "Officers", "type": "basic"})
                american = {"country_code": "US", "nationality_code": "US", "person_type": "partner_instructor"}
                partner = make_person(client, "Partner", **american)
                instructors = [make_person(client, f"Instructor {number}") for number in range(PARTNERS)]
                officers = [make_person(client, f"Officer {number}") for number in range(PARTNERS + 1)]
                days = {"starts_on": "2009-03-15", "ends_on": "2009-04-24", "course_code": "ACADEMY-INSTRUCTORS"}
                first = make_training(client, partner, instructors, title="First international class", **days)
                days = {"starts_on": "2010-03-01", "ends_on": "2010-03-26", "course_code": "OFFICERS-BASIC"}
                home = {"provider_agency_code": "MX-PENITENTIARY", "host_country_code": "MX"}
                home |= {"venue_kind": "host_country"}
                second = make_training(client, instructors[0], officers, title="Officers at home", **days, **home)
                days = {"starts_on": "2011-03-01", "ends_on": "2011-03-26", "course_code": "OFFICERS-BASIC"}
                counted = {"headcount": {"total": 24, "female": 3, "male": 20}, "status": "reported"}
                third = make_training(client, instructors[1], [], title="Only counted", **days, **home, **counted)
            yield Story(running, [first, second, third], count())


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "320"])
async def test_axe_finds_nothing(browser: Browser, story: Story, size: Any) -> None:
    pages = [
        "/trainings",
        "/trainings?country_code=MX&status=reported&sort=course_code",
        *(f"/trainings/{one}" for one in story.training_ids[:2]),
        "/cascades",
        NEW_MEXICO,
    ]
    async with visit(browser, story.running, size, role="officer") as visitor:
        for path in pages:
            await visitor.go(path)
            assert await visitor.find_faults() == [], path
            assert await visitor.page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
        assert visitor.complaints == []
        for path in ("/trainings?country_code=Mexico", "/cascades?country_code=Mexico", "/cascades?as_of=x"):
            await visitor.go(path)
            assert await visitor.find_faults() == [], path
            assert await visitor.page.locator(".usa-error-message").count() == 1, path
