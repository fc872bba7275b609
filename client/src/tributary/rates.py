"""`tributary rates`: a file of exchange rates, recorded over the public API. What is there already is left alone."""

import csv
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Final

import typer

from tributary.client import ProblemError, Tributary
from tributary.load import LoadError

ENDPOINT: Final = "/v1/exchange-rates"
COLUMNS: Final = ("currency", "rate_date", "units_per_usd", "rate_source")
NOTE: Final = "note"
Row = dict[str, str]
Connect = Callable[[], AbstractContextManager[Tributary]]


def read_rates(path: Path) -> list[tuple[int, Row]]:
    """The rows of a CSV file with the number of their line; `LoadError` says which line is none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            headers = set(reader.fieldnames or ())
            if not set(COLUMNS) <= headers <= {*COLUMNS, NOTE}:
                raise LoadError(f"{path}: the columns are {', '.join(COLUMNS)} and, if you like, {NOTE}.")
            return [(reader.line_num, _checked(path, reader.line_num, row)) for row in reader]
    except (OSError, UnicodeError, csv.Error) as error:
        raise LoadError(f"{path} is not a file of rates: {error}.") from error


def _checked(path: Path, line: int, row: dict[str | None, str | None]) -> Row:
    if None in row or None in row.values():
        raise LoadError(f"{path}, line {line}: it has more or fewer cells than there are columns.")
    checked = {str(name): str(value).strip() for name, value in row.items()}
    try:
        Decimal(checked["units_per_usd"])
    except InvalidOperation as error:
        raise LoadError(f'{path}, line {line}: "{checked["units_per_usd"]}" is not a number.') from error
    return checked


def load_rates(client: Tributary, path: Path) -> tuple[int, int]:
    """Record the rates that are missing; how many were, and how many were there. Stopped and run again, it goes on.

    A rate that is recorded otherwise is no update: the file, or what is recorded, is wrong, and somebody decides which.
    """
    rows = read_rates(path)
    known = {(one["currency"], one["rate_date"]): one for one in client.list(ENDPOINT, is_voided="false")}
    missing = []
    for line, row in rows:
        there = known.get((row["currency"], row["rate_date"]))
        if there is None:
            missing.append((line, row))
        elif Decimal(there["units_per_usd"]) != Decimal(row["units_per_usd"]):
            raise LoadError(
                f"{path}, line {line}: {row['currency']} of {row['rate_date']} is recorded as {there['units_per_usd']} "
                f"({there['rate_source']}), not {row['units_per_usd']}. Void that rate first if it is wrong."
            )
    for line, row in missing:
        try:
            client.post(ENDPOINT, {name: value for name, value in row.items() if value or name != NOTE})
        except ProblemError as error:
            raise LoadError(f"{path}, line {line}: {error}") from error
    return len(missing), len(rows) - len(missing)


def make_rates_app(connect: Connect, epilog: str) -> typer.Typer:
    """The commands, over the connections that `connect` makes."""
    app = typer.Typer(help="Exchange rates from files.", no_args_is_help=True, rich_markup_mode=None)

    @app.callback()
    def rates() -> None:
        """Exchange rates from files."""

    @app.command("load", epilog=epilog)
    def load(
        file: Annotated[Path, typer.Argument(help=f"CSV with the columns {', '.join(COLUMNS)} and maybe {NOTE}.")],
    ) -> None:
        """Record the rates of a file that are not recorded yet. May be stopped and run again."""
        with connect() as client:
            recorded, there = load_rates(client, file)
        typer.echo(f"Recorded {recorded} rates; {there} were there already.", err=True)

    return app
