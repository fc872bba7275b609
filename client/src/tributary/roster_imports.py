"""Rosters from files: upload, map, check, commit, undo, by the API. What may be done when, the API decides."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from tributary.asynchronous import AsyncTributary, Download

PATH: Final = "/v1/roster-imports"
PASTED: Final = "text/tab-separated-values"
"""What a spreadsheet puts on the clipboard."""
MOST_CORRECTIONS: Final = 500


class RosterImports:
    """The imports of whoever `api` acts for."""

    def __init__(self, api: AsyncTributary) -> None:
        self._api = api

    async def create(
        self,
        content: bytes | AsyncIterator[bytes],
        *,
        file_name: str,
        media_type: str,
        training_id: str | None = None,
        country_code: str | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Hand over a file; it is read from then on. Without a training it names its trainings itself."""
        return await self._api.upload(
            PATH,
            content,
            media_type=media_type,
            idempotency_key=idempotency_key,
            file_name=file_name,
            training_id=training_id,
            country_code=country_code,
        )

    async def page(self, **filters: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the API takes
        """A page of the imports that the caller may see."""
        return await self._api.get(PATH, **filters)

    async def get(self, import_id: str) -> dict[str, Any]:
        """One import: what is reached, what is being done, and what came of it."""
        return await self._api.get(address_of(import_id))

    async def update(self, import_id: str, changes: Mapping[str, Any], *, version: int) -> dict[str, Any]:
        """Say how the file is to be read: fields of columns, sheet, heads, order of dates, country."""
        return await self._api.patch(address_of(import_id), changes, version=version)

    async def check(self, import_id: str, *, version: int) -> dict[str, Any]:
        """Compare each row with the rules and with what is recorded. Nothing is written."""
        return await self._do(import_id, "check", version)

    async def correct(self, import_id: str, items: Sequence[Mapping[str, Any]], *, version: int) -> dict[str, Any]:
        """Change values, leave rows out or take them in, say who somebody is. At most `MOST_CORRECTIONS` at a time."""
        return await self._api.post(f"{address_of(import_id)}/corrections", {"items": list(items)}, version=version)

    async def commit(self, import_id: str, *, version: int, idempotency_key: str | None = None) -> dict[str, Any]:
        """Write all of it, or nothing."""
        return await self._do(import_id, "commit", version, idempotency_key)

    async def cancel(self, import_id: str, *, version: int) -> dict[str, Any]:
        """Stop what is being done. Nothing is written."""
        return await self._do(import_id, "cancel", version)

    async def undo(self, import_id: str, *, version: int, idempotency_key: str | None = None) -> dict[str, Any]:
        """Take a committed import back, but for what was changed since."""
        return await self._do(import_id, "undo", version, idempotency_key)

    async def preview_undo(self, import_id: str) -> dict[str, Any]:
        """What an undo would take back and keep, as things stand."""
        return await self._api.get(f"{address_of(import_id)}/undo-preview")

    async def rows(self, import_id: str, **filters: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        """A page of the rows as they were checked."""
        return await self._api.get(f"{address_of(import_id)}/rows", **filters)

    async def download_rows(self, import_id: str, **filters: Any) -> Download:  # noqa: ANN401 - as above
        """The same as a file: `format="csv"` or `"xlsx"`."""
        return await self._api.download(f"{address_of(import_id)}/rows", **filters)

    async def download_template(self, training_id: str, **parameters: Any) -> Download:  # noqa: ANN401 - as above
        """The roster of a training as a table to fill in: `format="csv"` or `"xlsx"`."""
        return await self._api.download(f"/v1/trainings/{quote(training_id, safe='')}/roster-template", **parameters)

    async def _do(self, import_id: str, verb: str, version: int, key: str | None = None) -> dict[str, Any]:
        return await self._api.post(f"{address_of(import_id)}/{verb}", version=version, idempotency_key=key)


def address_of(import_id: str) -> str:
    """Where the API has an import."""
    return f"{PATH}/{quote(import_id, safe='')}"
