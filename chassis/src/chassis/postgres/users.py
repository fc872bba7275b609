"""Who runs the server: PostgreSQL refuses root."""

import os
import pwd
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis.postgres.problems import PostgresError


@dataclass(frozen=True)
class ServerUser:
    """Who runs the server: ourselves or, because PostgreSQL refuses root, someone else when we are root."""

    uid: int
    gid: int
    name: str
    is_other: bool

    @classmethod
    def choose(cls, data_dir: Path) -> "ServerUser":
        """Choose the owner of the data if there is any, so that a user added later does not lock it out."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), "", is_other=False)
        if data_dir.exists() and (owner := data_dir.stat()).st_uid != 0:
            return cls(owner.st_uid, owner.st_gid, f"uid {owner.st_uid}", is_other=True)
        for name in ("postgres", "_postgres", "nobody"):
            with suppress(KeyError):
                found = pwd.getpwnam(name)
                return cls(found.pw_uid, found.pw_gid, name, is_other=True)
        raise PostgresError(
            "PostgreSQL refuses to run as root and there is no user postgres or nobody: add one, or run as a user."
        )

    @property
    def options(self) -> dict[str, Any]:
        """What makes a subprocess run as this user, with a clean environment so no PG* variable reaches the server."""
        options: dict[str, Any] = {"cwd": "/", "umask": 0o077}
        options["env"] = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
        if self.is_other:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def can_run(self, *command: str | Path) -> bool:
        """Ask the kernel by trying, which also counts access lists, mount options and missing libraries."""
        try:
            return not subprocess.run(command, check=False, capture_output=True, **self.options).returncode
        except (FileNotFoundError, PermissionError):
            return False

    def can_run_server(self, binaries: Path) -> bool:
        """Tell whether both programs we need run, with the libraries they need."""
        return all(self.can_run(binaries / name, "--version") for name in ("postgres", "initdb"))

    def check_can_enter(self, folder: Path) -> None:
        """Refuse a folder this user cannot reach; whose parents are closed is not ours to change."""
        if not self.is_other:
            return
        for path in (*reversed(folder.parents), folder):
            if not self.can_run("/bin/sh", "-c", 'test -x "$1"', "sh", path):
                raise PostgresError(
                    f"{folder} cannot be reached by {self.name}, who runs PostgreSQL because root may not: {path} is "
                    "closed to other users. Choose another folder with TRIBUTARY_DATA, for example /var/lib/tributary."
                )
