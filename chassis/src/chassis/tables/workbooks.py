"""A workbook (.xlsx) read part by part, as a stream: no part is held whole but the texts that its cells share.

By expat, which the standard library brings: it stops at the first sign of a document type, so no entity is ever known,
and it tells what no reader in a library does at once: hidden rows, formulas, errors, styles, and the number as written.
"""

import posixpath
from collections.abc import Callable, Iterator
from typing import Any, Final
from xml.parsers import expat

from chassis.tables.archives import Archive
from chassis.tables.model import Limits, Sheet
from chassis.tables.parts import SharedTexts, Styles
from chassis.tables.records import Finding, Record
from chassis.tables.refusals import Reason, UnreadableFile
from chassis.tables.sheets import Attributes, SheetReader

_RELATIONS: Final = "officedocument/2006/relationships/"
_STRICT_RELATIONS: Final = "purl.oclc.org/ooxml/officedocument/relationships/"
_MOST_SHEETS: Final = 1_000
_NAMES_SHOWN: Final = 20

Start = Callable[[str, Attributes], None]
End = Callable[[str], None]
Data = Callable[[str], None]
# Id -> kind and target of what a part refers to inside the archive.
Relations = dict[str, tuple[str, str]]


class Workbook:
    """An archive that is a workbook: its sheets, the texts they share, how its numbers are shown."""

    def __init__(self, content: bytes, limits: Limits) -> None:
        self._limits = limits
        self._archive = Archive(content, limits)
        _check_kind(self._archive)
        main = self._main_part()
        relations = self._relations(main)
        self.is_1904 = False
        listed: list[tuple[str, str, bool]] = []

        def start(name: str, attributes: Attributes) -> None:
            if name == "workbookPr":
                self.is_1904 = attributes.get("date1904", "0") in {"1", "true", "on"}
            elif name == "sheet" and len(listed) < _MOST_SHEETS:
                key = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
                listed.append((attributes.get("name", ""), key, attributes.get("state", "visible") != "visible"))

        self._parse(main, start)
        parts = [(name, is_hidden, relations.get(key)) for name, key, is_hidden in listed]
        # Charts and macros have sheets of their own, without cells.
        self._parts = {name: (is_hidden, part[1]) for name, is_hidden, part in parts if part and part[0] == "worksheet"}
        if not self._parts:
            raise UnreadableFile(Reason.damaged, "The workbook has no sheet with cells.")
        self.sheets = [Sheet(name, is_hidden) for name, (is_hidden, _) in self._parts.items()]
        self._shared = self._shared_texts(relations)
        self._styles = self._cell_styles(relations)

    def findings(self) -> Iterator[Finding]:
        """What the workbook brings beside cells."""
        names = self._archive.names
        if any(name.endswith("vbaproject.bin") for name in names):
            yield Finding("macros", 1, [])
        if linked := sum(name.startswith("xl/externallinks/externallink") for name in names):
            yield Finding("external_links", linked, [])

    def read(self, sheet: str | None) -> tuple[str, Iterator[Record], list[Finding]]:
        """The sheet that was asked for, else the first visible one that holds anything: its name, rows and findings.

        The findings are complete when the rows have been taken.
        """
        if sheet is not None:
            if sheet not in self._parts:
                known = [one.name for one in self.sheets][:_NAMES_SHOWN]
                raise UnreadableFile(
                    Reason.unknown_sheet, f'There is no sheet "{sheet}": the file has {", ".join(known)}.', sheets=known
                )
            return self._open(sheet)
        visible = [one.name for one in self.sheets if not one.is_hidden] or [one.name for one in self.sheets]
        for name in visible:
            chosen, rows, findings = self._open(name)
            first = next(rows, None)
            if first is not None:
                return chosen, _chain(first, rows), findings
        raise UnreadableFile(Reason.empty, "No visible sheet of the workbook holds anything.")

    def _open(self, sheet: str) -> tuple[str, Iterator[Record], list[Finding]]:
        reader = SheetReader(self._shared.texts, self._shared.suspect, self._styles, self._limits, is_1904=self.is_1904)
        return sheet, self._rows(sheet, reader), reader.findings

    def _rows(self, sheet: str, reader: SheetReader) -> Iterator[Record]:
        part = self._part(self._parts[sheet][1])
        parser = make_parser(reader.start, reader.end, reader.data)
        for piece in self._archive.pieces(part):
            feed(parser, piece)
            yield from reader.take()
        feed(parser, b"", is_last=True)
        yield from reader.take()
        reader.finish()

    def _part(self, name: str) -> str:
        found = self._archive.find(name)
        if found is None:
            raise UnreadableFile(Reason.damaged, "A part of the workbook is missing.")
        return found

    def _parse(self, name: str, start: Start, end: End | None = None, data: Data | None = None) -> None:
        parser = make_parser(start, end, data)
        for piece in self._archive.pieces(self._part(name)):
            feed(parser, piece)
        feed(parser, b"", is_last=True)

    def _main_part(self) -> str:
        return _target(self._relations(""), "officeDocument") or "xl/workbook.xml"

    def _relations(self, of: str) -> Relations:
        folder, name = posixpath.split(of)
        part = self._archive.find(posixpath.join(folder, "_rels", f"{name}.rels"))
        found: Relations = {}

        def start(name: str, attributes: Attributes) -> None:
            if name != "Relationship" or attributes.get("TargetMode", "") == "External":
                return
            kind = attributes.get("Type", "")
            if _RELATIONS in kind.lower() or _STRICT_RELATIONS in kind.lower():
                target = attributes.get("Target", "")
                inside = target if target.startswith("/") else posixpath.join("/", folder, target)
                found[attributes.get("Id", "")] = (kind.rpartition("/")[2], posixpath.normpath(inside).lstrip("/"))

        if part is not None:
            self._parse(part, start)
        return found

    def _shared_texts(self, relations: Relations) -> SharedTexts:
        reader = SharedTexts(self._limits)
        if part := _target(relations, "sharedStrings"):
            self._parse(part, reader.start, reader.end, reader.data)
        return reader

    def _cell_styles(self, relations: Relations) -> list[str]:
        reader = Styles()
        if part := _target(relations, "styles"):
            self._parse(part, reader.start, reader.end)
        return reader.of_cells()


