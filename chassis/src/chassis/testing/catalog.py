"""What a database really holds, as text to compare: what `alembic check` does not see."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

_QUERIES: Final = {
    "columns": """
        SELECT format('%s.%s %s%s%s', c.table_name, c.column_name, c.udt_name,
                      CASE WHEN c.is_nullable = 'NO' THEN ' not null' ELSE '' END,
                      coalesce(' default ' || c.column_default, ''))
        FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE c.table_schema = 'public' AND c.table_name <> 'alembic_version' ORDER BY 1""",
    "constraints": """
        SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
          AND contype <> 'n' AND conrelid::regclass::text <> 'alembic_version' ORDER BY 1""",
    "indexes": """
        SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
          AND indexname NOT IN (SELECT conname FROM pg_constraint) ORDER BY 1""",
    "triggers": """
        SELECT pg_get_triggerdef(t.oid) || ' ' || t.tgenabled FROM pg_trigger t
        WHERE NOT tgisinternal ORDER BY 1""",
    "functions": """
        SELECT format('%s(%s) security %s config %s md5 %s', proname, pg_get_function_identity_arguments(oid),
                      CASE WHEN prosecdef THEN 'definer' ELSE 'invoker' END, proconfig, md5(prosrc))
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1""",
    "policies": "SELECT format('%s %s %s %s', tablename, policyname, cmd, qual) FROM pg_policies ORDER BY 1",
    "grants": """
        SELECT format('%s to %s: %s', c.relname, a.grantee::regrole, string_agg(a.privilege_type, ', ' ORDER BY 1))
        FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner GROUP BY c.relname, a.grantee
        ORDER BY 1""",
    "column grants": """
        SELECT format('%s.%s to %s: %s', c.relname, t.attname, a.grantee::regrole,
                      string_agg(a.privilege_type, ', ' ORDER BY 1))
        FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
        WHERE c.relnamespace = 'public'::regnamespace GROUP BY c.relname, t.attname, a.grantee ORDER BY 1""",
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
