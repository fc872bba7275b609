"""What workers left that are dead: taken up again, or said to its record that it is not."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.jobs import CANCELED, USED_UP, Submitter, Task
from chassis.logs import log_failure
from chassis.queue_schema import SCHEMA
from chassis.unit_of_work import open_session

logger: Final = structlog.get_logger()
DEAD_SECONDS: Final = 6.0  # a worker that is not heard of for so long is taken for dead
SWEEP_SECONDS: Final = 1.0
# Those whose worker is dead, and those that were canceled just when they were handed back.
_LEFT: Final = text(f"""
    SELECT job.id, job.task_name, job.args::text AS args, job.attempts, job.worker_id, job.status::text,
           job.abort_requested
    FROM {SCHEMA}.procrastinate_jobs job LEFT JOIN {SCHEMA}.procrastinate_workers worker ON worker.id = job.worker_id
    WHERE (job.status = 'doing'
           AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => :dead_seconds)))
       OR (job.status = 'failed' AND job.abort_requested)
    ORDER BY job.id
""")
_STILL_LEFT: Final = text(f"""
    SELECT true FROM {SCHEMA}.procrastinate_jobs
    WHERE id = :id AND status = CAST(:status AS text)::{SCHEMA}.procrastinate_job_status
      AND worker_id IS NOT DISTINCT FROM :worker_id FOR UPDATE SKIP LOCKED
""")
_AGAIN: Final = text(f"SELECT {SCHEMA}.procrastinate_retry_job_v2(:id, now(), NULL, NULL, NULL)")
_FINISH: Final = text(f"""
    UPDATE {SCHEMA}.procrastinate_jobs SET abort_requested = false,
        status = CAST(:ended AS text)::{SCHEMA}.procrastinate_job_status, attempts = attempts + 1
    WHERE id = :id
""")


async def sweep(engine: AsyncEngine, tasks: Mapping[str, Task], is_ending: Callable[[], bool]) -> None:
    """Look after what dead workers left, until this one ends."""
    while not is_ending():
        try:
            async with engine.connect() as connection:
                left = (await connection.execute(_LEFT, {"dead_seconds": DEAD_SECONDS})).mappings().all()
            for job in left:
                await _take_up(engine, tasks, dict(job))
        except Exception as error:  # noqa: BLE001 - whatever it is, the next sweep may do better
            log_failure("sweep_failed", error)
        await asyncio.sleep(SWEEP_SECONDS)


async def _take_up(engine: AsyncEngine, tasks: Mapping[str, Task], job: Mapping[str, Any]) -> None:
    """Have a job that was left run again, or say to its record that it does not: in one transaction."""
    task = tasks.get(job["task_name"])
    written = json.loads(job["args"])
    submitter = Submitter.read(written["submitter"])
    given = {name: job[name] for name in ("id", "status", "worker_id")}
    ending = None
    if job["abort_requested"] or task is None or job["attempts"] + 1 >= task.attempts:
        ending = CANCELED if job["abort_requested"] else USED_UP
    try:
        async with open_session(engine, submitter.powerless) as session, session.begin() as transaction:
            connection = await session.connection()
            if ending is not None and task is not None:
                # The record first and then the job, as whoever cancels it does: the other way round they could wait
                # for each other.
                await task.give_up(session, written["arguments"], ending)
            if (await connection.execute(_STILL_LEFT, given)).first() is None:
                await transaction.rollback()
                return
            if ending is None:
                await connection.execute(_AGAIN, {"id": job["id"]})
            else:
                ended = "aborted" if ending is CANCELED else "failed"
                await connection.execute(_FINISH, {"id": job["id"], "ended": ended})
    except Exception as error:  # noqa: BLE001 - of one record; the others must not wait for it
        log_failure("job_cannot_end", error)
    else:
        outcome = ending.code if ending else "taken_up"
        logger.warning("job_was_left", job_id=job["id"], task=job["task_name"], outcome=outcome)
