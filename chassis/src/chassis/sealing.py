"""Bytes sealed at rest: AES-256-GCM under a key derived for one purpose, bound to the place they are kept in."""

import secrets
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class Sealer:
    """Seals and opens for one purpose. Its key is derived, so that a secret may serve several purposes."""

    __slots__ = ("_aead",)

    def __init__(self, secret: bytes, purpose: str) -> None:
        """`secret`: at least 32 random bytes."""
        derived = HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose.encode()).derive(secret)
        self._aead = AESGCM(derived)

    def seal(self, value: bytes, bound_to: str) -> bytes:
        """`value`, unreadable, and good only at the place that `bound_to` names."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, value, bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> bytes:
        """What was sealed. Raises `InvalidTag` where it was changed, moved, or sealed with another key."""
        return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to.encode())
