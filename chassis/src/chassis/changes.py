"""What changed: whole transactions in the order of their commits, and the versions of one record. Reads the feed only.

Every service mounts the same two addresses over its own records; the gateway joins them into one answer.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import DateTime, Numeric, Table, text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.errors import FieldError, NotFound, PositionAhead, PositionExpired
from chassis.paging import fingerprint_of, next_address, read_place, write_cursor
from chassis.tokens import EVERYWHERE, Caller
from chassis.unit_of_work import CurrentCaller, PrivateRoute, Session, UnitOfWorkRoute, work_router

# Of a page. A transaction with more rows is a page of its own: it is never cut.
MOST_ROWS: Final = 5_000
# So many numbers are looked through for one page, whoever reads: where a page ends must not tell what is hidden.
WINDOW: Final = 5_000
LAST_NUMBER: Final = 2**63 - 1
LIMIT_MEANING: Final = "Transactions a page; one with very many rows may make the page shorter."
TYPES_MEANING: Final = (
    "Only changes of these types; repeated, they are ORed. A type is the noun of a record's address, "
    "`/v1/{type}/{id}`, or names what is part of such a record."
)
SUBJECT_MEANING: Final = "The record: `{type}/{id}`, which is its address without `/v1/`."

Find = Callable[[AsyncSession, Caller, str], Awaitable[object | None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A captured table as readers know it: `name` is the noun of its records' address, the table's unless given.

    `clear`: where a table has personal or secret columns, those that are shown, as in `Captured`; of every other it
    is only said that it changed. `roles`: who may read it; None for everybody. `find`: where it is of or about people,
    the record that the caller may read now, or None. `is_part`: it has no address, but is part of what has one.
    """

    table: Table
    name: str = ""
    clear: tuple[str, ...] | None = None
    roles: frozenset[str] | None = None
    find: Find | None = None
    is_part: bool = False
    _decimals: tuple[str, ...] = field(init=False)
    _instants: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Note the columns that JSON does not hold as the API shows them."""
        columns = self.table.columns
        object.__setattr__(self, "_decimals", tuple(c.name for c in columns if isinstance(c.type, Numeric)))
        object.__setattr__(self, "_instants", tuple(c.name for c in columns if isinstance(c.type, DateTime)))

    @property
    def type(self) -> str:
        """What changes and subjects call it."""
        return self.name or self.table.name.replace("_", "-")

    def is_open_to(self, caller: Caller) -> bool:
        """Whether the caller's role may read it."""
        return self.roles is None or caller.role in self.roles

    def describe(self, before: str | None, after: str | None) -> dict[str, Any]:
        """Both images as they are shown, and the names of the fields that differ."""
        was, became = self._values(before), self._values(after)
        changed = [name for name in sorted({*was, *became}) if was.get(name) != became.get(name)]
        return {
            "before": None if before is None else self._shown(was),
            "after": None if after is None else self._shown(became),
            "changed": changed,
        }

    def _values(self, image: str | None) -> dict[str, Any]:
        if image is None:
            return {}
        values: dict[str, Any] = json.loads(image)
        if self._decimals:  # money is never a float
            written = json.loads(image, parse_float=str, parse_int=str)
            values |= {name: written[name] for name in self._decimals if name in written}
        for name in self._instants:
            if isinstance(values.get(name), str):  # PostgreSQL leaves out zeros at the end, the API does not
                values[name] = datetime.fromisoformat(values[name]).isoformat().replace("+00:00", "Z")
        return values

    def _shown(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: values[name] for name in sorted(values) if self.clear is None or name in self.clear}


