"""Tasks on things, for a worker in a process of its own: a thing's name is the record, its note the status.

`place` counts the starts, `weight` the effects; a task waits before its end until the thing called "gate" has a ticket.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chassis.jobs import Ending, GiveUp, Task, Work
from chassis.tokens import Caller
from chassis.work import Worker, WorkSettings
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

STARTED = text("UPDATE things SET place = place + 1, note = 'running' WHERE name = :name AND note <> ALL(:ended)")
DONE = text("UPDATE things SET weight = weight + 1, note = 'succeeded', ticket = :ticket WHERE name = :name")
ENDED = text("UPDATE things SET note = :note WHERE name = :name AND note <> ALL(:ended)")
GATE = text("SELECT ticket IS NOT NULL FROM things WHERE name = 'gate'")
OVER = ["succeeded", "failed", "canceled"]


async def execute(session: AsyncSession, statement: Any, **given: Any) -> Any:
    return await (await session.connection()).execute(statement, given)


async def wait_for_gate(work: Work, caller: Caller) -> None:
    while True:
        work.check()
        async with work.transaction(caller) as session:
            if (await execute(session, GATE)).scalar():
                return
        await asyncio.sleep(0.02)


async def finish(work: Work, arguments: Mapping[str, Any]) -> None:
    """Start, wait for the gate, and write."""
    name = arguments["name"]
    caller = await work.caller()
    async with work.transaction(caller) as session:
        if not (await execute(session, STARTED, name=name, ended=OVER)).rowcount:
            return
    await wait_for_gate(work, caller)
    caller = await work.caller()
    async with work.transaction(caller, rights_again=True) as session:
        await execute(session, DONE, name=name, ticket=f"{name} {caller.role} {','.join(sorted(caller.countries))}")


async def write_and_wait(work: Work, arguments: Mapping[str, Any]) -> None:
    """Write, and wait for the gate in the same transaction: whoever is taken for dead meanwhile has written nothing."""
    name = arguments["name"]
    caller = await work.caller()
    async with work.transaction(caller) as session:
        if not (await execute(session, STARTED, name=f"{name} starts", ended=OVER)).rowcount:
            return
    async with work.transaction(caller, rights_again=True) as session:
        await execute(session, DONE, name=name, ticket=" ".join(sorted(caller.countries)))
        while not (await execute(session, GATE)).scalar():  # noqa: ASYNC110 - what it waits for is in the database
            await asyncio.sleep(0.02)


async def fail(work: Work, arguments: Mapping[str, Any]) -> None:
    """Fail, at each attempt or for good."""
    caller = await work.caller()
    async with work.transaction(caller) as session:
        await execute(session, STARTED, name=arguments["name"], ended=OVER)
    if arguments.get("code"):
        raise GiveUp(arguments["code"], "It cannot be read.")
    raise ZeroDivisionError("a secret that stood in the data")


async def ignore(work: Work, arguments: Mapping[str, Any]) -> None:
    """Start, and look at nothing."""
    async with work.transaction(await work.caller()) as session:
        await execute(session, STARTED, name=arguments["name"], ended=OVER)
    await asyncio.Event().wait()


async def give_up(session: AsyncSession, arguments: Mapping[str, Any], ending: Ending) -> None:
    await execute(session, ENDED, name=arguments["name"], note=ending.code, ended=OVER)


TASKS = (
    Task("finish", finish, give_up),
    Task("fragile", finish, give_up, attempts=2),
    Task("write_and_wait", write_and_wait, give_up),
    Task("ignore", ignore, give_up),
    Task("fail", fail, give_up, attempts=2),
)


def create_worker() -> Worker:
    migrations = Path(__file__).parent / "migrations"
    return Worker(name="chassis", settings=WorkSettings(), migrations=migrations, tasks=TASKS)
