"""`tributary roster`: a file checked or imported from a terminal or a script."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Annotated, Final, Self

import typer

from tributary.client import Tributary
from tributary.file_imports import Answer, Reading, RowError
from tributary.roster import check_roster, commit_roster, has_errors, list_errors, read_roster, submit_roster
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

_BAR_CHARS: Final = 30
_WORK: Final = {"read": "Reading", "check": "Checking", "commit": "Importing", "undo": "Undoing"}

Connect = Callable[[], AbstractContextManager[Tributary]]


Training = Annotated[str | None, typer.Option(help="Whose roster it is; if absent the file needs training codes.")]
Country = Annotated[str | None, typer.Option(help="Whose office keeps new people; if absent the training's country.")]


def make_roster_app(connect: Connect, epilog: str) -> typer.Typer:
    """The commands, over the connections that `connect` makes."""
    app = typer.Typer(help="Rosters from files.", no_args_is_help=True, rich_markup_mode=None)

    @app.command("check", epilog=epilog)
    def check(
        file: File,
        *,
        training: Training = None,
        country: Country = None,
        sheet: Sheet = None,
        header_row: HeaderRow = None,
        date_order: Dates = None,
        mapped: Map = None,
        shown: Shown = None,
    ) -> None:
        """Check a file against the rules and the records, and print what is wrong, row by row. Nothing is written."""
        sent = content_of(file)
        reading = Reading(sheet, header_row, date_order, fields_of(mapped))
        with connect() as api:
            one, errors = _checked(api, sent, training, country, reading)
        _tell_next(one)
        print_errors("roster_import", one, errors, format_of(shown))
        raise typer.Exit(ROWS_WITH_ERRORS if has_errors(one) else 0)

    @app.command("import", epilog=epilog)
    def import_(
        file: File,
        *,
        training: Training = None,
        country: Country = None,
        sheet: Sheet = None,
        header_row: HeaderRow = None,
        date_order: Dates = None,
        mapped: Map = None,
        watch: Annotated[bool, typer.Option("--watch", help="Wait until all of it is written.")] = False,
        shown: Shown = None,
    ) -> None:
        """Check a file and write all of it, or nothing: one row with an error and no row is written."""
        sent = content_of(file)
        reading = Reading(sheet, header_row, date_order, fields_of(mapped))
        with connect() as api:
            one, errors = _checked(api, sent, training, country, reading)
            if not has_errors(one):
                with Progress() as progress:
                    one = commit_roster(api, one, progress.show if watch else None)
        if has_errors(one):
            _tell_next(one)
            print_errors("roster_import", one, errors, format_of(shown))
            raise typer.Exit(ROWS_WITH_ERRORS)
        if not watch:
            typer.echo(f"tributary: import {one['id']} is being written.", err=True)
        _print_import(one, format_of(shown))

    return app


class Progress:
    """A bar on standard error, where that is a terminal; elsewhere a line for each piece of work when it is done."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._width = 0
        self._told: set[tuple[str, str]] = set()

    def __enter__(self) -> Self:
        """Show what is done in a block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave the line free for what comes after."""
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()

    def show(self, one: Answer) -> None:
        """How far the import is."""
        line = write_progress(one)
        if self._is_terminal:
            sys.stderr.write("\r" + line.ljust(self._width))
            sys.stderr.flush()
            self._width = len(line)
        elif one["status"] == "succeeded" and (one["task"], one["status"]) not in self._told:
            self._told.add((one["task"], one["status"]))
            typer.echo(f"tributary: {line}", err=True)


def write_progress(one: Answer) -> str:
    """How far the newest piece of work is, with a bar where it is known how much there is."""
    work, progress = _WORK.get(one["task"], one["task"]), one["progress"]
    done, total = progress["done"], progress["total"]
    if one["status"] == "queued":
        return f"{work}: waiting"
    if not total:
        return f"{work}: {done:,} rows"
    filled = min(_BAR_CHARS, _BAR_CHARS * done // total)
    return f"{work} [{'#' * filled}{'.' * (_BAR_CHARS - filled)}] {done:,} of {total:,} rows"


def _checked(
    api: Tributary, sent: tuple[bytes, str], training: str | None, country: str | None, reading: Reading
) -> tuple[Answer, list[RowError]]:
    content, file_name = sent
    one = submit_roster(api, content, file_name=file_name, training_id=training, country_code=country)
    tell_submitted(one)
    with Progress() as progress:
        one = read_roster(api, one, reading, progress.show)
        one = check_roster(api, one, progress.show)
    tell_checked(one)
    return one, list(list_errors(api, one)) if has_errors(one) else []


def _tell_next(one: Answer) -> None:
    if has_errors(one):
        typer.echo("tributary: nothing was written. Mend the file and send it again, or go on in the pages.", err=True)


def _print_import(one: Answer, shown: OutputFormat) -> None:
    if shown is OutputFormat.json:
        print_errors("roster_import", one, [], shown)
        return
    result = one["result"] or {}
    told = {"id": one["id"], "stage": one["stage"], "status": one["status"], **result}
    print_rows(tuple(told), [tuple("" if value is None else value for value in told.values())], shown)
