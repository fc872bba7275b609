"""A worker of trainings with a task that takes as long as a test wants: courses are its records, titles their states.

Each start and each effect adds a topic; the task waits before its end until the course GATE is called "open".
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from chassis.jobs import Ending, Task, Work
from chassis.work import Worker
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession
from trainings.settings import MIGRATIONS
from trainings.work import TrainingsWorkSettings

SAY = text("UPDATE courses SET title = :title, topics = topics || :topics, version = version + 1 WHERE code = :code")
GATE = text("SELECT title = 'open' FROM courses WHERE code = 'GATE'")


async def execute(session: AsyncSession, statement: Any, **given: Any) -> Any:
    return await (await session.connection()).execute(statement, given)


async def teach(work: Work, arguments: Mapping[str, Any]) -> None:
    """Start, wait for the gate, and say who did it."""
    caller = await work.caller()
    async with work.transaction(caller) as session:
        await execute(session, SAY, code=arguments["code"], title="running", topics=["started"])
    is_open = False
    while not is_open:
        work.check()
        async with work.transaction(caller) as session:
            is_open = (await execute(session, GATE)).scalar()
        await asyncio.sleep(0.05)
    caller = await work.caller()
    async with work.transaction(caller) as session:
        done = f"done by {caller.name} for {','.join(sorted(caller.countries))}"
        await execute(session, SAY, code=arguments["code"], title="succeeded", topics=[done])


async def give_up(session: AsyncSession, arguments: Mapping[str, Any], ending: Ending) -> None:
    await execute(session, SAY, code=arguments["code"], title=ending.code, topics=[])


def create_worker() -> Worker:
    tasks = (Task("teach", teach, give_up, attempts=9),)
    return Worker(name="trainings", settings=TrainingsWorkSettings(), migrations=MIGRATIONS, tasks=tasks)
