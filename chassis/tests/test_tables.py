"""What people send is read as they mean it: true row numbers, kinds, dates, letters of every script, and what is odd."""

import csv
import io
import zipfile
from typing import Any

import pytest
from chassis.tables.model import Limits, Row, Table
from chassis.tables.reading import read_table
from chassis.tables.refusals import Reason, UnreadableFile
from chassis.tables.writing import SheetColumn, write_workbook
from chassis.testing.workbooks import SHEET_PART, make_parts, make_row, make_sheet, pack
from hypothesis import given, settings
from hypothesis import strategies as some

DATES = """<numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy;@"/><numFmt numFmtId="165" formatCode="[h]:mm"/>
<numFmt numFmtId="166" formatCode="00000"/><numFmt numFmtId="167" formatCode="#,##0 &quot;days&quot;"/></numFmts>
<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="22"/><xf numFmtId="20"/>
<xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="167"/></cellXfs>"""


def read(content: bytes | str, name: str = "people.csv", **chosen: Any) -> Table:
    return read_table(content.encode() if isinstance(content, str) else content, file_name=name, **chosen)


def texts(table: Table) -> list[list[str]]:
    return [row.texts for row in table.rows()]


def headers(table: Table) -> list[str]:
    return [column.header for column in table.columns]


def note_codes(table: Table) -> set[str]:
    return {note.code for note in table.notes}


def fault_codes(row: Row) -> list[tuple[int, str]]:
    return [(fault.column_index, fault.code) for fault in row.faults]


def read_cells(*cells: str, **parts: Any) -> Row:
    """The one row of a workbook with these cells below a header."""
    width = len(cells)
    head = make_row(1, *(f"H{at}" for at in range(width)))
    table = read(pack(make_parts(f'{head}<row r="2">{"".join(cells)}</row>', **parts)), "x.xlsx")
    return next(table.rows())


# Text.


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("name,age\nAna,3\nEva,4\n", ","),
        ("name;age\nAna;3,5\nEva;4,5\n", ";"),
        ("name\tage\r\nAna\t3\r\nEva\t4\r\n", "\t"),
        ("name|age\nAna, of X|3\nEva|4", "|"),
        ("name\tage\nPaz, Ana, Dr.\t3\nRey, Eva, Dr.\t4\n", "\t"),
        ("name;height\nAna;1,65\nEva;1,70\n", ";"),
        ("sep=;\nname;age\nAna;3\nEva;4", ";"),
        ('"last, first",age\n"Paz, Ana",3\n"Rey, Eva",4', ","),
    ],
)
def test_delimiter_is_found(content: str, delimiter: str) -> None:
    table = read(content)
    assert table.delimiter == delimiter
    assert [len(row) for row in texts(table)] == [2, 2]


@pytest.mark.parametrize(
    ("encoding", "found", "name"),
    [
        ("utf-8", "utf-8", "Núñez"),
        ("utf-8-sig", "utf-8", "გელაშვილი"),
        ("utf-16", "utf-16", "გელაშვილი"),
        ("utf-16-le", "utf-16-le", "Núñez"),
        ("utf-16-be", "utf-16-be", "Núñez"),
        ("cp1252", "windows-1252", "Núñez"),
        ("cp1251", "windows-1251", "Кузнецова"),
        ("cp1256", "windows-1256", "عبد الرحمن"),
        ("cp1254", "windows-1254", "Şağlam"),
    ],
)
def test_encoding_is_found_and_a_guess_is_called_one(encoding: str, found: str, name: str) -> None:
    table = read(f"code,name\n1,{name}\n2,{name}\n".encode(encoding))
    assert (table.encoding, texts(table)) == (found, [["1", name], ["2", name]])
    assert table.is_encoding_guessed == found.startswith("windows")
    assert ("encoding_guessed" in note_codes(table)) == found.startswith("windows")


