"""What the database refuses, in words: by the name of the constraint or the rule, the pointer and the message."""

from typing import Final

from funding.domain import RULES

WRITER: Final = "officer"
NO_FUND_LINE: Final = "There is no fund line with this code; record it first."
NO_ACCOUNT: Final = "There is no Treasury account with this symbol; record it first."
NO_AGREEMENT: Final = "There is no agreement with this code; record it first."
NO_ENTRY: Final = "There is no ledger entry with this id."
NO_FUNCTION: Final = "There is no function with this code; record it first."
NO_LINE: Final = "There is no agreement line with this id; record it first."
_OTHER_PAYER: Final = "There is no such line, or another fund line pays it."
_ID_TAKEN: Final = ("#/id", "This id is taken.")
_NOT_BEFORE: Final = ("#/valid_to", "It would be out of use before it is in use.")

CONSTRAINT_WORDS: Final = {
    **{f"ledger_{rule.lower()}": ("#/", f"{rule}: {words}") for rule, words in RULES.items()},
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
    "fk_fund_lines_transfer_agreement_code": ("#/transfer_agreement_code", NO_AGREEMENT),
    "receives_a_transfer": (
        "#/transfer_agreement_code",
        "A fund line receives the money of a transfer under 632(a); this agreement is of another type.",
    ),
    "received_within_a_country": (
        "#/",
        (
            "A fund line receives what fund lines of its own country sent, and all that receive a transfer are of one "
            "country: between countries nothing is in one total twice."
        ),
    ),
    "receives_from_another": (
        "#/transfer_agreement_code",
        "A fund line does not receive what it sends: this transfer is paid from it.",
    ),
    "account_of_what_two_recorded": (
        "#/treasury_account_code",
        (
            "One officer alone recorded entries on this fund line; of an account one proposes and another posts. "
            "Reverse them, and propose them on this line once it has its account."
        ),
    ),
    "account_of_entries_with_lines": (
        "#/treasury_account_code",
        (
            "Obligations on this fund line are of no agreement; those of an account are. Reverse them, and propose "
            "them once the line has its account."
        ),
    ),
    "account_of_named_adjustments": (
        "#/treasury_account_code",
        (
            "Adjustments on this fund line do not say what they adjust; those of an account do. Reverse them, and "
            "propose them once the line has its account."
        ),
    ),
    "pk_fund_lines": _ID_TAKEN,
    "uq_fund_lines_code": ("#/code", "There is a fund line with this code already."),
    "pk_agreements": _ID_TAKEN,
    "uq_agreements_code": ("#/code", "There is an agreement with this code already."),
    "fk_agreements_awarding_agency_code": ("#/awarding_agency_code", "There is no agency with this code."),
    "fk_agreements_recipient_agency_code": ("#/recipient_agency_code", "There is no agency with this code."),
    "fk_agreements_parent_code": ("#/parent_code", NO_AGREEMENT),
    "ck_agreements_not_its_own_parent": ("#/parent_code", "An agreement does not stand under itself."),
    "ck_agreements_parties_are_two": ("#/recipient_agency_code", "An agency makes no agreement with itself."),
    "ck_agreements_ends_after_start": ("#/ends_on", "The end is before the start."),
    "ck_agreements_mou_has_no_ceiling": ("#/ceiling", "A memorandum of understanding obligates nothing."),
    "agreement_begins_as_draft": ("#/status", "An agreement begins as a draft."),
    "agreement_status_follows": ("#/to", "This status cannot follow the present one."),
    "agreement_has_its_signatures": ("#/to", "An agreement is signed once each party has signed."),
    "signed_agreement_stays": ("#/", "What was signed stays; record an amendment."),
    "pk_agreement_amendments": _ID_TAKEN,
    "uq_agreement_amendments_agreement_code_number": ("#/number", "There is an amendment of this number already."),
    "fk_agreement_amendments_agreement_code": ("#/agreement_code", NO_AGREEMENT),
    "amended_agreement_is_open": ("#/agreement_code", "Only what is signed and not over is amended."),
    "amended_after_signature": ("#/signed_on", "An amendment is signed after its agreement, and not in the future."),
    "amends_what_is_there": ("#/", "The agreement has no ceiling, or starts later than that."),
    "amends_the_end_as_said": (
        "#/ends_on",
        "An extension ends later than what was agreed before it was signed, a shortening earlier.",
    ),
    "pk_agreement_lines": _ID_TAKEN,
    "uq_agreement_lines_agreement_code_number": ("#/number", "There is a line of this number already."),
    "fk_agreement_lines_agreement_code": ("#/agreement_code", NO_AGREEMENT),
    "fk_agreement_lines_fund_line_code": ("#/fund_line_code", NO_FUND_LINE),
    "fk_agreement_lines_parent_line_id_fund_line_code": (
        "#/parent_line_id",
        "There is no such line, or another fund line pays it: both are paid by one.",
    ),
    "agreement_takes_lines": ("#/agreement_code", "An agreement that is over takes no lines."),
    "agreement_line_is_controlled": (
        "#/fund_line_code",
        "The account of this fund line is not known yet: say which it is, then agreements can be paid from it.",
    ),
    "charged_to_parent": (
        "#/parent_line_id",
        "A line is charged to a line of a letter of agreement that its agreement stands under, at whatever depth.",
    ),
    "ledger_f5": (
        "#/parent_line_id",
        "F5: an award under a letter of agreement is charged to one of its lines, not counted again. Name the line.",
    ),
    "ledger_f11": ("#/agreement_code", "F11: a memorandum of understanding obligates nothing."),
    "ledger_f14": (
        "#/agreement_code",
        "F14: money that was transferred under 632(a) is accounted for by the agency that received it; it leaves once.",
    ),
    "pk_agreement_deliverables": _ID_TAKEN,
    "fk_agreement_deliverables_agreement_code": ("#/agreement_code", NO_AGREEMENT),
    "ck_agreement_deliverables_delivered_in_order": ("#/delivered_to", "It ends before it starts."),
    "closed_agreement_is_settled": (
        "#/to",
        "Something obligated under it is not paid yet: pay or deobligate it, then close the agreement.",
    ),
    "pk_entry_proposals": _ID_TAKEN,
    "fk_entry_proposals_agreement_line_id_fund_line_code": ("#/agreement_line_id", _OTHER_PAYER),
    "fk_ledger_entries_agreement_line_id_fund_line_code": ("#/agreement_line_id", _OTHER_PAYER),
    "ck_entry_proposals_posted_by_another": ("#/", "What one proposed another posts."),
    "posted_by_another": ("#/", "What one proposed another posts, as it was proposed."),
    "proposed_by_its_proposer": ("#/", "A proposal is made by whoever proposes it."),
    "proposal_is_open": ("#/", "This proposal is decided."),
    "uq_ledger_entries_proposal_id": ("#/", "This proposal is posted already."),
    "uq_ledger_entries_reverses_entry_id": ("#/reverses_entry_id", "That entry was reversed already."),
    "ck_ledger_entries_refers_once": ("#/reverses_entry_id", "An entry adjusts another, or reverses it."),
    "agreement_in_force": (
        "#/agreement_line_id",
        "Nothing moves under an agreement that is not signed yet, or is withdrawn or closed.",
    ),
    "entry_has_its_line": (
        "#/agreement_line_id",
        (
            "An obligation is of a line of its own agreement, a sub-obligation of a line that is charged to another, "
            "an appropriation or allotment of none."
        ),
    ),
    "adjusts_what_is_there": (
        "#/adjusts_entry_id",
        (
            "Name the earlier entry of the same line that this adjusts: its obligation, commitment, sub-obligation, "
            "disbursement or allotment."
        ),
    ),
    "reverses_one_entry_whole": (
        "#/reverses_entry_id",
        (
            "F9: a reversal has the kind, amount and line of the entry that it takes back, is not dated before it, and "
            "is not taken back itself."
        ),
    ),
    "draws_on_a_commitment": (
        "#/commitment_entry_id",
        "An obligation draws on a commitment of its own fund line.",
    ),
    "voided_record_stays": ("#/", "This record was voided meanwhile; it stays as it is."),
    "pk_exchange_rates": _ID_TAKEN,
    "uq_exchange_rates_currency_rate_date": (
        "#/rate_date",
        "There is a rate of this currency and day already; void it first where it is wrong.",
    ),
    "ck_exchange_rates_units_positive": ("#/units_per_usd", "A rate is positive."),
    "ck_exchange_rates_rate_date_not_later": ("#/rate_date", "A rate is of a day that has come."),
    "pk_cost_allocations": _ID_TAKEN,
    "uq_cost_allocations_entry_target": ("#/", "This target has a share of this disbursement already; void it first."),
    "fk_cost_allocations_ledger_entry_id": ("#/ledger_entry_id", NO_ENTRY),
    "fk_cost_allocations_training_id": ("#/training_id", "There is no training with this id."),
    "ck_cost_allocations_percent_of_whole": ("#/percent", "A share is more than 0 and at most 100 percent."),
    "allocates_a_disbursement": ("#/ledger_entry_id", "Only a disbursement that was not reversed is allocated."),
    "percent_makes_the_amount": ("#/percent", "The amount is that percentage of the disbursement."),
    "ck_fund_codes_support_is_a_function": ("#/is_program_support", "Program support is a function."),
    "pk_host_contributions": _ID_TAKEN,
    "fk_host_contributions_agreement_code": ("#/agreement_code", NO_AGREEMENT),
    "fk_host_contributions_contributor_agency_code": (
        "#/contributor_agency_code",
        "There is no agency with this code.",
    ),
    "fk_host_contributions_program_code": ("#/program_code", "There is no program with this code."),
    "ck_host_contributions_ends_after_start": ("#/ends_on", "The end is before the start."),
    "ck_host_contributions_in_kind_is_valued": ("#/valuation_method", "What was given in kind was valued somehow."),
    "ck_host_contributions_evidence_has_document": ("#/document_reference", "What is documented has a document."),
    "ck_host_contributions_verified_is_documented": ("#/evidence_grade", "What nobody documents is not verified."),
    "ck_host_contributions_verified_is_delivered": ("#/amount/amount", "No more is verified than was delivered."),
    "ck_host_contributions_cost_share_of_agreement": ("#/agreement_code", "A cost share is promised in an agreement."),
    "ck_host_contributions_days_in_order": ("#/stage_on", "This is before the day of the stage before."),
    "ck_host_contributions_days_not_later": ("#/stage_on", "Record it when it has happened."),
    "contribution_scope_known": ("#/", "There is no such function, or the agreement is of another country."),
    "contribution_stage_follows": ("#/to", "This stage cannot follow the present one."),
    "contribution_amounts_stay": ("#/", "An amount that was recorded stays; void the contribution where it is wrong."),
    "pk_ledger_entries": _ID_TAKEN,
    **{
        f"fk_{table}_{column}": (f"#/{column}", "The entry that it names is not recorded, or its row is wrong itself.")
        for table in ("ledger_entries", "entry_proposals")
        for column in ("adjusts_entry_id", "reverses_entry_id", "commitment_entry_id")
    },
    "fk_entry_proposals_fund_line_code": ("#/fund_line_code", NO_FUND_LINE),
    "uq_ledger_import_rows_fingerprint": ("#/", "Another import recorded a row of this one meanwhile: check it again."),
    "import_committed_by_another": ("#/", "What one proposed another commits."),
    "import_stage_follows": ("#/", "This import is not at that stage."),
    "import_names_who_acts": ("#/", "Whoever proposes or commits an import is named."),
    "proposed_rows_stay": ("#/", "Rows that are proposed stay as they are."),
    "ck_ledger_imports_committed_by_another": ("#/", "What one proposed another commits."),
    "ck_ledger_imports_undone_by_another": ("#/", "What one proposed another commits."),
    "fk_ledger_entries_fund_line_code": ("#/fund_line_code", NO_FUND_LINE),
    "ck_ledger_entries_amount_positive": ("#/amount/amount", "An amount is positive; the kind gives the sign."),
    "ck_ledger_entries_effective_date_not_later": ("#/effective_date", "The ledger records what has happened."),
}
