"""What the database refuses, in words: by the name of the constraint or the rule, the pointer and the message."""

from typing import Final

WRITER: Final = "officer"
NO_FUND_LINE: Final = "There is no fund line with this code; record it first."
NO_ACCOUNT: Final = "There is no Treasury account with this symbol; record it first."
_ID_TAKEN: Final = ("#/id", "This id is taken.")
_NOT_BEFORE: Final = ("#/valid_to", "It would be out of use before it is in use.")

CONSTRAINT_WORDS: Final = {
    "pk_treasury_accounts": _ID_TAKEN,
    "uq_treasury_accounts_code": ("#/code", "There is an account with this symbol already."),
    "ck_treasury_accounts_symbol_form": ("#/code", "This is no symbol of a Treasury account."),
    "ck_treasury_accounts_years_in_order": ("#/code", "The period of availability ends before it begins."),
    "ck_treasury_accounts_valid_to_not_before": _NOT_BEFORE,
    "pk_fund_codes": _ID_TAKEN,
    "uq_fund_codes_kind_code": ("#/code", "There is a code of this kind like this already."),
    "ck_fund_codes_valid_to_not_before": _NOT_BEFORE,
    "fk_fund_lines_treasury_account_code": ("#/treasury_account_code", NO_ACCOUNT),
    "fund_line_codes_known": ("#/", "There is no fund code of that kind; record it first."),
    "fund_line_keeps_its_account": ("#/treasury_account_code", "A fund line keeps its account."),
    "pk_fund_lines": _ID_TAKEN,
    "uq_fund_lines_code": ("#/code", "There is a fund line with this code already."),
    "pk_ledger_entries": _ID_TAKEN,
    "fk_ledger_entries_fund_line_code": ("#/fund_line_code", NO_FUND_LINE),
    "ck_ledger_entries_amount_positive": ("#/amount/amount", "An amount is positive; the kind gives the sign."),
    "ck_ledger_entries_effective_date_not_later": ("#/effective_date", "The ledger records what has happened."),
}
