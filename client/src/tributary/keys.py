"""The secrets of an installation: made once, one file each, readable by its owner alone. Never printed."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

PEOPLE_KEY: Final = "people-key"
PRIVATE_KEY: Final = "token-private-key"
PUBLIC_KEY: Final = "token-public-key"
SESSION_KEY: Final = "session-key"
JOBS_KEY: Final = "jobs-key"
ANCHOR_PRIVATE_KEY: Final = "anchor-private-key"
ANCHOR_PUBLIC_KEY: Final = "anchor-public-key"


class KeysError(Exception):
    """One line: which secret is missing and what to do about it."""


def role_password_file(role: str) -> str:
    """The name of the file with a database role's password."""
    return f"{role}-password"


def cursor_key_file(process: str) -> str:
    """The name of the file with the key that signs a process's cursors."""
    return f"{process}-cursor-key"


def make_keys(folder: Path, databases: Iterable[str], processes: Iterable[str]) -> None:
    """Make the secrets that are not there yet. The folder is made 0700, each file 0600."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / PEOPLE_KEY).exists():
        # It is the first to be made, so where any other is there it has been lost, and with it all names of people.
        if (folder / PRIVATE_KEY).exists():
            raise KeysError(
                f"{folder / PEOPLE_KEY} is missing, and the people recorded cannot be read without it: "
                "restore it from a backup."
            )
        _write(folder / PEOPLE_KEY, secrets.token_hex(32))
    if not (folder / PRIVATE_KEY).exists():
        (folder / PUBLIC_KEY).unlink(missing_ok=True)
    if (folder / ANCHOR_PUBLIC_KEY).exists() and not (folder / ANCHOR_PRIVATE_KEY).exists():
        # Made anew it would make every anchor there is look forged.
        raise KeysError(
            f"{folder / ANCHOR_PRIVATE_KEY} is missing: restore it from a backup, or move {ANCHOR_PUBLIC_KEY} and the "
            "folder of anchors away together, to begin anew."
        )
    _make_pair(folder / PRIVATE_KEY, folder / PUBLIC_KEY)
    _make_pair(folder / ANCHOR_PRIVATE_KEY, folder / ANCHOR_PUBLIC_KEY)
    names = [SESSION_KEY, JOBS_KEY, *(cursor_key_file(process) for process in processes)]
    names += [role_password_file(f"{database}_{kind}") for database in databases for kind in ("owner", "app")]
    for name in names:
        if not (folder / name).exists():
            _write(folder / name, secrets.token_urlsafe(32))


def _make_pair(private_file: Path, public_file: Path) -> None:
    if not private_file.exists():
        made = Ed25519PrivateKey.generate()
        _write(private_file, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
    if not public_file.exists():
        private = load_pem_private_key(private_file.read_bytes(), None)
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        _write(public_file, public.decode())


def read_key(folder: Path, name: str) -> str:
    """One secret."""
    return (folder / name).read_text(encoding="utf-8").strip()


def _write(path: Path, text: str) -> None:
    # Beside and renamed when complete: a process killed in between leaves no half secret.
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text.strip() + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
