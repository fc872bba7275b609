"""Files of ledger entries, as `tributary ledger` does it: read, checked, proposed, and what is wrong in them."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from tributary.client import Tributary
from tributary.roster import Answer, Reading, RowError, UndecidedError, mapping_of, media_type_of

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
    changes: dict[str, Any] = {}
    if reading.date_order:
        changes["date_order"] = reading.date_order
    if reading.fields:
        changes["fields"] = mapping_of(one, reading.fields)
    if changes:
        one = api.patch(address_of(one["id"]), changes, version=one["version"])
    if one["is_date_order_needed"]:
        raise UndecidedError("Some dates may be read in two ways. Say which with --date-order dmy, mdy or ymd.")
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
        for error in row["errors"]:
            column, of_field = error["column"] or "", error["field"] or ""
            yield RowError(row["row"], column, of_field, error["code"], error["message"])


def address_of(import_id: str) -> str:
    """Where an import is."""
    return f"{PATH}/{quote(import_id, safe='')}"


def _do(api: Tributary, one: Answer, verb: str) -> Answer:
    return api.post(f"{address_of(one['id'])}/{verb}", version=one["version"])
