"""`tributary serve`: one command, everything runs, survives what dies, and is gone when it is told to go."""

import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from chassis.postgres import Postgres

IS_ROOT = os.geteuid() == 0


def wait_until(condition: Callable[[], object], timeout_seconds: float = 30) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except FileNotFoundError:
        return False


def totals(system: Any) -> dict[str, int]:
    nouns = [
        "agencies",
        "sources",
        "measures",
        "programs",
        "partnerships",
        "series",
        "reported-figures",
        "statements",
        "conflicts",
    ]
    with system.client() as client:
        return {noun: client.get(f"/v1/{noun}", limit=1, with_total="true")["total_count"] for noun in nouns}


def test_serve_prints_where_it_is_a_token_and_figures(served: Any) -> None:
    lines = served.out.splitlines()
    address = re.fullmatch(r"Tributary runs at (http://127\.0\.0\.1:\d+)", lines[0])
    token = re.fullmatch(r"Token, valid for 24 hours: (trib_\S+)", lines[1])
    link = rf"Pages, signed in once within 15 minutes: {served.pages_url}/sign-in\?code=triblink_[\w-]{{43}}"
    assert re.fullmatch(link, lines[2])
    assert address
    assert token
    assert httpx.get(f"{address[1]}/readyz").status_code == 200
    curl = next(line for line in lines if line.startswith("curl "))
    assert token[1] in curl
    shown = subprocess.run(shlex.split(curl), capture_output=True, text=True, check=True).stdout
    assert '"country_code":"MX"' in shown.replace(" ", "")
    figures = lines[lines.index("Mexico") :]
    assert any("more than 505" in line and "INL corrections page" in line for line in figures)
    assert any("more than 7,800" in line for line in figures)
    assert "trib_" not in served.err


def test_serve_opens_nothing_but_two_loopback_ports_and_private_sockets(served: Any) -> None:
    folder = served.folder
    assert stat.S_IMODE(folder.sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.keys.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.keys.iterdir()} == {0o600}
    sockets = [path for path in folder.sockets.iterdir() if path.is_socket()]
    assert sorted(path.stem for path in sockets) == ["control", "funding", "programs", "trainings"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in sockets} == {0o600}
    ours = {path.stat().st_ino for pid in served.pids() for path in Path(f"/proc/{pid}/fd").iterdir() if path.exists()}
    listening = [
        line.split()[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[9]) in ours
    ]
    ports = [int(url.rpartition(":")[2]) for url in (served.base_url, served.pages_url)]
    assert set(listening) == {f"0100007F:{port:04X}" for port in ports}


def test_no_secret_stands_on_a_command_line(served: Any) -> None:
    secrets = [path.read_text().strip() for path in served.folder.keys.iterdir()]
    for args in served.pids().values():
        assert not any(secret in args for secret in secrets)


def test_a_token_is_made_from_a_second_terminal(served: Any) -> None:
    made = served.run("token", "create", "--name", "second terminal", "--role", "officer", "--country", "MX")
    assert made.returncode == 0, made.stderr
    assert re.fullmatch(r"trib_\S+\n", made.stdout)
    agency = {"code": "X-TEST-SERVE", "name": "Made from a second terminal", "kind": "ngo", "country_code": "MX"}
    headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
    assert httpx.post(f"{served.base_url}/v1/agencies", json=agency, headers=headers).status_code == 201
    wrong = served.run("token", "create", "--name", "wrong", "--role", "emperor")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "'emperor' is not a role" in wrong.stderr


def test_the_card_of_a_country_is_shown_with_where_it_comes_from(served: Any) -> None:
    shown = served.run("country", "mx")
    assert shown.returncode == 0, shown.stderr
    assert shown.stderr == ""
    for words in (
        "more than 505",
        "more than 7,800",
        "superseded by",
        "not recorded",
        "New Mexico",
        "trainer in MX-CORR",
    ):
        assert words in shown.stdout
    raw = served.run("country", "MX", "--json")
    assert '"country_code": "MX"' in raw.stdout
    before = served.run("country", "MX", "--known-at", "2001-01-01")
    assert before.stdout.splitlines()[:2] == [
        "Mexico (MX), as of 2001-01-01, as recorded by 2001-01-01T23:59:59.999999Z",
        "Nothing has been recorded about Mexico yet.",
    ]