class Answer(BaseModel):
    """The base of what is answered here."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Versioned(Answer):
    """A record before and after a change."""

    operation: str = Field(description="`insert`, `update` or `delete`.")
    before: dict[str, JsonValue] | None = Field(
        description="The fields as they were recorded; null for an insert. Personal and secret ones are left out."
    )
    after: dict[str, JsonValue] | None = Field(description="As they are recorded since; null for a delete.")
    changed: list[str] = Field(
        description="The fields that differ, those that are left out too; of an insert or delete, all that had a value."
    )


class Heading(Answer):
    """When and by whom something was committed."""

    number: int = Field(description="Without gaps, in the order of commits. Numbers that are skipped hold nothing.")
    recorded_at: datetime
    actor_id: str
    request_id: str


class Named(Answer):
    """Which record changed."""

    type: str = Field(description="The noun of its address, `/v1/{type}/{id}`, or what is part of such a record.")
    id: str = Field(description="The record's id; of what has several keys, those with `/` between.")


class ChangeRead(Versioned, Named):
    """A change of one record."""


class PartTransaction(Heading):
    """What was committed together."""

    changes: list[ChangeRead] = Field(description="All its changes that the caller may read, of the types asked for.")


class PartChangePage(Answer):
    """Transactions after a number, whole, in their order."""

    items: list[PartTransaction]
    position: int = Field(description="Everything up to this number is answered. Send it as `after` next time.")
    head: int = Field(description="The last number there is.")
    next: str | None = Field(description="The next page's address; null where there is nothing more just now.")


class PartVersion(Versioned, Heading):
    """A record as a transaction left it."""


class PartHistoryPage(Answer):
    """Versions of a record, the newest first."""

    items: list[PartVersion]
    next_cursor: str | None = Field(description="Null on the last page.")
    next: str | None = Field(description="The next page's address; null on the last page.")


def one_of_types(types: Sequence[str]) -> Any:  # noqa: ANN401 - stands beside the type of a parameter
    """The parameter `type`: a closed list of `types`, which may be repeated."""
    items = {"type": "string", "enum": list(types)}
    return Query(alias="type", description=TYPES_MEANING, json_schema_extra={"items": items})


def known_types(types: Sequence[str]) -> AfterValidator:
    """Refuses a type that is not one of `types`."""

    def check(wanted: list[str]) -> list[str]:
        for one in wanted:
            if one not in types:
                raise ValueError(f"{one!r} is not a type. Use one of {', '.join(types)}.")
        return wanted

    return AfterValidator(check)


def subject_of_types(types: Sequence[str]) -> Any:  # noqa: ANN401 - as above
    """The parameter `subject`: a record of one of `types`."""
    return Query(
        pattern=f"^({'|'.join(types)})/[!-~]{{1,300}}$",
        description=SUBJECT_MEANING,
        examples=[f"{types[0]}/01920000-0000-7000-8000-000000000000"],
    )


def changes_router(kinds: Sequence[Kind]) -> APIRouter:
    """The addresses `/v1/changes` and `/v1/history` of a service whose captured tables are `kinds`."""
    is_private = any(kind.find is not None for kind in kinds)
    router = work_router("Changes", PrivateRoute if is_private else UnitOfWorkRoute)
    types = [kind.type for kind in kinds]

    @router.get("/changes", response_model=PartChangePage)
    async def get_changes(
        request: Request,
        session: Session,
        caller: CurrentCaller,
        types: Annotated[list[str], known_types(types), one_of_types(types)] = [],  # noqa: B006 - FastAPI copies it
        after: Annotated[int, Query(ge=0, le=LAST_NUMBER, description="The `position` of the page before.")] = 0,
        limit: Annotated[int, Query(ge=1, le=500, description=LIMIT_MEANING)] = 50,
    ) -> dict[str, Any]:
        """Read what changed after a number: whole transactions, in the order of their commits."""
        days = request.app.state.settings.feed_retention_days
        page = await read_changes(session, caller, kinds, types=types, after=after, limit=limit, retention_days=days)
        is_behind = page["position"] < page["head"]
        request.state.next_address = next_address(request, str(page["position"]), "after") if is_behind else None
        return page | {"next": request.state.next_address}

    @router.get("/history", response_model=PartHistoryPage)
    async def get_history(
        request: Request,
        session: Session,
        caller: CurrentCaller,
        subject: Annotated[str, subject_of_types(types)],
        limit: Annotated[int, Query(ge=1, le=500, description="Versions a page.")] = 50,
        cursor: Annotated[str | None, Query(max_length=2000, description="`next_cursor` of the page before.")] = None,
    ) -> dict[str, Any]:
        """Read the versions of one record, the newest first, to whoever may read the record now."""
        return await answer_history(request, session, caller, kinds, subject=subject, limit=limit, cursor=cursor)

    return router


# What one reader sees. A table of people shows no row that names no country, an open one none that names any: a
# mistake in either list hides, and never shows.
_VISIBLE: Final = """
    (f.entity = ANY(CAST(:open AS text[])) AND f.country_codes IS NULL
     OR f.entity = ANY(CAST(:personal AS text[])) AND f.country_codes <> '{}'
        AND (:everywhere OR f.country_codes <@ CAST(:countries AS text[])))
"""
_FIND: Final = text(f"""
    SELECT t.number, count(*) FROM feed_tx t JOIN feed f ON f.tx_key = t.tx_key
    WHERE t.number > :after AND t.number <= :until AND {_VISIBLE}
    GROUP BY t.number ORDER BY t.number LIMIT :limit + 1
""")
_READ: Final = text(f"""
    SELECT t.number, t.sealed_at, t.actor, t.request_id, f.entity, f.entity_id, f.operation,
           f.before::text AS before, f.after::text AS after
    FROM feed_tx t JOIN feed f ON f.tx_key = t.tx_key
    WHERE t.number = ANY(CAST(:numbers AS bigint[])) AND {_VISIBLE}
    ORDER BY t.number, f.ord
