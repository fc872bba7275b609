"""Has PostgreSQL look at what a database holds: `python -m tributary.statistics trainings`, as its superuser.

It does so by itself, within minutes. Until then it plans queries for the empty tables that it last saw, and reads every
row to know whether it stands: queries over thousands of new rows take longer than they may.
"""

import asyncio
import os
import sys
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


async def analyze(superuser_url: str, database: str) -> None:
    """Bring the statistics of a database of the same server up to date."""
    url = urlunsplit(urlsplit(superuser_url)._replace(path=f"/{database}"))
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text("VACUUM (ANALYZE)"))
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(analyze(os.environ["TRIBUTARY_DATABASE_SUPERUSER_URL"], sys.argv[1]))
