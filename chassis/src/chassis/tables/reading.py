"""Reading a file that somebody sent: in a process that can harm nobody, and whose answer is bounded.

`read_table` waits for that process: call it in a thread (`asyncio.to_thread`) where others wait too.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import structlog

from chassis.tables.child import FAILURE, FRAME, REFUSAL, ROWS, TABLE, request_of
from chassis.tables.model import LARGEST_BLOCK_BYTES, Column, Limits, Note, Sheet, Table
from chassis.tables.refusals import Reason, UnreadableFile

# No environment, no site packages, no folder of the caller: the standard library and this package.
_SOURCE: Final = str(Path(__file__).parents[2])
_PROGRAM: Final = f"import sys; sys.path.append({_SOURCE!r}); from chassis.tables.child import main; main()"
_COMMAND: Final = (sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", _PROGRAM)
_READ_BYTES: Final = 65_536
_LOGGED_BYTES: Final = 1_000
_LARGEST_TABLE_BYTES: Final = 4 * 1024 * 1024
# Said by the name: one column that is pasted has no tab, and its texts may have commas.
_TAB_NAMES: Final = {".tsv", ".tab"}
_TEXT_NAMES: Final = {".csv", ".tsv", ".tab", ".txt"}
_WORKBOOK_NAMES: Final = {".xlsx", ".xlsm", ".xltx"}
_NOTES: Final = {
    "formulas": "Cells with formulas: {count:,}. The values they showed when the file was saved were read.",
    "hidden_rows": "Hidden rows: {count:,}. They were read like the others.",
    "hidden_columns": "Hidden columns: {count:,}. They were read like the others.",
    "merged_cells": "Groups of merged cells: {count:,}. The value counts for the first cell of each alone.",
    "other_sheets": "Sheets that were not read: {subject}.",
    "title_rows": "Rows above the header, left out: {count:,}.",
    "repeated_header": "Several columns have the same header; the later ones got a number: {subject}.",
    "empty_header": "Columns without a header go by their letter: {subject}.",
    "encoding_guessed": "The file does not say how its letters are encoded. It was read as {subject}; look at the "
    "letters with accents, and choose another encoding if they are wrong.",
    "macros": "The workbook holds macros. They were not looked at.",
    "external_links": "Other files that the workbook refers to: {count:,}. They were not looked at.",
    "suspect_header": "No row looks like a header; row {row} was taken.",
    "header_faults": "The header holds characters that were removed or lost ({subject}).",
    "no_rows": "There is no row below the header.",
    "misnamed": "The name of the file says otherwise, but it holds {subject}.",
}
logger = structlog.get_logger()


def read_table(
    content: bytes,
    *,
    file_name: str,
    sheet: str | None = None,
    header_row: int | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> Table:
    """The table in a text file (CSV, TSV and their like), in pasted cells, or in a workbook (.xlsx).

    `header_row` is a row's number in the file, 0 where no row is a header; what is not given is found.
    Raises `UnreadableFile`.
    """
    if len(content) > limits.content_bytes:
        size = limits.content_bytes // 1024 // 1024
        raise UnreadableFile(Reason.too_large, f"The file is larger than {size} MB.")
    if header_row is not None and header_row < 0:
        raise UnreadableFile(Reason.no_such_row, f"There is no row {header_row}.")
    if delimiter is None and Path(file_name.lower()).suffix in _TAB_NAMES:
        delimiter = "\t"
    options = {"sheet": sheet, "header_row": header_row, "encoding": encoding, "delimiter": delimiter}
    answer = _Child(request_of(options, limits), content, limits).take()
    return _table(answer, file_name)


class _Child:
    """One process for one file: fed, listened to, and ended when its time is over or it says too much."""

    def __init__(self, request: bytes, content: bytes, limits: Limits) -> None:
        self._limits = limits
        self._outgoing = [memoryview(content), memoryview(request)]
        self._incoming = bytearray()
        self._blocks: list[bytes] = []
        self._left_bytes = limits.output_bytes + _LARGEST_TABLE_BYTES
        self._answer: tuple[bytes, bytes] | None = None

    def take(self) -> tuple[dict[str, Any], list[bytes]]:
        """What it answers: the table without rows, and the blocks of rows."""
        process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={},
            cwd="/",
            start_new_session=True,
        )
        try:
            self._talk(process)
            process.wait(timeout=1)
        except (TimeoutError, subprocess.TimeoutExpired):
            pass
        finally:
            process.kill()
            code = process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        return self._judge(code)

    def _talk(self, process: subprocess.Popen[bytes]) -> None:
        """Write and read at once, until the end of what it says or of its time."""
        assert process.stdin is not None  # noqa: S101 - asked for above
        assert process.stdout is not None  # noqa: S101 - as above
        ends_at = time.monotonic() + self._limits.wall_seconds
        os.set_blocking(process.stdin.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdin, selectors.EVENT_WRITE)
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                left_seconds = ends_at - time.monotonic()
                if left_seconds <= 0:
                    raise TimeoutError
                for key, _ in selector.select(left_seconds):
                    if key.fileobj is process.stdout:
                        piece = os.read(process.stdout.fileno(), _READ_BYTES)
                        if not piece or not self._hear(piece):
                            return
                    elif not self._say(process.stdin.fileno()):
                        selector.unregister(process.stdin)
                        process.stdin.close()

    def _say(self, descriptor: int) -> bool:
        """Write the next piece; whether there is more. It may have refused the file before it took all of it."""
        try:
            written = os.write(descriptor, self._outgoing[-1][:_READ_BYTES])
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        self._outgoing[-1] = self._outgoing[-1][written:]
        while self._outgoing and not self._outgoing[-1]:
            self._outgoing.pop()
        return bool(self._outgoing)

    def _hear(self, piece: bytes) -> bool:
        """Take in the frames that are complete; whether to go on listening."""
        self._left_bytes -= len(piece)
        self._incoming += piece
        while len(self._incoming) >= FRAME.size:
            kind, length = FRAME.unpack_from(self._incoming)
            if length > LARGEST_BLOCK_BYTES or self._left_bytes < 0:
                return False
            end = FRAME.size + length
            if len(self._incoming) < end:
                break
            frame = bytes(memoryview(self._incoming)[FRAME.size : end])
            del self._incoming[:end]
            if kind != ROWS:
                self._answer = (kind, frame)
                return False
            self._blocks.append(frame)
        return True

    def _judge(self, code: int) -> tuple[dict[str, Any], list[bytes]]:
        kind, frame = self._answer or (b"", b"")
        if kind == TABLE:
            return json.loads(frame), self._blocks
        if kind == REFUSAL:
            said = json.loads(frame)
            raise UnreadableFile(Reason(said["reason"]), str(said["what"]), **said["extra"])
        if kind == FAILURE:
            logger.error("table_reader_failed", said=frame[:_LOGGED_BYTES].decode("utf-8", "replace"))
            raise UnreadableFile(Reason.damaged, "The file could not be read to its end.")
        ended_by = signal.Signals(-code).name if code < 0 else str(code)
        logger.warning("table_reader_ended", ended_by=ended_by)
        raise UnreadableFile(Reason.too_demanding, "The file takes too long, or too much, to read.")


def _table(answer: tuple[dict[str, Any], list[bytes]], file_name: str) -> Table:
    said, blocks = answer
    notes = [_note(*finding) for finding in said["findings"]]
    ending = Path(file_name.lower()).suffix
    if ending in (_WORKBOOK_NAMES if said["format"] == "text" else _TEXT_NAMES):
        notes.append(_note("misnamed", 1, [], "text" if said["format"] == "text" else "a workbook"))
    return Table(
        format=said["format"],
        sheets=tuple(Sheet(*one) for one in said["sheets"]),
        sheet=said["sheet"],
        encoding=said["encoding"],
        is_encoding_guessed=said["is_encoding_guessed"],
        delimiter=said["delimiter"],
        header_row=said["header_row"],
        columns=tuple(Column(*one) for one in said["columns"]),
        row_count=said["row_count"],
        notes=tuple(notes),
        _blocks=blocks,
    )


def _note(code: str, count: int, rows: list[int], subject: str = "") -> Note:
    message = _NOTES[code].format(count=count, subject=subject, row=rows[0] if rows else "")
    return Note(code, message, count, tuple(rows))
