"""`tributary roster` against an API of one import: what is sent, what is printed where, and how the command ends."""

import csv
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from tributary.file_imports import media_type_of
from tributary.roster_commands import write_progress

PATH = "/v1/roster-imports/one"
RESULT = {
    "people_created": 2, "people_changed": 0, "seats_created": 2, "seats_changed": 0, "completions_created": 0,
    "rows_unchanged": 0, "rows_excluded": 0, "committed_at": "2026-03-01T12:00:00Z", "committed_by": "Ana",
}  # fmt: skip


class Api:
    """One import, as the API would show it, and everything it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, list[str]], Any]] = []
        self.headers: list[dict[str, str]] = []
        self.wrong: list[dict[str, Any]] = []
        self.fails_at: str | None = None
        self.is_date_order_needed = False
        self.repeats: dict[str, str] | None = None
        self._task, self._version, self._polls = "read", 1, 0
        self._date_order: str | None = None

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> tuple[int, Any]:
        said = json.loads(body) if body and method == "PATCH" else body
        self.asked.append((method, path, query, said))
        if method == "POST":
            self._task = {"check": "check", "commit": "commit"}.get(path.rpartition("/")[2], "read")
            self._polls = 0
            self._version += 1
            return 202, self._show("queued")
        if method == "PATCH":
            self._date_order = said.get("date_order", self._date_order)
            self._version += 1
            return 200, self._show("succeeded")
        if path.endswith("/rows"):
            return 200, {"items": self.wrong, "next_cursor": None, "next": None}
        self._polls += 1
        if self._polls == 1:
            return 200, self._show("running")
        return 200, self._show("failed" if self._task == self.fails_at else "succeeded")

    def _show(self, status: str) -> dict[str, Any]:
        is_checked = self._task != "read"
        errors = len({row["row"] for row in self.wrong if row["outcome"] == "error"})
        duplicates = len(self.wrong) - errors
        counts = {"rows": 2, "new": 2 - len(self.wrong), "changed": 0, "unchanged": 0}
        problem = {"code": "unreadable_file", "title": "x", "detail": "The file is cut off.", "errors": []}
        return {
            "id": "one",
            "version": self._version,
            "stage": "committed" if self._task == "commit" and status == "succeeded" else "read",
            "task": self._task,
            "status": status,
            "progress": {"done": 1, "total": 2, "unit": "row"},
            "problem": problem if status == "failed" else None,
            "repeats": self.repeats,
            "sheet": "Roster",
            "header_row": 1,
            "date_order": self._date_order,
            "is_date_order_needed": self.is_date_order_needed and self._date_order is None,
            "columns": [
                {"number": 1, "header": "Apellidos", "field": "surnames"},
                {"number": 4, "header": "Notas\x1b[2J", "field": None},
            ],
            "counts": counts | {"possible_duplicate": duplicates, "error": errors, "excluded": 0}
            if is_checked
            else None,
            "result": RESULT if self._task == "commit" and status == "succeeded" else None,
        }


@pytest.fixture
def api() -> Iterator[tuple[Api, str]]:
    """The API and its address."""
    known = Api()

    class Handler(BaseHTTPRequestHandler):
        protocol_version: ClassVar[str] = "HTTP/1.1"

        def _answer(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            known.headers.append(dict(self.headers))
            status, content = known.answer(self.command, url.path, parse_qs(url.query), body)
            written = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - the names that the server calls

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield known, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    path = tmp_path / "roster.csv"
    path.write_text("Apellidos,Nombre\nPaz,Ana\n", encoding="utf-8")
    return path


def run(url: str, *arguments: str | Path, given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"TRIBUTARY_URL": url, "TRIBUTARY_TOKEN": "secret"}
    command = [str(Path(sys.executable).with_name("tributary")), "roster", *map(str, arguments)]
    return subprocess.run(command, env=environment, input=given or b"", capture_output=True, check=False)


def rows_of(printed: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(printed.decode())))


def wrong_rows() -> list[dict[str, Any]]:
    error = {"field": "birth_date", "column": "Nacimiento", "code": "no_such_day", "message": "There is no such day."}
    return [
        {"row": 4, "outcome": "error", "errors": [error, {**error, "column": None, "field": None, "code": "nul"}]},
        {"row": 7, "outcome": "possible_duplicate", "errors": []},
    ]


def test_import_reads_checks_and_writes_all_of_a_file(api: tuple[Api, str], roster: Path) -> None:
    known, url = api
    done = run(url, "import", roster, "--training", "t1", "--watch")
    assert (done.returncode, rows_of(done.stdout)[0]["seats_created"]) == (0, "2"), done.stderr
    posts = [(path, query) for method, path, query, _ in known.asked if method == "POST"]
    assert posts == [
        ("/v1/roster-imports", {"file_name": ["roster.csv"], "training_id": ["t1"]}),
        (f"{PATH}/check", {}),
        (f"{PATH}/commit", {}),
    ]
    sent = known.headers[0]
    assert (sent["Content-Type"], sent["Authorization"]) == ("text/csv", "Bearer secret")
    assert sent["Idempotency-Key"]
    assert known.asked[0][3] == roster.read_bytes()
    assert [one["If-Match"] for one in known.headers if "If-Match" in one] == ['"2"', '"3"']


def test_import_that_nobody_watches_ends_when_it_is_begun(api: tuple[Api, str], roster: Path) -> None:
    done = run(api[1], "import", roster, "--format", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["roster_import"]["status"] == "queued"
    assert b"is being written" in done.stderr


def test_rows_with_errors_are_told_one_by_one_and_nothing_is_written(api: tuple[Api, str], roster: Path) -> None:
    known, url = api
    known.wrong = wrong_rows()
    done = run(url, "import", roster, "--watch")
    assert done.returncode == 6
    told = rows_of(done.stdout)
    assert [(one["row"], one["column"], one["code"]) for one in told] == [
        ("4", "Nacimiento", "no_such_day"),
        ("4", "", "nul"),
        ("7", "", "possible_duplicate"),
    ]
    assert told[0]["message"] == "There is no such day."
    assert not any(path.endswith("/commit") for _, path, _, _ in known.asked)
    assert b"nothing was written" in done.stderr
    assert b"2 rows: 1 possible duplicate, 1 error" in done.stderr


def test_check_writes_nothing_and_says_what_is_left_out(api: tuple[Api, str], roster: Path) -> None:
    known, url = api
    known.repeats = {"roster_import_id": "zero", "committed_at": "2026-02-01T12:00:00Z"}
    done = run(url, "check", roster, "--training", "t1")
    assert (done.returncode, done.stdout) == (0, b"row,column,field,code,message\n")
    assert not any(path.endswith("/commit") for _, path, _, _ in known.asked)
    assert b"columns left out (1): Notas [2J." in done.stderr
    assert b"the same file was imported on 2026-02-01" in done.stderr
    assert b"\x1b" not in done.stderr


@pytest.mark.parametrize(("shown", "first"), [("json", b"{"), ("csv", b"row,column"), ("table", b"row  column")])
def test_report_is_printed_as_asked(api: tuple[Api, str], roster: Path, shown: str, first: bytes) -> None:
    known, url = api
    known.wrong = wrong_rows()
    done = run(url, "check", roster, "--format", shown)
    assert (done.returncode, done.stdout[: len(first)]) == (6, first)
    if shown == "json":
        assert [error["row"] for error in json.loads(done.stdout)["errors"]] == [4, 4, 7]


def test_pasted_cells_and_mappings_and_dates_are_handed_on(api: tuple[Api, str]) -> None:
    known, url = api
    known.is_date_order_needed = True
    arguments = ["--date-order", "dmy", "--map", "Apellidos=surname_1", "--sheet", "Roster"]
    done = run(url, "check", "-", *arguments, given=b"Apellidos\tNombre\r\nPaz\tAna\r\n")
    assert done.returncode == 0, done.stderr
    assert known.headers[0]["Content-Type"] == "text/tab-separated-values"
    [changes] = [body for method, _, _, body in known.asked if method == "PATCH"]
    assert changes == {"date_order": "dmy", "fields": [{"number": 1, "field": "surname_1"}]}


def test_dates_that_read_both_ways_are_asked_about(api: tuple[Api, str], roster: Path) -> None:
    known, url = api
    known.is_date_order_needed = True
    done = run(url, "check", roster)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"--date-order" in done.stderr


def test_column_that_is_not_there_is_named(api: tuple[Api, str], roster: Path) -> None:
    done = run(api[1], "check", roster, "--map", "Surnames=surnames")
    assert done.returncode == 2
    assert b'no column "Surnames"' in done.stderr


def test_file_that_cannot_be_read_says_why(api: tuple[Api, str], roster: Path) -> None:
    known, url = api
    known.fails_at = "read"
    done = run(url, "check", roster)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.splitlines()[-1] == b"tributary: The file is cut off."


def test_file_that_is_not_there_is_wrong_usage(api: tuple[Api, str], tmp_path: Path) -> None:
    known, url = api
    assert run(url, "check", tmp_path / "none.csv").returncode == 2
    assert known.asked == []


@pytest.mark.parametrize(
    ("status", "done", "total", "line"),
    [
        ("queued", 0, None, "Checking: waiting"),
        ("running", 1_250, None, "Checking: 1,250 rows"),
        ("running", 5, 10, f"Checking [{'#' * 15}{'.' * 15}] 5 of 10 rows"),
        ("succeeded", 10, 10, f"Checking [{'#' * 30}] 10 of 10 rows"),
    ],
)
def test_progress_is_a_line(status: str, done: int, total: int | None, line: str) -> None:
    progress = {"done": done, "total": total, "unit": "row"}
    assert write_progress({"task": "check", "status": status, "progress": progress}) == line


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("a.CSV", "text/csv"), ("a.tsv", "text/tab-separated-values"), ("a.ods", "application/octet-stream")],
)
def test_media_type_is_that_of_the_name(name: str, media_type: str) -> None:
    assert media_type_of(name) == media_type
