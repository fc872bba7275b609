"""The pages of money in a real browser: what is refused and why, what is taken back, what ends, what was delivered."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page
from tributary import Tributary

from tests.system.conftest import Served, make_base, wait_until
from tests.system.test_pages_in_browser import NARROW, WIDE, visit
from tests.system.test_training_pages import make_person, make_training

ACCOUNT: Final = "019-011-2012/2017-1022-000"
ENDS_ON: Final = (datetime.now(UTC).date() + timedelta(days=100)).isoformat()
MOST_TABS: Final = 40


@dataclass
class Money:
    """A system in which a letter of agreement with Mexico promised trainings, and some were held."""

    running: Served
    letter_id: str
    line_id: str

    def propose(self, kind: str, amount: str, effective_date: str = "2012-03-01", **over: Any) -> dict[str, Any]:
        """What one officer proposes."""
        entry = {"fund_line_code": "MX-2012", "kind": kind, "amount": {"amount": amount}}
        with self.running.client("officer", "*") as maker:
            return maker.post("/v1/entry-proposals", entry | {"effective_date": effective_date} | over)

    def post(self, proposal_id: str) -> None:
        """Another officer posts it."""
        with self.running.client("officer", "MX") as approver:
            address = f"/v1/entry-proposals/{proposal_id}"
            approver.post(f"{address}/post", version=approver.get(address)["version"])

    def record(self, kind: str, amount: str, effective_date: str = "2012-03-01", **over: Any) -> None:
        """An entry that is posted."""
        self.post(self.propose(kind, amount, effective_date, **over)["id"])


def sign(client: Tributary, **over: Any) -> dict[str, Any]:
    """An agreement that both parties have signed, in force."""
    body = {"type": "loa", "country_code": "MX", "awarding_agency_code": "INL"}
    made = client.post("/v1/agreements", body | {"recipient_agency_code": "MX-PENITENTIARY"} | over)
    steps: list[tuple[str, dict[str, Any]]] = [("transitions", {"to": "cleared"})]
    signature = {"signed_on": "2012-01-15", "document_reference": "Page 9"}
    steps += [("sign", signature | {"party": party}) for party in ("awarding", "recipient")]
    for verb, said in [*steps, ("transitions", {"to": "signed"}), ("transitions", {"to": "active"})]:
        made = client.post(f"/v1/agreements/{made['id']}/{verb}", said, version=made["version"])
    return made


@pytest.fixture(scope="module")
def money() -> Iterator[Money]:
    """A system of its own: others rely on Mexico's ledger being empty."""
    for base in make_base():
        with Served(base / "data") as running:
            running.wait_until_ready()
            with running.client("officer", "*") as client:
                client.post("/v1/treasury-accounts", {"code": ACCOUNT, "title": "Law enforcement"})
                line = {"code": "MX-2012", "title": "Corrections", "country_code": "MX"}
                client.post("/v1/fund-lines", line | {"treasury_account_code": ACCOUNT})
                period = {"starts_on": "2012-01-01", "ends_on": ENDS_ON}
                letter = sign(client, code="MX-LOA", title="Letter on corrections", **period)
                of_letter = {"agreement_code": "MX-LOA", "number": 1}
                made = client.post("/v1/agreement-lines", of_letter | {"fund_line_code": "MX-2012"})
                client.post("/v1/agreement-amendments", of_letter | {"kind": "scope", "signed_on": "2013-01-01"})
                by = {"course_code": "INSTRUCTORS", "program_code": "MX-CORR"}
                for promise in (
                    {"kind": "seats", "promised": 120, "due_on": "2014-12-31", **by},
                    {"kind": "courses", "promised": 1, **by},
                    {"kind": "seats", "promised": 10, "course_code": "NO-SUCH"},
                    {"kind": "equipment", "promised": 40, "description": "Radios"},
                ):
                    client.post("/v1/agreement-deliverables", {"agreement_code": "MX-LOA"} | promise)
                course = {"code": "INSTRUCTORS", "title": "Instructors", "type": "training_of_trainers"}
                client.post("/v1/courses", course)
                american = {"country_code": "US", "nationality_code": "US", "person_type": "partner_instructor"}
                counted = {"headcount": {"total": 24, "female": 3, "male": 20}, "status": "reported"}
                days = {"starts_on": "2013-03-04", "ends_on": "2013-03-29", "course_code": "INSTRUCTORS"}
                make_training(client, make_person(client, "Partner", **american), [], **days, **counted)
            story = Money(running, letter["id"], made["id"])
            story.record("allotment", "1000.00")
            story.record("obligation", "700.00", agreement_line_id=story.line_id)
            story.record("disbursement", "250.00", "2013-03-01", agreement_line_id=story.line_id)
            yield story


