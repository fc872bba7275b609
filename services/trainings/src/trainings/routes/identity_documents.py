"""Identity documents over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, send_etag
from chassis.unit_of_work import CurrentCaller, Session
from chassis.voids import VoidCreate
from fastapi import Query, Request, Response

from trainings import queries
from trainings.models import IdentityDocument
from trainings.routes.people import PeopleKey
from trainings.routes.personal import personal_router
from trainings.schemas.identity_documents import (
    IdentityDocumentCreate,
    IdentityDocumentPage,
    IdentityDocumentQuery,
    IdentityDocumentRead,
    IdentityDocumentRecorded,
)
from trainings.service import identity

router: Final = personal_router("Identity documents")


@router.get("/identity-documents", response_model=IdentityDocumentPage)
async def list_identity_documents(
    request: Request, session: Session, caller: CurrentCaller, query: Annotated[IdentityDocumentQuery, Query()]
) -> Page | Response:
    """List the identity documents of people in countries the caller has a grant for."""
    return await answer_list(request, session, query, queries.identity_documents(caller), IdentityDocumentPage)


@router.post("/identity-documents", status_code=201, response_model=IdentityDocumentRecorded)
async def create_identity_document(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    key: PeopleKey,
    body: IdentityDocumentCreate,
) -> IdentityDocumentRecorded:
    """Record an identity document of a person.

    Whoever has the same one is merged with them, unless sex or birth year speaks against it, or somebody has said that
    they are two: then they are proposed as a duplicate.
    """
    document, merge = await identity.create_identity_document(session, caller, body, key)
    created(request, response, document)
    shown = IdentityDocumentRead.model_validate(document).model_dump()
    return IdentityDocumentRecorded.model_validate(shown | {"merge_id": merge.id if merge else None})


@router.get("/identity-documents/{identity_document_id}", response_model=IdentityDocumentRead)
async def get_identity_document(
    request: Request, response: Response, session: Session, caller: CurrentCaller, identity_document_id: uuid.UUID
) -> IdentityDocument:
    """Read one identity document."""
    document = await queries.get_about_person(session, caller, IdentityDocument, identity_document_id)
    send_etag(request, response, document)
    return document


@router.post("/identity-documents/{identity_document_id}/void", response_model=IdentityDocumentRead)
async def void_identity_document(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    identity_document_id: uuid.UUID,
    version: IfMatch,
    body: VoidCreate,
) -> IdentityDocument:
    """Void a document that was entered in error. A merge that it led to stands until it is voided itself."""
    document = await identity.void_identity_document(session, caller, identity_document_id, version, body)
    send_etag(request, response, document)
    return document
