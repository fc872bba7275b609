"""What changed, joined over the services, on the wire."""

from datetime import datetime

from chassis.changes import Answer, ChangeRead, Versioned
from pydantic import Field


class ActorRead(Answer):
    """Who made a change."""

    id: str
    kind: str = Field(description="`person`, `script`, `operator` of the machine, `migration` or `unknown`.")
    name: str


class TransactionRead(Answer):
    """What was committed together, at one service."""

    service: str = Field(description="Whose numbers these are; it names the place in `position`.")
    number: int = Field(
        description="Without gaps, in the order of that service's commits. Numbers that are skipped hold nothing that "
        "the caller may read, or nothing of the types asked for."
    )
    recorded_at: datetime
    actor: ActorRead
    request_id: str
    changes: list[ChangeRead] = Field(description="All its changes that the caller may read, of the types asked for.")


class ChangePage(Answer):
    """Transactions after a position: each service's whole and in their order, and by time between services."""

    items: list[TransactionRead]
    position: str = Field(
        description="Everything up to here is answered. Send it as `after` next time. It names a number a service: "
        "`programs:12,trainings:88,funding:3,gateway:4`.",
        examples=["programs:12,trainings:88,funding:3,gateway:4"],
    )
    head: str = Field(description="The last numbers there are, of the services that answered.")
    next: str | None = Field(description="The next page's address; null where there is nothing more just now.")
    missing: list[str] = Field(
        description="Services that did not answer: their changes are not here, and `position` stays for them."
    )


class VersionHeading(Answer):
    """When and by whom a version was committed."""

    number: int = Field(description="Of the transaction, at the service that owns the record.")
    recorded_at: datetime
    actor: ActorRead
    request_id: str


class VersionRead(Versioned, VersionHeading):
    """A record as a transaction left it."""


class HistoryPage(Answer):
    """Versions of a record, the newest first."""

    items: list[VersionRead]
    next_cursor: str | None = Field(description="Null on the last page.")
    next: str | None = Field(description="The next page's address; null on the last page.")
