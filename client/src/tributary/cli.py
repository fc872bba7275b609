"""The `tributary` command. Data goes to standard output, everything else to standard error."""

import json
import os
import sys
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final, NoReturn

try:
    import typer
except ModuleNotFoundError:  # the client alone was installed
    sys.exit("The tributary command needs the extra: pip install 'tributary[serve]'")

from tributary.card import write_card
from tributary.client import ProblemError, Tributary, TributaryError, UnreachableError
from tributary.control import PAGES_NAME, NotRunningError, find_address, make_link, make_token
from tributary.demo import DEFAULT_SCALE, LARGEST_SCALE, NOTICE
from tributary.file_imports import UndecidedError
from tributary.folders import DataFolder
from tributary.ledger_commands import make_ledger_app
from tributary.load import DATA_FOLDER, load_reference_data
from tributary.rates import make_rates_app
from tributary.roster_commands import make_roster_app
from tributary.rows import ROWS_WITH_ERRORS
from tributary.serve import (
    DEFAULT_PAGES_PORT,
    DEFAULT_PORT,
    HOST,
    LOCAL_COUNTRIES,
    LOCAL_ROLE,
    LOCAL_USER,
    serve,
    write_counts,
)

FAILED: Final = 1
WRONG_USAGE: Final = 2
NOT_FOUND: Final = 3
NOT_ALLOWED: Final = 4
UNAVAILABLE: Final = 5
STATUS_CODES: Final = {
    HTTPStatus.NOT_FOUND: NOT_FOUND,
    HTTPStatus.UNAUTHORIZED: NOT_ALLOWED,
    HTTPStatus.FORBIDDEN: NOT_ALLOWED,
    HTTPStatus.TOO_MANY_REQUESTS: UNAVAILABLE,
    HTTPStatus.BAD_GATEWAY: UNAVAILABLE,
    HTTPStatus.SERVICE_UNAVAILABLE: UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT: UNAVAILABLE,
}
EPILOG: Final = (
    "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 not found; 4 not signed in or not allowed; "
    f"5 not reachable or not available; {ROWS_WITH_ERRORS} rows with errors."
)
AUDIT_EPILOG: Final = (
    "Exit codes: 0 nothing is wrong; 1 something was tampered with; 2 not everything could be checked."
)
# Long enough for one command, and no longer.
ERRAND_DAYS: Final = 0.01

