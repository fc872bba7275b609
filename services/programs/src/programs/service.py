"""What may be done to programs and claims: load, decide, write. No HTTP, no commit."""

import uuid
from collections.abc import Sequence
from typing import Final

from chassis.codes import find_country_problem
from chassis.errors import FieldError, Invalid, invalid
from chassis.resources import change_row, check_version, get_row, new_row, touch_row, write_row
from chassis.tokens import Caller
from chassis.voids import VoidCreate, check_not_voided, void_row
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from programs import domain, queries
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
    Supersession,
)
from programs.schemas.agencies import AgencyCreate, AgencyUpdate
from programs.schemas.claims import RankCreate
from programs.schemas.conflicts import ConflictCreate, ConflictUpdate
from programs.schemas.coverage_declarations import CoverageDeclarationCreate
from programs.schemas.measures import MeasureCreate, MeasureUpdate, SeriesCreate, SeriesUpdate
from programs.schemas.partnerships import PartnershipCreate, PartnershipUpdate
from programs.schemas.programs import ProgramCountry as ProgramCountryBody
from programs.schemas.programs import ProgramCreate, ProgramUpdate
from programs.schemas.reported_figures import ReportedFigureCreate, Supersedes
from programs.schemas.sources import SourceCreate, SourceUpdate
from programs.schemas.statements import StatementCreate

_NO_AGENCY: Final = "There is no agency with this code; record it first."
_NO_PROGRAM: Final = "There is no program with this code; record it first."
_NO_SOURCE: Final = "There is no source with this code; record it first."
_TAKEN: Final = "This code is taken."
CONSTRAINT_WORDS: Final = {
    "uq_agencies_code": ("#/code", _TAKEN),
    "fk_agencies_parent_code": ("#/parent_code", _NO_AGENCY),
    "ck_agencies_not_its_own_parent": ("#/parent_code", "An agency is not its own parent."),
    "uq_programs_code": ("#/code", _TAKEN),
    "fk_programs_parent_code": ("#/parent_code", _NO_PROGRAM),
    "fk_programs_lead_agency_code": ("#/lead_agency_code", _NO_AGENCY),
    "ck_programs_not_its_own_parent": ("#/parent_code", "A program is not its own parent."),
    "country_program_has_one_country": ("#/countries", "A country program has exactly one country."),
    "country_shares_add_up": ("#/countries", "The shares are all given and add up to 1, or none is given."),
    "fk_partnerships_agency_code": ("#/agency_code", _NO_AGENCY),
    "fk_partnerships_program_code": ("#/program_code", _NO_PROGRAM),
    "fk_partnerships_source_code": ("#/source_code", _NO_SOURCE),
    "uq_partnerships_agency_program_start": (
        "#/agency_code",
        "This partnership is recorded already; change it rather than record it twice.",
    ),
    "uq_sources_code": ("#/code", _TAKEN),
    "fk_sources_publisher_agency_code": ("#/publisher_agency_code", _NO_AGENCY),
    "ck_sources_as_of_in_order": ("#/as_of_latest", "The latest day is before the earliest."),
    "uq_measures_code": ("#/code", _TAKEN),
    "uq_series_code": ("#/code", _TAKEN),
    "fk_series_measure_code": ("#/measure_code", "There is no measure with this code; record it first."),
    "fk_series_program_code": ("#/program_code", _NO_PROGRAM),
    "uq_series_headline": ("#/is_headline", "Another series leads for this subject and measure; take that back first."),
    "uq_reported_figures_code": ("#/code", _TAKEN),
    "fk_reported_figures_series_code": ("#/series_code", "There is no series with this code; record it first."),
    "fk_reported_figures_source_code": ("#/source_code", _NO_SOURCE),
    "one_preferred_per_series_and_period": (
        "#/rank",
        "Another figure of this series and period is preferred; supersede it, or give it another rank first.",
    ),
    "uq_supersessions_superseded_id": ("#/supersedes", "That figure is superseded already: supersede the latest one."),
    "supersedes_an_earlier_figure": ("#/supersedes", "Only a figure that was recorded earlier can be superseded."),
    "supersession_stays_in_series": ("#/supersedes", "Only `scope_change` supersedes across series."),
    "supersession_stays_in_measure": ("#/supersedes", "A figure never supersedes one of another measure."),
    "voided_figure_is_not_superseded": (
        "#/supersedes",
        "That figure was entered in error and voided; there is nothing to supersede.",
    ),
    "voided_claim_keeps_its_rank": ("#/rank", "It was entered in error and voided; it stays as it is."),
    "voided_record_stays": ("#/", "This record was voided meanwhile; it stays as it is."),
    "uq_statements_code": ("#/code", _TAKEN),
    "fk_statements_source_code": ("#/source_code", _NO_SOURCE),
    "fk_statements_program_code": ("#/program_code", _NO_PROGRAM),
    "uq_conflicts_code": ("#/code", _TAKEN),
    "uq_conflict_members_conflict_id_figure_id_statement_id": ("#/member_codes", "A claim stands twice; name it once."),
}
WRITERS: Final = ("analyst", "officer")


