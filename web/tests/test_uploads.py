"""An upload is read as it comes: its fields, then its file in pieces, which nobody holds whole."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from web.uploads import read_upload


async def tell(request: Request) -> JSONResponse:
    upload = await read_upload(request)
    sizes = [len(piece) async for piece in upload.content] if upload.content else []
    told = {"pairs": upload.pairs, "name": upload.file_name, "kind": upload.media_type, "size": sum(sizes)}
    return JSONResponse(told | {"largest": max(sizes, default=0)})


async def send(**given: object) -> httpx.Response:
    app = Starlette(routes=[Route("/", tell, methods=["POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x") as client:
        return await client.post("/", **given)  # type: ignore[arg-type]


async def test_fields_come_first_and_the_file_in_pieces() -> None:
    content = b"PK" + b"\r\n--" * 500_000
    answer = await send(data={"a": "1", "text": "x\r\ny é"}, files={"file": ("C:\\dir\\Lista ñ.XLSX", content, "x/y")})
    told = answer.json()
    assert told["pairs"] == [["a", "1"], ["text", "x\r\ny é"]]
    assert (told["name"], told["size"]) == ("Lista ñ.XLSX", len(content))
    assert told["kind"].endswith("spreadsheetml.sheet")


async def test_a_form_without_a_file_has_none() -> None:
    told = (await send(files={"a": (None, "1"), "file": ("", b"")})).json()
    assert (told["pairs"][0], told["name"], told["size"]) == (["a", "1"], "", 0)


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x"])
async def test_what_is_no_form_is_refused(kind: str) -> None:
    answer = await send(content=b"nonsense", headers={"content-type": kind})
    assert answer.status_code == 400
