"""Figures over HTTP."""

from typing import Annotated, Any, Final

from chassis.codes import Code, CountryCode
from chassis.errors import BadRequest, FieldError, Invalid, NotFound, Unavailable
from chassis.known import KNOWN_AT_MEANING, KnownAt, KnownAtQuery
from chassis.unit_of_work import CurrentCaller, work_router
from chassis.values import Day
from fastapi import Path, Query, Request
from pydantic import BaseModel, Field

from gateway.figures import SELECTION, FigureKey, counted_series, make_figures, series_key
from gateway.gather import AS_OF_MEANING, explain_counts, gather
from gateway.schemas.figures import Explanation, FigureList

router: Final = work_router("Figures")


class FigureQuery(BaseModel):
    """Which figures."""

    subject_type: str | None = Field(default=None, pattern="^(world|country|agency|program|standard|concept)$")
    subject_code: Code | None = None
    country_code: CountryCode | None = Field(
        default=None, description="Short for subject_type=country&subject_code=..."
    )
    measure: list[str] = Field(default=[], description="Only these measures.")
    as_of: Day | None = Field(default=None, description=AS_OF_MEANING)
    known_at: KnownAt | None = Field(default=None, description=KNOWN_AT_MEANING)


@router.get("/figures", response_model=FigureList)
async def list_figures(
    request: Request, caller: CurrentCaller, query: Annotated[FigureQuery, Query()]
) -> dict[str, Any]:
    """List a subject's figures, reported beside recorded."""
    subject_type, subject_code = subject_of(query)
    findings = await gather(request, caller, subject_type, subject_code, query.as_of, query.known_at)
    figures = [one for one in make_figures(findings) if not query.measure or one["measure"] in query.measure]
    return {
        "items": figures,
        "next_cursor": None,
        "next": None,
        "as_of": findings.as_of,
        "known_at": findings.known_at,
        "services": findings.services,
    }


@router.get("/figures/{figure_id}/explain", response_model=Explanation)
async def explain_figure(
    request: Request,
    caller: CurrentCaller,
    figure_id: Annotated[str, Path(max_length=300)],
    as_of: Annotated[Day | None, Query(description=AS_OF_MEANING)] = None,
    known_at: KnownAtQuery = None,
) -> dict[str, Any]:
    """Explain a figure: the claims, the rule, what was counted, and what was left out and why."""
    key = FigureKey.parse(figure_id)
    findings = await gather(request, caller, key.subject_type, key.subject_code, as_of, known_at)
    if findings.dossier is None:
        raise Unavailable("The programs service is out of reach, so this figure cannot be explained just now.")
    figure = next((one for one in make_figures(findings) if one["id"] == figure_id), None)
    if figure is None:
        raise NotFound(f"There is no figure {figure_id}: nothing is reported and nothing is recorded.")
    series = next(
        (one for one in counted_series(findings) if (one["measure_code"], one["code"]) == (key.measure, key.series)),
        None,
    )
    counts = await explain_counts(request, caller, findings, series) if series else None
    explained = counts["explain"] if counts else None
    recorded = findings.recorded.get(series_key(series)) if series else None
    return {
        "figure": figure,
        "as_of": findings.as_of,
        "known_at": findings.known_at,
        "rule": figure["counting_rule"],
        "selection": SELECTION,
        "counted": explained["counted"] if explained else None,
        "left_out": explained["left_out"] if explained else [],
        "compared_at": recorded.answer["points"] if recorded else [],
        "coverage_declarations": findings.coverages,
        "services": findings.services,
    }


def subject_of(query: FigureQuery) -> tuple[str, str]:
    """The one subject that `query` names."""
    if query.country_code is not None:
        if query.subject_type is not None or query.subject_code is not None:
            raise BadRequest("Name the subject once: `country_code`, or `subject_type` and `subject_code`.")
        return "country", query.country_code
    if query.subject_type == "world" and query.subject_code is None:
        return "world", "world"
    if query.subject_type is None or query.subject_code is None:
        missing = "subject_type" if query.subject_type is None else "subject_code"
        raise Invalid(
            "Say whose figures: `country_code=MX`, or `subject_type` and `subject_code`.",
            [FieldError("missing", "This is needed where there is no country_code.", parameter=missing)],
        )
    return query.subject_type, query.subject_code
