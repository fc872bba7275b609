"""`tributary audit verify` on a running system: silent on what is whole, and to the number on what is not."""

import asyncio
import re
import signal
from pathlib import Path
from typing import Any

from chassis.postgres import find_superuser_url
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

EVERY = 10


async def execute(url: str, *statements: str) -> list[Any]:
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            return [(await connection.execute(text(statement))).scalar_one_or_none() for statement in statements]
    finally:
        await engine.dispose()


def test_tampering_with_the_database_of_a_running_system_is_named(serve: Any, base: Path) -> None:
    with serve(base / "data", TRIBUTARY_ANCHOR_EVERY=str(EVERY)) as first:
        first.wait_until_ready()
        fine = first.run("audit", "verify")
        assert (fine.returncode, fine.stderr) == (0, ""), fine.stdout
        assert [line.partition(":")[0] for line in fine.stdout.splitlines() if not line.startswith(" ")] == [
            "programs",
            "trainings",
            "funding",
            "gateway",
        ]
        assert first.stop(signal.SIGTERM) == 0
        stopped = first.run("audit", "verify")
        assert (stopped.returncode, stopped.stdout) == (2, "")
        assert "start it with `tributary serve`" in stopped.stderr
    with serve(base / "data", TRIBUTARY_ANCHOR_EVERY=str(EVERY)) as second:
        second.wait_until_ready()
        anchored = second.run("audit", "verify", "programs")
        assert anchored.returncode == 0, anchored.stdout
        # What was left over was anchored when the first one stopped.
        counted = re.search(r"nothing is wrong in (\d+) transactions", anchored.stdout)
        assert counted
        assert f"the last at number {counted[1]}, the end of the feed" in anchored.stdout
        superuser = find_superuser_url(second.folder.path)
        assert superuser is not None
        url = superuser.replace("/postgres?", "/programs?")
        edit = (
            "UPDATE feed SET after = jsonb_set(after, '{name}', '\"Somebody\"') WHERE entity = 'agencies' AND tx_key = "
            "(SELECT max(tx_key) FROM feed WHERE entity = 'agencies') RETURNING tx_key"
        )
        (key,) = asyncio.run(execute(url, edit))
        (number,) = asyncio.run(execute(url, f"SELECT number FROM feed_tx WHERE tx_key = {key}"))
        found = second.run("audit", "verify")
        assert found.returncode == 1
        assert f"programs: TAMPERED. First bad: number {number}: row " in found.stdout
        assert "trainings: nothing is wrong" in found.stdout
        assert (second.run("audit", "verify", "funding", "--no-tables")).returncode == 0
