"""Pages of trainings and people, made from what a stub of the API answers: what is said, asked, escaped and kept."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from html import unescape
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import Response
from tributary import AsyncTributary
from web.routes.cascades import write_csv

Json = dict[str, Any]
ONE, OTHER, PAIR = (f"01920000-0000-7000-8000-00000000000{number}" for number in (1, 2, 3))
NODE: Final[Json] = {
    "training_id": ONE, "parent_id": None, "other_parents": 0, "tier": 1, "code": None, "title": "<b>First</b>",
    "course_code": "TOT", "starts_on": "2009-03-15", "provider_agency_code": "US-NM-CD", "is_for_trainers": True,
    "persons": 12, "flags": ["mixed_team"],
}  # fmt: skip
CASCADE: Final[Json] = {
    "country_codes": [], "agency_codes": [], "as_of": "2026-11-21", "rule": "The rule.", "method_version": "1",
    "generations": [
        {
            "tier": 1, "trainings": 1, "persons": None, "first_persons": None, "completions": None, "attendances": None,
            "mixed_trainings": 1, "instructors": None, "active_instructors": None, "leading_instructors": None,
            "multiplier": None, "flags": ["mixed_team"],
        }
    ],
    "total": {"trainings": 1, "persons": None, "completions": None, "attendances": None},
    "outside": [{"reason": "no_lead", "message": "No lead instructor is recorded.", "trainings": 2, "persons": 30, "completions": 31}],
    "overlaps": [{"agency_code": "US-CO-DOC", "persons": None}], "nodes": [NODE], "has_more_nodes": True,
}  # fmt: skip
PERSON: Final[Json] = {
    "id": ONE, "version": 1, "country_code": "MX", "nationality_code": "MX", "sex": "not_recorded",
    "given_name": "Synthetic", "surname_1": "<i>Person</i>", "surname_2": None, "full_name_original": None,
    "birth_date": "1980-01-01", "birth_precision": "year", "position": None, "canonical_person_id": ONE,
    "erased_at": None, "created_at": "2026-01-05T14:36:00Z",
}  # fmt: skip
CANDIDATE: Final[Json] = {
    "id": PAIR, "version": 4, "person_id": ONE, "other_person_id": OTHER, "score": 9, "band": "likely_same",
    "reasons": ["birth date is the same"], "status": "open", "note": None,
}  # fmt: skip


class Stub:
    """The API, as far as a test says what it answers; what was asked of it is kept."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Json]] = {}
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.asked.append(request)
        status, body = self.answers.get(f"{request.method} {request.url.path}", (404, {"title": "There is nothing"}))
        return httpx.Response(status, json=body)

    def say(self, address: str, body: Json, status: int = 200) -> None:
        """Answer so from now on."""
        self.answers[address] = (status, body)

    def rows(self, address: str, *rows: Json) -> None:
        """Answer a list of one page."""
        self.say(f"GET {address}", {"items": rows, "next_cursor": None, "next": None, "total_count": len(rows)})


@pytest.fixture
async def stub(app: FastAPI, cookies: dict[str, str], client: httpx.AsyncClient) -> AsyncIterator[Stub]:
    """The pages ask this, and somebody is signed in."""
    made = Stub()
    client.cookies.update(cookies)
    async with AsyncTributary("http://127.0.0.1:9", transport=httpx.MockTransport(made), retries=0) as api:
        app.state.api = api
        yield made


async def read(client: httpx.AsyncClient, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    assert "style=" not in answer.text
    assert "<b>" not in answer.text
    assert "<i>" not in answer.text
    return answer.text


def words_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.partition("<main")[2])).split())


