"""What a form would send, made of a row: the same bodies and the same refusals, noted at the fields of the roster."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, TypeVar

from chassis.errors import DomainError
from chassis.tables.faults import refusals_of_body, refusals_of_rule
from pydantic import BaseModel, ValidationError

from trainings.domain import RosterField
from trainings.service.roster_imports.drafts import Draft
from trainings.service.roster_imports.known import Known

Body = TypeVar("Body", bound=BaseModel)
Found = TypeVar("Found")
_MOST_REMEMBERED: Final = 20_000
# From where the validators point to the field of the roster.
_FIELDS: Final[Mapping[str, RosterField]] = {
    "country_code": RosterField.nationality_code,
    "birth_precision": RosterField.birth_date,
    "number": RosterField.id_number,
    "type": RosterField.id_type,
    "issuer_country_code": RosterField.id_country_code,
    "person_id": RosterField.birth_date,
    "unit_id": RosterField.unit_code,
    "to": RosterField.status,
}
_OF_CODES: Final[Mapping[str, RosterField]] = {
    "hours_short": RosterField.hours_attended,
    "score_missing": RosterField.post_score,
    "score_below_pass_mark": RosterField.post_score,
}


def as_written(values: Mapping[str, Any]) -> dict[str, Any]:
    """Decimals as text, as a body has them."""
    return {name: format(value, "f") if isinstance(value, Decimal) else value for name, value in values.items()}


def take(draft: Draft, kind: type[Body], values: Mapping[str, Any]) -> Body | None:
    """The body that a form would send; None where it would be refused, which is noted."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        for each in refusals_of_body(error):
            draft.refuse(_FIELDS.get(each.field or "", each.field) or None, each.code, each.message)
        return None


def take_again(known: Known, draft: Draft, kind: type[Body], values: Mapping[str, Any]) -> Body | None:
    """The same, where another row may have said just this. Nobody may change the body."""
    place = (kind, tuple(values.items()))
    found = known.bodies.get(place)
    if found is None:
        tried = Draft(0, {})
        body = take(tried, kind, as_written(values))
        found = (body, tried.errors)
        if len(known.bodies) < _MOST_REMEMBERED:
            known.bodies[place] = found
    body, errors = found
    for error in errors:
        draft.refuse(error.field, error.code, error.message)
    return body


def run(draft: Draft, check: Callable[[], Found]) -> Found | None:
    """What a rule answers; where it refuses, what it says is an error of the row."""
    try:
        return check()
    except DomainError as refused:
        if not refused.errors:
            draft.refuse(RosterField.status, refused.code, refused.detail)
        for each in refusals_of_rule(refused) if refused.errors else ():
            of_field = _OF_CODES.get(each.code) or _FIELDS.get(each.field or "") or each.field or None
            draft.refuse(of_field, each.code, each.message)
        return None