""")
_HEAD: Final = text("SELECT number FROM feed_head")
_IS_EXPIRED: Final = text(
    "SELECT sealed_at < now() - make_interval(secs => :seconds) FROM feed_tx WHERE number = :after + 1"
)
_VERSIONS: Final = text("""
    SELECT t.number, f.ord, t.sealed_at, t.actor, t.request_id, f.operation,
           f.before::text AS before, f.after::text AS after
    FROM feed f JOIN feed_tx t ON t.tx_key = f.tx_key
    WHERE f.entity = :entity AND f.entity_id = :entity_id AND (t.number, f.ord) < (:number, :ord)
    ORDER BY t.number DESC, f.ord DESC LIMIT :limit + 1
""")
_SECONDS_A_DAY: Final = 86_400


async def read_changes(
    session: AsyncSession,
    caller: Caller,
    kinds: Sequence[Kind],
    *,
    types: Sequence[str],
    after: int,
    limit: int,
    retention_days: float | None,
) -> dict[str, Any]:
    """What `PartChangePage` shows but for `next`. Must be the first question of `session`: all is read at one moment.

    `PositionAhead` for a number that is not yet, `PositionExpired` for one older than what is kept.
    """
    connection = await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    readable = [kind for kind in kinds if kind.is_open_to(caller) and (not types or kind.type in types)]
    head: int = (await connection.execute(_HEAD)).scalar_one()
    downloads = [f"/v1/{kind.type}?format=ndjson" for kind in readable if not kind.is_part]
    if after > head:
        raise PositionAhead(
            f"The last number here is {head}, so nothing can have been read up to {after}. Either the database was "
            "restored from a backup older than that, or the position is another system's: take a full download, and "
            f"go on from {head}.",
            [FieldError("position_ahead", f"The last number is {head}.", parameter="after")],
            head=head,
            downloads=downloads,
        )
    if retention_days is not None:
        age = {"after": after, "seconds": retention_days * _SECONDS_A_DAY}
        if (await connection.execute(_IS_EXPIRED, age)).scalar_one_or_none():
            raise PositionExpired(
                f"What came after {after} is older than the {retention_days:g} days that changes are answered for. "
                f"Take a full download, and go on from {head}.",
                head=head,
                downloads=downloads,
            )
    visible = {
        "open": [kind.table.name for kind in readable if kind.find is None],
        "personal": [kind.table.name for kind in readable if kind.find is not None],
        "everywhere": EVERYWHERE in caller.countries,
        "countries": sorted(caller.countries),
    }
    until = min(head, after + WINDOW)
    found = (await connection.execute(_FIND, visible | {"after": after, "until": until, "limit": limit})).all()
    numbers: list[int] = []
    row_count = 0
    for number, its_rows in found[:limit]:
        row_count += its_rows
        if numbers and row_count > MOST_ROWS:
            break
        numbers.append(number)
    items: list[dict[str, Any]] = []
    kind_of = {kind.table.name: kind for kind in readable}
    for row in await connection.execute(_READ, visible | {"numbers": numbers}):
        if not items or items[-1]["number"] != row.number:
            items.append({**_transaction(row), "changes": []})
        kind = kind_of[row.entity]
        change = {"type": kind.type, "id": row.entity_id, "operation": row.operation}
        items[-1]["changes"].append(change | kind.describe(row.before, row.after))
    return {"items": items, "position": until if len(numbers) == len(found) else numbers[-1], "head": head}


async def answer_history(
    request: Request,
    session: AsyncSession,
    caller: Caller,
    kinds: Sequence[Kind],
    *,
    subject: str,
    limit: int,
    cursor: str | None,
) -> dict[str, Any]:
    """What `PartHistoryPage` shows. `NotFound` where there is no such record, or none that the caller may read now."""
    name, _, record_id = subject.partition("/")
    kind = next(kind for kind in kinds if kind.type == name)
    is_readable = kind.is_open_to(caller) and (kind.find is None or await kind.find(session, caller, record_id))
    key, fingerprint = request.app.state.cursor_key, fingerprint_of(request, "")
    number, order = read_place(cursor, key, fingerprint) if cursor else (LAST_NUMBER, 0)
    place = {"number": number, "ord": order, "limit": limit}
    connection = await session.connection()
    asked = place | {"entity": kind.table.name, "entity_id": record_id if is_readable else ""}
    found = (await connection.execute(_VERSIONS, asked)).all()
    if not found and not (is_readable and cursor):
        raise NotFound(f"There is no such record {subject}, or none that you may see.")
    rows, more = found[:limit], len(found) > limit
    following = write_cursor([rows[-1].number, rows[-1].ord], key, fingerprint) if more else None
    request.state.next_address = next_address(request, following) if following else None
    items = [{**_transaction(row), "operation": row.operation, **kind.describe(row.before, row.after)} for row in rows]
    return {"items": items, "next_cursor": following, "next": request.state.next_address}


def _transaction(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of the queries above
    return {
        "number": row.number,
        "recorded_at": row.sealed_at,
        "actor_id": row.actor,
        "request_id": row.request_id,
    }
