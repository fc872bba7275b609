"""Users on the wire."""

from typing import Annotated, Literal, Self

from chassis.codes import Line
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from pydantic import ConfigDict, Field, StrictBool, StringConstraints, model_validator

Role = Literal["viewer", "analyst", "officer", "admin"]
UserKind = Literal["person", "script"]
Issuer = Annotated[str, StringConstraints(max_length=500, pattern=r"^https?://[!-~]+$")]
Subject = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00]*$")]


class UserCreate(CreateBody):
    """Somebody, or some script, that may sign in."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Synthetic Officer",
                    "kind": "person",
                    "role": "officer",
                    "issuer": "https://login.example.org",
                    "subject": "248289761001",
                }
            ]
        }
    )

    name: Line = Field(description="Unique.")
    kind: UserKind
    role: Role
    issuer: Issuer | None = Field(default=None, description="Of a person: the OpenID Connect issuer that knows them.")
    subject: Subject | None = Field(default=None, description="Of a person: who they are to the issuer.")

    @model_validator(mode="after")
    def check_identity(self) -> Self:
        """An issuer without a subject names nobody, and a script is known by its token alone."""
        if (self.issuer is None) != (self.subject is None):
            raise ValueError("Give `issuer` and `subject` together, or neither")
        if self.kind == "script" and self.issuer is not None:
            raise ValueError("A script signs in by token; only a person has an `issuer`")
        return self


class UserUpdate(Body):
    """Fields of a user to change. A name is never another's: who did what refers to it."""

    role: Role = may_be_absent()
    is_active: StrictBool = may_be_absent(description="False: every token is refused from the next request on.")


class UserRead(ResourceRead):
    """Somebody, or some script, that may sign in."""

    name: str
    kind: UserKind
    role: Role
    is_active: bool
    issuer: str | None
    subject: str | None


class UserPage(Page):
    """A page of users."""

    items: list[UserRead]


class UserQuery(ListQuery):
    """Filters of users."""

    sort: str = sort_by("name", "name", "created_at", "updated_at")
    name: list[str] = []
    kind: list[UserKind] = []
    role: list[Role] = []
    is_active: bool | None = None
    issuer: list[str] = []
    subject: list[str] = []
    q: str | None = Field(default=None, max_length=100, description="Text in the name.")
