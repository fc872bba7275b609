"""Handing in rosters over HTTP, with the pieces of work done at once in this process."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from chassis.jobs import Ending, GiveUp, Work
from chassis.testing import Api, caller
from chassis.tokens import Caller
from chassis.unit_of_work import open_session
from sqlmodel.ext.asyncio.session import AsyncSession
from trainings.service.roster_imports.jobs import make_tasks


class StartAgain(Exception):
    """The rights are others than those that the work began with."""


@dataclass
class TestDesk:
    """As the queue's: transactions in the name of whoever asked, whose rights may change meanwhile."""

    __test__ = False

    api: Api
    callers: list[Caller]
    is_stopped: bool = False

    async def caller(self) -> Caller:
        """The rights of now: the last stay."""
        return self.callers.pop(0) if len(self.callers) > 1 else self.callers[0]

    @asynccontextmanager
    async def transaction(self, who: Caller, *, rights_again: bool = False) -> AsyncIterator[AsyncSession]:
        """Committed at its end, unless the rights are others by then."""
        async with open_session(self.api.app.state.engine, who) as session, session.begin():
            yield session
            if rights_again and await self.caller() != who:
                raise StartAgain

    def check(self) -> None:
        """Go on."""


def as_csv(headers: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str = ",") -> bytes:
    """A text file."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(headers)
    writer.writerows(rows)
    return text.getvalue().encode()


@dataclass
class Importer:
    """An officer for Mexico who hands in rosters."""

    api: Api
    who: Caller = field(default_factory=lambda: caller("officer", "MX"))
    number: int = 0

    @property
    def client(self) -> Any:
        """As the officer."""
        return self.api.as_caller(self.who)

    async def submit(self, content: bytes, media_type: str = "text/csv", **query: str) -> Any:
        """The answer to an upload."""
        self.number += 1
        parameters = {"file_name": "roster.csv"} | query
        headers = {"Content-Type": media_type, "Idempotency-Key": f"upload {self.number} {id(self)}"}
        return await self.client.post("/v1/roster-imports", params=parameters, content=content, headers=headers)

    async def work(self, one: Mapping[str, Any], callers: Sequence[Caller] = ()) -> dict[str, Any]:
        """Do what the import waits for; as it is then."""
        desk = TestDesk(self.api, list(callers) or [self.who])
        tasks = {task.name: task for task in make_tasks(self.api.app.state.import_tools)}
        task = tasks[f"roster_imports.{one['task']}"]
        arguments = {"roster_import_id": one["id"]}
        try:
            try:
                await task.run(cast("Work", desk), arguments)
            except StartAgain:
                await task.run(cast("Work", desk), arguments)
        except GiveUp as given_up:
            powerless = Caller(self.who.subject, self.who.name, "viewer", frozenset())
            async with desk.transaction(powerless) as session:
                await task.give_up(session, arguments, Ending("failed", given_up.code, given_up.detail))
        return await self.get(one)

    async def get(self, one: Mapping[str, Any]) -> dict[str, Any]:
        """As it is now."""
        answer = await self.client.get(f"/v1/roster-imports/{one['id']}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def upload(self, content: bytes, media_type: str = "text/csv", **query: str) -> dict[str, Any]:
        """A roster, handed in and read."""
        answer = await self.submit(content, media_type, **query)
        assert answer.status_code == 202, answer.text
        return await self.work(answer.json())

    async def ask(self, one: Mapping[str, Any], verb: str, body: Any = None) -> Any:
        """The answer to a request about an import as it is now."""
        address = f"/v1/roster-imports/{one['id']}" + (f"/{verb}" if verb else "")
        headers = {"If-Match": f'"{(await self.get(one))["version"]}"'}
        send = self.client.post if verb else self.client.patch
        return await send(address, headers=headers, **({} if body is None else {"json": body}))

    async def do(self, one: Mapping[str, Any], verb: str, callers: Sequence[Caller] = ()) -> dict[str, Any]:
        """Ask for a piece of work, and do it."""
        answer = await self.ask(one, verb)
        assert answer.status_code == 202, answer.text
        return await self.work(answer.json(), callers)

    async def correct(self, one: Mapping[str, Any], *items: dict[str, Any]) -> dict[str, Any]:
        """Correct rows; as the import is then."""
        answer = await self.ask(one, "corrections", {"items": items})
        assert answer.status_code in {200, 202}, answer.text
        return await self.work(answer.json()) if answer.status_code == 202 else dict(answer.json())

    async def rows(self, one: Mapping[str, Any], **query: Any) -> list[dict[str, Any]]:
        """All rows."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, Any] = {}
        while True:
            answer = await self.client.get(
                f"/v1/roster-imports/{one['id']}/rows", params={"limit": 500} | query | cursor
            )
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}
