"""What every answer carries, what is refused before anything is read, and what stands on a page of an error."""

import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError
from web.app import create_app
from web.routes.sign_in import own_path
from web.settings import WebSettings

BASE = "http://127.0.0.1:8080"
PAGES = (
    *("/", "/countries", "/countries/MX", "/figures/x", "/account", "/trainings", "/trainings.csv", "/trainings/x"),
    *("/cascades", "/cascades.csv", "/agencies/x", "/people", "/duplicates", "/duplicates/x"),
    *("/trainings/x/roster", "/trainings/x/roster.xlsx", "/trainings/x/clone", "/trainings/x/edit", "/imports"),
    *("/imports/x", "/imports/x/run", "/imports/x/map", "/imports/x/review", "/imports/x/rows.csv"),
    *("/imports/x/commit", "/imports/x/undo", "/imports/new?training_id=x"),
)


@pytest.mark.parametrize("path", PAGES)
async def test_nobody_reads_without_signing_in(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")
    part = await client.get(path, headers={"HX-Request": "true"})
    assert (part.status_code, part.text) == (204, "")
    assert part.headers["hx-redirect"].startswith("/sign-in")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": BASE}, 303),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"}, 303),  # which no browser says
        ({"Sec-Fetch-Site": "same-site", "Origin": BASE}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({}, 403),
    ],
)
async def test_a_form_of_another_site_is_refused(app: FastAPI, headers: dict[str, str], status: int) -> None:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers) as client:
        answer = await client.post("/account/tokens", data={"name": "x"})
    assert answer.status_code == status
    if status == 403:
        assert "Nothing was changed" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/account/tokens",
        "/account/tokens/x/revoke",
        "/sign-out",
        "/people",
        "/duplicates/x/merge",
        "/duplicates/x/undo",
        "/trainings/x/clone",
        "/trainings/x/edit",
        "/trainings/x/roster/seats/x",
        "/trainings/x/roster/completions",
        "/imports",
        "/imports/x/map",
        "/imports/x/corrections",
        "/imports/x/commit",
        "/imports/x/cancel",
        "/imports/x/undo",
    ],
)
async def test_a_form_that_was_not_given_out_in_this_session_is_refused(
    cookies: dict[str, str], client: httpx.AsyncClient, path: str
) -> None:
    client.cookies.update(cookies)
    for form in ({}, {"form_token": ""}, {"form_token": "x" * 43}):
        answer = await client.post(path, data=form)
        assert answer.status_code == 403
        assert "This form did not come from these pages" in answer.text


async def test_the_tray_never_leads_away_from_a_form(client: httpx.AsyncClient, cookies: dict[str, str]) -> None:
    for _ in range(2):  # signed out, and with an API out of reach
        answer = await client.get("/imports/tray", headers={"HX-Request": "true"})
        assert (answer.status_code, answer.text, "hx-redirect" in answer.headers) == (286, "", False)
        client.cookies.update(cookies)


async def test_what_was_typed_is_shown_again_to_whoever_was_signed_out(client: httpx.AsyncClient) -> None:
    form = {"form_token": "old", "version": "3", "note": "A <b>story</b>\r\nin two lines", "was.note": "x"}
    answer = await client.post("/trainings/x/roster/seats/y", data=form)
    assert answer.status_code == 401
    assert "You were signed out meanwhile" in answer.text
    assert "A &lt;b&gt;story&lt;/b&gt;\r\nin two lines</textarea>" in answer.text
    assert re.search(r'name="version" value="3"', answer.text)
    assert "old" not in re.findall(r'name="form_token" value="([^"]*)"', answer.text)


async def test_a_sign_in_form_of_another_browser_is_refused(client: httpx.AsyncClient) -> None:
    shown = await client.get("/sign-in?code=triblink_x")
    form_token = re.findall(r'name="form_token" value="([^"]+)"', shown.text)[0]
    client.cookies.clear()
    answer = await client.post("/sign-in", data={"form_token": form_token, "code": "triblink_x"})
    assert answer.status_code == 403


async def test_looking_at_a_link_asks_nobody_and_shows_what_it_does(client: httpx.AsyncClient) -> None:
    shown = await client.get('/sign-in?code="><script>alert(1)</script>')
    assert shown.status_code == 200
    assert "<script>alert" not in shown.text
    assert "signs you in once" in shown.text


async def test_another_kind_of_token_is_no_link(client: httpx.AsyncClient) -> None:
    shown = await client.get("/sign-in?code=trib_a_b")
    form_token = re.findall(r'name="form_token" value="([^"]+)"', shown.text)[0]
    answer = await client.post("/sign-in", data={"form_token": form_token, "code": "trib_a_b"})
    assert answer.status_code == 401
    assert "does not sign in any more" in answer.text