async def create_agency(session: AsyncSession, caller: Caller, body: AgencyCreate) -> Agency:
    """Record an agency."""
    caller.require_role(*WRITERS)
    return await write_row(session, new_row(Agency, body))


async def update_agency(
    session: AsyncSession, caller: Caller, agency_id: uuid.UUID, version: int, body: AgencyUpdate
) -> Agency:
    """Change an agency."""
    caller.require_role(*WRITERS)
    return await change_row(session, await get_row(session, Agency, agency_id, lock=True), version, body)


def _countries(countries: Sequence[ProgramCountryBody]) -> list[ProgramCountry]:
    return [ProgramCountry(country_code=one.country_code, share=one.share) for one in countries]


async def create_program(session: AsyncSession, caller: Caller, body: ProgramCreate) -> Program:
    """Record a program in countries the caller has a grant for."""
    caller.require_role("officer")
    caller.require_country(*(one.country_code for one in body.countries))
    domain.check_shares(body.kind, [(one.country_code, one.share) for one in body.countries])
    program = new_row(Program, body, countries=_countries(body.countries))
    return await write_row(session, program)


async def update_program(
    session: AsyncSession, caller: Caller, program_id: uuid.UUID, version: int, body: ProgramUpdate
) -> Program:
    """Change a program; its countries, where given, are replaced as a whole."""
    caller.require_role("officer")
    program = await get_row(session, Program, program_id, lock=True)
    caller.require_country(*(one.country_code for one in program.countries))
    check_version(program, version)
    changes = body.model_dump(exclude_unset=True)
    if "status" in changes:
        current = domain.ProgramStatus(program.status) if program.status else None
        domain.check_transition(current, body.status)
    countries = program.countries
    if "countries" in changes:
        changes.pop("countries")
        caller.require_country(*(one.country_code for one in body.countries))
        countries = _countries(body.countries)
    kind = domain.ProgramKind(changes.get("kind", program.kind))
    domain.check_shares(kind, [(one.country_code, one.share) for one in countries])
    if countries is not program.countries:
        program.countries.clear()
        await session.flush()  # the old rows go before the new ones come
        program.countries.extend(countries)
    for name, value in changes.items():
        setattr(program, name, value)
    return await touch_row(session, program)


async def _require_program(session: AsyncSession, caller: Caller, program_code: str) -> None:
    """Raise unless the program exists and the caller has a grant for one of its countries."""
    program = (await session.exec(select(Program).where(Program.code == program_code))).first()
    if program is None:
        raise invalid("#/program_code", "fk_partnerships_program_code", _NO_PROGRAM)
    caller.require_country(*(one.country_code for one in program.countries))


async def create_partnership(session: AsyncSession, caller: Caller, body: PartnershipCreate) -> Partnership:
    """Record an agency's part in a program."""
    caller.require_role("officer")
    await _require_program(session, caller, body.program_code)
    return await write_row(session, new_row(Partnership, body))


async def update_partnership(
    session: AsyncSession, caller: Caller, partnership_id: uuid.UUID, version: int, body: PartnershipUpdate
) -> Partnership:
    """Change a partnership."""
    caller.require_role("officer")
    partnership = await get_row(session, Partnership, partnership_id, lock=True)
    await _require_program(session, caller, partnership.program_code)
    check_not_voided(partnership)
    return await change_row(session, partnership, version, body)


