"""Identity documents on the wire. Numbers come in and never go out; no message quotes one."""

import uuid
from typing import Annotated

from chassis.codes import PRINTABLE, CountryCode
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import CreateBody
from chassis.voids import VoidableRead, only_voided
from pydantic import ConfigDict, Field, StringConstraints

from trainings.domain import IdentityDocumentType


class IdentityDocumentCreate(CreateBody):
    """A document to record."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [
                {
                    "person_id": "01920000-0000-7000-8000-000000000002",
                    "type": "passport",
                    "issuer_country_code": "MX",
                    "number": "G 1234567",
                }
            ]
        },
    )

    person_id: uuid.UUID
    type: IdentityDocumentType
    issuer_country_code: CountryCode
    number: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=PRINTABLE)] = Field(
        description="As it is written; spaces and signs do not matter. Kept: a keyed digest, and the last 3 characters."
    )


class IdentityDocumentRead(VoidableRead):
    """A number that a state gave a person; of somebody who was erased nothing of it is left."""

    model_config = ConfigDict(hide_input_in_errors=True)

    person_id: uuid.UUID
    type: IdentityDocumentType
    issuer_country_code: str
    last_characters: str | None


class IdentityDocumentRecorded(IdentityDocumentRead):
    """A document just recorded, and what it led to."""

    merge_id: uuid.UUID | None = Field(
        description="The merge with somebody who has the same document, made because neither sex nor birth year speaks "
        "against it. Null where there is none, or none that you may see."
    )


class IdentityDocumentPage(Page):
    """A page of identity documents."""

    items: list[IdentityDocumentRead]


class IdentityDocumentQuery(ListQuery):
    """Filters of identity documents. There is none for numbers."""

    sort: str = sort_by("created_at", "created_at", "updated_at")
    person_id: list[uuid.UUID] = []
    type: list[IdentityDocumentType] = []
    issuer_country_code: list[CountryCode] = []
    is_voided: bool | None = only_voided()
