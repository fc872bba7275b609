"""Whether the pages run, and what they lack."""

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response
from tributary import TributaryError

router: Final = APIRouter(include_in_schema=False)


@router.get("/livez")
async def livez() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """The API answers too. Without styles the pages are plain but of use, so their lack is only named."""
    try:
        await request.app.state.api.get("/livez")
    except TributaryError:
        return JSONResponse({"status": "not_ready", "missing": ["gateway"]}, status_code=503)
    missing = request.app.state.assets.missing
    return JSONResponse({"status": "ok", **({"missing_assets": missing} if missing else {})})