def test_one_broken_letter_does_not_break_the_others() -> None:
    table = read("name\nNúñez\nPérez\nIbáñez\n".encode() + b"Mu\xf1oz\n")
    assert (table.encoding, table.is_encoding_guessed) == ("utf-8", True)
    assert [row.texts[0] for row in table.rows()] == ["Núñez", "Pérez", "Ibáñez", "Mu\ufffdoz"]
    assert [fault_codes(row) for row in table.rows()][-1] == [(0, "replacement_character")]


def test_one_pasted_column_stays_one() -> None:
    assert texts(read("name\r\nPaz, Ana\r\nRey, Eva\r\n", "pasted.tsv")) == [["Paz, Ana"], ["Rey, Eva"]]


def test_fault_left_of_all_values_has_a_column() -> None:
    table = read("\x00,name\n\x00,Ana\n,Eva\n", header_row=0)
    assert [fault_codes(row) for row in table.rows()] == [[(0, "control_character")], [(0, "control_character")], []]
    assert len(table.columns) == 2


def test_guessed_encoding_can_be_corrected() -> None:
    content = "name\nŁukasz\n".encode("cp1250")
    assert texts(read(content)) != [["Łukasz"]]
    assert texts(read(content, encoding="windows-1250")) == [["Łukasz"]]


def test_clipboard_cells_with_line_breaks_and_lone_quotation_marks_come_whole() -> None:
    pasted = 'name\tnote\r\nAna\t"two\r\nlines, ""so"" said"\r\nEva\t"the" captain\r\nLuz\t6" tall\r\n'
    table = read(pasted, "pasted.tsv")
    assert texts(table) == [["Ana", 'two\nlines, "so" said'], ["Eva", '"the" captain'], ["Luz", '6" tall']]
    assert [row.number for row in table.rows()] == [2, 3, 4]
    assert [fault_codes(row) for row in table.rows()] == [[], [(1, "stray_quote")], []]


def test_rows_keep_their_numbers_below_titles_and_blank_rows() -> None:
    table = read("Roster of March\n\nname,age\nAna,3\n,\n\nEva,4\n")
    assert (table.header_row, headers(table), table.row_count) == (3, ["name", "age"], 2)
    assert [row.number for row in table.rows()] == [4, 7]
    assert [(note.code, note.rows) for note in table.notes] == [("title_rows", (1,))]


def test_header_row_can_be_named_or_denied() -> None:
    content = "1,2\nname,age\nAna,3\n"
    assert texts(read(content, header_row=2)) == [["Ana", "3"]]
    bare = read(content, header_row=0)
    assert (headers(bare), len(texts(bare)), bare.header_row) == (["Column A", "Column B"], 3, 0)
    with pytest.raises(UnreadableFile) as refused:
        read(content, header_row=9)
    assert refused.value.reason is Reason.no_such_row


def test_repeated_and_empty_headers_are_told_apart() -> None:
    table = read("name,Name,,date\na,b,c,d\n")
    assert headers(table) == ["name", "Name (2)", "Column C", "date"]
    assert [column.given for column in table.columns] == ["name", "Name", "", "date"]
    assert {"empty_header"} <= note_codes(table)
    assert "repeated_header" in note_codes(read("name,name\na,b\n"))


def test_value_beyond_the_header_is_a_fault() -> None:
    table = read("name,age\nAna,3,extra\nEva,4\n")
    rows = list(table.rows())
    assert headers(table) == ["name", "age", "Column C"]
    assert (fault_codes(rows[0]), rows[0].texts) == ([(2, "beyond_header")], ["Ana", "3", "extra"])
    assert (rows[1].texts, rows[1].kinds) == (["Eva", "4", ""], "tt-")


