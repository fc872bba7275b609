"""What changed in this service, over HTTP."""

from typing import Final

from chassis.changes import Kind, changes_router

from funding.models import metadata

KINDS: Final = tuple(
    Kind(metadata.tables[table]) for table in ("fund_lines", "ledger_entries", "treasury_accounts", "fund_codes")
)
router: Final = changes_router(KINDS)
