"""HTTP: paths, codes, who may call. No SQL, no rules."""

from typing import Final

from funding.routes import changes, fund_codes, fund_lines, ledger_entries, money_totals, treasury_accounts

ROUTERS: Final = [
    treasury_accounts.router,
    fund_codes.router,
    fund_lines.router,
    ledger_entries.router,
    money_totals.router,
    changes.router,
]
