"""Files made to do harm, or merely broken: each is refused in words or read rightly, and who asked notices nothing.

TRIBUTARY_SOAK=1 also tries those that take seconds, and cuts a workbook off at two hundred places.
"""

import bz2
import gzip
import io
import json
import os
import random
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from chassis.tables import reading
from chassis.tables.model import Limits
from chassis.tables.reading import read_table
from chassis.tables.refusals import Reason, UnreadableFile
from chassis.testing.workbooks import MAIN, SHEET_PART, make_parts, make_row, make_sheet, pack

IS_SOAK: Final = bool(os.environ.get("TRIBUTARY_SOAK"))
LARGEST_GROWTH_BYTES: Final = 20_000_000
pytestmark = pytest.mark.soak

PLAIN: Final = make_row(1, "name", "age") + make_row(2, "Ana", "3")
READ: Final = "read"


class Case(NamedTuple):
    """A file, and what may come of it: reasons to refuse, or the texts of its rows."""

    name: str
    make: Callable[[], bytes]
    outcome: Reason | set[Reason | str] | list[list[str]]
    file_name: str = "people.xlsx"
    is_slow: bool = False


def sheet(rows: str, **parts: str) -> Callable[[], bytes]:
    return lambda: pack(make_parts(rows, **parts))


def stored(rows: str) -> bytes:
    """Not packed: no ratio gives it away."""
    return pack(make_parts(rows), is_packed=False)


def with_part(name: str, part: str | bytes, rows: str = PLAIN) -> Callable[[], bytes]:
    return lambda: pack({**make_parts(rows), name: part})


def patched(content: bytes, offset_in_directory: int, form: str, value: int, *, part: str = SHEET_PART) -> bytes:
    """The content with one number changed in the directory's entry of a part."""
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(part.encode()))
    changed = bytearray(content)
    struct.pack_into(form, changed, at + offset_in_directory, value)
    return bytes(changed)


def cut(share: float) -> Callable[[], bytes]:
    def make() -> bytes:
        whole = pack(make_parts("".join(make_row(at, f"name {at * 7919 % 1000}", str(at)) for at in range(1, 400))))
        return whole[: int(len(whole) * share)]

    return make


def many_parts() -> bytes:
    return pack({**make_parts(PLAIN), **{f"xl/media/{at}.png": "" for at in range(2_100)}})


def directory_of_a_million() -> bytes:
    content = bytearray(pack(make_parts(PLAIN)))
    at = content.rindex(b"PK\x05\x06")
    struct.pack_into("<HH", content, at + 8, 65_535, 65_535)
    return bytes(content)


def overlapping() -> bytes:
    content = pack(make_parts(PLAIN))
    return patched(content, 42, "<I", 0)


def flipped() -> bytes:
    content = bytearray(
        pack(
            {**make_parts(), SHEET_PART: make_sheet("".join(make_row(at, str(hash(str(at)))) for at in range(1, 2000)))}
        )
    )
    for at in range(len(content) // 2, len(content) // 2 + 40):
        content[at] ^= 0x55
    return bytes(content)


def bzipped() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_BZIP2) as archive:
        for name, part in make_parts(PLAIN).items():
            archive.writestr(name, part)
    return content.getvalue()


def nested(levels: int) -> bytes:
    content = b"x" * 1000
    for _ in range(levels):
        content = pack({f"{at}.zip": content for at in range(4)})
    return content


def dtd(declared: str, used: str = "&a;", root: str = "worksheet") -> str:
    row = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{used}</t></is></c></row>'
    return f"<!DOCTYPE {root} [{declared}]><worksheet {MAIN}><sheetData>{row}</sheetData></worksheet>"


RELATIONS: Final = str(make_parts()["xl/_rels/workbook.xml.rels"])
LAUGHS: Final = '<!ENTITY z "ha">' + "".join(
    f'<!ENTITY {chr(at)} "{f"&{chr(at + 1)};" * 10}">' for at in range(ord("y"), ord("a") - 1, -1)
)


