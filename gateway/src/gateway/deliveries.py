"""What an agreement promises beside what was delivered of it, as its owner counts it. Nothing is stored."""

import asyncio
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from chassis.errors import FieldError, Invalid, Unavailable
from chassis.tokens import Caller
from starlette.requests import Request

from gateway.figures import Json
from gateway.gather import Asking, check_as_of

# A promise of these is delivered by trainings; of others nothing here says how many there were.
_UNITS: Final = {"seats": "seats", "courses": "trainings"}
_HELD: Final = ("completed", "reported")
_MOST: Final = 500


async def find_deliveries(request: Request, caller: Caller, agreement_code: str, as_of: date | None) -> Json:
    """The promises of an agreement, each with what was delivered by a day."""
    day = check_as_of(as_of, None)
    asking = Asking(request, caller)
    agreements, promises = await asyncio.gather(
        asking.ask("funding", "/v1/agreements", {"code": agreement_code}), _list_promises(asking, agreement_code)
    )
    if agreements is None or promises is None:
        raise Unavailable("The funding service is out of reach, so nobody can say what was promised.")
    if not agreements["items"]:
        message = f"There is no agreement with the code {agreement_code}."
        raise Invalid(message, [FieldError("unknown_code", message, parameter="agreement_code")])
    agreement = agreements["items"][0]
    rows = await asyncio.gather(*(_deliver(asking, agreement, one, day) for one in promises))
    return {"agreement_code": agreement_code, "as_of": day, "rows": rows, "services": asking.states}


async def _list_promises(asking: Asking, agreement_code: str) -> list[Json] | None:
    """All of them; None where the funding service does not answer."""
    found, cursor = list[Json](), ""
    while True:
        query = {"agreement_code": agreement_code, "limit": _MOST} | ({"cursor": cursor} if cursor else {})
        page = await asking.ask("funding", "/v1/agreement-deliverables", query)
        if page is None:
            return None
        found += page["items"]
        if not page["next_cursor"]:
            return found
        cursor = page["next_cursor"]


async def _deliver(asking: Asking, agreement: Json, promise: Json, day: date) -> Json:
    starts_on = promise["delivered_from"] or agreement["starts_on"]
    ends_on = promise["delivered_to"] or agreement["current_ends_on"]
    until = min(ends_on, day.isoformat()) if ends_on else day.isoformat()
    delivered = await _count(asking, agreement, promise, starts_on, until)
    names = ("kind", "promised", "due_on", "description", "course_code", "program_code", "provider_agency_code")
    return {
        "deliverable_id": promise["id"],
        **{name: promise[name] for name in names},
        "is_overdue": _is_overdue(promise, delivered, day),
        "delivered_from": starts_on,
        "delivered_to": ends_on,
        "delivered": delivered,
    }


def _is_overdue(promise: Json, delivered: Json, day: date) -> bool | None:
    if promise["due_on"] is None or promise["due_on"] >= day.isoformat():
        return False
    if delivered["lower"] is not None and delivered["lower"] >= promise["promised"]:
        return False
    if delivered["upper"] is not None and delivered["upper"] < promise["promised"]:
        return True
    return None


async def _count(asking: Asking, agreement: Json, promise: Json, starts_on: str | None, until: str) -> Json:
    if promise["kind"] not in _UNITS:
        return _unknown(
            "not_counted_here", f"No service records {promise['kind']}, so nobody can say how many there were."
        )
    if promise["course_code"] is None and promise["program_code"] is None:
        return _unknown("not_linked", "Nothing says by which trainings it is delivered.")
    filters = [(name, promise[name]) for name in ("course_code", "program_code") if promise[name]]
    filters += [("agency_code", promise["provider_agency_code"])] if promise["provider_agency_code"] else []
    ask = _count_seats if promise["kind"] == "seats" else _count_trainings
    delivered = await ask(asking, agreement["country_code"], filters, starts_on, until)
    if delivered["status"] == "not_recorded" and promise["course_code"]:
        known = await asking.ask("trainings", "/v1/courses", {"code": promise["course_code"]})
        if known is not None and not known["items"]:
            return _unknown("unknown_course", f"There is no course with the code {promise['course_code']}.")
    return delivered


async def _count_seats(
    asking: Asking, country_code: str, filters: list[tuple[str, str]], starts_on: str | None, until: str
) -> Json:  # fmt: skip
    query = [("measure", "attendances"), ("country_code", country_code), *filters]
    query += [("from_date", starts_on)] if starts_on else []
    query += [("as_of", until)]
    found = await asking.ask("trainings", "/v1/training-counts", query)
    url = f"/v1/training-counts?{urlencode(query)}"
    if found is None:
        return _missing(asking, url)
    group = found["items"][0]
    if group["suppressed"]:
        return _unknown("hidden", "Fewer than five people: shown to officers with a grant for their country.", url)
    if group["lower"] is None:
        return _unknown("not_recorded", "No seat of these trainings is recorded.", url)
    lower, upper = int(group["lower"]), int(group["upper"])
    return {
        "status": "counted" if lower == upper else "range",
        "value": lower if lower == upper else None,
        "lower": lower,
        "upper": upper,
        "unit": "seats",
        "note": str(found["method"]),
        "source_url": url,
    }


async def _count_trainings(
    asking: Asking, country_code: str, filters: list[tuple[str, str]], starts_on: str | None, until: str
) -> Json:  # fmt: skip
    query = [("beneficiary_country_code", country_code), *filters]
    query += [("starts_on_gte", starts_on)] if starts_on else []
    query += [("ends_on_lte", until), ("is_voided", "false")]
    all_of_them, held = await asyncio.gather(
        asking.ask("trainings", "/v1/trainings", [*query, ("limit", "1")]),
        asking.ask(
            "trainings",
            "/v1/trainings",
            [*query, *(("status", one) for one in _HELD), ("limit", "1"), ("with_total", "true")],
        ),
    )
    url = f"/v1/trainings?{urlencode([*query, *(('status', one) for one in _HELD)])}"
    if all_of_them is None or held is None:
        return _missing(asking, url)
    if not all_of_them["items"]:
        return _unknown("not_recorded", "No such training is recorded.", url)
    count = int(held["total_count"])
    return {
        "status": "counted",
        "value": count,
        "lower": count,
        "upper": count,
        "unit": "trainings",
        "note": "Trainings that are completed or reported, and not voided.",
        "source_url": url,
    }


def _missing(asking: Asking, url: str) -> Json:
    state = asking.states["trainings"]["status"]
    return _unknown("missing", f"The trainings service is out of reach ({state}): this is missing, not zero.", url)


def _unknown(status: str, note: str, source_url: str | None = None) -> Json:
    nothing: dict[str, Any] = dict.fromkeys(("value", "lower", "upper", "unit"))
    return nothing | {"status": status, "note": note, "source_url": source_url}
