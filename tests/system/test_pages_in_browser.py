"""The pages in a real browser: nothing for axe to find, no forbidden script, the keyboard alone, and no script at all."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page, Request

from tests.system.browsers import AXE

WIDE: Final = {"width": 1280, "height": 900}
NARROW: Final = {"width": 320, "height": 800}
MEXICO: Final = "/countries/MX"
INSTRUCTORS: Final = "/figures/country~MX~instructors_trained~mx-instructors-by-new-mexico"
PAGES: Final = ("/", "/countries", "/countries?q=zzz", MEXICO, f"{MEXICO}?as_of=2012-01-01", INSTRUCTORS, "/account")
MOST_TABS: Final = 120
# What axe cannot decide it calls incomplete; of contrast that is mostly a real fault.
RUN_AXE: Final = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations", "incomplete"]});
  const undecided = found.incomplete.filter(one => one.id === "color-contrast");
  return [...found.violations, ...undecided].map(one => `${one.id}: ${one.nodes.map(node => `${node.html} ${node.any.map(why => why.message)}`).join(" | ")}`);
}"""

FOCUSED_FIGURE: Final = "[...document.querySelectorAll('.figure-link')].indexOf(document.activeElement)"
IS_FOCUS_SEEN: Final = """() => {
  const box = document.activeElement.getBoundingClientRect();
  return document.activeElement === document.body || (box.bottom > 0 && box.top < innerHeight && box.width > 0);
}"""


def assert_whole(text: str) -> None:
    """All that must be behind a figure is there."""
    wanted = ("Source", "Qualifier", "As of", "History", "Conflicts", "How it came about", "Which claim is shown")
    assert [one for one in wanted if one not in text] == []


