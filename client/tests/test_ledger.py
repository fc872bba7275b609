"""`tributary ledger` against an API of one import: what is sent, what is printed where, and how the command ends."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

PATH = "/v1/ledger-imports/one"


class Api:
    """One import, as the API would show it, and everything it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.wrong: list[dict[str, Any]] = []
        self.is_date_order_needed = False
        self._version = 1
        self._stage = "read"

    def answer(self, method: str, address: str, body: bytes) -> tuple[int, Any]:
        url = urlsplit(address)
        self.asked.append((method, url.path, body.decode()))
        if url.path.endswith("/rows"):
            return 200, {"items": self.wrong, "next_cursor": None, "next": None}
        self._version += 1
        if method == "PATCH":
            self.is_date_order_needed = False
        self._stage = {"check": "checked", "propose": "proposed"}.get(url.path.rpartition("/")[2], self._stage)
        counts = {"rows": 2, "new": 2 - len(self.wrong), "unchanged": 0, "error": len(self.wrong), "excluded": 0}
        return 201 if url.path == "/v1/ledger-imports" else 200, {
            "id": "one",
            "version": self._version,
            "stage": self._stage,
            "repeats": None,
            "is_date_order_needed": self.is_date_order_needed,
            "columns": [
                {"number": 1, "header": "Kind", "field": "kind"},
                {"number": 2, "header": "Phone", "field": None},
            ],
            "counts": counts,
            "proposed_by": "Ana" if self._stage == "proposed" else None,
            "entries_url": "/v1/ledger-entries?ledger_import_id=one",
        }


@pytest.fixture
def api() -> Iterator[tuple[Api, str]]:
    """The API and its address."""
    known = Api()

    class Handler(BaseHTTPRequestHandler):
        protocol_version: ClassVar[str] = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content = known.answer(self.command, self.path, body)
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
def entries(tmp_path: Path) -> Path:
    path = tmp_path / "entries.csv"
    path.write_text("Kind,Phone\nallotment,5\n", encoding="utf-8")
    return path


def run(url: str, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"TRIBUTARY_URL": url, "TRIBUTARY_TOKEN": "secret"}
    command = [str(Path(sys.executable).with_name("tributary")), "ledger", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, check=False)


def test_import_checks_and_proposes_all_of_a_file(api: tuple[Api, str], entries: Path) -> None:
    known, url = api
    done = run(url, "import", entries)
    assert done.returncode == 0, done.stderr
    assert [(method, path) for method, path, _ in known.asked] == [
        ("POST", "/v1/ledger-imports"), ("POST", f"{PATH}/check"), ("POST", f"{PATH}/propose"),
    ]  # fmt: skip
    assert known.asked[0][2] == entries.read_text()
    assert b"columns left out (1): Phone." in done.stderr
    assert b"Another officer commits it" in done.stderr
    assert done.stdout.decode().splitlines()[1] == "one,proposed,Ana,/v1/ledger-entries?ledger_import_id=one"


def test_check_proposes_nothing(api: tuple[Api, str], entries: Path) -> None:
    assert run(api[1], "check", entries).returncode == 0
    assert [path for _, path, _ in api[0].asked] == ["/v1/ledger-imports", f"{PATH}/check"]


def test_rows_with_errors_are_told_one_by_one_and_nothing_is_proposed(api: tuple[Api, str], entries: Path) -> None:
    known, url = api
    error = {"field": "amount", "column": "Amount", "code": "f1", "message": "F1: too much."}
    known.wrong = [{"row": 2, "outcome": "error", "errors": [error]}]
    done = run(url, "import", entries)
    assert done.returncode == 6
    assert done.stdout.decode().splitlines() == ["row,column,field,code,message", "2,Amount,amount,f1,F1: too much."]
    assert not any(path.endswith("/propose") for _, path, _ in known.asked)


def test_dates_that_read_both_ways_are_asked_about(api: tuple[Api, str], entries: Path) -> None:
    known, url = api
    known.is_date_order_needed = True
    done = run(url, "check", entries)
    assert done.returncode == 2
    assert b"--date-order" in done.stderr
    known.is_date_order_needed = True
    assert run(url, "check", entries, "--date-order", "dmy").returncode == 0
    assert ("PATCH", PATH, '{"date_order":"dmy"}') in [(m, p, body.replace(" ", "")) for m, p, body in known.asked]
