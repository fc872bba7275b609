"""Runs the jobs of a service: `python -m chassis.work MODULE:FACTORY [--with-parent]`, a process of its own.

Stops gracefully on SIGTERM and SIGINT: a task that looks whether it should stop hands its job back.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Concatenate, Final, cast

import structlog
from joserfc.jwk import OKPKey
from procrastinate import App
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.job_context import AbortReason, JobContext
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker as QueueWorker
from pydantic import Field, SecretStr
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.app import start_check
from chassis.jobs import (
    CANCELED,
    RIGHTS_LOST,
    USED_UP,
    Ending,
    GiveUp,
    JobCanceled,
    JobHandedBack,
    JobLost,
    RightsChanged,
    RightsLost,
    RightsUnknown,
    Submitter,
    Task,
    fenced_transaction,
)
from chassis.leftovers import DEAD_SECONDS, sweep
from chassis.logs import begin_request, configure_logs, log_failure
from chassis.queue_connection import EngineConnector
from chassis.queue_schema import SCHEMA, check_queue
from chassis.refusals import Door, StartRefused
from chassis.rights import Rights, open_rights
from chassis.serve import CannotServeError, end_with_parent, make_app
from chassis.settings import Settings
from chassis.tokens import Caller
from chassis.unit_of_work import make_engine

logger: Final = structlog.get_logger()
QUEUE_CONNECTIONS: Final = 3  # of the pool: one listens, two ask
HEARTBEAT_SECONDS: Final = 1.0
POLL_SECONDS: Final = 2.0  # for what nobody was notified of: a job whose pause is over
GRACE_SECONDS: Final = 3.0  # for a task that does not look whether it should stop
STOP_LIMIT_SECONDS: Final = 10.0
RESTART_SECONDS: Final = 0.5
RIGHTS_PAUSE_SECONDS: Final = 1.0
RIGHTS_PATIENCE_SECONDS: Final = 30.0
LONGEST_PAUSE_SECONDS: Final = 60.0
PRUNE_SECONDS: Final = 3600.0


class WorkSettings(Settings):
    """What a worker needs beside what its service needs."""

    gateway_url: str = Field(pattern="^(https?://|unix:/).+", description="Where the rights of a submitter are read.")
    jobs_key: SecretStr = Field(description="The secret that opens that door of the gateway.")
    jobs_at_once: int = Field(default=2, ge=1, le=16, description="So many jobs run at the same time.")
    statement_timeout_seconds: float = Field(default=300, gt=0)
    jobs_kept_days: int = Field(default=30, ge=1, description="How long the row of a job that has ended is kept.")


class Again(Exception):
    """The job is to run again, after a pause."""

    def __init__(self, pause_seconds: float = 0) -> None:
        super().__init__()
        self.pause_seconds = pause_seconds


class Failed(Exception):
    """The job has failed, and its record says so."""


class _Strategy(BaseRetryStrategy):
    """What `Again` says, and nothing else."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:  # noqa: ARG002
        if not isinstance(exception, Again):
            return None
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=exception.pause_seconds))


class _Jobs(JobManager):
    """The library's, but for jobs that are another worker's by now: those are left alone."""

    def __init__(self, connector: EngineConnector) -> None:
        super().__init__(connector)
        self.lost: set[int] = set()

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        if job.id in self.lost:
            self.lost.discard(job.id)
            return
        await super().finish_job(job, status, delete_job)


