"""Tables of the gateway: who may sign in, where they may write, and their tokens."""

import uuid
from datetime import datetime
from typing import Final

from chassis.columns import one_of, sorted_text
from chassis.resources import Resource, make_metadata
from sqlalchemy import ARRAY, CheckConstraint, DateTime, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field, Relationship, SQLModel

metadata: Final = make_metadata()
ROLES: Final = ("viewer", "analyst", "officer", "admin")
KINDS: Final = ("person", "script")


class Base(SQLModel):
    """Puts the gateway's tables in its own metadata."""

    metadata = metadata


class Stored(Resource, Base):
    """The columns of every stored resource."""


class User(Stored, table=True):
    """A person or script that may sign in, with one role."""

    __tablename__ = "users"
    __table_args__ = (
        one_of("role", ROLES),
        one_of("kind", KINDS),
        # Who an issuer of OpenID Connect says somebody is; a script signs in by token alone.
        UniqueConstraint("issuer", "subject"),
        CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name="identity_whole"),
        CheckConstraint("kind = 'person' OR issuer IS NULL", name="identity_of_person"),
    )

    name: str = Field(sa_column=sorted_text(nullable=False, unique=True))
    kind: str
    role: str
    is_active: bool = Field(default=True, sa_column_kwargs={"server_default": sql("true")})
    issuer: str | None = Field(default=None, sa_column=sorted_text(nullable=True))
    subject: str | None = Field(default=None, sa_column=sorted_text(nullable=True))
    # Those that hold: a revoked grant stays as a row.
    grants: list["Grant"] = Relationship(
        sa_relationship_kwargs={
            "lazy": "selectin",
            "order_by": "Grant.country_code",
            "primaryjoin": "and_(User.id == Grant.user_id, Grant.revoked_at.is_(None))",
        }
    )


class Grant(Stored, table=True):
    """A country whose records and people a user may write, `*` for all; vetting and approval are flags on it."""

    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint("country_code ~ '^([A-Z]{2}|[*])$'", name="country_code_form"),
        Index(
            "uq_grants_user_id_country_code",
            "user_id",
            "country_code",
            unique=True,
            postgresql_where=sql("revoked_at IS NULL"),
        ),
    )

    user_id: uuid.UUID = Field(default=None, foreign_key="users.id")
    country_code: str = Field(sa_column=sorted_text(nullable=False))
    is_vetting: bool = Field(default=False, sa_column_kwargs={"server_default": sql("false")})
    is_approver: bool = Field(default=False, sa_column_kwargs={"server_default": sql("false")})
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class ApiToken(Stored, table=True):
    """A token of a user. Only a hash of its secret is kept: it is random, so a fast hash is enough.

    It may be for a lower role or fewer countries than its user's; null is whatever the user has.
    """

    __tablename__ = "api_tokens"
    __table_args__ = (one_of("role", ROLES),)

    user_id: uuid.UUID = Field(foreign_key="users.id", index=True)
    name: str
    key: str = Field(sa_column=sorted_text(nullable=False, unique=True))
    secret_hash: bytes = Field(sa_type=LargeBinary)
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    role: str | None = None
    country_codes: list[str] | None = Field(default=None, sa_type=ARRAY(Text))
    user: User = Relationship(sa_relationship_kwargs={"lazy": "selectin"})


class SignInLink(Stored, table=True):
    """A link that signs a user in, once. Only a hash of its code is kept: it is random, so a fast hash is enough."""

    __tablename__ = "sign_in_links"

    user_id: uuid.UUID = Field(foreign_key="users.id", index=True)
    code_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    exchanged_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    user: User = Relationship(sa_relationship_kwargs={"lazy": "selectin"})
