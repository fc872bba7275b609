"""Treasury accounts: what their symbol says, and what their money may be used for on a day. Pure, as all of this."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, auto
from typing import Final

from chassis.errors import Conflict, invalid

# ATA-AID-BPOA/EPOA-MAIN-SUB, with a letter such as X (no year) for the years, without ATA where no agency allocated it.
SYMBOL_FORM: Final = "^(([0-9]{3})-)?([0-9]{3})-(([12][0-9]{3})/([12][0-9]{3})|([A-Z]))-([0-9]{4})-([0-9]{3})$"
# Fiscal years after the last in which money may be newly obligated, until what is left of it returns to the Treasury.
EXPIRED_YEARS: Final = 5


class AccountPhase(StrEnum):
    """What the money of an account may be used for. Derived from its years and a day, never typed."""

    upcoming = auto()
    current = auto()
    expired = auto()
    canceled = auto()


class FundCodeKind(StrEnum):
    """What a code of a fund line says."""

    function = auto()
    initiative = auto()
    operating_unit = auto()


@dataclass(frozen=True, slots=True)
class AccountSymbol:
    """The parts of an account's symbol. Money without years (`availability_type` X) neither expires nor is canceled."""

    allocation_transfer_agency: str | None
    agency_identifier: str
    first_fiscal_year: int | None
    last_fiscal_year: int | None
    availability_type: str | None
    main_account: str
    sub_account: str

    @property
    def available_from(self) -> date | None:
        """The first day on which its money may be obligated."""
        return None if self.first_fiscal_year is None else date(self.first_fiscal_year - 1, 10, 1)

    @property
    def available_to(self) -> date | None:
        """The last day on which its money may be newly obligated."""
        return None if self.last_fiscal_year is None else date(self.last_fiscal_year, 9, 30)

    @property
    def cancels_on(self) -> date | None:
        """The first day on which nothing may be done with it any more."""
        return None if self.last_fiscal_year is None else date(self.last_fiscal_year + EXPIRED_YEARS, 10, 1)

    def phase_on(self, day: date) -> AccountPhase:
        """Its phase on `day`."""
        if self.available_from is None or self.available_to is None or self.cancels_on is None:
            return AccountPhase.current
        if day >= self.cancels_on:
            return AccountPhase.canceled
        if day > self.available_to:
            return AccountPhase.expired
        return AccountPhase.current if day >= self.available_from else AccountPhase.upcoming


def parse_symbol(code: str, pointer: str = "#/code") -> AccountSymbol:
    """The parts of the symbol `code`; `Invalid` at `pointer` where it is none."""
    found = re.fullmatch(SYMBOL_FORM, code)
    if found is None:
        raise invalid(
            pointer,
            "not_a_symbol",
            "Write the symbol as ATA-AID-BPOA/EPOA-MAIN-SUB or AID-X-MAIN-SUB, such as 019-011-2012/2017-1022-000.",
        )
    _, transfer, agency, _, first, last, availability, main, sub = found.groups()
    if first is not None and last < first:
        raise invalid(
            pointer, "years_reversed", f"The period of availability ends in {last}, before it begins in {first}."
        )
    begins, ends = (None, None) if first is None else (int(first), int(last))
    return AccountSymbol(transfer, agency, begins, ends, availability, main, sub)


def check_validity(valid_from: date | None, valid_to: date | None) -> None:
    """Raise where something would be out of use before it is in use."""
    if valid_from and valid_to and valid_to < valid_from:
        raise invalid("#/valid_to", "before_start", f"It is in use from {valid_from} on.")


def check_in_use(
    pointer: str, code: str, valid_from: date | None, valid_to: date | None, symbol: AccountSymbol | None
) -> None:
    """Raise where a code was not in use at any time while the money of the account may be obligated."""
    if symbol is None or symbol.available_from is None or symbol.available_to is None:
        return
    if (valid_to and valid_to < symbol.available_from) or (valid_from and valid_from > symbol.available_to):
        raise invalid(
            pointer,
            "not_in_use",
            f"{code} was in use from {valid_from or 'the beginning'} to {valid_to or 'today'}; the money of the "
            f"account may be obligated from {symbol.available_from} to {symbol.available_to}.",
        )


class AccountIsSet(Conflict):
    """A fund line has its account for good."""

    code = "account_is_set"
    title = "The fund line has an account already"


def check_account_stays(now: str | None, wanted: str | None) -> None:
    """Raise where a fund line would change its account: the rules that its entries were held to hang on it."""
    if now is not None and wanted != now:
        raise AccountIsSet(f"Its money is of the account {now}; record another fund line for other money.")
