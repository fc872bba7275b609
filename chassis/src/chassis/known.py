"""What was recorded by an instant: the number of the feed at that instant, and the tables as they were at that number.

`as_of` asks what was true on a day, `known_at` what was recorded by an instant. The same query answers both times: over
the tables, or over what the feed knows of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Final

from fastapi import Depends, Query
from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema
from sqlalchemy import Connection, text

from chassis.errors import FieldError, Invalid
from chassis.feed import app_role
from chassis.unit_of_work import Session

# Holds a view of the name of each table that is looked back upon.
SCHEMA: Final = "known"
KNOWN_AT_MEANING: Final = (
    "Only what was recorded by this instant (RFC 3339, with `Z` or an offset; a day means its end in UTC): the answer "
    "that was given then. Before the first record nothing is recorded. Without `as_of`, as of the day of this instant."
)
_INSTANT: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2}))?$"
)
_DAY_LENGTH: Final = len("2026-03-01")
_FIND_NUMBER: Final = text("SELECT feed_number_at(:known_at)")
_SET_NUMBER: Final = text("SELECT set_config('app.known_number', :number, true)")


def read_instant(value: Any) -> datetime:  # noqa: ANN401 - whatever was sent
    """The instant in UTC that a text names; of a day the last one. `ValueError` where it names none."""
    if not isinstance(value, str) or not re.fullmatch(_INSTANT, value):
        raise ValueError(
            "Write an instant with its offset, such as 2026-03-01T12:00:00Z (in an address + is written %2B), or a day"
        )
    try:
        if len(value) == _DAY_LENGTH:
            return datetime.combine(date.fromisoformat(value), time.max, UTC)
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("There is no such instant") from error


def write_instant(known_at: datetime) -> str:
    """The instant as text, whole, with no character that an address would have to encode."""
    return known_at.astimezone(UTC).isoformat().replace("+00:00", "Z")


KnownAt = Annotated[
    datetime,
    BeforeValidator(read_instant),
    WithJsonSchema({"type": "string", "pattern": _INSTANT, "examples": ["2026-03-01T12:00:00Z"]}),
]
KnownAtQuery = Annotated[KnownAt | None, Query(description=KNOWN_AT_MEANING)]


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant, and the last number of this service's feed by then: 0 before the first."""

    known_at: datetime
    number: int


class KnownRead(BaseModel):
    """What an answer says of the moment that it was asked for."""

    known_at: datetime | None = Field(description="Only what was recorded by then was looked at; null: up to now.")
    feed_number: int | None = Field(description="The service's last recorded change by then; null without `known_at`.")


def say_moment(moment: Moment | None) -> dict[str, Any]:
    """The fields of `KnownRead`."""
    if moment is None:
        return {"known_at": None, "feed_number": None}
    return {"known_at": moment.known_at, "feed_number": moment.number}


def not_come_yet(known_at: datetime) -> Invalid:
    """What is recorded until an instant to come is not settled, so nobody could be told the same again."""
    message = f"{known_at:%Y-%m-%dT%H:%M:%SZ} has not come yet. Leave `known_at` out for what is known now."
    return Invalid(message, [FieldError("in_the_future", message, parameter="known_at")])


def default_day(known_at: datetime | None) -> date:
    """What an answer is as of where no day is named: the day of `known_at`, else today, in UTC."""
    return (known_at or datetime.now(UTC)).date()


async def take_moment(session: Session, known_at: KnownAtQuery = None) -> Moment | None:
    """The moment asked for by `known_at`; None for now."""
    if known_at is None:
        return None
    connection = await session.connection()
    number = (await connection.execute(_FIND_NUMBER, {"known_at": known_at})).scalar_one()
    if number is None:
        raise not_come_yet(known_at)
    return Moment(known_at, number)


AtMoment = Annotated[Moment | None, Depends(take_moment)]


async def look_back(session: Session, moment: AtMoment) -> Moment | None:
    """The same, and from here on every query of this request reads its tables as they were at that moment."""
    if moment is not None:
        connection = await session.connection()
        await connection.execute(_SET_NUMBER, {"number": str(moment.number)})
        await connection.execution_options(schema_translate_map={None: SCHEMA})
    return moment


LookingBack = Annotated[Moment | None, Depends(look_back)]


def create_known(connection: Connection, tables: Iterable[str] = ()) -> None:
    """Make what finds the number of an instant, and the views of `tables` for `look_back`, in a migration."""
    app = app_role(connection)
    for statement in _CREATE:
        connection.exec_driver_sql(statement.format(app=app, schema=SCHEMA))
    for table in tables:
        show_known(connection, table)


def show_known(connection: Connection, table: str) -> None:
    """Make the view of a captured table as it was known. Again after the table has a new column.

    The number has no default: to look back without saying to when is an error, never an empty answer.
    """
    connection.exec_driver_sql(
        f"CREATE OR REPLACE VIEW {SCHEMA}.{table} WITH (security_invoker = true) AS "  # noqa: S608 - a table's name
        f"SELECT * FROM public.known_{table}(current_setting('app.known_number')::bigint)"
    )
    connection.exec_driver_sql(f"GRANT SELECT ON {SCHEMA}.{table} TO {app_role(connection)}")


_CREATE: Final = (
    # Numbers up to the head's are all visible, and whatever comes later has a later time. Beyond the head somebody may
    # have taken a number and not committed yet: they hold the head, so wait for it, and let go at once.
    """
    CREATE FUNCTION feed_number_at(instant timestamptz) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
    BEGIN
      IF instant > clock_timestamp() THEN RETURN NULL; END IF;
      IF instant > (SELECT sealed_at FROM feed_head) THEN
        BEGIN
          PERFORM FROM feed_head FOR SHARE;
          RAISE EXCEPTION 'let go';
        EXCEPTION WHEN raise_exception THEN NULL;
        END;
      END IF;
      RETURN coalesce((SELECT number FROM feed_tx WHERE sealed_at <= instant ORDER BY number DESC LIMIT 1), 0);
    END $$
    """,
    "REVOKE ALL ON FUNCTION feed_number_at(timestamptz) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION feed_number_at(timestamptz) TO {app}",
    "CREATE SCHEMA {schema}",
    "GRANT USAGE ON SCHEMA {schema} TO {app}",
)