async def void_partnership(
    session: AsyncSession, caller: Caller, partnership_id: uuid.UUID, version: int, body: VoidCreate
) -> Partnership:
    """Void a partnership that the caller has read at `version`."""
    caller.require_role("officer")
    partnership = await get_row(session, Partnership, partnership_id, lock=True)
    await _require_program(session, caller, partnership.program_code)
    return await void_row(session, caller, partnership, version, body)


async def create_source(session: AsyncSession, caller: Caller, body: SourceCreate) -> Source:
    """Record a document."""
    caller.require_role(*WRITERS)
    return await write_row(session, new_row(Source, body))


async def update_source(
    session: AsyncSession, caller: Caller, source_id: uuid.UUID, version: int, body: SourceUpdate
) -> Source:
    """Change what is known of a document."""
    caller.require_role(*WRITERS)
    return await change_row(session, await get_row(session, Source, source_id, lock=True), version, body)


async def create_measure(session: AsyncSession, caller: Caller, body: MeasureCreate) -> Measure:
    """Record a measure."""
    caller.require_role(*WRITERS)
    return await write_row(session, new_row(Measure, body))


async def update_measure(
    session: AsyncSession, caller: Caller, measure_id: uuid.UUID, version: int, body: MeasureUpdate
) -> Measure:
    """Change how a measure is described."""
    caller.require_role(*WRITERS)
    return await change_row(session, await get_row(session, Measure, measure_id, lock=True), version, body)


async def check_subject(session: AsyncSession, subject_type: domain.SubjectType, subject_code: str) -> None:
    """Raise unless the subject of a series or statement is known."""
    if subject_type is domain.SubjectType.country:
        problem = find_country_problem(subject_code)
    elif subject_type is domain.SubjectType.world:
        problem = None if subject_code == "world" else 'The subject of type world has the code "world".'
    elif subject_type in {domain.SubjectType.agency, domain.SubjectType.program}:
        kind = Agency if subject_type is domain.SubjectType.agency else Program
        known = await queries.has_code(session, kind, subject_code)
        problem = None if known else f"There is no {subject_type} with the code {subject_code}; record it first."
    else:
        problem = None
    if problem:
        raise invalid("#/subject_code", "unknown_subject", problem)


async def check_agencies(session: AsyncSession, codes: Sequence[str]) -> None:
    """Raise naming each agency code that is not known."""
    known = set((await session.exec(select(Agency.code).where(Agency.code.in_(codes)))).all())  # type: ignore[attr-defined]
    errors = [
        FieldError("unknown_code", f"There is no agency with the code {code}; record it first.", f"#/agency_codes/{at}")
        for at, code in enumerate(codes)
        if code not in known
    ]
    if errors:
        raise Invalid(f"{len(errors)} of the agencies are not known.", errors)


async def create_series(session: AsyncSession, caller: Caller, body: SeriesCreate) -> Series:
    """Record a series."""
    caller.require_role(*WRITERS)
    await check_subject(session, body.subject_type, body.subject_code)
    await check_agencies(session, body.agency_codes)
    if body.is_joint and len(body.agency_codes) < 2:  # noqa: PLR2004 - one alone is not joint
        raise invalid("#/is_joint", "joint_needs_two", "A joint series names at least two agencies.")
    return await write_row(session, new_row(Series, body))


async def update_series(
    session: AsyncSession, caller: Caller, series_id: uuid.UUID, version: int, body: SeriesUpdate
) -> Series:
    """Change how a series is described, or whether it leads."""
    caller.require_role(*WRITERS)
    return await change_row(session, await get_row(session, Series, series_id, lock=True), version, body)


