"""`tributary audit verify`: asks the databases themselves, not the services, and says what is not as recorded."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from chassis.anchors import anchors_file, load_public_key, read_anchors
from chassis.audit import FINE, UNCHECKED, CannotAuditError, audit_database, write_report
from chassis.postgres import find_superuser_url
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tributary.folders import DataFolder
from tributary.keys import ANCHOR_PUBLIC_KEY
from tributary.migrate import MigrateError, read_setting
from tributary.processes import ProcessesError, processes_file, read_topology

SUPERUSER_URL: Final = "TRIBUTARY_DATABASE_SUPERUSER_URL"


@dataclass(frozen=True)
class Sources:
    """Where to look: what was given in words of the command, else in the environment, else in the data folder."""

    database: str | None
    anchors: Path | None
    key: Path | None

    def find_database(self, folder: DataFolder) -> str:
        """The address of a role that may read everything."""
        given = self.database or _setting(SUPERUSER_URL)
        try:
            url = given or find_superuser_url(folder.path)
        except OSError as error:
            raise CannotAuditError(f"{error.filename} cannot be read: {error.strerror}") from error
        if url is None:
            raise CannotAuditError(
                f"no PostgreSQL runs in {folder.path}: start it with `tributary serve`, name its data folder with "
                "TRIBUTARY_DATA, or give the address of a server with --database"
            )
        return url

    def find_anchors(self, folder: DataFolder) -> Path:
        """The folder of the anchors."""
        given = os.environ.get("TRIBUTARY_ANCHORS")
        found = self.anchors or (Path(given) if given else folder.anchors)
        if not found.is_dir() and (self.anchors or given):
            raise CannotAuditError(f"{found} is not a folder")
        return found

    def find_key(self, folder: DataFolder) -> Ed25519PublicKey:
        """The public key of the anchors."""
        given = None if self.key else _setting("TRIBUTARY_ANCHOR_PUBLIC_KEY")
        try:
            return load_public_key(given or (self.key or folder.keys / ANCHOR_PUBLIC_KEY).read_text(encoding="utf-8"))
        except OSError as error:
            raise CannotAuditError(
                f"the public key of the anchors, {error.filename}, cannot be read: {error.strerror}; give it with --key"
            ) from error
        except ValueError as error:
            raise CannotAuditError("the public key of the anchors is not an Ed25519 key in PEM") from error


def verify_feeds(services: Sequence[str], sources: Sources, *, with_tables: bool) -> tuple[int, list[str], list[str]]:
    """Verify the feed of each service, or of all: the exit code, what is to be said, and what could not be checked."""
    try:
        folder = DataFolder.chosen()
        addresses = _addresses_of(services, sources.find_database(folder))
        anchors, key = sources.find_anchors(folder), sources.find_key(folder)
    except (CannotAuditError, ProcessesError) as error:
        return UNCHECKED, [], [f"{str(error).rstrip('.')}."]
    code, lines, failures = FINE, list[str](), list[str]()
    for service, url in addresses.items():
        try:
            # Before the database: what is anchored meanwhile would be missing in what we read of it.
            kept = read_anchors(anchors_file(anchors, service), service, key)
            report = asyncio.run(audit_database(url, service, kept, with_tables=with_tables))
        except (CannotAuditError, OSError) as error:
            failures.append(f"{service} was not checked: {error}.")
        else:
            code = max(code, report.code)
            lines += write_report(report)
    return code or (UNCHECKED if failures else FINE), lines, failures


def _addresses_of(services: Sequence[str], url: str) -> dict[str, str]:
    """The database of each service that is to be verified."""
    known = read_topology(processes_file()).databases
    if unknown := [name for name in services if name not in known]:
        raise CannotAuditError(f"{unknown[0]} is not one of {', '.join(known)}")
    parts = urlsplit(url)
    if parts.path in {"", "/", "/postgres"}:
        return {name: urlunsplit(parts._replace(path=f"/{name}")) for name in services or known}
    if len(services) != 1:
        raise CannotAuditError("--database names one database: name the service whose it is")
    return {services[0]: url}


def _setting(name: str) -> str | None:
    try:
        return read_setting(name)
    except MigrateError:
        return None
    except OSError as error:
        raise CannotAuditError(f"{error.filename} of {name}_FILE cannot be read: {error.strerror}") from error
