"""What a demonstration's money is, country by country. Pure: the same each time it is asked for the same day.

Amounts are made up. Of each country there is money whose years are over and money of now; of Mexico money that is
canceled too. An entry is planned in the round in which what it refers to is in the ledger.
"""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from chassis.planned import make_id

from funding.domain import AgreementType, DeliverableKind, EntryKind, fy, months_before

Row = dict[str, Any]
PREFIX: Final = "DEMO-"
FUNCTION: Final = f"{PREFIX}CORRECTIONS"
ROUNDS: Final = (1, 2, 3, 4)
_AWARDING: Final = "INL"


@dataclass(frozen=True, slots=True)
class Country:
    """Whose money it is: whom its letters are made with (None: it has none), and who is paid."""

    code: str
    host: str | None
    partner: str
    partner_type: AgreementType
    program: str | None = None


COUNTRIES: Final = (
    Country("MX", "MX-PENITENTIARY", "US-NM-CD", AgreementType.grant, "MX-CORR"),
    Country("GE", "GE-CORR-MIN", "US-GA-APD", AgreementType.grant, "GE-CORR"),
    Country("MA", "MA-PRISONS", "US-CO-DOC", AgreementType.grant, "MA-CORR"),
    Country("PK", "PK-SD-PRISONS", "US-BOP", AgreementType.iaa_632b, "PK-SD-CORR"),
    Country("CO", None, "US-BOP", AgreementType.iaa_632b),
    Country("GT", None, "US-CA-DOC", AgreementType.grant),
    Country("HN", None, "US-CA-DOC", AgreementType.cooperative_agreement),
    Country("KE", None, "US-BOP", AgreementType.iaa_632b),
    Country("PA", None, "US-CO-DOC", AgreementType.grant),
    Country("SV", None, "US-CA-DOC", AgreementType.grant),
)
AGENCIES: Final = frozenset(
    {_AWARDING, *(one.partner for one in COUNTRIES), *(one.host for one in COUNTRIES if one.host)}
)


@dataclass(slots=True)
class Part:
    """The money of one account of a country: a fund line, its agreements and its entries."""

    code: str
    account: str
    fund_line: Row
    agreements: list[Row] = field(default_factory=list)
    amendments: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    deliverables: list[Row] = field(default_factory=list)
    entries: list[tuple[int, Row]] = field(default_factory=list)

    def agree(self, name: str, kind: AgreementType, **over: Any) -> str:  # noqa: ANN401 - whatever a column holds
        """An agreement in force; its code."""
        code = f"{self.code}-{name}"
        nothing = dict.fromkeys(("parent_code", "recipient_agency_code", "purpose", "ceiling", "starts_on", "ends_on"))
        row = {"id": make_id(code, 0), "code": code, "type": kind, "awarding_agency_code": _AWARDING}
        self.agreements.append(nothing | row | {"country_code": self.fund_line["country_code"]} | over)
        return code

    def line(self, agreement_code: str, parent: uuid.UUID | None = None) -> uuid.UUID:
        """The line of an agreement that this money pays; its id."""
        made = make_id(f"{agreement_code}|line", 1)
        row = {"id": made, "agreement_code": agreement_code, "number": 1, "fund_line_code": self.code}
        self.lines.append(row | {"parent_line_id": parent})
        return made

    def enter(self, round_: int, kind: EntryKind, amount: Decimal, day: date, **over: Any) -> uuid.UUID:  # noqa: ANN401 - as above
        """An entry that is posted in a round; its id."""
        made = make_id(f"{self.code}|entries", len(self.entries))
        nothing = dict.fromkeys(("agreement_line_id", "adjusts_entry_id", "reverses_entry_id", "commitment_entry_id"))
        row = {"id": made, "fund_line_code": self.code, "kind": kind, "amount": amount, "effective_date": day}
        said = {"document_reference": f"{self.code}, paper {len(self.entries) + 1}", "note": "Generated."}
        self.entries.append((round_, nothing | row | said | over))
        return made

    def promise(self, agreement_code: str, kind: DeliverableKind, promised: int, **over: Any) -> None:  # noqa: ANN401 - as above
        """Something promised."""
        names = ("due_on", "description", "course_code", "program_code", "provider_agency_code", "delivered_from")
        row = {"id": make_id(f"{agreement_code}|promises", len(self.deliverables)), "agreement_code": agreement_code}
        row |= {"kind": kind, "promised": promised}
        self.deliverables.append(dict.fromkeys((*names, "delivered_to")) | row | over)


