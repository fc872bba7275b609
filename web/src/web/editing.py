"""Saving a form that edits a record. Where somebody else saved first, the two are chosen from; nothing is lost."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from tributary import ProblemError

from web.edits import Field, Sent, compare, read_sent
from web.forms import Form
from web.rendering import render

# What a form may be refused for that its reader can mend: shown on the page, with what was typed.
MENDABLE: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.BAD_REQUEST})


class PartlySaved(Exception):
    """Some fields are saved, in a version of their own, and the rest was refused."""

    def __init__(self, error: ProblemError, version: int, unsaved: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.error = error
        self.version = version
        self.unsaved = unsaved


@dataclass(frozen=True, slots=True)
class Editor:
    """A record that is edited: its fields, how it is read and written, and where its form stands.

    `read` answers the version and the texts that are recorded now; `write` gets the changes as the API takes them.
    `carried` is what else of the form goes on with it.
    """

    action: str
    back: str
    what: str
    fields: Sequence[Field]
    read: Callable[[], Awaitable[tuple[int, dict[str, str]]]]
    write: Callable[[dict[str, Any], Sent], Awaitable[None]]
    show_again: Callable[[ProblemError, Sent], Awaitable[Response]]
    carried: Sequence[tuple[str, str]] = ()
    is_always_written: bool = False


async def save(request: Request, form: Form, editor: Editor) -> Response:
    """Write what differs from what the form was given; show it again where that is refused."""
    sent = read_sent(editor.fields, form.get)
    if sent.undecided:
        return _conflict(request, editor, sent, is_undecided=True)
    try:
        await _write(editor, sent)
    except PartlySaved as partly:
        was = {name: sent.was[name] if name in partly.unsaved else text for name, text in sent.typed.items()}
        rest = Sent(partly.version, was, sent.typed, is_partly_saved=True)
        return await editor.show_again(partly.error, rest)
    except ProblemError as error:
        if error.status == HTTPStatus.PRECONDITION_FAILED:
            return await _disagree(request, editor, sent)
        if error.status not in MENDABLE:
            raise
        return await editor.show_again(error, sent)
    return RedirectResponse(editor.back, HTTPStatus.SEE_OTHER)


async def _write(editor: Editor, sent: Sent) -> None:
    fields = {one.name: one for one in editor.fields}
    changes = {name: fields[name].to_wire(sent.typed[name]) for name in sent.changed}
    if changes or editor.is_always_written:
        await editor.write(changes, sent)


async def _disagree(request: Request, editor: Editor, sent: Sent) -> Response:
    """Ask, unless what the other changed is none of what this form is about."""
    version, theirs = await editor.read()
    if theirs == sent.was and version != sent.version:
        try:
            await _write(editor, replace(sent, version=version))
        except ProblemError as error:
            if error.status not in MENDABLE:
                raise
            return await editor.show_again(error, replace(sent, version=version))
        return RedirectResponse(editor.back, HTTPStatus.SEE_OTHER)
    anew = Sent(version, theirs, sent.typed, [], compare(editor.fields, sent, theirs))
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
