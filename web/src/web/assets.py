"""Styles and scripts, at addresses that change with their content, so that a browser may keep them for ever."""

import hashlib
from pathlib import Path
from typing import Final

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

# What no page can do without: it is there once `make assets` has run.
INSTALLED: Final = ("vendor/uswds/css/uswds.min.css", "vendor/htmx/htmx.min.js")


class Assets:
    """The files of a folder."""

    def __init__(self, folder: Path) -> None:
        digest = hashlib.sha256()
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
        self.folder = folder
        self.prefix = f"/static/{digest.hexdigest()[:16]}"
        self.missing = [name for name in INSTALLED if not (folder / name).is_file()]

    def address(self, name: str) -> str:
        """Where a file is served."""
        return f"{self.prefix}/{name}"

    def app(self) -> GZipMiddleware:
        """What serves them. Only here is anything compressed: in a page a secret would stand beside a guess."""
        return GZipMiddleware(Kept(directory=self.folder), minimum_size=1024)


class Kept(StaticFiles):
    """Files that never change at their address."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be kept."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