async def test_filters_go_to_the_api_by_its_own_names(stub: Stub, client: httpx.AsyncClient) -> None:
    stub.rows("/v1/trainings")
    page = await read(client, "/trainings?country_code=mx&agency_code=US-NM-CD&status=reported&sort=nonsense&cursor=c")
    assert dict(stub.asked[0].url.params) == {
        "beneficiary_country_code": "MX",
        "agency_code": "US-NM-CD",
        "status": "reported",
        "sort": "-starts_on",
        "limit": "50",
        "cursor": "c",
        "with_total": "true",
    }
    assert "0 trainings match." in words_of(page)


async def test_a_download_is_passed_on_as_it_comes(app: FastAPI, cookies: dict[str, str]) -> None:
    """No piece is asked for before the one before it was taken."""
    taken: list[int] = []
    sent: list[bytes] = []

    class Body(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for number in range(3):
                assert len(sent) == number
                taken.append(number)
                yield b"x" * 10

    def answer(request: httpx.Request) -> httpx.Response:
        assert dict(request.url.params) == {
            "sort": "-starts_on",
            "format": "csv",
            "excel": "true",
            "status": "reported",
        }
        return httpx.Response(200, headers={"Content-Length": "30"}, stream=Body())

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers.update({name.decode(): value.decode() for name, value in message["headers"]})
        elif message["body"]:
            sent.append(message["body"])

    headers: dict[str, str] = {}
    (name, value), *_ = cookies.items()
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": "/trainings.csv", "raw_path": b"/trainings.csv",
        "query_string": b"status=reported", "root_path": "", "scheme": "http", "server": ("127.0.0.1", 8080),
        "client": ("127.0.0.1", 1), "asgi": {"version": "3.0", "spec_version": "2.3"},
        "headers": [(b"host", b"127.0.0.1:8080"), (b"cookie", f"{name}={value}".encode())],
    }  # fmt: skip
    async with AsyncTributary("http://127.0.0.1:9", transport=httpx.MockTransport(answer), retries=0) as api:
        app.state.api = api
        await app(scope, receive, send)
    assert (taken, sent) == ([0, 1, 2], [b"x" * 10] * 3)
    assert headers["content-length"] == "30"
    assert headers["content-disposition"] == 'attachment; filename="trainings.csv"'
    assert headers["cache-control"] == "no-store"


async def test_what_the_api_says_of_a_filter_stands_at_its_field(stub: Stub, client: httpx.AsyncClient) -> None:
    wrong = {"parameter": "beneficiary_country_code.0", "code": "unknown_code", "message": "No such country."}
    stub.say("GET /v1/trainings", {"detail": "1 field needs attention.", "errors": [wrong]}, 422)
    page = await read(client, "/trainings?country_code=Mexico", 422)
    assert re.search(r'id="country_code-error">No such country\.<', page)
    assert 'value="MEXICO"' in page
    assert 'aria-describedby="country_code-error"' in page


async def test_the_people_of_a_roster_are_asked_for_at_once(stub: Stub, client: httpx.AsyncClient) -> None:
    training = {
        "id": ONE, "code": None, "title": "First", "course_code": "TOT", "cohort": None, "program_code": None,
        "provider_agency_code": "US-NM-CD", "co_provider_agency_codes": [], "funder_agency_codes": [],
        "host_country_code": "US", "beneficiary_country_codes": ["MX"], "starts_on": "2009-03-15",
        "ends_on": "2009-04-24", "venue_kind": "united_states", "venue": None, "language_code": None,
        "delivery_mode": None, "capacity": None, "status": "completed", "status_note": None, "headcount": None,
        "voided_at": None, "is_voided": False, "version": 1,
    }  # fmt: skip
    stub.say(f"GET /v1/trainings/{ONE}", training)
    stub.say(
        f"GET /v1/trainings/{ONE}/cascade",
        CASCADE | {"training_id": ONE, "tier": 1, "unknown_reason": None, "reach": [], "nodes": []},
    )
    seats = [
        {"id": f"{number}", "person_id": f"0192-{number:03}", "role": "participant", "status": "completed",
         "level": None, "unit_id": None}
        for number in range(120)
    ]  # fmt: skip
    stub.rows("/v1/enrollments", *seats)
    stub.rows("/v1/instructor-assignments", {"id": ONE, "person_id": ONE, "role": "lead"})
    stub.rows("/v1/completions")
    stub.rows("/v1/people", PERSON)
    said = words_of(await read(client, f"/trainings/{ONE}"))
    asked = [one.url.params.get_list("id") for one in stub.asked if one.url.path == "/v1/people"]
    assert [len(ids) for ids in asked] == [100, 21]
    assert {one for ids in asked for one in ids} == {ONE, *(seat["person_id"] for seat in seats)}
    assert "Synthetic <i>Person</i>" in said
    assert "Somebody whose record you may not see" in said


