"""The reader's own account, and their tokens for scripts."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response
from tributary import AsyncTributary, ProblemError

from web.rendering import render
from web.routes.signed_in import Api, CurrentSession, OwnForm

router: Final = APIRouter(include_in_schema=False)
# What a form may ask for; the API decides.
DAYS: Final = (1, 7, 30, 90)


@router.get("/account")
async def show_account(request: Request, api: Api, session: CurrentSession) -> Response:
    """Who is signed in, what they may do, and their tokens."""
    account = await api.get("/v1/account")
    response = await _page(request, api, account=account)
    request.app.state.sessions.keep_role(response, session, account["role"])
    return response


@router.post("/account/tokens")
async def create_token(request: Request, api: Api, form: OwnForm) -> Response:
    """Make a token. It is shown in the answer and nowhere else, so this is a page and not the way to one."""
    days = form.get("expires_days", "")
    body = {"name": form.get("name", "").strip(), "expires_days": int(days) if days.isdecimal() else days}
    if role := form.get("role"):
        body["role"] = role
    try:
        # The form's own key: sent twice, by a reader who is in doubt, it makes one token.
        made = await api.post("/v1/tokens", body, idempotency_key=form.get("key") or None)
    except ProblemError as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        return await _page(request, api, status=HTTPStatus.UNPROCESSABLE_ENTITY, problem=error, entered=form)
    return await _page(request, api, status=HTTPStatus.CREATED, made=made)


@router.post("/account/tokens/{token_id}/revoke")
async def revoke_token(api: Api, token_id: str, form: OwnForm) -> Response:
    """End a token, in the version that the reader saw."""
    version = form.get("version", "")
    await api.post(f"/v1/tokens/{token_id}/revoke", version=int(version) if version.isdecimal() else 0)
    return RedirectResponse("/account?revoked=true#tokens", HTTPStatus.SEE_OTHER)


async def _page(
    request: Request,
    api: AsyncTributary,
    *,
    status: int = HTTPStatus.OK,
    account: dict[str, Any] | None = None,
    made: dict[str, object] | None = None,
    problem: ProblemError | None = None,
    entered: dict[str, str] | None = None,
) -> Response:
    account = account or await api.get("/v1/account")
    tokens = [row async for row in api.list("/v1/tokens", user_id=account["id"], revoked_at_is_null="true")]
    return render(
        request,
        "account.html",
        status=status,
        account=account,
        tokens=tokens,
        days=DAYS,
        made=made,
        problem=problem,
        entered=entered or {},
        is_revoked="revoked" in request.query_params,
    )
