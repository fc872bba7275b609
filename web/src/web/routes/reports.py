"""Where browsers report what the pages' policy forbade. None should ever come."""

import json
from typing import Final

import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response

from web.guards import REPORTS

router: Final = APIRouter(include_in_schema=False)
logger = structlog.get_logger()
_SHOWN: Final = (
    "blocked-uri",
    "document-uri",
    "effective-directive",
    "line-number",
    "source-file",
    "violated-directive",
)
_LONGEST: Final = 200


@router.post(REPORTS)
async def take_report(request: Request) -> Response:
    """Log what was forbidden. Anybody may send anything, so little of it is kept, and addresses without queries."""
    try:
        report = json.loads(await request.body())["csp-report"]
        found = {name.replace("-", "_"): _clip(report[name]) for name in _SHOWN if report.get(name)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Response(status_code=400)
    logger.warning("policy_violated", **found)
    return Response(status_code=204)


def _clip(value: object) -> str:
    return str(value).partition("?")[0][:_LONGEST]