async def test_the_cascade_hides_few_people_and_names_what_is_not_drawn(stub: Stub, client: httpx.AsyncClient) -> None:
    stub.say("GET /v1/cascades", CASCADE)
    stub.rows("/v1/trainings")
    page = await read(client, "/cascades?agency_code=US-NM-CD")
    said = words_of(page)
    assert "1 too few to show too few to show 1 too few to show too few to show none led by instructors of" in said
    assert "No lead instructor is recorded. 2 30 31" in said
    assert "US-CO-DOC too few to show" in said
    assert "The rule (version 1): The rule." in said
    assert "the file has the first 2,000" in said
    assert f'href="/trainings/{ONE}"' in page
    assert 'role="group"' in page
    assert "Reported, and not linked" not in said


async def test_a_large_cascade_is_a_small_page_and_all_of_it_is_reached_by_links(
    stub: Stub, client: httpx.AsyncClient
) -> None:
    """One training of trainers, of which 40 came, and of each of these 48 more."""
    ids = [f"01920000-0000-7000-8000-{number:012}" for number in range(2000)]
    parents = [None, *(0 if number <= 40 else (number - 41) % 40 + 1 for number in range(1, 2000))]
    nodes = [
        NODE
        | {
            "training_id": ids[number], "parent_id": None if parent is None else ids[parent],
            "tier": 1 if parent is None else 2 if parent == 0 else 3, "title": f"{number} " + "<b>Long</b> " * 7,
            "other_parents": 3, "flags": ["mixed_team", "far_from_the_source", "hours_short"],
        }
        for number, parent in enumerate(parents)
    ]  # fmt: skip
    stub.say("GET /v1/cascades", CASCADE | {"nodes": nodes})
    stub.rows("/v1/trainings")

    async def look(address: str) -> tuple[str, set[str]]:
        page = await read(client, address)
        assert len(page.encode()) < 100_000, address
        links = {unescape(one) for one in re.findall(r'<a class="usa-link" href="(/cascades[^".]*)"', page)}
        return page, links

    seen: set[str] = set()
    branches: set[str] = set()
    following = "/cascades?agency_code=US-NM-CD"
    while following:
        page, links = await look(following)
        seen.update(re.findall(r'<a class="usa-link" href="/trainings/([^"]+)"', page))
        branches |= {one for one in links if "under=" in one}
        said = words_of(page)
        number = int(re.findall(r"Rows ([\d,]+) to", said)[0].replace(",", "")) // 40 + 2
        assert "The drawing has 60 of 2,000 trainings" in said
        assert page.count("<title>") == 61  # with that of the page
        following = next((one for one in links if one.endswith(f"&page={number}#drawing")), "")
        assert all("agency_code=US-NM-CD" in one for one in links if one != "/cascades")
    assert seen == set(ids)
    # What came of one of them: a drawing and a table of its own.
    assert len(branches) == 41
    (branch,) = [one for one in branches if f"under={ids[7]}#" in one]
    page, links = await look(branch)
    said = words_of(page)
    assert "What came of 7 <b>Long</b>" in said
    assert "Rows 1 to 40 of 50" in said
    assert "The drawing has" not in said
    assert "/cascades?agency_code=US-NM-CD#drawing" in links
    page, _links = await look(next(one for one in links if one.endswith("&page=2#drawing")))
    assert "Rows 41 to 50 of 50" in words_of(page)
    for odd in ("0", "99999", "x", "-1", "\u0663"):
        page, _links = await look(f"/cascades?page={odd}")
    page, _links = await look(f"/cascades?under={PAIR[:-1]}x")
    assert "The training that was asked for is not in this cascade." in page
    assert "The drawing has 60 of 2,000 trainings" in words_of(page)


