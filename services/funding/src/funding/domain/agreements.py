"""What an agreement may do: its types, its statuses, its signatures. Pure: no database, no HTTP."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum, auto
from typing import Final

from chassis.errors import Conflict, FieldError, invalid


class AgreementType(StrEnum):
    """What an agreement is, by who makes it with whom."""

    loa = auto()
    amended_loa = auto()
    iaa_632a = auto()
    iaa_632b = auto()
    grant = auto()
    cooperative_agreement = auto()
    contract = auto()
    task_order = auto()
    purchase_order = auto()
    pio_contribution = auto()
    travel_order = auto()
    mou = auto()


# What one of these is: a partnership on paper, without money.
OBLIGATES_NOTHING: Final = frozenset({AgreementType.mou})
# Money that leaves for another agency, which obligates it and accounts for it.
TRANSFERS: Final = frozenset({AgreementType.iaa_632a})
# One obligation in bulk, to which awards are charged: what stands under one is the second tier of the same money.
BULK: Final = frozenset({AgreementType.loa, AgreementType.amended_loa})
# Orders, which only the agency that gives them signs.
ORDERS: Final = frozenset({AgreementType.purchase_order, AgreementType.travel_order})


class AgreementStatus(StrEnum):
    """How far an agreement is."""

    draft = auto()
    cleared = auto()
    signed = auto()
    active = auto()
    suspended = auto()
    completed = auto()
    terminated = auto()
    closed = auto()
    withdrawn = auto()


NEXT_STATUS: Final[Mapping[AgreementStatus, frozenset[AgreementStatus]]] = {
    AgreementStatus.draft: frozenset({AgreementStatus.cleared, AgreementStatus.withdrawn}),
    AgreementStatus.cleared: frozenset({AgreementStatus.signed, AgreementStatus.withdrawn}),
    AgreementStatus.signed: frozenset({AgreementStatus.active}),
    AgreementStatus.active: frozenset(
        {AgreementStatus.suspended, AgreementStatus.completed, AgreementStatus.terminated}
    ),
    AgreementStatus.suspended: frozenset({AgreementStatus.active}),
    AgreementStatus.completed: frozenset({AgreementStatus.closed}),
    AgreementStatus.terminated: frozenset({AgreementStatus.closed}),
    AgreementStatus.closed: frozenset(),
    AgreementStatus.withdrawn: frozenset(),
}
# Before its signatures what an agreement says may still change; afterwards an amendment says so.
OPEN_TO_EDITS: Final = frozenset({AgreementStatus.draft, AgreementStatus.cleared})
AMENDABLE: Final = frozenset({AgreementStatus.signed, AgreementStatus.active, AgreementStatus.suspended})
TAKES_LINES: Final = OPEN_TO_EDITS | AMENDABLE


class Party(StrEnum):
    """Who signs."""

    awarding = auto()
    recipient = auto()


class AmendmentKind(StrEnum):
    """What an amendment changes. Its amount is positive; its kind says which way."""

    ceiling_increase = auto()
    ceiling_decrease = auto()
    extension = auto()
    shortening = auto()
    scope = auto()


OF_THE_CEILING: Final = {AmendmentKind.ceiling_increase: 1, AmendmentKind.ceiling_decrease: -1}
OF_THE_END: Final = frozenset({AmendmentKind.extension, AmendmentKind.shortening})


class DeliverableKind(StrEnum):
    """What was promised."""

    seats = auto()
    courses = auto()
    visits = auto()
    equipment = auto()


# What trainings deliver. Of the others nothing says how many there were.
DELIVERED_BY_TRAININGS: Final = frozenset({DeliverableKind.seats, DeliverableKind.courses})


class IllegalTransition(Conflict):
    """A status that cannot follow the present one."""

    code = "illegal_transition"
    title = "This status cannot follow the present one"


class NotInForce(Conflict):
    """An agreement that is not in a state for this."""

    code = "agreement_not_open"
    title = "The agreement is not open to this"


def check_transition(current: AgreementStatus, to: AgreementStatus) -> None:
    """Raise unless an agreement that is `current` may become `to`; say what it may become."""
    allowed = NEXT_STATUS[current]
    if to not in allowed:
        named = ", ".join(sorted(allowed)) or "nothing else"
        raise IllegalTransition(f"An agreement that is {current} cannot become {to}; it may become {named}.")


def signers_of(agreement_type: AgreementType) -> tuple[Party, ...]:
    """Who must sign."""
    return (Party.awarding,) if agreement_type in ORDERS else (Party.awarding, Party.recipient)


def check_signatures(agreement_type: AgreementType, signed: Mapping[Party, date | None]) -> None:
    """Raise unless everybody who must sign has."""
    missing = [party for party in signers_of(agreement_type) if signed[party] is None]
    if missing:
        raise IllegalTransition(
            "An agreement is signed once each party has signed; sign it first.",
            [FieldError("signature_missing", f"The {party} agency has not signed.", "#/to") for party in missing],
        )


def check_signature(
    agreement_type: AgreementType, status: AgreementStatus, party: Party, signed_on: date | None, today: date
) -> None:
    """Raise unless `party` may sign now, as of `signed_on`."""
    if status is not AgreementStatus.cleared:
        raise NotInForce(f"An agreement is signed while it is cleared; this one is {status}.")
    if party not in signers_of(agreement_type):
        raise invalid("#/party", "no_signer", f"Only the awarding agency signs a {in_words(agreement_type)}.")
    if signed_on is not None and signed_on > today:
        raise invalid("#/signed_on", "in_the_future", f"Today is {today} (UTC); record it when it is signed.")


def check_parties(agreement_type: AgreementType, awarding: str, recipient: str | None) -> None:
    """Raise unless the parties are two, as far as the type has two."""
    if recipient is None and agreement_type not in ORDERS:
        raise invalid("#/recipient_agency_code", "missing", f"A {in_words(agreement_type)} is made with somebody.")
    if recipient == awarding:
        raise invalid("#/recipient_agency_code", "same_agency", "An agency makes no agreement with itself.")


def check_period(starts_on: date | None, ends_on: date | None) -> None:
    """Raise where an agreement ends before it starts."""
    if starts_on and ends_on and ends_on < starts_on:
        raise invalid("#/ends_on", "before_start", f"It starts on {starts_on}.")


def check_delivery(kind: DeliverableKind, said: Mapping[str, object]) -> None:
    """Raise unless a promise says by which trainings it is delivered in a way that can be counted, or not at all."""
    named = [name for name in ("course_code", "program_code") if said[name] is not None]
    if named and kind not in DELIVERED_BY_TRAININGS:
        raise invalid(f"#/{named[0]}", "not_of_trainings", f"No training delivers {kind}: nothing here counts them.")
    for name in ("provider_agency_code", "delivered_from", "delivered_to"):
        if said[name] is not None and not named:
            raise invalid(f"#/{name}", "no_trainings", "Name the course or the program whose trainings deliver it.")
    starts_on, ends_on = said["delivered_from"], said["delivered_to"]
    if isinstance(starts_on, date) and isinstance(ends_on, date) and ends_on < starts_on:
        raise invalid("#/delivered_to", "before_start", f"It is delivered from {starts_on} on.")


def check_open(status: AgreementStatus, allowed: frozenset[AgreementStatus], what: str) -> None:
    """Raise unless `what` may happen to an agreement of this status."""
    if status not in allowed:
        named = ", ".join(sorted(allowed))
        raise NotInForce(f"{what} of an agreement that is {named}; this one is {status}.")


def check_amendment(kind: AmendmentKind, *, has_amount: bool, has_end: bool) -> None:
    """Raise unless an amendment says what its kind changes, and nothing else."""
    for pointer, is_given, is_needed in (
        ("#/amount", has_amount, kind in OF_THE_CEILING),
        ("#/ends_on", has_end, kind in OF_THE_END),
    ):
        if is_needed and not is_given:
            raise invalid(pointer, "missing", f"An amendment of the kind {kind} says this.")
        if is_given and not is_needed:
            raise invalid(pointer, "not_of_this_kind", f"An amendment of the kind {kind} does not change this.")


def check_new_end(kind: AmendmentKind, before: date | None, ends_on: date | None) -> None:
    """Raise unless an extension ends later than what held when it was signed, and a shortening earlier."""
    if before is None or ends_on is None:
        return
    if kind is AmendmentKind.extension and ends_on <= before:
        raise invalid(
            "#/ends_on", "not_later", f"By what was signed before it ends on {before}: an extension is later."
        )
    if kind is AmendmentKind.shortening and ends_on >= before:
        raise invalid(
            "#/ends_on", "not_earlier", f"By what was signed before it ends on {before}: a shortening is earlier."
        )


def in_words(agreement_type: AgreementType) -> str:
    """The type as it is read."""
    return agreement_type.replace("_", " ")
