"""What commands that take a file of rows share: their options, how a file is found, and how rows are printed."""

import csv
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tributary.roster import UndecidedError

ROWS_WITH_ERRORS: Final = 6
USAGE: Final = 2
STANDARD_INPUT: Final = "-"
PASTED_NAME: Final = "pasted.tsv"


class OutputFormat(StrEnum):
    """How data is printed."""

    table = "table"
    csv = "csv"
    json = "json"


class DateOrder(StrEnum):
    """What comes first in a date such as 03/04/2016."""

    dmy = "dmy"
    mdy = "mdy"
    ymd = "ymd"


File = Annotated[str, typer.Argument(help="A spreadsheet (.xlsx), CSV or TSV; - for cells pasted on standard input.")]
Sheet = Annotated[str | None, typer.Option(help="The sheet to read; if absent the first that holds anything.")]
HeaderRow = Annotated[int | None, typer.Option(min=0, help="The row with the headers; 0: none. Found if absent.")]
Dates = Annotated[DateOrder | None, typer.Option(help="How dates such as 03/04/2016 are meant.")]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", help='What a column is: "Apellidos=surnames"; "Notes=" leaves it out. May be repeated.'),
]
Shown = Annotated[OutputFormat | None, typer.Option("--format", help="If absent a table on a terminal, csv otherwise.")]


def content_of(file: str) -> tuple[bytes, str]:
    """What is in a file, or on standard input, and what it is called. Ends the command where it cannot be read."""
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read(), PASTED_NAME
    path = Path(file)
    try:
        return path.read_bytes(), path.name
    except OSError as error:
        typer.echo(f"tributary: {path}: {error.strerror or error}.", err=True)
        raise typer.Exit(USAGE) from error


def fields_of(mapped: Sequence[str] | None) -> dict[str, str | None]:
    """What `--map` says: header of a column -> field, None to leave it out."""
    found: dict[str, str | None] = {}
    for one in mapped or ():
        header, equals, name = one.rpartition("=")
        if not equals or not header:
            raise UndecidedError(f'--map takes "Header=field", not "{one}".')
        found[header] = name or None
    return found


def format_of(shown: OutputFormat | None) -> OutputFormat:
    """As asked; else a table on a terminal, CSV otherwise."""
    return shown or (OutputFormat.table if sys.stdout.isatty() else OutputFormat.csv)


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]], shown: OutputFormat) -> None:
    """Rows under their columns."""
    if shown is OutputFormat.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
        return
    if not rows:
        return
    lines = [[plain(str(cell)) for cell in row] for row in (columns, *rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def plain(text: str) -> str:
    """What a file says, without what would move a terminal's cursor."""
    return "".join(character if character.isprintable() else " " for character in text)
