"""Logs as JSON lines, each with the request's id. No bodies, no query strings: they may hold personal data."""

import logging
import sys
import uuid
from contextvars import ContextVar
from pathlib import Path
from typing import Final

import structlog

_request_id: Final[ContextVar[str]] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """The id of the request being answered, empty outside one."""
    return _request_id.get()


def begin_request(offered: str | None) -> str:
    """Take the caller's request id where it is a UUID, else make one; every later log line carries it."""
    try:
        request_id = str(uuid.UUID(offered)) if offered else str(uuid.uuid4())
    except ValueError:
        request_id = str(uuid.uuid4())
    _request_id.set(request_id)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def log_failure(event: str, error: BaseException) -> None:
    """Say where something failed, and not in its own words: they may hold what is personal."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    where = f"{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}" if at else ""
    structlog.get_logger().error(event, error=type(error).__name__, where=where)


def configure_logs(service: str, level: str = "INFO") -> None:
    """Send every log line of this process, ours and the libraries', to standard error as JSON."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_service(service),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers = []
        library.propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # the request line of chassis.app takes its place
    for name in ("alembic", "asyncio", "httpx", "procrastinate"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _name_service(service: str) -> structlog.typing.Processor:
    def name(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["service"] = service
        return event

    return name
