"""Lists: filters, sort, keyset pages with signed cursors, and the whole list as a file. No offset, no hidden limit."""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, and_, false, func, literal, or_, tuple_
from sqlalchemy.orm import InstrumentedAttribute
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar
from starlette.requests import Request
from starlette.responses import Response

from chassis.errors import InvalidCursor
from chassis.exports import MEDIA_TYPES, export_rows

_RANGES: Final = {"_gte": "__ge__", "_gt": "__gt__", "_lte": "__le__", "_lt": "__lt__"}
# Parameters that choose how to show a list, not which rows are in it.
_VIEW: Final = frozenset({"limit", "cursor", "format", "with_total", "excel"})
_REFUSED: Final = "This cursor was made for another list, filter or sort, or was changed. Start again without a cursor."
Columns = Mapping[str, Any]
Table = TypeVar("Table")


class ListQuery(BaseModel):
    """The parameters that every list has. A subclass adds its filters and its sort."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    limit: int = Field(default=50, ge=1, le=500, description="Rows a page.")
    cursor: str | None = Field(default=None, max_length=2000, description="`next_cursor` of the page before.")
    with_total: bool = Field(default=False, description="Also count all rows that match, as `total_count`.")
    format: Literal["json", "csv", "ndjson"] | None = Field(
        default=None, description="`csv` and `ndjson` give all rows that match as a file; `json` is a page."
    )
    excel: bool = Field(
        default=False, description="CSV for Excel: a byte-order mark, and text that looks like a formula made harmless."
    )
    sort: str


def sort_by(default: str, *names: str) -> Any:  # noqa: ANN401 - stands where the default of `sort` may stand
    """The `sort` of a list: a comma-separated choice of `names`, `-` before one for descending; ties by id."""
    one = f"-?({'|'.join(names)})"
    return Field(
        default=default,
        pattern=f"^{one}(,{one})*$",
        description=f"One or more of {', '.join(names)}, comma-separated; `-` before one for descending.",
        examples=[default],
    )


class Page(BaseModel):
    """A page of a list. A subclass names its `items`."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    items: list[Any]
    next_cursor: str | None = Field(description="Null on the last page.")
    next: str | None = Field(description="The next page's address, relative to the host; null on the last page.")
    total_count: int | None = Field(description="Null unless `with_total=true`.")


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that can be paged: what to select, the columns of its filters, of its sort and of its text search.

    `present` turns a row into what is shown, where the row itself is not.
    """

    statement: SelectOfScalar[Any]
    filters: Columns
    sorts: Columns
    id: Any
    text: Sequence[Any] = ()
    present: Callable[[Any], object] = lambda row: row


async def answer_list(
    request: Request, session: AsyncSession, query: ListQuery, listing: Listing, page: type[Page]
) -> Page | Response:
    """The page that `query` asks for, or the whole list as a file where it asks for a format."""
    read: type[BaseModel] = page.model_fields["items"].annotation.__args__[0]  # type: ignore[union-attr]
    statement = listing.statement.where(*conditions(query, listing))
    order = sort_columns(query.sort, listing)
    media_type = wanted_media_type(request, query)
    if media_type is not None:
        streamed = await stream_rows(session, query, listing)
        shown = (listing.present(row) async for row in streamed)
        return await export_rows(shown, read, media_type, excel=query.excel, name=request.url.path.rsplit("/", 1)[-1])
    key = request.app.state.cursor_key
    fingerprint = fingerprint_of(request, query.sort)
    if query.cursor is not None:
        statement = statement.where(after(order, read_cursor(query.cursor, key, fingerprint, order)))
    limited = statement.order_by(*(one.ordered for one in order)).limit(query.limit + 1)
    found = list((await session.exec(limited)).all())
    rows, more = found[: query.limit], len(found) > query.limit
    cursor = write_cursor([one.value_of(rows[-1]) for one in order], key, fingerprint) if more else None
    total = None
    if query.with_total:
        counted = listing.statement.where(*conditions(query, listing)).order_by(None).subquery()
        total = (await session.exec(select(func.count()).select_from(counted))).one()
    request.state.next_address = next_address(request, cursor) if cursor else None
    return page(
        items=[read.model_validate(listing.present(row)) for row in rows],
        next_cursor=cursor,
        next=request.state.next_address,
        total_count=total,
    )


async def stream_rows(session: AsyncSession, query: ListQuery, listing: Listing) -> AsyncIterator[Any]:
    """All rows that match, in the order that is asked for, one by one and as they are stored."""
    statement = listing.statement.where(*conditions(query, listing))
    order = sort_columns(query.sort, listing)
    return await session.stream_scalars(statement.order_by(*(one.ordered for one in order)))


def wanted_media_type(request: Request, query: ListQuery) -> str | None:
    """The file type asked for by `format=`, else by Accept; None for an ordinary page."""
    if query.format is not None:
        return MEDIA_TYPES.get(query.format)
    accepted = request.headers.get("accept", "").split(";")[0].strip()
    return accepted if accepted in MEDIA_TYPES.values() else None


def conditions(query: ListQuery, listing: Listing) -> list[ColumnElement[bool]]:
    """One condition a filter that is set; they are ANDed, the values of one are ORed."""
    wheres: list[ColumnElement[bool]] = []
    for name in type(query).model_fields:
        value = getattr(query, name)
        if name in ListQuery.model_fields or value is None or value == []:
            continue
        if name == "q" and name not in listing.filters:
            pattern = "%" + str(value).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            wheres.append(or_(*(column.ilike(pattern) for column in listing.text)))
        elif name.endswith("_is_null"):
            column = listing.filters[name.removesuffix("_is_null")]
            wheres.append(column.is_(None) if value else column.is_not(None))
        else:
            wheres.append(_condition(name, value, listing.filters))
    return wheres


def _condition(name: str, value: Any, columns: Columns) -> ColumnElement[bool]:  # noqa: ANN401 - a filter's value
    for suffix, operator in _RANGES.items():
        if name.endswith(suffix) and name not in columns:
            condition: ColumnElement[bool] = getattr(columns[name.removesuffix(suffix)], operator)(value)
            return condition
    column = columns[name]
    if callable(column) and not isinstance(column, InstrumentedAttribute):
        made: ColumnElement[bool] = column(value)  # a filter that is more than one column
        return made
    equal: ColumnElement[bool] = column.in_(value) if isinstance(value, list) else column == value
    return equal


@dataclass(frozen=True, slots=True)
class SortColumn:
    """One column of an order. It must not be null: a keyset cannot step over nulls."""

    column: Any
    descending: bool

    @property
    def ordered(self) -> Any:  # noqa: ANN401 - an expression
        """The ORDER BY expression."""
        return self.column.desc() if self.descending else self.column.asc()

    def value_of(self, row: object) -> Any:  # noqa: ANN401 - of the column's type
        """The row's value in this column."""
        return getattr(row, self.column.key)


