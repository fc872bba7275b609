"""Rosters from spreadsheets in a real browser: pasted or handed in, fixed, committed and undone, until a figure moves."""

import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page
from tributary import Tributary

from tests.system.conftest import Served
from tests.system.test_pages_in_browser import NARROW, WIDE, visit
from tests.system.test_roster_pages import TRAINING, expect_no_faults, said_by
from tests.system.test_training_pages import make_person, make_training

ROWS: Final = 200
MOST_TABS: Final = 400
MOST_CHARACTERS: Final = 100_000
SAVE: Final = "main form button[type='submit']:not([name])"
HEADERS: Final = (
    *("No.", "Nombre(s)", "Apellido paterno", "Apellido materno", "Sexo", "Fecha de nacimiento", "Nacionalidad"),
    *("Estado", "Fecha de conclusión", "Calificación final", "Observaciones"),
)
ARABIC: Final = "سامي"
IS_FOCUSED: Final = "where => document.activeElement.matches(where)"


@dataclass
class Office:
    """A system in which instructors of New Mexico trained instructors of Mexico, one of whom leads a class."""

    running: Served
    lead: dict[str, Any]

    def make_class(self) -> str:
        """A training of officers that nobody has a seat in yet."""
        with self.client() as client:
            return make_training(client, self.lead, [], **TRAINING)

    def client(self) -> Tributary:
        """The API, for an officer."""
        return self.running.client("officer", "*")

    def recorded(self) -> int:
        """How many officers of Mexico its recorded figure says were trained."""
        with self.client() as client:
            figures = client.get_country("MX")["figures"]
        (figure,) = [one for one in figures if one["id"].endswith("mx-officers-by-instructors-of-new-mexico")]
        return int(figure["recorded"]["display"].split()[0].replace(",", "")) if figure["recorded"] else 0

    def count_seats(self, training_id: str) -> int:
        """How many seats a training has."""
        with self.client() as client:
            return int(client.get("/v1/enrollments", training_id=training_id, with_total="true")["total_count"])

    @contextmanager
    def without_worker(self) -> Iterator[None]:
        """A block in which nobody does the work that is queued."""
        pid = self.running.pid_of("trainings-worker")
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def office(office_folder: Path) -> Iterator[Office]:
    """A system of its own."""
    with Served(office_folder) as running:
        running.wait_until_ready()
        with running.client("officer", "*") as client:
            trainers = {"code": "ACADEMY-INSTRUCTORS", "title": "Instructors", "type": "training_of_trainers"}
            client.post("/v1/courses", trainers)
            client.post("/v1/courses", {"code": "OFFICERS-BASIC", "title": "Officers", "type": "basic"})
            american = {"country_code": "US", "nationality_code": "US", "person_type": "partner_instructor"}
            partner = make_person(client, "Partner", **american)
            instructor = make_person(client, "Instructor")
            days = {"starts_on": "2009-03-15", "ends_on": "2009-04-24", "course_code": "ACADEMY-INSTRUCTORS"}
            make_training(client, partner, [instructor], **days)
        yield Office(running, instructor)


def make_rows(seed: str, count: int = ROWS, *, has_faults: bool = True) -> str:
    """Synthetic people in the form in which Excel puts rows on the clipboard."""
    chance = random.Random(seed)

    def word(length: int) -> str:
        return "".join(chance.choice("abcdefghijklmnoprstuvz") for _ in range(length)).capitalize()

    lines = ["\t".join(HEADERS)]
    for number in range(count):
        given = ARABIC if number == 4 else word(9)
        born = f"{number % 28 + 1:02}/{number % 12 + 1:02}/{1960 + chance.randrange(30)}"
        nationality, sex = "México", "F" if number % 3 else "M"
        if has_faults:
            nationality = "Mexcio" if number in {3, 7, 11} else nationality
            born = "31/02/1980" if number == 5 else born
            sex = "?" if number == 9 else sex
        note = '"Dijo ""sí"".\nOtra línea"' if number == 1 else ""
        cells = (number + 1, given, word(10), word(8), sex, born, nationality, "Completado", "26/03/2010", 85, note)
        lines.append("\t".join(str(cell) for cell in cells))
    return "\r\n".join(lines) + "\r\n"