class Visit:
    """Somebody who reads the pages, and everything the browser had to complain about."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.base_url = base_url
        self.complaints: list[str] = []
        page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in {"error", "warning"} else None
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._look_at)

    def _look_at(self, request: Request) -> None:
        if request.url.endswith("/csp-reports"):
            self.complaints.append(f"reported: {request.post_data}")
        elif not request.url.startswith((self.base_url, "data:")):
            self.complaints.append(f"loaded from elsewhere: {request.url}")

    async def go(self, path: str) -> None:
        """Open a page."""
        await self.page.goto(self.base_url + path)

    async def find_faults(self) -> list[str]:
        """What axe finds on the page as it is now."""
        await self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[str] = await self.page.evaluate(RUN_AXE)
        return found


@asynccontextmanager
async def visit(
    browser: Browser, served: Any, size: Any = None, *, role: str = "viewer", **options: Any
) -> AsyncIterator[Visit]:
    """Somebody who has signed in by a link."""
    context = await browser.new_context(viewport=size or WIDE, **options)
    visitor = Visit(await context.new_page(), served.pages_url)
    await visitor.page.goto(served.link(f"Browser of {role}", role, "*"))
    await visitor.page.click("main button")
    await visitor.page.wait_for_url(f"{served.pages_url}/")
    yield visitor
    await context.close()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "320"])
async def test_axe_finds_nothing_and_the_browser_does_not_complain(browser: Browser, served: Any, size: Any) -> None:
    async with visit(browser, served, size) as visitor:
        for path in PAGES:
            await visitor.go(path)
            assert await visitor.find_faults() == [], path
            # Nothing is wider than the screen.
            assert await visitor.page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
        await visitor.go(MEXICO)
        await visitor.page.click(".figure-link >> nth=0")
        await visitor.page.wait_for_selector("dialog[open] #figure-title")
        assert await visitor.find_faults() == []
        assert visitor.complaints == []
        # These are told by their status, of which the browser complains.
        await visitor.go("/countries/ZZ")
        assert await visitor.find_faults() == []
        await visitor.go(f"{MEXICO}?as_of=yesterday")
        assert await visitor.find_faults() == []


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "320"])
async def test_axe_finds_nothing_where_nobody_is_signed_in(browser: Browser, served: Any, size: Any) -> None:
    context = await browser.new_context(viewport=size)
    visitor = Visit(await context.new_page(), served.pages_url)
    for path in ("/sign-in", "/sign-in?code=x", "/sign-in?signed_out=true"):
        await visitor.go(path)
        assert await visitor.find_faults() == [], path
    assert visitor.complaints == []
    await context.close()


async def test_keyboard_alone_reaches_the_source_of_every_figure(browser: Browser, served: Any) -> None:
    async with visit(browser, served) as visitor:
        page = visitor.page
        await visitor.go(MEXICO)
        wanted = await page.locator(".figure-link").count()
        assert wanted >= 6
        opened: list[int] = []
        for _ in range(MOST_TABS):
            await page.keyboard.press("Tab")
            number = await page.evaluate(FOCUSED_FIGURE)
            if number < 0:
                continue
            if number in opened:
                break  # once around
            await page.keyboard.press("Enter")
            await page.wait_for_selector("dialog[open] #figure-title")
            panel = page.locator("dialog[open]")
            assert_whole(await panel.inner_text())
            assert await panel.locator(":focus").count() == 1  # the keyboard is in the panel
            await page.keyboard.press("Escape")
            await page.wait_for_selector("dialog[open]", state="detached")
            assert await page.evaluate(FOCUSED_FIGURE) == number  # and is back where it was
            opened.append(number)
        assert opened == list(range(wanted))
        assert visitor.complaints == []


async def test_focus_is_seen_wherever_the_keyboard_goes(browser: Browser, served: Any) -> None:
    async with visit(browser, served, NARROW) as visitor:
        await visitor.go(MEXICO)
        for _ in range(25):
            await visitor.page.keyboard.press("Tab")
            await visitor.page.wait_for_function(IS_FOCUS_SEEN, timeout=5000)


async def test_everything_works_without_scripts(browser: Browser, served: Any) -> None:
    async with visit(browser, served, java_script_enabled=False) as visitor:
        page = visitor.page
        await visitor.go("/countries")
        await page.fill("#q", "mex")
        await page.click(".filters button")
        await page.wait_for_url("**/countries?q=mex*")
        await page.click("main >> text=Mexico")
        await page.wait_for_url(f"**{MEXICO}")
        links = page.locator(".figure-link")
        addresses = [str(await links.nth(index).get_attribute("href")) for index in range(await links.count())]
        assert len(addresses) >= 6
        for address in addresses:
            await visitor.go(address)
            assert_whole(await page.inner_text("main"))
        await page.click("text=Back to the country")
        await page.wait_for_url(f"**{MEXICO}")
        await page.fill("#as_of", "2012-01-01")
        await page.click(".as-of button")
        await page.wait_for_url("**?as_of=2012-01-01")
        assert "as true on 1 January 2012" in await page.inner_text("main")
        await page.click("a[href='/account'] >> nth=0")
        await page.wait_for_url("**/account")
        await page.fill("#name", "made without scripts")
        await page.click(".new-token button")
        await page.wait_for_selector("code.token")
        made = re.search(r"trib_\S+", await page.inner_text("main"))
        assert made
        await page.click("button:has-text('Revoke the token made without scripts')")
        await page.wait_for_url("**/account?revoked=true*")
        assert "The token is revoked" in await page.inner_text("main")
        await page.click("text=Sign out >> nth=0")
        await page.wait_for_url(f"{served.pages_url}/sign-in?signed_out=true")
        assert visitor.complaints == []


async def test_what_the_policy_forbids_is_not_run_and_is_reported(browser: Browser, served: Any) -> None:
    async with visit(browser, served) as visitor:
        await visitor.go(MEXICO)
        async with visitor.page.expect_request("**/csp-reports") as reported:
            await visitor.page.evaluate(
                "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = true'}))"
            )
        answer = await (await reported.value).response()
        assert answer is not None
        assert answer.status == 204
        assert await visitor.page.evaluate("window.ran") is None
    assert "policy_violated" in (served.folder.logs / "web.log").read_text()
