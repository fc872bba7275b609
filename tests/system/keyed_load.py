"""Writers who record things through the gateway, each request under a key until it is answered for good.

Each notes what it was answered. The key is also the request's id, so the feed tells what happened under it, and how often.
"""

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self

import httpx

# No write may wait longer for a definite answer, whoever is killed meanwhile.
ANSWER_LIMIT_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 0.2
# So many writes are begun while somebody is dead, and no more: every key is sent again at the end.
BEGUN_MEANWHILE: Final = 40
KEPT_HEADERS: Final = ("content-type", "etag", "location")


@dataclass(frozen=True)
class Answer:
    """What must come back to the same key, byte for byte."""

    status: int
    body: bytes
    headers: tuple[str | None, ...]

    @classmethod
    def of(cls, response: httpx.Response) -> Self:
        """The part of a response that is kept."""
        return cls(response.status_code, response.content, tuple(response.headers.get(name) for name in KEPT_HEADERS))


@dataclass
class Write:
    """One request that changes something."""

    service: str
    method: str
    path: str
    body: dict[str, Any]
    if_match: str | None = None
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    attempts: int = 0
    is_lost_answer: bool = False  # it was answered for good by the repetition of an answer that had been lost
    answer: Answer | None = None

    @property
    def headers(self) -> dict[str, str]:
        """A PATCH knows no keys: its If-Match is what keeps it from happening twice."""
        key = {"Idempotency-Key": self.key} if self.method == "POST" else {}
        version = {"If-Match": self.if_match} if self.if_match else {}
        return {"X-Request-Id": self.key, **key, **version}

    def __str__(self) -> str:
        """As a line of a report."""
        return f"{self.method} {self.path} under {self.key}"