class CurrentWork:
    """A job that runs."""

    def __init__(self, worker: "Worker", context: JobContext) -> None:
        job = context.job
        assert job.id is not None  # noqa: S101 - it was read from its row
        self.job_id = job.id
        self.attempt = job.attempts + 1
        self.submitter = Submitter.read(cast("dict[str, Any]", job.task_kwargs["submitter"]))
        self.token: str | None = None
        self._worker = worker
        self._worker_id = job.worker_id
        self._abort_reason = context.abort_reason

    @property
    def is_canceled(self) -> bool:
        """Whether somebody canceled it."""
        return self._abort_reason() is AbortReason.USER_REQUEST

    def check(self) -> None:
        """Raise where the job is canceled or the worker stops."""
        if self.is_canceled:
            raise JobCanceled
        if self._worker.is_stopping or self._abort_reason() is not None:
            raise JobHandedBack

    async def caller(self) -> Caller:
        """The submitter with the rights of this moment. Waits a while for a gateway that is out of reach."""
        ends_at = asyncio.get_running_loop().time() + RIGHTS_PATIENCE_SECONDS
        while True:
            self.check()
            try:
                caller, self.token = await self._worker.rights.read(self.submitter)
            except RightsUnknown as error:
                logger.warning("rights_unknown", job_id=self.job_id, reason=str(error))
                if asyncio.get_running_loop().time() > ends_at:
                    raise
                await asyncio.sleep(RIGHTS_PAUSE_SECONDS)
            else:
                return caller

    @asynccontextmanager
    async def transaction(
        self, caller: Caller, *, rights_again: bool = False, even_if_canceled: bool = False
    ) -> AsyncIterator[AsyncSession]:
        """A transaction of the caller's that is committed at its end, if the job is still ours."""
        async with fenced_transaction(
            self._worker.engine, caller, self.job_id, self._worker_id, even_if_canceled=even_if_canceled
        ) as session:
            yield session
            if rights_again and await self.caller() != caller:
                raise RightsChanged


