"""The process in which a file is parsed: it has no more memory, time, files and secrets than that takes.

It imports the standard library alone, limits itself before it takes in the first byte, answers in frames on standard
output (a letter, a length, the content) and ends. What it says is believed no further than its form.
"""

import codecs
import gc
import json
import os
import resource
import struct
import sys
import traceback
import zlib
from dataclasses import asdict, astuple
from typing import Any, Final

from chassis.tables.archives import is_workbook
from chassis.tables.encodings import ENCODINGS, find_encoding
from chassis.tables.headers import HeaderedRows
from chassis.tables.model import Limits
from chassis.tables.records import Finding, Record
from chassis.tables.refusals import Reason, UnreadableFile
from chassis.tables.texts import find_delimiter, read_text
from chassis.tables.workbooks import Workbook

FRAME: Final = struct.Struct(">cI")
ROWS, TABLE, REFUSAL, FAILURE = b"R", b"T", b"E", b"F"
_BLOCK_CHARS: Final = 262_144
_NAMES_SHOWN: Final = 20
_LEVEL: Final = 1  # the rows are packed to be held, not to be sent far


def main() -> None:
    """Limit, read the request, answer."""
    options = json.loads(sys.stdin.buffer.readline())
    limits = Limits(**options.pop("limits"))
    for codec in ENCODINGS.values():
        codecs.lookup(codec)  # imported while files may still be opened
    _limit_self(limits)
    gc.disable()  # rows hold no cycles, and looking for some takes a tenth of the time
    try:
        content = sys.stdin.buffer.read()
        _send(TABLE, _read(content, options, limits))
    except UnreadableFile as error:
        _send(REFUSAL, {"reason": error.reason, "what": error.what, "extra": error.extra})
    except (MemoryError, RecursionError):
        _send(REFUSAL, {"reason": Reason.too_demanding, "what": "The file takes too much memory to read.", "extra": {}})
    except Exception as error:  # noqa: BLE001 - whatever it is, its place is told, and never what the file holds
        places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-4:]]
        _send(FAILURE, {"error": type(error).__name__, "places": places})
    sys.stdout.buffer.flush()
    os._exit(0)  # taking a large heap apart is nobody's gain


def _limit_self(limits: Limits) -> None:
    """Where the system does not know a limit, the parent's own watch over time and size remains."""
    for kind, soft, hard in (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NOFILE, 0, 0),
        (resource.RLIMIT_NPROC, 0, 0),
        (resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1),
        (resource.RLIMIT_AS, limits.memory_bytes, limits.memory_bytes),
    ):
        try:
            resource.setrlimit(kind, (soft, hard))
        except (ValueError, OSError):
            continue


def _read(content: bytes, options: dict[str, Any], limits: Limits) -> dict[str, Any]:
    if is_workbook(content):
        workbook = Workbook(content, limits)
        del content
        sheet, records, found = workbook.read(options["sheet"])
        table: dict[str, Any] = {"format": "workbook", "sheet": sheet, "sheets": workbook.sheets}
        table |= {"encoding": None, "is_encoding_guessed": False, "delimiter": None}
        found.extend(workbook.findings())
        others = [one.name for one in workbook.sheets if one.name != sheet]
        if others:
            found.append(Finding("other_sheets", len(others), [], ", ".join(others[:_NAMES_SHOWN])))
    else:
        if options["sheet"] is not None:
            raise UnreadableFile(Reason.unknown_sheet, "A text file has no sheets.", sheets=[])
        encoding = find_encoding(content, options["encoding"])
        delimiter = find_delimiter(content, encoding.name, options["delimiter"])
        records, found = read_text(content, encoding, delimiter, limits), []
        table = {"format": "text", "sheet": None, "sheets": [], "delimiter": delimiter}
        table |= {"encoding": encoding.name, "is_encoding_guessed": encoding.is_guessed}
        if encoding.is_guessed:
            found.append(Finding("encoding_guessed", 1, [], encoding.name))
    below = HeaderedRows(records, options["header_row"], limits)
    _Sender(limits).send_all(below)
    columns = below.columns()
    table |= {"columns": columns, "header_row": below.header_row, "row_count": below.row_count}
    return table | {"findings": [astuple(finding) for finding in (*found, *below.findings)]}


class _Sender:
    """Packs rows into blocks."""

    def __init__(self, limits: Limits) -> None:
        self._left_bytes = limits.output_bytes

    def send_all(self, rows: HeaderedRows) -> None:
        block: list[tuple[object, ...]] = []
        chars = 0
        for row in rows.rows():
            block.append((row.number, int(row.is_hidden), row.texts, row.kinds, row.faults))
            chars += _size_of(row)
            if chars > _BLOCK_CHARS:
                self._send(block)
                block, chars = [], 0
        if block:
            self._send(block)

    def _send(self, block: list[tuple[object, ...]]) -> None:
        packed = zlib.compress(json.dumps(block, ensure_ascii=False, separators=(",", ":")).encode(), _LEVEL)
        self._left_bytes -= len(packed)
        if self._left_bytes < 0:
            raise UnreadableFile(Reason.too_many_cells, "The file holds more text than is read at once.")
        _write(ROWS, packed)


def _size_of(row: Record) -> int:
    return sum(map(len, row.texts)) + 4 * len(row.texts) + 40 * len(row.faults)


def _send(kind: bytes, content: dict[str, Any]) -> None:
    _write(kind, json.dumps(content, ensure_ascii=False).encode("utf-8", "replace"))


def _write(kind: bytes, content: bytes) -> None:
    sys.stdout.buffer.write(FRAME.pack(kind, len(content)) + content)


def request_of(options: dict[str, Any], limits: Limits) -> bytes:
    """The line that a parent sends before the content."""
    return json.dumps(options | {"limits": asdict(limits)}).encode() + b"\n"
