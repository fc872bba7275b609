"""A training for the next cohort: what is kept of the last one, and what moves on. Pure: no framework."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from web.edits import Field, Kind

# A year that begins on the same day of the week.
YEAR: Final = timedelta(weeks=52)
_NUMBER: Final = re.compile(r"(\d+)(?!.*\d)")

FIELDS: Final = (
    Field("course_code", "Course", hint="Code of the course", is_required=True),
    Field("title", "Title"),
    Field("cohort", "Class", hint="The people who take it together, such as International Class 2"),
    Field("starts_on", "First day", Kind.date, is_required=True),
    Field("ends_on", "Last day", Kind.date, is_required=True),
    Field("provider_agency_code", "Provided by", hint="Code, such as US-NM-CD", is_required=True),
    Field("co_provider_agency_codes", "Together with", Kind.codes, hint="Codes, with commas between them"),
    Field("funder_agency_codes", "Paid for by", Kind.codes, hint="Codes, with commas between them"),
    Field("beneficiary_country_codes", "For people of", Kind.codes, hint="Country codes, such as MX", is_required=True),
    Field("host_country_code", "Takes place in", hint="Country code", is_required=True),
    Field(
        "venue_kind",
        "Kind of place",
        Kind.choice,
        choices=("host_country", "united_states", "third_country", "online"),
        is_required=True,
    ),
    Field("venue", "Place"),
    Field("program_code", "Program", hint="Code of the program it belongs to"),
    Field("language_code", "Language", hint="Such as es or es-MX"),
    Field("delivery_mode", "Taught", Kind.choice, choices=("in_person", "online", "blended")),
    Field("capacity", "Seats", Kind.integer),
)
CODE: Final = Field("code", "Code", hint="Of your own, unlike any other; may be empty")
NEW_FIELDS: Final = (CODE, *FIELDS)


def next_cohort(training: Mapping[str, Any]) -> dict[str, Any]:
    """The training after this one: the same but for its dates, its class and whatever happened in it.

    It takes as many days and begins a year later, on the same day of the week.
    """
    starts_on, ends_on = (date.fromisoformat(training[name]) for name in ("starts_on", "ends_on"))
    kept = {one.name: training.get(one.name) for one in FIELDS}
    moved = {"starts_on": (starts_on + YEAR).isoformat(), "ends_on": (ends_on + YEAR).isoformat()}
    return kept | moved | {"cohort": next_name(training.get("cohort")), "code": None}


def next_name(name: str | None) -> str | None:
    """`International Class 1` as `International Class 2`; without a number as it is."""
    return _NUMBER.sub(lambda found: str(int(found[0]) + 1).zfill(len(found[0])), name, count=1) if name else None
