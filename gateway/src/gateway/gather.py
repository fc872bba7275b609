"""Asks the services for what a figure or a card needs, all at once and within a deadline; what is missing is named."""

import asyncio
import time
from collections.abc import Awaitable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from chassis.errors import FieldError, Invalid
from chassis.known import default_day, not_come_yet, write_instant
from chassis.logs import current_request_id
from chassis.tokens import Caller, mint_token
from joserfc.jwk import OKPKey
from starlette.requests import Request

from gateway.clients import SERVICES, ServiceDown, Services
from gateway.figures import Findings, Json, Recorded, counted_series, days_to_count, series_key

# The counts can only be asked for once the series are known, so the dossier may not use up all the time.
_DOSSIER_PART: Final = 0.6
_ANSWERING_SECONDS: Final = 0.05
AS_OF_MEANING: Final = (
    "As true on this day, by default that of `known_at`, else today: what happened by then, and claims whose document "
    "may have been written by then."
)


class Asking:
    """One caller's questions within one deadline."""

    def __init__(self, request: Request, caller: Caller) -> None:
        key: OKPKey = request.app.state.token_private_key
        deadline_seconds: float = request.app.state.settings.card_deadline_seconds
        self._services: Services = request.app.state.services
        self._token = mint_token(key, caller, current_request_id())
        self._ends = time.monotonic() + deadline_seconds - min(_ANSWERING_SECONDS, deadline_seconds / 4)
        self.problems: dict[str, Json] = {}
        """The last problem of each service that had one."""
        self.states: dict[str, Json] = {name: {"status": "ok", "feed_number": None} for name in SERVICES}

    @property
    def seconds_left(self) -> float:
        """The time that is left."""
        return self._ends - time.monotonic()

    async def ask(self, service: str, path: str, params: Any = None, part: float = 1) -> Mapping[str, Any] | None:  # noqa: ANN401 - as httpx takes them
        """The answer, or None: then the state of the service says why."""
        try:
            async with asyncio.timeout(max(self.seconds_left * part, 0.001)):
                found = await self._services.read(service, path, self._token, self.seconds_left * part, params)
        except ServiceDown as down:
            self.states[service] = {"status": down.state, "feed_number": None}
            self.problems[service] = down.problem
        except TimeoutError:
            self.states[service] = {"status": "timeout", "feed_number": None}
        else:
            if self.states[service]["status"] == "ok":  # of several answers one may have failed
                self.states[service]["feed_number"] = found.get("feed_number")
            return found
        return None


def today() -> date:
    """Today in UTC, the one calendar of every figure."""
    return datetime.now(UTC).date()


def check_as_of(as_of: date | None, known_at: datetime | None) -> date:
    """The date asked for, where none is that of `known_at`, else today; `Invalid` for what has not come."""
    if known_at is not None and known_at > datetime.now(UTC):
        raise not_come_yet(known_at)
    if as_of is not None and as_of > today():
        message = f"{as_of} has not come yet; today is {today()} (UTC)."
        raise Invalid(message, [FieldError("in_the_future", message, parameter="as_of")])
    return as_of or default_day(known_at)


async def gather(
    request: Request,
    caller: Caller,
    subject_type: str,
    subject_code: str,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> Findings:
    """All that the services know of a subject's figures, as of a date; with `known_at`, what they knew then."""
    asking = Asking(request, caller)
    as_of = check_as_of(as_of, known_at)
    findings = Findings(subject_type, subject_code, as_of, known_at=known_at, services=asking.states)
    is_country = subject_type == "country"

    async def money() -> None:
        of_country = [("country_code", subject_code), ("as_of", findings.as_of.isoformat())]
        found = await asking.ask("funding", "/v1/money-totals", of_country + then(findings))
        findings.money = dict(found) if found else None

    async def figures() -> None:
        path = f"/v1/dossiers/{subject_type}/{subject_code}"
        found = await asking.ask("programs", path, then(findings), part=_DOSSIER_PART)
        findings.dossier = dict(found) if found else None
        await asyncio.gather(*(count(series) for series in counted_series(findings)))

    async def count(series: Json) -> None:
        found = await asking.ask("trainings", "/v1/recorded-figures", count_parameters(findings, series))
        if found:
            findings.recorded[series_key(series)] = Recorded(dict(found), findings.as_of)

    questions: list[Awaitable[None]] = [figures(), *([money()] if is_country else [])]
    await asyncio.gather(*questions)
    return findings


def then(findings: Findings) -> list[tuple[str, str]]:
    """How to ask a service for what it knew at the moment asked for; nothing for now."""
    return [("known_at", write_instant(findings.known_at))] if findings.known_at else []


def count_parameters(findings: Findings, series: Json, *, explain: bool = False) -> list[tuple[str, str]]:
    """How to ask the trainings service for the counts of a series: it filters exactly what the series declares."""
    parameters = [("measure", series["measure_code"])]
    parameters += [("agency_code", code) for code in series["agency_codes"]]
    parameters += [
        (name, series[name]) for name in ("nationality_code", "venue_kind", "program_code") if series[name] is not None
    ]
    parameters += [("as_of", day.isoformat()) for day in days_to_count(findings, series)]
    parameters += then(findings)
    return parameters + ([("explain", "true")] if explain else [])


async def explain_counts(request: Request, caller: Caller, findings: Findings, series: Json) -> Json | None:
    """What the trainings service counted and left out for a series."""
    asking = Asking(request, caller)
    found = await asking.ask("trainings", "/v1/recorded-figures", count_parameters(findings, series, explain=True))
    return dict(found) if found else None
