"""What the API says in codes, in words for a reader. Pure: no framework."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

_DECIMAL: Final = re.compile(r"[0-9]+\.[0-9]+")
COMPARISONS: Final = {
    "not_recorded": "Not recorded: there is no record of any kind to compare with.",
    "not_comparable": "Not comparable",
    "consistent": "Consistent with the records",
    "borderline": "On the border of what the records allow",
    "short": "The records show fewer",
    "exceeds": "The records show more",
}
REASONS: Final = {
    "as_of_window_open": "the day the claim speaks of is known only roughly, and the records changed within it",
    "nationality_differs": "another nationality",
    "no_counting_rule": "there is no rule to count it by",
    "range_straddles": "the range reaches to both sides",
    "records_not_declared_complete": "nobody has declared the records complete",
    "scope_differs": "another scope",
    "stage_unspecified": "the stage of the money is not stated",
    "unit_differs": "another unit",
}
STATES: Final = {
    "ok": "answered",
    "unavailable": "is out of reach",
    "timeout": "did not answer in time",
    "refused": "refused to answer",
    "invalid_answer": "answered something that makes no sense",
}
SERVICES: Final = {
    "programs": "Programs, partners, reported figures and statements",
    "trainings": "Trainings, people and recorded counts",
    "funding": "The ledger and totals of money",
}
ROLES: Final = {
    "viewer": "Viewer: reads everything but people",
    "analyst": "Analyst: also writes sources, measures, figures and statements",
    "officer": "Officer: also reads and writes people and records of granted countries",
    "admin": "Administrator: manages users, grants and tokens, and sees no people",
}
# Where the code of a type of agreement is no word.
AGREEMENT_TYPES: Final = {
    "loa": "Letter of agreement",
    "amended_loa": "Amended letter of agreement",
    "iaa_632a": "Interagency agreement, 632(a)",
    "iaa_632b": "Interagency agreement, 632(b)",
    "pio_contribution": "Contribution to a public international organization",
    "mou": "Memorandum of understanding",
}
FLAGS: Final = {
    "mixed_team": "led by instructors of different tiers",
    "far_from_the_source": "far from the source: each step loses something",
    "older_course_version": "taught with an older version of the course than the current one of that day",
    "hours_short": "less than 0.8 of the designed hours delivered",
}


def write_code(code: str) -> str:
    """`us_federal` as `US federal`."""
    words = code.replace("_", " ")
    return f"US{words[2:]}" if words.startswith("us ") else words


def write_title(code: str) -> str:
    """`oversight_body` as `Oversight body`."""
    words = write_code(code)
    return words[:1].upper() + words[1:]


def write_number(value: object) -> str:
    """`7800` as `7,800`; what is not a number as it is."""
    return f"{value:,}" if isinstance(value, int) else str(value)


def write_amount(amount: Mapping[str, Any]) -> str:
    """`{"amount": "1100000.00", "currency": "USD"}` as `1,100,000.00 USD`; digits are grouped, never rounded."""
    return f"{Decimal(amount['amount']):,f} {amount['currency']}"


def write_share(share: str) -> str:
    """`0.6333` as `63.33 %`."""
    return f"{(Decimal(share) * 100).normalize():f} %"


def write_agreement_type(code: str) -> str:
    """What an agreement is, in words."""
    return AGREEMENT_TYPES.get(code) or write_title(code)


def write_ledger_address(entries_url: str) -> str:
    """Where a reader sees the entries of a total: the API's address of them as one of a page."""
    return f"/funding/ledger?{entries_url.partition('?')[2]}"


def write_day(value: str | None) -> str:
    """`2026-11-21` as `21 November 2026`."""
    if not value:
        return ""
    day = date.fromisoformat(value)
    return f"{day.day} {day:%B %Y}"


def write_instant(value: str | None) -> str:
    """`2026-11-21T14:36:00Z` as `21 November 2026, 14:36 UTC`."""
    if not value:
        return ""
    instant = datetime.fromisoformat(value)
    return f"{instant.day} {instant:%B %Y, %H:%M} UTC"


def write_window(vague: Mapping[str, Any] | None) -> str:
    """The days between which a vague date lies; empty where its label says as much."""
    if not vague or not (vague.get("earliest") or vague.get("latest")):
        return ""
    ends = [write_day(vague.get(name)) or "?" for name in ("earliest", "latest")]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def write_countries(codes: list[str]) -> str:
    """Countries that are granted, in words."""
    if not codes:
        return "no country"
    return "all countries" if "*" in codes else ", ".join(codes)


def write_name(person: Mapping[str, Any] | None) -> str:
    """A person by name: in Latin letters where there are any, else in the original script."""
    if person is None:
        return "Somebody whose record you may not see"
    if person.get("erased_at"):
        return "Erased person"
    names = [person.get(field) for field in ("given_name", "surname_1", "surname_2")]
    return " ".join(name for name in names if name) or str(person.get("full_name_original") or "No name recorded")


def write_few(number: int | None) -> str:
    """A number of people; one that is hidden, because they are few, says so."""
    return "too few to show" if number is None else write_number(number)


def write_birth(person: Mapping[str, Any]) -> str:
    """A birth date as far as it is known."""
    birth_date = person.get("birth_date")
    if not birth_date:
        return "not recorded"
    return str(birth_date)[:4] if person.get("birth_precision") == "year" else write_day(birth_date)


def write_typed_day(text: str) -> str:
    """A typed day in words; what is no day as it is."""
    try:
        return write_day(text)
    except ValueError:
        return text


def write_plain(text: object) -> str:
    """`85.00` as `85`: a number without the zeros that say nothing. Anything else as it is."""
    written = "" if text is None else str(text)
    return written.rstrip("0").rstrip(".") if _DECIMAL.fullmatch(written) else written
