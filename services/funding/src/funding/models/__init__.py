"""Tables of the funding service. What a table promises is a constraint here, and so in PostgreSQL."""

from funding.models.accounts import FundCode, FundLine, TreasuryAccount
from funding.models.agreements import AgencyRef, Agreement, AgreementAmendment, AgreementDeliverable, AgreementLine
from funding.models.base import metadata
from funding.models.costs import (
    CostAllocation,
    TrainingRef,
)
from funding.models.counterpart import (
    HostContribution,
    ProgramRef,
)
from funding.models.imports import LedgerImport, LedgerImportRow
from funding.models.ledger import EntryProposal, LedgerEntry
from funding.models.rates import (
    ExchangeRate,
)

__all__ = [
    "AgencyRef",
    "Agreement",
    "AgreementAmendment",
    "AgreementDeliverable",
    "AgreementLine",
    "CostAllocation",
    "EntryProposal",
    "ExchangeRate",
    "FundCode",
    "FundLine",
    "HostContribution",
    "LedgerEntry",
    "LedgerImport",
    "LedgerImportRow",
    "ProgramRef",
    "TrainingRef",
    "TreasuryAccount",
    "metadata",
]
