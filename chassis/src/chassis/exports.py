"""A whole list as a file: spooled inside the transaction, so that its status is known before the first byte."""

import csv
import io
import json
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import IO, Any, Final

from pydantic import BaseModel
from starlette.responses import StreamingResponse

# Rows come from the database one by one, or lie in memory where a list is short.
Rows = AsyncIterable[Any] | Iterable[Any]
MEDIA_TYPES: Final = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
_EXTENSIONS: Final = {kind: name for name, kind in MEDIA_TYPES.items()}
_IN_MEMORY_BYTES: Final = 1_048_576
_CHUNK_BYTES: Final = 65_536
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


async def export_rows(
    rows: Rows, read: type[BaseModel], media_type: str, *, excel: bool, name: str
) -> StreamingResponse:
    """All of `rows` as a file of `media_type`, each as `read` shows it. A CSV row is flat: `starts_earliest`, ..."""
    spool: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - closed when sent
    try:
        if media_type == MEDIA_TYPES["csv"]:
            await _write_csv(spool, rows, read, excel=excel)
        else:
            async for row in _each(rows):
                spool.write(read.model_validate(row).model_dump_json().encode() + b"\n")
    except BaseException:
        spool.close()
        raise
    return send_spooled(spool, media_type, f"{name}.{_EXTENSIONS[media_type]}")


def send_spooled(spool: IO[bytes], media_type: str, name: str) -> StreamingResponse:
    """A file that has been written to its end, as the answer; it is closed when it is sent."""
    length = spool.seek(0, io.SEEK_END)
    spool.seek(0)
    headers = {"Content-Length": str(length), "Content-Disposition": f'attachment; filename="{name}"'}
    charset = "; charset=utf-8" if media_type == MEDIA_TYPES["csv"] else ""
    return StreamingResponse(_chunks(spool), headers=headers, media_type=media_type + charset)


async def _each(rows: Rows) -> AsyncIterator[Any]:
    if isinstance(rows, AsyncIterable):
        async for row in rows:
            yield row
    else:
        for row in rows:
            yield row


async def _chunks(spool: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while chunk := spool.read(_CHUNK_BYTES):
            yield chunk
    finally:
        spool.close()


async def _write_csv(spool: IO[bytes], rows: Rows, read: type[BaseModel], *, excel: bool) -> None:
    text = io.TextIOWrapper(spool, encoding="utf-8", newline="", write_through=True)
    if excel:
        text.write("\ufeff")
    writer = csv.writer(text, lineterminator="\r\n")
    columns = list(_columns(read))
    writer.writerow(columns)
    async for row in _each(rows):
        cells = dict(_flatten(read.model_validate(row).model_dump(mode="json")))
        # A nested object that is null has no cells of its own: its columns are empty.
        values = (cells.get(column) for column in columns)
        writer.writerow([_cell(value, excel=excel) for value in values])
    text.detach()


def _columns(read: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in read.model_fields.items():
        inner = _nested(field.annotation)
        if inner is None:
            yield prefix + name
        else:
            yield from _columns(inner, f"{prefix}{name}_")


def _nested(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any annotation
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate if getattr(annotation, "__origin__", None) not in {list, dict} else None
    return None


def _flatten(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        yield prefix + name, value
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}_")


def _cell(value: Any, *, excel: bool) -> str:  # noqa: ANN401 - a JSON value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if excel and isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return str(value)
