"""Counts of people as they were known: at each moment of a random history, what was answered then."""

import random
from typing import Any, Final

from chassis.testing import Api
from chassis.testing.known import Memory, reader
from sqlalchemy.ext.asyncio import AsyncEngine

MOMENTS: Final = 100
NATIONALITIES: Final = ("MX", "MX", "MX", "GE")
VENUES: Final = ("united_states", "host_country")
AGENCIES: Final = ("US-NM-CD", "US-NM-CD", "US-CO-DOC")
DAYS: Final = [f"20{year:02}-{month:02}-15" for year in range(9, 13) for month in (1, 5, 9)]
WHY: Final = {"reason": "Entered twice."}
COUNTS: Final = (
    (
        "/v1/recorded-figures?measure=instructors_trained&nationality_code=MX&agency_code=US-NM-CD&explain=true"
        "&as_of=2010-06-01&as_of=2019-01-01"
    ),
    (
        "/v1/recorded-figures?measure=officers_trained&nationality_code=MX&agency_code=US-NM-CD&explain=true"
        "&as_of=2010-06-01&as_of=2019-01-01"
    ),
    (
        "/v1/recorded-figures?measure=officers_trained&venue_kind=host_country&program_code=MX-CORR&explain=true"
        "&as_of=2019-01-01"
    ),
)


class Past:
    """A random history: what was recorded in it, changed and voided."""

    def __init__(self, office: Any, chance: random.Random) -> None:
        self.office = office
        self.chance = chance
        self.rows: dict[str, list[dict[str, Any]]] = {
            noun: [] for noun in ("courses", "trainings", "people", "completions", "instructor-assignments")
        }
        self.refused = 0

    async def begin(self) -> None:
        """Something that things can happen to."""
        for kind in ("training_of_trainers", "basic") * 2:
            self.rows["courses"].append(await self.office.course(type=kind))
        for _ in range(6):
            await self.record_training()
        for _ in range(6):
            await self.record_person()

    async def step(self) -> None:
        """One thing happens, or is refused."""
        happens = self.chance.choices(
            (
                self.record_training, self.record_person, self.complete, self.lead, self.change_training,
                self.change_person, self.change_course, self.void,
            ),
            (1, 1, 10, 5, 3, 3, 1, 2),
        )[0]  # fmt: skip
        await happens()

    async def record_training(self) -> None:
        """A training of one of the courses."""
        course = self.chance.choice(self.rows["courses"])
        self.rows["trainings"].append(await self.office.training(course_code=course["code"], **self.circumstances()))

    def circumstances(self) -> dict[str, Any]:
        """When, where, by whom and in what."""
        first, last = sorted(self.chance.sample(DAYS, 2))
        return {
            "starts_on": first,
            "ends_on": last,
            "venue_kind": self.chance.choice(VENUES),
            "provider_agency_code": self.chance.choice(AGENCIES),
            "program_code": self.chance.choice(("MX-CORR", "MX-CORR", None)),
        }

    async def record_person(self) -> None:
        """Somebody."""
        nationality = self.chance.choice(NATIONALITIES)
        self.rows["people"].append(await self.office.person(nationality_code=nationality))

    async def complete(self) -> None:
        """Somebody takes a training and completes it."""
        training, person = (self.chance.choice(self.rows[noun]) for noun in ("trainings", "people"))
        seat = await self.send("enrollments", {"training_id": training["id"], "person_id": person["id"]})
        if seat:
            on = {"enrollment_id": seat["id"], "completed_on": self.chance.choice(DAYS)}
            self.keep("completions", await self.send("completions", on))

    async def lead(self) -> None:
        """Somebody leads a training."""
        training, person = (self.chance.choice(self.rows[noun]) for noun in ("trainings", "people"))
        body = {"training_id": training["id"], "person_id": person["id"]}
        self.keep("instructor-assignments", await self.send("instructor-assignments", body))

    async def change_training(self) -> None:
        """Its circumstances were others."""
        changes = self.circumstances()
        await self.change("trainings", dict(self.chance.sample(sorted(changes.items()), 3)))

    async def change_person(self) -> None:
        """Somebody's nationality was another, or another office keeps them."""
        name = self.chance.choice(("nationality_code", "country_code"))
        await self.change("people", {name: self.chance.choice(NATIONALITIES)})

    async def change_course(self) -> None:
        """A course was for trainers, or not."""
        await self.change("courses", {"type": self.chance.choice(("training_of_trainers", "basic"))})

    async def void(self) -> None:
        """Something was entered in error."""
        noun = self.chance.choices(("completions", "trainings"), (4, 1))[0]
        if self.rows[noun]:
            record = self.rows[noun].pop(self.chance.randrange(len(self.rows[noun])))
            await self.send(f"{noun}/{record['id']}/void", WHY, version=record["version"])

    async def change(self, noun: str, changes: dict[str, Any]) -> None:
        """Change a record, at the version that it has."""
        place = self.chance.randrange(len(self.rows[noun]))
        record = self.rows[noun][place]
        answer = await self.office.api.officer().patch(
            f"/v1/{noun}/{record['id']}", json=changes, headers={"If-Match": f'"{record["version"]}"'}
        )
        if self.accepts(answer):
            self.rows[noun][place] = answer.json()

    async def send(self, address: str, body: dict[str, Any], version: int | None = None) -> dict[str, Any] | None:
        """The record as it is then; None where it was refused."""
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        answer = await self.office.api.officer().post(f"/v1/{address}", json=body, headers=headers)
        return dict(answer.json()) if self.accepts(answer) else None

    def keep(self, noun: str, record: dict[str, Any] | None) -> None:
        """Remember what was recorded."""
        if record:
            self.rows[noun].append(record)

    def accepts(self, answer: Any) -> bool:
        """Whether it happened; a refusal is part of the history, a failure is not."""
        assert answer.status_code in {200, 201, 409, 422}, answer.text
        self.refused += answer.status_code >= 400
        return bool(answer.status_code < 400)


