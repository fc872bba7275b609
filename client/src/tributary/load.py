"""The reference dataset, loaded over the public API like anybody else's data. What is there already is left alone."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tributary.client import ProblemError, Tributary, TributaryError

# What refers to others comes after them.
ORDER: Final = (
    "agencies",
    "sources",
    "measures",
    "programs",
    "partnerships",
    "series",
    "reported_figures",
    "statements",
    "conflicts",
)
DATA_FOLDER: Final = Path(__file__).parents[3] / "data"
Item = dict[str, Any]


class LoadError(TributaryError):
    """One line: the file, the item, and what is wrong with it."""


@dataclass(frozen=True)
class Part:
    """A file of the dataset and those of its items that the system has not got yet, in the file's order."""

    name: str
    endpoint: str
    missing: list[Item]


def find_missing(client: Tributary, folder: Path = DATA_FOLDER) -> Iterator[Part]:
    """Each file with what of it has still to be loaded; files with nothing missing are passed over."""
    for name in ORDER:
        path = folder / f"{name}.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            endpoint, items = content["endpoint"], content["items"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LoadError(f"{path} is not a file of the reference dataset: {error}.") from error
        known = {natural_key(row) for row in client.list(endpoint)}
        missing = [item for item in items if natural_key(item) not in known]
        if missing:
            yield Part(name, endpoint, missing)


def load_reference_data(client: Tributary, folder: Path = DATA_FOLDER) -> dict[str, int]:
    """Create what is missing; how many of each. Stopped halfway and run again, it goes on where it stopped."""
    created: dict[str, int] = {}
    for part in find_missing(client, folder):
        for item in part.missing:
            try:
                client.post(part.endpoint, item)
            except ProblemError as error:
                raise LoadError(f"{part.name}.json, {' '.join(filter(None, natural_key(item)))}: {error}") from error
        created[part.name] = len(part.missing)
    return created


def natural_key(item: Item) -> tuple[str, ...]:
    """What makes an item the same as a row: its code, or for a partnership the two partners and the first year."""
    if "code" in item:
        return (item["code"],)
    return (item["agency_code"], item["program_code"], (item.get("starts") or {}).get("earliest") or "")
