"""A training to write: one more like it for the next cohort, or its own fields."""

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response
from tributary import ProblemError

from web.cohorts import FIELDS, NEW_FIELDS, next_cohort
from web.editing import MENDABLE, Editor, save
from web.edits import Sent, to_texts
from web.rendering import errors_by_field, render
from web.routes.rosters import name_of_training
from web.routes.signed_in import Api, KeptForm

router: Final = APIRouter(include_in_schema=False)


@router.get("/trainings/{training_id}/clone")
async def show_clone(request: Request, api: Api, training_id: str) -> Response:
    """The form of a training for the next cohort, filled in from this one."""
    training = await api.get(_address(training_id))
    return _clone_page(request, training, to_texts(NEW_FIELDS, next_cohort(training)))


@router.post("/trainings/{training_id}/clone")
async def clone_training(request: Request, form: KeptForm, api: Api, training_id: str) -> Response:
    """Record it. Nobody is on its roster."""
    training = await api.get(_address(training_id))
    typed = {one.name: form.get(one.name) for one in NEW_FIELDS}
    body = {one.name: one.to_wire(typed[one.name]) for one in NEW_FIELDS}
    if body["course_code"] == training["course_code"]:
        body["course_version_id"] = training["course_version_id"]
    try:
        # The form's own key: sent twice, by a reader who is in doubt, it makes one training.
        made = await api.post("/v1/trainings", body, idempotency_key=form.get("key") or None)
    except ProblemError as error:
        if error.status not in MENDABLE:
            raise
        return _clone_page(request, training, typed, error)
    return RedirectResponse(f"/trainings/{made['id']}?cloned=true", HTTPStatus.SEE_OTHER)


@router.get("/trainings/{training_id}/edit")
async def show_edit(request: Request, api: Api, training_id: str) -> Response:
    """The form of a training's own fields."""
    training = await api.get(_address(training_id))
    now = to_texts(FIELDS, training)
    return _edit_page(request, training, Sent(training["version"], now, now))


@router.post("/trainings/{training_id}/edit")
async def edit_training(request: Request, form: KeptForm, api: Api, training_id: str) -> Response:
    """Save what was changed, in the version that the form was given out in."""

    async def read() -> tuple[int, dict[str, str]]:
        training = await api.get(_address(training_id))
        return training["version"], to_texts(FIELDS, training)

    async def write(changes: dict[str, Any], sent: Sent) -> None:
        await api.patch(_address(training_id), changes, version=sent.version)

    async def show_again(error: ProblemError, sent: Sent) -> Response:
        return _edit_page(request, await api.get(_address(training_id)), sent, error)

    here = f"/trainings/{quote(training_id, safe='')}"
    editor = Editor(
        action=f"{here}/edit",
        back=f"{here}?saved=true",
        what="A training.",
        fields=FIELDS,
        read=read,
        write=write,
        show_again=show_again,
    )
    return await save(request, form, editor)


def _clone_page(
    request: Request, training: dict[str, Any], typed: dict[str, str], problem: ProblemError | None = None
) -> Response:
    here = f"/trainings/{training['id']}"
    return _form_page(
        request,
        training,
        problem,
        title="A training for the next cohort",
        action=f"{here}/clone",
        button="Record the training",
        fields=NEW_FIELDS,
        typed=typed,
        was=None,
        version=None,
    )


def _edit_page(request: Request, training: dict[str, Any], sent: Sent, problem: ProblemError | None = None) -> Response:
    return _form_page(
        request,
        training,
        problem,
        title="Edit the training",
        action=f"/trainings/{training['id']}/edit",
        button="Save",
        fields=FIELDS,
        typed=sent.typed,
        was=sent.was,
        version=sent.version,
    )


def _form_page(
    request: Request,
    training: dict[str, Any],
    problem: ProblemError | None,
    **content: Any,  # noqa: ANN401 - what the template shows
) -> Response:
    return render(
        request,
        "training_form.html",
        status=problem.status if problem else HTTPStatus.OK,
        training=training,
        name=name_of_training(training),
        problem=problem,
        errors=errors_by_field(problem),
        **content,
    )


def _address(training_id: str) -> str:
    return f"/v1/trainings/{quote(training_id, safe='')}"
