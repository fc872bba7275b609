"""Personal columns, sealed at rest: a random key for each person, itself wrapped by the service's master key.

AES-256-GCM throughout. Each sealed value is bound to its column and person, so that none can be moved to another. What
must be looked up, words of names and numbers of documents, is kept as keyed digests beside it: marks.
"""

import hashlib
import secrets
import uuid
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SEALED: Final = ("given_name", "surname_1", "surname_2", "full_name_original", "birth_date", "position")
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
MARK_BYTES: Final = 16
_BLOCK_BYTES: Final = 64


class SealedPerson(Protocol):
    """What is stored of a person: an id, a wrapped key, and the columns of `SEALED`."""

    id: uuid.UUID
    data_key: bytes | None


class MasterKey:
    """The service's key. It wraps the keys of people and seals nothing else; the key of marks is derived from it."""

    __slots__ = ("_aead", "_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        """`key`: 32 random bytes."""
        self._aead = AESGCM(key)
        mark_key = HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"people|marks").derive(key)
        # HMAC-SHA256, its two first blocks hashed once: marks are made by the million.
        block = mark_key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def new_data_key(self, person_id: uuid.UUID) -> bytes:
        """A fresh key for a person, wrapped."""
        return _seal(self._aead, AESGCM.generate_key(8 * _KEY_BYTES), "data_key", person_id)

    def seal(self, person_id: uuid.UUID, data_key: bytes, values: Mapping[str, str | None]) -> dict[str, bytes | None]:
        """Each of `values`, which are by column, sealed with the person's key. What is null stays null."""
        return _seal_all(self._unwrap(person_id, data_key), person_id, values)

    def seal_new(self, person_id: uuid.UUID, values: Mapping[str, str | None]) -> tuple[bytes, dict[str, bytes | None]]:
        """A fresh key for a person, wrapped, and `values` sealed with it."""
        fresh = AESGCM.generate_key(8 * _KEY_BYTES)
        wrapped = _seal(self._aead, fresh, "data_key", person_id)
        return wrapped, _seal_all(AESGCM(fresh), person_id, values)

    def mark(self, purpose: str, value: str) -> bytes:
        """A digest of `value` that is the same each time, and of no use without the key or for another purpose."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(f"{purpose}|{value}".encode())
        outer.update(inner.digest())
        return outer.digest()[:MARK_BYTES]

    def marks(self, purpose: str, values: Iterable[str]) -> list[bytes]:
        """The digest of each of `values`, in an order that says nothing of theirs."""
        return sorted(self.mark(purpose, value) for value in values)

    def reveal(self, person: SealedPerson) -> dict[str, str | None]:
        """The personal columns of a person, null of one who was erased. Raises `InvalidTag` where tampered with."""
        if person.data_key is None:
            return dict.fromkeys(SEALED)
        aead = self._unwrap(person.id, person.data_key)
        stored: dict[str, bytes | None] = {column: getattr(person, column) for column in SEALED}
        return {
            column: None if value is None else _open(aead, value, column, person.id).decode()
            for column, value in stored.items()
        }

    def _unwrap(self, person_id: uuid.UUID, data_key: bytes) -> AESGCM:
        return AESGCM(_open(self._aead, data_key, "data_key", person_id))


def read_birth_date(revealed: Mapping[str, str | None]) -> date | None:
    """The birth date among the personal columns that `reveal` gives."""
    found = revealed["birth_date"]
    return None if found is None else date.fromisoformat(found)


def _seal_all(aead: AESGCM, person_id: uuid.UUID, values: Mapping[str, str | None]) -> dict[str, bytes | None]:
    return {
        column: None if value is None else _seal(aead, value.encode(), column, person_id)
        for column, value in values.items()
    }


def _seal(aead: AESGCM, value: bytes, column: str, person_id: uuid.UUID) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + aead.encrypt(nonce, value, _bound_to(column, person_id))


def _open(aead: AESGCM, sealed: bytes, column: str, person_id: uuid.UUID) -> bytes:
    return aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_to(column, person_id))


def _bound_to(column: str, person_id: uuid.UUID) -> bytes:
    return f"people|{column}|{person_id}".encode()
