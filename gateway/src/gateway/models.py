"""Tables of the gateway: who may sign in, where they may write, and their tokens."""

import uuid
from datetime import datetime
from typing import Final

from chassis.columns import one_of, sorted_text
from chassis.resources import Resource, make_metadata
from sqlalchemy import CheckConstraint, DateTime, LargeBinary, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field, Relationship, SQLModel

metadata: Final = make_metadata()
ROLES: Final = ("viewer", "analyst", "officer", "admin")


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
        one_of("kind", ("person", "script")),
    )

    name: str = Field(sa_column=sorted_text(nullable=False, unique=True))
    kind: str
    role: str
    is_active: bool = Field(default=True, sa_column_kwargs={"server_default": sql("true")})
    grants: list["Grant"] = Relationship(sa_relationship_kwargs={"lazy": "selectin", "order_by": "Grant.country_code"})


class Grant(Stored, table=True):
    """A country whose records and people a user may write, `*` for all; vetting and approval are flags on it."""

    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint("country_code ~ '^([A-Z]{2}|[*])$'", name="country_code_form"),
        UniqueConstraint("user_id", "country_code"),
    )

    user_id: uuid.UUID = Field(default=None, foreign_key="users.id")
    country_code: str = Field(sa_column=sorted_text(nullable=False))
    is_vetting: bool = Field(default=False, sa_column_kwargs={"server_default": sql("false")})
    is_approver: bool = Field(default=False, sa_column_kwargs={"server_default": sql("false")})


class ApiToken(Stored, table=True):
    """A token of a user. Only a hash of its secret is kept: it is random, so a fast hash is enough."""

    __tablename__ = "api_tokens"

    user_id: uuid.UUID = Field(foreign_key="users.id", index=True)
    name: str
    key: str = Field(sa_column=sorted_text(nullable=False, unique=True))
    secret_hash: bytes = Field(sa_type=LargeBinary)
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    user: User = Relationship(sa_relationship_kwargs={"lazy": "selectin"})
