"""HTTP: paths, codes, who may call. No SQL, no rules."""

from typing import Final

from funding.routes import (
    agreement_amendments,
    agreement_deliverables,
    agreement_lines,
    agreement_reports,
    agreements,
    changes,
    cost_allocations,
    cost_totals,
    entry_proposals,
    exchange_rates,
    fund_codes,
    fund_lines,
    host_contributions,
    host_totals,
    ledger_entries,
    leverage,
    money_totals,
    pipeline,
    reports,
    treasury_accounts,
)

ROUTERS: Final = [
    treasury_accounts.router,
    fund_codes.router,
    fund_lines.router,
    agreements.router,
    agreement_amendments.router,
    agreement_lines.router,
    agreement_deliverables.router,
    entry_proposals.router,
    ledger_entries.router,
    money_totals.router,
    reports.router,
    pipeline.router,
    agreement_reports.router,
    exchange_rates.router,
    host_contributions.router,
    host_totals.router,
    leverage.router,
    cost_allocations.router,
    cost_totals.router,
    changes.router,
]
