"""Work on a roster in a real browser: seats in their row, completions, two editors, a sign-in that ended, the next class."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page
from tributary import Tributary

from tests.system.conftest import Served
from tests.system.test_pages_in_browser import NARROW, WIDE, Visit, visit
from tests.system.test_training_pages import make_person

SEATS: Final = 5
PASS_MARK: Final = "70"
MODES: Final = pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])


@dataclass
class Academy:
    """A system in which Mexico trains officers by a course that has a pass mark."""

    running: Served
    version_id: str
    numbers: Iterator[int]

    def make_class(self, seats: int = SEATS, **over: Any) -> str:
        """A training with people who attend it; the last of them has failed its test."""
        with self.running.client("officer", "*") as client:
            number = next(self.numbers)
            training = client.post("/v1/trainings", TRAINING | {"course_version_id": self.version_id} | over)
            for seat in range(seats):
                person = make_person(client, f"Class{number} Number{seat}")
                score = {"post_score": "60" if seat == seats - 1 else "90"}
                body = {"training_id": training["id"], "person_id": person["id"], "status": "attending"} | score
                client.post("/v1/enrollments", body)
            return str(training["id"])

    def client(self) -> Tributary:
        """The API, for an officer."""
        return self.running.client("officer", "*")

    def seats(self, training_id: str) -> list[dict[str, Any]]:
        """The seats of a training as they are recorded."""
        with self.client() as client:
            return list(client.list("/v1/enrollments", training_id=training_id))


TRAINING: Final = {
    "course_code": "OFFICERS-BASIC",
    "title": "Officers at home",
    "cohort": "Class 07",
    "program_code": "MX-CORR",
    "provider_agency_code": "MX-PENITENTIARY",
    "funder_agency_codes": ["INL"],
    "host_country_code": "MX",
    "beneficiary_country_codes": ["MX"],
    "venue_kind": "host_country",
    "venue": "Xalapa",
    "starts_on": "2010-03-01",
    "ends_on": "2010-03-26",
    "capacity": 40,
}


@pytest.fixture(scope="module")
def academy(office_folder: Path) -> Iterator[Academy]:
    """A system of its own."""
    with Served(office_folder) as running:
        running.wait_until_ready()
        with running.client("officer", "*") as client:
            course = {"code": "OFFICERS-BASIC", "title": "Officers", "type": "basic"}
            client.post("/v1/courses", course)
            taught = {"course_code": course["code"], "label": "First", "introduced_on": "2009-01-01"}
            version = client.post("/v1/course-versions", taught | {"pass_mark": PASS_MARK})
        yield Academy(running, version["id"], count())


async def said_by(page: Page) -> str:
    """What the page says."""
    return " ".join((await page.inner_text("main")).split())


async def expect_no_faults(visitor: Visit, size: dict[str, int] = WIDE) -> None:
    """Nothing for axe to find, and nothing wider than the screen."""
    assert await visitor.find_faults() == [], visitor.page.url
    assert await visitor.page.evaluate("document.documentElement.scrollWidth") <= size["width"], visitor.page.url


async def choose(page: Page, place: str) -> None:
    """Choose a radio by its label: the system draws the button there."""
    await page.click(f"label[for='{place.removeprefix('#')}']")


@MODES
async def test_a_seat_is_edited_in_its_row_by_keyboard(browser: Browser, academy: Academy, has_scripts: bool) -> None:
    training_id = academy.make_class(2)
    seat = academy.seats(training_id)[0]
    async with visit(browser, academy.running, role="officer", java_script_enabled=has_scripts) as visitor:
        page = visitor.page
        await visitor.go(f"/trainings/{training_id}/roster")
        await page.focus(f"#seat-{seat['id']} a")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#post_score")
        await page.fill("#post_score", "188")
        await page.fill("#note", "Came late.\nStayed long.")
        await page.select_option("#status", "failed")
        await page.focus("#note")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        # Refused as a whole, at its field, and what was typed stays.
        await page.wait_for_selector("#post_score-error")
        assert academy.seats(training_id)[0]["version"] == seat["version"]
        assert await page.input_value("#note") == "Came late.\nStayed long."
        assert await page.input_value("#status") == "failed"
        assert await page.locator("#error-summary a").get_attribute("href") == "#post_score"
        await page.fill("#post_score", "55.5")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("text=Saved.")
        assert f"#seat-{seat['id']}" in page.url
    kept = academy.seats(training_id)[0]
    assert (kept["status"], kept["post_score"], kept["note"]) == ("failed", "55.50", "Came late.\nStayed long.")


@MODES
async def test_completions_are_tried_and_then_recorded_row_by_row(
    browser: Browser, academy: Academy, has_scripts: bool
) -> None:
    training_id = academy.make_class()
    failed = academy.seats(training_id)[-1]
    async with visit(browser, academy.running, role="officer", java_script_enabled=has_scripts) as visitor:
        page = visitor.page
        await visitor.go(f"/trainings/{training_id}/roster")
        await page.click("button:has-text('Preview')")
        await page.wait_for_selector("#which-error")
        for number in (1, 2, SEATS):
            await page.focus(f"#tick-{number}")
            await page.keyboard.press("Space")
        await page.click("button:has-text('Preview')")
        await page.wait_for_selector("text=Nothing is recorded yet")
        said = await said_by(page)
        assert "Can be recorded: 2 seats" in said
        assert "Cannot be recorded: 1 seat" in said
        assert "the pass mark is 70" in said
        assert {one["status"] for one in academy.seats(training_id)} == {"attending"}
        await page.click("button:has-text('Record 2 completions')")
        await page.wait_for_selector("text=Recorded: 2 seats >> nth=0")
        # All that are left; the one without the mark is named again, with its reason.
        await page.click("text=Back to the roster")
        await choose(page, "#which-all")
        await page.fill("#completed_on", "2010-03-20")
        await page.click("button:has-text('Preview')")
        await page.click("button:has-text('Record 2 completions')")
        await page.wait_for_selector("text=Recorded: 2 seats >> nth=0")
        # Sent again, it is recorded once.
        await page.reload()
        assert "Recorded: 2 seats" in await said_by(page)
    seats = {one["id"]: one["status"] for one in academy.seats(training_id)}
    assert seats.pop(failed["id"]) == "attending"
    assert list(seats.values()) == ["completed"] * (SEATS - 1)
    with academy.client() as client:
        days = [one["completed_on"] for one in client.list("/v1/completions", training_id=training_id)]
    assert sorted(days) == ["2010-03-20"] * 2 + ["2010-03-26"] * 2


@MODES
async def test_two_editors_choose_field_by_field_and_nothing_typed_is_lost(
    browser: Browser, academy: Academy, has_scripts: bool
) -> None:
    training_id = academy.make_class(1)
    (seat,) = academy.seats(training_id)
    address = f"/v1/enrollments/{seat['id']}"
    async with visit(browser, academy.running, role="officer", java_script_enabled=has_scripts) as visitor:
        page = visitor.page
        await visitor.go(f"/trainings/{training_id}/roster?edit={seat['id']}")
        await page.fill("#post_score", "75")
        await page.fill("#hours_attended", "30")
        await page.fill("#note", "Mine.")
        with academy.client() as other:
            other.patch(address, {"note": "Theirs.", "level": "mid", "hours_attended": "30"}, version=seat["version"])
        await page.click("button:has-text('Save')")
        await page.wait_for_selector("text=Somebody else changed this >> nth=0")
        # Where one alone changed something it is chosen; where both did, nobody can know.
        assert await page.is_checked("#mine-post_score")
        assert await page.is_checked("#theirs-level")
        assert not await page.is_checked("#mine-note")
        assert not await page.is_checked("#theirs-note")
        assert "the same" in await said_by(page)
        if not has_scripts:  # a script finds it faultless below
            await page.evaluate("document.querySelector('form').noValidate = true")
        await choose(page, "#theirs-post_score")
        await choose(page, "#mine-post_score")
        await choose(page, "#mine-note")
        # A third change in between: asked again, with what was chosen.
        with academy.client() as other:
            other.patch(address, {"pre_score": "10"}, version=seat["version"] + 1)
        await page.click("button:has-text('Save what is chosen')")
        await page.wait_for_selector("#theirs-pre_score")
        assert await page.is_checked("#theirs-pre_score")
        assert await page.is_checked("#mine-note")
        await page.click("button:has-text('Save what is chosen')")
        await page.wait_for_selector("text=Saved.")
    (kept,) = academy.seats(training_id)
    assert {name: kept[name] for name in ("level", "pre_score", "post_score", "note")} == {
        "level": "mid",
        "pre_score": "10.00",
        "post_score": "75.00",
        "note": "Mine.",
    }


async def test_what_was_typed_outlives_the_sign_in(browser: Browser, academy: Academy) -> None:
    training_id = academy.make_class(1)
    (seat,) = academy.seats(training_id)
    async with visit(browser, academy.running, role="officer") as visitor:
        page = visitor.page
        await visitor.go(f"/trainings/{training_id}/roster?edit={seat['id']}")
        await page.fill("#note", "A long story.\nIn two lines.")
        await page.context.clear_cookies()
        await page.click("button:has-text('Save')")
        await page.wait_for_selector("text=You were signed out meanwhile")
        assert "A long story.\nIn two lines." in [
            await one.input_value() for one in await page.locator("main textarea").all()
        ]
        await expect_no_faults(visitor)
        other = await page.context.new_page()
        await other.goto(academy.running.link("Browser of officer", "officer", "*"))
        await other.click("main button")
        await other.wait_for_url(f"{visitor.base_url}/")
        await page.click("button:has-text('Go on')")
        # Not saved by a form of another session: shown again, to be sent by one of this.
        await page.wait_for_selector("button:has-text('Send it again')")
        assert academy.seats(training_id)[0]["note"] is None
        await expect_no_faults(visitor)
        await page.click("button:has-text('Send it again')")
        await page.wait_for_selector("text=Saved.")
    assert academy.seats(training_id)[0]["note"] == "A long story.\nIn two lines."


@MODES
async def test_a_training_is_cloned_for_the_next_cohort(browser: Browser, academy: Academy, has_scripts: bool) -> None:
    training_id = academy.make_class(2)
    async with visit(browser, academy.running, role="officer", java_script_enabled=has_scripts) as visitor:
        page = visitor.page
        await visitor.go(f"/trainings/{training_id}")
        await page.focus("text=Clone for the next cohort")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#cohort")
        assert await page.input_value("#cohort") == "Class 08"
        await page.fill("#venue", "Puebla")
        await page.fill("#provider_agency_code", "NOBODY-SUCH")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#provider_agency_code-error")
        assert await page.input_value("#venue") == "Puebla"
        await page.fill("#provider_agency_code", "MX-PENITENTIARY")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("text=The training is recorded")
        made = page.url.rpartition("/")[2].partition("?")[0]
    with academy.client() as client:
        one, other = (client.get(f"/v1/trainings/{each}") for each in (training_id, made))
    moved = {"cohort": "Class 08", "starts_on": "2011-02-28", "ends_on": "2011-03-25", "venue": "Puebla"}
    own = {"id", "version", "created_at", "updated_at"}
    assert {name: value for name, value in other.items() if name not in own} == {
        name: value for name, value in (one | moved).items() if name not in own
    }
    assert academy.seats(made) == []


async def test_a_training_edited_by_two_is_chosen_from_too(browser: Browser, academy: Academy) -> None:
    training_id = academy.make_class(0)
    async with visit(browser, academy.running, role="officer") as visitor:
        page = visitor.page
        await visitor.go(f"/trainings/{training_id}/edit")
        await page.fill("#venue", "Puebla")
        with academy.client() as other:
            now = other.get(f"/v1/trainings/{training_id}")
            other.patch(f"/v1/trainings/{training_id}", {"venue": "Toluca"}, version=now["version"])
        await page.click("button:has-text('Save')")
        await page.wait_for_selector("#mine-venue")
        await expect_no_faults(visitor)
        # Without a choice nothing is saved.
        await page.evaluate("for (const one of document.forms) one.noValidate = true")
        await page.click("button:has-text('Save what is chosen')")
        await page.wait_for_selector("#error-summary")
        await expect_no_faults(visitor)
        await page.click("#error-summary a")
        await choose(page, "#mine-venue")
        await page.click("button:has-text('Save what is chosen')")
        await page.wait_for_selector("text=Saved.")
        assert "Puebla" in await said_by(page)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "320"])
async def test_axe_finds_nothing_on_rosters(browser: Browser, academy: Academy, size: dict[str, int]) -> None:
    training_id = academy.make_class(2)
    seat = academy.seats(training_id)[0]
    here = f"/trainings/{training_id}"
    async with visit(browser, academy.running, size, role="officer") as visitor:
        page = visitor.page
        for path in (here, f"{here}/roster", f"{here}/roster?edit={seat['id']}", f"{here}/clone", f"{here}/edit"):
            await visitor.go(path)
            await expect_no_faults(visitor, size)
        await visitor.go(f"{here}/roster?edit={seat['id']}")
        await page.fill("#note", "Mine.")
        with academy.client() as other:
            other.patch(f"/v1/enrollments/{seat['id']}", {"note": "Theirs."}, version=seat["version"])
        assert visitor.complaints == []
        await page.click("button:has-text('Save')")
        await page.wait_for_selector("#mine-note")
        await expect_no_faults(visitor, size)
        await visitor.go(f"{here}/roster")
        await page.click("button:has-text('Preview')")
        await page.wait_for_selector("#which-error")
        await expect_no_faults(visitor, size)
        await choose(page, "#which-all")
        await page.click("button:has-text('Preview')")
        await page.wait_for_selector("text=Nothing is recorded yet")
        await expect_no_faults(visitor, size)
        await page.click("button:has-text('Record 1 completion')")
        await page.wait_for_selector("text=Recorded: 1 seat >> nth=0")
        await expect_no_faults(visitor, size)
