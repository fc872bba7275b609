"""Questions to the programs tables. Nothing here changes anything."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from chassis.known import Moment, say_moment, write_instant
from chassis.paging import Listing
from chassis.voids import is_voided_filter
from sqlalchemy import ColumnElement, func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from programs.domain import Rank, SubjectType
from programs.models import (
    Agency,
    ConflictMember,
    ConflictRecord,
    CoverageDeclaration,
    Measure,
    Partnership,
    Program,
    ProgramCountry,
    RankDecision,
    ReportedFigure,
    Series,
    Source,
    Statement,
)

# A dossier is one answer: beyond this many rows of a kind it names the address of the rest.
DOSSIER_LIMIT: Final = 500


def _times(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - a table
    return {"created_at": kind.created_at, "updated_at": kind.updated_at}


def agencies() -> Listing:
    """All agencies."""
    names = ("code", "kind", "country_code", "subdivision_code", "parent_code")
    return Listing(
        statement=select(Agency),
        filters={name: getattr(Agency, name) for name in names},
        sorts={"name": Agency.name, "code": Agency.code, **_times(Agency)},
        id=Agency.id,
        text=[Agency.name, Agency.code],
    )


def programs() -> Listing:
    """All programs."""
    names = ("code", "kind", "sector", "status", "parent_code", "lead_agency_code")
    return Listing(
        statement=select(Program),
        filters={"country_code": in_countries, **{name: getattr(Program, name) for name in names}},
        sorts={"code": Program.code, "title": Program.title, **_times(Program)},
        id=Program.id,
        text=[Program.title, Program.code],
    )


def in_countries(country_codes: Sequence[str]) -> ColumnElement[bool]:
    """Programs with one of these countries."""
    inside = select(ProgramCountry.program_id).where(col(ProgramCountry.country_code).in_(country_codes))
    return col(Program.id).in_(inside)


def partnerships() -> Listing:
    """All partnerships."""
    names = ("agency_code", "program_code", "source_code")

    def in_program_of(country_codes: Sequence[str]) -> ColumnElement[bool]:
        return col(Partnership.program_code).in_(select(Program.code).where(in_countries(country_codes)))

    return Listing(
        statement=select(Partnership),
        filters={
            "country_code": in_program_of,
            "role": lambda roles: col(Partnership.roles).overlap(roles),  # type: ignore[attr-defined]
            "is_voided": is_voided_filter(Partnership.voided_at),
            **{name: getattr(Partnership, name) for name in names},
        },
        sorts={"agency_code": Partnership.agency_code, "program_code": Partnership.program_code, **_times(Partnership)},
        id=Partnership.id,
    )


def sources() -> Listing:
    """All sources."""
    names = ("code", "kind", "publisher_agency_code", "as_of_earliest")
    return Listing(
        statement=select(Source),
        filters={name: getattr(Source, name) for name in names},
        sorts={"title": Source.title, "code": Source.code, "as_of_earliest": Source.as_of_earliest, **_times(Source)},
        id=Source.id,
        text=[Source.title, Source.publisher, Source.code],
    )


def measures() -> Listing:
    """All measures."""
    return Listing(
        statement=select(Measure),
        filters={name: getattr(Measure, name) for name in ("code", "kind", "basis", "owner_service")},
        sorts={"code": Measure.code, **_times(Measure)},
        id=Measure.id,
    )


def series() -> Listing:
    """All series."""
    names = ("code", "measure_code", "subject_type", "subject_code", "is_headline")
    return Listing(
        statement=select(Series),
        filters={name: getattr(Series, name) for name in names},
        sorts={"code": Series.code, **_times(Series)},
        id=Series.id,
    )


def _latest_rank(of: Any, claim_id: Any) -> Any:  # noqa: ANN401 - columns
    latest = select(RankDecision.rank).where(of == claim_id).order_by(col(RankDecision.id).desc()).limit(1)
    return latest.scalar_subquery()


def reported_figures() -> Listing:
    """All reported figures."""
    rank = _latest_rank(RankDecision.figure_id, ReportedFigure.id)

    def of_series(name: str) -> Any:  # noqa: ANN401 - a filter
        def condition(values: Sequence[str]) -> ColumnElement[bool]:
            inside = select(Series.code).where(getattr(Series, name).in_(values))
            return col(ReportedFigure.series_code).in_(inside)

        return condition

    names = ("code", "series_code", "source_code", "qualifier", "as_of_earliest", "value")
    return Listing(
        statement=select(ReportedFigure),
        filters={
            **{name: of_series(name) for name in ("measure_code", "subject_type", "subject_code")},
            **{name: getattr(ReportedFigure, name) for name in names},
            "rank": rank.in_,
            "is_voided": is_voided_filter(ReportedFigure.voided_at),
        },
        sorts={
            "series_code": ReportedFigure.series_code,
            "as_of_earliest": ReportedFigure.as_of_earliest,
            "created_at": ReportedFigure.created_at,
        },
        id=ReportedFigure.id,
        text=[ReportedFigure.text, ReportedFigure.notes],
    )


def statements() -> Listing:
    """All statements."""
    rank = _latest_rank(RankDecision.statement_id, Statement.id)

    def of_countries(country_codes: Sequence[str]) -> ColumnElement[bool]:
        return (col(Statement.subject_type) == SubjectType.country) & col(Statement.subject_code).in_(country_codes)

    names = (
        "code", "kind", "topic", "predicate", "subject_type", "subject_code", "program_code", "source_code",
    )  # fmt: skip
    return Listing(
        statement=select(Statement),
        filters={
            "country_code": of_countries,
            "rank": rank.in_,
            "is_voided": is_voided_filter(Statement.voided_at),
            **{name: getattr(Statement, name) for name in names},
        },
        sorts={"topic": Statement.topic, "created_at": Statement.created_at},
        id=Statement.id,
        text=[Statement.text, Statement.notes],
    )


def conflicts() -> Listing:
    """All conflicts."""

    def with_member(codes: Sequence[str]) -> ColumnElement[bool]:
        inside = select(ConflictMember.conflict_id).where(col(ConflictMember.member_code).in_(codes))
        return col(ConflictRecord.id).in_(inside)

    return Listing(
        statement=select(ConflictRecord),
        filters={
            "member_code": with_member,
            **{name: getattr(ConflictRecord, name) for name in ("code", "kind", "status")},
        },
        sorts={"code": ConflictRecord.code, **_times(ConflictRecord)},
        id=ConflictRecord.id,
        text=[ConflictRecord.title, ConflictRecord.reason],
    )


def coverage_declarations() -> Listing:
    """All coverage declarations."""
    names = ("country_code", "measure_family", "complete_from")
    return Listing(
        statement=select(CoverageDeclaration),
        filters={name: getattr(CoverageDeclaration, name) for name in names},
        sorts={
            "country_code": CoverageDeclaration.country_code,
            "complete_from": CoverageDeclaration.complete_from,
            "created_at": CoverageDeclaration.created_at,
        },
        id=CoverageDeclaration.id,
    )


async def find_claims(session: AsyncSession, codes: Sequence[str]) -> dict[str, ReportedFigure | Statement]:
    """For each code that is known: the figure, or else the statement, with that code, voided or not."""
    found: dict[str, ReportedFigure | Statement] = {}
    statements_found = await session.exec(select(Statement).where(col(Statement.code).in_(codes)))
    figures_found = await session.exec(select(ReportedFigure).where(col(ReportedFigure.code).in_(codes)))
    found |= {str(one.code): one for one in statements_found}
    found |= {str(one.code): one for one in figures_found}
    return found


async def has_preferred(session: AsyncSession, beside: ReportedFigure) -> bool:
    """Whether another figure that stands is the preferred one of this one's series and period."""
    rank = _latest_rank(RankDecision.figure_id, ReportedFigure.id)
    found = await session.exec(
        select(ReportedFigure.id).where(
            ReportedFigure.series_code == beside.series_code,
            ReportedFigure.id != beside.id,
            col(ReportedFigure.voided_at).is_(None),
            col(ReportedFigure.period_start).is_not_distinct_from(beside.period_start),
            col(ReportedFigure.period_end).is_not_distinct_from(beside.period_end),
            rank == Rank.preferred,
        )
    )
    return found.first() is not None


