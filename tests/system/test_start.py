"""Every process, as it is deployed: what it is told and does not start with."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from tributary.keys import make_keys
from tributary.processes import CHECKOUT, environment_of, read_topology

TOPOLOGY = read_topology(CHECKOUT / "deploy" / "processes.toml")


def test_no_process_starts_with_the_local_sign_in_on_an_address_that_others_reach(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    make_keys(keys, TOPOLOGY.databases, (one.name for one in TOPOLOGY.processes))
    (keys / "people-key").chmod(0o644)
    started = {}
    for one in (one for one in TOPOLOGY.processes if not one.is_worker):  # a worker has no address
        addresses = dict.fromkeys((*TOPOLOGY.databases, "control", "web"), "http://127.0.0.1:9")
        environment = environment_of(
            one,
            addresses=addresses,
            keys=keys,
            anchors=tmp_path,
            database_url="postgresql+asyncpg://app:x@/none?host=/nowhere",
        )
        environment |= {"TRIBUTARY_LOCAL_SIGN_IN": "true", "TRIBUTARY_TOKENS_ONLY": "true"}
        command = [sys.executable, "-P", "-m", "chassis.serve", one.app, "--host", "0.0.0.0", "--port", "0"]  # noqa: S104
        started[one.name] = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    said = {name: process.communicate(timeout=120)[1].splitlines() for name, process in started.items()}
    sign_in = "TRIBUTARY_LOCAL_SIGN_IN is for demonstrations on one machine: unset it, or listen on 127.0.0.1."
    key = keys / "people-key"
    assert said == {
        "programs": [sign_in],
        "trainings": [
            f"TRIBUTARY_PEOPLE_KEY_FILE names {key}, which every user of this machine may read: chmod 600 {key}.",
            sign_in,
        ],
        "funding": [sign_in],
        "control": ["The control process asks nobody to sign in: give it a Unix socket, --uds, and no port."],
        "gateway": [sign_in],
        "web": [sign_in],
    }
    assert {process.returncode for process in started.values()} == {1}


def test_serve_turns_the_local_sign_in_on_for_the_process_that_people_reach(served: Any) -> None:
    told = {
        one.name: b"TRIBUTARY_LOCAL_SIGN_IN=true" in Path(f"/proc/{served.pid_of(one.name)}/environ").read_bytes()
        for one in TOPOLOGY.processes
    }
    assert told == {one.name: one.is_public for one in TOPOLOGY.processes}
