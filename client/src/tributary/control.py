"""Asking the running system for a token, over a socket that only its owner can open."""

from collections.abc import Sequence

import httpx

from tributary.client import Tributary, TributaryError, UnreachableError
from tributary.folders import DataFolder

PROCESS_NAME = "control"


class NotRunningError(TributaryError):
    """One line: no system runs on this data folder, or it is another user's."""


def make_token(
    folder: DataFolder, *, name: str, role: str, countries: Sequence[str] = (), expires_days: float = 1
) -> str:
    """A new token. It is shown once; the system keeps only its hash."""
    path = folder.socket(PROCESS_NAME)
    body = {"name": name, "role": role, "countries": list(countries), "expires_days": expires_days}
    try:
        transport = httpx.HTTPTransport(uds=str(path))
        with Tributary("http://localhost", transport=transport) as control:
            return str(control.post("/tokens", body, is_repeatable=False)["token"])
    except UnreachableError as error:
        raise NotRunningError(
            f"No tributary that you may ask for a token runs on {folder.path}: start it with `tributary serve`, "
            "name its data folder with TRIBUTARY_DATA, or give a token in TRIBUTARY_TOKEN."
        ) from error


def find_address(folder: DataFolder) -> str | None:
    """The address of the system that runs on this data folder, where one does and we may know."""
    try:
        return folder.address.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None
