"""The door of the workers: what the submitter of a job may do now. Outside `/v1`, and opened by a secret alone."""

import hmac
from typing import Final

from chassis.errors import Forbidden, Invalid, NotFound, Unauthenticated
from chassis.logs import current_request_id
from chassis.rights import PATH
from chassis.tokens import bearer_of, mint_token
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.access import find_submitter

router: Final = APIRouter(include_in_schema=False)


class Submitted(BaseModel):
    """Who submitted a job, and the most that it may do."""

    model_config = ConfigDict(extra="forbid")

    subject: str
    role: str
    countries: list[str]
    vetting: list[str]


class Rights(BaseModel):
    """A token for the services that says what the submitter may do now, for a minute."""

    token: str


def check_key(request: Request) -> None:
    """Raise unless it is a worker that asks. Where there are no workers there is no such address."""
    key = request.app.state.settings.jobs_key
    if key is None:
        raise NotFound("There is nothing at this address.")
    given = bearer_of(request.headers.get("authorization"))
    if not hmac.compare_digest(given.encode(), key.get_secret_value().encode()):
        raise Unauthenticated("This address is for the workers of this installation alone.")


@router.post(PATH, response_model=Rights)
async def read_rights(request: Request) -> Rights:
    """What the submitter of a job may do now, cut down to what they could when they submitted it."""
    check_key(request)  # before anything of the body is looked at
    try:
        submitted = Submitted.model_validate_json(await request.body())
    except ValidationError as error:
        raise Invalid("The body is not what a worker asks.") from error
    caller = await find_submitter(
        request,
        submitted.subject,
        role=submitted.role,
        countries=frozenset(submitted.countries),
        vetting=frozenset(submitted.vetting),
    )
    if caller is None:
        raise Forbidden("Whoever submitted this is not a user any more.")
    return Rights(token=mint_token(request.app.state.token_private_key, caller, current_request_id()))
