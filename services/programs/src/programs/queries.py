"""Questions to the programs tables. Nothing here changes anything."""

from chassis.paging import Listing
from sqlmodel import select

from programs.models import Agency


def agencies() -> Listing:
    """All agencies."""
    return Listing(
        statement=select(Agency),
        filters={
            "code": Agency.code,
            "kind": Agency.kind,
            "country_code": Agency.country_code,
            "subdivision_code": Agency.subdivision_code,
            "parent_code": Agency.parent_code,
        },
        sorts={
            "name": Agency.name,
            "code": Agency.code,
            "created_at": Agency.created_at,
            "updated_at": Agency.updated_at,
        },
        id=Agency.id,
        text=[Agency.name, Agency.code],
    )
