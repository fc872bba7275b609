"""The pages of trainings, cascades, agencies and people in a real browser: by anybody, by keyboard, without scripts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page
from tributary import Tributary

from tests.system.conftest import Served
from tests.system.test_pages_in_browser import NARROW, WIDE, visit

PARTNERS: Final = 12
MOST_KEYS: Final = 80
"""Of one kind, on the way from one thing to the next."""
NEW_MEXICO: Final = "/cascades?country_code=MX&agency_code=US-NM-CD"
FOCUSED: Final = """(({innerText, id, attributes}) =>
  [innerText || "", id, attributes.href ? attributes.href.value : ""])(document.activeElement)"""


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
def story(office_folder: Path) -> Iterator[Story]:
    """A system of its own: other tests rely on nothing being recorded of Mexico's trainings."""
    with Served(office_folder) as running:
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
        "/cascades?country_code=MX",
        NEW_MEXICO,
        f"/cascades?under={story.training_ids[0]}",
        f"/cascades?under={story.training_ids[0]}x",
        "/agencies/US-NM-CD",
        "/agencies/INL?country_code=MX",
        "/people",
        "/duplicates",
        story.make_pair(),
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
        for path in ("/agencies/NOBODY", "/trainings/x", "/duplicates/x"):
            await visitor.go(path)
            assert await visitor.find_faults() == [], path


@pytest.mark.parametrize("role", ["viewer", "officer"])
async def test_pages_say_what_is_recorded(browser: Browser, story: Story, role: str) -> None:
    async with visit(browser, story.running, role=role) as visitor:
        page = visitor.page

        async def read(path: str) -> str:
            await visitor.go(path)
            return " ".join((await page.inner_text("main")).split())

        said = await read("/trainings?agency_code=US-NM-CD")
        assert "1 training matches." in said
        assert "First international class" in said
        said = await read(f"/trainings/{story.training_ids[0]}")
        assert "It is of tier 1 of the cascade." in said
        assert "All tiers 3 25 25" in said
        seen = role == "officer"
        assert ("Synthetic Instructor 0" in said) == seen
        assert ("Synthetic Partner (lead)" in said) == seen
        assert ("The roster is shown to officers" in said) != seen
        said = await read(f"/trainings/{story.training_ids[2]}")
        assert "24: 3 women, 20 men, 1 not recorded" in said
        said = await read(NEW_MEXICO)
        assert "1 12 12 1 12 0 1.08 none 2 13 " in said
        assert "All tiers, each person once 25 " in said
        assert "more than 505" in said
        assert "more than 7,800" in said
        assert "headcount of 24, nobody linked by name" in said
        assert "People of two tiers count once in the total." in said
        said = await read("/agencies/US-NM-CD")
        assert re.search(r"Completions 1 1 12 12 2 \d 13 13 All tiers \d 25 25 ", said)
        offered = await page.locator("nav a").all_inner_texts()
        assert ("People" in offered) == seen, offered
        if seen:
            said = await read("/people")
            assert "Synthetic Officer 3" in said
        else:
            said = await read("/people")
            assert "This needs the role officer" in said


async def test_lists_are_downloaded_as_they_are_shown(browser: Browser, story: Story, tmp_path: Path) -> None:
    kept = tmp_path / "list.csv"
    async with visit(browser, story.running) as visitor:
        for path, lines in (("/trainings?agency_code=US-NM-CD", 2), (NEW_MEXICO, 4)):
            await visitor.go(path)
            async with visitor.page.expect_download() as started:
                await visitor.page.click("a:has-text('as CSV')")
            await (await started.value).save_as(kept)
            content = kept.read_text(encoding="utf-8-sig")
            assert len(content.splitlines()) == lines
            assert "First international class" in content


async def press_until(page: Page, wanted: str, key: str = "Tab") -> None:
    """Go on by the keyboard alone until what is wanted, by its words, its id or its address, has the focus."""
    for _ in range(MOST_KEYS):
        await page.keyboard.press(key)
        if any(re.search(wanted, said) for said in await page.evaluate(FOCUSED)):
            return
    pytest.fail(f"the keyboard does not reach {wanted}")


