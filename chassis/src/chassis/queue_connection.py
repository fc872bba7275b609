"""The queue's library over the engine and driver that everything else uses: one address, one TLS, one pool."""

import asyncio
import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from asyncpg import InterfaceError, PostgresError
from procrastinate.connector import BaseAsyncConnector, Notify
from procrastinate.exceptions import ConnectorException, NoResult
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

_PARAMETER: Final = re.compile(r"%\((\w+)\)s(\s*\|\|)?")
_FAILURES: Final = (SQLAlchemyError, PostgresError, InterfaceError, OSError)


class EngineConnector(BaseAsyncConnector):
    """Runs the library's queries, each in a transaction of its own; `on_failure` is told of each that fails."""

    def __init__(self, engine: AsyncEngine, on_failure: Callable[[], None]) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._on_failure = on_failure

    async def execute_query_async(self, query: str, **arguments: Any) -> None:  # noqa: ANN401 - the library's
        """Run it for its effect."""
        await self.execute_query_all_async(query, **arguments)

    async def execute_query_one_async(self, query: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        """Its first row."""
        rows = await self.execute_query_all_async(query, **arguments)
        if not rows:
            raise NoResult
        return rows[0]

    async def execute_query_all_async(self, query: str, **arguments: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as above
        """All its rows."""
        statement, values = number_parameters(query, arguments)
        try:
            async with self._engine.connect() as connection:
                driver: Any = (await connection.get_raw_connection()).driver_connection
                rows = await driver.fetch(statement, *values)
        except _FAILURES as error:
            self._on_failure()
            raise ConnectorException(type(error).__name__) from error
        return [{name: _read(name, value) for name, value in row.items()} for row in rows]

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Pass on what is notified, until the connection is lost."""
        told: asyncio.Queue[tuple[str, str] | None] = asyncio.Queue()
        try:
            async with self._engine.connect() as connection:
                driver: Any = (await connection.get_raw_connection()).driver_connection
                driver.add_termination_listener(lambda _driver: told.put_nowait(None))
                for channel in channels:
                    await driver.add_listener(channel, lambda _d, _pid, name, payload: told.put_nowait((name, payload)))
                try:
                    while (one := await told.get()) is not None:
                        await on_notification(channel=one[0], payload=one[1])
                finally:
                    await connection.invalidate()  # it listens: nobody else is to have it
        except _FAILURES as error:
            self._on_failure()
            raise ConnectorException(type(error).__name__) from error
        self._on_failure()
        raise ConnectorException("The connection that listens was lost")


def number_parameters(query: str, arguments: dict[str, Any]) -> tuple[str, list[Any]]:
    """A query with named parameters as the driver takes it: numbered. What is joined to a text is one."""
    values: list[Any] = []

    def number(match: re.Match[str]) -> str:
        name, joined = match[1], match[2] or ""
        values.append(str(arguments[name]) if joined else arguments[name])
        return f"${len(values)}{joined}"

    return _PARAMETER.sub(number, query), values


def _read(name: str, value: Any) -> Any:  # noqa: ANN401 - of any column
    return json.loads(value) if name == "args" and isinstance(value, str) else value
