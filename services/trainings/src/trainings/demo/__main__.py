"""The command: `python -m trainings.demo --scale 0.01`, with the service's settings and references on its input."""

import argparse
import asyncio
import json
import sys
import time
from typing import Any, Final

from chassis.unit_of_work import make_engine

from trainings.demo.plan import list_references
from trainings.demo.writing import CachedMarksKey, DemoError, write_demo
from trainings.settings import TrainingsSettings

# Thousands of rows by one statement, with all rules and the feed.
_STATEMENT_SECONDS: Final = 300.0


def main() -> None:
    """Write what is missing and say what was made."""
    parser = argparse.ArgumentParser(prog="python -m trainings.demo", description=__doc__)
    parser.add_argument("--scale", type=float, required=True)
    parser.add_argument("--references", action="store_true", help="print what has to be recorded before, and no more")
    given = parser.parse_args()
    scale: float = given.scale
    if given.references:
        json.dump(list_references(scale), sys.stdout)
        return
    known: dict[str, Any] = json.load(sys.stdin)
    settings = TrainingsSettings()
    limits = {"statement_timeout_seconds": _STATEMENT_SECONDS, "pool_size": 1}
    began = time.monotonic()

    async def write() -> dict[str, int]:
        engine = make_engine(settings.model_copy(update=limits))
        try:
            key = CachedMarksKey(bytes.fromhex(settings.people_key.get_secret_value()))
            return await write_demo(engine, key, known, scale, say)
        finally:
            await engine.dispose()

    try:
        written = asyncio.run(write())
    except DemoError as error:
        sys.exit(str(error))
    counts = ", ".join(f"{count:,} {table.replace('_', ' ')}" for table, count in written.items())
    if counts:
        say(f"Generated in {time.monotonic() - began:.0f} s: {counts}.")


def say(words: str) -> None:
    """One line to whoever started this."""
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
