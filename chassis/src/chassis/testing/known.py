"""Answers remembered when they were given, and asked for again with `known_at` of that moment."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from itertools import count, cycle
from typing import Any, Final

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.known import write_instant

Ask = Callable[[str], Awaitable[Any]]
Client = Callable[[], httpx.AsyncClient]
# What an answer says of the question, which is not of what was known.
_OF_ASKING: Final = frozenset({"known_at", "feed_number", "next_cursor"})
# Addresses say it too, and a cursor is bound to its address.
_IN_ADDRESS: Final = re.compile(r"[?&](known_at|cursor)=[^&]*")
_ANSWERS_A_TOKEN: Final = 50
# The time of the last change, and the time of the database: both are after it and before the next.
_TIMES: Final = ("SELECT sealed_at FROM feed_head", "SELECT clock_timestamp()")


def reader(make_client: Client) -> Ask:
    """Reads addresses that must answer, now and then as a new client: a history may be longer than its token."""
    asked = count()
    client = make_client()

    async def ask(address: str) -> Any:  # noqa: ANN401 - any JSON
        nonlocal client
        if next(asked) % _ANSWERS_A_TOKEN == 0:
            client = make_client()
        answer = await client.get(address)
        assert answer.status_code == HTTPStatus.OK, answer.text
        return answer.json()

    return ask


class Memory:
    """What `ask` answered at moments of a history. `engine`: the database that it happens in, as the app sees it."""

    def __init__(self, ask: Ask, engine: AsyncEngine) -> None:
        self._ask = ask
        self._engine = engine
        self._times = cycle(_TIMES)
        self.answers: list[tuple[datetime, str, Any]] = []

    async def remember(self, *addresses: str) -> None:
        """Ask now, and keep the answers with this moment."""
        found = [(address, timeless(await self._ask(address))) for address in addresses]
        moment = await self.moment()
        self.answers += [(moment, address, answer) for address, answer in found]

    async def moment(self) -> datetime:
        """An instant after the last change and before the next."""
        async with self._engine.connect() as connection:
            found: datetime = (await connection.execute(text(next(self._times)))).scalar_one()
            return found

    async def recall(self) -> None:
        """Fail unless each is answered again as it was."""
        for moment, address, answer in self.answers:
            again = await self._ask(f"{address}{'&' if '?' in address else '?'}known_at={write_instant(moment)}")
            assert timeless(again) == answer, f"{address} known at {write_instant(moment)}"

    def differing(self, address: str) -> int:
        """How many different answers an address had: a history in which nothing changes would prove nothing."""
        return len({str(answer) for _moment, asked, answer in self.answers if asked == address})


def timeless(answer: Any) -> Any:  # noqa: ANN401 - any JSON
    """An answer without what says how it was asked for."""
    if isinstance(answer, dict):
        return {name: timeless(value) for name, value in answer.items() if name not in _OF_ASKING}
    if isinstance(answer, list):
        return [timeless(one) for one in answer]
    return _IN_ADDRESS.sub("", answer) if isinstance(answer, str) else answer
