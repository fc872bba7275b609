"""Each service is fuzzed by its OpenAPI document: whatever is sent, the answer is one that the document declares.

TRIBUTARY_SOAK=1 sends everything the document gives rise to, and ten times the random requests.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import httpx
import pytest
import schemathesis
from chassis.problems import MEDIA_TYPE, Problem
from chassis.testing import Databases
from gateway.routing import JOINED
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import Interaction, ScenarioRecorder
from schemathesis.generation.meta import CoverageScenario, coverage_scenario
from schemathesis.hooks import unregister

from tests.system.fuzz_feed import Feed
from tests.system.fuzz_house import ROOT, House, open_house

SEED: Final = 20161001
IS_SOAK: Final = bool(os.environ.get("TRIBUTARY_SOAK"))
MOST_FAULTS_SHOWN: Final = 30
CHECKS: Final = {
    "allow_header_conformance",
    "content_type_conformance",
    "ignored_auth",
    "negative_data_rejection",
    "not_a_server_error",
    "response_headers_conformance",
    "response_schema_conformance",
    "status_code_conformance",
    "unsupported_method",
}
# Each field with each wrong type, and with each other field or without: a few of them say as much.
BY_THE_HUNDRED: Final = {
    CoverageScenario.INCORRECT_TYPE,
    CoverageScenario.OBJECT_REQUIRED_AND_OPTIONAL,
    CoverageScenario.VALID_OBJECT,
}


@dataclass(frozen=True)
class Dose:
    """How much is sent to a service, and how much of it has to be answered, and answered with success."""

    service: str
    examples: int  # random requests of an operation
    kept: int  # one in so many of what comes by the hundred
    cases: int
    successes: int


DOSES: Final = (
    Dose("programs", examples=6, kept=8, cases=1000, successes=300),
    Dose("trainings", examples=15, kept=8, cases=1000, successes=300),
    Dose("funding", examples=20, kept=8, cases=1000, successes=300),
    Dose("gateway", examples=25, kept=1, cases=250, successes=80),
)


@dataclass
class Outcome:
    """What came of a run."""

    statuses: Counter[int] = field(default_factory=Counter)
    succeeded: set[str] = field(default_factory=set)
    operations: set[str] = field(default_factory=set)
    checks: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def cases(self) -> int:
        """How many requests were answered."""
        return self.statuses.total()

    @property
    def successes(self) -> int:
        """How many of them did what they asked for."""
        return sum(count for status, count in self.statuses.items() if httpx.codes.is_success(status))

    def add(self, recorder: ScenarioRecorder) -> None:
        """Take in the requests of one scenario, with what the checks said of them."""
        self.operations.add(recorder.label)
        for case_id, interaction in recorder.interactions.items():
            faults = []
            for check in recorder.checks.get(case_id, []):
                self.checks[check.name] += 1
                if check.status is Status.FAILURE and check.failure_info is not None:
                    failure = check.failure_info.failure
                    faults.append(f"{check.name}: {failure.title} {failure.message[:500]}")
            answer = interaction.response
            if answer is None:
                faults.append("there was no answer")
            else:
                self.statuses[answer.status_code] += 1
                if httpx.codes.is_success(answer.status_code):
                    self.succeeded.add(recorder.label)
                if fault := problem_fault(interaction):
                    faults.append(fault)
            self.faults += [f"{recorder.label}: {fault}\n    {describe(interaction)}" for fault in faults]


def problem_fault(interaction: Interaction) -> str | None:
    """How a refusal differs from the problem document that it should be."""
    answer = interaction.response
    if answer is None or answer.status_code < httpx.codes.BAD_REQUEST:
        return None
    kind = answer.headers.get("content-type", [""])[0]
    if kind != MEDIA_TYPE:
        return f"the refusal is {kind}, not {MEDIA_TYPE}"
    problem = Problem.model_validate_json(answer.content)
    if (problem.status, problem.type) != (answer.status_code, f"/problems/{problem.code}"):
        return "the problem is not the one of the answer"
    if [problem.request_id] != answer.headers.get("x-request-id"):
        return "the problem names another request"
    if "This breaks the rule" in problem.detail:
        return "the database refused what nobody foresaw: the rule has no words"
    return None


def describe(interaction: Interaction) -> str:
    """The request and the answer in two lines."""
    request, answer = interaction.request, interaction.response
    sent = f"{request.method} {request.uri[:500]} {(request.body or b'')[:500]!r}"
    return f"{sent}\n    {answer.status_code} {answer.content[:500]!r}" if answer else sent


class Thinning:
    """Passes one in `kept` of the cases that come by the hundred."""

    def __init__(self, kept: int) -> None:
        self.kept = kept
        self.seen: Counter[CoverageScenario] = Counter()

    def __call__(self, _context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> bool:
        """Whether `case` is to be sent."""
        scenario = coverage_scenario(case)
        if scenario not in BY_THE_HUNDRED:
            return True
        self.seen[scenario] += 1
        return self.seen[scenario] % self.kept == 0


def make_config(house: House, token: str, examples: int) -> SchemathesisConfig:
    """The same requests in each run: a fixed seed, nothing that depends on the answers or on earlier runs."""
    not_from_answers = {"extra-data-sources": {"responses": False}}
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "base-url": house.base_url,
            "headers": {"Authorization": f"Bearer {token}"},
            "workers": 1,
            "continue-on-failure": True,
            "request-timeout": 60,
            "generation": {"max-examples": examples, "deterministic": True, "no-shrink": True, "database": "none"},
            "phases": {
                "examples": not_from_answers,
                "coverage": not_from_answers,
                "fuzzing": {**not_from_answers, "error-feedback": {"enabled": False}},
                "stateful": {"enabled": False},
            },
            "analysis": {"constants": {"enabled": False}},
            # A document cannot say everything: an unknown code, or an end before its start, is refused rightly.
            "checks": {"positive_data_acceptance": {"enabled": False}},
        }
    )


def fuzz(house: House, dose: Dose) -> Outcome:
    """Send what the document of a service allows and what it forbids, through the gateway."""
    document = json.loads((ROOT / "openapi" / f"{dose.service}.json").read_text(encoding="utf-8"))
    token = house.admin_token if dose.service == "gateway" else house.token
    config = make_config(house, token, dose.examples * (10 if IS_SOAK else 1))
    schema = schemathesis.openapi.from_dict(document, config=config)
    if dose.service != "gateway":  # which answers these in the services' place
        schema = schema.exclude(path=[f"/v1/{noun}" for noun in JOINED])
    schema.hook("filter_case")(Thinning(1 if IS_SOAK else dose.kept))
    outcome = Outcome()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            outcome.add(event.recorder)
        elif isinstance(event, events.NonFatalError):
            outcome.faults.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    return outcome


@pytest.fixture(scope="module")
def house(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A system of its own."""
    with open_house(databases, tmp_path_factory.mktemp("house")) as opened:
        yield opened


