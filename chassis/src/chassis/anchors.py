"""Anchors: signed lines outside the database that say which hash a feed had at a number.

A chain alone does not stop whoever may rewrite all of it. An anchor does: neither the key that signs it nor the file
that keeps it is in the database.
"""

import base64
import fcntl
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

# Signed before the line itself, so that no signature made for another purpose is one of an anchor.
_PURPOSE: Final = b"tributary anchor 1\n"
_LINE_LIMIT_BYTES: Final = 4096


class AnchorsError(Exception):
    """One line: why a file of anchors cannot be read or written on."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A feed of `service` had `hash` at `number`. Times are texts in UTC: they are signed as they are written."""

    service: str
    number: int
    hash: bytes
    sealed_at: str
    signed_at: str

    def text(self) -> bytes:
        """What is signed of it."""
        return _PURPOSE + json.dumps(self._fields(), sort_keys=True, separators=(",", ":")).encode()

    def line(self, key: Ed25519PrivateKey) -> bytes:
        """It, signed, as it is kept."""
        signature = base64.b64encode(key.sign(self.text())).decode()
        return json.dumps({**self._fields(), "signature": signature}).encode() + b"\n"

    def _fields(self) -> dict[str, Any]:
        return {
            "service": self.service,
            "number": self.number,
            "hash": self.hash.hex(),
            "sealed_at": self.sealed_at,
            "signed_at": self.signed_at,
        }


@dataclass(frozen=True, slots=True)
class KeptAnchors:
    """What a file of anchors holds: good ones by number, and what is wrong with the others, with the number they say.

    `is_torn`: its last line broke off, as when the process that wrote it was killed. It says nothing and harms nothing.
    """

    anchors: tuple[Anchor, ...] = ()
    faults: tuple[tuple[int | None, str], ...] = ()
    is_torn: bool = False


def load_private_key(pem: str) -> Ed25519PrivateKey:
    """The key that signs. Raises ValueError where it is none of this kind, and says nothing of it."""
    key = load_pem_private_key(pem.encode(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("an Ed25519 key is needed")  # noqa: TRY004 - what a key that cannot be read raises too
    return key


def load_public_key(pem: str) -> Ed25519PublicKey:
    """The key that verifies. Raises ValueError where it is none of this kind."""
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("an Ed25519 key is needed")  # noqa: TRY004 - what a key that cannot be read raises too
    return key


def anchors_file(folder: Path, service: str) -> Path:
    """The file of a service's anchors."""
    return folder / f"{service}.anchors"


def read_anchors(path: Path, service: str, key: Ed25519PublicKey) -> KeptAnchors:
    """All anchors in a file; none where there is no file."""
    anchors: list[Anchor] = []
    faults: list[tuple[int | None, str]] = []
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return KeptAnchors()
    lines = content.split(b"\n")
    is_torn = lines.pop() != b""
    for place, line in enumerate(lines, 1):
        try:
            anchors.append(_read_line(line, service, key))
        except AnchorsError as error:
            faults.append((_claimed_number(line), f"line {place} of {path}: {error}"))
    return KeptAnchors(tuple(sorted(anchors, key=lambda one: one.number)), tuple(faults), is_torn)


def _read_line(line: bytes, service: str, key: Ed25519PublicKey) -> Anchor:
    try:
        content = json.loads(line)
        signature = base64.b64decode(content.pop("signature"), validate=True)
        anchor = Anchor(**{**content, "hash": bytes.fromhex(content["hash"]), "number": int(content["number"])})
        key.verify(signature, anchor.text())
    except InvalidSignature:
        raise AnchorsError("it is not signed with this key, or was changed after it was signed") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise AnchorsError("it is not an anchor") from None
    if anchor.service != service:
        raise AnchorsError(f"it is an anchor of {anchor.service}, not of {service}")
    return anchor


def _claimed_number(line: bytes) -> int | None:
    try:
        return int(json.loads(line)["number"])
    except (ValueError, TypeError, KeyError):
        return None


def read_last(path: Path, service: str, key: Ed25519PublicKey) -> Anchor | None:
    """The last anchor in a file, its torn end left aside."""
    try:
        with path.open("rb") as file:
            return _last_of(file.fileno(), service, key)[0]
    except FileNotFoundError:
        return None


def append_anchors(path: Path, anchors: Sequence[Anchor], key: Ed25519PrivateKey) -> int:
    """Add those that are later than the last one there, wholly and durably; how many. A torn end is cut off first.

    Processes take turns by a lock on the file. Where another has it, nothing is added: that one does what we would.
    """
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        last, end_bytes = _last_of(descriptor, anchors[0].service, key.public_key())
        if end_bytes < os.fstat(descriptor).st_size:
            os.ftruncate(descriptor, end_bytes)
        new = [one for one in anchors if last is None or one.number > last.number]
        _write_whole(descriptor, b"".join(one.line(key) for one in new), end_bytes)
        if is_new:
            folder = os.open(path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        return len(new)
    finally:
        os.close(descriptor)


def _write_whole(descriptor: int, content: bytes, end_bytes: int) -> None:
    # A full disk takes a part of it: better none.
    try:
        while content:
            content = content[os.write(descriptor, content) :]
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, end_bytes)
        raise


def _last_of(descriptor: int, service: str, key: Ed25519PublicKey) -> tuple[Anchor | None, int]:
    """The last whole line, and where it ends."""
    size_bytes = os.fstat(descriptor).st_size
    start_bytes = max(size_bytes - 2 * _LINE_LIMIT_BYTES, 0)
    tail = os.pread(descriptor, 2 * _LINE_LIMIT_BYTES, start_bytes)
    whole, newline, _torn = tail.rpartition(b"\n")
    if not newline:
        if start_bytes:
            raise AnchorsError("its end is not an anchor")
        return None, 0
    try:
        return _read_line(whole.rpartition(b"\n")[2], service, key), start_bytes + len(whole) + 1
    except AnchorsError as error:
        raise AnchorsError(f"its last line cannot be gone on from: {error}") from None
