"""The command: `python -m funding.demo`, with the service's settings and references on its input."""

import argparse
import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

from chassis.unit_of_work import make_engine

from funding.demo.writing import DemoError, write_demo
from funding.settings import FundingSettings


def main() -> None:
    """Write what is missing and say what was made."""
    parser = argparse.ArgumentParser(prog="python -m funding.demo", description=__doc__)
    parser.add_argument("--scale", type=float, help="Of people; money has one size.")
    parser.add_argument("--references", action="store_true", help="print what has to be recorded before, and no more")
    if parser.parse_args().references:
        json.dump({}, sys.stdout)  # only what the reference dataset has
        return
    known: dict[str, Any] = json.load(sys.stdin)
    settings = FundingSettings()
    began = time.monotonic()

    async def write() -> dict[str, int]:
        engine = make_engine(settings.model_copy(update={"pool_size": 1}))
        try:
            return await write_demo(engine, known, datetime.now(UTC).date())
        finally:
            await engine.dispose()

    try:
        written = asyncio.run(write())
    except DemoError as error:
        sys.exit(str(error))
    if written:
        entries = sum(written.values())
        sys.stderr.write(f"Generated in {time.monotonic() - began:.0f} s: {entries:,} ledger entries.\n")


if __name__ == "__main__":
    main()
