"""`tributary ledger`: a file of entries checked or proposed from a terminal or a script."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, NoReturn

import typer

from tributary.client import Tributary
from tributary.file_imports import Answer, Reading, RowError
from tributary.ledger import check_entries, list_errors, propose_entries, submit_entries
from tributary.rows import (
    ROWS_WITH_ERRORS,
    Dates,
    File,
    HeaderRow,
    Map,
    OutputFormat,
    Sheet,
    Shown,
    content_of,
    fields_of,
    format_of,
    print_errors,
    print_rows,
    tell_checked,
    tell_submitted,
)

_TOLD: Final = ("id", "stage", "proposed_by", "entries_url")

Connect = Callable[[], AbstractContextManager[Tributary]]


def make_ledger_app(connect: Connect, epilog: str) -> typer.Typer:
    """The commands, over the connections that `connect` makes."""
    app = typer.Typer(help="Ledger entries from files.", no_args_is_help=True, rich_markup_mode=None)

    @app.command("check", epilog=epilog)
    def check(
        file: File,
        *,
        sheet: Sheet = None,
        header_row: HeaderRow = None,
        date_order: Dates = None,
        mapped: Map = None,
        shown: Shown = None,
    ) -> None:
        """Check a file against the rules of the ledger, and print what is wrong, row by row. Nothing is recorded."""
        sent, reading = content_of(file), Reading(sheet, header_row, date_order, fields_of(mapped))
        with connect() as api:
            one, errors = _checked(api, sent, reading)
        _end(one, errors, format_of(shown))

    @app.command("import", epilog=epilog)
    def import_(
        file: File,
        *,
        sheet: Sheet = None,
        header_row: HeaderRow = None,
        date_order: Dates = None,
        mapped: Map = None,
        shown: Shown = None,
    ) -> None:
        """Check a file and propose all of it, or nothing. Another officer commits it: then it is in the ledger."""
        sent, reading = content_of(file), Reading(sheet, header_row, date_order, fields_of(mapped))
        with connect() as api:
            one, errors = _checked(api, sent, reading)
            if not errors and one["counts"]["new"]:
                one = propose_entries(api, one)
                typer.echo("tributary: proposed. Another officer commits it, or declines it.", err=True)
        _end(one, errors, format_of(shown))

    return app


def _checked(api: Tributary, sent: tuple[bytes, str], reading: Reading) -> tuple[Answer, list[RowError]]:
    content, file_name = sent
    one = submit_entries(api, content, file_name=file_name, reading=reading)
    tell_submitted(one)
    one = check_entries(api, one)
    tell_checked(one)
    errors = list(list_errors(api, one)) if one["counts"]["error"] else []
    if errors:
        typer.echo("tributary: nothing was recorded. Mend the file and send it again.", err=True)
    return one, errors


def _end(one: Answer, errors: list[RowError], shown: OutputFormat) -> NoReturn:
    if errors or shown is OutputFormat.json:
        print_errors("ledger_import", one, errors, shown)
    else:
        print_rows(_TOLD, [tuple(one[name] or "" for name in _TOLD)], shown)
    raise typer.Exit(ROWS_WITH_ERRORS if errors else 0)