class Hands:
    """Somebody at the pages, by mouse or by the keyboard alone."""

    def __init__(self, page: Page, *, is_keyboard: bool) -> None:
        self.page = page
        self.is_keyboard = is_keyboard

    async def reach(self, where: str) -> None:
        """Go on by Tab until it has the focus."""
        for _ in range(MOST_TABS):
            if await self.page.evaluate(IS_FOCUSED, where):
                return
            await self.page.keyboard.press("Tab")
        pytest.fail(f"the keyboard does not reach {where}")

    async def press(self, where: str) -> None:
        """Press a button, or follow a link."""
        if not self.is_keyboard:
            await self.page.click(where)
            return
        await self.reach(where)
        await self.page.keyboard.press("Enter")

    async def tick(self, where: str) -> None:
        """Tick a box."""
        if not self.is_keyboard:
            await self.page.check(where)
            return
        await self.reach(where)
        await self.page.keyboard.press("Space")

    async def write(self, where: str, text: str) -> None:
        """Put text into a field, in place of what stands there."""
        if not self.is_keyboard:
            await self.page.fill(where, text)
            return
        await self.reach(where)
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.insert_text(text)


def named(name: str) -> str:
    """A field of the form of corrections."""
    return f"[name='{name}']"


async def hand_in(hands: Hands, path: str, rows: str) -> None:
    """Paste rows into a roster, and look at what they would do."""
    await hands.page.goto(path)
    await hands.write("#text", rows)
    await hands.press("form[action='/imports'] button")
    await hands.page.wait_for_url("**/review*")


async def upload(page: Page, path: str, file: Path) -> None:
    """Hand in a file without any script, and go by its proposed mapping."""
    await page.goto(path)
    await page.set_input_files("#file", file)
    await page.click("button:has-text('Go on')")
    await page.wait_for_url("**/map")  # the page before it asks again by itself, until the file is read
    assert "Columns that go nowhere: 1 No." in await said_by(page)
    assert await page.input_value("#birth_date") == "6"
    await page.click("button:has-text('Check the rows')")
    await page.wait_for_url("**/review*")


async def fix(hands: Hands) -> None:
    """Fix three rows at once and one alone, and leave one out."""
    await hands.write(named("value.5.nationality_code"), "México")
    await hands.tick(named("alike.5.nationality_code"))
    await hands.write(named("value.7.birth_date"), "28/02/1980")
    await hands.tick(named("exclude.11"))
    await hands.press(SAVE)
    await hands.page.wait_for_selector("text=All rows can be written")


async def commit(hands: Hands) -> str:
    """Write it; what the report says."""
    await hands.press("a[href$='/commit']")
    await hands.page.wait_for_url("**/commit")
    await hands.press("main button")
    await hands.page.wait_for_selector("text=Everything is written")
    return await said_by(hands.page)