class Worker:
    """Takes jobs until it is stopped. Survives a database that is away for a while: it begins anew, with another id."""

    def __init__(self, *, name: str, settings: WorkSettings, migrations: Path, tasks: Iterable[Task]) -> None:
        configure_logs(name, settings.log_level)
        self.settings = settings
        self.tasks = {task.name: task for task in tasks}
        self.is_stopping = False
        self.rights: Rights
        own = max(settings.pool_size - QUEUE_CONNECTIONS, 1)
        self.engine = make_engine(settings.model_copy(update={"pool_size": own}))
        queue = settings.model_copy(update={"pool_size": QUEUE_CONNECTIONS, "statement_timeout_seconds": 10.0})
        self._queue_engine = make_engine(queue, search_path=SCHEMA)
        self._migrations = migrations
        self._current: QueueWorker | None = None
        self._is_ending = False
        self._stopped = asyncio.Event()

    async def check_start(self, door: Door) -> None:
        """Raise `StartRefused` where it must not run."""
        await start_check(self.settings, self.engine, self._migrations)(door)
        await check_queue(self.engine)

    async def run(self) -> None:
        """Take jobs until `stop`."""
        key, url = self.settings.jobs_key.get_secret_value(), self.settings.gateway_url
        try:
            async with open_rights(url, key, OKPKey.import_key(self.settings.token_public_key)) as self.rights:
                logger.info("worker_started", tasks=sorted(self.tasks))
                while not self.is_stopping:
                    try:
                        await self._take_jobs()
                    except (ConnectorException, SQLAlchemyError, OSError) as error:
                        logger.warning("queue_unreachable", error=type(error).__name__)
                    if not self.is_stopping:
                        await self._pause(RESTART_SECONDS)
        finally:
            await self._queue_engine.dispose()
            await self.engine.dispose()
        logger.info("worker_stopped")

    def stop(self) -> None:
        """Take no more jobs, and hand back those that run and ask for it."""
        self.is_stopping = True
        self._stopped.set()
        # A task that does not look is left behind, as that of a worker that was killed.
        asyncio.get_running_loop().call_later(STOP_LIMIT_SECONDS, os._exit, 1)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._is_ending = True  # and sends no heartbeats any more: it must not take itself for dead
        if self._current is not None:
            self._current.stop()  # type: ignore[no-untyped-call] # the library's

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)

    async def _take_jobs(self) -> None:
        self._is_ending = self.is_stopping
        connector = EngineConnector(self._queue_engine, self._begin_anew)
        app = App(connector=connector)
        jobs = app.job_manager = _Jobs(connector)
        for task in self.tasks.values():
            app.task(name=task.name, pass_context=True, retry=_Strategy())(self._runner_of(task, jobs))
        self._current = QueueWorker(
            app,
            concurrency=self.settings.jobs_at_once,
            fetch_job_polling_interval=POLL_SECONDS,
            abort_job_polling_interval=POLL_SECONDS,
            shutdown_graceful_timeout=GRACE_SECONDS,
            install_signal_handlers=False,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=DEAD_SECONDS,
        )
        async with _beside(sweep(self.engine, self.tasks, lambda: self._is_ending), self._prune(jobs)):
            await self._current.run()  # type: ignore[no-untyped-call] # as above

    def _runner_of(self, task: Task, jobs: _Jobs) -> Callable[Concatenate[JobContext, ...], Awaitable[None]]:
        # Not a coroutine function, though what it returns is awaited: the library would cancel one in the middle of a
        # statement. This one it tells, and the task stops at its next step.
        def run(context: JobContext, *, arguments: Mapping[str, Any], submitter: Mapping[str, Any]) -> Awaitable[None]:  # noqa: ARG001 - the work reads it
            return self._run(task, CurrentWork(self, context), arguments, jobs)

        return run

    async def _run(self, task: Task, work: CurrentWork, arguments: Mapping[str, Any], jobs: _Jobs) -> None:
        begin_request(None)
        structlog.contextvars.bind_contextvars(job_id=work.job_id, task=task.name, attempt=work.attempt)
        try:
            ending = await self._attempt(task, work, arguments)
            if ending is None:
                return
            async with work.transaction(work.submitter.powerless, even_if_canceled=True) as session:
                await task.give_up(session, arguments, ending)
        except JobLost:
            logger.warning("job_lost")
            jobs.lost.add(work.job_id)
            return
        except Again:
            raise
        except Exception as error:  # noqa: BLE001 - the library would log its message
            log_failure("job_cannot_end", error)
            raise Again(LONGEST_PAUSE_SECONDS) from None
        logger.warning("job_ended", status=ending.status, code=ending.code)
        raise JobAborted if ending.status == "canceled" else Failed

    async def _attempt(self, task: Task, work: CurrentWork, arguments: Mapping[str, Any]) -> Ending | None:
        """Run the task; how the job has ended where it has without success."""
        if work.attempt > task.attempts:
            return USED_UP
        try:
            await task.run(work, arguments)
        except JobLost:
            raise
        except JobCanceled:
            ending = CANCELED
        except (JobHandedBack, RightsChanged):  # it is for the task to say what the rights of now are enough for
            raise Again from None
        except RightsLost:
            ending = RIGHTS_LOST
        except GiveUp as reason:
            ending = Ending("failed", reason.code, reason.detail)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
            log_failure("job_failed", error)
            ending = CANCELED if work.is_canceled else USED_UP
            if not work.is_canceled and work.attempt < task.attempts:
                raise Again(min(2.0 ** (work.attempt - 1), LONGEST_PAUSE_SECONDS)) from None
        else:
            logger.info("job_succeeded")
            return None
        return ending

    async def _prune(self, jobs: JobManager) -> None:
        """Forget jobs that ended long ago."""
        while True:
            hours = self.settings.jobs_kept_days * 24
            with suppress(ConnectorException):
                await jobs.delete_old_jobs(hours, include_failed=True, include_cancelled=True, include_aborted=True)
            await asyncio.sleep(PRUNE_SECONDS)


@asynccontextmanager
async def _beside(*others: Any) -> AsyncIterator[None]:  # noqa: ANN401 - coroutines
    """Run others beside the block, and end them with it."""
    running = [asyncio.create_task(one) for one in others]
    try:
        yield
    finally:
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def work(factory: str) -> None:
    """Run the worker that `factory` makes, until a signal asks to stop."""
    worker: Worker = make_app(factory)
    await worker.check_start(Door.private)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    await worker.run()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m chassis.work", description="Run the jobs of one service.")
    parser.add_argument("factory", metavar="MODULE:FACTORY", help="a function without arguments that makes the worker")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input ends")
    chosen = parser.parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    if chosen.with_parent:
        end_with_parent()
    try:
        asyncio.run(work(chosen.factory))
    except (CannotServeError, StartRefused) as error:
        print(error, file=sys.stderr)  # noqa: T201 - whoever starts it reads this
        sys.exit(1)


if __name__ == "__main__":
    main()