# No worker runs here, so no import is read: what is asked of one is refused, in a way that the document declares.
AFTER_A_WORKER = {
    f"{method} /v1/roster-imports/{{roster_import_id}}{step}"
    for method, step in (
        ("GET", ""), ("PATCH", ""), ("GET", "/events"), ("GET", "/rows"), ("POST", "/check"), ("POST", "/corrections"),
        ("POST", "/commit"), ("POST", "/cancel"), ("POST", "/undo"), ("GET", "/undo-preview"),
    )
}  # fmt: skip
# What is sent is no table of entries, so an import is never checked: as above.
OF_A_TABLE = {
    f"POST /v1/ledger-imports/{{ledger_import_id}}/{step}"
    for step in ("check", "corrections", "propose", "commit", "decline", "undo", "commit-undo")
}


@pytest.fixture
def feed(house: House) -> Iterator[Feed]:
    """What makes the requests meaningful."""
    made = Feed(house.base_url, house.token, house.admin_token, SEED)
    # As partials, because a hook is given attributes, which a method cannot have.
    hooks = {"before_call": partial(made.before_call), "after_call": partial(made.after_call)}
    for name, hook in hooks.items():
        schemathesis.hook(name)(hook)
    try:
        yield made
    finally:
        for hook in hooks.values():
            unregister(hook)


@pytest.mark.soak
@pytest.mark.parametrize("dose", DOSES, ids=[dose.service for dose in DOSES])
def test_every_answer_is_one_that_the_document_declares(
    house: House, feed: Feed, record_property: Callable[[str, Any], None], dose: Dose
) -> None:
    started = time.monotonic()
    outcome = fuzz(house, dose)
    summary = (
        f"{dose.service}: {outcome.cases} cases, {outcome.successes} successes, "
        f"{time.monotonic() - started:.0f} s, statuses {dict(sorted(outcome.statuses.items()))}"
    )
    record_property(dose.service, summary)
    print(summary)  # noqa: T201 - shown with -s, and where the test fails
    assert not outcome.faults, "\n".join([summary, *outcome.faults[:MOST_FAULTS_SHOWN], house.last_errors()])
    assert set(outcome.checks) >= CHECKS
    assert outcome.cases >= dose.cases
    assert outcome.successes >= dose.successes
    assert outcome.succeeded | AFTER_A_WORKER | OF_A_TABLE >= outcome.operations
