"""What changed in this service, over HTTP."""

from typing import Final

from chassis.changes import Kind, changes_router

from funding.models import metadata

_TABLES: Final = (
    "fund_lines", "ledger_entries", "treasury_accounts", "fund_codes", "agreements", "agreement_amendments",
    "agreement_lines", "agreement_deliverables", "entry_proposals", "exchange_rates",
    "host_contributions", "cost_allocations", "ledger_imports",
)  # fmt: skip
KINDS: Final = (
    *(Kind(metadata.tables[table]) for table in _TABLES),
    # Trainings keeps such rows too, and each type of change has one service.
    Kind(metadata.tables["agency_refs"], name="funding-agency-refs", is_part=True),
    Kind(metadata.tables["program_refs"], name="funding-program-refs", is_part=True),
    Kind(metadata.tables["training_refs"], is_part=True),
)
router: Final = changes_router(KINDS)
