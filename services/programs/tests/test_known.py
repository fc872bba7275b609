"""Dossiers as they were known: at each moment of a random history, what was answered then."""

import random
from collections.abc import AsyncIterator
from itertools import cycle
from typing import Any, Final

import pytest
from chassis.testing import Api, Database
from chassis.testing.known import Memory, reader
from chassis.testing.voids import STANDS
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

MOMENTS: Final = 100
DOSSIER: Final = "/v1/dossiers/country/MX"
OTHERS: Final = (
    "/v1/dossiers/program/P0",
    "/v1/dossiers/agency/A0",
    "/v1/reported-figures?rank=preferred&subject_code=MX&limit=2&with_total=true",
    "/v1/statements?country_code=MX&is_voided=false",
    "/v1/conflicts",
    "/v1/coverage-declarations",
)
VOIDABLE: Final = ("reported-figures", "statements", "partnerships")
WHY: Final = {"reason": "Misread."}
COUNTRIES: Final = ("MX", "GT", "HN")
RANKS: Final = ("preferred", "normal", "normal", "deprecated")


class Past:
    """A random history: what was recorded in it, changed, ranked and voided."""

    def __init__(self, api: Api, chance: random.Random) -> None:
        self.api = api
        self.chance = chance
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.codes = iter(range(10**6))
        self.refused = 0

    def one(self, noun: str) -> dict[str, Any]:
        """A record of a kind, any."""
        return self.chance.choice(self.rows[noun])

    def words(self) -> str:
        """A text that was not there before."""
        return f"Words {self.chance.random()}"

    async def begin(self) -> None:
        """Something that things can happen to."""
        for place in range(2):
            agency = {"code": f"A{place}", "name": f"Agency {place}", "kind": "us_state"}
            await self.record("agencies", agency)
        for place in range(2):
            await self.record(
                "measures",
                {
                    "code": f"measure_{place}", "label": "Something", "unit": "persons", "kind": "count",
                    "basis": "cumulative", "additivity": "non_additive", "counting_rule": "Each once.",
                    "owner_service": "trainings",
                },
            )  # fmt: skip
            await self.record(
                "sources",
                {
                    "code": f"S{place}", "title": "A page", "publisher": "A bureau", "kind": "web_page",
                    "confidence": "low", "as_of_earliest": "2015-10-07",
                },
            )  # fmt: skip
            await self.record(
                "programs",
                {
                    "code": f"P{place}", "title": "Corrections", "kind": "regional", "sector": "corrections",
                    "lead_agency_code": f"A{place}", "countries": [{"country_code": "MX"}],
                },
            )  # fmt: skip
        for place in range(4):
            await self.record(
                "series",
                {
                    "code": f"mx-{place}", "label": "Somebody", "measure_code": f"measure_{place % 2}",
                    "subject_type": "country", "subject_code": "MX", "is_headline": place < 2,
                },
            )  # fmt: skip

        partnership = {"agency_code": "A0", "program_code": "P0", "roles": ["trainer"]}
        await self.record("partnerships", partnership)

    async def step(self) -> None:
        """One thing happens, or is refused."""
        happens = self.chance.choices(
            (
                self.record_figure, self.record_statement, self.record_partnership, self.record_conflict,
                self.declare_coverage, self.rank, self.void, self.change,
            ),
            (5, 2, 2, 2, 1, 3, 3, 6),
        )[0]  # fmt: skip
        await happens()

    async def record_figure(self) -> None:
        """A document states a number, in the place of an earlier one perhaps."""
        series = self.one("series")["code"]
        earlier = [one["code"] for one in self.rows.get("reported-figures", ()) if one["series_code"] == series]
        supersedes = [self.chance.choice(earlier)] if earlier and self.chance.random() < 0.6 else []
        await self.record(
            "reported-figures",
            {
                "code": f"F{next(self.codes)}", "series_code": series, "value": str(self.chance.randrange(10**4)),
                "bound": "gt", "text": self.words(), "source_code": self.one("sources")["code"],
                "rank": "preferred" if supersedes else "normal",
                "supersedes": [{"figure_code": code, "reason": "later_report"} for code in supersedes],
            },
        )  # fmt: skip

    async def record_statement(self) -> None:
        """A document says something else."""
        await self.record(
            "statements",
            {
                "code": f"T{next(self.codes)}", "kind": "reform", "topic": "reform", "predicate": "reform",
                "subject_type": "country", "subject_code": "MX", "text": self.words(), "attribution": "A page",
                "source_code": self.one("sources")["code"],
            },
        )  # fmt: skip

    async def record_partnership(self) -> None:
        """An agency takes part in a program."""
        await self.record(
            "partnerships",
            {
                "agency_code": self.one("agencies")["code"], "program_code": self.one("programs")["code"],
                "roles": ["trainer"], "scope": self.words(),
                "starts": self.chance.choice((None, {"earliest": "2008-01-01", "latest": None, "label": None})),
            },
        )  # fmt: skip

    async def record_conflict(self) -> None:
        """Claims seem to disagree."""
        if members := self.some_claims():
            words = dict.fromkeys(("title", "resolution", "reason"), self.words())
            code = f"C{next(self.codes)}"
            conflict = {"code": code, "kind": "two_dates", "status": "open", "member_codes": members}
            await self.record("conflicts", conflict | words)

    def some_claims(self) -> list[str]:
        """Codes of some figures and statements."""
        claims = [one["code"] for noun in ("reported-figures", "statements") for one in self.rows.get(noun, ())]
        return self.chance.sample(claims, min(len(claims), 3))

    async def declare_coverage(self) -> None:
        """Somebody states that records are complete."""
        declared = {"country_code": "MX", "measure_family": "trainings", "complete_from": "2008-01-01"}
        await self.record("coverage-declarations", declared | {"note": self.words()})

    async def rank(self) -> None:
        """A claim has another rank from now on."""
        noun = self.chance.choice(("reported-figures", "statements"))
        if self.rows.get(noun):
            body = {"rank": self.chance.choice(RANKS), "reason": self.words()}
            await self.send(f"{noun}/{self.one(noun)['id']}/ranks", body)

    async def void(self) -> None:
        """Something was entered in error."""
        noun = self.chance.choice(VOIDABLE)
        if self.rows.get(noun):
            address = f"/v1/{noun}/{self.rows[noun].pop(self.chance.randrange(len(self.rows[noun])))['id']}"
            await self.send(f"{address.removeprefix('/v1/')}/void", WHY, await self.tag_of(address))

    async def change(self) -> None:
        """A record is described otherwise."""
        shares = [{"country_code": code} for code in self.chance.sample(COUNTRIES, 2)]
        noun, changes = self.chance.choice(
            [
                *[("agencies", {"name": self.words()})] * 2,
                ("programs", {"title": self.words()}),
                ("programs", {"countries": shares}),
                ("programs", {"lead_agency_code": self.chance.choice(("A0", "A1", None))}),
                ("sources", {"title": self.words(), "publisher": self.words()}),
                ("measures", {"counting_rule": self.words()}),
                ("series", {"label": self.words(), "scope": self.words()}),
                ("series", {"is_headline": self.chance.random() < 0.5}),
                ("partnerships", {"scope": self.words(), "roles": ["funder", "trainer"]}),
                ("conflicts", {"status": "resolved", "resolution": self.words()}),
                ("conflicts", {"member_codes": self.some_claims()}),
            ]
        )
        if self.rows.get(noun):
            address = f"/v1/{noun}/{self.one(noun)['id']}"
            answer = await self.api.officer().patch(address, json=changes, headers=await self.tag_of(address))
            self.accepts(answer)

    async def tag_of(self, address: str) -> dict[str, str]:
        """The header that names the version of a record."""
        return {"If-Match": (await self.api.officer().get(address)).headers["etag"]}

    async def record(self, noun: str, body: dict[str, Any]) -> None:
        """Record something and remember it, where it is not refused."""
        made = await self.send(noun, body)
        if made:
            self.rows.setdefault(noun, []).append(made)

    async def send(self, address: str, body: dict[str, Any], headers: Any = None) -> dict[str, Any] | None:
        """The record as it is then; None where it was refused."""
        answer = await self.api.officer().post(f"/v1/{address}", json=body, headers=headers)
        return dict(answer.json()) if self.accepts(answer) else None

    def accepts(self, answer: Any) -> bool:
        """Whether it happened; a refusal is part of the history, a failure is not."""
        assert answer.status_code in {200, 201, 409, 422}, answer.text
        self.refused += answer.status_code >= 400
        return bool(answer.status_code < 400)


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    """The database as the serving role sees it."""
    made = create_async_engine(database.app_url)
    yield made
    await made.dispose()