@pytest.mark.parametrize("way", ["paste", "keyboard", "upload without scripts"])
async def test_two_hundred_rows_move_mexicos_figure_and_their_undo_moves_it_back(
    browser: Browser, office: Office, tmp_path: Path, way: str
) -> None:
    training_id, before = office.make_class(), office.recorded()
    rows = make_rows(f"{way}{training_id}")
    is_upload = way.startswith("upload")
    async with visit(browser, office.running, role="officer", java_script_enabled=not is_upload) as visitor:
        page = visitor.page
        hands = Hands(page, is_keyboard=way == "keyboard")
        if is_upload:
            (tmp_path / "lista.tsv").write_text(rows, encoding="utf-16")
            await upload(page, f"{visitor.base_url}/imports/new?training_id={training_id}", tmp_path / "lista.tsv")
        else:
            await hand_in(hands, f"{visitor.base_url}/trainings/{training_id}/roster", rows)
        said = await said_by(page)
        assert "5 rows need attention" in said
        assert f"All rows: {ROWS}" in said
        assert f"New: {ROWS - 5}" in said
        assert office.count_seats(training_id) == 0
        await fix(hands)
        said = await commit(hands)
        assert f"Seats recorded {ROWS - 1} " in said
        assert f"Completions recorded {ROWS - 1} " in said
        assert "Rows left out 1 " in said
        report = page.url
        assert office.recorded() == before + ROWS - 1
        await visitor.go("/countries/MX")
        assert f"Recorded: {before + ROWS - 1:,}" in await page.inner_text("main")
        await page.goto(report)
        await hands.press("a[href$='/undo']")
        await page.wait_for_selector("text=nobody has changed what it wrote")
        await hands.press("main form button")
        await page.wait_for_selector("text=What was taken back")
        assert f"Seats removed {ROWS - 1} " in await said_by(page)
        assert visitor.complaints == []
    assert office.recorded() == before


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
async def test_work_that_waits_is_told_everywhere_and_can_be_canceled(
    browser: Browser, office: Office, has_scripts: bool
) -> None:
    training_id = office.make_class()
    async with visit(browser, office.running, role="officer", java_script_enabled=has_scripts) as visitor:
        page = visitor.page
        hands = Hands(page, is_keyboard=False)
        with office.without_worker():
            await page.goto(f"{visitor.base_url}/imports/new?training_id={training_id}")
            assert not await page.is_visible("#file-remove")
            await page.set_input_files("#file", {"name": "a.tsv", "mimeType": "", "buffer": make_rows("x", 3).encode()})
            if has_scripts:
                assert "Chosen: a.tsv" in await said_by(page)
                assert await page.is_visible("#file-remove")
            await page.click("button:has-text('Go on')")
            await page.wait_for_url("**/run")
            assert "It waits for its turn." in await said_by(page)
            if has_scripts:  # without them nothing can look for faults
                await expect_no_faults(visitor)
            await visitor.go("/account")
            if has_scripts:
                await page.wait_for_selector("#tray:has-text('1 running')")
            await page.click("text=Imports")
            assert "Reading the file (waits for its turn)" in await said_by(page)
            await page.click("table a >> nth=0")
            await page.wait_for_url("**/run")
            await hands.press("main form button")
            await page.wait_for_url("**?done=canceled")
            assert "Nothing was written." in await said_by(page)
            if has_scripts:
                await expect_no_faults(visitor)
        # Left alone it goes on by itself.
        await hand_in(hands, f"{visitor.base_url}/trainings/{training_id}/roster", make_rows("x", 3, has_faults=False))
        assert visitor.complaints == []
    assert office.count_seats(training_id) == 0


async def test_rows_that_are_recorded_already_change_what_differs_or_ask_who_it_is(
    browser: Browser, office: Office
) -> None:
    training_id = office.make_class()
    rows = make_rows(f"again{training_id}", 6, has_faults=False)
    async with visit(browser, office.running, role="officer") as visitor:
        page = visitor.page
        hands = Hands(page, is_keyboard=False)
        roster = f"{visitor.base_url}/trainings/{training_id}/roster"
        await hand_in(hands, roster, rows)
        assert "Seats recorded 6 " in await commit(hands)
        # The same rows: one with another score, two with nothing but a name to say who they are.
        lines = rows.replace("\n", "|").replace("\r|", "\n").splitlines()
        lines[3] = lines[3].replace("\t85\t", "\t91\t")
        for number in (4, 5):
            cells = lines[number].split("\t")
            lines[number] = "\t".join([*cells[:5], "", *cells[6:]])
        await hand_in(hands, roster, "\r\n".join(lines).replace("|", "\n"))
        said = await said_by(page)
        assert "Possible duplicates: 2 New: 0 Changed: 1 Unchanged: 3" in said
        assert "Mapped like" not in said
        await expect_no_faults(visitor)
        assert "recorded already" in said
        await page.check(f"[id='person.{await row_of(page, 0)}.1']")
        await page.check(f"[id='person.{await row_of(page, 1)}.new']")
        await hands.press(SAVE)
        await page.wait_for_selector("text=All rows can be written")
        await visitor.go(page.url.removeprefix(visitor.base_url).partition("?")[0] + "?outcome=changed")
        assert "Score after 85 91" in await said_by(page)
        await expect_no_faults(visitor)
        said = await commit(hands)
        assert "People recorded 1 " in said
        assert "Seats recorded 1 " in said
        # Somebody works on the seat that it changed: before an undo it is said that this is kept, and it is.
        with office.client() as other:
            (seat,) = [
                one for one in other.list("/v1/enrollments", training_id=training_id) if one["post_score"] == "91.00"
            ]
            other.patch(f"/v1/enrollments/{seat['id']}", {"post_score": "92"}, version=seat["version"])
        await hands.press("a[href$='/undo']")
        await page.wait_for_selector("text=Somebody has worked with these since")
        await expect_no_faults(visitor)
        await hands.press("main form button")
        await page.wait_for_selector("text=What was kept, as it was changed later")
        await expect_no_faults(visitor)
        with office.client() as other:
            assert other.get(f"/v1/enrollments/{seat['id']}")["post_score"] == "92.00"
    assert office.count_seats(training_id) in {6, 7}