async def read(page: Page) -> str:
    """What the page says."""
    return " ".join((await page.inner_text("main")).split())


async def fill(page: Page, **typed: str) -> None:
    """Type into a form, or choose."""
    for name, value in typed.items():
        field = page.locator(f"[name={name}]")
        if await field.evaluate("one => one.tagName") == "SELECT":
            await field.select_option(value)
        else:
            await field.fill(value)


async def test_obligation_is_refused_for_the_right_reason_and_nothing_typed_is_lost(
    browser: Browser, money: Money
) -> None:
    """Without scripts: proposed, corrected, refused by the one who may not, by the rule, and posted."""
    async with visit(browser, money.running, role="officer", java_script_enabled=False) as visitor:
        page = visitor.page
        await visitor.go(f"/funding/agreements/{money.letter_id}")
        await page.click("text=Propose an entry")
        typed = {"kind": "obligation", "amount": "300.01", "effective_date": "2112-03-01", "note": "For seats"}
        await fill(page, **typed)
        await page.click("main form button")
        assert "The ledger records what has happened" in await page.inner_text("#error-summary")
        assert await page.input_value("[name=amount]") == "300.01"
        assert await page.input_value("[name=fund_line_code]") == "MX-2012"
        await fill(page, effective_date="2012-03-02", line_number="7")
        await page.click("main form button")
        assert "This agreement has no line 7." in await page.inner_text("#error-summary")
        await fill(page, line_number="")
        await page.click("main form button")
        assert "It counts nowhere until somebody else posts it." in await read(page)
        await page.click("text=Post it >> nth=-1")
        assert "Browser of officer proposed this; somebody else posts it." in await page.inner_text("#error-summary")
        # What another proposed breaks a rule, which is told with its amounts.
        proposed = money.propose("obligation", "300.01", agreement_line_id=money.line_id, note="For seats")
        await visitor.go(f"/funding/proposals/{proposed['id']}")
        await page.click("form[action$='/post'] button")
        said = await page.inner_text("#error-summary")
        assert "F1: What is allotted covers the open commitments and what is obligated, on every day." in said
        assert "MX-2012 on 2012-03-01: allotted 1000.00 does not cover committed 0 and obligated 1000.01." in said
        await page.click("text=Propose it again, changed")
        assert await page.input_value("[name=note]") == "For seats"
        assert await page.input_value("[name=agreement_code]") == "MX-LOA"
        await fill(page, amount="50.00")
        await page.click("main form button")
        money.post(page.url.partition("?")[0].rpartition("/")[2])
        # The one that broke the rule is declined; nobody gives no reason.
        await visitor.go(f"/funding/proposals/{proposed['id']}")
        await fill(page, reason="Too much by a cent.")
        await page.click("form[action$='/decline'] button")
        assert "Declined: it is not in the ledger." in await read(page)
        await visitor.go("/funding/ledger?country_code=mx&kind=obligation")
        assert "2 entries" in await read(page)
        assert "50.00 USD" in await read(page)