async def test_each_moment_of_a_history_is_answered_as_it_was(api: Api, engine: AsyncEngine) -> None:
    past = Past(api, random.Random(20151007))
    memory = Memory(reader(api.viewer), engine)
    others = cycle(OTHERS)
    await memory.remember(DOSSIER, *OTHERS)
    await past.begin()
    for place in range(1, MOMENTS):
        await past.step()
        await memory.remember(DOSSIER, *([next(others)] if place % 2 else []))
    await memory.recall()
    assert memory.differing(DOSSIER) > MOMENTS / 2
    assert min(memory.differing(address) for address in OTHERS) > 1
    assert past.refused < MOMENTS / 3


async def test_claim_is_what_it_was_before_it_was_superseded_ranked_and_voided(api: Api, engine: AsyncEngine) -> None:
    past = Past(api, random.Random(1))
    await past.begin()
    memory = Memory(reader(api.viewer), engine)
    claim = {"series_code": "mx-0", "bound": "gt", "text": "More than so many.", "source_code": "S0"}
    old = await past.send("reported-figures", claim | {"code": "OLD", "value": "370", "rank": "preferred"})
    first = await memory.moment()
    supersedes = [{"figure_code": "OLD", "reason": "later_report"}]
    new = claim | {"code": "NEW", "value": "505", "rank": "preferred", "supersedes": supersedes}
    assert await past.send("reported-figures", new)
    second = await memory.moment()
    assert old
    assert await past.send(f"reported-figures/{old['id']}/void", WHY, {"If-Match": '"1"'})

    async def known(**asked: Any) -> tuple[Any, ...]:
        found = (await api.viewer().get(DOSSIER, params=asked)).json()["reported_figures"]
        (figure,) = [one for one in found if one["code"] == "OLD"]
        stands = {name: figure[name] for name in STANDS} == STANDS
        return figure["rank"], figure["superseded_by_code"], stands, figure["version"]

    assert await known(known_at=first.isoformat()) == ("preferred", None, True, 1)
    assert await known(known_at=second.isoformat()) == ("normal", "NEW", True, 1)
    assert await known() == ("normal", None, False, 2)


async def test_answer_says_when_it_was_known_and_its_rest_is_of_then(api: Api, engine: AsyncEngine) -> None:
    past = Past(api, random.Random(1))
    await past.begin()
    now = (await api.viewer().get(DOSSIER)).json()
    assert (now["known_at"], now["feed_number"]) == (None, None)
    assert len(now["series"]) == 4
    before = (await api.viewer().get(f"{DOSSIER}?known_at=2016-03-01")).json()
    assert (before["known_at"], before["feed_number"]) == ("2016-03-01T23:59:59.999999Z", 0)
    assert {name: found for name, found in before.items() if found} == {
        "subject_type": "country",
        "subject_code": "MX",
        "known_at": "2016-03-01T23:59:59.999999Z",
    }


async def test_instant_to_come_is_refused(api: Api) -> None:
    answer = await api.viewer().get(f"{DOSSIER}?known_at=2999-01-01")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "in_the_future")