async def test_each_moment_of_a_history_is_answered_as_it_was(office: Any, app_engine: AsyncEngine) -> None:
    past = Past(office, random.Random(20080101))
    memory = Memory(reader(office.api.officer), app_engine)
    await memory.remember(*COUNTS)
    await past.begin()
    for _ in range(MOMENTS - 1):
        await past.step()
        await memory.remember(*COUNTS)
    await memory.recall()
    differing = [memory.differing(address) for address in COUNTS]
    assert min(differing) > 5, differing
    assert past.refused < MOMENTS / 3


async def test_small_counts_of_the_past_are_hidden_from_the_same_readers(office: Any, app_engine: AsyncEngine) -> None:
    trainers = await office.course(type="training_of_trainers")
    training = await office.training(course_code=trainers["code"])
    memory = Memory(reader(office.api.viewer), app_engine)
    for _ in range(6):
        await office.completed(training, await office.person())
        await memory.remember(*COUNTS)
    await memory.recall()
    first = memory.answers[0][2]["points"][-1]
    assert (first["suppressed"], first["value"]) == (True, None)
    assert memory.answers[-3][2]["points"][-1]["value"] == "6"


async def test_answer_says_when_it_was_known_and_as_of_when(office: Any, app_engine: AsyncEngine) -> None:
    url = "/v1/recorded-figures?measure=instructors_trained"
    now = (await office.api.viewer().get(url)).json()
    assert (now["known_at"], now["feed_number"]) == (None, None)
    then = (await office.api.viewer().get(f"{url}&known_at=2016-03-01T22:00:00-05:00")).json()
    assert (then["known_at"], then["feed_number"]) == ("2016-03-02T03:00:00Z", 0)
    assert then["points"] == [
        {"as_of": "2016-03-02", "value": None, "lower": None, "upper": None, "records": 0, "suppressed": False}
    ]


async def test_before_the_first_record_nothing_is_recorded(office: Any, api: Api) -> None:
    trainers = await office.course(type="training_of_trainers")
    await office.completed(await office.training(course_code=trainers["code"]), await office.person())
    ask = reader(api.officer)
    address = COUNTS[0]
    assert (await ask(address))["points"][-1]["value"] == "1"
    before = await ask(f"{address}&known_at=2000-01-01")
    assert [(point["value"], point["records"]) for point in before["points"]] == [(None, 0), (None, 0)]
    assert before["explain"]["counted"] == {"persons": 0, "completions": 0, "trainings": 0}
    assert before["explain"]["left_out"] == []


async def test_instant_to_come_is_refused(api: Api) -> None:
    answer = await api.viewer().get("/v1/recorded-figures?measure=officers_trained&known_at=2999-01-01")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "in_the_future")
