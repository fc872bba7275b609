"""One app, on a socket that only its owner can use, gone when it is told to or when its parent is."""

import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

APP = """
from pydantic_settings import BaseSettings


class Needed(BaseSettings):
    needed: int


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here"})


def create_app():
    return app


def create_with_settings():
    Needed()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="serve-", dir="/tmp") as made:  # short: it holds sockets
        (Path(made) / "small_app.py").write_text(APP)
        yield Path(made)


def start(folder: Path, *arguments: str, app: str = "small_app:create_app", **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-m", "chassis.serve", app, *arguments]
    environment = os.environ | {"PYTHONPATH": str(folder), "NEEDED": "secret-value"}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload, no-any-return]


@contextmanager
def running(folder: Path, *arguments: str, **options: object) -> Iterator[subprocess.Popen[str]]:
    with start(folder, *arguments, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def get(url: str, uds: Path | None = None) -> str:
    """The answer, once somebody listens."""
    deadline = time.monotonic() + 15
    while not listens(url, uds):
        assert time.monotonic() < deadline, "it does not listen"
        threading.Event().wait(0.02)
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(uds) if uds else None)) as client:
        return client.get(url).text


def listens(url: str, uds: Path | None) -> bool:
    with socket.socket(socket.AF_UNIX if uds else socket.AF_INET) as visitor:
        return not visitor.connect_ex(str(uds) if uds else ("127.0.0.1", httpx.URL(url).port))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_unix_socket_is_its_owners_and_goes_with_the_process(folder: Path, number: signal.Signals) -> None:
    path = folder / "app.sock"
    with socket.socket(socket.AF_UNIX) as left_behind:  # as by a process that was killed
        left_behind.bind(str(path))
    with running(folder, "--uds", str(path)) as process:
        assert get("http://app/", path) == "here"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        process.send_signal(number)
        assert process.wait(10) == 0
        assert not path.exists()


def test_a_socket_in_use_is_not_taken_over(folder: Path) -> None:
    path = folder / "app.sock"
    with running(folder, "--uds", str(path)):
        assert get("http://app/", path) == "here"
        with start(folder, "--uds", str(path)) as second:
            assert second.wait(10) == 1
            assert second.communicate()[1] == f"{path} is already served by another process: stop that one.\n"
        assert get("http://app/", path) == "here"


def test_a_file_is_not_overwritten_by_a_socket(folder: Path) -> None:
    path = folder / "app.sock"
    path.write_text("precious")
    with start(folder, "--uds", str(path)) as process:
        assert process.wait(10) == 1
        assert "is not a socket" in process.communicate()[1]
    assert path.read_text() == "precious"


def test_a_port_in_use_is_said_in_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with start(folder, "--host", "127.0.0.1", "--port", str(port)) as process:
            assert process.wait(10) == 1
            expected = f"127.0.0.1 port {port} cannot be listened on: Address already in use.\n"
            assert process.communicate()[1] == expected


def test_an_inherited_socket_is_served(folder: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port, number = listener.getsockname()[1], listener.fileno()
        with running(folder, "--fd", str(number), pass_fds=[number]):
            assert get(f"http://127.0.0.1:{port}/") == "here"


def test_it_ends_with_its_parent(folder: Path) -> None:
    path = folder / "app.sock"
    with running(folder, "--uds", str(path), "--with-parent", stdin=subprocess.PIPE) as process:
        assert get("http://app/", path) == "here"
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0


def test_settings_that_are_wrong_are_named_without_their_values(folder: Path) -> None:
    with start(folder, "--uds", str(folder / "app.sock"), app="small_app:create_with_settings") as process:
        assert process.wait(10) == 1
        said = process.communicate()[1]
    assert said.startswith("small_app:create_with_settings has settings that are missing or wrong")
    assert "needed" in said
    assert "secret-value" not in said


def test_a_host_needs_a_port(folder: Path) -> None:
    with start(folder, "--host", "127.0.0.1") as process:
        assert process.wait(10) == 2
        assert "--host and --port go together" in process.communicate()[1]