async def test_entry_is_reversed_and_recorded_anew(browser: Browser, money: Money) -> None:
    money.record("allotment", "7.77", "2012-05-05")
    async with visit(browser, money.running, role="officer") as visitor:
        page = visitor.page
        there = "/funding/ledger?effective_date_gte=2012-05-05&effective_date_lte=2012-05-05"
        await visitor.go(there)
        await page.click("td a:text('Allotment'), th a:text('Allotment')")
        await page.click("text=Reverse it")
        assert "It is taken back whole and once" in await read(page)
        await fill(page, note="Entered twice")
        await page.click("main form button")
        assert "Proposed: allotment, a reversal" in await read(page)
        money.post(page.url.partition("?")[0].rpartition("/")[2])
        await visitor.go(there)
        said = await read(page)
        assert "2 entries" in said
        assert "REVERSED" in said.upper()
        assert "-7.77 USD" in said
        await page.click("a:text('Allotment') >> nth=-1")
        assert "Taken back as of 5 May 2012: Entered twice" in await read(page)
        assert "Reverse it" not in await read(page)
        # Anew, as another proposed it.
        anew = money.propose("allotment", "7.70", "2012-05-05")
        await visitor.go(f"/funding/proposals/{anew['id']}")
        assert await visitor.find_faults() == []
        await page.click("form[action$='/post'] button")
        assert "Posted: it is in the ledger." in await read(page)
        assert visitor.complaints == []


async def test_what_expires_and_what_was_promised_is_found_by_keyboard(browser: Browser, money: Money) -> None:
    async with visit(browser, money.running) as visitor:
        page = visitor.page
        await visitor.go("/")
        for wanted in ("Funding", "What expires within 180 days"):
            for _ in range(MOST_TABS):
                await page.keyboard.press("Tab")
                if (await page.evaluate("document.activeElement.innerText") or "").strip() == wanted:
                    break
            await page.keyboard.press("Enter")
            await page.wait_for_selector(f"h1:has-text('{wanted}')")
        said = await read(page)
        assert "Letter on corrections MX-LOA INL and MX-PENITENTIARY Active" in said
        assert "in 100 days" in said
        assert "None: no unobligated money expires by then." in said
        # Of a day on which the money could still be obligated.
        await fill(page, as_of="2017-06-01")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("h1 >> text=What expires")
        said = await read(page)
        assert f"MX-2012 {ACCOUNT} MX 30 September 2017, in 121 days" in said
        await visitor.go("/funding/expiring?days=100")
        await page.click("text=Letter on corrections")
        said = await read(page)
        assert "Seats due on 31 December 2014 OVERDUE 120 24 " in said
        assert "Courses 1 1 Trainings that are completed or reported, and not voided." in said
        assert "There is no course with the code NO-SUCH." in said
        assert "Equipment: Radios 40 not known No service records equipment" in said
        assert "Nothing was paid in the last 12 months, so there is no pace." in said
        assert visitor.complaints == []


async def test_totals_open_their_entries_and_stand_beside_what_documents_report(browser: Browser, money: Money) -> None:
    async with visit(browser, money.running) as visitor:
        page = visitor.page
        wait_until(money.running.is_whole)
        await visitor.go("/countries/MX")
        section = " ".join((await page.inner_text("section[aria-labelledby=us-money]")).split())
        assert "Disbursed 250.00 USD : the 1 entry of it (Disbursed) primary tier" in section
        assert "never compared with the ledger" in section
        assert "stage not stated" in section
        await page.click("section[aria-labelledby=us-money] a:has-text('250.00')")
        said = await read(page)
        assert "1 entry, of which also: Stage disbursed, Currency USD." in said
        assert "1 March 2013 FY 2013 MX-2012, MX-LOA Disbursed, primary tier 250.00 USD" in said
        await visitor.go("/funding?group_by=account&as_of=2012-12-31")
        said = await read(page)
        assert (
            f"{ACCOUNT} All entries: treasury account {ACCOUNT}; transfers between fund lines are not netted." in said
        )
        assert "of what is allotted is obligated" in said


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "320"])
async def test_axe_finds_nothing(browser: Browser, money: Money, size: Any) -> None:
    async with visit(browser, money.running, size, role="officer") as visitor:
        for path in (
            "/funding",
            "/funding?group_by=agreement",
            "/funding/expiring?as_of=2017-06-01",
            "/funding/agreements",
            f"/funding/agreements/{money.letter_id}",
            "/funding/ledger",
            "/funding/ledger/new",
            "/funding/proposals?status=posted",
        ):
            await visitor.go(path)
            assert await visitor.find_faults() == [], path
            assert await visitor.page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
        assert visitor.complaints == []
        for path in ("/funding?as_of=x", "/funding/expiring?days=x", "/funding/ledger?nonsense=1", "/funding/ledger/x"):
            await visitor.go(path)
            assert await visitor.find_faults() == [], path