def _target(relations: Relations, kind: str) -> str | None:
    return next((target for one, target in relations.values() if one == kind), None)


def _chain(first: Record, rest: Iterator[Record]) -> Iterator[Record]:
    yield first
    yield from rest


def _check_kind(archive: Archive) -> None:
    names = archive.names
    if "xl/workbook.bin" in names:
        raise UnreadableFile(Reason.old_format, "This is a binary workbook (.xlsb).")
    if "mimetype" in names or "content.xml" in names:
        raise UnreadableFile(Reason.old_format, "This is an OpenDocument file (.ods or its like).")
    if "word/document.xml" in names or "ppt/presentation.xml" in names:
        raise UnreadableFile(Reason.not_a_table, "This is a document or a presentation, not a table.")
    if "[content_types].xml" not in names:
        raise UnreadableFile(Reason.not_a_table, "This is an archive (ZIP), not a table.")


def make_parser(start: Start, end: End | None, data: Data | None) -> Any:  # noqa: ANN401 - the type has no public name
    """A parser of one part. Names come without prefixes; a document type ends it."""
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise UnreadableFile(Reason.unsafe, "A part of the workbook declares a document type or entities.")

    def first(name: str, attributes: Attributes) -> None:
        """Most writers use no prefix; only for the others is each name looked at."""
        if ":" in name:
            parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
            if end is not None:
                parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
        else:
            parser.StartElementHandler = start
        start(name.rpartition(":")[2], attributes)

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = first
    if end is not None:
        parser.EndElementHandler = end
    if data is not None:
        parser.CharacterDataHandler = data
    return parser


def feed(parser: Any, piece: bytes, *, is_last: bool = False) -> None:  # noqa: ANN401 - as above
    """The next piece of a part."""
    try:
        parser.Parse(piece, is_last)
    except expat.ExpatError as error:
        if error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]:
            raise MemoryError from error
        raise UnreadableFile(Reason.damaged, "A part of the workbook is not as it should be.") from error
