"""The form of a ledger entry, and how what it says becomes a proposal. Pure: no framework."""

from collections.abc import Mapping
from typing import Any, Final

from web.edits import Field, Kind

# What an entry may be, in the words of its form; a closing is proposed by the API alone.
KINDS: Final = {
    "appropriation": "Appropriation",
    "allotment": "Allotment",
    "allotment_withdrawal": "Allotment withdrawal: takes back an allotment",
    "commitment": "Commitment: reserves, before anything is obligated",
    "commitment_release": "Commitment release: takes back a commitment",
    "obligation": "Obligation: under an agreement",
    "upward_adjustment": "Upward adjustment: adds to an earlier obligation",
    "deobligation": "Deobligation: takes back an obligation",
    "sub_obligation": "Sub-obligation: an award under a letter of agreement",
    "sub_deobligation": "Sub-deobligation: takes back a sub-obligation",
    "disbursement": "Disbursement: paid",
    "refund": "Refund: takes back a disbursement",
}
FIELDS: Final = (
    Field("fund_line_code", "Fund line", hint="Code of the line whose money it is", is_required=True),
    Field("kind", "What it is", Kind.choice, choices=tuple(KINDS), labels=KINDS, is_required=True),
    Field(
        "amount", "Amount in US dollars", hint="Positive, such as 1250.00: what it is gives the sign", is_required=True
    ),
    Field("effective_date", "Took effect on", Kind.date, hint="Today or earlier", is_required=True),
    Field("agreement_code", "Agreement", hint="Code; an obligation, an award and a payment are of one", nothing=""),
    Field("line_number", "Line of the agreement", Kind.integer, hint="Needed where it has several for this fund line"),
    Field(
        "adjusts_entry_id", "Entry that it adjusts", hint="Id of an earlier entry, where it takes back or adds to one"
    ),
    Field("commitment_entry_id", "Commitment that it draws on", hint="Id of the commitment, of an obligation alone"),
    Field("document_reference", "Document", hint="The evidence, such as the number of the allotment advice"),
    Field("note", "Note", Kind.area),
)
REVERSAL_FIELDS: Final = tuple(
    one for one in FIELDS if one.name in {"effective_date", "document_reference", "note"}
)  # fmt: skip
# Where the API names a field of a proposal that the form has under another name.
_PLACES: Final = {"agreement_line_id": "agreement_code"}


def to_body(typed: Mapping[str, str], agreement_line_id: str | None) -> dict[str, Any]:
    """A proposal as the API takes it. What makes no sense goes as it is: the API says what is wrong."""
    body = {one.name: one.to_wire(typed[one.name]) for one in FIELDS if one.name in typed}
    body["amount"] = {"amount": body["amount"] or "", "currency": "USD"}
    body["agreement_line_id"] = agreement_line_id
    for name in ("agreement_code", "line_number"):
        body.pop(name)
    return body


def to_reversal(entry: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, Any]:
    """The proposal that takes an entry back, whole."""
    said = {one.name: one.to_wire(typed[one.name]) for one in REVERSAL_FIELDS}
    same = {name: entry[name] for name in ("fund_line_code", "kind", "amount", "agreement_line_id")}
    return same | said | {"reverses_entry_id": entry["id"]}


def places_of(errors: Mapping[str, str]) -> dict[str, str]:
    """What the API says of each field, by the name that the form has for it."""
    return {_PLACES.get(name, name): message for name, message in errors.items()}


def find_line(lines: list[dict[str, Any]], fund_line_code: str, number: str) -> tuple[str | None, str]:
    """The line of an agreement that is meant, and why none is."""
    fitting = [one for one in lines if one["fund_line_code"] == fund_line_code]
    meant = [one for one in (lines if number else fitting) if not number or str(one["number"]) == number]
    if len(meant) == 1:
        return meant[0]["id"], ""
    if number:
        return None, f"This agreement has no line {number}."
    if not fitting:
        return None, f"The fund line {fund_line_code} pays no line of this agreement."
    return None, f"This agreement has {len(fitting)} lines that {fund_line_code} pays: say which, by its number."