async def row_of(page: Page, place: int) -> str:
    """The number of a row that is shown."""
    return str(await page.locator("li.row").nth(place).get_attribute("id")).removeprefix("row-")


async def test_two_who_fix_the_same_cell_choose_and_others_are_joined(browser: Browser, office: Office) -> None:
    training_id = office.make_class()
    async with visit(browser, office.running, role="officer") as visitor:
        page = visitor.page
        hands = Hands(page, is_keyboard=False)
        await hand_in(hands, f"{visitor.base_url}/trainings/{training_id}/roster", make_rows(f"two{training_id}", 12))
        address = f"/v1/roster-imports/{page.url.split('/')[4]}"
        await page.fill(named("value.7.birth_date"), "28/02/1980")
        await page.fill(named("value.5.nationality_code"), "Mexico")
        with office.client() as other:
            items = [
                {"kind": "value", "row": 7, "field": "birth_date", "text": "27/02/1980"},
                {"kind": "exclude", "row": 9},
            ]
            version = other.get(address)["version"]
            other.post(f"{address}/corrections", {"items": items}, version=version)
        await hands.press(SAVE)
        await page.wait_for_selector("text=Somebody else changed this >> nth=0")
        said = await said_by(page)
        assert "Row 7, birth date" in said
        await expect_no_faults(visitor)
        assert await page.is_checked("[id='mine-value.5.nationality_code']")
        await page.check("[id='mine-value.7.birth_date']")
        # A change of another row in between is joined without asking.
        with office.client() as other:
            items = [{"kind": "exclude", "row": 11}]
            version = other.get(address)["version"]
            other.post(f"{address}/corrections", {"items": items}, version=version)
        await page.click("button:has-text('Save what is chosen')")
        await page.wait_for_selector("text=1 row needs attention")
        with office.client() as client:
            rows = {row["row"]: row for row in client.list(f"{address}/rows")}
    assert [rows[number]["outcome"] for number in (5, 7, 9, 11, 13)] == ["new", "new", "excluded", "excluded", "error"]
    assert {one["field"]: one["text"] for one in rows[7]["values"]}["birth_date"] == "28/02/1980"


async def test_the_order_of_dates_is_asked_with_examples_and_a_mapping_is_remembered(
    browser: Browser, office: Office
) -> None:
    training_id = office.make_class()
    head = "Given name\tLast name\tDOB\tCitizenship\tShoe size"
    rows = f"{head}\r\nSynthetic\tZarbovniku\t03/04/1980\tMX\t42\r\n"
    async with visit(browser, office.running, role="officer") as visitor:
        page = visitor.page
        await visitor.go(f"/trainings/{training_id}/roster")
        await page.fill("#text", rows)
        await page.click("form[action='/imports'] button")
        await page.wait_for_url("**/map")
        said = await said_by(page)
        assert "Day, month, year: 03/04/1980 is 3 April 1980" in said
        assert "Month, day, year: 03/04/1980 is 4 March 1980" in said
        assert "Shoe size: 42" in said
        await expect_no_faults(visitor)
        # One column cannot be two fields, and without an order nothing is checked; what was chosen stays.
        await page.click("text=more without a column >> nth=0")
        await page.select_option("#position", "2")
        await page.click("button:has-text('Check the rows')")
        await page.wait_for_selector("#error-summary")
        assert "One column cannot be both" in await said_by(page)
        await expect_no_faults(visitor)
        await page.select_option("#position", "5")
        await page.click("button:has-text('Check the rows')")
        await page.wait_for_selector("#date_order-error")
        assert await page.input_value("#position") == "5"
        await expect_no_faults(visitor)
        await page.check("#order-mdy")
        await page.click("button:has-text('Check the rows')")
        await page.wait_for_selector("text=All rows can be written")
        # The next file of this form is read in the same way.
        await visitor.go(f"/trainings/{training_id}/roster")
        await page.fill("#text", rows.replace("Zarbovniku", "Lodprekova"))
        await page.click("form[action='/imports'] button")
        await page.wait_for_selector("text=All rows can be written")
        await page.click("text=Change the mapping")
        assert "Mapped like" in await said_by(page)
        assert await page.input_value("#position") == "5"