def entry_id(proposal_id: uuid.UUID) -> uuid.UUID:
    """The id of the entry that a planned proposal becomes."""
    return make_id(f"entry|{proposal_id}", 0)


def list_parts(today: date) -> Iterator[Part]:
    """Everything, as of a day: what happens later is not in it."""
    for number, country in enumerate(COUNTRIES):
        dice = random.Random(f"tributary demo money|{country.code}")  # noqa: S311 - the same each time, nothing secret
        if country.code == "MX":
            yield _canceled(country)
        yield _over(country, dice, fy(today))
        yield _of_now(country, dice, today, number)


def _part(country: Country, name: str, first_year: int) -> Part:
    code = f"{PREFIX}{country.code}-{name}"
    account = f"019-011-{first_year}/{first_year + 1}-1022-000"
    title = f"Corrections, {country.code}, demonstration"
    line = {
        "id": make_id(code, 1),
        "code": code,
        "title": title,
        "country_code": country.code,
        "purpose": "corrections",
    }
    return Part(code, account, line | {"treasury_account_code": account, "function_code": FUNCTION})


def _bind(
    part: Part, country: Country, starts_on: date, ends_on: date, signed_on: date, ceiling: Decimal
) -> tuple[str, uuid.UUID, uuid.UUID]:
    """What obligates the money, a letter with an award under it or the award alone: its code, its line, who is paid."""
    dates = {"starts_on": starts_on, "ends_on": ends_on, "signed_on": signed_on}
    if country.host is None:
        title = f"Agreement with {country.partner} for {country.code}, demonstration"
        made = part.agree(
            "AWARD", country.partner_type, title=title, recipient_agency_code=country.partner, ceiling=ceiling, **dates
        )
        line = part.line(made)
        return made, line, line
    letter = part.agree(
        "LOA",
        AgreementType.loa,
        title=f"Letter of agreement on corrections, {country.code}, demonstration",
        recipient_agency_code=country.host,
        purpose="Training of academy instructors and officers.",
        ceiling=ceiling,
        **dates,
    )
    title = f"Award to {country.partner} for {country.code}, demonstration"
    award = part.agree(
        "AWARD",
        country.partner_type,
        title=title,
        recipient_agency_code=country.partner,
        parent_code=letter,
        **dates,
    )
    bulk = part.line(letter)
    return letter, bulk, part.line(award, bulk)


def _thousands(amount: Decimal, share: str) -> Decimal:
    return (amount * Decimal(share)).quantize(Decimal(1000)).quantize(Decimal("0.01"))


def _in(year: int, month: int, day: int) -> date:
    """A day of a fiscal year."""
    return date(year - (month >= 10), month, day)  # noqa: PLR2004 - October


def _canceled(country: Country) -> Part:
    """Mexico's first money: it trained the instructors of documents, and what was left returned to the Treasury."""
    part = _part(country, "OLD", 2009)
    whole = Decimal("6000000.00")
    code, bulk, paid_by = _bind(part, country, date(2009, 1, 1), date(2015, 9, 30), date(2008, 12, 20), whole)
    part.enter(1, EntryKind.allotment, whole, date(2008, 12, 15))
    part.enter(1, EntryKind.obligation, Decimal("5800000.00"), date(2009, 1, 15), agreement_line_id=bulk)
    part.enter(2, EntryKind.sub_obligation, Decimal("5500000.00"), date(2009, 2, 1), agreement_line_id=paid_by)
    paid = Decimal(0)
    for quarter in range(20):
        amount = Decimal("262500.00")
        paid += amount
        day = months_before(date(2009, 5, 20), -3 * quarter)
        part.enter(3, EntryKind.disbursement, amount, day, agreement_line_id=paid_by)
    part.enter(4, EntryKind.cancellation_close, whole - paid, date(2015, 10, 1))
    by = {"program_code": country.program, "delivered_from": date(2009, 1, 1), "delivered_to": date(2015, 9, 30)}
    for kind, promised, course in (
        (DeliverableKind.seats, 500, "TRAINERS"),
        (DeliverableKind.courses, 16, "TRAINERS"),
        (DeliverableKind.seats, 8000, "BASIC"),
    ):
        part.promise(code, kind, promised, due_on=date(2015, 9, 30), course_code=f"{PREFIX}{course}", **by)
    part.promise(code, DeliverableKind.equipment, 40, description="Radios for the academy.")
    return part


