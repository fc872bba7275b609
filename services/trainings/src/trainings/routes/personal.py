"""What all addresses about people share: officers only, and no cache keeps an answer."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from chassis.resources import NotModified
from chassis.unit_of_work import CurrentCaller, UnitOfWorkRoute, work_router
from fastapi import APIRouter, Depends, Request, Response

NO_STORE: Final = "no-store"


def require_officer(caller: CurrentCaller) -> None:
    """Refuse everybody else before anything of the request is read."""
    caller.require_role("officer")


class PersonalRoute(UnitOfWorkRoute):
    """A unit of work whose answer may be kept nowhere."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of this route; its answer is not to be stored."""
        handle = super().get_route_handler()

        async def keep_out_of_caches(request: Request) -> Response:
            try:
                response = await handle(request)
            except NotModified as unchanged:
                response = Response(status_code=304, headers={"ETag": unchanged.tag})
            response.headers["Cache-Control"] = NO_STORE
            return response

        return keep_out_of_caches


def personal_router(tag: str) -> APIRouter:
    """A router under `/v1` for what is about people."""
    router = work_router(tag)
    router.route_class = PersonalRoute
    router.dependencies.append(Depends(require_officer))
    return router
