"""Pages of money: one macro prints an amount, one prints a total with all that it must say; and what a form becomes."""

import re
from pathlib import Path
from typing import Any

import pytest
from web.money_forms import FIELDS, find_line, places_of, to_body, to_reversal
from web.rendering import make_templates

import web
from web import burn

TEMPLATES = sorted((Path(web.__file__).parent / "templates").glob("*.html"))
# What is an amount of one record; a total is printed by its own macro alone.
OF_RECORDS = re.compile(
    r"^(entry|one)\.(signed|amount)$|^agreement\.(current_)?ceiling$"
)  # fmt: skip
TOTAL: dict[str, Any] = {
    "stage": "obligated", "label": "Obligated", "tier": "primary", "currency": "USD", "entries": 2,
    "amount": {"amount": "1234.50", "currency": "USD"}, "boundary": "All entries: country MX.", "as_of": "2016-09-30",
    "rule": "obligations", "entries_url": "/v1/ledger-entries?country_code=MX&stage=obligated",
}  # fmt: skip


def test_no_page_prints_money_outside_the_one_macro() -> None:
    printed = {path.name: len(re.findall(r"\|\s*amount\b", path.read_text())) for path in TEMPLATES}
    assert {name for name, count in printed.items() if count} == {"macros.html"}
    assert printed["macros.html"] == 1
    given = [
        (path.name, argument)
        for path in TEMPLATES
        for argument in re.findall(r"\bmoney\(([^()]*)\)", path.read_text())
        if path.name not in {"macros.html", "country.html"}
    ]
    assert given
    assert [(name, argument) for name, argument in given if not OF_RECORDS.fullmatch(argument)] == []
    # Nor is an amount, or a part of one, written by hand.
    for path in TEMPLATES:
        if path.name != "macros.html":
            assert not re.search(r"\.amount\.amount|\.amount\.currency", path.read_text()), path.name


def test_total_says_stage_tier_currency_boundary_day_and_opens_its_entries() -> None:
    environment = make_templates()
    for is_short in ("true", "false"):
        page = environment.from_string(f"{{% import 'macros.html' as ui %}}{{{{ ui.total(one, {is_short}) }}}}")
        said = page.render(one=TOTAL)
        for part in ("1,234.50 USD", "Obligated", "primary tier", "All entries: country MX.", "30 September 2016"):
            assert part in said, part
        assert 'href="/funding/ledger?country_code=MX&amp;stage=obligated"' in said
    with pytest.raises(Exception, match="boundary"):
        page.render(one={name: value for name, value in TOTAL.items() if name != "boundary"})


def test_form_becomes_a_proposal_and_a_reversal_repeats_its_entry() -> None:
    typed = {one.name: "" for one in FIELDS} | {"fund_line_code": "MX", "kind": "obligation", "amount": "10.50"}
    body = to_body(typed, "line")
    assert body["amount"] == {"amount": "10.50", "currency": "USD"}
    assert (body["agreement_line_id"], body["note"], "agreement_code" in body) == ("line", None, False)
    entry = {"id": "e", "fund_line_code": "MX", "kind": "refund", "amount": {"amount": "1.00", "currency": "USD"}}
    entry |= {"agreement_line_id": None, "effective_date": "2012-01-01", "note": "old", "document_reference": "old"}
    assert to_reversal(entry, {"effective_date": "2012-02-01", "document_reference": "", "note": "Twice"}) == {
        "fund_line_code": "MX", "kind": "refund", "amount": entry["amount"], "agreement_line_id": None,
        "effective_date": "2012-02-01", "document_reference": None, "note": "Twice", "reverses_entry_id": "e",
    }  # fmt: skip
    assert places_of({"agreement_line_id": "x", "amount": "y"}) == {"agreement_code": "x", "amount": "y"}
    lines = [{"id": str(number), "number": number, "fund_line_code": "MX"} for number in (1, 2)]
    assert find_line(lines[:1], "MX", "") == ("1", "")
    assert find_line(lines, "MX", "2") == ("2", "")
    assert [find_line(lines, *asked)[1][:27] for asked in (("MX", ""), ("MX", "3"), ("GE", ""))] == [
        "This agreement has 2 lines ", "This agreement has no line ", "The fund line GE pays no li",
    ]  # fmt: skip


def point(day: str, bound: str, paid: str) -> dict[str, Any]:
    return {"as_of": day} | {
        name: TOTAL | {"amount": {"amount": amount, "currency": "USD"}}
        for name, amount in (("bound", bound), ("disbursed", paid))
    }


def test_burn_is_drawn_to_where_its_pace_leads() -> None:
    found = {
        "points": [point("2015-12-31", "100.00", "0.00"), point("2016-12-31", "100.00", "50.00")],
        "paid_on_at_this_pace": "2017-12-31", "ends_on": "2017-06-30",
    }  # fmt: skip
    drawn = burn.draw(found)
    assert drawn is not None
    assert drawn.bound == "12.0,12.0 360.5,12.0"
    assert drawn.paid == "12.0,228.0 360.5,120.0"
    assert drawn.pace == "360.5,120.0 708.0,12.0"
    assert drawn.ends_x == 532.8
    assert [year for _, year in drawn.years] == [2017, 2018]
    assert burn.draw(found | {"points": []}) is None
    without = burn.draw(found | {"paid_on_at_this_pace": None, "ends_on": None})
    assert without is not None
    assert (without.pace, without.ends_x) == (None, None)
