"""The counting rules as SQL: what the definer functions are made of that `counting` calls. Nothing here runs.

They are functions of the database because row security hides foreign people from whoever asks, and a figure is the same
for every reader: these alone read all rows, as the owner, and give out nothing but numbers. A change of any text here
needs a new migration that calls `create_counting` again.
"""

import hashlib
from typing import Final

from sqlalchemy import Connection

from trainings.counting_sql import cascade, series, totals
from trainings.counting_sql.relations import CANONICAL, CANONICAL_PEOPLE
from trainings.counting_sql.totals import DIMENSIONS

__all__ = ["DIGEST", "DIMENSIONS", "create_counting"]

_INTERNAL: Final = {CANONICAL: CANONICAL_PEOPLE, **cascade.INTERNAL}
_CALLED: Final = {**series.FUNCTIONS, **cascade.FUNCTIONS, **totals.FUNCTIONS}
DIGEST: Final = hashlib.sha256("".join([*_INTERNAL.values(), *_CALLED.values()]).encode()).hexdigest()[:16]
"""Of all texts. The newest migration that makes the functions names it, so that a test tells who forgets to add one."""


def create_counting(connection: Connection) -> None:
    """Make the functions anew, as the owner of the database; only the serving role may call those that give numbers."""
    for signature, function in (_INTERNAL | _CALLED).items():
        name = signature.partition("(")[0]
        connection.exec_driver_sql(f"""
        DO $$
        DECLARE former regprocedure;
        BEGIN
          FOR former IN SELECT oid FROM pg_proc WHERE proname = '{name}' AND pronamespace = 'public'::regnamespace LOOP
            EXECUTE 'DROP FUNCTION ' || former;
          END LOOP;
        END $$
        """)
        connection.exec_driver_sql(function)
        bare = signature.replace(" DEFAULT NULL", "")
        connection.exec_driver_sql(f"REVOKE ALL ON FUNCTION {bare} FROM PUBLIC")
        if signature in _CALLED:
            connection.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION {bare} TO trainings_app")
