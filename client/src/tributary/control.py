"""Asking the running system for a token or a sign-in link, over a socket that only its owner can open."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from tributary.client import Tributary, TributaryError, UnreachableError
from tributary.folders import DataFolder

PROCESS_NAME: Final = "control"
API_NAME: Final = "gateway"
PAGES_NAME: Final = "web"


class NotRunningError(TributaryError):
    """One line: no system runs on this data folder, or it is another user's."""


def make_token(
    folder: DataFolder, *, name: str, role: str, countries: Sequence[str] = (), expires_days: float = 1
) -> str:
    """A new token. It is shown once; the system keeps only its hash."""
    body = {"name": name, "role": role, "countries": list(countries), "expires_days": expires_days}
    return str(_ask(folder, "/tokens", body)["token"])


def make_link(folder: DataFolder, pages: str, *, name: str, role: str, countries: Sequence[str] = ()) -> str:
    """The address that signs the person `name` in at the `pages`, once, within a quarter of an hour."""
    body = {"name": name, "role": role, "countries": list(countries)}
    return f"{pages}/sign-in?code={_ask(folder, '/links', body)['code']}"


def _ask(folder: DataFolder, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    try:
        transport = httpx.HTTPTransport(uds=str(folder.socket(PROCESS_NAME)))
        with Tributary("http://localhost", transport=transport) as control:
            return control.post(path, body, is_repeatable=False)
    except UnreachableError as error:
        raise NotRunningError(
            f"No tributary that you may ask for a token runs on {folder.path}: start it with `tributary serve`, "
            "name its data folder with TRIBUTARY_DATA, or give a token in TRIBUTARY_TOKEN."
        ) from error


def find_address(folder: DataFolder, name: str = API_NAME) -> str | None:
    """The address of the API of the system that runs on this data folder, or of its pages, where we may know."""
    try:
        return folder.address(name).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None