def _over(country: Country, dice: random.Random, now: int) -> Part:
    """Money that cannot be newly obligated any more. What is left of it rests: it may be deobligated."""
    first = now - 5
    part = _part(country, "EXPIRED", first)
    whole = Decimal(dice.randrange(8, 40) * 100_000).quantize(Decimal("0.01"))
    ends_on = _in(first + 2, 9, 30)
    code, bulk, paid_by = _bind(part, country, _in(first, 1, 1), ends_on, _in(first, 1, 10), whole)
    more = {"agreement_code": code, "kind": "extension", "signed_on": _in(first + 2, 6, 1), "description": "One year."}
    part.amendments.append(
        {"id": make_id(f"{code}|amendment", 1), "number": 1, "ends_on": _in(first + 3, 9, 30)} | more
    )
    reserved, direct = _thousands(whole, "0.6"), _thousands(whole, "0.25")
    part.enter(1, EntryKind.appropriation, whole, _in(first, 11, 20))
    part.enter(1, EntryKind.allotment, whole, _in(first, 12, 15))
    commitment = part.enter(1, EntryKind.commitment, reserved, _in(first, 1, 20))
    later = part.enter(1, EntryKind.obligation, direct, _in(first + 1, 2, 10), agreement_line_id=bulk)
    part.enter(
        2, EntryKind.obligation, reserved, _in(first, 3, 10), agreement_line_id=bulk,
        commitment_entry_id=entry_id(commitment),
    )  # fmt: skip
    if paid_by != bulk:
        part.enter(3, EntryKind.sub_obligation, _thousands(whole, "0.55"), _in(first, 5, 1), agreement_line_id=paid_by)
    payments = [
        part.enter(
            3,
            EntryKind.disbursement,
            _thousands(whole, "0.04"),
            months_before(_in(first, 7, 15), -3 * quarter),
            agreement_line_id=paid_by,
        )
        for quarter in range(12)
    ]
    back = _thousands(whole, "0.02")
    part.enter(
        4, EntryKind.refund, back, _in(first + 2, 2, 3), adjusts_entry_id=entry_id(payments[0]),
        agreement_line_id=paid_by,
    )  # fmt: skip
    part.enter(
        4, EntryKind.deobligation, _thousands(whole, "0.05"), _in(first + 2, 6, 1), adjusts_entry_id=entry_id(later),
        agreement_line_id=bulk,
    )  # fmt: skip
    return part


def _of_now(country: Country, dice: random.Random, today: date, number: int) -> Part:
    """Money that can still be obligated, under an agreement that ends soon."""
    first = fy(today) - 1
    part = _part(country, "NOW", first)
    whole = Decimal(dice.randrange(10, 50) * 100_000).quantize(Decimal("0.01"))
    ends_on = today + timedelta(days=60 + 12 * number)
    code, bulk, paid_by = _bind(part, country, _in(first, 1, 1), ends_on, _in(first, 1, 10), whole)
    part.enter(1, EntryKind.appropriation, whole, _in(first, 11, 20))
    part.enter(1, EntryKind.allotment, whole, _in(first, 12, 15))
    part.enter(1, EntryKind.obligation, _thousands(whole, "0.7"), _in(first, 2, 10), agreement_line_id=bulk)
    if paid_by != bulk:
        part.enter(2, EntryKind.sub_obligation, _thousands(whole, "0.6"), _in(first, 3, 1), agreement_line_id=paid_by)
    for months in range(12):
        day = months_before(_in(first, 4, 15), -months)
        if day <= today:
            part.enter(3, EntryKind.disbursement, _thousands(whole, "0.04"), day, agreement_line_id=paid_by)
    by = {"course_code": f"{PREFIX}BASIC", "delivered_from": date(2009, 1, 1)}
    part.promise(
        code, DeliverableKind.seats, dice.randrange(10, 60) * 10, due_on=ends_on, program_code=country.program, **by
    )
    part.promise(code, DeliverableKind.courses, dice.randrange(2, 9), due_on=ends_on, **by)
    part.promise(code, DeliverableKind.visits, 2, description="Of academy staff to a US academy.")
    if country.code == "MX":
        part.agree(
            "MOU",
            AgreementType.mou,
            title="Memorandum with New Mexico, demonstration",
            recipient_agency_code=country.partner,
            starts_on=_in(first, 1, 1),
            ends_on=today + timedelta(days=30),
            signed_on=_in(first, 1, 10),
        )
    return part
