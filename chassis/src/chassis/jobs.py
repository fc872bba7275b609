"""Work that outlives its request: what a task is, how a job is deferred and canceled in the caller's own transaction.

Knows the functions of the queue in the database and no library; who takes the jobs is `chassis.work`.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol, Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.tokens import Caller
from chassis.unit_of_work import open_session

ATTEMPTS: Final = 5
# Of the queue: jobs are of one service each, in its own database.
QUEUE: Final = "default"
_DEFER: Final = text("""
    SELECT (jobs.procrastinate_defer_jobs_v1(ARRAY[ROW(
        CAST(:queue AS varchar), CAST(:task AS varchar), 0, CAST(:lock AS text), NULL, CAST(:arguments AS jsonb), NULL
    )::jobs.procrastinate_job_to_defer_v1]))[1]
""")
_LOCK: Final = text("SELECT status::text FROM jobs.procrastinate_jobs WHERE id = :job_id FOR UPDATE")
_CANCEL: Final = text("SELECT jobs.procrastinate_cancel_job_v1(:job_id, true, false)")
# Locked until the end of the transaction: nobody cancels the job, or gives it to another worker, before the commit.
_FENCE: Final = text("""
    SELECT status = 'doing' AND worker_id IS NOT DISTINCT FROM :worker_id AS is_ours, abort_requested
    FROM jobs.procrastinate_jobs WHERE id = :job_id FOR SHARE
""")


class JobCanceled(Exception):
    """Somebody canceled the job: its task stops here."""


class JobHandedBack(Exception):
    """The worker is asked to stop: its task stops here, and starts again in the next worker."""


class JobLost(Exception):
    """The worker was taken for dead and the job given to another: what this one has not committed does not happen."""


class RightsLost(Exception):
    """The submitter is no user any more."""


class RightsChanged(Exception):
    """The submitter's rights are not those any more that a transaction began with."""


class RightsUnknown(Exception):
    """What the submitter may do cannot be read just now."""


class GiveUp(Exception):
    """Raised by a task that cannot succeed however often it is tried; says why, for whoever submitted it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class CancelState(StrEnum):
    """What became of a job that was to be canceled."""

    canceled = "canceled"  # it was queued, and never runs
    stopping = "stopping"  # it runs; its task is told, and `give_up` says so to its record
    ended = "ended"  # it was over already


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ended that did not succeed: `failed` or `canceled`, a stable code, and words for its submitter."""

    status: str
    code: str
    detail: str


CANCELED: Final = Ending("canceled", "canceled", "It was canceled. Nothing more is written.")
RIGHTS_LOST: Final = Ending(
    "failed",
    "rights_lost",
    "Whoever submitted it may not do so any more: the user was deactivated. Nothing is written.",
)
USED_UP: Final = Ending(
    "failed", "attempts_used_up", "It failed several times and is not tried again. Start it anew, or ask an operator."
)


@dataclass(frozen=True, slots=True)
class Submitter:
    """Who submitted a job, and the most that it may do: an API token may be narrower than its user."""

    subject: str
    role: str
    countries: frozenset[str]
    vetting: frozenset[str]

    @classmethod
    def of(cls, caller: Caller) -> Self:
        """Whoever is calling."""
        return cls(caller.subject, caller.role, caller.countries, caller.vetting)

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Self:
        """As it was written."""
        countries, vetting = frozenset(written["countries"]), frozenset(written["vetting"])
        return cls(written["subject"], written["role"], countries, vetting)

    def write(self) -> dict[str, Any]:
        """As JSON."""
        lists = {"countries": sorted(self.countries), "vetting": sorted(self.vetting)}
        return {"subject": self.subject, "role": self.role, **lists}

    @property
    def powerless(self) -> Caller:
        """The submitter as an actor without any right: for what is said to the record when the job has failed."""
        return Caller(self.subject, "the submitter of a job", "viewer", frozenset())


class Work(Protocol):
    """What a task is given: its job."""

    job_id: int
    attempt: int  # from 1
    submitter: Submitter
    token: str | None  # that came with the rights: for a look-up at another service, within a minute

    def check(self) -> None:
        """Raise where the job is canceled or the worker stops. Let it pass."""

    async def caller(self) -> Caller:
        """The submitter with the rights of this moment."""

    def transaction(self, caller: Caller, *, rights_again: bool = False) -> AbstractAsyncContextManager[AsyncSession]:
        """A session with the caller's identity, committed at the end of the block if the job is still ours.

        With `rights_again`, which the transaction has that writes what the job is for, only if the rights of that
        moment are still those of `caller`: where they are others the task starts again with those.
        """


@dataclass(frozen=True, slots=True)
class Task:
    """What to do with the arguments of a job, and what to say to its record where that cannot be done.

    Both may be cut off anywhere and start again: the record that they work on says how far they are. `give_up` writes
    in a transaction without any right of the submitter's, and does nothing to a record that has ended.
    """

    name: str
    run: Callable[[Work, Mapping[str, Any]], Awaitable[None]]
    give_up: Callable[[AsyncSession, Mapping[str, Any], Ending], Awaitable[None]]
    attempts: int = ATTEMPTS


async def defer(
    session: AsyncSession, task: str, arguments: Mapping[str, Any], caller: Caller, *, lock: str | None = None
) -> int:
    """Have a task run as `caller` once this transaction is committed; the job's id. Nothing personal is an argument.

    Jobs with the same `lock` run one after another.
    """
    written = json.dumps({"arguments": dict(arguments), "submitter": Submitter.of(caller).write()})
    given = {"queue": QUEUE, "task": task, "lock": lock, "arguments": written}
    return int(await (await session.connection()).scalar(_DEFER, given) or 0)


async def cancel(session: AsyncSession, job_id: int) -> CancelState:
    """Cancel a job, with this transaction."""
    connection = await session.connection()
    status = await connection.scalar(_LOCK, {"job_id": job_id})
    if status not in {"todo", "doing"}:
        return CancelState.ended
    await connection.execute(_CANCEL, {"job_id": job_id})
    return CancelState.canceled if status == "todo" else CancelState.stopping


@asynccontextmanager
async def fenced_transaction(
    engine: AsyncEngine, caller: Caller, job_id: int, worker_id: int | None, *, even_if_canceled: bool = False
) -> AsyncIterator[AsyncSession]:
    """A transaction of a running job: rolled back where the job was canceled or is not this worker's any more."""
    async with open_session(engine, caller) as session, session.begin():
        yield session
        found = (await (await session.connection()).execute(_FENCE, {"job_id": job_id, "worker_id": worker_id})).first()
        if found is None or not found.is_ours:
            raise JobLost
        if found.abort_requested and not even_if_canceled:
            raise JobCanceled