app = typer.Typer(
    help="Country programs, training cascades and money, with figures you can stand behind.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
token_app = typer.Typer(help="Tokens for scripts and people.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(token_app, name="token")
audit_app = typer.Typer(help="Whether anything was tampered with.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(audit_app, name="audit")
app.add_typer(
    make_roster_app(lambda: connect(name="tributary roster", role="officer", countries=["*"]), EPILOG), name="roster"
)
app.add_typer(
    make_ledger_app(lambda: connect(name="tributary ledger", role="officer", countries=["*"]), EPILOG), name="ledger"
)
app.add_typer(make_rates_app(lambda: connect(name="tributary rates", role="officer"), EPILOG), name="rates")


@app.command(name="serve", epilog=EPILOG)
def serve_command() -> None:
    """Start everything on this machine and keep it running; Ctrl-C stops it.

    TRIBUTARY_PORT sets the port (8000; 0 for any free one), TRIBUTARY_WEB_PORT that of the pages (8080),
    TRIBUTARY_DATA the data folder,
    TRIBUTARY_DATABASE_SUPERUSER_URL a PostgreSQL server to use in place of our own.
    """
    raise typer.Exit(serve())


@app.command(name="demo", epilog=EPILOG)
def demo_command(
    scale: Annotated[
        float,
        typer.Option(
            min=0,
            max=LARGEST_SCALE,
            help="How much there is of other countries than Mexico; 1 makes a million people.",
        ),
    ] = DEFAULT_SCALE,
) -> None:
    """Start everything, as `serve` does, with generated records: every person is synthetic.

    The data folder is one of its own, beside that of `serve`, unless TRIBUTARY_DATA names another. The records are
    made once; a larger scale later adds what is missing.
    """
    raise typer.Exit(serve(scale))


@app.command(epilog=EPILOG)
def country(
    code: Annotated[str, typer.Argument(help="ISO 3166-1 alpha-2, such as MX.")],
    *,
    as_of: Annotated[
        str | None,
        typer.Option(help="As true on this day, such as 2014-01-01; if absent that of --known-at, else today."),
    ] = None,
    known_at: Annotated[
        str | None,
        typer.Option(
            help="Only what was recorded by this instant, such as 2026-03-01T12:00:00Z, or by the end of a day."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the card as the API gives it.")] = False,
) -> None:
    """Show the card of a country: figures with where they come from, partners, money, statements."""
    with connect(name="tributary country", role="viewer") as client:
        card = client.get_country(code, as_of=as_of, known_at=known_at)
        if client.is_demo:
            typer.echo(NOTICE, err=True)
    typer.echo(json.dumps(card, indent=2, ensure_ascii=False) if as_json else write_card(card))


@app.command(epilog=EPILOG)
def load(
    folder: Annotated[Path, typer.Argument(help="The folder with the files of the dataset.")] = DATA_FOLDER,
) -> None:
    """Load what is missing of the reference dataset. May be stopped and run again."""
    with connect(name="tributary load", role="officer", countries=["*"]) as client:
        created = load_reference_data(client, folder)
    typer.echo(f"Loaded: {write_counts(created)}.", err=True)


@app.command(epilog=EPILOG)
def link(
    name: Annotated[str, typer.Option(help="Who is signed in; made where there is none.")] = LOCAL_USER,
    role: Annotated[str, typer.Option(help="viewer, analyst, officer or admin.")] = LOCAL_ROLE,
    country: Annotated[list[str] | None, typer.Option(help="A country granted; may be repeated; * for all.")] = None,
) -> None:
    """Make a link that signs in at the pages, once, within 15 minutes, and print it. Needs the same user account."""
    folder = DataFolder.chosen()
    pages = os.environ.get("TRIBUTARY_PUBLIC_URL") or find_address(folder, PAGES_NAME)
    granted = LOCAL_COUNTRIES if country is None and name == LOCAL_USER else country or ()
    at = pages or f"http://{HOST}:{DEFAULT_PAGES_PORT}"
    typer.echo(make_link(folder, at, name=name, role=role, countries=granted))


@token_app.command("create", epilog=EPILOG)
def create_token(
    name: Annotated[str, typer.Option(help="Whose it is, to know it by later.")],
    role: Annotated[str, typer.Option(help="viewer, analyst, officer or admin.")],
    country: Annotated[list[str] | None, typer.Option(help="A country granted; may be repeated; * for all.")] = None,
    expires: Annotated[float, typer.Option(help="In how many days it ends.")] = 30,
) -> None:
    """Make a token on the running system and print it, this once. It needs no token, but the same user account."""
    folder = DataFolder.chosen()
    typer.echo(make_token(folder, name=name, role=role, countries=country or (), expires_days=expires))


@audit_app.callback()
def audit() -> None:
    """Whether anything was tampered with."""


@audit_app.command("verify", epilog=AUDIT_EPILOG)
def verify(
    services: Annotated[list[str] | None, typer.Argument(help="Whose feeds, such as programs; all if absent.")] = None,
    *,
    anchors: Annotated[Path | None, typer.Option(help="The folder of the anchors, best a copy from elsewhere.")] = None,
    key: Annotated[Path | None, typer.Option(help="The file with the public key of the anchors.")] = None,
    database: Annotated[
        str | None, typer.Option(help="postgresql+asyncpg://superuser:password@host/postgres, or one service's own.")
    ] = None,
    tables: Annotated[bool, typer.Option(help="Also compare the tables with what the feed says of them.")] = True,
) -> None:
    """Verify the feed of every change, and name the first number that is not as it was recorded.

    Reads the databases themselves, of the system that runs on the data folder unless told otherwise.
    """
    from tributary.audit import Sources, verify_feeds  # noqa: PLC0415 - heavy, and `serve` would carry it for ever

    code, lines, failures = verify_feeds(services or (), Sources(database, anchors, key), with_tables=tables)
    for line in lines:
        typer.echo(line)
    for line in failures:
        typer.echo(f"tributary: {line}", err=True)
    raise typer.Exit(code)


def connect(*, name: str, role: str, countries: Sequence[str] = ()) -> Tributary:
    """The API at $TRIBUTARY_URL with $TRIBUTARY_TOKEN; else the system on this machine, with a token for this errand.

    A token that was made here goes to the system that made it and to no other address.
    """
    folder = DataFolder.chosen()
    url, token = os.environ.get("TRIBUTARY_URL"), os.environ.get("TRIBUTARY_TOKEN")
    ours = find_address(folder)
    if token is None and (url is None or url.rstrip("/") == ours):
        token = make_token(folder, name=name, role=role, countries=countries, expires_days=ERRAND_DAYS)
    return Tributary(url or ours or f"http://{HOST}:{DEFAULT_PORT}", token)


def exit_code_of(error: TributaryError) -> int:
    """The exit code that says what kind of failure it was."""
    if isinstance(error, UndecidedError):
        return WRONG_USAGE
    if isinstance(error, UnreachableError | NotRunningError):
        return UNAVAILABLE
    if isinstance(error, ProblemError):
        return STATUS_CODES.get(HTTPStatus(error.status), FAILED)
    return FAILED


def main() -> NoReturn:
    """The command's entry."""
    try:
        app(prog_name="tributary")
    except TributaryError as error:
        typer.echo(f"tributary: {error}", err=True)
        sys.exit(exit_code_of(error))
    sys.exit(0)
