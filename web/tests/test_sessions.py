"""A cookie signs in until its time, and only as it was sealed."""

import time
from dataclasses import replace

import pytest
from starlette.requests import Request
from starlette.responses import Response
from web.sessions import Session, Sessions, same
from web.settings import WebSettings

LATER = int(time.time()) + 24 * 3600  # longer than any run of all tests: it is read when they are collected


def make_sessions(key: str = "k" * 32, url: str = "http://127.0.0.1:8080") -> Sessions:
    return Sessions(WebSettings(gateway_url="http://127.0.0.1:9", public_url=url, session_key=key))


def cookie_of(response: Response) -> tuple[str, str, str]:
    """Name, value and what else is said of the one cookie."""
    name, _, rest = response.headers["set-cookie"].partition("=")
    value, _, more = rest.partition(";")
    return name, value, more


def carry(name: str, value: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", f"{name}={value}".encode())]})


def start(sessions: Sessions, expires_at: int = LATER) -> tuple[str, str, str]:
    response = Response()
    sessions.start(response, "trib_secret", expires_at, "viewer")
    return cookie_of(response)


def test_a_session_is_read_back_and_nothing_of_it_can_be_read_by_others() -> None:
    sessions = make_sessions()
    name, value, more = start(sessions)
    found = sessions.find(carry(name, value))
    assert found is not None
    assert (found.token, found.expires_at, len(found.form_token)) == ("trib_secret", LATER, 43)
    assert "secret" not in value
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in more.split(";")}
    assert "Secure" not in more
    secure = start(make_sessions(url="https://pages.example"))
    assert secure[0] == "__Host-tributary-session"
    assert "Secure" in secure[2]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda value: value.replace(str(LATER), str(LATER + 1)),
        lambda value: value[:-3] + ("A" if value[-3] != "A" else "B") + value[-2:],
        lambda value: value.partition(".")[2],
        lambda value: value.partition(".")[0],
        lambda _value: "",
        lambda _value: "9999999999.!!!",
        lambda _value: f"{'9' * 5000}.AAAA",
    ],
)
def test_a_cookie_that_was_tampered_with_signs_nobody_in(spoil: object) -> None:
    sessions = make_sessions()
    name, value, _ = start(sessions)
    assert callable(spoil)
    assert sessions.find(carry(name, spoil(value))) is None


def test_a_cookie_signs_in_until_its_time_here_and_as_what_it_is() -> None:
    sessions = make_sessions()
    name, value, _ = start(sessions, int(time.time()) - 1)
    assert sessions.find(carry(name, value)) is None
    name, value, _ = start(sessions)
    assert make_sessions("x" * 32).find(carry(name, value)) is None
    response = Response()
    sessions.start_form(response, "form")
    form_name, form_value, _ = cookie_of(response)
    assert sessions.is_own_form(carry(form_name, form_value), "form")
    assert not sessions.is_own_form(carry(form_name, form_value), "other")
    assert not sessions.is_own_form(carry("other", "x"), "")
    # The seal of one is no seal of the other.
    assert sessions.find(carry(name, form_value)) is None


def test_the_role_is_kept_and_one_that_is_not_known_keeps_nobody_from_people() -> None:
    sessions = make_sessions()
    name, value, _ = start(sessions)
    viewer = sessions.find(carry(name, value))
    assert viewer is not None
    assert (viewer.role, viewer.sees_people) == ("viewer", False)
    response = Response()
    sessions.keep_role(response, viewer, "viewer")
    assert "set-cookie" not in response.headers
    sessions.keep_role(response, viewer, "officer")
    officer = sessions.find(carry(*cookie_of(response)[:2]))
    assert officer == replace(viewer, role="officer")
    assert officer.sees_people
    # A session of before roles were kept.
    former = Response()
    sessions._set(former, "tributary-session", '["trib_secret", "form"]', LATER)
    found = sessions.find(carry(*cookie_of(former)[:2]))
    assert found == Session("trib_secret", "form", LATER)
    assert found.sees_people


def test_no_secret_is_the_same_as_none() -> None:
    assert same("a", "a")
    assert not same("a", "b")
    assert not same("", "")