async def test_a_foreign_host_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/sign-in", headers={"Host": "evil.example"})).status_code == 400


@pytest.mark.parametrize("path", PAGES)
async def test_an_api_out_of_reach_is_said_in_plain_words(
    cookies: dict[str, str], client: httpx.AsyncClient, path: str
) -> None:
    client.cookies.update(cookies)
    answer = await client.get(path)
    assert answer.status_code == 503
    assert "The API behind these pages does not answer" in answer.text
    assert answer.headers["x-request-id"] in answer.text
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()["missing"]) == (503, ["gateway"])


async def test_a_failure_nobody_foresaw_is_a_page_without_its_reasons(
    app: FastAPI, cookies: dict[str, str], client: httpx.AsyncClient
) -> None:
    client.cookies.update(cookies)
    app.state.api = None
    answer = await client.get("/account")
    assert answer.status_code == 500
    assert "Something failed on our side" in answer.text
    assert "NoneType" not in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert answer.headers["content-security-policy"]


@pytest.mark.parametrize(("path", "method", "status"), [("/nowhere", "GET", 404), ("/account", "PUT", 405)])
async def test_an_address_that_is_none_is_a_page_too(
    client: httpx.AsyncClient, path: str, method: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-request-id"] in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"csp-report": {"violated-directive": "script-src", "document-uri": "http://x/sign-in?code=secret"}}', 204),
        (b"[]", 400),
        (b'{"csp-report": 1}', 400),
        (b"\xff", 400),
        (b"[" * 60_000, 400),
        (b"x" * 70_000, 413),
    ],
)
async def test_reports_are_logged_without_queries(
    capsys: pytest.CaptureFixture[str], client: httpx.AsyncClient, body: bytes, status: int
) -> None:
    answer = await client.post("/csp-reports", content=body, headers={"Origin": "null"})
    assert answer.status_code == status
    logged = capsys.readouterr().err
    assert ("policy_violated" in logged) == (status == 204)
    assert "secret" not in logged


@pytest.mark.parametrize(
    ("url", "is_published", "peer", "is_offered"),
    [
        (BASE, "false", "127.0.0.1", True),
        ("http://localhost:8080", "false", "::1", True),
        (BASE, "false", "10.0.0.7", False),
        (BASE, "true", "10.0.0.7", True),
        ("https://pages.example", "true", "127.0.0.1", False),
    ],
)
async def test_a_link_signs_in_on_this_machine_and_nowhere_else(
    environment: pytest.MonkeyPatch, url: str, is_published: str, peer: str, is_offered: bool
) -> None:
    environment.setenv("TRIBUTARY_PUBLIC_URL", url)
    environment.setenv("TRIBUTARY_IS_PUBLISHED_ON_LOOPBACK", is_published)
    app = create_app()
    transport = httpx.ASGITransport(app=app, client=(peer, 1))
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=url) as client:
        shown = await client.get("/sign-in?code=triblink_x")
        assert ('name="code"' in shown.text) == is_offered
        form_token = (re.findall(r'name="form_token" value="([^"]+)"', shown.text) or ["x"])[0]
        form = {"form_token": form_token, "code": "triblink_x"}
        answer = await client.post("/sign-in", data=form, headers={"Origin": url})
        assert answer.status_code == (503 if is_offered else 403)  # 503: the API was asked


def test_no_cookie_crosses_a_network_in_the_clear() -> None:
    settings: dict[str, Any] = {"gateway_url": "http://gateway:8000", "session_key": "k" * 32}
    with pytest.raises(ValidationError, match="must be https"):
        WebSettings(public_url="http://pages.example", **settings)
    assert WebSettings(public_url="https://pages.example", **settings).known_hosts == {"pages.example", "127.0.0.1"}


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("/countries/MX", "/countries/MX"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\n/evil.example", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_stays_here(asked: str, answered: str) -> None:
    assert own_path(asked) == answered


@pytest.mark.parametrize("is_demo", [False, True])
async def test_every_page_of_a_demonstration_says_so_and_no_other_does(
    environment: pytest.MonkeyPatch, is_demo: bool
) -> None:
    environment.setenv("TRIBUTARY_DEMO", str(is_demo).lower())
    app = create_app()
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE) as client,
    ):
        for path in ("/sign-in", "/no-such-page"):
            assert ("every person is synthetic" in (await client.get(path)).text) == is_demo
