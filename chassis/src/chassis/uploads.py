"""A file, or pasted cells, as the body of a request."""

from types import MappingProxyType
from typing import Any, Final, NamedTuple

from starlette.requests import Request

from chassis.errors import UnsupportedMediaType

# Of a file without a name the end of the name that its kind gives it: that of pasted cells says that tabs divide them.
_ENDINGS: Final = MappingProxyType(
    {
        "application/octet-stream": "{}",
        "text/csv": "{}.csv",
        "text/tab-separated-values": "pasted.tsv",
        "text/plain": "{}.txt",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "{}.xlsx",
    }
)
MEDIA_TYPES: Final = tuple(_ENDINGS)
CSV: Final = "text/csv"
XLSX: Final = MEDIA_TYPES[-1]
FILE_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        # The others are taken too; a generated client knows this one, and one is enough.
        "content": {MEDIA_TYPES[0]: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class Upload(NamedTuple):
    """What was sent."""

    content: bytes
    media_type: str
    file_name: str


async def read_upload(request: Request, file_name: str | None, unnamed: str) -> Upload:
    """The body of a request that is a file; `unnamed`: what a file without a name is called."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _ENDINGS:
        raise UnsupportedMediaType(
            f"Send the file as one of {', '.join(MEDIA_TYPES)}, not {media_type or 'nothing'!r}."
        )
    return Upload(await request.body(), media_type, file_name or _ENDINGS[media_type].format(unnamed))
