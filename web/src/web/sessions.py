"""Who is signed in: a token of the API, sealed in a cookie that no script can read. Nothing is kept here."""

import base64
import binascii
import hmac
import json
import secrets
import time
from dataclasses import dataclass, replace
from typing import Final

from chassis.sealing import Sealer
from cryptography.exceptions import InvalidTag
from starlette.requests import Request
from starlette.responses import Response

from web.settings import WebSettings

SEES_PEOPLE: Final = frozenset({"officer", ""})
"""The roles to whom pages about people are offered; the API decides. Nobody is kept from them for want of knowing."""
FORM_SECONDS: Final = 900  # how long a sign-in form may be looked at before it is sent


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in: their token until it expires, and what their forms must say."""

    token: str
    form_token: str
    expires_at: int
    role: str = ""  # as it was when they signed in, or last looked at their account; empty: not known

    @property
    def sees_people(self) -> bool:
        """Whether pages about people are offered."""
        return self.role in SEES_PEOPLE


class Sessions:
    """Seals sessions into cookies and opens them again."""

    def __init__(self, settings: WebSettings) -> None:
        self._sealer = Sealer(settings.session_key.get_secret_value().encode(), "web_session")
        self._is_secure = settings.is_encrypted
        # A cookie of this prefix is taken by browsers only over https, from this host, for all its paths.
        self._prefix = "__Host-" if settings.is_encrypted else ""

    def start(self, response: Response, token: str, expires_at: int, role: str) -> None:
        """Let the browser keep a session until its token expires."""
        self._keep(response, Session(token, secrets.token_urlsafe(32), expires_at, role))

    def keep_role(self, response: Response, session: Session, role: str) -> None:
        """Let the browser keep the role that somebody has now."""
        if session.role != role:
            self._keep(response, replace(session, role=role))

    def find(self, request: Request) -> Session | None:
        """Who is signed in; nobody where the cookie is too old, another's, or not ours."""
        content, expires_at = self._open(request, "tributary-session")
        if not content:
            return None
        token, form_token, *role = json.loads(content)  # of a session from before roles were kept, none
        return Session(token, form_token, expires_at, *role)

    def end(self, response: Response) -> None:
        """Let the browser forget the session."""
        self._delete(response, "tributary-session")

    def start_form(self, response: Response, form_token: str) -> None:
        """Let the browser keep what its sign-in form must say: there is no session yet to keep it in."""
        self._set(response, "tributary-form", form_token, int(time.time()) + FORM_SECONDS)

    def is_own_form(self, request: Request, given: str) -> bool:
        """Whether the sign-in form that was sent is the one that this browser was given."""
        return same(given, self._open(request, "tributary-form")[0])

    def end_form(self, response: Response) -> None:
        """Let the browser forget it."""
        self._delete(response, "tributary-form")

    def _keep(self, response: Response, session: Session) -> None:
        content = json.dumps([session.token, session.form_token, session.role])
        self._set(response, "tributary-session", content, session.expires_at)

    def _set(self, response: Response, name: str, content: str, expires_at: int) -> None:
        # The time stands in clear and is what the seal is bound to: it cannot be moved.
        sealed = base64.urlsafe_b64encode(self._sealer.seal(content.encode(), f"{name}|{expires_at}")).decode()
        response.set_cookie(
            self._prefix + name,
            f"{expires_at}.{sealed}",
            max_age=max(expires_at - int(time.time()), 0),
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )

    def _open(self, request: Request, name: str) -> tuple[str, int]:
        expires_at, _, sealed = request.cookies.get(self._prefix + name, "").partition(".")
        try:
            if int(expires_at) <= time.time():
                return "", 0
            opened = self._sealer.open(base64.urlsafe_b64decode(sealed), f"{name}|{int(expires_at)}")
            return opened.decode(), int(expires_at)
        except (InvalidTag, binascii.Error, ValueError):  # not ours, or of a key that has been replaced
            return "", 0

    def _delete(self, response: Response, name: str) -> None:
        response.delete_cookie(self._prefix + name, secure=self._is_secure, httponly=True, samesite="lax")


def same(one: str, other: str) -> bool:
    """Whether two secrets are the same and are any at all; the time it takes does not tell where they differ."""
    return bool(other) and hmac.compare_digest(one.encode(), other.encode())
