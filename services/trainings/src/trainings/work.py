"""How the worker of the trainings service is put together: `python -m chassis.work trainings.work:create_worker`."""

from chassis.jobs import Task
from chassis.work import Worker, WorkSettings

from trainings.service.roster_imports import jobs
from trainings.service.roster_imports.papers import Tools
from trainings.settings import MIGRATIONS, TrainingsSettings


class TrainingsWorkSettings(TrainingsSettings, WorkSettings):
    """What the service needs, and what a worker needs."""


def make_tasks(settings: TrainingsWorkSettings) -> tuple[Task, ...]:
    """What this service does beyond a request."""
    return jobs.make_tasks(Tools.of(settings))


def create_worker() -> Worker:
    """The worker, with its settings from the environment."""
    settings = TrainingsWorkSettings()
    return Worker(name="trainings", settings=settings, migrations=MIGRATIONS, tasks=make_tasks(settings))
