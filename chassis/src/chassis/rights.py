"""What the submitter of a job may do at this moment, asked at the gateway, which alone knows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final, Protocol

import httpx
from joserfc.jwk import OKPKey

from chassis.errors import Unauthenticated
from chassis.jobs import RightsLost, RightsUnknown, Submitter
from chassis.tokens import Caller, verify_token

PATH: Final = "/job-rights"
_SOCKET: Final = "unix:"
_TIMEOUT_SECONDS: Final = 5


class Rights(Protocol):
    """Knows what a submitter may do now."""

    async def read(self, submitter: Submitter) -> tuple[Caller, str | None]:
        """The submitter as a caller, and a token that says so. `RightsLost`, `RightsUnknown`."""


class GatewayRights:
    """Asks the gateway, with the secret that it shares with the workers."""

    def __init__(self, client: httpx.AsyncClient, key: str, public_key: OKPKey) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {key}"}
        self._public_key = public_key

    async def read(self, submitter: Submitter) -> tuple[Caller, str | None]:
        """What the user may do, cut down to what they could when they submitted the job."""
        try:
            answer = await self._client.post(PATH, json=submitter.write(), headers=self._headers)
        except httpx.HTTPError as error:
            raise RightsUnknown(type(error).__name__) from error
        if answer.status_code == HTTPStatus.FORBIDDEN:
            raise RightsLost
        if answer.status_code != HTTPStatus.OK:
            raise RightsUnknown(f"status {answer.status_code}")
        try:
            token: Any = answer.json()["token"]
            return verify_token(self._public_key, token), token
        except (ValueError, KeyError, TypeError, Unauthenticated) as error:
            raise RightsUnknown("an answer that makes no sense") from error


@asynccontextmanager
async def open_rights(url: str, key: str, public_key: OKPKey) -> AsyncIterator[Rights]:
    """Rights as the gateway at `url` knows them: `http://host:port`, or `unix:/path` of a socket."""
    socket = url.removeprefix(_SOCKET) if url.startswith(_SOCKET) else None
    async with httpx.AsyncClient(
        base_url="http://localhost" if socket else url,
        transport=httpx.AsyncHTTPTransport(uds=socket),
        timeout=_TIMEOUT_SECONDS,
        trust_env=False,
    ) as client:
        yield GatewayRights(client, key, public_key)
