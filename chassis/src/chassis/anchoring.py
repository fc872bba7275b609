"""Anchoring: each service signs where its own feed stands, every so many transactions, beside its requests."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.anchors import Anchor, AnchorsError, anchors_file, append_anchors, load_private_key, read_last
from chassis.feed import TIME_TEXT
from chassis.settings import Settings

logger = structlog.get_logger()

_AT_ONCE: Final = 1000  # anchors of one look, where many transactions came since the last
LOOK_SECONDS: Final = 5.0
STOP_LIMIT_SECONDS: Final = 3.0
COMPLAINT_SECONDS: Final = 300.0  # an error that lasts is said again
# What is read here is committed: an anchor never says what may yet be rolled back.
_HEAD: Final = text("SELECT number, (SELECT hash FROM feed_tx WHERE feed_tx.number = :done) FROM feed_head")
_NUMBERS: Final = text(f"SELECT number, hash, {TIME_TEXT} FROM feed_tx WHERE number = ANY(:numbers) ORDER BY number")


class Keeper:
    """Anchors one service's feed: at each `every`-th number, and whatever has waited for `oldest_seconds`.

    No request waits for it and none fails with it. `fault` says why it cannot do its work, where it cannot.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        service: str,
        folder: Path,
        key: Ed25519PrivateKey,
        *,
        every: int,
        oldest_seconds: float,
    ) -> None:
        self.fault: str | None = None
        self.path = anchors_file(folder, service)
        self._engine = engine
        self._service = service
        self._key = key
        self._every = every
        self._oldest_seconds = oldest_seconds
        self._waiting_since: float | None = None
        self._complained_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until `stop`, and then once more, for the rest."""
        while not stop.is_set():
            await self.look()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue
        await self.look(is_last=True)

    async def look(self, *, is_last: bool = False) -> None:
        """Anchor what has to be; `is_last`: all there is."""
        try:
            last = await asyncio.to_thread(self._read_last)
            anchors = await self._find_new(last, is_last=is_last)
            if anchors:
                await asyncio.to_thread(append_anchors, self.path, anchors, self._key)
                self._waiting_since = None
        except AnchorsError as error:
            self._complain(str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is: the service goes on, and its operator is told
            self._complain(getattr(error, "strerror", None) or type(error).__name__)
        else:
            if self.fault is not None:
                logger.info("anchors_again", file=str(self.path))
            self.fault = None

    def _read_last(self) -> Anchor | None:
        # Told at once, not when the first anchor is due.
        if not os.access(self.path.parent, os.W_OK | os.X_OK):
            raise AnchorsError(f"{self.path.parent} is not a folder that may be written to")
        return read_last(self.path, self._service, self._key.public_key())

    async def _find_new(self, last: Anchor | None, *, is_last: bool) -> list[Anchor]:
        done = last.number if last else 0
        async with self._engine.connect() as connection:
            head, stands = (await connection.execute(_HEAD, {"done": done})).one()
            if last and stands != last.hash:
                raise AnchorsError(
                    f"the database does not hold number {done} as its anchor says: it was tampered with, or restored "
                    "from an older backup; see `tributary audit verify`"
                )
            numbers = list(range(done - done % self._every + self._every, head + 1, self._every))[:_AT_ONCE]
            if not numbers and head > done and (is_last or self._has_waited_long()):
                numbers = [head]
            elif is_last and numbers and numbers[-1] != head:
                numbers.append(head)
            return await self._make_anchors(connection, numbers) if numbers else []

    async def _make_anchors(self, connection: AsyncConnection, numbers: list[int]) -> list[Anchor]:
        signed_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        found = await connection.execute(_NUMBERS, {"numbers": numbers})
        return [Anchor(self._service, number, digest, sealed_at, signed_at) for number, digest, sealed_at in found]

    def _has_waited_long(self) -> bool:
        if self._waiting_since is None:
            self._waiting_since = time.monotonic()
        return time.monotonic() - self._waiting_since >= self._oldest_seconds

    def _complain(self, reason: str) -> None:
        if reason != self.fault or time.monotonic() - self._complained_at > COMPLAINT_SECONDS:
            logger.error("anchors_failed", file=str(self.path), reason=reason)
            self._complained_at = time.monotonic()
        self.fault = reason


@asynccontextmanager
async def keep_anchors(service: str, engine: AsyncEngine, settings: Settings) -> AsyncIterator[Keeper | None]:
    """A block in which the service's feed is anchored; without a key it says that it is not."""
    if settings.anchor_private_key is None or settings.anchors is None:
        logger.warning("no_anchors", reason="TRIBUTARY_ANCHOR_PRIVATE_KEY and TRIBUTARY_ANCHORS are not set")
        yield None
        return
    keeper = Keeper(
        engine,
        service,
        settings.anchors,
        load_private_key(settings.anchor_private_key.get_secret_value()),
        every=settings.anchor_every,
        oldest_seconds=settings.anchor_seconds,
    )
    stop = asyncio.Event()
    work = asyncio.create_task(keeper.run(stop))
    try:
        yield keeper
    finally:
        stop.set()
        try:
            async with asyncio.timeout(STOP_LIMIT_SECONDS):
                await work
        except TimeoutError:
            logger.error("anchors_failed", file=str(keeper.path), reason="not finished in time while stopping")  # noqa: TRY400 - there is nothing to trace
