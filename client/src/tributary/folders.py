"""The places in a data folder, and the lock that keeps it to one system at a time."""

import fcntl
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from chassis.postgres import FALLBACK_SOCKET_PARENT, SOCKET_PATH_LIMIT_BYTES, default_data_folder

from tributary.keys import PEOPLE_KEY


class FolderError(Exception):
    """One line: what is wrong with the data folder and what to do about it."""


@dataclass(frozen=True)
class DataFolder:
    """Where an installation keeps everything: PostgreSQL's files, secrets, logs, sockets."""

    path: Path

    @classmethod
    def chosen(cls) -> "DataFolder":
        """$TRIBUTARY_DATA, else the user's own."""
        return cls(default_data_folder().expanduser().absolute())

    @classmethod
    def chosen_for_demo(cls) -> "DataFolder":
        """$TRIBUTARY_DATA, else one beside the user's own: generated records never come among others."""
        folder = cls.chosen()
        return folder if os.environ.get("TRIBUTARY_DATA") else cls(folder.path.with_name(f"{folder.path.name}-demo"))

    @property
    def demo_marker(self) -> Path:
        """A file that is there where the records are generated, whatever command starts the system."""
        return self.path / "demo"

    @property
    def is_demo(self) -> bool:
        """Whether the folder is a demonstration's."""
        return self.demo_marker.exists()

    def check_demo(self) -> None:
        """Refuse a folder that a system has used for anything but a demonstration."""
        if not self.is_demo and (self.keys / PEOPLE_KEY).exists():
            raise FolderError(
                f"{self.path} holds a system that is no demonstration, and generated records never come among others: "
                "choose another folder with TRIBUTARY_DATA."
            )

    @property
    def keys(self) -> Path:
        """The secrets."""
        return self.path / "keys"

    @property
    def logs(self) -> Path:
        """One file a process."""
        return self.path / "logs"

    @property
    def anchors(self) -> Path:
        """What says, signed, where each feed stood: beside the databases, and best copied to another machine."""
        return self.path / "anchors"

    @property
    def sockets(self) -> Path:
        """The Unix sockets of the processes: in the data folder, or in a short private one where its path is too long.

        Not the folder of PostgreSQL's socket: started by root, that one belongs to the user who runs PostgreSQL.
        """
        folder = self.path / "sockets"
        longest = folder / "a-process-name.sock"
        if len(os.fsencode(longest)) <= SOCKET_PATH_LIMIT_BYTES:
            return folder
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        return FALLBACK_SOCKET_PARENT / f"tributary-{os.geteuid()}-{digest}"

    def socket(self, name: str) -> Path:
        """The socket of a process."""
        return self.sockets / f"{name}.sock"

    def address(self, name: str) -> Path:
        """A file that names the address where a public process listens, while it does."""
        return self.sockets / f"{name}-address"

    def make(self) -> None:
        """Make the folders that are not there; each but the outermost is for its owner alone."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.keys, self.logs, self.anchors, self.sockets):
                make_private(folder)
        except OSError as error:
            raise FolderError(
                f"{self.path} cannot be used: {error.strerror} ({error.filename}); "
                "choose another folder with TRIBUTARY_DATA."
            ) from None


def make_private(folder: Path) -> None:
    """Make a 0700 folder of ours; refuse one that somebody else put there first."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or not folder.is_dir() or found.st_uid != os.geteuid():
        raise FolderError(
            f"{folder} belongs to someone else (uid {found.st_uid}): remove it, or choose another folder."
        )
    folder.chmod(0o700)


def lock(folder: Path) -> int:
    """Take the lock of a data folder, the one that our PostgreSQL takes too; it goes when we go, however we go."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise FolderError(in_use(folder) or f"{folder} was in use a moment ago: try again.") from None
    os.truncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def in_use(folder: Path) -> str:
    """Who else uses the folder just now, in a sentence; empty where nobody does."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 20).decode().strip() or "unknown"
        return (
            f"{folder} is already in use by another tributary (pid {holder}): stop that one, "
            "or choose another folder with TRIBUTARY_DATA."
        )
    else:
        return ""
    finally:
        os.close(descriptor)
