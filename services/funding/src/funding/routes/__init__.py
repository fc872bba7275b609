"""HTTP: paths, codes, who may call. No SQL, no rules."""

from typing import Final

from funding.routes import changes, fund_lines, ledger_entries, money_totals

ROUTERS: Final = [fund_lines.router, ledger_entries.router, money_totals.router, changes.router]
