"""Saving a form that edits a record. Where somebody else saved first, the two are chosen from; nothing is lost."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from tributary import AsyncTributary, ProblemError

from web.edits import Field, Sent, compare, read_sent, to_texts
from web.forms import Form
from web.rendering import render

# What a form may be refused for that its reader can mend: shown on the page, with what was typed.
MENDABLE: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.BAD_REQUEST})


@dataclass(frozen=True, slots=True)
class Editor:
    """A record that is edited: where the API and the form have it, its fields, and what to do with what was typed."""

    address: str
    action: str
    back: str
    what: str
    fields: Sequence[Field]
    show_again: Callable[[ProblemError, Sent], Awaitable[Response]]
    write: Callable[[AsyncTributary, str, dict[str, Any], int], Awaitable[None]]


async def patch(api: AsyncTributary, address: str, changes: dict[str, Any], version: int) -> None:
    """Write what was changed, for records whose fields are nothing but fields."""
    await api.patch(address, changes, version=version)


async def save(request: Request, api: AsyncTributary, form: Form, editor: Editor) -> Response:
    """Write what differs from what the form was given; show it again where that is refused."""
    sent = read_sent(editor.fields, form.get)
    if sent.undecided:
        return _conflict(request, editor, sent, is_undecided=True)
    fields = {one.name: one for one in editor.fields}
    changes = {name: fields[name].to_wire(sent.typed[name]) for name in sent.changed}
    if changes:
        try:
            await editor.write(api, editor.address, changes, sent.version)
        except ProblemError as error:
            if error.status == HTTPStatus.PRECONDITION_FAILED:
                return await _disagree(request, api, editor, sent)
            if error.status not in MENDABLE:
                raise
            return await editor.show_again(error, sent)
    return RedirectResponse(editor.back, HTTPStatus.SEE_OTHER)


async def _disagree(request: Request, api: AsyncTributary, editor: Editor, sent: Sent) -> Response:
    record = await api.get(editor.address)
    theirs = to_texts(editor.fields, record)
    lines = compare(editor.fields, sent, theirs)
    anew = Sent(record["version"], theirs, sent.typed, [], lines)
    return _conflict(request, editor, anew)


def _conflict(request: Request, editor: Editor, sent: Sent, *, is_undecided: bool = False) -> Response:
    return render(
        request,
        "conflict.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if is_undecided else HTTPStatus.PRECONDITION_FAILED,
        editor=editor,
        sent=sent,
        changed=[line for line in sent.lines if line.is_changed],
    )