def cells(count: int, *, value: str = "<v>1</v>", width: int = 500) -> str:
    rows = []
    for row in range(1, count // width + 1):
        made = "".join(f"<c>{value}</c>" for _ in range(width))
        rows.append(f"<row>{made}</row>" if row else "")
    return "".join(rows)


def compound(*streams: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600 + "".join(streams).encode("utf-16-le") + b"\x00" * 600


def noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)


NOT_A_TABLE, DAMAGED, UNSAFE, OLD = Reason.not_a_table, Reason.damaged, Reason.unsafe, Reason.old_format
ANA: Final = [["Ana", "3"]]
# A text with two columns where the second is as given.
TEXT: Final = "name,note\nAna,{}\n"

CASES: Final = [
    # Nothing, and other things by a wrong name.
    Case("nothing", lambda: b"", Reason.empty),
    Case("byte order mark alone", lambda: b"\xef\xbb\xbf", Reason.empty, "x.csv"),
    Case("wide byte order mark alone", lambda: b"\xff\xfe", Reason.empty, "x.csv"),
    Case("blank lines", lambda: b"\r\n \r\n\t\n" * 50, Reason.empty, "x.csv"),
    Case("delimiters alone", lambda: b",,,,\n" * 50_000, Reason.empty, "x.csv"),
    Case("zero bytes", lambda: b"\x00" * 100_000, Reason.empty),
    Case("web page", lambda: b"<!DOCTYPE html><html><table><tr><td>Ana</td></tr></table></html>", NOT_A_TABLE),
    Case("web page as text", lambda: b"\xef\xbb\xbf  <html><body>=1+1</body></html>", NOT_A_TABLE, "x.csv"),
    Case("XML spreadsheet of 2003", lambda: b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', OLD),
    Case("picture as text", lambda: b"\x89PNG\r\n\x1a\n" + noise(5_000), NOT_A_TABLE, "x.csv"),
    Case("photograph", lambda: b"\xff\xd8\xff\xe0" + noise(5_000), NOT_A_TABLE),
    Case("PDF", lambda: b"%PDF-1.7\n" + noise(5_000), NOT_A_TABLE),
    Case("gzip", lambda: gzip.compress(b"name,age\nAna,3\n"), NOT_A_TABLE, "x.csv"),
    Case("bzip2", lambda: bz2.compress(b"name,age\nAna,3\n"), NOT_A_TABLE, "x.csv"),
    Case("database", lambda: b"SQLite format 3\x00" + noise(5_000), NOT_A_TABLE),
    Case("program", lambda: b"\x7fELF\x02\x01\x01" + noise(5_000), NOT_A_TABLE),
    Case("noise", lambda: noise(50_000), {NOT_A_TABLE, Reason.long_cell}, "x.csv"),
    Case("workbook with a password", lambda: compound("EncryptionInfo", "EncryptedPackage"), Reason.encrypted),
    Case("workbook of 1997", lambda: compound("Workbook"), OLD, "x.xls"),
    Case("workbook of 1990", lambda: b"\x09\x04\x06\x00" + noise(500), OLD, "x.xls"),
    Case("binary workbook", lambda: pack({"[Content_Types].xml": "<Types/>", "xl/workbook.bin": "x"}), OLD, "x.xlsb"),
    Case("OpenDocument", lambda: pack({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}), OLD, "x.ods"),
    Case("document", lambda: pack({"[Content_Types].xml": "<Types/>", "word/document.xml": "<x/>"}), NOT_A_TABLE),
    Case("presentation", lambda: pack({"[Content_Types].xml": "<Types/>", "ppt/presentation.xml": "<x/>"}), NOT_A_TABLE),
    Case("archive of text", lambda: pack({"people.csv": "name,age\nAna,3\n"}), NOT_A_TABLE, "x.zip"),
    Case("archive of archives", lambda: nested(5), NOT_A_TABLE, "x.zip"),
    Case("empty archive", lambda: b"PK\x05\x06" + b"\x00" * 18, NOT_A_TABLE),
    # Archives.
    *(Case(f"cut off at {share:.0%}", cut(share), DAMAGED) for share in (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.999)),
    *(Case(f"cut off at {at / 200:.1%}", cut(at / 200), DAMAGED, is_slow=True) for at in range(1, 200)),
    Case("bits flipped", flipped, DAMAGED),
    Case("text after the archive", lambda: pack(make_parts(PLAIN)) + b"trailing", ANA),
    Case("part above the folder", with_part("../../etc/cron.d/x", "x"), UNSAFE),
    Case("part of the root", with_part("/etc/passwd", "x"), UNSAFE),
    Case("part above, as Windows writes it", with_part("xl\\..\\..\\x", "x"), UNSAFE),
    Case("part of a drive", with_part("C:/x", "x"), UNSAFE),
    Case("two parts of a name", with_part("XL/Workbook.xml", "<x/>"), UNSAFE),
    Case("part with a password", lambda: patched(pack(make_parts(PLAIN)), 8, "<H", 1), Reason.encrypted),
    Case("packed another way", bzipped, UNSAFE),
    Case("two thousand parts", many_parts, UNSAFE),
    Case("count of parts that is not so", directory_of_a_million, {UNSAFE, DAMAGED}),
    Case("parts that overlap", overlapping, UNSAFE),
    Case("bomb", lambda: pack(make_parts(" " * 60_000_000)), UNSAFE),
    Case("bomb in a picture", with_part("xl/media/x.png", b"\x00" * 60_000_000), UNSAFE),
    Case("size of four gigabytes claimed", lambda: patched(pack(make_parts(PLAIN)), 24, "<I", 2**32 - 2), {UNSAFE, Reason.too_demanding}),
    Case("size of ten bytes claimed", lambda: patched(pack(make_parts(PLAIN)), 24, "<I", 10), DAMAGED),
    Case("archives in a picture", with_part("xl/media/x.png", nested(3)), ANA),
    Case("larger than is read", lambda: b"a,b\n" * 9_000_000, Reason.too_large, "x.csv"),
    # XML.
    Case("a billion laughs", with_part(SHEET_PART, dtd(LAUGHS)), UNSAFE),
    Case("one long entity many times", with_part(SHEET_PART, dtd(f'<!ENTITY a "{"x" * 50_000}">', "&a;" * 20_000)), UNSAFE),
    Case("entity of a file", with_part(SHEET_PART, dtd('<!ENTITY a SYSTEM "file:///etc/passwd">')), UNSAFE),
    Case("entity of an address", with_part(SHEET_PART, dtd('<!ENTITY a SYSTEM "http://127.0.0.1:1/x">')), UNSAFE),
    Case("entity of parameters", with_part(SHEET_PART, dtd('<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;', "x")), UNSAFE),
    Case("document type elsewhere", with_part("xl/_rels/workbook.xml.rels", '<!DOCTYPE x SYSTEM "x.dtd"><x/>'), UNSAFE),
    Case("document type among texts", sheet(PLAIN, texts="") and with_part("xl/workbook.xml", "<!DOCTYPE x []><x/>"), UNSAFE),
    Case("entity that nobody declared", with_part(SHEET_PART, make_sheet(make_row(1, "&nope;"))), DAMAGED),
    Case("wide letters to hide a document type", with_part(SHEET_PART, dtd('<!ENTITY a "x">').encode("utf-16")), {DAMAGED, UNSAFE}),
    Case("encoding UTF-7", with_part(SHEET_PART, '<?xml version="1.0" encoding="utf-7"?>' + make_sheet(PLAIN)), {DAMAGED, READ}),
    Case("not XML", with_part(SHEET_PART, noise(2_000)), DAMAGED),
    Case("an element within an element, a hundred thousand times", lambda: stored("<a>" * 100_000), DAMAGED),
    Case("the same, three million times", lambda: stored("<a>" * 3_000_000), {DAMAGED, Reason.too_demanding}, is_slow=True),
    Case("attribute of ten megabytes", lambda: stored(f'<row r="1" x="{"y" * 10_000_000}"/>'), Reason.empty),
    Case("twenty thousand attributes", lambda: stored("<row " + " ".join(f'a{at}="1"' for at in range(20_000)) + "/>"), Reason.empty),
    # Sheets.
    Case("sheet of all places, empty", lambda: pack(make_parts(sheets={"S": make_sheet("", before='<dimension ref="A1:XFD1048576"/>')})), Reason.empty),
    Case("values in two corners", sheet('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'), Reason.too_many_columns),
    Case("values in the first and the last row", sheet(make_row(1, "name") + make_row(1_048_576, "Ana")), [["Ana"]]),
    Case("row beyond the last", sheet(make_row(1_048_577, "x")), DAMAGED),
    Case("row zero", sheet(make_row(0, "x")), DAMAGED),
    Case("rows backward", sheet(make_row(2, "x") + make_row(1, "y")), DAMAGED),
    Case("row without a number", sheet('<row r="many"><c r="A1"><v>1</v></c></row>'), DAMAGED),
    Case("cells backward", sheet('<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>'), DAMAGED),
    Case("cell nowhere", sheet('<row r="1"><c r="1A"><v>1</v></c></row>'), DAMAGED),
    Case("cell far away", sheet('<row r="1"><c r="AAAAAAAA1"><v>1</v></c></row>'), DAMAGED),
    Case("text that is missing", sheet('<row r="1"><c r="A1" t="s"><v>7</v></c></row>', texts="<si><t>x</t></si>"), DAMAGED),
    Case("text before the first", sheet('<row r="1"><c r="A1" t="s"><v>-1</v></c></row>', texts="<si><t>x</t></si>"), DAMAGED),
    Case("four billion texts claimed", with_part("xl/sharedStrings.xml", f'<sst {MAIN} count="4294967295" uniqueCount="4294967295"/>'), ANA),
    Case("text of ten megabytes", lambda: stored(make_row(1, "x" * 10_000_000)), Reason.long_cell),
    Case("shared text of ten megabytes", lambda: pack(make_parts(PLAIN, texts=f"<si><t>{noise(5_000_000).hex()}</t></si>")), Reason.long_cell),
    Case("numbers that are none", sheet(make_row(1, "a", "b", "c") + '<row r="2"><c r="A2"><v>inf</v></c><c r="B2"><v>nan</v></c><c r="C2"><v>0x10</v></c></row>'), [["inf", "nan", "0x10"]]),
    Case("number of a million digits", sheet(make_row(1, "a") + f'<row r="2"><c r="A2"><v>{"9" * 1_000_000}</v></c></row>'), [["9" * 60]]),
    Case("style that is missing", sheet(make_row(1, "a") + '<row r="2"><c r="A2" s="99"><v>5</v></c></row>', styles="<cellXfs/>"), [["5"]]),
    Case("format of a megabyte", lambda: pack(make_parts(PLAIN, styles=f"""<numFmts><numFmt numFmtId="164" formatCode="{'[&quot;' * 150_000}"/></numFmts><cellXfs><xf numFmtId="164"/></cellXfs>"""), is_packed=False), ANA, is_slow=True),
    Case("no sheets", with_part("xl/workbook.xml", f"<workbook {MAIN}/>"), DAMAGED),
    Case("sheet that is missing", with_part("xl/_rels/workbook.xml.rels", RELATIONS.replace("sheet1.xml", "sheet9.xml")), DAMAGED),
    Case("workbook as its own sheet", with_part("xl/_rels/workbook.xml.rels", RELATIONS.replace("worksheets/sheet1.xml", "workbook.xml")), Reason.empty),
    Case("sheet outside of the archive", with_part("xl/_rels/workbook.xml.rels", RELATIONS.replace("worksheets/", "../../../../etc/")), DAMAGED),
    Case("formula that starts a program", sheet(make_row(1, "a") + """<row r="2"><c r="A2" t="str"><f>cmd|'/c calc'!A0</f><v>x</v></c></row>"""), [["x"]]),
    Case("text that would start a program", sheet(make_row(1, "a") + make_row(2, "=cmd|'/c calc'!A0")), [["=cmd|'/c calc'!A0"]]),
    Case("zero character and turned letters", sheet(make_row(1, "a", "b") + make_row(2, "A_x0000_na", "\u202enA_xD800_a")), [["Ana", "nAa"]]),
    Case("a cell for each of a million empty places", lambda: stored(PLAIN + cells(1_000_000, value="")), ANA, is_slow=True),
    Case("more cells than are read", lambda: stored(cells(2_000_500)), Reason.too_many_cells, is_slow=True),
    Case("rows of one value far to the right", lambda: stored("".join(f'<row><c r="ALL{at}"><v>1</v></c></row>' for at in range(1, 20_100))), Reason.too_many_cells, is_slow=True),
    Case("a million texts", lambda: pack(make_parts(PLAIN, texts="".join(f"<si><t>{at * 7919} text {at}</t></si>" for at in range(1_000_000)))), ANA, is_slow=True),
    Case("larger than is unpacked", lambda: pack({**make_parts(PLAIN), **{f"xl/media/{at}": noise(1_000_000) * 9 for at in range(30)}}), {Reason.too_demanding, Reason.too_large}, is_slow=True),
    # Text.
    Case("word of thirty megabytes", lambda: b"x" * 30_000_000, Reason.long_cell, "x.csv"),
    Case("line of thirty megabytes", lambda: b"ab," * 10_000_000, Reason.too_many_columns, "x.csv"),
    Case("line of thirty megabytes, quoted", lambda: b'"b",' * 7_500_000, Reason.too_many_columns, "x.csv"),
    Case("quotation marks alone", lambda: b'"' * 5_000_001, Reason.long_cell, "x.csv"),
    Case("quotation mark never closed", ('name,age\n"Ana,3\n' + "Eva,4\n" * 20_000).encode, {READ}, "x.csv"),
    Case("each quotation mark opened anew", ("a,b\n" + '",' * 400 + "\n" + '"x"y,"\n' * 20_000).encode, {READ}, "x.csv"),
    Case("doubled quotation marks without end", ('a,b\n"' + '""x,' * 500_000).encode, {READ, Reason.long_cell, Reason.too_many_columns}, "x.csv"),
    Case("bytes of no encoding", lambda: b"name,note\nAna,\xff\xfe\xc3\x28\n", {READ}, "x.csv"),
    Case("bytes that windows-1252 does not have", lambda: b"name,note\nAna,se\x81or\n", {READ}, "x.csv"),
    Case("half a wide letter", lambda: "name,note\nAna,x\n".encode("utf-16") + b"\x00", Reason.undecodable, "x.csv"),
    Case("half a pair", lambda: "\ufeffname,note\nAna,".encode("utf-16-le") + b"\x00\xd8x\x00", Reason.undecodable, "x.csv"),
    Case("letters of four bytes", lambda: TEXT.format("x").encode("utf-32"), {NOT_A_TABLE, READ, Reason.undecodable}, "x.csv"),
    Case("zero characters", (TEXT.format("\x00x\x00") + "Eva,y\n").encode, [["Ana", "x"], ["Eva", "y"]], "x.csv"),
    Case("letters turned around", TEXT.format("\u202ecod.exe\u202c").encode, [["Ana", "cod.exe"]], "x.csv"),
    Case("formulas", TEXT.format('"=HYPERLINK(""http://x.test"";1)"').encode, [["Ana", '=HYPERLINK("http://x.test";1)']], "x.csv"),
    Case("lines as old machines end them", lambda: b"name,age\rAna,3\r", ANA, "x.csv"),
    Case("rare ends of lines", TEXT.format("a\u2028b\x0bc\x0cd").encode, [["Ana", "a\u2028bcd"]], "x.csv"),
    Case("ten thousand columns", lambda: b",".join(b"c%d" % at for at in range(10_000)), Reason.too_many_columns, "x.csv"),
    Case("marks of composition without end", TEXT.format("e" + "\u0301" * 30_000).encode, {READ}, "x.csv"),
    Case("odd first line", lambda: b"sep=\x00\nname,age\nAna,3\n", {READ}, "x.csv"),
    Case("two million rows", lambda: b"1\n" * 2_000_100, {Reason.too_many_cells, Reason.too_demanding}, "x.csv", is_slow=True),
    Case("faults in each of a million cells", ("a\n" + "\u202e\u200b\x00x\n" * 1_000_000).encode, {READ, Reason.too_demanding}, "x.csv", is_slow=True),
]  # fmt: skip


ASKER: Final = """
import json, os, sys
from pathlib import Path
from chassis.tables.reading import read_table
from chassis.tables.refusals import UnreadableFile

def resident():
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else 0

for line in sys.stdin:
    path, file_name = json.loads(line)
    try:
        table = read_table(Path(path).read_bytes(), file_name=file_name)
        said = {"count": table.row_count, "counted": sum(1 for _ in table.rows())}
        said["texts"] = [row.texts for row in table.rows()] if table.row_count < 10 else None
    except UnreadableFile as refused:
        said = {"reason": refused.reason, "detail": refused.detail}
    table = refused = None
    print(json.dumps(said | {"resident_bytes": resident()}), flush=True)
"""


class Asker:
    """A process that reads one file after the other, as a service does for years."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "file"
        # What the files themselves take is given back at once, and not kept by the allocator for the next.
        environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "131072"}
        command = [sys.executable, "-c", ASKER]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)

    def read(self, content: bytes, file_name: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._path.write_bytes(content)
        self._process.stdin.write(json.dumps([str(self._path), file_name]).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def end(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        assert self._process.wait() == 0


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Asker, int]]:
    """The process, and how much memory it has when it is warm."""
    asker = Asker(tmp_path_factory.mktemp("asker"))
    warm = [asker.read(pack(make_parts(PLAIN)), "x.xlsx")["resident_bytes"] for _ in range(3)]
    yield asker, warm[-1]
    asker.end()


@pytest.mark.parametrize("case", [case for case in CASES if IS_SOAK or not case.is_slow], ids=lambda case: case.name)
def test_file_is_refused_in_words_or_read_rightly(asker: tuple[Asker, int], case: Case) -> None:
    process, warm_bytes = asker
    said = process.read(case.make(), case.file_name)
    outcome = case.outcome
    if isinstance(outcome, list):
        assert said.get("texts") == outcome, said
    else:
        allowed = outcome if isinstance(outcome, set) else {outcome}
        assert said.get("reason", READ) in allowed, said
    if "reason" in said:
        assert said["detail"].count(". ") >= 1  # what is wrong, and what to do
    else:
        assert said["counted"] == said["count"] > 0
    assert said["resident_bytes"] - warm_bytes < LARGEST_GROWTH_BYTES


def test_as_many_are_tried_as_are_promised() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert sum(1 for case in CASES if not case.is_slow) >= 100


@pytest.mark.parametrize(
    "limits",
    [Limits(wall_seconds=0.05), Limits(cpu_seconds=1), Limits(memory_bytes=64 * 1024 * 1024)],
    ids=["wall", "processor", "memory"],
)
def test_a_file_that_takes_too_much_ends_with_its_process(limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *arguments: Any, **chosen: Any) -> None:
            super().__init__(*arguments, **chosen)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    texts = "".join(f"<si><t>{at * 7919} text {at}</t></si>" for at in range(300_000))
    content = pack(make_parts(cells(1_000_000), texts=texts), is_packed=False)
    with pytest.raises(UnreadableFile) as refused:
        read_table(content, file_name="x.xlsx", limits=limits)
    assert refused.value.reason is Reason.too_demanding
    assert [process.returncode is None for process in started] == [False]


PROGRAM: Final = """
import os, socket, sys
from chassis.tables import child
from chassis.tables.model import Limits
child._limit_self(Limits())
def tries(what):
    try:
        what()
    except (OSError, MemoryError) as error:
        return type(error).__name__
    return "done"
print(dict(os.environ), os.getcwd(), tries(lambda: open("/etc/passwd")), tries(lambda: socket.socket()),
      tries(os.pipe), tries(lambda: bytearray(600_000_000)), "site" in sys.modules, sep="|")
"""


def test_process_has_no_secrets_and_no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader's own interpreter, told to try what a file that took it over would try."""
    monkeypatch.setenv("TRIBUTARY_SECRET", "secret")
    start = reading._PROGRAM.split("from chassis")[0]
    command = [*reading._COMMAND[:-1], start + "\n" + PROGRAM]
    said = subprocess.run(command, env={}, cwd="/", capture_output=True, text=True, check=True).stdout.strip()
    environment, folder, *tried = said.split("|")
    assert "secret" not in environment
    assert (folder, tried) == ("/", ["OSError", "OSError", "OSError", "MemoryError", "False"])
