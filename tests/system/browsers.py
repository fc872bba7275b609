"""A browser for the tests: the machine's own Chromium, else the one that npm brought. The run says which it used."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

import pytest
from playwright.async_api import Browser, async_playwright
from tributary.processes import CHECKOUT

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
MODULES: Final = CHECKOUT / "web" / "node_modules"
BROUGHT: Final = MODULES / ".chromium"
AXE: Final = MODULES / "axe-core" / "axe.min.js"
ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")
USED: Final[pytest.StashKey[set[str]]] = pytest.StashKey()


@dataclass(frozen=True)
class Found:
    """A browser, and what it needs to know to run."""

    path: str
    origin: str
    environment: dict[str, str] = field(default_factory=dict)


def find_browser() -> Found | None:
    """The one to use, None where there is none."""
    if given := os.environ.get("CHROMIUM"):
        return Found(given, "named by CHROMIUM")
    for name in NAMES:
        if path := shutil.which(name):
            return Found(path, "of this machine")
    if (BROUGHT / "chromium").is_file():
        libraries = os.pathsep.join(filter(None, [str(BROUGHT / "al2023" / "lib"), os.environ.get("LD_LIBRARY_PATH")]))
        environment = {"LD_LIBRARY_PATH": libraries, "FONTCONFIG_PATH": str(BROUGHT / "fonts")}
        return Found(str(BROUGHT / "chromium"), "of npm's @sparticuz/chromium", environment)
    return None


@pytest.fixture
async def browser(request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    """A browser. Without one the test is skipped, but for CI, where it fails: nobody would read that it was."""
    found = find_browser()
    if found is None:
        reason = "no browser: install chromium, or name one in CHROMIUM, or run make test, which brings one"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=found.path, args=list(ARGUMENTS), env={**os.environ, **found.environment}
        )
        request.config.stash.setdefault(USED, set()).add(f"Chromium {launched.version} {found.origin} ({found.path})")
        yield launched
        await launched.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which browser was used."""
    for used in sorted(config.stash.get(USED, set())):
        terminalreporter.write_line(f"Browser: {used}")