async def test_what_cannot_be_read_is_refused_in_words_and_pasted_text_stays(browser: Browser, office: Office) -> None:
    training_id = office.make_class()
    async with visit(browser, office.running, role="officer") as visitor:
        page = visitor.page
        await visitor.go("/imports/new")
        await page.click("button:has-text('Go on')")
        await page.wait_for_selector("#file-error")
        await expect_no_faults(visitor)
        await page.fill("#text", "a\tb\nc\td")
        await page.fill("#training_code", "no-such")
        await page.click("button:has-text('Go on')")
        await page.wait_for_selector("#training_code-error")
        assert await page.input_value("#text") == "a\tb\nc\td"
        await page.fill("#training_code", "")
        await page.fill("#country_code", "Mexico")
        await page.click("button:has-text('Go on')")
        await page.wait_for_selector("#country_code-error")
        assert await page.input_value("#text") == "a\tb\nc\td"
        await expect_no_faults(visitor)
        # Signed out meanwhile, it is shown again.
        await page.context.clear_cookies()
        await page.click("button:has-text('Go on')")
        await page.wait_for_selector("text=You were signed out meanwhile")
        assert "a\tb\nc\td" in [await one.input_value() for one in await page.locator("main textarea").all()]
    async with visit(browser, office.running, role="officer") as visitor:
        page = visitor.page
        await visitor.go(f"/imports/new?training_id={training_id}")
        broken = {"name": "a.xlsx", "mimeType": "", "buffer": b"PK\x03\x04 no workbook at all"}
        await page.set_input_files("#file", broken)
        await page.click("button:has-text('Go on')")
        await page.wait_for_selector("#error-summary")
        assert "An import that came to nothing" in await said_by(page)
        await expect_no_faults(visitor)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "320"])
async def test_axe_finds_nothing_on_imports_and_no_page_is_large(
    browser: Browser, office: Office, size: dict[str, int]
) -> None:
    training_id = office.make_class()
    rows = make_rows(f"axe{training_id}{size['width']}", 60).replace("\tCompletado\t", "\tNada\t")
    async with visit(browser, office.running, size, role="officer") as visitor:
        page = visitor.page
        hands = Hands(page, is_keyboard=False)
        await hand_in(hands, f"{visitor.base_url}/trainings/{training_id}/roster", rows)
        here = page.url.removeprefix(visitor.base_url).partition("/review")[0]
        paths = [f"{here}/review?outcome=all", f"{here}/review?outcome=error&edit=5", f"{here}/map", f"{here}/commit"]
        for path in [*paths, "/imports", "/imports/new", f"/imports/new?training_id={training_id}"]:
            await visitor.go(path)
            await expect_no_faults(visitor, size)
            assert len(await page.content()) < MOST_CHARACTERS, path
        await visitor.go(f"{here}/review")
        async with page.expect_download() as started:
            await page.click("text=Download the rows with errors")
        assert (await started.value).suggested_filename == "error-rows.xlsx"
        await page.click("button:has-text('leave out all rows with errors')")
        await page.wait_for_selector("text=All rows can be written")
        assert "Left out: 60" in await said_by(page)
        await visitor.go(f"{here}/review?outcome=excluded")
        await page.check(".row__marks input >> nth=0")
        await hands.press(SAVE)
        await page.wait_for_selector("text=Left out: 59")
        await expect_no_faults(visitor, size)
        assert visitor.complaints == []


