"""Treasury accounts, the codes of fund lines, and the fund lines themselves."""

from datetime import date
from typing import Any, Final

from chassis.columns import code_column, country_form, one_of, refers_to, sorted_text
from sqlalchemy import CheckConstraint, Column, Computed, Date, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from funding import domain
from funding.models.base import Stored

# What PostgreSQL takes from the symbol, so that its rules need not trust what was typed beside it.
_FIRST_DAY: Final = "make_date(substring(code from '-([0-9]{4})/')::integer - 1, 10, 1)"
_LAST_DAY: Final = "make_date(substring(code from '/([0-9]{4})-')::integer, 9, 30)"
_CANCELS_ON: Final = "make_date(substring(code from '/([0-9]{4})-')::integer + 5, 10, 1)"
_FEDERAL_ACCOUNT: Final = (
    "substring(code from '([0-9]{3})-([0-9]{4}/[0-9]{4}|[A-Z])-[0-9]{4}-[0-9]{3}$') || '-' || "
    "substring(code from '-([0-9]{4})-[0-9]{3}$')"
)


def _from_symbol(kind: Any, expression: str) -> Any:  # noqa: ANN401 - a column's type; stands where a default may stand
    return Field(default=None, sa_column=Column(kind, Computed(expression, persisted=True)))


def validity() -> CheckConstraint:
    """What is in use is so from a day to a day."""
    return CheckConstraint("valid_to >= valid_from", name="valid_to_not_before")


class TreasuryAccount(Stored, table=True):
    """An account of the Treasury. Its code is its symbol, and all of its days follow from that."""

    __tablename__ = "treasury_accounts"
    __table_args__ = (
        CheckConstraint(f"code ~ '{domain.SYMBOL_FORM}'", name="symbol_form"),
        CheckConstraint("available_to >= available_from", name="years_in_order"),
        validity(),
        Index(None, "federal_account_code"),
    )

    code: str = code_column()
    title: str = Field(sa_column=sorted_text(nullable=False))
    valid_from: date | None = None
    valid_to: date | None = None
    federal_account_code: str | None = _from_symbol(Text(collation="C"), _FEDERAL_ACCOUNT)
    available_from: date | None = _from_symbol(Date, _FIRST_DAY)
    available_to: date | None = _from_symbol(Date, _LAST_DAY)
    cancels_on: date | None = _from_symbol(Date, _CANCELS_ON)

    @property
    def symbol(self) -> domain.AccountSymbol:
        """The parts of its code."""
        return domain.parse_symbol(self.code)


class FundCode(Stored, table=True):
    """A code that fund lines carry: a function, an initiative, an operating unit. In use from a day to a day."""

    __tablename__ = "fund_codes"
    __table_args__ = (
        one_of("kind", domain.FundCodeKind),
        validity(),
        CheckConstraint("kind = 'function' OR NOT is_program_support", name="support_is_a_function"),
        UniqueConstraint("kind", "code"),
    )

    kind: str
    code: str = Field(sa_column=sorted_text(nullable=False))
    title: str = Field(sa_column=sorted_text(nullable=False))
    valid_from: date | None = None
    valid_to: date | None = None
    is_program_support: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})


class FundLine(Stored, table=True):
    """Money of an account for one country and purpose. Its code and its country never change: sums hang on them."""

    __tablename__ = "fund_lines"
    __table_args__ = (
        country_form(),
        Index(None, "country_code"),
    )

    code: str = code_column()
    title: str = Field(sa_column=sorted_text(nullable=False))
    country_code: str = Field(sa_column=sorted_text(nullable=False))
    purpose: str | None = None
    # Null until the account is known; from then on the rules of the ledger hold, and it stays.
    treasury_account_code: str | None = refers_to("treasury_accounts.code", nullable=True)
    function_code: str | None = Field(default=None, sa_column=sorted_text())
    initiative_code: str | None = Field(default=None, sa_column=sorted_text())
    operating_unit_code: str | None = Field(default=None, sa_column=sorted_text())
    transfer_agreement_code: str | None = refers_to("agreements.code", nullable=True)

    @property
    def is_controlled(self) -> bool:
        """Whether the rules of the ledger hold for its entries."""
        return self.treasury_account_code is not None