async def has_code(session: AsyncSession, kind: type[Agency | Program], code: str) -> bool:
    """Whether there is an agency or a program with this code."""
    return (await session.exec(select(kind.id).where(kind.code == code))).first() is not None


async def get_dossier(
    session: AsyncSession, subject_type: SubjectType, subject_code: str, moment: Moment | None
) -> dict[str, Any]:
    """All that is recorded of a subject: its programs and partners, its figures, statements and coverage.

    With a `moment` the session looks back to it already.
    """
    about = (subject_type, subject_code)
    series_found = (
        await session.exec(
            select(Series)
            .where(col(Series.subject_type) == about[0], col(Series.subject_code) == about[1])
            .order_by(col(Series.code))
            .limit(DOSSIER_LIMIT)
        )
    ).all()
    figures = (
        await session.exec(
            select(ReportedFigure)
            .where(col(ReportedFigure.series_code).in_([one.code for one in series_found]))
            .order_by(col(ReportedFigure.series_code), col(ReportedFigure.id))
            .limit(DOSSIER_LIMIT + 1)
        )
    ).all()
    statements_found = (
        await session.exec(
            select(Statement)
            .where(
                col(Statement.subject_type) == about[0],
                col(Statement.subject_code) == about[1],
                col(Statement.voided_at).is_(None),
            )
            .order_by(col(Statement.topic), col(Statement.id))
            .limit(DOSSIER_LIMIT + 1)
        )
    ).all()
    programs_found, partners, coverage = await _of_country(session, *about)
    cited = {one.source_code: one.source for one in figures} | {one.source_code: one.source for one in statements_found}
    subject = f"subject_type={subject_type}&subject_code={subject_code}"
    then = f"&known_at={write_instant(moment.known_at)}" if moment else ""
    return {
        "subject_type": subject_type,
        "subject_code": subject_code,
        "programs": programs_found,
        "partnerships": partners,
        "measures": list({one.measure.code: one.measure for one in series_found}.values()),
        "series": series_found,
        "sources": list(cited.values()),
        "reported_figures": figures[:DOSSIER_LIMIT],
        "reported_figures_next": f"/v1/reported-figures?{subject}{then}" if len(figures) > DOSSIER_LIMIT else None,
        "statements": statements_found[:DOSSIER_LIMIT],
        "statements_next": f"/v1/statements?{subject}&is_voided=false{then}"
        if len(statements_found) > DOSSIER_LIMIT
        else None,
        "coverage_declarations": coverage,
        **say_moment(moment),
    }


