"""How the ledger is cut for a report, and how a cell says what it takes in. Pure, as all of this."""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum, auto
from typing import Any, Final


class ReportDimension(StrEnum):
    """By what a report is cut. Each entry has one value of each, or none."""

    country = auto()
    fund_line = auto()
    account = auto()
    fund_fiscal_year = auto()
    function = auto()
    initiative = auto()
    operating_unit = auto()
    agreement = auto()
    agency = auto()
    fiscal_year = auto()


# The field of a report's row that has the value, which is also the filter of ledger entries.
FIELDS: Final[Mapping[ReportDimension, str]] = {
    ReportDimension.country: "country_code",
    ReportDimension.fund_line: "fund_line_code",
    ReportDimension.account: "treasury_account_code",
    ReportDimension.fund_fiscal_year: "fund_fiscal_year",
    ReportDimension.function: "function_code",
    ReportDimension.initiative: "initiative_code",
    ReportDimension.operating_unit: "operating_unit_code",
    ReportDimension.agreement: "agreement_code",
    ReportDimension.agency: "recipient_agency_code",
    ReportDimension.fiscal_year: "fiscal_year",
}
# Authority is allotted to fund lines, not to agreements, and over all years: cut by these, nothing is left over of it.
CUTS_AUTHORITY: Final = frozenset({ReportDimension.agreement, ReportDimension.agency, ReportDimension.fiscal_year})


_DAYS_A_MONTH: Final = Decimal("30.4375")
_LONGEST_DAYS: Final = 365 * 200


def cell_filters(cut: Sequence[tuple[str, Any]], asked: Mapping[str, Sequence[Any]]) -> list[tuple[str, str]]:
    """The filters of exactly the entries of a cell: the values of its row, and what was asked for beside them."""
    of_row = [(name, str(value)) if value is not None else (f"{name}_is_null", "true") for name, value in cut]
    named = {name for name, _ in cut}
    return of_row + [(name, str(value)) for name, values in asked.items() if name not in named for value in values]


# A cut by these alone tells no fund line of a country from another: what one transfers to the other is counted once.
NETTED_CUTS: Final = frozenset({ReportDimension.country, ReportDimension.fiscal_year})


def boundary_of_cell(filters: Sequence[tuple[str, str]], *, is_netted: bool = False) -> str:
    """What a cell takes in, in words, and whether it counts what a fund line transfers to another once, or twice."""
    said = [
        f"without a {_words(name.removesuffix('_is_null'))}" if name.endswith("_is_null") else f"{_words(name)} {value}"
        for name, value in filters
    ]
    transfers = (
        "what a fund line transfers to another of its country is counted once"
        if is_netted
        else "transfers between fund lines are not netted"
    )
    return f"All entries{': ' if said else ''}{', '.join(said)}; {transfers}."


def _words(name: str) -> str:
    return name.removesuffix("_code").replace("_", " ")


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or the last of that month; the first day of all where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    if year < date.min.year:
        return date.min
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def days_from(day: date, days: int) -> date:
    """So many days later, or earlier; no day beyond the calendar."""
    return date.fromordinal(min(max(day.toordinal() + days, 1), date.max.toordinal()))


@dataclass(frozen=True, slots=True)
class Burn:
    """How fast money is paid: a month, over so many months."""

    per_month: Decimal
    months: int

    def months_left(self, unliquidated: Decimal) -> Decimal | None:
        """For how many months what is obligated and unpaid lasts; unknown where nothing is paid."""
        return None if self.per_month <= 0 else (unliquidated / self.per_month).quantize(Decimal("0.1"))

    def paid_on(self, unliquidated: Decimal, as_of: date) -> date | None:
        """When nothing is left at this pace; None where there is no pace, or the day is beyond the calendar."""
        if self.per_month <= 0:
            return None
        days = unliquidated / self.per_month * _DAYS_A_MONTH
        return days_from(as_of, int(days)) if days < _LONGEST_DAYS else None


def fiscal_quarter_ends(first: date, last: date) -> list[date]:
    """The ends of the quarters of fiscal years from a day on, before another, and that other."""
    ends = []
    year, month = first.year, (first.month + 2) // 3 * 3
    while (end := date(year, month, calendar.monthrange(year, month)[1])) < last:
        ends.append(end)
        year, month = (year + 1, 3) if month == 12 else (year, month + 3)  # noqa: PLR2004 - December
    return [*ends, last]


def burn_rate(paid: Decimal, first_paid_on: date | None, as_of: date, months: int) -> Burn | None:
    """What was `paid` in the last `months`, a month. Months before the first payment are not counted."""
    if first_paid_on is None:
        return None
    since_first = (as_of.year - first_paid_on.year) * 12 + as_of.month - first_paid_on.month + 1
    counted = min(months, since_first)
    return Burn((paid / counted).quantize(Decimal("0.01")), counted)