async def create_reported_figure(session: AsyncSession, caller: Caller, body: ReportedFigureCreate) -> ReportedFigure:
    """Record what a document states, with its rank and what it supersedes."""
    caller.require_role(*WRITERS)
    domain.check_claim(body.value, body.value_min, body.value_max, body.qualifier, body.bound)
    domain.check_rank(body.rank, body.rank_reason)
    source = (await session.exec(select(Source).where(Source.code == body.source_code))).first()
    if source is None:
        raise invalid("#/source_code", "fk_reported_figures_source_code", _NO_SOURCE)
    window = {"as_of_earliest": body.as_of_earliest, "as_of_latest": body.as_of_latest, "as_of_label": body.as_of_label}
    if body.as_of_earliest is None:
        if body.as_of_latest is not None:
            raise invalid("#/as_of_earliest", "missing", "Give both ends of the window, or neither.")
        window = {
            "as_of_earliest": source.as_of_earliest,
            "as_of_latest": source.as_of_latest,
            "as_of_label": body.as_of_label or (f"best guess {source.as_of_best}" if source.as_of_best else None),
        }
    figure = await write_row(
        session, new_row(ReportedFigure, body, recorded_by=caller.name, **window, ranks=[], supersedes=[])
    )
    await _supersede(session, caller, figure, body.supersedes)
    await _rank(
        session, RankDecision(figure_id=figure.id, rank=body.rank, reason=body.rank_reason, decided_by=caller.name)
    )
    await session.refresh(figure)
    return figure


async def _supersede(
    session: AsyncSession, caller: Caller, figure: ReportedFigure, superseded: Sequence[Supersedes]
) -> None:
    """Link `figure` to what it supersedes. A preferred one gives up its rank: it stays true for its date."""
    for at, one in enumerate(superseded):
        earlier = (await session.exec(select(ReportedFigure).where(ReportedFigure.code == one.figure_code))).first()
        if earlier is None:
            raise invalid(f"#/supersedes/{at}/figure_code", "unknown_code", f"There is no figure {one.figure_code}.")
        domain.check_supersession(figure.series_code, earlier.series_code, one.reason)
        session.add(
            Supersession(figure_id=figure.id, superseded_id=earlier.id, reason=one.reason, decided_by=caller.name)
        )
        await session.flush()
        if earlier.rank == domain.Rank.preferred:
            reason = _why_superseded(figure, one.reason)
            await _rank(
                session,
                RankDecision(figure_id=earlier.id, rank=domain.Rank.normal, reason=reason, decided_by=caller.name),
            )
            session.expire(earlier, ["ranks"])


def _why_superseded(figure: ReportedFigure, reason: str) -> str:
    return f"Superseded by {figure.code or figure.id}: {reason}."


async def _rank(session: AsyncSession, decision: RankDecision) -> None:
    session.add(decision)
    await session.flush()


async def rank_reported_figure(
    session: AsyncSession, caller: Caller, figure_id: uuid.UUID, body: RankCreate
) -> ReportedFigure:
    """Give a figure another rank from now on; the earlier decisions stay."""
    caller.require_role(*WRITERS)
    domain.check_rank(body.rank, body.reason)
    figure = await get_row(session, ReportedFigure, figure_id)
    check_not_voided(figure)
    await _rank(session, RankDecision(figure_id=figure.id, rank=body.rank, reason=body.reason, decided_by=caller.name))
    await session.refresh(figure)
    return figure


async def void_reported_figure(
    session: AsyncSession, caller: Caller, figure_id: uuid.UUID, version: int, body: VoidCreate
) -> ReportedFigure:
    """Void a figure that the caller has read at `version`. What it superseded is as if it had never been recorded."""
    caller.require_role(*WRITERS)
    figure = await get_row(session, ReportedFigure, figure_id, lock=True)
    superseded = [one for one in figure.supersedes if one.holds]
    for one in (*figure.supersedes, *figure.superseded_by):
        session.expire(one, ["holds"])
    figure = await void_row(session, caller, figure, version, body)
    for one in superseded:
        await _reinstate(session, caller, one, figure)
    return figure


async def _reinstate(session: AsyncSession, caller: Caller, link: Supersession, voided: ReportedFigure) -> None:
    """Give a figure back the rank that it gave up to `voided`, unless another has it by now."""
    # The figure first and its series second, as whoever gives a rank locks them.
    earlier = (
        await session.exec(
            select(ReportedFigure).where(ReportedFigure.id == link.superseded_id).with_for_update(read=True)
        )
    ).one()
    if earlier.is_voided or earlier.rank_reason != _why_superseded(voided, link.reason):
        return
    await session.exec(select(Series.id).where(Series.code == earlier.series_code).with_for_update(key_share=True))
    if await queries.has_preferred(session, earlier):
        return
    reason = f"{voided.code or voided.id}, which superseded it, was voided."
    await _rank(
        session,
        RankDecision(figure_id=earlier.id, rank=domain.Rank.preferred, reason=reason, decided_by=caller.name),
    )


