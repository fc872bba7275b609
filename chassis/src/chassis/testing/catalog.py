"""What a database really holds: the same tables as the models, and the same catalog as the committed text."""

import difflib
import os
from pathlib import Path
from typing import Any, Final

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

_QUERIES: Final = {
    "columns": """
        SELECT format('%s.%s %s%s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                      CASE WHEN a.attcollation <> t.typcollation THEN ' collate ' || a.attcollation::regcollation END,
                      CASE WHEN a.attnotnull THEN ' not null' END,
                      CASE a.attgenerated WHEN '' THEN ' default ' ELSE ' generated ' END
                      || pg_get_expr(d.adbin, d.adrelid))
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0
          AND NOT a.attisdropped AND c.relname <> 'alembic_version' ORDER BY 1""",
    "constraints": """
        SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
          AND contype <> 'n' AND conrelid::regclass::text <> 'alembic_version' ORDER BY 1""",
    "indexes": """
        SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
          AND indexname NOT IN (SELECT conname FROM pg_constraint) ORDER BY 1""",
    "triggers": """
        SELECT format('%s %s', pg_get_triggerdef(t.oid), t.tgenabled) FROM pg_trigger t
        WHERE NOT tgisinternal ORDER BY 1""",
    "functions": """
        SELECT format('%s(%s) security %s config %s md5 %s', proname, pg_get_function_identity_arguments(oid),
                      CASE WHEN prosecdef THEN 'definer' ELSE 'invoker' END, proconfig, md5(prosrc))
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1""",
    "row security": """
        SELECT format('%s%s', relname, CASE WHEN relforcerowsecurity THEN ' forced' ELSE '' END)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity ORDER BY 1""",
    "policies": """
        SELECT format('%s %s %s to %s using %s with check %s', tablename, policyname, cmd, roles, qual, with_check)
        FROM pg_policies ORDER BY 1""",
    "grants": """
        SELECT format('%s to %s: %s', c.relname, a.grantee::regrole,
                      string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type))
        FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner GROUP BY c.relname, a.grantee
        ORDER BY 1""",
    "column grants": """
        SELECT format('%s.%s to %s: %s', c.relname, t.attname, a.grantee::regrole,
                      string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type))
        FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
        WHERE c.relnamespace = 'public'::regnamespace GROUP BY c.relname, t.attname, a.grantee ORDER BY 1""",
    "function grants": """
        SELECT format('%s to %s: %s', p.proname,
                      CASE WHEN a.grantee = 0 THEN 'public' ELSE a.grantee::regrole::text END, a.privilege_type)
        FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        WHERE p.pronamespace = 'public'::regnamespace AND a.grantee <> p.proowner ORDER BY 1""",
    "views": """
        SELECT format('%s.%s %s md5 %s; %s', n.nspname, c.relname, c.reloptions, md5(pg_get_viewdef(c.oid)),
                      (SELECT string_agg(format('%s: %s', a.grantee::regrole, a.privilege_type), ', ' ORDER BY 1)
                       FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner))
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1""",
    "roles": """
        SELECT format('%s superuser=%s createdb=%s createrole=%s bypassrls=%s owns=%s', rolname, rolsuper, rolcreatedb,
                      rolcreaterole, rolbypassrls,
                      (SELECT count(*) FROM pg_class WHERE relowner = r.oid AND relname <> 'alembic_version') > 0)
        FROM pg_roles r
        WHERE rolname IN (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()
                          UNION SELECT replace(pg_get_userbyid(datdba), '_owner', '_app') FROM pg_database
                          WHERE datname = current_database()) ORDER BY 1""",
}


async def describe_catalog(superuser_url: str) -> str:
    """Columns, constraints, indexes, triggers, functions, policies, grants and roles of a database, one a line."""
    engine = create_async_engine(superuser_url)
    try:
        async with engine.connect() as connection:
            parts = []
            for title, query in _QUERIES.items():
                found = (await connection.execute(text(query.replace(":", r"\:")))).scalars().all()
                parts.append("\n".join([f"# {title}", *found, ""]))
            return "\n".join(parts)
    finally:
        await engine.dispose()


async def schema_drift(owner_url: str, metadata: MetaData) -> list[Any]:
    """What Alembic would still have to do to make the migrated database what the models say; empty if nothing."""
    engine = create_async_engine(owner_url)

    def compare(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))

    try:
        async with engine.connect() as connection:
            return await connection.run_sync(compare)
    finally:
        await engine.dispose()


def check_catalog(found: str, snapshot: Path) -> None:
    """Fail unless `found` is the committed `snapshot`; with `UPDATE_CATALOG=1` in the environment, commit to it."""
    if os.environ.get("UPDATE_CATALOG") == "1":
        snapshot.write_text(found, encoding="utf-8")
    committed = snapshot.read_text(encoding="utf-8") if snapshot.exists() else ""
    lines = difflib.unified_diff(committed.splitlines(), found.splitlines(), str(snapshot), "the database", lineterm="")
    difference = "\n".join(lines)
    assert not difference, (
        f"The database is not what {snapshot.name} says. If that is meant, run the test once with UPDATE_CATALOG=1 "
        f"and review the difference:\n{difference}"
    )