@pytest.mark.parametrize(
    ("text", "clean", "code"),
    [
        ("\u202eanA", "anA", "bidi_control"),
        ("A\u2066na", "Ana", "bidi_control"),
        ("A\x00na", "Ana", "control_character"),
        ("\u200fأحمد\u200e", "أحمد", "invisible_character"),
        ("A\u200bna", "Ana", "invisible_character"),
        ("N\ufffdez", "N\ufffdez", "replacement_character"),
        ("=cmd|'/c calc'!A0", "=cmd|'/c calc'!A0", "formula_text"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)", "formula_text"),
    ],
)
def test_suspect_characters_are_named_by_cell(text: str, clean: str, code: str) -> None:
    [row] = read(f"code\tname\n1\t{text}\n").rows()
    assert (row.texts[1], fault_codes(row)) == (clean, [(1, code)])
    assert row.faults[0].is_blocking == (code != "invisible_character")
    assert row.faults[0].message


def test_texts_are_trimmed_and_composed_and_joiners_stay() -> None:
    [row] = read("a,b,c\n\u00a0 Jose\u0301\u202f ,می\u200cروم,e\u0301\n").rows()
    assert (row.texts, row.faults) == (["José", "می\u200cروم", "é"], [])


# Workbooks.


def test_kinds_and_dates_of_a_workbook_come_as_they_are_meant() -> None:
    row = read_cells(
        '<c r="A2" t="s"><v>0</v></c>',
        '<c r="B2"><v>4.5999999999999996</v></c>',
        '<c r="C2" s="1"><v>42430</v></c>',
        '<c r="D2" s="3"><v>42430.5</v></c>',
        '<c r="E2" t="b"><v>1</v></c>',
        '<c r="F2" t="e"><v>#N/A</v></c>',
        '<c r="G2" s="4"><v>0.4375</v></c>',
        '<c r="H2" s="5"><v>1.5</v></c>',
        '<c r="I2" s="6"><v>123</v></c>',
        '<c r="J2" s="7"><v>1E+3</v></c>',
        '<c r="K2" t="d"><v>2016-03-01</v></c>',
        texts="<si><r><t>Nú</t></r><r><t>ñez</t></r><rPh sb='0' eb='1'><t>no</t></rPh></si>",
        styles=DATES,
    )
    assert row.texts == [
        "Núñez", "4.6", "2016-03-01", "2016-03-01T12:00:00", "true", "#N/A", "10:30:00", "36:00:00", "00123", "1000",
        "2016-03-01",
    ]  # fmt: skip
    assert row.kinds == "tnddbedtnnd"
    assert fault_codes(row) == [(5, "error_value")]


@pytest.mark.parametrize(
    ("serial", "is_1904", "text"),
    [
        ("1", False, "1900-01-01"),
        ("59", False, "1900-02-28"),
        ("61", False, "1900-03-01"),
        ("36526", False, "2000-01-01"),
        ("2958465", False, "9999-12-31"),
        ("0", True, "1904-01-01"),
        ("35064", True, "2000-01-01"),
    ],
)
def test_serial_dates_of_both_systems(serial: str, is_1904: bool, text: str) -> None:
    setting = '<workbookPr date1904="1"/>' if is_1904 else ""
    row = read_cells(f'<c r="A2" s="1"><v>{serial}</v></c>', styles=DATES, settings=setting)
    assert (row.texts, row.kinds, row.faults) == ([text], "d", [])


@pytest.mark.parametrize("serial", ["0", "60", "-3", "2958466", "1e300"])
def test_days_that_never_were_are_faults(serial: str) -> None:
    row = read_cells(f'<c r="A2" s="2"><v>{serial}</v></c>', styles=DATES)
    code = "long_number" if "e" in serial else "impossible_date"
    assert (row.kinds, fault_codes(row)) == ("n", [(0, code)])


def test_formulas_are_read_by_the_value_they_showed() -> None:
    row = read_cells(
        '<c r="A2"><f>1+1</f><v>2</v></c>', '<c r="B2"><f>NOW()</f></c>', '<c r="C2" t="str"><f>X</f><v></v></c>'
    )
    assert (row.texts, fault_codes(row)) == (["2", "", ""], [(1, "formula_without_value")])


