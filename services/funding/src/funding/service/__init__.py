"""What may be done to accounts, fund lines and their ledger: load, decide, write. No HTTP, no commit."""

from funding.service.accounts import (
    create_fund_code,
    create_fund_line,
    create_treasury_account,
    update_fund_code,
    update_fund_line,
    update_treasury_account,
)
from funding.service.agreements import (
    advance_agreement,
    create_agreement,
    create_agreement_amendment,
    create_agreement_deliverable,
    create_agreement_line,
    sign_agreement,
    update_agreement,
    update_agreement_deliverable,
)
from funding.service.costs import (
    create_cost_allocation,
    void_cost_allocation,
)
from funding.service.counterpart import (
    advance_host_contribution,
    create_host_contribution,
    update_host_contribution,
    void_host_contribution,
)
from funding.service.ledger import (
    create_entry_proposal,
    create_ledger_entry,
    decline_entry_proposal,
    post_entry_proposal,
)
from funding.service.rates import (
    create_exchange_rate,
    void_exchange_rate,
)
from funding.service.words import CONSTRAINT_WORDS

__all__ = [
    "CONSTRAINT_WORDS",
    "advance_agreement",
    "advance_host_contribution",
    "create_agreement",
    "create_agreement_amendment",
    "create_agreement_deliverable",
    "create_agreement_line",
    "create_cost_allocation",
    "create_entry_proposal",
    "create_exchange_rate",
    "create_fund_code",
    "create_fund_line",
    "create_host_contribution",
    "create_ledger_entry",
    "create_treasury_account",
    "decline_entry_proposal",
    "post_entry_proposal",
    "sign_agreement",
    "update_agreement",
    "update_agreement_deliverable",
    "update_fund_code",
    "update_fund_line",
    "update_host_contribution",
    "update_treasury_account",
    "void_cost_allocation",
    "void_exchange_rate",
    "void_host_contribution",
]
