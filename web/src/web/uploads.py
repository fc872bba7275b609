"""A form with a file, read as it comes: its fields, then the file piece by piece, which is never held whole."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from pathlib import PurePath
from typing import Final, Literal

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from starlette.exceptions import HTTPException
from starlette.requests import Request

MULTIPART: Final = "multipart/form-data"
# By how a file's name ends: browsers say what the user's machine believes, which is often another thing.
MEDIA_TYPES: Final = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".tab": "text/tab-separated-values",
    ".txt": "text/plain",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
UNKNOWN: Final = "application/octet-stream"
_Event = tuple[Literal["begin", "data", "end"], bytes]


@dataclass
class Upload:
    """What a form with a file said before its file, and the file, where there is one."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    file_name: str = ""
    content: AsyncIterator[bytes] | None = None

    @property
    def media_type(self) -> str:
        """What kind of file it is."""
        return MEDIA_TYPES.get(PurePath(self.file_name).suffix.lower(), UNKNOWN)


def is_multipart(request: Request) -> bool:
    """Whether a form comes in parts."""
    return request.headers.get("content-type", "").startswith(MULTIPART)


async def read_upload(request: Request) -> Upload:
    """Read as far as the file begins. Fields after it are not looked for: a form has its file last."""
    upload = Upload()
    parts = _read_parts(request)
    name, value = "", bytearray()
    async for kind, content in parts:
        if kind == "begin":
            name, file_name = _names_of(content)
            value.clear()
            if file_name is not None:
                upload.file_name = PurePath(file_name.replace("\\", "/")).name
                if upload.file_name:
                    upload.content = _content_of(parts)
                    return upload
        elif kind == "data":
            value += content
        elif name:
            upload.pairs.append((name, value.decode(errors="replace")))
    return upload


async def _content_of(parts: AsyncIterator[_Event]) -> AsyncIterator[bytes]:
    async for kind, content in parts:
        if kind != "data":
            return
        yield content


def _names_of(disposition: bytes) -> tuple[str, str | None]:
    message = Message()
    message["content-disposition"] = disposition.decode(errors="replace")
    name = message.get_param("name", header="content-disposition")
    file_name = message.get_param("filename", header="content-disposition")
    return str(name or ""), None if file_name is None else str(file_name)


async def _read_parts(request: Request) -> AsyncIterator[_Event]:
    """Where each part begins, what is in it, and where it ends."""
    kind = Message()
    kind["content-type"] = request.headers["content-type"]
    boundary = kind.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    events: deque[_Event] = deque()
    headers = _Headers(events)
    parser = MultipartParser(
        boundary.encode("latin-1"),
        {
            "on_part_begin": headers.begin,
            "on_header_field": headers.take_name,
            "on_header_value": headers.take_value,
            "on_header_end": headers.end_one,
            "on_headers_finished": headers.end,
            "on_part_data": lambda data, start, end: events.append(("data", data[start:end])),
            "on_part_end": lambda: events.append(("end", b"")),
        },
    )
    try:
        async for chunk in request.stream():
            parser.write(chunk)
            while events:
                yield events.popleft()
        parser.finalize()
    except MultipartParseError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from error


class _Headers:
    """The heads of one part after the other, of which the one that names it is of use."""

    def __init__(self, events: deque[_Event]) -> None:
        self._events = events
        self._name, self._value, self._disposition = bytearray(), bytearray(), b""

    def begin(self) -> None:
        """A part begins."""
        self._disposition = b""

    def take_name(self, data: bytes, start: int, end: int) -> None:
        """A piece of a head's name."""
        self._name += data[start:end]

    def take_value(self, data: bytes, start: int, end: int) -> None:
        """A piece of what it says."""
        self._value += data[start:end]

    def end_one(self) -> None:
        """A head is whole."""
        if self._name.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def end(self) -> None:
        """All heads of the part are."""
        self._events.append(("begin", self._disposition))
