"""A roster from a file, as `tributary roster` does it: read, checked, committed, and what is wrong in it."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from tributary.client import Tributary, TributaryError
from tributary.file_imports import Answer, Reading, RowError, changes_of, errors_of, media_type_of, require_date_order
from tributary.roster_imports import PATH, address_of

Watcher = Callable[[Answer], None]
FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 2.0
_UNFINISHED: Final = {"queued", "running"}
DUPLICATE: Final = "possible_duplicate"
_DUPLICATE_WORDS: Final = "May be somebody who is recorded already. Open the import in the pages and say who it is."


def submit_roster(
    api: Tributary, content: bytes, *, file_name: str, training_id: str | None, country_code: str | None
) -> Answer:
    """Hand over a file."""
    return api.upload(
        PATH,
        content,
        media_type=media_type_of(file_name),
        file_name=file_name,
        training_id=training_id,
        country_code=country_code,
    )


def read_roster(api: Tributary, one: Answer, reading: Reading, watch: Watcher) -> Answer:
    """Wait until the file is read, as `reading` says. Raises `UndecidedError` where dates may be read in two ways."""
    one = wait_for(api, one, watch)
    where = {"sheet": reading.sheet, "header_row": reading.header_row}
    if changes := {name: value for name, value in where.items() if value is not None and one[name] != value}:
        one = wait_for(api, _update(api, one, changes), watch)
    if changes := changes_of(one, reading):
        one = wait_for(api, _update(api, one, changes), watch)
    require_date_order(one)
    return one


def check_roster(api: Tributary, one: Answer, watch: Watcher) -> Answer:
    """Have every row held against the rules and the records, and wait for it. Nothing is written."""
    return wait_for(api, _start(api, one, "check"), watch)


def commit_roster(api: Tributary, one: Answer, watch: Watcher | None) -> Answer:
    """Have all of it written, or nothing. Waits for it where somebody watches."""
    started = _start(api, one, "commit")
    return started if watch is None else wait_for(api, started, watch)


def has_errors(one: Answer) -> bool:
    """Whether a row stands in the way of a commit."""
    counts = one["counts"]
    return bool(counts["error"] or counts[DUPLICATE])


def list_errors(api: Tributary, one: Answer) -> Iterator[RowError]:
    """Everything that is wrong, row by row."""
    for row in api.list(f"{address_of(one['id'])}/rows", outcome=["error", DUPLICATE], sort="row"):
        yield from errors_of(row)
        if row["outcome"] == DUPLICATE:
            yield RowError(row["row"], "", "", DUPLICATE, _DUPLICATE_WORDS)


def wait_for(api: Tributary, one: Answer, watch: Watcher) -> Answer:
    """The import when its newest piece of work has ended well. Raises `TributaryError` where it has not."""
    pause_seconds = FIRST_PAUSE_SECONDS
    watch(one)
    while one["status"] in _UNFINISHED:
        time.sleep(pause_seconds)
        pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)
        one = api.get(address_of(one["id"]))
        watch(one)
    if one["status"] == "succeeded":
        return one
    problem = one["problem"] or {}
    raise TributaryError(problem.get("detail") or f"The {one['task']} of import {one['id']} was {one['status']}.")


def _update(api: Tributary, one: Answer, changes: Answer) -> Answer:
    return api.patch(address_of(one["id"]), changes, version=one["version"])


def _start(api: Tributary, one: Answer, verb: str) -> Answer:
    return api.post(f"{address_of(one['id'])}/{verb}", version=one["version"])
