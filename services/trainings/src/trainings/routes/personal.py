"""What all addresses about people share: officers only, and no cache keeps an answer."""

from chassis.unit_of_work import CurrentCaller, PrivateRoute, work_router
from fastapi import APIRouter, Depends


def require_officer(caller: CurrentCaller) -> None:
    """Refuse everybody else before anything of the request is read."""
    caller.require_role("officer")


def personal_router(tag: str) -> APIRouter:
    """A router under `/v1` for what is about people."""
    router = work_router(tag, PrivateRoute)
    router.dependencies.append(Depends(require_officer))
    return router