async def create_statement(session: AsyncSession, caller: Caller, body: StatementCreate) -> Statement:
    """Record what a document says that is not a number of a measure."""
    caller.require_role(*WRITERS)
    domain.check_rank(body.rank, body.rank_reason)
    await check_subject(session, body.subject_type, body.subject_code)
    await check_agencies(session, body.agency_codes)
    statement = await write_row(session, new_row(Statement, body, recorded_by=caller.name))
    await _rank(
        session,
        RankDecision(statement_id=statement.id, rank=body.rank, reason=body.rank_reason, decided_by=caller.name),
    )
    await session.refresh(statement)
    return statement


async def rank_statement(session: AsyncSession, caller: Caller, statement_id: uuid.UUID, body: RankCreate) -> Statement:
    """Give a statement another rank from now on; the earlier decisions stay."""
    caller.require_role(*WRITERS)
    domain.check_rank(body.rank, body.reason)
    statement = await get_row(session, Statement, statement_id)
    check_not_voided(statement)
    await _rank(
        session, RankDecision(statement_id=statement.id, rank=body.rank, reason=body.reason, decided_by=caller.name)
    )
    await session.refresh(statement)
    return statement


async def void_statement(
    session: AsyncSession, caller: Caller, statement_id: uuid.UUID, version: int, body: VoidCreate
) -> Statement:
    """Void a statement that the caller has read at `version`."""
    caller.require_role(*WRITERS)
    return await void_row(session, caller, await get_row(session, Statement, statement_id, lock=True), version, body)


async def _members(session: AsyncSession, codes: Sequence[str], present: Sequence[str] = ()) -> list[ConflictMember]:
    """The claims with these codes as members. A voided claim stays where it is `present`, and joins nothing."""
    found = await queries.find_claims(session, codes)
    errors = []
    for at, code in enumerate(codes):
        if code not in found:
            errors.append(
                FieldError("unknown_code", f"There is no figure or statement {code}.", f"#/member_codes/{at}")
            )
        elif found[code].is_voided and code not in present:
            errors.append(FieldError("voided", f"{code} was entered in error and voided.", f"#/member_codes/{at}"))
    if errors:
        raise Invalid(f"{len(errors)} of the members cannot stand in a conflict.", errors)
    return [
        ConflictMember(
            figure_id=claim.id if isinstance(claim, ReportedFigure) else None,
            statement_id=claim.id if isinstance(claim, Statement) else None,
            member_code=code,
        )
        for code, claim in ((code, found[code]) for code in codes)
    ]


async def create_conflict(session: AsyncSession, caller: Caller, body: ConflictCreate) -> ConflictRecord:
    """Record claims that seem to disagree."""
    caller.require_role(*WRITERS)
    members = await _members(session, body.member_codes)
    return await write_row(session, new_row(ConflictRecord, body, members=members))


async def update_conflict(
    session: AsyncSession, caller: Caller, conflict_id: uuid.UUID, version: int, body: ConflictUpdate
) -> ConflictRecord:
    """Change how a conflict stands; its members, where given, are replaced as a whole."""
    caller.require_role(*WRITERS)
    conflict = await get_row(session, ConflictRecord, conflict_id, lock=True)
    check_version(conflict, version)
    changes = body.model_dump(exclude_unset=True)
    if "member_codes" in changes:
        present = [member.member_code for member in conflict.members]
        members = await _members(session, changes.pop("member_codes"), present)
        conflict.members.clear()
        await session.flush()  # the old rows go before the new ones come
        conflict.members.extend(members)
    for name, value in changes.items():
        setattr(conflict, name, value)
    return await touch_row(session, conflict)


async def declare_coverage(
    session: AsyncSession, caller: Caller, body: CoverageDeclarationCreate
) -> CoverageDeclaration:
    """State, in the caller's name, from when a country's records are complete."""
    caller.require_role("officer")
    caller.require_country(body.country_code)
    return await write_row(session, new_row(CoverageDeclaration, body, declared_by=caller.name))