def test_rounded_numbers_are_named() -> None:
    row = read_cells('<c r="A2"><v>1.2345678901234568E+17</v></c>', '<c r="B2"><v>12 monkeys</v></c>')
    assert row.texts == ["123456789012345680", "12 monkeys"]
    assert fault_codes(row) == [(0, "long_number"), (1, "number_expected")]


def test_what_a_workbook_hides_and_merges_is_told() -> None:
    rows = make_row(1, "name", "age") + make_row(3, "Ana", "3", attributes=' hidden="1"') + make_row(5, "Eva", "4")
    sheet = make_sheet(
        rows,
        before='<cols><col min="2" max="2" hidden="1"/></cols>',
        after='<mergeCells><mergeCell ref="A5:A7"/></mergeCells>',
    )
    parts = make_parts(sheets={"People": sheet, "More": make_sheet(make_row(1, "x"))})
    table = read(pack({**parts, "xl/vbaProject.bin": b"x", "xl/externalLinks/externalLink1.xml": "<x/>"}), "x.xlsx")
    assert [(row.number, row.is_hidden) for row in table.rows()] == [(3, True), (5, False)]
    found = {note.code: note.rows for note in table.notes}
    assert found == {
        "hidden_rows": (3,), "hidden_columns": (), "merged_cells": (5,), "other_sheets": (), "macros": (), "external_links": (),
    }  # fmt: skip


def test_first_visible_sheet_that_holds_anything_is_read_unless_one_is_named() -> None:
    sheets = {
        "Secret": make_sheet(make_row(1, "a") + make_row(2, "b")),
        "Empty": make_sheet(""),
        "People": make_sheet(make_row(1, "name") + make_row(2, "Ana")),
    }
    content = pack(make_parts(sheets=sheets, hidden="Secret"))
    table = read(content, "x.xlsx")
    assert (table.sheet, [(one.name, one.is_hidden) for one in table.sheets]) == (
        "People",
        [("Secret", True), ("Empty", False), ("People", False)],
    )
    assert texts(read(content, "x.xlsx", sheet="Secret")) == [["b"]]
    with pytest.raises(UnreadableFile) as refused:
        read(content, "x.xlsx", sheet="None")
    assert (refused.value.reason, refused.value.extra["sheets"]) == (
        Reason.unknown_sheet,
        ["Secret", "Empty", "People"],
    )


def test_prefixes_layout_and_absent_references_do_not_matter() -> None:
    sheet = """<x:worksheet xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main">
      <x:sheetData> <x:row> <x:c t="inlineStr"> <x:is> <x:t>name</x:t> </x:is> </x:c> <x:c/> </x:row>
      <x:row r="4"> <x:c> <x:v>7</x:v> </x:c> </x:row> </x:sheetData> </x:worksheet>"""
    table = read(pack(make_parts(sheets={"S": sheet})), "x.xlsx")
    assert [(row.number, row.texts) for row in table.rows()] == [(4, ["7"])]


def test_empty_columns_at_the_left_are_left_out() -> None:
    rows = '<row r="3"><c r="C3" t="str"><v>name</v></c><c r="D3" t="str"><v>age</v></c></row><row r="4"><c r="D4"><v>3</v></c></row>'
    table = read(pack(make_parts(rows)), "x.xlsx")
    assert [(column.number, column.letter) for column in table.columns] == [(3, "C"), (4, "D")]
    [row] = table.rows()
    assert (row.texts, row.kinds) == (["", "3"], "-n")


def test_misnamed_file_is_read_by_what_it_holds() -> None:
    table = read("name,age\nAna,3\n", "people.xlsx")
    assert (table.format, note_codes(table)) == ("text", {"misnamed"})


