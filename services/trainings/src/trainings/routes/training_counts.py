"""Counts of trainings' people over HTTP, by any mix of filters and groups. Only small ones are hidden from some."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final

from chassis.errors import FieldError, Invalid
from chassis.known import AtMoment, default_day, say_moment
from chassis.tokens import EVERYWHERE, Caller
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Query

from trainings import counting, domain
from trainings.counting import Filters, Group, Part
from trainings.domain import Dimension, TrainingMeasure
from trainings.schemas.training_counts import (
    TrainingCountExplanation,
    TrainingCountGroup,
    TrainingCountLeftOut,
    TrainingCountPart,
    TrainingCountQuery,
    TrainingCountRead,
)

router: Final = work_router("Training counts")
MOST_GROUPS: Final = 5000
# The field of a group that says which of a dimension it is.
_FIELDS: Final = {
    Dimension.nationality: "nationality_code",
    Dimension.sex: "sex",
    Dimension.level: "level",
    Dimension.country: "country_code",
    Dimension.host_country: "host_country_code",
    Dimension.program: "program_code",
    Dimension.agency: "agency_code",
    Dimension.funder: "funder_agency_code",
    Dimension.course: "course_code",
    Dimension.course_type: "course_type",
    Dimension.venue: "venue_kind",
    Dimension.tier: "tier",
    Dimension.fiscal_year: "fiscal_year",
    Dimension.calendar_year: "calendar_year",
}
_NUMBERS: Final = frozenset({Dimension.tier, Dimension.fiscal_year, Dimension.calendar_year})


@router.get("/training-counts", response_model=TrainingCountRead)
async def get_training_counts(
    session: Session, caller: CurrentCaller, query: Annotated[TrainingCountQuery, Query()], moment: AtMoment
) -> TrainingCountRead:
    """Count persons, attendances, completions, certifications or contact hours, by any mix of filters and groups.

    Filters of one name are alternatives, those of different names must all hold. A filter takes what is recorded so:
    somebody whose level is not recorded is in no level. At most 5,000 groups.
    """
    last = query.as_of or default_day(moment.known_at if moment else None)
    first = query.from_date
    if query.fiscal_year is not None:
        if first is not None:
            raise _both_periods()
        first, last = domain.first_day(query.fiscal_year), min(last, domain.last_day(query.fiscal_year))
    filters = _filters(query, first, last)
    until = moment.number if moment else None
    by = list(dict.fromkeys(query.group_by))
    groups = await counting.count_trainings(session, query.measure, filters, by, most=MOST_GROUPS + 1, until=until)
    if len(groups) > MOST_GROUPS:
        raise _too_many_groups()
    sees_small = may_see_small(caller, query.nationality_code)
    has_records = bool(groups or by) or await counting.has_records(session, query.measure, until)
    account = await counting.account_for_trainings(session, query.measure, filters, until) if query.explain else {}
    return TrainingCountRead(
        measure=query.measure,
        unit=domain.COUNT_UNITS[query.measure],
        method=domain.COUNT_METHODS[query.measure],
        method_version=domain.COUNT_METHOD_VERSION,
        period_rule=domain.PERIOD_RULES[query.measure],
        is_additive=query.measure is not TrainingMeasure.persons,
        group_by=by,
        from_date=first,
        as_of=last,
        items=_items(query.measure, by, groups, has_records=has_records, sees_small=sees_small),
        explain=_explain(account, sees_small=sees_small) if query.explain else None,
        **say_moment(moment),
    )


def may_see_small(caller: Caller, nationality_codes: list[str]) -> bool:
    """Whether small numbers are shown: to who may see the records of all the people that can be among them."""
    if EVERYWHERE in caller.countries:
        return True
    return bool(nationality_codes) and all(caller.may_see(code) for code in nationality_codes)


def _filters(query: TrainingCountQuery, first: date | None, last: date) -> Filters:
    return Filters(
        training_ids=tuple(query.training_id),
        nationality_codes=tuple(query.nationality_code),
        country_codes=tuple(query.country_code),
        host_country_codes=tuple(query.host_country_code),
        program_codes=tuple(query.program_code),
        agency_codes=tuple(query.agency_code),
        funder_codes=tuple(query.funder_agency_code),
        course_codes=tuple(query.course_code),
        course_types=tuple(query.course_type),
        venue_kinds=tuple(query.venue_kind),
        sexes=tuple(query.sex),
        levels=tuple(query.level),
        tiers=tuple(query.tier),
        from_date=first,
        to_date=last,
    )


def _items(
    measure: TrainingMeasure, by: list[Dimension], groups: list[Group], *, has_records: bool, sees_small: bool
) -> list[TrainingCountGroup]:
    if not groups and not by:
        # Nothing of the kind is recorded, or there are records and none is counted: that alone is zero.
        zero = Group((), 0, 0, 0, Decimal(0), 0, 0, 0, 0)
        return [_group(measure, by, zero, is_hidden=False, is_empty=not has_records)]
    hidden = set() if sees_small else domain.small_places([one.persons + one.unnamed for one in groups])
    return [_group(measure, by, one, is_hidden=place in hidden) for place, one in enumerate(groups)]


def _group(
    measure: TrainingMeasure, by: list[Dimension], group: Group, *, is_hidden: bool, is_empty: bool = False
) -> TrainingCountGroup:
    values: dict[str, Any] = dict.fromkeys(_FIELDS.values())
    for dimension, value in zip(by, group.key, strict=True):
        values[_FIELDS[dimension]] = int(value) if value is not None and dimension in _NUMBERS else value
    numbers: dict[str, Any] = dict.fromkeys(TrainingCountGroup.model_fields.keys() - values.keys() - {"suppressed"})
    if not is_hidden and not is_empty:
        lower, upper = _bounds(measure, group)
        numbers = {
            "value": lower if lower == upper else None,
            "lower": lower,
            "upper": upper,
            "rostered": group.persons if measure is TrainingMeasure.persons else group.parts,
            "headcount": group.unnamed,
            "trainings": group.trainings,
            "headcount_trainings": group.headcounts,
            "without_hours": group.without_hours + group.unnamed if measure is TrainingMeasure.contact_hours else 0,
        }
    return TrainingCountGroup(**values, **numbers, suppressed=is_hidden)


def _bounds(measure: TrainingMeasure, group: Group) -> tuple[str, str | None]:
    """The least and the most it can be."""
    match measure:
        case TrainingMeasure.persons:
            return str(max(group.persons, group.largest_headcount)), str(group.persons + group.unnamed)
        case TrainingMeasure.attendances:
            return (str(group.parts + group.unnamed),) * 2
        case TrainingMeasure.contact_hours:
            hours = format(group.hours.normalize(), "f")
            return hours, None if group.without_hours or group.unnamed else hours
        case _:
            return (str(group.parts),) * 2


def _explain(account: Mapping[str | None, Part], *, sees_small: bool) -> TrainingCountExplanation:
    keys = [None, *(reason.value for reason in domain.PartLeftOut if reason.value in account)]
    parts = [account.get(key, Part(0, 0, 0)) for key in keys]
    hidden = set() if sees_small else domain.small_places([one.persons for one in parts])
    shown: list[dict[str, int | None]] = [
        dict.fromkeys(("parts", "persons", "trainings"))
        if place in hidden
        else {"parts": one.parts, "persons": one.persons, "trainings": one.trainings}
        for place, one in enumerate(parts)
    ]
    reasons = [domain.PartLeftOut(key) for key in keys if key is not None]
    return TrainingCountExplanation(
        counted=TrainingCountPart(**shown[0]),
        left_out=[
            TrainingCountLeftOut(reason=reason, message=domain.PART_LEFT_OUT_WORDS[reason], **cell)
            for reason, cell in zip(reasons, shown[1:], strict=True)
        ],
    )


def _both_periods() -> Invalid:
    message = "Give either a fiscal year or a first day, not both."
    return Invalid(message, [FieldError("both_periods", message, parameter="fiscal_year")])


def _too_many_groups() -> Invalid:
    message = f"That makes more than {MOST_GROUPS} groups. Filter, or group by less."
    return Invalid(message, [FieldError("too_many_groups", message, parameter="group_by")])
