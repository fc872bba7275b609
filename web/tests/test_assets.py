"""What npm brings: few packages, each by its hash and from wherever npm is told to look; and what is made of them."""

import json
import re
from pathlib import Path

from web.assets import Assets
from web.settings import STATIC

WEB = Path(__file__).parents[1]


def test_the_lock_names_no_host_and_has_every_hash() -> None:
    text = (WEB / "package-lock.json").read_text()
    assert "resolved" not in text
    assert "://" not in text
    packages = {name: one for name, one in json.loads(text)["packages"].items() if name}
    assert {name for name, one in packages.items() if not one["integrity"].startswith("sha512-")} == set()
    # With what they need in turn, and the browser apart.
    assert len([name for name, one in packages.items() if not one.get("optional")]) <= 10


def test_versions_are_exact() -> None:
    package = json.loads((WEB / "package.json").read_text())
    versions = [
        version
        for kind in ("dependencies", "devDependencies", "optionalDependencies")
        for version in package[kind].values()
    ]
    assert [one for one in versions if not re.fullmatch(r"\d+\.\d+\.\d+", one)] == []


def test_nothing_that_is_served_loads_from_elsewhere() -> None:
    assert Assets(STATIC).missing == []
    sheets = list(STATIC.rglob("*.css"))
    assert len(sheets) == 2
    for sheet in sheets:
        named = re.findall(r"url\(['\"]?([^)'\"]+)", sheet.read_text())
        assert [one for one in named if not one.startswith(("../", "data:"))] == []
        assert [
            one
            for one in named
            if one.startswith("../") and not (sheet.parent / one.partition("#")[0].partition("?")[0]).is_file()
        ] == []


def test_an_address_changes_with_what_it_serves(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a")
    first = Assets(tmp_path)
    assert first.address("a.css") == Assets(tmp_path).address("a.css")
    (tmp_path / "a.css").write_text("b")
    assert first.address("a.css") != Assets(tmp_path).address("a.css")
    assert first.missing == ["vendor/uswds/css/uswds.min.css", "vendor/htmx/htmx.min.js"]
