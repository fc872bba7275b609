"""Calling an app in its own process, as any caller, with a real signed token."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

import httpx
from fastapi import FastAPI
from joserfc.jwk import OKPKey

from chassis.tokens import EVERYWHERE, Caller, mint_token

# What a transaction begins with that writes beside the app: to a captured table, or to one with row security.
ACTING: Final = (
    "SELECT set_config('app.subject', 'somebody', true), set_config('app.request_id', 'a test', true), "
    "set_config('app.role', 'officer', true), set_config('app.countries', '*', true)"
)


def caller(role: str = "viewer", *countries: str, vetting: Iterable[str] = ()) -> Caller:
    """Somebody with a role and grants for `countries`, those of `vetting` for vetting too."""
    return Caller(f"test-{role}", f"Test {role}", role, frozenset(countries), frozenset(vetting))


class Api:
    """Clients of one running app."""

    def __init__(self, app: FastAPI, private_key: OKPKey) -> None:
        self.app = app
        self.private_key = private_key
        # The app's own errors must come back as the responses a user would see.
        self.transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)

    def as_caller(self, who: Caller) -> httpx.AsyncClient:
        """A client that calls as `who`."""
        token = mint_token(self.private_key, who, "01920000-0000-7000-8000-000000000000")
        return self._client({"Authorization": f"Bearer {token}"})

    def anonymous(self) -> httpx.AsyncClient:
        """A client without a token."""
        return self._client({})

    def viewer(self) -> httpx.AsyncClient:
        """Reads everything but people."""
        return self.as_caller(caller("viewer"))

    def analyst(self) -> httpx.AsyncClient:
        """Also writes sources, measures, figures and statements."""
        return self.as_caller(caller("analyst"))

    def officer(self, *countries: str) -> httpx.AsyncClient:
        """Also reads and writes people and records of `countries`; of all where none is named."""
        return self.as_caller(caller("officer", *(countries or (EVERYWHERE,))))

    def vetter(self, *countries: str) -> httpx.AsyncClient:
        """An officer who may record vetting too, for `countries`; for all where none is named."""
        granted = countries or (EVERYWHERE,)
        return self.as_caller(caller("officer", *granted, vetting=granted))

    def writer(self) -> httpx.AsyncClient:
        """Somebody who may do whatever this app does."""
        return self.vetter()

    def admin(self) -> httpx.AsyncClient:
        """Manages users and sees no people."""
        return self.as_caller(caller("admin"))

    def _client(self, headers: dict[str, str]) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self.transport, base_url="http://test", headers=headers)


@asynccontextmanager
async def running(app: FastAPI, private_key: OKPKey) -> AsyncIterator[Api]:
    """`app`, started and stopped as a server would."""
    async with app.router.lifespan_context(app):
        yield Api(app, private_key)
