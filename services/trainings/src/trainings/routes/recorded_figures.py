"""Counts of people over HTTP. Every signed-in reader gets the same count; only small ones are hidden from some."""

from typing import Annotated, Final

from chassis.known import AtMoment, default_day, say_moment
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Query

from trainings import counting, domain
from trainings.counting import Account, Count, Scope
from trainings.schemas.recorded_figures import (
    RecordedCell,
    RecordedExplanation,
    RecordedFigureQuery,
    RecordedFigureRead,
    RecordedLeftOut,
    RecordedPoint,
)

router: Final = work_router("Recorded figures")


@router.get("/recorded-figures", response_model=RecordedFigureRead)
async def get_recorded_figure(
    session: Session, caller: CurrentCaller, query: Annotated[RecordedFigureQuery, Query()], moment: AtMoment
) -> RecordedFigureRead:
    """Count instructors or officers trained, from the records, on up to ten dates."""
    scope = Scope(query.nationality_code, tuple(query.agency_code), query.venue_kind, query.program_code)
    dates = query.as_of or [default_day(moment.known_at if moment else None)]
    until = moment.number if moment else None
    sees_small = caller.may_see(query.nationality_code or "")
    counts = await counting.count_people(session, query.measure, scope, dates, until)
    explanation = None
    if query.explain:
        account = await counting.account_for(session, query.measure, scope, dates[-1], until)
        explanation = _explanation(query, counts[-1], account, sees_small=sees_small)
    return RecordedFigureRead(
        measure=query.measure,
        unit="persons",
        nationality_code=query.nationality_code,
        agency_codes=query.agency_code,
        venue_kind=query.venue_kind,
        program_code=query.program_code,
        method=domain.METHODS[query.measure],
        method_version=domain.METHOD_VERSION,
        points=[_point(count, sees_small=sees_small) for count in counts],
        explain=explanation,
        **say_moment(moment),
    )


def _point(count: Count, *, sees_small: bool) -> RecordedPoint:
    records = count.records if sees_small or not domain.is_small(count.recorded_persons) else None
    if count.records == 0:
        return RecordedPoint(as_of=count.as_of, value=None, lower=None, upper=None, records=0, suppressed=False)
    if domain.is_small(count.persons) and not sees_small:
        upper = str(domain.SMALL_CELL - 1)
        return RecordedPoint(as_of=count.as_of, value=None, lower="1", upper=upper, records=records, suppressed=True)
    value = str(count.persons)
    return RecordedPoint(as_of=count.as_of, value=value, lower=value, upper=value, records=records, suppressed=False)


def _explanation(
    query: RecordedFigureQuery, count: Count, account: Account, *, sees_small: bool
) -> RecordedExplanation:
    counted, left_out = account.counted, account.left_out
    if not sees_small:
        counted, left_out = domain.hide_small_account(counted, left_out)
    return RecordedExplanation(
        as_of=count.as_of,
        counted=RecordedCell.model_validate(counted),
        left_out=[
            RecordedLeftOut(
                reason=reason,
                message=domain.LEFT_OUT_WORDS[reason],
                completions=cell.completions,
                persons=cell.persons,
            )
            for reason, cell in left_out.items()
        ],
        rule=domain.describe_rule(
            query.measure, count.as_of, query.nationality_code, query.agency_code, query.venue_kind, query.program_code
        ),
    )
