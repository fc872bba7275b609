"""Files of ledger entries, as `tributary ledger` does it: read, checked, proposed, and what is wrong in them."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from tributary.client import Tributary
from tributary.file_imports import Answer, Reading, RowError, changes_of, errors_of, media_type_of, require_date_order

PATH: Final = "/v1/ledger-imports"


def submit_entries(api: Tributary, content: bytes, *, file_name: str, reading: Reading) -> Answer:
    """Hand over a file, read as `reading` says. Raises `UndecidedError` where dates may be read in two ways."""
    one = api.upload(
        PATH,
        content,
        media_type=media_type_of(file_name),
        file_name=file_name,
        sheet=reading.sheet,
        header_row=reading.header_row,
    )
    if changes := changes_of(one, reading):
        one = api.patch(address_of(one["id"]), changes, version=one["version"])
    require_date_order(one)
    return one


def check_entries(api: Tributary, one: Answer) -> Answer:
    """Have every row held against the ledger's rules. Nothing is recorded."""
    return _do(api, one, "check")


def propose_entries(api: Tributary, one: Answer) -> Answer:
    """Propose all rows: somebody else records them."""
    return _do(api, one, "propose")


def list_errors(api: Tributary, one: Answer) -> Iterator[RowError]:
    """Everything that is wrong, row by row."""
    for row in api.list(f"{address_of(one['id'])}/rows", outcome="error", sort="row"):
        yield from errors_of(row)


def address_of(import_id: str) -> str:
    """Where an import is."""
    return f"{PATH}/{quote(import_id, safe='')}"


def _do(api: Tributary, one: Answer, verb: str) -> Answer:
    return api.post(f"{address_of(one['id'])}/{verb}", version=one["version"])
