"""The pages against the whole system, however it is run: signing in, what a card shows and names as missing, tokens."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from html import unescape
from typing import Any

import httpx
import pytest
from tributary import ProblemError, Tributary

MEXICO = "/countries/MX"


class Reader:
    """A browser without scripts, as far as forms and cookies go."""

    def __init__(self, base_url: str) -> None:
        self.http = httpx.Client(base_url=base_url, headers={"Origin": base_url}, timeout=20)

    def get(self, path: str, status: int = 200) -> str:
        """The text of a page."""
        answer = self.http.get(path)
        assert answer.status_code == status, answer.text
        return unescape(answer.text)

    def sign_in(self, link: str) -> httpx.Response:
        """Open the link and send its form."""
        page = self.http.get(link).text
        return self.http.post("/sign-in", data=dict(hidden_fields(page)))

    def send(self, path: str, page: str, **fields: str) -> httpx.Response:
        """Send a form that stands on `page`."""
        form_token = re.findall(r'name="form_token" value="([^"]+)"', page)[0]
        return self.http.post(path, data={"form_token": form_token, **fields})


def hidden_fields(page: str) -> Iterator[tuple[str, str]]:
    main = page.partition("<main")[2]
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', main):
        yield name, unescape(value)


@pytest.fixture
def open_reader(system: Any) -> Iterator[Callable[[], Reader]]:
    """Makes browsers in which nobody is signed in."""
    with ExitStack() as stack:

        def open_one() -> Reader:
            made = Reader(system.pages_url)
            stack.callback(made.http.close)
            return made

        yield open_one


@pytest.fixture
def reader(system: Any, open_reader: Callable[[], Reader]) -> Reader:
    """Somebody who has signed in as the local user."""
    made = open_reader()
    answer = made.sign_in(system.link("Reader", "viewer", "*"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    return made


def test_a_link_works_once_and_for_one_browser(system: Any, open_reader: Callable[[], Reader]) -> None:
    link = system.link()
    first, second = open_reader(), open_reader()
    # Looking at it, as a preview does, uses nothing up.
    assert "signs you in once" in first.get(link)
    assert "signs you in once" in second.get(link)
    assert first.sign_in(link).status_code == 303
    refused = second.sign_in(link)
    assert refused.status_code == 401
    assert "does not sign in any more" in refused.text
    assert "Where we work" in first.get("/")
    assert second.http.get("/").status_code == 303


def test_after_signing_in_the_page_that_was_asked_for_is_shown(system: Any, open_reader: Callable[[], Reader]) -> None:
    reader = open_reader()
    answer = reader.http.get(MEXICO)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={MEXICO}")
    signed_in = reader.sign_in(f"{system.link()}&next={MEXICO}")
    assert signed_in.headers["location"] == MEXICO


def test_a_card_shows_every_figure_with_a_way_to_its_source(system: Any, reader: Reader) -> None:
    with system.client() as client:
        card = client.get_country("MX")
    page = reader.get(MEXICO)
    for figure in card["figures"]:
        address = f"/figures/{figure['id']}"
        assert f'href="{address}"' in page
        shown = reader.get(address)
        reported = figure["reported"]
        wanted = [
            figure["label"],
            figure["headline"]["display"],
            reported["source"]["title"],
            reported["as_of"]["label"],
        ]
        wanted += [reported["source"]["publisher"], reported["qualifier_text"] or "Qualifier", figure["counting_rule"]]
        wanted += [one["source"]["title"] for one in reported["history"]]
        wanted += [one["display"] for one in reported["history"]]
        wanted += [one["resolution"] for one in figure["conflicts"]]
        wanted += [figure["comparison"]["compared"], "Not recorded."]
        assert [words for words in wanted if words not in shown] == [], address
        part = reader.http.get(address, headers={"HX-Request": "true"}).text
        assert "<html" not in part
        assert figure["headline"]["display"] in unescape(part)
    for partner in card["partners"]:
        assert partner["agency_name"] in page
        assert all(role.replace("_", " ") in page for role in partner["roles"])
    for topic in card["statements"]:
        for statement in topic["items"]:
            assert statement["text"] in page
            assert statement["attribution"] in page
    us, _, host = page.partition('id="host-money"')
    assert "25,000,000 USD" in us.partition('id="us-money"')[2]
    assert "never added to US money" in host
    assert "25,000,000" not in host


def test_a_card_is_shown_as_true_on_a_day(reader: Reader) -> None:
    now, then = reader.get(MEXICO), reader.get(f"{MEXICO}?as_of=2014-01-01")
    assert "more than 505" in now
    assert "more than 505" not in then
    assert "more than 370" in then
    assert "as true on 1 January 2014" in then
    # The day goes with every link.
    assert set(re.findall(r'href="/figures/[^"]+"', then)) == set(
        re.findall(r'href="/figures/[^"?]+\?as_of=2014-01-01"', then)
    )
    wrong = reader.get(f"{MEXICO}?as_of=yesterday", 422)
    assert "as_of" in wrong
    assert "Request id" in wrong


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("programs", "Reported figures are missing"),
        ("trainings", "Recorded: missing"),
        ("funding", "the ledger's totals are missing here, not zero"),
    ],
)
def test_a_part_that_is_missing_is_named_and_is_no_zero(system: Any, reader: Reader, name: str, words: str) -> None:
    with system.without(name):
        page = reader.get(MEXICO)
        assert "A part of this page is missing, and is not zero" in page
        assert f"Missing: the {name} service" in page
        assert words in page
        if name == "programs":
            assert "This list is missing" in reader.get("/")
            assert reader.get("/countries").count(">missing</td>") == 150
    assert "is missing, and is not zero" not in reader.get(MEXICO)


def test_countries_are_found_sorted_and_paged(system: Any, reader: Reader) -> None:
    first = reader.get("/countries")
    with system.client() as client:
        assert f"{client.get('/v1/countries', limit=1, with_total='true')['total_count']} countries" in first
    names = re.findall(r'href="/countries/([A-Z]{2})"', first)
    assert len(names) == 50
    following = re.findall(r'href="(/countries\?[^"]*cursor=[^"]+)"', first)[0]
    assert not set(names) & set(re.findall(r'href="/countries/([A-Z]{2})"', reader.get(following)))
    assert re.findall(r'href="/countries/([A-Z]{2})"', reader.get("/countries?sort=-country_code"))[0] == "ZW"
    assert re.findall(r'href="/countries/([A-Z]{2})"', reader.get("/countries?q=mex&recorded=true")) == ["MX"]
    assert "0 countries match" in reader.get("/countries?q=zzz")


def test_a_country_that_is_none_is_said_so(reader: Reader) -> None:
    answer = reader.http.get("/countries/ZZ")
    assert answer.status_code == 404
    assert "There is no country with the code ZZ" in answer.text
    assert answer.headers["x-request-id"] in answer.text


def test_a_token_is_made_shown_once_used_and_revoked(system: Any, reader: Reader) -> None:
    page = reader.get("/account")
    assert "Reader" in page
    assert "Viewer: reads everything but people" in page
    key = re.findall(r'name="key" value="([^"]+)"', page)[0]
    form = {"name": "<b>report</b>", "expires_days": "7", "role": "", "key": key}
    made = reader.send("/account/tokens", page, **form)
    assert made.status_code == 201
    token = re.findall(r"trib_[\w-]+", made.text)[0]
    assert "<b>report" not in made.text
    # Sent again in doubt, it is the same token.
    assert re.findall(r"trib_[\w-]+", reader.send("/account/tokens", page, **form).text) == [token]
    with Tributary(system.base_url, token) as client:
        account = client.get("/v1/account")
        assert (account["name"], account["role"], account["country_codes"]) == ("Reader", "viewer", ["*"])
        listed = reader.get("/account")
        assert token not in listed
        assert account["token"]["key"] in listed
        gone = reader.send(f"/account/tokens/{account['token']['id']}/revoke", listed, version="1")
        assert gone.status_code == 303
        assert "The token is revoked" in reader.get(gone.headers["location"])
        with pytest.raises(ProblemError, match="401"):
            client.get("/v1/account")
    refused = reader.send("/account/tokens", page, name="", expires_days="7")
    assert refused.status_code == 422
    assert "No token was made" in refused.text
    stale = reader.send(f"/account/tokens/{account['token']['id']}/revoke", page, version="1")
    assert stale.status_code == 412


def test_signing_out_revokes_the_token_of_the_browser(reader: Reader) -> None:
    kept = dict(reader.http.cookies)
    page = reader.get("/account")
    answer = reader.send("/sign-out", page)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?signed_out=true")
    assert "tributary-session" not in reader.http.cookies
    # Who kept the cookie has nothing of it.
    reader.http.cookies.update(kept)
    assert reader.http.get("/account").status_code == 303


def test_the_pages_are_ready_and_know_when_the_api_is_not(system: Any) -> None:
    assert httpx.get(f"{system.pages_url}/readyz").json() == {"status": "ok"}


def test_a_link_is_made_from_a_second_terminal(served: Any) -> None:
    made = served.run("link")
    assert made.returncode == 0, made.stderr
    link = made.stdout.strip()
    assert re.fullmatch(rf"{served.pages_url}/sign-in\?code=triblink_[\w-]{{43}}", link)
    reader = Reader(served.pages_url)
    assert reader.sign_in(link).status_code == 303
    page = reader.get("/account")
    assert "Local user" in page
    assert "All countries" in page
    reader.http.close()
    other = served.run("link", "--name", "Mexico desk", "--role", "officer", "--country", "MX")
    assert other.returncode == 0, other.stderr
    wrong = served.run("link", "--name", "Mexico desk", "--role", "viewer")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "Mexico desk exists with the role officer" in wrong.stderr