class Load:
    """Everything that was written, and what went wrong."""

    def __init__(self, base_url: str, token: str, seed: int) -> None:
        self.writes: list[Write] = []
        self.faults: list[str] = []
        self.refusals: Counter[str] = Counter()
        self.is_over = threading.Event()
        self._begun = 0
        self._allowed = 0
        self._turn = threading.Condition()
        self._client = {"base_url": base_url, "headers": {"Authorization": f"Bearer {token}"}}
        self._seed = seed

    def allow(self, count: int) -> int:
        """Let so many more be acknowledged; how many there are then."""
        enough = len(self.writes) + count
        with self._turn:
            self._allowed = enough + BEGUN_MEANWHILE
            self._turn.notify_all()
        return enough

    def begin(self) -> None:
        """Wait until one more may be begun."""
        with self._turn:
            self._turn.wait_for(lambda: self._begun < self._allowed or self.is_over.is_set())
            self._begun += 1

    @contextmanager
    def running(self) -> Iterator[None]:
        """A block during which everybody writes."""
        threads = [
            threading.Thread(target=self._write, args=(number, work), name=f"{work.__name__} {number}")
            for number, work in enumerate(WRITERS)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.is_over.set()
            with self._turn:
                self._turn.notify_all()
            for thread in threads:
                thread.join()

    def _write(self, number: int, work: "Work") -> None:
        with httpx.Client(**self._client, trust_env=False, timeout=30) as http:
            writer = Writer(self, http, number, random.Random(self._seed + number))
            try:
                for _ in work(writer):
                    if self.is_over.is_set():
                        break
            except Exception as error:  # noqa: BLE001 - it is told where the test can fail
                self.faults.append(f"{work.__name__}: {error!r}")

    def repeat(self) -> list[str]:
        """Send everything that has a key once more; the answers that differ from the first."""
        with httpx.Client(**self._client, trust_env=False, timeout=30) as http, ThreadPoolExecutor(8) as pool:
            keyed = [write for write in self.writes if write.method == "POST"]
            return [fault for fault in pool.map(lambda write: _repeat(http, write), keyed) if fault]


def _repeat(http: httpx.Client, write: Write) -> str | None:
    response = http.request(write.method, write.path, json=write.body, headers=write.headers)
    if Answer.of(response) != write.answer:
        return f"{write} was answered {write.answer}, then {Answer.of(response)}"
    return None if response.headers.get("idempotency-replayed") == "true" else f"{write} happened again"


@dataclass
class Writer:
    """Somebody who writes one thing after the other."""

    load: Load
    http: httpx.Client
    number: int
    random: random.Random
    versions: dict[str, int] = field(default_factory=dict)

    def post(self, service: str, path: str, body: dict[str, Any], version: int | None = None) -> dict[str, Any]:
        """Create or void something; the record as it is then."""
        return self._send(Write(service, "POST", path, body, f'"{version}"' if version else None))

    def patch(self, service: str, record: dict[str, Any], path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Change something that nobody else changes; the record as it is then."""
        return self._send(Write(service, "PATCH", path, body, f'"{record["version"]}"'))

    def _send(self, write: Write) -> dict[str, Any]:
        self.load.begin()
        deadline = time.monotonic() + ANSWER_LIMIT_SECONDS
        last = "nothing"
        while time.monotonic() < deadline:
            write.attempts += 1
            try:
                response = self.http.request(write.method, write.path, json=write.body, headers=write.headers)
            except httpx.HTTPError as error:
                last = type(error).__name__
            else:
                if (record := self._settle(write, response)) is not None:
                    return record
                last = response.text
            self.load.refusals[last if last.isidentifier() else response.json()["code"]] += 1
            threading.Event().wait(PAUSE_SECONDS)
        raise AssertionError(f"{write} was not answered for good within {ANSWER_LIMIT_SECONDS:.0f} s; last {last}")

    def _settle(self, write: Write, response: httpx.Response) -> dict[str, Any] | None:
        """The record, where the answer is for good; None where the same is to be sent again."""
        problem = {} if response.is_success else response.json()
        if response.status_code == 503 or problem.get("code") == "request_in_flight":
            return None
        if response.status_code == 412 and write.method == "PATCH" and write.attempts > 1:
            # Nobody else changes it, so it was us, and the answer was lost.
            response = self.http.get(write.path)
            if response.status_code != 200:
                return None
            write.is_lost_answer = True
        elif response.status_code >= 500:
            self.load.faults.append(f"{write} was answered {response.status_code} {response.text}")
            return None
        elif not response.is_success:
            raise AssertionError(f"{write} was refused: {response.status_code} {response.text}")
        write.is_lost_answer |= "idempotency-replayed" in response.headers
        write.answer = Answer.of(response)
        self.load.writes.append(write)
        record: dict[str, Any] = response.json()
        return record


Work = Callable[[Writer], Iterator[None]]


def record_money(writer: Writer) -> Iterator[None]:
    """A fund line, entries, and other words for the fund line."""
    code = f"KILLS-{writer.number}"
    line = writer.post("funding", "/v1/fund-lines", {"code": code, "title": "Corrections", "country_code": "PE"})
    while True:
        for _ in range(writer.random.randint(1, 5)):
            amount = f"{writer.random.randint(1, 10**6)}.00"
            entry = {
                "fund_line_code": code,
                "kind": writer.random.choice(("appropriation", "obligation", "disbursement")),
                "amount": {"amount": amount, "currency": "USD"},
                "effective_date": "2016-03-01",
            }
            writer.post("funding", "/v1/ledger-entries", entry)
            yield
        title = f"Corrections {writer.random.random()}"
        line = writer.patch("funding", line, f"/v1/fund-lines/{line['id']}", {"title": title})
        yield


def record_trainings(writer: Writer) -> Iterator[None]:
    """Trainings with people who complete them; some of it entered in error."""
    code = f"KILLS-{writer.number}"
    writer.post("trainings", "/v1/courses", {"code": code, "title": "Course", "type": "basic", "topics": ["custody"]})
    while True:
        training = writer.post(
            "trainings",
            "/v1/trainings",
            {
                "course_code": code,
                "program_code": "MX-CORR",
                "provider_agency_code": writer.random.choice(("US-NM-CD", "US-CO-DOC")),
                "host_country_code": "PE",
                "beneficiary_country_codes": ["PE"],
                "starts_on": "2015-03-15",
                "ends_on": "2015-04-24",
                "venue_kind": "host_country",
            },
        )
        yield
        for _ in range(writer.random.randint(1, 4)):
            yield from _record_participant(writer, training)
        path = f"/v1/trainings/{training['id']}"
        training = writer.patch("trainings", training, path, {"title": f"Class {writer.random.random()}"})
        yield
        if writer.random.random() < 0.3:
            writer.post("trainings", f"{path}/void", {"reason": "Entered twice."}, training["version"])
            yield


def _record_participant(writer: Writer, training: dict[str, Any]) -> Iterator[None]:
    name = f"Person {writer.random.random()}"
    body = {"country_code": "PE", "nationality_code": "PE", "given_name": "Synthetic", "surname_1": name}
    person = writer.post("trainings", "/v1/people", body)
    yield
    person = writer.patch("trainings", person, f"/v1/people/{person['id']}", {"surname_2": "Twelve"})
    yield
    seat = {"training_id": training["id"], "person_id": person["id"], "note": f"Seat {writer.random.random()}"}
    enrollment = writer.post("trainings", "/v1/enrollments", seat)
    yield
    body = {"enrollment_id": enrollment["id"], "completed_on": "2015-04-24"}
    completion = writer.post("trainings", "/v1/completions", body)
    yield
    if writer.random.random() < 0.3:
        path = f"/v1/completions/{completion['id']}/void"
        writer.post("trainings", path, {"reason": "Entered in error."}, completion["version"])
        yield


def record_documents(writer: Writer) -> Iterator[None]:
    """Agencies, sources and what they report; some of it entered in error."""
    series = {
        "code": f"kills-{writer.number}",
        "label": "Instructors trained",
        "measure_code": "instructors_trained",
        "subject_type": "country",
        "subject_code": "PE",
        "scope": "All of them.",
    }
    writer.post("programs", "/v1/series", series)
    for number in range(10**6):
        code = f"KILLS-{writer.number}-{number}"
        agency = writer.post("programs", "/v1/agencies", {"code": code, "name": code, "kind": "ngo"})
        yield
        body = {
            "code": code.lower(),
            "title": code,
            "publisher": code,
            "publisher_agency_code": code,
            "kind": "report",
            "as_of_earliest": "2015-01-01",
            "confidence": "low",
        }
        writer.post("programs", "/v1/sources", body)
        yield
        body = {
            "code": code,
            "series_code": series["code"],
            "value": str(number),
            "bound": "eq",
            "text": f"{number} were trained.",
            "source_code": code.lower(),
        }
        figure = writer.post("programs", "/v1/reported-figures", body)
        yield
        agency = writer.patch("programs", agency, f"/v1/agencies/{agency['id']}", {"aliases": [f"Also {number}"]})
        yield
        if writer.random.random() < 0.3:
            path = f"/v1/reported-figures/{figure['id']}/void"
            writer.post("programs", path, {"reason": "Entered twice."}, figure["version"])
            yield


# Of each kind two, so that a service is in the middle of something whenever it is killed.
WRITERS: Final[tuple[Work, ...]] = (record_money, record_trainings, record_documents) * 2