def sort_columns(sort: str, listing: Listing) -> list[SortColumn]:
    """The order that `sort` names, with the id as the last tie-break."""
    order = [SortColumn(listing.sorts[name.removeprefix("-")], name.startswith("-")) for name in sort.split(",")]
    return [*order, SortColumn(listing.id, descending=order[0].descending)]


def after(order: Sequence[SortColumn], values: Sequence[Any]) -> ColumnElement[bool]:
    """Rows that come after `values` in `order`: where all of it runs one way, as rows that an index finds."""
    if len({one.descending for one in order}) == 1:
        place, found = (
            tuple_(*(one.column for one in order)),
            tuple_(*(_bind(one, value) for one, value in zip(order, values, strict=True))),
        )
        return place < found if order[0].descending else place > found
    steps: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for one, value in zip(order, values, strict=True):
        beyond = one.column < value if one.descending else one.column > value
        steps.append(and_(*equal, beyond))
        equal.append(one.column == value)
    return or_(false(), *steps)


def _bind(one: SortColumn, value: Any) -> ColumnElement[Any]:  # noqa: ANN401 - of the column's type
    return literal(value, one.column.type)


def fingerprint_of(request: Request, sort: str) -> str:
    """What a cursor is bound to: the address, the filters and the sort."""
    filters = sorted((name, value) for name, value in request.query_params.multi_items() if name not in _VIEW)
    return hashlib.sha256(json.dumps([request.url.path, filters, sort]).encode()).hexdigest()


def write_cursor(values: Sequence[Any], key: bytes, fingerprint: str) -> str:
    """An opaque, signed place in a list."""
    payload = json.dumps([_plain(value) for value in values], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_sign(payload, key, fingerprint) + payload).decode().rstrip("=")


def read_place(cursor: str, key: bytes, fingerprint: str) -> list[Any]:
    """The plain values of a cursor; `InvalidCursor` where it was not made here for this very list."""
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (ValueError, UnicodeError) as error:
        raise InvalidCursor(_REFUSED) from error
    signature, payload = raw[:16], raw[16:]
    if not hmac.compare_digest(signature, _sign(payload, key, fingerprint)):
        raise InvalidCursor(_REFUSED)
    values: list[Any] = json.loads(payload)
    return values


def read_cursor(cursor: str, key: bytes, fingerprint: str, order: Sequence[SortColumn]) -> list[Any]:
    """The values of a cursor, each of its column's type."""
    return [_typed(value, one) for value, one in zip(read_place(cursor, key, fingerprint), order, strict=True)]


def _sign(payload: bytes, key: bytes, fingerprint: str) -> bytes:
    return hmac.digest(key, fingerprint.encode() + b"\0" + payload, "sha256")[:16]


def _plain(value: Any) -> Any:  # noqa: ANN401 - of a column's type
    if isinstance(value, Enum):
        return value.value
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def _typed(value: Any, one: SortColumn) -> Any:  # noqa: ANN401 - as above
    kind = one.column.type.python_type
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    if kind in {uuid.UUID, Decimal}:
        return kind(value)
    return value


def next_address(request: Request, cursor: str, parameter: str = "cursor") -> str:
    """The address of the next page, relative: a service does not know the public host."""
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name != parameter]
    return f"{request.url.path}?{urlencode([*pairs, (parameter, cursor)], safe=':,')}"
