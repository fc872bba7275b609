"""What of a seat is edited, and how it may go on. Pure: no framework."""

from collections.abc import Sequence
from typing import Final

from web.edits import Field, Kind

# As the API has it: what a reader is offered. What may follow, the API decides.
FOLLOWING: Final = {
    "nominated": ("vetting", "cleared", "withdrawn"),
    "vetting": ("cleared", "rejected", "withdrawn"),
    "cleared": ("vetting", "enrolled", "withdrawn", "no_show"),
    "enrolled": ("vetting", "attending", "withdrawn", "no_show"),
    "attending": ("withdrawn", "failed", "incomplete"),
}
COMPLETABLE: Final = ("cleared", "enrolled", "attending")
LEVELS: Final = ("line", "mid", "senior", "academy_instructor")


def seat_fields(status: str) -> Sequence[Field]:
    """The fields of the form of a seat that is of this status."""
    return (
        Field("status", "Status", Kind.choice, choices=(status, *FOLLOWING.get(status, ())), is_required=True),
        Field("level", "Level", Kind.choice, choices=LEVELS, hint="The rank group at the time"),
        Field("pre_score", "Score before", Kind.decimal, hint="0 to 100"),
        Field("post_score", "Score after", Kind.decimal, hint="0 to 100"),
        Field("hours_attended", "Hours attended", Kind.decimal, hint="In all"),
        Field("note", "Note", Kind.area, hint="For the office; no names"),
    )