async def test_a_countrys_cascade_has_reported_totals_and_trainings_that_were_only_counted(
    app: FastAPI, stub: Stub, client: httpx.AsyncClient
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        is_of_country = "country_code" in request.url.params
        counted = NODE | {"training_id": OTHER, "persons": 0, "tier": 2, "title": "Only counted"}
        return httpx.Response(200, json=CASCADE | {"nodes": [NODE] if is_of_country else [counted, NODE]})

    figure = {
        "id": "f", "measure": "officers_trained", "label": "Officers trained", "headline": {"kind": "recorded"},
        "reported": {"value": "7800", "display": "more than 7,800", "source": {"title": "A page"}, "as_of": None},
    }  # fmt: skip
    stub.say("GET /v1/countries/MX", {"name": "Mexico", "figures": [figure, figure | {"measure": "x"}], "missing": []})
    stub.rows("/v1/trainings", {"id": OTHER, "headcount": {"total": 24}})
    handlers: dict[str, Callable[[httpx.Request], httpx.Response]] = {"/v1/cascades": answer}
    transport = httpx.MockTransport(lambda request: handlers.get(request.url.path, stub)(request))
    async with AsyncTributary("http://127.0.0.1:9", transport=transport, retries=0) as api:
        app.state.api = api
        page = await read(client, "/cascades?country_code=mx")
        said = words_of(page)
        assert said.count("more than 7,800") == 1
        assert "Reported by A page" in said
        assert "never added to them" in said
        assert "Only counted, tier 2, 15 March 2009: headcount of 24, nobody linked by name" in said
        assert 'fill="url(#hatch)"' in page
        kept = await client.get("/cascades.csv?country_code=mx")
        assert kept.headers["content-disposition"] == 'attachment; filename="cascade.csv"'
        assert [line.split(",")[5] for line in kept.text.splitlines()[1:]] == ["<b>First</b>", "Only counted"]


async def test_a_card_that_is_missing_is_no_zero(stub: Stub, client: httpx.AsyncClient) -> None:
    stub.say("GET /v1/cascades", CASCADE)
    stub.rows("/v1/trainings")
    stub.say("GET /v1/countries/MX", {"title": "Not available just now"}, 503)
    assert "What documents report is missing here, and is not zero." in words_of(
        await read(client, "/cascades?country_code=MX")
    )


def test_no_cell_is_taken_for_a_formula() -> None:
    made = write_csv(["a", "b", "c", "d"], [{"a": "=1+1", "b": None, "c": True, "d": ["x", "y"]}])
    assert made.decode("utf-8-sig").splitlines() == ["a,b,c,d", "'=1+1,,true,x y"]


async def test_an_agency_that_no_training_refers_to(stub: Stub, client: httpx.AsyncClient) -> None:
    agency = {
        "id": ONE, "code": "INL", "name": "INL", "kind": "us_federal", "country_code": "US", "subdivision_code": None,
        "parent_code": None, "aliases": [],
    }  # fmt: skip
    stub.rows("/v1/agencies", agency)
    assert "No training refers to this agency." in words_of(await read(client, "/agencies/INL"))
    stub.rows("/v1/agencies")
    assert "No agency has the code INL." in words_of(await read(client, "/agencies/INL", 404))


@pytest.mark.parametrize("path", ["/people", "/duplicates", f"/duplicates/{PAIR}"])
async def test_who_may_not_see_people_is_told_so(stub: Stub, client: httpx.AsyncClient, path: str) -> None:
    refused = {"title": "You may not do this", "detail": "Only officers may.", "code": "forbidden"}
    for address in ("people", "duplicate-candidates", f"duplicate-candidates/{PAIR}"):
        stub.say(f"GET /v1/{address}", refused, 403)
    assert "Only officers may." in await read(client, path, 403)


@pytest.mark.parametrize(("role", "is_offered"), [("viewer", False), ("admin", False), ("officer", True), ("", True)])
async def test_people_are_offered_to_those_who_may_see_them(
    app: FastAPI, stub: Stub, client: httpx.AsyncClient, role: str, is_offered: bool
) -> None:
    stub.rows("/v1/trainings")
    response = Response()
    app.state.sessions.start(response, "trib_x_y", 9_999_999_999, role)
    client.cookies.clear()
    name, _, value = response.headers["set-cookie"].partition(";")[0].partition("=")
    client.cookies.set(name, value)
    page = await read(client, "/trainings")
    assert ('<a href="/people">People</a>' in page) == is_offered
    assert '<a href="/account">Account</a>' in page


def form_token_of(page: str) -> str:
    return re.findall(r'name="form_token" value="([^"]+)"', page)[0]


async def test_a_name_that_is_searched_for_stands_in_no_address(stub: Stub, client: httpx.AsyncClient) -> None:
    stub.rows("/v1/people", PERSON, PERSON | {"id": OTHER})
    stub.answers["GET /v1/people"][1]["next_cursor"] = "c2"
    stub.rows("/v1/duplicate-candidates", CANDIDATE)
    page = await read(client, "/people?q=ignored")
    assert "q" not in stub.asked[0].url.params
    assert "1 pair of records may be one person" in page
    answer = await client.post(
        "/people", data={"form_token": form_token_of(page), "q": '"Person"', "country_code": "mx"}
    )
    assert answer.status_code == 200
    assert dict(stub.asked[-2].url.params)["q"] == '"Person"'
    assert 'value="&#34;Person&#34;"' in answer.text
    assert not re.search(r'(href|action)="[^"]*Person', answer.text)
    assert re.search(r'name="cursor" value="c2"', answer.text)
    said = words_of(answer.text)
    assert "Synthetic <i>Person</i> not recorded 1980 MX MX stands" in said
    assert "merged into another" in said
    assert (await client.post("/people", data={"q": "x"})).status_code == 403


def put_side_by_side(stub: Stub, **over: Any) -> None:
    stub.say(f"GET /v1/duplicate-candidates/{PAIR}", CANDIDATE | over)
    stub.rows("/v1/people", PERSON, PERSON | {"id": OTHER, "surname_1": "Persona", "canonical_person_id": OTHER})
    stub.rows(
        "/v1/identity-documents",
        {"person_id": ONE, "type": "passport", "issuer_country_code": "MX", "last_characters": "345"},
    )


async def test_two_records_stand_side_by_side(stub: Stub, client: httpx.AsyncClient) -> None:
    put_side_by_side(stub)
    said = words_of(await read(client, f"/duplicates/{PAIR}"))
    assert "9: likely same" in said
    assert "birth date is the same" in said
    assert "Name Synthetic <i>Person</i> Synthetic Persona differs" in said
    assert "Born 1980 1980 the same" in said
    assert "Position not recorded not recorded cannot be compared" in said
    assert "Documents passport of MX, ends in 345 not recorded cannot be compared" in said
    # One that the reader may not see is hidden, and is no failure.
    stub.rows("/v1/people", PERSON)
    assert "Somebody whose record you may not see" in words_of(await read(client, f"/duplicates/{PAIR}"))


async def test_a_merge_is_sent_once_and_its_errors_keep_what_was_typed(stub: Stub, client: httpx.AsyncClient) -> None:
    put_side_by_side(stub)
    page = await read(client, f"/duplicates/{PAIR}")
    key = re.findall(r'name="key" value="([^"]+)"', page)[0]
    form = {"form_token": form_token_of(page), "key": key, "evidence": "Both\r\npassports."}
    answer = await client.post(f"/duplicates/{PAIR}/merge", data=form)
    assert answer.status_code == 422
    assert "Choose the record that stands." in answer.text
    assert "passports." in answer.text
    wrong = {"pointer": "#/evidence", "code": "too_short", "message": "Say why."}
    stub.say("POST /v1/merges", {"detail": "1 field needs attention.", "errors": [wrong]}, 422)
    answer = await client.post(f"/duplicates/{PAIR}/merge", data=form | {"stands": OTHER, "evidence": " "})
    assert answer.status_code == 422
    assert re.search(r'id="evidence-error">Say why\.<', answer.text)
    assert re.search(rf'value="{OTHER}" checked', answer.text)
    stub.say("POST /v1/merges", {"title": "Conflict", "detail": "They are one person already."}, 409)
    answer = await client.post(f"/duplicates/{PAIR}/merge", data=form | {"stands": OTHER})
    assert (answer.status_code, "They are one person already." in answer.text) == (409, True)
    stub.say("POST /v1/merges", {"id": ONE}, 201)
    answer = await client.post(f"/duplicates/{PAIR}/merge", data=form | {"stands": OTHER})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/duplicates/{PAIR}?done=merged")
    sent = stub.asked[-1]
    assert json.loads(sent.content) == {
        "person_id": ONE,
        "canonical_person_id": OTHER,
        "evidence": "Both\npassports.",
    }
    assert sent.headers["idempotency-key"] == key


async def test_a_merge_is_undone_and_two_are_told_apart_in_the_version_that_was_seen(
    stub: Stub, client: httpx.AsyncClient
) -> None:
    put_side_by_side(stub, status="merged")
    merge = {
        "id": PAIR, "version": 7, "person_id": ONE, "canonical_person_id": OTHER, "evidence": "Passports.",
        "decided_by": "An officer", "created_at": "2026-01-05T14:36:00Z",
    }  # fmt: skip
    stub.rows("/v1/merges", merge)
    page = await read(client, f"/duplicates/{PAIR}?done=merged")
    assert "The two are one person now" in page
    assert "Not the same</button>" not in page
    assert set(stub.asked[-1].url.params.get_list("person_id")) == {ONE, OTHER}
    form = {"form_token": form_token_of(page), "merge_id": PAIR, "version": "7", "reason": "They are cousins."}
    stub.say(f"POST /v1/merges/{PAIR}/void", {"detail": "Somebody changed it."}, 412)
    answer = await client.post(f"/duplicates/{PAIR}/undo", data=form)
    assert answer.status_code == 412
    assert "Somebody changed it." in answer.text
    assert "They are cousins.</textarea>" in answer.text
    stub.say(f"POST /v1/merges/{PAIR}/void", merge)
    answer = await client.post(f"/duplicates/{PAIR}/undo", data=form)
    assert answer.headers["location"] == f"/duplicates/{PAIR}?done=undone"
    sent = stub.asked[-1]
    assert (sent.headers["if-match"], json.loads(sent.content)) == ('"7"', {"reason": "They are cousins."})
    stub.say(f"POST /v1/duplicate-candidates/{PAIR}/dismiss", CANDIDATE)
    form = {"form_token": form_token_of(page), "version": "4", "note": "Cousins."}
    answer = await client.post(f"/duplicates/{PAIR}/dismiss", data=form)
    assert answer.headers["location"] == f"/duplicates/{PAIR}?done=dismissed"
    assert (stub.asked[-1].headers["if-match"], json.loads(stub.asked[-1].content)) == ('"4"', {"note": "Cousins."})
