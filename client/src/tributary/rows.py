"""What commands that take a file of rows share: their options, how a file is found, and how rows are printed."""

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tributary.file_imports import COLUMNS_NAMED, Answer, RowError, UndecidedError, unmapped_of, write_counts

ROWS_WITH_ERRORS: Final = 6
USAGE: Final = 2
STANDARD_INPUT: Final = "-"
PASTED_NAME: Final = "pasted.tsv"
_ERROR_COLUMNS: Final = tuple(one.name for one in fields(RowError))


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


def tell_submitted(one: Answer) -> None:
    """Which import a file became, and whether the same file was imported before; on standard error."""
    typer.echo(f"tributary: import {one['id']}", err=True)
    if one["repeats"]:
        typer.echo(f"tributary: the same file was imported on {one['repeats']['committed_at'][:10]}.", err=True)


def tell_checked(one: Answer) -> None:
    """Which columns were left out, and what the rows would do; on standard error."""
    if left_out := unmapped_of(one):
        named = ", ".join(plain(header) for header in left_out[:COLUMNS_NAMED])
        typer.echo(f"tributary: columns left out ({len(left_out)}): {named}.", err=True)
    typer.echo(f"tributary: {write_counts(one)}.", err=True)


def print_errors(name: str, one: Answer, errors: Sequence[RowError], shown: OutputFormat) -> None:
    """What is wrong, row by row; as JSON beside the import, which is called `name`."""
    if shown is OutputFormat.json:
        document = {name: one, "errors": [asdict(error) for error in errors]}
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print_rows(_ERROR_COLUMNS, [tuple(asdict(error).values()) for error in errors], shown)


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