async def follow(page: Page, wanted: str, address: str, key: str = "Enter") -> None:
    """Go on to a link or a button, press it, and be where it leads to."""
    await press_until(page, wanted)
    await page.keyboard.press(key)
    await page.wait_for_url(f"**{address}")


async def skip_to_main(page: Page) -> None:
    """Past the head of a page that was just opened, by the first link on it."""
    await press_until(page, "^Skip to main content$")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"


async def test_keyboard_alone_finds_how_many_officers_new_mexicos_instructors_trained(
    browser: Browser, story: Story
) -> None:
    async with visit(browser, story.running) as visitor:
        page = visitor.page
        await follow(page, "^Cascade$", "/cascades")
        await press_until(page, "^country_code$")
        await page.keyboard.type("mx")
        await press_until(page, "^agency_code$")
        await page.keyboard.type("US-NM-CD")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/cascades?country_code=mx&agency_code=US-NM-CD*")
        # What is recorded, and by which rule.
        said = " ".join((await page.inner_text("main")).split())
        assert "Recorded people of each tier, only what came of instructors of US-NM-CD" in said
        assert " 2 13 13 1 " in said
        assert "Tier 1 is led by partners' own instructors." in said
        # What came of the first class alone, and the training behind it.
        await follow(page, "^Only what came of it: 2$", f"&under={story.training_ids[0]}#drawing")
        assert "What came of First international class" in await page.inner_text("main")
        await follow(page, "^Officers at home$", "/trainings/*")
        assert "13" in await page.inner_text("main")
        await page.go_back()
        await page.wait_for_url("**/cascades?*under=*")
        # What is reported, and by whom.
        await press_until(page, "^more than 7,800", "Shift+Tab")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("dialog[open] #figure-title")
        panel = await page.inner_text("dialog[open]")
        assert "INL corrections page" in panel
        await page.keyboard.press("Escape")
        assert visitor.complaints == []


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
async def test_keyboard_alone_finds_merges_and_undoes_a_duplicate(
    browser: Browser, story: Story, has_scripts: bool
) -> None:
    address = story.make_pair()
    async with visit(browser, story.running, role="officer", java_script_enabled=has_scripts) as visitor:
        page = visitor.page
        await follow(page, "^People$", "/people")
        await skip_to_main(page)
        await press_until(page, "^q$")
        await page.keyboard.type("doubleton")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("text=as searched for")
        assert page.url.endswith("/people")  # no name in an address
        await skip_to_main(page)
        await follow(page, "may be one person$", "/duplicates")
        await skip_to_main(page)
        await follow(page, f"^{address}$", address)
        assert "birth date is the same" in await page.inner_text("main")
        # Without evidence nothing is merged, and what was chosen stays.
        await skip_to_main(page)
        await press_until(page, "^stands-1$")
        await page.keyboard.press("Space")
        await press_until(page, "^evidence$")
        await page.keyboard.type(" ")
        await press_until(page, "^Merge$")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#evidence-error")
        await skip_to_main(page)
        await press_until(page, "^Merge$")
        await press_until(page, "^evidence$", "Shift+Tab")
        await page.keyboard.type("Both passports were compared.")
        await press_until(page, "^stands-1$", "Shift+Tab")  # of the two the one that was chosen
        assert await page.is_checked("#stands-1")
        await follow(page, "^Merge$", f"{address}?done=merged")
        said = await page.inner_text("main")
        assert "The two are one person now" in said
        assert "Both passports were compared." in said
        await skip_to_main(page)
        await press_until(page, "^reason-1$")
        await page.keyboard.type("The passports were of cousins.")
        await follow(page, "^Undo the merge$", f"{address}?done=undone")
        assert "two people again" in await page.inner_text("main")
        await skip_to_main(page)
        await press_until(page, "^note$")
        await page.keyboard.type("Cousins.")
        await follow(page, "^Not the same$", f"{address}?done=dismissed", "Space")
        assert "not the same: Cousins." in await page.inner_text("main")
