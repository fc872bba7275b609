"""Tables of the funding service. What a table promises is a constraint here, and so in PostgreSQL."""

from funding.models.accounts import FundCode, FundLine, TreasuryAccount
from funding.models.base import metadata
from funding.models.ledger import LedgerEntry

__all__ = ["FundCode", "FundLine", "LedgerEntry", "TreasuryAccount", "metadata"]
