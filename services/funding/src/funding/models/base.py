"""What the tables of this service share: one metadata."""

from typing import Final

from chassis.resources import Resource, make_metadata
from sqlmodel import SQLModel

metadata: Final = make_metadata()


class Base(SQLModel):
    """Puts this service's tables in this service's metadata."""

    metadata = metadata


class Stored(Resource, Base):
    """The columns of every stored resource."""