def test_refusal_is_a_problem_that_says_what_to_do() -> None:
    with pytest.raises(UnreadableFile) as refused:
        read("name,age\nAna,3\n", limits=Limits(cells=3))
    error = refused.value
    assert (int(error.status), error.code, error.errors[0].code) == (422, "unreadable_file", "too_many_cells")
    assert error.detail == "The file has more than 3 cells. Delete what is not needed, or divide it into several files."


# Round trips.

written = some.text(some.characters(exclude_categories=["Cs", "Cc", "Cf", "Co", "Cn"]), max_size=20)
tables = some.integers(1, 5).flatmap(
    lambda width: some.lists(some.lists(written, min_size=width, max_size=width), min_size=1, max_size=8)
)


def expected(rows: list[list[str]]) -> list[tuple[int, list[str]]]:
    """What is the same after spaces at the ends and blank rows are gone; with the rows' numbers below a header."""
    import unicodedata  # noqa: PLC0415 - for this alone

    cleaned = [[unicodedata.normalize("NFC", text).strip() for text in row] for row in rows]
    return [(number, row) for number, row in enumerate(cleaned, 2) if any(row)]


@settings(deadline=None, max_examples=15)
@given(
    rows=tables,
    delimiter=some.sampled_from([",", ";", "\t", "|"]),
    codec=some.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_table_of_texts_comes_back_from_text(rows: list[list[str]], delimiter: str, codec: str) -> None:
    lines = io.StringIO()
    writer = csv.writer(lines, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([f"h{at}" for at in range(len(rows[0]))])
    writer.writerows(rows)
    table = read(lines.getvalue().encode(codec), header_row=1, delimiter=delimiter)
    assert [(row.number, row.texts) for row in table.rows()] == expected(rows)


@settings(deadline=None, max_examples=15)
@given(rows=tables)
def test_any_table_of_texts_comes_back_from_a_workbook(rows: list[list[str]]) -> None:
    columns = [SheetColumn(f"h{at}") for at in range(len(rows[0]))]
    table = read(write_workbook(columns, rows, sheet="Data"), "x.xlsx", header_row=1)
    assert [(row.number, row.texts) for row in table.rows()] == expected(rows)


def test_workbook_to_fill_in_keeps_ids_lists_and_what_looks_like_a_formula() -> None:
    columns = [
        SheetColumn("id", comment="Leave it as it is.", is_hidden=True),
        SheetColumn("sex", choices=["female", "male", "x" * 200, "y" * 200]),
        SheetColumn("note"),
    ]
    content = write_workbook(
        columns,
        [["00123", "female", "=1+1"], [None, "male", "@SUM(A1)"], ["https://x.test", "", "1e5"]],
        sheet="Roster",
        codes={"Sex": [("female", "Female"), ("male", "Male")]},
        about=[("Rule", "Blank leaves it unchanged.")],
    )
    table = read(content, "x.xlsx")
    assert texts(table) == [["00123", "female", "=1+1"], ["", "male", "@SUM(A1)"], ["https://x.test", "", "1e5"]]
    assert {row.kinds.replace("-", "") for row in table.rows()} <= {"ttt", "tt"}
    assert "formulas" not in note_codes(table)
    assert [one.name for one in table.sheets] == ["Roster", "Codes", "About"]
    assert texts(read(content, "x.xlsx", sheet="Codes"))[0] == ["female", "Female", "", "female"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        data = archive.read(SHEET_PART).decode()
        assert "<f>" not in data
        assert 'type="list"' in data
        assert "<formula1>Codes!$D$2:$D$5</formula1>" in data
        assert 'state="frozen"' in data
        assert "Leave it as it is." in archive.read("xl/comments1.xml").decode()


def test_text_that_no_cell_holds_is_not_dropped_in_silence() -> None:
    with pytest.raises(ValueError, match="A2 is longer"):
        write_workbook([SheetColumn("note")], [["x" * 32_768]], sheet="Data")