@pytest.mark.parametrize(
    ("arguments", "settings", "code", "words"),
    [
        (["country", "ZZ"], {}, 3, "404 not_found"),
        (["country", "MX"], {"TRIBUTARY_TOKEN": "trib_no_such"}, 4, "401 unauthenticated"),
        (["country", "MX"], {"TRIBUTARY_URL": "http://127.0.0.1:9", "TRIBUTARY_TOKEN": "x"}, 5, "No answer from"),
        (["country", "MX"], {"TRIBUTARY_DATA": "/nonexistent"}, 5, "start it with `tributary serve`"),
        (["country"], {}, 2, "Missing argument"),
        (["load", "/nonexistent"], {}, 1, "agencies.json is not a file of the reference dataset"),
    ],
)
def test_exit_codes_say_what_kind_of_failure_it_was(
    served: Any, arguments: list[str], settings: dict[str, str], code: int, words: str
) -> None:
    shown = served.run(*arguments, **settings)
    assert (shown.returncode, shown.stdout) == (code, "")
    assert words in shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_token_made_here_is_not_sent_to_another_host(served: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.settimeout(20)
        heard: list[bytes] = []

        def listen() -> None:
            connection, _address = stranger.accept()
            with connection:
                heard.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        listener = threading.Thread(target=listen)
        listener.start()
        url = f"http://127.0.0.1:{stranger.getsockname()[1]}"
        assert served.run("country", "MX", TRIBUTARY_URL=url).returncode == 4
        listener.join(20)
    assert heard
    assert b"authorization" not in heard[0].lower()


def test_a_service_that_is_killed_comes_back_by_itself_and_the_others_answer(served: Any) -> None:
    before = served.pid_of("funding")
    with served.client() as client:
        os.kill(before, signal.SIGKILL)
        assert client.get("/v1/programs", limit=1)["items"]
        card = client.get_country("MX")
        assert card["figures"]
        wait_until(lambda: served.is_ready() and not is_alive(before))
        assert served.pid_of("funding") != before
        assert client.get_country("MX")["missing"] == []
    assert "funding was killed (SIGKILL); it starts again now." in served.err


def test_the_gateway_comes_back_by_itself_and_nobody_is_refused_meanwhile(served: Any) -> None:
    with served.client() as client:
        os.kill(served.pid_of("gateway"), signal.SIGKILL)
        assert httpx.get(f"{served.base_url}/livez", timeout=30).status_code == 200
        wait_until(served.is_ready)
        assert client.get_country("MX")["missing"] == []
    assert "gateway was killed (SIGKILL); it starts again now." in served.err


def test_the_database_comes_back_by_itself(served: Any) -> None:
    pids = [pid for pid, args in served.pids().items() if "/bin/postgres -D" in args and not args.startswith("/bin/sh")]
    os.kill(pids[0], signal.SIGKILL)
    wait_until(lambda: "PostgreSQL ended" in served.err and served.is_ready(), 60)
    with served.client() as client:
        assert client.get_country("MX")["missing"] == []


def test_however_it_ends_no_process_is_left_and_the_next_start_changes_nothing(serve: Any, base: Path) -> None:
    with serve(base / "data") as first:
        first.wait_until_ready()
        assert "Loaded the reference dataset" in first.err
        assert "programs: made, and migrated to" in first.err
        with first.client("officer", "*") as officer:
            officer.post("/v1/agencies", {"code": "X-KEPT", "name": "Kept", "kind": "ngo"})
        rows = totals(first)
        assert_nothing_is_left(first, signal.SIGINT)
        assert first.err.endswith("Stopped.\n")
    port = first.base_url.rpartition(":")[2]
    with serve(base / "data", TRIBUTARY_PORT=port) as second:
        second.wait_until_ready()
        assert "migrated" not in second.err
        assert "Loaded" not in second.err
        assert totals(second) == rows
        pids = second.pids()
        assert second.stop(signal.SIGKILL) == -signal.SIGKILL
    with serve(base / "data", TRIBUTARY_PORT=port) as third:  # at once, while the processes of the second are ending
        third.wait_until_ready()
        assert not [args for pid, args in pids.items() if is_alive(pid)]
        assert totals(third) == rows
        words = refusal(serve, base / "data")
        assert f"is already in use by another tributary (pid {third.process.pid})" in words
        assert third.is_ready()
        assert_nothing_is_left(third, signal.SIGTERM)


def assert_nothing_is_left(system: Any, number: signal.Signals) -> None:
    pids = system.pids()
    assert len(pids) >= 5
    assert system.stop(number) == 0
    assert not [args for pid, args in pids.items() if is_alive(pid)]


def test_stopped_while_it_starts_it_leaves_no_process_and_can_start_again(serve: Any, base: Path) -> None:
    with serve(base / "data") as first:
        wait_until(lambda: "migrated" in first.err or len(first.pids()) > 2)
        pids = first.pids()
        assert first.stop(signal.SIGINT) == 0
        wait_until(lambda: not [args for pid, args in pids.items() if is_alive(pid)])
    with serve(base / "data") as second:
        second.wait_until_ready()


def last(system: Any) -> str:
    """The line that says why; before it stands only that it was starting."""
    lines = system.err.splitlines(keepends=True)
    assert len(lines) <= 2, system.err
    assert system.out == ""
    return lines[-1]


def refusal(serve: Any, path: Path, **settings: str) -> str:
    with serve(path, **settings) as system:
        assert system.process.wait(60) == 1
        return last(system)


def test_a_port_in_use_is_named_with_the_setting_that_changes_it(serve: Any, base: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = refusal(serve, base / "data", TRIBUTARY_PORT=port)
    assert words == (
        f"tributary: 127.0.0.1 port {port} cannot be listened on: Address already in use. "
        "Choose another port with TRIBUTARY_PORT; 0 takes any free one.\n"
    )
    assert not (base / "data" / "postgres").exists()
    assert "TRIBUTARY_PORT is '80a'" in refusal(serve, base / "data", TRIBUTARY_PORT="80a")


def test_a_foreign_data_folder_is_refused_and_left_alone(serve: Any, base: Path) -> None:
    foreign = base / "data" / "postgres"
    foreign.mkdir(parents=True)
    (base / "data").chmod(0o711)
    (foreign / "precious").write_text("mine")
    assert "nothing was touched" in refusal(serve, base / "data")
    assert (foreign / "precious").read_text() == "mine"


def test_a_folder_without_the_right_to_it_is_named(serve: Any, base: Path) -> None:
    closed = base / "closed"
    closed.mkdir(mode=0o700 if IS_ROOT else 0o500)  # root may do anything; the user who runs PostgreSQL for it may not
    words = refusal(serve, closed / "data")
    assert f"{closed}" in words
    assert "TRIBUTARY_DATA" in words


def test_a_process_that_cannot_start_is_named(serve: Any, base: Path) -> None:
    text = '[[processes]]\nname = "gateway"\napp = "no_such_app:create_app"\nlisten = "public"\n'
    text += 'port = 8000\nport_setting = "TRIBUTARY_PORT"\n'
    (base / "processes.toml").write_text(text)
    with serve(base / "data", TRIBUTARY_PROCESSES=str(base / "processes.toml")) as system:
        assert system.process.wait(60) == 1
        assert system.err.splitlines()[-1] == (
            "tributary: gateway does not start: ModuleNotFoundError: No module named 'no_such_app'. "
            f"See {base}/data/logs/gateway.log."
        )


def test_another_server_may_be_used_and_is_left_running(serve: Any, base: Path) -> None:
    with Postgres(base / "server", durable=False) as server:
        url = server.url("postgres", server.superuser, server.superuser_password)
        with serve(base / "data", TRIBUTARY_DATABASE_SUPERUSER_URL=url) as system:
            system.wait_until_ready()
            assert not (base / "data" / "postgres").exists()
            assert "is already in use by another tributary" in refusal(
                serve, base / "data", TRIBUTARY_DATABASE_SUPERUSER_URL=url
            )
            environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in system.pids()]
            assert not [one for one in environments if server.superuser_password.encode() in one]
            assert_nothing_is_left(system, signal.SIGTERM)
        assert is_alive(server.pid)


def test_a_file_of_processes_that_needs_too_many_connections_is_refused(serve: Any, base: Path) -> None:
    checkout = Path(__file__).parents[2]
    text = (checkout / "deploy" / "processes.toml").read_text().replace("reserve = 20", "reserve = 90")
    (base / "processes.toml").write_text(text.replace('"../', f'"{checkout}/'))
    words = refusal(serve, base / "data", TRIBUTARY_PROCESSES=str(base / "processes.toml"))
    assert "PostgreSQL takes 100 connections" in words
