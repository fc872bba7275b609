"""deploy/make-secrets makes every secret that compose names, once, in a folder that others cannot enter."""

import ssl
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from tributary.processes import CHECKOUT


def make(folder: Path) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "deploy" / "make-secrets"), str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout + done.stderr == ""
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_every_secret_of_compose_is_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    first = make(folder)
    assert make(folder) == first
    named = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["secrets"]
    assert {Path(one["file"]).name for one in named.values()} <= set(first)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert first["postgres-password"] in first["database-superuser-url"]
    assert first["programs_app-password"].strip() in first["programs-database-url"]
    assert first["programs-database-url"].endswith("@postgres:5432/programs?ssl=verify-full")


@pytest.mark.parametrize(("host", "is_known"), [("postgres", True), ("elsewhere", False)])
def test_database_server_can_be_verified(tmp_path: Path, host: str, is_known: bool) -> None:
    folder = tmp_path / "secrets"
    made = make(folder)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "database-tls-certificate", folder / "database-tls-key")
    # As asyncpg makes it of `ssl=verify-full` and PGSSLROOTCERT; the strict flag is what newer Pythons add.
    client = ssl.create_default_context(cadata=made["database-ca"])
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]

    def shake_hands() -> None:
        for end in ends * 3:
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()

    if is_known:
        shake_hands()
        assert ends[0].getpeercert()
    else:
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            shake_hands()
