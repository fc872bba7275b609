"""What the cells of a row say: each understood, or an error of that cell. No database."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from chassis.tables.dates import DateOrder, Precision, UnreadableDate, read_day
from chassis.tables.faults import RefusedCell, RowError
from chassis.tables.mapping import Headers
from chassis.tables.words import UnknownWord, Vocabulary, clean

from funding.domain import ENTRY_FIELDS, EntryKind, LedgerField, fy

HEADERS: Final = Headers(
    {
        LedgerField.fund_line_code: "fund line|fund line code|fund|line of accounting|fund code|linea de fondos",
        LedgerField.kind: "kind|entry kind|type|entry type|transaction|transaction type|type of entry|tipo",
        LedgerField.amount: "amount|amount usd|usd|value|dollars|amount in usd|monto|importe",
        LedgerField.currency: "currency|currency code|moneda",
        LedgerField.effective_date: "effective date|date|effective|posting date|transaction date|effective on|fecha",
        LedgerField.fiscal_year: "fiscal year|fy|us fiscal year|year|ano fiscal",
        LedgerField.agreement_code: "agreement|agreement code|agreement number|loa|letter of agreement|award|"
        "award number|contract|instrument|acuerdo",
        LedgerField.agreement_line_number: "agreement line|line number|agreement line number|line|line no",
        LedgerField.adjusts_entry: "adjusts|adjusts entry|adjusted entry|adjusts entry id|adjusts row",
        LedgerField.reverses_entry: "reverses|reverses entry|reversed entry|reverses entry id|reverses row",
        LedgerField.commitment_entry: "commitment|commitment entry|draws on|commitment entry id|commitment row",
        LedgerField.document_reference: "document|document reference|reference|ref|document number|doc|evidence|"
        "voucher|voucher number|documento",
        LedgerField.note: "note|notes|memo|remarks|comment|comments|description|nota",
    },
    "no|num|number|#|nr|row|id",
)
_KINDS: Final = Vocabulary(
    EntryKind,
    {
        EntryKind.appropriation: "appropriations|appropriated",
        EntryKind.allotment: "allotments|allotted",
        EntryKind.allotment_withdrawal: "allotment withdrawals|withdrawal of allotment|withdrawal",
        EntryKind.commitment: "commitments|committed|reservation",
        EntryKind.commitment_release: "commitment releases|release|release of commitment",
        EntryKind.obligation: "obligations|obligated",
        EntryKind.upward_adjustment: "upward adjustments|upward|increase of obligation",
        EntryKind.deobligation: "deobligations|de obligation|deobligated|downward adjustment",
        EntryKind.sub_obligation: "sub obligations|subobligation|sub obligated",
        EntryKind.sub_deobligation: "sub deobligations|subdeobligation",
        EntryKind.disbursement: "disbursements|disbursed|payment|outlay",
        EntryKind.refund: "refunds|collection",
        EntryKind.cancellation_close: "closing|closing at cancellation",
    },
)
_PLAIN: Final = re.compile(r"[0-9]+(\.[0-9]{1,2})?")
_GROUPED: Final = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,2})?")
# Points between thousands, a comma before the cents, or three digits after the only mark.
_OTHER_MARKS: Final = re.compile(
    r"[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?|[0-9]+,[0-9]{1,2}|[0-9]{1,3}([ '][0-9]{3})+([.,][0-9]+)?"
)
_NEGATIVE: Final = re.compile(r"\(.*\)|[-\u2212].*|.*-")
_DOLLARS: Final = re.compile(r"^(?:US)?\$\s*|^USD\s+|\s*(?:USD|US\$|\$)$", re.IGNORECASE)
_FISCAL_YEAR: Final = re.compile(r"(?:FY\s*)?([0-9]{4})(?:\.0+)?", re.IGNORECASE)
_NUMBER: Final = re.compile(r"([0-9]{1,6})(?:\.0+)?")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ROW: Final = re.compile(r"(?:row|#)\s*([0-9]{1,9})", re.IGNORECASE)


@dataclass(slots=True)
class Draft:
    """What a row says, by field, and what is wrong with it."""

    number: int
    said: dict[str, Any] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)

    def refuse(self, of_field: str | None, code: str, message: str) -> None:
        """Note what is wrong, once for each field and code."""
        if not any((one.field, one.code) == (of_field, code) for one in self.errors):
            self.errors.append(RowError(of_field, code, message))


def read_draft(
    number: int, cells: Mapping[str, Any], texts: Mapping[str, str], places: Mapping[str, int], order: str | None
) -> Draft:
    """What the cells of a row say. `texts`: by field; `places`: where the fields stand among the cells."""
    draft = Draft(number)
    by_place = {place: name for name, place in places.items()}
    corrected = cells.get("c", {})
    for place, code, message in cells.get("f", []):
        if by_place.get(place) is not None and by_place[place] not in corrected:
            draft.refuse(by_place[place], code, message)
    for name, written in texts.items():
        text = clean(written)
        if not text:
            continue
        try:
            draft.said[name] = _READERS[LedgerField(name)](text, order)
        except UnknownWord as unknown:
            draft.refuse(name, "unknown_value", str(unknown))
        except UnreadableDate as unreadable:
            draft.refuse(name, unreadable.code, str(unreadable))
        except RefusedCell as refused:
            draft.refuse(name, refused.code, str(refused))
    year, day = draft.said.pop("fiscal_year", None), draft.said.get("effective_date")
    if year is not None and day is not None and fy(day) != year:
        message = f"F15: {day} is in fiscal year {fy(day)}. The year follows from the date: mend one of them."
        draft.refuse("fiscal_year", "fiscal_year_differs", message)
    return draft


def read_amount(text: str) -> str:
    """The amount that a cell says, as plain decimal text. What two readers may read differently is asked."""
    bare = _DOLLARS.sub("", text.replace("\u00a0", " ").strip()).strip()
    if _NEGATIVE.fullmatch(bare):
        raise RefusedCell(
            "negative_amount",
            "Amounts are positive; the kind gives the sign. For what takes away use a kind such as deobligation, "
            "refund or allotment_withdrawal, or reverse the entry.",
        )
    if _PLAIN.fullmatch(bare):
        return bare
    if _GROUPED.fullmatch(bare):
        return bare.replace(",", "")
    if _OTHER_MARKS.fullmatch(bare):
        raise RefusedCell(
            "ambiguous_amount",
            f"“{text}” may be read in two ways. Which is it? Write a point before the cents, and between thousands "
            "commas or nothing: 1,250.00.",
        )
    raise RefusedCell("not_an_amount", f"“{text}” is not an amount. Write digits, such as 1,250.00 or 1250.00.")


def _text(text: str, _order: str | None) -> str:
    return text


def _amount(text: str, _order: str | None) -> str:
    return read_amount(text)


def _kind(text: str, _order: str | None) -> EntryKind:
    found: EntryKind = _KINDS.read(text)
    if found is EntryKind.cancellation_close:
        raise RefusedCell(
            "closed_by_a_proposal",
            "A closing at cancellation is made of what is left on its day, so it is proposed by itself: leave it out.",
        )
    return found


def _day(text: str, order: str | None) -> Any:  # noqa: ANN401 - a date
    found = read_day(text, None if order is None else DateOrder(order))
    if found.precision is not Precision.day:
        raise RefusedCell("no_day", "The day is missing. Write the whole date, such as 2016-03-01.")
    return found.earliest


def _fiscal_year(text: str, _order: str | None) -> int:
    found = _FISCAL_YEAR.fullmatch(text)
    if found is None:
        raise RefusedCell("not_a_year", "Write the fiscal year by the year it ends in, such as 2016, or leave it out.")
    return int(found[1])


def _line_number(text: str, _order: str | None) -> int:
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise RefusedCell("not_a_number", "Write the number of the agreement's line, such as 1.")
    return int(found[1])


def _entry(text: str, _order: str | None) -> str | int:
    """The id of an entry, or a row of the same file."""
    if _UUID.fullmatch(text):
        return text.lower()
    found = _ROW.fullmatch(text)
    if found is None:
        raise RefusedCell("not_an_entry", "Write the id of the entry, or its row in this file, such as row 4.")
    return int(found[1])


_READERS: Final[Mapping[LedgerField, Callable[[str, str | None], Any]]] = {
    LedgerField.fund_line_code: _text,
    LedgerField.kind: _kind,
    LedgerField.amount: _amount,
    LedgerField.currency: lambda text, _order: text.upper(),
    LedgerField.effective_date: _day,
    LedgerField.fiscal_year: _fiscal_year,
    LedgerField.agreement_code: _text,
    LedgerField.agreement_line_number: _line_number,
    **dict.fromkeys(ENTRY_FIELDS, _entry),
    LedgerField.document_reference: _text,
    LedgerField.note: _text,
}
