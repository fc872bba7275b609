"""`tributary ledger`: a file of entries checked or proposed from a terminal or a script."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, fields
from typing import Final

import typer

from tributary.client import Tributary
from tributary.ledger import check_entries, list_errors, propose_entries, submit_entries
from tributary.roster import COLUMNS_NAMED, Answer, Reading, RowError, unmapped_of, write_counts
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
    plain,
    print_rows,
)

_COLUMNS: Final = tuple(one.name for one in fields(RowError))
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
        sent = content_of(file)
        reading = Reading(sheet, header_row, date_order, fields_of(mapped))
        with connect() as api:
            one, errors = _checked(api, sent, reading)
        _print(one, errors, format_of(shown))
        raise typer.Exit(ROWS_WITH_ERRORS if errors else 0)

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
        sent = content_of(file)
        reading = Reading(sheet, header_row, date_order, fields_of(mapped))
        with connect() as api:
            one, errors = _checked(api, sent, reading)
            if not errors and one["counts"]["new"]:
                one = propose_entries(api, one)
                typer.echo("tributary: proposed. Another officer commits it, or declines it.", err=True)
        _print(one, errors, format_of(shown))
        raise typer.Exit(ROWS_WITH_ERRORS if errors else 0)

    return app


def _checked(api: Tributary, sent: tuple[bytes, str], reading: Reading) -> tuple[Answer, list[RowError]]:
    content, file_name = sent
    one = submit_entries(api, content, file_name=file_name, reading=reading)
    typer.echo(f"tributary: import {one['id']}", err=True)
    if one["repeats"]:
        typer.echo(f"tributary: the same file was imported on {one['repeats']['committed_at'][:10]}.", err=True)
    one = check_entries(api, one)
    if left_out := unmapped_of(one):
        named = ", ".join(plain(header) for header in left_out[:COLUMNS_NAMED])
        typer.echo(f"tributary: columns left out ({len(left_out)}): {named}.", err=True)
    typer.echo(f"tributary: {write_counts(one)}.", err=True)
    errors = list(list_errors(api, one)) if one["counts"]["error"] else []
    if errors:
        typer.echo("tributary: nothing was recorded. Mend the file and send it again.", err=True)
    return one, errors


def _print(one: Answer, errors: list[RowError], shown: OutputFormat) -> None:
    if shown is OutputFormat.json:
        document = {"ledger_import": one, "errors": [asdict(error) for error in errors]}
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif errors:
        print_rows(_COLUMNS, [tuple(asdict(error).values()) for error in errors], shown)
    else:
        print_rows(_TOLD, [tuple(one[name] or "" for name in _TOLD)], shown)
