"""The pieces of work of an import as jobs of the queue."""

import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from chassis.jobs import Ending, Task, Work
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.domain import ImportTask
from trainings.service.roster_imports.papers import Tools
from trainings.service.roster_imports.tasks import Desk, check_import, commit_import, read_import, undo_import

_TITLE: Final = "The work on this import ended"
_END: Final = text("SELECT end_roster_import_task(:import_id, :task, :status, CAST(:problem AS jsonb))")
_RUN: Final[Mapping[ImportTask, Callable[[Desk, Tools, uuid.UUID], Awaitable[None]]]] = {
    ImportTask.read: read_import,
    ImportTask.check: check_import,
    ImportTask.commit: commit_import,
    ImportTask.undo: undo_import,
}


def make_tasks(tools: Tools) -> tuple[Task, ...]:
    """What the worker does for imports."""
    return tuple(_make_task(task, tools) for task in _RUN)


def _make_task(task: ImportTask, tools: Tools) -> Task:
    async def run(work: Work, arguments: Mapping[str, Any]) -> None:
        await _RUN[task](work, tools, uuid.UUID(arguments["roster_import_id"]))

    async def give_up(session: AsyncSession, arguments: Mapping[str, Any], ending: Ending) -> None:
        problem = {"code": ending.code, "title": _TITLE, "detail": ending.detail, "errors": []}
        given = {
            "import_id": uuid.UUID(arguments["roster_import_id"]),
            "task": str(task),
            "status": ending.status,
            "problem": json.dumps(problem) if ending.status == "failed" else None,
        }
        await (await session.connection()).execute(_END, given)

    return Task(f"roster_imports.{task}", run, give_up)
