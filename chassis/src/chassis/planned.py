"""Ids of records that are planned before they are written: the same for the same words, to know what is there."""

import hashlib
import uuid
from typing import Final

_FIRST_MOMENT_MS: Final = 1_767_225_600_000


def make_id(of: str, number: int) -> uuid.UUID:
    """The same for the same words: a UUIDv7 whose time stands for the place in the plan."""
    digest = hashlib.sha256(f"{of}|{number}".encode()).digest()
    place = int.from_bytes(hashlib.sha256(of.encode()).digest()[:4], "big")
    moment_ms = _FIRST_MOMENT_MS + place
    return uuid.UUID(int=moment_ms << 80 | 7 << 76 | (number & 0xFFF) << 64 | 0b10 << 62 | _low_bits(digest))


def _low_bits(digest: bytes) -> int:
    """What such an id has of a digest."""
    return int.from_bytes(digest[:8], "big") & ((1 << 62) - 1)
