"""What changed, at all services, over HTTP."""

from typing import Annotated, Any, Final

from chassis.changes import LIMIT_MEANING, known_types, one_of_types, subject_of_types
from chassis.unit_of_work import CurrentCaller, PrivateRoute, Session, work_router
from fastapi import Query, Request, Response

from gateway.changes import join_changes, join_history
from gateway.routing import TYPES
from gateway.schemas.changes import ChangePage, HistoryPage

# Private: some of what changed is about people.
router: Final = work_router("Changes", PrivateRoute)
_TYPES: Final = sorted(one for types in TYPES.values() for one in types)
_PLACE: Final = f"({'|'.join(TYPES)}):[0-9]{{1,18}}"
_AFTER: Final = Query(
    pattern=f"^({_PLACE}(,{_PLACE})*)?$",
    description="The `position` of the page before; a service that it does not name begins at its first number.",
    examples=["programs:12,trainings:88,funding:3,gateway:4"],
)


@router.get("/changes", response_model=ChangePage)
async def get_changes(
    request: Request,
    session: Session,
    caller: CurrentCaller,
    types: Annotated[list[str], known_types(_TYPES), one_of_types(_TYPES)] = [],  # noqa: B006 - FastAPI copies it
    after: Annotated[str, _AFTER] = "",
    limit: Annotated[int, Query(ge=1, le=500, description=LIMIT_MEANING)] = 50,
) -> dict[str, Any]:
    """Read what changed after a position: whole transactions, each with who made it. Hidden ones leave no trace."""
    return await join_changes(request, session, caller, types=types, after=after, limit=limit)


@router.get("/history", response_model=HistoryPage)
async def get_history(
    request: Request,
    session: Session,
    caller: CurrentCaller,
    subject: Annotated[str, subject_of_types(_TYPES)],
    limit: Annotated[int, Query(ge=1, le=500, description="Versions a page.")] = 50,
    cursor: Annotated[str | None, Query(max_length=2000, description="`next_cursor` of the page before.")] = None,
) -> dict[str, Any] | Response:
    """Read the versions of one record, the newest first, each with who made it, to whoever may read the record now."""
    return await join_history(request, session, caller, subject=subject, limit=limit, cursor=cursor)
