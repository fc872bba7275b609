"""What programs, figures and statements may be. Pure: no database, no HTTP. Terms as in docs/glossary.md."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum, auto
from typing import Final

from chassis.errors import Conflict, Invalid, invalid


class AgencyKind(StrEnum):
    """What an agency is."""

    us_federal = auto()
    us_state = auto()
    us_local = auto()
    host_national = auto()
    host_subnational = auto()
    multilateral = auto()
    ngo = auto()
    think_tank = auto()
    private = auto()
    academia = auto()
    standards_body = auto()
    other = auto()


class ProgramKind(StrEnum):
    """One country, or several."""

    country = auto()
    regional = auto()


class Sector(StrEnum):
    """The part of criminal justice that a program works on."""

    corrections = auto()
    justice = auto()
    police = auto()


class ProgramStatus(StrEnum):
    """The life of a program."""

    proposed = auto()
    active = auto()
    suspended = auto()
    closing = auto()
    closed = auto()


NEXT: Final = {
    ProgramStatus.proposed: {ProgramStatus.active, ProgramStatus.closed},
    ProgramStatus.active: {ProgramStatus.suspended, ProgramStatus.closing},
    ProgramStatus.suspended: {ProgramStatus.active, ProgramStatus.closing},
    ProgramStatus.closing: {ProgramStatus.closed},
    ProgramStatus.closed: set[ProgramStatus](),
}


class PartnerRole(StrEnum):
    """What an agency does in a program."""

    funder = auto()
    accountable = auto()
    trainer = auto()
    host_agency = auto()
    sending_agency = auto()
    adviser_provider = auto()
    certifier = auto()
    recipient = auto()
    co_sponsor = auto()
    standards_body = auto()


class SourceKind(StrEnum):
    """What kind of document a source is."""

    web_page = auto()
    brochure = auto()
    report = auto()
    press_release = auto()
    cable = auto()
    agreement = auto()
    other = auto()


class Confidence(StrEnum):
    """How sure the dating of a source is."""

    low = auto()
    medium = auto()
    high = auto()


class MeasureKind(StrEnum):
    """What a measure's values are."""

    count = auto()  # type: ignore[assignment] # a string has a method of this name
    money = auto()
    ratio = auto()
    rank = auto()
    date = auto()


class Basis(StrEnum):
    """What a number is of: a moment, a stretch of time, or all time so far."""

    stock = auto()
    flow = auto()
    cumulative = auto()


class Additivity(StrEnum):
    """Whether values of a measure may be added."""

    additive = auto()
    per_dimension = auto()
    non_additive = auto()


class OwnerService(StrEnum):
    """Which service can recompute a measure from its records."""

    programs = auto()
    trainings = auto()
    funding = auto()


class SubjectType(StrEnum):
    """What a figure or statement is about."""

    world = auto()
    country = auto()
    agency = auto()
    program = auto()
    standard = auto()
    concept = auto()


class Qualifier(StrEnum):
    """The document's word for how a value is meant."""

    exact = auto()
    more_than = auto()
    just_over = auto()
    about = auto()
    at_least = auto()
    approx = auto()
    hundreds = auto()


class Bound(StrEnum):
    """How a value is to be compared."""

    eq = auto()
    gt = auto()
    ge = auto()
    lt = auto()
    approx = auto()
    range = auto()
    unquantified = auto()


class Rank(StrEnum):
    """Which of several values to show. Deprecated is for errors only: an older value that was true stays normal."""

    preferred = auto()
    normal = auto()
    deprecated = auto()


class SupersessionReason(StrEnum):
    """Why a later claim takes the place of an earlier one."""

    later_report = auto()
    correction = auto()
    scope_change = auto()
    retraction = auto()


class StatementKind(StrEnum):
    """What a statement is. A claim is an opinion or a causal attribution of its author, never ours."""

    assistance_type = auto()
    claim = auto()
    document_meta = auto()
    event = auto()
    facility = auto()
    narrative = auto()
    organization = auto()
    partnership = auto()
    program = auto()
    reform = auto()
    standard = auto()
    taxonomy = auto()
    theme = auto()


class ConflictStatus(StrEnum):
    """Where the examination of a conflict stands."""

    open = auto()
    resolved = auto()
    resolved_with_caveat = auto()
    note = auto()


class MeasureFamily(StrEnum):
    """The records that a coverage declaration speaks of."""

    trainings = auto()
    funding = auto()


class IllegalTransition(Conflict):
    """A status that cannot follow the present one."""

    code = "illegal_transition"
    title = "This status cannot follow the present one"


def check_transition(current: ProgramStatus | None, to: ProgramStatus | None) -> None:
    """Raise unless a program that is `current` may become `to`. A status not recorded yet may become any."""
    if current is None or to == current:
        return
    if to is None or to not in NEXT[current]:
        allowed = ", ".join(sorted(NEXT[current])) or "nothing else"
        raise IllegalTransition(
            f"A program that is {current} cannot become {to or 'unrecorded'}; it may become {allowed}."
        )


def check_shares(kind: ProgramKind, shares: Sequence[tuple[str, Decimal | None]]) -> None:
    """Raise unless the countries fit the kind and their shares, where given, are all given and add up to 1."""
    codes = [code for code, _ in shares]
    if len(set(codes)) != len(codes):
        raise invalid("#/countries", "duplicate_country", "A country stands twice; name each once.")
    if kind is ProgramKind.country and len(codes) != 1:
        raise invalid(
            "#/countries", "one_country", "A country program has exactly one country; a regional one has several."
        )
    given = [share for _, share in shares if share is not None]
    if given and len(given) != len(codes):
        raise invalid("#/countries", "shares_incomplete", "Give every country a share, or none.")
    if given and sum(given) != 1:
        raise invalid("#/countries", "shares_not_one", f"The shares add up to {sum(given)}; they must add up to 1.")


def check_claim(
    value: Decimal | None,
    value_min: Decimal | None,
    value_max: Decimal | None,
    qualifier: Qualifier | None,
    bound: Bound,
) -> None:
    """Raise unless value, range, qualifier and bound of a reported figure fit each other."""
    if bound is Bound.unquantified:
        if (value, value_min, value_max, qualifier) != (None, None, None, None):
            raise invalid("#/value", "unquantified", "A figure without a number has no value, range or qualifier.")
        return
    if bound is Bound.range:
        if value is not None or value_min is None or value_max is None or value_min > value_max:
            raise invalid(
                "#/value_min", "range", "A range has `value_min` and `value_max`, in that order, and no `value`."
            )
        return
    if value is None:
        raise invalid("#/value", "missing", "Give the value, or say that there is none with bound `unquantified`.")
    if value_min is not None or value_max is not None:
        raise invalid("#/value_min", "range", "Only a figure with bound `range` has `value_min` and `value_max`.")


def check_rank(rank: Rank, reason: str | None) -> None:
    """Raise where a deprecation has no reason."""
    if rank is Rank.deprecated and not reason:
        raise invalid("#/rank_reason", "reason_needed", "Deprecated is for errors: say which error.")


def check_supersession(series: str, other_series: str, reason: SupersessionReason) -> None:
    """Raise where a supersession leaves its series for another reason than a change of scope."""
    if series != other_series and reason is not SupersessionReason.scope_change:
        raise Invalid(
            f"{other_series} is another series: only `scope_change` supersedes across series. "
            "Enter the figure in the same series, or name that reason."
        )