async def test_a_roster_is_taken_away_as_a_template(browser: Browser, office: Office) -> None:
    training_id = office.make_class()
    async with visit(browser, office.running, role="officer") as visitor:
        await visitor.go(f"/trainings/{training_id}/roster")
        async with visitor.page.expect_download() as started:
            await visitor.page.click("text=Download as an Excel template")
        assert (await started.value).suggested_filename == "roster.xlsx"


async def test_a_reader_who_sees_no_people_sees_no_imports(browser: Browser, office: Office) -> None:
    async with visit(browser, office.running) as visitor:
        await visitor.go("/account")
        await visitor.page.wait_for_load_state("networkidle")
        assert await visitor.page.inner_text("#tray") == ""
        assert visitor.complaints == []
        await visitor.go("/imports")
        assert "Imports of rosters" not in await said_by(visitor.page)
        await expect_no_faults(visitor)


# Fields: the column, what may stand there by mistake, and what is right in its place.
DIRT: Final = (
    ("nationality_code", 6, ("Mexcio", "Mejico", "Guatemla"), "México"),
    ("sex", 4, ("?", "x", "Hombr"), "M"),
    ("birth_date", 5, ("31/02/1980", "no sabe", "03/04/80"), "28/02/1980"),
    ("status", 7, ("Graduatd", "si"), "Completado"),
    ("completed_on", 8, ("14/03/2199", "30/02/2010"), "26/03/2010"),
    ("post_score", 9, ("150", "muy bien"), "85"),
)
MANY: Final = 5_000 if os.environ.get("TRIBUTARY_SOAK") else 500


def soil(rows: str, seed: str) -> tuple[str, int]:
    """The same rows, one in twelve with a fault in one cell; how many."""
    chance = random.Random(seed)
    head, *lines = rows.split("\r\n")
    soiled = 0
    for number, line in enumerate(lines):
        if number > 1 and line and chance.random() < 1 / 12:
            cells = line.split("\t")
            _, column, faults, _ = chance.choice(DIRT)
            cells[column] = chance.choice(faults)
            lines[number] = "\t".join(cells)
            soiled += 1
    return "\r\n".join([head, *lines]), soiled


@pytest.mark.soak
async def test_many_dirty_rows_are_fixed_on_the_pages(browser: Browser, office: Office, tmp_path: Path) -> None:
    training_id, before = office.make_class(), office.recorded()
    rows, soiled = soil(make_rows(f"many{training_id}", MANY, has_faults=False), training_id)
    good = {field: text for field, _, _, text in DIRT}
    (tmp_path / "lista.tsv").write_text(rows, encoding="utf-8")
    async with visit(browser, office.running, role="officer") as visitor:
        page = visitor.page
        await upload(page, f"{visitor.base_url}/imports/new?training_id={training_id}", tmp_path / "lista.tsv")
        assert f"{soiled} rows need attention" in await said_by(page)
        kinds = sum(len(faults) for _, _, faults, _ in DIRT)
        for _ in range(kinds):
            # The first fault of each field that is in sight, together with all that say the same.
            for field, text in good.items():
                cell = page.locator(f"li.row [name^='value.'][name$='.{field}']").first
                if await cell.count():
                    name = str(await cell.get_attribute("name"))
                    await cell.fill(text)
                    if await (alike := page.locator(f"[name='{name.replace('value.', 'alike.')}']")).count():
                        await alike.check()
            async with page.expect_navigation():
                await page.click(SAVE)
            await page.wait_for_selector("text=/needs? attention|All rows can be written/")
            if "All rows can be written" in await said_by(page):
                break
        assert f"Seats recorded {MANY:,} " in await commit(Hands(page, is_keyboard=False))
        assert office.recorded() == before + MANY
        await page.click("a[href$='/undo']")
        await page.wait_for_selector("text=nobody has changed what it wrote")
        await page.click("main form button")
        await page.wait_for_selector("text=What was taken back")
        assert visitor.complaints == []
    assert office.recorded() == before
