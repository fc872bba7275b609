"""The OpenAPI document and the pages that explain it. They load nothing from elsewhere and need no sign-in."""

from typing import Final

from chassis.errors import NotFound
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from gateway.openapi import MERGED
from gateway.pages import documentation_page, problem_page

router: Final = APIRouter(include_in_schema=False)
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
}


@router.get("/v1/openapi.json")
async def get_openapi_document(request: Request) -> Response:
    """The merged OpenAPI 3.1 document, as committed."""
    body = (request.app.state.settings.openapi_folder / MERGED).read_bytes()
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-cache"})


@router.get("/docs")
async def get_documentation(request: Request) -> HTMLResponse:
    """The document as a page."""
    text = (request.app.state.settings.openapi_folder / MERGED).read_text(encoding="utf-8")
    return HTMLResponse(documentation_page(text), headers=_PAGE_HEADERS)


@router.get("/problems/{code}")
async def get_problem(code: str) -> HTMLResponse:
    """What a problem's `type` resolves to."""
    page = problem_page(code)
    if page is None:
        raise NotFound(f"There is no problem called {code}.")
    return HTMLResponse(page, headers=_PAGE_HEADERS)
