"""One PostgreSQL a run, one template a service, one database a test."""

import asyncio
import secrets
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from chassis.migrate import migrate, provision


@dataclass(frozen=True, slots=True)
class Database:
    """A database of one test, with the addresses of its two roles and of the superuser."""

    name: str
    app_url: str
    owner_url: str
    superuser_url: str


class Databases:
    """Makes databases for tests from a migrated template of each service."""

    def __init__(self, superuser_url: str) -> None:
        self.superuser_url = superuser_url
        self._passwords: dict[str, str] = {}
        self._templates: set[str] = set()
        self._count = 0

    def new(self, service: str, migrations: Path) -> Database:
        """A fresh, migrated, empty database of `service`."""
        if service not in self._templates:
            for role in (f"{service}_owner", f"{service}_app"):
                self._passwords[role] = secrets.token_hex(16)
            asyncio.run(provision(self.superuser_url, service, self._passwords))
            migrate(migrations, self._url(service, f"{service}_owner"))
            self._templates.add(service)
        self._count += 1
        name = f"{service}_{self._count}"
        asyncio.run(
            self._execute(
                f"DROP DATABASE IF EXISTS {name} WITH (FORCE)",
                f"CREATE DATABASE {name} TEMPLATE {service} OWNER {service}_owner",
                f"GRANT CONNECT ON DATABASE {name} TO {service}_app",
            )
        )
        return Database(
            name=name,
            app_url=self._url(name, f"{service}_app"),
            owner_url=self._url(name, f"{service}_owner"),
            superuser_url=make_url(self.superuser_url).set(database=name).render_as_string(hide_password=False),
        )

    def drop(self, database: Database) -> None:
        """Remove it and whoever still uses it."""
        asyncio.run(self._execute(f"DROP DATABASE IF EXISTS {database.name} WITH (FORCE)"))

    def _url(self, database: str, role: str) -> str:
        url = make_url(self.superuser_url).set(database=database, username=role, password=self._passwords[role])
        return url.render_as_string(hide_password=False)

    async def _execute(self, *statements: str) -> None:
        engine = create_async_engine(self.superuser_url, isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                for statement in statements:
                    await connection.execute(text(statement))
        finally:
            await engine.dispose()