async def _of_country(
    session: AsyncSession, subject_type: SubjectType, subject_code: str
) -> tuple[Sequence[Program], Sequence[Partnership], Sequence[CoverageDeclaration]]:
    """The programs in a country with their partners, or the program itself, or those an agency is a partner in."""
    which: dict[SubjectType, ColumnElement[bool]] = {
        SubjectType.country: in_countries([subject_code]),
        SubjectType.program: col(Program.code) == subject_code,
        SubjectType.agency: or_(
            col(Program.lead_agency_code) == subject_code,
            col(Program.code).in_(
                select(Partnership.program_code).where(
                    Partnership.agency_code == subject_code, col(Partnership.voided_at).is_(None)
                )
            ),
        ),
    }
    if subject_type not in which:
        return [], [], []
    found = (
        await session.exec(select(Program).where(which[subject_type]).order_by(col(Program.code)).limit(DOSSIER_LIMIT))
    ).all()
    partners = (
        await session.exec(
            select(Partnership)
            .where(col(Partnership.program_code).in_([one.code for one in found]), col(Partnership.voided_at).is_(None))
            .order_by(col(Partnership.program_code), col(Partnership.agency_code), col(Partnership.id))
            .limit(DOSSIER_LIMIT)
        )
    ).all()
    coverage = (
        await session.exec(
            select(CoverageDeclaration)
            .where(subject_type == SubjectType.country, col(CoverageDeclaration.country_code) == subject_code)
            .order_by(col(CoverageDeclaration.id))
            .limit(DOSSIER_LIMIT)
        )
    ).all()
    return found, partners, coverage


async def count_by_country(session: AsyncSession) -> list[dict[str, Any]]:
    """How much is recorded of each country of which anything is: at most one row a country of the world."""
    counts: dict[str, Counter[str]] = {}
    questions = {
        "programs": select(ProgramCountry.country_code, func.count()).group_by(col(ProgramCountry.country_code)),
        "reported_figures": select(Series.subject_code, func.count())
        .join(ReportedFigure, col(ReportedFigure.series_code) == Series.code)
        .where(Series.subject_type == SubjectType.country, col(ReportedFigure.voided_at).is_(None))
        .group_by(Series.subject_code),
        "statements": select(Statement.subject_code, func.count())
        .where(Statement.subject_type == SubjectType.country, col(Statement.voided_at).is_(None))
        .group_by(Statement.subject_code),
    }
    for name, question in questions.items():
        for code, count in await session.exec(question):
            counts.setdefault(code, Counter())[name] = count
    return [{"country_code": code, **{name: counts[code][name] for name in questions}} for code in sorted(counts)]
