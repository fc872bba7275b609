"""Takes docs/images/mexico.png, the picture in README, from a system of its own: `make screenshot`."""

import asyncio
import os
import sys
from typing import Final

from playwright.async_api import async_playwright
from tributary.processes import CHECKOUT

from tests.system.browsers import ARGUMENTS, find_browser
from tests.system.conftest import Served, make_base

PICTURE: Final = CHECKOUT / "docs" / "images" / "mexico.png"
SIZE: Final = {"width": 1120, "height": 900}


async def take(served: Served) -> None:
    """Sign in, open Mexico, and keep what a screen shows of it."""
    found = find_browser()
    if found is None:
        sys.exit("There is no browser: install chromium, or name one in CHROMIUM.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=found.path, args=list(ARGUMENTS), env={**os.environ, **found.environment}
        )
        page = await browser.new_page(viewport=SIZE)
        await page.goto(served.link("Screenshot", "viewer", "*"))
        await page.click("main button")
        await page.goto(f"{served.pages_url}/countries/MX?as_of=2026-10-01")
        await page.evaluate("document.fonts.ready")
        await page.screenshot(path=PICTURE)
        await browser.close()


def main() -> None:
    """The command."""
    PICTURE.parent.mkdir(exist_ok=True)
    for base in make_base():
        with Served(base / "data") as served:
            asyncio.run(take(served.wait_until_ready()))


if __name__ == "__main__":
    main()
